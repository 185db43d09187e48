"""Grading: nothing for nothing, all for all, a mistake named and carried forward, and one cell's price for one cell's trick."""

import pytest
import simulated

from bpcourse.classroom import grading
from bpcourse.classroom.__main__ import main
from bpcourse.classroom.sets import SETS, Problem, seed_of
from bpcourse.classroom.tasks import of_seed
from bpcourse.practice.answers import check
from bpcourse.practice.exercises import Choice, Clinic, Code, Numbers


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The folder of a class of two."""
    folder = tmp_path_factory.mktemp("class")
    (folder / "roster.csv").write_text("identifier\nada\nbob\n")
    (folder / "roster.secret").write_text(simulated.SECRET)
    main(["make", str(folder / "roster.csv"), "--out", str(folder / "out")])
    return folder / "out"


def total(marks):
    return sum(mark.points for mark in marks)


@pytest.mark.parametrize("name", SETS)
def test_solved_earns_all_and_empty_earns_nothing(name):
    tasks = simulated.tasks_of("ada", name)
    full = grading.grade_notebook(tasks, simulated.notebook("ada", name))
    assert total(full) == sum(task.of for task in tasks) == sum(mark.of for mark in full), [m for m in full if not m.points]
    empty = grading.grade_notebook(tasks, simulated.notebook("ada", name, solved=False))
    assert total(empty) == 0
    assert {mark.verdict.kind for mark in empty if mark.step != "function"} == {"nothing"}


@pytest.mark.parametrize("name", SETS)
def test_every_mistake_at_every_step_is_named_and_costs_that_step_alone(name):
    tried = 0
    for task in simulated.tasks_of("bob", name):
        if isinstance(task.exercise, Numbers):
            for step, mistake, asked in simulated.mistakes(task):
                tried += 1
                verdicts = grading._numbers(task, task.exercise, asked)
                wrong = [ask for ask in task.steps if not verdicts[ask].accepted]
                named = verdicts[step].mistakes
                assert wrong == [step], (task.label, step, mistake.name, verdicts)
                short = verdicts[step].kind == "more"  # the wrong number is the right one cut off, by chance
                assert short or mistake.name in named or "transposed" in named, (task.label, step, mistake.name, verdicts)
    assert tried > 30


def test_a_short_number_that_follows_and_might_be_the_right_one_cut_off_follows():
    task = of_seed(1, Problem("15.5"), seed_of("bob", "15.5", simulated.SECRET))
    asked = next(asked for step, mistake, asked in simulated.mistakes(task) if mistake.name == "activation forgotten")
    assert check("15.5", seed=task.seed, **asked).verdicts["z2"].kind == "more"
    assert grading._numbers(task, task.exercise, asked)["z2"].kind == "follows"


def test_the_bug_left_in_is_named_and_a_half_mended_one_is_told_too():
    for whose in ("ada", "bob", "eve"):
        for name in SETS:
            task = next(task for task in simulated.tasks_of(whose, name) if isinstance(task.exercise, Clinic))
            line, reason, function = grading.grade(task, simulated.handouts.stub(task))
            assert (line.points, reason.points, function.points) == (0, 0, 0)
            assert task.exercise.mistake.name in function.verdict.mistakes, (task, function)


def test_numbers_are_read_as_they_are_typed_and_one_that_cannot_be_read_spoils_no_other():
    task = next(task for task in simulated.tasks_of() if task.label == "07.4")
    true = task.exercise.derivation.run(task.exercise.derivation.drawn(task.seed))
    answers = {name: true[name] for name in task.steps}
    u = ", ".join(f"{x:.5f}" for x in true["u"].ravel())
    marks = grading.grade(task, simulated.answer({**answers}).replace("}", f", 'u': '{u}', 'own': 'abc', 'cross': [1, 2]}}"))
    assert [mark.step for mark in marks if not mark.points] == ["own", "cross"]
    assert "own: expected a number" in marks[1].verdict.text and "expected one number, got 2" in marks[2].verdict.text
    assert total(grading.grade(task, "answer = 5")) == 0
    (few,) = [mark for mark in grading.grade(task, "answer = {'dw': 0.1}") if mark.step == "dw"]
    assert few.points == 0


def test_a_choice_is_a_letter_and_its_options_stand_in_another_order_for_others():
    orders = set()
    for whose in ("ada", "bob", "eve", "kim", "lee"):
        task = next(task for task in simulated.tasks_of(whose) if isinstance(task.exercise, Choice))
        orders.add(tuple(option.right for option in task.exercise.options))
        marks = [grading.grade(task, f"answer = {letter!r}")[0] for letter in "abcd"]
        assert [mark.points for mark in marks] == [int(option.right) for option in task.exercise.options]
    assert len(orders) > 1
    for source, said in [("answer = 7", "from a to d, got 7"), ("answer = 'ab'", "got 'ab'"), ("answer = None", "No answer")]:
        (mark,) = grading.grade(task, source)
        assert mark.points == 0 and said in mark.verdict.text


@pytest.mark.parametrize(
    "trick",
    [
        "import bpcourse.practice.exercises as e\ne.check = lambda *a, **k: e.Report({})\nanswer = {}",
        "import subprocess, sys, numpy as np\nsubprocess.Popen = None\nnp.allclose = lambda *a, **k: True\nanswer = {'u': 1}",
        "import os\nos._exit(0)",
        "answer = type('D', (dict,), {'get': lambda s, k: 1 / 0})()",
        "answer = {'u': float('nan'), 'own': 10**400, 'cross': 'x' * 1000, 'dw': {}, 'delta': [[]]}",
    ],
)
def test_a_trick_costs_its_own_cell_and_no_other(trick):
    tasks = simulated.tasks_of()
    task = next(task for task in tasks if task.label == "07.4")
    marks = grading.grade_notebook(tasks, simulated.notebook(**{task.name: trick}))
    assert total(marks) == sum(other.of for other in tasks) - task.of
    assert not any(mark.points for mark in marks if mark.problem == task.name)


def test_a_function_that_goes_wrong_is_told():
    task = next(task for task in simulated.tasks_of("ada", "set1") if isinstance(task.exercise, Code))
    said = {
        "def step(a, b, h): return a / 0": "ZeroDivisionError: float division by zero (line 1)",
        "def step(a, b): return a": "TypeError",
        "def step(a, b, h): return None": "returns nothing",
        "def step(a, b, h): return a + h * a, b + h * b": "0 of 2 numbers are right",
        "def step(a, b, h): return lambda: 1": "expected numbers, got Stranger",
        "step = 5": "not callable",
        "": "not callable",
    }
    for source, words in said.items():
        (mark,) = grading.grade(task, source)
        assert mark.points == 0 and words in mark.verdict.text, mark


def damaged() -> list:
    """Notebooks to which something happened, and the points that it costs."""
    tasks = simulated.tasks_of("ada", "set1")
    of = sum(task.of for task in tasks)

    def changed(change):
        made = simulated.notebook("ada", "set1")
        cells = {cell["id"]: cell for cell in made["cells"]}
        change(made, cells)
        return made

    def without_ids(made, cells):
        for cell in made["cells"]:
            del cell["id"]

    def without_metadata(made, cells):
        for cell in made["cells"]:
            cell["metadata"] = []

    def edited(made, cells):
        cells["p1"].update(source="1.0", metadata={"nbgrader": {"points": 99}})

    def in_lines(made, cells):
        cells["p1-answer"]["source"] = cells["p1-answer"]["source"].splitlines(keepends=True)

    return [
        ("untouched", changed(lambda made, cells: None), of),
        ("test cell edited", changed(edited), of),
        ("test cell deleted", changed(lambda made, cells: made["cells"].remove(cells["p1"])), of),
        ("answer deleted", changed(lambda made, cells: made["cells"].remove(cells["p3-answer"])), of - tasks[2].of),
        ("answer twice", changed(lambda made, cells: made["cells"].append({**cells["p3-answer"], "source": "1 / 0"})), of),
        ("source in lines", changed(in_lines), of),
        ("no ids", changed(without_ids), of),
        ("no metadata", changed(without_metadata), of),
        ("cells that are none", changed(lambda made, cells: made["cells"].extend([None, 5, {"source": None}])), of),
        ("no cells", {"cells": []}, 0),
        ("cells that are no list", {"cells": 5}, 0),
        ("no notebook", [], 0),
        ("no JSON", "{", 0),
    ]


DAMAGED = damaged()


@pytest.mark.parametrize("made, points", [case[1:] for case in DAMAGED], ids=[case[0] for case in DAMAGED])
def test_what_happens_to_a_notebook_costs_no_more_than_it_must(made, points, course, tmp_path, capsys):
    simulated.hand_in(tmp_path / "in", "ada", "set1", made)
    main(["grade", "--out", str(course), "--submitted", str(tmp_path / "in"), "set1"])
    grades = (course / "grades.csv").read_text().splitlines()
    of = sum(task.of for task in simulated.tasks_of("ada", "set1"))
    assert grades == ["identifier,set,points,of,remark", f"ada,set1,{points},{of},", f"bob,set1,0,{of},not handed in"]
    assert f": {points} of {of} points" in (course / "feedback" / "ada" / "set1.md").read_text(encoding="utf-8")
    assert "1 of 2 sets were handed in" in capsys.readouterr().out


def test_feedback_and_steps_name_the_mistake(course, tmp_path):
    task = next(task for task in simulated.tasks_of() if task.label == "07.4")
    _, mistake, asked = next(made for made in simulated.mistakes(task) if made[0] == "cross")
    simulated.hand_in(tmp_path, "ada", "set2", simulated.notebook(**{task.name: simulated.answer(asked)}))
    main(["grade", "--out", str(course), "--submitted", str(tmp_path), "set2"])
    told = (course / "feedback/ada/set2.md").read_text(encoding="utf-8")
    assert f"cross: 0 of 1. Not right. This is what comes out with: {mistake.name}." in told
    assert "by_2: 1 of 1. Right, given your number" in told
    (row,) = [row for row in (course / "steps.csv").read_text(encoding="utf-8").splitlines() if ",cross," in row]
    assert row.startswith(f"ada,set2,{task.name},07.4,cross,0,1,mistake,{mistake.name},")


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["make", "nowhere.csv"], "nowhere.csv"),
        (["grade", "--out", "nowhere"], "out: expected the folder that make wrote, got nowhere"),
        (["grade", "--out", "nowhere", "set9"], "set: expected set1, set2, set3, set4, set5, got 'set9'"),
    ],
)
def test_the_command_says_what_is_wrong(arguments, said):
    with pytest.raises(SystemExit, match=said):
        main(arguments)


def test_a_folder_that_is_no_students_is_named(course, tmp_path, capsys):
    for whose in "ada", "Bob", "stranger":
        simulated.hand_in(tmp_path, whose, "set1", simulated.notebook("ada", "set1"))
    main(["grade", "--out", str(course), "--submitted", str(tmp_path), "set1"])
    told = capsys.readouterr()
    assert told.err == "left out, since no student is called so: Bob, stranger\n" and "1 of 2 sets were" in told.out


def test_marks_are_told_one_a_line():
    tasks = simulated.tasks_of("ada", "set1")
    lines = grading.feedback(grading.grade(tasks[0], None)).splitlines()
    assert lines == [f"{step}: 0 of 1. The answer's cell is not there." for step in tasks[0].steps]
