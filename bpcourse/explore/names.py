"""The explorer of names: a weight of the 4-4-2 network, its place, and what others call it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import traitlets

from bpcourse import checks
from bpcourse.codegen import compile_table, table_to_javascript
from bpcourse.examples import FOUR_FOUR_TWO, FOUR_FOUR_TWO_X, four_four_two
from bpcourse.explore import controls
from bpcourse.explore.base import Explorer
from bpcourse.explore.predict import Ask, brief
from bpcourse.graph import gradient
from bpcourse.pictures import svg, words
from bpcourse.pictures.network import NetworkPlan, network_plan
from bpcourse.pictures.svg import lowered, pretty, raised
from bpcourse.pictures.words import slot

_SPAN, _NUDGE = (-2.0, 2.0), 0.5
_LEFT, _TOP, _CELL = (42.0, 280.0), 40.0, (46.0, 26.0)
_TO, _FROM = "path1", "path2"
NOTATIONS = (
    "this book", "its code", "Gupta", "Rathi", "PadhAI notes", "Nielsen, inputs are layer 1", "PyTorch", "Keras and Flax",
)  # fmt: skip
"""Who names a weight. Book: chapter 06."""


def called(weight: str) -> list[str]:
    """What each of `NOTATIONS` calls a weight of the 4-4-2 network.

    ValueError where there is no such weight. Book: chapter 06.
    """
    l, j, k = map(int, checks.choice(weight, "weight", network_plan(FOUR_FOUR_TWO, "softmax").weights)[2:])
    row, column = j - 1, k - 1
    return [
        pretty(weight), f"{weight}, W{l}[{row}, {column}]", pretty(weight), f"in W{l}", f"w{lowered(f'{l}{j}{k}')}",
        pretty(f"w_{l + 1}{j}{k}"), f"weight[{row}, {column}] of Linear {l}", f"kernel[{column}, {row}] of Dense {l}",
    ]  # fmt: skip


class Names(Explorer):
    """The 4-4-2 network's weights by name: picture, matrix and notations at once.

        explore.Names(weight="w_212")

    Point at a weight, in the picture or in its matrix, and read its name; or turn an
    index of the name, and see which weight it is. Nudge the weight and see which sums
    move. `inputs` are the 24 weights, `values` the sums and the hidden activations,
    `gradients` how each weight's own sum moves with it: ∂z^l_j/∂w^l_jk = a^{l−1}_k.

    Raises ValueError for an unknown weight.

    Book: chapter 06.
    """

    weight = traitlets.Unicode().tag(sync=True)
    script = "names.js"

    def __init__(self, weight: str = "w_212") -> None:
        self._plan = plan = _plan()
        checks.choice(weight, "weight", plan.weights)
        nodes = four_four_two()
        weights = [nodes[name] for name in plan.weights]
        moving = [nodes[name] for name in plan.moving]
        own = [slope for w, (_, end) in zip(weights, plan.weights.values()) for slope in gradient(nodes[end], [w])]
        self._row = compile_table([*moving, *own], weights)
        super().__init__({name: nodes[name].value for name in plan.weights}, "names of a weight", weight=weight)
        spec = {
            "decimals": 4, "units": plan.moving, "places": plan.place, "ends": plan.weights,
            "sizes": [len(column) for column in (plan.columns[0], plan.columns[2], plan.columns[3])],
            "left": _LEFT, "top": _TOP, "cell": _CELL,
            "called": {name: [*called(name), self._says(name)] for name in plan.weights},
            "told": [sentence.split(words.BORDER) for sentence in self._sentences()],
        }  # fmt: skip
        self.assemble(
            [self._network(), self._matrices()],
            self._controls(),
            spec,
            {"table": table_to_javascript(moving, weights)},
            self._asks(),
        )

    def _asks(self) -> list[Ask]:
        """What the weight does to its sum, and what the one with the indices the other way round does to it."""
        l, j, k = list(self.weight[2:])
        _, end = self._plan.weights[self.weight]
        asks = []
        for name in dict.fromkeys([self.weight, f"w_{l}{k}{j}"]):
            if name not in self._plan.weights:
                continue
            w, (start, to), slope = self.inputs[name], self._plan.weights[name], self.gradients[name]
            change = f"It moves by {brief(slope)} · {brief(_NUDGE)} = {brief(slope * _NUDGE)}" if to == end else "It stays"
            asks.append(
                Ask(
                    f"{pretty(name)} goes from {brief(w)} to {brief(w + _NUDGE)}. What does the sum {pretty(end)} do?",
                    {"inputs": {name: w + _NUDGE}, "weight": name},
                    f"v{end}",
                    f"{change}: {pretty(name)} multiplies {pretty(start)} and goes into {pretty(to)}.",
                )
            )
        return asks

    @traitlets.validate("weight")
    def _valid(self, proposal: Any) -> str:
        return checks.choice(proposal["value"], "weight", self._plan.weights)

    def follow(self, inputs: Mapping[str, float], **changed: Any) -> tuple[dict[str, float], dict[str, float]]:
        """The sums and the hidden activations, and each weight's slope of its own sum."""
        now = self._row(*(inputs[name] for name in self._names))
        moving = self._plan.moving
        return dict(zip(moving, now)), dict(zip(self._names, now[len(moving) :]))

    def _says(self, weight: str) -> str:
        l, j, k = list(weight[2:])
        start, end = map(pretty, self._plan.weights[weight])
        return f"Layer {l}, to unit {j}, from unit {k}: it multiplies {start} and goes into {end}."

    def _given(self) -> dict[str, str]:
        """The inputs of the network, which nothing moves."""
        return {name: svg.number(x) for name, x in zip(self._plan.columns[0], FOUR_FOUR_TWO_X)}

    def _sentences(self) -> tuple[str, str]:
        """What the two pictures say, with slots for their numbers."""
        plan = self._plan
        values = self._given() | {name: slot("v" + name) for name in plan.moving}
        rows = (
            f"W{l}, row {j}: {', '.join(slot('m' + name) for name in plan.weights if name.startswith(f'w_{l}{j}'))}"
            for l, units in ((1, 4), (2, 2))
            for j in range(1, units + 1)
        )
        return (
            f"{plan.in_words(values, {})}. The line of {slot('book')} {slot('title')}, blue. {slot('says')}",
            f"{'; '.join(rows)}. Marked: {slot('book')}, row {slot('j')}, column {slot('k')} of W{slot('l')}",
        )

    def _numbers(self) -> dict[str, str]:
        """The words and numbers of both pictures."""
        l, j, k = list(self.weight[2:])
        return {
            **{"v" + name: svg.fixed(x, 4).strip() for name, x in self.values.items()},
            **{"m" + name: svg.fixed(x, 2).strip() for name, x in self.inputs.items()},
            "l": l, "j": j, "k": k, "book": pretty(self.weight), "says": self._says(self.weight),
            "title": f"= {svg.fixed(self.inputs[self.weight], 2)}",
        }  # fmt: skip

    def _network(self) -> svg.Picture:
        plan, told = self._plan, self._numbers()
        start, end = plan.weights[self.weight]
        clicked = "".join(f'<path d="{plan.line(*ends)}" data-do="pick {name}"/>' for name, ends in plan.weights.items())
        bold = 'font-weight="bold" cursor="pointer"'
        index = {"l": ("path3", 36, 22), "j": (_TO, 36, 44), "k": (_FROM, 48, 44)}
        rings = [_ring("to", plan.place[end], _TO), _ring("from", plan.place[start], _FROM)]
        parts = [
            svg.path("".join(plan.line(a, b) for a, b in plan.edges()), "line", 1),
            svg.path(plan.line(start, end), "value", 3.5, ' data-line="edge"'),
            f'<g class="bp-edges">{clicked}</g>',
            plan.circles(),
            *rings,
            plan.above(self._given()),
            plan.above({name: svg.fixed(x, 4) for name, x in self.values.items()}, "v"),
            svg.text(8, 36, "w", "ink", 30, "start"),
            *(
                svg.text(x, y, told[key], colour, 18, more=f'{svg.mark(key)} data-do="turn {i}" {bold}')
                for i, (key, (colour, x, y)) in enumerate(index.items())
            ),
            svg.text(66, 36, told["title"], "value", 18, "start", svg.mark("title")),
        ]
        sentence, _ = self._sentences()
        return svg.drawing(plan.width, plan.height, words.filled(sentence, told), parts)

    def _matrices(self) -> svg.Picture:
        """W1 and W2, the row and the column of the weight marked, each entry to point at."""
        (wide, high), parts, told = _CELL, [], self._numbers()
        l, j, k = map(int, self.weight[2:])
        left, rows = _LEFT[l - 1], (4, 2)[l - 1]
        bands = {
            "row": (left, _TOP + (j - 1) * high, 4 * wide, high, _TO),
            "column": (left + (k - 1) * wide, _TOP, wide, rows * high, _FROM),
        }
        for key, (x, y, width, height, colour) in bands.items():
            parts.append(
                f'<rect data-line="{key}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" '
                f'fill="var(--bp-{colour})" fill-opacity="0.16" stroke="var(--bp-{colour})" stroke-width="1.5"/>'
            )
        for layer, (start, units) in enumerate(zip(_LEFT, (4, 2)), start=1):
            parts.append(svg.text(start - 36, 14, f"W{raised(layer)}", "ink", 15, "start"))
            for i in range(1, 5):
                parts.append(svg.text(start + (i - 0.5) * wide, _TOP - 8, f"k = {i}", _FROM, 12))
                if i <= units:
                    parts.append(svg.text(start - 5, _TOP + (i - 0.5) * high + 4, f"j = {i}", _TO, 12, "end"))
        cells, clicked = "", ""
        for name, x in self.inputs.items():
            layer, row, column = map(int, name[2:])
            across, down = _LEFT[layer - 1] + (column - 1) * wide, _TOP + (row - 1) * high
            cells += f'<text x="{across + wide - 4:g}" y="{down + 18:g}"{svg.mark("m" + name)}>{svg.fixed(x, 2)}</text>'
            clicked += f'<path d="M{across:g} {down:g}h{wide:g}v{high:g}h-{wide:g}z" data-do="pick {name}"/>'
        parts += [
            f'<g text-anchor="end" font-size="13" fill="var(--bp-value)">{cells}</g>',
            f'<g fill="transparent" cursor="pointer">{clicked}</g>',
        ]
        _, sentence = self._sentences()
        return svg.drawing(468, _TOP + 4 * high + 6, words.filled(sentence, told), parts)

    def _controls(self) -> list[str]:
        w = self.inputs[self.weight]
        rows = "".join(
            f'<tr><th>{who}</th><td style="text-align:left">{controls.readout(f"name{i}", name)}</td></tr>'
            for i, (who, name) in enumerate(zip(NOTATIONS, called(self.weight)))
        )
        return [
            controls.row(
                controls.choice("weight", "Weight", {name: pretty(name) for name in self._names}, self.weight),
                *(controls.button(f"turn {i}", f"Next {index}") for i, index in enumerate("ljk")),
            ),
            controls.sliders(controls.slider(f"inputs.{self.weight}", pretty(self.weight), *_SPAN, 0.01, w, 2)),
            f'<p class="bp-says" data-n="says">{self._says(self.weight)}</p>',
            f'<div class="bp-wide"><table>{rows}</table></div>',
            controls.row(controls.button("reset", "Reset")),
        ]


def _ring(key: str, centre: tuple[float, float], colour: str) -> str:
    """A ring around a unit with its word below."""
    (x, y), look = centre, f'fill="none" stroke="var(--bp-{colour})" stroke-width="3.5"'
    circle = f'<circle data-line="{key}-ring" cx="{x:g}" cy="{y:g}" r="24" {look}/>'
    return circle + svg.halo(x, y + 40, key, colour, 14, f' data-line="{key}"')


def _plan() -> NetworkPlan:
    """The picture of the 4-4-2 network as far as its weights go."""
    plan = network_plan(FOUR_FOUR_TWO, "softmax")
    columns = plan.columns[:4]
    ahead = {name: plan.ahead[name] for column in columns[:3] for name in column}
    place = {name: plan.place[name] for column in columns for name in column}
    width = max(x for x, _ in place.values()) + 44
    return plan._replace(columns=columns, ahead=ahead, place=place, width=width, height=plan.height - 14)
