"""The page side of practice: what is printed for a chapter, the boxes, and the directives on a small book."""

import gzip
import json
import pickle
import re
from pathlib import Path

import numpy as np
import practice_book
import pytest
from books import ROOT
from fresh import digest
from practice_book import EXERCISES

from bpcourse.practice import bank, diagnosis, page
from bpcourse.practice.exercises import Choice, Code, Ladder, Numbers, Paper, chapter

CHAPTERS = sorted(int(path.stem[1:]) for path in Path(bank.__path__[0]).glob("c[0-9][0-9].py"))
OWN = practice_book.exercises()


def of_chapter(number: int) -> dict:
    return {f"{number:02}.{k}": one for k, one in enumerate(chapter(number), start=1)}


def lists(exercises: dict) -> dict:
    """The data of a chapter without its functions."""
    text = page.data(exercises).removeprefix("bpPractice.add(")
    return json.JSONDecoder().raw_decode(text)[0]


# ------------------------------------------------------------ what is printed


@pytest.mark.parametrize("number", CHAPTERS)
def test_a_chapter_weighs_at_most_25_kb(number):
    told = page.data(of_chapter(number)), page.runtime(), page.style()
    assert sum(len(gzip.compress(text.encode())) for text in told) <= 25_000


@pytest.mark.parametrize("exercises", [OWN, *map(of_chapter, CHAPTERS)])
def test_every_mistake_that_gives_a_number_is_in_the_page(exercises):
    told = lists(exercises)
    for label, one in exercises.items():
        if not isinstance(one, Numbers | Ladder):
            continue
        derivation = told["derivations"][told["exercises"][label]["derivation"]]
        printed = {name: {told["mistakes"][k][0] for k, _ in wrong} for name, _, _, _, wrong in derivation["steps"]}
        for name in page.asked(one):
            for seed in range(3):
                for cause in diagnosis.causes(one.derivation, one.derivation.drawn(seed), name):
                    assert cause.mistakes[0].name in printed[cause.steps[0]], (label, name, cause)


def test_a_formula_is_printed_once_for_each_shape():
    text = page.data({"18.1": EXERCISES[0], "18.3": EXERCISES[2], "18.7": EXERCISES[6]})
    told, end = json.JSONDecoder().raw_decode(text.removeprefix("bpPractice.add("))
    functions = re.findall(r"\([\w,]*\)=>", text.removeprefix("bpPractice.add(")[end:])
    assert len(told["derivations"]) == 1
    assert functions and max(k for form in told["forms"] for k, _ in form["at"].values()) == len(functions) - 1
    sources = text[text.rindex("[(") :].split("},")
    assert len(sources) == len(set(sources)) == len(functions)


def test_what_cannot_be_computed_is_left_out():
    square, wide = {"W": (2, 2), "a": (2, 1)}, {"W": (3, 2), "a": (2, 1)}
    assert page.printed(lambda W, a: W.T @ a, {}, square) is not None
    assert page.printed(lambda W, a: W.T @ a, {}, wide) is None
    assert page.printed(lambda M: M[3, 0], {}, {"M": (2, 2)}) is None


def test_a_function_is_plain_arithmetic():
    source, shape = page.printed(lambda W, a, n: W @ a - -n * a[0], {"n": 2}, {"W": (1, 2), "a": (2, 1)})
    assert shape == (1, 1)
    assert re.fullmatch(r"\(x1,x2,x3,x4\)=>\{const [\w=*+. -]+(,[\w=*+. -]+)*;return \[\w+\]\}", source), source


# ------------------------------------------------------------ the box


def test_a_number_is_written_with_six_digits():
    told = {0.947846273: "0.947846", -2.0: "−2", 100.0: "100", 0.0: "0", 1.5e-7: "1.5e−7", 2e22: "2e22", 0.00001234: "0.00001234"}
    assert {x: page.brief(x) for x in told} == told


