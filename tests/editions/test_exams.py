"""Exams on paper: what is printed, and that the keys alone hold the answers."""

import re
import subprocess
import sys

import numpy as np
import pypdfium2
import pytest
from still import ROOT

from bpcourse.classroom import versions
from bpcourse.classroom.sets import SETS
from bpcourse.practice.diagnosis import brief

SECRET = "a secret of the teacher"


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exams")
    (folder / "roster.csv").write_text("identifier\nada\n")
    (folder / "roster.secret").write_text(SECRET)
    command = [
        sys.executable,
        ROOT / "tools" / "exams.py",
        folder / "roster.csv",
        "set2",
        "--versions",
        "3",
        "--out",
        "out",
    ]
    subprocess.run(command, check=True, cwd=folder)
    return {path.stem: pypdfium2.PdfDocument(path) for path in (folder / "out").iterdir()}


def text(pdf) -> str:
    return re.sub(r"\s+", " ", " ".join(page.get_textpage().get_text_range() for page in pdf)).replace("\ufffe", "")


def test_each_version_has_a_sheet_and_a_key(printed):
    assert sorted(printed) == [f"set2-{letter}{key}" for letter in "ABC" for key in ("", "-key")]
    for name, pdf in printed.items():
        assert f"version {name[5]}" in text(pdf) and ("key" in name) == (", key" in text(pdf))
        assert {tuple(round(side) for side in page.get_size()) for page in pdf} == {(595, 842)}, "A4"


def test_the_keys_alone_hold_the_answers_each_its_own(printed):
    made = versions.versions(SETS["set2"], 3, SECRET)
    answers = {
        letter: {brief(float(x)) for task in tasks for value in versions.answers(task) for x in np.ravel(value)}
        for letter, tasks in made.items()
    }
    for letter, own in answers.items():
        key, sheet = text(printed[f"set2-{letter}-key"]), text(printed[f"set2-{letter}"])
        assert all(number in key for number in own)
        long = {number for number in own if len(number.lstrip("−0.")) >= 4}
        assert len(long) > 20 and not any(number in sheet for number in long)
        assert "key" not in sheet and "mistake" not in sheet


def test_without_a_roster_no_secret_is_made(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "exams.py", "rooster.csv"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1 and "rooster.csv" in done.stderr and not list(tmp_path.iterdir())


def test_a_set_that_is_none_is_named(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "exams.py", "roster.csv", "set9"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1 and done.stderr.startswith("exams: set: expected set1, ") and "Traceback" not in done.stderr
