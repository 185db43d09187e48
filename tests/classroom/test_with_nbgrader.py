"""Real nbgrader grades thirty simulated students, and some who try to cheat (`make test-class`)."""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import simulated

from bpcourse.classroom import handouts
from bpcourse.classroom.roster import Student

pytest.importorskip("nbgrader", reason="nbgrader is not installed here: make test-class")

CLASS = simulated.class_of(30)
TRICKS = {
    "exit": {"p1": "import os\nos._exit(0)"},
    "loop": {"p1": "while True: pass"},
    "check": {"p1": "import bpcourse.practice.exercises as e, sys\ne.check = None\nsys.exit()"},
}


def nbgrader(course: Path, *command: str) -> str:
    """The output of a command of nbgrader; the test fails with it where nbgrader does."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic by its name
    alone = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    alone |= {"HOME": str(course), "PATH": path}
    found = subprocess.run(
        [sys.executable, "-m", "nbgrader", *command], cwd=course, env=alone, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout + found.stderr


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    out = tmp_path_factory.mktemp("class")
    students = [*CLASS, *TRICKS, "edited"]
    handouts.write([Student(student) for student in students], simulated.SECRET, out)
    course = out / "nbgrader"
    for student, (notebook, _, _) in CLASS.items():
        simulated.hand_in(course / "submitted", student, "set2", notebook)
    for student, answers in TRICKS.items():
        simulated.hand_in(course / "submitted", student, "set2", simulated.notebook(student, **answers))
    made = simulated.notebook("edited")
    made["cells"] = [cell for cell in made["cells"] if cell["id"] != "p2"]
    for cell in made["cells"]:
        if cell["id"] == "p1":
            cell["source"], cell["metadata"]["nbgrader"]["points"] = "100.0", 100
    simulated.hand_in(course / "submitted", "edited", "set2", made)
    nbgrader(course, "generate_assignment", "set2")
    nbgrader(course, "db", "student", "import", "students.csv")
    nbgrader(course, "autograde", "set2")
    nbgrader(course, "generate_feedback", "set2")
    nbgrader(course, "export")
    return course


def scores(course):
    with (course / "grades.csv").open(encoding="utf-8") as file:
        return {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)}


def test_each_student_gets_the_points_of_her_answers(graded):
    found, of = scores(graded), sum(task.of for task in simulated.tasks_of())
    assert {student: found[student] for student in CLASS} == {student: (points, of) for student, (_, points, _) in CLASS.items()}


def test_each_mistake_is_named_in_the_feedback_that_goes_back(graded):
    for student, (_, _, mistake) in CLASS.items():
        if mistake:
            page = (graded / "feedback" / student / "set2" / "set2.html").read_text(encoding="utf-8")
            assert mistake.replace("'", "&#39;") in page or mistake in page, (student, mistake)


def test_a_trick_costs_its_own_cell_and_an_edited_test_nothing(graded):
    found = scores(graded)
    for student in TRICKS:
        tasks = simulated.tasks_of(student)
        assert found[student][0] == sum(task.of for task in tasks) - tasks[0].of, student
    assert found["edited"][0] == found["edited"][1]


def test_no_release_of_nbgrader_holds_a_key(graded):
    for path in [*(graded / "release").rglob("*"), *(graded.parent / "handouts").rglob("*.ipynb")]:
        if path.is_file():
            text = re.sub(r'"checksum": "\w+"', "", path.read_text(encoding="utf-8"))
            assert simulated.SECRET not in text and not re.search(r"[0-9a-f]{16}", text)


def test_grading_again_gives_the_same(graded):
    before = scores(graded)
    again = graded / "autograded" / "s05" / "set2" / "set2.ipynb"
    kept = again.read_bytes()
    shutil.rmtree(graded / "autograded" / "s05")
    nbgrader(graded, "autograde", "set2", "--student", "s05")
    nbgrader(graded, "export")
    assert scores(graded) == before and again.read_bytes() == kept
