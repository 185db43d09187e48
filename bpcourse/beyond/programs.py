"""What is no layer: a linear solve, and a state that steps no longer change. There and back.

As in `structures`, `f_vjp(upstream, …)` returns the gradients of what went into
`f`, in their order and shapes. Both ways back solve the transposed system once, and
neither asks how the way there was found. Columns are examples, and a matrix gets the
sum over them. All is done in float64.

Book: chapter 18.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bpcourse import checks
from bpcourse.checks import Array
from bpcourse.doors import asked

LARGEST_STRETCH = 0.99
"""How much `equilibrium` lets W stretch a column: below 1 the steps settle, here within `STEPS`."""

STEPS = 4000
"""0.99 to this power is below 2⁻⁵³, what a float can tell from nothing beside 1."""


def _square(A: Any, argument: str) -> Array:
    A = checks.array(A, argument).astype(float)
    if A.ndim != 2 or A.shape[0] != A.shape[1]:
        raise ValueError(f"{argument}: expected as many rows as columns, got shape {A.shape}")
    return A


def _rows(X: Any, argument: str, matrix: str, n: int) -> Array:
    X = checks.batch(X, argument).astype(float)
    if len(X) != n:
        raise ValueError(f"{argument}: expected {n} rows, as {matrix} has, got shape {X.shape}")
    return X


def _system(A: Any, B: Any) -> tuple[Array, Array]:
    A = _square(A, "A")
    return A, _rows(B, "B", "A", len(A))


def _solved(dX: Any, A: Any, B: Any) -> tuple[Array, ...]:
    A, B = _system(A, B)
    dX = checks.array(dX, "dX").astype(float)
    checks.same_shape(dX, "dX", B, "B")
    return dX, A, B


def _divided(A: Array, B: Array) -> Array:
    try:
        return np.linalg.solve(A, B)
    except np.linalg.LinAlgError:
        raise ValueError("A: expected a matrix that can be inverted, got a singular one") from None


@asked(_system, "X")
def solve(A: Array, B: Array) -> Array:
    """X = A⁻¹ B: the columns x with A x = b.

    Shapes: A (n, n), B and X (n, examples).

    Raises ValueError where A is not square or singular, B does not fit, an array is
    empty or not finite, also the result; TypeError where one is not made of numbers.
    """
    return _divided(A, B)


@asked(_solved, "dA", "dB")
def solve_vjp(dX: Array, A: Array, B: Array) -> tuple[Array, Array]:
    """(dA, dB): dB = A⁻ᵀ dX, one more solve with A transposed, and dA = −dB Xᵀ.

    Shapes: dX, B and dB (n, examples), A and dA (n, n).

    Raises ValueError where dX has not the shape of B, otherwise as `solve`.

    Book: chapter 18; Giles (2008).
    """
    dB = _divided(A.T, dX)
    return -dB @ _divided(A, B).T, dB


def _weights(W: Any) -> Array:
    W = _square(W, "W")
    stretch = np.linalg.norm(W, 2)
    if not stretch <= LARGEST_STRETCH:
        raise ValueError(f"W: expected weights that stretch no column by more than {LARGEST_STRETCH}, got {stretch:g}")
    return W


def _step(W: Any, B: Any) -> tuple[Array, Array]:
    W = _weights(W)
    return W, _rows(B, "B", "W", len(W))


def _settled(dX: Any, W: Any, X: Any) -> tuple[Array, ...]:
    W = _weights(W)
    X = _rows(X, "X", "W", len(W))
    if np.abs(X).max() > 1:
        raise ValueError(f"X: expected outputs of tanh, from −1 to 1, got {X.flat[np.abs(X).argmax()]:g}")
    dX = checks.array(dX, "dX").astype(float)
    checks.same_shape(dX, "dX", X, "X")
    return dX, W, X


@asked(_step, "X")
def equilibrium(W: Array, B: Array) -> Array:
    """The X = tanh(W X + B) that X ← tanh(W X + B) settles at, from X = 0.

    A step brings any two columns closer by the factor that W stretches at most, its
    largest singular value. So there is one such X, wherever the steps begin. Shapes: W
    (n, n), B and X (n, examples).

    Raises ValueError where W is not square or stretches by more than
    `LARGEST_STRETCH`, or B does not fit; otherwise as `solve`.

    Book: chapter 18; Bai, Kolter and Koltun (2019).
    """
    X = np.zeros_like(B)
    for _ in range(STEPS):
        before, X = X, np.tanh(W @ X + B)
        if np.array_equal(before, X):
            break
    return X


@asked(_settled, "dW", "dB")
def equilibrium_vjp(dX: Array, W: Array, X: Array) -> tuple[Array, Array]:
    """(dW, dB) at X = tanh(W X + B), whatever steps led there.

    dB = (1 − X²) ∘ U, where column by column u = dx + Wᵀ((1 − x²) ∘ u) is solved for
    u; dW = dB Xᵀ. Shapes: dX, X and dB (n, examples), W and dW (n, n).

    Raises ValueError where dX has not the shape of X or X is no output of tanh,
    otherwise as `equilibrium`.

    Book: chapter 18; Bai, Kolter and Koltun (2019).
    """
    slopes = 1 - X**2
    systems = np.eye(len(W)) - W.T * slopes.T[:, None, :]  # an example each
    U = np.linalg.solve(systems, dX.T[:, :, None])[:, :, 0].T
    dB = slopes * U
    return dB @ X.T, dB
