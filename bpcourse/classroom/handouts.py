"""What is handed out and what is kept: notebooks, keys, and the sources for nbgrader and otter.

A handout holds a student's questions and empty cells, no number that was computed from them, no
seed and no name of a mistake. What grades her is in the folder of keys, which stays with the teacher.

Book: chapters 01 to 18, in a class's problem sets.
"""

from __future__ import annotations

import ast
import csv
import inspect
import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bpcourse.classroom.grading import LETTERS
from bpcourse.classroom.roster import Student
from bpcourse.classroom.sets import SETS, Problem, ProblemSet
from bpcourse.classroom.tasks import Task, arguments, given, in_python, in_tex, of_seed, of_student, program, shown
from bpcourse.practice import clinic
from bpcourse.practice.diagnosis import brief
from bpcourse.practice.exercises import Choice, Clinic, Code, Numbers
from bpcourse.practice.mistakes import possible

HOW = """\
# {title}

Problem set {number}, chapters {first} to {last}, {of} points. Hand it in by the end of week {week}. It was made for `{whose}`.

- Change only the cells that begin with `# Your answer`. Leave `None` where you have none.
- An answer's cell is run alone, below the cell that stands above it. What it needs besides must stand in it. It has ten seconds.
- Compute numbers there, or type them with five digits or more. A column or a matrix is an array, or a list of all its numbers,
  row by row.
- A number that follows from a wrong one of yours earns its points.
"""

SAMPLE = "sample"
"""Who the source for nbgrader and otter is made for: the empty identifier, which no student has, drew its numbers."""

Cell = dict[str, Any]


# --------------------------------------------------------------------------- the cells of a notebook


def cell(source: str, id: str, kind: str = "code", **nbgrader: Any) -> Cell:
    """A cell of a notebook; with `nbgrader` one that nbgrader knows."""
    marked = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3, "grade_id": id, **nbgrader}
    made = {"cell_type": kind, "id": id, "metadata": {"nbgrader": marked} if nbgrader else {}, "source": source}
    return {**made, "execution_count": None, "outputs": []} if kind == "code" else made


