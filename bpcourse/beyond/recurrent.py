"""A small recurrent network: the same weights at every step, and the way back through time.

    h_t = tanh(W_h h_{t−1} + W_x x_t + b),    h_0 = 0.

Parameters are a dict `"Wh"` (units, units), `"Wx"` (units, inputs), `"b"`
(units, 1). A sequence is an array (steps, inputs, examples). At the end stands one
step of an LSTM, whose state has a path that adds, with its way back.

Book: chapter 15.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks, graph
from bpcourse.checks import Array
from bpcourse.doors import asked
from bpcourse.graph import Value
from bpcourse.layers import ACTIVATIONS, activation_vjp, affine, affine_vjp, sigmoid, tanh
from bpcourse.network import Parameters

SQUASHES = ("tanh", "identity")
"""The activations of a recurrence: tanh, or none."""


def initialise(units: int, inputs: int, radius: float = 1.0, seed: Any = 0) -> dict[str, Array]:
    """Random weights, W_h scaled to the spectral radius `radius`; b = 0.

    Raises ValueError for sizes < 1 or too large for memory, radius ≤ 0 or so large that W_h overflows, or a
    seed < 0; TypeError where one is no number.
    """
    units, inputs = checks.whole(units, "units"), checks.whole(inputs, "inputs")
    radius, rng = checks.positive(radius, "radius"), checks.generator(seed, "seed")
    checks.expect_room("units, inputs", units, max(units, inputs))
    Wh = rng.normal(size=(units, units))
    with np.errstate(over="ignore"):
        scaled = Wh * radius / spectral_radius(Wh)
    return {
        "Wh": checks.held(scaled, "Wh"),
        "Wx": rng.normal(0, 1 / math.sqrt(inputs), (units, inputs)),
        "b": np.zeros((units, 1)),
    }


def _square(W: Any, argument: str = "W") -> tuple[Array]:
    W = checks.array(W, argument)
    if W.ndim != 2 or W.shape[0] != W.shape[1]:
        raise ValueError(f"{argument}: expected a square matrix, got shape {W.shape}")
    return (W,)


@asked(_square)
def spectral_radius(W: Array) -> float:
    """ρ = max |λ| over the eigenvalues λ of a square matrix.

    Raises ValueError where W is not square or ρ overflows, TypeError where it is no
    array of numbers.
    """
    return float(checks.held(np.abs(np.linalg.eigvals(W)).max(), "ρ"))


def _sequence(X: Any, parameters: Any, squash: Any = "tanh") -> tuple[Any, ...]:
    """The sequence and the three parameters, if they fit each other."""
    checks.choice(squash, "squash", SQUASHES)
    if set(checks.mapping(parameters, "parameters")) != {"Wh", "Wx", "b"}:
        raise ValueError(f"parameters: expected a dict of Wh, Wx and b, got {checks.short(parameters)}")
    (Wh,), Wx, b = _square(parameters["Wh"], "Wh"), checks.array(parameters["Wx"], "Wx"), checks.array(parameters["b"], "b")
    if Wx.ndim != 2 or len(Wx) != len(Wh):
        raise ValueError(f"Wx: expected {len(Wh)} rows, as Wh has, got shape {Wx.shape}")
    checks.expect_bias(b, "b", Wh, "Wh")
    X = checks.array(X, "X")
    if X.ndim != 3 or X.shape[1] != Wx.shape[1]:
        raise ValueError(f"X: expected shape (steps, {Wx.shape[1]}, examples), as Wx has columns, got {X.shape}")
    return X, {"Wh": Wh, "Wx": Wx, "b": b}, squash


@asked(_sequence)
@np.errstate(over="ignore", invalid="ignore")  # an overflow is refused by name
def forward(X: Array, parameters: Parameters, squash: str = "tanh") -> Array:
    """The states h_0 = 0, h_1, …, h_T: (steps + 1, units, examples).

    Raises ValueError where shapes do not fit, a number is not finite, a state
    overflows or squash is not one of `SQUASHES`; TypeError where one is no array.
    """
    Wh, Wx, b = (parameters[name] for name in ("Wh", "Wx", "b"))
    H = [np.zeros((len(Wh), X.shape[2]))]
    for t, x in enumerate(X, start=1):
        Z = checks.held(affine(Wx, x, b) + Wh @ H[-1], "Wh", "sums", f" at step {t}")
        H.append(ACTIVATIONS[squash](Z))
    return np.stack(H)


def _states(dH: Any, H: Any, X: Any, parameters: Any, squash: Any = "tanh") -> tuple[Any, ...]:
    X, parameters, squash = _sequence(X, parameters, squash)
    dH, H = checks.array(dH, "dH"), checks.array(H, "H")
    expected = len(X) + 1, len(parameters["Wh"]), X.shape[2]
    if H.shape != expected:
        raise ValueError(f"H: expected shape {expected}, the states of forward, got {H.shape}")
    checks.same_shape(dH, "dH", H, "H")
    return dH, H, X, parameters, squash


@asked(_states)
@np.errstate(over="ignore", invalid="ignore")
def backpropagation(dH: Array, H: Array, X: Array, parameters: Parameters, squash: str = "tanh") -> dict[str, Array]:
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
    """
    Wh, Wx, b = (parameters[name] for name in ("Wh", "Wx", "b"))
    dH, dWh, dWx, db = dH.astype(float), np.zeros((len(X), *Wh.shape)), np.zeros(Wx.shape), np.zeros(b.shape)
    for t in range(len(X), 0, -1):
        Z = affine(Wx, X[t - 1], b) + Wh @ H[t - 1]
        dZ = activation_vjp(squash, dH[t], Z, H[t])
        dWh[t - 1], _ = affine_vjp(dZ, H[t - 1])
        dWx_t, db_t = affine_vjp(dZ, X[t - 1])
        dWx, db = dWx + dWx_t, db + db_t
        dH[t - 1] += Wh.T @ dZ
    grads = {"dWh": dWh.sum(axis=0), "dWx": dWx, "db": db, "dH": dH, "dWh by step": dWh}
    for grad in grads.values():
        checks.held(grad, "Wh", "gradients", " on the way back")
    return grads


