"""The book's Sphinx extensions on small books, the surroundings of cells, and what `make` starts."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace

import docstrings
import images
import nbformat
import pytest
import two_at_a_time
import yaml
from books import CODE, ROOT, Book, cell
from jupyter_cache import get_cache
from jupyter_client.connect import LocalPortCache
from myst_nb.core.config import NbParserConfig
from myst_parser.config.main import MdParserConfig

import bpcourse

FIGURE = "---\nmystnb:\n  figure:\n    name: fig-{0}\n    caption: Curve {0}.\n---\n"
DRAW = "import matplotlib.pyplot as plt\nplt.plot([{0}, 2]);"

# ------------------------------------------------------------ fresh: warnings, what cells read, pages that are gone


def test_a_warning_stops_every_build_until_it_is_mended(tmp_path):
    book = Book(tmp_path, {"index": "# A book\n", "01-one": "# One\n\nSee {numref}`fig-nowhere`.\n", "02-two": "# Two\n"})
    for _ in range(3):
        run = book.build()
        assert run.returncode != 0
        assert "fig-nowhere" in run.stderr and "01-one.md:3" in run.stderr
    book.write("01-one.md", "# One\n\nSee nothing.\n")
    book.built()


def test_a_build_that_was_broken_off_is_not_taken_for_a_good_one(tmp_path):
    book = Book(tmp_path, {"index": "# A book\n", "01-one": "# One\n", "02-two": "# Two\n"})
    stop = "def stop(app, env):\n    if (pathlib.Path(app.srcdir) / 'stop').exists():\n        raise KeyboardInterrupt\n"
    book.write("trap/trap.py", f"import pathlib\n{stop}\ndef setup(app):\n    app.connect('env-check-consistency', stop)\n")
    config = yaml.safe_load((tmp_path / "_config.yml").read_text())
    config["sphinx"]["local_extensions"]["trap"] = str(tmp_path / "trap")
    config["sphinx"]["config"]["extensions"].append("trap")
    book.write("_config.yml", yaml.safe_dump(config))
    book.built()
    book.write("01-one.md", "# Uno\n")
    book.write("stop", "")
    assert book.build().returncode != 0
    (tmp_path / "stop").unlink()
    assert "Uno" in book.built().page("02-two")


def test_cells_run_again_when_what_they_read_has_changed_and_only_then(tmp_path):
    code = "import time\nprint('read', open('data/number.txt').read(), time.time_ns())"
    book = Book(tmp_path, {"index": "# A book\n", "01-one": f"{CODE}# One\n\n{cell(code)}"})
    book.write("data/number.txt", "43")
    first = re.search(r"read 43 \d+", book.built().text("01-one"))[0]
    book.write("01-one.md", f"{CODE}# One\n\nAnother sentence.\n\n{cell(code)}")
    assert first in book.built().text("01-one")
    book.write("data/number.txt", "44")
    assert "read 44" in book.built().text("01-one")


def test_a_page_that_alone_reads_a_file_runs_again_when_that_has_changed(tmp_path):
    """The others' cells do not."""
    code = "import time\nprint('read', open('own/number.txt').read(), time.time_ns())"
    other = "import time\nprint('at', time.time_ns())"
    forced = CODE.replace("file_format: mystnb", "file_format: mystnb\nmystnb: {execution_mode: force}")
    pages = {"index": "# A book\n", "01-one": f"{forced}# One\n\n{cell(code)}", "02-two": f"{CODE}# Two\n\n{cell(other)}"}
    book = Book(tmp_path, pages)
    book.write("own/number.txt", "43")
    first, second = re.search(r"read 43 \d+", book.built().text("01-one"))[0], re.search(r"at \d+", book.text("02-two"))[0]
    assert first in book.built().text("01-one")
    book.write("own/number.txt", "44")
    assert "read 44" in book.built().text("01-one") and second in book.text("02-two")


