"""Graphs of numbers: every operation leaves a node, and nodes know their gates.

    >>> x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.value, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)

Values run forward as the expression is typed; `Value.backward` runs gradients
backward through it, as numbers; `gradient` returns them as graphs of their own.

Book: chapter 03.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, ClassVar, Union

from bpcourse import checks
from bpcourse.gates import GATES, Gate, power


class Value:
    """A number in a graph: an input, or what a gate made of other values.

    `value` is the number and `grad` the derivative of the last output on which
    `backward` was called, anywhere, with respect to this value: 0.0 where that output
    does not depend on it, and before there is one. `gate` is None for an input;
    `inputs` are the values that the gate read. `data` is `value` by another name.

    The value of an input may be changed. What was computed from it before is then
    out of date: `backward` and `gradient` refuse it, `evaluate` computes anew.
    Values can be copied and pickled, with all that they depend on, at any depth.

    Raises TypeError where x is not a number or name not a text, ValueError
    where x is NaN or infinite.
    """

    __slots__ = ("_grad", "_pass", "_value", "gate", "inputs", "name")
    _pass: object
    __array_ufunc__ = None  # numpy numbers on the left leave the operation to us

    picture: ClassVar[Callable[[Value], str | None]]
    """How a value shows itself in a notebook: handed in by the package, for pictures stand above graphs."""
    _last_pass: ClassVar[object] = None
    _changed: ClassVar[bool] = False

    def __init__(self, x: float, name: str | None = None) -> None:
        self._value = x if x.__class__ is float and math.isfinite(x) else checks.number(x, "x")
        self.name = name if name is None else _text(name)
        self.gate: Gate | None = None
        self.inputs: tuple[Value, ...] = ()

    @property
    def value(self) -> float:
        """The number. Only an input's may be assigned."""
        return self._value

    @value.setter
    def value(self, x: float) -> None:
        if self.gate is not None:
            raise ValueError(f"value: expected an input, whose value may be changed, got what {self.gate!r} made")
        self._value = checks.number(x, "value")
        Value._changed = True

    data = value

    @property
    def grad(self) -> float:
        """∂output/∂self of the last `backward`. What is assigned stays till a backward pass comes by."""
        of = getattr(self, "_pass", None)  # an unset slot: no pass has come by
        return self._grad if of is not None and of in (Value._last_pass, _BY_HAND) else 0.0

    @grad.setter
    def grad(self, x: float) -> None:
        self._grad, self._pass = checks.number(x, "grad"), _BY_HAND

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
                nodes = tuple([_node(x, getattr(gate, "name", "gate")) for x in inputs])
                break
        try:
            value = gate.forward(*map(_number, nodes)) if gate.domain is None else math.nan
        except (ArithmeticError, ValueError, TypeError, AttributeError):
            value = math.nan
        if not _isfinite(value):
            value = checks.of_kind(gate, Gate, "gate").compute(*map(_number, nodes))  # which also says what is wrong
        out = _new(Value)
        out._value = value
        out.name = None
        out.gate = gate
        out.inputs = nodes
        return out

    def backward(self) -> None:
        """Fill `grad` of every value that this one depends on with ∂self/∂value.

        A second call gives the same numbers. No recursion: any depth works.
        ValueError where a gate has no finite local gradient (√x at 0), a gradient
        is too large for float64, or an input was changed after the forward pass;
        the old gradients are then kept.
        """
        grads = adjoints(self)
        if not all(map(math.isfinite, grads.values())):
            node, grad = next((node, grad) for node, grad in grads.items() if not math.isfinite(grad))
            raise ValueError(f"backward: expected finite gradients, got {grad!r} at {node!r}")
        Value._last_pass = this_pass = object()
        for node, grad in grads.items():
            node._grad = grad
            node._pass = this_pass

    def relu(self) -> Value:
        """max(x, 0), as `relu(x)`."""
        return relu(self)

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
            return self.apply_gate(GATES["power"], self, exponent)
        return self.apply_gate(power(checks.number(exponent, "exponent")), self)

    def __rpow__(self, base: Operand) -> Value:
        return self.apply_gate(GATES["power"], base, self)

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

    def __format__(self, spec: str) -> str:
        return format(self._value, spec) if spec else repr(self)

    def __repr__(self) -> str:
        name = "" if self.name is None else f", {self.name!r}"
        return f"Value({self._value!r}{name})"

    def _repr_svg_(self) -> str | None:
        return Value.picture(self)


