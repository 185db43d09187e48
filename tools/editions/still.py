"""The built pages as paper and e-readers hold them: nothing moves, nothing is asked of a script.

`contents` lists the pages in the book's order, `still` is the article of one as a tree. Explorers become their pictures
with the numbers of their state, folds lie open, boxes are lines to write on; solutions stand at the page's end, each
after the hints of its exercise. Nothing is computed here: what a page says, it says in every edition.
"""

import functools
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from lxml import html
from lxml.html import builder as E

from bpcourse.pictures.svg import COLOURS, PAPER

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
SETTINGS = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
CONTENTS = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
TITLE, AUTHOR, VERSION = SETTINGS["title"], SETTINGS["author"], SETTINGS["sphinx"]["config"]["version"]

# What only a screen with a script needs.
GONE = {
    "script", "style", "template", "button", "headerlink", "bp-asleep", "bp-verdict", "bp-said", "bp-rung", "bp-predict",
    "bp-predicted", "bp-progress", "bp-edges", "bp-views", "bp-how", "definition", "beside", "genindex-jumpbox",
}  # fmt: skip
PLAIN = {"form": "div", "fieldset": "div", "label": "span", "legend": "p", "details": "div", "summary": "p"}
NEEDLESS = re.compile(
    r"data-|on|aria-(live|describedby|controls|expanded)|(for|hidden|novalidate|open|tabindex|name|autocomplete|xmlns.*)$"
)
# What book/_ext/strict.py has made of a style attribute.
STYLED = re.compile(r"\.(i-[0-9a-f]+):not\(#_\) \{ (.*) \}")
# Names that lose their capitals in HTML, and need them in XML.
CAPITALS = {name.lower(): name for name in ("viewBox", "preserveAspectRatio", "clipPath", "clipPathUnits", "patternUnits")}


class Page(NamedTuple):
    """A page: its name, such as `book/04-chains`, the caption of its part, and whether it goes with the page before it."""

    name: str
    part: str
    below: bool

    @property
    def key(self) -> str:
        """The name without a slash."""
        return self.name.replace("/", "-")


def contents() -> Iterator[Page]:
    """All pages in the order of `_toc.yml`; the first is built as `index`."""
    yield Page("index", "", False)
    for part in CONTENTS["parts"]:
        for chapter in part["chapters"]:
            yield Page(chapter["file"], part["caption"], False)
            yield from (Page(section["file"], part["caption"], True) for section in chapter.get("sections", []))


def still(name: str, formulas: str) -> Any:
    """The article of a built page as a tree that stands still, of each formula its `mathml` or its `html`.

    Links within the book read `book/04-chains#fig-a-chain`, addresses of images begin at the built folder.
    """
    page = html.parse(HTML / f"{name}.html", html.HTMLParser(encoding="utf-8", remove_comments=True))
    article = page.find(".//article")
    home = page.find('.//link[@rel="canonical"]')
    for el in article.find_class("bp-mixed"):
        el.getparent().replace(el, elsewhere("The sets are made", home))
    for el in list(article.iter()):
        if not_needed(el, {"mathml": "katex-html", "html": "katex-mathml"}[formulas]):
            el.drop_tree()
        elif el.tag == "noscript":  # book/_ext/later.py: what waits outside of the page
            el.drop_tag()
    for el in list(article.iter("div")):
        if "bp-explorer" in el.classes:
            el.append(elsewhere("It moves", home))
        elif "bp-tools" in el.classes:
            link = el.find(".//a")
            if link is None:  # a notebook shows an exercise without its solution
                el.drop_tree()
            else:
                el.getparent().replace(el, E.P(E.CLASS("to-solution"), E.A("Hints and solution", href=link.get("href"))))
    solutions_last(article)
    styles = styles_by_class()
    for el in list(article.iter()):
        for mark in styles.keys() & set(el.get("class", "").split()):
            el.set("style", styles[mark])
            el.classes.discard(mark)
        written(el)
    for el in article.iter():
        settled(el, name)
    return article


@functools.cache
def styles_by_class() -> dict[str, str]:
    """What was a style attribute, by the class in its place: the same sheet for all pages."""
    return dict(STYLED.findall((HTML / "_static" / "book.css").read_text(encoding="utf-8")))


