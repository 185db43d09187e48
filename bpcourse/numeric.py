"""Gradients by nudging, and the check that lets them judge a derivation.

Book: chapters 02 and 08.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray
Function = Callable[[Array], Any]


def central_difference(f: Function, x: Any, eps: float = 1e-5) -> Array:
    """(f(x + ε·eᵢ) − f(x − ε·eᵢ)) / 2ε for every entry of x, in float64.

    `f` takes one array of the shape of x and returns a float; the result has
    the shape of x. Two calls of f an entry. x is not changed.

    Raises TypeError where x is not made of numbers or f does not return a
    float; ValueError where x is empty or not finite, f's result is not finite,
    or eps is not positive.

    Book: chapter 02.
    """
    point, eps = finite_array(x, "x"), _positive(eps, "eps")
    result = np.empty_like(point)
    for i in np.ndindex(point.shape):
        result[i] = (_nudged(f, point, i, eps) - _nudged(f, point, i, -eps)) / (2 * eps)
    return result


def forward_difference(f: Function, x: Any, eps: float = 1e-5) -> Array:
    """(f(x + ε·eᵢ) − f(x)) / ε for every entry of x, in float64.

    N + 1 calls of f for N entries. Arguments and errors as `central_difference`.

    Book: chapter 02; source 000.
    """
    point, eps = finite_array(x, "x"), _positive(eps, "eps")
    here = _call(f, point)
    result = np.empty_like(point)
    for i in np.ndindex(point.shape):
        result[i] = (_nudged(f, point, i, eps) - here) / eps
    return result


def relative_error(a: Any, b: Any) -> float:
    """The largest |a − b| / max(|a|, |b|) over the entries; 0 where both are 0.

    Raises ValueError where the shapes differ or an entry is not finite.

    Book: chapter 08.
    """
    a, b = finite_array(a, "a"), finite_array(b, "b")
    if a.shape != b.shape:
        raise ValueError(f"b: expected the shape of a, {a.shape}, got {b.shape}")
    size = np.maximum(np.abs(a), np.abs(b))
    return float(np.max(np.abs(a - b) / np.where(size > 0, size, 1.0)))


@dataclass(frozen=True)
class GradientCheck:
    """The verdict of `check_gradient`, with the entry that fits worst.

    `excess` is |analytic − numerical| over what rounding and rtol allow there:
    the check passes where no entry has more than 1. True in an `if` when passed.

    Book: chapter 08.
    """

    passed: bool
    index: tuple[int, ...]
    analytic: float
    numerical: float
    excess: float

    @property
    def relative_error(self) -> float:
        """|analytic − numerical| / max(|analytic|, |numerical|) at the worst entry."""
        return relative_error(self.analytic, self.numerical)

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        verdict = "passed" if self.passed else "FAILED"
        place = f" at {list(self.index)}" if self.index else ""
        return f"{verdict}: worst entry{place}: analytic {self.analytic:.6g}, numerical {self.numerical:.6g}"


def check_gradient(
    f: Function, x: Any, analytic: Any, rtol: float = 1e-6, eps: float = 1e-5
) -> GradientCheck:
    """Compare an analytic gradient of f at x with central differences.

    An entry may differ by rtol times its size, plus the rounding noise of the
    difference itself, 16·2⁻⁵²·(1 + |f(x)|)/ε. So an exact 0 passes against the tiny
    number that rounding leaves in its place, and nothing larger does.

    Raises ValueError where analytic has not the shape of x; otherwise errors
    as `central_difference`.

    Book: chapter 08.
    """
    point, analytic = finite_array(x, "x"), finite_array(analytic, "analytic")
    if analytic.shape != point.shape:
        raise ValueError(f"analytic: expected the shape of x, {point.shape}, got {analytic.shape}")
    numerical = central_difference(f, point, eps)
    noise = 16 * np.finfo(float).eps * (1 + abs(_call(f, point))) / eps
    allowed = rtol * np.maximum(np.abs(analytic), np.abs(numerical)) + noise
    excess = np.abs(analytic - numerical) / allowed
    worst = tuple(int(i) for i in np.unravel_index(np.argmax(excess), excess.shape))
    return GradientCheck(
        passed=bool(excess[worst] <= 1),
        index=worst,
        analytic=float(analytic[worst]),
        numerical=float(numerical[worst]),
        excess=float(excess[worst]),
    )


def finite_array(x: Any, argument: str) -> Array:
    """x as a float64 array; TypeError or ValueError that name the argument."""
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(f"{argument}: expected numbers in rows of one length, got {x!r}") from None
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{argument}: expected numbers, got {type(x).__name__} of {array.dtype}")
    if array.size == 0:
        raise ValueError(f"{argument}: expected at least one number, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{argument}: expected finite numbers, got NaN or infinity")
    return array.astype(float)


def _nudged(f: Function, x: Array, i: tuple[int, ...], step: float) -> float:
    moved = x.copy()
    moved[i] += step
    return _call(f, moved)


def _call(f: Function, x: Array) -> float:
    out = f(x.copy())
    if np.shape(out) != () or np.asarray(out).dtype.kind not in "fiu":
        raise TypeError(f"f: expected a function that returns a float, got {type(out).__name__}")
    if not np.isfinite(out):
        raise ValueError(f"f: expected a finite result, got {float(out)!r}")
    return float(out)


def _positive(eps: float, argument: str) -> float:
    if not (eps > 0 and np.isfinite(eps)):
        raise ValueError(f"{argument}: expected a finite number > 0, got {eps!r}")
    return eps
