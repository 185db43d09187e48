"""A fully connected network: forward, backpropagation, update, training.

Arrays are (units, examples): one column an example, as in source 001. A network
is a dict of parameters `"W1"`, `"b1"`, `"W2"`, …, where W of a layer is
(units, units below) and b is (units, 1). What one layer computes is

    Z = W A_below + b,    A = f(Z),

and what comes back through it is chapter 09's four equations.

Book: chapters 09 to 12.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from bpcourse import graph
from bpcourse.graph import Value
from bpcourse.layers import ACTIVATIONS, LOSSES, OUTPUTS, activation_vjp, inside, log_probabilities, output_delta

Array = np.ndarray
Parameters = Mapping[str, Array]


class Cache(dict[str, Array]):
    """What `forward` computed: `"A0"`, `"Z1"`, `"A1"`, …, and with which functions.

    Book: chapter 11.
    """

    def __init__(self, hidden: str, output: str) -> None:
        super().__init__()
        self.hidden = hidden
        self.output = output


def forward(
    X: Any, parameters: Parameters, hidden: str = "relu", output: str = "softmax"
) -> Cache:
    """Every layer's Z = W A_below + b and A = f(Z), kept for the way back.

    X is (units, examples). hidden: sigmoid, tanh, relu, identity; output:
    identity, sigmoid, softmax. The last A is the prediction ŷ.

    Raises ValueError where shapes do not fit, a number is not finite, the batch
    is empty or a name is unknown; TypeError where something is not an array.

    Book: chapter 11.
    """
    _expect_name(hidden, "hidden", ACTIVATIONS)
    _expect_name(output, "output", OUTPUTS)
    parameters = _checked_parameters(parameters)
    X = _batch(X, "X")
    depth = len(parameters) // 2
    if len(X) != parameters["W1"].shape[1]:
        raise ValueError(f"X: expected {parameters['W1'].shape[1]} units (rows), as W1 has columns, got shape {X.shape}")
    if output == "softmax" and len(parameters[f"W{depth}"]) < 2:
        raise ValueError(f"output: expected 'sigmoid' or 'identity' for one output unit, got 'softmax' (always 1) with W{depth} of 1 row")
    cache = Cache(hidden, output)
    cache["A0"] = A = X
    for l in range(1, depth + 1):
        cache[f"Z{l}"] = Z = parameters[f"W{l}"] @ A + parameters[f"b{l}"]
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
    _expect_name(hidden, "hidden", ACTIVATIONS)
    _expect_name(output, "output", OUTPUTS)
    parameters = _checked_parameters(parameters)
    depth = len(parameters) // 2
    _expect_cache(cache, parameters, hidden, output)
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
    """The mean over examples of the loss, which is summed over output units.

    squared_error: Σ(y−ŷ)²; half_squared_error: ½Σ(y−ŷ)²; binary_cross_entropy:
    −Σ[y ln ŷ + (1−y) ln(1−ŷ)]; cross_entropy: −Σ y ln ŷ. With a cache that
    `forward` made the logarithms come from the logits and stay finite.

    Raises ValueError and TypeError as `backpropagation`.

    Book: chapters 10 and 11.
    """
    last = max((int(key[1:]) for key in cache if key[:1] == "A"), default=0)
    if last == 0:
        raise ValueError(f"cache: expected the cache that forward returned, got keys {sorted(cache)}")
    A = cache[f"A{last}"]
    output = getattr(cache, "output", None)
    Y = _labels(Y, A, loss, output)
    log_A = log_not_A = A
    if LOSSES[loss].probabilities:
        if output is None:
            log_A, log_not_A = np.log(inside(A)), np.log1p(-inside(A))
        else:
            log_A, log_not_A = log_probabilities(cache[f"Z{last}"], output)
    return float(LOSSES[loss].terms(Y, A, log_A, log_not_A).sum() / A.shape[1])


def update(parameters: Parameters, grads: Mapping[str, Array], learning_rate: float) -> dict[str, Array]:
    """One step downhill: W − η·dW and b − η·db, as new parameters.

    Raises ValueError where a gradient is missing, has another shape than its
    parameter or is not finite, or learning_rate is not a finite number ≥ 0.

    Book: chapters 07 and 12.
    """
    parameters = _checked_parameters(parameters)
    if not (math.isfinite(learning_rate) and learning_rate >= 0):
        raise ValueError(f"learning_rate: expected a finite number ≥ 0, got {learning_rate!r}")
    stepped = {}
    for name, parameter in parameters.items():
        grad = _array(grads.get(f"d{name}"), f"grads['d{name}']")
        if grad.shape != parameter.shape:
            raise ValueError(f"grads['d{name}']: expected the shape of {name}, {parameter.shape}, got {grad.shape}")
        stepped[name] = parameter - learning_rate * grad
    return stepped


def initialise(sizes: Sequence[int], hidden: str = "relu", seed: int = 0) -> dict[str, Array]:
    """Random weights for layers of these sizes, inputs first; biases 0.

    Weights are normal with mean 0 and variance 2/n for relu, 1/n for the other
    activations, where n is the number of units below, so that the activations
    keep their size from layer to layer.

    Raises ValueError for fewer than two sizes, a size < 1 or an unknown name.

    Book: chapters 11 and 12.
    """
    _expect_name(hidden, "hidden", ACTIVATIONS)
    if len(sizes) < 2 or any(int(n) != n or n < 1 for n in sizes):
        raise ValueError(f"sizes: expected two or more whole numbers ≥ 1, inputs first, got {list(sizes)!r}")
    rng = np.random.default_rng(seed)
    parameters = {}
    for l, (below, units) in enumerate(zip(sizes, sizes[1:]), start=1):
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

    Each epoch deals the examples into minibatches of `batch_size` in a new
    random order (the last one may be smaller; None takes all at once) and makes
    one `update` a minibatch. `parameters` stay as they were. `progress` shows a
    bar.

    Raises ValueError and TypeError as `forward` and `backpropagation`, and for
    a batch_size or epochs < 1.

    Book: chapter 12.
    """
    names = {"hidden": hidden, "output": output}
    X, Y = _batch(X, "X"), _batch(Y, "Y")
    examples = X.shape[1]
    if Y.shape[1] != examples:
        raise ValueError(f"Y: expected {examples} examples (columns), as X has, got shape {Y.shape}")
    batch_size = examples if batch_size is None else batch_size
    for number, argument in (batch_size, "batch_size"), (epochs, "epochs"):
        if int(number) != number or number < 1:
            raise ValueError(f"{argument}: expected a whole number ≥ 1, got {number!r}")
    sets = {"cost": (X, Y)} | ({"validation_cost": validation} if validation is not None else {})
    current = _checked_parameters(parameters)
    history = {key: [cost(forward(x, current, **names), y, loss)] for key, (x, y) in sets.items()}
    rng = np.random.default_rng(seed)
    with tqdm(total=epochs, disable=not progress, unit="epoch") as bar:
        for _ in range(epochs):
            if until_loss is not None and history["cost"][-1] < until_loss:
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


