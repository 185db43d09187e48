"""The circuit explorer: any graph with a slider for each input."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import traitlets

from bpcourse import checks
from bpcourse.codegen import compile_table, table_to_javascript
from bpcourse.explore import controls
from bpcourse.explore.base import UNDEFINED, Explorer, Number, not_negative, one_of
from bpcourse.explore.predict import Ask, brief
from bpcourse.graph import Value, adjoints, expect_value, expect_values, flows, local_gradients, topological_order
from bpcourse.pictures import circuit, svg
from bpcourse.pictures.circuit import formula, in_words, wire_key
from bpcourse.pictures.words import BORDER, slot

Range = tuple[float, float]
_MOST_DECIMALS = 12


class Circuit(Explorer):
    """A circuit to nudge: values above the wires, gradients below, all following.

        explore.Circuit(f, ranges={"x": (-5, 5)})

    `inputs` of the graph f are its named inputs, or those that are given; each
    has a slider over its range. `eps` is ε, the nudge to the input `nudged`.
    "Uphill" moves every input by h · gradient, "downhill" by −η · gradient; η is
    `learning_rate`. `step` counts the gates that the two passes have shown.
    `values` has every named value of the graph. The graph itself stays as it is.

    Raises TypeError where v is not a Value; ValueError where there are no
    inputs, two have one name, a range is upside down or leaves its input out, h
    is not above 0, the learning rate is below 0, or the graph is too large to draw.

    Book: chapters 03, 04, 05, 17 and 18.
    """

    eps = Number().tag(sync=True)
    h = Number().tag(sync=True)
    learning_rate = Number().tag(sync=True)
    nudged = traitlets.Unicode().tag(sync=True)
    step = traitlets.Int().tag(sync=True)
    script = "circuit.js"

    def __init__(
        self,
        v: Value,
        inputs: Sequence[Value] | None = None,
        ranges: Mapping[str, Range] | None = None,
        eps: float = 0.1,
        h: float = 0.1,
        learning_rate: float = 0.1,
        decimals: int = 2,
    ) -> None:
        expect_value(v, "v")
        order = topological_order(v)
        chosen = _named(order, inputs)
        names = [str(x.name) for x in chosen]
        spans = slider_ranges({str(x.name): x.value for x in chosen}, ranges)
        moves = {
            "eps": checks.number(eps, "eps"), "h": checks.positive(h, "h"),
            "learning_rate": not_negative(learning_rate, "learning_rate"),
        }  # fmt: skip
        decimals = checks.whole(decimals, "decimals")
        if decimals > _MOST_DECIMALS:
            raise ValueError(f"decimals: expected a whole number from 1 to {_MOST_DECIMALS}, got {decimals}")
        picture = circuit.circuit(v, decimals=decimals)
        table = _table(v, order)
        self._keys, self._row = list(table), compile_table(list(table.values()), chosen)
        self._order, self._inputs = order, chosen
        steps, appears = _steps(order)
        self._last = len(steps) - 1
        super().__init__(
            {str(x.name): x.value for x in chosen},
            f"circuit of {v.name or 'the output'}",
            nudged=names[0], step=self._last, **moves,
        )  # fmt: skip
        spec = {
            "decimals": decimals, "names": names, "keys": list(table),
            "places": {name: order.index(x) for name, x in zip(names, chosen)},
            "output": {"name": v.name or "the output", "place": len(order) - 1},
            "steps": steps, "appears": appears, "told": [in_words(v).split(BORDER)],
        }  # fmt: skip
        shown = self._at(self.inputs)
        self.assemble(
            [picture],
            self._controls(spans, decimals, shown, steps),
            spec,
            {"table": table_to_javascript(list(table.values()), chosen)},
            self._asks(),
        )

    def _asks(self) -> list[Ask]:
        """One question an input: what a nudge of it does to the output."""
        output, asks = svg.pretty(self._order[-1].name or "the output"), []
        for x in self._inputs:
            name, now = str(x.name), self._at(self.inputs)
            at, slope = self.inputs[name], now[wire_key("g", self._order.index(x))]
            change = self._change(name)
            if math.isfinite(change):
                rest = "" if math.isclose(change, slope * self.eps) else "; the rest is the curve's"
                first_order = f"{brief(slope)} · {brief(self.eps)} = {brief(slope * self.eps)}"
                asks.append(
                    Ask(
                        f"{svg.pretty(name)} goes from {brief(at)} to {brief(at + self.eps)}. What does {output} do?",
                        {"inputs": {name: at + self.eps}, "nudged": name},
                        wire_key("v", len(self._order) - 1),
                        f"The gradient is {brief(slope)}, and {first_order}{rest}.",
                    )
                )
        return asks

    def _at(self, inputs: Mapping[str, float]) -> dict[str, float]:
        return dict(zip(self._keys, self._row(*(inputs[name] for name in self._names))))

    def _change(self, name: str) -> float:
        """What a nudge of ε to one input does to the output; NaN where it leaves a gate's domain."""
        output = wire_key("v", len(self._order) - 1)
        try:
            return self._at({**self.inputs, name: self.inputs[name] + self.eps})[output] - self._at(self.inputs)[output]
        except UNDEFINED:
            return math.nan

    def follow(self, inputs: Mapping[str, float], **changed: Any) -> tuple[dict[str, float], dict[str, float]]:
        """The named values, and the gradient of the output at every input."""
        now = self._at(inputs)
        values = {node.name: now[wire_key("v", i)] for i, node in enumerate(self._order) if node.name}
        return values, {str(x.name): now[wire_key("g", self._order.index(x))] for x in self._inputs}

    @traitlets.validate("nudged", "step", "eps", "h", "learning_rate")
    def _valid(self, proposal: Any) -> Any:
        value, name = proposal["value"], proposal["trait"].name
        if name == "nudged":
            return checks.choice(value, name, self._names)
        if name == "step":
            return one_of(value, name, self._last)
        return checks.number(value, name) if name == "eps" else not_negative(value, name)

    def _controls(self, spans: Mapping[str, Range], decimals: int, shown: Mapping[str, float], steps: Sequence[Any]) -> list[str]:
        first = self._names[0]
        slope = shown[wire_key("g", self._order.index(self._inputs[0]))]
        told = [
            ("slope", "gradient", slope),
            ("predicted", "predicted change: gradient × ε", slope * self.eps),
            ("actual", "actual change", self._change(first)),
        ]
        sliders = []
        for name, (low, high) in spans.items():
            step = controls.nice((high - low) / 120)
            sliders.append(controls.slider(f"inputs.{name}", svg.pretty(name), low, high, step, self.inputs[name], decimals))
        return [
            controls.sliders(*sliders),
            controls.row(
                controls.choice("nudged", "Nudge", {name: svg.pretty(name) for name in self._names}, first),
                controls.slider("eps", "by ε", -1, 1, 0.01, self.eps, decimals),
                controls.button("nudge", "Make the nudge"),
            ),
            controls.numbers(decimals + 2, [(key, words, x, "") for key, words, x in told]),
            controls.row(
                controls.slider("h", "step size h", 0, 1, 0.01, self.h, decimals),
                controls.button("uphill", "Uphill by h"),
            ),
            controls.row(
                controls.slider("learning_rate", "learning rate η", 0, 1, 0.01, self.learning_rate, decimals),
                controls.button("downhill", "Downhill by η"),
            ),
            controls.row(
                controls.counter("step", "Gate by gate", self._last, self._last),
                controls.button("back", "◀ Back"),
                controls.button("next", "Next ▶"),
                controls.button("reset", "Reset"),
            ),
            f'<div class="bp-stack"><p class="bp-says" data-n="says">{svg.escaped("".join(steps[-1]["text"]))}</p>'
            f'<p class="bp-says" aria-hidden="true">{svg.escaped(_longest(steps))}</p></div>',
        ]


