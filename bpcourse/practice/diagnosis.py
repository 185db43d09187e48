"""From a reader's number to the mistake behind it.

Every mistake that can be made on the way to the answer is made, one at a time and then
two at a time, and what comes out is compared with what the reader typed. How sure the
verdict may be depends on the digits: with two, one of thirty mistakes fits by chance
every eighth wrong number; with four, one in seven hundred.

Book: chapters 01 to 20, in their exercises.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.language import tr
from bpcourse.practice.derivations import Derivation, made
from bpcourse.practice.mistakes import at_all_steps, possible
from bpcourse.practice.rules import RULES, UNFIT, Mistake

NAMED_FROM = 3
"""Digits from which one mistake is named."""

PAIRS_FROM = 5
"""Digits from which two mistakes together are looked for."""

TOLD_UPTO = 2
"""Of so many mistakes that a short number may come from the reasons are told; of more the names."""

LONGEST = 300
"""Letters that a number may have: no more than float64 can tell apart."""


def _decimals(x: float, places: int) -> float:
    """Rounded to places behind the point, as by hand: a half goes up."""
    return float(Decimal(x).quantize(Decimal(10) ** -places, context=Context(prec=400, rounding=ROUND_HALF_UP)))


def to_digits(x: float, digits: int) -> float:
    """Rounded to so many digits, as by hand: a half goes up."""
    return float(Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(x))


ROUNDINGS: dict[str, Callable[[float], float]] = {
    "two decimals": lambda x: _decimals(x, 2),
    "three decimals": lambda x: _decimals(x, 3),
    "two digits": lambda x: to_digits(x, 2),
    "three digits": lambda x: to_digits(x, 3),
}
"""How readers round in between."""

SAID = {
    "number": "expected a number like −0.0651, 6.5e-2 or 3/8, got {got}",
    "finite": "expected a number that float64 can hold, got {got}",
    "count": "expected {wanted}, got {got}",
    "one": "one number",
    "several": "{size} numbers",
    "table": "{size} numbers ({shape}, row by row)",
    "right": "Right.",
    "more": "Too few digits to tell. Give two more, zeros, too.",
    "follows": "Right, given your earlier number.",
    "follows from": "Right, given your number: it follows from your step {step}.",
    "rounded": "Right but for rounding: in between you kept {title}. Carry all digits to the end.",
    "typed": "what you typed",
    "transposed": "That is the transpose: rows and columns have changed places.",
    "mistake": "Not right. This is what comes out with: {told}",
    "told": "{name}. {why} {see} (Chapter {chapter}.)",
    "perhaps": "Not right. This could be: {told}.",
    "perhaps why": "Not right. This could be: {told}",
    "give more": " Give two more digits.",
    "two": "Two mistakes at once would give this number: {told}.",
    "and": " and ",
    "or": " Or: ",
    "or name": "; or ",
    "twice made": "{name}, at two steps",
    "unknown": "Not right. {direction}",
    "some": "{good} of {size} numbers are right.",
    "none": "None of the numbers is right.",
    "zero": "It is too large in size.",
    "not zero": "It is not 0.",
    "only the sign": "The size is right, the sign is not.",
    "only the signs": "The sizes are right, the signs are not.",
    "sign": "The sign is wrong.",
    "large": "The sign is right; it is too large in size, {far}.",
    "small": "The sign is right; it is too small in size, {far}.",
    "1 %": "by less than 1 %",
    "twice": "less than twice",
    "ten times": "less than ten times",
    "more than ten times": "ten times or more",
    "right choice": "Right. {why}",
    "wrong choice": "No. {why}",
    "wrong rule": "Not this rule: {rule}.",
    "bad line": "Right. Here the rule would have been “{rule}”.",
    "line that follows": "This line is wrong only because it uses line {line}. Its own rule, “{rule}”, is right.",
    "good line": "This line is right: it follows by “{rule}” from what it reads. In doubt, compute it once more.",
    "right reason": "Right: {name}. {why} {see} (Chapter {chapter}.)",
    "reason of this line": "Not this: {name} would make it {value}. {see}",
    "reason of another line": "Not this: {name} would spoil line {line}, and make it {value}. {see}",
}
"""What is said, here and in the page."""

TEXTS = {
    "nothing": "Type a number first.",
    "no option": "Choose one first.",
    "no rule": "Choose a rule first.",
    "hint": "Hint {k} of {n}",
    "no more hints": "No more hints",
    "fresh": "Other numbers, set {k}. The boxes are empty again.",
    "book": "The book's numbers are back. The boxes are empty again.",
    "own": "The book's numbers",
    "progress": "{done} of {all} done",
    "rung": "Blanks: {n}. The boxes are empty again.",
    "no blanks": "All lines are worked. Choose a rung with blanks.",
    "had": "Noted: you had it.",
    "missed": "Noted: not yet.",
    "shape": "{shape}, row by row: {numbers}",
    "set": "A set of {n}: {again} that you missed before, {new} others.",
    "no chapter": "Tick at least one chapter first.",
    "brought": "Brought in: {n} exercises.",
    "not brought": "That file holds no progress of this book.",
    "really": "Click once more to clear",
    "clear": "Clear",
    "cleared": "All is cleared.",
    "nudged": "Nudged by {by}, {loss} is {cost}. The right gradient foretells {right}, the wrong one {wrong}.",
    "slopes": "A small nudge of {what} finds the slope {nudged}. The right lines end with {right}, these with {wrong}.",
    "diagnosis": "Of the gradient that these lines end with, the diagnosis of practice says:",
}
"""What the page says besides the verdicts."""


def said(key: str, **values: Any) -> str:
    """A sentence of `SAID` with its values, in the language of the pages."""
    return tr(SAID[key]).format(**values)


def brief(x: float) -> str:
    """Six digits, as practice.js writes them: 0.947846, −2, 1.5e−7."""
    short = to_digits(x, 6)
    digits = f"{Decimal(repr(short)):f}" if short == 0 or 1e-6 <= abs(short) < 1e21 else re.sub(r"e([-+])0", r"e\1", repr(short))
    digits = re.sub(r"\.0+$", "", digits) if "." in digits and "e" not in digits else digits.replace(".0e", "e")
    return digits.replace("e+", "e").replace("-", "−") if short else "0"


def listed(value: Any) -> str:
    """The numbers of a value, row by row: 0.947846; −2."""
    return "; ".join(brief(float(x)) for x in np.ravel(value))


# --------------------------------------------------------------------------- what was typed


class Typed(NamedTuple):
    """A number as typed: its value, the worth of its last digit, its digits."""

    value: float
    unit: float
    digits: int


class Answer(NamedTuple):
    """What was typed for one value: its numbers, row by row, and an array's shape."""

    numbers: tuple[Typed, ...]
    shape: tuple[int, ...] | None = None

    @property
    def digits(self) -> int:
        """The digits of all numbers that differ in size: so many had to be right by chance."""
        return sum(digits for _, digits in {(abs(x.value), x.digits) for x in self.numbers})


