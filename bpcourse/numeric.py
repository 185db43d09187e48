"""Gradients by nudging, and the check that lets them judge a derivation.

Book: chapters 02, 08 and 16.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpcourse import checks
from bpcourse.checks import Array

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
    point, eps = _float64(x, "x"), checks.positive(eps, "eps")
    result = np.empty_like(point)
    for i in np.ndindex(point.shape):
        result[i] = (_nudged(f, point, i, eps) - _nudged(f, point, i, -eps)) / (2 * eps)
    return result


def forward_difference(f: Function, x: Any, eps: float = 1e-5) -> Array:
    """(f(x + ε·eᵢ) − f(x)) / ε for every entry of x, in float64.

    N + 1 calls of f for N entries. Arguments and errors as `central_difference`.

    Book: chapter 02; source 000.
    """
    point, eps = _float64(x, "x"), checks.positive(eps, "eps")
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
    a, b = _float64(a, "a"), _float64(b, "b")
    checks.same_shape(b, "b", a, "a")
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


def check_gradient(f: Function, x: Any, analytic: Any, rtol: float = 1e-6, eps: float = 1e-5, size: float = 1.0) -> GradientCheck:
    """Compare an analytic gradient of f at x with central differences.

    An entry may differ by rtol times its size, plus the rounding noise of the
    difference itself, 16·2⁻⁵²·(size + |f(x)|)/ε. So an exact 0 passes against the
    tiny number that rounding leaves in its place. `size` is how large the numbers
    are that f adds up; where all of them are far from 1, say so.

    Raises ValueError where analytic has not the shape of x or rtol is not
    between 0 and 1; otherwise errors as `central_difference`.

    Book: chapter 08.
    """
    point, analytic = _float64(x, "x"), _float64(analytic, "analytic")
    checks.same_shape(analytic, "analytic", point, "x")
    rtol, eps, size = _tolerances(rtol, eps, size)
    numerical = central_difference(f, point, eps)
    allowed = rtol * np.maximum(np.abs(analytic), np.abs(numerical)) + _noise(size, _call(f, point), eps)
    excess = np.abs(analytic - numerical) / allowed
    worst = tuple(int(i) for i in np.unravel_index(np.argmax(excess), excess.shape))
    return GradientCheck(
        passed=bool(excess[worst] <= 1),
        index=worst,
        analytic=float(analytic[worst]),
        numerical=float(numerical[worst]),
        excess=float(excess[worst]),
    )


@dataclass(frozen=True)
class DirectionsCheck(GradientCheck):
    """The verdict of `check_directions`, with the direction that fits worst.

    `index` is (k,) for the direction k, counted from 0; `analytic` and `numerical`
    are the slopes of f along it. Otherwise as `GradientCheck`.

    Book: chapter 16.
    """

    def __str__(self) -> str:
        verdict = "passed" if self.passed else "FAILED"
        return f"{verdict}: worst direction {self.index[0]}: analytic {self.analytic:.6g}, numerical {self.numerical:.6g}"


def check_directions(
    f: Function,
    x: Any,
    analytic: Any,
    directions: int = 10,
    seed: int = 0,
    rtol: float = 1e-6,
    eps: float = 1e-5,
    size: float = 1.0,
) -> DirectionsCheck:
    """Compare an analytic gradient g of f at x with slopes along random directions.

    Each direction v is random and of length 1, drawn from the seed, and

        g·v = Σ gᵢvᵢ    has to be    (f(x + εv) − f(x − εv)) / 2ε :

    two calls of f a direction, however many entries x has. Of N entries a slope
    typically has the size |g|/√N. It may differ by rtol times that size, plus the
    noise of `check_gradient`. So an error e of the gradient is seen where |e|
    is well above rtol·|g| and √N times the noise; a smaller one is not, even if it
    makes a small entry all wrong.

    Raises ValueError where analytic has not the shape of x, directions is not a
    whole number ≥ 1, rtol is not between 0 and 1, or eps is so small that
    steps of eps/√N do not change an entry of x; otherwise errors as
    `central_difference`.

    Book: chapter 16.
    """
    point, gradient = _float64(x, "x"), _float64(analytic, "analytic")
    checks.same_shape(gradient, "analytic", point, "x")
    directions = checks.whole(directions, "directions")
    rtol, eps, size = _tolerances(rtol, eps, size)
    root = math.sqrt(point.size)
    largest = float(np.max(np.abs(point)))
    if np.spacing(largest) > eps / root:
        raise ValueError(f"eps: expected steps eps/√{point.size} that change x = {largest:g}, got {eps:g}")
    typical = math.hypot(*(gradient / root).ravel())
    rng = np.random.default_rng(seed)
    verdicts = []
    for k in range(directions):
        v = rng.normal(size=point.size)
        step = (eps / np.linalg.norm(v) * v).reshape(point.shape)
        ahead, behind = point + step, point - step
        ends = _call(f, ahead), _call(f, behind)
        along = float(np.sum(gradient * ((ahead - behind) / (2 * eps))))  # the step that rounding left of v
        numerical = (ends[0] - ends[1]) / (2 * eps)
        excess = abs(along - numerical) / (rtol * typical + _noise(size, max(ends, key=abs), eps))
        verdicts.append(DirectionsCheck(bool(excess <= 1), (k,), along, numerical, float(excess)))
    return max(verdicts, key=lambda verdict: verdict.excess)


def _float64(x: Any, argument: str) -> Array:
    return checks.array(x, argument).astype(float)


def _tolerances(rtol: Any, eps: Any, size: Any) -> tuple[float, float, float]:
    share = checks.number(rtol, "rtol")
    if not 0 < share < 1:
        raise ValueError(f"rtol: expected a number between 0 and 1, got {rtol!r}")
    return share, checks.positive(eps, "eps"), checks.positive(size, "size")


def _noise(size: float, f: float, eps: float) -> float:
    """What rounding may leave of a central difference where there is no slope."""
    return 16 * 2.0**-52 * (size + abs(f)) / eps


def _nudged(f: Function, x: Array, i: tuple[int, ...], step: float) -> float:
    moved = x.copy()
    moved[i] += step
    if moved[i] == x[i]:
        raise ValueError(f"eps: expected a step that changes x = {x[i]:g}, got {abs(step):g}")
    return _call(f, moved)


def _call(f: Function, x: Array) -> float:
    if not callable(f):
        raise TypeError(f"f: expected a function of one array, got {type(f).__name__}")
    out = f(x.copy())
    if isinstance(out, list | tuple) or np.shape(out) != () or np.asarray(out).dtype.kind not in "fiu":
        raise TypeError(f"f: expected a function that returns a float, got {type(out).__name__}")
    if not np.isfinite(out):
        raise ValueError(f"f: expected a finite result, got {float(out)!r}")
    return float(out)