_BY_HAND = "by hand"
Operand = Union[Value, float]
_new, _isfinite, _number = Value.__new__, math.isfinite, attrgetter("_value")  # found sooner under one name


def topological_order(output: Value, *more: Value) -> list[Value]:
    """Every value that output depends on, each after its inputs, output last.

    With more outputs, those that any of them depends on, each once. Raises
    TypeError where an output is not a Value, ValueError where a value depends on
    itself.
    """
    order: list[Value] = []
    placed: dict[Value, bool] = {}
    for root in (output, *more):
        expect_value(root, "output")
        way = [] if root in placed else [(root, iter(root.inputs))]
        placed.setdefault(root, False)
        while way:
            node, inputs = way[-1]
            for source in inputs:
                if source not in placed:
                    placed[source] = False
                    way.append((source, iter(source.inputs)))
                    break
                if not placed[source]:
                    raise ValueError(f"output: expected a graph without a circle, got {source!r}, which depends on itself")
            else:
                placed[node] = True
                order.append(node)
                way.pop()
    return order


def gradient(output: Value, inputs: Sequence[Value]) -> list[Value]:
    """∂output/∂input for each input, as values with graphs of their own.

    The results can be computed with and differentiated again. An input that
    output does not depend on gives `Value(0.0)`.

    Raises TypeError where output or an entry of inputs is not a Value.

    Book: chapter 04.
    """
    expect_value(output, "output")
    inputs = expect_values(inputs, "inputs")
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
    values = {}
    for node, x in checks.mapping(settings, "settings", "a dict from Values to numbers").items():
        expect_value(node, "settings")
        values[node] = checks.number(x, "settings")
    for node in order:
        if node not in values:
            inputs = [values[source] for source in node.inputs]
            values[node] = node._value if node.gate is None else node.gate.compute(*inputs)
    return values[output]


def adjoints(output: Value, towards: Sequence[Value] | None = None) -> dict[Value, Any]:
    """∂output/∂node, node by node from the output back: one visit to every wire.

    Without `towards`, numbers for every node; with it, values with graphs, for
    the nodes that lie between `towards` and output. `Value.backward` and
    `gradient` are this sweep. Errors as `Value.backward`.
    """
    order = topological_order(output)
    expect_unchanged(order)
    if towards is None:
        try:
            return _numbers(order)
        except (ArithmeticError, ValueError):
            pass  # the same once more with care, to say at which gate
    wanted = None if towards is None else _dependents(order, expect_values(towards, "towards"))
    grads: dict[Value, Any] = {output: 1.0}
    for node in reversed(order):
        if node.gate is not None and node in grads:
            for source, flow in flows(node, grads[node], wanted):
                grads[source] = grads[source] + flow if source in grads else flow
    return grads


def _numbers(order: Sequence[Value]) -> dict[Value, float]:
    """The sweep in numbers: upstream times local, added up at every input.

    Wires in ones and twos, which is three times as fast as a loop over them.
    ArithmeticError if a gradient is not finite.
    """
    grads = dict.fromkeys(order, 0.0)
    grads[order[-1]] = 1.0
    for node in reversed(order):
        inputs, gate = node.inputs, node.gate
        if gate is None:
            continue
        upstream = grads[node]
        if len(inputs) == 2:
            a, b = inputs
            to_a, to_b = gate.local(node._value, a._value, b._value)
            grads[a] += upstream * to_a
            grads[b] += upstream * to_b
        else:
            for source, local in zip(inputs, gate.local(node._value, *map(_number, inputs)), strict=True):
                grads[source] += upstream * local
    if not math.isfinite(sum(grads.values())):
        raise OverflowError
    return grads


