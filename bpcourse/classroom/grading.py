"""What an answer is worth: points a step, with an error carried forward, and what is said of it.

A student's cell runs apart (`apart`). Only the numbers and texts that come back are looked at
here, by the same `check` that the pages use.

Book: chapters 01 to 18, in a class's problem sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.classroom import apart
from bpcourse.classroom.tasks import Task, calls, given
from bpcourse.practice import clinic, diagnosis
from bpcourse.practice.answers import check, check_choice
from bpcourse.practice.code import check_code
from bpcourse.practice.diagnosis import Verdict
from bpcourse.practice.exercises import Choice, Clinic, Code, Numbers
from bpcourse.practice.rules import UNFIT

LETTERS = "abcdefgh"
NOTHING = Verdict("nothing", "No answer.")


class Mark(NamedTuple):
    """What one step of a problem earned, and why."""

    problem: str
    label: str
    step: str
    points: int
    of: int
    verdict: Verdict


def grade(task: Task, source: str | None, hidden: Sequence[str | Path] = ()) -> list[Mark]:
    """The marks of a task for the source of its answer's cell.

    None is a cell that is not there. The folders `hidden` (keys, other students' work) are out of the cell's sight.
    """
    if source is None:
        verdicts: Mapping[str, Verdict] = dict.fromkeys(task.steps, Verdict("nothing", "The answer's cell is not there."))
    else:
        verdicts = _verdicts(task, source, hidden)
    return [
        Mark(task.name, task.label, step, task.points * verdict.accepted, task.points, verdict)
        for step in task.steps
        for verdict in [verdicts.get(step, NOTHING)]
    ]


def _verdicts(task: Task, source: str, hidden: Sequence[str | Path]) -> Mapping[str, Verdict]:
    one = task.exercise
    wants: dict[str, Any] = {"given": given(task), "hidden": hidden}
    if isinstance(one, Numbers | Choice):
        came = apart.run(source, names=["answer"], **wants)
    elif isinstance(one, Clinic):
        called = [list(arguments.values()) for arguments in calls(one)]
        came = apart.run(source, names=["line", "reason"], function="gradient", calls=called, **wants)
    else:
        assert isinstance(one, Code)
        name = one.stub.partition("def ")[2].partition("(")[0]
        came = apart.run(source, function=name, calls=one.cases(), **wants)
    if came.error:
        return dict.fromkeys(task.steps, Verdict("mistake", f"The cell gave no answer: {came.error}."))
    if isinstance(one, Numbers):
        return _numbers(task, one, came.values.get("answer"))
    if isinstance(one, Choice):
        return {"choice": _choice(one, came.values.get("answer"))}
    if isinstance(one, Clinic):
        told = {name: _of_case(one, name, came.values.get(name)) for name in ("line", "reason")}
        return {**told, "function": _mended(one, came.calls)}
    return {"function": _code(one, came.calls)}


def _numbers(task: Task, one: Numbers, answer: Any) -> Mapping[str, Verdict]:
    """A verdict for each number that can be read; what cannot spoils no other."""
    if not isinstance(answer, dict):
        return dict.fromkeys(one.asks, Verdict("mistake", "`answer` is no dict of the names and numbers that are asked for."))
    true = one.derivation.run(one.derivation.drawn(task.seed))
    verdicts: dict[str, Verdict] = {}
    read: dict[str, Any] = {}
    for name in one.asks:
        if answer.get(name) is None or str(answer[name]) == "a ellipsis":
            continue
        try:
            read[name] = diagnosis.expect_size(diagnosis.read(answer[name], np.size(true[name]), name), true[name])
        except (ValueError, TypeError) as error:
            verdicts[name] = Verdict("mistake", f"It cannot be read. {error}.")
    told = {**check(task.label, seed=task.seed, **read).verdicts} if read else {}
    own: dict[str, Any] = {}
    for name, verdict in told.items():
        value = np.reshape([x.value for x in read[name].numbers], np.shape(true[name]))[()]
        # A short number may be the right one cut off, by chance, and just what follows from her own.
        if verdict.kind == "more" and _follows(task, one, name, own, value):
            told[name] = Verdict("follows", diagnosis.said("follows"))
        elif not verdict.accepted:
            own[name] = value
    return {**verdicts, **told}


def _follows(task: Task, one: Numbers, name: str, own: Mapping[str, Any], value: Any) -> bool:
    """Whether a value is what comes out of a student's own earlier numbers."""
    try:
        with np.errstate(all="ignore"):
            return diagnosis.same(one.derivation.run(one.derivation.drawn(task.seed), own, upto=name)[name], value)
    except UNFIT:
        return False


def _choice(one: Choice, answer: Any) -> Verdict:
    if answer is None:
        return NOTHING
    k = LETTERS.find(answer.strip().lower()) if isinstance(answer, str) and len(answer.strip()) == 1 else -1
    if not 0 <= k < len(one.options):
        last = LETTERS[len(one.options) - 1]
        return Verdict("mistake", f"answer: expected a letter from a to {last}, got {checks.short(answer)}.")
    return check_choice(one, k + 1)


def _of_case(one: Clinic, name: str, answer: Any) -> Verdict:
    """The verdict on the line or on the reason."""
    if answer is None:
        return NOTHING
    try:
        return clinic.check_clinic(one, {name: answer})[name]
    except (ValueError, TypeError) as error:
        return Verdict("mistake", f"{error}.")


def _mended(one: Clinic, came: Sequence[tuple[Any, str | None]]) -> Verdict:
    """The verdict on the function: that of its first result that is wrong."""
    for k, (value, error) in enumerate(came):
        if error:
            return Verdict("mistake", f"The function raised {error}.")
        if value is None:
            return Verdict("mistake", "The function returns nothing.")
        try:
            told = diagnosis.verdict(one.derivation, one.derivation.drawn(one.seed + k), f"d{one.nudged}", value)
        except (ValueError, TypeError) as wrong:
            return Verdict("mistake", f"What the function returns cannot be read. {wrong}.")
        if not told.accepted:
            return told
    return Verdict("right", "Right on every case.")


def _code(one: Code, came: Sequence[tuple[Any, str | None]]) -> Verdict:
    """What `check_code` says of a function that gives what hers gave."""
    raised = next((error for _, error in came if error), None)
    if raised:
        return Verdict("mistake", f"The function raised {raised}.")
    results = iter([value for value, _ in came])
    return check_code(one, lambda *arguments: next(results))


# --------------------------------------------------------------------------- a notebook


def sources(notebook: Any) -> dict[str, str]:
    """The sources of a notebook's answers by the names of the tasks.

    Whatever else has become of the notebook does not matter. A cell is known by the
    name that nbgrader gave it, or by its id.
    """
    found: dict[str, str] = {}
    cells = notebook.get("cells") if isinstance(notebook, Mapping) else None
    for cell in cells if isinstance(cells, list) else []:
        try:
            metadata = cell.get("metadata") or {}
            named = (metadata.get("nbgrader") or {}).get("grade_id") or cell.get("id")
            source = cell.get("source")
            text = source if isinstance(source, str) else "".join(source)
        except (AttributeError, TypeError):  # no cell
            continue
        if isinstance(named, str) and named.endswith("-answer"):
            found.setdefault(named.removesuffix("-answer"), text)
    return found


def grade_notebook(tasks: Sequence[Task], notebook: Any, hidden: Sequence[str | Path] = ()) -> list[Mark]:
    """The marks of all tasks of a set for a notebook as JSON has it."""
    answers = sources(notebook)
    return [mark for task in tasks for mark in grade(task, answers.get(task.name), hidden)]


def feedback(marks: Iterable[Mark]) -> str:
    """What a student reads: each step with its points and the diagnosis."""
    return "\n".join(f"{mark.step}: {mark.points} of {mark.of}. {mark.verdict.text}" for mark in marks)
