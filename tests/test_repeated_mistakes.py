"""A mistake that is made at all its steps is found, as one that is made once."""

from typing import Any

import pytest

from bpcourse.practice import check, diagnosis
from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.mistakes import possible

THREE = Derivation(
    (Given("x", "x", 2.0), Given("r", "r", 0.7), Given("c", "c", 3.0)),
    tuple(Step(f"x{t}", f"x_{t}", "one round", {"r": "r", "x": f"x{t - 1}" if t > 1 else "x", "c": "c"}) for t in (1, 2, 3)),
)


def everywhere(name: str) -> Any:
    """The last value, with the mistake of this name in every round."""
    mistake = next(m for m in possible(THREE.step("x1")) if m.name == name)
    return THREE.run(THREE.drawn(), wrong=dict.fromkeys(("x1", "x2", "x3"), mistake.formula))["x3"]


@pytest.mark.parametrize("name", ["constant forgotten", "added before multiplying"])
def test_a_mistake_in_every_round_is_named(name: str) -> None:
    found = diagnosis.verdict(THREE, THREE.drawn(), "x3", f"{everywhere(name):.5g}")
    assert found.kind == "mistake" and found.mistakes == (name,)


def test_a_mistake_at_one_step_only_is_listed_once() -> None:
    causes = diagnosis.causes(THREE, THREE.drawn(), "x1")
    assert [cause.steps for cause in causes] == [("x1",)] * len(causes)
    last = [cause.steps for cause in diagnosis.causes(THREE, THREE.drawn(), "x2")]
    assert sorted(last) == sorted([("x1",), ("x2",), ("x1", "x2")] * (len(last) // 3))


def test_two_mistakes_are_looked_for_at_two_steps() -> None:
    single = diagnosis.causes(THREE, THREE.drawn(), "x3")
    assert all(len(cause.steps) == 2 for cause in diagnosis.pairs(THREE, THREE.drawn(), "x3", None, single))


def test_a_time_forgotten_in_both_steps_of_a_simulation() -> None:
    x, theta = 0.2, 2.0
    for _ in range(2):
        x = x + theta * x * (1 - x)
    assert check("18.6", x2=f"{x:.5g}").verdicts["x2"].mistakes == ("τ forgotten",)
