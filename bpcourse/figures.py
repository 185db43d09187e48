"""Pictures of circuits and networks as SVG, and the book's plots.

Values are blue and stand above a wire, gradients are orange and stand below it,
here as everywhere in the book. Colours are CSS variables, so that a picture
follows the page from light to dark.

Book: every chapter.
"""

from __future__ import annotations

import hashlib
import html
import io
import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bpcourse import checks
from bpcourse.graph import Value, adjoints, expect_value, flows, topological_order
from bpcourse.network import as_graph, node_name

COLOURS = {
    #           light      dark
    "ink": ("#1f2328", "#e8eaed"),
    "muted": ("#59636e", "#a5b0bb"),
    "line": ("#8b949e", "#77818c"),
    "paper": ("#ffffff", "#121212"),
    "value": ("#005fa3", "#7cc4ff"),
    "gradient": ("#b04300", "#ffac66"),
    "path1": ("#00765a", "#45d3a8"),
    "path2": ("#98277f", "#f291dc"),
    "path3": ("#735600", "#e8c84f"),
    "path4": ("#3d3db3", "#a9a9ff"),
}
"""The palette, each colour in light and in dark. Book: every chapter."""

INK, MUTED, LINE, PAPER, VALUE, GRADIENT, *PATHS = (light for light, _ in COLOURS.values())

LARGEST_CIRCUIT = 120
"""The most values that `circuit` draws. Book: chapter 03."""

MOST_PATHS = 64
"""The most paths that `network` colours. Book: chapter 05."""


def _variables(shade: int) -> str:
    return "".join(f"--bp-{name}:{shades[shade]};" for name, shades in COLOURS.items())


_DARK = 'html[data-theme="dark"] svg.bp,body[data-jp-theme-light="false"] svg.bp'
_STYLE = (
    "<style>"
    f"svg.bp{{{_variables(0)}background:var(--bp-paper);font-family:system-ui,sans-serif;height:auto}}"
    f"{_DARK}{{{_variables(1)}}}"
    "svg.bp text{font-variant-numeric:tabular-nums}"
    "</style>"
)


class Picture(NamedTuple):
    """An SVG text that a notebook and a page show; prints as its description.

    Book: every chapter.
    """

    svg: str
    description: str

    def _repr_html_(self) -> str:
        return f'<div class="bp-picture" style="overflow-x:auto">{self.svg}</div>'

    def __repr__(self) -> str:
        return f"<picture: {self.description}>"


def number(x: float) -> str:
    """x as the pictures print it: four significant digits, none past 10⁻¹², a real minus sign."""
    text = f"{round(float(x), 12) + 0.0:.4g}"
    return re.sub(r"e([+-])0?", lambda sign: "e" + sign[1].replace("+", ""), text).replace("-", "−")


def pretty(name: str) -> str:
    """A graph's name as the book writes it: `w_212` as w²₁₂, `x_1` and `x1` as x₁."""
    match = re.fullmatch(r"([a-zŷ]+)(_?)([\d,]+)", name)
    if match is None:
        return name
    letter, layered, indices = match.groups()
    above = ""
    if layered and letter in "wbza":
        parts = indices.split(",") if "," in indices else list(indices)
        above, indices = parts[0], ("," if "," in indices else "").join(parts[1:])
    return letter + above.translate(_SUPERSCRIPT) + indices.translate(_SUBSCRIPT)


_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


# ---------------------------------------------------------------- SVG pieces


def _escaped(text: str) -> str:
    return html.escape(re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "�", text))


def _text(x: float, y: float, text: str, colour: str = "ink", size: int = 13, anchor: str = "middle", more: str = "") -> str:
    escaped = _escaped(text)
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}" fill="var(--bp-{colour})"{more}>{escaped}</text>'


def _halo(x: float, y: float, text: str, colour: str, size: int = 13) -> str:
    """Text that stays legible over a line: paper-coloured outline first."""
    more = ' stroke="var(--bp-paper)" stroke-width="4" paint-order="stroke" stroke-linejoin="round"'
    return _text(x, y, text, colour, size, more=more)


def _box(x: float, y: float, half_width: float, half_height: float, corner: float, line: str) -> str:
    return (
        f'<rect x="{x - half_width:g}" y="{y - half_height:g}" width="{2 * half_width:g}" height="{2 * half_height:g}" '
        f'rx="{corner:g}" fill="var(--bp-paper)" stroke="var(--bp-{line})" stroke-width="1.5"/>'
    )


