"""A fully connected network: forward, backpropagation, update, training.

Arrays are (units, examples): one column an example, as in source 001. A network
is a dict of parameters `"W1"`, `"b1"`, `"W2"`, …, where W of a layer is
(units, units below) and b is (units, 1). What one layer computes is

    Z = W A_below + b,    A = f(Z),

and what comes back through it is chapter 09's four equations.

Book: chapters 09 to 12.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from bpcourse import checks, graph
from bpcourse.checks import Array
from bpcourse.gates import GATES
from bpcourse.graph import Value
from bpcourse.layers import ACTIVATIONS, LOSSES, OUTPUTS, activation_vjp, inside, log_probabilities, output_delta

Parameters = Mapping[str, Array]


class Cache(dict[str, Array]):
    """What `forward` computed: `"A0"`, `"Z1"`, `"A1"`, …, and with which functions.

    Book: chapter 11.
    """

    def __init__(self, hidden: str, output: str) -> None:
        super().__init__()
        self.hidden = hidden
        self.output = output


def forward(X: Any, parameters: Parameters, hidden: str = "relu", output: str = "softmax") -> Cache:
    """Every layer's Z = W A_below + b and A = f(Z), kept for the way back.

    X is (units, examples). hidden: sigmoid, tanh, relu, identity; output:
    identity, sigmoid, softmax. The last A is the prediction ŷ.

    Raises ValueError where shapes do not fit, a number is not finite, the batch
    is empty or a name is unknown; TypeError where something is not an array.

    Book: chapter 11.
    """
    checks.choice(hidden, "hidden", ACTIVATIONS)
    checks.choice(output, "output", OUTPUTS)
    parameters = checked_parameters(parameters)
    X = checks.batch(X, "X")
    depth = len(parameters) // 2
    _expect_units(X, "X", parameters)
    if output == "softmax" and len(parameters[f"W{depth}"]) < 2:
        raise ValueError(
            f"output: expected 'sigmoid' or 'identity' for one output unit, got 'softmax' (always 1) with W{depth} of 1 row"
        )
    cache = Cache(hidden, output)
    cache["A0"] = A = X
    for l in range(1, depth + 1):
        cache[f"Z{l}"] = Z = _sums(parameters[f"W{l}"], A, parameters[f"b{l}"], l)
        cache[f"A{l}"] = A = (OUTPUTS[output] if l == depth else ACTIVATIONS[hidden])(Z)
    return cache


def backpropagation(
    cache: Mapping[str, Array],
    Y: Any,
    parameters: Parameters,
    hidden: str = "relu",
    output: str = "softmax",
    loss: str = "cross_entropy",
) -> dict[str, Array]:
    """The gradients of a batch: `"dZ2"`, `"dW2"`, `"db2"`, `"dA1"`, `"dZ1"`, …

    With δ = dZ, one column an example and m examples, from the last layer down:

        dZ = ∂loss/∂Z            at the output, dA ∘ f′(Z) below it,
        dW = dZ A_belowᵀ / m     the mean over examples, the shape of W,
        db = Σ dZ / m            the mean over examples, the shape of b,
        dA_below = Wᵀ dZ         the sum over the units that read A_below.

    dZ and dA belong to the single examples and carry no 1/m. Y is (units,
    examples): numbers for the squared errors, 0 to 1 for binary_cross_entropy,
    columns of probabilities that sum to 1 for cross_entropy. Those two losses
    need outputs that are probabilities: sigmoid or softmax.

    Raises ValueError and TypeError as `forward`, also where Y does not fit the
    loss or the cache was made by other functions or shapes than are named here.

    Book: chapters 09 to 11; source 001.
    """
    checks.choice(hidden, "hidden", ACTIVATIONS)
    checks.choice(output, "output", OUTPUTS)
    parameters = checked_parameters(parameters)
    depth = len(parameters) // 2
    cache = _checked_cache(cache, parameters, hidden, output)
    A = cache[f"A{depth}"]
    Y = _labels(Y, A, loss, output)
    grads: dict[str, Array] = {}
    dZ = output_delta(cache[f"Z{depth}"], A, Y, output, loss)
    for l in range(depth, 0, -1):
        below = cache[f"A{l - 1}"]
        grads[f"dZ{l}"] = dZ
        grads[f"dW{l}"] = dZ @ below.T / dZ.shape[1]
        grads[f"db{l}"] = dZ.mean(axis=1, keepdims=True)
        if l > 1:
            grads[f"dA{l - 1}"] = dA = parameters[f"W{l}"].T @ dZ
            dZ = activation_vjp(hidden, dA, cache[f"Z{l - 1}"], below)
    return grads


def cost(cache: Mapping[str, Array], Y: Any, loss: str = "cross_entropy") -> float:
    """C, the mean over the m examples (columns) of the loss of each.

    A loss is summed over output units: squared_error is Σ(y−ŷ)²,
    half_squared_error ½Σ(y−ŷ)², binary_cross_entropy −Σ[y ln ŷ + (1−y) ln(1−ŷ)],
    cross_entropy −Σ y ln ŷ. With a cache that `forward` made the logarithms come
    from the logits and stay finite.

    Raises ValueError and TypeError as `backpropagation`.

    Book: chapters 10 and 11.
    """
    _expect_mapping(cache, "cache")
    last = (len(cache) - 1) // 2
    if last < 1 or not {f"Z{last}", f"A{last}"} <= set(cache):
        raise ValueError(f"cache: expected what forward returned, A0, Z1, A1, …, got {_names(cache)}")
    Z, A = (checks.batch(cache[key], f"cache['{key}']") for key in (f"Z{last}", f"A{last}"))
    output = getattr(cache, "output", None)
    Y = _labels(Y, A, loss, output)
    log_A = log_not_A = A
    if LOSSES[loss].probabilities:
        if output is not None:
            log_A, log_not_A = log_probabilities(Z, output)
        elif (A < 0).any() or (A > 1).any():
            raise ValueError(f"cache['A{last}']: expected probabilities for {loss}, got {A[(A < 0) | (A > 1)][0]:g}")
        else:
            P = inside(A)
            log_A, log_not_A = np.log(P), np.log1p(-P)
    with np.errstate(over="ignore"):
        total = float(LOSSES[loss].terms(Y, A, log_A, log_not_A).sum())
    return checks.number(total / A.shape[1], "cost")


def update(parameters: Parameters, grads: Mapping[str, Array], learning_rate: float) -> dict[str, Array]:
    """One step downhill: W − η·dW and b − η·db, as new parameters.

    Raises ValueError where a gradient is missing, has another shape than its
    parameter or is not finite, or learning_rate is not a finite number ≥ 0.

    Book: chapters 07 and 12.
    """
    parameters = checked_parameters(parameters)
    _expect_mapping(grads, "grads")
    rate = checks.number(learning_rate, "learning_rate")
    if rate < 0:
        raise ValueError(f"learning_rate: expected a number ≥ 0, got {learning_rate!r}")
    stepped = {}
    for name, parameter in parameters.items():
        grad = checks.array(grads.get(f"d{name}"), f"grads['d{name}']")
        checks.same_shape(grad, f"grads['d{name}']", parameter, name)
        stepped[name] = parameter - rate * grad
    return stepped


def initialise(sizes: Sequence[int], hidden: str = "relu", seed: int = 0) -> dict[str, Array]:
    """Random weights for layers of these sizes, inputs first; biases 0.

    Weights are normal with mean 0 and variance 2/n for relu, 1/n for the other
    activations, where n is the number of units below, so that the activations
    keep their size from layer to layer.

    Raises ValueError for fewer than two sizes, a size < 1 or an unknown name.

    Book: chapters 11 and 12.
    """
    checks.choice(hidden, "hidden", ACTIVATIONS)
    sizes = checks.sizes(sizes)
    rng = np.random.default_rng(seed)
    parameters = {}
    for l, (below, units) in enumerate(itertools.pairwise(sizes), start=1):
        spread = math.sqrt((2 if hidden == "relu" else 1) / below)
        parameters[f"W{l}"] = rng.normal(0, spread, (units, below))
        parameters[f"b{l}"] = np.zeros((units, 1))
    return parameters


class Training(NamedTuple):
    """What `train` returns: the trained parameters, and the history by epoch.

    `history["cost"][0]` is the cost before training, `[k]` that after epoch k;
    `history["validation_cost"]` likewise where validation data was given.

    Book: chapter 12.
    """

    parameters: dict[str, Array]
    history: dict[str, list[float]]


def train(
    parameters: Parameters,
    X: Any,
    Y: Any,
    *,
    hidden: str = "relu",
    output: str = "softmax",
    loss: str = "cross_entropy",
    learning_rate: float = 0.1,
    batch_size: int | None = None,
    epochs: int = 100,
    until_loss: float | None = None,
    validation: tuple[Any, Any] | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Training:
    """Gradient descent, till `epochs` are done or the cost is under `until_loss`.

    X and Y are (units, examples), as for `forward`. One step is W ← W − η·dW.
    Each epoch deals the examples into minibatches of `batch_size` in a new
    random order (the last one may be smaller; None takes all at once) and makes
    one `update` a minibatch. `parameters` stay as they were. `progress` shows a
    bar.

    Raises ValueError and TypeError as `forward` and `backpropagation`, and for
    a batch_size or epochs < 1.

    Book: chapter 12.
    """
    names = {"hidden": hidden, "output": output}
    X, Y = checks.batch(X, "X"), checks.batch(Y, "Y")
    examples = X.shape[1]
    if Y.shape[1] != examples:
        raise ValueError(f"Y: expected {examples} examples (columns), as X has, got shape {Y.shape}")
    batch_size = examples if batch_size is None else checks.whole(batch_size, "batch_size")
    epochs = checks.whole(epochs, "epochs")
    until_loss = -math.inf if until_loss is None else checks.number(until_loss, "until_loss")
    current = {name: array.copy() for name, array in checked_parameters(parameters).items()}
    sets = {"cost": (X, Y)}
    if validation is not None:
        sets["validation_cost"] = _validation(validation, X, Y)
    history = {key: [cost(forward(x, current, **names), y, loss)] for key, (x, y) in sets.items()}
    rng = np.random.default_rng(seed)
    with tqdm(total=epochs, disable=not progress, unit="epoch") as bar:
        for _ in range(epochs):
            if history["cost"][-1] < until_loss:
                break
            order = rng.permutation(examples)
            for start in range(0, examples, batch_size):
                batch = order[start : start + batch_size]
                cache = forward(X[:, batch], current, **names)
                grads = backpropagation(cache, Y[:, batch], current, **names, loss=loss)
                current = update(current, grads, learning_rate)
            for key, (x, y) in sets.items():
                history[key].append(cost(forward(x, current, **names), y, loss))
            bar.update()
            bar.set_postfix(cost=f"{history['cost'][-1]:.4f}")
    return Training(current, history)


def _validation(pair: Any, X: Array, Y: Array) -> tuple[Array, Array]:
    """Held-out X and Y, with the units of the training data."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(f"validation: expected a pair (X, Y), got {type(pair).__name__}")
    held_X, held_Y = (checks.batch(part, "validation") for part in pair)
    if (len(held_X), len(held_Y)) != (len(X), len(Y)) or held_X.shape[1] != held_Y.shape[1]:
        raise ValueError(
            f"validation: expected ({len(X)}, m) and ({len(Y)}, m) as X and Y have units, got {held_X.shape} and {held_Y.shape}"
        )
    return held_X, held_Y


