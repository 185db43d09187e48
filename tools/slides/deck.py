"""Slides: what a built chapter already says, one thing at a time.

A deck is a file of pointers, `decks/07.yml`: nothing of the book is written there again. Each of its items is a slide, a
list of pointers; with a title of its own or, without one, under the heading of the section. A pointer is one of

    fig-w212, eq-w212, explore-w212    the place with this label
    output after The judge             the first output, formula, code, table, list, box or figure behind these words
    Both paths push                    the sentence that begins so
    paragraph Both paths push          the whole paragraph

and its words begin one paragraph, item of a list or heading of the chapter, no other. The first slide is the chapter's
opening question, the last two are its three lines to keep, as questions and as answers. What stands around the places
shown, and the captions that have no room, are the speaker's notes.

No reveal.js: its notes are a page with a script within, which a strict policy forbids, and it shrinks a slide as a whole
where there is much to see. Here addresses and CSS turn and size the slides; `slides.js` adds keys and touch.
"""

import re
import shutil
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from lxml import html
from lxml.html import builder as E
from pdf import FLAGS, chromium
from playwright.sync_api import sync_playwright
from still import HTML, ROOT, TITLE

HERE = Path(__file__).parent
SLIDES = ROOT / "_build" / "slides"
LABEL = re.compile(r"(fig|eq|explore|tab)-[\w-]+")
KINDS = {
    "output": "*[contains(@class, 'cell_output')]//pre",
    "code": "*[contains(@class, 'cell_input')]//pre",
    "formula": "div[@class='math']",
    "table": "table",
    "list": "*[self::ul or self::ol]",
    "box": "div[contains(@class, 'admonition')]",
    "figure": "figure",
}
AFTER = re.compile(rf"({'|'.join(KINDS)}) after (.+)")
SENTENCE = re.compile(r"(?<=[.?!])\s+|(?<=[.?!][)”])\s+")
LAST = "Three lines to keep"
# Where book/_ext/strict.py begins a part of a page's script, and what an explorer's part begins with.
PARTS = re.compile(r"^(?=document\.querySelector\('\[data-explorer=|queueMicrotask\()", re.M)
EXPLORER = re.compile(r"""document\.querySelector\('\[data-explorer="(\w+)"\]'\)""")
# What a page alone needs: a teacher asks for exercises and predictions herself.
GONE = {
    "exercise", "solution", "bp-asleep", "headerlink", "definition", "beside", "section-number", "bp-predict", "bp-predicted",
    "bp-how",
}  # fmt: skip
BAR = """<nav aria-label="Slides"><a rel="prev" href="#1">Back</a><a rel="next" href="#2">Next</a>\
<button type="button" data-do="notes" aria-pressed="false">Notes</button>\
<button type="button" data-do="dark" aria-pressed="false">Dark</button></nav>"""


class Slide(NamedTuple):
    """What stands above, what is shown, and what is said."""

    title: list[Any]
    shown: list[Any]
    notes: list[Any]


