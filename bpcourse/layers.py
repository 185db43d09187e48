"""What arrays flow through, each with its way back: sums, activations, outputs, losses.

Arrays are (units, examples): one column an example. Beside a thing `f` stands
`f_vjp`, which takes the gradient of its output and gives those of its inputs. The
activations are gates of the gate table, on whole arrays; what is added here is the
batch, the softmax, the losses, and care that nothing overflows at logits of ±1000.

Book: chapter 10.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.checks import Array
from bpcourse.doors import asked
from bpcourse.gates import GATES, Gate

# ----------------------------------------------------------------- weighted sums


@asked(checks.fitting, "Z")
def affine(W: Array, A_below: Array, b: Array) -> Array:
    """Z = W A_below + b: the weighted sum of every unit, for every example.

    Shapes: W (units, units below), A_below (units below, examples), b (units, 1).
    Raises ValueError where they do not fit, TypeError where one is no array.

    Book: chapters 06 and 09.
    """
    return W @ A_below + b


@asked(checks.of_one_batch, "dW", "db")
def affine_vjp(dZ: Array, A_below: Array) -> tuple[Array, Array]:
    """(dW, db) = (dZ A_belowᵀ / m, Σ dZ / m): the means over the m examples.

    The third, dA_below = Wᵀ dZ, is the caller's: the first layer needs none. Shapes:
    dZ (units, examples), A_below (units below, examples), dW (units, units below),
    db (units, 1). Raises ValueError and TypeError as `affine`.

    Book: chapters 09 and 11.
    """
    return dZ @ A_below.T / dZ.shape[1], dZ.mean(axis=1, keepdims=True)


# ------------------------------------------------------- activations and outputs


def _columns(Z: Any) -> tuple[Array]:
    return (checks.array(Z, "Z"),)


@asked(_columns)
def sigmoid(Z: Array) -> Array:
    """σ(z) = 1/(1+e⁻ᶻ) entry by entry, in the shape of Z, stable for any z.

    Raises ValueError and TypeError as `affine`, as all functions here do.
    """
    return GATES["sigmoid"](Z)


@asked(_columns)
def tanh(Z: Array) -> Array:
    """Tanh z entry by entry, in the shape of Z. Errors as `sigmoid`. Book: chapter 11."""
    return GATES["tanh"](Z)


@asked(_columns)
def relu(Z: Array) -> Array:
    """a = max(z, 0) entry by entry, in the shape of Z. Errors as `sigmoid`. Book: chapter 11."""
    return GATES["relu"](Z)


@asked(_columns)
def identity(Z: Array) -> Array:
    """A = Z, in its shape: the output layer of a regression. Errors as `sigmoid`."""
    return Z


@asked(_columns, "A")
def softmax(Z: Array) -> Array:
    """e^z_j / Σ_k e^z_k down each column, which sums to 1. Errors as `sigmoid`."""
    e = np.exp(Z - Z.max(axis=0, keepdims=True))
    return e / e.sum(axis=0, keepdims=True)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": relu,
    "identity": identity,
}
"""The activations of the book's hidden layers, entry by entry; any gate with one input may join them."""

OUTPUTS: dict[str, Callable[[Array], Array]] = {
    "identity": identity,
    "sigmoid": sigmoid,
    "softmax": softmax,
}
"""The output layers."""


def activation(name: Any, argument: str = "hidden") -> Gate:
    """The gate of a layer's activation: `activation("tanh")(Z)` is tanh Z.

    Raises ValueError for any other name: an activation has one input and is defined
    everywhere.
    """
    gate = GATES.get(name) if isinstance(name, str) else None
    if gate is None or gate.arity != 1 or not gate.activation:
        names = [gate.name for gate in GATES.values() if gate.arity == 1 and gate.activation]
        raise ValueError(f"{argument}: expected one of {', '.join(names)}, got {checks.short(name)}")
    return gate


def _slopes(name: Any, dA: Any, Z: Any, A: Any) -> tuple[Any, ...]:
    return activation(name, "name").name, *checks.alike(dA=dA, Z=Z, A=A)


@asked(_slopes, "dZ")
def activation_vjp(name: str, dA: Array, Z: Array, A: Array) -> Array:
    """dZ = dA ∘ f′(Z): upstream times the local gradient of the gate table.

    Shapes: all (units, examples); ValueError where they differ or for an
    unknown name. Book: chapter 09.
    """
    return dA * GATES[name].slopes(A, Z)


