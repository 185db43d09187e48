"""Numbers on a tape: a line a gate, and the way back reads them in reverse.

    >>> tape = Tape()
    >>> x, y, z = tape.input(-2), tape.input(5), tape.input(-4)
    >>> f = tape.multiply(tape.add(x, y), z)
    >>> tape.backward(f)
    >>> tape.values[f], tape.grads[x], tape.grads[y], tape.grads[z]
    (-12.0, -4.0, -4.0, 3.0)

A value is a place on the tape, a whole number. No node is an object, and no order
has to be found: a gate's inputs were written before it. That makes it the
fastest of the package's graphs that are built as they run (`bpcourse.graph.Value`
has operators, names and pictures instead). The gates are those of the gate table:
for each, a method is printed from its row, like a program of `bpcourse.codegen`.

Book: chapter 14.
"""

from __future__ import annotations

import math
from typing import Any

from bpcourse import checks
from bpcourse.codegen.program import gate_lines
from bpcourse.gates import GATES, Gate


class Tape:
    """Values in the order in which they were made, each with how it was made.

    `values[i]` is the value at place i; `left[i]` and `right[i]` are the places of
    its inputs, `left_local[i]` and `right_local[i]` the local gradients there (0.0
    where there is no second input). `grads[i]`, after `backward(f)`, is
    ∂f/∂(value i). There is a method for every gate of the table: `add(a, b)`,
    `multiply(a, b)`, `sigmoid(a)`, …; each takes places and returns the place of
    its output; any other gate goes through `apply`.

    A gate may have an output and no finite local gradient (√x at 0): `backward`
    refuses where such a gate lies on the way, as `Value.backward` does. Raises as
    `bpcourse.gates.Gate.compute` where a gate has no finite output,
    ValueError or TypeError where a place is not on the tape.
    """

    __slots__ = ("_steep", "grads", "left", "left_local", "right", "right_local", "values")

    def __init__(self) -> None:
        self.values: list[float] = []
        self.grads: list[float] = []
        self.left: list[int] = []
        self.left_local: list[float] = []
        self.right: list[int] = []
        self.right_local: list[float] = []
        self._steep: list[int] = []  # the few places without a finite local gradient: only they are looked for

    def input(self, x: float) -> int:
        """Write the number x on the tape: its place.

        TypeError or ValueError where x is no finite number.
        """
        if x.__class__ is not float or x - x:
            x = checks.number(x, "x")
        self.values.append(x)
        self.left.append(0)
        self.left_local.append(0.0)
        self.right.append(0)
        self.right_local.append(0.0)
        return len(self.left) - 1

    def apply(self, gate: Gate, *places: int) -> int:
        """Write the output of a gate with one or two inputs, `power(3)` for one: its place."""
        if not isinstance(gate, Gate):
            raise TypeError(f"gate: expected a Gate, got {type(gate).__name__}")
        if gate.arity not in (1, 2) or len(places) != gate.arity:
            raise ValueError(f"places: expected as many as the gate has inputs, one or two, got {len(places)} for {gate!r}")
        out, *locals_ = _careful(gate, *[self._at(place) for place in places])
        if not all(map(math.isfinite, locals_)):
            self._steep.append(len(self.values))
        self.values.append(out)
        self.left.append(places[0])
        self.left_local.append(locals_[0])
        self.right.append(places[-1])
        self.right_local.append(locals_[1] if gate.arity == 2 else 0.0)
        return len(self.left) - 1

    def backward(self, place: int) -> None:
        """Fill `grads` with ∂f/∂(value i) for every place i, f being the value here.

        From the end to the start, one product and one sum for each input of each
        gate that something flows back to. ValueError where a gradient is not
        finite; the old ones are then kept.
        """
        self._at(place)
        self._expect_finite_slopes(place)
        grads = [0.0] * len(self.values)
        grads[place] = 1.0
        lines = zip(
            reversed(grads), reversed(self.left), reversed(self.left_local), reversed(self.right), reversed(self.right_local)
        )
        for upstream, left, left_local, right, right_local in lines:
            if upstream:
                grads[left] += upstream * left_local
                if right_local:
                    grads[right] += upstream * right_local
        if not math.isfinite(sum(grads)):
            worst = next((i for i, grad in enumerate(grads) if not math.isfinite(grad)), None)
            if worst is not None:
                raise ValueError(f"backward: expected finite gradients, got {grads[worst]!r} at place {worst}")
        self.grads = grads

    def _expect_finite_slopes(self, place: int) -> None:
        """ValueError where a steep place lies under this one, even if no gradient comes that far."""
        if not self._steep:
            return
        under, steep = {place}, set(self._steep)
        for i in range(place, self._steep[0] - 1, -1):
            if i in under:
                if i in steep:
                    raise ValueError(f"backward: expected finite local gradients, got none at place {i}, of {self.values[i]!r}")
                under |= {self.left[i], self.right[i]}

    def _at(self, place: Any) -> float:
        """The value at this place."""
        if place.__class__ is not int:
            raise TypeError(f"place: expected a place on the tape, a whole number, got {checks.short(place)}")
        if not 0 <= place < len(self.values):
            raise ValueError(f"place: expected one of the {len(self.values)} places on the tape, got {place}")
        return self.values[place]


def _careful(gate: Gate, *inputs: float) -> tuple[float, ...]:
    """(out, local gradients), infinite where there is none; the gate's own error where there is no output."""
    out = gate.compute(*inputs)
    try:
        return out, *map(float, gate.local(out, *inputs))
    except (ArithmeticError, ValueError):
        return out, *[math.inf] * gate.arity


_METHOD = """
def {name}(self, {places}):
    values = self.values
    try:
        {reads}
        out = {out}
        {lines}
        if out - out or {negative}{steep}:
            return self.apply(gate, {places})
    except Exception:
        return self.apply(gate, {places})
    place = len(values)
    values.append(out)
    self.left.append(a)
    self.left_local.append({left_local})
    self.right.append({right})
    self.right_local.append({right_local})
    return place
"""
"""A gate's method. Whatever is unusual goes the careful way: a place that is none, an output or a local gradient that
is not finite, by which x - x is not 0 (the cheapest question)."""


def _method(gate: Gate) -> Any:
    """The method that writes a gate's line, printed from its row."""
    lines = gate_lines(gate, *(0.6, 0.3)[: gate.arity])
    binary = gate.arity == 2
    name = gate.name.replace(" ", "_")
    source = _METHOD.format(
        name=name,
        places="a, b" if binary else "a",
        reads="x, y = values[a], values[b]" if binary else "x = values[a]",
        out=lines.out,
        lines="; ".join(lines.between) or "pass",
        left_local=lines.local_gradients[0],
        right_local=lines.local_gradients[1] if binary else "0.0",
        negative="a < 0 or b < 0" if binary else "a < 0",
        steep="".join(f" or {local} - {local}" for local in dict.fromkeys(lines.local_gradients) if local.startswith("t")),
        right="b" if binary else "a",
    )
    space: dict[str, Any] = {"math": math, "gate": gate}
    exec(source, space)
    space[name].__doc__ = f"Write {gate.symbol} of the value{'s' * binary} at {'a and b' if binary else 'a'}: its place."
    return space[name]


for _gate in GATES.values():
    setattr(Tape, _gate.name.replace(" ", "_"), _method(_gate))
