"""One style sheet for all pages: the theme's look, the boxes of exercises, and the formulas that stand in the book.

A browser shows nothing before every sheet of a page is there, and asks for few files at a time: three sheets that all
chapters share came later than one does.
"""

import re
from pathlib import Path
from typing import Any

import formulas

from bpcourse.practice import page

LOOK = Path(__file__).parents[1] / "_theme" / "nudge" / "nudge.css"
LEFT_OUT = re.compile(r"/\*.*?\*/|^[ \t]+", re.S | re.M)
"""Comments and indentation."""


def sheet(folder: Path) -> str:
    """The style sheet for the pages in this folder."""
    parts = LOOK.read_text(encoding="utf-8"), page.style(), formulas.style(formulas.used(folder))
    return LEFT_OUT.sub("", "\n".join(parts))


def finish(app: Any, exception: Exception | None) -> None:
    """Write it when all pages are written."""
    if not exception and app.builder.format == "html":
        Path(app.outdir, "_static", "book.css").write_text(sheet(Path(app.outdir)), encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Before the files that no page loads are removed."""
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
