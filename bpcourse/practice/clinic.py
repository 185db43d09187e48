"""The mistake clinic: a derivation with one mistake in it, and what may be said of it.

A case says which mistake of the catalogue is made at which step of a derivation, and on
which numbers. All else is computed: the lines, the first bad one, the reasons to choose
among. A line of code is the source of the rule itself, or of the mistake.

Book: chapter 19.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.practice import diagnosis
from bpcourse.practice.derivations import Derivation, Numbers, Step, formula_tex, made
from bpcourse.practice.diagnosis import Verdict, listed, said
from bpcourse.practice.exercises import Clinic
from bpcourse.practice.mistakes import possible
from bpcourse.practice.rules import RULES, UNFIT, Mistake, parts_of

OTHERS = 4
"""Reasons that a menu offers besides the right one, at most."""

LISTED = 4
"""Numbers of an array that a sentence lists, at most."""


class Line(NamedTuple):
    """A line of a case: its step, how it is written, and its value.

    `verdict` is what is said to who marks it, a key of `SAID`; a line that is wrong only by what it uses names the first
    such line, counted from 1, as `source`.
    """

    step: Step
    text: str
    value: Any
    verdict: str
    source: int = 0


class Reason(NamedTuple):
    """An entry of the menu: a mistake, and the line that it would spoil.

    `value` is what it would make of that line, `verdict` what is said to who names it.
    """

    mistake: Mistake
    line: int
    value: Any
    verdict: str


def case(
    title: str, derivation: Derivation, mistake: str, at: str, nudged: str, loss: str, seed: int, code: bool = False
) -> Clinic:
    """A case by the name of its mistake.

    Of several of that name it is the first that keeps the shape of the value. Text, hints
    and solution are told from the catalogue. ValueError where the mistake cannot be made
    at this step, or changes nothing there.
    """
    step, right = derivation.step(at), derivation.run(derivation.drawn(seed))
    found = {m.name: m for m, _ in reversed(_changing(step, right))}
    wrong = found[checks.choice(mistake, "mistake", found)]
    mark, last = ("`", f"d{nudged}") if code else ("$", derivation.symbols()[f"d{nudged}"])
    rule = written(derivation, step, RULES[step.rule], code)
    steps, _ = needed(derivation, nudged, {at: wrong.formula})
    bad = 1 + steps.index(step)
    return Clinic(
        title=title,
        text=f"These lines should end with {mark}{last}{mark}, and do not. Mark the first bad line, and name the reason.",
        hints=(
            "Which lines can you judge at a glance, by a sign, a size, a shape, or a sum that has to be 0?",
            wrong.see,
            f"Look at line {bad}. It should be made by the rule “{step.rule}”.",
        ),
        solution=f"Line {bad} should read {mark}{rule}{mark}. What was done is **{wrong.name}**. {wrong.why} {wrong.see}",
        derivation=derivation, mistake=wrong, at=at, nudged=nudged, loss=loss, seed=seed, code=code,
    )  # fmt: skip


def right_lines(derivation: Derivation, nudged: str, code: bool = False) -> list[Line]:
    """The right derivation of a gradient, on the book's numbers."""
    values = derivation.run(derivation.drawn())
    steps, _ = needed(derivation, nudged, {})
    return [Line(step, written(derivation, step, RULES[step.rule], code), values[step.name], "good line") for step in steps]


def needed(derivation: Derivation, nudged: str, wrong: Mapping[str, Callable[..., Any]]) -> tuple[list[Step], set[str]]:
    """The steps that lead to a gradient, in order, and the names of what they read.

    What a step offers to mistakes alone is left out, unless one of the `wrong` formulas reads it.
    """
    steps: list[Step] = []
    names = {f"d{nudged}"}
    for step in reversed(derivation.steps):
        if step.name in names:
            steps.insert(0, step)
            right = RULES[step.rule].formula
            parts = {*parts_of(right), *parts_of(wrong.get(step.name, right))}
            names |= {step.parts[part] for part in parts if part in step.parts}
    return steps, names


def both(case: Clinic) -> tuple[Numbers, Numbers]:
    """All values of a case as they should be, and as they come out with the mistake."""
    numbers = case.derivation.drawn(case.seed)
    return case.derivation.run(numbers), case.derivation.run(numbers, wrong={case.at: case.mistake.formula})


def lines(case: Clinic) -> list[Line]:
    """The lines of a case, in order, from the first to the gradient."""
    right, wrong = both(case)
    found: list[Line] = []
    spoiled: dict[str, int] = {}
    steps, _ = needed(case.derivation, case.nudged, {case.at: case.mistake.formula})
    for k, step in enumerate(steps, start=1):
        bad = step.name == case.at
        text = written(case.derivation, step, case.mistake if bad else RULES[step.rule], case.code)
        read = [step.parts.get(part) for part in parts_of(RULES[step.rule].formula)]
        source = min((spoiled[name] for name in read if name in spoiled), default=0)
        verdict = "good line"
        if not diagnosis.same(right[step.name], wrong[step.name]):
            spoiled[step.name] = k
            verdict = "bad line" if bad else "line that follows"
        found.append(Line(step, text, wrong[step.name], verdict, source if verdict == "line that follows" else 0))
    return found


