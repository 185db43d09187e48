"""Real otter grades thirty simulated students (`make test-class`)."""

import subprocess
import sys

import pytest
import simulated

from bpcourse.classroom import handouts
from bpcourse.classroom.roster import Student

otter = pytest.importorskip("otter.run", reason="otter is not installed here: make test-class")

CLASS = simulated.class_of(30, "set1")


@pytest.fixture(scope="module")
def autograder(tmp_path_factory):
    """The zip file that `otter assign` makes."""
    out = tmp_path_factory.mktemp("class")
    handouts.write([Student(student) for student in [*CLASS, "cheat"]], simulated.SECRET, out)
    source = out / "otter" / "set1"
    found = subprocess.run(
        [sys.executable, "-m", "otter", "assign", "set1.ipynb", "dist"], cwd=source, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
    (made,) = (source / "dist" / "autograder").glob("*.zip")
    assert not [path for path in (source / "dist" / "student").rglob("*") if path.name == "keys.json"]
    return made


def results(autograder, folder, student, notebook):
    """What otter gives for a notebook: points, points to be had, and what is said."""
    simulated.hand_in(folder, student, "set1", notebook)
    file = (folder / student / "set1" / "set1.ipynb").rename(folder / f"{student}.ipynb")
    found = otter.main(str(file), autograder=str(autograder), output_dir=None, no_logo=True)
    return found.total, found.possible, found.output


@pytest.mark.parametrize("student", CLASS)
def test_each_student_gets_the_points_of_her_answers_and_her_mistake_named(student, autograder, tmp_path):
    notebook, points, mistake = CLASS[student]
    total, possible, said = results(autograder, tmp_path, student, notebook)
    assert (total, possible) == (points, sum(task.of for task in simulated.tasks_of(student, "set1")))
    assert mistake is None or mistake in said


def test_a_trick_costs_its_own_cell(autograder, tmp_path):
    tricks = "import os, sys\nsys.modules['otter'] = None\nmarks = {}\nos._exit(0)"
    tasks = simulated.tasks_of("cheat", "set1")
    total, possible, said = results(autograder, tmp_path, "cheat", simulated.notebook("cheat", "set1", p1=tricks))
    assert total == possible - tasks[0].of and "ended Python" in said