_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?", re.IGNORECASE)
_FRACTION = re.compile(r"[-+]?[0-9]+/[0-9]+")


def read(answer: Any, size: int = 1, argument: str = "answer") -> Answer:
    """What was typed, as numbers: a number, a text, a list, an array.

    A text may hold a comma for the point, −, ×10^ and fractions; several numbers are
    parted by spaces, semicolons or commas. Raises ValueError or TypeError that says
    what was expected.
    """
    if isinstance(answer, Answer):
        return answer
    if isinstance(answer, str):
        return Answer(tuple([typed(part, argument) for part in _parts(answer, size)]))
    if isinstance(answer, bool | np.bool_):
        raise TypeError(f"{argument}: expected a number, got {answer}")
    if not isinstance(answer, list | tuple) and not hasattr(type(answer), "__array__"):
        return Answer((typed(repr(checks.number(answer, argument)), argument),))
    array = checks.array(answer, argument)
    return Answer(tuple([typed(repr(float(x)), argument) for x in array.ravel()]), array.shape)


def _parts(text: str, size: int) -> list[str]:
    """The numbers of a text. A comma is a point where that gives as many numbers as are asked for."""
    text = re.sub(r"\s*[×x·*]\s*10\s*(?:\^|\*\*|(?=[-−–+]))\s*[({]?\s*([-−–+]?[0-9]+)[)}]?", r"e\1", text.strip())
    text = re.sub(r"[−–]", "-", text).replace("\u00a0", " ")
    text = re.sub(r"\s*/\s*", "/", re.sub(r"([-+])\s+(?=[0-9.])", r"\1", text))
    pieces = re.split(r"[\s;()\[\]]+|,(?=\s)|,(?=$)", text)
    pieces = [piece for piece in pieces if piece]
    apart = [part for piece in pieces for part in piece.split(",") if part]
    if "." in text or (len(pieces) != size and len(apart) == size):
        return apart
    return [piece.replace(",", ".") if piece.count(",") == 1 else piece for piece in pieces]