def slider_ranges(values: Mapping[str, float], ranges: Mapping[str, Range] | None) -> dict[str, Range]:
    """The range of every slider: as given, otherwise around the value.

    Raises ValueError for an unknown name, a range upside down, or one that
    leaves its value out; TypeError for what is not a pair of numbers.
    """
    given = {} if ranges is None else dict(checks.mapping(ranges, "ranges", "a dict of pairs (low, high)"))
    for name in given:
        checks.choice(name, "ranges", values)
    spans = {}
    for name, value in values.items():
        reach = max(2.0, math.ceil(1.5 * abs(value)))
        around = math.floor(value - reach), math.ceil(value + reach)
        spans[name] = checks.span(given.get(name, around), f"ranges[{name!r}]", holding=value)
    return spans


def _named(order: Sequence[Value], inputs: Sequence[Value] | None) -> list[Value]:
    """The values with a slider: those given, otherwise every named input of the graph."""
    leaves = [node for node in order if node.gate is None and node.name]
    chosen = leaves if inputs is None else expect_values(inputs, "inputs")
    if not chosen:
        raise ValueError("v: expected a graph with at least one named input, got none")
    for x in chosen:
        if x not in leaves:
            raise ValueError(f"inputs: expected named inputs of the graph, got {x!r}")
    names = [x.name for x in chosen]
    if len(set(names)) < len(names):
        raise ValueError(f"inputs: expected a different name for each, got {', '.join(map(str, names))}")
    return chosen


