"""A graph and its derivative as a program: Python, numpy or JavaScript.

The derivative comes from `bpcourse.graph.gradient`, the spelling of each gate
from the gate table; the graph without needless gates from `bpcourse.simplify`;
here is only what turns a graph into lines of code, one line a gate.

Book: chapter 04.
"""

from __future__ import annotations

import itertools
import keyword
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bpcourse.gates import Gate
from bpcourse.graph import Value, expect_value, gradient, topological_order
from bpcourse.simplify import rewritten


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

    Book: chapter 04.
    """
    return _python(_program_of(v, inputs), _bundled)


def to_numpy(v: Value, inputs: Sequence[Value]) -> str:
    """The same as `to_python`, entry by entry over arrays that fit each other.

    It needs `import numpy as np`. Errors as `to_python`.

    Book: chapter 04.
    """
    program = _program_of(v, inputs)
    shape = f"np.broadcast({', '.join(program.inputs)}).shape"
    results = [x if _is_name(x) else f"np.full({shape}, {x})" for x in program.results]
    return _def(program, [_spelled(line.gate.numpy, line) for line in program.lines], _bundled(results))


def to_javascript(v: Value, inputs: Sequence[Value]) -> str:
    """The function f(inputs) → [value, [gradients]] as JavaScript source.

    Errors as `to_python`.

    Book: chapter 04.
    """
    program = _program_of(v, inputs)
    value, *gradients = program.results
    return _javascript(program, f"[{value}, [{', '.join(gradients)}]]")


def compile_python(v: Value, inputs: Sequence[Value]) -> Callable[..., tuple[float, tuple[float, ...]]]:
    """`to_python`'s function itself: numbers in, (value, gradients) out.

    The gradients stand in the order of the inputs. Outside the domain of a gate
    it raises what Python's own arithmetic raises. What `to_python` prints as lines
    of their own stands folded into longer ones, as one would write them by hand:
    the same operations on the same numbers. Errors as `to_python`.

    Book: chapters 04 and 13.
    """
    return _compiled(_folded(_program_of(v, inputs)))


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
    compute. Book: chapter 13.
    """

    out: str
    between: list[str]
    local_gradients: list[str]


def gate_lines(gate: Gate, *point: float, numpy: bool = False) -> GateLines:
    """Out and ∂out/∂x, ∂out/∂y of a gate, as Python or, for arrays, as numpy.

    They are printed from a graph of the gate at this point, where it has to be
    defined. Book: chapter 13, behind `bpcourse.tape` and `bpcourse.levels`.
    """
    inputs = [Value(x, name) for x, name in zip(point, "xy")]
    out = gate(*inputs).named("out")
    locals_ = [local if isinstance(local, Value) else Value(local) for local in gate.local_gradients(out, *inputs)]
    program = _program(locals_, [*inputs, out])

    def spelled(line: _Line) -> str:
        return _spelled(line.gate.numpy if numpy else line.gate.python, line)

    between = [f"{line.name} = {spelled(line)}" for line in program.lines]
    return GateLines(spelled(_Line("out", gate, ("x", "y")[: gate.arity])), between, program.results)


def _compiled(source: str) -> Callable[..., Any]:
    space: dict[str, Any] = {"math": math, "single": single}
    exec(compile(source, "<bpcourse.codegen>", "exec"), space)
    return space["f"]


def single(x: float) -> float:
    """x rounded to float32. Book: chapter 02."""
    return float(np.float32(x))


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


def _folded(program: _Program) -> str:
    """The Python function with as few names as it needs.

    A line that is read once goes into the line that reads it, and a name whose
    number is read no more is given to another: so numbers are let go early.
    """
    read = Counter(itertools.chain(program.results, *(line.operands for line in program.lines)))
    results = set(program.results)
    inside: dict[str, tuple[str, int]] = {}
    statements = []
    for line in program.lines:
        parts = []
        for i, name in enumerate(line.operands):
            text, depth = inside.get(name, (name, 0))
            if name in inside and line.gate.python.count(f"{{{i}}}") > 1:  # the gate spells it twice
                statements.append((name, text))
                text, depth = name, 0
            parts.append((text, depth))
        depth = 1 + max(depth for _, depth in parts)
        text = line.gate.python.format(*(text for text, _ in parts))
        if read[line.name] == 1 and line.name not in results and depth < _DEEPEST:
            inside[line.name] = f"({text})", depth
        else:
            statements.append((line.name, text))
    return _with_few_names(program, statements)


def _with_few_names(program: _Program, statements: list[tuple[str, str]]) -> str:
    """The function with each name given again once its number is read no more."""
    reads = [set(_LINE_NAME.findall(text)) for _, text in statements]
    last = dict.fromkeys(program.results, len(statements))
    for i, names in reversed(list(enumerate(reads))):
        for name in names:
            last.setdefault(name, i)
    given: dict[str, str] = {}
    free: list[str] = []
    count = itertools.count(1)
    body = []
    for i, (name, text) in enumerate(statements):
        text = _LINE_NAME.sub(lambda found: given[found[0]], text)
        free += [given[old] for old in reads[i] if last[old] == i]
        given[name] = free.pop() if free else f"t{next(count)}"
        body.append(f"    {given[name]} = {text}")
    results = _bundled([given.get(name, name) for name in program.results])
    return "\n".join([f"def f({', '.join(program.inputs)}):", *body, f"    return {results}", ""])


_DEEPEST = 20
"""Gates inside each other in one line; Python reads some two hundred brackets."""
_LINE_NAME = re.compile(r"\bt\d+\b")


def _bundled(results: Sequence[str]) -> str:
    value, *gradients = results
    return f"{value}, ({', '.join(gradients)},)"


def _program_of(v: Value, inputs: Sequence[Value]) -> _Program:
    """The value and its gradients."""
    expect_value(v, "v")
    return _program([v, *gradient(v, inputs)], inputs)


def _program(results: Sequence[Value], inputs: Sequence[Value], float32: bool = False) -> _Program:
    names = _parameters(distinct_inputs(inputs))
    parameters = {x: Value(x.value, name) for x, name in zip(inputs, names)}
    shorter = rewritten(results, parameters, single if float32 else float)
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


def distinct_inputs(inputs: Sequence[Value]) -> Sequence[Value]:
    """The inputs, if they are one or more Values, each once.

    TypeError or ValueError otherwise. Book: chapter 04.
    """
    if isinstance(inputs, Value) or not isinstance(inputs, Sequence):
        raise TypeError(f"inputs: expected a list of Values, got {type(inputs).__name__}")
    for x in inputs:
        expect_value(x, "inputs")
    if not inputs:
        raise ValueError("inputs: expected at least one Value, got none")
    if len(set(inputs)) < len(inputs):
        raise ValueError(f"inputs: expected each Value once, got {list(inputs)!r}")
    return inputs


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


def _is_name(operand: str) -> bool:
    return operand[0].isalpha()


_JAVASCRIPT_WORDS = (
    "var let const function new this typeof void delete switch case default do throw catch export super null true false Math "
    "arguments debugger enum eval extends implements instanceof interface package private protected public static"
)
_TAKEN = {*keyword.kwlist, *_JAVASCRIPT_WORDS.split(), "math", "np", "f", "max", "min", "float", "single"}
