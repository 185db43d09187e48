"""A network as a picture: units with their numbers, a weight with its paths to the loss.

Book: chapters 05 to 08.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from bpcourse import checks
from bpcourse.layers import OUTPUTS
from bpcourse.network import as_graph, checked_parameters, node_name
from bpcourse.pictures import svg
from bpcourse.pictures.svg import Picture, number, pretty

MOST_PATHS = 64
"""The most paths that `network` colours."""

MOST_WEIGHTS = 2000
"""The most weights that `network` draws."""

_UNIT = 21.0
_PITCH = 160.0
_STEP = 88.0
_DASHES = ("", "9 4", "2 4", "12 4 2 4")


def network(
    parameters: Mapping[str, Any],
    x: Any,
    y: Any,
    highlight: str | None = None,
    hidden: str = "sigmoid",
    output: str = "softmax",
    loss: str = "squared_error",
    gradients: bool = True,
) -> Picture:
    """The network on one example; one weight and its paths to the loss coloured.

    Each unit shows its value above and ∂L/∂value below. `highlight` names a
    weight as `as_graph` does (`w_212`); each of its paths has a colour and a
    dash of its own.

    Raises ValueError where highlight is not a weight of the network; otherwise
    errors as `bpcourse.network.as_graph`.

    Book: chapters 05, 07 and 08.
    """
    checks.flag(gradients, "gradients")
    plan = network_plan(parameters, output)
    nodes = as_graph(parameters, x, y, hidden=hidden, output=output, loss=loss)
    nodes["loss"].backward()
    parts = [svg.path(plan.line(a, b), "line", 1) for a, b in plan.edges()]
    count = 0
    if highlight is not None:
        routes = plan.routes(highlight)
        count = len(routes)
        parts += plan.coloured(routes)
        parts.append(plan.beside(highlight))
        parts.append(svg.text(8, 18, f"{pretty(highlight)} = {number(nodes[highlight].value)}", "value", 15, "start"))
        if gradients:
            told = f"∂L/∂{pretty(highlight)} = {number(nodes[highlight].grad)}"
            parts.append(svg.text(136, 18, told, "gradient", 15, "start"))
    inputs = plan.columns[0]
    for name in plan.place:
        above = plan.above(name, number(nodes[name].value))
        below = plan.below(name, number(nodes[name].grad)) if gradients and name not in inputs else ""
        parts.append(plan.unit(name) + above + below)
    parts.append(plan.legend(gradients))
    weight = "" if highlight is None else f"; paths from {highlight} to the loss: {count}"
    return svg.drawing(plan.width, plan.height, plan.description + weight, parts)


class NetworkPlan(NamedTuple):
    """Where a network's picture has its units, and the pieces that stand there.

    `columns` are names as `as_graph` gives them, from the inputs to the loss;
    `place` is each one's centre; `weights` has the ends of each weight's edge.
    """

    columns: list[list[str]]
    place: dict[str, tuple[float, float]]
    labels: dict[str, str]
    weights: dict[str, tuple[str, str]]
    width: float
    height: float
    description: str

    def edges(self) -> Iterator[tuple[str, str]]:
        """The lines between neighbouring columns, as pairs of names."""
        for left, right in itertools.pairwise(self.columns):
            yield from itertools.product(left, right)

    def line(self, start: str, end: str) -> str:
        """The way from one unit to another."""
        (x1, y1), (x2, y2) = self.place[start], self.place[end]
        return f"M{x1:g} {y1:g}L{x2:g} {y2:g}"

    def routes(self, weight: str) -> list[tuple[str, ...]]:
        """Every path from the weight to the loss, as the units that it visits.

        Raises ValueError for an unknown weight and for more than `MOST_PATHS`.
        """
        if not isinstance(weight, str) or weight not in self.weights:
            raise ValueError(f"highlight: expected a weight of the network, such as w_111, got {checks.short(weight)}")
        start, end = self.weights[weight]
        reached = next(c for c, column in enumerate(self.columns) if start in column) + 1
        ahead = self.columns[reached + 1 :]
        count = math.prod(map(len, ahead))
        if count > MOST_PATHS:
            raise ValueError(f"highlight: expected a weight with at most {MOST_PATHS} paths, got {count} for {weight}")
        return list(itertools.product([start], [end], *ahead))

    def coloured(self, routes: Sequence[Sequence[str]]) -> list[str]:
        """The routes side by side, each in a colour and a dash of its own."""
        return [route_path(route_line(route, i, len(routes), self.place), i) for i, route in enumerate(routes)]

    def beside(self, weight: str) -> str:
        """The weight's name at the middle of its edge."""
        return svg.halo(*self.beside_place(weight), pretty(weight), "ink", 15)

    def beside_place(self, weight: str) -> tuple[float, float]:
        """Where the weight's name stands, clear of its edge."""
        (x1, y1), (x2, y2) = (self.place[end] for end in self.weights[weight])
        reach = 26 / math.hypot(x2 - x1, y2 - y1)
        return round(x1 + (x2 - x1) / 2 + reach * abs(y2 - y1), 1), round(y1 + (y2 - y1) / 2 - reach * (x2 - x1) + 6, 1)

    def unit(self, name: str) -> str:
        """The unit's circle with its name."""
        x, y = self.place[name]
        label = pretty(self.labels.get(name, name))
        return svg.box(x, y, _UNIT, _UNIT, _UNIT, "ink") + svg.text(x, y + 5, label, "ink", 15)

    def above(self, name: str, words: str, more: str = "") -> str:
        """The value's place."""
        x, y = self.place[name]
        return svg.halo(x, y - _UNIT - 5, words, "value", more=more)

    def below(self, name: str, words: str, more: str = "") -> str:
        """The gradient's place."""
        x, y = self.place[name]
        return svg.halo(x, y + _UNIT + 15, words, "gradient", more=more)

    def legend(self, gradients: bool = True) -> str:
        """What stands above and below, under the picture."""
        return svg.legend(self.height - 10, "above a unit: value", "below: gradient ∂L/∂unit" if gradients else None)