@asked(lambda dA, A: checks.alike(dA=dA, A=A), "dZ")
def softmax_vjp(dA: Array, A: Array) -> Array:
    """dz_j = Σ_k dA_k ∂a_k/∂z_j = a_j (dA_j − Σ_k dA_k a_k), column by column.

    Every logit moves every output, so the Jacobian ∂a_k/∂z_j = a_k([j=k] − a_j)
    is full. Shapes: all (units, examples); ValueError where they differ.
    """
    return A * (dA - (dA * A).sum(axis=0, keepdims=True))


# ------------------------------------------------------------------------ losses


class Loss(NamedTuple):
    """A loss of one example, summed over its units, as a row of `LOSSES`.

    `terms(Y, *parts)` are the summands, (units, examples); of graph values, too.
    `parts` names what they are made of besides Y: A itself, or its logarithms ln A
    and ln(1 − A). `dA(Y, A)` is ∂loss/∂A, of the same shape. `label` is its name in
    words.
    """

    label: str
    parts: tuple[str, ...]
    terms: Callable[..., Any]
    dA: Callable[[Array, Array], Array]

    @property
    def probabilities(self) -> bool:
        """Whether the loss reads A as probabilities."""
        return self.parts != ("A",)

    def expect_labels(self, Y: Array, name: str, argument: str) -> None:
        """ValueError unless the loss can have these labels: 0 to 1, of one logarithm alone in columns that sum to 1."""
        if self.probabilities and ((Y < 0).any() or (Y > 1).any()):
            raise ValueError(f"{argument}: expected labels from 0 to 1 for {name}, got {Y[(Y < 0) | (Y > 1)][0]:g}")
        if self.parts == ("log_A",):
            off = Y.sum(axis=0) - 1
            if np.abs(off).max() > 1e-5:  # labels of float32 may have been rounded
                raise ValueError(f"{argument}: expected columns that sum to 1 for {name}, got a sum of {1 + max(off, key=abs):g}")

    def of_values(self, y: Any, a: Any) -> Any:
        """One summand as a graph, from the label and the output of one unit."""
        log = GATES["log"]
        made = {"A": lambda: a, "log_A": lambda: log(a), "log_not_A": lambda: log(1 - a)}
        return self.terms(y, *[made[part]() for part in self.parts])


LOSSES: dict[str, Loss] = {
    "squared_error": Loss(
        "squared error", ("A",),
        lambda Y, A: (Y - A) ** 2,
        lambda Y, A: 2 * (A - Y),
    ),
    "half_squared_error": Loss(
        "half the squared error", ("A",),
        lambda Y, A: 0.5 * (Y - A) ** 2,
        lambda Y, A: A - Y,
    ),
    "binary_cross_entropy": Loss(
        "binary cross-entropy", ("log_A", "log_not_A"),
        lambda Y, log_A, log_not_A: -(Y * log_A + (1 - Y) * log_not_A),
        lambda Y, A: (A - Y) / (A * (1 - A)),
    ),
    "cross_entropy": Loss(
        "cross-entropy", ("log_A",),
        lambda Y, log_A: -(Y * log_A),
        lambda Y, A: -Y / A,
    ),
}  # fmt: skip
"""The losses by name."""

MATCHED: dict[str, str] = {
    "identity": "half_squared_error",
    "sigmoid": "binary_cross_entropy",
    "softmax": "cross_entropy",
}
"""Output layer to the loss that makes dZ = A − Y."""


def _labelled(loss: Any, output: Any, **given: Any) -> tuple[Any, ...]:
    """Y and the arrays that come with it, if the loss can have these labels at this output layer."""
    expect_loss(loss, output)
    Y, *others = checks.alike(**given)
    LOSSES[loss].expect_labels(Y, loss, "Y")
    return Y, *others


def _deltas(Z: Any, A: Any, Y: Any, output: Any, loss: Any) -> tuple[Any, ...]:
    Y, Z, A = _labelled(loss, checks.choice(output, "output", OUTPUTS), Y=Y, Z=Z, A=A)
    return Z, A, Y, output, loss


