"""Formulas in built pages, and pages without inline scripts and styles, on small books."""

import multiprocessing
import re

import pytest
from books import CODE, Book, cell
from formulas import VALUE, Katex, named
from strict import add, digest, without_inline

MACROS = {"\\val": "\\htmlClass{bp-value}{#1}", "\\pd": "\\frac{\\partial #1}{\\partial #2}"}
EXPLORER = "from bpcourse import examples, explore\nexplore.Circuit(examples.add_then_multiply())"
PAGE = """# One

Here $a_1 < \\val{b}$ stands in a line.

$$
\\pd{f}{x} = \\sqrt{\\sum_k x_k}
$$ (eq-root)

By {eq}`eq-root` and

\\begin{align}
a &= b \\\\
c &= d .
\\end{align}

```{raw} html
<p><span class="math">\\(z &lt; 1\\)</span></p>
```
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    pages = {"index": "# A book\n\nNo formula.\n", "01-one": PAGE, "02-two": f"{CODE}# Two\n\n{cell(EXPLORER)}\n"}
    return Book(tmp_path_factory.mktemp("small"), pages).built()


@pytest.fixture(scope="module")
def katex():
    return Katex(MACROS)


# ------------------------------------------------------------ formulas


def test_a_formula_is_told_twice_once_to_see_and_once_to_hear(small):
    page = small.page("01-one")
    assert page.count('<span class="katex-html" aria-hidden="true">') == page.count("<math ") == 4
    assert "\\(" not in page and "\\[" not in page and "MathJax" not in page


def test_a_formula_holds_its_latex_without_the_books_macros(small):
    told = re.findall(r'<annotation encoding="application/x-tex">(.*?)</annotation>', small.page("01-one"), re.S)
    assert told[0] == "a_1 &lt; {b}"
    assert told[1].strip() == "\\frac{\\partial f}{\\partial x} = \\sqrt{\\sum_k x_k}"
    assert told[3] == "z &lt; 1"


def test_values_keep_their_colour(small):
    assert 'class="enclosing bp-value"' in small.page("01-one")


def test_an_equation_keeps_its_number_and_its_anchor(small):
    page = small.page("01-one")
    assert re.search(r'<div class="math[^"]*" id="equation-eq-root">.*?<span class="eqno">\(1\.1\)', page, re.S)
    assert re.search(r'href="#equation-eq-root">\(1\.1\)</a>', page)


def test_the_style_sheet_has_every_class_of_every_formula(small):
    classes = {name for names in re.findall(r'class="([^"]+)', small.page("01-one")) for name in names.split()}
    sheet = (small.html / "_static" / "book.css").read_text(encoding="utf-8")
    values = {name for name in classes if VALUE.fullmatch(name)}
    assert len(values) > 10 and all(f".{name}{{" in sheet for name in values)
    assert ".hide-tail{" in sheet and ".op-symbol.large-op{font-family:KaTeX_Size2}" in sheet and "mathfrak" not in sheet
    assert ".accent" not in sheet, "no formula has a hat"
    assert ".bp-practice" in sheet and "--measure" in sheet and "/*" not in sheet
    for font in re.findall(r"url\(([^)]+)\)", sheet):
        assert (small.html / "_static" / font).exists()


def test_only_pages_with_formulas_load_what_formulas_need(small):
    assert "KaTeX_Main-Regular.woff2" in small.page("01-one") and "KaTeX" not in small.page("index")


@pytest.mark.parametrize(
    "formula", ["$\\nosuch{x}$", "$$\n\\frac{a\n$$", '```{raw} html\n<span class="math">\\(\\nosuch\\)</span>\n```']
)
def test_a_formula_that_cannot_be_read_stops_every_build_and_is_named(tmp_path, formula):
    book = Book(tmp_path, {"index": "# A book\n", "01-one": f"# One\n\n{formula}\n"})
    for _ in range(2):
        run = book.build()
        assert run.returncode != 0
        assert "01-one" in run.stderr and ("nosuch" in run.stderr or "\\frac{a" in run.stderr)


def test_a_style_of_katex_becomes_classes_that_say_it(katex):
    assert named("top:-3.063em") == "kt-3063" and named("height:0.5em") == "kh500"
    for tex in ("\\hat{y}", "\\sqrt{x}", "\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}", "\\underbrace{x}_{n}", "\\sum"):
        assert "style=" not in katex(tex, True).replace("displaystyle=", "")
    with pytest.raises(ValueError, match="color:red"):
        named("color:red")


@pytest.mark.parametrize(
    "tex, plain",
    [("\\pd{f}{\\val{x_{1}}}", "\\frac{\\partial f}{\\partial {x_{1}}}"), ("\\val {a}b", "{a}b"), ("\\pdq", "\\pdq")],
)
def test_what_is_copied_is_plain_latex(katex, tex, plain):
    assert katex.plain(tex) == plain


def test_only_classes_are_trusted(katex):
    for tex in ("\\htmlStyle{color: red}{x}", "\\href{javascript:alert(1)}{x}", "\\includegraphics{a.png}"):
        with pytest.raises(ValueError):
            katex(tex)


def test_what_was_printed_is_kept_for_the_next_build_with_the_same_printer(katex, tmp_path):
    kept = tmp_path / "formulas.jsonl"
    first = Katex(MACROS, kept)
    assert first("x^2") == katex("x^2") != first("x^2", True)
    with kept.open("a") as file:
        file.write('["0y^2", "<spa')  # a build that was cut off
    again = Katex(MACROS, kept)
    assert again("x^2") == katex("x^2") and again("x^2", True) == first("x^2", True)
    assert not again.owner, "no Node was asked"
    assert Katex({**MACROS, "\\new": "x"}, kept).known == {}


def written_beside(file):
    """A page is written in a process that is forked, as Sphinx does it, and then one more in this one."""
    here = Katex(MACROS, file)
    here("x")
    writer = multiprocessing.get_context("fork").Process(target=here, args=("y",))
    writer.start()
    writer.join()
    assert writer.exitcode == 0 and here("z"), "the first Node still answers"


def test_a_process_that_writes_pages_has_a_node_of_its_own_and_keeps_what_it_prints(katex, tmp_path):
    """Not forked from the process of the tests, which may have threads: what they lock would stay locked in the child."""
    alone = multiprocessing.get_context("spawn").Process(target=written_beside, args=(tmp_path / "formulas.jsonl",))
    alone.start()
    alone.join()
    assert alone.exitcode == 0
    again = Katex(MACROS, tmp_path / "formulas.jsonl")
    assert {name: katex(name[1:]) for name in ("0x", "0y", "0z")} == again.known


# ------------------------------------------------------------ nothing inline


def test_a_page_keeps_no_script_no_style_and_no_style_attribute(small):
    page = small.page("02-two")
    assert not re.search(r"<script(?![^>]* src=)", page) and "<style" not in page and ' style="' not in page
    assert not re.search(r"<[^>]* on[a-z]+=", page)
    files = set(re.findall(r"_static/inline/([0-9a-f]{12}\.js)", page))
    assert files and {path.name for path in (small.html / "_static" / "inline").iterdir()} == files


def test_files_that_no_page_names_are_removed(tmp_path):
    pages = {"index": "# A book\n", "01-one": "# One\n\n```{raw} html\n<script>one()</script>\n```\n"}
    book = Book(tmp_path, pages).built()
    assert len(list((book.html / "_static" / "inline").iterdir())) == 1
    book.write("01-one.md", "# One\n")
    assert list((book.built().html / "_static" / "inline").iterdir()) == []


def test_the_one_sheet_has_the_styles_of_the_pages_that_are(tmp_path):
    styled = '# A page\n\n```{{raw}} html\n<b style="color: {}">x</b>\n```\n'
    book = Book(tmp_path, {"index": "# A book\n", "01-one": styled.format("red"), "02-two": styled.format("blue")}).built()

    def colours() -> list[str]:
        sheet = (book.html / "_static" / "book.css").read_text(encoding="utf-8")
        return re.findall(r"^\.i-\w+:not\(#_\) \{ color: (\w+) \}$", sheet, re.M)

    assert colours() == ["red", "blue"]
    book.write("02-two.md", "# A page\n")
    book.built()
    assert colours() == ["red"], "of a page that was not written again, too"
    name = re.search(r'<b class="(i-\w+)">', book.page("01-one"))[1]
    assert f".{name}:not(#_) {{ color: red }}" in (book.html / "_static" / "book.css").read_text(encoding="utf-8")


def test_what_stands_in_the_one_sheet_is_not_written_again(tmp_path):
    sheet = tmp_path / "book.css"
    sheet.write_text("a { top: 0 }\nb { top: 1px }\n", encoding="utf-8")
    add(sheet, ["  b { top: 1px }", "/* once */ c { top: 0 }", "a { left: 0 }"])
    assert sheet.read_text(encoding="utf-8").split("\n") == [
        "a { top: 0 }", "b { top: 1px }", "", "c { top: 0 }", "a { left: 0 }", "",
    ]  # fmt: skip


STYLED = """<html><head></head><body>
<p class="a" style="color: red" title="a > b">x</p><p style='x'>y</p><br style="top: 0"/><i data-x="1" style="color: red">z</i>
<style>b { top: 0 }</style><svg><style>b { top: 0 }</style><path d="M0" style="fill: &quot;x&quot;"/></svg>
<script>one()</script><script type="module">const two = 1;
for (const root of document.querySelectorAll('[data-explorer="12ab"]')) two;</script>
<script type="application/ld+json">{}</script>
<script src="a.js"></script><pre>&lt;p style="no"&gt;</pre></body></html>"""


def test_inline_parts_go_into_files_and_nothing_else_changes():
    text, rules, files = without_inline(STYLED, "../")
    (script,) = files.items()
    red, top, fill = (f"i-{digest(value, 6)}" for value in ("color: red", "top: 0", "fill: &quot;x&quot;"))
    tasks = re.findall(r'queueMicrotask\(\(\) => \{\n"use strict";\n(.*?)\n\}\);', script[1], re.S)
    assert tasks == ["one()"]
    start = """document.querySelector('[data-explorer="12ab"]').addEventListener('near', () => {\n"use strict";\nconst two = 1;"""
    assert start in script[1], "an explorer starts when it comes near"
    assert rules == [
        "b { top: 0 }", f".{red}:not(#_) {{ color: red }}", f".{top}:not(#_) {{ top: 0 }}", f'.{fill}:not(#_) {{ fill: "x" }}',
    ]  # fmt: skip
    assert f'<p class="{red} a" title="a > b">x</p>' in text and f'<br class="{top}"/>' in text
    assert f'<i class="{red}" data-x="1">z</i>' in text and f'<path class="{fill}" d="M0"/>' in text
    assert f'<script defer src="../{script[0]}"></script>\n</head>' in text
    assert '<script type="application/ld+json">{}</script>' in text and '<script src="a.js"></script>' in text
    assert '&lt;p style="no"&gt;' in text
    assert without_inline(text, "../") == (text, [], {})
