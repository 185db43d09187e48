"""A network as a picture: sums and activations with their numbers, a weight with its paths to the loss.

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
_PITCH = 134.0
_PAIR = 74.0  # from a unit's sum to its activation: room for two numbers of eight characters
_STEP = 88.0
_DASHES = ("", "9 4", "2 4", "12 4 2 4")
STROKES = ("green", "purple dashed", "ochre dotted", "violet dash-dotted")
"""What the strokes of the paths are called, one after the other. Book: chapter 05."""


def network(
    parameters: Mapping[str, Any],
    x: Any,
    y: Any,
    highlight: str | None = None,
    hidden: str = "relu",
    output: str = "softmax",
    loss: str = "cross_entropy",
    gradients: bool = True,
) -> Picture:
    """The network on one example; one weight and its paths to the loss coloured.

    Each unit is its sum z and its activation a, side by side, and each of these shows
    its value above and ∂L/∂value below, so that δ stands below z. `highlight` names a
    weight as `as_graph` does (`w_212`); each of its paths has a colour and a dash of
    its own. Without `gradients` it is the forward pass alone: no paths, the weight's
    own line in the colour of values.

    Raises ValueError where highlight is not a weight of the network; otherwise
    errors as `bpcourse.network.as_graph`.

    Book: chapters 05, 07 and 08.
    """
    checks.flag(gradients, "gradients")
    plan = network_plan(parameters, output)
    nodes = as_graph(parameters, x, y, hidden=hidden, output=output, loss=loss)
    nodes["loss"].backward()
    parts = [svg.path(plan.line(a, b), "line", 1) for a, b in plan.edges()]
    if highlight is not None:
        routes = plan.routes(highlight)
        parts += plan.coloured(routes) if gradients else [svg.path(plan.line(*plan.weights[highlight]), "value", 3)]
        parts.append(plan.beside(highlight))
        parts.append(svg.text(8, 18, f"{pretty(highlight)} = {number(nodes[highlight].value)}", "value", 15, "start"))
        if gradients:
            told = f"∂L/∂{pretty(highlight)} = {number(nodes[highlight].grad)}"
            parts.append(svg.text(136, 18, told, "gradient", 15, "start"))
    parts.append(plan.circles())
    parts.append(plan.above({name: number(nodes[name].value) for name in plan.place}))
    if gradients:
        parts.append(plan.below({name: number(nodes[name].grad) for name in plan.moving}))
    parts.append(plan.legend(gradients))
    values = {name: number(nodes[name].value) for name in plan.place}
    told = plan.in_words(values, {name: number(nodes[name].grad) for name in plan.moving} if gradients else {})
    if highlight is not None:
        slope = f", gradient {number(nodes[highlight].grad)}" if gradients else ""
        told += f". {highlight} = {number(nodes[highlight].value)}{slope}"
        told += (
            f". Paths from {highlight} to the loss: {plan.routes_in_words(highlight)}"
            if gradients
            else f", from {' to '.join(plan.weights[highlight])}"
        )
    return svg.drawing(plan.width, plan.height, told, parts)


class NetworkPlan(NamedTuple):
    """Where a network's picture has its units, and the pieces that stand there.

    `columns` are names as `as_graph` gives them, from the inputs to the loss, sums and
    activations apart; `ahead` has the names that each one leads to; `place` is each
    one's centre; `weights` has the ends of each weight's edge.
    """

    columns: list[list[str]]
    ahead: dict[str, list[str]]
    place: dict[str, tuple[float, float]]
    labels: dict[str, str]
    weights: dict[str, tuple[str, str]]
    width: float
    height: float
    description: str

    @property
    def moving(self) -> list[str]:
        """All names but those of the inputs."""
        return [name for column in self.columns[1:] for name in column]

    def in_words(self, values: Mapping[str, str], gradients: Mapping[str, str]) -> str:
        """The network with the numbers at its units, as far as there are gradients with these."""
        told = (
            f"{self.labels.get(name, name)} = {value}" + (f", gradient {gradients[name]}" if name in gradients else "")
            for name, value in values.items()
        )
        return f"{self.description}. {'; '.join(told)}"

    def routes_in_words(self, weight: str) -> str:
        """Each path of the weight, by its stroke: the units that it visits after the first."""
        ways = self.routes(weight)
        told = (f"{STROKES[i % 4]} {', '.join(self.labels.get(name, name) for name in way[1:])}" for i, way in enumerate(ways))
        return f"{len(ways)}: {'; '.join(told)}"

    def edges(self) -> Iterator[tuple[str, str]]:
        """The lines between neighbouring columns, as pairs of names."""
        return ((start, end) for start, ends in self.ahead.items() for end in ends)

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
        ways: list[tuple[str, ...]] = [self.weights[weight]]
        reached = next(c for c, column in enumerate(self.columns) if ways[0][-1] in column)
        count = math.prod(len(self.ahead[column[0]]) for column in self.columns[reached:-1])
        if count > MOST_PATHS:
            raise ValueError(f"highlight: expected a weight with at most {MOST_PATHS} paths, got {count} for {weight}")
        for _ in self.columns[reached:-1]:
            ways = [(*way, name) for way in ways for name in self.ahead[way[-1]]]
        return ways

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

    def circles(self) -> str:
        """The circles with their names. What all have in common is told once, for explorers weigh what they write."""
        rings = "".join(f'<circle cx="{x:g}" cy="{y:g}" r="{_UNIT:g}"/>' for x, y in self.place.values())
        names = "".join(
            f'<text x="{x:g}" y="{y + 5:g}">{svg.escaped(pretty(self.labels.get(name, name)))}</text>'
            for name, (x, y) in self.place.items()
        )
        return (
            f'<g fill="var(--bp-paper)" stroke="var(--bp-ink)" stroke-width="1.5">{rings}</g>'
            f'<g text-anchor="middle" font-size="15" fill="var(--bp-ink)">{names}</g>'
        )

    def above(self, words: Mapping[str, str], prefix: str = "") -> str:
        """The values' places; by the prefix and its name a script finds each."""
        return self._numbers(words, -_UNIT - 5, "value", prefix)

    def below(self, words: Mapping[str, str], prefix: str = "") -> str:
        """The gradients' places."""
        return self._numbers(words, _UNIT + 15, "gradient", prefix)

    def _numbers(self, words: Mapping[str, str], down: float, colour: str, prefix: str) -> str:
        texts = []
        for name, told in words.items():
            x, y = self.place[name]
            marked = svg.mark(prefix + name) if prefix else ""
            texts.append(f'<text x="{x:g}" y="{y + down:g}"{marked}>{svg.escaped(told)}</text>')
        return f'<g class="halo" text-anchor="middle" font-size="13" fill="var(--bp-{colour})">{"".join(texts)}</g>'

    def legend(self, gradients: bool = True) -> str:
        """What stands above and below, under the picture."""
        return svg.legend(self.height - 10, "above: value", "below: gradient ∂L/∂value" if gradients else None)


