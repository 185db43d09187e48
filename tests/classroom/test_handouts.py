"""Handouts and keys: each student's own, the same again, and nothing in them that grades."""

import json
import re
import shutil
import stat

import numpy as np
import pytest
import simulated

from bpcourse.classroom import handouts
from bpcourse.classroom.__main__ import main
from bpcourse.classroom.roster import Student
from bpcourse.classroom.sets import SETS
from bpcourse.practice import clinic
from bpcourse.practice.exercises import Clinic, Numbers

STUDENTS = [Student("ada", 'Ada "A." Lovelace', "ada@example.org"), Student("bob")]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("class")
    handouts.write(STUDENTS, simulated.SECRET, out)
    return out


def files(folder):
    """What a folder holds, but for its own name."""
    own = str(folder).encode()
    return {path.relative_to(folder): path.read_bytes().replace(own, b"") for path in folder.rglob("*") if path.is_file()}


def test_the_same_roster_gives_the_same_bytes(written, tmp_path):
    handouts.write(STUDENTS, simulated.SECRET, tmp_path)
    assert files(tmp_path) == files(written)
    handouts.write(STUDENTS, simulated.SECRET + "!", tmp_path)
    changed = [path for path, held in files(tmp_path).items() if held != files(written)[path]]
    assert {path.parts[0] for path in changed} == {"handouts", "keys", "nbgrader", "otter"}


def test_each_student_has_numbers_and_a_bug_of_her_own(written):
    for name in SETS:
        ada, bob = [(written / "handouts" / whose / f"{name}.ipynb").read_text(encoding="utf-8") for whose in ("ada", "bob")]
        assert "`ada`" in ada and "bob" not in ada
        given = [re.findall(r'"id": "p\d+-given",.*?"source": "(.*?)",\n', text, re.S) for text in (ada, bob)]
        assert given[0] != given[1]
    whose = [f"s{k}" for k in range(30)]
    for name in SETS:
        bugs = set()
        for one in whose:
            case = next(task.exercise for task in simulated.tasks_of(one, name) if isinstance(task.exercise, Clinic))
            bugs.add((case.at, case.mistake.name))
        assert len(bugs) >= 10, name


def test_a_handout_holds_no_answer_no_seed_no_secret_and_no_digest(written):
    for student in STUDENTS:
        for name in SETS:
            tasks = simulated.tasks_of(student.identifier, name)
            text = (written / "handouts" / student.identifier / f"{name}.ipynb").read_text(encoding="utf-8")
            assert simulated.SECRET not in text and not re.search(r"[0-9a-f]{16}", text)
            for task in tasks:
                assert str(task.seed) not in text
                if isinstance(task.exercise, Numbers):
                    numbers = task.exercise.derivation.drawn(task.seed)
                    true = task.exercise.derivation.run(numbers)
                    digits = [repr(float(x)) for step in task.steps for x in np.ravel(true[step])]
                    assert not [x for x in digits if len(x) > 7 and x in text]
                if isinstance(task.exercise, Clinic):
                    names = [reason.mistake.name for reason in clinic.menu(task.exercise)]
                    assert [text.count(f"`{one}`") for one in names] == [1] * len(names)
                    step = task.exercise.derivation.step(task.exercise.at)
                    right = clinic.written(task.exercise.derivation, step, clinic.RULES[step.rule], code=True)
                    assert f"{right} " not in text


def test_a_key_gives_the_tasks_again_and_stays_with_the_teacher(written):
    assert stat.S_IMODE((written / "keys").stat().st_mode) == 0o700
    for name in SETS:
        made = handouts.tasks_of(json.loads((written / "keys/ada" / f"{name}.json").read_text()))
        tasks = simulated.tasks_of("ada", name)
        assert [(task.name, task.label, task.seed, task.points) for task in made] == [task[:4] for task in tasks]
        assert [handouts.question(task) for task in made] == [handouts.question(task) for task in tasks]


def test_the_course_has_no_name_of_its_own_so_a_hub_may_give_it_one(written):
    assert "course_id" not in (written / "nbgrader" / "nbgrader_config.py").read_text()


def test_the_rubric_lists_each_step_with_its_points(written):
    for name in SETS:
        text = (written / "keys/ada" / f"{name}.md").read_text(encoding="utf-8")
        tasks = simulated.tasks_of("ada", name)
        assert text.count("\n| ") == sum(len(task.steps) + 1 for task in tasks)
        assert f"\n\n{sum(task.of for task in tasks)} points." in text


def test_every_notebook_is_one(written):
    nbformat = pytest.importorskip("nbformat")
    for path in written.rglob("*.ipynb"):
        nbformat.validate(nbformat.read(path, as_version=4))
        ids = [cell["id"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
        assert len(ids) == len(set(ids))


def test_what_is_handed_out_runs_from_top_to_bottom(written):
    for name in SETS:
        space = {}
        for cell in json.loads((written / "handouts/ada" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                exec(cell["source"], space)


def test_a_secret_is_made_once_and_for_the_teacher_alone(tmp_path, capsys):
    (tmp_path / "roster.csv").write_text("identifier\nada\n")
    main(["make", str(tmp_path / "roster.csv"), "--out", str(tmp_path / "one")])
    secret = tmp_path / "roster.secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600 and re.fullmatch("[0-9a-f]{64}\n", secret.read_text())
    main(["make", str(tmp_path / "roster.csv"), "--out", str(tmp_path / "two")])
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert "1 students, 5 sets" in capsys.readouterr().out


def test_a_roster_without_its_secret_changes_no_set_that_was_made(tmp_path):
    (tmp_path / "roster.csv").write_text("identifier\nada\n")
    main(["make", str(tmp_path / "roster.csv"), "--out", str(tmp_path / "class")])
    before, newer = files(tmp_path / "class"), tmp_path / "week3.csv"
    newer.write_text("identifier\nada\nbob\n")
    with pytest.raises(SystemExit, match=r"roster: expected .*week3.secret, with which the sets .* got none"):
        main(["make", str(newer), "--out", str(tmp_path / "class")])
    assert files(tmp_path / "class") == before and not newer.with_suffix(".secret").exists()
    shutil.copy(tmp_path / "roster.secret", newer.with_suffix(".secret"))
    main(["make", str(newer), "--out", str(tmp_path / "class")])
    after = files(tmp_path / "class")
    assert {name: text for name, text in after.items() if "/ada/" in str(name)} == {
        name: text for name, text in before.items() if "/ada/" in str(name)
    }
