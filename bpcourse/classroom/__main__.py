"""A class in one command: `python -m bpcourse.classroom make roster.csv`.

Book: chapters 01 to 18, in a class's problem sets.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from bpcourse.classroom import platforms, report, roster
from bpcourse.classroom.grading import Mark, feedback, grade_notebook
from bpcourse.classroom.handouts import table, tasks_of, write
from bpcourse.classroom.sets import SETS
from bpcourse.classroom.tasks import Task
from bpcourse.practice.diagnosis import Verdict

OUT = Path("_build/class")


def secret_of(path: Path) -> str:
    """The secret beside a roster; made when there is none."""
    file = path.with_suffix(".secret")
    if not file.exists():
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as made:
            made.write(f"{secrets.token_hex(32)}\n")
    return file.read_text(encoding="ascii").strip()


def make(path: Path, out: Path) -> None:
    """Writes the problem sets of a roster.

    ValueError where the folder holds sets already and the secret of their numbers is not beside the roster: a new one would
    give everybody other numbers than were handed out.
    """
    students, secret = roster.read(path), path.with_suffix(".secret")
    if (out / "keys").is_dir() and not secret.exists():
        raise ValueError(
            f"roster: expected {secret}, with which the sets in {out} were made, got none: "
            "copy it there under this name, or say another folder for another class"
        )
    write(students, secret_of(path), out)
    kept = f"{out / 'keys'} and {path.with_suffix('.secret')}"
    print(f"{len(students)} students, {len(SETS)} sets. Hand out {out / 'handouts'}; keep {kept}.")


def grade(out: Path, submitted: Path, names: Sequence[str]) -> None:
    """Grades submitted/STUDENT/SET/SET.ipynb or submitted/STUDENT/SET.ipynb.

    Writes feedback/STUDENT/SET.md, grades.csv with a line a student and set, and steps.csv with a line a step. Names the
    folders that are no student's. ValueError where `out` has no keys.
    """
    if not (out / "keys").is_dir():
        raise ValueError(f"out: expected the folder that make wrote, got {out}, which has no keys")
    students = sorted(folder.name for folder in (out / "keys").iterdir() if folder.is_dir())
    handing_in = sorted(folder.name for folder in submitted.iterdir() if folder.is_dir()) if submitted.is_dir() else []
    if strangers := [name for name in handing_in if name not in students]:
        print(f"left out, since no student is called so: {', '.join(strangers)}", file=sys.stderr)
    grades, steps = [], []
    for name in names:
        for student in students:
            tasks = tasks_of(json.loads((out / "keys" / student / f"{name}.json").read_text(encoding="utf-8")))
            places = [submitted / student / name / f"{name}.ipynb", submitted / student / f"{name}.ipynb"]
            handed_in = [place for place in places if place.is_file()]
            marks = _marks(tasks, handed_in, [out, submitted])
            of = sum(task.of for task in tasks)
            grades.append([student, name, sum(mark.points for mark in marks), of, "" if handed_in else "not handed in"])
            for mark in marks:
                _, said, mistakes, _ = mark.verdict
                steps.append([student, name, *mark[:5], mark.verdict.kind, "; ".join(mistakes), said])
            if marks:
                told = out / "feedback" / student / f"{name}.md"
                told.parent.mkdir(parents=True, exist_ok=True)
                told.write_text(_feedback(name, marks), encoding="utf-8", newline="\n")
    table(out / "grades.csv", ["identifier", "set", "points", "of", "remark"], grades)
    titles = ["identifier", "set", "problem", "exercise", "step", "points", "of", "verdict", "mistakes", "said"]
    table(out / "steps.csv", titles, steps)
    there = sum(not row[-1] for row in grades)
    print(f"{there} of {len(grades)} sets were handed in. See {out / 'grades.csv'} and {out / 'feedback'}.")


def _marks(tasks: Sequence[Task], handed_in: Sequence[Path], hidden: Sequence[Path]) -> list[Mark]:
    """The marks of a notebook; none where there is none, nothing for one that cannot be read."""
    if not handed_in:
        return []
    try:
        notebook = json.loads(handed_in[0].read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        unread = Verdict("nothing", "The notebook is no JSON: it was cut off or damaged.")
        return [Mark(task.name, task.label, step, 0, task.points, unread) for task in tasks for step in task.steps]
    return grade_notebook(tasks, notebook, hidden)


def _feedback(name: str, marks: Sequence[Mark]) -> str:
    parts = [f"# {SETS[name].title}: {sum(m.points for m in marks)} of {sum(m.of for m in marks)} points"]
    for problem in dict.fromkeys(mark.problem for mark in marks):
        own = [mark for mark in marks if mark.problem == problem]
        lines = "\n".join(f"- {line}" for line in feedback(own).splitlines())
        parts.append(f"## Problem {problem[1:]}: {sum(m.points for m in own)} of {sum(m.of for m in own)}\n\n{lines}")
    return "\n\n".join(parts) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads the command line.

    A ValueError or an OSError ends it with a message.
    """
    parser = argparse.ArgumentParser(prog="python -m bpcourse.classroom", description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make", help="write the problem sets of a roster")
    making.add_argument("roster", type=Path)
    making.add_argument("--out", type=Path, default=OUT)
    grading = commands.add_parser("grade", help="grade what was handed in")
    grading.add_argument("--out", type=Path, default=OUT, help="the folder that make wrote")
    grading.add_argument("--submitted", type=Path, help="by default the folder nbgrader/submitted in it")
    grading.add_argument("sets", nargs="*", metavar="SET", help=f"by default all: {', '.join(SETS)}")
    learning = commands.add_parser("qti", help="write the sets in versions for Canvas (QTI) and Moodle")
    learning.add_argument("roster", type=Path, help="the numbers are drawn by the secret beside it")
    learning.add_argument("sets", nargs="*", metavar="SET", help=f"by default all: {', '.join(SETS)}")
    learning.add_argument("--versions", type=int, default=4)
    learning.add_argument("--out", type=Path, default=OUT / "platforms")
    missing = commands.add_parser("report", help="what the class missed, from files that the practice page exports")
    missing.add_argument("files", nargs="+", type=Path, metavar="FILE", help="or a folder: all .json files in it")
    missing.add_argument("--out", type=Path, default=OUT / "missed.html")
    given = parser.parse_args(arguments)
    unknown = [name for name in getattr(given, "sets", []) if name not in SETS]
    try:
        if unknown:
            raise ValueError(f"set: expected {', '.join(SETS)}, got {unknown[0]!r}")
        if given.command == "make":
            make(given.roster, given.out)
        elif given.command == "qti":
            roster.read(given.roster)
            platforms.main([SETS[name] for name in given.sets or SETS], given.versions, secret_of(given.roster), given.out)
        elif given.command == "report":
            report.main(given.files, given.out)
        else:
            grade(given.out, given.submitted or given.out / "nbgrader" / "submitted", given.sets or list(SETS))
    except (ValueError, OSError) as error:
        sys.exit(f"{parser.prog}: {error}")


if __name__ == "__main__":
    main()