def test_a_matrix_is_told_in_words():
    html = page.shown(np.array([[1.0, -2.5], [0.0, 4.0]]))
    assert (
        'aria-label="2 × 2, row by row: 1; −2.5; 0; 4"' in html and html.count("<span><span>") == 2 and html.count("<span>") == 6
    )


@pytest.mark.parametrize(
    "tex, spoken",
    [
        ("\\partial L/\\partial w^2_{12}", "d L by d w 2 12"),
        ("\\hat y", "y hat"),
        ("f'(z^1)", "f prime z 1"),
        ("\\delta^2", "delta 2"),
        ("W^1_{\\text{new}}", "W 1 new"),
    ],
)
def test_a_symbol_is_told_in_words(tex, spoken):
    assert page.words(tex) == spoken


def test_markdown_within_a_line():
    html = page.inline("Since $a < b$ and `x<y`, *not* **so** 2 * 3 & a * b * c.")
    assert '<span class="math notranslate nohighlight">\\(a &lt; b\\)</span>' in html
    assert "<code>x&lt;y</code>, <em>not</em> <strong>so</strong> 2 * 3 &amp; a * b * c." in html


@pytest.mark.parametrize("label", OWN)
def test_every_control_has_a_name_and_every_answer_a_place_for_what_is_said(label):
    html = page.box(OWN[label], label, "there.html")
    for box in re.findall(r"<input(?! type=\"radio\")[^>]*>", html):
        own, said = re.search(r'id="([^"]+)"', box)[1], re.search(r'aria-describedby="([^"]+)"', box)[1]
        assert f'<label for="{own}">' in html and f'id="{said}" role="status"' in html and 'aria-label="' in box
    assert all("aria-label" in select or f"Rung {select}" in html for select in re.findall(r"<select[^>]*>", html))
    assert (
        html.count("<input")
        == {Numbers: len(getattr(OWN[label], "asks", ())), Ladder: 5, Choice: 3, Paper: 0, Code: 0}[type(OWN[label])]
    )
    assert f"#sol-{label.replace('.', '-')}" in html and "<b>" not in html


def test_a_ladder_begins_worked_and_ends_alone():
    html = page.box(OWN["18.3"], "18.3")
    assert re.findall(r'<option value="\d">([^<]+)', html) == ["worked", "1 blank", "2 blanks", "3 blanks", "4 blanks", "alone"]
    assert html.count('class="bp-blank" hidden') == 5
    assert {"add", "multiply", "quotient rule"} <= {*page.menu(OWN["18.3"])} and page.menu(OWN["18.3"]) == sorted(
        page.menu(OWN["18.3"])
    )


# ------------------------------------------------------------ the directives


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return practice_book.book(tmp_path_factory.mktemp("practice")).built()


def test_an_exercise_is_numbered_and_linked_with_its_solution(small):
    html = small.page("18-own")
    assert re.search(r'id="ex-18-1".*?Exercise 18\.1.*?\(A product of a sum\)', html, re.S)
    assert re.search(r'id="sol-18-1".*?<a[^>]+href="#ex-18-1"', html, re.S)
    assert re.search(r'id="ex-18-1".*?<a href="#sol-18-1">Solution</a>.*?id="sol-18-1"', html, re.S)
    assert "See Exercise 18.2, Exercise 18.3 and Solution to Exercise 18.2 (A slope)." in small.text("18-own")
    assert len(re.findall(r'<details class="solution" id="sol-', html)) == len(EXERCISES)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_a_solution_shows_every_step_with_its_number_and_its_rule(small):
    solution = re.search(r'id="sol-18-1".*?</ul>', small.page("18-own"), re.S)[0]
    assert [*re.findall(r'data-value="(\w+)">([^<]+)<', solution)] == [
        ("q", "3"),
        ("f", "−12"),
        ("dq", "−4"),
        ("dq_dx", "1"),
        ("dx", "−4"),
    ]
    assert '"application/x-tex">q = {x} + {y}</annotation>' in solution and "<em>(add)</em>" in solution


