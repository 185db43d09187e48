"""The package's questions to its input: each names the argument, what was expected, what came.

Book: chapter 11.
"""

from __future__ import annotations

import contextlib
import math
import numbers
import operator
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import numpy as np

Array = np.ndarray
Kind = TypeVar("Kind")
_FLOATS = "efd"
"""The floats that stay as they are: of 16, 32 and 64 bits. Wider ones become 64."""


def number(x: Any, argument: str) -> float:
    """x as a finite float; TypeError for anything else, ValueError for NaN and infinity."""
    value = None
    try:
        plain = x.item() if getattr(x, "shape", None) == () and not np.ma.is_masked(x) else x
        if isinstance(plain, numbers.Real):
            value = float(plain)
    except OverflowError:
        value = math.inf
    except Exception:  # what a stranger's own methods may raise
        pass
    if value is None:
        raise TypeError(f"{argument}: expected a number, got {type(x).__name__} {short(x)}")
    if not math.isfinite(value):
        raise ValueError(f"{argument}: expected a finite number, got {value!r}")
    return value


def finite_inputs(inputs: tuple[Any, ...], argument: str) -> None:
    """TypeError unless all are numbers, ValueError unless all are finite."""
    try:
        finite_ = math.isfinite(sum(inputs, 0.0)) or all(map(math.isfinite, inputs))  # the sum also finds what is no number
    except OverflowError:
        finite_ = False
    except Exception:  # no number, or a stranger's
        raise TypeError(f"{argument}: expected numbers, got {', '.join(map(short, inputs))}") from None
    if not finite_:
        raise ValueError(f"{argument}: expected finite inputs, got {', '.join(map(short, inputs))}")


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
        raise ValueError(f"{argument}: expected a whole number ≥ 1, got {short(x)}")
    if value > 2**53:
        raise ValueError(f"{argument}: expected a whole number that can be counted to, got {value:g}")
    return int(value)


def count(x: Any, argument: str) -> int:
    """x as a whole number of at least 0; otherwise as `whole`."""
    return 0 if number(x, argument) == 0 else whole(x, argument)


def expect_room(argument: str, *sides: int) -> None:
    """ValueError where an array with these sides would take gigabytes: 10⁹ numbers and more."""
    if math.prod(sides) >= 10**9:
        raise ValueError(f"{argument}: expected less than 10⁹ numbers in an array, got {' × '.join(map(str, sides))}")


def flag(x: Any, argument: str) -> bool:
    """x as True or False; TypeError for anything else."""
    if not isinstance(x, bool | np.bool_):
        raise TypeError(f"{argument}: expected True or False, got {type(x).__name__} {short(x)}")
    return bool(x)


def of_kind(x: Any, kind: type[Kind], argument: str) -> Kind:
    """x itself, if it is of this kind; TypeError otherwise."""
    if not isinstance(x, kind):
        raise TypeError(f"{argument}: expected a {kind.__name__}, got {type(x).__name__} {short(x)}")
    return x


def text(x: Any, argument: str) -> str:
    """x as a plain text, if it is one; TypeError for anything else."""
    if not isinstance(x, str):
        raise TypeError(f"{argument}: expected a text, got {type(x).__name__} {short(x)}")
    return str.__str__(x)


def function(x: Any, argument: str, of: str) -> Callable[..., Any]:
    """x itself, if it can be called; TypeError that says of what it should be a function."""
    if not callable(x):
        raise TypeError(f"{argument}: expected a function of {of}, got {type(x).__name__}")
    return x


def listed(x: Any, argument: str, of: str) -> list[Any]:
    """The entries of a list, a tuple, an array or whatever runs through; TypeError otherwise, also for texts and dicts."""
    if not isinstance(x, str | bytes | Mapping):
        try:
            return list(x)
        except Exception:  # no iterable, or what a stranger's __iter__ may raise
            pass
    raise TypeError(f"{argument}: expected a list of {of}, got {type(x).__name__} {short(x)}")


def mapping(x: Any, argument: str, expected: str = "a dict of arrays") -> Mapping[Any, Any]:
    """x itself, if it is a dict or the like; TypeError otherwise."""
    if isinstance(x, Mapping):
        with contextlib.suppress(Exception):  # what a stranger's own methods may raise
            dict(x.items())
            return x
    raise TypeError(f"{argument}: expected {expected}, got {type(x).__name__}")


