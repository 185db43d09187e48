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
from bpcourse.doors import asked
from bpcourse.gates import GATES
from bpcourse.layers import activation, activation_vjp, affine, affine_vjp, output_delta, relu, softmax
from bpcourse.network import Parameters, checked_parameters, initialise, questions

# ------------------------------------------------------- how the weights begin

SMALL = 0.05
"""The standard deviation of the rule `small`."""

RULES: dict[str, Callable[[int, int], float]] = {
    "small": lambda below, units: SMALL**2,
    "xavier": lambda below, units: 2 / (below + units),
    "he": lambda below, units: 2 / below,
}
"""The variance of a weight, by the units below and the units of its layer."""


def initialise_by(rule: str, sizes: Sequence[int], seed: Any = 0) -> dict[str, Array]:
    """Normal weights whose variance is that of the rule; biases 0.

    small: 0.05² whatever the sizes; xavier: 2/(units below + units); he:
    2/units below. The same seed draws the same weights up to their scale.

    Raises ValueError for an unknown rule, otherwise as `bpcourse.network.initialise`.
    """
    variance = RULES[checks.choice(rule, "rule", RULES)]
    parameters = initialise(sizes, "identity", seed)
    for name, W in parameters.items():
        if name[0] == "W":
            units, below = W.shape
            parameters[name] = W * math.sqrt(variance(below, units) * below)
    return parameters


# ------------------------------------------------------------------ dead units


@asked(lambda Z: (checks.batch(Z, "Z"),))
def dead_units(Z: Array) -> Array:
    """Which units no example switches on: z ≤ 0 in the whole row.

    The result is (units,) of True and False;
    `dead_units(Z).mean()` is the share of them. Z is (units, examples), the
    sums or the outputs of a ReLU layer.

    Raises ValueError and TypeError as `bpcourse.layers.affine`, as all functions here do.
    """
    return np.all(Z <= 0, axis=1)


@asked(lambda Z, slope=0.1: (checks.array(Z, "Z"), checks.number(slope, "slope")), "A")
def leaky_relu(Z: Array, slope: float = 0.1) -> Array:
    """Z where z > 0, slope · z elsewhere: relu(z) − slope · relu(−z).

    Shapes: both (units, examples). Errors as `dead_units`.
    """
    return relu(Z) - slope * relu(-Z)


@asked(lambda dA, Z, slope=0.1: (*checks.alike(dA=dA, Z=Z), checks.number(slope, "slope")), "dZ")
def leaky_relu_vjp(dA: Array, Z: Array, slope: float = 0.1) -> Array:
    """dZ = dA where z > 0, slope · dA where z < 0.

    It is the ReLU's own way back, at z and at −z.

    Shapes: (units, examples). Errors as `dead_units`, also where they differ.
    """
    on, off = (activation_vjp("relu", dA, side, relu(side)) for side in (Z, -Z))
    return on + slope * off


# --------------------------------------------------------------------- dropout


def _kept_share(A: Any, keep: Any, seed: Any = 0) -> tuple[Any, ...]:
    A, keep = checks.batch(A, "A"), checks.positive(keep, "keep")
    if keep > 1:
        raise ValueError(f"keep: expected a probability, at most 1, got {keep!r}")
    return A, keep, checks.generator(seed, "seed")


@asked(_kept_share, "A")
def dropout(A: Array, keep: float, seed: Any = 0) -> tuple[Array, Array]:
    """(A ∘ mask, mask), where a mask entry is 1/keep with probability keep, else 0.

    So its mean is 1, and that of every output is what it would be without. For
    training only; a prediction leaves it out. Shapes: all (units, examples).

    Raises ValueError where keep is not above 0 and at most 1, or a result
    overflows; otherwise errors as `dead_units`.
    """
    mask = (checks.generator(seed, "seed").random(A.shape) < keep) / keep
    return A * mask, mask


