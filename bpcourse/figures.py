"""Pictures of circuits and networks as SVG, and the book's plots.

Values are blue and stand above a wire, gradients are orange and stand below it,
here as everywhere in the book. Colours are CSS variables, so that a picture
follows the page from light to dark.

Book: every chapter.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bpcourse import checks, svg
from bpcourse.graph import Value, adjoints, expect_value, flows, topological_order
from bpcourse.network import as_graph, node_name
from bpcourse.svg import COLOURS, GRADIENT, INK, LINE, MUTED, PAPER, PATHS, VALUE, Picture, number, pretty

LARGEST_CIRCUIT = 120
"""The most values that `circuit` draws. Book: chapter 03."""

MOST_PATHS = 64
"""The most paths that `network` colours. Book: chapter 05."""


def _legend(y: float, above: str, below: str | None) -> str:
    legend = svg.text(8, y, above, "value", 12, "start")
    return legend + ("" if below is None else svg.text(136, y, below, "gradient", 12, "start"))


# ------------------------------------------------------------------ circuits

_BAND = 42.0  # a wire with a label above and a label below
_CURVE = 30.0  # between a gate and the labels of the next column
_FLAT = 62.0  # the straight end of a wire, which carries the labels
_RADIUS = 19.0


class _Slot:
    """A place in a column: a value, or a wire that passes the column by."""

    def __init__(self, column: int, height: float) -> None:
        self.column = column
        self.height = height
        self.y = 0.0
        self.sources: list[_Slot] = []
        self.targets: list[_Slot] = []


class _Wire(NamedTuple):
    source: Value
    target: Value
    port: int
    via: list[_Slot]
    row: int


class _Writing(NamedTuple):
    """How a circuit writes its numbers: to be read, or for an explorer to rewrite.

    An explorer finds them by their keys: `v3` and `g3` are value and gradient of
    node 3 in topological order, `f3.1` is what flows back along its second wire.
    """

    places: Mapping[Value, int]
    decimals: int | None

    def number(self, x: float) -> str:
        return number(x) if self.decimals is None else svg.fixed(x, self.decimals)

    def key(self, letter: str, node: Value, port: int | None = None, before: str = "") -> str:
        return "" if self.decimals is None else svg.mark(wire_key(letter, self.places[node], port), before)

    def gate(self, node: Value) -> str:
        return "" if self.decimals is None else f' data-gate="{self.places[node]}"'


def wire_key(letter: str, place: int, port: int | None = None) -> str:
    """The key of a number in a circuit's picture: `v3`, `g3`, `f3.1`. Book: chapter 03."""
    return f"{letter}{place}" if port is None else f"{letter}{place}.{port}"


def circuit(v: Value, gradients: bool = True, decimals: int | None = None) -> Picture:
    """The circuit that computes v: values above the wires, gradients below.

    A gradient below a wire is what flows back along that wire; where a value
    feeds several wires, the sum of theirs stands below the value itself.
    gradients=False draws the forward pass alone. With `decimals` the numbers are
    `svg.fixed` and marked for an explorer. The graph stays as it is.

    Raises TypeError where v is not a Value, ValueError for more than
    `LARGEST_CIRCUIT` values.

    Book: chapter 03.
    """
    expect_value(v, "v")
    order = topological_order(v)
    if len(order) > LARGEST_CIRCUIT:
        raise ValueError(f"v: expected at most {LARGEST_CIRCUIT} values to draw, got {len(order)}")
    columns = _columns(order)
    slots, wires = _route(order, columns)
    _place(slots, wires)
    wires = _uncrossed(wires, slots)
    grads = adjoints(v) if gradients else {}
    x_of = [_RADIUS + 24 + column * (2 * _RADIUS + _CURVE + _FLAT) for column in range(max(columns.values()) + 1)]
    top = min(slot.y - slot.height / 2 for slot in _all_slots(slots, wires)) - 24
    bottom = max(slot.y + slot.height / 2 for slot in _all_slots(slots, wires)) - top
    back = {node: [flow for _, flow in flows(node, grad)] for node, grad in grads.items()}
    writing = _Writing({node: place for place, node in enumerate(order)}, decimals)
    parts = [_wire(wire, slots, x_of, top, back, writing) for wire in wires]
    end, y = x_of[columns[v]] + _RADIUS, slots[v].y - top
    parts.append(svg.path(f"M{end:g} {y:g}H{end + _FLAT:g}"))
    parts.append(_wire_labels(end + _FLAT / 2, y, v, grads.get(v), writing, writing.key("g", v)))
    fans = Counter(wire.source for wire in wires)
    parts += [_node_mark(node, x_of[columns[node]], slots[node].y - top, fans[node], grads.get(node), writing) for node in order]
    parts.append(_legend(bottom + 24, "above a wire: value", "below: gradient" if gradients else None))
    return svg.drawing(max(end + _FLAT + 8, 250), bottom + 34, _description(v, order, grads), parts)