def menu(case: Clinic) -> list[Reason]:
    """The reasons to choose among, by name.

    Beside the right one stand others of its line, then others of lines near it. None of
    them would make of the bad line what it is, so one alone is right.
    """
    right, wrong = both(case)
    told = lines(case)
    bad = next(k for k, line in enumerate(told, start=1) if line.verdict == "bad line")
    found = {case.mistake.name: Reason(case.mistake, bad, wrong[case.at], "right reason")}
    for k in sorted(range(1, len(told) + 1), key=lambda k: abs(k - bad)):
        here = k == bad
        for mistake, value in _changing(told[k - 1].step, right)[: None if here else 2]:
            if len(found) <= OTHERS - (1 if here else 0) and not (here and diagnosis.same(value, wrong[case.at])):
                verdict = "reason of this line" if here else "reason of another line"
                found.setdefault(mistake.name, Reason(mistake, k, value, verdict))
    return sorted(found.values(), key=lambda reason: reason.mistake.name)


def _changing(step: Step, values: Mapping[str, Any]) -> list[tuple[Mistake, Any]]:
    """The mistakes that change a step's value and keep its shape, and what they make of it."""
    found = []
    for mistake in possible(step):
        try:
            with np.errstate(all="ignore"):
                value = made(mistake.formula, step, values)
        except UNFIT:
            continue
        right = values[step.name]
        if np.shape(value) == np.shape(right) and np.all(np.isfinite(value)) and not diagnosis.same(value, right):
            found.append((mistake, value))
    return found


# --------------------------------------------------------------------------- what is said


def about_line(line: Line) -> str:
    """What is said to who marks this line."""
    return said(line.verdict, rule=line.step.rule, line=line.source)


def about_reason(reason: Reason) -> str:
    """What is said to who names this reason."""
    m, value = reason.mistake, some(reason.value)
    return said(reason.verdict, name=m.name, why=m.why, see=m.see, chapter=int(m.chapter), line=reason.line, value=value)


def some(value: Any) -> str:
    """The numbers of a value, as far as a sentence lists them."""
    return listed(np.ravel(value)[:LISTED]) + ("; …" if np.size(value) > LISTED else "")


def check_clinic(case: Clinic, answers: Mapping[str, Any]) -> dict[str, Verdict]:
    """The verdicts on a line, by its number, and on a reason, by its name.

    ValueError or TypeError for what is no line of the case, or no entry of its menu.
    """
    found = {}
    if "line" in answers:
        told = lines(case)
        k = checks.whole(answers["line"], "line")
        if k > len(told):
            raise ValueError(f"line: expected a line from 1 to {len(told)}, got {k}")
        line = told[k - 1]
        found["line"] = Verdict("right" if line.verdict == "bad line" else "mistake", about_line(line))
    if "reason" in answers:
        reasons = {reason.mistake.name: reason for reason in menu(case)}
        reason = reasons[checks.choice(answers["reason"], "reason", reasons)]
        right = reason.verdict == "right reason"
        found["reason"] = Verdict("right" if right else "mistake", about_reason(reason), (case.mistake.name,))
    return found


# --------------------------------------------------------------------------- how a line is written


def written(derivation: Derivation, step: Step, rule: Any, code: bool) -> str:
    """A step by a rule or a mistake as an equation in LaTeX, or as a line of Python."""
    if code:
        return f"{step.name} = {in_python(rule.formula, step)}"
    return f"{step.tex} = {formula_tex(rule.tex, step, derivation.symbols())}"


def in_python(formula: Callable[..., Any], step: Step) -> str:
    """A formula as Python: its own source, with the names of the step's parts.

    A gate's output is a call of it, a local gradient what stands in the gate's row.
    """
    parameters = inspect.signature(formula).parameters
    if "gate" not in parameters:
        body = _source(formula).body
    else:
        gate = parameters["gate"].default
        if step.rule != gate.name:
            row = _source(gate.local).body
            assert isinstance(row, ast.Tuple)
            body = row.elts[parameters["k"].default if "k" in parameters else 0]
        elif gate.arity == 2:
            body = _source(gate.forward).body
        else:
            return f"{gate.name}({step.parts['x']})"
    return ast.unparse(_Renamed({**step.constants, **step.parts}).visit(ast.parse(ast.unparse(body), mode="eval").body))


class _Renamed(ast.NodeTransformer):
    """The names of values, and constants, in the place of a formula's parts."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A part's name becomes its value's."""
        return ast.Name(str(self.names.get(node.id, node.id)))


def _source(function: Callable[..., Any]) -> ast.Lambda:
    """The lambda in its file: its body begins where one of the compiled instructions does."""
    places = {(line, column) for line, _, column, _ in function.__code__.co_positions()}
    return next(node for node in _lambdas(function.__code__.co_filename) if (node.body.lineno, node.body.col_offset) in places)


@cache
def _lambdas(path: str) -> list[ast.Lambda]:
    return [node for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))) if isinstance(node, ast.Lambda)]
