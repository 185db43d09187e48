"""The catalogue of mistakes: what people do in the place of a rule, and why.

A mistake is a formula that stands where a rule should. It reads what the rule reads,
or what else the step offers; where a step does not offer it, nobody can make the
mistake there. No mistake knows a number: what comes out is computed. The rows stand
in `practice.catalogue`, part by part.

Book: chapters 01 to 20, under "The mistake people make here".
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from bpcourse.practice.catalogue import (
    backward,
    chains,
    checking,
    circuits,
    forward,
    graphs,
    machines,
    nudging,
    programs,
    remedies,
    structures,
    training,
    weights,
)
from bpcourse.practice.derivations import Step
from bpcourse.practice.rules import Mistake

MISTAKES: list[Mistake] = [
    *forward.ROWS,
    *backward.ROWS,
    *circuits.ROWS,
    *nudging.ROWS,
    *chains.ROWS,
    *weights.ROWS,
    *training.ROWS,
    *graphs.ROWS,
    *remedies.ROWS,
    *checking.ROWS,
    *structures.ROWS,
    *programs.ROWS,
    *machines.ROWS,
]
"""Every mistake. One name may stand more than once: the same mistake at another rule."""


def possible(step: Step) -> list[Mistake]:
    """The mistakes that can be made at a step."""
    return [mistake for mistake in MISTAKES if mistake.applies(step)]


def at_all_steps(
    made: Iterable[tuple[str, Mistake]], kind: Callable[[Mistake], Any] = attrgetter("name")
) -> list[dict[str, Mistake]]:
    """Each mistake that can be made at several steps, at all of them at once.

    `made` are steps and mistakes, `kind` tells which of these are one: by default those
    of one name.
    """
    found: dict[Any, dict[str, Mistake]] = {}
    for step, mistake in made:
        found.setdefault(kind(mistake), {}).setdefault(step, mistake)
    return [steps for steps in found.values() if len(steps) > 1]
