"""The equations of this room once more, in place: for speed, not for reading first.

Book: "The same equations, in place".
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from math import isfinite
from operator import is_
from typing import Any

import numpy as np
from numpy import add, ceil, divide, exp, fmax, fmin, log, memmap, multiply, ndarray, sign, subtract, vdot

from bpcourse import checks, layers
from bpcourse.checks import Array
from bpcourse.doors import asked
from bpcourse.gates import GATES
from bpcourse.layers import MATCHED, OUTPUTS, activation, expect_loss
from bpcourse.network import questions
from bpcourse.network.questions import Parameters, checked_parameters


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
    refused, parameters stay. Gradients that overflow though the cost did not make
    parameters that are not finite: the next step refuses them. A copy, or what comes
    out of a pickle, has arrays of its own. One thread at a time may use a workspace.
    Small networks run best with one thread of BLAS, too (OPENBLAS_NUM_THREADS=1): the
    second is woken for products that are done before it has come.
    """

    def __init__(
        self,
        parameters: Parameters,
        batch_size: int,
        hidden: str = "relu",
        output: str = "softmax",
        loss: str = "cross_entropy",
    ) -> None:
        activation(hidden)
        checks.choice(output, "output", OUTPUTS)
        expect_loss(loss, output)
        self.parameters = parameters
        self.batch_size = checks.whole(batch_size, "batch_size")
        self.hidden, self.output, self.loss = hidden, output, loss
        self.gate = GATES[hidden]
        self._arrays = _changeable(parameters)
        questions.expect_output(output, parameters)
        self.sizes = [parameters["W1"].shape[1], *(len(W) for W in self._arrays[::2])]
        checks.expect_room("batch_size", self.batch_size, max(self.sizes))
        self.dtype: np.dtype = self._arrays[0].dtype
        self.by_rows = self.dtype == np.float32 and max(self.sizes) >= 512  # OpenBLAS's products were faster so
        self._seen = list(parameters.values())
        self._grads = {f"d{name}": np.empty(array.shape, self.dtype) for name, array in checked_parameters(parameters).items()}
        self._memory: dict[tuple[str, int], Array] = {}
        self._batches: dict[tuple[int, ...], _Batch] = {}
        self._forward: tuple[_Batch, Array] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Workspace, (self.parameters, self.batch_size, self.hidden, self.output, self.loss)

    def forward(self, X: Array) -> Array:
        """The prediction ŷ, the last A, (units, examples).

        It is the workspace's own array: the next pass writes over it.
        """
        batch, X = self._batch(X)
        self._forward = None
        self._run(batch, X)
        self._forward = batch, X
        return batch.layers[-1].A

    def backpropagation(self, Y: Array) -> dict[str, Array]:
        """The gradients `"dW1"`, `"db1"`, … at the last `forward`.

        They are the workspace's own arrays: the next pass writes over them.
        """
        if self._forward is None:
            raise ValueError("backpropagation: expected a forward before it, got none since the last step")
        batch, X = self._forward
        if Y is not batch.known_Y:
            Y = self._labels(batch, Y)
        self._delta(batch, Y, 1 / batch.examples)
        if not checks.finite(batch.layers[-1].dZ_flat):
            self._refuse(X, Y)
        self._back(batch, downhill=False)
        return self._grads

    def step(self, X: Array, Y: Array, learning_rate: float) -> float:
        """One `update` of the parameters in place; the cost before it."""
        batch, X = self._batch(X)
        if Y is not batch.known_Y:
            Y = self._labels(batch, Y)
        if learning_rate.__class__ is not float or learning_rate != batch.learning_rate:
            batch.learning_rate = questions.rate(learning_rate)
        self._forward = None
        self._run(batch, X)
        cost = self._total(batch, Y) / batch.examples
        if not math.isfinite(cost):
            self._refuse(X, Y)
        self._delta(batch, Y, batch.learning_rate / batch.examples)
        self._back(batch, downhill=True)
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
        if X is not batch.known_X:
            self._know(batch, X)
        dot, right, out = batch.first
        dot(right, out)
        for layer, above in batch.upwards:
            add(layer.Z, layer.b, layer.Z)
            if above is None:
                break
            if not isfinite(layer.Z_dot(layer.shares)):
                self._refuse(X)  # an activation may make an infinite sum finite again
            if self.hidden == "relu":
                fmax(layer.Z, layer.zeros, layer.A)
            else:
                for Z, A in layer.pieces:
                    A[...] = self.gate(Z)
            dot, right, out = above.sums
            dot(right, out)
        self._predict(batch, X)

    def _predict(self, batch: _Batch, X: Array) -> None:
        """The output layer; a softmax with the shift only where some logit is so large that it needs one."""
        last = batch.layers[-1]
        size = vdot(last.Z_flat, last.Z_flat)
        if not isfinite(size) and not checks.finite(last.Z_flat):
            self._refuse(X)  # a sigmoid makes an infinite sum finite again
        if self.output == "softmax":
            if size >= batch.shift_from:
                subtract(last.Z, last.Z.max(axis=0), last.Z)  # no probability changes, and no loss
            exp(last.Z, last.A)
            dot, right, out = batch.sums
            dot(right, out)
            divide(last.A, batch.totals, last.A)
        else:
            for columns in batch.columns:
                last.A[:, columns] = _trusting(OUTPUTS[self.output])(last.Z[:, columns])

    def _total(self, batch: _Batch, Y: Array) -> float:
        """The losses of all examples, summed: Σ (ln Σ e^z − y·z) for the softmax with cross_entropy."""
        last = batch.layers[-1]
        if self.output == "softmax" and self.loss == "cross_entropy":
            log(batch.total, batch.logs)
            multiply(Y, last.Z, batch.products)
            return float(batch.terms.dot(batch.signs))
        with np.errstate(over="ignore", invalid="ignore"):
            return sum(
                float(_losses(Y[:, columns], last.Z[:, columns], self.loss, self.output, last.A[:, columns]).sum())
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
                last.dZ[:, columns] = _output_delta(Z, A, Y[:, columns], self.output, self.loss)
        if batch.scale_factor != factor:
            batch.scale.fill(factor)
            batch.scale_factor = factor
        multiply(last.dZ, batch.scale, last.dZ)

    def _back(self, batch: _Batch, downhill: bool) -> None:
        """dW and db of every layer from the last to the first; downhill, W − dW and b − db at once."""
        for layer, below in batch.downwards:
            if below is not None:
                dot, right, out = layer.back
                dot(right, out)
            layer.dZ_dot(batch.X_T if below is None else below.A_T, layer.dW)
            layer.dZ_dot(batch.column, layer.db)
            if downhill:
                subtract(layer.W, layer.dW, layer.W)
                subtract(layer.b, layer.db, layer.b)
            if below is None:
                return
            if self.hidden == "relu":
                # 1 where a > 0, else 0, without an array of booleans: the sign of a, or the smaller of a and 1, rounded up.
                if below.few:
                    sign(below.A, below.slope)
                else:
                    fmin(below.A, below.units, below.slope)
                    ceil(below.slope, below.slope)
                multiply(below.dZ, below.slope, below.dZ)
            else:
                for dA, (Z, A) in zip(below.dZ_pieces, below.pieces):
                    multiply(dA, self.gate.slopes(A, Z), dA)

    # -------------------------------------------------------------- what is asked

    def _plain(self, array: Any, argument: str) -> Array:
        """The array, or an array mapped from a file as one; TypeError for anything else."""
        if array.__class__ is memmap:
            array = array.view(ndarray)
        if array.__class__ is not ndarray or array.dtype != self.dtype:
            came = array.dtype if array.__class__ is ndarray else type(array).__name__
            raise TypeError(f"{argument}: expected an array of {self.dtype} as the parameters are, got {came}")
        return array

    def _batch(self, X: Array) -> tuple[_Batch, Array]:
        """The arrays for batches as wide as X, made when such a batch comes first; and X, plain."""
        if len(self.parameters) != len(self._seen) or not all(map(is_, self.parameters.values(), self._seen)):
            self._replace_parameters()
        X = self._plain(X, "X")
        return self._batches.get(X.shape) or self._new_batch(X), X

    def _know(self, batch: _Batch, X: Array) -> None:
        """Ask what stands in X, once, and keep how it is multiplied."""
        if not checks.finite(X):
            self._refuse(X)
        self._expect_own(X, "X")
        batch.first = _product(batch.layers[0].W, X, batch.layers[0].Z)
        batch.known_X, batch.X_T = X, X.T

    def _labels(self, batch: _Batch, Y: Array) -> Array:
        """Y, if it fits the batch and the loss can read it."""
        Y = self._plain(Y, "Y")
        if Y.shape != batch.shape:
            raise ValueError(f"Y: expected shape {batch.shape}, (units, examples) as X has examples, got {Y.shape}")
        questions.labels(Y, batch.layers[-1].A, self.loss, self.output)
        self._expect_own(Y, "Y")
        batch.known_Y = Y
        return Y

    def _expect_own(self, array: Array, argument: str) -> None:
        """ValueError where the array lies in memory that a pass writes to."""
        own = (("the workspace", own) for own in self._memory.values())
        written = itertools.chain(self.parameters.items(), self._grads.items(), own)
        for name, other in written:
            if np.may_share_memory(array, other):
                raise ValueError(f"{argument}: expected numbers of its own, got memory that is shared with {name}")

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
        self._arrays, self._seen = arrays, list(self.parameters.values())
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
        self.A_T, self.Z_dot, self.dZ_dot = self.A.T, self.Z_flat.dot, self.dZ.dot
        self.zeros = self.units = self.slope = self.Z
        if in_place:
            self.zeros, _ = workspace._array("zeros", 0, units, examples)
            self.units, ones = workspace._array("units", 0, units, examples)
            self.slope, _ = workspace._array("slope", 0, units, examples)
            ones.fill(1)
        self.few = units * examples < _ONE_CALL
        # A mean is finite where all its numbers are: no square overflows on the way.
        _, self.shares = workspace._array("shares", 0, units, examples)
        self.shares.fill(1 / (workspace.batch_size * max(workspace.sizes)))
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
        self.column = np.ones((examples, 1), dtype)
        self.scale = np.empty_like(last.dZ)
        self.scale_factor = self.learning_rate = math.nan
        width = max(1, _PIECE // (units**2 if (workspace.output, workspace.loss) == _COINS else units))
        self.columns = [slice(i, i + width) for i in range(0, examples, width)]
        self.first: _Product
        self.X_T: Array
        self.known_X: Any = object()  # no array, and nothing that a caller has
        self.known_Y: Any = object()
        self.shift_from = (0.8 * math.log(np.finfo(dtype).max)) ** 2  # leaves room for the sum of many such exponentials
        same = np.ones((units if units <= _FEW else 1, units), dtype)
        self.totals, _ = workspace._array("totals", 0, len(same), examples)
        self.sums = _product(same, last.A, self.totals)
        self.total = self.totals[0]
        self.terms, self.signs = np.ones((2, (1 + units) * examples), dtype)
        self.signs[examples:] = -1
        self.logs = self.terms[:examples]
        self.products = self.terms[examples:].reshape(self.shape, order="C" if workspace.by_rows else "F")


_trusting = asked(lambda *arguments: arguments)  # the workspace has asked
_losses, _output_delta = _trusting(layers.losses), _trusting(layers.output_delta)

_Product = tuple[Callable[[Array, Array], Any], Array, Array]
_COINS = ("softmax", "binary_cross_entropy")
_PIECE = 2048
"""Numbers in a piece where a formula makes arrays of its own: 16 KiB each in float64."""
_ONE_CALL = 1024
"""Up to so many numbers numpy's `sign` is faster than the two calls that do its work."""
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