def span(x: Any, argument: str, holding: float | None = None) -> tuple[float, float]:
    """x as a pair (low, high) with low < high, around `holding`; TypeError or ValueError otherwise."""
    ends = listed(x, argument, "a pair") if isinstance(x, tuple | list) else []
    if len(ends) != 2:
        raise TypeError(f"{argument}: expected a pair (low, high), got {short(x)}")
    low, high = (number(end, argument) for end in ends)
    if low >= high:
        raise ValueError(f"{argument}: expected (low, high) with low < high, got {(low, high)}")
    if not math.isfinite(high - low):
        raise ValueError(f"{argument}: expected a range of finite width, got {(low, high)}")
    if holding is not None and not low <= holding <= high:
        raise ValueError(f"{argument}: expected a range that holds {holding:g}, got {(low, high)}")
    return low, high


def sizes(x: Any) -> list[int]:
    """x as the sizes of layers, inputs first: two or more whole numbers of at least 1."""
    whole_numbers = [whole(n, "sizes") for n in listed(x, "sizes", "whole numbers")]
    if len(whole_numbers) < 2:
        raise ValueError(f"sizes: expected two or more, inputs first, got {whole_numbers!r}")
    return whole_numbers


def choice(name: Any, argument: str, names: Collection[str]) -> str:
    """The name itself, if it is among the names; ValueError otherwise."""
    plain = str.__str__(name) if isinstance(name, str) else None
    if plain is not None and plain in names:
        return plain
    raise ValueError(f"{argument}: expected one of {', '.join(names)}, got {short(name)}")


def array(x: Any, argument: str) -> Array:
    """x as an array of finite floats, float32 kept; TypeError or ValueError otherwise."""
    try:
        numbers_ = np.asarray(x)
    except ValueError:
        raise ValueError(f"{argument}: expected rows of one length, got {short(x)}") from None
    except Exception as error:  # what a stranger's __array__ may raise
        raise TypeError(f"{argument}: expected an array of numbers, got {type(x).__name__} ({error})") from None
    if numbers_.dtype.kind not in "fiub":
        of = f" of {numbers_.dtype.name}" if numbers_.ndim or isinstance(x, np.ndarray | np.generic) else ""
        raise TypeError(f"{argument}: expected an array of numbers, got {type(x).__name__}{of}")
    expect_unmasked(x, argument)
    if numbers_.dtype.char not in _FLOATS:
        with np.errstate(over="ignore"):
            numbers_ = numbers_.astype(float)
    if numbers_.size == 0:
        raise ValueError(f"{argument}: expected at least one number, got shape {numbers_.shape}")
    if not finite(numbers_):
        raise ValueError(f"{argument}: expected finite numbers, got NaN or infinity")
    return numbers_


def expect_unmasked(x: Any, argument: str) -> None:
    """ValueError where entries of x are masked, also those of an array in a list."""
    masked = _masked(x)
    if masked:
        raise ValueError(f"{argument}: expected an array without masked entries, got {masked} of them")


def _masked(x: Any) -> int:
    if isinstance(x, np.ma.MaskedArray):
        return int(np.ma.getmaskarray(x).sum())
    return sum(map(_masked, x)) if isinstance(x, list | tuple) else 0


def held(x: Array, argument: str, what: str = "numbers", more: str = "") -> Array:
    """x itself; ValueError where its computation left what its dtype can hold, with `more` of where or why."""
    if not finite(x):
        raise ValueError(f"{argument}: expected {what} that {x.dtype} can hold, got an overflow{more}")
    return x


def finite(x: Array) -> bool:
    """Whether all numbers of an array of floats are finite."""
    # The sum of squares is one pass and no new array; where a square overflows, a second look decides.
    return math.isfinite(np.vdot(x, x)) or bool(np.isfinite(x).all())


def overflowed(found: Mapping[str, Array], kinds: str | tuple[str, ...]) -> str | None:
    """The name of the first array of these kinds, by how a name begins, that holds NaN or infinity."""
    for name, x in found.items():
        if name.startswith(kinds) and not math.isfinite(np.vdot(x, x)) and not finite(x):
            return name
    return None


