"""The mistake clinic: where the bad line is, which reason is right, what the wrong gradient draws, and what is refused."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from helpers import says

from bpcourse.practice import check, clinic, damage, diagnosis, notebook, page, rules
from bpcourse.practice.bank import c19
from bpcourse.practice.derivations import made
from bpcourse.practice.exercises import Clinic, chapter

CASES = {f"19.{k}": one for k, one in enumerate(chapter(19), start=1) if isinstance(one, Clinic)}
every_case = pytest.mark.parametrize("label", CASES)
TOOLS = {
    "tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=0),
    "mean": rules.mean, "total": rules.total,
}  # fmt: skip


def first_difference(case: Clinic) -> int:
    """The line where two runs part, counted from 1."""
    numbers = case.derivation.drawn(case.seed)
    right = case.derivation.run(numbers)
    wrong = case.derivation.run(numbers, wrong={case.at: case.mistake.formula})
    steps = [line.step for line in clinic.lines(case)]
    return next(
        k for k, step in enumerate(steps, 1) if not np.allclose(right[step.name], wrong[step.name], rtol=1e-9, atol=1e-12)
    )


def test_there_are_many_cases_and_no_two_are_alike() -> None:
    alike = {(id(one.derivation), one.mistake.name, one.at) for one in CASES.values()}
    assert len(alike) == len(CASES) >= 20
    assert len({id(one.derivation) for one in CASES.values()}) >= 7, "from gates to attention"
    assert 4 <= sum(one.code for one in CASES.values()) < len(CASES), "derivations and code"
    assert all(one.seed > 0 for one in CASES.values()), "the right way has the book's numbers, a case has others"


@every_case
def test_the_first_bad_line_is_where_right_and_wrong_part(label: str) -> None:
    one = CASES[label]
    told, bad = clinic.lines(one), first_difference(one)
    assert [k for k, line in enumerate(told, 1) if line.verdict == "bad line"] == [bad]
    assert told[bad - 1].step.name == one.at
    right, _ = clinic.both(one)
    spoiled = {k for k, line in enumerate(told, 1) if not np.allclose(right[line.step.name], line.value, rtol=1e-9, atol=1e-12)}
    assert spoiled == {k for k, line in enumerate(told, 1) if line.verdict != "good line"}
    for k, line in enumerate(told, 1):
        if line.verdict == "line that follows":
            assert line.source in spoiled and line.source < k
            assert told[line.source - 1].step.name in line.step.parts.values()


@every_case
def test_every_line_but_the_bad_one_follows_from_what_it_reads(label: str) -> None:
    one = CASES[label]
    _, values = clinic.both(one)
    for line in clinic.lines(one):
        follows = np.allclose(made(rules.RULES[line.step.rule].formula, line.step, values), line.value, rtol=1e-9, atol=1e-12)
        assert follows == (line.verdict != "bad line"), line.step.name


@every_case
def test_one_reason_alone_makes_the_bad_line_what_it_is(label: str) -> None:
    one = CASES[label]
    reasons, right = clinic.menu(one), clinic.both(one)[0]
    names = [reason.mistake.name for reason in reasons]
    assert names == sorted(set(names)) and 4 <= len(names) <= 1 + clinic.OTHERS
    told = clinic.lines(one)
    bad = first_difference(one)
    giving = []
    for reason in reasons:
        step = told[reason.line - 1].step
        value = made(reason.mistake.formula, step, right)
        assert not np.allclose(value, right[step.name], rtol=1e-9), "a mistake that changes nothing is no reason"
        if reason.line == bad and np.allclose(value, told[bad - 1].value, rtol=1e-9, atol=1e-12):
            giving.append(reason.mistake.name)
    assert giving == [one.mistake.name]
    assert [reason.mistake.name for reason in reasons if reason.verdict == "right reason"] == giving


@every_case
def test_one_line_and_one_reason_are_accepted_and_every_other_is_told_why(label: str) -> None:
    one = CASES[label]
    lines = [check(label, line=k).verdicts["line"] for k in range(1, len(clinic.lines(one)) + 1)]
    assert [k for k, verdict in enumerate(lines, 1) if verdict.accepted] == [first_difference(one)]
    reasons = {reason.mistake.name: check(label, reason=reason.mistake.name).verdicts["reason"] for reason in clinic.menu(one)}
    assert [name for name, verdict in reasons.items() if verdict.accepted] == [one.mistake.name]
    for verdict in [*lines, *reasons.values()]:
        assert len(verdict.text) > 40 and not re.search(r"[{}]|nan|None", verdict.text), verdict
    assert check(label, first_difference(one), one.mistake.name).accepted
    assert one.mistake.why in str(reasons[one.mistake.name]) and one.mistake.see in str(reasons[one.mistake.name])


def drawn_slope(picture: str, told: damage.Damage, key: str) -> float:
    """The slope of a line of the picture, in the units of its axes: the ends of the curve say what a pixel is worth."""

    def ends(name: str) -> list[list[float]]:
        path = re.search(rf'd="([^"]*)"[^>]*data-line="{name}"', picture)
        assert path
        points = [[float(x) for x in point.split()] for point in path[1].removeprefix("M").split("L")]
        return [points[0], points[-1]]

    (x0, y0), (x1, y1) = ends("curve")
    (_, low), (_, high) = ends(key)
    pixels = (y1 - y0) / (told.costs[-1] - told.costs[0])
    return (high - low) / pixels / (2 * damage.REACH) if x1 > x0 else math.nan


@every_case
def test_the_right_tangent_touches_the_curve_and_the_wrong_one_does_not(label: str) -> None:
    one = CASES[label]
    told = damage.damage(one)
    picture = damage.picture(one, told).svg
    assert math.isclose(told.right, told.nudged, rel_tol=1e-5)
    here, step = told.costs[damage.STEPS], damage.REACH / damage.STEPS
    chords = (told.costs[damage.STEPS + 1] - here) / step, (here - told.costs[damage.STEPS - 1]) / step
    bend = abs(chords[0] - chords[1])
    assert min(chords) - bend <= told.right <= max(chords) + bend
    rough = 4 / abs(2 * damage.REACH * 200) * (max(told.costs) - min(told.costs) + abs(told.right))  # a pixel or two
    assert abs(drawn_slope(picture, told, "right") - told.right) <= rough
    assert abs(drawn_slope(picture, told, "wrong") - told.wrong) <= rough + 0.01 * abs(told.wrong)
    span = max(told.costs) - min(told.costs)
    assert abs(told.wrong - told.right) * damage.REACH > 0.2 * span, "the miss can be seen"


@every_case
def test_practice_would_have_named_the_mistake(label: str) -> None:
    one = CASES[label]
    verdict = damage.damage(one).verdict
    assert one.mistake.name in verdict.mistakes or verdict.mistakes == ("transposed",)
    assert verdict.text in page.box(one, label).replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")


@every_case
def test_the_diagnosis_never_asks_for_digits_that_nobody_can_type(label: str) -> None:
    assert not damage.damage(CASES[label]).verdict.text.endswith(diagnosis.SAID["give more"].strip())


@every_case
def test_the_right_lines_show_the_books_numbers_that_they_read(label: str) -> None:
    one = CASES[label]
    first = re.findall(r"<li.*?</li>", page.right_lines(one.derivation, one.nudged, one.code))[0]
    _, read = clinic.needed(one.derivation, one.nudged, {})
    given = {name: x for name, x in one.derivation.drawn().items() if name in read}
    assert given and first.count('class="bp-line"') == len(given)
    assert all(page.shown(x) in first for x in given.values())


@pytest.mark.parametrize("label", [label for label, one in CASES.items() if one.code])
def test_the_lines_of_code_give_what_stands_beside_them(label: str) -> None:
    one = CASES[label]
    scope = {**TOOLS, **one.derivation.drawn(one.seed)}
    for line in clinic.lines(one):
        exec(line.text, scope)
        np.testing.assert_allclose(scope[line.step.name], line.value, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("derivation, nudged", [(c19.BATCH, "W1"), (c19.ATTENTION, "q"), (c19.TIME, "w")])
def test_the_right_lines_of_code_give_the_books_numbers(derivation, nudged) -> None:
    scope = {**TOOLS, **derivation.drawn()}
    for line in clinic.right_lines(derivation, nudged, code=True):
        exec(line.text, scope)
        np.testing.assert_allclose(scope[line.step.name], line.value, rtol=1e-12, atol=1e-15)


@every_case
def test_the_box_has_every_line_every_reason_and_a_name_for_every_control(label: str) -> None:
    one = CASES[label]
    html = page.box(one, label)
    assert html.count('type="radio"') == len(clinic.lines(one)) and html.count("<option") == 1 + len(clinic.menu(one))
    for control in re.findall(r'<(?:select|input type="range")[^>]*>', html):
        own = re.search(r'id="([^"]+)"', control)
        assert own and f'<label for="{own[1]}">' in html
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len({*ids}) and "style=" not in html and "<b>" not in html
    symbols = {line.step.name for line in clinic.lines(one)}
    _, read = clinic.needed(one.derivation, one.nudged, {one.at: one.mistake.formula})
    assert html[: html.index("<form")].count("<li>") == len(read - symbols), "all that the lines read is given, and nothing else"


@pytest.mark.parametrize("bad, error", [
    (0, "line: expected a whole number"), (99, "line: expected a line from 1 to 7, got 99"), (-1, "line: expected"),
    (1.5, "line: expected a whole number"), (math.nan, "line: expected"), (1e300, "line: expected"),
])  # fmt: skip
def test_a_line_that_is_not_there_is_refused(bad, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        check("19.3", bad)


@pytest.mark.parametrize("bad", ["3", None, [3], object()])
def test_what_is_no_number_of_a_line_is_refused(bad) -> None:
    with pytest.raises((TypeError, ValueError), match=says("line")):
        check("19.3", bad)


@pytest.mark.parametrize("bad", ["", "no such mistake", "= for += at a fork ", 3, None, ["a path forgotten"]])
def test_a_reason_that_is_not_in_the_menu_is_refused(bad) -> None:
    with pytest.raises((TypeError, ValueError), match=says("reason")):
        check("19.3", reason=bad)


def test_answers_of_another_number_or_name_are_refused() -> None:
    for arguments, named in (((), {}), ((1, "a path forgotten", 3), {}), ((), {"row": 1})):
        with pytest.raises(ValueError, match=says("answers")):
            check("19.3", *arguments, **named)


def test_a_case_that_nobody_can_make_is_refused() -> None:
    with pytest.raises(ValueError, match=says("mistake")):
        clinic.case("", c19.NEURON, "transposed weight", "slope", "w", "loss", seed=1)
    with pytest.raises(ValueError, match=says("name")):
        clinic.case("", c19.NEURON, "factor 2 lost", "nowhere", "w", "loss", seed=1)
    with pytest.raises(ValueError, match=says("mistake")):  # it has another shape
        clinic.case("", c19.BATCH, "mean over the units in place of the examples", "db1", "b1", "cost", seed=1)


def test_a_mistake_that_changes_nothing_here_makes_no_case() -> None:
    zero = c19.NEURON.givens[0]._replace(value=np.zeros((1, 1)), low=None)  # x = 0: so is z, and both give the slope 0
    still = replace(c19.NEURON, givens=(zero, *c19.NEURON.givens[1:]))
    with pytest.raises(ValueError, match=says("mistake")):
        clinic.case("", still, "z taken for a", "dw", "w", "loss", seed=1)


def test_an_exercise_is_shown_in_a_notebook_but_not_what_is_done_on_paper_or_in_code() -> None:
    shown = notebook.Shown("19.3")
    assert repr(shown) == "<exercise 19.3: A fork, case 1>"
    html = shown._repr_html_()
    assert html.count("data-exercise=") == 2 and 'class="bp-practice" data-alone' in html, "no page takes it for its own"
    assert "Solution</a>" not in html and 'type="module"' in html
    assert html.count("<style>") == 2 and f"<style>{page.style()}</style>" in html
    assert "--ink:" not in html.replace(".bp-practice[data-alone]{--ink:", ""), "the colours are for this box alone"
    own = notebook.Shown(CASES["19.4"])
    assert re.fullmatch(r"00\.\d+", own.label) and own._repr_html_() == notebook.Shown(CASES["19.4"])._repr_html_()
    kinds = {type(one).__name__: f"19.{k}" for k, one in enumerate(chapter(19), start=1)}
    for kind in "Paper", "Code":
        with pytest.raises(ValueError, match=says("one")):
            notebook.Shown(kinds[kind])
    with pytest.raises(TypeError, match=says("one")):
        notebook.Shown(3)
    with pytest.raises(ValueError, match=says("label")):
        notebook.Shown("19.99")


def test_two_values_that_differ_by_crumbs_are_the_same() -> None:
    assert diagnosis.same(np.array([0.1 + 0.2]), np.array([0.3])) and not diagnosis.same(0.3, 0.3001)