def test_a_page_of_the_reference_is_read_again_only_when_its_modules_have_changed(tmp_path):
    """`Names` in it inherits from another package's class, of which the page shows nothing."""
    names = "```{eval-rst}\n.. automodule:: bpcourse.explore.names\n   :members:\n```\n"
    pages = {"index": "# A book\n", "01-one": f"# One\n\n{names}", "book/06-notation": "# Two\n"}
    book = Book(tmp_path, pages).built()
    assert "0 added, 0 changed, 0 removed" in book.build().stdout
    assert "traitlets" not in book.text("01-one")


def test_the_large_book_names_all_that_its_cells_and_pages_depend_on():
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
    listed = {path for name in ("fresh_cells", "fresh_pages") for pattern in settings[name] for path in ROOT.glob(pattern)}
    package = {path for path in (ROOT / "bpcourse").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    apart = {"bpcourse/practice/**/*", "bpcourse/classroom/**/*"}
    assert {pattern for pattern in settings["fresh_cells"] if pattern.startswith("!")} == {f"!{pattern}" for pattern in apart}
    for page in (ROOT / "book").glob("*.md"):
        text = page.read_text(encoding="utf-8")
        code = "\n".join(re.findall(r"^```\{code-cell\}.*?^```$", text, re.M | re.S))
        imported = re.findall(r"^(?:from|import) bpcourse(?:\.| import )((?:practice|classroom)(?:\.\w+)?)", code, re.M)
        if {f"bpcourse/{module.replace('.', '/')}.py" for module in imported} <= {*settings["fresh_cells"]}:
            continue
        assert {*settings["fresh_own"][f"book/{page.stem}"]} == apart, page
        assert "\nmystnb: {execution_mode: force}\n" in text, page
    read = {
        (page.parent / name).resolve()
        for page in (ROOT / "book").glob("*.md")
        for name in re.findall(r"(?:open|Path)\(\"(\.\./[^\"]+)\"\)", page.read_text(encoding="utf-8"))
    }
    assert read and package
    assert {*package, *read, ROOT / "requirements.txt", ROOT / "_toc.yml", *(ROOT / "book/_static").iterdir()} <= listed


def test_what_is_taken_out_is_gone_and_a_new_title_is_known_everywhere(tmp_path):
    drawn = f"{CODE}# One\n\n{cell(DRAW.format(1), FIGURE.format('one'))}"
    pages = {"index": "# A book\n", "01-one": drawn, "02-two": "# Two\n", "03-three": "# Three\n"}
    book = Book(tmp_path, pages).built()
    assert len(list((book.html / "_images").iterdir())) == 1
    book.contents("index", "02-two", "03-three")
    book.write("02-two.md", "# Deux\n")
    book.built()
    assert not (book.html / "01-one.html").exists()
    assert list((book.html / "_images").iterdir()) == []
    assert "01-one" not in book.page("03-three")
    book.write("02-two.md", "# Zwei\n")
    assert "Zwei" in book.built().page("03-three")
    assert {"index.html", "search.html", "genindex.html"} <= {path.name for path in book.html.glob("*.html")}


# ------------------------------------------------------------ left_out


def test_chapters_can_be_left_out(tmp_path):
    curve = cell(DRAW.format(3), FIGURE.format("three"))
    pages = {
        "index": "# A book\n",
        "01-one": "# One\n\nAs {numref}`fig-three` shows, by equation {eq}`eq-three`, see {doc}`03-three`, "
        "{doc}`there <03-three>`, chapter 5 and {term}`gate`. Do {ref}`3.2 <ex-03-2>` and {numref}`ex-03-2`.\n",
        "03-three": f"{CODE}# Three of *them*\n\n{curve}\n```{{math}}\n:label: eq-three\na = b\n```\n\n"
        "```{practice} 03.2\n```\n",
        "05-five": f"{CODE}# Five\n\n## Within\n\n{cell(DRAW.format(5), FIGURE.format('five'))}\n\nSee {{numref}}`fig-five`.\n",
        "words": "# Words\n\n```{glossary}\ngate\n  A gate.\n```\n",
    }
    book = Book(tmp_path, pages).built()
    assert (
        "As Fig. 3.1 shows, by equation (3.1), see Three of them, there, chapter 5 and gate. Do 3.2 and Exercise 3.1."
        in book.text("01-one")
    )
    book.contents("index", "01-one", "05-five")
    book.built()
    said = "As Fig. (chapter 3) shows, by equation (chapter 3), see Three of them, there, chapter 5 and gate. "
    said += "Do 3.2 and Exercise (chapter 3)."
    assert said in book.text("01-one")
    assert "03-three" not in book.page("01-one")
    assert "5. Five" in book.text("05-five") and "5.1. Within" in book.text("05-five") and "See Fig. 5.1" in book.text("05-five")
    assert re.search(r'href="05-five.html">\s*<span class="number">5</span> Five', book.page("01-one"))
    book.write("01-one.md", "# One\n\nSee {doc}`04-four`.\n")
    assert "04-four" in book.build().stderr


# ------------------------------------------------------------ the other extensions, and the same pages twice


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    split = "import sys\nfor part in '3', ' ', 'paths,', ' 2', ' units\\n':\n    sys.stdout.write(part)\n    sys.stdout.flush()"
    widget = "from bpcourse import examples, explore\nexplore.Circuit(examples.add_then_multiply())"
    value, hidden = "Value(2.0, 'x') * 3.0", ":tags: [hide-input]\n"
    pages = {
        "index": "# A book\n\nIt is $a = b$. And $c$, of course; $d$ too.\n",
        "01-one": f"{CODE}# One\n\n{cell(split)}\n{cell(widget)}\n{cell('import os, time; n = os.getpid(); time.sleep(1)')}",
        "02-two": f"{CODE}# Two\n\n{cell('from bpcourse.graph import Value', hidden)}\n"
        f"{cell(DRAW.format(1), FIGURE.format('two'))}\n{cell(value, hidden)}",
    }
    return Book(tmp_path_factory.mktemp("small"), pages).built()


def test_a_line_that_came_in_pieces_is_whole(small):
    assert "3 paths, 2 units\n" in small.text("01-one")


def test_a_formula_and_its_full_stop_stay_together(small):
    formula = r'<span class="math">(?:(?!</math>).)*<annotation[^>]*>{}</annotation>(?:(?!class="math").)*</span>'
    assert re.search(rf'class="together">{formula.format("a = b")}\.</span> And', small.page("index"))
    assert re.search(rf'class="together">{formula.format("c")},</span> of', small.page("index"))
    assert re.search(rf'(?<!class="together">){formula.format("d")} too', small.page("index"))


def test_a_fold_says_when_it_holds_imports(small):
    folds = re.findall(r'<details class="code">\s*<summary>(.*?)</summary>', small.page("02-two"))
    assert folds == ["Show the imports that the cells of this page need", "Show the code"]


def test_pages_hold_no_thebe_and_no_state_of_widgets(small):
    for page in small.html.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "thebe" not in text and "widget-state" not in text and "html-manager" not in text
        assert not re.search(r"<(script|link)[^>]+(src|href)=\"(https?:)?//", text)


def test_a_picture_says_how_large_it_is_and_waits_for_its_reader(small):
    (told,) = re.findall(r'<img [^>]*src="_images/[^"]*" width="(\d+)" height="(\d+)" loading="lazy"', small.page("02-two"))
    assert 300 < int(told[1]) < int(told[0]) < 1500


def test_a_notebooks_picture_tells_what_its_code_writes_on_it(tmp_path):
    draw = 'ax.set(xlabel="step", ylabel="loss < 1", title=f"seed {seed}")\nax.legend()'
    picture = nbformat.v4.new_output("display_data", {"image/png": ""})
    cells = [nbformat.v4.new_code_cell(code, outputs=[picture]) for code in (draw, "plt.show()")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "one.ipynb")
    assert list(images.texts(tmp_path / "one.ipynb")) == [
        "What the code above draws: across, step; up, loss &lt; 1",
        "What the code above draws",
    ]


def test_a_second_build_from_nothing_writes_the_same(small, tmp_path):
    again = Book(
        tmp_path, {page.stem: page.read_text(encoding="utf-8") for page in sorted(small.folder.glob("*.md"), reverse=True)}
    )
    again.contents("index", "01-one", "02-two")
    again.built()
    names = {path.relative_to(small.html) for path in small.html.rglob("*") if path.is_file()}
    assert names == {path.relative_to(again.html) for path in again.html.rglob("*") if path.is_file()}
    assert [name for name in sorted(names) if (small.html / name).read_bytes() != (again.html / name).read_bytes()] == []
    assert not re.search(r"last[- ]updated?", small.page("01-one"), re.I)  # tomorrow's build would be another


WAIT = """import pathlib, time
pathlib.Path('{0}').touch(exist_ok=False)
for _ in range(600):
    if pathlib.Path('{1}').exists():
        break
    time.sleep(0.1)
else:
    raise TimeoutError"""


def test_chapters_run_two_at_a_time(tmp_path):
    """Each waits for a file of the other, and does so once: one after the other would end in an error."""
    one, two = (f"{CODE}# Page\n\n{cell(WAIT.format(*names))}" for names in (("a", "b"), ("b", "a")))
    Book(tmp_path, {"index": "# A book\n", "01-one": one, "02-two": two}).built()


def test_what_has_no_code_is_read_while_chapters_run(tmp_path):
    """Both chapters wait until the last page is read."""
    one, two = (f"{CODE}# Page\n\n{cell(WAIT.format(name, '_build/.doctrees/03-three.doctree'))}" for name in "ab")
    Book(tmp_path, {"index": "# A book\n", "01-one": one, "02-two": two, "03-three": "# Words\n"}).built()


def test_a_page_that_always_runs_does_so_once(tmp_path):
    always = CODE.replace("---\n\n", "mystnb: {execution_mode: force}\n---\n\n")
    assert always != CODE
    Book(tmp_path, {"index": "# A book\n", "01-one": f"{CODE}# One\n\n{cell('1')}",
                    "02-two": f"{always}# Two\n\n{cell(WAIT.format('a', 'a'))}"}).built()  # fmt: skip


KERNEL = """import os, sys, builtins, matplotlib, bpcourse
assert not any(hasattr(module, "mine") for module in (builtins, bpcourse)) and "MINE" not in os.environ
builtins.mine = bpcourse.mine = os.environ["MINE"] = "{0}"
import matplotlib.pyplot as plt
plt.figure()
mother = open(f"/proc/{{os.getppid()}}/cmdline").read().split(chr(0))[-2]
print(os.path.basename(os.getcwd()), matplotlib.get_backend(), os.getppid(), os.path.basename(mother), os.environ["SAID"])"""


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are copied on Linux")
def test_kernels_are_copies_and_share_nothing(tmp_path):
    pages = {name: f"{CODE}# {name}\n\n{cell(KERNEL.format(name))}" for name in ("01-one", "02-two")}
    book = Book(tmp_path, {"index": "# A book\n"} | pages).built(SAID="before the build")
    said = [re.search(rf"{tmp_path.name} \S*inline (\d+) kernels.py before the build", book.page(name)) for name in pages]
    assert all(said) and said[0][1] == said[1][1], "children of one mother"


@pytest.mark.parametrize("code, told", [("import os\nos._exit(3)", "DeadKernelError"), ("1 / 0", "ZeroDivisionError")])
def test_a_kernel_that_dies_and_a_cell_that_fails_are_told(tmp_path, code, told):
    one, two = (f"{CODE}# Page\n\n{cell(text)}" for text in (code, "1"))
    build = Book(tmp_path, {"index": "# A book\n", "01-one": one, "02-two": two}).build()
    assert build.returncode and told in build.stdout + build.stderr


def test_a_kernel_that_finds_its_port_taken_is_left_to_the_next_run(tmp_path, monkeypatch):
    path, choose = tmp_path / "01-one.md", LocalPortCache.find_available_port
    path.write_text(f"{CODE}# One\n\n{cell('6 * 7')}")
    settings = NbParserConfig(execution_mode="cache", execution_cache_path=str(tmp_path / "cache"))
    env = SimpleNamespace(myst_config=MdParserConfig(), mystnb_config=settings, doc2path=lambda _: str(path))
    page, cache = two_at_a_time.reader_of("01-one", env), get_cache(tmp_path / "cache")
    ran: SimpleQueue[str] = SimpleQueue()
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = iter([server.getsockname()[1]])
        monkeypatch.setattr(LocalPortCache, "find_available_port", lambda ports, ip: next(taken, None) or choose(ports, ip))
        two_at_a_time.run("01-one", env, page, ran)
        assert next(taken, None) is None and cache.list_cache_records() == []
        two_at_a_time.run("01-one", env, page, ran)
        assert len(cache.list_cache_records()) == 1
    assert ran.get() == ran.get() == "01-one" and ran.empty(), "none waits for a page that failed"


def test_pages_with_code_are_read_as_they_have_run():
    app = SimpleNamespace(to_read=["text", "one", "two", "three"], without_code=1, have_run=SimpleQueue())
    for name in "three", "one", "two":
        app.have_run.put(name)
    read = []
    two_at_a_time.choose(app, 0)
    for name in app.to_read:  # as Sphinx goes through them
        read.append(name)
        app.env = SimpleNamespace(docname=name)
        two_at_a_time.choose_next(app, None)
    assert read == ["text", "three", "one", "two"]


NUMBERED = """
```{{table}} {0} in words
:name: tab-{0}
| a |
|---|
| 1 |
```

$$ a = b $$ (eq-{0})

## A section

```{{code-block}} python
:caption: Code for {0}.
:name: code-{0}
a = b
```

> ```{{exercise}} To do
> :label: ex-{0}
>
> $$ c = d $$ (eq-in-{0})
> ```

See {{numref}}`tab-{0}`, {{numref}}`code-{0}`, {{eq}}`eq-{0}`, {{eq}}`eq-in-{0}` and {{ref}}`ex-{0}`.
"""


def test_outlines_number_all_that_whole_pages_would(tmp_path):
    """After a change, too; whole pages number where the extension is taken out."""
    one, two = ("".join(NUMBERED.format(name) for name in names) for names in (("red", "blue"), ("green",)))
    book = Book(
        tmp_path, {"index": "# A book\n", "01-one": f"# One\n{one}", "02-two": f"# Two\n{two}See {{numref}}`tab-blue`.\n"}
    )
    book.built()
    book.write("01-one.md", f"# One\n{NUMBERED.format('blue')}")
    pages = [book.built().text(name) for name in ("01-one", "02-two")]
    assert "See Table 1.1, Listing 1.1, (1.1), (1.2) and" in pages[0] and pages[1].count("Table 1.1") == 1
    stored = [(tmp_path / "_build/.doctrees" / name).read_bytes() for name in ("02-two.doctree", "environment.pickle")]
    assert [b"green in words" in one for one in stored] == [True, True]
    assert [b"See " in one for one in stored] == [True, False], "what every build reads holds no page"
    config = (tmp_path / "_config.yml").read_text()
    book.write("_config.yml", re.sub(r"\n.*\boutlines\b.*", "", config))
    shutil.rmtree(tmp_path / "_build")
    assert [book.built().text(name) for name in ("01-one", "02-two")] == pages


def test_a_cell_that_fails_is_named(tmp_path):
    bad = f"{CODE}# Page\n\n{cell('1 / 0')}"
    run = Book(tmp_path, {"index": "# A book\n", "01-one": bad, "02-two": f"{CODE}# Two\n\n{cell('2')}"}).build()
    assert run.returncode != 0 and "01-one" in run.stderr


def test_docstrings_become_text_code_and_links():
    lines = ["Multiply |a| by `b_c`.", "", "    dW = a * b", "", "Book: chapters 03 and 04, errata."]
    docstrings.to_rst(None, "function", "f", None, None, lines)
    assert lines[0] == "Multiply \\|a\\| by ``b_c``."
    assert lines[lines.index("::") + 2] == "    dW = a * b"
    assert lines[-1] == "*Book:* chapters :doc:`3 </book/03-gates-and-circuits>` and :doc:`4 </book/04-chains>`, errata."


def test_the_inventory_names_the_project():
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert settings["sphinx"]["config"]["project"] == settings["title"]
    assert str(settings["sphinx"]["config"]["version"]) == bpcourse.__version__


# ------------------------------------------------------------ surroundings

HOSTILE = {
    "HOME": "elsewhere/home",
    "MPLBACKEND": "agg",
    "MPLCONFIGDIR": "/proc/nowhere",
    "MATPLOTLIBRC": "elsewhere/matplotlibrc",
    "PYTHONWARNINGS": "error",
    "PYTHONSTARTUP": "elsewhere/start.py",
    "PYTHONHASHSEED": "1",
    "IPYTHONDIR": "elsewhere/ipython",
    "JUPYTER_CONFIG_DIR": "elsewhere/jupyter",
    "JUPYTER_PATH": "elsewhere/jupyter",
    "JUPYTER_DATA_DIR": "elsewhere/jupyter",
    "SOURCE_DATE_EPOCH": "0",
    "LC_ALL": "C",
    "TZ": "Asia/Kathmandu",
    "NO_COLOR": "1",
    "FORCE_COLOR": "1",
    "OPENBLAS_CORETYPE": "Prescott",
}


@pytest.fixture
def hostile(tmp_path):
    """Variables, and files behind them that change every output and every picture."""
    files = {
        "matplotlibrc": "lines.linewidth: 20\nsavefig.dpi: 30",
        "start.py": "print('started')",
        "ipython/profile_default/startup/00.py": "print('started')",
        "ipython/profile_default/ipython_config.py": "c.InteractiveShell.ast_node_interactivity = 'all'",
        "jupyter/kernels/python3/kernel.json": '{"argv": ["false"], "display_name": "none", "language": "python"}',
        "home/.config/matplotlib/matplotlibrc": "lines.linewidth: 20",
        "home/.ipython/profile_default/startup/00.py": "import matplotlib\nmatplotlib.rcParams['lines.linewidth'] = 20",
        "bpcourse/__init__.py": "raise ImportError('another bpcourse')",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {name: value.replace("elsewhere", str(tmp_path)) for name, value in HOSTILE.items()}


def test_a_machines_variables_change_no_page(small, hostile, tmp_path):
    book = Book(tmp_path / "book", {"index": "# A book\n", "02-two": (small.folder / "02-two.md").read_text(encoding="utf-8")})
    book.contents("index", "02-two")
    del hostile["PYTHONWARNINGS"]  # acts before a build can say a word; `make book` takes it out
    book.built(**hostile)
    picture = re.compile(r"_images/\w+\.\w+")
    assert picture.findall(book.page("02-two")) == picture.findall(small.page("02-two")) != []
    assert book.text("02-two") == small.text("02-two")
    assert re.findall(r"Copyright.*", book.page("02-two")) == re.findall(r"Copyright.*", small.page("02-two")) != []


def test_a_machines_variables_change_no_stored_output(hostile, tmp_path):
    stored = ROOT / "notebooks" / "01-nudging-a-product.ipynb"
    (tmp_path / "copied").mkdir()
    copied = Path(shutil.copy(stored, tmp_path / "copied"))
    command = [sys.executable, "-E", ROOT / "tools" / "run_notebooks.py", copied]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | hostile)
    assert copied.read_bytes() == stored.read_bytes()


BUILD, RUN, TEST = "tools/build_book.py .", "tools/run_notebooks.py", "-m pytest tests/test_chain.py"


@pytest.mark.parametrize("program", [BUILD, RUN, TEST])
def test_a_python_without_docstrings_is_refused_by_name(program):
    command = [sys.executable, *program.split()]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"PYTHONOPTIMIZE": "2"})
    assert run.returncode != 0 and "PYTHONOPTIMIZE" in run.stdout + run.stderr


