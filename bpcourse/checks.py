"""The package's questions to its input: each names the argument, what was expected, what came.

Book: chapter 11.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

Array = np.ndarray


def number(x: Any, argument: str) -> float:
    """x as a finite float; TypeError for anything else, ValueError for NaN and infinity."""
    if getattr(x, "shape", None) == ():
        x = x.item()
    if not isinstance(x, numbers.Real):
        raise TypeError(f"{argument}: expected a number, got {type(x).__name__} {x!r}")
    try:
        value = float(x)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError(f"{argument}: expected a finite number, got {value!r}")
    return value


def positive(x: Any, argument: str) -> float:
    """x as a finite float above 0; otherwise as `number`."""
    value = number(x, argument)
    if value <= 0:
        raise ValueError(f"{argument}: expected a number > 0, got {value!r}")
    return value


def whole(x: Any, argument: str) -> int:
    """x as a whole number of at least 1; otherwise as `number`."""
    value = number(x, argument)
    if value != int(value) or value < 1:
        raise ValueError(f"{argument}: expected a whole number ≥ 1, got {x!r}")
    return int(value)


def span(x: Any, argument: str, holding: float | None = None) -> tuple[float, float]:
    """x as a pair (low, high) with low < high, around `holding`; TypeError or ValueError otherwise."""
    if not isinstance(x, tuple | list) or len(x) != 2:
        raise TypeError(f"{argument}: expected a pair (low, high), got {x!r}")
    low, high = (number(end, argument) for end in x)
    if low >= high:
        raise ValueError(f"{argument}: expected (low, high) with low < high, got {(low, high)}")
    if not math.isfinite(high - low):
        raise ValueError(f"{argument}: expected a range of finite width, got {(low, high)}")
    if holding is not None and not low <= holding <= high:
        raise ValueError(f"{argument}: expected a range that holds {holding:g}, got {(low, high)}")
    return low, high


def sizes(x: Any) -> list[int]:
    """x as the sizes of layers, inputs first: two or more whole numbers of at least 1."""
    if isinstance(x, str) or not isinstance(x, Iterable):
        raise TypeError(f"sizes: expected a list of whole numbers, got {x!r}")
    whole_numbers = [whole(n, "sizes") for n in x]
    if len(whole_numbers) < 2:
        raise ValueError(f"sizes: expected two or more, inputs first, got {whole_numbers!r}")
    return whole_numbers


def choice(name: Any, argument: str, names: Collection[str]) -> str:
    """The name itself, if it is among the names; ValueError otherwise."""
    if not isinstance(name, str) or name not in names:
        raise ValueError(f"{argument}: expected one of {', '.join(names)}, got {name!r}")
    return name


def array(x: Any, argument: str) -> Array:
    """x as an array of finite floats, float32 kept; TypeError or ValueError otherwise."""
    try:
        numbers_ = np.asarray(x)
    except ValueError:
        raise ValueError(f"{argument}: expected rows of one length, got {x!r}") from None
    if numbers_.dtype.kind not in "fiub":
        raise TypeError(f"{argument}: expected an array of numbers, got {type(x).__name__}")
    if numbers_.dtype.kind != "f":
        numbers_ = numbers_.astype(float)
    if numbers_.size == 0:
        raise ValueError(f"{argument}: expected at least one number, got shape {numbers_.shape}")
    if not np.isfinite(numbers_).all():
        raise ValueError(f"{argument}: expected finite numbers, got NaN or infinity")
    return numbers_


def batch(x: Any, argument: str) -> Array:
    """x as an array (units, examples), neither of them 0; otherwise as `array`."""
    columns = array(x, argument)
    if columns.ndim != 2:
        raise ValueError(f"{argument}: expected 2 dimensions (units, examples), got shape {columns.shape}")
    return columns


def same_shape(x: Any, argument: str, other: Array, other_argument: str) -> None:
    """ValueError unless x has the shape of other."""
    if np.shape(x) != np.shape(other):
        raise ValueError(f"{argument}: expected the shape of {other_argument}, {np.shape(other)}, got {np.shape(x)}")


def column(x: Any, argument: str) -> Array:
    """One example (units,) as a batch of one column; otherwise as `array`."""
    units = array(x, argument)
    if units.ndim != 1:
        raise ValueError(f"{argument}: expected one example, (units,), got shape {units.shape}")
    return units[:, None]


def labels(x: Any, argument: str, classes: int) -> Array:
    """x as labels 0 … classes − 1, one an example; TypeError or ValueError otherwise."""
    try:
        given = np.asarray(x)
    except ValueError:
        raise ValueError(f"{argument}: expected a list of labels, got {x!r}") from None
    if given.ndim != 1 or given.size == 0:
        raise ValueError(f"{argument}: expected a list of one or more labels, got shape {given.shape}")
    if given.dtype.kind not in "iu":
        raise TypeError(f"{argument}: expected whole numbers, got {given.dtype}")
    outside = given[(given < 0) | (given >= classes)]
    if outside.size:
        raise ValueError(f"{argument}: expected 0 to {classes - 1}, got {outside[0]}")
    return given
