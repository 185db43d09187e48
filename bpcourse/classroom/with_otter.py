"""The plugin that grades for otter: an answer runs apart, otter sees the marks alone.

Otter runs a whole notebook in one process, in which its tests run as well. The plugin grades before
that, and gives otter a notebook that says nothing but the marks; each test case asks for one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
from otter.plugins import AbstractOtterPlugin

from bpcourse.classroom.grading import Mark, feedback, grade_notebook
from bpcourse.classroom.handouts import tasks_of


class Grade(AbstractOtterPlugin):
    """Grades the file `ada.ipynb` by the key of ada, which lies beside the tests."""

    marks: list[Mark]

    def before_execution(self, submission: Any) -> Any:
        """The notebook of marks in the place of the student's."""
        student = Path(self.submission_path).stem
        keys = json.loads(Path("keys.json").read_text(encoding="utf-8"))
        if student not in keys:
            raise ValueError(f"submission: expected a file named by a student of the roster, like ada.ipynb, got {student}.ipynb")
        self.marks = grade_notebook(tasks_of(keys[student]), submission, [Path.cwd().parent, self.plugin_config["course"]])
        marks: dict[str, dict[str, bool]] = {}
        for mark in self.marks:
            marks.setdefault(mark.problem, {})[mark.step] = mark.points > 0
        cells = [nbformat.v4.new_code_cell(f"marks = {marks!r}")]
        return nbformat.v4.new_notebook(cells=cells, metadata=submission.metadata)

    def after_grading(self, results: Any) -> None:
        """The diagnosis, as what otter says of the whole submission."""
        results.set_output(self.generate_report())

    def generate_report(self) -> str:
        """What is said of each step."""
        problems = dict.fromkeys(mark.problem for mark in self.marks)
        return "\n\n".join(f"{name}\n{feedback(mark for mark in self.marks if mark.problem == name)}" for name in problems)
