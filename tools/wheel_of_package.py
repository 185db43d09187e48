"""The book's package as a wheel, for readers who take a notebook home and for JupyterLite.

The same files make the same wheel, byte for byte; it is made anew only when they have changed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MADE = ROOT / "_build" / ".wheel"
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


@cache
def wheel() -> Path:
    """Where the wheel of the package, as it is now, lies."""
    files = [path for path in sorted((ROOT / "bpcourse").rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    files += [ROOT / name for name in ("pyproject.toml", "README.md", "LICENSE")]
    told = hashlib.sha256()
    for path in files:
        told.update(path.relative_to(ROOT).as_posix().encode() + hashlib.sha256(path.read_bytes()).digest())
    folder = MADE / told.hexdigest()[:16]
    if not folder.exists():
        make(files, folder)
    (path,) = folder.glob("*.whl")
    return path


def make(files: list[Path], folder: Path) -> None:
    """Make what is not there; what was made of other files goes."""
    MADE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=MADE.parent) as place:
        made = built(files, Path(place))
        for old in MADE.iterdir():
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
        with suppress(OSError):  # another build was faster
            made.parent.rename(folder)


def built(files: list[Path], place: Path) -> Path:
    """A wheel of these files, in a folder of its own: setuptools leaves things behind."""
    source, target = place / "source", place / "wheel"
    for path in files:
        copied = source / path.relative_to(ROOT)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)
        copied.chmod(0o644)
    target.mkdir(parents=True)
    surroundings = os.environ | {"SOURCE_DATE_EPOCH": "1767225600"}  # a fixed day: else each wheel were another
    command = [sys.executable, "-c", BUILD, str(target)]
    run = subprocess.run(command, cwd=source, env=surroundings, umask=0o022, capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(f"the wheel of bpcourse could not be built:\n{run.stdout}{run.stderr}")
    (path,) = target.glob("*.whl")
    return path


if __name__ == "__main__":
    print(wheel())