def network_plan(parameters: Mapping[str, Any], output: str) -> NetworkPlan:
    """The plan of a network's picture; a softmax has a column for its logits.

    Raises ValueError for more than `MOST_WEIGHTS`, an unknown output or shapes that
    do not fit; TypeError where parameters are not a dict of arrays.
    """
    checks.choice(output, "output", OUTPUTS)
    parameters = checked_parameters(parameters)
    depth = len(parameters) // 2
    sizes = [parameters["W1"].shape[1]] + [len(parameters[f"b{l}"]) for l in range(1, depth + 1)]
    count = sum(below * units for below, units in itertools.pairwise(sizes))
    if count > MOST_WEIGHTS:
        raise ValueError(f"parameters: expected at most {MOST_WEIGHTS} weights to draw, got {count}")

    def units(letter: str, l: int) -> list[str]:
        return [node_name(parameters, letter, l, j) for j in range(1, sizes[l] + 1)]

    inputs = [node_name(parameters, "x", k) for k in range(1, sizes[0] + 1)]
    layers = [inputs, *(units("a", l) for l in range(1, depth))]
    layers.append(units("z" if output == "softmax" else "a", depth))
    outputs = units("a", depth)
    columns = [*layers, *([outputs] if output == "softmax" else []), ["loss"]]
    weights = {
        node_name(parameters, "w", l, j, k): (layers[l - 1][k - 1], layers[l][j - 1])
        for l in range(1, depth + 1)
        for j in range(1, sizes[l] + 1)
        for k in range(1, sizes[l - 1] + 1)
    }
    height = _STEP * max(sizes)
    place = {
        name: (44 + c * _PITCH, 44 + height / 2 + (i - (len(column) - 1) / 2) * _STEP)
        for c, column in enumerate(columns)
        for i, name in enumerate(column)
    }
    labels = {name: f"ŷ_{j}" for j, name in enumerate(outputs, start=1)} | {"loss": "L"}
    width = 88 + _PITCH * (len(columns) - 1)
    return NetworkPlan(columns, place, labels, weights, width, height + 82, f"network {'-'.join(map(str, sizes))}")


ROUTE_GAP = 5.0
"""The distance between routes that run side by side. Book: chapter 05."""


def route_line(route: Sequence[str], i: int, count: int, place: Mapping[str, tuple[float, float]]) -> str:
    """The way of route number i of count, beside the others.

    Raises TypeError and ValueError for numbers that are not whole, a route that is no
    list and places that are not those of its units. Book: chapter 05.
    """
    shift = (checks.count(i, "i") - (checks.whole(count, "count") - 1) / 2) * ROUTE_GAP
    if not isinstance(place, Mapping):
        raise TypeError(f"place: expected a dict from names to centres, got {type(place).__name__}")
    stops = []
    for name in checks.listed(route, "route", "names"):
        if not isinstance(name, str) or name not in place:
            raise ValueError(f"route: expected names that have a place, got {checks.short(name)}")
        centre = checks.listed(place[name], "place", "two numbers")
        if len(centre) != 2:
            raise ValueError(f"place: expected a centre (x, y) for each name, got {checks.short(place[name])}")
        x, y = (checks.number(part, "place") for part in centre)
        stops.append(f"{x:g} {y + shift:g}")
    return "M" + "L".join(stops)


def route_path(line: str, i: int, more: str = "") -> str:
    """Route number i in its colour and dash. TypeError for what is no text or number. Book: chapter 05."""
    line, i, more = checks.text(line, "line"), checks.count(i, "i"), checks.text(more, "more")
    dash = f' stroke-dasharray="{_DASHES[i % 4]}"' if _DASHES[i % 4] else ""
    return svg.path(line, f"path{i % 4 + 1}", 3, f'{dash} stroke-linejoin="round"{more}')
