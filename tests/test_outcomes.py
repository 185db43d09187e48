"""Outcomes: each is tested by exercises, each exercise tests one, and exams can be drawn anew."""

import re

import numpy as np
import pages
import pytest

from bpcourse.practice.exercises import CHAPTERS, Numbers, chapter, exercise
from bpcourse.practice.outcomes import EXAM, OUTCOMES, outcomes_of

LABELS = [f"{number:02}.{k}" for number in CHAPTERS for k in range(1, len(chapter(number)) + 1)]
TESTED = [label for outcome in OUTCOMES.values() for label in outcome.exercises]


def test_each_outcome_is_tested_and_each_exercise_tests_one():
    assert all(outcome.exercises for outcome in OUTCOMES.values())
    assert sorted({*TESTED}) == sorted(LABELS)


def test_each_chapter_has_outcomes_and_tests_them():
    """An exercise tests what its own chapter teaches, or what an earlier one did."""
    number = {name: int(name[:-1]) for name in OUTCOMES}
    assert [*dict.fromkeys(number.values())] == [0, *CHAPTERS]
    for name, outcome in OUTCOMES.items():
        assert all(number[name] <= int(label[:2]) for label in outcome.exercises), name
        assert number[name] == 0 or any(int(label[:2]) == number[name] for label in outcome.exercises), name


def test_an_exercise_names_its_outcomes():
    assert outcomes_of("07.1") == ["6b"]
    assert outcomes_of("01.4") == ["1a", "1b"]
    assert outcomes_of("99.9") == []


@pytest.mark.parametrize("label", EXAM)
def test_an_exam_question_has_other_numbers_for_each_seed(label):
    one = exercise(label)
    assert isinstance(one, Numbers)
    runs = [one.derivation.run(one.derivation.drawn(seed)) for seed in range(1, 5)]
    answers = [np.concatenate([np.ravel(run[name]) for name in one.asks]) for run in runs]
    assert len({tuple(answer) for answer in answers}) == 4
    assert np.isfinite(answers).all()


def test_the_page_for_teachers_draws_the_numbers_and_the_key(capsys):
    page = (pages.ROOT / "book" / "teachers.md").read_text(encoding="utf-8")
    one, other = re.findall(r"```python\n(from bpcourse.*?)```", page, re.S)
    exec(one, {})
    assert capsys.readouterr().out.splitlines()[-1].startswith("Not right. ")
    exec(other, {})
    assert exercise("08.4").asks == ("delta_22", "from_1", "from_2", "da", "slope", "delta_13", "dw")
    assert len(capsys.readouterr().out.split("[")[-1].split(",")) == 7
