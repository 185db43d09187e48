"""What a page says of itself and of its place in the book: small books, and the stored pictures."""

import functools
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree

import identity
import place
import pytest
import yaml
from books import ROOT, Book
from docutils import nodes
from PIL import Image

from bpcourse.pictures import svg

STATIC = ROOT / "book" / "_theme" / "nudge" / "static"
SENTENCE = "Nine words of a sentence that takes three seconds. "
PAGES = {
    "book/index": "# A book\n\nIt says what it is about. It is small.\n\n## More\n\nHere.\n",
    "book/01-one": "# One *thing*\n\nTwo gates meet. **What does $w^2_{12}$ do to $\\partial L/\\partial z$?**\n\n"
    f"{SENTENCE * 65}\n\n```{{exercise}}\n:label: ex-one\nA *question* of {SENTENCE * 200}\n```\n\n$$a$$\n\n$$b$$\n",
    "notebooks/01-one": "# Notebook: one thing\n\n"
    "This notebook goes with [chapter 1](../book/01-one.md): you count <gates> & wires.\n",
    "book/02-two": f"# Two\n\nA beginning [that goes](03-three.md), {'and on, ' * 40}and ends.\n",
    "book/03-three": f"# Three\n\n{SENTENCE * 4}**And what is the question?**\n",
    "book/teachers": "# For teachers\n\n| chapter | mathematics | Python | earlier chapters |\n|---|---|---|---|\n"
    "| 1 | none | none | none |\n| 2 to 3 | none: it is explained there | numpy arrays, from 2 on | 1, 2 to 9 |\n",
    "book/bare": "---\ndescription: What the page itself says.\n---\n\n# Bare\n\nNot this.\n",
}
CONTENTS = {
    "format": "jb-book",
    "root": "book/index",
    "parts": [
        {
            "caption": "First & last",
            "numbered": True,
            "chapters": [{"file": "book/01-one", "sections": [{"file": "notebooks/01-one"}]}, {"file": "book/02-two"}],
        },
        {"caption": "Then", "numbered": True, "chapters": [{"file": "book/03-three"}]},
        {"caption": "Back matter", "chapters": [{"file": "book/teachers"}, {"file": "book/bare"}]},
    ],
}