def arrays(given: Mapping[Any, Any]) -> dict[Any, Array]:
    """Each entry of a dict as `array` has it, all in one question; its key is the argument's name."""
    found = dict(given)
    for name, x in given.items():
        if x.__class__ is not np.ndarray or x.dtype.char not in _FLOATS or not x.size or not math.isfinite(np.vdot(x, x)):
            found[name] = array(x, name)
    return found


def alike(**given: Any) -> tuple[Array, ...]:
    """Each as `array` has it; ValueError unless they have one shape, that of the last, with a dimension or more."""
    found = arrays(given)
    (*names, last) = found
    if found[last].ndim == 0:
        raise ValueError(f"{last}: expected an array, got the single number {found[last]!r}")
    for name in names:
        same_shape(found[name], name, found[last], last)
    return tuple(found.values())


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


def fitting(W: Any, A_below: Any, b: Any) -> tuple[Array, ...]:
    """Arrays of which W A_below + b can be made; ValueError otherwise."""
    W, A_below, b = batch(W, "W"), batch(A_below, "A_below"), batch(b, "b")
    if len(A_below) != W.shape[1]:
        raise ValueError(f"A_below: expected {W.shape[1]} units (rows), as W has columns, got shape {A_below.shape}")
    expect_bias(b, "b", W, "W")
    return W, A_below, b


def expect_bias(b: Array, argument: str, W: Array, weights: str) -> None:
    """ValueError unless b is a column with a row for each row of W."""
    if b.shape != (len(W), 1):
        raise ValueError(f"{argument}: expected shape ({len(W)}, 1), a row for each row of {weights}, got {b.shape}")


def of_one_batch(dZ: Any, A_below: Any) -> tuple[Array, ...]:
    """Two arrays with as many examples (columns); ValueError otherwise."""
    dZ, A_below = batch(dZ, "dZ"), batch(A_below, "A_below")
    if A_below.shape[1] != dZ.shape[1]:
        raise ValueError(f"A_below: expected {dZ.shape[1]} examples (columns), as dZ has, got shape {A_below.shape}")
    return dZ, A_below


def labels(x: Any, argument: str, classes: int) -> Array:
    """x as labels 0 … classes − 1, one an example; TypeError or ValueError otherwise."""
    try:
        given = np.asarray(x)
    except ValueError:
        raise ValueError(f"{argument}: expected a list of labels, got {short(x)}") from None
    except Exception:  # what a stranger's __array__ may raise
        raise TypeError(f"{argument}: expected a list of labels, got {type(x).__name__}") from None
    if given.ndim != 1 or given.size == 0:
        raise ValueError(f"{argument}: expected a list of one or more labels, got shape {given.shape}")
    if given.dtype.kind not in "iu":
        raise TypeError(f"{argument}: expected whole numbers, got {given.dtype}")
    expect_unmasked(x, argument)
    outside = given[(given < 0) | (given >= classes)]
    if outside.size:
        raise ValueError(f"{argument}: expected 0 to {classes - 1}, got {outside[0]}")
    return given


def generator(seed: Any, argument: str) -> np.random.Generator:
    """Random numbers from a seed, a whole number ≥ 0; a Generator goes on where it stands."""
    if isinstance(seed, np.random.Generator):
        return seed
    whole_ = None
    with contextlib.suppress(Exception):  # no whole number, or a stranger's
        whole_ = None if isinstance(seed, bool) else operator.index(seed)
    if whole_ is None:
        raise TypeError(f"{argument}: expected a whole number ≥ 0 or a numpy Generator, got {type(seed).__name__} {short(seed)}")
    if whole_ < 0:
        raise ValueError(f"{argument}: expected a whole number ≥ 0, got {whole_}")
    return np.random.default_rng(whole_)


def short(x: Any) -> str:
    """How x prints, cut where it is long or cannot be printed."""
    try:
        text = repr(x)
    except Exception:  # a stranger's __repr__
        return "(unprintable)"
    return text if len(text) <= 200 else f"{text[:200]} …"
