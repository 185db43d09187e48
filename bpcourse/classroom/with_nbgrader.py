"""The two preprocessors that nbgrader's `autograde` uses in the place of its own Execute.

nbgrader gives one release to a whole class and keeps one gradebook; what differs between students
is outside the cells that it locks. So the course holds one source of each set, whose cells have the
names of every student's, each student gets her own notebook of that name, and her key is looked up
when she is graded.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode

from bpcourse.classroom.grading import feedback, grade_notebook, sources
from bpcourse.classroom.handouts import tasks_of


class ClassPreprocessor(NbGraderPreprocessor):
    """A preprocessor that knows the folder of the class."""

    course = Unicode(help="the folder that `python -m bpcourse.classroom` made").tag(config=True)

    def file(self, folder: str, resources: Any, suffix: str) -> Path:
        """A file of the student whose notebook is at hand."""
        names = resources["nbgrader"]
        return Path(self.course) / folder / names["student"] / f"{names['assignment']}{suffix}"


class Rebuild(ClassPreprocessor):
    """Puts the sources of a student's answers into her notebook as it was handed out.

    So whatever she changed, doubled or deleted besides has no effect.
    """

    def preprocess(self, nb: Any, resources: Any) -> Any:
        """The handout with the answers; a cell that is not there stays empty."""
        handout = self.file("handouts", resources, ".ipynb")
        if not handout.is_file():
            raise FileNotFoundError(f"student: expected one of the roster, got {resources['nbgrader']['student']!r}")
        answers = sources(nb)
        rebuilt = nbformat.read(handout, as_version=4)
        for cell in rebuilt.cells:
            if cell.id.endswith("-answer"):
                cell.source = answers.get(cell.id.removesuffix("-answer"), "# There was no such cell.")
        return rebuilt, resources


class Grade(ClassPreprocessor):
    """Grades each answer and writes points and diagnosis below it, as the output of its test's cell."""

    def preprocess(self, nb: Any, resources: Any) -> Any:
        """The notebook with the outputs that nbgrader reads the points from."""
        tasks = tasks_of(json.loads(self.file("keys", resources, ".json").read_text(encoding="utf-8")))
        marks = grade_notebook(tasks, nb, [self.course])
        for cell in nb.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            of_cell = [mark for mark in marks if mark.problem == name]
            if of_cell:
                points = str(sum(mark.points for mark in of_cell))
                cell.outputs = [
                    nbformat.v4.new_output("stream", name="stdout", text=feedback(of_cell) + "\n"),
                    nbformat.v4.new_output("execute_result", data={"text/plain": points}, execution_count=1),
                ]
                cell.execution_count = 1
        return nb, resources
