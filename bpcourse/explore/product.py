"""The product explorer: three ways of choosing a nudge, side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import traitlets

from bpcourse import checks
from bpcourse.codegen import compile_table, table_to_javascript
from bpcourse.examples import PRODUCT
from bpcourse.explore import controls
from bpcourse.explore.base import Explorer, Number, one_of
from bpcourse.explore.plot import Plot
from bpcourse.explore.predict import Ask, brief
from bpcourse.graph import Value, gradient
from bpcourse.language import tr
from bpcourse.pictures import svg, words
from bpcourse.pictures.words import slot

METHODS = ("random", "numerical", "analytical")
DRAWS = 60
"""How many seeds the explorer can draw from. Book: chapter 01."""

_REACH = 6.0
_TOLD = (
    "Moves of a and b, divided by h. Orange, the gradient: {u}, {v}; green, the half of all moves on its side: "
    "they raise f. Grey, where random nudges lie: from 0, 0 to 1, 1; among them, this draw: {x}, {y}"
)
_ASKS: dict[str, Callable[[float, float, float], tuple[float, float]]] = {
    "a = {a} and b = {b} each move by its derivative times h, with h = {h}. What does f = a·b do?": lambda a, b, h: (
        h * b,
        h * a,
    ),
    "a = {a} and b = {b} each move up by h, with h = {h}. What does f = a·b do?": lambda a, b, h: (h, h),
}
_BECAUSE = "The derivatives are {b} and {a}: to first order f changes by {change}."
_NOTE = "Green: moves that raise f, to first order. Grey: where random nudges lie, this draw among them. Orange: the gradient."


def random_nudges(seed: int) -> tuple[float, float]:
    """The seed's two random numbers from [0, 1), to six digits. Book: chapter 01."""
    u, v = np.random.default_rng(seed).random(2)
    return float(f"{u:.6f}"), float(f"{v:.6f}")


