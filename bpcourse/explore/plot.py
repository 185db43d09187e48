"""A small plot that Python lays out and a script keeps up to date."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from bpcourse.language import tr
from bpcourse.pictures import svg


class Plot(NamedTuple):
    """Axes from x[0] to x[1] and y[0] to y[1] in a picture of width × height.

    `spec` is what the script's `plot` needs to draw in the same place.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    width: float = 560
    height: float = 300

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the axes in the picture."""
        return 58, 14, self.width - 18, self.height - 46

    @property
    def spec(self) -> dict[str, Any]:
        """The plan for the script."""
        return {"x": self.x, "y": self.y, "box": self.box}

    def across(self, u: float) -> float:
        """Where u stands from left to right."""
        left, _, right, _ = self.box
        return left + (u - self.x[0]) / (self.x[1] - self.x[0]) * (right - left)

    def up(self, v: float) -> float:
        """Where v stands from top to bottom."""
        _, top, _, bottom = self.box
        return bottom + (v - self.y[0]) / (self.y[1] - self.y[0]) * (top - bottom)

    def grid(self, count: int) -> list[float]:
        """count + 1 places from end to end of the x axis."""
        low, high = self.x
        return [low + (high - low) * i / count for i in range(count + 1)]

    def line(self, points: Iterable[tuple[float, float]]) -> str:
        """The path through the points, with a gap where one has no number."""
        runs = itertools.groupby(points, key=lambda point: math.isfinite(point[0] + point[1]))
        return "".join("M" + "L".join(self._at(u, v) for u, v in run) for here, run in runs if here)

    def _at(self, u: float, v: float) -> str:
        """Where a point stands; far outside, not so far that a renderer gives up."""
        return " ".join(f"{max(-9e5, min(9e5, place)):.1f}" for place in (self.across(u), self.up(v)))

    def curve(self, key: str, points: Iterable[tuple[float, float]], colour: str, width: float = 2.5, dash: str = "") -> str:
        """A line that the script redraws by its key."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        return svg.path(self.line(points), colour, width, f' data-line="{key}"{dashed}')

    def dot(self, key: str, u: float, v: float, colour: str, radius: float = 6) -> str:
        """A point that the script moves by its key."""
        centre = 'cx="{}" cy="{}"'.format(*self._at(u, v).split()) if math.isfinite(u + v) else 'visibility="hidden"'
        return f'<circle data-line="{key}" {centre} r="{radius:g}" fill="var(--bp-{colour})"/>'

    def inside(self, *parts: str) -> str:
        """The parts, cut off at the axes."""
        left, top, right, bottom = self.box
        place = f"{left:g} {top:g} {right - left:g} {bottom - top:g}"
        size = 'x="{}" y="{}" width="{}" height="{}"'.format(*place.split())
        return f'<svg {size} viewBox="{place}">{"".join(parts)}</svg>'

    def frame(
        self,
        xticks: Mapping[float, str],
        yticks: Mapping[float, str],
        xlabel: str,
        ylabel: str,
        keys: Mapping[float, str] | None = None,
        xkey: str | None = None,
    ) -> str:
        """The axes with their ticks and names; keys mark the labels that the script rewrites."""
        left, top, right, bottom = self.box
        parts = [svg.path(f"M{left:g} {top:g}V{bottom:g}H{right:g}")]
        for u, words in xticks.items():
            at = self.across(u)
            parts.append(svg.path(f"M{at:g} {bottom:g}v5") + svg.text(at, bottom + 19, words, "muted", 12))
        for v, words in yticks.items():
            at = self.up(v)
            more = svg.mark(keys[v]) if keys and v in keys else ""
            parts.append(svg.path(f"M{left:g} {at:g}h-5") + svg.text(left - 9, at + 4, words, "muted", 12, "end", more))
        parts.append(svg.text((left + right) / 2, self.height - 8, tr(xlabel), "ink", 13, more=svg.mark(xkey) if xkey else ""))
        parts.append(svg.text(left + 8, top + 6, tr(ylabel), "ink", 13, "start"))
        return "".join(parts)


def logarithm(x: float, floor: float) -> float:
    """Where x stands on a logarithmic axis that ends at 10^floor below."""
    return floor if x <= 10**floor else math.log10(x)


def of_logarithm(exponent: float, floor: float = -math.inf) -> str:
    """10^exponent as a logarithmic axis is read, 0 from its floor down."""
    return "0" if exponent <= floor else svg.scientific(10**exponent)
