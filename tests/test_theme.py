"""The look: its palettes, what a page loads, folds and gradients in small books."""

import re

import gradients
import later
import one_each
import pytest
from books import CODE, ROOT, Book, cell
from IPython.lib.lexers import IPython3Lexer

from bpcourse.pictures.svg import COLOURS

STATIC = ROOT / "book" / "_theme" / "nudge" / "static"
STYLE = (STATIC.parent / "nudge.css").read_text(encoding="utf-8")


def palette(theme: str) -> dict[str, str]:
    """The colours of a theme by their names."""
    begun = ":root {" if theme == "light" else 'html[data-theme="dark"] {'
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", STYLE[STYLE.index(begun) :].partition("}")[0]))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


# ------------------------------------------------------------ colours


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_written_stands_out_on_paper_and_on_surfaces(theme):
    colours = palette(theme)
    grounds = [colours.pop(name) for name in ("paper", "surface")]
    del colours["line"]
    assert {"ink", "muted", "link", "bp-value", "bp-gradient", "keyword", "string", "comment"} <= colours.keys()
    assert [name for name, colour in colours.items() if min(contrast(colour, ground) for ground in grounds) < 4.5] == []


@pytest.mark.parametrize("shade, theme", [(0, "light"), (1, "dark")])
def test_pages_and_pictures_have_one_palette(shade, theme):
    colours = palette(theme)
    full = {
        name: colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:]) for name, colour in colours.items()
    }
    for name in ("ink", "muted", "paper"):
        assert full[name] == COLOURS[name][shade]
    for name in ("value", "gradient"):
        assert full[f"bp-{name}"] == COLOURS[name][shade]


def test_gradients_have_their_colour_in_code():
    lexer = type("Lexer", (gradients.Orange, IPython3Lexer), {})()
    code = "dW2 = delta @ A.T; w.grad = dx; data = update(params, W1); def gradient(d): pass"
    told = [text for kind, text in lexer.get_tokens(code) if kind is gradients.GRADIENT]
    assert told == ["dW2", "delta", "grad", "dx"]


# ------------------------------------------------------------ what a page is made of


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    input_folded, all_folded = cell("1 + 1", ":tags: [hide-input]\n"), cell("dW = 3", ":tags: [hide-cell]\n")
    dropdown, table = ":::{dropdown} Three lines, $a$\nWhat is kept.\n:::\n", "| a | b |\n|---|---|\n| 1 | 2 |\n"
    exercise = "```{exercise} A question\n:label: ex-q\nHow much?\n```\n"
    solution = "```{solution} ex-q\n:label: sol-q\nThat much.\n```\n"
    sections = "\n\n".join(f"## Part $h_{k}$\n\nText, $t_{k}$.\n\n$$d_{k}$$" for k in range(5))
    far = "```{exercise} Far\n:label: ex-far\nFind $e$.\n```\n\n```{solution} ex-far\n:label: sol-far\n$s$\n```\n"
    pages = {
        "index": "# A book\n\nText.\n",
        "01-one": f"{CODE}# One\n\n{input_folded}\n{all_folded}\n{dropdown}\n{table}",
        "02-two": f"# Two\n\n{exercise}\n{solution}",
        "03-three": f"# Three\n\n{sections}\n\n{far}",
    }
    return Book(tmp_path_factory.mktemp("theme"), pages).built()


def test_what_is_folded_is_a_details_with_its_summary(small):
    one, two = small.page("01-one"), small.page("02-two")
    assert re.findall(r"<summary>(.*?)</summary>", one, re.S)[:2] == ["Show the code", "Show the code"]
    assert re.search(r"<details>\s*<summary>Three lines, .*?</summary>\s*<p>What is kept.</p>\s*</details>", one, re.S)
    folded = r"<details class=\"solution\" id=\"sol-q\">\s*<summary>(.*?)</summary>\s*<noscript>(.*?)</noscript>\s*</details>"
    solution = re.search(folded, two, re.S)
    assert solution[1] == "Solution to Exercise 2.1 (A question)"
    assert "That much." in solution[2] and re.search(r'href="#ex-q"', solution[2])
    assert one.count("<details") == one.count("</details>") == one.count("</summary>") == 3