class Chapter:
    """A built chapter, and where its things are."""

    def __init__(self, path: Path):
        self.name = path.stem
        page = html.parse(path, html.HTMLParser(encoding="utf-8", remove_comments=True))
        self.head, self.article = page.find("head"), page.find(".//article")
        for el in list(self.article.iter()):
            if GONE & {*el.classes}:
                el.drop_tree()
            elif el.tag in ("a", "noscript"):  # book/_ext/later.py keeps in a noscript what is far
                el.drop_tag()
        self.title = self.article.find(".//h1")
        places = self.article.xpath(".//*[self::p or self::li[not(p)] or self::h2 or self::h3][not(ancestor::form)]")
        self.places = [(said(el), el) for el in places]

    def wrong(self, pointer: str, found: str) -> ValueError:
        """The error for a pointer that leads nowhere, or to several places."""
        return ValueError(f"{self.name}: {pointer!r}: expected a pointer to one place, got {found}")

    def beginning(self, words: str, pointer: str) -> Any:
        """The one paragraph, item or heading that begins with these words."""
        found = [el for text, el in self.places if text.startswith(words)]
        if len(found) != 1:
            raise self.wrong(pointer, f"{len(found)} paragraphs, items and headings that begin so")
        return found[0]

    def find(self, pointer: str) -> tuple[Any, Any]:
        """What a pointer shows, and where in the chapter that stands."""
        if LABEL.fullmatch(pointer):
            place = self.article.find(f".//*[@id='{'equation-' * pointer.startswith('eq-')}{pointer}']")
            if place is None:
                raise self.wrong(pointer, "no such label")
            return place, place
        if after := AFTER.fullmatch(pointer):
            place = self.beginning(after[2], pointer).xpath(f"(following::{KINDS[after[1]]})[1]")
            if not place:
                raise self.wrong(pointer, f"no {after[1]} behind it")
            return place[0], place[0]
        if pointer.startswith("paragraph "):
            place = self.beginning(pointer.removeprefix("paragraph "), pointer)
            return E.P(*pieces(place)), place
        found = [
            (one, el) for text, el in self.places if pointer in text for one in sentences(el) if said(one).startswith(pointer)
        ]
        if len(found) != 1:
            raise self.wrong(pointer, f"{len(found)} sentences that begin so")
        return found[0]

    def slide(self, item: Any) -> Slide:
        """The slide of an item of the deck."""
        title, pointers = next(iter(item.items())) if isinstance(item, dict) else (None, item)
        found = [self.find(pointer) for pointer in pointers]
        heading = found[0][1].xpath("(ancestor::section/*[self::h1 or self::h2])[last()]")[0]
        return Slide([title] if title else pieces(heading), [one for one, _ in found], around([place for _, place in found]))

    def first(self) -> Slide:
        """The opening question."""
        asked = self.title.xpath("../p/strong")
        if not asked:
            raise self.wrong("the opening question", "no bold words above the first section")
        number = E.P(E.CLASS("chapter"), f"Chapter {int(self.name[:2])}")
        return Slide(pieces(self.title), [number, E.P(*pieces(asked[0]))], [asked[0].getparent()])

    def last(self) -> Iterator[Slide]:
        """The three lines to keep."""
        section = self.beginning(LAST, LAST).getparent()
        lists = section.xpath("./*[self::ul or self::ol]") + section.xpath("./details//*[self::ul or self::ol]")
        if len(lists) != 2:
            raise self.wrong(LAST, f"{len(lists)} lists where questions and answers stand")
        return (Slide([LAST], [one], section.findall("p")) for one in lists)

    def slides(self, deck: list[Any]) -> list[Slide]:
        """All slides of the chapter."""
        return [self.first(), *map(self.slide, deck), *self.last()]


def said(el: Any) -> str:
    """The words of an element, of a formula those that are heard."""
    parts = el.xpath(".//text()[not(ancestor::*[@class='katex-html'] or ancestor::annotation)]")
    return " ".join("".join(parts).split())


def pieces(el: Any) -> list[Any]:
    """What stands in an element."""
    return [el.text or "", *map(deepcopy, el)]


def sentences(el: Any) -> Iterator[Any]:
    """The sentences of a paragraph."""
    parts: list[list[Any]] = [[]]
    for piece in pieces(el):
        text = piece
        if not isinstance(piece, str):
            parts[-1].append(piece)
            text, piece.tail = piece.tail or "", None
            if text[:1].isspace() and said(piece).endswith((".", "?", "!")):
                parts.append([])
        same, *others = SENTENCE.split(text)
        parts[-1].append(same)
        parts += [[other] for other in others]
    return (E.P(*part) for part in parts if part != [""])


def around(places: list[Any]) -> list[Any]:
    """The paragraphs that these places are or that stand beside them."""
    blocks = [place.xpath("ancestor-or-self::*[parent::section or parent::article][1]")[0] for place in places]
    near = [el for block in blocks for el in (block.getprevious(), block, block.getnext())]
    return [el for el in dict.fromkeys(near) if el is not None and el.tag in ("p", "ul", "ol")]


def copied(el: Any) -> Any:
    """An element for a slide, with the names that it needs inside: those of a drawing or an explorer."""
    new = deepcopy(el)
    new.tail = None
    for inner in new.xpath("descendant-or-self::*[@id][not(ancestor-or-self::svg or ancestor::form)]"):
        del inner.attrib["id"]
    return E.DIV(E.CLASS("highlight"), new) if new.tag == "pre" else new