@pytest.mark.parametrize("program", [BUILD, RUN])
def test_another_package_of_this_name_is_refused_with_its_place(hostile, tmp_path, program):
    command = [sys.executable, *program.split()]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert run.returncode != 0 and f"got {tmp_path}" in run.stderr


# ------------------------------------------------------------ make

STUB = """#!/bin/sh
# Stands in for Python: writes down what it is asked, and takes a while.
echo "$(basename "$PWD"): $*" >> "$LOG"
case "$*" in
*venv*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
*build_book*) mkdir -p _build/html ;;
esac
sleep 0.1
"""


class Make:
    """`make` in a folder that holds what the Makefile looks at, with a Python that only writes down its calls."""

    def __init__(self, folder: Path):
        self.folder, self.log, self.python = folder / "p", folder / "log", folder / "stub"
        for name in "Makefile", "requirements.txt", "pyproject.toml", "_config.yml", "_toc.yml", "genindex.md":
            self.folder.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, self.folder)
        for name in "bpcourse/room/gates.py", "book/01.md", "notebooks/01.ipynb":
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).touch()
        self.python.write_text(STUB)
        self.python.chmod(0o755)

    def asked(self, *targets: str) -> list[str]:
        """The calls of Python in this run, in their order."""
        self.log.write_text("")
        variables = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        command = ["make", f"PYTHON={self.python}", *targets]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, env=variables | {"LOG": str(self.log)})
        return [line for line in self.log.read_text().splitlines() if " -c " not in line]


