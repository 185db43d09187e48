"""The derivatives explorer: a graph that grows as it is differentiated again."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import traitlets

from bpcourse import checks
from bpcourse.codegen import compile_table, count_gates, rewritten, table_to_javascript
from bpcourse.explore import controls
from bpcourse.explore.base import Explorer, one_of
from bpcourse.explore.hill import only_input
from bpcourse.explore.predict import Ask
from bpcourse.graph import Value, exp, gradient, sin, square, tanh, topological_order
from bpcourse.pictures import svg, words
from bpcourse.pictures.circuit import laid_out
from bpcourse.pictures.words import slot

_LAST, _EPS, _MOST = 3, 1e-5, 80
_NAMES = ("f", "f′", "f″", "f‴")
_COLOURS = ("ink", "value", "path1", "path2")
_KINDS = ("as the backward pass builds it", "without needless gates")
_RADIUS, _LEFT, _WIDTH = 13, 22, 560
_TOLD = f"Graph of {slot('name')} for f = {slot('function')}, {slot('kind')}. Gates: {slot('gates')}: {slot('told')}"


class Layout(NamedTuple):
    """Where the graph of f and its derivatives stands, as its script takes it; heights are from the middle.

    `nodes` are (symbol, column, height, orders, whether it is a gate): bit k of `orders` says
    that the kth derivative needs it. `wires` are (from, to, shift at the gate, heights at the
    columns between). `outputs` are the places of f, f′, f″, f‴ among the nodes.

    Book: chapter 14.
    """

    pitch: int
    nodes: list[tuple[str, int, float, int, int]]
    wires: list[tuple[int, int, float, list[float]]]
    outputs: list[int]


class Derivatives(Explorer):
    """The graph of f, f′, f″ or f‴, its gates counted, its number beside a nudge's.

        explore.Derivatives()

    `functions` are graphs of one named input each, by the name that the list shows;
    without them, e^(e^(x²)), the tower of the chapter, and four more. The trait
    `function` chooses one, `order` says how often it is differentiated, `clean` takes the
    needless gates out. A gate has the colour of the derivative that first needs it.
    `values` has f, f′, f″ and f‴ at x, `gradients` f′ as the gradient of f; `gates` counts.

    Raises TypeError where functions is no dict of Values; ValueError where it is empty, a
    graph has not exactly one named input, is not defined at x or has more than 80 values
    with its derivatives, the span is upside down or leaves x out, or a trait is not one of
    its control's.

    Book: chapter 14.
    """

    function = traitlets.Unicode().tag(sync=True)
    order = traitlets.Int().tag(sync=True)
    clean = traitlets.Bool().tag(sync=True)
    script = "derivatives.js"

    def __init__(self, functions: Mapping[str, Value] | None = None, span: tuple[float, float] = (-1.5, 1.5)) -> None:
        functions = _functions() if functions is None else dict(checks.mapping(functions, "functions", "a dict of Values"))
        if not functions:
            raise ValueError("functions: expected at least one, got none")
        inputs = {checks.text(name, "functions"): only_input(v) for name, v in functions.items()}
        first = next(iter(functions))
        x = inputs[first].value
        low, high = checks.span(span, "span", holding=x)
        raw = {name: orders(v, inputs[name]) for name, v in functions.items()}
        clean = {name: rewritten(orders, {inputs[name]: inputs[name]}) for name, orders in raw.items()}
        self._rows = {name: compile_table(orders, [inputs[name]]) for name, orders in raw.items()}
        self._gates = {name: [[count_gates(v) for v in orders[name]] for orders in (raw, clean)] for name in functions}
        self._layouts = {name: [_layout(orders[name]) for orders in (raw, clean)] for name in functions}
        super().__init__({"x": x}, "graph of a derivative", function=first, order=1, clean=False)
        layouts = [layout for pair in self._layouts.values() for layout in pair]
        heights = [
            height
            for one in layouts
            for height in (*(node[2] for node in one.nodes), *(y for wire in one.wires for y in wire[3]))
        ]
        self._middle = 20 + math.ceil(max(map(abs, heights)))
        spec = {
            "decimals": 6, "eps": _EPS, "names": _NAMES, "colours": _COLOURS, "kinds": _KINDS, "radius": _RADIUS, "left": _LEFT,
            "middle": self._middle, "labels": [*functions], "gates": [*self._gates.values()],
            "layouts": [*self._layouts.values()],
            "told": [_TOLD.split(words.BORDER)],
        }  # fmt: skip
        tables = {f"f{i}": table_to_javascript(raw[name], [inputs[name]]) for i, name in enumerate(functions)}
        self.assemble([self._picture()], self._controls(low, high), spec, {"tables": tables}, self._asks())

    def _asks(self) -> list[Ask]:
        """What one more derivative does to the number of gates, and what another function does."""
        because = (
            "A gate adds what its local gradient takes: an exp nothing, since that is its own output, a product two products."
        )
        last = list(self._rows)[-1]
        return [
            Ask("Differentiate once more. What does the number of gates do?", {"order": self.order + 1}, "count", because),
            Ask(
                f"{_NAMES[_LAST]} of {last} instead. What does the number of gates do?",
                {"function": last, "order": _LAST},
                "count",
                because,
            ),
        ]

    @traitlets.validate("function", "order")
    def _valid(self, proposal: Any) -> Any:
        value, name = proposal["value"], proposal["trait"].name
        if name == "order":
            return one_of(value, name, _LAST)
        return self.tried(name, checks.choice(value, name, self._rows))

    @property
    def gates(self) -> list[int]:
        """How many gates compute f, f′, f″ and f‴, cleaned or not."""
        return list(self._gates[self.function][self.clean])

    def follow(self, inputs: Mapping[str, float], **changed: Any) -> tuple[dict[str, float], dict[str, float]]:
        """f and its derivatives at x."""
        values = self._rows[self.state(**changed).function](inputs["x"])
        return dict(zip(_NAMES, values, strict=True)), {"x": values[1]}

    def nudged(self, order: int) -> float:
        """The central difference of the derivative before."""
        row, x = self._rows[self.function], self.inputs["x"]
        return (row(x + _EPS)[order - 1] - row(x - _EPS)[order - 1]) / (2 * _EPS)

    def _picture(self) -> svg.Picture:
        height = 2 * self._middle + 20
        layout = self._layouts[self.function][self.clean]
        parts = [f'<g data-line="graph">{drawn(layout, self.order, self._middle)}</g>']
        for i, (name, colour) in enumerate(zip(_NAMES, _COLOURS)):
            parts.append(svg.text(8 + 84 * i, height - 8, f"{name} adds" if i else f"gates of {name}", colour, 13, "start"))
        parts.append(svg.text(_WIDTH - 8, height - 8, "ringed: the output", "muted", 13, "end"))
        numbers = {
            "name": _NAMES[self.order], "function": self.function, "kind": _KINDS[self.clean],
            "gates": str(self.gates[self.order]), "told": in_words(layout, self.order),
        }  # fmt: skip
        return svg.drawing(_WIDTH, height, words.filled(_TOLD, numbers), parts)

    def _controls(self, low: float, high: float) -> list[str]:
        x = self.inputs["x"]
        raw, clean = self._gates[self.function]
        rows = []
        for order, name in enumerate(_NAMES):
            seen = order <= self.order
            nudged = svg.fixed(self.nudged(order), 6) if order else ""
            cells = (f"{raw[order]}", f"{clean[order]}", svg.fixed(self.values[name], 6), nudged)
            told = (
                controls.readout(f"{key}{order}", cell if seen else "") for key, cell in zip(("raw", "clean", "f", "n"), cells)
            )
            rows.append(f"<tr><th>{name}</th>{''.join(f'<td>{cell}</td>' for cell in told)}</tr>")
        head = "".join(f"<th>{head}</th>" for head in ("gates", "cleaned", "at x", "by nudging"))
        return [
            controls.row(
                controls.choice("function", "f =", {name: name for name in self._rows}, self.function),
                controls.switch("clean", "without needless gates", self.clean),
            ),
            controls.sliders(
                controls.counter("order", "differentiated", _LAST, self.order),
                controls.slider("inputs.x", "x", low, high, controls.nice((high - low) / 300), x, 2),
            ),
            f'<div class="bp-wide"><table><thead><tr><td></td>{head}</tr></thead>{"".join(rows)}</table></div>',
            controls.row(controls.button("again", "Differentiate again"), controls.button("reset", "Reset")),
        ]


def drawn(layout: Layout, order: int, middle: float) -> str:
    """The graph of one derivative as SVG, around this height; its twin in `derivatives.js` draws the same. Book: chapter 14."""
    pitch, nodes, wires, outputs = layout
    parts = []
    for source, target, shift, lanes in wires:
        if nodes[target][3] >> order & 1:
            x, y = _LEFT + nodes[source][1] * pitch, nodes[source][2] + middle
            line = f"M{x} {y:.1f}"
            for lane in [*lanes, nodes[target][2] + shift]:
                half, x = x + pitch / 2, x + pitch
                line += f"C{half:.1f} {y:.1f} {half:.1f} {lane + middle:.1f} {x} {lane + middle:.1f}"
                y = lane + middle
            parts.append(f'<path d="{line}" fill="none" stroke="var(--bp-line)" stroke-width="1.2"/>')
    for place, (symbol, column, height, orders, gate) in enumerate(nodes):
        if orders >> order & 1:
            x, y = _LEFT + column * pitch, height + middle
            colour = _COLOURS[(orders & -orders).bit_length() - 1] if gate else "muted"
            for radius in [_RADIUS] * gate + [_RADIUS + 4] * (place == outputs[order]):
                fill = "var(--bp-paper)" if radius == _RADIUS else "none"
                line = f'fill="{fill}" stroke="var(--bp-{colour})" stroke-width="1.5"'
                parts.append(f'<circle cx="{x}" cy="{y:.1f}" r="{radius}" {line}/>')
            more = "" if gate else ' class="halo"'
            parts.append(
                f'<text x="{x}" y="{y + 4:.1f}" text-anchor="middle" font-size="11" fill="var(--bp-{colour})"{more}>'
                f"{svg.escaped(symbol)}</text>"
            )
    return "".join(parts)


def in_words(layout: Layout, order: int) -> str:
    """The gates of one derivative: their kinds, and how many the ones before do not need. Book: chapter 14."""
    gates = [(symbol, orders) for symbol, _, _, orders, gate in layout.nodes if gate and orders >> order & 1]
    told = ", ".join(f"{count} {symbol}" for symbol, count in Counter(symbol for symbol, _ in gates).most_common())
    new = sum(orders & -orders == 1 << order for _, orders in gates)
    return f"{told or 'none'}; {new} of them first needed here"


def _layout(outputs: Sequence[Value]) -> Layout:
    """f and its derivatives laid out together, so that a gate stays where it is as the graph grows."""
    together = topological_order(*outputs)
    if len(together) > _MOST:
        raise ValueError(f"functions: expected at most {_MOST} values with three derivatives, got {len(together)}")
    columns, slots, wires = laid_out(together, lambda *_: 2 * _RADIUS + 2, 9)
    heights = [slot.y for slot in [*slots.values(), *(slot for wire in wires for slot in wire.via)]]
    middle = (min(heights) + max(heights)) / 2
    places, pitch = {node: place for place, node in enumerate(together)}, (_WIDTH - 2 * _LEFT) // max(columns.values(), default=1)
    needed = [set(topological_order(v)) for v in outputs]
    return Layout(
        min(pitch, 60),
        [
            (
                node.gate.symbol if node.gate else node.name or svg.number(node.value),
                columns[node],
                round(slots[node].y - middle, 1),
                sum((node in nodes) << order for order, nodes in enumerate(needed)),
                int(node.gate is not None),
            )
            for node in together
        ],
        [
            (
                places[wire.source], places[wire.target], 9 * (wire.row - (len(wire.target.inputs) - 1) / 2),
                [round(slot.y - middle, 1) for slot in wire.via],
            )
            for wire in wires
        ],
        [places[v] for v in outputs],
    )  # fmt: skip


def orders(v: Value, x: Value) -> list[Value]:
    """v and its first three derivatives by x. Book: chapters 14 and 16."""
    found = [v]
    for _ in range(_LAST):
        found += gradient(found[-1], [x])
    return found


def _functions() -> dict[str, Value]:
    x = Value(0.7, "x")
    return {"e^(e^(x²))": exp(exp(square(x))), "e^(x²)": exp(square(x)), "tanh x": tanh(x), "x³": x**3, "sin x": sin(x)}
