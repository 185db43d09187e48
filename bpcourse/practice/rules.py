"""The rules by which a derivation's steps are made: one row a rule.

A rule is a formula of named parts. The formulas use only what numbers, arrays and
graph values share, so the same row gives a number here and, printed by `codegen`, the
same number in the page. The local gradients are those of the gate table.

Arrays are (units, examples), one example a column; single numbers are floats.

Book: chapters 03 to 16.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bpcourse.gates import GATES, Gate


class Rule(NamedTuple):
    """How a value is made: a formula of named parts, in LaTeX and as a function.

    The function's parameters are the parts. A step may offer more than the rule
    needs: its mistakes use them.
    """

    name: str
    tex: str
    formula: Callable[..., Any]


def each(gate: str | Gate, *inputs: Any) -> Any:
    """A gate entry by entry: of numbers, arrays, and arrays of graph values."""
    return _entry_by_entry(GATES[gate] if isinstance(gate, str) else gate, *inputs)


def local(gate: Gate, k: int, out: Any, *inputs: Any) -> Any:
    """The gate's local gradient for its k-th input, entry by entry."""
    return _entry_by_entry(lambda *point: 1.0 * gate.local(*point)[k], out, *inputs)


def _entry_by_entry(function: Callable[..., Any], *inputs: Any) -> Any:
    if not any(isinstance(x, np.ndarray) for x in inputs):
        return function(*inputs)
    out = np.frompyfunc(function, len(inputs), 1)(*inputs)
    return out if any(getattr(x, "dtype", None) == np.dtype(object) for x in inputs) else out.astype(float)


def softmax(z: Any) -> Any:
    """e^z_j / Σ_k e^z_k down each column."""
    e = each("exp", z)
    return e / total(e)


def total(x: Any) -> Any:
    """The sum of each column, as a row; ValueError for a single number, which has none."""
    if not isinstance(x, np.ndarray):
        raise ValueError(f"x: expected an array, got {x!r}")
    return x.sum(axis=0, keepdims=True)


def mean(x: Any) -> Any:
    """The mean over the examples, as a column."""
    return x.sum(axis=1, keepdims=True) / x.shape[1]


def size(x: Any) -> Any:
    """The size of a number without its sign, written with gates."""
    return each("maximum", x, -x)


_RULES = [
    # forward
    Rule("weighted sum", "{W} {a} + {b}", lambda W, a, b: W @ a + b),
    Rule("softmax", "\\operatorname{{softmax}}({x})", lambda x: softmax(x)),
    Rule("squared error", "\\sum ({y} - {a})^2", lambda y, a: total((y - a) * (y - a))),
    Rule("half the squared error", "\\tfrac12 \\sum ({y} - {a})^2", lambda y, a: 0.5 * total((y - a) * (y - a))),
    Rule("cross-entropy", "-\\sum {y} \\ln {a}", lambda y, a: -total(y * each("log", a))),
    Rule("binary cross-entropy", "-\\sum ({y} \\ln {a} + (1-{y}) \\ln (1-{a}))",
         lambda y, a: -total(y * each("log", a) + (1 - y) * each("log", 1 - a))),
    Rule("mean over the examples", "\\tfrac1m \\sum {L}", lambda L: L.sum() / L.shape[1]),
    Rule("labels in columns", "{y}", lambda y: y),
    # back through the loss and the output layer
    Rule("slope of squared error", "2({a} - {y})", lambda y, a: 2 * (a - y)),
    Rule("slope of half the squared error", "{a} - {y}", lambda y, a: a - y),
    Rule("slope of cross-entropy", "-{y} / {a}", lambda y, a: -(y / a)),
    Rule("slope of binary cross-entropy", "({a} - {y}) / ({a}(1-{a}))", lambda y, a: (a - y) / (a * (1 - a))),
    Rule("back through the softmax", "{a} \\circ ({u} - \\sum {u}\\,{a})", lambda u, a: a * (u - total(u * a))),
    Rule("output minus label", "{a} - {y}", lambda y, a: a - y),
    # back through a layer
    Rule("upstream times local", "{u} \\cdot {local}", lambda u, local: u * local),
    Rule("back through the weights", "{W}^\\top {delta}", lambda W, delta: W.T @ delta),
    Rule("gradient of the weights", "{delta}\\,{a}^\\top", lambda delta, a: delta @ a.T),
    Rule("gradient of the biases", "{delta}", lambda delta: delta),
    Rule("mean gradient of the weights", "{delta}\\,{a}^\\top / m", lambda delta, a: delta @ a.T / delta.shape[1]),
    Rule("mean gradient of the biases", "\\tfrac1m \\sum {delta}", lambda delta: mean(delta)),
    Rule("gradient after the step", "{delta}\\,{a}^\\top", lambda delta, a: delta @ a.T),
    Rule("step downhill", "{w} - {eta}\\,{g}", lambda w, eta, g: w - eta * g),
    Rule("entry", "[{M}]_{{{row}{column}}}", lambda M, row, column: M[row - 1, column - 1]),
    # paths, products, quotients, nudges
    Rule("sum over the paths", "{g1} + {g2}", lambda g1, g2: g1 + g2),
    Rule("product along the path", "{outer} \\cdot {inner}", lambda outer, inner: outer * inner),
    Rule("product rule", "{du}\\,{v} + {u}\\,{dv}", lambda u, v, du, dv: du * v + u * dv),
    Rule("quotient rule", "({du}\\,{v} - {u}\\,{dv}) / {v}^2", lambda u, v, du, dv: (du * v - u * dv) / (v * v)),
    Rule("central difference", "(f({x} + {eps}) - f({x} - {eps})) / 2{eps}",
         lambda f, x, eps: (f(x + eps) - f(x - eps)) / (2 * eps)),
    Rule("one nudge", "(f({x} + {eps}) - f({x})) / {eps}", lambda f, x, eps: (f(x + eps) - f(x)) / eps),
    Rule("power", "{x}^{{{n}}}", lambda x, n: x**n),
    Rule("local gradient of power", "{n}\\,{x}^{{{n}-1}}", lambda x, n: n * x ** (n - 1)),
    # chapters 01 and 02
    # chapters 04 to 06
    Rule("predicted change", "-{eta}\\,({g})^2", lambda eta, g: -eta * g * g),
    Rule("to the left", "{u} \\cdot {w}", lambda u, w: u * w),
    Rule("to the weight", "{u} \\cdot {a}", lambda u, a: u * a),
    Rule("sum over three paths", "{g1} + {g2} + {g3}", lambda g1, g2, g3: g1 + g2 + g3),
    Rule("matrix product", "{A}\\,{B}", lambda A, B: A @ B),
    Rule("sum of one unit", "\\text{{row {row} of }} {W} \\cdot {a} + b_{row}",
         lambda W, a, b, row: W[row - 1 : row] @ a + b[row - 1 : row]),
    Rule("parameters of a layer", "{n}\\,{k} + {n}", lambda n, k: n * k + n),
    Rule("parameters of two layers", "{first} + {second}", lambda first, second: first + second),
    # chapters 07 to 09
    Rule("gradient of one weight", "[{delta}]_{{{row}}}\\,[{a}]_{{{column}}}",
         lambda delta, a, row, column: delta[row - 1, 0] * a[column - 1, 0]),
    Rule("slope of the softmax, own logit", "[{a}]_{{{row}}}\\,(1 - [{a}]_{{{row}}})",
         lambda a, row: a[row - 1, 0] * (1 - a[row - 1, 0])),
    Rule("slope of the softmax, other logit", "-[{a}]_{{{row}}}\\,[{a}]_{{{column}}}",
         lambda a, row, column: -(a[row - 1, 0] * a[column - 1, 0])),
    Rule("through one output", "[{u}]_{{{row}}} \\cdot {s}", lambda u, s, row: u[row - 1, 0] * s),
    Rule("deltas that sum to zero", "-{delta}", lambda delta: -delta),
    Rule("relative error", "|{a} - {n}| / \\max(|{a}|, |{n}|)",
         lambda a, n: size(a - n) / each("maximum", size(a), size(n))),
    Rule("multiplications forward", "{p}\\,{q} + {q}\\,{r}", lambda p, q, r: p * q + q * r),
    Rule("multiplications backward", "{p}\\,{q} + 2\\,{q}\\,{r}", lambda p, q, r: p * q + 2 * q * r),
    # chapters 13 and 14
    # chapters 15 and 16
    # chapters 17 and 18
]  # fmt: skip

