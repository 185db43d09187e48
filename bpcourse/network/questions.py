"""What is asked of parameters, caches and labels, once, at the door of each equation.

A function `of_…` has the parameters of the equation that it stands before. It
returns them as arrays that fit each other, or says which does not and why.

Book: chapter 11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from bpcourse import checks
from bpcourse.checks import Array
from bpcourse.layers import LOSSES, OUTPUTS, activation, expect_loss

Parameters = Mapping[str, Array]
Arrays = TypeVar("Arrays", bound=Mapping[str, Array])


# -------------------------------------------------------------------- at the doors


def of_forward(X: Any, parameters: Any, hidden: Any = "relu", output: Any = "softmax") -> tuple[Any, ...]:
    """The questions of `forward`."""
    activation(hidden)
    checks.choice(output, "output", OUTPUTS)
    parameters, X = checked_parameters(parameters), checks.batch(X, "X")
    expect_units(X, "X", parameters)
    expect_output(output, parameters)
    return X, parameters, hidden, output


def of_backpropagation(
    cache: Any, Y: Any, parameters: Any, hidden: Any = "relu", output: Any = "softmax", loss: Any = "cross_entropy"
) -> tuple[Any, ...]:
    """The questions of `backpropagation`."""
    activation(hidden)
    checks.choice(output, "output", OUTPUTS)
    parameters = checked_parameters(parameters)
    cache = _fitting(cache, parameters, hidden, output)
    return cache, labels(Y, cache[f"A{len(parameters) // 2}"], loss, output), parameters, hidden, output, loss


def of_pull_back(dZ: Any, cache: Any, parameters: Any, hidden: Any = "relu") -> tuple[Any, ...]:
    """The questions of `pull_back`."""
    activation(hidden)
    parameters = checked_parameters(parameters)
    cache = _fitting(cache, parameters, hidden, getattr(cache, "output", None))
    dZ = checks.batch(dZ, "dZ")
    checks.same_shape(dZ, "dZ", cache[f"Z{len(parameters) // 2}"], "the last Z")
    return dZ, cache, parameters, hidden


def of_cost(cache: Any, Y: Any, loss: Any = "cross_entropy") -> tuple[Any, ...]:
    """The questions of `cost`."""
    expect_mapping(cache, "cache")
    last = len(cache) // 2
    if last < 1 or not {f"Z{last}", f"A{last}"} <= set(cache):
        raise ValueError(f"cache: expected what forward returned, A0, Z1, A1, …, got {names(cache)}")
    A = checks.batch(cache[f"A{last}"], f"cache['A{last}']")
    Z = checks.batch(cache[f"Z{last}"], f"cache['Z{last}']")
    checks.same_shape(Z, f"cache['Z{last}']", A, f"cache['A{last}']")
    output = getattr(cache, "output", None)
    Y = labels(Y, A, loss, output)
    if output is None and LOSSES[loss].probabilities and ((A < 0).any() or (A > 1).any()):
        raise ValueError(f"cache['A{last}']: expected probabilities for {loss}, got {A[(A < 0) | (A > 1)][0]:g}")
    return cache, Y, loss


def of_update(parameters: Any, grads: Any, learning_rate: Any) -> tuple[Any, ...]:
    """The questions of `update`."""
    parameters = checked_parameters(parameters)
    expect_mapping(grads, "grads")
    found = checks.arrays({f"grads['d{name}']": grads.get(f"d{name}") for name in parameters})
    for name, parameter in parameters.items():
        checks.same_shape(found[f"grads['d{name}']"], f"grads['d{name}']", parameter, name)
    return parameters, {f"d{name}": found[f"grads['d{name}']"] for name in parameters}, rate(learning_rate)


# ---------------------------------------------------------------------- of each part


def checked_parameters(parameters: Any) -> dict[str, Array]:
    """W1, b1, W2, … as arrays that Z = W A_below + b can read, in order.

    Shapes: W (units, units below), b (units, 1).

    Raises ValueError where a name is missing or shapes do not fit, TypeError
    where they are not a dict of arrays.
    """
    expect_mapping(parameters, "parameters")
    depth = max(len(parameters) // 2, 1)
    expected = [f"{letter}{l}" for l in range(1, depth + 1) for letter in "Wb"]
    if set(parameters) != set(expected):
        raise ValueError(f"parameters: expected the names {', '.join(expected)}, got {names(parameters)}")
    checked = checks.arrays({name: parameters[name] for name in expected})
    for l in range(1, depth + 1):
        W, b = checked[f"W{l}"], checked[f"b{l}"]
        if W.ndim != 2:
            raise ValueError(f"W{l}: expected 2 dimensions (units, units below), got shape {W.shape}")
        if b.shape != (len(W), 1):
            raise ValueError(f"b{l}: expected shape ({len(W)}, 1), a row for each row of W{l}, got {b.shape}")
        if l > 1 and W.shape[1] != len(checked[f"W{l - 1}"]):
            raise ValueError(f"W{l}: expected {len(checked[f'W{l - 1}'])} columns, as W{l - 1} has rows, got shape {W.shape}")
    return checked


def _fitting(cache: Any, parameters: Parameters, hidden: str, output: str | None) -> dict[str, Array]:
    """The cache's arrays, if they are this network's Z and A, made by these functions."""
    expect_mapping(cache, "cache")
    made_by = getattr(cache, "hidden", hidden), getattr(cache, "output", output)
    if made_by != (hidden, output):
        raise ValueError(f"hidden, output: expected {made_by}, by which the cache was made, got {(hidden, output)}")
    rows = {"A0": parameters["W1"].shape[1]}
    for l in range(1, len(parameters) // 2 + 1):
        rows[f"Z{l}"] = rows[f"A{l}"] = len(parameters[f"W{l}"])
    if set(cache) != set(rows):
        raise ValueError(f"cache: expected the keys {', '.join(rows)}, got {names(cache)}")
    checked = checks.arrays({f"cache[{key!r}]": cache[key] for key in rows})
    A0 = checked["cache['A0']"]
    for (key, units), array in zip(rows.items(), checked.values()):
        if A0.ndim != 2 or array.shape != (units, A0.shape[1]):
            raise ValueError(f"cache[{key!r}]: expected shape ({units}, examples) as A0 has examples, got {array.shape}")
    return dict(zip(rows, checked.values()))


def labels(Y: Any, A: Array, loss: Any, output: str | None, argument: str = "Y") -> Array:
    """Y as an array of A's shape and dtype that the loss can read."""
    expect_loss(loss, output)
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


