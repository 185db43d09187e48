"""One style sheet and one script for all pages, `book.css` and `book.js`.

A browser shows nothing before every sheet of a page is there, and asks for few files at a time: as three files each, what
all chapters share came later, and so did the first frame.
"""

import re
from pathlib import Path
from typing import Any

import formulas

from bpcourse.language import tr_script
from bpcourse.practice import page

THEME = Path(__file__).parents[1] / "_theme" / "nudge"
SCRIPTS = THEME / "find.js", formulas.KATEX / "formulas.js", THEME / "nudge.js"
LEFT_OUT = {"css": re.compile(r"/\*.*?\*/\s*|^\s+", re.S | re.M), "js": re.compile(r"^\s+(//.*\n\s*)*|^//.*\n", re.M)}
"""Comments and indentation."""


def short(kind: str, *parts: str) -> str:
    """The parts as one file, without what only its writers read."""
    return LEFT_OUT[kind].sub("", "\n".join(parts))


def finish(app: Any, exception: Exception | None) -> None:
    """Write them when all pages are written."""
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir)
    look = (THEME / "nudge.css").read_text(encoding="utf-8")
    sheet = short("css", look, page.style(), formulas.style(formulas.used(folder)))
    (folder / "_static" / "book.css").write_text(sheet, encoding="utf-8")
    script = tr_script(short("js", *(path.read_text(encoding="utf-8") for path in SCRIPTS)))
    (folder / "_static" / "book.js").write_text(script, encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Before the files that no page loads are removed."""
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
