"""The numbers of a page in the built book, in the EPUB and in the PDF, each taken from what a reader sees there.

A number is read from one piece of text at a time, as the page's tree has them, so that 4 under a fraction's line
and 2 above it never become 42. Signs count by themselves.
"""

import re
import subprocess
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree, html

NUMBER = re.compile(r"−|\d+(?:[.,]\d+)*(?:e[-−+]?\d+)?")
# What paper does not hold: buttons and their menus, what is said after an answer, a sentence for notebooks without trust.
ON_SCREEN_ONLY = {
    "bp-tools", "bp-rung", "bp-said", "bp-verdict", "bp-predict", "bp-predicted", "bp-mixed", "bp-asleep", "headerlink", "genindex-jumpbox",
}  # fmt: skip
NOT_TEXT = {"script", "style", "template", "button", "option", "annotation", "title", "head"}


def numbers(pieces: list[str]) -> Counter:
    """How often each number stands in these pieces of text."""
    return Counter(found for piece in pieces for found in NUMBER.findall(piece.replace("-", "−")))


def texts(el: Any, skipped: set[str]) -> Iterator[str]:
    """The pieces of text below an element, but for what has one of these tags or classes."""
    if not isinstance(el.tag, str) or {etree.QName(el).localname, *el.get("class", "").split()} & skipped:
        return
    shown = {*el.get("class", "").split(), el.getparent().get("class")} & {"bp-hints", "bp-explorer", "bp-picture"}
    if el.get("hidden") is not None and not shown:  # explorers and pictures are hidden only where there are no styles
        return
    if el.tag == "input" and el.get("type") not in ("range", "file", "radio", "checkbox"):
        yield el.get("value") or el.get("placeholder") or ""
    elif el.tag == "select":
        yield next(option.text for option in [*el.xpath("option[@selected]"), *el])
    yield el.text or ""
    for child in el:
        yield from texts(child, skipped)
        yield child.tail or ""


def of_page(path: Path, formulas: str) -> Counter:
    """The numbers of a built page, those of formulas as `mathml` has them or as `html`."""
    article = html.parse(path, html.HTMLParser(encoding="utf-8")).find(".//article")
    other = "katex-html" if formulas == "mathml" else "katex-mathml"
    return numbers([*texts(article, NOT_TEXT | ON_SCREEN_ONLY | {other})])


def in_epub(path: Path) -> dict[str, Counter]:
    """The numbers of each page of the EPUB, by the page's name with a hyphen for its slash."""
    with zipfile.ZipFile(path) as book:
        pages = {name: etree.fromstring(book.read(name)) for name in book.namelist() if name.endswith(".xhtml")}
    return {Path(name).stem: numbers([*texts(page, NOT_TEXT)]) for name, page in pages.items()}


def in_pdf(path: Path) -> list[Counter]:
    """The numbers of each page of the book as its heading divides the PDF, in order."""
    told = subprocess.run(["pdfinfo", "-struct-text", path], capture_output=True, text=True, check=True).stdout
    ...