def one_hot(labels: Any, classes: int) -> Array:
    """Labels 0 … classes−1 as columns of 0 and one 1: (classes, examples).

    Raises ValueError for a label out of range or no labels, TypeError for
    labels that are not whole numbers.

    Book: chapter 12.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.size == 0:
        raise ValueError(f"labels: expected a list of one or more labels, got shape {labels.shape}")
    if labels.dtype.kind not in "iu":
        raise TypeError(f"labels: expected whole numbers, got {labels.dtype}")
    outside = labels[(labels < 0) | (labels >= classes)]
    if outside.size:
        raise ValueError(f"labels: expected 0 to {classes - 1}, got {outside[0]}")
    return np.eye(classes)[:, labels]


def predict(X: Any, parameters: Parameters, hidden: str = "relu") -> Array:
    """The label with the largest output for each example: (examples,).

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
    """The network on one example, written out as scalar values by name.

    x and y are one example each, (units,). The names are those of the book:
    `x_1`; `w_212` and `b_21` (layer, to, from); `z_21` and `a_21` (layer,
    unit), where the last layer's a is the prediction; `y_1`; `loss`. Commas
    part the indices where a layer has more than 9 units: `w_1,10,2`.

    Raises ValueError and TypeError as `backpropagation`.

    Book: chapters 06 to 08.
    """
    parameters = _checked_parameters(parameters)
    cache = forward(_column(x, "x"), parameters, hidden, output)
    depth = len(parameters) // 2
    targets = _labels(_column(y, "y"), cache[f"A{depth}"], loss, output)[:, 0]
    nodes: dict[str, Value] = {}
    comma = "," if max(len(A) for A in cache.values()) > 9 else ""

    def put(letter: str, indices: tuple[int, ...], value: Value | float) -> Value:
        name = f"{letter}_{comma.join(str(i) for i in indices)}"
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


def _scalar_softmax(Z: list[Value]) -> list[Value]:
    powers = [graph.exp(z) for z in Z]
    total = sum(powers[1:], powers[0])
    return [p / total for p in powers]


_SCALAR_ACTIVATIONS = {
    "sigmoid": graph.sigmoid,
    "tanh": graph.tanh,
    "relu": graph.relu,
    "identity": lambda z: z.apply_gate(graph.GATES["identity"], z),
}
_SCALAR_OUTPUTS = {
    "identity": lambda Z: [_SCALAR_ACTIVATIONS["identity"](z) for z in Z],
    "sigmoid": lambda Z: [graph.sigmoid(z) for z in Z],
    "softmax": _scalar_softmax,
}
_SCALAR_LOSSES = {
    "squared_error": lambda y, a: (y - a) ** 2,
    "half_squared_error": lambda y, a: 0.5 * (y - a) ** 2,
    "binary_cross_entropy": lambda y, a: -(y * graph.log(a) + (1 - y) * graph.log(1 - a)),
    "cross_entropy": lambda y, a: -(y * graph.log(a)),
}


