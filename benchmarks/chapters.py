"""Seconds that the cells of each chapter and notebook run, for the teachers' page."""

import json
import sys
import time
from pathlib import Path

from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from pages import CHAPTERS, read  # noqa: E402


def seconds(path: Path) -> float:
    """The time of one run from a fresh kernel, in seconds."""
    notebook = read(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    started = time.perf_counter()
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}).execute()
    return round(time.perf_counter() - started, 1)


if __name__ == "__main__":
    times = {}
    for chapter in CHAPTERS:
        notebook = ROOT / "notebooks" / f"{chapter.stem}.ipynb"
        if notebook.exists():
            times[chapter.stem] = seconds(chapter), seconds(notebook)
            print(f"{chapter.stem:45} {times[chapter.stem][0]:6.1f} s {times[chapter.stem][1]:6.1f} s")
    (ROOT / "benchmarks" / "running-times.json").write_text(json.dumps(times, indent=1) + "\n")