@pytest.fixture
def make(tmp_path):
    if shutil.which("make") is None:
        pytest.skip("needs make")
    return Make(tmp_path)


def which(calls: list[str], *words: str) -> list[str]:
    return [word for call in calls for word in words if word in call]


STEPS = ("venv", "install --quiet --disable-pip-version-check -r", "editable", "build_book", "pytest")


@pytest.mark.parametrize("jobs", ["-j1", "-j2"])
def test_a_fresh_folder_is_set_up_before_anything_runs_in_it(make, jobs):
    calls = which(make.asked(jobs, "book", "test"), *STEPS)
    assert calls[:3] == list(STEPS[:3]) and sorted(calls[3:]) == sorted(STEPS[3:])
    assert which(make.asked(jobs, "book"), *STEPS) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "bpcourse/room/gates.py").touch(),
        lambda folder: (folder / "bpcourse/room/gates.py").unlink(),
        lambda folder: (folder / "book/02.md").touch(),
        lambda folder: (folder / "_toc.yml").touch(),
    ],
    ids=["a module in a room", "a module that is gone", "a new page", "the contents"],
)
def test_a_build_starts_when_something_has_changed_and_only_then(make, change):
    make.asked("book")
    for path in make.folder.rglob("*"):
        os.utime(path, (1e9, 1e9))
    assert which(make.asked("book"), *STEPS) == []
    change(make.folder)
    assert which(make.asked("book"), *STEPS) == ["build_book"]
    assert which(make.asked("book"), *STEPS) == []