def flows(node: Value, upstream: Any, wanted: Collection[Value] | None = None) -> list[tuple[Value, Any]]:
    """What flows back along each wire into node: (input, upstream · local gradient).

    Numbers; with `wanted`, values with graphs, and for the wanted inputs only. TypeError
    where node is not a Value.
    """
    wires = zip(local_gradients(node, symbols=wanted is not None), node.inputs, strict=True)
    if wanted is None:
        return [(source, upstream * local) for local, source in wires]
    return [(source, _times(upstream, local)) for local, source in wires if source in wanted]


def local_gradients(node: Value, symbols: bool = False) -> tuple[Any, ...]:
    """∂node/∂input for each input, as numbers or as graphs; () for an input.

    TypeError where node is not a Value or symbols not True or False, ValueError where an
    input was changed after node was computed from it.
    """
    expect_value(node, "node")
    expect_unchanged([node])
    point: Sequence[Any] = (node, *node.inputs)
    if not checks.flag(symbols, "symbols"):
        point = [v._value for v in point]
    return () if node.gate is None else node.gate.local_gradients(*point)


def expect_unchanged(order: Iterable[Value]) -> None:
    """ValueError where an input was changed after a value was computed from it."""
    if Value._changed:  # else there is nothing to look for
        for node in order:
            if node.gate is not None and node.gate.compute(*[source._value for source in node.inputs]) != node._value:
                raise ValueError(
                    f"value: expected the inputs from which {node!r} was computed, got one that was changed since: "
                    "compute the output again, or use evaluate"
                )


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
    return None if name is None else checks.text(name, "name")


def expect_values(x: Any, argument: str) -> list[Value]:
    """x as a list of Values; TypeError that names the argument otherwise."""
    values = checks.listed(x, argument, "Values")
    for v in values:
        expect_value(v, argument)
    return values


def _node(x: Any, argument: str) -> Value:
    return x if isinstance(x, Value) else Value(checks.number(x, argument))


def expect_value(x: Any, argument: str) -> None:
    """TypeError that names the argument, where x is not a Value."""
    checks.of_kind(x, Value, argument)


def exp(x: Operand) -> Value:
    """eˣ, with local gradient eˣ: the output itself. Book: chapter 04."""
    return Value.apply_gate(GATES["exp"], x)


def log(x: Operand) -> Value:
    """ln x for x > 0, with local gradient 1/x. Book: chapter 10."""
    return Value.apply_gate(GATES["log"], x)


def sqrt(x: Operand) -> Value:
    """√x for x ≥ 0, with local gradient 1/(2√x), infinite at 0."""
    return Value.apply_gate(GATES["sqrt"], x)


def square(x: Operand) -> Value:
    """x², with local gradient 2x. Book: chapter 04."""
    return Value.apply_gate(GATES["square"], x)


def reciprocal(x: Operand) -> Value:
    """1/x for x ≠ 0, with local gradient −1/x². Book: chapter 04."""
    return Value.apply_gate(GATES["reciprocal"], x)


def sigmoid(x: Operand) -> Value:
    """σ(x) = 1/(1+e⁻ˣ), with local gradient σ(1−σ)."""
    return Value.apply_gate(GATES["sigmoid"], x)


def tanh(x: Operand) -> Value:
    """Tanh x, with local gradient 1 − tanh²x. Book: chapter 11."""
    return Value.apply_gate(GATES["tanh"], x)


def relu(x: Operand) -> Value:
    """max(x, 0), with local gradient 1 for x > 0 and 0 elsewhere, 0 included.

    Book: chapter 11; Rathi takes 0 at the kink, too.
    """
    return Value.apply_gate(GATES["relu"], x)


def maximum(a: Operand, b: Operand) -> Value:
    """The larger of a and b: the gradient goes there, halved at a tie."""
    return Value.apply_gate(GATES["maximum"], a, b)


def minimum(a: Operand, b: Operand) -> Value:
    """The smaller of a and b: the gradient goes there, halved at a tie."""
    return Value.apply_gate(GATES["minimum"], a, b)


def sin(x: Operand) -> Value:
    """Sin x, with local gradient cos x."""
    return Value.apply_gate(GATES["sin"], x)


def cos(x: Operand) -> Value:
    """Cos x, with local gradient −sin x."""
    return Value.apply_gate(GATES["cos"], x)
