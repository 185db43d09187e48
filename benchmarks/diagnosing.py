"""Measure the diagnosis: how many wrong numbers are named rightly, and how many random ones are accused.

A single mistake is made in a derivation of the bank or of a worked example, on fresh numbers, and what comes out is
typed with so many digits. Beside it stand random numbers: uniform in the decade of the right answer, of either sign.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from bpcourse import examples
from bpcourse.practice import diagnosis
from bpcourse.practice.derivations import Derivation
from bpcourse.practice.exercises import CHAPTERS, Ladder, Numbers, chapter
from bpcourse.practice.worked import of_circuit, of_network

WEIGHTS = {"x": (-30, 30, 1), "W": (-20, 20, 1), "b": (-9, 9, 1), "eta": (1, 9, 1)}
NAMES = ("x", "y", "z", "x1", "x2", "w1", "w2", "w3", "b")


class Asked(NamedTuple):
    """A value that is asked for, and where it comes from."""

    source: str
    derivation: Derivation
    name: str


def worked() -> dict[str, Derivation]:
    """The worked examples of the book as derivations, with fresh numbers to draw."""
    circuits = {f.__name__: f() for f in (examples.add_then_multiply, examples.sigmoid_neuron, examples.three_sigmoids)}
    draws = dict.fromkeys(NAMES, (-30, 30, 1))
    y, batch = examples.FOUR_FOUR_TWO_Y, np.array([[2.0, 5, 3, 3], [1, 0, 2, -1], [-2, 1, 0.5, 3]]).T
    net, x, labels = examples.FOUR_FOUR_TWO, examples.FOUR_FOUR_TWO_X, np.array([[1.0, 0, 1], [0, 1, 0]])
    entries = ("w_212", "w_221", "w_131")
    return {
        **{name: of_circuit(output, draws) for name, output in circuits.items()},
        "three paths": of_network(
            examples.THREE_PATHS,
            [1.0, 2.0],
            [1.0],
            hidden="sigmoid",
            output="sigmoid",
            loss="squared_error",
            fresh=WEIGHTS,
            entries=("w_121", "w_222"),
        ),
        "four-four-two": of_network(net, x, y, hidden="sigmoid", loss="squared_error", fresh=WEIGHTS, entries=entries),
        "with cross-entropy": of_network(net, x, y, hidden="sigmoid", loss="cross_entropy", fresh=WEIGHTS, entries=entries),
        "with relu": of_network(
            net, x, y, hidden="relu", output="identity", loss="half_squared_error", fresh=WEIGHTS, entries=entries
        ),
        "a batch with tanh": of_network(
            net, batch, labels, hidden="tanh", loss="cross_entropy", fresh=WEIGHTS, entries=entries, matched=True
        ),
    }


def pool() -> list[Asked]:
    """Every value that the bank asks for, and every step of the worked examples."""
    found = [Asked(source, way, step.name) for source, way in worked().items() for step in way.steps]
    for number in CHAPTERS:
        if importlib.util.find_spec(f"bpcourse.practice.bank.c{number:02}"):
            for k, exercise in enumerate(chapter(number), start=1):
                if isinstance(exercise, Numbers | Ladder):
                    names = exercise.steps if isinstance(exercise, Ladder) else exercise.asks
                    found += [Asked(f"{number:02}.{k}", exercise.derivation, name) for name in names]
    return found


def typed(value: Any, digits: int) -> str:
    """A number or an array as readers type it."""
    return " ".join(f"{x:.{digits - 1}e}" for x in np.ravel(value).tolist())


class Drawn(NamedTuple):
    """A value to ask for on fresh numbers, and what is right."""

    asked: Asked
    numbers: dict[str, Any]
    right: Any


def draws(asked: list[Asked], rng: np.random.Generator) -> Iterator[Drawn]:
    """Values from the pool on fresh numbers, without end."""
    while True:
        one = asked[rng.integers(len(asked))]
        try:
            numbers = one.derivation.drawn(int(rng.integers(1000)))
            yield Drawn(one, numbers, one.derivation.run(numbers)[one.name])
        except (ValueError, ArithmeticError):  # numbers of which there is no logarithm
            continue


def mistaken(asked: list[Asked], count: int, digits: int, seed: int = 0) -> tuple[float, list[str]]:
    """The share of single-mistake answers that are named rightly, and those that are not.

    What rounds to the right answer is no wrong answer, and is drawn again.
    """
    rng, missed, done = np.random.default_rng(seed), [], 0
    for (source, way, name), numbers, right in draws(asked, rng):
        causes = [cause for cause in diagnosis.causes(way, numbers, name) if np.size(cause.value) == np.size(right)]
        if not causes:
            continue
        cause = causes[rng.integers(len(causes))]
        verdict = diagnosis.verdict(way, numbers, name, typed(cause.value, digits))
        if verdict.kind in ("right", "more"):
            continue
        if cause.mistakes[0].name not in verdict.mistakes:
            said = f"{verdict.kind} {verdict.mistakes}"
            missed.append(f"{source} {name}: {cause.mistakes[0].name} at {cause.steps[0]}; said: {said}")
        done += 1
        if done == count:
            return 1 - len(missed) / count, missed
    raise AssertionError("the draws have no end")


def accused(asked: list[Asked], count: int, digits: int, seed: int = 0) -> tuple[float, list[str]]:
    """The share of random numbers in which a mistake is seen, and these. Single numbers only: arrays never hit."""
    rng, blamed, done = np.random.default_rng(seed), [], 0
    for (source, way, name), numbers, right in draws(asked, rng):
        if np.size(right) != 1 or not np.all(right):
            continue
        decade = 10.0 ** np.floor(np.log10(abs(float(np.ravel(right)[0]))))
        wrong = rng.choice([-1, 1]) * rng.uniform(1, 10) * decade
        verdict = diagnosis.verdict(way, numbers, name, typed(wrong, digits))
        if verdict.accepted and verdict.kind != "rounded":
            continue
        if verdict.mistakes:
            blamed.append(f"{source} {name}: {wrong:.{digits}g} is said to be {verdict.mistakes}")
        done += 1
        if done == count:
            return len(blamed) / count, blamed
    raise AssertionError("the draws have no end")


def main() -> None:
    """Print the table; with `-v` also what was missed at four digits."""
    asked = pool()
    print(f"{len(asked)} values; 1,000 answers with one mistake and 1,000 random numbers each")
    print("digits  named rightly  random numbers accused")
    for digits in 2, 3, 4, 5:
        named, missed = mistaken(asked, 1000, digits)
        blamed, seen = accused(asked, 1000, digits)
        print(f"{digits:6}  {named:13.1%}  {blamed:22.1%}", flush=True)
        if digits == 4 and "-v" in sys.argv:
            print("\n".join(missed + seen))


if __name__ == "__main__":
    main()