@asked(lambda dA, mask: checks.alike(mask=mask, dA=dA)[::-1], "dA_below")
def dropout_vjp(dA: Array, mask: Array) -> Array:
    """dA_below = dA ∘ mask, with the mask of the way forward.

    Shapes: all (units, examples). Errors as `dead_units`, also where they differ.
    """
    return dA * mask


# --------------------------------------------------------- batch normalisation


class Normalised(NamedTuple):
    """What `batch_norm` keeps for the way back: Ẑ, the scale s of each row, and γ."""

    Z_hat: Array
    s: Array
    gamma: Array


def _table_and_axis(X: Any, axis: Any, floor: Any) -> tuple[Any, ...]:
    if checks.number(axis, "axis") not in (0, 1):
        raise ValueError(f"axis: expected 0 or 1, got {checks.short(axis)}")
    return checks.batch(X, "X"), int(axis), checks.positive(floor, "floor")


@asked(_table_and_axis, "x̂", "s")
def standardised(X: Array, axis: int, floor: float) -> tuple[Array, Array]:
    """(x̂, s) with x̂ = (x − μ)/s and s = √(mean (x − μ)² + floor).

    So x̂ has mean 0 and a variance of nearly 1. μ and the other mean run along the
    axis. Large numbers are divided by a power of two before they are squared, which
    rounds nothing and overflows nowhere. Shapes: X and x̂ alike; s with 1 in the place
    of the axis. Errors as `dead_units`.
    """
    centred = X - X.mean(axis=axis, keepdims=True)
    unit = _power_of_two(np.abs(centred).max(axis=axis, keepdims=True))
    s = unit * np.sqrt(((centred / unit) ** 2).mean(axis=axis, keepdims=True) + floor / unit / unit)
    return centred / s, s


def _power_of_two(size: Any) -> Any:
    """2ᵏ ≤ size < 2ᵏ⁺¹ for sizes above 1, and 1 for all others; in the shape of size."""
    return np.ldexp(np.ones_like(size), np.maximum(np.frexp(size)[1] - 1, 0))


def _rows(Z: Any, gamma: Any, beta: Any, eps: Any = 1e-5) -> tuple[Any, ...]:
    Z, eps = checks.batch(Z, "Z"), checks.positive(eps, "eps")
    if Z.shape[1] < 2:
        raise ValueError(f"Z: expected two or more examples (columns) to normalise over, got shape {Z.shape}")
    return Z, _row(gamma, "gamma", len(Z)), _row(beta, "beta", len(Z)), eps


def _row(x: Any, argument: str, units: int) -> Array:
    row = checks.arrays({argument: x})[argument]
    if row.shape != (units, 1):
        raise ValueError(f"{argument}: expected shape ({units}, 1), a number for each unit, got {row.shape}")
    return row