class Product(Explorer):
    """The product f = a·b, moved by Chhabra's three methods side by side.

        explore.Product()

    Random: a + h·u and b + h·v with u, v from [0, 1), drawn by `seed` (0 to 59)
    as `numpy.random.default_rng(seed).random(2)`, rounded to six digits.
    Numerical: the difference quotient with step `eps`. Analytical: the
    derivatives b and a. With `in_turn` b is moved after a and reads the new a, as
    Chhabra's program does; without it both are moved at once. The picture
    shows the moves divided by h. `values` has f and what each method reaches.

    Raises ValueError and TypeError where a, b, h, eps or seed is not a number in
    its place.

    Book: chapter 01.
    """

    h = Number().tag(sync=True)
    eps = Number().tag(sync=True)
    seed = traitlets.Int().tag(sync=True)
    in_turn = traitlets.Bool().tag(sync=True)
    script = "product.js"

    def __init__(self, a: float = -4.0, b: float = -3.0, h: float = PRODUCT["h"]) -> None:
        x, y = Value(checks.number(a, "a"), "a"), Value(checks.number(b, "b"), "b")
        f = x * y
        results = [f, *gradient(f, [x, y])]
        self._row = compile_table(results, [x, y])
        h = checks.positive(h, "h")
        super().__init__({"a": x.value, "b": y.value}, "three ways to nudge a product", h=h, eps=0.1, seed=0, in_turn=False)
        plot = Plot((-_REACH, _REACH), (-_REACH, _REACH), width=420, height=404)
        spec = {
            "decimals": 6,
            "plot": plot.spec,
            "draws": [random_nudges(seed) for seed in range(DRAWS)],
            "told": [_sentence().split(words.BORDER)],
        }
        self.assemble(
            [self._picture(plot)],
            self._controls(),
            spec,
            {"table": table_to_javascript(results, [x, y])},
            self._asks(),
        )

    def _asks(self) -> list[Ask]:
        """What the two derivatives' step does, and what adding h to both inputs does."""
        a, b, h = self.inputs["a"], self.inputs["b"], self.h
        told = {"a": brief(a), "b": brief(b), "h": brief(h)}
        return [
            Ask(
                tr(text).format(**told),
                {"inputs": {"a": a + u, "b": b + v}},
                "f",
                tr(_BECAUSE).format(**told, change=brief(b * u + a * v)),
            )
            for text, move in _ASKS.items()
            for u, v in [move(a, b, h)]
        ]

    @traitlets.validate("h", "eps", "seed", "in_turn")
    def _valid(self, proposal: Any) -> Any:
        value, name = proposal["value"], proposal["trait"].name
        if name == "in_turn":
            return self.tried(name, value)
        return self.tried(name, one_of(value, name, DRAWS - 1) if name == "seed" else checks.positive(value, name))

    def follow(self, inputs: Mapping[str, float], **changed: Any) -> tuple[dict[str, float], dict[str, float]]:
        """f and what each method makes of it, and the gradient."""
        now = self.state(inputs=inputs, **changed)
        a, b = inputs["a"], inputs["b"]
        f, da, db = self._row(a, b)
        reached = {}
        for method in METHODS:
            u, v = self.directions(method, now)
            reached[method] = self._row(a + now.h * u, b + now.h * v)[0]
        return {"f": f, **reached}, {"a": da, "b": db}

    def directions(self, method: str, now: SimpleNamespace) -> tuple[float, float]:
        """What a method moves a and b by, divided by h, in a `state` of the explorer."""
        a, b = now.inputs["a"], now.inputs["b"]
        if method == "random":
            return random_nudges(now.seed)
        first, _ = self._slopes(method, a, b, now.eps)
        _, second = self._slopes(method, a + now.h * first if now.in_turn else a, b, now.eps)
        return first, second

    def _slopes(self, method: str, a: float, b: float, eps: float) -> tuple[float, float]:
        f, da, db = self._row(a, b)
        if method == "analytical":
            return da, db
        return (self._row(a + eps, b)[0] - f) / eps, (self._row(a, b + eps)[0] - f) / eps

    def _picture(self, plot: Plot) -> svg.Picture:
        a, b = self.inputs["a"], self.inputs["b"]
        moves = {method: self.directions(method, self.state()) for method in METHODS}
        _, *slope = self._row(a, b)
        ticks = {float(u): svg.number(u) for u in (-4, -2, 0, 2, 4)}
        u, v = moves["random"]
        parts = [
            plot.inside(
                f'<path data-line="uphill" d="{plot.line(half_plane(*slope))}Z" fill="var(--bp-path1)" fill-opacity="0.16"/>',
                f'<path d="{plot.line([(0, 0), (1, 0), (1, 1), (0, 1)])}Z" fill="var(--bp-muted)" fill-opacity="0.4"/>',
                plot.curve("analytical", [(0, 0), moves["analytical"]], "gradient", 3),
                plot.dot("tip", *moves["analytical"], "gradient", 6),
                plot.curve("random", [(0, 0), (u, v)], "ink", 2),
                plot.dot("draw", u, v, "ink", 4),
            ),
            plot.frame(ticks, ticks, "move of a, divided by h", "move of b, divided by h"),
        ]
        told = words.filled(_sentence(), dict(zip("uvxy", map(words.told, (*moves["analytical"], u, v)))))
        return svg.drawing(plot.width, plot.height, told, parts)

    def _controls(self) -> list[str]:
        a, b = self.inputs["a"], self.inputs["b"]
        rows = []
        for method, name in zip(METHODS, ("1 random", "2 numerical", "3 analytical")):
            u, v = self.directions(method, self.state())
            numbers = {"u": u, "v": v, "f": self.values[method], "gain": self.values[method] - a * b}
            cells = "".join(
                f"<td>{controls.readout(f'{method}-{key}', svg.fixed(x, 4 if key in 'uv' else 6))}</td>"
                for key, x in numbers.items()
            )
            rows.append(f"<tr><th>{tr(name)}</th>{cells}</tr>")
        columns = "".join(f"<th>{tr(name)}</th>" for name in ("method", "a by h ×", "b by h ×", "new f", "gain"))
        head = f"<thead><tr>{columns}</tr></thead>"
        return [
            f'<p class="bp-note">{tr(_NOTE)} f = {controls.readout("f", svg.fixed(a * b, 6), "bp-value")}</p>',
            controls.sliders(
                controls.slider("inputs.a", "a", -5, 5, 0.1, a, 4),
                controls.slider("inputs.b", "b", -5, 5, 0.1, b, 4),
                controls.log_slider("h", "step size h", -4, 0, 0.25, self.h, svg.scientific(self.h)),
                controls.log_slider("eps", "difference step ε", -6, 0, 0.25, self.eps, svg.scientific(self.eps)),
            ),
            controls.row(
                controls.switch("in_turn", "move b after a, with the new a", self.in_turn),
                controls.button("draw", "Draw again"),
                f"<span>{tr('seed')} {controls.readout('seed', str(self.seed))}</span>",
            ),
            f'<div class="bp-wide"><table>{head}{"".join(rows)}</table></div>',
            controls.numbers(6, [("predicted", "predicted gain: h · (a² + b²)", self.h * (a * a + b * b), "")]),
            controls.row(
                *(controls.button(f"step {method}", f"Take the {method} step") for method in METHODS),
                controls.button("reset", "Reset"),
            ),
        ]


def _sentence() -> str:
    """What the picture shows, with places for its numbers."""
    return tr(_TOLD).format(**{key: slot(key) for key in "uvxy"})


def half_plane(da: float, db: float) -> list[tuple[float, float]]:
    """Four corners of the side that (da, db) points to, wide enough for the picture."""
    size = math.hypot(da, db) or 1.0
    u, v = 20 * da / size, 20 * db / size
    return [(v, -u), (v + u, v - u), (u - v, u + v), (-v, u)]