def test_a_copied_or_moved_folder_is_set_up_anew(make):
    make.asked("book")
    copied = make.folder.with_name("q")
    shutil.copytree(make.folder, copied, symlinks=True)
    make.folder = copied
    calls = make.asked("book")
    assert which(calls, *STEPS) == list(STEPS[:4])
    assert all(call.startswith("q: ") for call in calls)
    assert which(make.asked("book"), *STEPS) == []
    make.folder = copied.rename(copied.with_name("r"))
    assert which(make.asked("test"), *STEPS) == [*STEPS[:3], "pytest"]


def test_python_runs_without_the_variables_that_steer_it(make):
    for target in "book", "test", "notebooks":
        assert all(re.match(r"p: -E ", call) for call in make.asked(target))


def test_make_help_names_every_target():
    said = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    targets = re.search(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)[1]
    assert set(re.findall(r"^  make ([\w-]+)", said, re.M)) == set(targets.split()) - {"help"}


# ------------------------------------------------------------ the repository


def settings(name: str):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_every_package_is_pinned_with_hashes_and_no_host_is_named():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pins = re.split(r"\n(?=[a-z0-9])", re.sub(r"^\s*#.*\n", "", text, flags=re.M).strip())
    assert len(pins) > 150
    assert [pin for pin in pins if not re.match(r"[\w.-]+==\S+( ;[^\n]*)?( \\\n    --hash=sha256:[0-9a-f]{64})+$", pin)] == []


