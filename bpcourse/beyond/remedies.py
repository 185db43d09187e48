"""Cures for gradients that vanish, die or explode, each with its way back.

Arrays are (units, examples): one column an example. A `forward` here is that of
`bpcourse.network` with batch normalisation and residual connections to switch on;
without them the two agree.

Book: chapter 15.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.checks import Array
from bpcourse.layers import ACTIVATIONS, activation_vjp, output_delta, relu, softmax
from bpcourse.network import Parameters, initialise

# ------------------------------------------------------- how the weights begin

SMALL = 0.05
"""The standard deviation of the rule `small`. Book: chapter 15."""

RULES: dict[str, Callable[[int, int], float]] = {
    "small": lambda below, units: SMALL**2,
    "xavier": lambda below, units: 2 / (below + units),
    "he": lambda below, units: 2 / below,
}
"""The variance of a weight, by the units below and the units of its layer. Book: chapter 15."""


def initialise_by(rule: str, sizes: Sequence[int], seed: int = 0) -> dict[str, Array]:
    """Normal weights whose variance is that of the rule; biases 0.

    small: 0.05² whatever the sizes; xavier: 2/(units below + units); he:
    2/units below. The same seed draws the same weights up to their scale.

    Raises ValueError for an unknown rule, otherwise as `bpcourse.network.initialise`.

    Book: chapter 15.
    """
    variance = RULES[checks.choice(rule, "rule", RULES)]
    parameters = initialise(sizes, "identity", seed)
    for name, W in parameters.items():
        if name[0] == "W":
            units, below = W.shape
            parameters[name] = W * math.sqrt(variance(below, units) * below)
    return parameters


# ------------------------------------------------------------------ dead units


def dead_units(Z: Any) -> Array:
    """Which units no example switches on: z ≤ 0 in the whole row; (units,) of True and False.

    `dead_units(Z).mean()` is the share of them. Z is (units, examples), the
    sums or the outputs of a ReLU layer. Errors as `checks.batch`.

    Book: chapter 15.
    """
    return np.all(checks.batch(Z, "Z") <= 0, axis=1)


def leaky_relu(Z: Array, slope: float = 0.1) -> Array:
    """Z where z > 0, slope · z elsewhere: relu(z) − slope · relu(−z).

    Shapes: both (units, examples). Book: chapter 15.
    """
    return relu(Z) - slope * relu(-Z)


def leaky_relu_vjp(dA: Array, Z: Array, slope: float = 0.1) -> Array:
    """dZ = dA where z > 0, slope · dA where z < 0: the ReLU's own way back, at z and at −z.

    Shapes: (units, examples); ValueError where they differ. Book: chapter 15.
    """
    on, off = (activation_vjp("relu", dA, side, relu(side)) for side in (Z, -Z))
    return on + slope * off


# --------------------------------------------------------- batch normalisation


class Normalised(NamedTuple):
    """What `batch_norm` keeps for the way back: Ẑ, the scale s of each row, and γ.

    Book: chapter 15.
    """

    Z_hat: Array
    s: Array
    gamma: Array


def batch_norm(Z: Any, gamma: Any, beta: Any, eps: float = 1e-5) -> tuple[Array, Normalised]:
    """γ Ẑ + β with Ẑ = (Z − μ)/s, and what `batch_norm_vjp` needs.

    μ is the mean of each row and s = √(mean (z − μ)² + eps), where eps is a
    constant that keeps s from 0, no difference step. Shapes: Z and the result
    (units, examples); gamma, beta, μ and s (units, 1).

    Raises ValueError where shapes do not fit, a number is not finite, eps ≤ 0
    or there are fewer than two examples.

    Book: chapter 15.
    """
    Z, gamma, beta = checks.batch(Z, "Z"), checks.array(gamma, "gamma"), checks.array(beta, "beta")
    eps = checks.positive(eps, "eps")
    if Z.shape[1] < 2:
        raise ValueError(f"Z: expected two or more examples (columns) to normalise over, got shape {Z.shape}")
    for row, name in (gamma, "gamma"), (beta, "beta"):
        if row.shape != (len(Z), 1):
            raise ValueError(f"{name}: expected shape ({len(Z)}, 1), a row for each row of Z, got {row.shape}")
    centred = Z - Z.mean(axis=1, keepdims=True)
    s = np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)
    Z_hat = centred / s
    return gamma * Z_hat + beta, Normalised(Z_hat, s, gamma)


def batch_norm_vjp(dU: Any, kept: Normalised) -> tuple[Array, Array, Array]:
    """(dZ, dgamma, dbeta) from the gradient dU of the normalised sums.

        dZ = γ/s ∘ (dU − mean(dU) − Ẑ ∘ mean(dU ∘ Ẑ)),
        dgamma = mean(dU ∘ Ẑ),    dbeta = mean(dU),

    with means along the rows. As elsewhere dU and dZ carry no 1/m, dgamma and
    dbeta do. Every z of a row moves the whole row, so column i of dZ is the
    gradient of the sum of all losses. Shapes: dU and dZ (units, examples);
    dgamma and dbeta (units, 1).

    Raises ValueError where dU has not the shape of Ẑ.

    Book: chapter 15.
    """
    dU = checks.batch(dU, "dU")
    checks.same_shape(dU, "dU", kept.Z_hat, "Z_hat")
    dbeta = dU.mean(axis=1, keepdims=True)
    dgamma = (dU * kept.Z_hat).mean(axis=1, keepdims=True)
    return kept.gamma / kept.s * (dU - dbeta - kept.Z_hat * dgamma), dgamma, dbeta


def with_norms(parameters: Parameters) -> dict[str, Array]:
    """The parameters, and for every hidden layer γ = 1 and β = 0: `"gamma1"`, `"beta1"`, …

    Shapes: γ and β (units, 1). Raises ValueError where W1, W2, … are missing.

    Book: chapter 15.
    """
    added = dict(parameters)
    for l in range(1, _depth(parameters)):
        units = (len(parameters[f"W{l}"]), 1)
        added[f"gamma{l}"], added[f"beta{l}"] = np.ones(units), np.zeros(units)
    return added


# ------------------------------------------------------------------- residuals


def residual(A_below: Any, F: Any) -> Array:
    """A_below + F: a layer's output F, added to its input.

    Shapes: both (units, examples); ValueError where they differ. Book: chapter 15.
    """
    A_below, F = checks.batch(A_below, "A_below"), checks.batch(F, "F")
    checks.same_shape(F, "F", A_below, "A_below")
    return A_below + F


def residual_vjp(dA: Array, dA_through_F: Array) -> Array:
    """dA_below = dA + dA_through_F: the gradient as it is, plus what came back through F.

    Shapes: both (units, examples); ValueError where they differ. Book: chapter 15.
    """
    checks.same_shape(dA_through_F, "dA_through_F", dA, "dA")
    return dA + dA_through_F


# ------------------------------------------------- a deep network with remedies


class Layer(NamedTuple):
    """What `forward` keeps of a layer: its sums, their normalised form, its output.

    Z = W A_below + b; U is γ Ẑ + β, or Z itself where nothing is normalised;
    F = f(U), and A = F or A_below + F.

    Book: chapter 15.
    """

    A_below: Array
    Z: Array
    U: Array
    kept: Normalised | None
    F: Array
    added: bool
    A: Array


HIDDEN: dict[str, Callable[[Array], Array]] = {**ACTIVATIONS, "leaky_relu": leaky_relu}
"""The activations that `forward` takes. Book: chapter 15."""


def forward(X: Any, parameters: Parameters, hidden: str = "sigmoid", residuals: bool = False) -> list[Layer]:
    """Every layer of a network that ends in a softmax, bottom to top.

        Z = W A_below + b,    U = γ Ẑ + β or Z,    A = f(U) or A_below + f(U).

    X, and Z, U and A of every layer, are (units, examples). A hidden layer l is
    normalised where the parameters hold `gamma{l}` (see `with_norms`), every
    batch by its own mean and variance, the held-out one too. With `residuals`
    a hidden layer adds its input to its output where there are as many units
    as below.

    Raises ValueError for an unknown activation, where shapes do not fit, and
    for sums that overflow.

    Book: chapter 15.
    """
    checks.choice(hidden, "hidden", HIDDEN)
    A, depth, layers = checks.batch(X, "X"), _depth(parameters), list[Layer]()
    for l in range(1, depth + 1):
        W, below = parameters[f"W{l}"], A
        if W.shape[1] != len(below):
            raise ValueError(f"W{l}: expected {len(below)} columns, a column for each unit below, got shape {W.shape}")
        with np.errstate(over="ignore", invalid="ignore"):
            Z = U = W @ below + parameters[f"b{l}"]
        if not np.isfinite(Z).all():
            raise ValueError(f"Z{l}: expected finite sums, got an overflow: are X or the weights too large?")
        kept = None
        if l < depth and f"gamma{l}" in parameters:
            U, kept = batch_norm(Z, parameters[f"gamma{l}"], parameters[f"beta{l}"])
        F = (softmax if l == depth else HIDDEN[hidden])(U)
        added = residuals and l < depth and F.shape == below.shape
        A = residual(below, F) if added else F
        layers.append(Layer(below, Z, U, kept, F, added, A))
    return layers


def backpropagation(layers: Sequence[Layer], Y: Any, parameters: Parameters, hidden: str = "sigmoid") -> dict[str, Array]:
    """The gradients of the cross-entropy, as `bpcourse.network.backpropagation` has them.

        dU = dA ∘ f′(U),    dZ by `batch_norm_vjp`,    dA_below = Wᵀ dZ, plus dA over a residual.

    Besides `dZ1`, `dW1`, `db1`, … there are `dgamma1`, `dbeta1`, … of the
    normalised layers. Y is (units, examples), one-hot columns.

    Raises ValueError where Y has not the shape of the output or hidden is
    unknown.

    Book: chapter 15.
    """
    checks.choice(hidden, "hidden", HIDDEN)
    Y = checks.batch(Y, "Y")
    checks.same_shape(Y, "Y", layers[-1].A, "the output")
    grads: dict[str, Array] = {}
    dA = np.empty(0)
    for l, layer in zip(range(len(layers), 0, -1), reversed(layers)):
        if l == len(layers):
            dZ = output_delta(layer.U, layer.A, Y, "softmax", "cross_entropy")
        elif hidden == "leaky_relu":
            dZ = leaky_relu_vjp(dA, layer.U)
        else:
            dZ = activation_vjp(hidden, dA, layer.U, layer.F)
        if layer.kept is not None:
            dZ, grads[f"dgamma{l}"], grads[f"dbeta{l}"] = batch_norm_vjp(dZ, layer.kept)
        grads[f"dZ{l}"] = dZ
        grads[f"dW{l}"] = dZ @ layer.A_below.T / dZ.shape[1]
        grads[f"db{l}"] = dZ.mean(axis=1, keepdims=True)
        below = parameters[f"W{l}"].T @ dZ
        dA = residual_vjp(dA, below) if layer.added else below
    return grads


def _depth(parameters: Parameters) -> int:
    depth = sum(name[0] == "W" for name in parameters)
    missing = [name for l in range(1, max(depth, 1) + 1) for name in (f"W{l}", f"b{l}") if name not in parameters]
    if missing:
        raise ValueError(f"parameters: expected W1, b1, W2, …, got no {missing[0]}")
    return depth


# -------------------------------------------------------------------- clipping


def clip_by_norm(grads: Mapping[str, Any], most: float) -> tuple[dict[str, Array], float]:
    """(the gradients, shortened together to the norm `most`; their norm before).

    The norm is that of all entries of all arrays, as one long vector: the
    direction stays. Gradients that are shorter stay as they are.

    Raises ValueError where most ≤ 0, grads is empty, or it holds a dZ or dA,
    which belong to no parameter; TypeError where it is not a dict.

    Book: chapter 15.
    """
    if not isinstance(grads, Mapping):
        raise TypeError(f"grads: expected a dict of arrays, got {type(grads).__name__}")
    most = checks.positive(most, "most")
    foreign = [name for name in grads if re.fullmatch(r"d[ZA]\d+", name)]
    if not grads or foreign:
        raise ValueError(f"grads: expected the gradients of parameters only, got {foreign[0] if foreign else 'none'}")
    arrays = {name: checks.array(grad, f"grads[{name!r}]") for name, grad in grads.items()}
    norm = math.hypot(*(float(x) for grad in arrays.values() for x in grad.ravel()))
    scale = min(1.0, most / norm) if norm else 1.0
    return {name: grad * scale for name, grad in arrays.items()}, norm