def test_a_table_may_scroll_by_itself(small):
    assert re.search(r'<div class="wide">\s*<table.*?</table>\s*</div>', small.page("01-one"), re.S)


def test_the_list_of_chapters_names_parts_and_marks_the_page(small):
    chapters = re.search(r'<nav class="chapters".*?</nav>\s*(?=<main)', small.page("02-two"), re.S)[0]
    assert re.search(r'<span class="part">Part</span>', chapters)
    assert re.findall(r'<a href="([^"]*)"( aria-current="page")?><span class="number">(\d+)</span> (\w+)</a>', chapters) == [
        ("01-one.html", "", "1", "One"),
        ("#", ' aria-current="page"', "2", "Two"),
        ("03-three.html", "", "3", "Three"),
    ]


def test_a_page_loads_nothing_that_is_not_the_books_own(small):
    ours = r"_static/(first\.js|book\.css|book\.js|practice/.*|logo.*|icon.*)|[\w-]+\.html"
    for page in ("index", "01-one", "02-two", "genindex"):
        loaded = re.findall(r'<(?:script|link)[^>]+(?:src|href)="([^"#?]*)', small.page(page))
        assert [name for name in loaded if not re.fullmatch(ours, name)] == []
        assert not re.search(r"--pst-|bd-article|fa-solid|bootstrap", small.page(page))


def test_nothing_is_shipped_that_no_page_loads(small):
    shipped = {path.relative_to(small.html / "_static").parts[0] for path in (small.html / "_static").rglob("*")}
    made = {"find-index.js", "book.css", "book.js", "inline", "practice"}
    assert {"book.css", "book.js", "fonts"} <= shipped and shipped <= {path.name for path in STATIC.iterdir()} | made


def test_one_script_and_one_sheet_hold_what_was_written_and_no_comment():
    js = "// Top.\n// More.\n{\n  const a = 1; // kept\n\n  // one\n  // two\n  f(`x`);\n}\n"
    assert one_each.short("js", js, "g();") == "{\nconst a = 1; // kept\nf(`x`);\n}\ng();"
    css = "/* a\n   b */\np {\n  color: red; /* c */\n}\n"
    assert one_each.short("css", css, "q{}") == "p {\ncolor: red; }\nq{}"


def test_forms_below_the_first_heading_wait():
    form, other = "<form novalidate><input>\n</form>", '<form class="search"></form>'
    explorer = '<form class="bp-controls" autocomplete="off"></form>'
    wait = "<noscript>{}</noscript>".format
    assert later.put_off(f"{form}<h2>1</h2>{form}{other}{explorer}") == f"{form}<h2>1</h2>{wait(form)}{other}{wait(explorer)}"
    assert later.put_off(form) == form


def test_formulas_from_the_fourth_section_on_wait_but_in_headings_exercises_and_solutions(small):
    page = small.page("03-three")
    waiting, there = "<noscript>", re.sub(r"<noscript>.*?</noscript>", "", page, flags=re.S)
    assert page.count(waiting) == page.count("</noscript>") == 5, "two formulas in each of two sections, and the solution"
    printed = {name: f'<annotation encoding="application/x-tex">{name}</annotation>' for name in ("e", "s")}
    printed |= {f"{k}_{n}": f'<annotation encoding="application/x-tex">{k}_{n}</annotation>' for k in "htd" for n in range(5)}
    assert all(told in page for told in printed.values())
    assert {name for name, told in printed.items() if told not in there} == {"t_3", "d_3", "t_4", "d_4", "s"}


def test_fonts_are_light_and_bring_their_licence():
    fonts = [STATIC / name for name in re.findall(r"url\((fonts/[^)]+)\)", STYLE)]
    assert len(fonts) == 2 and sum(font.stat().st_size for font in fonts) <= 40_000
    assert "SIL OPEN FONT LICENSE Version 1.1" in (STATIC / "fonts" / "LICENSE-Source-Serif.txt").read_text(encoding="utf-8")
    layout = (STATIC.parent / "layout.html").read_text(encoding="utf-8")
    assert all(f"_static/fonts/{font.name}" in layout for font in fonts), "each is sent for early"