def test_links_of_notebooks_lead_to_files_below_the_root_where_lab_opens():
    links = 0
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for part in nbformat.read(path, as_version=4).cells:
            for target in re.findall(r"\]\((?!http)([^)#\s]+)\)", part.source) if part.cell_type == "markdown" else []:
                assert (path.parent / target).resolve().is_relative_to(ROOT) and (path.parent / target).exists(), (path, target)
                links += 1
    assert links >= 17


CHECK = [sys.executable, ROOT / "tools" / "run_notebooks.py", "--check"]


def test_the_books_notebooks_hold_no_more_than_their_outputs():
    assert subprocess.run([*CHECK, *(ROOT / "notebooks").glob("*.ipynb")]).returncode == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda notebook: notebook.metadata.update(widgets={}),
        lambda notebook: notebook.cells[-1].metadata.update(execution={"iopub.execute_input": "now"}),
        lambda notebook: next(cell for cell in notebook.cells if cell.cell_type == "code").update(execution_count=7),
    ],
    ids=["metadata", "a time", "the order"],
)
def test_a_notebook_that_holds_more_than_its_outputs_is_named(spoil, tmp_path):
    path = tmp_path / "spoilt.ipynb"
    notebook = nbformat.read(ROOT / "notebooks" / "04-chains.ipynb", as_version=4)
    spoil(notebook)
    nbformat.write(notebook, path)
    run = subprocess.run([*CHECK, path], capture_output=True, text=True)
    assert run.returncode != 0 and "spoilt.ipynb" in run.stderr