def section(slide: Slide, number: int, count: int) -> Any:
    """A slide as a region of the page. A picture stands alone with its caption, or beside words and formulas."""
    shown, notes = [*map(copied, slide.shown)], [*map(copied, slide.notes)]
    figures = [el for el in shown if el.tag == "figure"]
    for caption in [caption for el in figures for caption in el.iter("figcaption")]:
        if len(shown) > 1 or figures[0].find_class("bp-explorer"):
            caption.drop_tree()
            notes.append(E.P(*pieces(caption[0])))
    for figure in figures:
        sizes = [[*map(float, svg.get("viewbox").split())] for svg in figure.iter("svg") if "bp" in svg.classes]
        if all(width > 2 * height for _, _, width, height in sizes):
            figure.classes.add("flat")
    title = E.H1(*slide.title)
    others = [el for el in shown if el.tag != "figure"]
    words = [E.DIV(E.CLASS("words"), *others)] if others else []
    told = {"aria-roledescription": "slide", "aria-label": f"Slide {number} of {count}: {said(title)}"}
    parts = title, E.DIV(E.CLASS("shown"), *words, *figures), E.ASIDE(*notes, **{"aria-label": "Notes"})
    return E.SECTION(*parts, id=str(number), tabindex="-1", **{"class": "slide", "data-place": f"{number} / {count}"}, **told)


def document(chapter: Chapter, deck: list[Any]) -> tuple[Any, str]:
    """A chapter's slides as a page, and the script of its explorers."""
    slides = chapter.slides(deck)
    body = E.BODY(E.MAIN(*(section(slide, k, len(slides)) for k, slide in enumerate(slides, 1))), html.fromstring(BAR))
    styles = [link.get("href").partition("?")[0].removeprefix("../") for link in chapter.head.xpath("link[@rel='stylesheet']")]
    code = "".join((HTML / path[3:]).read_text("utf-8") for path in chapter.head.xpath("script/@src[contains(., '/inline/')]"))
    alive = {place.get("data-explorer") for place in body.xpath("//*[@data-explorer]")}
    script = "".join(part for part in PARTS.split(code) if (mark := EXPLORER.match(part)) and mark[1] in alive)
    head = E.HEAD(
        E.META(charset="utf-8"),
        E.META(name="viewport", content="width=device-width, initial-scale=1"),
        E.TITLE(f"{said(chapter.title)}: slides · {TITLE}"),
        E.SCRIPT(src="_static/first.js"),
        *(E.LINK(rel="stylesheet", href=path) for path in [*styles, "slides.css"]),
        *(E.SCRIPT(src=path, defer="defer") for path in [f"{chapter.name}.js"] * bool(script) + ["slides.js"]),
    )
    return E.HTML(head, body, lang="en"), script


def contents(chapters: list[Chapter]) -> Any:
    """The page that leads to all decks."""
    rows = [
        E.LI(E.A(said(one.title), href=f"{one.name}.html"), " ", E.A("PDF", href=f"{one.name}.pdf"), value=str(int(one.name[:2])))
        for one in chapters
    ]
    head = E.HEAD(E.META(charset="utf-8"), E.TITLE(f"Slides · {TITLE}"), E.LINK(rel="stylesheet", href="_static/book.css"))
    return E.HTML(head, E.BODY(E.MAIN(E.H1("Slides"), E.OL(*rows))), lang="en")


def write(path: Path, page: Any) -> None:
    """Write a page."""
    path.write_text(html.tostring(page, encoding="unicode", doctype="<!DOCTYPE html>"), encoding="utf-8")


def build(numbers: list[str]) -> None:
    """Make the decks of these chapters, or all, and print them."""
    shutil.rmtree(SLIDES, ignore_errors=True)
    not_theirs = shutil.ignore_patterns("find*", "book.js", "practice.js", "[0-9][0-9].js")
    shutil.copytree(HTML / "_static", SLIDES / "_static", ignore=not_theirs)
    for path in (HTML / "licences.txt", HERE / "slides.css", HERE / "slides.js"):
        shutil.copy(path, SLIDES)
    made = []
    for deck in sorted(HERE.glob("decks/*.yml")):
        # A chapter that was left out of the book has no page.
        for page in HTML.glob(f"book/{deck.stem}-*.html") if not numbers or deck.stem in numbers else ():
            made.append(Chapter(page))
            whole, script = document(made[-1], yaml.safe_load(deck.read_text(encoding="utf-8")))
            write(SLIDES / page.name, whole)
            if script:
                (SLIDES / f"{page.stem}.js").write_text(script, encoding="utf-8")
    write(SLIDES / "index.html", contents(made))
    program = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        tab = browser.new_page()
        for chapter in made:
            tab.goto((SLIDES / f"{chapter.name}.html").as_uri())
            tab.pdf(
                path=SLIDES / f"{chapter.name}.pdf", prefer_css_page_size=True, print_background=True, tagged=True, outline=True
            )
        browser.close()
    print(f"{len(made)} decks: open {SLIDES / 'index.html'}")
