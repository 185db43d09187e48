"""Exercises: what is asked, the hints, and what is said of an answer.

The bank holds them chapter by chapter (`practice.bank`), one list a chapter, in the
order in which the page shows them: the third of chapter 7 is "07.3".

    >>> from bpcourse.practice import check
    >>> check("07.3", "-0.0652")

Book: chapters 01 to 20.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.language import TRANSLATED, tr
from bpcourse.practice import diagnosis
from bpcourse.practice.derivations import Derivation
from bpcourse.practice.diagnosis import Verdict, said
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


class Report(NamedTuple):
    """The verdicts on the answers to one exercise, by the names of the values."""

    verdicts: Mapping[str, Verdict]

    @property
    def accepted(self) -> bool:
        """Whether every answer counts as right."""
        return all(verdict.accepted for verdict in self.verdicts.values())

    def __repr__(self) -> str:
        if len(self.verdicts) == 1:
            return str(*self.verdicts.values())
        return "\n".join(f"{name}: {verdict}" for name, verdict in self.verdicts.items())


def check(
    label: str, *answers: Any, seed: int = 0, rung: int | None = None, rules: Mapping[str, str] | None = None, **named: Any
) -> Report:
    """What is said of answers to an exercise: right, or the mistake behind a number.

    Answers stand in the order of the question, or by name: check("08.4", z1=2.1).
    With seed the exercise has other numbers. A wrong answer does not spoil what follows.
    An option is chosen by its number, 1 for the first. Of a ladder one rung is asked, by
    default the last; `rules` names the rule of each value: rules={"z1": "weighted sum"}.
    In the clinic the answers are the first bad line, by its number, and the reason, by name.

    Raises ValueError and TypeError for an unknown label, and for answers that cannot be
    read as what is asked for.
    """
    question = exercise(label)
    named_rules = checks.mapping({} if rules is None else rules, "rules", "a dict")
    if isinstance(question, Ladder):
        question = question.rung(len(question.steps) if rung is None else rung)
    if isinstance(question, Numbers):
        report = _check_numbers(question, _by_name(question.asks, answers, named), seed) if answers or named else Report({})
        return Report({**report.verdicts, **_check_rules(question, named_rules)})
    if isinstance(question, Choice):
        return Report({"choice": check_choice(question, *_exactly_one(answers, named))})
    if isinstance(question, Clinic):
        from bpcourse.practice.clinic import check_clinic

        return Report(check_clinic(question, _by_name(("line", "reason"), answers, named)))
    if isinstance(question, Code):
        from bpcourse.practice.code import check_code

        return Report({"function": check_code(question, *_exactly_one(answers, named))})
    raise ValueError(f"label: expected an exercise with an answer to type, got {checks.short(label)}, which is done on paper")


def _by_name(asks: Sequence[str], answers: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """The answers by the names of the values, in the order of the question."""
    given = {**dict(zip(asks, answers)), **named}
    if len(answers) > len(asks) or not given or not {*given} <= {*asks}:
        wanted = f"{len(asks)} answers ({', '.join(asks)})" if len(asks) > 1 else f"one answer ({asks[0]})"
        unknown = [name for name in named if name not in asks]
        raise ValueError(f"answers: expected {wanted}, got {', '.join(map(repr, unknown)) if unknown else len(answers)}")
    return {name: given[name] for name in asks if name in given}


def _exactly_one(answers: Sequence[Any], named: Mapping[str, Any]) -> Sequence[Any]:
    if len(answers) != 1 or named:
        raise ValueError(f"answers: expected one answer, got {len(answers) + len(named)}")
    return answers


def check_choice(question: Choice, answer: Any) -> Verdict:
    """What is said of an option, by its number, 1 for the first. Errors as `check`."""
    k = checks.whole(answer, "answer")
    if k > len(question.options):
        raise ValueError(f"answer: expected an option from 1 to {len(question.options)}, got {k}")
    option = question.options[k - 1]
    return Verdict(
        "right" if option.right else "mistake", said("right choice" if option.right else "wrong choice", why=option.why)
    )


def _check_numbers(question: Numbers, answers: Mapping[str, Any], seed: int) -> Report:
    """Each answer against the true value, then against what follows from the reader's own.

    That is from the wrong numbers alone, or from all as they were typed: a reader may
    have gone on with what her calculator holds, or with what she wrote down.
    """
    derivation, numbers = question.derivation, question.derivation.drawn(seed)
    true = derivation.run(numbers)
    verdicts: dict[str, Verdict] = {}
    own: dict[str, Any] = {}
    typed: dict[str, Any] = {}
    for name, answer in answers.items():
        read = diagnosis.expect_size(diagnosis.read(answer, np.size(true[name]), name), true[name])
        way = {step.name for step in derivation.before(name)}
        verdict = diagnosis.verdict(derivation, numbers, name, read, own)
        if typed and not verdict.accepted and diagnosis.verdict(derivation, numbers, name, read, typed).kind == "follows":
            verdict = Verdict("follows" if way & own.keys() else "rounded", diagnosis.said("rounded", title=said("typed")))
        if verdict.kind == "follows":
            verdict = verdict._replace(text=_follows(verdicts, way))
        verdicts[name] = verdict
        typed[name] = np.reshape([x.value for x in read.numbers], np.shape(true[name]))[()]
        if not verdict.accepted:
            own[name] = typed[name]
    return Report(verdicts)


def _check_rules(question: Numbers, rules: Mapping[str, str]) -> dict[str, Verdict]:
    """Whether each step was made by the rule that is named."""
    verdicts = {}
    for name, rule in rules.items():
        step = question.derivation.step(name)
        right = checks.text(rule, "rules") == step.rule
        verdicts[f"rule of {name}"] = (
            Verdict("right", said("right")) if right else Verdict("mistake", said("wrong rule", rule=tr(rule)))
        )
    return verdicts


def _follows(verdicts: Mapping[str, Verdict], way: set[str]) -> str:
    """Which of the reader's steps it follows from: the first on the way that is wrong."""
    step = next(k for k, (name, verdict) in enumerate(verdicts.items(), start=1) if not verdict.accepted and name in way)
    return said("follows from", step=step)
