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
    the shape of x. Two calls of f an entry; a step that changes f out of proportion
    is asked once more, lest f draws random numbers. x is not changed.

    Raises TypeError where x is not made of numbers or f does not return a
    float; ValueError where x is empty or not finite, f's result or a difference is
    not finite, f answers one question in two ways, or eps is not positive.

    Book: chapter 02.
    """
    point, eps = _float64(x, "x"), checks.positive(eps, "eps")
    result = np.empty_like(point)
    for i in np.ndindex(point.shape):
        ahead, behind = _moved(point, i, eps), _moved(point, i, -eps)
        ends = _call(f, ahead), _call(f, behind)
        _ask_a_jump_again(f, behind, *ends, eps)
        result[i] = (ends[0] - ends[1]) / (2 * eps)
    return checks.held(result, "f")


def forward_difference(f: Function, x: Any, eps: float = 1e-5) -> Array:
    """(f(x + ε·eᵢ) − f(x)) / ε for every entry of x, in float64.

    N + 1 calls of f for N entries. Otherwise as `central_difference`.

    Book: chapter 02.
    """
    point, eps = _float64(x, "x"), checks.positive(eps, "eps")
    here = _call(f, point)
    result = np.empty_like(point)
    for i in np.ndindex(point.shape):
        ahead = _moved(point, i, eps)
        there = _call(f, ahead)
        _ask_a_jump_again(f, ahead, here, there, eps)
        result[i] = (there - here) / eps
    return checks.held(result, "f")


def relative_error(a: Any, b: Any) -> float:
    """The largest |a − b| / max(|a|, |b|) over the entries; 0 where both are 0.

    Raises ValueError where the shapes differ or an entry is not finite.

    Book: chapter 08.
    """
    a, b = _float64(a, "a"), _float64(b, "b")
    checks.same_shape(b, "b", a, "a")
    size = np.maximum(np.abs(a), np.abs(b))
    half = np.where(size > 1, 0.5, 1.0)  # a − b may be twice as large as a float can be
    return float(np.max(np.abs(half * a - half * b) / np.where(size > 0, half * size, 1.0)))


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
        return f"{verdict}: worst {self._place()}: analytic {self.analytic:.6g}, numerical {self.numerical:.6g}"

    def _place(self) -> str:
        return f"entry at {list(self.index)}" if self.index else "entry"


def check_gradient(f: Function, x: Any, analytic: Any, rtol: float = 1e-6, eps: float = 1e-5, size: float = 1.0) -> GradientCheck:
    """Compare an analytic gradient of f at x with central differences.

    An entry may differ by rtol times its size, plus the rounding noise of the
    difference itself, 16·2⁻⁵²·(size + |f(x)|)/ε. So an exact 0 passes against the
    tiny number that rounding leaves in its place. `size` is how large the numbers
    are that f adds up; where all of them are far from 1, say so.

    Raises ValueError where analytic has not the shape of x or rtol is not
    between 0 and 1; otherwise errors as `central_difference`. Where the check would
    fail, f is called once more: that it answers in two ways is then said instead.

    Book: chapter 08.
    """
    point, analytic = _float64(x, "x"), _float64(analytic, "analytic")
    checks.same_shape(analytic, "analytic", point, "x")
    rtol, eps, size = _tolerances(rtol, eps, size)
    numerical = central_difference(f, point, eps)
    here = _call(f, point)
    allowed = rtol * np.maximum(np.abs(analytic), np.abs(numerical)) + _noise(size, here, eps)
    with np.errstate(over="ignore", invalid="ignore"):
        excess = checks.held(np.abs(analytic / allowed - numerical / allowed), "analytic")
    if excess.max() > 1:
        _ask_again(f, point, here)
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

    def _place(self) -> str:
        return f"direction {self.index[0]}"


def check_directions(
    f: Function,
    x: Any,
    analytic: Any,
    directions: int = 10,
    seed: Any = 0,
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
    steps of eps/√N do not change an entry of x; TypeError where seed is no whole
    number; otherwise errors as `check_gradient`, which also asks once more.

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
    rng = checks.generator(seed, "seed")
    verdicts, asked = [], []
    for k in range(directions):
        v = rng.normal(size=point.size)
        with np.errstate(over="ignore"):
            step = (eps / np.linalg.norm(v) * v).reshape(point.shape)
            ahead, behind = point + step, point - step
        if not (np.isfinite(ahead).all() and np.isfinite(behind).all()):
            raise ValueError(f"eps: expected steps that leave x = {largest:g} finite, got {eps:g}")
        ends = _call(f, ahead), _call(f, behind)
        with np.errstate(over="ignore"):
            along = float(np.sum(gradient * ((ahead - behind) / (2 * eps))))  # the step that rounding left of v
        numerical = (ends[0] - ends[1]) / (2 * eps)
        allowed = rtol * typical + _noise(size, max(ends, key=abs), eps)
        excess = float(checks.held(np.array([along, numerical, abs(along / allowed - numerical / allowed)]), "analytic")[2])
        verdicts.append(DirectionsCheck(bool(excess <= 1), (k,), along, numerical, excess))
        asked.append((behind, ends[1]))
    worst = max(verdicts, key=lambda verdict: verdict.excess)
    if not worst:
        _ask_again(f, *asked[worst.index[0]])
    return worst


def _float64(x: Any, argument: str) -> Array:
    return checks.array(x, argument).astype(float)


def _tolerances(rtol: Any, eps: Any, size: Any) -> tuple[float, float, float]:
    share = checks.number(rtol, "rtol")
    if not 0 < share < 1:
        raise ValueError(f"rtol: expected a number between 0 and 1, got {rtol!r}")
    return share, checks.positive(eps, "eps"), checks.positive(size, "size")


def _noise(size: float, f: float, eps: float) -> float:
    """What rounding may leave of a central difference where there is no slope.

    On networks as large as the book's it was seen to reach about 2⁻⁵² (size + |f|)/ε; 16 times
    that leaves room for longer sums.
    """
    noise = 16 * 2.0**-52 * (size + abs(f)) / eps
    if not math.isfinite(noise):
        raise ValueError(f"size: expected numbers small enough beside eps = {eps:g}, got {size:g} and f = {f:g}")
    return noise


def _moved(x: Array, i: tuple[int, ...], step: float) -> Array:
    moved = x.copy()
    with np.errstate(over="ignore"):
        moved[i] += step
    if moved[i] == x[i] or not math.isfinite(moved[i]):
        raise ValueError(f"eps: expected a step that changes x = {x[i]:g} to another float, got {abs(step):g}")
    return moved


def _call(f: Function, x: Array) -> float:
    out = checks.function(f, "f", "one array")(x.copy())
    if isinstance(out, bool | np.bool_):
        raise TypeError(f"f: expected a function that returns a float, got {type(out).__name__}")
    try:
        return checks.number(out, "f")
    except TypeError:
        raise TypeError(f"f: expected a function that returns a float, got {type(out).__name__}") from None


def _ask_a_jump_again(f: Function, x: Array, one: float, other: float, eps: float) -> None:
    """Ask for f(x), which was `other`, once more where it differs from `one` by more than a nudge explains.

    √ε of the size of f is some hundred times what a slope of that size gives; a draw of random numbers makes such jumps.
    """
    if abs(one / 2 - other / 2) > math.sqrt(eps) * (1 + abs(one) + abs(other)) / 2:
        _ask_again(f, x, other)


def _ask_again(f: Function, x: Array, before: float) -> None:
    """ValueError where f(x) is another number now."""
    now = _call(f, x)
    if now != before:
        raise ValueError(
            f"f: expected one answer to one question, got {before!r} and then {now!r}: "
            "does f draw random numbers, or remember what it was asked?"
        )
