import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpcourse.beyond.programs import LARGEST_STRETCH, STEPS, equilibrium, equilibrium_vjp, solve, solve_vjp
from bpcourse.beyond.recurrent import backpropagation, forward
from bpcourse.graph import Value, gradient
from bpcourse.numeric import check_gradient

seeds = st.integers(0, 10**6)
few = st.integers(1, 4)


def judged(f, vjp, inputs, upstream):
    """Every gradient that vjp returns is the one that nudging its input finds."""
    for place, found in enumerate(vjp):

        def total(x, place=place):
            return np.sum(upstream * f(*inputs[:place], x, *inputs[place + 1 :]))

        verdict = check_gradient(total, inputs[place], found, size=1 + np.abs(upstream).sum())
        assert verdict, (place, str(verdict))


@given(seed=seeds, n=few, examples=few)
def test_a_solve_runs_back_as_nudging_finds(seed, n, examples):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(n, n)) + 4 * np.diag(rng.choice([-1, 1], n))
    B, dX = rng.normal(size=(2, n, examples))
    np.testing.assert_allclose(A @ solve(A, B), B, atol=1e-12)
    judged(solve, solve_vjp(dX, A, B), (A, B), dX)


def test_a_solve_has_the_gradients_of_its_elimination():
    """Cramer's rule for two equations, gate by gate."""
    A, b = np.array([[2.0, 1.0], [4.0, 3.0]]), np.array([[5.0], [13.0]])
    (p, q, r, s), (e, f) = [Value(a) for row in A for a in row], [Value(x) for x in (5.0, 13.0)]
    out = (e * s - q * f) / (p * s - q * r)
    dA, dB = solve_vjp(np.array([[1.0], [0.0]]), A, b)
    found = [g.value for g in gradient(out, [p, q, r, s, e, f])]
    np.testing.assert_allclose(found, [-1.5, -4.5, 0.5, 1.5, 1.5, -0.5], rtol=1e-12)
    np.testing.assert_allclose([*dA.flat, *dB.flat], found, rtol=1e-12)


@given(seed=seeds, n=few, examples=few, stretch=st.floats(0, LARGEST_STRETCH - 0.01))
def test_an_equilibrium_runs_back_as_nudging_finds(seed, n, examples, stretch):
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(n, n))
    W *= stretch / np.linalg.norm(W, 2)
    B, dX = rng.normal(size=(2, n, examples))
    X = equilibrium(W, B)
    np.testing.assert_allclose(np.tanh(W @ X + B), X, atol=1e-14)
    found = equilibrium_vjp(dX, W, X)
    judged(lambda t: equilibrium(W, t), found[1:], (B,), dX)
    if stretch < 0.9:  # a nudge of W may stretch by more than is allowed
        judged(equilibrium, found, (W, B), dX)


def test_an_equilibrium_has_the_gradients_of_its_rounds():
    rng = np.random.default_rng(0)
    W, B, dX = rng.normal(size=(3, 3)) / 4, rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    parameters = {"Wh": W, "Wx": np.eye(3), "b": np.zeros((3, 1))}
    X = np.repeat(B[None], 200, axis=0)
    H = forward(X, parameters)
    dH = np.zeros_like(H)
    dH[-1] = dX
    kept = backpropagation(dH, H, X, parameters)
    dW, dB = equilibrium_vjp(dX, W, equilibrium(W, B))
    np.testing.assert_allclose(2 * kept["dWh"], dW, rtol=1e-10)  # kept has the mean over two examples
    np.testing.assert_allclose(2 * kept["db"][:, 0], dB.sum(axis=1), rtol=1e-10)


def test_the_slowest_weights_that_are_taken_settle():
    W = np.array([[0.0, -LARGEST_STRETCH], [LARGEST_STRETCH, 0.0]])
    X = equilibrium(W, [[1e-9], [0.0]])
    np.testing.assert_allclose(np.tanh(W @ X + [[1e-9], [0.0]]), X, rtol=1e-12)
    assert LARGEST_STRETCH**STEPS < 2**-53


@pytest.mark.parametrize(
    ("call", "argument", "text"),
    [
        (lambda: solve([[1, 2], [2, 4]], [[1], [1]]), "A", "inverted, got a singular one"),
        (lambda: solve([[1, 2, 3]], [[1]]), "A", "as many rows as columns, got shape (1, 3)"),
        (lambda: solve(np.eye(2), [[1]]), "B", "2 rows, as A has, got shape (1, 1)"),
        (lambda: solve_vjp([[1]], np.eye(2), [[1], [2]]), "dX", "the shape of B, (2, 1), got (1, 1)"),
        (lambda: equilibrium(np.eye(2), [[1], [1]]), "W", "stretch no column by more than 0.99, got 1"),
        (lambda: equilibrium([[0, 1.5], [0, 0]], [[1], [1]]), "W", "stretch no column by more than 0.99, got 1.5"),
        (lambda: equilibrium_vjp([[1]], [[0.5]], [[2]]), "X", "outputs of tanh, from −1 to 1, got 2"),
        (lambda: equilibrium_vjp([[1]], [[0.5]], [[0.1, 0.2]]), "dX", "the shape of X, (1, 2), got (1, 1)"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(call, argument, text):
    with pytest.raises(ValueError, match=rf"^{argument}: expected .*{re.escape(text)}$"):
        call()