def picture_of(v: Value) -> str | None:
    """The SVG by which a Value shows itself: without gradients where one is infinite.

    None where there are too many values to draw. Book: chapter 03.
    """
    if len(topological_order(v)) > LARGEST_CIRCUIT:
        return None
    try:
        return circuit(v).svg
    except ValueError:
        return circuit(v, gradients=False).svg


def _columns(order: Sequence[Value]) -> dict[Value, int]:
    """Gates after all their inputs; inputs just before the first gate that reads them."""
    columns: dict[Value, int] = {}
    for node in order:
        columns[node] = 1 + max((columns[source] for source in node.inputs), default=-1)
    readers: dict[Value, int] = {}
    for node in order:
        for source in node.inputs:
            readers[source] = min(readers.get(source, columns[node]), columns[node])
    return {node: readers[node] - 1 if node.gate is None and node in readers else columns[node] for node in order}


def _route(order: Sequence[Value], columns: dict[Value, int]) -> tuple[dict[Value, _Slot], list[_Wire]]:
    fans = Counter(source for node in order for source in node.inputs)
    slots = {node: _Slot(columns[node], _room(node, fans[node])) for node in order}
    wires = []
    for node in order:
        for port, source in enumerate(node.inputs):
            via = [_Slot(column, _BAND) for column in range(columns[source] + 1, columns[node])]
            chain = [slots[source], *via, slots[node]]
            for left, right in itertools.pairwise(chain):
                left.targets.append(right)
                right.sources.append(left)
            wires.append(_Wire(source, node, port, via, port))
    return slots, wires


def _room(node: Value, fan: int) -> float:
    """The height a value needs: its wires, a gate's name above, a fork's sum below."""
    named = node.name is not None
    return _BAND * max(len(node.inputs), 1) + (30 if named and (fan > 1 or node.gate is not None) else 0)


def _last_stop(wire: _Wire, slots: dict[Value, _Slot]) -> _Slot:
    return wire.via[-1] if wire.via else slots[wire.source]


def _port(y: float, row: int, count: int) -> float:
    """The height at which wire number `row` of `count` enters a gate at height y."""
    return y + (row - (count - 1) / 2) * _BAND


def _all_slots(slots: dict[Value, _Slot], wires: Sequence[_Wire]) -> list[_Slot]:
    return [*slots.values(), *(slot for wire in wires for slot in wire.via)]


def _place(slots: dict[Value, _Slot], wires: Sequence[_Wire]) -> None:
    """Order every column by its neighbours, then bring neighbours level."""
    by_column: dict[int, list[_Slot]] = {}
    for slot in _all_slots(slots, wires):
        by_column.setdefault(slot.column, []).append(slot)
    columns = [by_column[c] for c in sorted(by_column)]
    for column in columns:
        _stack(column, [float(i) * _BAND for i in range(len(column))])
    ports = {(id(slots[wire.target]), id(_last_stop(wire, slots))): wire.port for wire in wires}

    def wish(slot: _Slot, towards: str) -> float:
        if towards == "sources":
            near = [other.y for other in slot.sources]
        else:
            near = [_port(t.y, ports.get((id(t), id(slot)), 0), len(t.sources)) for t in slot.targets]
        return sum(near) / len(near) if near else slot.y

    for sweep in range(12):
        forward = sweep % 2 == 1
        for column in columns if forward else reversed(columns):
            towards = "sources" if forward else "targets"
            if sweep < 8:
                column.sort(key=lambda slot: wish(slot, towards))
            _stack(column, [wish(slot, towards) for slot in column])


