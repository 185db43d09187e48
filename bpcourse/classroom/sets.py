"""The problem sets: one a fortnight of the plan for teachers, and whose numbers a student gets.

Book: chapters 01 to 18, in a class's problem sets.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

from bpcourse import checks


class Problem(NamedTuple):
    """An exercise of the bank, by its label.

    Each of its answers is worth so many points. Of a case of the clinic the derivation stands: each
    student gets a mistake of her own in it.
    """

    label: str
    points: int = 1


class ProblemSet(NamedTuple):
    """What is handed in at the end of a week, about some chapters."""

    name: str
    title: str
    week: int
    chapters: range
    problems: tuple[Problem, ...]


def _of(name: str, title: str, week: int, chapters: range, *labels: str) -> ProblemSet:
    """A set; the last label is code to write, worth four points."""
    *shown, code = labels
    return ProblemSet(name, title, week, chapters, (*map(Problem, shown), Problem(code, 4)))


SETS: dict[str, ProblemSet] = {
    one.name: one
    for one in (
        _of("set1", "Circuits and chains", 2, range(1, 5), "01.4", "02.4", "03.6", "04.5", "04.7", "19.3", "01.10"),
        _of("set2", "One weight of a network", 4, range(5, 9), "05.6", "06.8", "07.4", "07.5", "07.6", "08.4", "19.9", "07.9"),
        _of("set3", "The four equations", 6, range(9, 13), "09.3", "10.6", "11.7", "12.9", "19.19", "11.11"),
        _of("set4", "Costs, directions, remedies", 8, range(13, 17), "13.3", "14.5", "15.4", "16.6", "16.7", "19.23", "15.13"),
        _of("set5", "Beyond layers and networks", 10, range(17, 19), "17.3", "17.5", "17.7", "18.5", "18.2", "19.27", "17.11"),
    )
}
"""Every problem set by its name."""


def seed_of(identifier: str, label: str, secret: str) -> int:
    """The seed of an exercise's numbers for a student.

    It is the same for the same three texts: an HMAC-SHA-256 of both under the secret, as a whole
    number from 1 to 2³¹ − 2, which `Derivation.drawn` takes. Who does not know the secret can find no one's seed.

    Raises TypeError for what is no text, ValueError for a secret of less than 16 letters.
    """
    secret = checks.text(secret, "secret")
    if len(secret) < 16:
        raise ValueError(f"secret: expected at least 16 letters, got {len(secret)}")
    of = f"{checks.text(identifier, 'identifier').lower()}\n{checks.text(label, 'label')}"
    digest = hmac.digest(secret.encode(errors="surrogatepass"), of.encode(errors="surrogatepass"), hashlib.sha256)
    return 1 + int.from_bytes(digest) % (2**31 - 2)
