"""What the mistake of a clinic case does: the loss under nudges, and two tangents.

The curve is the loss of the right derivation while one entry of a given value is nudged.
The right gradient is the slope of its tangent; the line with the wrong one misses it.

Book: chapter 19.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from bpcourse.explore.plot import Plot
from bpcourse.numeric import central_difference
from bpcourse.pictures import svg
from bpcourse.practice import diagnosis
from bpcourse.practice.clinic import both
from bpcourse.practice.diagnosis import brief
from bpcourse.practice.exercises import Clinic

REACH, STEPS = 1.0, 20
"""How far a nudge goes to either side, and in how many steps."""


class Damage(NamedTuple):
    """What one entry does to the loss under nudges, and two claims of its slope.

    `place` is the entry of the given value whose slope is wrong most; `costs` are the losses for nudges from −REACH to
    REACH. `nudged` is the slope that a small nudge finds, `verdict` what practice says of the wrong gradient.
    """

    place: tuple[int, ...]
    start: float
    costs: list[float]
    right: float
    wrong: float
    nudged: float
    verdict: diagnosis.Verdict


def damage(case: Clinic) -> Damage:
    """What the mistake of a case does to the gradient, and so to the tangent."""
    derivation, numbers = case.derivation, case.derivation.drawn(case.seed)
    gradient, nudged = f"d{case.nudged}", np.asarray(numbers[case.nudged], float)
    right, wrong = (np.asarray(values[gradient], float) for values in both(case))
    place = np.unravel_index(np.abs(wrong - right).argmax(), right.shape)

    def loss(at: Any) -> float:
        moved = nudged.copy()
        moved[place] = at
        return float(np.sum(derivation.run({**numbers, case.nudged: moved[()]}, upto=case.loss)[case.loss]))

    start = float(nudged[place])
    costs = [loss(start + REACH * k / STEPS) for k in range(-STEPS, STEPS + 1)]
    typed = " ".join(f"{x:#.5g}" for x in np.ravel(wrong))  # zeros, too: who types 8 may mean 8.07
    verdict = diagnosis.verdict(derivation, numbers, gradient, typed)
    slope = float(central_difference(lambda x: loss(float(x)), start))
    return Damage(tuple(map(int, place)), start, costs, float(right[place]), float(wrong[place]), slope, verdict)


def _axes(told: Damage) -> Plot:
    """Room for the curve and the right tangent; the wrong one may leave it."""
    here = told.costs[STEPS]
    heights = [*told.costs, here - abs(told.right) * REACH, here + abs(told.right) * REACH]
    margin = 0.06 * (max(heights) - min(heights))
    return Plot((told.start - REACH, told.start + REACH), (min(heights) - margin, max(heights) + margin), 400, 260)


def picture(case: Clinic, told: Damage) -> svg.Picture:
    """The loss against the nudged number, its tangent, and the wrong line.

    The three points stand where nothing is nudged.
    """
    plot, here = _axes(told), told.costs[STEPS]
    at = plot.grid(2 * STEPS)
    ends = at[0], at[-1]
    tangents = [[(x, here + slope * (x - told.start)) for x in ends] for slope in (told.right, told.wrong)]
    ticks = {x: brief(round(x, 6)) for x in (at[0], told.start, at[-1])}
    low, high = min(told.costs), max(told.costs)
    decimals = 2 - math.floor(math.log10(high - low))
    parts = [
        plot.frame(ticks, {y: brief(round(y, decimals)) for y in (low, high)}, "the nudged number", case.loss),
        plot.inside(
            plot.curve("curve", zip(at, told.costs), "value"),
            plot.curve("right", tangents[0], "path1", 2, "7 4"),
            plot.curve("wrong", tangents[1], "gradient", 2, "2 4"),
            plot.dot("right-dot", told.start, here, "path1", 5),
            plot.dot("wrong-dot", told.start, here, "gradient", 5),
            plot.dot("cost-dot", told.start, here, "value", 5),
        ),
    ]
    words = (
        f"{case.loss.capitalize()} from {brief(told.costs[0])} at {ticks[at[0]]} to {brief(told.costs[-1])} at {ticks[at[-1]]}. "
        f"Where we stand, at {ticks[told.start]}, it is {brief(here)}. The right tangent has the slope {brief(told.right)}, "
        f"the wrong line {brief(told.wrong)}."
    )
    return svg.drawing(plot.width, plot.height, words, parts)


def spec(told: Damage) -> dict[str, Any]:
    """What the page's script needs to move the points."""
    plot = _axes(told)
    costs, heights = ([float(f"{x:.5g}") for x in numbers] for numbers in (told.costs, plot.y))
    slopes = [float(f"{x:.6g}") for x in (told.right, told.wrong)]
    return {"reach": REACH, "costs": costs, "slopes": slopes, "y": heights, "box": plot.box}
