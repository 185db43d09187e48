"""The index of the search, definitions of terms, licences: on small books."""

import json
import re
from importlib.metadata import distribution
from pathlib import Path

import pytest
import tex_as_text
import yaml
from books import ROOT, Book

PAGES = {
    "index": "# A book\n",
    "01-one": "# One $w^2_{12}$\n\nIt moves $z^2_1$. Then `pull_back` comes, see {term}`delta`: it is\n\n"
    "$$\n\\frac{\\partial L}{\\partial z} = 0 .\n$$\n\n"
    "## Below\n\n| sign | means |\n|---|---|\n| $dZ$ | a column. Of deltas |\n",
    "02-two": '# Two\n\nAgain {term}`delta`.\n\n```{raw} html\n<img src="_static/plus.png" alt="">\n```\n',
    "words": "# Words\n\n```{glossary}\ndelta\n  What waits, $\\delta$.\n```\n",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return Book(tmp_path_factory.mktemp("small"), PAGES).built()


def index(book: Book) -> dict[str, list]:
    """Page by page, what the script holds."""
    script = (book.html / "_static" / "find-index.js").read_text(encoding="utf-8")
    pages = json.loads(script.removeprefix("window.findIndex = ").strip().removesuffix(";"))
    return {page[0]: page for page in pages}


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"w^2_{12}", "w²₁₂"),
        (r"\pd{L}{w^2_{12}} = \left( \pd{L}{\hat y_1} \right) x", "∂L/∂w²₁₂ = (∂L/∂ŷ₁) x"),
        (r"\frac{\partial^2 L}{\partial w_i\, \partial w_j}", "(∂²L)/(∂wᵢ ∂wⱼ)"),
        (r"e^{x^2}", "e^(x²)"),
        (r"\delta^l_j = \partial L/\partial z^l_j", "δˡⱼ = ∂L/∂zˡⱼ"),
        (r"-\sum_j y_j \ln \hat y_j", "−∑ⱼ yⱼ ln ŷⱼ"),
        (r"(W^2)^\top \delta^2", "(W²)ᵀ δ²"),
        (r"\begin{pmatrix} 1 & 2 \\ 3 & -4 \end{pmatrix}", "1 2 3 −4"),
        (r"\operatorname{softmax}(K^\top Q/\sqrt d)", "softmax(Kᵀ Q/√d)"),
        (r"\lambda \in \{1, 2\}", "λ ∈ {1, 2}"),
        (r"\text{two words} \quad x", "two words x"),
        (r"\val{2}\cdot\grd{3}", "2 · 3"),
        (r"\max(z, 0) + \ln x", "max(z, 0) + ln x"),
        (r"x^", "x"),
        (r"{x", "x"),
        (r"x}", "x"),
    ],
)
def test_a_formula_is_one_line_as_a_reader_types_it(tex, text):
    assert tex_as_text.as_text(tex) == text


def test_no_formula_of_the_book_keeps_its_commands():
    odd = set()
    for path in (ROOT / "book").glob("*.md"):
        for block, inline in re.findall(r"\$\$(.*?)\$\$|(?<!\$)\$([^$\n]+)\$", path.read_text(encoding="utf-8"), re.S):
            odd |= set(
                re.findall(
                    r"\\\w*|[{}]{2}|\bbegin\b|\b(?:frac|mathrm|partial|cdot|operatorname)\b", tex_as_text.as_text(block or inline)
                )
            )
    assert odd - {"\\"} == set()


def test_the_index_holds_sentences_under_their_sections(small):
    address, title, kind, entries = index(small)["01-one.html"]
    assert (address, title, kind) == ("01-one.html", "1. One w²₁₂", "")
    assert entries == [
        ["", "", "It moves z²₁.\nThen pull_back comes, see delta: it is\n∂L/∂z = 0."],
        ["below", "1.1. Below", "sign; means\ndZ; a column. Of deltas"],
    ]
    assert ["term-delta", "delta", "What waits, δ."] in index(small)["words.html"][3]
    assert not (small.html / "searchindex.js").exists()


def test_a_changed_page_is_found_by_its_new_words_and_a_removed_one_not(tmp_path):
    book = Book(tmp_path, PAGES).built()
    book.write("02-two.md", "# Two\n\nOther words, {term}`delta`.\n")
    found = index(book.built())
    assert "Other words, delta." in found["02-two.html"][3][0][2]
    assert found["01-one.html"] == index(book)["01-one.html"]
    book.contents("index", "02-two", "words")
    assert "01-one.html" not in index(book.built())


