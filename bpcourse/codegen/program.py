"""A graph and its derivative as a program: Python or JavaScript, one line a gate.

The derivative comes from `bpcourse.graph.gradient`, the graph without needless
gates from `bpcourse.codegen.simplify`, the spelling of each gate from the gate
table. What is printed is what runs.

Book: chapter 04.
"""

from __future__ import annotations

import itertools
import keyword
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.codegen.simplify import rewritten
from bpcourse.gates import Gate
from bpcourse.graph import Value, expect_value, expect_values, gradient, topological_order


class _Line(NamedTuple):
    name: str
    gate: Gate
    operands: tuple[str, ...]


class _Program(NamedTuple):
    """Lines in order; the results are names or numbers: the value, then the gradients."""

    inputs: list[str]
    lines: list[_Line]
    results: list[str]


def to_python(v: Value, inputs: Sequence[Value]) -> str:
    """The function f(inputs) → (value, (gradients)) as Python source.

    The parameters have the names of the inputs where these are plain and
    distinct, otherwise x1, x2, …. It needs `import math`.

    Raises TypeError where v or an input is not a Value, ValueError where there
    are no inputs or one stands twice.
    """
    return _python(_program_of(v, inputs), _bundled)


def compile_python(v: Value, inputs: Sequence[Value]) -> Callable[..., tuple[float, tuple[float, ...]]]:
    """`to_python`'s function itself: numbers in, (value, gradients) out.

    The gradients stand in the order of the inputs. Outside the domain of a gate
    it raises what Python's own arithmetic raises. Errors as `to_python`.

    Book: chapter 14.
    """
    return _compiled(to_python(v, inputs))


def table_to_javascript(results: Sequence[Value], inputs: Sequence[Value], float32: bool = False) -> str:
    """The function f(inputs) → [number, …]: any values of one graph, as JavaScript.

    With `float32`, every constant and every gate's output is rounded to float32;
    the inputs are taken as they come. Errors as `to_python`.

    Book: chapters 02 to 08, in the explorers.
    """
    program = _program(results, inputs, float32)
    return _javascript(program, f"[{', '.join(program.results)}]", "Math.fround({})" if float32 else "{}")


def compile_table(results: Sequence[Value], inputs: Sequence[Value], float32: bool = False) -> Callable[..., tuple[float, ...]]:
    """`table_to_javascript`'s function in Python: numbers in, the numbers out.

    Errors as `compile_python`.

    Book: chapters 02 to 08, in the explorers.
    """
    program = _program(results, inputs, float32)
    return _compiled(_python(program, lambda names: f"({', '.join(names)},)", "single({})" if float32 else "{}"))


class GateLines(NamedTuple):
    """A gate as a program: `out` of x and y, and its local gradients.

    `local_gradients` are expressions of x, y, out and of what the lines `between`
    compute. Book: chapter 14.
    """

    out: str
    between: list[str]
    local_gradients: list[str]


def gate_lines(gate: Gate, *point: float) -> GateLines:
    """Out and ∂out/∂x, ∂out/∂y of a gate, as Python.

    They are printed from a graph of the gate at this point, where it has to be
    defined. TypeError where gate is no gate of one or two inputs, each of which has
    its number in the point. Book: chapter 14, behind the methods of `Tape`.
    """
    if not isinstance(gate, Gate) or not len(point) == gate.arity <= 2:
        raise TypeError(f"gate: expected a gate and a number for each of its 1 or 2 inputs, got {checks.short((gate, *point))}")
    inputs = [Value(x, name) for x, name in zip(point, "xy")]
    out = gate(*inputs).named("out")
    locals_ = [local if isinstance(local, Value) else Value(local) for local in gate.local_gradients(out, *inputs)]
    program = _program(locals_, [*inputs, out])

    def spelled(line: _Line) -> str:
        return _spelled(line.gate.python, line)

    between = [f"{line.name} = {spelled(line)}" for line in program.lines]
    return GateLines(spelled(_Line("out", gate, ("x", "y")[: gate.arity])), between, program.results)