def rate(learning_rate: Any) -> float:
    """η as a finite number ≥ 0."""
    eta = checks.number(learning_rate, "learning_rate")
    if eta < 0:
        raise ValueError(f"learning_rate: expected a number ≥ 0, got {learning_rate!r}")
    return eta


def expect_units(X: Array, argument: str, parameters: Parameters) -> None:
    """ValueError unless X has a row for each unit that W1 reads."""
    units = parameters["W1"].shape[1]
    if len(X) != units:
        raise ValueError(f"{argument}: expected {units} units (rows), as W1 has columns, got shape {X.shape}")


def expect_output(output: str, parameters: Parameters) -> None:
    """ValueError for a softmax of one unit."""
    depth = len(parameters) // 2
    if output == "softmax" and len(parameters[f"W{depth}"]) < 2:
        raise ValueError(
            f"output: expected 'sigmoid' or 'identity' for one output unit, got 'softmax' (always 1) with W{depth} of 1 row"
        )


def expect_mapping(x: Any, argument: str) -> None:
    """TypeError unless x is a dict or the like."""
    if not isinstance(x, Mapping):
        raise TypeError(f"{argument}: expected a dict of arrays, got {type(x).__name__}")


def names(x: Mapping[Any, Any]) -> str:
    """The keys in a row, for a message."""
    return ", ".join(map(str, x)) or "none"


# ----------------------------------------------------------------- of what comes out


def held(found: Arrays, what: str, perhaps: str) -> Arrays:
    """The arrays themselves; ValueError for the first that overflowed."""
    for name, array in found.items():
        if not checks.finite(array):
            raise ValueError(f"{name}: expected {what} that {array.dtype} can hold, got an overflow: {perhaps}")
    return found


def finite_cost(C: float) -> float:
    """The cost itself; ValueError where it overflowed."""
    return checks.number(C, "cost")
