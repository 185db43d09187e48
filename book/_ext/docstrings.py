"""The API reference: the package's docstrings, which are plain prose, as reStructuredText.

What stands between backticks becomes code, a closing line "Book: chapters 03 and 04." becomes links to
these pages, and everything else is text: no sign in a formula is taken for markup.
"""

import re
from pathlib import Path
from typing import Any

BOOK = Path(__file__).parents[1]
CHAPTERS = {path.name[:2]: path.stem for path in BOOK.glob("[0-9][0-9]-*.md")}
MARKUP = re.compile(r"([*|_\\])")
BACK = re.compile(r"(.*?)\bBook: (.*?)\.?$")


def escaped(line: str) -> str:
    """A line of prose: code between backticks, all other markup as plain text."""
    pieces = re.split(r"`+([^`]+)`+", line)
    return "".join(f"``{piece}``" if i % 2 else MARKUP.sub(r"\\\1", piece) for i, piece in enumerate(pieces))


def linked(names: str) -> str:
    """`chapters 03 and 04` with each number as a link to its page."""
    return re.sub(r"\b(\d\d)\b", lambda m: f":doc:`{int(m[1])} </book/{CHAPTERS[m[1]]}>`" if m[1] in CHAPTERS else m[1], names)


def to_rst(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Rewrite one docstring in place; indented lines are code or formulas and stay as they are."""
    rewritten: list[str] = []
    for line in lines:
        back = BACK.match(line)
        if back:
            rewritten += [escaped(back[1].rstrip()), "", f"*Book:* {linked(back[2])}."]
        elif line.startswith("    "):
            if rewritten and not rewritten[-1].strip() and not any(r.startswith("    ") for r in rewritten[-2:-1]):
                rewritten += ["::", ""]
            rewritten.append(line)
        else:
            rewritten.append(escaped(line))
    lines[:] = rewritten


def setup(app: Any) -> dict[str, bool]:
    """Listen to autodoc."""
    app.connect("autodoc-process-docstring", to_rst)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
