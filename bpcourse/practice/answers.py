"""Answers to the exercises: right, or the mistake behind them.

    >>> from bpcourse.practice import check
    >>> check("07.3", "-0.0652")

Book: chapters 01 to 20.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.language import tr
from bpcourse.practice import diagnosis
from bpcourse.practice.clinic import check_clinic
from bpcourse.practice.code import check_code
from bpcourse.practice.diagnosis import Verdict, said
from bpcourse.practice.exercises import Choice, Clinic, Code, Ladder, Numbers, exercise


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
        return Report(check_clinic(question, _by_name(("line", "reason"), answers, named)))
    if isinstance(question, Code):
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
            verdict = Verdict("follows" if way & own.keys() else "rounded", said("rounded", title=said("typed")))
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
