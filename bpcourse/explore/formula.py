"""A formula in x that a reader types: read sign by sign, never run as code.

`postfix` says what to compute, in order; its twin in `v_curve.js` reads the same.
`as_graph` computes it with gates.

Book: chapter 16.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from typing import Any, NoReturn

from bpcourse import checks
from bpcourse.gates import GATES
from bpcourse.graph import Value, expect_value

FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "relu")
"""What a formula may call: gates of the table. Book: chapter 16."""

LONGEST, HIGHEST = 60, 20
"""The most characters of a formula, and the highest whole power that is made by products. Book: chapter 16."""

_OTHERS = {"−": "-", "×": "*", "·": "*", "÷": "/", "π": " pi ", ",": ".", "**": "^"}
_TOKEN = re.compile(r"((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?)|([a-z]+)|([^ ])")
_SIGNS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}
_NAMES: dict[str, str | float] = {"x": "x", "e": math.e, "pi": math.pi}


def postfix(formula: str) -> list[str | float]:
    """The formula's numbers, its x, and the gates that take the last one or two of what stands before.

    e^(2x) is [e, 2, "x", "multiply", "power"]. A number before a name or a bracket multiplies
    it; ^ binds from the right.

    Raises ValueError that says what was expected and what came; TypeError for what is no text.
    """
    text = checks.text(formula, "formula")
    if len(text) > LONGEST:
        raise ValueError(f"formula: expected at most {LONGEST} characters, got {len(text)}")
    for other, sign in _OTHERS.items():
        text = text.replace(other, sign)
    tokens = [token[0] for token in _TOKEN.finditer(text)]
    out: list[str | float] = []

    def wrong(expected: str) -> NoReturn:
        raise ValueError(f"formula: expected {expected}, got {tokens[0] if tokens else 'the end'}")

    def take(signs: Collection[str], expected: str = "") -> str:
        """The next token, if it is one of these; otherwise nothing, or an error where it is expected."""
        if tokens and tokens[0] in signs:
            return tokens.pop(0)
        return wrong(expected) if expected else ""

    def atom() -> None:
        if tokens and tokens[0][-1] in "0123456789.":
            number = float(tokens[0]) if tokens[0] != "." else math.inf
            out.append(number if math.isfinite(number) else wrong("a number"))
            tokens.pop(0)
        elif name := take(_NAMES):
            out.append(_NAMES[name])
        else:
            gate = take(FUNCTIONS)
            take("(", f"a bracket after {gate}" if gate else f"a number, a bracket, x, e, pi or one of {', '.join(FUNCTIONS)}")
            total()
            take(")", "a bracket that closes")
            out.extend([gate] if gate else [])

    def factor() -> None:
        if take("-"):
            factor()
            out.append("negate")
            return
        atom()
        if take("^"):
            factor()
            out.append("power")

    def product() -> None:
        factor()
        while tokens and (tokens[0] in "*/(" or tokens[0] in _NAMES or tokens[0] in FUNCTIONS):
            sign = take("*/") or "*"
            factor()
            out.append(_SIGNS[sign])

    def total() -> None:
        product()
        while sign := take("+-"):
            product()
            out.append(_SIGNS[sign])

    total()
    if tokens:
        wrong("a sign between two numbers")
    if "x" not in out:
        raise ValueError("formula: expected an x in it, got none")
    return out


def as_graph(formula: str, x: Value) -> Value:
    """The formula as a graph of x.

    A whole power up to 20 is a product, e^u is exp(u), and any other a^b is exp(b log a).

    Raises ValueError as `postfix`, and where a gate is not defined at x; TypeError where
    formula is no text or x not a Value.
    """
    expect_value(x, "x")
    stack: list[Value | float] = []
    for token in postfix(formula):
        if token == "x":
            stack.append(x)
        elif isinstance(token, float):
            stack.append(token)
        elif token == "power":
            b, a = stack.pop(), stack.pop()
            stack.append(_power(a, b))
        else:
            gate = GATES[token]
            stack[-gate.arity :] = [gate(*stack[-gate.arity :])]
    return stack[0] if isinstance(stack[0], Value) else Value(stack[0])


def _power(a: Value | float, b: Value | float) -> Any:
    if not isinstance(b, Value) and b == int(b) and abs(b) <= HIGHEST:
        out: Any = 1.0
        for _ in range(int(abs(b))):
            out = GATES["multiply"](out, a)
        return out if b >= 0 else GATES["divide"](1.0, out)
    if not isinstance(a, Value) and a == math.e:
        return GATES["exp"](b)
    return GATES["exp"](GATES["multiply"](b, GATES["log"](a)))