def _uncrossed(wires: Sequence[_Wire], slots: dict[Value, _Slot]) -> list[_Wire]:
    """The wires, with those into a gate that may swap its inputs from top to bottom."""
    result = []
    for target, group in itertools.groupby(wires, key=lambda wire: wire.target):
        together = list(group)
        if target.gate is not None and target.gate.commutes:
            together.sort(key=lambda wire: _last_stop(wire, slots).y)
        result += [wire._replace(row=row) for row, wire in enumerate(together)]
    return result


def _stack(column: Sequence[_Slot], wishes: Sequence[float]) -> None:
    """Set each y as near to its wish as the heights allow, in the column's order.

    Least squares under y[i+1] − y[i] ≥ gap: pool neighbours that would overlap.
    """
    offsets = [0.0]
    for above, below in itertools.pairwise(column):
        offsets.append(offsets[-1] + (above.height + below.height) / 2)
    pools: list[tuple[float, int]] = []
    for wanted, offset in zip(wishes, offsets, strict=True):
        mean, size = wanted - offset, 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        pools.append((mean, size))
    means = [mean for mean, size in pools for _ in range(size)]
    for slot, mean, offset in zip(column, means, offsets, strict=True):
        slot.y = mean + offset


def _wire(
    wire: _Wire,
    slots: dict[Value, _Slot],
    x_of: Sequence[float],
    top: float,
    back: dict[Value, list[float]],
    writing: _Writing,
) -> str:
    source, target = slots[wire.source], slots[wire.target]
    x, y = x_of[source.column] + _RADIUS, source.y - top
    d = f"M{x:g} {y:g}"
    port_y = _port(target.y - top, wire.row, len(wire.target.inputs))
    stops = [(x_of[slot.column], slot.y - top, _RADIUS) for slot in wire.via]
    stops.append((x_of[target.column], port_y, -_RADIUS + 6))
    for centre, next_y, reach in stops:
        flat = centre - _RADIUS - _FLAT
        d += f"C{x + 18:g} {y:g} {flat - 18:g} {next_y:g} {flat:g} {next_y:g}H{centre + reach:g}"
        x, y = centre + _RADIUS, next_y
    centre = x_of[target.column] - _RADIUS - _FLAT / 2
    if wire.source.gate is None and wire.source.name is None:
        return svg.path(d)
    flow = back[wire.target][wire.port] if back else None
    return svg.path(d) + _wire_labels(centre, port_y, wire.source, flow, writing, writing.key("f", wire.target, wire.port))


def _wire_labels(x: float, y: float, node: Value, flow: float | None, writing: _Writing, flow_key: str) -> str:
    labels = svg.text(x, y - 6, writing.number(node.value), "value", more=writing.key("v", node))
    return labels + ("" if flow is None else svg.text(x, y + 16, writing.number(flow), "gradient", more=flow_key))


def _node_mark(node: Value, x: float, y: float, fan: int, grad: float | None, writing: _Writing) -> str:
    total = ""
    if fan > 1 and grad is not None and node.name:
        total = svg.halo(x, y + 34, f"Σ {writing.number(grad).strip()}", "gradient", 12, writing.key("g", node, before="Σ "))
    if node.gate is None:
        name = number(node.value) if node.name is None else pretty(node.name)
        half = max(22, 4 + 4 * len(name))
        box = svg.box(x, y, half, 15, 6, "line")
        return box + svg.text(x, y + 5, name, "muted" if node.name is None else "ink", 14) + total
    mark = svg.box(x, y, _RADIUS, _RADIUS + (9 if len(node.inputs) > 1 else 0), _RADIUS, "ink", writing.gate(node))
    symbol = node.gate.symbol
    name = (
        "" if node.name is None else svg.halo(x, y - _RADIUS - (14 if len(node.inputs) > 1 else 6), pretty(node.name), "ink", 13)
    )
    return mark + svg.text(x, y + 5, symbol, "ink", 16 if len(symbol) < 3 else 12) + name + total


def _description(v: Value, order: Sequence[Value], grads: dict[Value, Any]) -> str:
    leaves = [node for node in order if node.gate is None and node.name is not None]
    told = "; ".join(
        f"{node.name} = {number(node.value)}" + (f", gradient {number(grads[node])}" if grads else "") for node in leaves
    )
    gates = sum(node.gate is not None for node in order)
    return f"circuit of {v.name or 'the output'} = {number(v.value)}, gates: {gates}. {told}"