def typed(text: str, argument: str = "answer") -> Typed:
    """One number as typed: `typed("-0.065")` has two digits, the last worth 0.001.

    Raises ValueError where the text is no number or one too large for float64.
    """
    try:
        if len(text) <= LONGEST and _FRACTION.fullmatch(text):
            above, below = map(int, text.split("/"))
            if below:
                return Typed(float(Fraction(above, below)), 0.0, 15)
        if len(text) > LONGEST or not _NUMBER.fullmatch(text):
            raise ValueError(f"{argument}: {said('number', got=checks.short(text))}")
        mantissa, _, exponent = text.lower().partition("e")
        decimals = len(mantissa.partition(".")[2])
        digits = len(mantissa.lstrip("+-").replace(".", "").lstrip("0"))
        value, unit = float(text), 10.0 ** (int(exponent or 0) - decimals)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError(f"{argument}: {said('finite', got=checks.short(text))}")
    return Typed(value, unit, digits)


def hits(number: Typed, target: float) -> bool:
    """Whether the target, rounded to the typed digits, is the number.

    A 0 is no rounding of 0.2: it hits 0 alone.
    """
    if number.value == 0:
        return abs(target) <= 1e-12
    return abs(number.value - target) <= max(0.5 * number.unit * (1 + 1e-9), 1e-9 * abs(target))


def _equal(number: Typed, target: float) -> bool:
    """Whether the number is the target to its last digit: 0.04 for 0.2 · 0.2, and 0 for a crumb of rounding."""
    return abs(number.value - target) <= max(1e-12 * abs(target), 1e-15)


def _equals(answer: Answer, target: Any) -> bool:
    """Whether all numbers are the target's to the last digit: there are no more digits to ask for."""
    return all(_equal(x, t) for x, t in zip(answer.numbers, np.ravel(target)))


def _cut_off(number: Typed, target: float) -> bool:
    """Whether the number is the target with its later digits cut off."""
    return abs(number.value - target) < number.unit and abs(number.value) <= abs(target) and number.value * target > 0


def fits(answer: Answer, target: Any, cut: bool = False) -> bool:
    """Whether all numbers of the answer hit the target's."""
    flat = np.ravel(target) if target is not None else ()
    return len(flat) == len(answer.numbers) and all(
        hits(x, t) or (cut and _cut_off(x, t)) for x, t in zip(answer.numbers, map(float, flat))
    )


# --------------------------------------------------------------------------- what it may come from


class Cause(NamedTuple):
    """A way to a wrong number: mistakes, the steps where they are made, the result."""

    mistakes: tuple[Mistake, ...]
    steps: tuple[str, ...]
    value: Any


def causes(derivation: Derivation, numbers: Mapping[str, Any], name: str, put: Mapping[str, Any] | None = None) -> list[Cause]:
    """Each mistake at each step on the way to a value, and what comes out of it.

    Then each at all of its steps at once.

    Those that change nothing there are left out.
    """
    right = _with(derivation, numbers, name, put, {})
    if right is None:  # the reader's own number has no logarithm, or the like
        return []
    open_ = [step for step in derivation.before(name) if not (put and step.name in put)]
    wrong = [(step.name, mistake) for step in open_ for mistake in possible(step)]
    found = []
    for made_at in [*({step: mistake} for step, mistake in wrong), *at_all_steps(wrong)]:
        value = _with(derivation, numbers, name, put, made_at)
        if value is not None and not same(value, right):
            found.append(Cause((next(iter(made_at.values())),), tuple(made_at), value))
    return found


