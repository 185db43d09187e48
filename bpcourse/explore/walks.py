"""What a stepper walks through: a program as a list of steps, entry by entry.

A step is told by the formula of one entry of the array that it makes,

    dW2[j,k] = 1/3 dZ2[j,i] A1[k,i]

where a letter that stands on the right alone is summed over, or by a function of
entries, `A1[j,i] = σ(Z1[j,i])`. From that line come the array, the products that
a pointed entry is made of, and what reads what in the picture. The line of code
beside it is read from the package's source.

Book: chapters 09, 10, 11, 15 and 17.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.checks import Array
from bpcourse.pictures import svg

_OPERAND = re.compile(r"(\w+)\[([^\]]*)\]")
_SIGN = re.compile(r" ([+−]) ")


class Operand(NamedTuple):
    """An entry that a formula reads: the array, and an index for each axis, such as `j`, `0` or `p+u`."""

    name: str
    axes: tuple[str, ...]


class Term(NamedTuple):
    """A summand: a factor such as −1/3, and the entries that are multiplied."""

    factor: str
    operands: tuple[Operand, ...]


class Formula(NamedTuple):
    """One entry of an array: the letters of its place, and the terms or, where a function makes it, what is shown."""

    name: str
    place: tuple[str, ...]
    terms: tuple[Term, ...]
    shown: str

    @property
    def reads(self) -> list[str]:
        """The arrays on the right, each once."""
        return list(dict.fromkeys([operand.name for term in self.terms for operand in term.operands]))


class Step(NamedTuple):
    """One operation: its array and its equation, the formulas of its blocks of rows, and the line of code that does it."""

    name: str
    equation: str
    formulas: tuple[Formula, ...]
    array: Array
    line: str
    place: str
    words: str

    @property
    def reads(self) -> list[str]:
        """The arrays that it reads, each once."""
        return list(dict.fromkeys(name for formula in self.formulas for name in formula.reads))


def operands(text: str) -> tuple[Operand, ...]:
    """The entries in a formula's text, in order."""
    return tuple(Operand(name, tuple(index.split(","))) for name, index in _OPERAND.findall(text))


def formula(text: str) -> Formula:
    """`Z[j,i] = W[j,k] A[k,i] + b[j,0]`, read; of a function the right side is kept to be shown."""
    left, right = text.split(" = ", 1)
    ((name, place),) = operands(left)
    if "(" in right:
        return Formula(name, place, (Term("1", operands(right)),), right)
    pieces = ["+", *_SIGN.split(right)]
    terms = []
    for sign, piece in zip(pieces[::2], pieces[1::2]):
        factor = piece[: _OPERAND.search(piece).start()].strip() or "1"  # type: ignore[union-attr]
        terms.append(Term(("−" if sign == "−" else "") + factor, operands(piece)))
    return Formula(name, place, tuple(terms), "")


def number(factor: str) -> float:
    """A factor as a number: `−1/3`."""
    return float(Fraction(factor.replace("−", "-")))


def spot(index: str, at: Mapping[str, int]) -> int:
    """The place that an index means: `p+u` is at["p"] + at["u"]."""
    first, sign, second = re.fullmatch(r"(\w+)(?:([+-])(\w+))?", index).groups()  # type: ignore[union-attr]
    value, more = (at[part] if part in at else int(part) for part in (first, second or "0"))
    return value - more if sign == "-" else value + more


def sizes(terms: Sequence[Term], arrays: Mapping[str, Array]) -> dict[str, int]:
    """How far each letter runs: as far as an axis that it numbers alone."""
    read = [operand for term in terms for operand in term.operands]
    return {
        letter: arrays[operand.name].shape[axis]
        for operand in read
        for axis, letter in enumerate(operand.axes)
        if letter.isalpha()
    }


def products(term: Term, at: Mapping[str, int], arrays: Mapping[str, Array]) -> Iterator[tuple[float, ...]]:
    """The numbers that one term multiplies at a place, summand by summand; places outside an array have none."""
    extent = sizes([term], arrays)
    letters = [letter for operand in term.operands for index in operand.axes for letter in re.findall("[a-z]", index)]
    free = [letter for letter in dict.fromkeys(letters) if letter not in at]
    for chosen in itertools.product(*[range(extent[letter]) for letter in free]):
        here = {**at, **dict(zip(free, chosen))}
        spots = [tuple(spot(index, here) for index in operand.axes) for operand in term.operands]
        if all(0 <= p < n for s, o in zip(spots, term.operands) for p, n in zip(s, arrays[o.name].shape)):
            yield tuple(float(arrays[o.name][s]) for s, o in zip(spots, term.operands))


