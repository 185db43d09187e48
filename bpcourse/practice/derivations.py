"""Derivations: named steps, each made from earlier ones by a named rule.

A step says which rule of `practice.rules`, and which earlier values are its parts. A
derivation holds no results: it is run on given numbers, the book's or fresh ones, and
a reader's number or a mistake may be put in the place of a step.

Book: chapters 01 to 20, in their exercises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.language import tr_tex
from bpcourse.practice.rules import RULES, parts_of

Numbers = dict[str, Any]


class Step(NamedTuple):
    """One line of a derivation: `name` is made by `rule` from earlier values.

    `parts` tells for each part of the rule which given number or step it is,
    `constants` what is neither: a whole number, or which entry is meant.
    """

    name: str
    tex: str
    rule: str
    parts: Mapping[str, str]
    constants: Mapping[str, Any] = {}


class Given(NamedTuple):
    """A start of a derivation: the book's number or array, and how others are drawn.

    Fresh numbers are whole numbers from `low` to `high` over 10^`decimals`, 0 left out;
    without `low` the book's stay.
    """

    name: str
    tex: str
    value: Any
    low: int | None = None
    high: int = 0
    decimals: int = 0


@dataclass(frozen=True)
class Derivation:
    """Given numbers and the steps that are made from them, in order.

    Raises ValueError where two values have one name, or a step has a part that does
    not come before it.
    """

    givens: tuple[Given, ...]
    steps: tuple[Step, ...]
    _places: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = {given.name for given in self.givens}
        for step in self.steps:
            missing = [part for part in step.parts.values() if part not in known]
            needed = set(parts_of(RULES[step.rule].formula)) - {*step.parts, *step.constants}
            if step.name in known or missing or needed:
                raise ValueError(f"steps: expected a new name and parts from before, got {step.name!r} of {missing or needed}")
            known.add(step.name)
        object.__setattr__(self, "_places", {step.name: k for k, step in enumerate(self.steps)})

    def drawn(self, seed: int = 0) -> Numbers:
        """The given numbers: the book's for seed 0, otherwise fresh ones, the same for the same seed.

        Raises ValueError or TypeError where seed is no whole number ≥ 0.
        """
        state = checks.count(seed, "seed")
        numbers = {}
        for given in self.givens:
            if seed == 0 or given.low is None:
                numbers[given.name] = given.value
                continue
            entries = []
            for _ in range(np.size(given.value)):
                state = state * 16807 % 2147483647  # the page draws the same: every product is exact in float64
                x = given.low + state % (given.high - given.low + 1)
                entries.append((x or given.high) / 10**given.decimals)
            numbers[given.name] = np.reshape(entries, np.shape(given.value)) if np.ndim(given.value) else entries[0]
        return numbers

    def run(
        self,
        numbers: Mapping[str, Any],
        put: Mapping[str, Any] | None = None,
        wrong: Mapping[str, Callable[..., Any]] | None = None,
        upto: str | None = None,
    ) -> Numbers:
        """Every value by its name; with `upto`, those that lead to it.

        `put` replaces the values of steps, as a reader's own number does; `wrong` the
        formulas of steps, as a mistake does. What follows goes on from them. ValueError
        where shapes do not fit, or a number has no logarithm.
        """
        values = dict(numbers)
        for step in self.steps if upto is None else self.before(upto):
            if put and step.name in put:
                values[step.name] = put[step.name]
            else:
                values[step.name] = made((wrong or {}).get(step.name, RULES[step.rule].formula), step, values)
        return values

    def step(self, name: str) -> Step:
        """The step of this name; ValueError where there is none."""
        return self.steps[self._places[checks.choice(name, "name", self._places)]]

    def before(self, name: str, with_mistakes: bool = True) -> list[Step]:
        """The steps that the value of this name, or a mistake on the way to it, depends on, itself last, in order."""
        wanted = {name}
        for step in reversed(self.steps):
            if step.name in wanted:
                parts = step.parts if with_mistakes else {*step.parts}.intersection(parts_of(RULES[step.rule].formula))
                wanted.update(step.parts[part] for part in parts)
        return [step for step in self.steps if step.name in wanted]

    def tex(self, name: str) -> str:
        """The step as an equation: `\\delta^2 = a^2 - y`."""
        step, values = self.step(name), self.run(self.drawn(), upto=name)
        template = RULES[step.rule].tex
        if all(np.size(values[part]) > 1 for part in (name, *step.parts.values())):
            template = template.replace("\\cdot", "\\circ")  # between columns a dot would be a product of matrices
        return f"{tr_tex(step.tex)} = {formula_tex(tr_tex(template), step, self.symbols())}"

    def symbols(self) -> dict[str, str]:
        """The LaTeX of every value by its name."""
        found = {**{given.name: given.tex for given in self.givens}, **{step.name: step.tex for step in self.steps}}
        return {name: tr_tex(tex) for name, tex in found.items()}


def formula_tex(template: str, step: Step, symbols: Mapping[str, str]) -> str:
    """A rule's or a mistake's LaTeX with the symbols of a step's parts."""
    named = {part: f"{{{symbols[name]}}}" for part, name in step.parts.items()}
    return template.format(**{key: str(value) for key, value in step.constants.items()}, **named)


def made(formula: Callable[..., Any], step: Step, values: Mapping[str, Any]) -> Any:
    """The formula on those of the step's parts and constants that it names."""
    offered = {**step.constants, **{part: values[name] for part, name in step.parts.items()}}
    return formula(**{name: offered[name] for name in parts_of(formula)})
