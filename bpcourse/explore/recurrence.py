"""The recurrence explorer: how a gradient fares on its way back through time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import traitlets

from bpcourse import checks, graph
from bpcourse.beyond.recurrent import spectral_radius
from bpcourse.codegen import compile_table, table_to_javascript
from bpcourse.explore import controls
from bpcourse.explore.base import Explorer
from bpcourse.explore.plot import Plot, logarithm, of_logarithm
from bpcourse.explore.predict import Ask, brief
from bpcourse.graph import Value, gradient
from bpcourse.pictures import svg, words
from bpcourse.pictures.words import slot

SQUASHES = {"tanh": "tanh", "none": "none: h = z"}
_FLOOR, _TOP, _SLIDER, _EPS = -12, 6, (0.3, 1.6), 1e-5
_TOLD = (
    f"By step t, on a logarithmic axis. Length of ∂L/∂h_t, orange: {slot('lengths')}. "
    f"Share of step t in ∂L/∂ρ, without its sign, purple, dashed: {slot('shares')}"
)


class Run(NamedTuple):
    """One way there and back: L, the norms of ∂L/∂h_t, the shares of ∂L/∂ρ, and ∂L/∂x.

    Book: chapter 15.
    """

    loss: float
    norms: list[float]
    shares: list[float]
    slope_x: float


class Recurrence(Explorer):
    """The gradient of a recurrence by step: h_t = f(ρ M h_{t−1} + x u), L = h_T,1.

        explore.Recurrence(rho=1.2)

    M is `matrix`, 2 × 2, scaled to the spectral radius 1, so that ρ is the spectral
    radius of the recurrent weights; u = (1, 0.5), h_0 = 0, and x comes in at every
    step. f is tanh or nothing, by the trait `squash`. `values` has L and the norms
    of ∂L/∂h_1 and ∂L/∂h_T; `gradients` those of ρ, the sum of its shares over the
    steps, and of x. `run` has all norms and shares.

    Raises ValueError where matrix is not 2 × 2 or has the spectral radius 0, steps
    is not from 2 to 60, rho < 0, squash is unknown, or a state overflows; TypeError
    for what is not a number.

    Book: chapter 15.
    """

    squash = traitlets.Unicode().tag(sync=True)
    script = "recurrence.js"

    def __init__(
        self,
        rho: float = 1.2,
        x: float = 0.1,
        steps: int = 20,
        squash: str = "none",
        matrix: Any = ((0.8, -0.6), (0.6, 0.8)),
    ) -> None:
        matrix = checks.array(matrix, "matrix")
        if matrix.shape != (2, 2):
            raise ValueError(f"matrix: expected shape (2, 2), got {matrix.shape}")
        radius = spectral_radius(matrix)
        if radius < 1e-6 * np.abs(matrix).max() or radius == 0:
            raise ValueError(f"matrix: expected a spectral radius above 0, got {radius:g}")
        steps = checks.whole(steps, "steps")
        if not 2 <= steps <= 60:
            raise ValueError(f"steps: expected a whole number from 2 to 60, got {steps!r}")
        checks.choice(squash, "squash", SQUASHES)
        self._steps = steps
        graphs = {name: _step(matrix / radius, name) for name in SQUASHES}
        self._tables = {name: compile_table(*tables) for name, tables in graphs.items()}
        low, high = _SLIDER
        start = {"rho": checks.number(rho, "rho"), "x": checks.number(x, "x")}
        high = max(high, start["rho"])
        super().__init__(start, "gradient through a recurrence", squash=squash)
        plot = Plot((1, steps), (_FLOOR, _TOP), height=330)
        functions = {name: table_to_javascript(*tables) for name, tables in graphs.items()}
        spec = {
            "decimals": 6,
            "plot": plot.spec,
            "steps": self._steps,
            "floor": _FLOOR,
            "eps": _EPS,
            "told": [_TOLD.split(words.BORDER)],
        }
        self.assemble([self._picture(plot)], self._controls(low, high), spec, {"tables": functions}, self._asks())

    def _asks(self) -> list[Ask]:
        """What a smaller ρ does to the gradient that comes back to the first step."""
        return [
            Ask(
                f"ρ goes from {brief(self.inputs['rho'])} to {brief(to)}. What does the length of the gradient at step 1 do?",
                {"inputs": {"rho": to}},
                "first",
                "Each step back multiplies by the same matrix: factors above 1 grow, those below 1 die.",
            )
            for to in (0.9, 1.0)
        ]

    @traitlets.validate("squash")
    def _valid(self, proposal: Any) -> str:
        return str(self.tried("squash", checks.choice(proposal["value"], "squash", SQUASHES)))

    def follow(self, inputs: Mapping[str, float], **changed: Any) -> tuple[dict[str, float], dict[str, float]]:
        """L with the gradient's norm at both ends, and the slopes of ρ and x."""
        if inputs["rho"] < 0:
            raise ValueError(f"rho: expected a spectral radius ≥ 0, got {inputs['rho']!r}")
        now = self.run(inputs["rho"], inputs["x"], **changed)
        told = now.loss, *now.norms, sum(now.shares), now.slope_x
        if not all(map(math.isfinite, told)):
            raise ValueError("rho: expected states and gradients that float64 can hold, got an overflow")
        return (
            {"L": now.loss, "norm_1": now.norms[0], f"norm_{self._steps}": now.norms[-1]},
            {"rho": sum(now.shares), "x": now.slope_x},
        )

    def run(self, rho: float | None = None, x: float | None = None, squash: str | None = None) -> Run:
        """Forward through the steps and back, at these numbers or where the controls stand."""
        rho, x = self.inputs["rho"] if rho is None else rho, self.inputs["x"] if x is None else x
        table = self._tables[squash or self.squash]
        states: list[tuple[float, ...]] = [(0.0, 0.0)]
        for _ in range(self._steps):
            states.append(table(rho, x, *states[-1], 0.0, 0.0)[:2])
        back: tuple[float, ...] = (1.0, 0.0)
        norms, shares, slope_x = [], [], 0.0
        for state in reversed(states[:-1]):
            norms.append(math.hypot(*back))
            told = table(rho, x, *state, *back)
            back = told[2:4]
            shares.append(told[4])
            slope_x += told[5]
        return Run(states[-1][0], norms[::-1], shares[::-1], slope_x)

    def _numbers(self) -> dict[str, float]:
        """What the table shows."""
        now, rho = self.run(), self.inputs["rho"]
        ahead, behind = (self.run(rho=rho + e).loss for e in (_EPS, -_EPS))
        return {
            "first": now.norms[0], "factor": (now.norms[0] / now.norms[-1]) ** (1 / (self._steps - 1)),
            "sum": sum(now.shares), "nudged": (ahead - behind) / (2 * _EPS),
            "early": sum(now.shares[: self._steps // 2]), "loss": now.loss,
        }  # fmt: skip

    def _picture(self, plot: Plot) -> svg.Picture:
        now, last = self.run(), self._steps
        times = {float(t): f"{t}" for t in range(1, last + 1) if t == 1 or t % (5 if last > 10 else 1) == 0}
        levels = {float(v): f"10{svg.raised(v)}" if v else "1" for v in range(_FLOOR, _TOP + 1, 3)}
        above = plot.up(_TOP - 2.6)
        parts = [
            plot.frame(times, levels, "step t", ""),
            svg.text(72, above - 22, "──── length of ∂L/∂hₜ", "gradient", 13, "start"),
            svg.text(72, above, "– – – |share of step t in ∂L/∂ρ|", "path2", 13, "start"),
            plot.inside(
                svg.path(plot.line([(1, 0), (last, 0)]), "line", 1, ' stroke-dasharray="2 3"'),
                plot.curve("norms", _logs(now.norms), "gradient"),
                plot.curve("shares", _logs(now.shares), "path2", 2, "7 4"),
                plot.dot("first", 1, _log(now.norms[0]), "gradient"),
            ),
        ]
        curves = (words.course(_logs(numbers), y=_power) for numbers in (now.norms, now.shares))
        told = words.filled(_TOLD, dict(zip(("lengths", "shares"), curves)))
        return svg.drawing(plot.width, plot.height, told, parts)

    def _controls(self, low: float, high: float) -> list[str]:
        n, rho, x = self._numbers(), self.inputs["rho"], self.inputs["x"]
        told = [
            ("first", "length of ∂L/∂h₁", "bp-gradient"), ("factor", "mean factor a step", ""),
            ("sum", "∂L/∂ρ: sum of the shares", "bp-gradient"), ("nudged", "∂L/∂ρ by nudging ρ", ""),
            ("early", f"of it steps 1 to {self._steps // 2}", ""),
            ("loss", f"L = first entry of h{svg.lowered(self._steps)}", "bp-value"),
        ]  # fmt: skip
        return [
            controls.sliders(
                controls.slider("inputs.rho", "spectral radius ρ", min(low, rho), high, 0.01, rho, 2),
                controls.slider("inputs.x", "input x", min(0, x), max(2, x), 0.01, x, 2),
            ),
            controls.row(controls.choice("squash", "Squashing", SQUASHES, self.squash), controls.button("reset", "Reset")),
            controls.numbers(6, [(key, label, n[key], style) for key, label, style in told]),
        ]


def _step(matrix: np.ndarray, squash: str) -> tuple[Sequence[Value], Sequence[Value]]:
    """One step and its way back as a table: (h′, ∂/∂h, ∂/∂ρ, ∂/∂x) of ρ, x, h and what comes back to h′."""
    inputs = rho, x, h1, h2, g1, g2 = [Value(0.5, name) for name in ("rho", "x", "h1", "h2", "g1", "g2")]
    sums = [rho * (float(a) * h1 + float(b) * h2) + u * x for (a, b), u in zip(matrix, (1.0, 0.5))]
    new = [graph.tanh(z) if squash == "tanh" else z for z in sums]
    arrived = g1 * new[0] + g2 * new[1]
    return [*new, *gradient(arrived, [h1, h2, rho, x])], inputs


def _power(exponent: float) -> str:
    return of_logarithm(exponent, _FLOOR)


def _logs(numbers: Sequence[float]) -> list[tuple[float, float]]:
    return [(float(t), _log(number)) for t, number in enumerate(numbers, start=1)]


def _log(number: float) -> float:
    return logarithm(abs(number), _FLOOR)
