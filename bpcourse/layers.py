"""Activations, output layers and losses on batches, each with its way back.

Arrays are (units, examples): one column an example. The local gradients of the
activations are those of the gate table; what is added here is the batch, the
softmax, the losses, and care that nothing overflows at logits of ±1000.

Book: chapters 10 and 11.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.checks import Array
from bpcourse.gates import GATES


def sigmoid(Z: Array) -> Array:
    """σ(z) = 1/(1+e⁻ᶻ) entry by entry, in the shape of Z, stable for any z. Book: chapter 10."""
    e = np.exp(-np.abs(Z))
    return np.where(Z >= 0, 1 / (1 + e), e / (1 + e))


def relu(Z: Array) -> Array:
    """a = max(z, 0) entry by entry, in the shape of Z. Book: chapter 11."""
    return np.maximum(Z, 0)


def identity(Z: Array) -> Array:
    """A = Z, in its shape: the output layer of a regression. Book: chapter 10."""
    return Z


def softmax(Z: Array) -> Array:
    """e^z_j / Σ_k e^z_k down each column; every column sums to 1. Book: chapter 10."""
    e = np.exp(Z - Z.max(axis=0, keepdims=True))
    return e / e.sum(axis=0, keepdims=True)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": relu,
    "identity": identity,
}
"""The hidden layers' activations, entry by entry. Book: chapter 11."""

OUTPUTS: dict[str, Callable[[Array], Array]] = {
    "identity": identity,
    "sigmoid": sigmoid,
    "softmax": softmax,
}
"""The output layers. Book: chapter 10."""


def activation_vjp(name: str, dA: Array, Z: Array, A: Array) -> Array:
    """dZ = dA ∘ f′(Z): upstream times the local gradient of the gate table.

    Shapes: all (units, examples); ValueError where they differ or for an
    unknown name. Book: chapter 09.
    """
    checks.choice(name, "name", ACTIVATIONS)
    checks.same_shape(dA, "dA", A, "A")
    checks.same_shape(Z, "Z", A, "A")
    (local,) = GATES[name].local(A, Z)
    return dA * local


def softmax_vjp(dA: Array, A: Array) -> Array:
    """dz_j = Σ_k dA_k ∂a_k/∂z_j = a_j (dA_j − Σ_k dA_k a_k), column by column.

    Every logit moves every output, so the Jacobian ∂a_k/∂z_j = a_k([j=k] − a_j)
    is full. Shapes: all (units, examples); ValueError where they differ.

    Book: chapter 10.
    """
    checks.same_shape(dA, "dA", A, "A")
    return A * (dA - (dA * A).sum(axis=0, keepdims=True))


class Loss(NamedTuple):
    """A loss of one example, summed over its units, as a row of `LOSSES`.

    `terms(Y, *parts)` are the summands, (units, examples). `parts` names what
    they are made of besides Y: A itself, or its logarithms ln A and ln(1 − A).
    `dA(Y, A)` is ∂loss/∂A, of the same shape.

    Book: chapter 10.
    """

    terms: Callable[..., Array]
    dA: Callable[[Array, Array], Array]
    parts: tuple[str, ...]

    @property
    def probabilities(self) -> bool:
        """Whether the loss reads A as probabilities."""
        return self.parts != ("A",)


LOSSES: dict[str, Loss] = {
    "squared_error": Loss(
        lambda Y, A: (Y - A) ** 2,
        lambda Y, A: 2 * (A - Y),
        parts=("A",),
    ),
    "half_squared_error": Loss(
        lambda Y, A: (Y - A) ** 2 / 2,
        lambda Y, A: A - Y,
        parts=("A",),
    ),
    "binary_cross_entropy": Loss(
        lambda Y, log_A, log_not_A: -(Y * log_A + (1 - Y) * log_not_A),
        lambda Y, A: (A - Y) / (A * (1 - A)),
        parts=("log_A", "log_not_A"),
    ),
    "cross_entropy": Loss(
        lambda Y, log_A: -Y * log_A,
        lambda Y, A: -Y / A,
        parts=("log_A",),
    ),
}
"""The losses by name. Book: chapter 10."""

MATCHED: dict[str, str] = {
    "identity": "half_squared_error",
    "sigmoid": "binary_cross_entropy",
    "softmax": "cross_entropy",
}
"""Output layer to the loss that makes dZ = A − Y. Book: chapter 10."""


