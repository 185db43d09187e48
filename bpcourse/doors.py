"""Questions at the door, trust inside: where the package asks what it was given.

A public formula is decorated with its question. Called from outside, the question
is asked first; called by another formula of the package, which has asked already,
it goes straight to its lines. So the lines are the formula and nothing else.

Book: chapter 11.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, ParamSpec, TypeVar

import numpy as np

from bpcourse import checks

P = ParamSpec("P")
T = TypeVar("T")


class _Here(threading.local):
    """Whether this thread is behind a door."""

    inside = False


_here = _Here()


@contextmanager
def inside() -> Iterator[None]:
    """For a loop that has asked all before it began: no formula asks again."""
    before, _here.inside = _here.inside, True
    try:
        yield
    finally:
        _here.inside = before


def asked(question: Callable[..., tuple[Any, ...]], *results: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate a formula with the question that its callers from outside are asked.

    The question has the formula's parameters; it returns them as the formula may
    take them, one by one, or raises ValueError or TypeError. `results` name what
    the formula returns, arrays: one that overflowed is refused by its name.
    """

    def decorate(formula: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(formula)
        def door(*args: Any, **names: Any) -> T:
            if _here.inside:
                return formula(*args, **names)
            trusted = question(*args, **names)
            with inside(), np.errstate(all="ignore") if results else nullcontext():
                found = formula(*trusted)  # type: ignore[call-arg]
            for name, x in zip(results, found if isinstance(found, tuple) else (found,)):
                checks.held(x, name)
            return found

        return door

    return decorate
