"""Make the mistakes of the catalogue in the package, one at a time, and see that its tests catch each.

`make mutants` runs it; a mistake that no test catches is named, and the run fails. The package is copied; nothing here is
changed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bpcourse.practice.injections import INJECTIONS, Injection

ROOT = Path(__file__).parents[1]


TESTS = {
    "gates.py": ["test_gates.py"],
    "graph.py": ["test_graph.py"],
    "layers.py": ["test_layers.py", "test_network.py"],
    "network/equations.py": ["test_network.py"],
    "network/training.py": ["test_network.py", "test_checkpoints.py"],
    "numeric.py": ["test_numeric.py"],
    "chain.py": ["test_chain.py"],
}
"""The test files that should see a mistake in a module."""


def caught(injection: Injection, root: Path, made: bool = True) -> bool:
    """Whether the tests of a module fail with the mistake in it; or without, where it is not made."""
    place = root / "bpcourse" / injection.module
    source = place.read_text(encoding="utf-8")
    if made:
        place.write_text(injection.into(source), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        *[f"tests/{name}" for name in TESTS[injection.module]],
    ]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(command, cwd=root, env=environment, capture_output=True).returncode == 1
    finally:
        place.write_text(source, encoding="utf-8")


def main() -> None:
    """Print a line a mistake; exit with 1 where one was not caught."""
    chosen = [one for one in INJECTIONS if not sys.argv[1:] or one.module in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "copy"
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".*", "_build", "__pycache__", "node_modules"))
        by_module = {one.module: one._replace(mistake="none") for one in chosen}
        missed = [one for one in by_module.values() if caught(one, root, False)]
        for one in missed:
            print(f"{', '.join(TESTS[one.module])}: fails with no mistake in {one.module}")
        for one in chosen:
            seen = caught(one, root)
            print(f"{'caught' if seen else 'MISSED'}  {one.module:22} {one.mistake}", flush=True)
            missed += [] if seen else [one]
    print(f"{len(chosen) - len(missed)} of {len(chosen)} mistakes are caught")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
