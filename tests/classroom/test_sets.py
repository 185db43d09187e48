"""The problem sets: their exercises are in the bank, and a student's seed is hers alone."""

import pytest

from bpcourse.classroom.sets import SETS, seed_of
from bpcourse.practice.exercises import Clinic, Code, Paper, exercise

SECRET = "a secret of the teacher"


@pytest.mark.parametrize("one", SETS.values(), ids=SETS)
def test_a_set_asks_about_its_chapters_with_a_bug_and_code_in_each(one):
    kinds = [type(exercise(problem.label)) for problem in one.problems]
    assert kinds.count(Clinic) == 1 and kinds.count(Code) == 1 and Paper not in kinds
    chapters = [int(problem.label[:2]) for problem in one.problems if type(exercise(problem.label)) is not Clinic]
    assert set(chapters) == set(one.chapters)


def test_the_sets_are_handed_in_every_fortnight():
    assert [one.week for one in SETS.values()] == [2, 4, 6, 8, 10]


def test_a_seed_is_the_same_again_and_another_for_everything_else():
    seeds = [seed_of(*three) for three in [("ada", "07.4", SECRET), ("bob", "07.4", SECRET), ("ada", "07.3", SECRET)]]
    assert seeds == [35714251, seeds[1], seeds[2]] and len({*seeds, seed_of("ada", "07.4", SECRET + "!")}) == 4
    assert seed_of("Ada", "07.4", SECRET) == seeds[0]
    assert all(1 <= seed_of(f"s{k}", "07.4", SECRET) <= 2**31 - 2 for k in range(1000))


def test_a_short_secret_can_be_guessed_and_is_refused():
    with pytest.raises(ValueError, match=r"secret: expected at least 16 letters, got 3"):
        seed_of("ada", "07.4", "abc")
