"""The explorer of many machines: what a step of training takes, computing and sending."""

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

_MOST = 1000
_CURVE = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, _MOST)
_POWERS = {  # label of the slider, and the powers of ten where it ends
    "examples": ("examples a step m", (0, 6)),
    "weights": ("weights N", (3, 10)),
    "bandwidth": ("bytes a second β", (6, 12)),
    "latency": ("seconds a message ℓ", (-7, -1)),
}
_COUNTS = {
    "alone": "seconds of a step on one machine",
    "computing": "seconds of computing on n",
    "sending": "seconds of sending on n",
    "speedup": "speed-up on n",
    "limit": "m / m* (no latency, n ever larger)",
}
_TOLD = (
    "Seconds of a step against the number of machines n, as a share of those on one machine, both axes logarithmic. "
    f"n = {slot('machines')}: computing, green, dashed, {slot('computing')} s; sending, purple, {slot('sending')} s; both, "
    f"orange, a speed-up of {slot('speedup')}. From 1 machine to {_MOST}: both {slot('steps')}; sending, from 2 on, "
    f"{slot('sent')}"
)


class Machines(Explorer):
    """Seconds of a step of training on n machines, split into computing and sending.

        explore.Machines()

    A step takes 3mN products, for m `examples` and N `weights`, in equal shares on n
    `machines` of `speed` products a second each. Their gradients, 4 bytes a weight, go
    round a ring: 2(n − 1) messages a machine, of `latency` seconds each, and
    2(n − 1)/n of the gradient's bytes at `bandwidth` bytes a second. `values` has the
    seconds of a step `alone` on one machine, `computing` and `sending` on n, the
    `speedup`, and the `limit` to which it goes without latency as machines are added;
    `gradients` are those of the speed-up, as if n could be any number.

    Raises ValueError where machines is no whole number from 1 to 1000 or another number
    is not above 0; TypeError for what is not a number.

    Book: chapter 20.
    """

    script = "machines.js"

    def __init__(
        self, machines: int = 8, examples: float = 256, weights: float = 1e6, bandwidth: float = 1e9,
        latency: float = 1e-5, speed: float = 1e10,
    ) -> None:  # fmt: skip
        start = {"machines": machines, "examples": examples, "weights": weights, "bandwidth": bandwidth, "latency": latency}
        start = {name: _valid(checks.number(x, name), name) for name, x in start.items()}
        inputs, counts = _counts(checks.positive(speed, "speed"))
        self._row = compile_table([*counts, *gradient(counts[3], inputs)], inputs)
        super().__init__(start, "a step of training on many machines")
        plot = Plot((0, 3), (-3, 2), height=330)
        spec = {"decimals": 2, "plot": plot.spec, "curve": _CURVE, "told": [_TOLD.split(words.BORDER)]}
        functions = {"table": table_to_javascript(counts, inputs)}
        self.assemble([self._picture(plot)], self._controls(), spec, functions, self._asks())

    def _asks(self) -> list[Ask]:
        """What a larger network and a larger batch do to the speed-up."""
        return [
            Ask(
                f"The {what} go from {svg.number(self.inputs[name])} to {svg.number(to)}. What does the speed-up do?",
                {"inputs": {name: to}},
                "speedup",
                because,
            )
            for name, what, to, because in (
                ("weights", "weights", 1e8, "Computing and sending grow with the weights alike; only latency's share shrinks."),
                ("examples", "examples a step", 1e4, "Computing grows with the examples; what is sent does not."),
            )
        ]

    def follow(self, inputs: Mapping[str, float], **changed: Any) -> tuple[dict[str, float], dict[str, float]]:
        """The seconds and the speed-up at these numbers, and the slopes of the speed-up."""
        counts = self._row(*(_valid(x, name) for name, x in inputs.items()))
        if not counts[0]:
            raise ValueError("a step that takes no time")
        return dict(zip(_COUNTS, counts)), dict(zip(inputs, counts[len(_COUNTS) :], strict=True))

    def _logs(self, machines: float) -> tuple[float, float, float]:
        """log₁₀ of computing, of sending and of both, as shares of the step on one machine."""
        alone, computing, sending, *_ = self._row(*(self.inputs | {"machines": machines}).values())
        return tuple(math.log10(x / alone) if x else math.nan for x in (computing, sending, computing + sending))  # type: ignore[return-value]

    def _shown(self) -> dict[str, str]:
        """The numbers as the table prints them."""
        return {name: svg.fixed(x, 2) if name in ("speedup", "limit") else svg.scientific(x) for name, x in self.values.items()}

    def _picture(self, plot: Plot) -> svg.Picture:
        here, now = math.log10(self.inputs["machines"]), self._logs(self.inputs["machines"])
        at = [math.log10(n) for n in _CURVE]
        courses = [list(zip(at, heights)) for heights in zip(*(self._logs(n) for n in _CURVE))]
        across, up = ({float(e): f"10{svg.raised(e)}" for e in range(*ends)} for ends in ((0, 4), (-3, 3)))
        looks = {"computing": ("path1", 2, "7 4"), "sending": ("path2", 2, ""), "step": ("gradient", 3, "")}
        lines, dots = [svg.path(plot.line([(0, 0), (3, 0)]), "line", 1, ' stroke-dasharray="2 3"')], []
        for (key, (colour, width, dash)), points, v in zip(looks.items(), courses, now):
            lines.append(plot.curve(key, points, colour, width, dash))
            dots.append(plot.dot(f"{key}-dot", here, v, colour))
        parts = [
            plot.frame(across, up, "machines n", "seconds of a step, as a share of those on one"),
            svg.text(78, 46, "━━━ both", "gradient", 13, "start", ' class="halo"'),
            svg.text(78, 66, "─── sending", "path2", 13, "start", ' class="halo"'),
            svg.text(78, 86, "– – – computing", "path1", 13, "start", ' class="halo"'),
            plot.inside(*lines, *dots),
        ]
        told = {name: text.strip() for name, text in self._shown().items()} | {
            "machines": f"{self.inputs['machines']:g}",
            "steps": words.course(courses[2], of_logarithm, of_logarithm),
            "sent": words.course(courses[1][1:], of_logarithm, of_logarithm),
        }
        return svg.drawing(plot.width, plot.height, words.filled(_TOLD, told), parts)

    def _controls(self) -> list[str]:
        shown = self._shown()
        rows = "".join(f"<tr><th>{label}</th><td>{controls.readout(key, shown[key])}</td></tr>" for key, label in _COUNTS.items())
        return [
            controls.sliders(
                controls.counter("inputs.machines", "machines n", _MOST, int(self.inputs["machines"]), first=1),
                *(
                    controls.log_slider(f"inputs.{name}", label, *ends, 1 / 4, x, svg.scientific(x))
                    for (name, (label, ends)), x in zip(_POWERS.items(), list(self.inputs.values())[1:], strict=True)
                ),
            ),
            f'<div class="bp-wide"><table>{rows}</table></div>',
            controls.row(controls.button("reset", "Reset")),
        ]


def _valid(x: float, name: str) -> float:
    """x as a number of machines, or as another input."""
    return float(whole_from(x, name, 1, _MOST)) if name == "machines" else checks.positive(x, name)


def _counts(speed: float) -> tuple[list[Value], list[Value]]:
    """(n, m, N, β, ℓ) and the seconds alone, computing, sending, the speed-up and its limit, as graphs of the five."""
    starts = {"machines": 8, "examples": 256, "weights": 1e6, "bandwidth": 1e9, "latency": 1e-5}
    n, m, weights, bandwidth, latency = inputs = [Value(x, name) for name, x in starts.items()]
    alone = 3 * m * weights / speed
    computing = alone / n
    sending = 2 * (n - 1) * (4 * weights / (n * bandwidth) + latency)
    return inputs, [alone, computing, sending, alone / (computing + sending), 3 * m * bandwidth / (8 * speed)]