def network_plan(parameters: Mapping[str, Any], output: str) -> NetworkPlan:
    """The plan of a network's picture: layer by layer, sums and activations.

    They stand close where each activation reads its own sum alone; a softmax reads all.

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

    columns = [[node_name(parameters, "x", k) for k in range(1, sizes[0] + 1)]]
    ahead: dict[str, list[str]] = {}
    across = [44.0]
    for l in range(1, depth + 1):
        sums, activations = units("z", l), units("a", l)
        ahead |= dict.fromkeys(columns[-1], sums)
        elementwise = l < depth or output != "softmax"
        ahead |= {z: [a] for z, a in zip(sums, activations)} if elementwise else dict.fromkeys(sums, activations)
        columns += [sums, activations]
        across += [across[-1] + _PITCH, across[-1] + _PITCH + (_PAIR if elementwise else _PITCH)]
    outputs = columns[-1]
    columns.append(["loss"])
    across.append(across[-1] + _PITCH)
    ahead |= {**dict.fromkeys(outputs, columns[-1]), "loss": []}
    weights = {
        node_name(parameters, "w", l, j, k): (columns[2 * l - 2][k - 1], columns[2 * l - 1][j - 1])
        for l in range(1, depth + 1)
        for j in range(1, sizes[l] + 1)
        for k in range(1, sizes[l - 1] + 1)
    }
    height = _STEP * max(sizes)
    place = {
        name: (x, 44 + height / 2 + (i - (len(column) - 1) / 2) * _STEP)
        for x, column in zip(across, columns)
        for i, name in enumerate(column)
    }
    labels = {name: f"ŷ_{j}" for j, name in enumerate(outputs, start=1)} | {"loss": "L"}
    title = f"network {'-'.join(map(str, sizes))}"
    return NetworkPlan(columns, ahead, place, labels, weights, across[-1] + 44, height + 82, title)


ROUTE_GAP = 5.0
"""The distance between routes that run side by side. Book: chapter 05."""


def route_line(route: Sequence[str], i: int, count: int, place: Mapping[str, tuple[float, float]]) -> str:
    """The way of route number i of count, beside the others.

    Raises TypeError and ValueError for numbers that are not whole, a route that is no
    list and places that are not those of its units. Book: chapter 05.
    """
    shift = (checks.count(i, "i") - (checks.whole(count, "count") - 1) / 2) * ROUTE_GAP
    checks.mapping(place, "place", "a dict from names to centres")
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
