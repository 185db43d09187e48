"""What is asked of parameters, caches and labels, once, at the door of each equation.

A function `of_…` has the parameters of the equation that it stands before. It
returns them as arrays that fit each other, or says which does not and why.

Book: chapter 11.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np

from bpcourse import checks
from bpcourse.checks import Array
from bpcourse.layers import LOSSES, OUTPUTS, activation, expect_loss

Parameters = Mapping[str, Array]
# The gradients of a minibatch, given by the numbers of its examples, at these parameters.
Gradients = Callable[[Array, Parameters], Parameters]
Arrays = TypeVar("Arrays", bound=Mapping[str, Array])


class Cache(dict[str, Array]):
    """What `forward` computed: `"A0"`, `"Z1"`, `"A1"`, …, and with which functions.

    Book: chapter 11.
    """

    def __init__(self, hidden: Any, output: Any) -> None:
        super().__init__()
        self.hidden = hidden
        self.output = output

    def copy(self) -> Cache:
        """A second cache with the same arrays, made by the same functions."""
        other = Cache(self.hidden, self.output)
        other.update(self)
        return other

    __copy__ = copy

    def __or__(self, other: Mapping[str, Array]) -> Cache:  # type: ignore[override]
        both = self.copy()
        both.update(other)
        return both

    def __reduce__(self) -> tuple[Any, ...]:
        return Cache, (self.hidden, self.output), None, None, iter(self.items())


# -------------------------------------------------------------------- at the doors


def of_forward(X: Any, parameters: Any, hidden: Any = "relu", output: Any = "softmax") -> tuple[Any, ...]:
    """The questions of `forward`."""
    expect_kinds(hidden, output)
    parameters, X = checked_parameters(parameters), checks.arrays({"X": X})["X"]
    if X.ndim != 2 or len(X) != parameters["W1"].shape[1]:
        expect_units(checks.batch(X, "X"), "X", parameters)
    expect_output(output, parameters)
    return X, parameters, hidden, output


def of_backpropagation(
    cache: Any, Y: Any, parameters: Any, hidden: Any = "relu", output: Any = "softmax", loss: Any = "cross_entropy"
) -> tuple[Any, ...]:
    """The questions of `backpropagation`."""
    expect_kinds(hidden, output)
    expect_loss(loss, output)
    parameters = checked_parameters(parameters)
    cache, Y = _fitting(cache, parameters, hidden, output, "Y", Y)
    Y = readable(Y, cache[f"A{len(parameters) // 2}"], loss, "Y")
    return cache, Y, parameters, hidden, output, loss


def of_pull_back(dZ: Any, cache: Any, parameters: Any, hidden: Any = "relu") -> tuple[Any, ...]:
    """The questions of `pull_back`."""
    activation(hidden)
    parameters = checked_parameters(parameters)
    cache, dZ = _fitting(cache, parameters, hidden, getattr(cache, "output", None), "dZ", dZ)
    if dZ.shape != cache[f"Z{len(parameters) // 2}"].shape:
        checks.same_shape(dZ, "dZ", cache[f"Z{len(parameters) // 2}"], "the last Z")
    return dZ, cache, parameters, hidden


def of_cost(cache: Any, Y: Any, loss: Any = "cross_entropy") -> tuple[Any, ...]:
    """The questions of `cost`."""
    _expect_mapping(cache, "cache")
    output = getattr(cache, "output", None)
    expect_loss(loss, output)
    last = len(cache) // 2
    if last < 1 or not {f"Z{last}", f"A{last}"} <= set(cache):
        raise ValueError(f"cache: expected what forward returned, A0, Z1, A1, …, got {names(cache)}")
    z, a = f"cache['Z{last}']", f"cache['A{last}']"
    Z, A, Y = checks.arrays({z: cache[f"Z{last}"], a: cache[f"A{last}"], "Y": Y}).values()
    if A.ndim != 2 or Z.shape != A.shape:
        checks.same_shape(Z, z, checks.batch(A, a), a)
    Y = readable(Y, A, loss, "Y")
    if output is None and LOSSES[loss].probabilities and ((A < 0).any() or (A > 1).any()):
        raise ValueError(f"{a}: expected probabilities for {loss}, got {A[(A < 0) | (A > 1)][0]:g}")
    checked = Cache(getattr(cache, "hidden", None), output)
    checked.update({f"Z{last}": Z, f"A{last}": A})
    return checked, Y, loss


def of_update(parameters: Any, grads: Any, learning_rate: Any) -> tuple[Any, ...]:
    """The questions of `update`."""
    parameters = checked_parameters(parameters)
    _expect_mapping(grads, "grads")
    found = checks.arrays({f"grads['d{name}']": grads.get(f"d{name}") for name in parameters})
    for (name, parameter), (told, grad) in zip(parameters.items(), found.items()):
        if grad.shape != parameter.shape:
            checks.same_shape(grad, told, parameter, name)
    return parameters, {f"d{name}": grad for name, grad in zip(parameters, found.values())}, rate(learning_rate)


class Steering(NamedTuple):
    """What steers a descent, the generator of its orders, and whom it tells.

    `seed` is the whole number that the generator was made from, or its kind.
    """

    examples: int
    learning_rate: float
    batch_size: int
    epochs: int
    until_loss: float
    rng: np.random.Generator
    seed: int | str
    progress: bool
    after_epoch: Callable[[Any], Any] | None


def of_descent(
    parameters: Any, examples: int, learning_rate: Any, batch_size: Any, epochs: Any, until_loss: Any, seed: Any,
    progress: Any, after_epoch: Any,
) -> tuple[dict[str, Array], Steering]:  # fmt: skip
    """The questions of `train` but for the examples.

    Copies of the parameters, and what steers it.
    """
    batch_size = examples if batch_size is None else checks.whole(batch_size, "batch_size")
    epochs = checks.whole(epochs, "epochs")
    until_loss = -math.inf if until_loss is None else checks.number(until_loss, "until_loss")
    learning_rate, rng, progress = rate(learning_rate), checks.generator(seed, "seed"), checks.flag(progress, "progress")
    if after_epoch is not None and not callable(after_epoch):
        raise TypeError(f"after_epoch: expected a function of a Training, got {type(after_epoch).__name__}")
    drawn_from = type(rng.bit_generator).__name__ if seed is rng else operator.index(seed)
    steering = Steering(examples, learning_rate, batch_size, epochs, until_loss, rng, drawn_from, progress, after_epoch)
    return _of_one_dtype(checked_parameters(parameters)), steering


def of_train(
    parameters: Any, X: Any, Y: Any, learning_rate: Any, batch_size: Any, epochs: Any, until_loss: Any, validation: Any,
    seed: Any, progress: Any, after_epoch: Any,
) -> tuple[dict[str, Array], dict[str, tuple[Array, Array]], Steering]:  # fmt: skip
    """The questions of `train`.

    Copies of the parameters, the sets of examples, and what steers it.
    """
    X, Y = checks.batch(X, "X"), checks.batch(Y, "Y")
    expect_as_many(X, Y)
    start, steering = of_descent(
        parameters, X.shape[1], learning_rate, batch_size, epochs, until_loss, seed, progress, after_epoch
    )
    X, Y = (part.astype(start["W1"].dtype, copy=False) for part in (X, Y))
    sets = {"cost": (X, Y)}
    if validation is not None:
        sets["validation_cost"] = held_out(validation, X, Y)
    return start, sets, steering


def expect_as_many(X: Any, Y: Any) -> None:
    """ValueError unless Y has as many examples (columns) as X."""
    if Y.shape[1] != X.shape[1]:
        raise ValueError(f"Y: expected {X.shape[1]} examples (columns), as X has, got shape {Y.shape}")


def _of_one_dtype(parameters: Parameters) -> dict[str, Array]:
    """Copies, all of the widest dtype among them, float32 at least."""
    dtype = np.result_type(np.float32, *parameters.values())
    return {name: array.astype(dtype) for name, array in parameters.items()}


def held_out(pair: Any, X: Any, Y: Any) -> tuple[Array, Array]:
    """Held-out X and Y, with the units of the training data."""
    parts = checks.listed(pair, "validation", "two arrays (X, Y)")
    if not isinstance(pair, tuple | list) or len(parts) != 2:
        raise TypeError(f"validation: expected a pair (X, Y), got {type(pair).__name__}")
    held_X, held_Y = (checks.batch(part, "validation") for part in parts)
    if (len(held_X), len(held_Y)) != (X.shape[0], Y.shape[0]) or held_X.shape[1] != held_Y.shape[1]:
        raise ValueError(
            f"validation: expected ({X.shape[0]}, m) and ({Y.shape[0]}, m) as X and Y have units, "
            f"got {held_X.shape} and {held_Y.shape}"
        )
    return held_X, held_Y


# ---------------------------------------------------------------------- of each part


def checked_parameters(parameters: Any) -> dict[str, Array]:
    """W1, b1, W2, … as arrays that Z = W A_below + b can read, in order.

    Shapes: W (units, units below), b (units, 1).

    Raises ValueError where a name is missing or shapes do not fit, TypeError
    where they are not a dict of arrays.
    """
    _expect_mapping(parameters, "parameters")
    expected = _of_parameters(len(parameters) // 2)
    _expect_keys(parameters, "parameters", "names", expected)
    checked = checks.arrays({name: parameters[name] for name in expected})
    for l in range(1, len(expected) // 2 + 1):
        W, b = checked[f"W{l}"], checked[f"b{l}"]
        if W.ndim != 2:
            raise ValueError(f"W{l}: expected 2 dimensions (units, units below), got shape {W.shape}")
        if b.shape != (len(W), 1):
            checks.expect_bias(b, f"b{l}", W, f"W{l}")
        if l > 1 and W.shape[1] != len(checked[f"W{l - 1}"]):
            raise ValueError(f"W{l}: expected {len(checked[f'W{l - 1}'])} columns, as W{l - 1} has rows, got shape {W.shape}")
    return checked


@functools.cache
def _of_parameters(depth: int) -> list[str]:
    return [f"{letter}{l}" for l in range(1, max(depth, 1) + 1) for letter in "Wb"]


@functools.cache
def _of_a_cache(depth: int) -> dict[str, str]:
    """A0, Z1, A1, …, each with what a message calls it."""
    keys = ["A0", *(f"{letter}{l}" for l in range(1, depth + 1) for letter in "ZA")]
    return {key: f"cache[{key!r}]" for key in keys}


def _expect_keys(x: Mapping[str, Any], argument: str, kind: str, expected: Collection[str]) -> None:
    if [*x] != [*expected] and set(x) != set(expected):
        raise ValueError(f"{argument}: expected the {kind} {', '.join(expected)}, got {names(x)}")


def _fitting(
    cache: Any, parameters: Parameters, hidden: str, output: str | None, argument: str, more: Any
) -> tuple[dict[str, Array], Array]:
    """The cache's arrays, if they are this network's Z and A, made by these functions; and one array more."""
    _expect_mapping(cache, "cache")
    made_by = getattr(cache, "hidden", hidden), getattr(cache, "output", output)
    if made_by != (hidden, output):
        raise ValueError(f"hidden, output: expected {made_by}, by which the cache was made, got {(hidden, output)}")
    keys = _of_a_cache(len(parameters) // 2)
    _expect_keys(cache, "cache", "keys", keys)
    *arrays, another = checks.arrays({told: cache[key] for key, told in keys.items()} | {argument: more}).values()
    examples = arrays[0].shape[1:]
    rows = [parameters["W1"].shape[1], *(len(W) for W in list(parameters.values())[::2] for _ in "ZA")]
    for units, array, told in zip(rows, arrays, keys.values()):
        if array.shape != (units, *examples) or array.ndim != 2:
            raise ValueError(f"{told}: expected shape ({units}, examples) as A0 has examples, got {array.shape}")
    return dict(zip(keys, arrays)), another


def labels(Y: Any, A: Array, loss: Any, output: str | None, argument: str = "Y") -> Array:
    """Y as an array of A's shape and dtype that the loss can read."""
    expect_loss(loss, output)
    return readable(checks.array(Y, argument), A, loss, argument)