def not_needed(el: Any, other: str) -> bool:
    """Whether an element is for screens only, the `other` form of a formula, room for words to come, or hidden and no hint."""
    classes = {el.tag, *el.classes}
    if el.tag == "input" and el.get("type") in ("range", "file"):
        return True
    if "aria-hidden" in el.attrib and "bp-stack" in el.getparent().classes:
        return True
    hidden = "hidden" in el.attrib and not classes & {"bp-explorer", "bp-picture"} and "bp-hints" not in el.getparent().classes
    return bool(hidden or classes & GONE or other in classes or (el.get("role") == "status" and not len(el)))


def elsewhere(lives: str, home: Any) -> Any:
    """Where that is which needs a script."""
    if home is None:
        return E.P(E.CLASS("elsewhere"), f"{lives} in the built book.")
    return E.P(E.CLASS("elsewhere"), f"{lives} ", E.A("in the book's pages", href=home.get("href")), ".")


def solutions_last(article: Any) -> None:
    """Put the solutions at the end, and each exercise's hints before its solution."""
    blocks = [el for el in article.iter("details") if "solution" in el.classes]
    if not blocks:
        return
    for block in blocks:
        asked = article.get_element_by_id(block.get("id").replace("sol-", "ex-"))
        for hints in [el for el in asked.iter("ol") if "bp-hints" in el.classes]:
            hints.drop_tree()
            block.insert(1, hints)
        block.drop_tree()
    article.append(E.SECTION(E.H2("Hints and solutions"), *blocks, id="solutions"))


def written(el: Any) -> None:
    """A control as what stands in it, or as room for an answer."""
    if el.tag == "input":
        kind = el.get("type")
        if kind in ("radio", "checkbox"):
            new = E.SPAN("○ " if kind == "radio" else "☑ " if "checked" in el.attrib else "☐ ")
        elif "value" in el.attrib:
            new = E.SPAN(E.CLASS("bp-num"), f" {el.get('value').strip()}")
        else:
            new = E.SPAN(E.SPAN(E.CLASS("blank")), f" {el.get('placeholder', '')}")
        new.tail = el.tail
        el.getparent().replace(el, new)
    elif el.tag == "select":
        chosen = next((option for option in el if "selected" in option.attrib), el[0])
        new = E.SPAN(chosen.text, *([] if chosen.get("value", " ") else [E.SPAN(E.CLASS("blank"))]))
        new.tail = el.tail
        el.getparent().replace(el, new)
    elif el.tag == "summary":
        if "code" in el.getparent().classes:
            el.drop_tree()
        el.classes.add("summary")
    elif el.tag == "label" and "bp-option" in el.classes:
        el.tag = "p"


def settled(el: Any, name: str) -> None:
    """Names of tags and attributes as XML wants them, links as `still` says, and a white ground under each picture."""
    el.tag = PLAIN.get(el.tag, CAPITALS.get(el.tag, el.tag))
    for key in [key for key in el.attrib if NEEDLESS.match(key)]:
        del el.attrib[key]
    for key in set(el.attrib) & set(CAPITALS):
        el.set(CAPITALS[key], el.attrib.pop(key))
    if el.tag == "svg" and "bp" in el.classes:
        x, y, width, height = el.get("viewBox").split()
        el.attrib.pop("style", None)
        el.insert(0, el.makeelement("rect", x=x, y=y, width=width, height=height, fill=PAPER))
    elif el.tag in ("mtable", "mtd"):
        for key in [key for key, value in el.attrib.items() if not value]:
            del el.attrib[key]  # KaTeX leaves some empty
    elif el.get("role") == "doc-biblioentry":
        del el.attrib["role"]  # out of use since 2022, and an entry of a list by itself
    elif el.tag == "a":
        el.set("href", whole(el.get("href", ""), name))
    elif el.tag == "img":
        el.set("src", whole(el.get("src"), name))


def whole(address: str, name: str) -> str:
    """An address within the book as it reads from the built folder, without `.html`."""
    if re.match(r"\w+:", address):
        return address
    path, mark, place = address.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)).removesuffix(".html") if path else name
    return ("index" if path == CONTENTS["root"] else path) + mark + place


def coloured(text: str) -> str:
    """The palette's variables as its light colours, which also stand on the pictures' white ground in the dark."""
    return re.sub(r"var\(--bp-(\w+)\)", lambda name: COLOURS[name[1]][0], text)