def entry(formula: Formula, at: Mapping[str, int], arrays: Mapping[str, Array]) -> float:
    """The sum of the products, term by term."""
    return sum(number(term.factor) * float(np.prod(p)) for term in formula.terms for p in products(term, at, arrays))


class Walk:
    """A program as it grows: arrays by name, and the steps that made them.

    `given` are the arrays at the start. A name is written as `labels` has it, else with its
    digits raised, as a layer's, or as `digits` writes them. `end` is the number whose
    gradient comes back. An aside is an array that steps read and none
    makes: a slope, a constant, or a gradient that arrives from behind.
    """

    def __init__(
        self,
        title: str,
        given: Mapping[str, Any],
        labels: Mapping[str, str],
        digits: Callable[[object], str] = svg.raised,
        end: str = "the loss behind it",
    ) -> None:
        self.title, self.end = title, end
        self.arrays: dict[str, Array] = {}
        self.given: list[str] = []
        self.asides: dict[str, tuple[str, ...]] = {}
        self.steps: list[Step] = []
        self._labels, self._digits = dict(labels), digits
        for name, array in given.items():
            self.give(name, array)

    def written(self, name: str) -> str:
        """A name as the book writes it: `dW2` as dW²."""
        if name in self._labels:
            return self._labels[name]
        if name.startswith("d") and name[1:] in self._labels:
            return f"d{self._labels[name[1:]]}"
        letters, digits = re.fullmatch(r"(\D+)(\d*)", name).groups()  # type: ignore[union-attr]
        return f"{letters}{self._digits(digits)}"

    def give(self, name: str, array: Any) -> None:
        """An array from outside: an input, a label, a parameter."""
        self.arrays[name] = checks.batch(array, name)
        self.given.append(name)

    def aside(self, name: str, array: Array, label: str = "", *of: str) -> None:
        """An array that steps read and none makes, and the arrays that it comes from."""
        self.arrays[name] = array.astype(float)  # the ReLU's slope is True or False
        self.asides[name] = of
        if label:
            self._labels[name] = label

    def step(
        self,
        equation: str,
        formulas: str | Sequence[str],
        code: tuple[Callable[..., Any], str],
        words: str,
        made: Array | None = None,
        shape: tuple[int, int] | None = None,
    ) -> None:
        """Add a step: its equation, its entry's formula (one for each block of rows), where its code stands.

        `made` is the array where a function makes it, `shape` its shape where the formula does not tell.
        """
        read = tuple(formula(text) for text in ([formulas] if isinstance(formulas, str) else formulas))
        name = read[0].name
        if made is None:
            made = self._summed(read, shape)
        self.arrays[name] = made
        line, place = source_line(*code)
        self.steps.append(Step(name, equation, read, made, line, place, words))

    def _summed(self, formulas: Sequence[Formula], shape: tuple[int, int] | None) -> Array:
        first = formulas[0]
        if shape is None:
            extent = sizes(first.terms, self.arrays)
            known = self.arrays.get(first.name.removeprefix("d"))
            rows, columns = (extent.get(letter, 1) for letter in first.place)
            shape = (len(formulas) * rows, columns) if known is None else known.shape
        made = np.zeros(shape)
        for row, column in np.ndindex(shape):
            block, place = placed(formulas, shape, row, column)
            made[row, column] = entry(block, place, self.arrays)
        return made


def placed(formulas: Sequence[Formula], shape: tuple[int, ...], row: int, column: int) -> tuple[Formula, dict[str, int]]:
    """The formula that makes an entry, and what its letters are there: blocks of rows follow one another."""
    height = shape[0] // len(formulas)
    chosen = formulas[row // height]
    return chosen, {letter: p for letter, p in zip(chosen.place, (row % height, column)) if letter.isalpha()}


def source_line(function: Callable[..., Any], piece: str) -> tuple[str, str]:
    """The one line of a function's body that holds this piece, and the file that it stands in.

    ValueError where no line holds it, or several.
    """
    function = inspect.unwrap(function)
    source = textwrap.dedent(inspect.getsource(function))
    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef)
    begun = definition.body[bool(ast.get_docstring(definition))].lineno - 1
    found = [line.strip() for line in source.splitlines()[begun:] if piece in line]
    if len(found) != 1:
        raise ValueError(f"piece: expected one line of {function.__name__} that holds {piece!r}, got {len(found)}")
    return found[0], function.__module__.replace(".", "/") + ".py"
