"""The network explorer: any weight, its loss curve, its paths and its update."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import traitlets

from bpcourse import checks
from bpcourse.codegen import compile_table, table_to_javascript
from bpcourse.examples import FOUR_FOUR_TWO, FOUR_FOUR_TWO_X, FOUR_FOUR_TWO_Y
from bpcourse.explore import controls
from bpcourse.explore.base import Explorer, Number, not_negative
from bpcourse.explore.plot import Plot
from bpcourse.explore.predict import Ask, brief
from bpcourse.graph import Value, gradient
from bpcourse.layers import LOSSES
from bpcourse.network import Parameters, as_graph
from bpcourse.pictures import svg, words
from bpcourse.pictures.network import ROUTE_GAP, STROKES, NetworkPlan, network_plan, route_line, route_path
from bpcourse.pictures.words import slot

_POINTS = 60


class Network(Explorer):
    """A small network on one example: nudge a weight, see the loss follow.

        explore.Network(weight="w_212")

    Without parameters it is the 4-4-2 network of chapter 07: sigmoid, softmax, and
    the losses squared error and cross-entropy. With parameters, `hidden`, `output`
    and the first loss are by default those of `bpcourse.network`: relu, softmax,
    cross-entropy. `weight` is the one picked, by its edge or from the list; the curve is the loss as a function of
    it alone, with its tangent, and each of its paths to the loss has a colour.
    `losses` are the choices for `loss`. `learning_rate` is the η of the updates.
    With `as_source_003`, for a softmax of two outputs, slopes, paths and updates
    use the derivative that the PadhAI notes print for the softmax, with the factor
    −z of the other logit and without the paths that cross; `gradients` stay
    right. `inputs` are all weights and biases, `values` the sums, activations and loss.

    Raises ValueError for an unknown weight or loss, a learning rate below 0, a span
    that is upside down or leaves a weight out, and as `bpcourse.network.as_graph`.

    Book: chapters 05, 07, 08 and 12.
    """

    weight = traitlets.Unicode().tag(sync=True)
    loss = traitlets.Unicode().tag(sync=True)
    learning_rate = Number().tag(sync=True)
    as_source_003 = traitlets.Bool().tag(sync=True)
    script = "network.js"

    def __init__(
        self,
        parameters: Parameters | None = None,
        x: Any = FOUR_FOUR_TWO_X,
        y: Any = FOUR_FOUR_TWO_Y,
        weight: str | None = None,
        hidden: str | None = None,
        output: str = "softmax",
        losses: Sequence[str] | None = None,
        learning_rate: float = 1.0,
        span: tuple[float, float] = (-2.0, 2.0),
    ) -> None:
        if losses is None:
            losses = ["squared_error", "cross_entropy"] if parameters is None else ["cross_entropy", "squared_error"]
        if hidden is None:
            hidden = "sigmoid" if parameters is None else "relu"
        if parameters is None:
            parameters = FOUR_FOUR_TWO
        learning_rate = not_negative(learning_rate, "learning_rate")
        losses = checks.text(losses, "losses") if isinstance(losses, str) else checks.listed(losses, "losses", "names")
        if not losses:
            raise ValueError("losses: expected at least one, got none")
        graphs = {
            checks.choice(loss, "losses", LOSSES): as_graph(parameters, x, y, hidden=hidden, output=output, loss=loss)
            for loss in losses
        }
        nodes = graphs[losses[0]]
        self._plan = plan = network_plan(parameters, output)
        names = [name for name in nodes if name[0] in "wb"]
        self._fixed = {name: nodes[name].value for name in plan.columns[0]}
        self._source = output == "softmax" and len(plan.columns[-2]) == 2
        tables = {loss: _table(graph, plan, names, self._source) for loss, graph in graphs.items()}
        inputs = {loss: [graph[name] for name in names] for loss, graph in graphs.items()}
        self._rows = {loss: compile_table(list(table.values()), inputs[loss]) for loss, table in tables.items()}
        self._keys = list(tables[losses[0]])
        for name in plan.weights:
            span = checks.span(span, "span", holding=nodes[name].value)
        picked = next(iter(plan.weights)) if weight is None else weight
        checks.choice(picked, "weight", plan.weights)
        self._ends = {name: plan.weights[_first_weight(name)] for name in names}
        most = max(len(plan.routes(name)) for name in plan.weights)
        super().__init__(
            {name: nodes[name].value for name in names},
            f"{plan.description}, one weight at a time",
            weight=picked, loss=losses[0], learning_rate=learning_rate, as_source_003=False,
        )  # fmt: skip
        plot = Plot(span, (0, 1), height=240)
        spec = {
            "decimals": 4, "keys": self._keys, "plot": plot.spec, "count": _POINTS,
            "labels": {name: svg.pretty(plan.labels.get(name, name)) for name in [*plan.place, *plan.weights]},
            "ends": self._ends, "ahead": plan.ahead, "gap": ROUTE_GAP,
            "places": plan.place, "beside": {name: plan.beside_place(name) for name in plan.weights},
            "called": plan.labels, "strokes": STROKES, "told": [sentence.split(words.BORDER) for sentence in self._sentences()],
        }  # fmt: skip
        self.assemble(
            [self._picture(most), self._curve(plot)],
            self._controls(span, most),
            spec,
            {"tables": {loss: table_to_javascript(list(table.values()), inputs[loss]) for loss, table in tables.items()}},
            self._asks(),
        )

    def _asks(self) -> list[Ask]:
        """What one update of the weight does to the loss, and what a step the other way does."""
        slope, w, label = (
            self.gradients[self.weight],
            self.inputs[self.weight],
            svg.pretty(self._plan.labels.get(self.weight, self.weight)),
        )
        step = -self.learning_rate * slope
        return [
            Ask(
                f"{label} moves from {brief(w)} {how}, to {brief(w + sign * step)}. What does the loss do?",
                {"inputs": {self.weight: w + sign * step}},
                "vloss",
                f"The slope is {brief(slope)}, so the tangent foretells {brief(sign * step * slope)}; the rest is the curve's.",
            )
            for sign, how in ((1, "against its gradient"), (-1, "along its gradient"))
        ]

    @traitlets.validate("weight", "loss", "learning_rate")
    def _valid(self, proposal: Any) -> Any:
        value, name = proposal["value"], proposal["trait"].name
        if name == "learning_rate":
            return not_negative(value, name)
        return self.tried(name, checks.choice(value, name, self._plan.weights if name == "weight" else self._rows))

    def follow(self, inputs: Mapping[str, float], **changed: Any) -> tuple[dict[str, float], dict[str, float]]:
        """The sums, activations and loss, and the gradient at every weight and bias."""
        now = self._at(inputs, self.state(**changed).loss)
        units = [name for column in self._plan.columns[1:] for name in column]
        return {name: now["v" + name] for name in units}, {name: now["g" + name] for name in self._names}

    def _at(self, inputs: Mapping[str, float], loss: str) -> dict[str, float]:
        return dict(zip(self._keys, self._rows[loss](*(inputs[name] for name in self._names))))

    def _loss_at(self, w: float) -> float:
        return self._at({**self.inputs, self.weight: w}, self.loss)["vloss"]

    def _given(self) -> dict[str, str]:
        """The numbers at the network's inputs, which nothing moves."""
        return {name: svg.number(self._fixed[name]) for name in self._plan.columns[0]}

    def _sentences(self) -> tuple[str, str]:
        """What the two pictures say, with slots for their numbers."""
        values, slopes = ({name: slot(letter + name) for name in self._plan.moving} for letter in "vg")
        return (
            f"{self._plan.in_words(self._given() | values, slopes)}. {slot('weight')} = {slot('w')}, gradient {slot('slope')}. "
            f"Paths from {slot('weight')} to the loss: {slot('ways')}",
            f"Loss against {slot('weight')} alone: {slot('curve')}. At {slot('weight')} = {slot('u')} the loss is {slot('loss')} "
            f"and its tangent has slope {slot('g')}; after the update, at {slot('moved')}, it is {slot('after')}",
        )

    def _picture(self, most: int) -> svg.Picture:
        plan, now = self._plan, self._at(self.inputs, self.loss)
        parts = [svg.path("".join(plan.line(a, b) for a, b in plan.edges()), "line", 1)]
        routes = plan.routes(self.weight)
        for i in range(most):
            way = route_line(routes[i], i, len(routes), plan.place) if i < len(routes) else ""
            parts.append(route_path(way, i, f' data-line="route{i}"'))
        label = svg.pretty(self.weight)
        parts.append(svg.halo(*plan.beside_place(self.weight), label, "ink", 15, ' data-line="beside"'))
        clicked = "".join(f'<path d="{plan.line(*ends)}" data-do="pick {name}"/>' for name, ends in plan.weights.items())
        parts.append(f'<g class="bp-edges">{clicked}</g>')
        value, slope = svg.fixed(self.inputs[self.weight], 4), svg.fixed(now["g" + self.weight], 4)
        parts.append(svg.text(8, 18, f"{label} = {value}", "value", 15, "start", svg.mark("title")))
        parts.append(svg.text(150, 18, f"∂L/∂{label} = {slope}", "gradient", 15, "start", svg.mark("title-slope")))
        values, slopes = ({name: svg.fixed(now[letter + name], 4) for name in plan.moving} for letter in "vg")
        parts.append(plan.circles())
        parts.append(plan.above(self._given()))
        parts.append(plan.above(values, "v"))
        parts.append(plan.below(slopes, "g"))
        parts.append(plan.legend())
        sentence, _ = self._sentences()
        numbers = {key: svg.fixed(now[key], 4).strip() for key in self._keys if key[0] in "vg"}
        told = words.filled(sentence, numbers | {
            "weight": self.weight, "w": value.strip(), "slope": slope.strip(), "ways": plan.routes_in_words(self.weight),
        })  # fmt: skip
        return svg.drawing(plan.width, plan.height, told, parts)

    def _curve(self, plot: Plot) -> svg.Picture:
        """The loss as a function of the weight alone; the script rescales its y axis."""
        try:
            losses = [(u, self._loss_at(u)) for u in plot.grid(_POINTS)]
        except (ArithmeticError, ValueError):
            raise ValueError(f"span: expected a range where the loss has a value everywhere, got {plot.x}") from None
        plot = plot._replace(y=controls.round_range([loss for _, loss in losses]))
        now, w = self._at(self.inputs, self.loss), self.inputs[self.weight]
        loss, slope, after = now["vloss"], now["g" + self.weight], self._after(now)
        ends = [(u, loss + slope * (u - w)) for u in plot.x]
        low, high = plot.y
        middle = (low + high) / 2
        quarters = {u: svg.number(u) for u in plot.grid(4)}
        levels = {v: svg.number(v) for v in (low, middle, high)}
        parts = [
            plot.frame(quarters, levels, svg.pretty(self.weight), "loss L", {low: "low", middle: "middle", high: "high"}, "axis"),
            plot.inside(
                plot.curve("loss", losses, "value"),
                plot.curve("tangent", ends, "gradient", 2),
                plot.dot("after", *after, "muted", 5),
                plot.dot("point", w, loss, "gradient", 7),
            ),
        ]
        _, sentence = self._sentences()
        numbers = {"u": w, "loss": loss, "g": slope, "moved": after[0], "after": after[1]}
        told = words.filled(sentence, {key: words.told(x) for key, x in numbers.items()} | {
            "weight": self.weight, "curve": words.course(losses),
        })  # fmt: skip
        return svg.drawing(plot.width, plot.height, told, parts)

    def _after(self, now: Mapping[str, float]) -> tuple[float, float]:
        """The weight and the loss after an update of this weight."""
        moved = self.inputs[self.weight] - self.learning_rate * now["g" + self.weight]
        return moved, self._loss_at(moved)

    def _controls(self, span: tuple[float, float], most: int) -> list[str]:
        now, w = self._at(self.inputs, self.loss), self.inputs[self.weight]
        slope, step = now["g" + self.weight], controls.nice((span[1] - span[0]) / 400)
        moved, after = self._after(now)
        rate = self.learning_rate
        told = [
            ("sum", "sum of the paths", slope), ("now", "loss now", now["vloss"]), ("new", "weight after the update", moved),
            ("after-loss", "loss after it", after), ("predicted", "predicted change", -rate * slope * slope),
            ("actual", "actual change", after - now["vloss"]),
        ]  # fmt: skip
        options = {name: svg.pretty(name) for name in self._plan.weights}
        rows = (f'<li data-n="path{i}" style="color:var(--bp-path{i % 4 + 1})"></li>' for i in range(most))
        source = [controls.switch("as_source_003", "as the PadhAI notes have it", False)] if self._source else []
        return [
            controls.row(
                controls.choice("weight", "Weight", options, self.weight),
                controls.choice("loss", "Loss", {loss: LOSSES[loss].label for loss in self._rows}, self.loss),
                *source,
            ),
            controls.sliders(
                controls.slider(f"inputs.{self.weight}", svg.pretty(self.weight), *span, step, w, 4),
                controls.slider("learning_rate", "learning rate η", 0, 10, 0.1, rate, 4),
            ),
            f'<div class="bp-ways"><ul class="bp-paths" aria-label="paths to the loss">{"".join(rows)}</ul></div>',
            controls.numbers(6, [(key, label, x, "") for key, label, x in told]),
            controls.row(
                controls.button("update", "Update this weight"),
                controls.button("all", "Update all weights and biases"),
                controls.button("reset", "Reset"),
            ),
        ]


