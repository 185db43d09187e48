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
from numpy import add, ceil, divide, exp, log, maximum, minimum, multiply, subtract
from tqdm import tqdm

from bpcourse import checks, graph
from bpcourse.checks import Array
from bpcourse.gates import GATES
from bpcourse.graph import Value
from bpcourse.layers import ACTIVATIONS, LOSSES, MATCHED, OUTPUTS, activation_vjp, losses, output_delta

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
    _expect_output(output, parameters)
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
    if output is None and LOSSES[loss].probabilities and ((A < 0).any() or (A > 1).any()):
        raise ValueError(f"cache['A{last}']: expected probabilities for {loss}, got {A[(A < 0) | (A > 1)][0]:g}")
    return checks.number(losses(Y, Z, loss, output, A).sum() / A.shape[1], "cost")


def update(parameters: Parameters, grads: Mapping[str, Array], learning_rate: float) -> dict[str, Array]:
    """One step downhill: W − η·dW and b − η·db, as new parameters.

    Raises ValueError where a gradient is missing, has another shape than its
    parameter or is not finite, or learning_rate is not a finite number ≥ 0.

    Book: chapters 07 and 12.
    """
    parameters = checked_parameters(parameters)
    _expect_mapping(grads, "grads")
    rate = _rate(learning_rate)
    stepped = {}
    for name, parameter in parameters.items():
        grad = checks.array(grads.get(f"d{name}"), f"grads['d{name}']")
        checks.same_shape(grad, f"grads['d{name}']", parameter, name)
        stepped[name] = parameter - rate * grad
    return stepped


def _rate(learning_rate: Any) -> float:
    rate = checks.number(learning_rate, "learning_rate")
    if rate < 0:
        raise ValueError(f"learning_rate: expected a number ≥ 0, got {learning_rate!r}")
    return rate


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


