"""Paths through a graph, and the chain rule read along them.

The gradient ∂v/∂x is a sum over all paths from x to v of the product of the
local gradients on the path. `paths` lists them; backpropagation gets the same
sum without listing them.

Book: chapter 05.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from bpcourse.graph import Value, expect_value, local_gradients, topological_order


class Path(NamedTuple):
    """One path: its nodes from x to v, the local gradients between them.

    `local_gradients[i]` is ∂nodes[i+1]/∂nodes[i], along this one wire.

    Book: chapter 05.
    """

    nodes: tuple[Value, ...]
    local_gradients: tuple[float, ...]

    @property
    def product(self) -> float:
        """The product of the local gradients: this path's share of ∂v/∂x."""
        return math.prod(self.local_gradients, start=1.0)


def paths(v: Value, x: Value) -> Iterator[Path]:
    """Every path from x to v; the products sum to ∂v/∂x.

    A wire that runs twice between the same nodes (x·x) makes two paths.
    Raises TypeError where v or x is not a Value. Exponentially many paths are
    possible: ask `count_paths` first.

    Book: chapter 05.
    """
    counts = _counts(v, x)
    nodes, factors = [v], list[float]()
    stack = [_wires(v, counts)]
    if v is x:
        yield Path((v,), ())
    while stack:
        for source, local in stack[-1]:
            nodes.append(source)
            factors.append(local)
            if source is x:
                yield Path(tuple(reversed(nodes)), tuple(reversed(factors)))
            stack.append(_wires(source, counts))
            break
        else:
            stack.pop()
            nodes.pop()
            if factors:
                factors.pop()


def count_paths(v: Value, x: Value) -> int:
    """How many paths lead from x to v, counted node by node, not listed.

    Raises TypeError where v or x is not a Value.

    Book: chapter 05.
    """
    return _counts(v, x)[v]


def count_edges(v: Value) -> int:
    """How many wires v's graph has: what one backward pass visits.

    Raises TypeError where v is not a Value.

    Book: chapter 05.
    """
    expect_value(v, "v")
    return sum(len(node.inputs) for node in topological_order(v))


def _counts(v: Value, x: Value) -> dict[Value, int]:
    expect_value(v, "v")
    expect_value(x, "x")
    counts: dict[Value, int] = {}
    for node in topological_order(v):
        counts[node] = 1 if node is x else sum(counts[source] for source in node.inputs)
    return counts


def _wires(node: Value, counts: dict[Value, int]) -> Iterator[tuple[Value, float]]:
    """The wires into node that some path from x comes along."""
    if any(counts[source] for source in node.inputs):
        for source, local in zip(node.inputs, local_gradients(node), strict=True):
            if counts[source]:
                yield source, float(local)