def notebook(cells: Sequence[Cell]) -> dict[str, Any]:
    """A notebook of cells, as JSON has it."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": list(cells), "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def of_set(one: ProblemSet, tasks: Sequence[Task], whose: str, solved: bool = False) -> dict[str, Any]:
    """A student's notebook of a set; with `solved` the answers stand in it."""
    numbers = {"number": one.week // 2, "first": one.chapters[0], "last": one.chapters[-1], "week": one.week}
    head = HOW.format(title=one.title, of=sum(task.of for task in tasks), whose=whose, **numbers)
    cells = [cell(head, "head", "markdown")]
    for task in tasks:
        cells += _cells(task, solution(task) if solved else stub(task))
    return notebook(cells)


def _cells(task: Task, answer: str) -> list[Cell]:
    """The question, what is given, the answer's cell, and the one where nbgrader writes the points."""
    return [
        cell(question(task), f"{task.name}-question", "markdown"),
        cell(given(task), f"{task.name}-given"),
        cell(f"# Your answer to problem {task.name[1:]}\n{answer}", f"{task.name}-answer", solution=True),
        cell(
            f"# Problem {task.name[1:]}: its {points(task.of)}, and what is said of the answer, stand here once it is graded.",
            task.name, grade=True, locked=True, points=task.of,
        ),
    ]  # fmt: skip


def question(task: Task) -> str:
    """The question in Markdown, with the student's numbers."""
    one = task.exercise
    parts = [f"## Problem {task.name[1:]}. {one.title}\n\n{points(task.of)}.", one.text]
    if isinstance(one, Numbers):
        symbols, true = one.derivation.symbols(), one.derivation.run(one.derivation.drawn(task.seed))
        parts += [
            "Given: " + ", ".join(f"${symbols[n]} = {in_tex(x)}$" for n, x in shown(one, one.derivation, task.seed).items()) + "."
        ]
        rows = [f"| `{name}` | ${symbols[name]}$ | {_size(true[name])} |" for name in one.asks]
        parts += ["\n".join(["| name in `answer` | what it is | how many numbers |", "|---|---|---|", *rows])]
    elif isinstance(one, Choice):
        parts += ["\n".join(f"- **{letter}**: {option.text}" for letter, option in zip(LETTERS, one.options))]
    elif isinstance(one, Clinic):
        drawn = one.derivation.drawn(one.seed)
        lines = [f"{k}. `{line.text}`, which gives {_few(line.value)}" for k, line in enumerate(clinic.lines(one), start=1)]
        parts[1] = f"These lines should end with the gradient `d{one.nudged}`, and do not. One of them has a mistake in it."
        parts += [
            "On the numbers " + ", ".join(f"`{name}` = {_few(drawn[name])}" for name in arguments(one)) + ":",
            "\n".join(lines),
        ]
        reasons = "\n".join(f"- `{reason.mistake.name}`" for reason in clinic.menu(one))
        parts += [
            f"Give the number of the first bad line, the reason (one of these names), and mend the function below.\n\n{reasons}"
        ]
    return "\n\n".join(parts)


def points(n: int) -> str:
    """1 point, 2 points."""
    return f"{n} point{'s' * (n > 1)}"


def _few(x: Any) -> str:
    """A number, or an array row by row, with six digits."""
    rows = [[brief(float(entry)) for entry in row] for row in np.atleast_2d(x)]
    return "; ".join(", ".join(row) for row in rows) if np.size(x) == 1 else f"[{'; '.join(', '.join(row) for row in rows)}]"


def _size(x: Any) -> str:
    return "1" if np.size(x) == 1 else f"{np.size(x)} ({' × '.join(map(str, np.shape(x)))})"


# --------------------------------------------------------------------------- empty and full cells


def stub(task: Task) -> str:
    """The answer's cell as it is handed out."""
    one = task.exercise
    if isinstance(one, Numbers):
        return _dict(dict.fromkeys(one.asks, "None"))
    if isinstance(one, Clinic):
        return f'line = None  # its number\nreason = None  # its name, as text: "…"\n\n\n{program(one)}'
    return one.stub.strip() if isinstance(one, Code) else "answer = None  # a letter, as text"


def solution(task: Task) -> str:
    """The answer's cell with what is right."""
    one = task.exercise
    if isinstance(one, Numbers):
        true = one.derivation.run(one.derivation.drawn(task.seed))
        return _dict({name: in_python(true[name]) for name in one.asks})
    if isinstance(one, Choice):
        return f'answer = "{next(letter for letter, option in zip(LETTERS, one.options) if option.right)}"'
    if isinstance(one, Clinic):
        return f"line = {_bad_line(one)}\nreason = {one.mistake.name!r}\n\n\n{program(one, mended=True)}"
    assert isinstance(one, Code)
    return _solved(one)


def _dict(entries: Mapping[str, str]) -> str:
    return "\n".join(["answer = {", *(f'    "{name}": {value},' for name, value in entries.items()), "}"])


def _bad_line(one: Clinic) -> int:
    return next(k for k, line in enumerate(clinic.lines(one), start=1) if line.verdict == "bad line")


def _solved(one: Code) -> str:
    """The source of the solution under the name that the stub has, without types, which would want imports."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(one.solved)))
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.name, function.returns = one.stub.partition("def ")[2].partition("(")[0], None
    for argument in function.args.args:
        argument.annotation = None
    return ast.unparse(tree)


# --------------------------------------------------------------------------- the key


def rubric(one: ProblemSet, tasks: Sequence[Task], whose: str) -> str:
    """The key in Markdown, for a teacher to read.

    Each step has its points, what is right, and the mistakes that are known by name.
    """
    parts = [
        f"# {one.title}: the key of {whose}\n\n{sum(task.of for task in tasks)} points. A step earns its points if it is "
        "right, if it follows from an earlier answer of the student's own, or if it is right but for rounding in between."
    ]
    for task in tasks:
        rows = [f"| {step} | {right} | {task.points} | {known} |" for step, right, known in _right(task)]
        table = "\n".join(["| step | right | points | mistakes known by name |", "|---|---|---|---|", *rows])
        parts.append(f"## {task.name}: {task.exercise.title} ({task.label}, {points(task.of)})\n\n{table}")
    return "\n\n".join(parts) + "\n"


def _right(task: Task) -> list[tuple[str, str, str]]:
    """For each step its name, what is right, and the mistakes that can be made there."""
    one = task.exercise
    if isinstance(one, Numbers):
        true = one.derivation.run(one.derivation.drawn(task.seed))
        known = {name: "; ".join(dict.fromkeys(m.name for m in possible(one.derivation.step(name)))) for name in one.asks}
        return [(name, _few(true[name]), known[name]) for name in one.asks]
    if isinstance(one, Choice):
        right = solution(task).partition('"')[2].rstrip('"')
        return [("choice", right, "each option says why it is not")]
    if isinstance(one, Clinic):
        return [
            ("line", str(_bad_line(one)), ""),
            ("reason", one.mistake.name, ""),
            ("function", f"line {_bad_line(one)} mended", ""),
        ]
    return [("function", "right on every case", "")]


def key(tasks: Sequence[Task]) -> dict[str, Any]:
    """What grading needs to know of a student's tasks."""
    return {task.name: {"label": task.label, "points": task.points, "seed": task.seed} for task in tasks}


def tasks_of(key: Mapping[str, Any]) -> list[Task]:
    """The tasks of a key."""
    made = [of_seed(k, Problem(one["label"], one["points"]), one["seed"]) for k, one in enumerate(key.values(), start=1)]
    return [task for task in made if task is not None]


# --------------------------------------------------------------------------- files


def write(students: Sequence[Student], secret: str, out: Path) -> None:
    """Writes the handouts, keys and sources of a class into a folder.

    The same roster and secret give the same bytes.
    """
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    (out / "keys").mkdir(mode=0o700, exist_ok=True)
    for one in SETS.values():
        keys = {}
        for student in students:
            tasks = of_student(student.identifier, one, secret)
            keys[student.identifier] = key(tasks)
            _json(out / "handouts" / student.identifier / f"{one.name}.ipynb", of_set(one, tasks, student.identifier))
            kept = out / "keys" / student.identifier / one.name
            _json(kept.with_suffix(".json"), key(tasks))
            _json(kept.with_suffix(".ipynb"), of_set(one, tasks, student.identifier, solved=True))
            _text(kept.with_suffix(".md"), rubric(one, tasks, student.identifier))
        sample = of_set(one, of_student("", one, secret), SAMPLE)
        _json(out / "nbgrader" / "source" / one.name / f"{one.name}.ipynb", sample)
        _json(out / "otter" / one.name / f"{one.name}.ipynb", for_otter(one, of_student("", one, secret), out))
        _json(out / "otter" / one.name / "keys.json", keys)
    _text(out / "nbgrader" / "nbgrader_config.py", NBGRADER)
    table(out / "nbgrader" / "students.csv", ["id", "first_name", "email"], students)


def table(path: Path, titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes a table as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([titles, *rows])


def _text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _json(path: Path, told: Any) -> None:
    _text(path, json.dumps(told, ensure_ascii=False, indent=1) + "\n")


NBGRADER = """\
from pathlib import Path

HERE = Path(__file__).resolve().parent
c = get_config()
c.CourseDirectory.root = str(HERE)
# In the place of nbgrader's own Execute, which would run a whole notebook in one process beside the grader.
c.Autograde.sanitize_preprocessors = [
    "bpcourse.classroom.with_nbgrader.Rebuild",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "bpcourse.classroom.with_nbgrader.Grade",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.ClassPreprocessor.course = str(HERE.parent)
"""
"""The configuration of an nbgrader course in the folder of a class."""


OTTER = """\
# ASSIGNMENT CONFIG
run_tests: false
init_cell: false
export_cell: false
autograder_files: [keys.json]
plugins: [{{bpcourse.classroom.with_otter.Grade: {{course: {course}}}}}]
generate: {{show_stdout: true, show_hidden: true}}"""
"""The configuration of an otter assignment; `course` is the folder that a student's code shall not see."""

TEST = """\
\""" # BEGIN TEST CONFIG
points: {points}
hidden: true
\""" # END TEST CONFIG
marks["{problem}"]["{step}"]"""
"""A test case of otter: whether a step earned its points."""


def for_otter(one: ProblemSet, tasks: Sequence[Task], course: Path) -> dict[str, Any]:
    """The set as `otter assign` reads it.

    A test case a step asks for the mark that `with_otter` gave.
    """
    right = {"data": {"text/plain": "True"}, "execution_count": 1, "metadata": {}, "output_type": "execute_result"}
    cells = [
        cell(OTTER.format(course=json.dumps(str(course.resolve()))), "config", "raw"),
        cell(f"# {one.title}", "head", "markdown"),
    ]
    for task in tasks:
        begin = f"# BEGIN QUESTION\nname: {task.name}\npoints: {task.of}\ncheck_cell: false"
        cells += [cell(begin, f"{task.name}-begin", "raw"), cell(question(task), f"{task.name}-question", "markdown")]
        cells += [cell("# BEGIN SOLUTION", f"{task.name}-solution", "raw"), cell(stub(task), f"{task.name}-answer")]
        cells += [cell("# END SOLUTION", f"{task.name}-solved", "raw"), cell("# BEGIN TESTS", f"{task.name}-tests", "raw")]
        for k, step in enumerate(task.steps):
            test = TEST.format(points=task.points, problem=task.name, step=step)
            cells += [{**cell(test, f"{task.name}-test-{k}"), "outputs": [right]}]
        cells += [cell("# END TESTS", f"{task.name}-tested", "raw"), cell("# END QUESTION", f"{task.name}-end", "raw")]
    return notebook(cells)