@asked(_deltas, "dZ")
def output_delta(Z: Array, A: Array, Y: Array, output: str, loss: str) -> Array:
    """dZ = ∂loss/∂Z of the output layer, one column an example.

    A − Y for the three pairs of `MATCHED`, exact even where A is 0 or 1 to the
    last bit; for any other pair ∂loss/∂A through the output layer's Jacobian.

    Raises ValueError for unknown names, for a loss of probabilities on an
    identity, for labels that the loss cannot have, and for shapes that differ.
    """
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


def expect_loss(loss: Any, output: str | None) -> None:
    """ValueError unless the loss is known and can read what the output layer gives."""
    if not isinstance(loss, str) or loss not in LOSSES:
        checks.choice(loss, "loss", LOSSES)
    if output is not None and (not isinstance(output, str) or output not in OUTPUTS):
        checks.choice(output, "output", OUTPUTS)
    if output == "identity" and LOSSES[loss].probabilities:
        raise ValueError(f"loss: expected squared_error or half_squared_error with output 'identity', got {loss!r}")


def _batch_of_losses(Y: Any, Z: Any, loss: Any, output: Any, A: Any = None) -> tuple[Any, ...]:
    if A is None and output is None:
        raise ValueError("A: expected the output where no output layer is named, got None")
    Y, Z, *known = _labelled(loss, output, Y=Y, Z=Z, **({} if A is None else {"A": A}))
    return Y, Z, loss, output, *known


@asked(_batch_of_losses, "L")
def losses(Y: Array, Z: Array, loss: str, output: str | None, A: Array | None = None) -> Array:
    """L = Σⱼ term(yⱼ, aⱼ) over the units of each example: (examples,).

    From the logits Z, through the output layer, whose A may be given. Where no one
    knows by which output layer A was made (None), logarithms are those of A
    itself, kept `inside` 0 and 1. Shapes: Y, Z and A (units, examples). Raises as
    `output_delta`.
    """
    if A is None and output is not None and "A" in LOSSES[loss].parts:
        A = OUTPUTS[output](Z)
    return LOSSES[loss].terms(Y, *[_part(name, Z, A, output) for name in LOSSES[loss].parts]).sum(axis=0)


def _part(name: str, Z: Array, A: Any, output: str | None) -> Array:
    """A, ln A or ln(1 − A)."""
    if name == "A":
        return A
    if output is None:
        return np.log(inside(A)) if name == "log_A" else np.log1p(-inside(A))
    return log_probabilities(Z, output) if name == "log_A" else log_complements(Z, output)


def _logits(Z: Any, output: Any) -> tuple[Any, ...]:
    return checks.batch(Z, "Z"), checks.choice(output, "output", ("sigmoid", "softmax"))


@asked(_logits, "ln A")
def log_probabilities(Z: Array, output: str) -> Array:
    """ln A, finite where A rounds to 0: ln σ(z), or zⱼ − ln Σ_k e^z_k.

    Shapes: both (units, examples). Errors as `sigmoid`, and for another output.
    """
    return -np.logaddexp(0, -Z) if output == "sigmoid" else Z - _log_sum_exp(Z)


@asked(_logits, "ln(1 − A)")
def log_complements(Z: Array, output: str) -> Array:
    """ln(1 − A) from the logits, finite where A rounds to 1.

    ln σ(−z) of a sigmoid, ln Σ_{k≠j} e^z_k − ln Σ_k e^z_k of a softmax. Shapes:
    both (units, examples). Errors as `log_probabilities`.
    """
    if output == "sigmoid":
        return -np.logaddexp(0, Z)
    others = [_log_sum_exp(np.delete(Z, j, axis=0)) for j in range(len(Z))]
    return np.concatenate(others) - _log_sum_exp(Z)


def _log_sum_exp(Z: Array) -> Array:
    top = Z.max(axis=0, keepdims=True, initial=-np.inf)  # −∞ where nothing is left to sum
    return top + np.log(np.exp(Z - top).sum(axis=0, keepdims=True))


@asked(lambda A: (checks.array(A, "A"),))
def inside(A: Array) -> Array:
    """min(max(a, u), 1 − u) in the shape of A, with u the unit roundoff of its dtype.

    Errors as `sigmoid`.
    """
    margin = np.finfo(A.dtype).epsneg
    return np.clip(A, margin, 1 - margin)
