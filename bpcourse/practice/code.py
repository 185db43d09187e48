"""A reader's own function, run against the book's on random numbers.

`check_code` tells whether a function is right; `diagnose` tells which of its results is
the first wrong one, and the mistake behind it: the catalogue's mistakes are made in the
derivation that the function should follow, and what comes out is compared with what
the function gives. No mistake is written here.

Book: chapters 01 to 20, in their notebooks.
"""

from __future__ import annotations

import copy
import inspect
import itertools
import linecache
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from bpcourse import checks
from bpcourse.graph import Value
from bpcourse.layers import ACTIVATIONS, LOSSES, OUTPUTS
from bpcourse.practice.cases import CIRCUITS, KINDS, SLOPES, Case, Setting, module_gradients, of_gate, of_module, of_sweep, sweep
from bpcourse.practice.diagnosis import Verdict
from bpcourse.practice.exercises import Code
from bpcourse.practice.mistakes import at_all_steps, possible
from bpcourse.practice.rules import UNFIT, Mistake

RTOL, ATOL = 1e-6, 1e-9


def check_code(question: Code, function: Any) -> Verdict:
    """Whether the function gives on every case what the solution gives.

    TypeError where it is no function. What it raises is told with its line, not raised.

    Book: chapters 01 to 20.
    """
    checks.function(function, "answer", "the arguments that the stub names")
    for case in question.cases():
        out, told = _run(function, case)
        if told is None and (how := _difference(out, question.solved(*copy.deepcopy(case)))):
            told = f"Not right yet. For {_listed(case)}: {how}"
        if told:
            return Verdict("mistake", told)
    return Verdict("right", "Right on every case.")


def _listed(case: Sequence[Any]) -> str:
    """The arguments of a case, where they are short enough to read."""
    text = ", ".join(checks.short(argument) for argument in case)
    return f"({text})" if len(text) <= 80 and "\n" not in text and " at 0x" not in text else "one of the cases"


