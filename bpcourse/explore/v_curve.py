"""The V-curve explorer: both parts of a quotient's error, for a function that the reader types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import traitlets

from bpcourse import checks
from bpcourse.codegen import compile_table, table_to_javascript
from bpcourse.explore import controls
from bpcourse.explore.base import CSS, UNDEFINED, Explorer, style, whole_from
from bpcourse.explore.derivatives import orders
from bpcourse.explore.formula import FUNCTIONS, HIGHEST, LONGEST, as_graph, postfix
from bpcourse.explore.plot import Plot, logarithm, of_logarithm
from bpcourse.explore.predict import Ask
from bpcourse.gates import GATES
from bpcourse.graph import Value
from bpcourse.pictures import svg, words
from bpcourse.pictures.words import slot

MENU = ("e^x", "sin(10x)", "1000 + e^x", "x^2", "relu(x - 0.7)")
_FEWEST, _MOST, _FLOOR, _REACH = 1, 48, -17.0, 4
_U = 2.0**-53
_PARTS = {"error": "error", "cut": "cut off, about", "rounding": "rounding, up to about", "best": "best ε, about"}
_KINDS = {"forward": "path2", "central": "path1"}
_TOLD = f"Error of the derivative of {slot('formula')} against the step ε, both axes logarithmic. " + "; ".join(
    f"{kind}, {look}: {slot(f'{kind}-curve')}; at ε = {slot('eps')} its error is {slot(f'{kind}-error')}, "
    f"cut off are about {slot(f'{kind}-cut')}, rounding makes up to about {slot(f'{kind}-rounding')}"
    for kind, look in (("forward", "purple"), ("central", "green, dashed"))
)


class Quotient(NamedTuple):
    """A difference quotient, its error, and the sizes of the two parts; `best` is the ε where the parts together are least.

    Book: chapter 16.
    """

    value: float
    error: float
    cut: float
    rounding: float
    best: float


class VCurve(Explorer):
    """The errors of a formula's forward and central difference, and their two parts.

        explore.VCurve("sin(10x)")

    The formula is typed: numbers, x, e, pi, + − * / ^, brackets, and exp, log, sqrt, sin,
    cos, tanh, sigmoid, relu. The step ε is 1 halved `halvings` times. In float64 x and
    x ± ε are then exact where x is a multiple of 1/32, as the slider's are, so that all
    the rounding is in f. Cut off are |f″|ε/2 forward, |f‴|ε²/6 central; rounding makes up
    to 2u|f|/ε and u|f|/ε, u = 2⁻⁵³, in f's last step. `values` has f and both quotients,
    `gradients` the derivative.

    Raises ValueError where the formula cannot be read, or has no derivatives at x, or
    halvings is not from 1 to 48; TypeError for what is no text or no number.

    Book: chapter 16.
    """

    formula = traitlets.Unicode().tag(sync=True)
    halvings = traitlets.Int().tag(sync=True)
    styles = (CSS, style("v_curve.css"))
    script = "v_curve.js"

    def __init__(self, formula: str = MENU[0], x: float = 0.75, halvings: int = 8) -> None:
        start = {"x": checks.number(x, "x")}
        halvings = _halvings(checks.number(halvings, "halvings"))
        postfix(formula)
        try:
            _Told(formula, start["x"])
        except UNDEFINED as error:
            raise ValueError(f"formula: expected one with three derivatives at {x:g}, got {formula}: {error}") from None
        super().__init__(start, "V-curve of a formula", formula=formula, halvings=halvings)
        plot = Plot((-14.6, 0), (_FLOOR, 2), height=330)
        x0 = Value(0.5, "x")
        functions = {name: table_to_javascript(orders(GATES[name](x0), x0), [x0]) for name in FUNCTIONS}
        spec = {
            "decimals": 8, "plot": plot.spec, "ends": [_FEWEST, _MOST], "floor": _FLOOR, "menu": MENU,
            "longest": LONGEST, "highest": HIGHEST, "told": [_TOLD.split(words.BORDER)],
        }  # fmt: skip
        self.assemble([self._picture(plot)], self._controls(), spec, {"functions": functions}, self._asks())

    def _asks(self) -> list[Ask]:
        """What a smaller ε does to the central error: one that still pays, and one that rounding spoils."""
        return [
            Ask(
                f"ε goes from {svg.scientific(2.0**-self.halvings)} to {svg.scientific(2.0**-more)}. "
                "What does the central error do?",
                {"halvings": more},
                "error",
                "What is cut off shrinks with ε², the rounding grows as ε shrinks.",
            )
            for more in (14, 40)
        ]

    @traitlets.validate("formula", "halvings")
    def _valid(self, proposal: Any) -> Any:
        value, name = proposal["value"], proposal["trait"].name
        if name == "halvings":
            return self.tried(name, _halvings(value))
        postfix(value)
        return self.tried(name, value)

    def follow(self, inputs: Mapping[str, float], **changed: Any) -> tuple[dict[str, float], dict[str, float]]:
        """f(x) and both quotients, and the derivative that they should have."""
        now = self.state(**changed)
        told = _Told(now.formula, inputs["x"])
        quotients = told.quotients(now.halvings)
        if not all(math.isfinite(q.value) for q in quotients.values()):
            raise ValueError("expected a number at x and at both ends of the step")
        return {"f": told.f, **{kind: q.value for kind, q in quotients.items()}}, {"x": told.slope}

    def quotients(self) -> dict[str, Quotient]:
        """Both quotients at this x and ε, by their names."""
        return _Told(self.formula, self.inputs["x"]).quotients(self.halvings)

    def _picture(self, plot: Plot) -> svg.Picture:
        told = _Told(self.formula, self.inputs["x"])
        steps = range(_MOST, _FEWEST - 1, -1)
        along = [told.quotients(halvings) for halvings in steps]
        at, now, here = [_log(2.0**-halvings) for halvings in steps], told.quotients(self.halvings), _log(2.0**-self.halvings)
        decades, levels = ({float(u): f"10{svg.raised(u)}" for u in range(low, 1, 4)} for low in (-12, -16))
        parts, numbers = [plot.curve("step", [(here, _FLOOR), (here, 2)], "line", 1.5, "2 3")], {}
        for kind, colour in _KINDS.items():
            points = [(u, _log(quotients[kind].error)) for u, quotients in zip(at, along)]
            for part in ("cut", "rounding"):
                ends = [(at[i], _part(getattr(along[i][kind], part))) for i in (0, -1)]
                parts.append(plot.curve(f"{kind}-{part}", ends, colour, 1))
            parts.append(plot.curve(kind, points, colour, 2, "7 3" if kind == "central" else ""))
            parts.append(plot.dot(f"{kind}-dot", here, _log(now[kind].error), colour))
            numbers[f"{kind}-curve"] = words.course(points, _power, _power)
            for part in ("error", "cut", "rounding"):
                numbers[f"{kind}-{part}"] = svg.scientific(getattr(now[kind], part))
        legend = {
            "─── forward difference": "path2",
            "– – – central difference": "path1",
            "thin: cut off (up), rounding (down)": "muted",
        }
        frame = [plot.frame(decades, levels, "difference step ε", "error"), plot.inside(*parts)]
        for i, (label, colour) in enumerate(legend.items()):
            frame.append(svg.text(226, 34 + 20 * i, label, colour, 13, "start", ' class="halo"'))
        numbers |= {"formula": self.formula, "eps": svg.scientific(2.0**-self.halvings)}
        return svg.drawing(plot.width, plot.height, words.filled(_TOLD, numbers), frame)

    def _controls(self) -> list[str]:
        x, now = self.inputs["x"], self.quotients()
        slope = f"<td>{controls.readout('exact', svg.fixed(self.gradients['x'], 8))}</td>"
        rows = [f"<tr><th>derivative</th>{slope}</tr>"]
        rows.append(_line("quotient", {kind: svg.fixed(q.value, 8) for kind, q in now.items()}))
        for part, label in _PARTS.items():
            rows.append(_line(label, {f"{kind}-{part}": svg.scientific(getattr(q, part)) for kind, q in now.items()}))
        head = f"<tr><td></td>{''.join(f'<th>{kind}</th>' for kind in now)}</tr>"
        return [
            controls.row(controls.typed("formula", "f(x) =", self.formula, LONGEST)),
            controls.row(*(controls.button(f"take {i}", formula) for i, formula in enumerate(MENU))),
            controls.sliders(
                controls.counter("halvings", "ε: halvings of 1", _MOST, self.halvings, first=_FEWEST),
                controls.slider("inputs.x", "x", min(-_REACH, x), max(_REACH, x), 1 / 32, x, 5),
            ),
            f'<div class="bp-wide"><table><thead>{head}</thead>{"".join(rows)}</table></div>',
            f'<p class="bp-says" data-n="says">{_says(now["central"])}</p>',
            controls.row(controls.button("reset", "Reset")),
        ]


class _Told:
    """A formula at x: its value and its first three derivatives, and its quotients for any step."""

    def __init__(self, formula: str, x: float) -> None:
        x0 = Value(x, "x")
        self._row = compile_table(orders(as_graph(formula, x0), x0), [x0])
        self.x = x
        self.f, self.slope, self.second, self.third = self._row(x)

    def quotients(self, halvings: int) -> dict[str, Quotient]:
        eps, size = 2.0**-halvings, _U * abs(self.f)
        ahead, behind = self._at(self.x + eps), self._at(self.x - eps)
        second, third = abs(self.second), abs(self.third)
        return {
            "forward": self._quotient((ahead - self.f) / eps, second / 2 * eps, 2 * size / eps, (4 * size, second, 1 / 2)),
            "central": self._quotient((ahead - behind) / (2 * eps), third / 6 * eps**2, size / eps, (3 * size, third, 1 / 3)),
        }

    def _quotient(self, value: float, cut: float, rounding: float, best: tuple[float, float, float]) -> Quotient:
        above, below, power = best
        return Quotient(value, abs(value - self.slope), cut, rounding, (above / below) ** power if below else math.inf)

    def _at(self, x: float) -> float:
        try:
            return self._row(x)[0]
        except UNDEFINED:
            return math.nan


def _line(label: str, cells: Mapping[str, str]) -> str:
    """A row of the table."""
    return f"<tr><th>{label}</th>{''.join(f'<td>{controls.readout(key, shown)}</td>' for key, shown in cells.items())}</tr>"


def _halvings(x: float) -> int:
    return whole_from(x, "halvings", _FEWEST, _MOST)


def _says(central: Quotient) -> str:
    """Which part of the central error is the larger one."""
    return f"Of the central error the larger part is {'cut off' if central.cut > central.rounding else 'rounding'}."


def _power(exponent: float) -> str:
    return of_logarithm(exponent, _FLOOR)


def _log(error: float) -> float:
    return logarithm(error, _FLOOR)


def _part(size: float) -> float:
    """The logarithm of a part, nothing where there is none."""
    return math.log10(size) if size else math.nan
