"""A graph with fewer gates and the same numbers.

Derivatives come out of `bpcourse.graph.gradient` as the chain rule leaves them:
some gates stand there twice, others multiply by 1. The rules that take them out
stand here, once; `bpcourse.codegen` prints what is left.

Book: chapter 14.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from bpcourse import checks
from bpcourse.gates import GATES, Gate, power
from bpcourse.graph import Value, expect_unchanged, expect_value, expect_values, topological_order


def simplified(v: Value, inputs: Sequence[Value] | None = None) -> Value:
    """A graph with the numbers of v, and no more gates than v has.

    Constants are computed now; ×1, ÷1, +0, −0, ×0, −(−x), x¹ go; what is computed
    twice is computed once (x·y and y·x are the same). `inputs` are what may still
    change: the values with a name that no gate made, or those that are given.
    The new graph has these very inputs; all its other values are new.

    Raises TypeError where v or an entry of inputs is not a Value, or inputs no
    list; ValueError where a gate made one of them, or an input was changed after the
    forward pass.
    """
    expect_value(v, "v")
    order = topological_order(v)
    expect_unchanged(order)
    if inputs is None:
        inputs = [node for node in order if node.gate is None and node.name is not None]
    inputs = expect_values(inputs, "inputs")
    for x in inputs:
        if x.gate is not None:
            raise ValueError(f"inputs: expected values that no gate made, got {x!r} of {x.gate!r}")
    return rewritten([v], {x: x for x in inputs})[0]


def rewritten(outputs: Sequence[Value], inputs: Mapping[Value, Value], rounded: Callable[[float], float] = float) -> list[Value]:
    """The outputs simplified together, each input replaced by its new value.

    Any value may be an input; what made it is then left out. Constants pass
    through `rounded`, folded ones again. The rules are those of `simplified`.

    Raises TypeError where an output or an input is not a Value.
    """
    outputs = expect_values(outputs, "output")
    checks.mapping(inputs, "inputs", "a dict from Values to Values")
    new = dict(zip(expect_values([*inputs], "inputs"), expect_values([*inputs.values()], "inputs")))
    constants: dict[float, Value] = {}
    made: dict[tuple[Gate, Collection[Value]], Value] = {}

    def constant(x: float) -> Value:
        x = rounded(x) + 0.0
        if x not in constants:
            constants[x] = Value(x)
        return constants[x]

    for node in topological_order(*outputs):
        if node in new:
            continue
        if node.gate is None:
            new[node] = constant(node.value)
            continue
        operands = tuple([new[source] for source in node.inputs])
        numbers = [x.value if constants.get(x.value) is x else None for x in operands]
        known = [x for x in numbers if x is not None]
        if len(known) == len(numbers):
            new[node] = constant(node.gate.compute(*known))
            continue
        shorter = _shorter(node.gate, operands, numbers)
        if shorter is None:
            key = node.gate, frozenset(operands) if node.gate.commutes else operands
            if key not in made:
                made[key] = _made(node, operands)
            shorter = made[key]
            shorter.name = shorter.name or node.name
        new[node] = shorter
    return [new[output] for output in outputs]


def count_gates(v: Value, *more: Value) -> int:
    """How many gates compute v, and with more values all of them: each gate once."""
    return sum(node.gate is not None for node in topological_order(v, *more))


def _shorter(gate: Gate, operands: tuple[Value, ...], numbers: Sequence[float | None]) -> Value | None:
    """The value that the gate's output is without a gate, where not all operands are numbers."""
    if gate in _UNCHANGED:
        return operands[0]
    if gate is _NEGATE and operands[0].gate is gate:
        return operands[0].inputs[0]
    neutral = _NEUTRAL.get(gate)
    if neutral is None:
        return None
    if gate is _MULTIPLY and 0 in numbers:
        return operands[numbers.index(0)]
    if numbers[1] == neutral:
        return operands[0]
    return operands[1] if numbers[0] == neutral and gate.commutes else None


def _made(node: Value, operands: tuple[Value, ...]) -> Value:
    """The node over other operands, without its name; its number stays."""
    new = Value(node.value)
    new.gate, new.inputs = node.gate, operands
    return new


_MULTIPLY, _NEGATE = GATES["multiply"], GATES["negate"]
_UNCHANGED = {GATES["identity"], power(1)}
_NEUTRAL = {GATES["add"]: 0.0, GATES["subtract"]: 0.0, _MULTIPLY: 1.0, GATES["divide"]: 1.0}
