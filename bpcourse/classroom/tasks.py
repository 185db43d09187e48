"""A problem set as one student has it: her numbers, her order of options, her bug.

Book: chapters 01 to 18, in a class's problem sets.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from bpcourse.classroom.sets import Problem, ProblemSet, seed_of
from bpcourse.practice import clinic, diagnosis
from bpcourse.practice.derivations import Derivation, Step
from bpcourse.practice.exercises import Choice, Clinic, Exercise, Ladder, Numbers, exercise
from bpcourse.practice.mistakes import possible
from bpcourse.practice.rules import RULES, UNFIT

TOOLS = """\
import numpy as np
from numpy import exp, log, sqrt, tanh


def sigmoid(z):
    return 1 / (1 + exp(-z))


def softmax(z):
    e = exp(z - z.max(axis=0, keepdims=True))
    return e / total(e)


def total(x):
    return x.sum(axis=0, keepdims=True)
"""
"""What lines of code in a set are written with."""


class Task(NamedTuple):
    """A problem of a student; each of its steps is worth `points`.

    `name` is p1, p2, …
    """

    name: str
    label: str
    seed: int
    points: int
    exercise: Exercise

    @property
    def steps(self) -> tuple[str, ...]:
        """What is asked, in order, by name."""
        if isinstance(self.exercise, Numbers):
            return tuple(self.exercise.asks)
        return {Choice: ("choice",), Clinic: ("line", "reason", "function")}.get(type(self.exercise), ("function",))

    @property
    def of(self) -> int:
        """The points of all its steps."""
        return self.points * len(self.steps)


ATTEMPTS = 1000
"""Seeds that are tried for a student before it is said that none is fit."""


CALLS = 3
"""Numbers on which a student's function is called."""


def of_student(identifier: str, one: ProblemSet, secret: str) -> list[Task]:
    """The tasks of a set for a student; the same for the same identifier and secret.

    ValueError where no numbers of an exercise can be asked for.
    """
    return [_drawn(k, problem, identifier, secret) for k, problem in enumerate(one.problems, start=1)]


def _drawn(k: int, problem: Problem, identifier: str, secret: str) -> Task:
    """The task of the first seed whose numbers are fit to be asked for."""
    for n in range(ATTEMPTS):
        made = of_seed(k, problem, seed_of(identifier, f"{problem.label}{f'/{n}' if n else ''}", secret))
        if made is not None:
            return made
    raise ValueError(f"problem: expected an exercise with numbers to ask for, got {problem.label!r}, which gives none")


def of_seed(k: int, problem: Problem, seed: int) -> Task | None:
    """The k-th task of a set from its seed.

    None where these numbers have no logarithm, or show no bug.
    """
    one: Exercise | None = exercise(problem.label)
    if isinstance(one, Ladder):
        one = one.rung(len(one.steps))
    if isinstance(one, Numbers) and not _fit(one.derivation, seed, one.asks):
        one = None
    if isinstance(one, Choice):
        one = replace(one, options=random.Random(seed).sample(one.options, len(one.options)))
    if isinstance(one, Clinic):
        one = _with_a_bug(one, seed)
    return Task(f"p{k}", problem.label, seed, problem.points, one) if one else None


def _fit(derivation: Derivation, seed: int, names: Sequence[str]) -> bool:
    """Whether all that is asked for is finite, and nothing is all zeros, as behind a dead ReLU."""
    try:
        with np.errstate(all="ignore"):
            values = derivation.run(derivation.drawn(seed))
    except UNFIT:
        return False
    asked = [values[name] for name in names]
    return all(np.all(np.isfinite(x)) and np.any(x) for x in asked)


# --------------------------------------------------------------------------- the bug


