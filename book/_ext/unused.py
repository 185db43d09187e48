"""What no page loads is not shipped: Sphinx, its extensions and the themes below ours bring some 150 files into `_static`."""

import re
from pathlib import Path
from typing import Any

NAMED = re.compile(r"_static/([\w./-]+\.\w+)")
OWN = ("practice", "fonts")
"""Folders whose files a script may name piece by piece, and whose licences lie beside them."""


def loaded(folder: Path, files: set[Path]) -> set[Path]:
    """Those of the files in `_static` that a page names, or a style sheet or a script that is loaded."""
    pages = (path.read_text(encoding="utf-8") for path in folder.rglob("*.html") if "_static" not in path.parts)
    found: set[Path] = set()
    new = {folder / "_static" / name for page in pages for name in NAMED.findall(page)} & files
    while new:
        found |= new
        text = "\n".join(path.read_text(encoding="utf-8") for path in new if path.suffix in (".css", ".js"))
        new = {path for path in files - found if path.name in text}
    return found


def finish(app: Any, exception: Exception | None) -> None:
    """Remove the others, and the folders that held nothing else."""
    if exception or app.builder.name != "html":
        return
    static = Path(app.outdir, "_static")
    files = {path for path in static.rglob("*") if path.is_file() and path.relative_to(static).parts[0] not in OWN}
    for path in files - loaded(Path(app.outdir), files):
        path.unlink()
    for path in sorted(static.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def setup(app: Any) -> dict[str, bool]:
    """After extensions have copied theirs, before the licences of what is shipped are gathered."""
    app.connect("build-finished", finish, 800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
