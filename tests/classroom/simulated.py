"""Simulated students: answers that are right, empty, or made with one mistake of the catalogue."""

import json
from pathlib import Path

import numpy as np

from bpcourse.classroom import handouts
from bpcourse.classroom.sets import SETS
from bpcourse.classroom.tasks import of_student
from bpcourse.practice import diagnosis
from bpcourse.practice.exercises import Clinic, Numbers
from bpcourse.practice.mistakes import possible
from bpcourse.practice.rules import UNFIT

SECRET = "a secret of the teacher"


def tasks_of(whose="ada", name="set2"):
    return of_student(whose, SETS[name], SECRET)


def mistakes(task):
    """(step, mistake, answers with it): each that shows in what is asked for, carried forward."""
    one = task.exercise
    numbers = one.derivation.drawn(task.seed)
    true = one.derivation.run(numbers)
    for name in one.asks:
        for mistake in possible(one.derivation.step(name)):
            try:
                with np.errstate(all="ignore"):
                    values = one.derivation.run(numbers, wrong={name: mistake.formula})
            except UNFIT:
                continue
            asked = {ask: values[ask] for ask in one.asks}
            same_shape = all(np.shape(x) == np.shape(true[ask]) and np.all(np.isfinite(x)) for ask, x in asked.items())
            if same_shape and not diagnosis.same(values[name], true[name]):
                yield name, mistake, asked


def answer(asked):
    """The answer's cell with these numbers."""
    return "answer = {" + ", ".join(f"{name!r}: {handouts.in_python(x)}" for name, x in asked.items()) + "}"


def notebook(whose="ada", name="set2", solved=True, **answers):
    """A student's notebook: solved or as handed out, with these answers in the place of some tasks'."""
    made = handouts.of_set(SETS[name], tasks_of(whose, name), whose, solved)
    for cell in made["cells"]:
        task = cell["id"].removesuffix("-answer")
        if task != cell["id"] and task in answers:
            cell["source"] = answers[task]
    return made


def hand_in(folder: Path, whose: str, name: str, made) -> None:
    """Puts a notebook where nbgrader collects it."""
    path = folder / whose / name / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(made if isinstance(made, str) else json.dumps(made), encoding="utf-8")


def class_of(n, name="set2"):
    """n students by identifier: (notebook, points expected or None, name of the mistake or None).

    The first leaves all empty, the second solves all, the third hands in untouched code; each other
    makes one mistake at one step.
    """
    found = {}
    for k in range(n):
        whose = f"s{k:02}"
        tasks = tasks_of(whose, name)
        of = sum(task.of for task in tasks)
        if k == 0:
            found[whose] = notebook(whose, name, solved=False), 0, None
        elif k == 1:
            found[whose] = notebook(whose, name), of, None
        elif k == 2:
            case = next(task for task in tasks if isinstance(task.exercise, Clinic))
            found[whose] = notebook(whose, name, **{case.name: handouts.stub(case)}), of - case.of, case.exercise.mistake.name
        else:
            numbers = [task for task in tasks if isinstance(task.exercise, Numbers)]
            task = numbers[k % len(numbers)]
            made = list(mistakes(task))
            _, mistake, asked = made[7 * k % len(made)]
            found[whose] = notebook(whose, name, **{task.name: answer(asked)}), of - task.points, mistake.name
    return found