@asked(_rows, "U")
def batch_norm(Z: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> tuple[Array, Normalised]:
    """γ Ẑ + β with Ẑ = (Z − μ)/s, and what `batch_norm_vjp` needs.

    μ is the mean of each row and s = √(mean (z − μ)² + eps), where eps is a
    constant that keeps s from 0, no difference step. Shapes: Z and the result
    (units, examples); gamma, beta, μ and s (units, 1).

    Raises ValueError where shapes do not fit, a number is not finite, eps ≤ 0
    or there are fewer than two examples.
    """
    Z_hat, s = standardised(Z, 1, eps)
    return gamma * Z_hat + beta, Normalised(Z_hat, s, gamma)


def _upstream_and_kept(dU: Any, kept: Any) -> tuple[Any, ...]:
    dU = checks.batch(dU, "dU")
    return dU, _kept(kept, "kept", dU.shape, "dU")


def _kept(kept: Any, argument: str, shape: tuple[int, ...], other: str) -> Normalised:
    """What `batch_norm` kept, if it was made from numbers of this shape."""
    if not isinstance(kept, Normalised):
        raise TypeError(f"{argument}: expected what batch_norm kept, a Normalised, got {type(kept).__name__}")
    Z_hat = checks.batch(kept.Z_hat, f"{argument}.Z_hat")
    if Z_hat.shape != shape:
        raise ValueError(f"{other}: expected the shape of Z_hat, {Z_hat.shape}, got {shape}")
    return Normalised(Z_hat, _row(kept.s, f"{argument}.s", len(Z_hat)), _row(kept.gamma, f"{argument}.gamma", len(Z_hat)))


@asked(_upstream_and_kept, "dZ", "dgamma", "dbeta")
def batch_norm_vjp(dU: Array, kept: Normalised) -> tuple[Array, Array, Array]:
    """(dZ, dgamma, dbeta) from the gradient dU of the normalised sums.

        dZ = γ/s ∘ (dU − mean(dU) − Ẑ ∘ mean(dU ∘ Ẑ)),
        dgamma = mean(dU ∘ Ẑ),    dbeta = mean(dU),

    with means along the rows. As elsewhere dU and dZ carry no 1/m, dgamma and
    dbeta do. Every z of a row moves the whole row, so column i of dZ is the
    gradient of the sum of all losses. Shapes: dU and dZ (units, examples);
    dgamma and dbeta (units, 1).

    Raises ValueError where dU has not the shape of Ẑ, TypeError where kept is
    nothing that `batch_norm` made.
    """
    dbeta = dU.mean(axis=1, keepdims=True)
    dgamma = (dU * kept.Z_hat).mean(axis=1, keepdims=True)
    return kept.gamma / kept.s * (dU - dbeta - kept.Z_hat * dgamma), dgamma, dbeta


@asked(lambda parameters: (_with_or_without_norms(parameters, "identity"),))
def with_norms(parameters: Parameters) -> dict[str, Array]:
    """The parameters, and for every hidden layer γ = 1 and β = 0.

    Their names are `"gamma1"`, `"beta1"`, …
    Shapes: γ and β (units, 1). Raises ValueError where W1, b1, W2, … are missing or
    do not fit.
    """
    added = dict(parameters)
    for l in range(1, _depth(parameters)):
        units = (len(parameters[f"W{l}"]), 1)
        added[f"gamma{l}"], added[f"beta{l}"] = np.ones(units), np.zeros(units)
    return added


# ------------------------------------------------------------------- residuals


def _added(A_below: Any, F: Any) -> tuple[Array, Array]:
    A_below, F = checks.batch(A_below, "A_below"), checks.batch(F, "F")
    checks.same_shape(F, "F", A_below, "A_below")
    return A_below, F


@asked(_added, "A")
def residual(A_below: Array, F: Array) -> Array:
    """A_below + F: a layer's output F, added to its input.

    Shapes: both (units, examples). Errors as `dead_units`, also where they differ.
    """
    return A_below + F


@asked(lambda dA, dA_through_F: checks.alike(dA_through_F=dA_through_F, dA=dA)[::-1], "dA_below")
def residual_vjp(dA: Array, dA_through_F: Array) -> Array:
    """dA_below = dA + dA_through_F: as it is, plus what came back through F.

    Shapes: both (units, examples). Errors as `dead_units`, also where they differ.
    """
    return dA + dA_through_F


# ------------------------------------------------- a deep network with remedies


class Layer(NamedTuple):
    """What `forward` keeps of a layer: its sums, their normalised form, its output.

    Z = W A_below + b; U is γ Ẑ + β, or Z itself where nothing is normalised;
    F = f(U), and A = F or A_below + F. `hidden` names the f of the hidden layers.
    """

    A_below: Array
    Z: Array
    U: Array
    kept: Normalised | None
    F: Array
    added: bool
    A: Array
    hidden: str


def _expect_hidden(name: Any) -> None:
    """ValueError unless it is leaky_relu or an activation of the gate table."""
    if not isinstance(name, str) or name != "leaky_relu":
        activation(name)


def _of_forward(X: Any, parameters: Any, hidden: Any = "relu", residuals: Any = False) -> tuple[Any, ...]:
    _expect_hidden(hidden)
    X, parameters = checks.batch(X, "X"), _with_or_without_norms(parameters, "softmax")
    if parameters["W1"].shape[1] != len(X):
        raise ValueError(f"W1: expected {len(X)} columns, a column for each row of X, got shape {parameters['W1'].shape}")
    if X.shape[1] < 2 and len(parameters) > 2 * _depth(parameters):
        raise ValueError(f"X: expected two or more examples (columns) to normalise over, got shape {X.shape}")
    return X, parameters, hidden, checks.flag(residuals, "residuals")


@asked(_of_forward)
@np.errstate(over="ignore", invalid="ignore")  # an overflow is refused by name
def forward(X: Array, parameters: Parameters, hidden: str = "relu", residuals: bool = False) -> list[Layer]:
    """Every layer of a network that ends in a softmax, bottom to top.

        Z = W A_below + b,    U = γ Ẑ + β or Z,    A = f(U) or A_below + f(U).

    X, and Z, U and A of every layer, are (units, examples). hidden: leaky_relu, or
    any gate that may be an activation. A hidden layer l is
    normalised where the parameters hold `gamma{l}` (see `with_norms`), every
    batch by its own mean and variance, the held-out one too. With `residuals`
    a hidden layer adds its input to its output where there are as many units
    as below.

    Raises ValueError and TypeError as `bpcourse.network.forward`.
    """
    A, depth, layers = X, _depth(parameters), list[Layer]()
    for l in range(1, depth + 1):
        below, kept = A, None
        Z = U = affine(parameters[f"W{l}"], below, parameters[f"b{l}"])
        if f"gamma{l}" in parameters:
            U, kept = batch_norm(Z, parameters[f"gamma{l}"], parameters[f"beta{l}"])
        F = softmax(U) if l == depth else leaky_relu(U) if hidden == "leaky_relu" else GATES[hidden](U)
        added = residuals and l < depth and F.shape == below.shape
        A = residual(below, F) if added else F
        questions.held({f"Z{l}": Z, f"U{l}": U, f"A{l}": A}, ("Z", "U", "A"), "sums", "are X or the weights too large?")
        layers.append(Layer(below, Z, U, kept, F, added, A, hidden))
    return layers


def _of_backpropagation(layers: Any, Y: Any, parameters: Any, hidden: Any = "relu") -> tuple[Any, ...]:
    _expect_hidden(hidden)
    parameters = _with_or_without_norms(parameters, "softmax")
    layers = _fitting(layers, parameters)
    for layer in layers:
        if layer.hidden != hidden:
            raise ValueError(f"hidden: expected {layer.hidden!r}, by which the layers were made, got {hidden!r}")
    return layers, questions.labels(Y, layers[-1].A, "cross_entropy", "softmax"), parameters, hidden


@asked(_of_backpropagation)
@np.errstate(over="ignore", invalid="ignore")
def backpropagation(layers: Sequence[Layer], Y: Array, parameters: Parameters, hidden: str = "relu") -> dict[str, Array]:
    """The gradients of the cross-entropy, named as in `bpcourse.network`.

        dU = dA ∘ f′(U),    dZ by `batch_norm_vjp`,    dA_below = Wᵀ dZ, plus dA over a residual.

    Besides `dZ1`, `dW1`, `db1`, … there are `dgamma1`, `dbeta1`, … of the
    normalised layers. Y is (units, examples), columns of probabilities.

    Raises ValueError and TypeError as `bpcourse.network.backpropagation`, also where
    the layers were made by another activation or from other shapes.
    """
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
        grads[f"dW{l}"], grads[f"db{l}"] = affine_vjp(dZ, layer.A_below)
        below = parameters[f"W{l}"].T @ dZ
        dA = residual_vjp(dA, below) if layer.added else below
    return questions.held(grads, "d", "gradients", "are the weights too large?")


def _depth(parameters: Parameters) -> int:
    return sum(name[0] == "W" for name in parameters)


def _with_or_without_norms(parameters: Any, output: str) -> dict[str, Array]:
    """W1, b1, W2, … of a network with this output, and γ and β of hidden layers, if there are any."""
    checks.mapping(parameters, "parameters")
    norms = {name: x for name, x in parameters.items() if isinstance(name, str) and name.startswith(("gamma", "beta"))}
    checked = checked_parameters({name: x for name, x in parameters.items() if name not in norms})
    questions.expect_output(output, checked)
    normalised = [l for l in range(1, _depth(checked)) if f"gamma{l}" in norms]
    if norms.keys() != {f"{name}{l}" for l in normalised for name in ("gamma", "beta")}:
        raise ValueError(f"parameters: expected gamma and beta of the same hidden layers, got {questions.names(parameters)}")
    for l in normalised:
        for name in f"gamma{l}", f"beta{l}":
            checked[name] = _row(norms[name], name, len(checked[f"W{l}"]))
    return checked


def _fitting(layers: Any, parameters: Parameters) -> Sequence[Layer]:
    """The layers, if they are what `forward` makes with parameters of these shapes."""
    depth = _depth(parameters)
    layers = checks.listed(layers, "layers", "what forward returned")
    if len(layers) != depth or not all(isinstance(layer, Layer) for layer in layers):
        raise TypeError(f"layers: expected the {depth} layers that forward returned, got {checks.short(layers)}")
    examples = np.shape(layers[0].A_below)[1:]
    fitting = []
    for l, layer in enumerate(layers, start=1):
        units, below = ((n, *examples) for n in parameters[f"W{l}"].shape)
        shapes = {"A_below": below, "Z": units, "U": units, "F": units, "A": units}
        arrays = checks.arrays({f"layers[{l - 1}].{part}": getattr(layer, part) for part in shapes})
        for (told, x), shape in zip(arrays.items(), shapes.values()):
            if x.shape != shape:
                raise ValueError(f"{told}: expected shape {shape}, as W{l} has, got {x.shape}")
        kept = None
        if layer.kept is not None or f"gamma{l}" in parameters:
            if layer.kept is None or f"gamma{l}" not in parameters:
                raise ValueError(f"layers[{l - 1}].kept: expected gamma{l} where the layer was normalised, got only one of them")
            kept = _kept(layer.kept, f"layers[{l - 1}].kept", units, f"layers[{l - 1}].Z")
        if checks.flag(layer.added, f"layers[{l - 1}].added") and (units != below or l == depth):
            raise ValueError(f"layers[{l - 1}].added: expected a hidden layer as wide as the one below, got shape {units}")
        fitting.append(layer._replace(**dict(zip(shapes, arrays.values())), kept=kept))
    return fitting


# -------------------------------------------------------------------- clipping


def _of_parameters_only(grads: Any, most: Any) -> tuple[Any, ...]:
    checks.mapping(grads, "grads")
    most = checks.positive(most, "most")
    foreign = [name for name in grads if isinstance(name, str) and re.fullmatch(r"d[ZA]\d+", name)]
    if not grads or foreign:
        raise ValueError(f"grads: expected the gradients of parameters only, got {foreign[0] if foreign else 'none'}")
    found = checks.arrays({f"grads[{checks.short(name)}]": grad for name, grad in grads.items()})
    return dict(zip(grads, found.values(), strict=True)), most


@asked(_of_parameters_only)
def clip_by_norm(grads: Mapping[str, Array], most: float) -> tuple[dict[str, Array], float]:
    """(the gradients, shortened together to the norm `most`; their norm before).

    The norm √(Σ g²) is that of all entries of all arrays, as one long vector: the
    direction stays. Gradients that are shorter stay as they are. A norm that is
    larger than a float can be is given as infinity; what is shortened is right.

    Raises ValueError where most ≤ 0, grads is empty, or it holds a dZ or dA,
    which belong to no parameter; TypeError where it is not a dict of arrays.
    """
    unit = float(_power_of_two(max(float(np.abs(grad).max()) for grad in grads.values())))
    length = math.hypot(*(float(x) for grad in grads.values() for x in (grad / unit).ravel()))
    norm = unit * length
    if norm <= most:
        return {name: grad.copy() for name, grad in grads.items()}, norm
    return {name: grad / unit * (most / length) for name, grad in grads.items()}, norm