class Workspace:
    """The equations of `forward`, `backpropagation` and `update`, in place.

        Z = W A_below + b,    A = f(Z),    dZ = dA ∘ f′(Z),
        dW = dZ A_belowᵀ / m,    db = Σ dZ / m,    W ← W − η dW,    b ← b − η db.

    All arrays are made once, for batches of up to `batch_size` examples; every
    pass writes over the last one's. X and Y are (units, examples), arrays of the
    dtype of the parameters, which stays: float32 or float64. `step` changes the
    arrays in `parameters` themselves. Where the text says 1/m, a factor η/m of the
    last dZ does the work of both, for all layers at once.

    Raises ValueError and TypeError as `forward` and `backpropagation`, also for
    parameters that are no arrays of one dtype or can not be written. Every step asks
    for shapes, dtypes and a finite cost. What stands in X and Y is asked once, when
    an array comes first; the same array again is taken as known. Whatever is
    refused, parameters stay. Gradients that overflow though the cost did not are
    seen at the next step.

    Book: chapter 13, "The same equations, in place".
    """

    def __init__(
        self,
        parameters: Parameters,
        batch_size: int,
        hidden: str = "relu",
        output: str = "softmax",
        loss: str = "cross_entropy",
    ) -> None:
        checks.choice(hidden, "hidden", ACTIVATIONS)
        checks.choice(output, "output", OUTPUTS)
        _expect_loss(loss, output)
        self.parameters = parameters
        self.batch_size = checks.whole(batch_size, "batch_size")
        self.hidden, self.output, self.loss = hidden, output, loss
        self._arrays = _changeable(parameters)
        _expect_output(output, parameters)
        self.sizes = [parameters["W1"].shape[1], *(len(W) for W in self._arrays[::2])]
        self.dtype: np.dtype = self._arrays[0].dtype
        self.by_rows = self.dtype == np.float32 and max(self.sizes) >= 512  # OpenBLAS's products were faster so
        self._seen = list(parameters.items())
        self._grads = {f"d{name}": np.empty(array.shape, self.dtype) for name, array in checked_parameters(parameters).items()}
        self._memory: dict[tuple[str, int], Array] = {}
        self._batches: dict[tuple[int, ...], _Batch] = {}
        self._forward: tuple[_Batch, Array] | None = None

    def forward(self, X: Array) -> Array:
        """The prediction ŷ, the last A, (units, examples).

        It is the workspace's own array: the next pass writes over it.
        """
        batch = self._batch(X)
        self._forward = None
        self._run(batch, X)
        if not _finite(batch.layers[-1].Z_flat):
            self._refuse(X)
        self._forward = batch, X
        return batch.layers[-1].A

    def backpropagation(self, Y: Array) -> dict[str, Array]:
        """The gradients `"dW1"`, `"db1"`, … at the last `forward`.

        They are the workspace's own arrays: the next pass writes over them.
        """
        if self._forward is None:
            raise ValueError("backpropagation: expected a forward before it, got none since the last step")
        batch, X = self._forward
        self._expect_labels(batch, Y)
        self._delta(batch, Y, 1 / batch.examples)
        if not _finite(batch.layers[-1].dZ_flat):
            self._refuse(X, Y)
        self._back(batch, X, downhill=False)
        return self._grads

    def step(self, X: Array, Y: Array, learning_rate: float) -> float:
        """One `update` of the parameters in place; the cost before it."""
        batch = self._batch(X)
        self._expect_labels(batch, Y)
        if learning_rate.__class__ is not float or learning_rate != batch.learning_rate:
            batch.learning_rate = _rate(learning_rate)
        self._forward = None
        self._run(batch, X)
        cost = self._total(batch, Y) / batch.examples
        if not math.isfinite(cost):
            self._refuse(X, Y)
        self._delta(batch, Y, batch.learning_rate / batch.examples)
        self._back(batch, X, downhill=True)
        return cost

    # ---------------------------------------------------------------- the arrays

    def _array(self, kind: str, key: int, units: int, examples: int) -> tuple[Array, Array]:
        """(units, examples) of a memory that batches of all widths share, and the same as a row of numbers."""
        if (kind, key) not in self._memory:
            most = units if kind in ("Z", "A") else max(*self.sizes[1:], units)
            self._memory[kind, key] = np.zeros(most * self.batch_size, self.dtype)
        flat = self._memory[kind, key][: units * examples]
        return flat.reshape(units, examples, order="C" if self.by_rows else "F"), flat

    # ------------------------------------------------------------- the equations

    def _run(self, batch: _Batch, X: Array) -> None:
        """Z = W A_below + b and A = f(Z), layer by layer."""
        if batch.by_rows:
            batch.W.dot(X, batch.Z)
        else:
            X.T.dot(batch.W, batch.Z)
        if X is not batch.known_X:
            if not all(_finite(part) for part in (batch.row, *np.array_split(X, 1 + X.size // 2**16))):
                self._refuse(X)
            batch.known_X = X
        for layer, above in batch.upwards:
            add(layer.Z, layer.b, layer.Z)
            if above is None:
                break
            if self.hidden == "relu":
                maximum(layer.Z, layer.zeros, out=layer.A)
            else:
                for Z, A in layer.pieces:
                    A[...] = ACTIVATIONS[self.hidden](Z)
            dot, right, out = above.sums
            dot(right, out)
        self._predict(batch)

    def _predict(self, batch: _Batch) -> None:
        """The output layer; a softmax without the shift where no logit is so large that it needs one."""
        last = batch.layers[-1]
        batch.tame = self.output == "softmax" and bool(last.Z_flat.dot(last.Z_flat) < batch.largest**2)
        if batch.tame:
            exp(last.Z, last.A)
            dot, right, out = batch.sums
            dot(right, out)
            divide(last.A, batch.totals, last.A)
        else:
            for columns in batch.columns:
                last.A[:, columns] = OUTPUTS[self.output](last.Z[:, columns])

    def _total(self, batch: _Batch, Y: Array) -> float:
        """The losses of all examples, summed: Σ (ln Σ e^z − y·z) for the softmax with cross_entropy."""
        last = batch.layers[-1]
        if batch.tame and self.loss == "cross_entropy":
            log(batch.total, batch.logs)
            multiply(Y, last.Z, batch.products)
            return float(batch.terms.dot(batch.signs))
        with np.errstate(over="ignore", invalid="ignore"):
            return sum(
                float(losses(Y[:, columns], last.Z[:, columns], self.loss, self.output, last.A[:, columns]).sum())
                for columns in batch.columns
            )

    def _delta(self, batch: _Batch, Y: Array, factor: float) -> None:
        """dZ of the output layer, times the factor."""
        last = batch.layers[-1]
        if MATCHED[self.output] == self.loss:
            subtract(last.A, Y, last.dZ)
        else:
            for columns in batch.columns:
                Z, A = last.Z[:, columns], last.A[:, columns]
                last.dZ[:, columns] = output_delta(Z, A, Y[:, columns], self.output, self.loss)
        if batch.scale_factor != factor:
            batch.scale.fill(factor)
            batch.scale_factor = factor
        multiply(last.dZ, batch.scale, last.dZ)

    def _back(self, batch: _Batch, X: Array, downhill: bool) -> None:
        """dW and db of every layer from the last to the first; downhill, W − dW and b − db at once."""
        for layer, below in batch.downwards:
            if below is not None:
                dot, right, out = layer.back
                dot(right, out)
            layer.dZ_dot(X.T if below is None else below.A_T, layer.dW)
            layer.dZ_dot(batch.column, layer.db)
            if downhill:
                subtract(layer.W, layer.dW, layer.W)
                subtract(layer.b, layer.db, layer.b)
            if below is None:
                return
            if self.hidden == "relu":
                minimum(below.A, below.units, out=below.slope)
                ceil(below.slope, below.slope)
                multiply(below.dZ, below.slope, below.dZ)
            else:
                for dA, (Z, A) in zip(below.dZ_pieces, below.pieces):
                    dA[...] = activation_vjp(self.hidden, dA, Z, A)

    # -------------------------------------------------------------- what is asked

    def _batch(self, X: Array) -> _Batch:
        """The arrays for batches as wide as X, made when such a batch comes first."""
        if len(self.parameters) != len(self._seen):
            self._replace_parameters()
        for name, array in self._seen:
            if self.parameters.get(name) is not array:
                self._replace_parameters()
                break
        self._expect_array(X, "X")
        return self._batches.get(X.shape) or self._new_batch(X)

    def _expect_array(self, array: Any, argument: str) -> None:
        if array.__class__ is not np.ndarray or array.dtype != self.dtype:
            came = array.dtype if array.__class__ is np.ndarray else type(array).__name__
            raise TypeError(f"{argument}: expected an array of {self.dtype} as the parameters are, got {came}")

    def _expect_labels(self, batch: _Batch, Y: Array) -> None:
        if Y is batch.known_Y:
            return
        self._expect_array(Y, "Y")
        if Y.shape != batch.shape:
            raise ValueError(f"Y: expected shape {batch.shape}, (units, examples) as X has examples, got {Y.shape}")
        _labels(Y, batch.layers[-1].A, self.loss, self.output)
        batch.known_Y = Y

    def _new_batch(self, X: Any) -> _Batch:
        if X.ndim != 2:
            raise ValueError(f"X: expected 2 dimensions (units, examples), got shape {X.shape}")
        units, examples = X.shape
        if units != self.sizes[0]:
            raise ValueError(f"X: expected {self.sizes[0]} units (rows), as W1 has columns, got shape {X.shape}")
        if not 1 <= examples <= self.batch_size:
            raise ValueError(f"X: expected 1 to {self.batch_size} examples (columns), the batch_size, got shape {X.shape}")
        self._batches[X.shape] = batch = _Batch(self, examples)
        return batch

    def _replace_parameters(self) -> None:
        """Take other arrays of the same shapes and dtype that `parameters` holds by now."""
        arrays = _changeable(self.parameters)
        if len(arrays) != len(self._arrays):
            raise ValueError(f"parameters: expected the {len(self._arrays)} that the workspace was made for, got {len(arrays)}")
        for name, old, new in zip(checked_parameters(self.parameters), self._arrays, arrays, strict=True):
            checks.same_shape(new, name, old, "the parameter that the workspace was made for")
            if new.dtype != old.dtype:
                raise TypeError(f"{name}: expected {old.dtype} as the workspace was made for, got {new.dtype}")
        self._arrays, self._seen = arrays, list(self.parameters.items())
        self._batches.clear()
        self._forward = None

    def _refuse(self, X: Array, Y: Array | None = None) -> None:
        """ValueError for numbers that are not finite, or became so."""
        for name, array in {"X": X, "Y": Y, **self.parameters}.items():
            if array is not None:
                checks.array(array, name)
        raise ValueError(f"cost: expected sums that {self.dtype} can hold, got an overflow: are X, Y or the weights too large?")


class _Layer:
    """One layer's arrays for batches of one width; W, b, dW and db are the same for all widths."""

    def __init__(self, workspace: Workspace, l: int, examples: int) -> None:
        units, hidden = workspace.sizes[l], l < len(workspace.sizes) - 1
        self.W, self.b = (array[...] for array in workspace._arrays[2 * l - 2 : 2 * l])
        self.dW, self.db = workspace._grads[f"dW{l}"], workspace._grads[f"db{l}"]
        self.Z, self.Z_flat = workspace._array("Z", l, units, examples)
        in_place = hidden and workspace.hidden == "relu"
        self.A, self.A_flat = (self.Z, self.Z_flat) if in_place else workspace._array("A", l, units, examples)
        self.dZ, self.dZ_flat = workspace._array("dZ", l % 2, units, examples)
        self.A_T, self.dZ_dot = self.A.T, self.dZ.dot
        self.zeros = self.units = self.slope = self.Z
        if in_place:
            self.zeros, _ = workspace._array("zeros", 0, units, examples)
            self.units, ones = workspace._array("units", 0, units, examples)
            self.slope, _ = workspace._array("slope", 0, units, examples)
            ones.fill(1)
        parts = [slice(i, i + _PIECE) for i in range(0, units * examples, _PIECE)]
        self.pieces = [(self.Z_flat[part], self.A_flat[part]) for part in parts]
        self.dZ_pieces = [self.dZ_flat[part] for part in parts]
        self.sums: _Product
        self.back: _Product


class _Batch:
    """All that a pass over a batch of one width writes, and the views that it reads."""

    def __init__(self, workspace: Workspace, examples: int) -> None:
        sizes, dtype = workspace.sizes, workspace.dtype
        units = sizes[-1]
        self.examples, self.shape = examples, (units, examples)
        self.layers = [_Layer(workspace, l, examples) for l in range(1, len(sizes))]
        for below, layer in itertools.pairwise(self.layers):
            layer.sums = _product(layer.W, below.A, layer.Z)
            layer.back = _product(layer.W.T, layer.dZ, below.dZ)
        self.upwards = list(itertools.zip_longest(self.layers, self.layers[1:]))
        self.downwards = list(itertools.zip_longest(self.layers[::-1], self.layers[-2::-1]))
        last = self.layers[-1]
        first = self.layers[0]
        self.row = first.Z[0]
        self.by_rows = workspace.by_rows
        self.W, self.Z = (first.W, first.Z) if self.by_rows else (first.W.T, first.Z.T)
        self.column = np.ones((examples, 1), dtype)
        self.scale = np.empty_like(last.dZ)
        self.scale_factor = self.learning_rate = math.nan
        width = max(1, _PIECE // (units**2 if (workspace.output, workspace.loss) == _COINS else units))
        self.columns = [slice(i, i + width) for i in range(0, examples, width)]
        self.tame = False
        self.known_X: Any = ...
        self.known_Y: Any = ...
        self.largest = 0.8 * math.log(np.finfo(dtype).max)
        same = np.ones((units if units <= _FEW else 1, units), dtype)
        self.totals, _ = workspace._array("totals", 0, len(same), examples)
        self.sums = _product(same, last.A, self.totals)
        self.total = self.totals[0]
        self.terms, self.signs = np.ones((2, (1 + units) * examples), dtype)
        self.signs[examples:] = -1
        self.logs = self.terms[:examples]
        self.products = self.terms[examples:].reshape(self.shape, order="C" if workspace.by_rows else "F")


_Product = tuple[Callable[[Array, Array], Any], Array, Array]
_COINS = ("softmax", "binary_cross_entropy")
_PIECE = 2048
"""Numbers in a piece where a formula makes arrays of its own: 16 KiB each in float64."""
_FEW = 16
"""Up to so many units the sum over a column is made once for every unit, so that no array is spread over another."""


def _product(left: Array, right: Array, out: Array) -> _Product:
    """(dot, b, c) so that dot(b, c) writes left·right into out, whichever way out lies in memory."""
    return (left.dot, right, out) if out.flags.c_contiguous else (right.T.dot, left.T, out.T)


def _changeable(parameters: Parameters) -> list[Array]:
    """W1, b1, W2, … as they are, if they can be written in place and are of one dtype."""
    checked = checked_parameters(parameters)
    for name, array in checked.items():
        if array is not parameters[name] or array.dtype not in (np.float32, np.float64):
            came = parameters[name].dtype if isinstance(parameters[name], np.ndarray) else type(parameters[name]).__name__
            raise TypeError(f"{name}: expected an array of float32 or float64 that can be changed, got {came}")
        if array.dtype != checked["W1"].dtype:
            raise TypeError(f"{name}: expected the dtype of W1, {checked['W1'].dtype}, got {array.dtype}")
        if not array.flags.writeable:
            raise ValueError(f"{name}: expected an array that can be changed, got a read-only one")
    for (name, array), (other, shared) in itertools.combinations(checked.items(), 2):
        if np.shares_memory(array, shared):
            raise ValueError(f"{other}: expected numbers of its own, got memory that is shared with {name}")
    return list(checked.values())


def _finite(x: Array) -> bool:
    """Whether all numbers are finite."""
    return bool(np.isfinite(x).all())


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
    one `Workspace.step` a minibatch. `parameters` stay as they were, and their
    dtype stays too. `progress` shows a bar.

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
    current = _of_one_dtype(checked_parameters(parameters))
    dtype = current["W1"].dtype
    sets = {"cost": (X, Y)}
    if validation is not None:
        sets["validation_cost"] = _validation(validation, X, Y)
    history = {key: [cost(forward(x, current, **names), y, loss)] for key, (x, y) in sets.items()}
    learning_rate = _rate(learning_rate)
    workspace = Workspace(current, min(batch_size, examples), hidden, output, loss)
    rows = [np.ascontiguousarray(part.T, dtype) for part in (X, Y)]
    dealt = [np.empty((workspace.batch_size, part.shape[1]), dtype) for part in rows]
    batches = {m: [to[:m].T for to in dealt] for m in {workspace.batch_size, examples % workspace.batch_size} - {0}}
    rng = np.random.default_rng(seed)
    with tqdm(total=epochs, disable=not progress, unit="epoch") as bar:
        for _ in range(epochs):
            if history["cost"][-1] < until_loss:
                break
            order = rng.permutation(examples)
            for start in range(0, examples, batch_size):
                batch = order[start : start + batch_size]
                for part, to in zip(rows, dealt):
                    part.take(batch, axis=0, out=to[: len(batch)], mode="clip")
                x, y = batches[len(batch)]
                workspace.step(x, y, learning_rate)
            for key, (x, y) in sets.items():
                history[key].append(cost(forward(x, current, **names), y, loss))
            bar.update()
            bar.set_postfix(cost=f"{history['cost'][-1]:.4f}")
    return Training(current, history)


def _of_one_dtype(parameters: Parameters) -> dict[str, Array]:
    """Copies to be changed, all of the widest dtype among them, float32 at least."""
    dtype = np.result_type(np.float32, *parameters.values())
    return {name: array.astype(dtype) for name, array in parameters.items()}


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


def _expect_output(output: str, parameters: Parameters) -> None:
    depth = len(parameters) // 2
    if output == "softmax" and len(parameters[f"W{depth}"]) < 2:
        raise ValueError(
            f"output: expected 'sigmoid' or 'identity' for one output unit, got 'softmax' (always 1) with W{depth} of 1 row"
        )


def _expect_loss(loss: str, output: str | None) -> None:
    checks.choice(loss, "loss", LOSSES)
    if LOSSES[loss].probabilities and output == "identity":
        raise ValueError(f"loss: expected squared_error or half_squared_error with output 'identity', got {loss!r}")


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
    _expect_loss(loss, output)
    Y = checks.batch(Y, argument)
    checks.same_shape(Y, argument, A, "the output")
    if LOSSES[loss].probabilities and ((Y < 0).any() or (Y > 1).any()):
        raise ValueError(f"{argument}: expected labels from 0 to 1 for {loss}, got {Y[(Y < 0) | (Y > 1)][0]:g}")
    if loss == "cross_entropy" and not np.allclose(Y.sum(axis=0), 1):
        sums = Y.sum(axis=0)
        raise ValueError(
            f"{argument}: expected columns that sum to 1 for cross_entropy, got a sum of {sums[np.argmax(np.abs(sums - 1))]:g}"
        )
    return Y.astype(A.dtype, copy=False)