def one_hot(labels: Any, classes: int) -> Array:
    """Labels 0 … classes−1 as columns of 0 and one 1: (classes, examples).

    Raises ValueError for a label out of range or no labels, TypeError for
    labels that are not whole numbers.

    Book: chapter 12.
    """
    classes = checks.whole(classes, "classes")
    labels = checks.labels(labels, "labels", classes)
    return np.eye(classes)[:, labels]


def predict(X: Any, parameters: Parameters, hidden: str = "relu") -> Array:
    """The label ŷ = argmaxⱼ zⱼ of each example: (examples,) for X (units, examples).

    Raises as `forward`. Book: chapter 12.
    """
    return forward(X, parameters, hidden, "identity")[f"A{len(parameters) // 2}"].argmax(axis=0)


def as_graph(
    parameters: Parameters,
    x: Any,
    y: Any,
    hidden: str = "relu",
    output: str = "softmax",
    loss: str = "cross_entropy",
) -> dict[str, Value]:
    """z = Σ w·a + b and a = f(z), written out as scalar values by name, for one example.

    x and y are one example each, (units,). The names are those of the book:
    `x_1`; `w_212` and `b_21` (layer, to, from); `z_21` and `a_21` (layer,
    unit), where the last layer's a is the prediction; `y_1`; `loss`. Commas
    part the indices where there are more than 9 units or layers: `w_1,10,2`. The softmax
    is written out in exponentials, so logits must stay below 700.

    Raises ValueError and TypeError as `backpropagation`.

    Book: chapters 06 to 08.
    """
    parameters = checked_parameters(parameters)
    X, depth = checks.column(x, "x"), len(parameters) // 2
    _expect_units(X, "x", parameters)
    cache = forward(X, parameters, hidden, output)
    targets = _labels(checks.column(y, "y"), cache[f"A{depth}"], loss, output, "y")[:, 0]
    nodes: dict[str, Value] = {}

    def put(letter: str, indices: tuple[int, ...], value: Value | float) -> Value:
        name = node_name(parameters, letter, *indices)
        nodes[name] = value if isinstance(value, Value) else Value(value)
        return nodes[name].named(name)

    below = [put("x", (k,), float(v)) for k, v in enumerate(cache["A0"][:, 0], start=1)]
    for l in range(1, depth + 1):
        W, b = parameters[f"W{l}"], parameters[f"b{l}"]
        Z = []
        for j in range(1, len(W) + 1):
            products = [put("w", (l, j, k), float(W[j - 1, k - 1])) * a for k, a in enumerate(below, start=1)]
            Z.append(put("z", (l, j), sum(products[1:], products[0]) + put("b", (l, j), float(b[j - 1, 0]))))
        A = _SCALAR_OUTPUTS[output](Z) if l == depth else [_SCALAR_ACTIVATIONS[hidden](z) for z in Z]
        below = [put("a", (l, j), a) for j, a in enumerate(A, start=1)]
    pairs = [(put("y", (j,), float(t)), a) for j, (t, a) in enumerate(zip(targets, below), start=1)]
    terms = [_SCALAR_LOSSES[loss](t, a) for t, a in pairs]
    nodes["loss"] = sum(terms[1:], terms[0]).named("loss")
    return nodes