def as_graph(parameters: Parameters, xs: Any, y: Any, squash: str = "tanh") -> dict[str, Value]:
    """The recurrence on one sequence as scalar values by name, a node a weight.

    xs is (steps, inputs), y is (units,). Names: `wh_1,2`, `wx_1,1`, `b_1`;
    `x_t,k` and `h_t,j` for step t; `loss`, ½ Σ_j (h_T,j − y_j)².

    Raises ValueError and TypeError as `forward`, and where y has not one entry a unit.
    """
    xs = checks.batch(xs, "xs")
    _, parameters, squash = _sequence(xs[:, :, None], parameters, squash)
    Wh, Wx, b = (parameters[name] for name in ("Wh", "Wx", "b"))
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


# ------------------------------------------------------------------------ LSTM


class Cell(NamedTuple):
    """What `lstm` keeps of a step: its input, its sums, its gates, both memories.

    below is h_{t−1} above x_t; Z the four sums, one block of units above the other;
    gates f, i, o, g, stacked in the same order; c_before is c_{t−1}, c is c_t.
    """

    below: Array
    Z: Array
    gates: Array
    c_before: Array
    c: Array


def _step(x: Any, h: Any, c: Any, W: Any, b: Any) -> tuple[Array, ...]:
    x, h, c = checks.batch(x, "x"), checks.batch(h, "h"), checks.batch(c, "c")
    checks.same_shape(c, "c", h, "h")
    if x.shape[1] != h.shape[1]:
        raise ValueError(f"x: expected {h.shape[1]} examples (columns), as h has, got shape {x.shape}")
    b = checks.array(b, "b")
    if b.shape != (4 * len(h), 1):
        raise ValueError(f"b: expected shape ({4 * len(h)}, 1), four rows for each row of h, got {b.shape}")
    return x, h, c, _four_blocks(W, len(h), len(h) + len(x)), b