def _with_a_bug(model: Clinic, seed: int) -> Clinic | None:
    """A case in code on the derivation of another, with a mistake that the seed draws; None where none shows."""
    if not all(_fit(model.derivation, seed + k, [f"d{model.nudged}"]) for k in range(CALLS)):
        return None
    steps, _ = clinic.needed(model.derivation, model.nudged, {})
    made = [(step, mistake) for step in steps for mistake in possible(step)]
    for step, mistake in random.Random(seed).sample(made, len(made)):
        try:
            case = clinic.case("A bug", model.derivation, mistake.name, step.name, model.nudged, model.loss, seed, code=True)
            right, wrong = clinic.both(case)
            given = model.derivation.drawn(seed)
            shown = [run(program(case, mended=mended), case)(**_arguments(case, given)) for mended in (False, True)]
        except (*UNFIT, NameError):  # no such mistake on these numbers, or it is written with other tools
            continue
        name = f"d{model.nudged}"
        if diagnosis.same(shown[0], wrong[name]) and diagnosis.same(shown[1], right[name]) and not diagnosis.same(*shown):
            return case
    return None


def arguments(case: Clinic) -> list[str]:
    """The given values that the function of a case reads, in order."""
    _, read = clinic.needed(case.derivation, case.nudged, {case.at: case.mistake.formula})
    return [given.name for given in case.derivation.givens if given.name in read]


def _arguments(case: Clinic, numbers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: numbers[name] for name in arguments(case)}


def calls(case: Clinic) -> list[dict[str, Any]]:
    """Sets of arguments for the function of a case.

    The first are the numbers of its lines.
    """
    return [_arguments(case, case.derivation.drawn(case.seed + k)) for k in range(CALLS)]


def program(case: Clinic, mended: bool = False) -> str:
    """The lines of a case as a function in Python, with the mistake or mended."""
    steps, _ = clinic.needed(case.derivation, case.nudged, {case.at: case.mistake.formula})

    def line(k: int, step: Step) -> str:
        rule = case.mistake if step.name == case.at and not mended else RULES[step.rule]
        text = clinic.written(case.derivation, step, rule, code=True)
        return f"    {text:<40}  # {k}"

    lines = [line(k, step) for k, step in enumerate(steps, start=1)]
    return "\n".join([f"def gradient({', '.join(arguments(case))}):", *lines, f"    return d{case.nudged}"])


def run(source: str, case: Clinic) -> Callable[..., Any]:
    """The function of a case from its source, which is the package's own."""
    space: dict[str, Any] = {}
    with np.errstate(all="ignore"):
        exec(f"{TOOLS}\n{source}", space)
    return space["gradient"]


# --------------------------------------------------------------------------- what a cell builds on


def given(task: Task) -> str:
    """The lines above a task's answer: tools, and the given numbers."""
    if isinstance(task.exercise, Numbers):
        numbers = shown(task.exercise, task.exercise.derivation, task.seed)
        return "\n".join(["import numpy as np\n", *(f"{name} = {in_python(x)}" for name, x in numbers.items())])
    return TOOLS.strip() if isinstance(task.exercise, Clinic) else "import numpy as np"


def shown(one: Numbers, derivation: Derivation, seed: int) -> dict[str, Any]:
    """The numbers that a question gives, by name."""
    drawn = {name: x for name, x in derivation.drawn(seed).items() if not callable(x) and name.isidentifier()}
    constants = {f"c{k}" for k in range(1, 100)}
    wanted = [name for name in drawn if name not in constants] if one.shows is None else one.shows
    return {name: drawn[name] for name in wanted if name in drawn}


def in_python(x: Any) -> str:
    """A number or an array as it is typed in Python."""
    return f"np.array({np.asarray(x, float).tolist()})" if np.ndim(x) else repr(float(x))


def in_tex(x: Any) -> str:
    """A number or an array in LaTeX."""
    if not np.ndim(x):
        return re.sub(r"e([-+]?)0*(\d+)", lambda m: rf" \cdot 10^{{{m[1].strip('+')}{m[2]}}}", f"{float(x):.6g}")
    rows = r" \\ ".join(" & ".join(map(in_tex, row)) for row in np.atleast_2d(x))
    return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}"