def node_name(parameters: Parameters, letter: str, *indices: int) -> str:
    """The name that `as_graph` gives to a number: `w_212` = w²₁₂, or `w_2,1,12`.

    Commas stand where a layer or a shape of a parameter is above 9.

    Book: chapter 06.
    """
    largest = max(len(parameters) // 2, *(max(np.shape(W)) for W in parameters.values()))
    return f"{letter}_{(',' if largest > 9 else '').join(map(str, indices))}"


def _scalar_softmax(Z: list[Value]) -> list[Value]:
    powers = [graph.exp(z) for z in Z]
    total = sum(powers[1:], powers[0])
    return [p / total for p in powers]


_SCALAR_ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "sigmoid": graph.sigmoid,
    "tanh": graph.tanh,
    "relu": graph.relu,
    "identity": lambda z: z.apply_gate(GATES["identity"], z),
}
_SCALAR_OUTPUTS: dict[str, Callable[[list[Value]], list[Value]]] = {
    "identity": lambda Z: [_SCALAR_ACTIVATIONS["identity"](z) for z in Z],
    "sigmoid": lambda Z: [graph.sigmoid(z) for z in Z],
    "softmax": _scalar_softmax,
}
_SCALAR_LOSSES: dict[str, Callable[[Value, Value], Value]] = {
    "squared_error": lambda y, a: (y - a) ** 2,
    "half_squared_error": lambda y, a: 0.5 * (y - a) ** 2,
    "binary_cross_entropy": lambda y, a: -(y * graph.log(a) + (1 - y) * graph.log(1 - a)),
    "cross_entropy": lambda y, a: -(y * graph.log(a)),
}


