"""Change the reading list a bit at a time with mutmut, and name the changes that no test sees: `make mutants`.

Each module is changed in a copy of the folder and asked by its own test file. The run fails where more than one change
in twenty stays alive; tests/mutants.md says why those that are known do.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = {
    "numeric": ("test_numeric.py", "test_directions.py"),
    "gates": ("test_gates.py", "test_graph.py"),
    "graph": ("test_graph.py",),
    "chain": ("test_chain.py",),
    "layers": ("test_layers.py", "test_network.py"),
    "network/equations": ("test_network.py",),
    "network/training": ("test_network.py", "test_checkpoints.py"),
    "network/scalars": ("test_network.py",),
}
"""The reading list, and who asks it."""

COPIED = [
    "bpcourse",
    "tests",
    "book",
    "tools",
    "benchmarks",
    "notebooks",
    "pyproject.toml",
    "conftest.py",
    "_toc.yml",
    "_config.yml",
]
ALIVE = 0.05
BARS = """
import os
import threading

import tqdm

tqdm.tqdm.monitor_interval = 0
os.register_at_fork(after_in_child=lambda: tqdm.tqdm.set_lock(threading.RLock()))
"""
"""In a child of mutmut a bar waits for ever, and its mutant counts as seen, where the lock of bars was held at the fork: by their
thread, or since a test of Ctrl-C struck between taking and giving."""


def undecorated(source: str) -> str:
    """The same module with each function wrapped below it: mutmut changes nothing in a function that is decorated."""
    lines = source.splitlines()
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            assert node.end_lineno
            wrapped = node.name
            for decorator in reversed(node.decorator_list):
                wrapped = f"{ast.unparse(decorator)}({wrapped})"
            lines.insert(node.end_lineno, f"{node.name} = {wrapped}")
            del lines[node.decorator_list[0].lineno - 1 : node.lineno - 1]
    return "\n".join([*lines, ""])


def survivors(module: str, root: Path) -> tuple[int, list[str]]:
    """How many changes were tried in a module, and the differences of those that stay alive."""
    lists = {
        "paths_to_mutate": [f"bpcourse/{module}.py"],
        "tests_dir": [f"tests/{name}" for name in TESTS[module]],
        "also_copy": COPIED,
    }
    changed = root / "bpcourse" / f"{module}.py"
    changed.write_text(undecorated(changed.read_text(encoding="utf-8")), encoding="utf-8")
    lines = ["[mutmut]", *["\n    ".join([f"{key}=", *values]) for key, values in lists.items()]]
    (root / "setup.cfg").write_text("\n".join(lines), encoding="utf-8")
    shutil.rmtree(root / "mutants", ignore_errors=True)
    mutmut = [sys.executable, "-m", "mutmut"]
    ran = subprocess.run([*mutmut, "run", "--max-children", "2"], cwd=root, capture_output=True, text=True).stdout
    tried = re.findall(r"(\d+)/(\d+)", ran)
    if not tried or tried[-1][0] != tried[-1][1]:
        sys.exit(f"{module}: mutmut did not come to its end\n{ran[-2000:]}")
    listed = subprocess.run([*mutmut, "results"], cwd=root, capture_output=True, text=True).stdout
    names = re.findall(r"(\S+): (?:survived|no tests|suspicious)", listed)  # one that runs for ever is seen: no test ends
    shown = [subprocess.run([*mutmut, "show", name], cwd=root, capture_output=True, text=True).stdout for name in names]
    return int(tried[-1][1]), ["\n".join(line for line in text.splitlines() if re.match(r"[-+](?![-+])", line)) for text in shown]


def main() -> None:
    """Print the survivors module by module; exit with 1 where there are too many."""
    alive = total = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "copy"
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".*", "_build", "__pycache__"))
        asked = root / "conftest.py"
        asked.write_text(f"{asked.read_text(encoding='utf-8')}\n{BARS}", encoding="utf-8")
        for module in sys.argv[1:] or TESTS:
            tried, found = survivors(module, root)
            print(f"{module}: {len(found)} of {tried} stay alive", *found, sep="\n", flush=True)
            alive, total = alive + len(found), total + tried
    print(f"{alive} of {total} changes stay alive: {alive / total:.1%}")
    sys.exit(alive > ALIVE * total)


if __name__ == "__main__":
    main()