def _run(function: Callable[..., Any], arguments: Sequence[Any]) -> tuple[Any, str | None]:
    """What the function gives; or what is said where it gives nothing, raises, or changes its arguments."""
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError as error:
        return None, f"The function is called with {len(arguments)} argument(s), but: {error}."
    except ValueError:  # a builtin has no signature to ask
        pass
    given = copy.deepcopy(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            out = function(*given)
    except Exception as error:  # a reader's own function may raise anything
        return None, f"The function raised {type(error).__name__}: {_message(error)} {_place(error)}".rstrip()
    if out is None or out is Ellipsis:
        return None, "The function returns nothing yet. Fill in the stub and return the result, then run this cell again."
    if any(_numeric(x) and _difference(x, y) for x, y in zip(_leaves(given), _leaves(arguments))):
        return None, "The function changes what it was given. Make new arrays: W = W - step, not W -= step."
    return out, None


def _leaves(x: Any) -> Iterator[Any]:
    """The arrays and numbers of nested lists and dicts."""
    if isinstance(x, Mapping | tuple | list):
        for part in x.values() if isinstance(x, Mapping) else x:
            yield from _leaves(part)
    else:
        yield x


def _message(error: Exception) -> str:
    try:
        return str(error) or "no message"
    except Exception:  # a stranger's __str__
        return "no message"


def _place(error: Exception) -> str:
    """The last line of the reader's own file that the error went through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    lines = [frame for frame in frames if frame.filename == frames[0].filename]
    if not lines or not lines[-1].lineno:
        return ""
    return f"(line {lines[-1].lineno}: {linecache.getline(lines[-1].filename, lines[-1].lineno).strip()})"


# ------------------------------------------------------------------- how results differ


def _difference(got: Any, expected: Any, where: str = "the result") -> str | None:
    """How a result differs from the expected one, in words and without giving it away; None where it does not."""
    if isinstance(expected, Mapping):
        if not isinstance(got, Mapping):
            return f"{where}: expected a dict with {', '.join(map(repr, expected))}, got {type(got).__name__}."
        missing = [key for key in expected if key not in got]
        if missing:
            return f"{where}: {', '.join(map(repr, missing))} is missing."
        return _first(_difference(got[key], expected[key], str(key)) for key in expected)
    if isinstance(expected, tuple | list) and not _numeric(expected):
        if not isinstance(got, tuple | list) or len(got) != len(expected):
            came = f"{len(got)}" if isinstance(got, tuple | list) else type(got).__name__
            return f"{where}: expected {len(expected)} values, got {came}."
        return _first(_difference(a, b, f"value {k} of {where}") for k, (a, b) in enumerate(zip(got, expected), start=1))
    if isinstance(expected, Value):
        return _difference(getattr(got, "value", got), expected.value, where)
    if not _numeric(expected) or isinstance(expected, bool | np.bool_):
        return None if got is expected or _equal(got, expected) else f"{where}: it is not what it should be."
    return _numbers_differ(got, expected, where)


def _first(told: Iterator[str | None]) -> str | None:
    return next(filter(None, told), None)


def _equal(a: Any, b: Any) -> bool:
    try:
        return bool(a == b) or callable(b)
    except Exception:  # what a stranger's == may raise
        return False


def _numeric(x: Any) -> bool:
    """Whether x is a number, or rows of numbers."""
    try:
        return np.asarray(x).dtype.kind in "fiub" and not isinstance(x, str)
    except Exception:  # ragged rows, or a stranger's
        return False


def _numbers_differ(got: Any, expected: Any, where: str) -> str | None:
    if not _numeric(got):
        return f"{where}: expected numbers, got {type(got).__name__}."
    a, b = np.asarray(got, float), np.asarray(expected, float)
    turned = a.ndim == 2 and a.T.shape == b.shape and np.allclose(a.T, b, rtol=RTOL, atol=ATOL)
    transposed = f"{where}: that is the transpose: rows and columns have changed places."
    if a.shape != b.shape:
        return transposed if turned else f"{where}: expected shape {b.shape}, got {a.shape}."
    if not np.isfinite(a).all() and np.isfinite(b).all():
        return f"{where}: NaN or infinity came out."
    if np.allclose(a, b, rtol=RTOL, atol=ATOL):
        return None
    return transposed if turned else f"{where}: {_by_how_much(a, b)}"


def _by_how_much(a: Any, b: Any) -> str:
    """Whether all numbers are off by one factor, or how many are right."""
    factor = np.vdot(a, b) / np.vdot(b, b) if np.vdot(b, b) else 0.0
    if factor and np.allclose(a, factor * b, rtol=RTOL, atol=ATOL):
        return "the size is right, the sign is not." if np.isclose(factor, -1) else f"it is {factor:.4g} times what it should be."
    good = int(np.isclose(a, b, rtol=RTOL, atol=ATOL).sum())
    return f"{good} of {a.size} numbers are right." if a.size > 1 else f"too {'large' if a.sum() > b.sum() else 'small'}."


# ------------------------------------------------------------------- the mistake in a function


def diagnose(
    function: Any,
    like: str | None = None,
    sizes: Sequence[int] = (3, 4, 2),
    hidden: str = "relu",
    output: str = "softmax",
    loss: str = "cross_entropy",
    criterion: Callable[..., Any] | None = None,
    seed: int = 0,
) -> Verdict:
    """Which result of a function is wrong first, and the mistake that gives it.

    `like` says what the function is to be, by default its own name:

        forward(X, parameters)                  a dict of Z1, A1, …
        backpropagation(cache, Y, parameters)   a dict of dW1, db1, …; of dZ1, dA1 where you like
        gradients(X, Y, parameters)             the same, forward included
        update(parameters, grads, eta)          a dict of W1, b1, …
        affine_vjp(dZ, A_below)                 (dW, db), means over the batch
        activation_vjp(dA, Z, A)                dZ, for the activation `hidden`
        softmax_vjp(dA, A)                      dZ
        multiply(out, a, b), sigmoid(out, x), … the local gradients of a gate
        Value                                   a class with +, *, backward() and .grad
        module                                  a PyTorch module; one example is a row

    Arrays are (units, examples); `sizes`, `hidden`, `output` and `loss` say of which
    network. The gradients of a module are those of criterion(module(X), Y).

    Raises ValueError and TypeError where an argument is not one of these. What the
    function raises is told, not raised.

    Book: chapters 03, 09 to 12.
    """
    checks.function(function, "function", "numbers or arrays, or a class")
    name = getattr(function, "__name__", None) if like is None else like
    kind = checks.choice(name, "like", [*KINDS, "Value", "module", *SLOPES])
    rng = checks.generator(seed, "seed")
    setting = Setting(
        checks.sizes(sizes), checks.choice(hidden, "hidden", ACTIVATIONS), checks.choice(output, "output", OUTPUTS),
        checks.choice(loss, "loss", LOSSES),
    )  # fmt: skip
    for below, units in itertools.pairwise(setting.sizes):
        checks.expect_room("sizes", below, units)
    if kind == "module":
        checks.function(criterion, "criterion", "predictions and labels")
        cases = of_module(rng, setting, function)
        return _diagnosed(lambda *batch: module_gradients(function, criterion, *batch), cases)
    if kind == "Value":
        found = [_diagnosed(partial(sweep, function, circuit), of_sweep(rng, circuit)) for circuit in CIRCUITS]
        return next((verdict for verdict in found if not verdict.accepted), found[0])
    return _diagnosed(function, KINDS[kind](rng, setting) if kind in KINDS else of_gate(rng, kind))


def _diagnosed(function: Callable[..., Any], cases: Sequence[Sequence[Case]]) -> Verdict:
    """What is said of a function on random cases, each of which has one derivation or more."""
    came = []
    for ways in cases:
        out, told = _run(function, ways[0].arguments)
        out, told = (out, told) if told else _named(out, ways[0].results)
        if told:
            return Verdict("mistake", told)
        came.append({name: out[name] for name in [step.name for step in ways[0].derivation.steps] if name in out})
    right = [_values(ways[0]) for ways in cases]
    names = list(came[0])
    wrong = [name for name in names if any(_difference(out[name], values[name]) for out, values in zip(came, right))]
    if not wrong:
        return Verdict("right", "Right on every case.")
    first = wrong[0]
    how = _first(_difference(out[first], values[first], first) for out, values in zip(came, right))
    good = [name for name in names if name not in wrong]
    text = f"{how} It is the first that is wrong" + (f"; right: {', '.join(good)}." if good else ".")
    upto = names[: names.index(first) + 1]
    found = _explaining(cases, came, names) or _explaining(cases, came, upto)
    if found:
        causes = [f"{m.name} (in {', '.join(at)}). {m.why} {m.see} (Chapter {int(m.chapter)}.)" for m, at in found.values()]
        text += " This is what comes out with: " + " Or: ".join(causes)
    return Verdict("mistake", text, tuple(found), first)


def _named(out: Any, results: Mapping[str, str]) -> tuple[Any, str | None]:
    """The results by the names of the steps, or what is said where some are missing."""
    if isinstance(out, Mapping):
        missing = [name for name in results if name not in out]
        if missing:
            return None, f"The dict that the function returns has no {', '.join(missing)}."
        return {**out, **{step: out[name] for name, step in results.items()}}, None
    row = out if isinstance(out, tuple) or (isinstance(out, list) and len(results) > 1) else (out,)
    if len(results) > 2 or len(row) != len(results):
        return None, f"The function should return {', '.join(results)}; what came is {checks.short(out)}."
    return dict(zip(results.values(), row)), None


def _explaining(
    cases: Sequence[Sequence[Case]], came: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> dict[str, tuple[Mistake, list[str]]]:
    """The mistakes that give all results of these names in all cases, and the steps where they are made."""
    found: dict[str, tuple[Mistake, list[str]]] = {}
    for k, case in enumerate(cases[0]):
        for made in _makeable(case, names):
            if all(_gives(ways[k], made, out, names) for ways, out in zip(cases, came)):
                mistake = next(iter(made.values()))
                found.setdefault(mistake.name, (mistake, list(made)))
    return found


def _makeable(case: Case, names: Sequence[str]) -> list[dict[str, Mistake]]:
    """Every mistake that can be made: at one step, or by one line of a loop at all of its steps."""
    reached = {step.name for name in names for step in case.derivation.before(name)} - {*case.given}
    made = [(step.name, m) for step in case.derivation.steps if step.name in reached for m in possible(step)]
    return [*({step: m} for step, m in made), *at_all_steps(made, id), *at_all_steps(made)]


def _gives(case: Case, made: Mapping[str, Mistake], out: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Whether the mistakes give these results."""
    try:
        with np.errstate(all="ignore"):
            values = _values(case, made)
    except UNFIT:
        return False
    return not any(_difference(out[name], values[name]) for name in names)


def _values(case: Case, wrong: Mapping[str, Mistake] | None = None) -> dict[str, Any]:
    """All values of a case, with mistakes made; what is given comes right."""
    numbers = case.derivation.drawn()
    put = {name: value for name, value in case.derivation.run(numbers).items() if name in case.given}
    return case.derivation.run(numbers, put, {name: mistake.formula for name, mistake in (wrong or {}).items()})
