"""A problem set in several versions, and the wrong numbers that mistakes give.

Learning platforms and exams on paper are made of these.

Book: chapters 01 to 19.
"""

from __future__ import annotations

import math
import string
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.classroom.sets import Problem, ProblemSet, seed_of
from bpcourse.classroom.tasks import Task, of_seed
from bpcourse.practice import diagnosis
from bpcourse.practice.exercises import Numbers
from bpcourse.practice.rules import Mistake

DIGITS = 4
"""Digits that are asked for, as the exercises ask for them."""

LISTED = 6
"""Wrong numbers that are told of an answer, at most."""

ATTEMPTS = 1000
"""Seeds that are tried for a version before it is said that there are no more."""


class Wrong(NamedTuple):
    """A wrong value, and the mistake that makes it."""

    value: Any
    mistake: Mistake


class Blank(NamedTuple):
    """One number to type, with four digits.

    `tex` is what it is, `place` which entry of an array, `tolerance` what its last digit is worth.
    Platforms keep four decimals, so a small number is asked for times 10^`power`.
    """

    tex: str
    place: str
    power: int
    value: float
    tolerance: float
    wrong: Sequence[tuple[float, Mistake]]


def versions(one: ProblemSet, count: int, secret: str) -> dict[str, list[Task]]:
    """The tasks of versions A, B, C, …

    No answer of one is an answer of another, and none is 0.
    ValueError for no count from 1 to 26, and where the numbers of a problem do not suffice.
    """
    if checks.whole(count, "count") > 26:
        raise ValueError(f"count: expected 1 to 26 versions, got {checks.short(count)}")
    made: dict[str, list[Task]] = {letter: [] for letter in string.ascii_uppercase[:count]}
    for k, problem in enumerate(one.problems, start=1):
        for letter, tasks in made.items():
            earlier = [others[k - 1] for others in made.values() if len(others) >= k]
            tasks.append(_apart(k, problem, letter, secret, earlier))
    return made


def _apart(k: int, problem: Problem, letter: str, secret: str, earlier: Iterable[Task]) -> Task:
    """The first task of this problem whose answers are not those of earlier versions."""
    taken = [answers(task) for task in earlier]
    for n in range(ATTEMPTS):
        task = of_seed(k, problem, seed_of(f"version {letter}", f"{problem.label}/{n}", secret))
        if task is not None and all(map(_clear, answers(task))) and not _shares(answers(task), taken):
            return task
    raise ValueError(f"count: expected no more versions of {problem.label} than it has numbers for, got version {letter}")


def _clear(answer: Any) -> bool:
    """Whether an answer is not 0, and holds no crumb that rounding leaves of a 0."""
    return bool(np.any(answer)) and not np.any((answer != 0) & (np.abs(answer) < 1e-9))


def _shares(mine: Sequence[Any], taken: Iterable[Sequence[Any]]) -> bool:
    return any(diagnosis.same(x, y) for other in taken for x, y in zip(mine, other))


def answers(task: Task) -> list[Any]:
    """The right values of what is asked, in order; none where no numbers are asked."""
    if not isinstance(task.exercise, Numbers):
        return []
    derivation = task.exercise.derivation
    values = derivation.run(derivation.drawn(task.seed))
    return [values[name] for name in task.exercise.asks]


def wrong_values(task: Task, name: str) -> Iterator[Wrong]:
    """What single mistakes make of a value, the nearest first, each value once."""
    assert isinstance(task.exercise, Numbers)
    derivation = task.exercise.derivation
    told: list[Any] = []
    for cause in reversed(diagnosis.causes(derivation, derivation.drawn(task.seed), name)):
        if not any(diagnosis.same(cause.value, value) for value in told):
            told.append(cause.value)
            yield Wrong(cause.value, cause.mistakes[0])


def blanks(task: Task) -> list[Blank]:
    """A number to type for each value that is asked: an array's largest in size."""
    assert isinstance(task.exercise, Numbers)
    symbols = task.exercise.derivation.symbols()
    return [_blank(task, name, symbols[name], value) for name, value in zip(task.exercise.asks, answers(task))]


def _blank(task: Task, name: str, tex: str, value: Any) -> Blank:
    at = np.unravel_index(np.argmax(np.abs(value)), np.shape(value))
    number = float(np.asarray(value)[at])
    size = math.floor(math.log10(abs(number)))
    power = max(0, -1 - size)
    tolerance = 10.0 ** (size + power - DIGITS + 1)
    seen = [number * 10**power]
    wrong: list[tuple[float, Mistake]] = []
    for other in wrong_values(task, name):
        if len(wrong) == LISTED:
            break
        if np.shape(other.value) == np.shape(value):
            x = float(np.asarray(other.value)[at]) * 10**power
            if all(abs(x - y) > 2 * tolerance for y in seen):
                seen.append(x)
                wrong.append((x, other.mistake))
    place = "row {}, column {}".format(*(k + 1 for k in at)) if np.size(value) > 1 and len(at) == 2 else ""
    return Blank(tex, place, power, number * 10**power, tolerance, wrong)
