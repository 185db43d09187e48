"""How graphs are copied and pickled: at any depth, and what was shared stays shared.

`pickle` and `copy` go from a value into its inputs, and from these into theirs, one
inside the other: a chain of some hundred gates is too deep for that. So a value
first hands over all that it depends on, inputs before what reads them. When its
turn comes, every value finds its inputs written already.

Book: chapter 03.
"""

from __future__ import annotations

import copyreg
from collections.abc import Iterator
from typing import Any

from bpcourse.gates import Gate
from bpcourse.graph import _BY_HAND, Value, topological_order

_being_written: set[Value] = set()


class _InputsFirst:
    """All values that v depends on, in order, as a list that a pickler goes through one by one."""

    def __init__(self, v: Value) -> None:
        self.v = v

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (), None, self._nodes()

    def _nodes(self) -> Iterator[Value]:
        *nodes, _ = topological_order(self.v)
        _being_written.update(nodes)
        try:
            yield from nodes
        finally:
            _being_written.difference_update(nodes)


def _taken_apart(v: Value) -> tuple[Any, ...]:
    first = None if v in _being_written else _InputsFirst(v)
    return _put_together, (first, v.value, v.grad, v.name, v.gate, v.inputs, getattr(v, "_pass", None) == _BY_HAND)


def _put_together(
    _: Any, value: float, grad: float, name: str | None, gate: Gate | None, inputs: tuple[Value, ...], by_hand: bool
) -> Value:
    v = Value(value, name)
    v.gate, v.inputs = gate, inputs
    if grad:
        v.grad = grad
        if not by_hand:  # a gradient of a pass, till the next pass, wherever that is
            Value._last_pass = Value._last_pass or object()
            v._pass = Value._last_pass
    return v


copyreg.pickle(Value, _taken_apart)