# ------------------------------------------------------------------ networks

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
    nodes = as_graph(parameters, x, y, hidden=hidden, output=output, loss=loss)
    nodes["loss"].backward()
    plan = network_plan(parameters, output)
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

    Book: chapters 05 to 08.
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
            raise ValueError(f"highlight: expected a weight of the network, such as w_111, got {weight!r}")
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
        return _legend(self.height - 10, "above a unit: value", "below: gradient ∂L/∂unit" if gradients else None)


def network_plan(parameters: Mapping[str, Any], output: str) -> NetworkPlan:
    """The plan of a network's picture; a softmax has a column for its logits.

    Book: chapters 05 to 08.
    """
    depth = len(parameters) // 2
    sizes = [np.shape(parameters["W1"])[1]] + [len(parameters[f"b{l}"]) for l in range(1, depth + 1)]

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
    """The way of route number i of count, beside the others. Book: chapter 05."""
    shift = (i - (count - 1) / 2) * ROUTE_GAP
    return "M" + "L".join(f"{x:g} {y + shift:g}" for x, y in (place[name] for name in route))


def route_path(line: str, i: int, more: str = "") -> str:
    """Route number i in its colour and dash. Book: chapter 05."""
    dash = f' stroke-dasharray="{_DASHES[i % 4]}"' if _DASHES[i % 4] else ""
    return svg.path(line, f"path{i % 4 + 1}", 3, f'{dash} stroke-linejoin="round"{more}')


# --------------------------------------------------------------------- plots


def axes(width: float = 6.4, height: float = 3.6, columns: int = 1, rows: int = 1, **options: Any) -> tuple[Figure, Any]:
    """A figure in the book's style, and its axes: `plt.subplots` with our look.

    Book: every chapter.
    """
    with matplotlib.rc_context(_PLOT_STYLE):
        return plt.subplots(rows, columns, figsize=(width, height), layout="constrained", **options)


def themed(figure: Figure, description: str) -> Picture:
    """A matplotlib figure as a picture whose colours follow the page; closes it.

    Book: every chapter.
    """
    for legend in filter(None, [*figure.legends, *(ax.get_legend() for ax in figure.axes)]):
        legend.set_frame_on(False)
    text = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "bpcourse"}):
        figure.savefig(text, format="svg", transparent=True)
    plt.close(figure)
    drawn = text.getvalue()
    view = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn)
    assert view is not None
    body = drawn[drawn.index("<defs>") : drawn.rindex("</svg>")]
    for name, (light, _) in COLOURS.items():
        body = body.replace(light, f"var(--bp-{name})")
    mark = hashlib.sha256(body.encode()).hexdigest()[:8]
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', body))
    body = re.sub(r' id="([^"]+)"', lambda m: f' id="{mark}-{m[1]}"' if m[1] in used else "", body)
    body = re.sub(r'(url\(#|href="#)', rf"\g<1>{mark}-", body)
    body = re.sub(r"font: [^;\"]*?([\d.]+px)[^;\"]*", r"font-size: \1", body)
    scaled = f'<g transform="scale(1.33333)" fill="var(--bp-ink)">{body}</g>'
    return svg.drawing(float(view[1]) * 4 / 3, float(view[2]) * 4 / 3, description, [scaled])


_PLOT_STYLE: Any = {
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "normal",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.facecolor": "none",
    "figure.facecolor": PAPER,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "lines.linewidth": 2,
    "font.size": 10,
    "axes.prop_cycle": cycler(color=[VALUE, GRADIENT, *PATHS]),
}


def curve(f: Callable[[np.ndarray], np.ndarray], low: float, high: float, ylabel: str = "") -> tuple[Figure, Any]:
    """The graph of f from low to high, in the colour of values.

    Book: chapter 01.
    """
    figure, ax = axes()
    xs = np.linspace(low, high, 241)
    ax.plot(xs, f(xs), color=VALUE)
    ax.set(xlabel="x", ylabel=ylabel)
    return figure, ax


def tangent(ax: Any, x: float, y: float, slope: float, reach: float, label: str = "") -> None:
    """A piece of the line through (x, y) with this slope, in the gradient's colour.

    Book: chapters 01, 02, 04, 07 and 08.
    """
    ends = np.array([x - reach, x + reach])
    ax.plot(ends, y + slope * (ends - x), color=GRADIENT, label=label or None)
    ax.plot([x], [y], "o", color=GRADIENT, markersize=7)


