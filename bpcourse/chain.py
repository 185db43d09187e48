"""Paths through a graph, and the chain rule read along them.

The gradient ∂v/∂x is a sum over all paths from x to v of the product of the
local gradients on the path. `paths` lists them; backpropagation gets the same
sum without listing them.

Book: chapter 05.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.graph import Value, expect_unchanged, expect_value, local_gradients, topological_order


class Path(NamedTuple):
    """One path: its nodes from x to v, the local gradients between them.

    `local_gradients[i]` is ∂nodes[i+1]/∂nodes[i], along this one wire.
    """

    nodes: tuple[Value, ...]
    local_gradients: tuple[float, ...]

    @property
    def product(self) -> float:
        """The product of the local gradients: this path's share of ∂v/∂x.

        ValueError where it is too large for float64. A part of it may be.
        """
        product = math.prod(self.local_gradients, start=1.0)
        if product and math.isfinite(product):
            return product
        wide = np.array(self.local_gradients, np.longdouble)  # an end of float64 may lie on the way only
        return checks.number(float(wide.prod()), "product")


def paths(v: Value, x: Value) -> Iterator[Path]:
    """Every path from x to v; the products sum to ∂v/∂x.

    A wire that runs twice between the same nodes (x·x) makes two paths.
    Raises TypeError where v or x is not a Value. Exponentially many paths are
    possible: ask `count_paths` first.
    """
    moved = _moved(v, x)
    nodes, factors = [v], list[float]()
    stack = [_wires(v, moved)]
    if v is x:
        yield Path((v,), ())
    while stack:
        for source, local in stack[-1]:
            nodes.append(source)
            factors.append(local)
            if source is x:
                yield Path(tuple(reversed(nodes)), tuple(reversed(factors)))
            stack.append(_wires(source, moved))
            break
        else:
            stack.pop()
            nodes.pop()
            if factors:
                factors.pop()


def count_paths(v: Value, x: Value) -> int:
    """How many paths lead from x to v, counted node by node, not listed.

    Raises TypeError where v or x is not a Value.
    """
    expect_value(v, "v")
    expect_value(x, "x")
    order = topological_order(v)
    unread = Counter(source for node in order for source in node.inputs)
    counts: dict[Value, int] = {}
    for node in order:
        counts[node] = 1 if node is x else sum(counts[source] for source in node.inputs)
        for source in node.inputs:
            unread[source] -= 1
            if not unread[source]:
                del counts[source]  # the counts of a deep graph have thousands of digits: keep a few of them
    return counts[v]


def count_edges(v: Value) -> int:
    """How many wires v's graph has: what one backward pass visits.

    Raises TypeError where v is not a Value.
    """
    expect_value(v, "v")
    return sum(len(node.inputs) for node in topological_order(v))


def _moved(v: Value, x: Value) -> set[Value]:
    """Which values some path from x leads to, on the way to v; x itself, too."""
    expect_value(v, "v")
    expect_value(x, "x")
    order, moved = topological_order(v), {x}
    expect_unchanged(order)
    for node in order:
        if not moved.isdisjoint(node.inputs):
            moved.add(node)
    return moved


def _wires(node: Value, moved: set[Value]) -> Iterator[tuple[Value, float]]:
    """The wires into node that some path from x comes along."""
    if not moved.isdisjoint(node.inputs):
        for source, local in zip(node.inputs, local_gradients(node), strict=True):
            if source in moved:
                yield source, float(local)
