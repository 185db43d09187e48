"""The output explorer: one logit, three losses of it, and the deltas beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import traitlets

from bpcourse import checks
from bpcourse.codegen import compile_table, table_to_javascript
from bpcourse.explore import controls
from bpcourse.explore.base import Explorer, one_of
from bpcourse.explore.plot import Plot
from bpcourse.explore.predict import Ask, brief
from bpcourse.graph import Value, gradient
from bpcourse.layers import LOSSES, MATCHED
from bpcourse.network import as_graph
from bpcourse.pictures import svg, words
from bpcourse.pictures.words import slot

OUTPUTS = {"identity": "linear: ŷ = z", "sigmoid": "sigmoid", "softmax": "softmax, two more logits at 0"}
_LINES = {
    "half_squared_error": ("path1", "", "──", "green"), "binary_cross_entropy": ("path2", "9 4", "– –", "purple dashed"),
    "cross_entropy": ("path3", "2 4", "· · ·", "ochre dotted"),
}  # fmt: skip
"""Of each loss its colour, its dash as SVG and as a text, and what its line is called."""
_SPAN, _POINTS = (-8.0, 8.0), 80
_ASKED = "half_squared_error"


class OneLogit(Explorer):
    """One logit z of an output layer: three losses against it, and their deltas.

        explore.OneLogit(output="sigmoid", label=0)

    `output` is the layer: identity, sigmoid, or softmax, where two more logits stand
    at 0. `label` is 1 where the unit is right to answer, 0 where it is not; in a
    softmax the second class is then the right one. The losses are
    half the squared error, binary cross-entropy and cross-entropy; a linear output
    has the first alone. `values` has ŷ, its slope ∂ŷ/∂z and the losses by name,
    `gradients` the delta of the pair that matches.

    Raises ValueError where z is outside −8 to 8, output is none of the three or
    label neither 0 nor 1; TypeError for what is no number.

    Book: chapter 10.
    """

    output = traitlets.Unicode().tag(sync=True)
    label = traitlets.Int().tag(sync=True)
    script = "one_logit.js"

    def __init__(self, z: float = 2.0, output: str = "sigmoid", label: int = 0) -> None:
        z = checks.number(z, "z")
        if not _SPAN[0] <= z <= _SPAN[1]:
            raise ValueError(f"z: expected a number from {_SPAN[0]:g} to {_SPAN[1]:g}, got {z!r}")
        checks.choice(output, "output", OUTPUTS)
        label = one_of(checks.count(label, "label"), "label", 1)
        tables = {of: {loss: _table(of, loss) for loss in _LINES if of != "identity" or loss == MATCHED[of]} for of in OUTPUTS}
        self._rows = {of: {loss: compile_table(*table) for loss, table in row.items()} for of, row in tables.items()}
        super().__init__({"z": z}, "one logit under three losses", output=output, label=label)
        plots = {"loss": Plot(_SPAN, (0, 9), width=420, height=230), "delta": Plot(_SPAN, (-2, 2), width=420, height=230)}
        spec = {
            "decimals": 4, "plots": {key: plot.spec for key, plot in plots.items()}, "count": _POINTS,
            "asked": _ASKED, "matched": MATCHED, "labels": {loss: LOSSES[loss].label for loss in _LINES},
            "told": [_sentence(key).split(words.BORDER) for key in plots],
        }  # fmt: skip
        self.assemble(
            [self._picture(key, plot) for key, plot in plots.items()],
            self._controls(),
            spec,
            {"tables": {of: {loss: table_to_javascript(*table) for loss, table in row.items()} for of, row in tables.items()}},
            self._asks(),
        )

    def _asks(self) -> list[Ask]:
        """What the size of one delta does where the logit goes either way."""
        z, asks = self.inputs["z"], []
        for to in (z + 4, z - 4):
            if _SPAN[0] <= to <= _SPAN[1]:
                (y, *_, slope), (y_to, *_, slope_to) = (self._at(_ASKED, u) for u in (z, to))
                asks.append(
                    Ask(
                        f"The label is {self.label}, and z goes from {brief(z)} to {brief(to)}. "
                        f"What does the size of δ do with {LOSSES[_ASKED].label}?",
                        {"inputs": {"z": to}},
                        "size",
                        f"ŷ goes from {brief(y)} to {brief(y_to)}, its slope ∂ŷ/∂z from {brief(slope)} to {brief(slope_to)}.",
                    )
                )
        return asks

    @traitlets.validate("output", "label")
    def _valid(self, proposal: Any) -> Any:
        value, name = proposal["value"], proposal["trait"].name
        return self.tried(name, checks.choice(value, name, OUTPUTS) if name == "output" else one_of(value, name, 1))

    def follow(self, inputs: Mapping[str, float], **changed: Any) -> tuple[dict[str, float], dict[str, float]]:
        """ŷ, its slope and the losses, and the delta of the pair that matches."""
        output = self.state(**changed).output
        rows = {loss: self._at(loss, inputs["z"], **changed) for loss in self._rows[output]}
        y_hat, _, delta, slope = rows[MATCHED[output]]
        return {"y_hat": y_hat, "slope": slope, **{loss: row[1] for loss, row in rows.items()}}, {"z": delta}

    def _at(self, loss: str, z: float, **changed: Any) -> tuple[float, ...]:
        """ŷ, loss, delta and ∂ŷ/∂z of this loss; NaN where the output has no such loss."""
        now = self.state(**changed)
        row = self._rows[now.output].get(loss)
        return row(z, now.label, 1 - now.label) if row else (math.nan,) * 4

    def _picture(self, key: str, plot: Plot) -> svg.Picture:
        """The losses, or their deltas, against the logit."""
        z, place = self.inputs["z"], 1 if key == "loss" else 2
        curves = {loss: [(u, self._at(loss, u)[place]) for u in plot.grid(_POINTS)] for loss in _LINES}
        now = {loss: self._at(loss, z)[place] for loss in _LINES}
        ticks = [plot.y[0] + (plot.y[1] - plot.y[0]) * i / 4 for i in range(5)] if key == "delta" else [0, 3, 6, 9]
        told = {"z": words.told(z)}
        for loss in _LINES:
            told |= {f"{key}-{loss}-course": words.course(curves[loss]), f"{key}-{loss}": words.told(now[loss])}
        return svg.drawing(plot.width, plot.height, words.filled(_sentence(key), told), [
            plot.frame({u: svg.number(u) for u in plot.grid(4)}, {v: svg.number(v) for v in ticks}, "logit z", _AXES[key]),
            plot.inside(
                svg.path(plot.line([(u, 0) for u in plot.x]), "line", 1),
                *(plot.curve(f"{key}-{loss}", curves[loss], colour, dash=dash) for loss, (colour, dash, *_) in _LINES.items()),
                *(plot.dot(f"{key}-{loss}-dot", z, now[loss], colour) for loss, (colour, *_) in _LINES.items()),
            ),
        ])  # fmt: skip

    def _controls(self) -> list[str]:
        rows, z = [], self.inputs["z"]
        for loss, (colour, _, dash, _) in _LINES.items():
            _, L, delta, _ = self._at(loss, z)
            cells = "".join(
                f"<td>{controls.readout(f'{key}-{loss}', svg.fixed(x, 4))}</td>" for key, x in (("loss", L), ("delta", delta))
            )
            name = f'<th style="color:var(--bp-{colour})">{LOSSES[loss].label} {dash}</th>'
            rows.append(f"<tr>{name}{cells}</tr>")
        head = "<thead><tr><th>loss</th><th>L</th><th>δ = ∂L/∂z</th></tr></thead>"
        y_hat, slope = self.values["y_hat"], self.values["slope"]
        told = [("y_hat", "ŷ", y_hat, "bp-value"), ("miss", "ŷ − y", y_hat - self.label, ""), ("slope", "slope ∂ŷ/∂z", slope, "")]
        return [
            controls.sliders(controls.slider("inputs.z", "logit z", *_SPAN, 0.1, z, 2)),
            controls.row(
                controls.choice("output", "Output", OUTPUTS, self.output),
                controls.switch("label", "label y = 1", bool(self.label)),
            ),
            controls.numbers(4, told),
            f'<div class="bp-wide"><table>{head}{"".join(rows)}</table></div>',
            f'<p class="bp-note" data-n="says">{_says(self.output)}</p>',
            controls.row(controls.button("reset", "Reset")),
        ]


_AXES = {"loss": "loss L", "delta": "δ = ∂L/∂z"}


def _says(output: str) -> str:
    return f"{LOSSES[MATCHED[output]].label} matches: its δ is ŷ − y."


def _sentence(key: str) -> str:
    """What a picture says, with slots for its numbers."""
    lines = (
        f"{LOSSES[loss].label}, {stroke}: {slot(f'{key}-{loss}-course')}; at z = {slot('z')}: {slot(f'{key}-{loss}')}"
        for loss, (*_, stroke) in _LINES.items()
    )
    return f"{_AXES[key]} against the logit z. {'. '.join(lines)}"


def _table(output: str, loss: str) -> tuple[list[Value], list[Value]]:
    """ŷ, the loss, its delta and ∂ŷ/∂z, of the logit, its label and, in a softmax, that of the second unit.

    The network has one layer without biases and the input 1, so that a weight is a logit.
    """
    units = 3 if output == "softmax" else 1
    labels = np.eye(units)[0]
    nodes = as_graph({"W1": np.zeros((units, 1)), "b1": np.zeros((units, 1))}, [1.0], labels, output=output, loss=loss)
    y_hat, L, z = nodes["a_11"], nodes["loss"], nodes["z_11"]
    results = [y_hat, L, *gradient(L, [z]), *gradient(y_hat, [z])]
    return results, [nodes["w_111"], nodes["y_1"], nodes["y_2"] if units > 1 else Value(0.0, "y_2")]
