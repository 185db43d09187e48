"""Graphs of numbers: every operation leaves a node, and nodes know their gates.

    >>> x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.value, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)

Values run forward as the expression is typed; `Value.backward` runs gradients
backward through it, as numbers; `gradient` returns them as graphs of their own.

Book: chapters 03 to 05.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Union

from bpcourse import checks
from bpcourse.gates import GATES, Gate, power


class Value:
    """A number in a graph: an input, or what a gate made of other values.

    `value` is the number and `grad` the derivative of the last output on which
    `backward` was called, with respect to this value (0.0 before that). `gate`
    is None for an input; `inputs` are the values that the gate read.

    Raises TypeError where x is not a number or name not a text, ValueError
    where x is NaN or infinite.

    Book: chapter 03.
    """

    __slots__ = ("gate", "grad", "inputs", "name", "value")
    __array_ufunc__ = None  # numpy numbers on the left leave the operation to us

    def __init__(self, x: float, name: str | None = None) -> None:
        self.value = checks.number(x, "x")
        self.grad = 0.0
        self.name = _text(name)
        self.gate: Gate | None = None
        self.inputs: tuple[Value, ...] = ()

    def named(self, name: str) -> Value:
        """The same value with a name: `q = (x + y).named("q")`."""
        self.name = _text(name)
        return self

    @staticmethod
    def apply_gate(gate: Gate, *inputs: Operand) -> Value:
        """A new value: the gate's output, which remembers its gate and inputs."""
        nodes: tuple[Any, ...] = inputs
        for x in inputs:
            if x.__class__ is not Value:
                nodes = tuple([_node(x, gate.name) for x in inputs])
                break
        values = [node.value for node in nodes]
        try:
            value = gate.forward(*values) if gate.domain is None else math.nan
        except (ArithmeticError, ValueError, TypeError):
            value = math.nan
        if not math.isfinite(value):
            value = gate.compute(*values)  # which also says what is wrong
        out = Value.__new__(Value)
        out.value = value
        out.grad = 0.0
        out.name = None
        out.gate = gate
        out.inputs = nodes
        return out

    def backward(self) -> None:
        """Fill `grad` of every value that this one depends on with ∂self/∂value.

        A second call gives the same numbers. No recursion: any depth works.
        ValueError where a gate has no finite local gradient (√x at 0) or a
        gradient is too large for float64; the old ones are then kept.
        """
        grads = adjoints(self)
        for node, grad in grads.items():
            if not math.isfinite(grad):
                raise ValueError(f"backward: expected finite gradients, got {grad!r} at {node!r}")
        for node, grad in grads.items():
            node.grad = grad

    def __add__(self, other: Operand) -> Value:
        return self.apply_gate(GATES["add"], self, other)

    def __radd__(self, other: Operand) -> Value:
        return self.apply_gate(GATES["add"], other, self)

    def __sub__(self, other: Operand) -> Value:
        return self.apply_gate(GATES["subtract"], self, other)

    def __rsub__(self, other: Operand) -> Value:
        return self.apply_gate(GATES["subtract"], other, self)

    def __mul__(self, other: Operand) -> Value:
        return self.apply_gate(GATES["multiply"], self, other)

    def __rmul__(self, other: Operand) -> Value:
        return self.apply_gate(GATES["multiply"], other, self)

    def __truediv__(self, other: Operand) -> Value:
        return self.apply_gate(GATES["divide"], self, other)

    def __rtruediv__(self, other: Operand) -> Value:
        return self.apply_gate(GATES["divide"], other, self)

    def __neg__(self) -> Value:
        return self.apply_gate(GATES["negate"], self)

    def __pow__(self, exponent: Operand) -> Value:
        if isinstance(exponent, Value):
            return exp(exponent * log(self))
        return self.apply_gate(power(checks.number(exponent, "exponent")), self)

    def __rpow__(self, base: Operand) -> Value:
        return exp(self * math.log(checks.positive(base, "base")))

    def __gt__(self, other: Operand) -> Value:
        return self.apply_gate(GATES["greater"], self, other)

    def __lt__(self, other: Operand) -> Value:
        return self.apply_gate(GATES["greater"], other, self)

    def __ge__(self, other: Operand) -> Value:
        return self.apply_gate(GATES["at least"], self, other)

    def __le__(self, other: Operand) -> Value:
        return self.apply_gate(GATES["at least"], other, self)

    def __bool__(self) -> bool:
        raise TypeError(
            f"expected a number where Python asks 'is it true?', got {self!r}: compare "
            "its .value, or use bpcourse.graph.maximum, minimum or relu"
        )

    def __repr__(self) -> str:
        name = "" if self.name is None else f", {self.name!r}"
        return f"Value({self.value!r}{name})"

    def _repr_svg_(self) -> str | None:
        from bpcourse.figures import picture_of  # figures draws graphs, so it imports this module

        return picture_of(self)