def pairs(
    derivation: Derivation, numbers: Mapping[str, Any], name: str, put: Mapping[str, Any] | None, single: Sequence[Cause]
) -> Iterator[Cause]:
    """Two mistakes at two steps, where both matter."""
    for one, two in itertools.combinations([cause for cause in single if len(cause.steps) == 1], 2):
        if one.steps != two.steps:
            wrong = {one.steps[0]: one.mistakes[0], two.steps[0]: two.mistakes[0]}
            value = _with(derivation, numbers, name, put, wrong)
            if value is not None and not same(value, one.value) and not same(value, two.value):
                yield Cause((*one.mistakes, *two.mistakes), (*one.steps, *two.steps), value)


def _with(
    derivation: Derivation, numbers: Mapping[str, Any], name: str, put: Mapping[str, Any] | None, wrong: Mapping[str, Mistake]
) -> Any:
    """The value with mistakes made; None where shapes do not fit, an entry is not there or a number not finite."""
    try:
        with np.errstate(all="ignore"):
            value = derivation.run(numbers, put, {step: mistake.formula for step, mistake in wrong.items()}, upto=name)[name]
    except UNFIT:
        return None
    return value if np.all(np.isfinite(value)) else None


def same(a: Any, b: Any) -> bool:
    """Whether two values agree, but for crumbs of rounding."""
    return np.shape(a) == np.shape(b) and bool(np.allclose(a, b, rtol=1e-9, atol=1e-15))


# --------------------------------------------------------------------------- the verdict