def _sums(W: Array, A: Array, b: Array, l: int) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        Z = W @ A + b
    if not np.isfinite(Z).all():
        raise ValueError(f"Z{l}: expected sums that {Z.dtype} can hold, got an overflow: are X or the weights too large?")
    return Z


def checked_parameters(parameters: Parameters) -> dict[str, Array]:
    """W1, b1, W2, … as arrays that Z = W A_below + b can read, in order.

    Shapes: W (units, units below), b (units, 1).

    Raises ValueError where a name is missing or shapes do not fit, TypeError
    where they are not a dict of arrays.

    Book: chapter 11.
    """
    _expect_mapping(parameters, "parameters")
    depth = max(len(parameters) // 2, 1)
    names = [f"{letter}{l}" for l in range(1, depth + 1) for letter in "Wb"]
    if set(parameters) != set(names):
        raise ValueError(f"parameters: expected the names {', '.join(names)}, got {_names(parameters)}")
    checked = {name: checks.array(parameters[name], name) for name in names}
    for l in range(1, depth + 1):
        W, b = checked[f"W{l}"], checked[f"b{l}"]
        if W.ndim != 2 or W.size == 0:
            raise ValueError(f"W{l}: expected 2 dimensions (units, units below), got shape {W.shape}")
        if b.shape != (len(W), 1):
            raise ValueError(f"b{l}: expected shape ({len(W)}, 1), a row for each row of W{l}, got {b.shape}")
        if l > 1 and W.shape[1] != len(checked[f"W{l - 1}"]):
            raise ValueError(f"W{l}: expected {len(checked[f'W{l - 1}'])} columns, as W{l - 1} has rows, got shape {W.shape}")
    return checked


def _expect_units(X: Array, argument: str, parameters: Parameters) -> None:
    units = parameters["W1"].shape[1]
    if len(X) != units:
        raise ValueError(f"{argument}: expected {units} units (rows), as W1 has columns, got shape {X.shape}")


def _expect_mapping(x: Any, argument: str) -> None:
    if not isinstance(x, Mapping):
        raise TypeError(f"{argument}: expected a dict of arrays, got {type(x).__name__}")


def _names(x: Mapping[Any, Any]) -> str:
    return ", ".join(map(str, x)) or "none"


def _checked_cache(cache: Any, parameters: Parameters, hidden: str, output: str) -> dict[str, Array]:
    """The cache's arrays, if they are this network's Z and A, made by these functions."""
    _expect_mapping(cache, "cache")
    made_by = getattr(cache, "hidden", hidden), getattr(cache, "output", output)
    if made_by != (hidden, output):
        raise ValueError(f"hidden, output: expected {made_by}, by which the cache was made, got {(hidden, output)}")
    rows = {"A0": parameters["W1"].shape[1]}
    for l in range(1, len(parameters) // 2 + 1):
        rows[f"Z{l}"] = rows[f"A{l}"] = len(parameters[f"W{l}"])
    if set(cache) != set(rows):
        raise ValueError(f"cache: expected the keys {', '.join(rows)}, got {_names(cache)}")
    checked = {key: checks.batch(cache[key], f"cache[{key!r}]") for key in rows}
    examples = checked["A0"].shape[1]
    for key, units in rows.items():
        if checked[key].shape != (units, examples):
            raise ValueError(f"cache[{key!r}]: expected shape {(units, examples)}, got {checked[key].shape}")
    return checked


def _labels(Y: Any, A: Array, loss: str, output: str | None, argument: str = "Y") -> Array:
    """Y as an array of A's shape and dtype that the loss can read."""
    checks.choice(loss, "loss", LOSSES)
    Y = checks.batch(Y, argument)
    checks.same_shape(Y, argument, A, "the output")
    if LOSSES[loss].probabilities:
        if output == "identity":
            raise ValueError(f"loss: expected squared_error or half_squared_error with output 'identity', got {loss!r}")
        if (Y < 0).any() or (Y > 1).any():
            raise ValueError(f"{argument}: expected labels from 0 to 1 for {loss}, got {Y[(Y < 0) | (Y > 1)][0]:g}")
    if loss == "cross_entropy" and not np.allclose(Y.sum(axis=0), 1):
        sums = Y.sum(axis=0)
        raise ValueError(
            f"{argument}: expected columns that sum to 1 for cross_entropy, got a sum of {sums[np.argmax(np.abs(sums - 1))]:g}"
        )
    return Y.astype(A.dtype, copy=False)