def test_checks_before_a_commit_use_the_tools_of_the_environment():
    (repository,) = settings(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert hook["language"] == "system" and re.match(r"\.venv/bin/(ruff|mypy|python tools/)", hook["entry"])


def test_hosted_checks_run_what_is_run_here():
    (job,) = settings(".github/workflows/ci.yml")["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step][-1] == ".ci/run"
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_the_form_for_mistakes_asks_for_the_chapter_and_the_cell():
    body = settings(".github/ISSUE_TEMPLATE/mistake.yml")["body"]
    assert {"chapter", "cell"} <= {field["id"] for field in body if field.get("validations", {}).get("required")}


def test_the_citation_names_the_authors_and_the_version():
    citation = settings("CITATION.cff")
    assert str(citation["version"]) == str(settings("_config.yml")["sphinx"]["config"]["version"])
    assert [author["name"].lower() for author in citation["authors"]] == [
        re.search(r"\(c\) \d+ (.*)", (ROOT / "LICENSE").read_text(encoding="utf-8"))[1].lower()
    ]


@pytest.mark.parametrize("path", ["build/lib/bpcourse/graph.py", "my-notebooks/01.ipynb", "_build/html/index.html"])
def test_what_is_made_is_ignored(path):
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs a clone")
    assert subprocess.run(["git", "check-ignore", "--quiet", path], cwd=ROOT).returncode == 0