def shapes(*pieces: str | tuple[str, int, int, str]) -> Figure:
    """A matrix equation as blocks of cells: signs, and (name, rows, columns, colour).

    Book: chapters 06 and 09.
    """
    blocks = [piece for piece in pieces if not isinstance(piece, str)]
    tallest = max(rows for _, rows, _, _ in blocks)
    width = sum(0.4 + 0.6 * len(piece) if isinstance(piece, str) else max(piece[2], 2) for piece in pieces)
    figure, ax = axes(min(7.2, 0.42 * width + 0.4), 0.42 * tallest + 0.9)
    left = 0.0
    for piece in pieces:
        if isinstance(piece, str):
            room = 0.4 + 0.6 * len(piece)
            ax.text(left + room / 2, tallest / 2, piece, ha="center", va="center", fontsize=16, color=INK)
            left += room
            continue
        name, rows, columns, colour = piece
        room, top = max(columns, 2), (tallest - rows) / 2
        for r, c in np.ndindex(rows, columns):
            corner = (left + (room - columns) / 2 + c + 0.05, top + r + 0.05)
            ax.add_patch(Rectangle(corner, 0.9, 0.9, color=colour, alpha=0.4, linewidth=0))
        ax.text(left + room / 2, top - 0.3, f"{name}\n{rows}×{columns}", ha="center", va="bottom", color=INK)
        left += room
    ax.set(xlim=(-0.2, left + 0.2), ylim=(tallest + 0.1, -1.6))
    ax.set_aspect("equal")
    ax.axis("off")
    return figure


_HISTORY = {"cost": "training", "validation_cost": "held out"}


def cost_curves(history: Mapping[str, Sequence[float]]) -> Figure:
    """A training's cost by epoch, one line a set of examples.

    Book: chapter 12.
    """
    figure, ax = axes()
    for (key, costs), style, colour in zip(history.items(), itertools.cycle(["-", "--"]), [VALUE, PATHS[1]]):
        ax.plot(range(len(costs)), costs, style, color=colour, label=_HISTORY.get(key, key))
    ax.set(xlabel="epoch", ylabel="cost", yscale="log")
    ax.legend()
    return figure


def confusion_matrix(labels: Any, predicted: Any, classes: int = 10) -> tuple[Figure, np.ndarray]:
    """How often label i (row) was taken for j (column): its picture, and the counts.

    Raises TypeError and ValueError for labels that are not 0 … classes − 1.

    Book: chapter 12.
    """
    classes = checks.whole(classes, "classes")
    labels = checks.labels(labels, "labels", classes)
    predicted = checks.labels(predicted, "predicted", classes)
    if labels.shape != predicted.shape:
        raise ValueError(f"predicted: expected one for each of {len(labels)} labels, got {len(predicted)}")
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (labels, predicted), 1)
    figure, ax = axes(5.2, 4.8)
    for i, j in zip(*counts.nonzero()):
        colour, alpha = (VALUE, 0.15 + 0.6 * counts[i, j] / counts.max()) if i == j else (PATHS[1], 0.3)
        ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, color=colour, alpha=alpha, linewidth=0))
        ax.text(j, i, str(counts[i, j]), ha="center", va="center", color=INK)
    ax.set(xlim=(-0.5, classes - 0.5), ylim=(classes - 0.5, -0.5), xlabel="the network says", ylabel="the label")
    ax.set_xticks(range(classes))
    ax.set_yticks(range(classes))
    ax.set_aspect("equal")
    return figure, counts


def images(X: Any, titles: Sequence[str], columns: int = 8) -> Figure:
    """8×8 images, one a column of X, each with a title.

    Raises ValueError where X is not (64, examples) or the titles do not fit.

    Book: chapter 12.
    """
    X = checks.batch(X, "X")
    if X.shape != (64, len(titles)):
        raise ValueError(f"X: expected (64, {len(titles)}), a column for each title, got shape {X.shape}")
    rows = -(-len(titles) // columns)
    figure, grid = axes(6.8, 1.12 * rows, columns, rows, squeeze=False)
    for ax in grid.flat:
        ax.axis("off")
    for ax, pixels, title in zip(grid.flat, X.T, titles):
        ax.imshow(pixels.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set_title(title, fontsize=9)
    return figure