Operand = Union[Value, float]


def topological_order(output: Value, *more: Value) -> list[Value]:
    """Every value that output depends on, each after its inputs, output last.

    With more outputs, those that any of them depends on, each once. Raises
    TypeError where an output is not a Value.

    Book: chapter 03.
    """
    placed: dict[Value, None] = {}
    seen: set[Value] = set()
    for root in (output, *more):
        expect_value(root, "output")
        stack = [root]
        while stack:
            node = stack[-1]
            if node in seen:
                placed[stack.pop()] = None
            elif node.inputs:
                seen.add(node)
                stack += [source for source in reversed(node.inputs) if source not in seen]
            else:
                seen.add(node)
    return list(placed)


def gradient(output: Value, inputs: Sequence[Value]) -> list[Value]:
    """∂output/∂input for each input, as values with graphs of their own.

    The results can be computed with and differentiated again. An input that
    output does not depend on gives `Value(0.0)`.

    Raises TypeError where output or an entry of inputs is not a Value.

    Book: chapter 04.
    """
    if isinstance(inputs, Value) or not isinstance(inputs, Iterable):
        raise TypeError(f"inputs: expected a list of Values, got {type(inputs).__name__}")
    expect_value(output, "output")
    inputs = list(inputs)
    for x in inputs:
        expect_value(x, "inputs")
    grads = adjoints(output, towards=inputs)
    return [g if isinstance(g, Value) else Value(g) for g in (grads.get(x, 0.0) for x in inputs)]


def evaluate(output: Value, settings: Mapping[Value, float]) -> float:
    """What output would be if some of its values were set to other numbers.

    The graph itself stays as it is: `evaluate(f, {x: x.value + 0.1}) - f.value`
    is what a nudge of 0.1 to x does to f.

    Raises TypeError where settings is not a dict from Values to numbers.

    Book: chapter 03.
    """
    order = topological_order(output)
    if not isinstance(settings, Mapping):
        raise TypeError(f"settings: expected a dict from Values to numbers, got {type(settings).__name__}")
    values = {}
    for node, x in settings.items():
        expect_value(node, "settings")
        values[node] = checks.number(x, "settings")
    for node in order:
        if node not in values:
            inputs = [values[source] for source in node.inputs]
            values[node] = node.value if node.gate is None else node.gate.compute(*inputs)
    return values[output]


def adjoints(output: Value, towards: Sequence[Value] | None = None) -> dict[Value, Any]:
    """∂output/∂node, node by node from the output back: one visit to every wire.

    Without `towards`, numbers for every node; with it, values with graphs, for
    the nodes that lie between `towards` and output. `Value.backward` and
    `gradient` are this sweep.

    Book: chapter 03.
    """
    order = topological_order(output)
    wanted = None if towards is None else _dependents(order, towards)
    grads: dict[Value, Any] = {output: 1.0}
    for node in reversed(order):
        if node.gate is not None and node in grads:
            for source, flow in flows(node, grads[node], wanted):
                grads[source] = grads[source] + flow if source in grads else flow
    return grads


def flows(node: Value, upstream: Any, wanted: Collection[Value] | None = None) -> list[tuple[Value, Any]]:
    """What flows back along each wire into node: (input, upstream · local gradient).

    Numbers; with `wanted`, values with graphs, and for the wanted inputs only.

    Book: chapter 03.
    """
    wires = zip(node.inputs, local_gradients(node, symbols=wanted is not None), strict=True)
    if wanted is None:
        return [(source, upstream * local) for source, local in wires]
    return [(source, _times(upstream, local)) for source, local in wires if source in wanted]


