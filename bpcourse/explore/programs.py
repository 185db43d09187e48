"""The programs of the book as walks: a network's layers, a recurrence, a cell, two normalisations, a convolution, attention.

Each walk gives the arrays at the start and then, operation by operation, the formula of an entry and the line
of the package that does the same. Tests hold the arrays equal to what these functions return.

Book: chapters 09, 10, 11, 15 and 17.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from bpcourse import checks, layers
from bpcourse.beyond import recurrent, remedies, structures
from bpcourse.checks import Array
from bpcourse.explore.walks import Walk
from bpcourse.gates import GATES
from bpcourse.network import Parameters, backpropagation, equations, forward
from bpcourse.pictures.svg import lowered, raised

_SIGNS = {"sigmoid": "σ", "tanh": "tanh", "relu": "max(0, ·)", "identity": "identity"}
_SLOPES = {
    "squared_error": "2 ({A} − Y)", "half_squared_error": "{A} − Y",
    "binary_cross_entropy": "({A} − Y) / ({A} ∘ (1 − {A}))", "cross_entropy": "−Y / {A}",
}  # fmt: skip
"""∂L/∂A of each of `layers.LOSSES`, as the book writes it."""


def network(
    parameters: Parameters, X: Any, Y: Any, hidden: str = "relu", output: str = "softmax", loss: str = "cross_entropy"
) -> Walk:
    """A batch through a network and back: Z, A, the cost, then dZ, dW, db, dA, layer by layer.

    Arguments and errors as `network.forward` and `network.backpropagation`.

    Book: chapters 09 to 11.
    """
    cache = forward(X, parameters, hidden, output)
    backpropagation(cache, Y, parameters, hidden, output, loss)  # refuses what does not fit, by its name
    X, Y, depth = checks.array(X, "X"), checks.array(Y, "Y"), len(parameters) // 2
    walk = Walk("one step through a network", {"A0": X, **parameters, "Y": Y}, {"A0": "X"}, end="the cost C")
    for l in range(1, depth + 1):
        up, below = raised(l), walk.written(f"A{l - 1}")
        walk.step(
            f"Z{up} = W{up} {below} + b{up}",
            f"Z{l}[j,i] = W{l}[j,k] A{l - 1}[k,i] + b{l}[j,0]",
            (layers.affine, "return"),
            "each unit's weighted sum",
        )
        last = l == depth
        name = output if last else hidden
        shown = f"exp(Z{l}[j,i]) / Σ exp(Z{l}[k,i])" if name == "softmax" else f"{_SIGNS.get(name, name)}(Z{l}[j,i])"
        walk.step(
            f"A{up} = {name}(Z{up})",
            f"A{l}[j,i] = {shown}",
            (equations.forward, "OUTPUTS[output](Z)"),
            "the prediction" if last else "each unit's activation",
            made=cache[f"A{l}"],
        )
    _cost(walk, Y, depth, loss, cache)
    _output(walk, depth, output, loss)
    for l in range(depth, 0, -1):
        _layer_back(walk, l, X.shape[1], hidden)
    return walk


def _cost(walk: Walk, Y: Array, last: int, loss: str, cache: Mapping[str, Array]) -> None:
    each = layers.LOSSES[loss]
    terms = layers.losses(Y, cache[f"Z{last}"], loss, getattr(cache, "output", None), cache[f"A{last}"])
    walk.aside("losses", np.atleast_2d(terms), "L", f"A{last}", "Y")
    walk.step(
        f"C = mean of the losses: {each.label}",
        f"C[0,0] = 1/{Y.shape[1]} losses[0,i]",
        (equations.cost, "return"),
        "one number for the batch",
    )


def _output(walk: Walk, last: int, output: str, loss: str) -> None:
    up, A = raised(last), f"A{last}"
    if layers.MATCHED[output] == loss:
        walk.step(
            f"dZ{up} = A{up} − Y",
            f"dZ{last}[j,i] = {A}[j,i] − Y[j,i]",
            (layers.output_delta, "return A - Y"),
            "the output layer's deltas: prediction minus label",
        )
        return
    walk.step(
        f"dA{up} = ∂L/∂A{up} = {_SLOPES[loss].format(A=f'A{up}')}",
        f"d{A}[j,i] = ∂L/∂a({A}[j,i], Y[j,i])",
        (layers.output_delta, ".dA(Y, A)"),
        "what the loss says to each output",
        made=layers.LOSSES[loss].dA(walk.arrays["Y"], walk.arrays[A]),
    )
    if output == "softmax":
        walk.step(
            f"dZ{up} = A{up} ∘ (dA{up} − Σ dA{up} ∘ A{up})",
            f"dZ{last}[j,i] = d{A}[j,i] {A}[j,i] − d{A}[k,i] {A}[k,i] {A}[j,i]",
            (layers.softmax_vjp, "return"),
            "through the softmax: the direct path, and the paths by way of the other outputs",
        )
    else:
        _through(walk, last, output)


def _slope(name: str, A: Array, Z: Array) -> Array:
    """f′(Z) of the gate table, in the shape of Z."""
    return np.broadcast_to(GATES[name].slopes(A, Z), Z.shape)


def _through(walk: Walk, l: int, name: str) -> None:
    """dZ = dA ∘ f′(Z)."""
    up = raised(l)
    slope = f"slope{l}"
    walk.aside(slope, _slope(name, walk.arrays[f"A{l}"], walk.arrays[f"Z{l}"]), f"f′(Z{up})", f"Z{l}")
    walk.step(
        f"dZ{up} = dA{up} ∘ f′(Z{up})",
        f"dZ{l}[j,i] = dA{l}[j,i] {slope}[j,i]",
        (layers.activation_vjp, "return"),
        f"through each unit's {name}",
    )


def _layer_back(walk: Walk, l: int, m: int, hidden: str) -> None:
    up, below, down = raised(l), walk.written(f"A{l - 1}"), raised(l - 1)
    walk.step(
        f"dW{up} = dZ{up} ({below})ᵀ / m",
        f"dW{l}[j,k] = 1/{m} dZ{l}[j,i] A{l - 1}[k,i]",
        (layers.affine_vjp, "return"),
        "delta of the unit it goes to, times activation of the unit it comes from; the mean over the examples",
    )
    walk.step(
        f"db{up} = Σ dZ{up} / m",
        f"db{l}[j,0] = 1/{m} dZ{l}[j,i]",
        (layers.affine_vjp, "return"),
        "the mean of the deltas",
    )
    if l == 1:
        return
    walk.step(
        f"dA{down} = (W{up})ᵀ dZ{up}",
        f"dA{l - 1}[k,i] = dZ{l}[j,i] W{l}[j,k]",
        (equations.pull_back, ".T @ dZ"),
        "to each unit below, summed over the units that read it",
    )
    _through(walk, l - 1, hidden)


def recurrence(parameters: Parameters, X: Any, dH: Any, squash: str = "tanh") -> Walk:
    """A recurrence unrolled: forward through its steps, back through time.

    dH is what the loss says of the last state, (units, examples). Arguments and errors as
    `recurrent.forward`.

    Book: chapter 15.
    """
    H = recurrent.forward(X, parameters, squash)
    X, dH = checks.array(X, "X"), checks.array(dH, "dH")
    checks.same_shape(dH, "dH", H[-1], "the last state")
    steps, m = len(X), X.shape[2]
    inputs = {f"x{t}": x for t, x in enumerate(X, start=1)}
    walk = Walk("a recurrence, step by step", {"h0": H[0], **inputs, **parameters}, {"Wh": "Wₕ", "Wx": "Wₓ"}, lowered)
    back = recurrent.backpropagation
    for t in range(1, steps + 1):
        now, before = lowered(t), lowered(t - 1)
        walk.step(
            f"z{now} = Wₕ h{before} + Wₓ x{now} + b",
            f"z{t}[j,i] = Wh[j,k] h{t - 1}[k,i] + Wx[j,n] x{t}[n,i] + b[j,0]",
            (recurrent.forward, "Z = "),
            f"the sums of step {t}: the same weights again",
        )
        walk.step(
            f"h{now} = {squash}(z{now})",
            f"h{t}[j,i] = {squash}(z{t}[j,i])",
            (recurrent.forward, "H.append"),
            f"the state after step {t}",
            made=H[t],
        )
    walk.aside(f"dh{steps}", dH)
    for t in range(steps, 0, -1):
        now, before = lowered(t), lowered(t - 1)
        walk.aside(f"slope{t}", _slope(squash, H[t], walk.arrays[f"z{t}"]), f"f′(z{now})", f"z{t}")
        walk.step(
            f"dz{now} = dh{now} ∘ f′(z{now})",
            f"dz{t}[j,i] = dh{t}[j,i] slope{t}[j,i]",
            (back, "activation_vjp"),
            f"through the {squash} of step {t}",
        )
        if t > 1:
            walk.step(
                f"dh{before} = Wₕᵀ dz{now}",
                f"dh{t - 1}[k,i] = dz{t}[j,i] Wh[j,k]",
                (back, "Wh.T @ dZ"),
                "one step back in time: the same matrix every time",
            )
    backward = range(steps, 0, -1)
    states, inputs_read = [f"h{t - 1}[k,i]" for t in backward], [f"x{t}[k,i]" for t in backward]
    for name, below, equation, code in (
        ("Wh", states, "dWₕ = Σₜ dzₜ hₜ₋₁ᵀ / m", "dWh[t - 1], _"),
        ("Wx", inputs_read, "dWₓ = Σₜ dzₜ xₜᵀ / m", "dWx_t, db_t"),
    ):
        walk.step(
            equation,
            f"d{name}[j,k] = " + " + ".join(f"1/{m} dz{t}[j,i] {read}" for t, read in zip(backward, below)),
            (back, code),
            "one share from every step, as the weight serves every step",
        )
    walk.step(
        "db = Σₜ dzₜ / m",
        "db[j,0] = " + " + ".join(f"1/{m} dz{t}[j,i]" for t in backward),
        (back, "db + db_t"),
        "one share from every step",
    )
    return walk


def lstm(x: Any, h: Any, c: Any, W: Any, b: Any, dh: Any, dc: Any) -> Walk:
    """One step of an LSTM cell, and back: from dh and dc to everything that it read.

    Arguments and errors as `recurrent.lstm` and `recurrent.lstm_vjp`.

    Book: chapter 15.
    """
    _, new_c, kept = recurrent.lstm(x, h, c, W, b)
    recurrent.lstm_vjp(dh, dc, kept, W)
    units, m = new_c.shape
    labels = {
        "below": "[h₀; x]", "gates": "[f; i; o; g]", "c0": "c₀", "c1": "c₁", "h1": "h₁", "t": "tanh c₁",
        "dbelow": "[dh₀; dx]", "dgates": "[df; di; do; dg]",
    }  # fmt: skip
    walk = Walk("one step of an LSTM cell", {"below": kept.below, "W": W, "b": b, "c0": kept.c_before}, labels, lowered)
    there, back = recurrent.lstm, recurrent.lstm_vjp
    walk.step(
        "Z = W [h₀; x] + b",
        "Z[j,i] = W[j,k] below[k,i] + b[j,0]",
        (there, "Z = "),
        "four sums for each unit, one block above the other",
    )
    walk.step(
        "f, i, o = σ(Z), g = tanh(Z)",
        [f"gates[j,i] = {sign}(Z[j+{block * units},i])" for block, sign in enumerate(("σ", "σ", "σ", "tanh"))],
        (there, "gates = "),
        "forget, input and output gate, and the new part",
        made=kept.gates,
    )
    f, i, o, g = (f"gates[j+{block * units},i]" for block in range(4))
    walk.step(
        "c₁ = f ∘ c₀ + i ∘ g", f"c1[j,i] = c0[j,i] {f} + {i} {g}", (there, "new = "), "the memory: what is kept and what is added"
    )
    walk.step("tanh c₁", "t[j,i] = tanh(c1[j,i])", (there, "return"), "the memory, squashed", made=layers.tanh(walk.arrays["c1"]))
    walk.step("h₁ = o ∘ tanh c₁", f"h1[j,i] = t[j,i] {o}", (there, "return"), "what the cell says")
    walk.aside("dh1", checks.array(dh, "dh"))
    walk.aside("later", checks.array(dc, "dc"), "dc₁ from later")
    walk.aside("slope", _slope("tanh", walk.arrays["t"], walk.arrays["c1"]), "1 − tanh² c₁", "c1")
    walk.step(
        "dc₁ = dc₁ from later + dh₁ ∘ o ∘ (1 − tanh² c₁)",
        f"dc1[j,i] = later[j,i] + dh1[j,i] {o} slope[j,i]",
        (back, "dc = dc + "),
        "two paths meet at the memory: from later steps, and through h₁",
    )
    walk.step(
        "df = dc₁ ∘ c₀, di = dc₁ ∘ g, do = dh₁ ∘ tanh c₁, dg = dc₁ ∘ i",
        [
            "dgates[j,i] = dc1[j,i] c0[j,i]",
            f"dgates[j,i] = dc1[j,i] {g}",
            "dgates[j,i] = dh1[j,i] t[j,i]",
            f"dgates[j,i] = dc1[j,i] {i}",
        ],
        (back, "dgates = "),
        "each gate was a factor: its gradient is upstream times the other factor",
    )
    blocks = ("sigmoid", slice(3 * units)), ("tanh", slice(3 * units, None))
    slopes = [_slope(name, kept.gates[rows], kept.Z[rows]) for name, rows in blocks]
    walk.aside("slopes", np.concatenate(slopes), "f′(Z)", "Z")
    walk.step(
        "dZ = d[f; i; o; g] ∘ f′(Z)",
        "dZ[j,i] = dgates[j,i] slopes[j,i]",
        (back, "dZ = "),
        "through three sigmoids and a tanh",
    )
    walk.step(
        "dW = dZ [h₀; x]ᵀ / m", f"dW[j,k] = 1/{m} dZ[j,i] below[k,i]", (back, "affine_vjp"), "delta times what the unit read"
    )
    walk.step("db = Σ dZ / m", f"db[j,0] = 1/{m} dZ[j,i]", (back, "affine_vjp"), "the mean of the deltas")
    walk.step("[dh₀; dx] = Wᵀ dZ", "dbelow[k,i] = dZ[j,i] W[j,k]", (back, "dbelow = "), "summed over all that read it")
    walk.step("dc₀ = dc₁ ∘ f", f"dc0[j,i] = dc1[j,i] {f}", (back, "dc * f"), "the path that only multiplies by the forget gate")
    return walk


def batch_norm(Z: Any, gamma: Any, beta: Any, dU: Any, eps: float = 1e-5) -> Walk:
    """Batch normalisation, and back by all three paths.

    Arguments and errors as `remedies.batch_norm`.

    Book: chapter 15.
    """
    _, kept = remedies.batch_norm(Z, gamma, beta, eps)
    remedies.batch_norm_vjp(dU, kept)
    Z = checks.array(Z, "Z")
    m = Z.shape[1]
    labels = {"gamma": "γ", "beta": "β", "mu": "μ", "hat": "Ẑ"}
    walk = Walk("batch normalisation", {"Z": Z, "gamma": gamma, "beta": beta}, labels)
    there, back = remedies.batch_norm, remedies.batch_norm_vjp
    walk.step(
        "μ = mean of each row",
        f"mu[j,0] = 1/{m} Z[j,i]",
        (remedies.standardised, "centred = "),
        "each unit's mean over the batch",
    )
    walk.step(
        "s = √(mean (z − μ)² + ϵ)",
        "s[j,0] = √mean(Z[j,i])",
        (remedies.standardised, "s = "),
        "each unit's spread over the batch",
        made=kept.s,
    )
    walk.aside("over", 1 / kept.s, "1/s", "s")
    walk.step(
        "Ẑ = (Z − μ) / s",
        "hat[j,i] = Z[j,i] over[j,0] − mu[j,0] over[j,0]",
        (remedies.standardised, "return"),
        "every row to mean 0 and variance 1",
    )
    walk.step("U = γ Ẑ + β", "U[j,i] = gamma[j,0] hat[j,i] + beta[j,0]", (there, "return"), "a learned scale and shift")
    walk.aside("dU", checks.array(dU, "dU"))
    walk.step("dβ = mean dU", f"dbeta[j,0] = 1/{m} dU[j,i]", (back, "dbeta = "), "the mean over the batch")
    walk.step("dγ = mean (dU ∘ Ẑ)", f"dgamma[j,0] = 1/{m} dU[j,i] hat[j,i]", (back, "dgamma = "), "the mean over the batch")
    walk.aside("scale", walk.arrays["gamma"] / kept.s, "γ/s", "s", "gamma")
    walk.step(
        "dZ = γ/s ∘ (dU − dβ − Ẑ ∘ dγ)",
        "dZ[j,i] = dU[j,i] scale[j,0] − dbeta[j,0] scale[j,0] − dgamma[j,0] hat[j,i] scale[j,0]",
        (back, "return"),
        "three paths: direct, through the mean, through the spread",
    )
    return walk


def convolution(X: Any, K: Any, dZ: Any) -> Walk:
    """A kernel over an image, one channel and one example, and back.

    Arguments and errors as `structures.convolve`.

    Book: chapter 17.
    """
    X, K, dZ = checks.batch(X, "X"), checks.batch(K, "K"), checks.batch(dZ, "dZ")
    structures.convolve_vjp(dZ[None, ..., None], X[None, ..., None], K[None, None])
    walk = Walk("a convolution", {"X": X, "K": K}, {})
    walk.step(
        "z at p, q = Σ K at u, v · X at p+u, q+v",
        "Z[p,q] = K[u,v] X[p+u,q+v]",
        (structures._slide, "np.tensordot"),
        "the kernel lies over the image at p, q",
        shape=dZ.shape,
    )
    walk.aside("dZ", dZ)
    walk.step(
        "dX at p, q = Σ dZ at p−u, q−v · K at u, v",
        "dX[p,q] = dZ[p-u,q-v] K[u,v]",
        (structures.convolve_vjp, "return"),
        "a pixel hears from every place where the kernel covered it",
    )
    walk.step(
        "dK at u, v = Σ dZ at p, q · X at p+u, q+v",
        "dK[u,v] = dZ[p,q] X[p+u,q+v]",
        (structures.convolve_vjp, "dK = "),
        "a shared weight: the sum over all places where it was used",
    )
    return walk


def layer_norm(X: Any, gamma: Any, beta: Any, dY: Any) -> Walk:
    """Layer normalisation, and back by all three paths.

    Arguments and errors as `structures.layer_norm`.

    Book: chapter 17.
    """
    structures.layer_norm(X, gamma, beta)
    structures.layer_norm_vjp(dY, X, gamma)
    X = checks.array(X, "X")
    n = len(X)
    labels = {"gamma": "γ", "beta": "β", "mu": "μ", "hat": "x̂", "root": "s"}
    walk = Walk("layer normalisation", {"X": X, "gamma": gamma, "beta": beta}, labels)
    there, back = structures.layer_norm, structures.layer_norm_vjp
    _, root = remedies.standardised(X, 0, structures.VARIANCE_FLOOR)
    walk.step(
        "μ = mean of each column",
        f"mu[0,i] = 1/{n} X[j,i]",
        (remedies.standardised, "centred = "),
        "each position's mean over its units",
    )
    walk.step(
        "s = √(mean (x − μ)² + ϵ)",
        "root[0,i] = √mean(X[j,i])",
        (remedies.standardised, "s = "),
        "each position's spread over its units",
        made=root,
    )
    walk.aside("over", 1 / root, "1/s", "root")
    walk.step(
        "x̂ = (X − μ) / s",
        "hat[j,i] = X[j,i] over[0,i] − mu[0,i] over[0,i]",
        (remedies.standardised, "return"),
        "every column to mean 0 and variance 1",
    )
    walk.step("Y = γ ∘ x̂ + β", "Y[j,i] = gamma[j,0] hat[j,i] + beta[j,0]", (there, "return"), "a learned scale and shift")
    walk.aside("dY", checks.array(dY, "dY"))
    walk.step("g = γ ∘ dY", "dhat[j,i] = dY[j,i] gamma[j,0]", (back, "g = "), "what comes back to x̂")
    walk.step(
        "dX = (g − mean(g) − x̂ ∘ mean(g ∘ x̂)) / s",
        f"dX[j,i] = dhat[j,i] over[0,i] − 1/{n} dhat[k,i] over[0,i] − 1/{n} dhat[k,i] hat[k,i] hat[j,i] over[0,i]",
        (back, "dX = "),
        "three paths: direct, through the mean, through the spread",
    )
    walk.step("dγ = Σ dY ∘ x̂", "dgamma[j,0] = dY[j,i] hat[j,i]", (back, "return"), "summed over the positions")
    walk.step("dβ = Σ dY", "dbeta[j,0] = dY[j,i]", (back, "return"), "summed over the positions")
    return walk


def attention(Q: Any, K: Any, V: Any, dO: Any, causal: bool = False) -> Walk:
    """Attention with or without its mask, and back.

    Arguments and errors as `structures.attention`.

    Book: chapter 17.
    """
    structures.attention_vjp(dO, Q, K, V, causal)
    P = structures.attention_weights(Q, K, causal)
    Q, K = checks.array(Q, "Q"), checks.array(K, "K")
    root = math.sqrt(len(Q))
    walk = Walk("attention", {"K": K, "Q": Q, "V": V}, {})
    weights, back = structures.attention_weights, structures.attention_vjp
    walk.aside("scale", np.array([[1 / root]]), "1/√d")
    walk.step(
        "S = Kᵀ Q / √d", "S[k,q] = K[n,k] Q[n,q] scale[0,0]", (weights, "S = checks"), "how well each key answers each query"
    )
    mask = ", 0 where the key stands later" if causal else ""
    walk.step(
        f"P = softmax(S){mask}",
        "P[k,q] = exp(S[k,q]) / Σ exp(S[n,q])",
        (weights, "return"),
        f"how much a query heeds each key{mask}",
        made=P,
    )
    walk.step("O = V P", "O[u,q] = V[u,k] P[k,q]", (structures.attention, "return"), "for each query a mean of the values")
    walk.aside("dO", checks.array(dO, "dO"))
    walk.step("dV = dO Pᵀ", "dV[u,k] = dO[u,q] P[k,q]", (back, "return"), "a value hears from every query that heeded it")
    walk.step("dP = Vᵀ dO", "dP[k,q] = dO[u,q] V[u,k]", (back, "dS = "), "what more weight on a key would do")
    walk.step(
        "dS = P ∘ (dP − Σ dP ∘ P)",
        "dS[k,q] = dP[k,q] P[k,q] − dP[n,q] P[n,q] P[k,q]",
        (back, "dS = "),
        "through the softmax of each column; where the weight is 0, nothing passes"
        if causal
        else "through the softmax of each column",
    )
    walk.step("dQ = K dS / √d", "dQ[n,q] = dS[k,q] K[n,k] scale[0,0]", (back, "return"), "summed over the keys")
    walk.step("dK = Q dSᵀ / √d", "dK[n,k] = dS[k,q] Q[n,q] scale[0,0]", (back, "return"), "summed over the queries")
    return walk