def _path(points: str, colour: str = "line", width: float = 1.5, more: str = "") -> str:
    return f'<path d="{points}" fill="none" stroke="var(--bp-{colour})" stroke-width="{width:g}"{more}/>'


def _svg(width: float, height: float, description: str, parts: Iterable[str]) -> Picture:
    label = _escaped(description)
    svg = (
        '<svg class="bp" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'role="img" aria-label="{label}" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'style="max-width:100%;min-width:{min(width, 0.6 * width + 60, 680):.0f}px">'
        f"{_STYLE}{''.join(parts)}</svg>"
    )
    return Picture(svg, description)


def _legend(y: float, above: str, below: str | None) -> str:
    legend = _text(8, y, above, "value", 12, "start")
    return legend + ("" if below is None else _text(136, y, below, "gradient", 12, "start"))


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


def circuit(v: Value, gradients: bool = True) -> Picture:
    """The circuit that computes v: values above the wires, gradients below.

    A gradient below a wire is what flows back along that wire; where a value
    feeds several wires, the sum of theirs stands below the value itself.
    gradients=False draws the forward pass alone. The graph stays as it is.

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
    parts = [_wire(wire, slots, x_of, top, back) for wire in wires]
    end, y = x_of[columns[v]] + _RADIUS, slots[v].y - top
    parts.append(_path(f"M{end:g} {y:g}H{end + _FLAT:g}") + _wire_labels(end + _FLAT / 2, y, v, grads.get(v)))
    fans = Counter(wire.source for wire in wires)
    parts += [_node_mark(node, x_of[columns[node]], slots[node].y - top, fans[node], grads.get(node)) for node in order]
    parts.append(_legend(bottom + 24, "above a wire: value", "below: gradient" if gradients else None))
    return _svg(max(end + _FLAT + 8, 250), bottom + 34, _description(v, order, grads), parts)


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


def _wire(wire: _Wire, slots: dict[Value, _Slot], x_of: Sequence[float], top: float, back: dict[Value, list[float]]) -> str:
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
        return _path(d)
    flow = back[wire.target][wire.port] if back else None
    return _path(d) + _wire_labels(centre, port_y, wire.source, flow)


def _wire_labels(x: float, y: float, node: Value, flow: float | None) -> str:
    labels = _text(x, y - 6, number(node.value), "value")
    return labels + ("" if flow is None else _text(x, y + 16, number(flow), "gradient"))


def _node_mark(node: Value, x: float, y: float, fan: int, grad: float | None) -> str:
    total = _halo(x, y + 34, f"Σ {number(grad)}", "gradient", 12) if fan > 1 and grad is not None and node.name else ""
    if node.gate is None:
        name = number(node.value) if node.name is None else pretty(node.name)
        half = max(22, 4 + 4 * len(name))
        box = _box(x, y, half, 15, 6, "line")
        return box + _text(x, y + 5, name, "muted" if node.name is None else "ink", 14) + total
    mark = _box(x, y, _RADIUS, _RADIUS + (9 if len(node.inputs) > 1 else 0), _RADIUS, "ink")
    symbol = node.gate.symbol
    name = "" if node.name is None else _halo(x, y - _RADIUS - (14 if len(node.inputs) > 1 else 6), pretty(node.name), "ink", 13)
    return mark + _text(x, y + 5, symbol, "ink", 16 if len(symbol) < 3 else 12) + name + total


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
    depth = len(parameters) // 2
    sizes = [np.shape(parameters["W1"])[1]] + [len(parameters[f"b{l}"]) for l in range(1, depth + 1)]

    def units(letter: str, l: int) -> list[str]:
        return [node_name(parameters, letter, l, j) for j in range(1, sizes[l] + 1)]

    columns = [[node_name(parameters, "x", k) for k in range(1, sizes[0] + 1)]]
    columns += [units("a", l) for l in range(1, depth)]
    columns += [units("z", depth)] if output == "softmax" else []
    columns += [outputs := units("a", depth), ["loss"]]
    height = _STEP * max(sizes)
    place = {
        name: (44 + c * _PITCH, 44 + height / 2 + (i - (len(column) - 1) / 2) * _STEP)
        for c, column in enumerate(columns)
        for i, name in enumerate(column)
    }
    edges = [edge for left, right in itertools.pairwise(columns) for edge in itertools.product(left, right)]
    parts = [_path(_line(place[a], place[b]), "line", 1) for a, b in edges]
    routes = list(_routes(highlight, columns, nodes)) if highlight is not None else []
    parts += [_route_mark(route, i, len(routes), place) for i, route in enumerate(routes)]
    if highlight is not None:
        (x1, y1), (x2, y2) = place[routes[0][0]], place[routes[0][1]]
        reach = 26 / math.hypot(x2 - x1, y2 - y1)
        beside = x1 + (x2 - x1) / 2 + reach * abs(y2 - y1), y1 + (y2 - y1) / 2 - reach * (x2 - x1) + 6
        parts.append(_halo(*beside, pretty(highlight), "ink", 15))
        parts.append(_text(8, 18, f"{pretty(highlight)} = {number(nodes[highlight].value)}", "value", 15, "start"))
        if gradients:
            parts.append(_text(136, 18, f"∂L/∂{pretty(highlight)} = {number(nodes[highlight].grad)}", "gradient", 15, "start"))
    labels = {name: f"ŷ_{j}" for j, name in enumerate(outputs, start=1)} | {"loss": "L"}
    inputs = columns[0]
    parts += [_unit(labels.get(name, name), nodes[name], place[name], gradients and name not in inputs) for name in place]
    parts.append(_legend(height + 72, "above a unit: value", "below: gradient ∂L/∂unit" if gradients else None))
    weight = "" if highlight is None else f"; paths from {highlight} to the loss: {len(routes)}"
    width = 88 + _PITCH * (len(columns) - 1)
    return _svg(width, height + 82, f"network {'-'.join(map(str, sizes))}{weight}", parts)


def _line(start: tuple[float, float], end: tuple[float, float]) -> str:
    return f"M{start[0]:g} {start[1]:g}L{end[0]:g} {end[1]:g}"


def _routes(weight: str, columns: Sequence[Sequence[str]], nodes: Mapping[str, Value]) -> Iterator[tuple[str, ...]]:
    if not isinstance(weight, str) or weight not in nodes or not weight.startswith("w_"):
        raise ValueError(f"highlight: expected a weight of the network, such as w_111, got {weight!r}")
    l, j, k = map(int, weight[2:].split(",") if "," in weight else weight[2:])
    ahead = [column if c > l else [column[j - 1]] for c, column in enumerate(columns) if c >= l]
    count = math.prod(map(len, ahead))
    if count > MOST_PATHS:
        raise ValueError(f"highlight: expected a weight with at most {MOST_PATHS} paths, got {count} for {weight}")
    yield from itertools.product([columns[l - 1][k - 1]], *ahead)


def _route_mark(route: Sequence[str], i: int, count: int, place: Mapping[str, tuple[float, float]]) -> str:
    shift = (i - (count - 1) / 2) * 5
    points = [(x, y + shift) for x, y in (place[name] for name in route)]
    d = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    dash = f' stroke-dasharray="{_DASHES[i % 4]}"' if _DASHES[i % 4] else ""
    return _path(d, f"path{i % 4 + 1}", 3, dash + ' stroke-linejoin="round"')


def _unit(label: str, node: Value, place: tuple[float, float], gradients: bool) -> str:
    x, y = place
    circle = _box(x, y, _UNIT, _UNIT, _UNIT, "ink")
    labels = _halo(x, y - _UNIT - 5, number(node.value), "value")
    if gradients:
        labels += _halo(x, y + _UNIT + 15, number(node.grad), "gradient")
    return circle + _text(x, y + 5, pretty(label), "ink", 15) + labels


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
    svg = text.getvalue()
    view = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert view is not None
    body = svg[svg.index("<defs>") : svg.rindex("</svg>")]
    for name, (light, _) in COLOURS.items():
        body = body.replace(light, f"var(--bp-{name})")
    mark = hashlib.sha256(body.encode()).hexdigest()[:8]
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', body))
    body = re.sub(r' id="([^"]+)"', lambda m: f' id="{mark}-{m[1]}"' if m[1] in used else "", body)
    body = re.sub(r'(url\(#|href="#)', rf"\g<1>{mark}-", body)
    body = re.sub(r"font: [^;\"]*?([\d.]+px)[^;\"]*", r"font-size: \1", body)
    scaled = f'<g transform="scale(1.33333)" fill="var(--bp-ink)">{body}</g>'
    return _svg(float(view[1]) * 4 / 3, float(view[2]) * 4 / 3, description, [scaled])


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
