"""The catalogue of mistakes: what people do in the place of a rule, and why.

A mistake is a formula that stands where a rule should. It reads what the rule reads,
or what else the step offers; where a step does not offer it, nobody can make the
mistake there. No mistake knows a number: what comes out is computed. The rows stand
in `practice.catalogue`, part by part.

Book: chapters 01 to 18, under "The mistake people make here".
"""

from bpcourse.practice.catalogue import (
    backward,
    chains,
    checking,
    circuits,
    forward,
    graphs,
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
]
"""Every mistake. One name may stand more than once: the same mistake at another rule."""


def possible(step: Step) -> list[Mistake]:
    """The mistakes that can be made at a step."""
    return [mistake for mistake in MISTAKES if mistake.applies(step)]