_GATE_TEX = {
    "add": ("{a} + {b}", "1", "1"),
    "subtract": ("{a} - {b}", "1", "-1"),
    "multiply": ("{a} \\cdot {b}", "{b}", "{a}"),
    "divide": ("{a} / {b}", "1/{b}", "-{a}/{b}^2"),
    "negate": ("-{x}", "-1"),
    "reciprocal": ("1/{x}", "-1/{x}^2"),
    "square": ("{x}^2", "2\\,{x}"),
    "sqrt": ("\\sqrt{{{x}}}", "1/(2\\,{out})"),
    "exp": ("e^{{{x}}}", "{out}"),
    "log": ("\\ln {x}", "1/{x}"),
    "sigmoid": ("\\sigma({x})", "{out}(1-{out})"),
    "tanh": ("\\tanh {x}", "1-{out}^2"),
    "identity": ("{x}", "1"),
    "sin": ("\\sin {x}", "\\cos {x}"),
    "cos": ("\\cos {x}", "-\\sin {x}"),
    "relu": ("\\max({x}, 0)", "[{x} > 0]"),
    "maximum": ("\\max({a}, {b})", "[{a} > {b}]", "[{b} > {a}]"),
    "minimum": ("\\min({a}, {b})", "[{a} < {b}]", "[{b} < {a}]"),
}


def _gate_rules() -> list[Rule]:
    """For each gate its output, and its local gradient for each input, from the gate's row."""
    rules = []
    for name, (out, *locals_) in _GATE_TEX.items():
        gate = GATES[name]
        if gate.arity == 1:
            rules += [
                Rule(name, out, lambda x, gate=gate: each(gate, x)),
                Rule(f"local gradient of {name}", locals_[0], lambda out, x, gate=gate: local(gate, 0, out, x)),
            ]
        else:
            rules.append(Rule(name, out, lambda a, b, gate=gate: each(gate, a, b)))
            rules += [
                Rule(f"local gradient of {name}, {side} input", tex, lambda out, a, b, gate=gate, k=k: local(gate, k, out, a, b))
                for k, (side, tex) in enumerate(zip(("first", "second"), locals_))
            ]
    return rules


RULES: dict[str, Rule] = {rule.name: rule for rule in [*_gate_rules(), *_RULES]}
"""Every rule by its name."""


@cache
def parts_of(formula: Callable[..., Any]) -> tuple[str, ...]:
    """The names of the parts that a formula needs."""
    parameters = inspect.signature(formula).parameters.values()
    return tuple([p.name for p in parameters if p.default is p.empty])