def local_gradients(node: Value, symbols: bool = False) -> tuple[Any, ...]:
    """∂node/∂input for each input, as numbers or as graphs; () for an input.

    Book: chapter 03.
    """
    if node.gate is None:
        return ()
    if symbols:
        return node.gate.local_gradients(node, *node.inputs)
    return node.gate.local_gradients(node.value, *[source.value for source in node.inputs])


def _dependents(order: Sequence[Value], sources: Sequence[Value]) -> set[Value]:
    found = set(sources)
    for node in order:
        if any(source in found for source in node.inputs):
            found.add(node)
    return found


def _times(a: Operand, b: Operand) -> Operand:
    """a·b without a gate where a factor is the plain number 0, 1 or −1."""
    if isinstance(a, Value) and isinstance(b, Value):
        return a * b
    number, other = (b, a) if isinstance(a, Value) else (a, b)
    if number == 0 or number == 1:
        return other if number else 0.0
    return -other if number == -1 else number * other


def _text(name: Any) -> str | None:
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name: expected a text, got {type(name).__name__} {name!r}")
    return name


def _node(x: Any, argument: str) -> Value:
    return x if isinstance(x, Value) else Value(checks.number(x, argument))


def expect_value(x: Any, argument: str) -> None:
    """TypeError that names the argument, where x is not a Value. Book: chapter 03."""
    if not isinstance(x, Value):
        raise TypeError(f"{argument}: expected a Value, got {type(x).__name__} {x!r}")


def exp(x: Operand) -> Value:
    """eˣ, with local gradient eˣ: the output itself. Book: chapter 04."""
    return Value.apply_gate(GATES["exp"], x)


def log(x: Operand) -> Value:
    """ln x for x > 0, with local gradient 1/x. Book: chapter 10."""
    return Value.apply_gate(GATES["log"], x)


def sqrt(x: Operand) -> Value:
    """√x for x ≥ 0, with local gradient 1/(2√x), infinite at 0. Book: chapter 03."""
    return Value.apply_gate(GATES["sqrt"], x)


def square(x: Operand) -> Value:
    """x², with local gradient 2x. Book: chapter 04."""
    return Value.apply_gate(GATES["square"], x)


def reciprocal(x: Operand) -> Value:
    """1/x for x ≠ 0, with local gradient −1/x². Book: chapter 04."""
    return Value.apply_gate(GATES["reciprocal"], x)


def sigmoid(x: Operand) -> Value:
    """σ(x) = 1/(1+e⁻ˣ), with local gradient σ(1−σ). Book: chapter 03."""
    return Value.apply_gate(GATES["sigmoid"], x)


def tanh(x: Operand) -> Value:
    """Tanh x, with local gradient 1 − tanh²x. Book: chapter 11."""
    return Value.apply_gate(GATES["tanh"], x)


def relu(x: Operand) -> Value:
    """max(x, 0), with local gradient 1 for x > 0 and 0 elsewhere, 0 included.

    Book: chapter 11; source 001 takes 0 at the kink too.
    """
    return Value.apply_gate(GATES["relu"], x)


def maximum(a: Operand, b: Operand) -> Value:
    """The larger of a and b: the gradient goes there, halved at a tie. Book: chapter 03."""
    return Value.apply_gate(GATES["maximum"], a, b)


def minimum(a: Operand, b: Operand) -> Value:
    """The smaller of a and b: the gradient goes there, halved at a tie. Book: chapter 03."""
    return Value.apply_gate(GATES["minimum"], a, b)


def sin(x: Operand) -> Value:
    """Sin x, with local gradient cos x. Book: chapter 03."""
    return Value.apply_gate(GATES["sin"], x)


def cos(x: Operand) -> Value:
    """Cos x, with local gradient −sin x. Book: chapter 03."""
    return Value.apply_gate(GATES["cos"], x)
