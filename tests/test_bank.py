"""The question bank, chapter by chapter: what every exercise must have, and that its answers are what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpcourse.practice import bank, check, diagnosis, page
from bpcourse.practice.derivations import made
from bpcourse.practice.exercises import Choice, Code, Ladder, Numbers, chapter
from bpcourse.practice.mistakes import possible
from bpcourse.practice.rules import RULES, UNFIT, parts_of

BOOK = Path(__file__).parent.parent / "book"
CHAPTERS = sorted(int(path.stem[1:]) for path in Path(bank.__path__[0]).glob("c[0-9][0-9].py"))
EXERCISES = {f"{number:02}.{k}": e for number in CHAPTERS for k, e in enumerate(chapter(number), start=1)}
ASKED: dict[str, Numbers | Ladder] = {label: e for label, e in EXERCISES.items() if isinstance(e, Numbers | Ladder)}
CODE = {label: e for label, e in EXERCISES.items() if isinstance(e, Code)}


def asks(exercise: Numbers | Ladder) -> list[str]:
    """What is asked of one who works alone."""
    return list(exercise.steps if isinstance(exercise, Ladder) else exercise.asks)


def values(exercise: Numbers | Ladder, seed: int) -> dict[str, Any]:
    derivation = exercise.derivation
    return derivation.run(derivation.drawn(seed))


def typed(value: Any, digits: int) -> str:
    """A value as a reader types it, row by row; what has fewer digits is typed as it is."""
    flat = np.ravel(value).astype(float)
    return " ".join(f"{x:.{digits}g}" if float(f"{x:.{digits}g}") == x else f"{x:#.{digits}g}" for x in flat)


# --------------------------------------------------------------------------- the page


@pytest.mark.parametrize("number", CHAPTERS)
def test_a_chapter_has_seven_exercises_and_its_page_shows_them_in_order(number: int) -> None:
    text = next(BOOK.glob(f"{number:02}-*.md")).read_text(encoding="utf-8")
    exercises = chapter(number)
    blocks = list(re.finditer(r"^`{3,}\{practice\}\s+(\S+)", text, re.MULTILINE))
    assert len(exercises) >= 7
    assert [block[1] for block in blocks] == [f"{number:02}.{k}" for k in range(1, len(exercises) + 1)]
    sections = {match[1]: match.start() for match in re.finditer(r"^## (.+)$", text, re.MULTILINE)}
    first = min(sections.values())
    assert [block.start() < first for block in blocks].count(True) == 2, "two questions stand before the first section"
    assert sections["Practice"] < sections["Three lines to keep"]
    inside = [block for block in blocks if first < block.start() < sections["Practice"]]
    assert inside, "some stand where the idea is fresh"
    assert all(block.start() < sections["Three lines to keep"] for block in blocks)


@pytest.mark.parametrize("number", CHAPTERS)
def test_a_chapter_asks_for_more_than_numbers(number: int) -> None:
    kinds = [type(e).__name__ for e in chapter(number)]
    assert kinds.count("Numbers") + kinds.count("Ladder") >= 3 and {"Choice", "Paper", "Code"} <= {*kinds}, kinds


# --------------------------------------------------------------------------- what is written


@pytest.mark.parametrize("label", EXERCISES)
def test_an_exercise_has_a_title_a_question_three_hints_and_a_solution(label: str) -> None:
    e = EXERCISES[label]
    assert e.title and e.text and len(e.hints) == 3 and all(e.hints) and len({*e.hints}) == 3
    assert e.solution
    assert not re.search(r"[\\$]", "".join(e.hints)), "hints are plain text"


@pytest.mark.parametrize("label", [label for label, e in EXERCISES.items() if isinstance(e, Choice)])
def test_one_option_is_right_and_each_says_why(label: str) -> None:
    e = EXERCISES[label]
    assert isinstance(e, Choice)
    assert 3 <= len(e.options) <= 4 and len({option.text for option in e.options}) == len(e.options)
    assert [option.right for option in e.options].count(True) == 1
    assert all(option.why for option in e.options)
    for k, option in enumerate(e.options, start=1):
        report = check(label, k)
        assert report.accepted == option.right and option.why in str(report)


@pytest.mark.parametrize("label", ASKED)
def test_no_number_that_a_seed_changes_stands_in_the_words(label: str) -> None:
    """Numbers with a point or a sign, or behind a symbol and =: a bare whole number may be a layer's or a chapter's."""
    e = ASKED[label]
    runs = [values(e, seed) for seed in range(3)]
    changing = {
        name: np.ravel(value).astype(float)
        for name, value in runs[0].items()
        if not callable(value) and any(not np.array_equal(value, run[name]) for run in runs[1:])
    }
    words = "\n".join([e.title, e.text, *e.hints, e.solution]).replace("−", "-")
    said = [
        text
        for text in re.findall(r"(?<![\w)}])-\d+(?:\.\d+)?|\d+\.\d+", re.sub(r"[_^](\{[^}]*\}|\w)", "", words))
        for x in np.concatenate([*changing.values(), []])
        if float(text) == (round(x, len(text.partition(".")[2])) if "." in text else x)
    ]
    for name, symbol in e.derivation.symbols().items():
        if len(changing.get(name, ())) == 1:
            said += re.findall(rf"(?<![\w}}]){re.escape(symbol)}\s*=\s*{changing[name][0]:g}(?![\d.])", words)
    assert not said, f"{said} change with the seed"


# --------------------------------------------------------------------------- numbers


@pytest.mark.parametrize("label", ASKED)
def test_what_is_asked_and_shown_is_in_the_derivation(label: str) -> None:
    e = ASKED[label]
    names = asks(e)
    assert len({*names}) == len(names)
    for k, name in enumerate(names):
        needed = {step.name for step in e.derivation.before(name)}
        assert not needed & {*names[k + 1 :]}, "asked in the order in which it is found"
    assert {*(e.shows or ())} <= {given.name for given in e.derivation.givens}


@pytest.mark.parametrize("label", ASKED)
@pytest.mark.parametrize("seed", range(4))
def test_the_right_answers_are_accepted(label: str, seed: int) -> None:
    e = ASKED[label]
    true = values(e, seed)
    report = check(label, *[typed(true[name], 5) for name in asks(e)], seed=seed)
    assert {verdict.kind for verdict in report.verdicts.values()} == {"right"}, report


@pytest.mark.parametrize("label", [label for label, e in ASKED.items() if isinstance(e, Ladder)])
def test_every_rung_asks_for_the_last_lines_and_their_rules(label: str) -> None:
    e = ASKED[label]
    true = values(e, 0)
    for k in range(1, len(asks(e)) + 1):
        names = asks(e)[-k:]
        rules = {name: e.derivation.step(name).rule for name in names}
        report = check(label, *[typed(true[name], 5) for name in names], rung=k, rules=rules)
        assert report.accepted and len(report.verdicts) == 2 * k, report


@pytest.mark.parametrize("label", ASKED)
def test_fresh_numbers_are_finite_and_fresh(label: str) -> None:
    e = ASKED[label]
    runs = [values(e, seed) for seed in range(20)]
    for seed, run in enumerate(runs):
        for name in asks(e):
            assert np.all(np.isfinite(np.asarray(run[name], float))), f"{name} at seed {seed}: {run[name]}"
    fresh = [name for name in asks(e) if len({tuple(np.ravel(run[name])) for run in runs[:4]}) > 1]
    assert 2 * len(fresh) >= len(asks(e)), f"only {fresh} differ"


@pytest.mark.parametrize("label", ASKED)
def test_every_single_mistake_is_named(label: str) -> None:
    """What comes out with one mistake, typed with five digits, names it; where several give the number, all."""
    e = ASKED[label]
    name = asks(e)[-1]
    numbers = e.derivation.drawn(0)
    true = e.derivation.run(numbers)[name]
    found = diagnosis.causes(e.derivation, numbers, name)
    tried = 0
    for cause in found:
        if np.size(cause.value) != np.size(true):
            continue  # as many boxes as the right value has: such an answer cannot be typed
        answer = typed(cause.value, 5)
        if diagnosis.fits(diagnosis.read(answer, np.size(true)), true, cut=True):
            continue  # five digits do not tell it from the right value
        verdict = diagnosis.verdict(e.derivation, numbers, name, answer)
        if verdict.mistakes == ("transposed",):
            continue
        tried += 1
        assert cause.mistakes[0].name in verdict.mistakes, f"{answer} by {cause.mistakes[0].name} at {cause.steps}: {verdict}"
    assert tried, "nobody can go wrong here"


@pytest.mark.parametrize("label", ASKED)
def test_what_can_be_computed_can_be_printed_for_the_page(label: str) -> None:
    """Each rule on the way, and each mistake that gives a number: the page must know it, too."""
    derivation = ASKED[label].derivation
    run = derivation.run(derivation.drawn())
    for reached in dict.fromkeys(step.name for name in asks(ASKED[label]) for step in derivation.before(name)):
        step = derivation.step(reached)
        for formula in [RULES[step.rule].formula, *[mistake.formula for mistake in possible(step)]]:
            try:
                made(formula, step, run)
            except UNFIT:
                continue
            offered = {**step.constants, **{part: run[name] for part, name in step.parts.items()}}
            parts = {part: offered[part] for part in parts_of(formula)}
            fixed = {part: x for part, x in parts.items() if part in step.constants or callable(x)}
            shapes = {part: np.shape(x) for part, x in parts.items() if part not in fixed}
            assert page.printed(formula, fixed, shapes), f"{step.name} by {step.rule}: {parts_of(formula)}"


# --------------------------------------------------------------------------- code


def written(stub: str) -> Any:
    """The function that a stub defines, in a notebook that has numpy."""
    scope: dict[str, Any] = {"np": np}
    exec(stub, scope)
    return next(value for key, value in scope.items() if callable(value) and key not in ("np", "__builtins__"))


@pytest.mark.parametrize("label", CODE)
def test_the_solution_passes_and_the_stub_does_not(label: str) -> None:
    e = CODE[label]
    assert len(e.cases()) >= 3
    assert check(label, e.solved).accepted, check(label, e.solved)
    report = check(label, written(e.stub))
    text = str(report)
    assert not report.accepted and not re.search(r"Error|Traceback|raised", text), text
    assert text[0].isupper() and text.endswith(".") and "stub" in text, text


@pytest.mark.parametrize("label", CODE)
def test_the_cases_are_the_same_each_time(label: str) -> None:
    one, other = CODE[label].cases(), CODE[label].cases()
    assert repr(one) == repr(other)


def test_a_zero_is_a_whole_answer() -> None:
    """At seed 1 both weights of the hidden unit are the same: the right answer is 0, or a crumb, as the processor rounds."""
    assert abs(values(EXERCISES["08.6"], 1)["dw_131"]) < 1e-15  # type: ignore[arg-type]
    assert check("08.6", dw_131="0", seed=1).accepted