def output_delta(Z: Array, A: Array, Y: Array, output: str, loss: str) -> Array:
    """dZ = ∂loss/∂Z of the output layer, one column an example.

    A − Y for the three pairs of `MATCHED`, exact even where A is 0 or 1 to the
    last bit; for any other pair ∂loss/∂A through the output layer's Jacobian.

    Raises ValueError for unknown names and for shapes that differ.

    Book: chapter 10.
    """
    checks.choice(output, "output", OUTPUTS)
    checks.choice(loss, "loss", LOSSES)
    checks.same_shape(Y, "Y", A, "A")
    checks.same_shape(Z, "Z", A, "A")
    if MATCHED[output] == loss:
        return A - Y
    if (output, loss) == ("softmax", "binary_cross_entropy"):
        return _coins_of_a_softmax(Z, A, Y)
    if LOSSES[loss].probabilities:
        A = inside(A)
    dA = LOSSES[loss].dA(Y, A)
    return softmax_vjp(dA, A) if output == "softmax" else activation_vjp(output, dA, Z, A)


def _coins_of_a_softmax(Z: Array, A: Array, Y: Array) -> Array:
    """dZ of binary_cross_entropy on a softmax, right where a_k rounds to 1.

    dz_j = (a_j − y_j) − Σ_{k≠j} a_j (a_k − y_k)/(1 − a_k), with the quotient
    a_j/(1 − a_k), which is at most 1, taken from the logarithms.
    """
    quotient = np.exp(np.minimum(log_probabilities(Z, "softmax")[:, None] - log_complements(Z, "softmax")[None], 0))
    quotient[np.diag_indices(len(A))] = -1
    return -(quotient * (A - Y)[None]).sum(axis=1)


def losses(Y: Array, Z: Array, loss: str, output: str | None, A: Array | None = None) -> Array:
    """L = Σⱼ term(yⱼ, aⱼ) over the units of each example: (examples,).

    From the logits Z, through the output layer, whose A may be given. Where no one
    knows by which output layer A was made (None), logarithms are those of A
    itself, kept `inside` 0 and 1. Shapes: Y, Z and A (units, examples).

    Book: chapter 10.
    """
    if A is None and output is not None and "A" in LOSSES[loss].parts:
        A = OUTPUTS[output](Z)
    with np.errstate(over="ignore"):
        return LOSSES[loss].terms(Y, *[_part(name, Z, A, output) for name in LOSSES[loss].parts]).sum(axis=0)


def _part(name: str, Z: Array, A: Any, output: str | None) -> Array:
    """A, ln A or ln(1 − A)."""
    if name == "A":
        return A
    if output is None:
        return np.log(inside(A)) if name == "log_A" else np.log1p(-inside(A))
    return log_probabilities(Z, output) if name == "log_A" else log_complements(Z, output)


def log_probabilities(Z: Array, output: str) -> Array:
    """ln A from the logits, finite where A rounds to 0: ln σ(z), or zⱼ − ln Σ_k e^z_k.

    Shapes: both (units, examples). Book: chapter 10.
    """
    return -np.logaddexp(0, -Z) if output == "sigmoid" else Z - _log_sum_exp(Z)


def log_complements(Z: Array, output: str) -> Array:
    """ln(1 − A) from the logits, finite where A rounds to 1.

    ln σ(−z) of a sigmoid, ln Σ_{k≠j} e^z_k − ln Σ_k e^z_k of a softmax. Shapes:
    both (units, examples). Book: chapter 10.
    """
    if output == "sigmoid":
        return -np.logaddexp(0, Z)
    others = [_log_sum_exp(np.delete(Z, j, axis=0)) for j in range(len(Z))]
    return np.concatenate(others) - _log_sum_exp(Z)


def _log_sum_exp(Z: Array) -> Array:
    top = Z.max(axis=0, keepdims=True)
    return top + np.log(np.exp(Z - top).sum(axis=0, keepdims=True))


def inside(A: Array) -> Array:
    """min(max(a, u), 1 − u) in the shape of A, with u the unit roundoff of its dtype.

    Book: chapter 10.
    """
    margin = np.finfo(A.dtype).epsneg
    return np.clip(A, margin, 1 - margin)