class Here(HTMLParser):
    """What a page refers to, and what its head says."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.metas: dict[str, list[str]] = {}
        self.links: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.addresses += [str(given[name]) for name in ("href", "src", "action", "data-content_root") if given.get(name)]
        if tag == "meta" and (name := given.get("name") or given.get("property")):
            self.metas.setdefault(str(name), []).append(str(given["content"]))
        if tag == "link":
            self.links.setdefault(str(given["rel"]), str(given["href"]))


def made(folder: Path, base: str = "") -> Book:
    book = Book(folder, PAGES)
    settings = yaml.safe_load((folder / "_config.yml").read_text(encoding="utf-8"))
    settings["html"]["baseurl"] = base
    settings["sphinx"]["config"]["needs_page"] = "book/teachers"
    book.write("_config.yml", yaml.safe_dump(settings))
    book.write("_toc.yml", yaml.safe_dump(CONTENTS))
    return book.built()


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return made(tmp_path_factory.mktemp("book"))


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    return made(tmp_path_factory.mktemp("published"), "https://example.org/course/nudge/")


def all_pages(book: Book) -> dict[str, Here]:
    paths = sorted(book.html.rglob("*.html"))
    texts = {path.relative_to(book.html).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    return {name: Here(text) for name, text in texts.items() if "http-equiv" not in text}


# ------------------------------------------------------------ descriptions


def told(book: Book, name: str) -> str:
    (sentence,) = Here(book.page(name)).metas["description"]
    return sentence


def test_every_page_has_a_sentence_of_its_own(book):
    told = [here.metas["description"] for here in all_pages(book).values()]
    assert len(told) >= len(PAGES) + 3 and all(len(sentences) == 1 for sentences in told)
    sentences = [one for (one,) in told]
    assert len(set(sentences)) == len(sentences)
    assert all(10 < len(one) <= 160 for one in sentences)


def test_a_sentence_is_the_page_s_own_beginning(book):
    assert told(book, "index") == "It says what it is about. It is small."
    assert told(book, "book/01-one") == "Two gates meet. What does w²₁₂ do to ∂L/∂z?"
    assert told(book, "notebooks/01-one") == "Notebook of chapter 1: count <gates> & wires."
    assert told(book, "book/03-three") == "And what is the question?"
    assert told(book, "book/bare") == "What the page itself says."
    assert re.fullmatch(r"A beginning that goes(, and on){15,}\.", told(book, "book/02-two"))


def test_a_page_says_the_same_to_those_who_share_it(book):
    here = Here(book.page("notebooks/01-one"))
    assert here.metas["og:description"] == here.metas["description"]
    assert "<title>Notebook: one thing · Backpropagation You Can Nudge</title>" in book.page("notebooks/01-one")
    assert here.metas["og:title"] == ["Notebook: one thing"] and here.metas["og:site_name"] == ["Backpropagation You Can Nudge"]


@pytest.mark.parametrize(
    "text, shown",
    [
        ("Short.", "Short."),
        (f"{'w' * 60}. {'w' * 60}? {'w' * 60}.", f"{'w' * 60}. {'w' * 60}?"),
        (f"{'w' * 60}, {'w ' * 60}", f"{'w' * 60}."),
        ("www " * 60, "www " * 38 + "www …"),
        ("w" * 200, "w" * 159 + "…"),
    ],
)
def test_a_long_beginning_is_cut_where_it_pauses(text, shown):
    assert identity.shortened(text) == shown and len(shown) <= 160


def test_a_sentence_holds_no_citation_and_its_formulas_as_signs():
    cited = nodes.inline("", "[Someone, 2018]", classes=["bibtex-citation"])
    told = nodes.paragraph("", "", nodes.Text("Says "), cited, nodes.Text(", of "), nodes.math("", "w^2_{12}"), nodes.Text("."))
    assert identity.words(told) == "Says, of w²₁₂."


# ------------------------------------------------------------ addresses


def test_without_an_address_no_page_names_one(book):
    for name, here in all_pages(book).items():
        assert not {"og:url", "og:image", "twitter:card"} & set(here.metas), name
        assert "canonical" not in here.links
    assert "Sitemap" not in (book.html / "robots.txt").read_text()
    assert not (book.html / "sitemap.xml").exists()


def test_with_an_address_every_page_names_its_own(published):
    pages = all_pages(published)
    canonical = {name: here.links["canonical"] for name, here in pages.items()}
    assert canonical["index.html"] == "https://example.org/course/nudge/"
    assert canonical["book/01-one.html"] == "https://example.org/course/nudge/book/01-one.html"
    assert len(set(canonical.values())) == len(pages)
    for name, here in pages.items():
        assert here.metas["og:url"] == [canonical[name]]
        (card,) = here.metas["og:image"]
        assert (published.html / card.removeprefix("https://example.org/course/nudge/")).is_file()


def test_the_sitemap_has_every_page_of_the_book(published):
    places = {place.text for place in ElementTree.parse(published.html / "sitemap.xml").findall(".//{*}loc")}
    own = {"search.html", "404.html", "py-modindex.html", "genindex.html"}
    assert places == {here.links["canonical"] for name, here in all_pages(published).items() if name not in own}
    robots = (published.html / "robots.txt").read_text()
    assert robots.splitlines()[-1] == "Sitemap: https://example.org/course/nudge/sitemap.xml"


def test_every_address_in_the_book_leads_somewhere(book):
    for path in book.html.rglob("*.html"):
        if path.name == "404.html":
            continue
        for address in Here(path.read_text(encoding="utf-8")).addresses:
            if not urlsplit(address).scheme:
                target = (path.parent / unquote(urlsplit(address).path)).resolve() if urlsplit(address).path else path
                assert target.exists(), f"{path.relative_to(book.html)}: {address}"


def test_the_cover_lies_on_top_and_old_addresses_lead_on(book):
    assert "It says what it is about" in book.text("index")
    assert all("book/index" not in address for here in all_pages(book).values() for address in here.addresses)
    for old, new in {"book/index": "../index.html", "intro": "index.html"}.items():
        assert re.search(r'<meta http-equiv="refresh" content="0; url=([^"]*)">', book.page(old))[1] == new
        assert "<script" not in book.page(old)


# ------------------------------------------------------------ wrong addresses


class Host(SimpleHTTPRequestHandler):
    """A host that keeps a book in a folder, and shows the book's own page where there is none."""

    folder = "/"

    def translate_path(self, path: str) -> str:
        inside = urlsplit(path).path
        return super().translate_path("/" + inside.removeprefix(self.folder)) if inside.startswith(self.folder) else "/nowhere"

    def send_error(self, code: int, *more) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write((Path(self.directory) / "404.html").read_bytes())

    def log_message(self, *more) -> None:
        pass


@pytest.fixture(params=["/", "/course/nudge/"])
def host(request, book, published) -> Iterator[str]:
    handler = type("Inside", (Host,), {"folder": request.param})
    html = (book if request.param == "/" else published).html
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=html)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{request.param}"
        server.shutdown()