def _expect_name(name: Any, argument: str, table: Mapping[str, Any]) -> None:
    if name not in table:
        raise ValueError(f"{argument}: expected one of {', '.join(table)}, got {name!r}")


def _array(x: Any, argument: str) -> Array:
    """x as an array of finite floats; float32 stays float32."""
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(f"{argument}: expected rows of one length, got {x!r}") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{argument}: expected an array of numbers, got {type(x).__name__}")
    if array.dtype.kind != "f":
        array = array.astype(float)
    if not np.isfinite(array).all():
        raise ValueError(f"{argument}: expected finite numbers, got NaN or infinity")
    return array


def _batch(X: Any, argument: str) -> Array:
    X = _array(X, argument)
    if X.ndim != 2:
        raise ValueError(f"{argument}: expected 2 dimensions (units, examples), got shape {X.shape}")
    if X.size == 0:
        raise ValueError(f"{argument}: expected at least one unit and one example, got shape {X.shape}")
    return X


def _column(x: Any, argument: str) -> Array:
    x = _array(x, argument)
    if x.ndim != 1:
        raise ValueError(f"{argument}: expected one example, (units,), got shape {x.shape}")
    return x[:, None]


def _checked_parameters(parameters: Parameters) -> dict[str, Array]:
    """The parameters as arrays, W1, b1, W2, … in order, with shapes that fit."""
    if not isinstance(parameters, Mapping):
        raise TypeError(f"parameters: expected a dict of arrays, got {type(parameters).__name__}")
    depth = max(len(parameters) // 2, 1)
    names = [f"{letter}{l}" for l in range(1, depth + 1) for letter in "Wb"]
    if set(parameters) != set(names):
        raise ValueError(f"parameters: expected the names {', '.join(names)}, got {', '.join(map(str, parameters)) or 'none'}")
    checked = {name: _array(parameters[name], name) for name in names}
    for l in range(1, depth + 1):
        W, b = checked[f"W{l}"], checked[f"b{l}"]
        if W.ndim != 2 or W.size == 0:
            raise ValueError(f"W{l}: expected 2 dimensions (units, units below), got shape {W.shape}")
        if b.shape != (len(W), 1):
            raise ValueError(f"b{l}: expected shape ({len(W)}, 1), a row for each row of W{l}, got {b.shape}")
        if l > 1 and W.shape[1] != len(checked[f"W{l - 1}"]):
            raise ValueError(f"W{l}: expected {len(checked[f'W{l - 1}'])} columns, as W{l - 1} has rows, got shape {W.shape}")
    return checked


def _expect_cache(cache: Mapping[str, Array], parameters: Parameters, hidden: str, output: str) -> None:
    """ValueError unless the cache holds this network's Z and A, made by these functions."""
    made_by = getattr(cache, "hidden", hidden), getattr(cache, "output", output)
    if made_by != (hidden, output):
        raise ValueError(f"hidden, output: expected {made_by}, by which the cache was made, got {(hidden, output)}")
    rows = {"A0": parameters["W1"].shape[1]}
    for l in range(1, len(parameters) // 2 + 1):
        rows[f"Z{l}"] = rows[f"A{l}"] = len(parameters[f"W{l}"])
    if set(cache) != set(rows):
        raise ValueError(f"cache: expected the keys {', '.join(rows)}, got {', '.join(map(str, cache)) or 'none'}")
    examples = _batch(cache["A0"], "cache['A0']").shape[1]
    for key, units in rows.items():
        if np.shape(cache[key]) != (units, examples):
            raise ValueError(f"cache[{key!r}]: expected shape {(units, examples)}, got {np.shape(cache[key])}")


def _labels(Y: Any, A: Array, loss: str, output: str | None) -> Array:
    """Y as an array of A's shape and dtype that the loss can read."""
    _expect_name(loss, "loss", LOSSES)
    Y = _batch(Y, "Y")
    if Y.shape != A.shape:
        raise ValueError(f"Y: expected the shape of the output, {A.shape}, got {Y.shape}")
    if LOSSES[loss].probabilities:
        if output == "identity":
            raise ValueError(f"loss: expected squared_error or half_squared_error with output 'identity', got {loss!r}, which needs probabilities")
        if (Y < 0).any() or (Y > 1).any():
            raise ValueError(f"Y: expected labels from 0 to 1 for {loss}, got {Y[(Y < 0) | (Y > 1)][0]:g}")
    if loss == "cross_entropy" and not np.allclose(Y.sum(axis=0), 1):
        sums = Y.sum(axis=0)
        raise ValueError(f"Y: expected columns that sum to 1 for cross_entropy, got a sum of {sums[np.argmax(np.abs(sums - 1))]:g}")
    return Y.astype(A.dtype, copy=False)