def _table(nodes: Mapping[str, Value], plan: NetworkPlan, names: Sequence[str], source: bool) -> dict[str, Value]:
    """Every number that the explorer shows, as a graph of the weights and biases.

    `v` is a unit's value, `g` a gradient, `l` the local gradient of an edge or of
    the unit that a weight or bias leads to; `m` is an edge's local gradient as
    the PadhAI notes have it.
    """
    units = [name for column in plan.columns[1:] for name in column]
    loss = nodes["loss"]
    table = {"v" + name: nodes[name] for name in units}
    wanted = [*units, *names]
    table |= {"g" + name: grad for name, grad in zip(wanted, gradient(loss, [nodes[name] for name in wanted]))}
    for start, end in plan.edges():
        if start not in plan.columns[0]:
            table[f"l{start}>{end}"] = gradient(nodes[end], [nodes[start]])[0]
    for name in names:
        _, end = plan.weights[_first_weight(name)]
        table["l" + name] = gradient(nodes[end], [nodes[name]])[0]
    if not source:
        return table
    logits, outputs = plan.columns[-3], plan.columns[-2]
    for logit, output in itertools.product(logits, outputs):
        table[f"m{logit}>{output}"] = Value(0.0)
    for logit, other, output in zip(logits, reversed(logits), outputs):
        y = nodes[output]
        table[f"m{logit}>{output}"] = y * (1 - y) * -nodes[other]
    return table


def _first_weight(name: str) -> str:
    """A weight itself; of a bias, the first weight into its unit."""
    return name if name[0] == "w" else f"w{name[1:]}{',' if ',' in name else ''}1"
