"""A small recurrent network: the same weights at every step, and the way back through time.

    h_t = tanh(W_h h_{t−1} + W_x x_t + b),    h_0 = 0.

Parameters are a dict `"Wh"` (units, units), `"Wx"` (units, inputs), `"b"`
(units, 1). A sequence is an array (steps, inputs, examples).

Book: chapter 15.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from bpcourse import checks, graph
from bpcourse.checks import Array
from bpcourse.graph import Value
from bpcourse.layers import ACTIVATIONS, activation_vjp
from bpcourse.network import Parameters

SQUASHES = ("tanh", "identity")
"""The activations of a recurrence: tanh, or none. Book: chapter 15."""


def initialise(units: int, inputs: int, radius: float = 1.0, seed: int = 0) -> dict[str, Array]:
    """Random weights, W_h scaled to the spectral radius `radius`; b = 0.

    Raises ValueError for sizes < 1 or radius ≤ 0. Book: chapter 15.
    """
    units, inputs = checks.whole(units, "units"), checks.whole(inputs, "inputs")
    radius, rng = checks.positive(radius, "radius"), np.random.default_rng(seed)
    Wh = rng.normal(size=(units, units))
    return {
        "Wh": Wh * radius / spectral_radius(Wh),
        "Wx": rng.normal(0, 1 / math.sqrt(inputs), (units, inputs)),
        "b": np.zeros((units, 1)),
    }


def spectral_radius(W: Any) -> float:
    """ρ = max |λ| over the eigenvalues λ of a square matrix.

    Raises ValueError where W is not square. Book: chapter 15.
    """
    W = checks.array(W, "W")
    if W.ndim != 2 or W.shape[0] != W.shape[1]:
        raise ValueError(f"W: expected a square matrix, got shape {W.shape}")
    return float(np.abs(np.linalg.eigvals(W)).max())


def forward(X: Any, parameters: Parameters, squash: str = "tanh") -> Array:
    """The states h_0 = 0, h_1, …, h_T: (steps + 1, units, examples).

    Raises ValueError where shapes do not fit, a number is not finite, a state
    overflows or squash is not one of `SQUASHES`.

    Book: chapter 15.
    """
    checks.choice(squash, "squash", SQUASHES)
    X, (Wh, Wx, b) = _checked(X, parameters)
    H = [np.zeros((len(Wh), X.shape[2]))]
    for x in X:
        with np.errstate(over="ignore", invalid="ignore"):
            H.append(ACTIVATIONS[squash](Wh @ H[-1] + Wx @ x + b))
        if not np.isfinite(H[-1]).all():
            raise ValueError(f"Wh: expected states that float64 can hold, got an overflow at step {len(H) - 1}")
    return np.stack(H)


def backpropagation(dH: Any, H: Any, X: Any, parameters: Parameters, squash: str = "tanh") -> dict[str, Array]:
    """The gradients through time, from what the losses say of each state.

    dH[t] is ∂(losses)/∂h_t as read off the losses alone, with every later state
    held still; dH and H are (steps + 1, units, examples), H from `forward`. From
    the last step down

        dZ_t = dh_t ∘ f′(z_t),    dh_{t−1} = dH[t−1] + W_hᵀ dZ_t,

    and as W_h, W_x and b serve every step, their gradients are sums over t:

        dWh = Σ_t dZ_t h_{t−1}ᵀ / m,   dWx = Σ_t dZ_t x_tᵀ / m,   db = Σ_t mean(dZ_t).

    Also returned: `"dH"`, the whole ∂L/∂h_t, and `"dWh by step"`, the terms of
    the first sum, (steps, units, units).

    Raises ValueError as `forward`, where dH or H has another shape, and where a
    gradient overflows.

    Book: chapter 15.
    """
    checks.choice(squash, "squash", SQUASHES)
    X, (Wh, Wx, b) = _checked(X, parameters)
    steps, _, m = X.shape
    dH, H = checks.array(dH, "dH").copy(), checks.array(H, "H")
    if H.shape != (steps + 1, len(Wh), m):
        raise ValueError(f"H: expected shape {(steps + 1, len(Wh), m)}, the states of forward, got {H.shape}")
    checks.same_shape(dH, "dH", H, "H")
    dWh, dWx, db = np.zeros((steps, *Wh.shape)), np.zeros_like(Wx), np.zeros_like(b)
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(steps, 0, -1):
            Z = Wh @ H[t - 1] + Wx @ X[t - 1] + b
            dZ = activation_vjp(squash, dH[t], Z, H[t])
            dWh[t - 1] = dZ @ H[t - 1].T / m
            dWx += dZ @ X[t - 1].T / m
            db += dZ.mean(axis=1, keepdims=True)
            dH[t - 1] += Wh.T @ dZ
    if not all(np.isfinite(grad).all() for grad in (dWh, dWx, db, dH)):
        raise ValueError("Wh: expected gradients that float64 can hold, got an overflow on the way back")
    return {"dWh": dWh.sum(axis=0), "dWx": dWx, "db": db, "dH": dH, "dWh by step": dWh}


def as_graph(parameters: Parameters, xs: Any, y: Any, squash: str = "tanh") -> dict[str, Value]:
    """The recurrence on one sequence as scalar values by name, every weight a single node.

    xs is (steps, inputs), y is (units,). Names: `wh_1,2`, `wx_1,1`, `b_1`;
    `x_t,k` and `h_t,j` for step t; `loss`, ½ Σ_j (h_T,j − y_j)².

    Raises ValueError as `forward`, and where y has not one entry a unit.

    Book: chapter 15.
    """
    checks.choice(squash, "squash", SQUASHES)
    xs = checks.batch(xs, "xs")
    _, (Wh, Wx, b) = _checked(xs[:, :, None], parameters)
    y = checks.column(y, "y")[:, 0]
    if len(y) != len(Wh):
        raise ValueError(f"y: expected {len(Wh)} entries, as Wh has rows, got shape {y.shape}")
    nodes: dict[str, Value] = {}

    def put(name: str, value: Value | float) -> Value:
        nodes[name] = value if isinstance(value, Value) else Value(value)
        return nodes[name].named(name)

    def table(letter: str, W: Array) -> list[list[Value]]:
        return [[put(f"{letter}_{j},{k}", float(w)) for k, w in enumerate(row, 1)] for j, row in enumerate(W, 1)]

    wh, wx, bias = table("wh", Wh), table("wx", Wx), [put(f"b_{j}", float(v)) for j, v in enumerate(b[:, 0], 1)]
    h = [put(f"h_0,{j}", 0.0) for j in range(1, len(Wh) + 1)]
    for t, x in enumerate(table("x", xs), start=1):
        sums = []
        for row_h, row_x, start in zip(wh, wx, bias):
            total = start
            for weight, value in [*zip(row_h, h), *zip(row_x, x)]:
                total = total + weight * value
            sums.append(total)
        h = [put(f"h_{t},{j}", graph.tanh(z) if squash == "tanh" else z) for j, z in enumerate(sums, 1)]
    terms = [0.5 * (state - float(target)) ** 2 for state, target in zip(h, y)]
    put("loss", sum(terms[1:], terms[0]))
    return nodes


def _checked(X: Any, parameters: Parameters) -> tuple[Array, tuple[Array, Array, Array]]:
    """The sequence and the three arrays, with shapes that fit."""
    if not isinstance(parameters, Mapping) or set(parameters) != {"Wh", "Wx", "b"}:
        raise ValueError(f"parameters: expected a dict of Wh, Wx and b, got {parameters!r}")
    Wh, Wx, b = (checks.array(parameters[name], name) for name in ("Wh", "Wx", "b"))
    if Wh.ndim != 2 or Wh.shape[0] != Wh.shape[1]:
        raise ValueError(f"Wh: expected a square matrix, got shape {Wh.shape}")
    if Wx.ndim != 2 or len(Wx) != len(Wh):
        raise ValueError(f"Wx: expected {len(Wh)} rows, as Wh has, got shape {Wx.shape}")
    if b.shape != (len(Wh), 1):
        raise ValueError(f"b: expected shape ({len(Wh)}, 1), a row for each row of Wh, got {b.shape}")
    X = checks.array(X, "X")
    if X.ndim != 3 or X.shape[1] != Wx.shape[1]:
        raise ValueError(f"X: expected shape (steps, {Wx.shape[1]}, examples), as Wx has columns, got {X.shape}")
    return X, (Wh, Wx, b)
