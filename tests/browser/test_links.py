"""Links, names and pictures of every built page, read without a browser."""

import functools
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from conftest import BUILT, HTML

PICTURES = "img", "svg", "canvas", "iframe", "object"
EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
LOADED = {"src", "srcset", "poster", "data"}
NAMED = {"for", "form", "list", "headers", "popovertarget", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns",
         "aria-details"}  # fmt: skip


class Reader(HTMLParser):
    """What a page names, where it leads to, what it loads, and its pictures without a text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.named: set[str] = set()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.silent: list[str] = []
        self.open: list[tuple[str, bool]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attributes}
        if "id" in told and not any(name == "template" for name, _ in self.open):
            self.ids.append(told["id"])
        for name in NAMED & set(told):
            self.named |= set(told[name].split())
        if "href" in told:
            is_loaded = tag == "use" or (
                tag == "link" and told.get("rel") not in ("prev", "next", "canonical", "author", "search")
            )
            (self.loaded if is_loaded else self.links).add(told["href"])
        for name in LOADED & set(told):
            self.loaded.add(told[name].split()[0])
        if tag == "form":
            self.links |= {told["action"]} if "action" in told else set()
        if tag == "meta" and told.get("http-equiv", "").lower() == "refresh":
            self.links.add(told["content"].partition("url=")[2])
        hidden = any(hides for _, hides in self.open) or told.get("aria-hidden") == "true"
        alt = re.sub(r"\S*\.(png|svg|jpe?g)$", "", told.get("alt", ""))  # the name of a file is none
        text = alt + told.get("aria-label", "") + told.get("aria-labelledby", "")
        if tag in PICTURES and not (hidden or text.strip()):
            self.silent.append(self.get_starttag_text() or tag)
        if tag not in EMPTY:
            self.open.append((tag, hidden or tag in PICTURES))  # a picture in a picture is a part of it

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in EMPTY:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass


@functools.cache
def read(page: str) -> Reader:
    return Reader((HTML / page).read_text(encoding="utf-8"))


def is_outside(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.scheme or parts.netloc) and parts.scheme != "data"


def broken(page: str, address: str) -> bool:
    """Whether nothing is at an address of the book."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or address.startswith("data:"):
        return False
    start = HTML if parts.path.startswith("/") else (HTML / page).parent
    path = start / unquote(parts.path).lstrip("/") if parts.path else HTML / page
    path = path / "index.html" if path.is_dir() else path
    if not path.is_file() or not path.resolve().is_relative_to(HTML):
        return True
    anchor = unquote(parts.fragment)
    return bool(anchor) and path.suffix == ".html" and anchor not in read(path.resolve().relative_to(HTML).as_posix()).ids


@pytest.mark.parametrize("page", BUILT)
def test_a_page_leads_nowhere_wrong(page):
    """Every link and anchor inside the book, everything that it loads, every element that another one names."""
    told = read(page)
    assert [address for address in sorted(told.links | told.loaded) if broken(page, address)] == []
    assert sorted(told.named - set(told.ids)) == []


@pytest.mark.parametrize("page", BUILT)
def test_a_page_loads_nothing_from_elsewhere(page):
    assert [address for address in sorted(read(page).loaded) if is_outside(address)] == []


@pytest.mark.parametrize("page", BUILT)
def test_a_name_in_a_page_stands_once(page):
    ids = read(page).ids
    assert sorted({name for name in ids if ids.count(name) > 1 or not name or re.search(r"\s", name)}) == []


@pytest.mark.parametrize("page", BUILT)
def test_every_picture_has_a_text(page):
    assert read(page).silent == []


@pytest.mark.parametrize("path", sorted(HTML.glob("_static/**/*.css")), ids=lambda path: path.name)
def test_a_style_sheet_loads_what_is_there(path: Path):
    addresses = re.findall(r"url\(\s*[\"']?([^)\"']+?)[\"']?\s*\)", path.read_text(encoding="utf-8"))
    page = path.relative_to(HTML).as_posix()
    assert [address for address in addresses if is_outside(address) or broken(page, address)] == []


SPOILT = """<p id="a"><p id="a"><a href="gone.html">x</a><a href="#gone">x</a><label for="gone">x</label>
<img src="https://example.org/x.png"><svg><title>x</title></svg><template><p id="b"><p id="b"></template>"""


def test_the_reader_sees_what_is_wrong():
    told = Reader(SPOILT)
    assert told.ids == ["a", "a"] and told.named == {"gone"} and len(told.silent) == 2
    assert all(broken("index.html", address) for address in told.links) and len(told.links) == 2
    assert [is_outside(address) for address in told.loaded] == [True]
