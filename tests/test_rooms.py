"""The house: its rooms in order, each light to enter, the reading list short."""

import ast
import importlib
import pkgutil
import re
import shutil
import subprocess
import sys
import tokenize
from graphlib import TopologicalSorter

import grimp
import pages
import pytest

import bpcourse

PACKAGE = pages.ROOT / "bpcourse"
MODULES = sorted(PACKAGE.rglob("*.py"))
FIRST = re.findall(r"^\d\. `(\w+)`", bpcourse.__doc__, re.M)
LAST = re.findall(r"`(\w+)`", re.search(r"^6\. `network`: (.*)$", bpcourse.__doc__, re.M)[1])
READING = [PACKAGE / f"{name}.py" for name in FIRST[:-1]] + [PACKAGE / "network" / f"{name}.py" for name in LAST]


def run(code: str, folder) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)


# -------------------------------------------------------------------- imports

LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"


def test_no_room_uses_what_stands_above_it():
    found = run(LINT, pages.ROOT)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    "module, upward",
    [
        ("graph.py", "from bpcourse import network"),
        ("network/equations.py", "from bpcourse.network.training import train"),
        ("beyond/bill.py", "from bpcourse.figures import axes"),
        ("layers.py", "from bpcourse.chain import paths"),
        ("attic.py", "from bpcourse import graph"),
    ],
)
def test_an_import_upward_or_a_room_without_a_place_is_found(module, upward, tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "bpcourse", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(pages.ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "bpcourse" / module).open("a") as file:
        file.write(f"\n\ndef late():\n    {upward}\n")
    found = run(LINT, tmp_path)
    assert found.returncode == 1 and "BROKEN" in found.stdout, found.stdout


def test_no_module_comes_back_to_itself_by_its_imports():
    house = grimp.build_graph("bpcourse", cache_dir=None)
    TopologicalSorter({name: house.find_modules_directly_imported_by(name) for name in house.modules}).prepare()


def imported(module) -> set[str]:
    """The first names of all that a module imports, wherever it does."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


def test_only_the_plots_import_matplotlib():
    assert [path for path in MODULES if "matplotlib" in imported(path)] == [PACKAGE / "pictures" / "plots.py"]


HEAVY = "import sys; print(*{name.split('.')[0] for name in sys.modules} & {'matplotlib', 'anywidget', 'tqdm'})"


@pytest.mark.parametrize(
    "module, loads",
    [
        ("bpcourse", ""),
        ("bpcourse.network", "tqdm"),
        ("bpcourse.explore", "tqdm anywidget"),
        ("bpcourse.figures", "tqdm matplotlib"),
    ],
)
def test_a_room_loads_only_what_it_needs(module, loads):
    assert set(run(f"import {module}; {HEAVY}", pages.ROOT).stdout.split()) == set(loads.split())


def test_the_package_alone_loads_no_more_than_the_graph_and_its_picture():
    code = "import sys, bpcourse; print(*sorted(name for name in sys.modules if name.startswith('bpcourse.')))"
    loaded = {name.removeprefix("bpcourse.") for name in run(code, pages.ROOT).stdout.split()}
    assert loaded == {
        "checks",
        "copies",
        "gates",
        "graph",
        "language",
        "pictures",
        "pictures.circuit",
        "pictures.svg",
        "pictures.words",
    }


def test_every_room_is_an_attribute_of_the_package():
    rooms = [info.name for info in pkgutil.iter_modules(bpcourse.__path__)]
    code = f"import bpcourse\nfor room in {rooms}: print(getattr(bpcourse, room).__name__, room in dir(bpcourse))"
    assert run(code, pages.ROOT).stdout.splitlines() == [f"bpcourse.{room} True" for room in rooms]
    with pytest.raises(AttributeError, match=r"no attribute 'grpah'; its rooms are .*graph"):
        bpcourse.grpah


# -------------------------------------------------------------------- reading


def lines_of_code(path) -> int:
    """Lines that are neither blank nor comment nor docstring."""
    with path.open("rb") as file:
        tokens = list(tokenize.tokenize(file.readline))
    layout = {getattr(tokenize, name) for name in ["ENCODING", "COMMENT", "NL", "NEWLINE", "INDENT", "DEDENT", "ENDMARKER"]}
    lines = set()
    for token in tokens:
        if token.type not in layout:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines -= set(range(node.lineno, node.end_lineno + 1))
    return len(lines)


def test_lines_of_code_are_counted(tmp_path):
    path = tmp_path / "few.py"
    path.write_text(
        '"""Two\nlines."""\n\n# why\nx = (\n    1,\n)\n"""of x"""\n\ndef f():\n    """Says."""\n    return """a\n\nb"""\n'
    )
    assert lines_of_code(path) == 3 + 1 + 3


def test_the_reading_list_is_the_one_of_the_map():
    assert FIRST == ["numeric", "gates", "graph", "chain", "layers", "network"]
    assert [path.stem for path in READING[5:]] == ["equations", "training", "scalars"]


def test_the_reading_list_has_less_than_a_thousand_lines_of_code():
    assert sum(map(lines_of_code, READING)) < 1000


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_is_long(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


def test_the_map_names_every_room_and_every_room_says_what_is_there():
    for room in pkgutil.iter_modules(bpcourse.__path__):
        assert f"`{room.name}`" in bpcourse.__doc__, room.name
        if room.ispkg and room.name != "explore":
            face = importlib.import_module(f"bpcourse.{room.name}")
            for module in pkgutil.iter_modules(face.__path__):
                assert re.search(rf"`{module.name}`", face.__doc__), (room.name, module.name)
