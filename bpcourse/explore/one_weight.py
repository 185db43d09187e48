"""The smallest network: one weight, nudged, beside what its gradient foretold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import traitlets

from bpcourse import checks
from bpcourse.codegen import compile_table, table_to_javascript
from bpcourse.explore import controls
from bpcourse.explore.base import Explorer, Number
from bpcourse.graph import Value, gradient, square
from bpcourse.language import tr
from bpcourse.pictures import svg, words
from bpcourse.pictures.words import slot

_X, _Y = 2.0, 5.0
_REACH = 0.5
_ROW = 66
_ZERO, _SCALE, _MOST = 318, 15.0, 8.0
_TOLD = (
    "A weight, {weight}, gradient {slope-weight}; times x = 2: prediction {prediction}, gradient {slope-prediction}; "
    "less y = 5: error {error}, gradient {slope-error}; squared: loss {loss}, gradient {slope-loss}. "
    "Gradient × nudge: {foretold}; change of the loss: {change}"
)
SAYS = {
    "still": "Move the slider: a little, then more.",
    "near": "A small nudge: the gradient foretold it.",
    "far": "A larger nudge: the loss bends away.",
    "done": "The prediction is right: no loss is left.",
}
_LEGEND = "Blue: values, with the nudge. Orange: gradients, from before it: how fast the loss moves with each value."


class OneWeight(Explorer):
    """The smallest network, L = (w·x − y)² with x = 2 and y = 5: its weight, nudged.

        explore.OneWeight()

    `eps` is the nudge ε to the weight w. `values` are those at w + ε, `gradients`
    the derivative of L at w: times ε it foretells what L does. "Keep the nudge"
    moves w by ε, and the gradients with it.

    Raises ValueError and TypeError where w or eps is no finite number.

    Book: chapter 01.
    """

    eps = Number().tag(sync=True)
    script = "one_weight.js"

    def __init__(self, w: float = 1.0, eps: float = 0.2) -> None:
        weight = Value(1.0, "w")
        prediction = weight * _X
        error = prediction - _Y
        loss = square(error)
        table = [prediction, error, loss, *gradient(loss, [weight, prediction, error])]
        self._row = compile_table(table, [weight])
        super().__init__({"w": checks.number(w, "w")}, "the smallest network, one weight to nudge", eps=checks.number(eps, "eps"))
        says, told = {key: tr(sentence) for key, sentence in SAYS.items()}, [_sentence(self._numbers()).split(words.BORDER)]
        spec = {"decimals": 2, "zero": _ZERO, "scale": _SCALE, "most": _MOST, "says": says, "told": told}
        self.assemble([self._picture()], self._controls(), spec, {"table": table_to_javascript(table, [weight])})

    @traitlets.validate("eps")
    def _valid(self, proposal: Any) -> float:
        return float(self.tried("eps", checks.number(proposal["value"], "eps")))

    def follow(self, inputs: Mapping[str, float], **changed: Any) -> tuple[dict[str, float], dict[str, float]]:
        """Prediction, error and loss at w + ε, and the slope of the loss at w."""
        w, eps = inputs["w"], self.state(**changed).eps
        prediction, error, loss, *_ = self._row(w + eps)
        return {"w": w + eps, "prediction": prediction, "error": error, "loss": loss}, {"w": self._row(w)[3]}

    def _numbers(self) -> dict[str, float]:
        """What the picture shows."""
        now, before = self._row(self.inputs["w"] + self.eps), self._row(self.inputs["w"])
        slopes = dict(zip(("slope-weight", "slope-prediction", "slope-error", "slope-loss"), [*before[3:], 1.0], strict=True))
        return slopes | {
            "weight": self.inputs["w"] + self.eps, "prediction": now[0], "error": now[1], "loss": now[2],
            "foretold": before[3] * self.eps, "change": now[2] - before[2],
        }  # fmt: skip

    def _picture(self) -> svg.Picture:
        n = self._numbers()
        parts = [svg.path(f"M28 {_ROW}H432"), svg.box(28, _ROW, 20, 15, 6, "line"), svg.text(28, _ROW + 5, "w", size=15)]
        for x, data in ((140, "x = 2"), (252, "y = 5")):
            parts += [svg.path(f"M{x} {_ROW}v60"), svg.box(x, _ROW + 66, 28, 15, 6, "line"), svg.text(x, _ROW + 71, data)]
        for x, symbol in ((140, "×"), (252, "−"), (358, "x²")):
            parts += [svg.box(x, _ROW, 18, 18, 18, "ink"), svg.text(x, _ROW + 5, symbol, size=15)]
        for x, name in zip((85, 196, 305, 405), ("weight", "prediction", "error", "loss"), strict=True):
            value, slope = svg.fixed(n[name], 2), svg.fixed(n[f"slope-{name}"], 2)
            parts += [
                svg.text(x, 22, tr(name), "muted"),
                svg.text(x, _ROW - 10, value, "value", 16, more=svg.mark(name)),
                svg.text(x, _ROW + 23, slope, "gradient", 16, more=svg.mark(f"slope-{name}")),
            ]
        for y, key, told, colour in (
            (186, "foretold", "gradient × nudge", "gradient"),
            (212, "change", "change of the loss", "value"),
        ):
            length = max(-_MOST, min(_MOST, n[key])) * _SCALE
            parts += [
                svg.text(8, y + 5, tr(told), colour, 14, "start"),
                svg.text(190, y + 5, svg.fixed(n[key], 2), colour, 15, "end", svg.mark(key)),
                svg.path(f"M{_ZERO} {y}h{length:.1f}", colour, 16, f' data-line="{key}" data-row="{y}"'),
            ]
        parts += [
            svg.path(f"M{_ZERO} 172v54", "ink"),
            svg.text(432, _ROW + 63, tr("values forward →"), "value", 13, "end"),
            svg.text(432, _ROW + 81, tr("← gradients back"), "gradient", 13, "end"),
        ]
        told = words.filled(_sentence(n), {key: svg.fixed(x, 2).strip() for key, x in n.items()})
        return svg.drawing(440, 232, told, parts)

    def _controls(self) -> list[str]:
        return [
            controls.sliders(controls.slider("eps", "nudge", -_REACH, _REACH, 0.01, self.eps, 2)),
            controls.row(controls.button("keep", "Keep the nudge"), controls.button("reset", "Start again")),
            f'<div class="bp-stack"><p class="bp-note" data-n="says">{tr(SAYS["near"])}</p>'
            f'<p class="bp-note" aria-hidden="true">{max(map(tr, SAYS.values()), key=len)}</p></div>',
            f'<p class="bp-note bp-legend">{tr(_LEGEND)}</p>',
        ]


def _sentence(numbers: Mapping[str, float]) -> str:
    """What the picture shows, with places for its numbers."""
    return tr(_TOLD).format(**{key: slot(key) for key in numbers})