@pytest.mark.parametrize("wrong", ["nothing", "nothing.html", "book/nothing.html", "a/b/c/d/", "book/01-one.html/more"])
def test_the_page_for_wrong_addresses_works_at_any_depth(host, wrong):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(host + wrong)
    here = Here(refused.value.read().decode())
    assert refused.value.code == 404
    addresses = {urljoin(host + wrong, address) for address in here.addresses if not address.startswith("#")}
    assert {f"{host}{page}" for page in ("index.html", "book/01-one.html", "_static/logo.svg")} <= addresses
    for address in addresses:
        if address.startswith("http://127.0.0.1"):
            assert urllib.request.urlopen(address).status == 200


def test_a_host_that_would_hide_folders_is_told_not_to(book):
    assert (book.html / ".nojekyll").is_file() and (book.html / "_static").is_dir()


# ------------------------------------------------------------ the place of a chapter


def head(book: Book, name: str) -> str:
    text = re.search(r'<div class="place">.*?</div>', book.page(name), re.S)
    return unescape(" ".join(re.sub(r"<[^>]*>", "", text[0]).split())) if text else ""


def test_a_chapter_says_where_it_stands_and_what_it_needs(book):
    assert head(book, "book/01-one") == "First & last · chapter 1 of 3 5 minutes to read, 5 for its exercise"
    assert head(book, "book/02-two") == "First & last · chapter 2 of 3 5 minutes to read Needs numpy arrays; chapters 1, 2 to 9"
    assert head(book, "notebooks/01-one") == "Goes with chapter 1: One thing"
    assert [head(book, name) for name in ("index", "book/teachers", "404")] == [""] * 3


def test_the_map_marks_the_chapter_and_its_part(book):
    marks = {name: re.findall(r'<rect class="(\w+)"', book.page(f"book/{name}")) for name in ("01-one", "03-three")}
    assert marks == {"01-one": ["here", "part", "other"], "03-three": ["other", "other", "here"]}


def test_needs_link_to_the_chapters_that_are_there(book):
    text = re.search(r"<p>Needs.*?</p>", book.page("book/03-three"), re.S)[0]
    assert re.findall(r'href="([^"]*)">(\d+)', text) == [("01-one.html", "1"), ("02-two.html", "2")]


def test_chapters_follow_the_table_for_teachers(tmp_path):
    book = made(tmp_path)
    book.write("book/teachers.md", PAGES["book/teachers"].replace("| 1 | none | none | none |", "| 1 | limits | none | none |"))
    assert "Needs limits" in head(book.built(), "book/01-one")


@pytest.mark.parametrize(
    "text, numbers", [("none", []), ("1", [1]), ("2 to 4", [2, 3, 4]), ("3, 9 to 11, 14", [3, 9, 10, 11, 14])]
)
def test_chapters_are_read_as_a_reader_does(text, numbers):
    assert place.numbers(text) == numbers


def test_the_time_counts_words_formulas_and_pictures_but_no_exercise():
    page = nodes.section("", nodes.paragraph("", "", nodes.Text("word " * 100), nodes.math("", "\\frac{a}{b} + c")))
    assert place.seconds(page) == 32
    page += [nodes.math_block("", "a b c"), nodes.raw("", "<svg>many words inside</svg>", format="html")]
    assert place.seconds(page) == 72
    page += type("exercise_enumerable_node", (nodes.Admonition, nodes.Element), {})("", nodes.Text("word " * 500))
    assert place.seconds(page) == 72


@pytest.mark.parametrize("time, shown", [(0, 5), (4, 5), (7.4, 5), (7.6, 10), (61, 60)])
def test_times_are_round(time, shown):
    assert place.minutes(time) == shown


# ------------------------------------------------------------ pictures


@pytest.mark.parametrize(
    "name, size, most", [("card", (1200, 630), 60_000), ("icon-180", (180, 180), 5_000), ("icon-32", (32, 32), 2_000)]
)
def test_the_stored_pictures_have_their_size(name, size, most):
    assert Image.open(STATIC / f"{name}.png").size == size
    assert (STATIC / f"{name}.png").stat().st_size <= most


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_logo_can_be_seen_on_light_and_on_dark():
    logo = (STATIC / "logo.svg").read_text()
    assert "<style" not in logo and len(logo) < 600
    for paper in ("#ffffff", svg.COLOURS["paper"][1]):
        for colour in set(re.findall("#[0-9a-f]{6}", logo)):
            low, high = sorted([luminance(colour), luminance(paper)])
            assert (high + 0.05) / (low + 0.05) >= 3


def test_the_browser_s_bar_has_the_page_s_colours(book):
    css = (STATIC.parent / "nudge.css").read_text()
    papers = [(colour + colour[1:])[:7] for colour in re.findall(r"--paper: (#\w+)", css)[:2]]
    assert [(colour + colour[1:])[:7] for colour in Here(book.page("index")).metas["theme-color"]] == papers
