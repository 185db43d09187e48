"""The bill explorer: what a gradient costs, as a network gets deeper and wider."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bpcourse import checks
from bpcourse.codegen import compile_table, table_to_javascript
from bpcourse.explore import controls
from bpcourse.explore.base import Explorer, whole_from
from bpcourse.explore.plot import Plot, of_logarithm
from bpcourse.explore.predict import Ask
from bpcourse.graph import Value, gradient
from bpcourse.pictures import svg, words
from bpcourse.pictures.words import slot

_MOST = {"layers": 12, "units": 1000}
_WIDTHS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)
_COUNTS = {
    "weights": "weights N",
    "knobs": "weights and biases P",
    "backpropagation": "products, forward and backward",
    "nudging": "products of P + 1 runs",
    "ratio": "nudging / backpropagation",
}
_TOLD = (
    f"Products of one gradient against the number of weights N, both axes logarithmic. {slot('layers')} layers of "
    f"{slot('units')} units, N = {slot('weights')}: nudging, purple, {slot('nudging')}; backpropagation, green, "
    f"{slot('backpropagation')}; ratio {slot('ratio')}. From 1 unit a layer to {_MOST['units']}: nudging {slot('nudged')}; "
    f"backpropagation, dashed, {slot('swept')}"
)


class Bill(Explorer):
    """Products of a gradient by nudging and by backpropagation, as a network grows.

        explore.Bill()

    The network has `layers` layers of `units` units each, and as many inputs. `values`
    has, for one example, its weights N and its knobs P, weights and biases; the products
    of `backpropagation`, forward and backward; those of `nudging`, forward differences
    of P + 1 runs; and their `ratio`: the counts of `bpcourse.beyond.bill`. `gradients`
    are those of the ratio, as if layers and units could be any numbers.

    Raises ValueError where layers is no whole number from 1 to 12, or units none from 1
    to 1000; TypeError for what is not a number.

    Book: chapter 13.
    """

    script = "bill.js"

    def __init__(self, layers: int = 3, units: int = 100) -> None:
        start = {name: _whole(checks.number(x, name), name) for name, x in (("layers", layers), ("units", units))}
        inputs, counts = _counts()
        self._row = compile_table([*counts, *gradient(counts[-1], inputs)], inputs)
        super().__init__(start, "bill of a gradient, by nudging and by backpropagation")
        plot = Plot((0, 7.2), (0, 15), height=330)
        spec = {"decimals": 1, "plot": plot.spec, "widths": _WIDTHS, "told": [_TOLD.split(words.BORDER)]}
        functions = {"table": table_to_javascript(counts, inputs)}
        self.assemble([self._picture(plot)], self._controls(), spec, functions, self._asks())

    def _asks(self) -> list[Ask]:
        """What other layers do to the ratio: wider ones, and more of them."""
        return [
            Ask(
                f"{what} go from {self.inputs[name]:g} to {to}. What does the ratio do?",
                {"inputs": {name: float(to)}},
                "ratio",
                "Nudging makes a run for every knob, backpropagation is worth three at most.",
            )
            for name, what, to in (("units", "The units a layer", 1000), ("layers", "The layers", 1))
        ]

    def follow(self, inputs: Mapping[str, float], **changed: Any) -> tuple[dict[str, float], dict[str, float]]:
        """The counts at these sizes, and the slopes of the ratio."""
        *counts, by_layers, by_units = self._row(*(_whole(inputs[name], name) for name in _MOST))
        return dict(zip(_COUNTS, counts, strict=True)), {"layers": by_layers, "units": by_units}

    def _logs(self, units: float) -> tuple[float, float, float]:
        """log₁₀ of the weights, and of the products of nudging and of backpropagation."""
        n, _, swept, nudged, *_ = self._row(self.inputs["layers"], units)
        return math.log10(n), math.log10(nudged), math.log10(swept)

    def _shown(self) -> dict[str, str]:
        """The counts as the table prints them."""
        counts = {name: f"{x:,.0f}" for name, x in self.values.items()}
        return counts | {"ratio": svg.fixed(self.values["ratio"], 1)}

    def _picture(self, plot: Plot) -> svg.Picture:
        n, nudged, swept = self._logs(self.inputs["units"])
        curves = [self._logs(units) for units in _WIDTHS]
        above, below = [(u, v) for u, v, _ in curves], [(u, v) for u, _, v in curves]
        across, up = ({float(e): f"10{svg.raised(e)}" for e in range(0, last, step)} for last, step in ((8, 1), (16, 3)))
        parts = [
            plot.frame(across, up, "weights N", "products of one gradient"),
            svg.text(78, 52, "──── nudging", "path2", 13, "start"),
            svg.text(78, 74, "– – – backpropagation", "path1", 13, "start"),
            svg.text(78, 96, "ratio", "gradient", 13, "start"),
            svg.text(112, 96, self._shown()["ratio"], "gradient", 13, "start", svg.mark("ratio")),
            plot.inside(
                plot.curve("gap", [(n, swept), (n, nudged)], "gradient", 4),
                plot.curve("nudging", above, "path2"),
                plot.curve("backpropagation", below, "path1", 2.5, "7 4"),
                plot.dot("nudging-dot", n, nudged, "path2"),
                plot.dot("backpropagation-dot", n, swept, "path1"),
            ),
        ]
        courses = {
            "nudged": words.course(above, of_logarithm, of_logarithm),
            "swept": words.course(below, of_logarithm, of_logarithm),
        }
        sizes = {name: f"{x:g}" for name, x in self.inputs.items()}
        shown = {name: text.strip() for name, text in self._shown().items()}
        return svg.drawing(plot.width, plot.height, words.filled(_TOLD, {**sizes, **shown, **courses}), parts)

    def _controls(self) -> list[str]:
        layers, units = (int(x) for x in self.inputs.values())
        shown = self._shown()
        rows = "".join(f"<tr><th>{label}</th><td>{controls.readout(key, shown[key])}</td></tr>" for key, label in _COUNTS.items())
        return [
            controls.sliders(
                controls.counter("inputs.layers", "layers", _MOST["layers"], layers, first=1),
                controls.counter("inputs.units", "units a layer", _MOST["units"], units, first=1),
            ),
            f'<div class="bp-wide"><table>{rows}</table></div>',
            controls.row(controls.button("reset", "Reset")),
        ]


def _counts() -> tuple[list[Value], list[Value]]:
    """(layers, units) and N, P, both bills and their ratio, as graphs of the two."""
    inputs = layers, units = Value(3, "layers"), Value(100, "units")
    first = units * units
    weights = layers * first
    knobs = weights + layers * units
    swept, nudged = 3 * weights - first, weights * (knobs + 1)
    return list(inputs), [weights, knobs, swept, nudged, nudged / swept]


def _whole(x: float, name: str) -> float:
    """x as a number of layers or units; ValueError where it is none that the sliders reach."""
    return float(whole_from(x, name, 1, _MOST[name]))
