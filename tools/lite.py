"""JupyterLite with the book's notebooks and its package: `make lite`.

The folder `_build/lite` is for a web server; its notebooks run in the reader's browser, with no machine behind them. Python
itself, the Pyodide distribution, is not in it: a browser fetches it from where the kernel's own settings say, unless the
variable PYODIDE names a distribution (a file or an address) to put in. Whether that place can be reached from here is asked, and
said; the folder is whole either way.
"""

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import nbformat
from wheel_of_package import ROOT, wheel

WORK, LITE = ROOT / "_build" / ".lite", ROOT / "_build" / "lite"
INSTALL = "%pip install -q bpcourse"
BESIDE = "anywidget", "ipywidgets", "jupyterlab-widgets", "psygnal", "tqdm"
"""What the package imports and Pyodide does not have, as wheels without compiled code."""
SECONDS = 10


def contents() -> Path:
    """The notebooks, without outputs, each with a first cell that installs the package from the folder itself."""
    folder = WORK / "files" / "notebooks"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        notebook.cells.insert(0, nbformat.v4.new_code_cell(INSTALL, id="install"))
        nbformat.write(notebook, folder / path.name)
    return folder.parent


def wheels() -> list[Path]:
    """The package and what it imports."""
    folder = WORK / "wheels"
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--platform=any", f"--dest={folder}", *pinned()]
    subprocess.run(command, check=True)
    shutil.copy(wheel(), folder)
    return sorted(folder.iterdir())


def pinned() -> list[str]:
    """As in requirements.txt."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line.rstrip(" \\") for line in lines if line.startswith(tuple(f"{name}==" for name in BESIDE))]


def build() -> None:
    """Run JupyterLite's own command."""
    shutil.rmtree(LITE, ignore_errors=True)
    command = [sys.executable, "-m", "jupyterlite_core", "build", f"--lite-dir={WORK}", f"--output-dir={LITE}"]
    command += ["--apps=lab", "--no-unused-shared-packages", "--no-sourcemaps", f"--contents={contents()}"]
    command += [f"--piplite-wheels={path}" for path in wheels()]
    if pyodide := os.environ.get("PYODIDE"):
        command.append(f"--pyodide={pyodide}")
    run = subprocess.run(command, cwd=WORK, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"{run.stdout}{run.stderr}\nJupyterLite could not be built: the lines above say why.")


def pyodide_address() -> str:
    """Where browsers fetch Python from, as the kernel's own script in the built folder says."""
    for script in sorted((LITE / "extensions" / "@jupyterlite" / "pyodide-kernel-extension").rglob("*.js")):
        if found := re.search(r"https://[^\"'\s]+/pyodide\.m?js", script.read_text(encoding="utf-8")):
            return found[0]
    raise RuntimeError(f"{LITE}: expected the kernel's script to name the place of Pyodide, got none")


def can_be_reached(address: str) -> bool:
    """Whether somebody answers there within some seconds."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=SECONDS):
            return True
    except OSError:
        return False


def main() -> None:
    """Build it, then say what it lacks."""
    build()
    print(f"JupyterLite is built: {LITE}. Put it on a web server; for a look: {sys.executable} -m http.server -d {LITE}")
    if os.environ.get("PYODIDE"):
        print("Pyodide is in the folder: its notebooks run without a network.")
        return
    address = pyodide_address()
    print(f"Python itself is not in it: the reader's browser fetches Pyodide from {address}.")
    if not can_be_reached(address):
        print(
            "That place cannot be reached from here. Where readers cannot reach it either, JupyterLab opens but no cell runs: "
            "give a Pyodide distribution, `make lite PYODIDE=file-or-address-of-pyodide-….tar.bz2`."
        )


if __name__ == "__main__":
    main()