def _compiled(source: str) -> Callable[..., Any]:
    space: dict[str, Any] = {"math": math, "single": single}
    exec(compile(source, "<bpcourse.codegen>", "exec"), space)
    return space["f"]


def single(x: float) -> float:
    """x rounded to float32; ValueError where float32 cannot hold it. Book: chapter 02."""
    with np.errstate(over="ignore"):
        rounded = float(np.float32(checks.number(x, "x")))
    return checks.number(rounded, "x")


def _javascript(program: _Program, result: str, each: str = "{}") -> str:
    lines = [f"  const {line.name} = {each.format(_spelled(line.gate.javascript, line))};" for line in program.lines]
    return "\n".join([f"function f({', '.join(program.inputs)}) {{", *lines, f"  return {result};", "}", ""])


def _python(program: _Program, together: Callable[[Sequence[str]], str], each: str = "{}") -> str:
    spelled = [each.format(_spelled(line.gate.python, line)) for line in program.lines]
    return _def(program, spelled, together(program.results))


def _def(program: _Program, spelled: Sequence[str], result: str) -> str:
    """A Python function: each line as spelled, then the result."""
    body = [f"    {line.name} = {text}" for line, text in zip(program.lines, spelled)]
    return "\n".join([f"def f({', '.join(program.inputs)}):", *body, f"    return {result}", ""])


def _bundled(results: Sequence[str]) -> str:
    value, *gradients = results
    return f"{value}, ({', '.join(gradients)},)"


def _program_of(v: Value, inputs: Sequence[Value]) -> _Program:
    """The value and its gradients."""
    expect_value(v, "v")
    inputs = distinct_inputs(inputs)
    return _program([v, *gradient(v, inputs)], inputs)


def _program(results: Sequence[Value], inputs: Sequence[Value], float32: bool = False) -> _Program:
    results, inputs = expect_values(results, "results"), distinct_inputs(inputs)
    if not results:
        raise ValueError("results: expected at least one Value, got none")
    names = _parameters(inputs)
    parameters = {x: Value(x.value, name) for x, name in zip(inputs, names)}
    shorter = rewritten(results, parameters, single if checks.flag(float32, "float32") else float)
    spelled = dict(zip(parameters.values(), names))
    lines: list[_Line] = []
    for node in topological_order(*shorter):
        if node.gate is not None:
            operands = tuple([spelled[source] for source in node.inputs])
            lines.append(_Line(f"t{len(lines) + 1}", node.gate, operands))
            spelled[node] = lines[-1].name
        elif node not in spelled:
            spelled[node] = repr(node.value)
    return _Program(names, lines, [spelled[result] for result in shorter])


def distinct_inputs(inputs: Sequence[Value]) -> list[Value]:
    """The inputs, if they are one or more Values, each once.

    TypeError or ValueError otherwise.
    """
    values = expect_values(inputs, "inputs")
    if not values:
        raise ValueError("inputs: expected at least one Value, got none")
    if len(set(values)) < len(values):
        raise ValueError(f"inputs: expected each Value once, got {values!r}")
    return values


def _parameters(inputs: Sequence[Value]) -> list[str]:
    names = [x.name or "" for x in inputs]
    plain = all(re.fullmatch(r"[a-zA-Z]\w*", name, re.ASCII) and name not in _TAKEN for name in names)
    if plain and len(set(names)) == len(names) and not any(re.fullmatch(r"t\d+", name) for name in names):
        return names
    return [f"x{i}" for i in range(1, len(inputs) + 1)]


def _spelled(template: str, line: _Line) -> str:
    text = template.format(*line.operands)
    depths = list(itertools.accumulate((c == "(") - (c == ")") for c in text))
    text = text[1:-1] if text[0] == "(" and 0 not in depths[:-1] else text
    return re.sub(r"(?<![\w.])\((\w+)\)", r"\1", text)


_JAVASCRIPT_WORDS = (
    "var let const function new this typeof void delete switch case default do throw catch export super null true false Math "
    "arguments debugger enum eval extends implements instanceof interface package private protected public static"
)
_TAKEN = {*keyword.kwlist, *_JAVASCRIPT_WORDS.split(), "math", "np", "f", "max", "min", "float", "single"}
