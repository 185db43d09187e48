"""Where this hub lies, what its settings say, who may log in.

The scripts lie in ROOT/hub, so that two hubs on one machine (a class's and a test's) have nothing in common: the groups and
accounts of each begin with its folder's name.
"""

from __future__ import annotations

import grp
import pwd
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENV = ROOT / "env"
STUDENTS, GRADER = f"{ROOT.name}-students", f"{ROOT.name}-grader"
ROSTER = ROOT / "roster.csv"
SETTINGS = tomllib.loads((ROOT / "settings.toml").read_text(encoding="utf-8"))
MIB = 1024**2
ACCOUNT = re.compile(r"[a-z][a-z0-9_-]{0,31}")


def roster() -> set[str]:
    """The accounts of all students on the roster, read anew: a line taken out locks its student out."""
    from bpcourse.classroom.roster import read  # here: each student's server imports this file, and has no use for numpy

    names = {student.identifier for student in read(ROSTER)}
    if strange := sorted(name for name in names if not ACCOUNT.fullmatch(name)):
        expected = "names of accounts: a small letter, then small letters, digits, - and _; put a letter before a number"
        raise ValueError(f"{ROSTER}: identifier: expected {expected}; got {', '.join(strange)}")
    return names


def members() -> set[str]:
    """The accounts that `students add` has made."""
    return set(grp.getgrnam(STUDENTS).gr_mem)


def is_teacher(name: str) -> bool:
    """Whether the settings name this account; never one of the system's own."""
    try:
        return name in SETTINGS["teachers"] and pwd.getpwnam(name).pw_uid >= 1000
    except KeyError:
        return False


def may_enter(name: str) -> bool:
    """Whether a name may log in: on the roster with an account made for it, or a teacher."""
    return is_teacher(name) or (name in roster() and name in members())


def limits(of: dict[str, int]) -> list[str]:
    """A command's beginning that limits what follows it; no process can lift a limit again."""
    bounds = {"data": of["memory"] * MIB, "nproc": of["processes"], "fsize": of["file"] * MIB, "core": 0}
    return ["prlimit", *(f"--{name}={bound}" for name, bound in bounds.items()), "--"]