def readable(Y: Array, A: Array, loss: str, argument: str) -> Array:
    """The array Y in A's dtype, if it has A's shape and holds what the loss can read."""
    if Y.ndim != 2 or Y.shape != A.shape:
        checks.same_shape(checks.batch(Y, argument), argument, A, "the output")
    LOSSES[loss].expect_labels(Y, loss, argument)
    return Y.astype(A.dtype, copy=False)


def rate(learning_rate: Any) -> float:
    """η as a finite number ≥ 0."""
    if learning_rate.__class__ is float and 0 <= learning_rate < math.inf:
        return learning_rate
    eta = checks.number(learning_rate, "learning_rate")
    if eta < 0:
        raise ValueError(f"learning_rate: expected a number ≥ 0, got {learning_rate!r}")
    return eta


def expect_kinds(hidden: Any, output: Any) -> None:
    """ValueError unless there are such an activation and such an output layer."""
    activation(hidden)
    if not isinstance(output, str) or output not in OUTPUTS:
        checks.choice(output, "output", OUTPUTS)


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


def _expect_mapping(x: Any, argument: str) -> None:
    if x.__class__ is not dict and x.__class__ is not Cache:
        checks.mapping(x, argument)


def names(x: Mapping[Any, Any]) -> str:
    """The keys in a row, for a message."""
    return ", ".join(map(str, x)) or "none"


# ----------------------------------------------------------------- of what comes out


def held(found: Arrays, kinds: str | tuple[str, ...], what: str, perhaps: str) -> Arrays:
    """The arrays themselves; ValueError for the first of these kinds that overflowed."""
    name = checks.overflowed(found, kinds)
    if name is not None:
        checks.held(found[name], name, what, f": {perhaps}")
    return found


def held_gradients(grads: dict[str, Array]) -> dict[str, Array]:
    """The gradients themselves; ValueError for the first dW or db that overflowed."""
    return held(grads, ("dW", "db"), "gradients", "are the labels or the weights too large?")


def held_cost(C: Any) -> float:
    """The cost as a float; ValueError where it overflowed."""
    if not np.isfinite(C):
        raise ValueError(f"cost: expected a number that {C.dtype} can hold, got an overflow: are labels or outputs too large?")
    return float(C)
