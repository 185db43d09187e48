"""The API reference: the package's docstrings, which are plain prose, as reStructuredText.

What stands between backticks becomes code, a closing line "Book: chapters 03 and 04." becomes links to
these pages, and everything else is text: no sign in a formula is taken for markup. Where a name's docstring
has no such line, its module's is meant. Fields of a named tuple are told by its own docstring, so they have no entries.
"""

import inspect
import re
import sys
from pathlib import Path
from typing import Any

from sphinx.pycode import ModuleAnalyzer
from sphinx.pycode.parser import Parser

BOOK = Path(__file__).parents[1]
CHAPTERS = {path.name[:2]: path.stem for path in BOOK.glob("[0-9][0-9]-*.md")}
MARKUP = re.compile(r"([*|_\\])")
BACK = re.compile(r"(.*?)\bBook: (.*?)\.?$")


def escaped(line: str) -> str:
    """A line of prose: code between backticks, all other markup as plain text."""
    pieces = re.split(r"`+([^`]+)`+", line)
    return "".join(f"``{piece}``" if i % 2 else MARKUP.sub(r"\\\1", piece) for i, piece in enumerate(pieces))


def linked(names: str) -> str:
    """`chapters 03 and 04` with each number as a link to its page; the appendix stands there by its title."""
    names = names.replace('"The same equations, in place"', ":doc:`/book/in-place`")
    return re.sub(r"\b(\d\d)\b", lambda m: f":doc:`{int(m[1])} </book/{CHAPTERS[m[1]]}>`" if m[1] in CHAPTERS else m[1], names)


def chapters_of(module: str) -> list[str]:
    """The line `Book: …` of a module's docstring, if it has one."""
    text = inspect.getdoc(sys.modules.get(module)) or ""
    return [line for line in text.splitlines() if line.startswith("Book: ")]


def without_fields(app: Any, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what Python itself says of a named tuple's fields: "Alias for field number 0"."""
    return True if (inspect.getdoc(obj) or "").startswith("Alias for field number") else None


def to_rst(app: Any, what: str, name: str, obj: Any, options: Any, docstring: list[str]) -> None:
    """Rewrite one docstring in place; indented lines are code or formulas and stay as they are."""
    rewritten: list[str] = []
    told = any(map(BACK.match, docstring))
    for line in docstring if told else docstring + chapters_of(name.rpartition(".")[0]):
        back = BACK.match(line)
        if back:
            rewritten += [escaped(back[1].rstrip()), "", f"*Book:* {linked(back[2])}."]
        elif line.startswith("    "):
            if rewritten and not rewritten[-1].strip() and not any(r.startswith("    ") for r in rewritten[-2:-1]):
                rewritten += ["::", ""]
            rewritten.append(line)
        else:
            rewritten.append(escaped(line))
    docstring[:] = rewritten


def setup(app: Any) -> dict[str, bool]:
    """Listen to autodoc."""
    # It looks in every module for where each definition stands, a third of its time, which it never asks: viewcode would.
    Parser.parse_definition = lambda parser: None  # type: ignore[method-assign]
    # It reads the modules of all that a class inherits from, matplotlib's too, for comments that no page shows.
    source = ModuleAnalyzer.get_module_source
    ModuleAnalyzer.get_module_source = staticmethod(  # type: ignore[method-assign]
        lambda name: source(name) if name.startswith("bpcourse") else (source(name)[0], "")
    )
    app.connect("autodoc-process-docstring", to_rst)
    app.connect("autodoc-skip-member", without_fields)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
