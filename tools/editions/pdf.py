"""The book as one PDF: all pages in one, printed by Chromium twice, the second time with the page numbers of the first."""

import os
import shutil
import sys
from base64 import b64encode
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pikepdf
from cover import cover
from lxml import html
from lxml.html import builder as E
from playwright.sync_api import sync_playwright
from still import AUTHOR, TITLE, VERSION, Page, coloured, contents, still

HERE = Path(__file__).parent
sys.path.append(str(HERE.parents[1] / "book" / "_ext"))
import formulas  # noqa: E402

PROGRAMS = "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]


def chromium() -> str:
    """The program that prints: what the variable CHROMIUM says, or the first that is there."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if path is None:
        sys.exit(
            "make pdf prints with Chromium or Chrome, and finds neither: install it (Debian, Ubuntu: apt-get install chromium), "
            "or name its program in the variable CHROMIUM"
        )
    return path


def place(address: str) -> str:
    """The name in the one long page of what is `book/04-chains#fig` in the book."""
    return address.replace("/", "-").replace("#", "--")


def chapter(page: Page, names: set[str]) -> Any:
    """A page as a section: headings one lower, every name its own, links within the whole."""
    article = still(page.name, "html")
    article.tag, article.attrib["class"], article.attrib["id"] = "section", "page", page.key
    drawn = {el for picture in article.iter("svg") for el in picture.iter()}
    for el in list(article.iterdescendants()):
        if "id" in el.attrib and el not in drawn:
            el.set("id", place(f"{page.name}#{el.get('id')}"))
        if el.tag in ("h1", "h2", "h3", "h4"):
            el.tag = f"h{int(el.tag[1]) + 1}"
        elif el.tag == "img":
            el.set("src", f"../html/{el.get('src')}")
        elif el.tag == "a":
            link(el, names)
        elif "katex-html" in el.classes:
            del el.attrib["aria-hidden"]
    return article


def link(el: Any, names: set[str]) -> None:
    """A link within the book leads to its place, one to outside shows its address, and others are plain text."""
    address = el.get("href")
    if address.partition("#")[0] in names:
        el.set("href", f"#{place(address)}")
    elif not address.startswith("http"):
        el.drop_tag()
    elif el.text_content() != address:
        shown = E.SPAN(E.CLASS("address"), f" ({address})")
        shown.tail, el.tail = el.tail, None
        el.addnext(shown)


def entry(address: str, *words: Any) -> Any:
    """A line of the contents or the index: it leads to a place of the whole, and ends in that place's page."""
    return E.A(E.SPAN(*words), E.SPAN(E.CLASS("page-of")), href=f"#{address}")


def said(head: Any) -> list[Any]:
    """What a heading says, its formulas with their exponents."""
    return [head.text or "", *(deepcopy(el) for el in head)]


def listed(pages: list[Page], chapters: list[Any]) -> Any:
    """The contents: parts, chapters with their sections, and the notebooks."""
    rows, part = [], ""
    for page, chapter in zip(pages, chapters):
        if page.part != part:
            part = page.part
            rows.append(E.P(E.CLASS("part"), part))
        rows.append(E.P(E.CLASS("below" if page.below else "chapter"), entry(page.key, *said(chapter.find(".//h2")))))
        if page.key[5:7].isdigit():
            heads = [el for el in chapter.iter("h3") if el.getparent().get("id")]
            rows += [E.P(E.CLASS("below"), entry(el.getparent().get("id"), *said(el))) for el in heads]
    return E.NAV(E.H1("Contents"), *rows, id="contents")


def document() -> Any:
    """The whole book as one page, and the running head of each of its pages."""
    pages = list(contents())
    names = {page.name for page in pages}
    chapters = [chapter(page, names) for page in pages]
    licence = E.P("Text and code: MIT. The digits are by E. Alpaydin and C. Kaynak, CC BY 4.0.")
    title = E.SECTION(E.P(E.CLASS("title"), TITLE), E.P(AUTHOR), E.P(f"Edition {VERSION}"), licence, id="title")
    body = E.BODY(
        E.IMG(src=f"data:image/png;base64,{b64encode(cover()).decode()}", alt=f"The cover of {TITLE}", id="cover"),
        title,
        listed(pages, chapters),
    )
    heads, part = [], ""
    for k, (page, one) in enumerate(zip(pages, chapters)):
        if page.part != part:
            part = page.part
            body.append(E.SECTION(E.CLASS("part"), E.H1(part)))
        for line in [el for el in one.iter("a") if page.name == "genindex" and el.get("href", "").startswith("#")]:
            line.append(E.SPAN(E.CLASS("page-of")))
        one.set("style", f"page: p{k}")
        words = one.find(".//h2").text_content().replace('"', "'")
        heads.append(f'@page p{k} {{ @top-center {{ content: "{words}" }} }}')
        body.append(one)
    look = (HERE / "paged.css").read_text(encoding="utf-8") + "\n".join(heads)
    printed = formulas.style(set(" ".join(body.xpath(".//@class")).split()), "../html/_static/fonts")
    return E.HTML(E.HEAD(E.META(charset="utf-8"), E.TITLE(TITLE), E.STYLE(printed), E.STYLE(look)), body, lang="en")


def fill(whole: Any, printed: Path) -> bool:
    """Write into the contents and the index on which page of a print each line's place is; whether any number is new."""
    with pikepdf.open(printed) as pdf:
        numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages, start=1)}
        places = {name.lstrip("/"): str(numbers[place[0].objgen]) for name, place in pdf.Root.Dests.items()}
    new = False
    for room in whole.iter("span"):
        if "page-of" in room.classes:
            number = places[room.getparent().get("href").lstrip("#")]
            new |= room.text != number
            room.text = number
    return new


def name_bookmarks(marks: list[Any], titles: Iterator[str]) -> None:
    """Give bookmarks their headings' words again: where a heading takes two lines, Chromium leaves out the space between them."""
    for mark in marks:
        mark.title = next(titles)
        name_bookmarks(mark.children, titles)


def build(path: Path) -> Path:
    """Print the PDF; again, until its contents say where things are."""
    program = chromium()
    source, whole = path.with_suffix(".html"), document()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        page = browser.new_page()
        new, tagged = True, False  # what is tagged takes longer, and is needed last
        while new or not tagged:
            source.write_text(coloured(html.tostring(whole, encoding="unicode", doctype="<!DOCTYPE html>")), encoding="utf-8")
            page.goto(source.as_uri(), timeout=0)
            page.pdf(path=path, prefer_css_page_size=True, print_background=True, outline=True, tagged=tagged)
            new, tagged = fill(whole, path), True
        browser.close()
    source.unlink()
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        with pdf.open_outline() as outline:
            name_bookmarks(outline.root, (" ".join(el.text_content().split()) for el in whole.iter("h1", "h2", "h3", "h4", "h5")))
        pdf.docinfo["/Author"] = AUTHOR
        pdf.docinfo["/Subject"] = "A course textbook on backpropagation"
        pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return path
