"""A wide graph as a program of arrays: all like gates of a level at once.

The level of a value is the longest way to it from an input. Values of one level
do not read each other, so those made by the same gate can be computed in one go,
and so can what flows back through them. `bpcourse.codegen` prints a line for a
gate; here a step is for hundreds, with formulas printed from the same table.

Additions in a row, as a long sum leaves them, would be a level each. They are
taken as one sum of many terms. The terms of such a sum, and what flows back to a
value that is read in many places, may be added in another order than elsewhere:
there the last bits can differ, and nowhere else.

Book: chapter 13.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.checks import Array
from bpcourse.codegen import distinct_inputs, gate_lines
from bpcourse.gates import GATES, Gate
from bpcourse.graph import Value, expect_value, topological_order

Index = slice | Array


def compile_levels(v: Value, inputs: Sequence[Value]) -> Levels:
    """v and ∂v/∂input as a program of arrays: f(x) → (value, gradients).

    x and the gradients are arrays of shape (inputs,). It pays where a level holds
    many values; for narrow graphs take `bpcourse.codegen.compile_python`. An input
    that a gate made is cut off from what made it.

    Raises TypeError where v or an input is not a Value, ValueError where there
    are no inputs, one stands twice, or a gate has more than two.

    Book: chapter 13.
    """
    expect_value(v, "v")
    inputs = distinct_inputs(inputs)
    return Levels(_Plan(v, inputs), len(inputs))


class Step(NamedTuple):
    """All gates of one kind on one level, or (gate None) all sums of as many terms.

    `part`: the places of the outputs among the values. `sources`: the places of
    each input, for a sum one row a term. `flows`: where the share of each input goes
    among all that flows back; `back`: where what flows back to the outputs stands.

    Book: chapter 13.
    """

    gate: Gate | None
    part: slice
    sources: list[Index]
    flows: list[Index]
    back: Gathered


class Gathered(NamedTuple):
    """What flows back to n values: `part` of all flows, to be added up for each.

    Rows of n, one a reader, where each value has as many readers; else one
    value's flows after the other's, from `starts` on.

    Book: chapter 13.
    """

    part: slice
    readers: int
    starts: Array | None

    def __call__(self, flows: Array) -> Array:
        """The gradients of the n values, (n,)."""
        found = flows[self.part]
        if self.starts is not None:
            return np.add.reduceat(found, self.starts)
        return found if self.readers == 1 else found.reshape(self.readers, -1).sum(axis=0)


class Levels:
    """A compiled graph: call it with its inputs, (inputs,), for (value, gradients).

    `steps` says what it does, in order; the way back goes through them in
    reverse. ValueError where x has another shape or a number is not finite.

    Book: chapter 13.
    """

    def __init__(self, plan: _Plan, inputs: int) -> None:
        self.steps = plan.steps
        self._inputs, self._back = slice(0, inputs), plan.back_to_inputs
        self._values, self._flows = plan.values, np.zeros(plan.wires)
        self._place, self._seed = plan.place, plan.seed
        self._kernels = plan.kernels

    def __call__(self, x: Any) -> tuple[float, Array]:
        """(value, gradients) at x."""
        V, F = self._values, self._flows
        point = checks.array(x, "x")
        checks.same_shape(point, "x", V[self._inputs], "the inputs")
        V[self._inputs] = point
        with np.errstate(all="ignore"):
            for step in self.steps:
                if step.gate is None:
                    V[step.part] = V[step.sources[0]].sum(axis=0)
                else:
                    self._kernels[step.gate][0](V, step.part, *step.sources)
            F[self._seed] = 1.0
            for step in reversed(self.steps):
                if step.gate is None:
                    F[step.flows[0]] = step.back(F)
                else:
                    self._kernels[step.gate][1](V, F, step.back(F), step.part, *step.sources, *step.flows)
            grads = self._back(F).copy()
        if not (np.isfinite(V).all() and np.isfinite(grads).all()):
            raise ValueError("x: expected a point where values and gradients are finite, got NaN or an infinity")
        return float(V[self._place]), grads


class _Plan:
    """Where every value stands, who reads it, and the steps that follow from that."""

    def __init__(self, v: Value, inputs: Sequence[Value]) -> None:
        sources = _sources(v, inputs)
        groups = _groups(sources)
        given = set(inputs)
        nodes = [*inputs, *(node for node, read in sources.items() if not read and node not in given)]
        leaves = len(nodes)
        for group in groups.values():
            nodes += group
        places = {node: place for place, node in enumerate(nodes)}
        self.values = np.array([node.value for node in nodes])
        self.place = places[v]

        readers = [0] * len(nodes)
        for read in sources.values():
            for source in read:
                readers[places[source]] += 1
        free = _Free(readers)
        self.back_to_inputs = free.gathered(0, len(inputs))
        free.gathered(len(inputs), leaves)
        parts: list[tuple[int, int]] = []
        for group in groups.values():
            start = parts[-1][1] if parts else leaves
            parts.append((start, start + len(group)))
        backs = [free.gathered(*part) for part in parts]
        self.seed = free.take(self.place)
        self.steps = []
        self.kernels: dict[Gate, tuple[Callable[..., None], Callable[..., None]]] = {}
        for ((_, gate, _), group), part, back in zip(groups.items(), parts, backs):
            rows = [[places[source] for source in row] for row in zip(*map(sources.__getitem__, group))]
            flows = [[free.take(place) for place in row] for row in rows]
            if gate is None:
                step = Step(None, slice(*part), [np.array(rows)], [np.array(flows)], back)
            else:
                step = Step(gate, slice(*part), [_index(row) for row in rows], [_index(row) for row in flows], back)
                if gate not in self.kernels:
                    self.kernels[gate] = _kernels(gate, *[source.value for source in sources[group[0]]])
            self.steps.append(step)
        self.wires = free.count


class _Free:
    """Places for what flows back, handed out value by value."""

    def __init__(self, readers: list[int]) -> None:
        self.count = 0
        self._readers = readers
        self._next: list[int] = [0] * len(readers)
        self._stride: list[int] = [1] * len(readers)

    def gathered(self, start: int, stop: int) -> Gathered:
        """Places for all readers of the values from start to stop; one that is never written where no one reads."""
        counts = [max(1, n) for n in self._readers[start:stop]]
        begin, n = self.count, stop - start
        self.count += sum(counts)
        part = slice(begin, self.count)
        if len(set(counts)) <= 1:
            self._next[start:stop] = range(begin, begin + n)
            self._stride[start:stop] = [n] * n
            return Gathered(part, counts[0] if counts else 1, None)
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        self._next[start:stop] = (begin + starts).tolist()
        return Gathered(part, 0, starts)

    def take(self, place: int) -> int:
        """The next place for a reader of the value at this place."""
        taken = self._next[place]
        self._next[place] += self._stride[place]
        return taken


def _sources(v: Value, inputs: Sequence[Value]) -> dict[Value, list[Value]]:
    """Each value that is left, after what it reads, with what it reads: sums with all their terms."""
    given, needed, order = set(inputs), {v}, []
    for node in reversed(topological_order(v)):
        if node in needed and node not in given:
            needed.update(node.inputs)
            order.append(node)
            if node.gate is not None and node.gate.arity > 2:
                raise ValueError(f"v: expected gates with one or two inputs, got {node.gate!r}")
    order.reverse()
    readers: dict[Value, list[Value]] = defaultdict(list)
    for node in order:
        for source in node.inputs:
            readers[source].append(node)
    inner = {
        node
        for node in order
        if node.gate is _ADD and node is not v and len(readers[node]) == 1 and readers[node][0].gate is _ADD
    }
    found: dict[Value, list[Value]] = {x: [] for x in inputs}
    terms: dict[Value, list[Value]] = {}
    for node in order:
        if node.gate is not _ADD:
            found[node] = list(node.inputs)
            continue
        parts = [terms.pop(source) if source in inner else [source] for source in node.inputs]
        parts[0].extend(parts[1])
        if node in inner:
            terms[node] = parts[0]
        else:
            found[node] = parts[0]
    return found


def _groups(sources: dict[Value, list[Value]]) -> dict[tuple[int, Gate | None, int], list[Value]]:
    """The values that gates make, by level, gate and number of inputs, in the order of the levels."""
    levels: dict[Value, int] = {}
    groups: dict[tuple[int, Gate | None, int], list[Value]] = defaultdict(list)
    for node, read in sources.items():
        if not read:
            levels[node] = 0
            continue
        level = levels[node] = 1 + max(levels[source] for source in read)
        gate = node.gate if len(read) <= 2 else None
        groups[level, gate, len(read)].append(node)
    return dict(sorted(groups.items(), key=lambda item: item[0][0]))


def _index(places: list[int]) -> Index:
    """Places as a slice where they follow each other, for a slice is read without a copy."""
    first = places[0]
    if places[-1] - first == len(places) - 1 and places == list(range(first, first + len(places))):
        return slice(first, first + len(places))
    return np.array(places)


def _kernels(gate: Gate, *point: float) -> tuple[Callable[..., None], Callable[..., None]]:
    """What a step of this gate does on the way there and on the way back; the point is one where it is defined."""
    lines = gate_lines(gate, *point, numpy=True)
    sources, flows = ("a, b", "to_a, to_b") if gate.arity == 2 else ("a", "to_a")
    shares = [
        f"F[{flow}] = upstream * ({local})"
        for flow, local in zip(flows.split(", "), lines.local_gradients)
        if local != "0.0"  # these places stay 0
    ]
    there = "\n    ".join([*_reads(lines.out), f"V[part] = {lines.out}"])
    back = "\n    ".join([*_reads(*lines.between, *shares), *lines.between, *shares]) or "pass"
    source = (
        f"def forward(V, part, {sources}):\n    {there}\ndef backward(V, F, upstream, part, {sources}, {flows}):\n    {back}\n"
    )
    space: dict[str, Any] = {"np": np}
    exec(source, space)
    return space["forward"], space["backward"]


def _reads(*texts: str) -> list[str]:
    """Lines that fetch x, y and out, those of them that the texts name: each is a copy of a level."""
    named = set(re.findall(r"\w+", " ".join(texts)))
    return [f"{name} = V[{place}]" for name, place in (("x", "a"), ("y", "b"), ("out", "part")) if name in named]


_ADD = GATES["add"]
