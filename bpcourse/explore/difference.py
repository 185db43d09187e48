"""The difference step explorer: how the error of a quotient depends on ε."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import traitlets

from bpcourse import checks
from bpcourse.codegen import compile_table, single, table_to_javascript
from bpcourse.explore import controls
from bpcourse.explore.base import Explorer, Number, where_defined
from bpcourse.explore.hill import only_input
from bpcourse.explore.plot import Plot, logarithm
from bpcourse.explore.predict import Ask
from bpcourse.graph import Value, exp, gradient, square
from bpcourse.pictures import svg, words
from bpcourse.pictures.words import slot

PRECISIONS = {"float64": "float64, about 16 digits", "float32": "float32, about 7 digits"}
_SMALLEST, _PER_DECADE, _FLOOR = -16, 6, -17.0
_TOLD = (
    f"Error against the step ε, both axes logarithmic. Forward, purple: {slot('forwards')}. Central, green, dashed: "
    f"{slot('centrals')}. At ε = {slot('eps')}: forward {slot('forward-error')}, central {slot('central-error')}"
)


class DifferenceStep(Explorer):
    """The error of the forward and the central difference against the step ε.

        explore.DifferenceStep()

    v is a graph with one named input; without it, e^(x²) at x = 0.7. `eps` is
    the step, `precision` float64 or float32: then every gate's output, x, ε and
    both quotients are rounded to float32. `values` has f and the two quotients,
    `gradients` the derivative that they should have.

    Raises TypeError where v is not a Value; ValueError where it has not exactly
    one named input, the span is upside down or leaves the input out, or eps or
    precision is not one of the slider's.

    Book: chapters 02 and 16.
    """

    eps = Number().tag(sync=True)
    precision = traitlets.Unicode().tag(sync=True)
    script = "difference.js"

    def __init__(self, v: Value | None = None, span: tuple[float, float] = (0.1, 1.5), eps: float = 1e-5) -> None:
        v = exp(square(Value(0.7, "x"))) if v is None else v
        x = only_input(v)
        low, high = checks.span(span, "span", holding=x.value)
        eps = _difference_step(eps)
        results = [v, *gradient(v, [x])]
        self._row = where_defined(compile_table(results, [x]))
        self._single = where_defined(compile_table([v], [x], float32=True))
        self._name = str(x.name)
        super().__init__({self._name: x.value}, "error of a difference quotient", eps=eps, precision="float64")
        plot = Plot((_SMALLEST, 0), (_FLOOR, 2), height=330)
        spec = {
            "decimals": 10,
            "name": self._name,
            "plot": plot.spec,
            "perDecade": _PER_DECADE,
            "floor": _FLOOR,
            "told": [_TOLD.split(words.BORDER)],
        }
        functions = {
            "exact": table_to_javascript(results, [x]),
            "single": table_to_javascript([v], [x], float32=True),
        }
        self.assemble([self._picture(plot)], self._controls(low, high), spec, functions, self._asks())

    def _asks(self) -> list[Ask]:
        """What a smaller ε does to the error: a tenth of it, and one that rounding spoils."""
        return [
            Ask(
                f"ε goes from {svg.scientific(self.eps)} to {svg.scientific(small)}. What does the forward quotient's error do?",
                {"eps": small},
                "error",
                "It has two parts: one shrinks with ε, the rounding grows as ε shrinks.",
            )
            for small in (self.eps / 10, 1e-12)
        ]

    @traitlets.validate("eps", "precision")
    def _valid(self, proposal: Any) -> Any:
        value, name = proposal["value"], proposal["trait"].name
        return self.tried(name, checks.choice(value, name, PRECISIONS) if name == "precision" else _difference_step(value))

    def follow(self, inputs: Mapping[str, float], **changed: Any) -> tuple[dict[str, float], dict[str, float]]:
        """f(x) and both quotients, and the derivative that they should have."""
        now = self.state(**changed)
        x = _rounded(inputs[self._name], now.precision)
        forward, central = self.quotients(x, now.eps, now.precision)
        f, slope = self._row(x)
        return {"f": f, "forward": forward, "central": central}, {self._name: slope}

    def quotients(self, x: float, eps: float, precision: str) -> tuple[float, float]:
        """The forward and the central difference at x, in this precision."""
        f = self._single if precision == "float32" else self._row
        x, eps = _rounded(x, precision), _rounded(eps, precision)
        here, ahead, behind = (f(_rounded(x + step, precision))[0] for step in (0, eps, -eps))
        quotients = _rounded(ahead - here, precision) / eps, _rounded(ahead - behind, precision) / _rounded(2 * eps, precision)
        return _rounded(quotients[0], precision), _rounded(quotients[1], precision)

    def _errors(self, eps: float) -> tuple[float, float]:
        x = self.inputs[self._name]
        slope = self._row(_rounded(x, self.precision))[1]
        forward, central = self.quotients(x, eps, self.precision)
        return abs(forward - slope), abs(central - slope)

    def _picture(self, plot: Plot) -> svg.Picture:
        at = plot.grid(-_SMALLEST * _PER_DECADE)
        errors = [[logarithm(error, _FLOOR) for error in self._errors(power_of_ten(u))] for u in at]
        now = [logarithm(error, _FLOOR) for error in self._errors(self.eps)]
        decades = {float(u): f"10{svg.raised(u)}" for u in range(_SMALLEST, 1, 4)}
        levels = {float(v): f"10{svg.raised(v)}" for v in range(-16, 1, 4)}
        here = math.log10(self.eps)
        parts = [
            plot.frame(decades, levels, "difference step ε", "error"),
            svg.text(plot.across(-15.6), plot.up(-12.3), "─── forward difference", "path2", 13, "start"),
            svg.text(plot.across(-15.6), plot.up(-14), "– – – central difference", "path1", 13, "start"),
            plot.inside(
                plot.curve("step", [(here, _FLOOR), (here, 2)], "line", 1.5, "2 3"),
                plot.curve("forward", [(u, e[0]) for u, e in zip(at, errors)], "path2", 2),
                plot.curve("central", [(u, e[1]) for u, e in zip(at, errors)], "path1", 2, "7 3"),
                plot.dot("forward-dot", here, now[0], "path2"),
                plot.dot("central-dot", here, now[1], "path1"),
            ),
        ]

        def height(v: float) -> str:
            return "0" if v <= _FLOOR else _power(v)

        curves = [words.course([(u, e[i]) for u, e in zip(at, errors)], _power, height) for i in (0, 1)]
        numbers = map(svg.scientific, (self.eps, *self._errors(self.eps)))
        told = words.filled(
            _TOLD, dict(zip(("forwards", "centrals", "eps", "forward-error", "central-error"), [*curves, *numbers]))
        )
        return svg.drawing(plot.width, plot.height, told, parts)

    def _controls(self, low: float, high: float) -> list[str]:
        x = self.inputs[self._name]
        forward, central = self.quotients(x, self.eps, self.precision)
        errors = self._errors(self.eps)
        cells = [
            f"<tr><th>{key}</th><td>{controls.readout(key, svg.fixed(value, 10))}</td>"
            f"<td>{controls.readout(f'{key}-error', svg.scientific(error))}</td></tr>"
            for key, value, error in (("forward", forward, errors[0]), ("central", central, errors[1]))
        ]
        slope = f"<tr><th>derivative</th><td>{controls.readout('exact', svg.fixed(self._row(x)[1], 10))}</td><td></td></tr>"
        head = "<thead><tr><th>quotient</th><th>value</th><th>error</th></tr></thead>"
        return [
            controls.sliders(
                controls.log_slider(
                    "eps", "difference step ε", _SMALLEST, 0, 1 / _PER_DECADE, self.eps, svg.scientific(self.eps)
                ),
                controls.slider(f"inputs.{self._name}", self._name, low, high, controls.nice((high - low) / 30), x, 2),
            ),
            controls.row(controls.choice("precision", "Computed in", PRECISIONS, self.precision)),
            f'<div class="bp-wide"><table>{head}{slope}{"".join(cells)}</table></div>',
            controls.row(controls.button("reset", "Reset")),
        ]


def _difference_step(x: Any) -> float:
    """x as ε: from 1e−16 to 1; TypeError or ValueError otherwise."""
    eps = checks.positive(x, "eps")
    if not 10**_SMALLEST <= eps <= 1:
        raise ValueError(f"eps: expected a step from 1e{_SMALLEST} to 1, got {x!r}")
    return eps


def _rounded(x: float, precision: str) -> float:
    return single(x) if precision == "float32" else x


def power_of_ten(exponent: float) -> float:
    """10 to the exponent, to three digits: what a logarithmic slider gives."""
    return float(f"{10**exponent:.2e}")


def _power(exponent: float) -> str:
    return svg.scientific(power_of_ten(exponent))
