"""The numbers of a page in the built book, in the EPUB and in the PDF, each taken from what a reader sees there.

A number is read from one piece of text at a time, as the page's tree has them, so that 4 under a fraction's line
and 2 above it never become 42. Signs count by themselves.
"""

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from ctypes import c_uint
from pathlib import Path
from typing import Any

import pypdfium2
from lxml import etree, html
from pypdfium2.raw import FPDF_PAGEOBJ_TEXT, FPDFPageObj_GetFillColor

NUMBER = re.compile(r"−|\d+(?:\.\d+)*")
NUMERAL = re.compile(r"[\d.]+")
HYPHENS = r"[-\x02\ufffe]"
"""A hyphen, and what PDFium makes of one at the end of a line."""
# What paper does not hold: buttons and menus, what is said after an answer, terms explained on hover.
ON_SCREEN_ONLY = {
    "bp-tools", "bp-rung", "bp-said", "bp-verdict", "bp-predict", "bp-predicted", "bp-mixed", "bp-asleep", "headerlink",
    "definition", "beside", "genindex-jumpbox",
}  # fmt: skip
MARGIN = 50
"""Points above and below in which a sheet has its head and its number."""
NOT_TEXT = {"script", "style", "template", "button", "option", "annotation", "title"}


def numbers(pieces: list[str]) -> Counter:
    """How often each number stands in these pieces of text."""
    return Counter(found for piece in pieces for found in NUMBER.findall(re.sub(HYPHENS, "−", piece)))


def texts(el: Any, skipped: set[str]) -> Iterator[str]:
    """The pieces of text below an element, but for what has one of these tags or classes."""
    if not isinstance(el.tag, str) or {etree.QName(el).localname, *el.get("class", "").split()} & skipped:
        return
    if "aria-hidden" in el.attrib and el.getparent().get("class") == "bp-stack":  # keeps room for words to come
        return
    shown = {*el.get("class", "").split(), el.getparent().get("class")} & {"bp-hints", "bp-explorer", "bp-picture"}
    if el.get("hidden") is not None and not shown:  # explorers and pictures are hidden only where there are no styles
        return
    if el.tag == "input" and el.get("type") not in ("range", "file", "radio", "checkbox"):
        yield el.get("value") or el.get("placeholder") or ""
    elif el.tag == "select":
        yield next(option.text for option in [*el.xpath("option[@selected]"), *el])
    elif etree.QName(el).localname == "li" and etree.QName(el.getparent()).localname == "ol":
        yield f"{int(el.getparent().get('start', 1)) + el.getparent().index(el)}."
    yield el.text or ""
    for child in el:
        yield from texts(child, skipped)
        yield child.tail or ""


def is_numeral(el: Any) -> bool:
    """Whether an element is a piece of a formula or of a picture's label that holds digits and nothing else."""
    kinds = {etree.QName(el).localname, *el.get("class", "").split()}
    return {"mord", "tspan"} & kinds and NUMERAL.fullmatch(el.text or "")


def join(article: Any) -> None:
    """Make 10 of a 1 and a 0 in two elements on one line, as KaTeX has them before an exponent and matplotlib everywhere."""
    for digits in article.xpath(".//*[not(*) and (contains(@class, 'mord') or local-name() = 'tspan')]"):
        after = digits.getnext()
        while after is not None and not after.text and len(after):
            after = after[0]
        if after is not None and is_numeral(digits) and is_numeral(after) and digits.get("y") == after.get("y"):
            digits.text, after.text = "", digits.text + after.text


def of_page(path: Path, formulas: str) -> Counter:
    """The numbers of a built page, those of formulas as `mathml` has them or as `html`."""
    article = html.parse(path, html.HTMLParser(encoding="utf-8")).find(".//article")
    join(article)
    other = "katex-html" if formulas == "mathml" else "katex-mathml"
    return numbers([*texts(article, NOT_TEXT | ON_SCREEN_ONLY | {other})])


def in_epub(path: Path) -> dict[str, Counter]:
    """The numbers of each page of the EPUB, by the page's name with a hyphen for its slash."""
    with zipfile.ZipFile(path) as book:
        names = [name for name in book.namelist() if name.endswith(".xhtml")]
        pages = {Path(name).stem: etree.fromstring(book.read(name)).find("{*}body") for name in names}
    for page in pages.values():
        join(page)
    return {name: numbers([*texts(page, NOT_TEXT)]) for name, page in pages.items()}


def in_pdf(path: Path, titles: list[str]) -> list[Counter]:
    """The numbers of each page of the book, from the sheet that its title's bookmark names to the next one's."""
    with pypdfium2.PdfDocument(path) as pdf:
        marks = [(mark.get_title(), mark.get_dest().get_index()) for mark in pdf.get_toc()]
        starts = []
        for title in titles:
            while " ".join(marks[0][0].split()) != title:
                del marks[0]
            starts.append(marks.pop(0)[1])
        sheets = [[*written(page)] for page in pdf]
    return [numbers([piece for sheet in sheets[a:b] for piece in sheet]) for a, b in zip(starts, [*starts[1:], len(sheets)])]


def written(page: Any) -> Iterator[str]:
    """The pieces of text on a sheet but for its head and foot; on one line, side by side, in one size and colour they are one."""
    for part in [*page.get_objects([FPDF_PAGEOBJ_TEXT])]:
        if not part.get_font().get_base_name():  # a halo, letters in white below the same letters, which PDFium then drops
            page.remove_obj(part)
    height, text = page.get_height(), page.get_textpage()
    piece, line, end = "", None, 0.0
    for part in page.get_objects([FPDF_PAGEOBJ_TEXT], textpage=text):
        _, low, right, high = part.get_bounds()
        matrix, said = part.get_matrix(), part.extract()
        if low < MARGIN or high > height - MARGIN or not said:
            continue
        here = round(matrix.f, 1), round(part.get_font_size() * matrix.a, 1), colour(part)
        if here != line or not -1 < matrix.e - end < 0.32 * here[1]:
            yield piece
            piece = ""
        piece, line, end = piece + said, here, right
    yield piece


def colour(part: Any) -> tuple[int, ...]:
    """The red, green, blue and opacity in which a piece is printed."""
    channels = [c_uint() for _ in range(4)]
    FPDFPageObj_GetFillColor(part, *channels)
    return tuple(channel.value for channel in channels)
