"""The hill explorer: a point on a curve, its tangent, and a step along it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import traitlets

from bpcourse import checks
from bpcourse.codegen import compile_table, table_to_javascript
from bpcourse.explore import controls
from bpcourse.explore.base import Explorer, Number, not_negative, where_defined
from bpcourse.explore.plot import Plot
from bpcourse.explore.predict import Ask, brief
from bpcourse.graph import Value, expect_value, gradient, square, topological_order
from bpcourse.language import tr
from bpcourse.pictures import svg, words
from bpcourse.pictures.words import slot

_STEPS = 12
_REACH = 0.6
_TOLD = (
    "f({name}), blue: {course}. The point is at {x}, height {f}; orange, its tangent, slope {slope}. "
    "The next step leads to {new}, height {after}; dashed, {steps} steps, the last to {end}, height {last}"
)
_ASK = "A step of h = {h} goes from {name} = {x} to {to}. What does the height do?"
_BECAUSE = "The tangent foretells a gain of h · slope² = {gain}."


class Hill(Explorer):
    """A point to drag on the graph of f(x): its slope, and the step x + h·f′(x).

        explore.Hill()

    v is a graph with one named input; without it, the hill 3 − ½(x − 2)² of the
    chapter. `span` is the picture's piece of the x axis, `h` the step size. The
    thin line shows where the next twelve steps would lead. `values` has f and x,
    `gradients` the slope.

    Raises TypeError where v is not a Value; ValueError where it has not exactly
    one named input, the span is upside down or leaves the input out, or h ≤ 0.

    Book: chapter 01.
    """

    h = Number().tag(sync=True)
    script = "hill.js"

    def __init__(self, v: Value | None = None, span: tuple[float, float] = (-0.6, 4.6), h: float = 0.3) -> None:
        v = _hill() if v is None else v
        x = only_input(v)
        low, high = checks.span(span, "span", holding=x.value)
        h = checks.positive(h, "h")
        results = [v, *gradient(v, [x])]
        self._name, self._row = str(x.name), where_defined(compile_table(results, [x]))
        super().__init__({self._name: x.value}, "point on a hill", h=h)
        at = Plot((low, high), (0, 1)).grid(160)
        heights = [self._row(u)[0] for u in at]
        if not all(map(math.isfinite, heights)):
            raise ValueError(f"span: expected a range where v has a value everywhere, got {(low, high)}")
        room = 0.08 * (max(heights) - min(heights) or 1)
        plot = Plot((low, high), (min(heights) - room, max(heights) + room))
        sentence = tr(_TOLD).format(
            name=self._name,
            course=words.course(zip(at, heights)),
            steps=_STEPS,
            **{key: slot(key) for key in ("x", "f", "slope", "new", "after", "end", "last")},
        )
        spec = {
            "decimals": 3, "name": self._name, "plot": plot.spec, "count": _STEPS, "reach": _REACH,
            "told": [sentence.split(words.BORDER)],
        }  # fmt: skip
        self.assemble(
            [self._picture(plot, at, heights, sentence)],
            self._controls(low, high),
            spec,
            {"table": table_to_javascript(results, [x])},
            self._asks(),
        )

    def _asks(self) -> list[Ask]:
        """What one step uphill does to the height: of the size h, and of eight times the size."""
        x, asks = self.inputs[self._name], []
        for h in (self.h, 8 * self.h):
            slope = self._row(x)[1]
            to = x + h * slope
            if math.isfinite(self._row(to)[0]):
                asks.append(
                    Ask(
                        tr(_ASK).format(h=brief(h), name=self._name, x=brief(x), to=brief(to)),
                        {"inputs": {self._name: to}},
                        "f",
                        tr(_BECAUSE).format(gain=brief(h * slope * slope)),
                    )
                )
        return asks

    @traitlets.validate("h")
    def _valid(self, proposal: Any) -> float:
        return not_negative(proposal["value"], "h")

    def follow(self, inputs: Mapping[str, float], **changed: Any) -> tuple[dict[str, float], dict[str, float]]:
        """f(x), and its slope."""
        x = inputs[self._name]
        height, slope = self._row(x)
        return {self._name: x, "f": height}, {self._name: slope}

    def _numbers(self) -> dict[str, float]:
        """What the picture and the table show."""
        x, (height, slope) = self.inputs[self._name], self._row(self.inputs[self._name])
        new = x + self.h * slope
        after = self._row(new)[0]
        return {
            "x": x, "f": height, "slope": slope, "move": self.h * slope, "new": new,
            "predicted": self.h * slope * slope, "actual": after - height, "after": after,
        }  # fmt: skip

    def _picture(self, plot: Plot, at: list[float], heights: list[float], sentence: str) -> svg.Picture:
        n = self._numbers()
        walk = [(n["x"], n["f"])]
        for _ in range(_STEPS):
            u, height = walk[-1]
            u += self.h * self._row(u)[1]
            walk += [(u, height), (u, self._row(u)[0])]
        tangent = [(n["x"] + s * _REACH, n["f"] + s * _REACH * n["slope"]) for s in (-1, 1)]
        width, height = plot.x[1] - plot.x[0], plot.y[1] - plot.y[0]
        ticks = _round_numbers(plot.x, max(1.0, controls.nice(width / 8)) if width >= 2 else controls.nice(width / 4))
        levels = _round_numbers(plot.y, controls.nice(height / 5))
        parts = [
            plot.frame({u: svg.number(u) for u in ticks}, {v: svg.number(v) for v in levels}, self._name, f"f({self._name})"),
            plot.inside(
                svg.path(plot.line(zip(at, heights)), "value", 2.5),
                plot.curve("walk", walk, "muted", 1.2, "4 3"),
                plot.curve("tangent", tangent, "gradient"),
                plot.dot("next", n["new"], n["after"], "muted", 5),
                plot.dot("point", n["x"], n["f"], "gradient", 8),
            ),
        ]
        numbers = {**n, "end": walk[-1][0], "last": walk[-1][1]}
        told = words.filled(sentence, {key: words.told(x) for key, x in numbers.items()})
        return svg.drawing(plot.width, plot.height, told, ['<g class="bp-drag">', *parts, "</g>"])

    def _controls(self, low: float, high: float) -> list[str]:
        n = self._numbers()
        told = [
            ("f", f"f({self._name})", "bp-value"), ("slope", "slope", "bp-gradient"),
            ("move", "step: h · slope", ""), ("new", f"new {self._name}", ""),
            ("predicted", "predicted change", ""), ("actual", "actual change", ""),
        ]  # fmt: skip
        return [
            controls.sliders(
                controls.slider(f"inputs.{self._name}", self._name, low, high, controls.nice((high - low) / 600), n["x"], 3),
                controls.slider("h", "step size h", 0, 2.5, 0.05, self.h, 3),
            ),
            controls.numbers(3, [(key, label, n[key], style) for key, label, style in told]),
            controls.row(controls.button("step", "Take the step"), controls.button("reset", "Reset")),
            f'<p class="bp-says" data-n="says">{tr(_SAYS)}</p>',
        ]


_SAYS = "Drag the point, or move a slider. The dashed line leads through the next steps."


def _round_numbers(ends: tuple[float, float], step: float) -> list[float]:
    """The multiples of the step between the ends."""
    low, high = ends
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def only_input(v: Value) -> Value:
    """The one named input of a graph; ValueError where there is not exactly one."""
    expect_value(v, "v")
    named = [node for node in topological_order(v) if node.gate is None and node.name]
    if len(named) != 1:
        raise ValueError(f"v: expected a graph with one named input, got {len(named)}")
    return named[0]


def _hill() -> Value:
    x = Value(0.5, "x")
    return 3 - 0.5 * square(x - 2)
