"""Exercises: what is asked, and the hints.

The bank holds them chapter by chapter (`practice.bank`), one list a chapter, in the
order in which the page shows them: the third of chapter 7 is "07.3".

Book: chapters 01 to 20.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from bpcourse import checks
from bpcourse.language import TRANSLATED, tr
from bpcourse.practice.derivations import Derivation
from bpcourse.practice.rules import Mistake

CHAPTERS = range(1, 21)


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """What every exercise has: a title, a question in Markdown, hints ever stronger.

    `solution` is Markdown: the way to the answer in words. To a derivation its steps are
    added, with their numbers.
    """

    title: str
    text: str
    hints: Sequence[str]
    solution: str = ""


@dataclass(frozen=True, kw_only=True)
class Numbers(Exercise):
    """Asks for values of a derivation, one box each, in order.

    `asks` are names of steps; `shows` the given values that the question lists, all of
    them where it is None. `rules` asks for the name of each step's rule, too.
    """

    derivation: Derivation
    asks: Sequence[str]
    shows: Sequence[str] | None = None
    rules: bool = False


@dataclass(frozen=True, kw_only=True)
class Ladder(Exercise):
    """One derivation from fully worked to alone: the last steps fade first.

    `steps` are the names of the lines that are shown, in order. Rung 0 is worked; rung
    k asks for the last k, each with its number and the name of its rule.
    """

    derivation: Derivation
    steps: Sequence[str]
    shows: Sequence[str] | None = None

    def rung(self, k: int) -> Numbers:
        """The exercise of rung k; ValueError where k is not from 1 to the number of steps."""
        if checks.whole(k, "rung") > len(self.steps):
            raise ValueError(f"rung: expected 1 to {len(self.steps)}, got {checks.short(k)}")
        return Numbers(
            title=self.title, text=self.text, hints=self.hints, solution=self.solution,
            derivation=self.derivation, asks=self.steps[-int(k):], shows=self.shows, rules=True,
        )  # fmt: skip


class Option(NamedTuple):
    """An answer to choose, and what is said of it."""

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True, kw_only=True)
class Choice(Exercise):
    """Asks to choose among options, of which one is right; each says why."""

    options: Sequence[Option]


@dataclass(frozen=True, kw_only=True)
class Paper(Exercise):
    """A derivation on paper: nothing is typed, the solution is there to compare."""


@dataclass(frozen=True, kw_only=True)
class Code(Exercise):
    """A function to write, in the notebook.

    `stub` is the source to fill in, `solved` the function as it should be, `cases`
    gives argument lists on which both are called.
    """

    stub: str
    solved: Callable[..., Any]
    cases: Callable[[], Sequence[tuple[Any, ...]]]


@dataclass(frozen=True, kw_only=True)
class Clinic(Exercise):
    """A derivation with one mistake in it: asks for the first bad line, and why.

    `mistake` is made at the step `at`, on the numbers of `seed`. The last line is the gradient
    of the step `loss` by the given value `nudged`: for W1 the step dW1. With `code` the lines
    are Python.
    """

    derivation: Derivation
    mistake: Mistake
    at: str
    nudged: str
    loss: str
    seed: int
    code: bool = False


def chapter(number: int) -> list[Exercise]:
    """The exercises of a chapter, in order; ValueError for a number outside 1 to 20."""
    if checks.whole(number, "number") not in CHAPTERS:
        raise ValueError(f"number: expected a chapter from 1 to {CHAPTERS[-1]}, got {checks.short(number)}")
    bank = importlib.import_module(f"bpcourse.practice.bank.c{int(number):02}")
    return [_translated(one) for one in bank.EXERCISES]


def _translated(one: Exercise) -> Exercise:
    """The exercise with its words in the language of the pages; in English, itself."""
    if not TRANSLATED:
        return one
    texts: dict[str, Any] = {name: tr(getattr(one, name)) for name in ("title", "text", "solution")}
    if isinstance(one, Choice):
        texts["options"] = [option._replace(text=tr(option.text), why=tr(option.why)) for option in one.options]
    return replace(one, hints=[tr(hint) for hint in one.hints], **texts)


def exercise(label: str) -> Exercise:
    """The exercise of this label, "07.3".

    Raises ValueError where there is none, TypeError for what is no text.
    """
    label = checks.text(label, "label")
    found = re.fullmatch(r"(\d\d?)\.(\d\d?)", label.strip())
    of_chapter = chapter(int(found[1])) if found and int(found[1]) in CHAPTERS else []
    if not found or not 1 <= int(found[2]) <= len(of_chapter):
        raise ValueError(f"label: expected chapter and number like '07.3', got {label!r}")
    return of_chapter[int(found[2]) - 1]