class Verdict(NamedTuple):
    """What is said of an answer.

    `kind` is right, follows (right from the reader's own earlier number), rounded, more
    (digits are needed), mistake, perhaps, two or unknown; `mistakes` are the names of
    those that give this number; `place` is the result of a function that is wrong first.
    """

    kind: str
    text: str
    mistakes: tuple[str, ...] = ()
    place: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the answer counts as right."""
        return self.kind in ("right", "follows", "rounded")

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def verdict(
    derivation: Derivation, numbers: Mapping[str, Any], name: str, answer: Any, put: Mapping[str, Any] | None = None
) -> Verdict:
    """Whether the answer is the value of this name, and why it may be what it is.

    `put` are the reader's own earlier numbers. Raises ValueError or TypeError where the
    answer is not readable as as many numbers as the value has.
    """
    true = derivation.run(numbers, upto=name)[name]
    answer = expect_size(read(answer, np.size(true)), true)
    if fits(answer, true, cut=True):
        enough = answer.digits >= PAIRS_FROM or _equals(answer, true)
        enough = enough or (answer.digits >= 2 and not _exactly_wrong(derivation, numbers, name, answer))
        return Verdict("right", said("right")) if enough else Verdict("more", said("more"))
    if put:
        own = _with(derivation, numbers, name, put, {})
        rough = Answer(tuple([x._replace(unit=2 * x.unit) for x in answer.numbers]))  # she rounded what it comes from, too
        if fits(rough, own, cut=True) and (answer.digits >= 2 or _equals(answer, own)):
            return Verdict("follows", said("follows"))
    blamed = _blamed(derivation, numbers, name, answer, put, true)
    if blamed.kind == "mistake" or answer.digits < 2 or not _near(answer, true):
        return blamed
    for title, rounding in ROUNDINGS.items():
        if fits(answer, _rounded(derivation, numbers, name, rounding)):
            return Verdict("rounded", said("rounded", title=tr(title)), ("rounding in between",))
    return blamed


def _exactly_wrong(derivation: Derivation, numbers: Mapping[str, Any], name: str, answer: Answer) -> bool:
    """Whether a mistake gives just this number: 12.25 with all its digits, where 12.2512 is right."""
    return any(fits(answer, cause.value) and _equals(answer, cause.value) for cause in causes(derivation, numbers, name))


def expect_size(answer: Answer, true: Any) -> Answer:
    """The answer, if it has as many numbers as the value; ValueError otherwise."""
    size = np.size(true)
    if len(answer.numbers) != size:
        kind = "one" if size == 1 else "table" if np.ndim(true) else "several"
        wanted = said(kind, size=size, shape=" × ".join(map(str, np.shape(true))))
        raise ValueError(f"answer: {said('count', wanted=wanted, got=len(answer.numbers))}")
    return answer


def _blamed(
    derivation: Derivation, numbers: Mapping[str, Any], name: str, answer: Answer, put: Mapping[str, Any] | None, true: Any
) -> Verdict:
    if np.ndim(true) == 2 and fits(answer, true.T):
        return Verdict("mistake", said("transposed"), ("transposed",))
    single = causes(derivation, numbers, name)
    if put:
        single += causes(derivation, numbers, name, put)
    fitting = [cause for cause in single if fits(answer, cause.value)]
    if fitting:
        names = _names(fitting)
        if answer.digits >= NAMED_FROM:
            return Verdict("mistake", said("mistake", told=_told(fitting)), names)
        if not _equals(answer, fitting[0].value):
            return Verdict("perhaps", said("perhaps", told=said("or name").join(map(tr, names))) + said("give more"), names)
        if len(names) > TOLD_UPTO:
            return Verdict("perhaps", said("perhaps", told=said("or name").join(map(tr, names))), names)
        return Verdict("perhaps", said("perhaps why", told=_told(fitting)), names)
    if answer.digits >= PAIRS_FROM:
        both = [cause for cause in pairs(derivation, numbers, name, None, single) if fits(answer, cause.value)]
        if both:
            told = said("or name").join(dict.fromkeys(_both(*[tr(m.name) for m in cause.mistakes]) for cause in both))
            return Verdict("two", said("two", told=told), _names(both))
    return Verdict("unknown", said("unknown", direction=_direction(answer, true)))


def _both(one: str, two: str) -> str:
    return said("twice made", name=one) if one == two else said("and").join([one, two])


def _names(found: Sequence[Cause]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(mistake.name for cause in found for mistake in cause.mistakes))


def _told(found: Sequence[Cause]) -> str:
    """Each mistake once: its name, why people make it, how to see it."""
    seen = dict.fromkeys(cause.mistakes[0] for cause in found)
    by_name = {mistake.name: mistake for mistake in reversed(seen)}
    told = [
        said("told", name=tr(m.name), why=tr(m.why), see=tr(m.see), chapter=int(m.chapter)) for m in reversed(by_name.values())
    ]
    return said("or").join(told)


def _near(answer: Answer, true: Any) -> bool:
    return all(abs(x.value - t) <= 0.05 * abs(t) + x.unit for x, t in zip(answer.numbers, np.ravel(true)))


def _rounded(derivation: Derivation, numbers: Mapping[str, Any], name: str, rounding: Callable[[float], float]) -> Any:
    """The value where every step before it is rounded; None where a rounded number has none."""
    values = dict(numbers)
    try:
        with np.errstate(all="ignore"):
            for step in derivation.before(name):
                value = made(RULES[step.rule].formula, step, values)
                values[step.name] = value if step.name == name else np.vectorize(rounding)(value)[()]
    except UNFIT:
        return None
    return values[name] if np.all(np.isfinite(values[name])) else None


def _direction(answer: Answer, true: Any) -> str:
    """How far off and in which direction, without the answer."""
    if len(answer.numbers) > 1:
        if fits(answer, -true):
            return said("only the signs")
        good = sum(hits(x, t) for x, t in zip(answer.numbers, np.ravel(true)))
        return said("some", good=good, size=len(answer.numbers)) if good else said("none")
    value, target = answer.numbers[0].value, float(np.ravel(true)[0])
    if target == 0 or value == 0:
        return said("zero" if target == 0 else "not zero")
    if value * target < 0:
        return said("only the sign" if hits(answer.numbers[0]._replace(value=-value), target) else "sign")
    ratio = abs(value / target)
    factor = max(ratio, 1 / ratio)
    far = "1 %" if factor < 1.01 else "twice" if factor < 2 else "ten times" if factor < 10 else "more than ten times"
    return said("large" if ratio > 1 else "small", far=said(far))
