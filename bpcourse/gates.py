"""The gate table: what each gate computes and how it passes a nudge on.

One row is one gate. Its local gradients are written with the operators that
numbers, numpy arrays and graph nodes share, so the same row gives numbers
(`bpcourse.graph.Value.backward`), whole layers (`bpcourse.layers`) and the
derivative's own graph (`bpcourse.graph.gradient`). To add a gate, add a row: with
one input it can be a network's activation at once.

Book: chapter 03.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import numpy as np

from bpcourse import checks


class Domain(NamedTuple):
    """Where a gate is defined: the condition in words, and as a test."""

    text: str
    holds: Callable[..., bool]


@dataclass(frozen=True, eq=False)
class Gate:
    """One row of the gate table.

    `local(out, *inputs)` returns ∂out/∂input for each input, in order.
    `python` and `javascript` print the gate; `{0}` and `{1}` are its inputs.
    `kink(*inputs)` is 0 where the gate has a corner and no derivative; `commutes`
    where its two inputs may change places. `arrays` computes it for whole arrays;
    without one they are gone through entry by entry, as they are where `local` takes
    numbers alone. `activation` tells whether a layer may use it. `exponent` is the n of
    a gate that `power` made.
    """

    name: str
    symbol: str
    arity: int
    forward: Callable[..., float]
    local: Callable[..., tuple[Any, ...]]
    python: str
    javascript: str
    kink: Callable[..., float] | None = None
    domain: Domain | None = None
    arrays: Callable[..., Any] | None = None
    commutes: bool = False
    activation: bool = True
    exponent: float | None = None

    def __call__(self, *inputs: Any) -> Any:
        """The output: a number for numbers, an array for arrays, a new node where an input is a node."""
        for x in inputs:
            if hasattr(x, "apply_gate"):
                return x.apply_gate(self, *inputs)
        if len(inputs) == self.arity and any(isinstance(x, np.ndarray) for x in inputs):
            floats = [x.astype(float) if isinstance(x, np.ndarray) and x.dtype.kind in "iub" else x for x in inputs]
            return self.arrays(*floats) if self.arrays else _entry_by_entry(self.compute, *floats)
        return self.compute(*inputs)

    def compute(self, *inputs: float) -> float:
        """The output for finite numbers.

        Raises TypeError for a wrong number of inputs, ValueError for NaN or
        infinity, outside the domain, and where float64 cannot hold the output.
        """
        if len(inputs) != self.arity:
            raise TypeError(f"{self.name}: expected {self.arity} input(s), got {len(inputs)}")
        checks.finite_inputs(inputs, self.name)
        if self.domain is not None and not self.domain.holds(*inputs):
            raise ValueError(f"{self.name}: expected {self.domain.text}, got {_listed(inputs)}")
        try:
            out = self.forward(*inputs)
        except OverflowError:
            out = math.inf
        if not math.isfinite(out):
            raise ValueError(f"{self.name}: expected a result that float64 can hold, got an overflow from {_listed(inputs)}")
        return out

    def local_gradients(self, out: Any, *inputs: Any) -> tuple[Any, ...]:
        """∂out/∂input for each input; ValueError where one of them is infinite."""
        try:
            locals_ = self.local(out, *inputs)
        except (ArithmeticError, ValueError):  # also where a gate that it uses has no output
            locals_ = (math.inf,)
        except TypeError as error:  # of math.cos(x), or of `if x > 0`, where x is a node
            raise TypeError(f"{self.name}: expected local gradients of operators and gates, got TypeError: {error}") from error
        for local in locals_:
            if local.__class__ is float and math.isinf(local):
                raise ValueError(f"{self.name}: expected a point with a finite local gradient, got {_listed(inputs)}")
        return locals_

    def slopes(self, out: Any, x: Any) -> Any:
        """∂out/∂x of a gate with one input for whole arrays, entry by entry where the row takes numbers alone."""
        try:
            (slope,) = self.local(out, x)
        except (TypeError, ValueError):  # of math.cos(x), or of `if x > 0`
            return _entry_by_entry(lambda *point: self.local_gradients(*point)[0], out, x)
        return slope

    def __deepcopy__(self, memo: dict[int, Any]) -> Gate:
        return self

    def __reduce__(self) -> tuple[Callable[..., Gate], tuple[Any, ...]]:
        if self.exponent is not None:
            return power, (self.exponent,)
        if GATES.get(self.name) is not self:
            raise TypeError(f"pickle: expected a gate of the table, which is found by its name, got {self!r}")
        return _named, (self.name,)

    def __repr__(self) -> str:
        return f"<gate {self.name}>"


def _named(name: str) -> Gate:
    return GATES[name]


def _entry_by_entry(f: Callable[..., Any], *arrays: Any) -> Any:
    return np.asarray(np.frompyfunc(f, len(arrays), 1)(*arrays)).astype(np.result_type(*arrays))


def _listed(inputs: tuple[Any, ...]) -> str:
    return ", ".join(map(checks.short, inputs))


def _sigmoid(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)
    return e / (1 + e)


def _sigmoid_of_arrays(Z: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(Z))
    return np.where(Z >= 0, 1 / (1 + e), e / (1 + e))


def _power_locals(out: Any, a: Any, b: Any) -> tuple[Any, ...]:
    """Of a to the power b; where b moves, a negative a has no power."""
    base = getattr(a, "value", a)
    return b * a ** (b - 1), out * GATES["log"](a) if base > 0 else math.inf if base else 0.0


_SIGMOID_PYTHON = "(1 / (1 + math.exp(-{0})) if {0} >= 0 else math.exp({0}) / (1 + math.exp({0})))"
_SIGMOID_JAVASCRIPT = "({0} >= 0 ? 1 / (1 + Math.exp(-{0})) : Math.exp({0}) / (1 + Math.exp({0})))"
_NOT_ZERO = Domain("x ≠ 0", lambda x: x != 0)
_POWER = Domain("a base > 0, or a whole exponent", lambda a, b: a > 0 or (b == int(b) if a else b >= 0))

# fmt: off
_ROWS = [
    #    name         symbol arity forward              local gradients                     Python            JavaScript
    Gate("add",        "+",   2, lambda a, b: a + b,    lambda out, a, b: (1.0, 1.0),       "({0} + {1})",    "({0} + {1})",
         commutes=True),
    Gate("subtract",   "−",   2, lambda a, b: a - b,    lambda out, a, b: (1.0, -1.0),      "({0} - {1})",    "({0} - {1})"),
    Gate("multiply",   "×",   2, lambda a, b: a * b,    lambda out, a, b: (b, a),           "({0} * {1})",    "({0} * {1})",
         commutes=True),
    Gate("divide",     "÷",   2, lambda a, b: a / b,    lambda out, a, b: (1 / b, -out / b), "({0} / {1})",   "({0} / {1})",
         domain=Domain("a denominator other than 0", lambda a, b: b != 0)),
    Gate("power",      "xʸ",  2, lambda a, b: a ** b,   _power_locals,           "(({0}) ** ({1}))",         "(({0}) ** ({1}))",
         domain=_POWER),
    Gate("negate",     "−1×", 1, lambda x: -x,          lambda out, x: (-1.0,),             "(-({0}))",       "(-({0}))",
         activation=False),
    Gate("identity",   "id",  1, lambda x: x,           lambda out, x: (1.0,),              "{0}",            "{0}",
         arrays=lambda Z: Z),
    Gate("reciprocal", "1/x", 1, lambda x: 1 / x,       lambda out, x: (-(out * out),),     "(1 / {0})",      "(1 / {0})",
         domain=_NOT_ZERO, activation=False),
    Gate("square",     "x²",  1, lambda x: x * x,       lambda out, x: (2 * x,),            "({0} * {0})",    "({0} * {0})",
         activation=False),
    Gate("sqrt",       "√",   1, math.sqrt,             lambda out, x: (0.5 / out,),        "math.sqrt({0})", "Math.sqrt({0})",
         domain=Domain("x ≥ 0", lambda x: x >= 0), activation=False),
    Gate("exp",        "exp", 1, math.exp,              lambda out, x: (out,),              "math.exp({0})",  "Math.exp({0})",
         arrays=np.exp, activation=False),
    Gate("log",        "ln",  1, lambda x: math.log(x), lambda out, x: (1 / x,),            "math.log({0})",  "Math.log({0})",
         domain=Domain("x > 0", lambda x: x > 0), activation=False),
    Gate("sigmoid",    "σ",   1, _sigmoid,              lambda out, x: (out * (1 - out),),  _SIGMOID_PYTHON, _SIGMOID_JAVASCRIPT,
         arrays=_sigmoid_of_arrays),
    Gate("tanh",       "tanh", 1, math.tanh,            lambda out, x: (1 - out * out,),    "math.tanh({0})", "Math.tanh({0})",
         arrays=np.tanh),
    Gate("sin",        "sin", 1, math.sin,              lambda out, x: (GATES["cos"](x),),  "math.sin({0})",  "Math.sin({0})",
         arrays=np.sin, activation=False),
    Gate("cos",        "cos", 1, math.cos,              lambda out, x: (-GATES["sin"](x),), "math.cos({0})",  "Math.cos({0})",
         arrays=np.cos, activation=False),
    Gate("relu",       "relu", 1, lambda x: max(x, 0.0), lambda out, x: (x > 0,),
         "({0} if {0} > 0.0 else 0.0)", "Math.max({0}, 0)", kink=lambda x: x, arrays=lambda Z: np.maximum(Z, 0)),
    Gate("maximum",    "max", 2, lambda a, b: max(a, b),
         lambda out, a, b: (0.5 * (a > b) + 0.5 * (a >= b), 0.5 * (b > a) + 0.5 * (b >= a)),
         "max({0}, {1})", "Math.max({0}, {1})", kink=lambda a, b: a - b, commutes=True),
    Gate("minimum",    "min", 2, lambda a, b: min(a, b),
         lambda out, a, b: (0.5 * (a < b) + 0.5 * (a <= b), 0.5 * (b < a) + 0.5 * (b <= a)),
         "min({0}, {1})", "Math.min({0}, {1})", kink=lambda a, b: a - b, commutes=True),
    Gate("greater",    ">",   2, lambda a, b: float(a > b),  lambda out, a, b: (0.0, 0.0),
         "(1.0 if {0} > {1} else 0.0)", "({0} > {1} ? 1 : 0)", kink=lambda a, b: a - b),
    Gate("at least",   "≥",   2, lambda a, b: float(a >= b), lambda out, a, b: (0.0, 0.0),
         "(1.0 if {0} >= {1} else 0.0)", "({0} >= {1} ? 1 : 0)", kink=lambda a, b: a - b),
]
# fmt: on

GATES: dict[str, Gate] = {gate.name: gate for gate in _ROWS}
"""Every gate by its name, but for the fixed powers, which `power` makes."""


_RAISED = str.maketrans("0123456789-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·")
_POWERS: WeakValueDictionary[float, Gate] = WeakValueDictionary()
"""The fixed powers in use: gates are compared by identity, so there is one for each exponent."""


def power(n: float) -> Gate:
    """The gate x ↦ xⁿ for one fixed exponent n, with local gradient n·xⁿ⁻¹.

    A negative x needs a whole n, and x = 0 needs n ≥ 0: ValueError otherwise,
    as for an n that is not finite; TypeError for one that is no number.
    """
    n = checks.number(n, "exponent")
    gate = _POWERS.get(n)
    if gate is None:
        gate = _POWERS[n] = _power(n)
    return gate


def _power(n: float) -> Gate:
    if n < 0:
        domain = Domain(f"x ≠ 0 under the exponent {n:g}" if n == int(n) else f"x > 0 under the exponent {n:g}",
                        lambda x: x > 0 or (x < 0 and n == int(n)))  # fmt: skip
    else:
        domain = Domain(f"x ≥ 0 under the exponent {n:g}", lambda x: x >= 0 or n == int(n))
    return Gate(
        f"power {n:g}", "x" + f"{n:g}".translate(_RAISED), 1,
        lambda x: float(x**n),
        lambda out, x: (n if n in (0, 1) else n * x ** (n - 1),),
        f"(({{0}}) ** {n!r})", f"(({{0}}) ** {n!r})",
        domain=domain, exponent=n,
    )  # fmt: skip
