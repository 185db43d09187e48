"""Run notebooks from top to bottom and store what they print: `make notebooks`.

Only cells, outputs and the kernel's name are kept, so that a run on another machine changes nothing that a reader
does not see. With `--check` nothing runs: the notebooks that hold more, or were not run in order, are named.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))

import surroundings

# A stored view of a widget is an error message until the notebook runs; its HTML is alive.
WIDGET = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def clean(notebook: nbformat.NotebookNode) -> None:
    """Take out what belongs to the machine and to the moment."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)


def run(path: Path) -> None:
    """Execute one notebook in its folder and write it back."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", record_timing=False, coalesce_streams=True, resources=resources
    ).execute()
    clean(notebook)
    nbformat.write(notebook, path)
    print(path)


def is_clean(path: Path) -> bool:
    """Whether a run would leave all but the outputs as they are: nothing to take out, cells run once and in order."""
    notebook = nbformat.read(path, as_version=4)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    clean(notebook)
    stored = path.read_text(encoding="utf-8").rstrip("\n")
    return nbformat.writes(notebook) == stored and counts == [*range(1, len(counts) + 1)]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        unclean = [name for name in sys.argv[2:] if not is_clean(Path(name))]
        sys.exit(f"make notebooks: not clean or not run in order: {', '.join(unclean)}" if unclean else 0)
    surroundings.settle()
    surroundings.ask_for_own_package()
    for name in sys.argv[1:]:
        run(Path(name))