def test_the_list_and_the_practice_page_hold_what_stands_in_pages(small):
    listed = re.findall(r'href="(\d\d-\w+\.html#ex-[\d-]+)">Exercise ([\d.]+)</a> ([^<,]*)', small.page("list"))
    assert [number for _, number, _ in listed] == ["7.1", *(f"18.{k}" for k in range(1, len(EXERCISES) + 1))]
    assert listed[3] == ("18-own.html#ex-18-3", "18.3", "From worked to alone")
    kinds = [Numbers, Choice]
    wanted = ["07.1", *(label for label, one in OWN.items() if type(one) in kinds)]
    assert "<template" not in small.page("mixed")
    scripts = [small.html / "_static" / "practice" / f"set-{number}.js" for number in ("07", "18")]
    sets = [json.loads(path.read_text(encoding="utf-8").removeprefix("bpPractice.put(").removesuffix(");\n")) for path in scripts]
    assert [label for told in sets for label in told] == wanted
    assert sets[1]["18.1"][0] == ["add", "multiply", "upstream times local"]
    assert 'class="katex"' in sets[1]["18.1"][1] and 'data-exercise="18.1"' in sets[1]["18.1"][1]
    assert "18. Own exercises" in small.text("mixed")


def test_the_list_is_written_again_when_an_exercise_has_changed_and_only_then(tmp_path):
    made = practice_book.book(tmp_path)
    pages = [made.html / "list.html", made.html / "mixed.html"]
    written = [path.stat().st_mtime_ns for path in pages] if made.built() else []
    text = "# Own exercises\n\nAnother sentence.\n\n" + "\n\n".join(f"```{{practice}} 18.{k}\n```" for k in (1, 2, 3))
    full = (tmp_path / "18-own.md").read_text(encoding="utf-8")
    made.write("18-own.md", full.replace("Text first.", "Another sentence."))
    made.built()
    assert [path.stat().st_mtime_ns for path in pages] == written and "Another sentence." in made.text("18-own")
    made.write("18-own.md", text)
    made.built()
    assert "Exercise 18.3" in made.text("list") and "Exercise 18.4" not in made.text("list")


def test_pages_with_exercises_load_their_chapters_data_and_others_nothing(small):
    def scripts(name):
        return re.findall(r'src="_static/practice/(\w+\.js)', small.page(name))

    assert scripts("18-own") == ["practice.js", "18.js"] and scripts("07-one") == ["practice.js", "07.js"]
    assert scripts("mixed") == ["practice.js", "mixed.js"]
    assert scripts("list") == scripts("index") == []


def test_a_page_depends_on_the_bank_and_the_room_but_its_cells_do_not(small):
    pickled = next((small.folder / "_build").rglob("environment.pickle"))
    told = pickle.loads(pickled.read_bytes()).dependencies["07-one"]
    names = {Path(path).name for path in told}
    assert {"c07.py", "rules.py", "mistakes.py", "page.py", "practice.js", "practice.css"} <= names


def test_cells_are_not_run_again_when_only_practice_has_changed(tmp_path):
    (tmp_path / "room" / "practice").mkdir(parents=True)
    patterns = ["room/**/*", "!room/practice/**/*"]
    (tmp_path / "room" / "a.py").write_text("1")
    (tmp_path / "room" / "practice" / "b.py").write_text("1")
    before = digest(tmp_path, patterns)
    (tmp_path / "room" / "practice" / "b.py").write_text("2")
    assert digest(tmp_path, patterns) == before
    (tmp_path / "room" / "a.py").write_text("2")
    assert digest(tmp_path, patterns) != before


def test_a_label_that_is_not_there_stops_the_build(tmp_path):
    made = practice_book.book(tmp_path)
    made.write("list.md", "# All\n\n```{practice} 18.99\n```\n")
    run = made.build()
    assert run.returncode != 0 and "18.99" in run.stderr and "list.md" in run.stderr


def test_the_book_has_both_pages():
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert "file: book/practice\n" in contents and "file: book/exercises\n" in contents