def _four_blocks(W: Any, units: int, below: int) -> Array:
    W = checks.array(W, "W")
    if W.shape != (4 * units, below):
        raise ValueError(f"W: expected shape {4 * units, below}, four rows a unit, a column a row of h and x, got {W.shape}")
    return W


@asked(_step, "h", "c")
def lstm(x: Array, h: Array, c: Array, W: Array, b: Array) -> tuple[Array, Array, Cell]:
    """(h_t, c_t, what `lstm_vjp` needs): one step of a long short-term memory.

        f, i, o = σ of three blocks of W [h; x] + b, g = tanh of the fourth,
        c_t = f ∘ c_{t−1} + i ∘ g,    h_t = o ∘ tanh c_t.

    Shapes: x (inputs, examples); h and c, before and after, (units, examples);
    W (4 units, units + inputs), in the order f, i, o, g; b (4 units, 1).

    Raises ValueError where shapes do not fit, a number is not finite, or a sum
    overflows; TypeError where one is no array.
    """
    below, gated = np.concatenate([h, x]), 3 * len(h)
    Z = checks.held(affine(W, below, b), "W", "sums")  # the gates would make it finite again
    gates = np.concatenate([sigmoid(Z[:gated]), tanh(Z[gated:])])
    f, i, o, g = np.split(gates, 4)
    new = f * c + i * g
    return o * tanh(new), new, Cell(below, Z, gates, c, new)


def _step_back(dh: Any, dc: Any, kept: Any, W: Any) -> tuple[Any, ...]:
    kept = checks.of_kind(kept, Cell, "kept")
    parts = {name: checks.batch(part, f"kept.{name}") for name, part in kept._asdict().items()}
    dh, dc = checks.batch(dh, "dh"), checks.batch(dc, "dc")
    units, examples = parts["c"].shape
    shapes = {"Z": 4 * units, "gates": 4 * units, "c_before": units, "below": len(parts["below"])}
    for name, rows in shapes.items():
        if parts[name].shape != (rows, examples):
            raise ValueError(f"kept.{name}: expected shape {rows, examples}, as c has, got {parts[name].shape}")
    checks.same_shape(dh, "dh", parts["c"], "kept.c")
    checks.same_shape(dc, "dc", parts["c"], "kept.c")
    return dh, dc, Cell(**parts), _four_blocks(W, units, len(parts["below"]))


@asked(_step_back, "dx", "dh", "dc", "dW", "db")
def lstm_vjp(dh: Array, dc: Array, kept: Cell, W: Array) -> tuple[Array, Array, Array, Array, Array]:
    """(dx, dh_{t−1}, dc_{t−1}, dW, db) from the gradients of h_t and c_t.

    All of c_t, and with it the four gates:

        dc ← dc + dh ∘ o ∘ (1 − tanh² c_t),    dc_{t−1} = dc ∘ f,
        df = dc ∘ c_{t−1},   di = dc ∘ g,   do = dh ∘ tanh c_t,   dg = dc ∘ i;

    then through σ and tanh to dZ, and [dh_{t−1}; dx] = Wᵀ dZ. This dc_{t−1} is with
    h_{t−1} held still: the step before adds its h to it, by the first line. As elsewhere dW and db
    carry the 1/m, the others do not. Shapes as in `lstm`.

    Raises ValueError where shapes do not fit, TypeError where kept is nothing that
    `lstm` made.
    """
    (f, i, o, g), units = np.split(kept.gates, 4), len(kept.c)
    squashed, gated = tanh(kept.c), 3 * units
    dc = dc + activation_vjp("tanh", dh * o, kept.c, squashed)
    dgates = np.concatenate([dc * kept.c_before, dc * g, dh * squashed, dc * i])
    blocks = ("sigmoid", slice(gated)), ("tanh", slice(gated, None))
    dZ = np.concatenate([activation_vjp(name, dgates[rows], kept.Z[rows], kept.gates[rows]) for name, rows in blocks])
    dW, db = affine_vjp(dZ, kept.below)
    dbelow = W.T @ dZ
    return dbelow[units:], dbelow[:units], dc * f, dW, db
