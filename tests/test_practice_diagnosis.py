"""What is said of wrong numbers: mistakes made at every step, whole numbers, and what follows from where."""

from __future__ import annotations

from bpcourse.practice import check, exercise
from bpcourse.practice.exercises import Ladder
from bpcourse.practice.mistakes import MISTAKES


def test_a_mistake_made_at_all_of_its_steps_is_one_mistake() -> None:
    """Both inputs of the product moved downhill: (−4 + 0.03)(−3 + 0.04)."""
    verdict = check("01.4", f_new="11.7512").verdicts["f_new"]
    assert verdict.kind == "mistake" and verdict.mistakes == ("sign of the step",)


def test_what_follows_names_the_step_on_its_way_that_is_wrong() -> None:
    """The new a does not depend on the wrong trial, step 1, but on the derivative, step 3."""
    report = check("01.4", "11.31", "-3", "-4", "-4", "-4.04", "-3.04")
    assert report.verdicts["a_new"].kind == "follows" and "step 3" in str(report.verdicts["a_new"])
    assert report.verdicts["b_new"].kind == "right"


def test_one_digit_that_follows_to_the_last_digit_is_accepted() -> None:
    report = check("03.3", q=3, dq=3, dq_dx=1, dx="3")
    assert report.verdicts["dx"].kind == "follows"


def test_a_whole_number_that_fits_is_told_why_and_asked_for_no_digits() -> None:
    verdict = check("01.4", da="-4").verdicts["da"]
    assert verdict.kind == "perhaps" and verdict.mistakes == ("local gradients of multiply not swapped",)
    assert "hold b and nudge a" in verdict.text and "digits" not in verdict.text


def test_a_number_that_float64_keeps_inexactly_needs_no_more_digits() -> None:
    """The quotient of the ladder is −3.0000000000000027."""
    ladder = exercise("01.4")
    assert isinstance(ladder, Ladder) and ladder.derivation.run(ladder.derivation.drawn())["quotient"] != -3
    assert check("01.4", quotient="-3").accepted


def test_the_mistakes_of_one_nudge_stay_on_one_side() -> None:
    """With a digit lost or ten times the nudge the forward difference is still one: of a square it is 2x + ε."""
    formulas = {m.name: m.formula for m in MISTAKES if m.rules == ("one nudge",)}
    values = {name: formulas[name](f=lambda x: x * x, x=3.0, eps=0.125) for name in formulas if name.startswith("ε ")}
    assert values == {"ε ten times too large": 7.25, "ε too small for the digits kept": 6.125}
