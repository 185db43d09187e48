"""The circuit of a graph as a picture: values above the wires, gradients below.

Book: chapter 03.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bpcourse import checks
from bpcourse.graph import Value, adjoints, expect_value, flows, topological_order
from bpcourse.language import tr
from bpcourse.pictures import svg, words
from bpcourse.pictures.svg import Picture, number, pretty

LARGEST_CIRCUIT = 120
"""The most values that `circuit` draws."""

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
    """The key of a number in a circuit's picture: `v3`, `g3`, `f3.1`.

    TypeError or ValueError where letter is no text, or place or port no whole number.
    """
    key = f"{checks.text(letter, 'letter')}{checks.count(place, 'place')}"
    return key if port is None else f"{key}.{checks.count(port, 'port')}"


def circuit(v: Value, gradients: bool = True, decimals: int | None = None, upstream: float = 1.0) -> Picture:
    """The circuit that computes v: values above the wires, gradients below.

    A gradient below a wire is what flows back along that wire; where a value
    feeds several wires, the sum of theirs stands below the value itself.
    gradients=False draws the forward pass alone. With `decimals` the numbers are
    `svg.fixed` and marked for an explorer. `upstream` is the gradient that arrives at
    v, for a circuit that is a piece of a longer one. The graph stays as it is.

    Raises TypeError where v is not a Value, gradients not True or False or upstream no
    number, ValueError for more than `LARGEST_CIRCUIT` values and for decimals that are
    not 0 to 15.
    """
    expect_value(v, "v")
    checks.flag(gradients, "gradients")
    if decimals is not None:
        decimals = checks.count(decimals, "decimals")
        if decimals > 15:
            raise ValueError(f"decimals: expected a whole number from 0 to 15, got {decimals}")
    order = topological_order(v)
    if len(order) > LARGEST_CIRCUIT:
        raise ValueError(f"v: expected at most {LARGEST_CIRCUIT} values to draw, got {len(order)}")
    columns, slots, wires = laid_out(order, _room, _BAND)
    upstream = checks.number(upstream, "upstream")
    grads = {node: upstream * grad for node, grad in adjoints(v).items()} if gradients else {}
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
    parts.append(svg.legend(bottom + 24, "above a wire: value", "below: gradient" if gradients else None))
    places = writing.places
    numbers = {wire_key("v", place): node.value for node, place in places.items()}
    numbers |= {wire_key("g", places[node]): grad for node, grad in grads.items()}
    numbers |= {wire_key("f", places[node], port): flow for node, along in back.items() for port, flow in enumerate(along)}
    told = words.filled(in_words(v, gradients), {key: writing.number(x).strip() for key, x in numbers.items()})
    return svg.drawing(max(end + _FLAT + 8, 250), bottom + 34, told, parts)


def picture_of(v: Value) -> str | None:
    """The SVG by which a Value shows itself: without gradients where one is infinite.

    None where there are too many values to draw.
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


def laid_out(
    order: Sequence[Value], room: Callable[[Value, int], float], lane: float
) -> tuple[dict[Value, int], dict[Value, _Slot], list[_Wire]]:
    """Where a graph's values stand and its wires run: columns, places, wires.

    `room` is the height that a value takes, by the number of wires that leave it; `lane`
    that of a wire that passes a column by. Book: chapter 03.
    """
    columns = _columns(order)
    slots, wires = _route(order, columns, room, lane)
    _place(slots, wires)
    return columns, slots, _uncrossed(wires, slots)


def _route(
    order: Sequence[Value], columns: dict[Value, int], room: Callable[[Value, int], float], lane: float
) -> tuple[dict[Value, _Slot], list[_Wire]]:
    fans = Counter(source for node in order for source in node.inputs)
    slots = {node: _Slot(columns[node], room(node, fans[node])) for node in order}
    wires = []
    for node in order:
        for port, source in enumerate(node.inputs):
            via = [_Slot(column, lane) for column in range(columns[source] + 1, columns[node])]
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

    # A small circuit is in order after one sweep, a network's columns would swap back and forth for ever: so eight sweeps
    # may reorder, and four more only bring neighbours level.
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
    centre = x_of[target.column] - _RADIUS - _FLAT / 2 - 5  # a number of eight characters keeps off the gate
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


def in_words(v: Value, gradients: bool = True) -> str:
    """The circuit as a sentence with slots for its numbers.

    It says of each value what it is made of, what it is, and its gradient. A gradient
    that comes along several wires is told as their sum.

    TypeError where v is not a Value. Book: chapter 03.
    """
    expect_value(v, "v")
    order = topological_order(v)
    places = {node: place for place, node in enumerate(order)}
    wires: dict[Value, list[str]] = {node: [] for node in order}
    for node in order:
        for port, source in enumerate(node.inputs):
            wires[source].append(wire_key("f", places[node], port))
    gates = [node for node in order if node.gate is not None]
    numbered = {node: tr("gate {i}").format(i=i) for i, node in enumerate(gates, start=1)}
    names = {
        node: numbered.get(node, number(node.value)) if node.name is None else node.name.replace(words.BORDER, "�")
        for node in order
    }
    told = []
    for node in order:
        if node.gate is None and node.name is None:
            continue
        made = "" if node.gate is None else f": {formula(node.gate.symbol, [names[source] for source in node.inputs])}"
        sentence = f"{names[node]}{made} = {words.slot(wire_key('v', places[node]))}"
        if gradients:
            arrived = wires[node] or [wire_key("g", places[node])]
            total = f" = {words.slot(wire_key('g', places[node]))}" if len(arrived) > 1 else ""
            sentence += tr(", gradient {terms}").format(terms=" + ".join(map(words.slot, arrived)) + total)
        told.append(sentence)
    output, value = names[v] if v.name else tr("the output"), words.slot(wire_key("v", places[v]))
    begun = tr("circuit of {output} = {value}, gates: {count}").format(output=output, value=value, count=len(gates))
    return f"{begun}. {'; '.join(told)}"


def formula(symbol: str, inputs: Sequence[str]) -> str:
    """A gate on its inputs, as it is written: a × b, max(a, b), exp(a), (a)². Book: chapter 03."""
    if len(inputs) > 1:
        return f"{symbol}({', '.join(inputs)})" if symbol.isalpha() else f" {symbol} ".join(inputs)
    (a,) = inputs
    if symbol.startswith("x") or symbol == "1/x":
        return symbol.replace("x", f"({a})")
    return f"{symbol} {a}" if symbol.endswith("×") else f"{symbol}({a})"