def definitions(book: Book, page: str) -> dict[str, str]:
    found = re.findall(r'<div class="definition[^"]*" id="(def-[^"]+)" popover="manual"[^>]*>(.*?)</div>', book.page(page), re.S)
    return {name: re.sub(r"<[^>]*>", "", text).strip() for name, text in found}


def test_a_term_is_described_by_the_glossarys_words(small):
    assert 'aria-describedby="def-delta"' in small.page("01-one")
    assert list(definitions(small, "01-one")) == ["def-delta"]
    assert definitions(small, "01-one")["def-delta"].startswith("What waits, ")
    assert definitions(small, "index") == definitions(small, "words") == {}


def test_a_new_definition_reaches_every_page_that_links_the_term(tmp_path):
    book = Book(tmp_path, PAGES).built()
    book.write("words.md", "# Words\n\n```{glossary}\ndelta\n  Something else.\n```\n")
    book.built()
    assert definitions(book, "01-one") == definitions(book, "02-two") == {"def-delta": "Something else."}


LONG = "A {term}`delta` and what follows from it, once more and at some length, so that the paragraph has several lines. " * 3


@pytest.mark.parametrize(
    ("text", "room"),
    [
        (f"{LONG}\n\nMore.", True),
        ("A {term}`delta` alone.\n\n$$ a = b $$\n", False),
        (f"{{term}}`delta`.\n\n{LONG.replace('{term}`delta`', 'thing')}\n\n$$ a = b $$\n", True),
        (f"- {LONG}\n- $$ a = b $$\n", False),
        (f"> {LONG}\n", False),
        ("A {term}`delta`, a {term}`delta`.\n\nWhat needs a second line, and then a third one.\n\n$$ a = b $$\n", True),
    ],
)
def test_a_note_stands_in_the_margin_where_the_text_beside_it_is_long_enough(tmp_path, text, room):
    """Once, before its paragraph; else the popover stands at the page's end."""
    words = PAGES["words"].replace("What waits", "What waits" + " at some length" * 5)
    book = Book(tmp_path, PAGES | {"01-one": f"# One\n\n## First\n\n{text}", "words": words}).built()
    page = book.page("01-one")
    assert [*definitions(book, "01-one")] == ["def-delta"] and page.count('id="def-delta"') == 1
    note = re.search(r'<div class="definition beside" id="def-delta"[^>]*data-term="delta".*?</div>\s*<[pu]', page, re.S)
    assert bool(note) == room
    assert page.count("definition beside") == room


def test_links_to_copy_have_names(small):
    links = re.findall(r'<a class="headerlink"[^>]*>', small.page("01-one"))
    assert links and all('aria-label="Link to this' in link for link in links)


def test_every_file_of_others_has_its_licence(small):
    text = (small.html / "licences.txt").read_text(encoding="utf-8")
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").strip() in text and "CC BY 4.0" in text
    assert re.findall(r"^What lies in (\S+)$", text, re.M)
    own = {
        path.name for folder in ("book/_theme", "book/_static", "book/_katex", "bpcourse") for path in (ROOT / folder).rglob("*")
    }
    made = {"book.css", "book.js", "find-index.js"}
    named = re.findall(r"^Files of (\S+)$", text, re.M)
    assert named == ["Sphinx"], "whose picture page 2 shows, and which brings much that no page loads"
    for path in (small.html / "_static").rglob("*"):
        if path.is_file() and path.name not in own | made and path.parent.name not in ("inline", "practice"):
            assert given(path, named), f"{path}: which package is it of, and where is its licence?"


def given(path, packages) -> bool:
    content = path.read_bytes()
    files = (Path(one.locate()) for name in packages for one in distribution(name).files)
    return any(one.is_file() and one.stat().st_size == len(content) and one.read_bytes() == content for one in files)


def test_settings_of_the_large_book_load_each_extension_once():
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]
    loaded = settings["config"]["extensions"]
    assert len(loaded) == len(set(loaded)) and set(settings["local_extensions"]) <= set(loaded)
    assert {path.stem for path in (ROOT / "book" / "_ext").glob("*.py")} - set(loaded) <= {
        "kernels",
        "storage",
        "surroundings",
        "tex_as_text",
    }
