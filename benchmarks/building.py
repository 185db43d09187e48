"""How long `make book` takes: from nothing, after one changed chapter, unchanged.

In a copy of this folder with an environment of its own, so that nothing here is touched.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from common import table

ROOT = Path(__file__).parent.parent
GOALS = {"from nothing": 60, "one chapter changed": 6, "unchanged": 1}

MADE = ".venv", "_build", ".git", ".*_cache", "__pycache__", "node_modules"


def seconds(folder: Path, target: str = "book") -> float:
    """One `make book`."""
    started = time.perf_counter()
    subprocess.run(["make", "--silent", target], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Build three times, print seconds and goals."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "book"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*MADE))
        seconds(folder, ".venv/.ready")
        found = {"from nothing": seconds(folder)}
        chapter = folder / "book" / "05-many-paths.md"
        text = chapter.read_text(encoding="utf-8")
        chapter.write_text(text.replace(":tags: [hide-input]\n", ":tags: [hide-input]\n# changed\n", 1), encoding="utf-8")
        found["one chapter changed"] = seconds(folder)
        found["unchanged"] = seconds(folder)
    print(table(["make book", "seconds", "goal"], [[name, f"{found[name]:.1f}", f"≤ {goal}"] for name, goal in GOALS.items()]))


if __name__ == "__main__":
    main()