def _table(v: Value, order: Sequence[Value]) -> dict[str, Value]:
    """Every number of the picture and of the two passes, as a graph of the inputs."""
    grads = adjoints(v, towards=order)
    table = {wire_key("v", place): node for place, node in enumerate(order)}
    for place, node in enumerate(order):
        grad = grads.get(node, 0.0)
        table[wire_key("g", place)] = _value(grad)
        back = [flow for _, flow in flows(node, grad, wanted=set(node.inputs))]
        for port, (local, flow) in enumerate(zip(local_gradients(node, symbols=True), back)):
            table[wire_key("l", place, port)] = _value(local)
            table[wire_key("f", place, port)] = _value(flow)
    return table


def _value(x: Value | float) -> Value:
    return x if isinstance(x, Value) else Value(x)


def _steps(order: Sequence[Value]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The two passes, a gate a step: what is said, words and keys of numbers in turn; which gate it is; what appears when."""
    gates = [(place, node) for place, node in enumerate(order) if node.gate is not None]
    places = {node: place for place, node in enumerate(order)}
    steps: list[dict[str, Any]] = [{"gate": -1, "text": "Forward: the inputs are there, nothing is computed yet."}]
    appears: dict[str, int] = {}
    for place, node in gates:
        appears[wire_key("v", place)] = len(steps)
        steps.append({"gate": place, "text": f"Forward: {_label(node)}{_formula(node, places)} = {slot(wire_key('v', place))}"})
    last = len(order) - 1
    appears[wire_key("g", last)] = len(steps)
    steps.append({"gate": -1, "text": f"Backward: the output moves with itself, its gradient is {slot(wire_key('g', last))}"})
    readers = {node: sum(source is node for other in order for source in other.inputs) for node in order}
    arrived: dict[Value, list[str]] = {}
    for place, node in reversed(gates):
        assert node.gate is not None
        parts = []
        for port, source in enumerate(node.inputs):
            flow = wire_key("f", place, port)
            appears[flow] = len(steps)
            if source.gate is None and source.name is None:
                continue
            upstream, local = slot(wire_key("g", place)), slot(wire_key("l", place, port))
            parts.append(f"to {_named_or_gate(source)}: upstream {upstream} × local {local} = {slot(flow)}")
            arrived.setdefault(source, []).append(slot(flow))
            if readers[source] > 1 and len(arrived[source]) == readers[source]:
                appears[wire_key("g", places[source])] = len(steps)
                total = slot(wire_key("g", places[source]))
                parts.append(f"the wires from {_named_or_gate(source)} add: {' + '.join(arrived[source])} = {total}")
        steps.append({"gate": place, "text": f"Backward, gate {node.gate.symbol}: " + "; ".join(parts)})
    steps.append({"gate": -1, "text": "Both passes are done. Step back to see how each number came about."})
    return [{**step, "text": step["text"].split(BORDER)} for step in steps], appears


def _longest(steps: Sequence[Mapping[str, Any]]) -> str:
    """The longest sentence with wide numbers: unseen, it keeps the room that the steps need."""
    return max(("".join("−0.00000" if i % 2 else part for i, part in enumerate(step["text"])) for step in steps), key=len)


def _label(node: Value) -> str:
    return f"{_named_or_gate(node)} = " if node.name else ""


def _named_or_gate(node: Value) -> str:
    if node.name:
        return svg.pretty(node.name).replace(BORDER, "�")
    return f"gate {node.gate.symbol}" if node.gate else f"{node.value:g}"


def _formula(node: Value, places: Mapping[Value, int]) -> str:
    """The gate on its inputs, as a template that the script fills with numbers."""
    assert node.gate is not None
    return formula(node.gate.symbol, [slot(wire_key("v", places[source])) for source in node.inputs])
