"""Pieces of SVG in the book's colours, and numbers as the pictures print them.

Values are blue and stand above a wire, gradients are orange and stand below it,
here as everywhere in the book. Colours are CSS variables, so that a picture
follows the page from light to dark.

Book: every chapter.
"""

from __future__ import annotations

import decimal
import html
import math
import re
from collections.abc import Iterable
from typing import NamedTuple

from bpcourse import checks
from bpcourse.language import tr

COLOURS = {
    #           light      dark
    "ink": ("#1f2328", "#e8eaed"),
    "muted": ("#59636e", "#a5b0bb"),
    "line": ("#8b949e", "#77818c"),
    "paper": ("#ffffff", "#15181d"),
    "value": ("#005fa3", "#7cc4ff"),
    "gradient": ("#b04300", "#ffac66"),
    "path1": ("#00765a", "#45d3a8"),
    "path2": ("#98277f", "#f291dc"),
    "path3": ("#735600", "#e8c84f"),
    "path4": ("#3d3db3", "#a9a9ff"),
}
"""The palette, each colour in light and in dark."""

INK, MUTED, LINE, PAPER, VALUE, GRADIENT, *PATHS = (light for light, _ in COLOURS.values())


def variables(shade: int) -> str:
    """The palette as CSS variables: shade 0 is light, 1 is dark."""
    return "".join(f"--bp-{name}:{shades[shade]};" for name, shades in COLOURS.items())


HALO = "svg.bp .halo{stroke:var(--bp-paper);stroke-width:4px;paint-order:stroke;stroke-linejoin:round}"


FORCED = {"paper": "Canvas", "gradient": "LinkText"}
"""The system's own colours where a reader has set colours; what is not named is as its text."""


def shades(picture: str) -> str:
    """The palette of a selector as CSS.

    Dark on a dark page, but light on paper, and the reader's own colours where they are forced.
    """
    dark = ",".join(f"{page} {picture}" for page in ('html[data-theme="dark"]', 'body[data-jp-theme-light="false"]'))
    light = f"{variables(0)}color-scheme:light"
    own = "".join(f"--bp-{name}:{FORCED.get(name, 'CanvasText')};" for name in COLOURS)
    forced = f"@media (forced-colors:active){{:root:not(#_) {picture}{{{own}}}}}"
    return f"{picture}{{{light}}}@media screen{{{dark}{{{variables(1)}color-scheme:dark}}}}{forced}"


def asleep(told: str) -> str:
    """The sentence for what a notebook that is not trusted leaves out.

    Notebooks take scripts, styles, SVG and most attributes out of such an output, but keep
    `hidden` where it has a value. So what they would tear is marked hidden, and a style shows
    it where styles are.

    Book: every chapter.
    """
    sentence = "{told}: trust this notebook or run the cell again to see it."
    return f'<p class="bp-asleep" role="note">{escaped(tr(sentence).format(told=told))}</p>'


AWAKE = ".bp-asleep[role]{display:none}"
STYLE = (
    "<style>"
    f"{shades('svg.bp')}{AWAKE}"
    ".bp-picture[data-picture]{display:block!important}"
    "svg.bp{background:var(--bp-paper);font-family:var(--sans,system-ui,sans-serif);height:auto}"
    "svg.bp text{font-variant-numeric:tabular-nums}"
    f"{HALO}"
    "</style>"
)


class Picture(NamedTuple):
    """An SVG text that a notebook and a page show; prints as its description."""

    svg: str
    description: str

    def _repr_html_(self) -> str:
        told = asleep(tr("A picture, {told}").format(told=self.description))
        return f'{told}<div class="bp-picture" data-picture hidden="hidden" style="overflow-x:auto">{self.svg}</div>'

    def __repr__(self) -> str:
        return f"<picture: {self.description}>"


def number(x: float) -> str:
    """x as the pictures print it.

    Four significant digits, none past 10⁻¹², a real minus sign. TypeError or ValueError
    for what is no finite number.
    """
    text = f"{round(checks.number(x, 'x'), 12) + 0.0:.4g}"
    return re.sub(r"e([+-])0?", lambda sign: "e" + sign[1].replace("+", ""), text).replace("-", "−")


def pretty(name: str) -> str:
    """A graph's name as the book writes it: `w_212` as w²₁₂, `x1` as x₁.

    TypeError for what is no text.
    """
    match = re.fullmatch(r"([a-zŷ]+)(_?)([\d,]+)", checks.text(name, "name"))
    if match is None:
        return name
    letter, layered, indices = match.groups()
    above = ""
    if layered and letter in "wbza":
        parts = indices.split(",") if "," in indices else list(indices)
        above, indices = parts[0], ("," if "," in indices else "").join(parts[1:])
    return letter + raised(above) + lowered(indices)


def raised(digits: object) -> str:
    """The digits and minus signs of x as an exponent."""
    return str(digits).translate(_SUPERSCRIPT)


def lowered(digits: object) -> str:
    """The digits of x as an index."""
    return str(digits).translate(_SUBSCRIPT)


_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def fixed(x: float, decimals: int) -> str:
    """x as the sliders show it: always so many decimals, so that nothing jumps.

    A positive number leaves the place of the minus sign free. Below the last
    decimal and from 100,000 on there are powers of ten; ties go away from 0, as
    in JavaScript, whose twin in `explore/runtime.js` prints the same.
    """
    if not math.isfinite(x):
        return "–"
    size = 0.0 if abs(x) < 5e-13 else abs(x)
    with decimal.localcontext(rounding=decimal.ROUND_HALF_UP):
        if size and not float(f"1e-{decimals}") <= size < 1e5:
            digits = re.sub(r"e\+?", "e", f"{decimal.Decimal(size):.1e}").replace("-", "−")
        else:
            digits = f"{decimal.Decimal(size):.{decimals}f}"
    return ("−" if x < 0 and size else FIGURE_SPACE) + digits


def scientific(x: float) -> str:
    """x with three digits and a power of ten, as sliders over many decades show it."""
    if x == 0 or not math.isfinite(x):
        return "–" if x else "0"
    with decimal.localcontext(rounding=decimal.ROUND_HALF_UP):
        return f"{decimal.Decimal(x):.2e}".replace("e+", "e").replace("-", "−")


FIGURE_SPACE = "\u2007"


def escaped(words: str) -> str:
    """Words as SVG and HTML can hold them."""
    return html.escape(printable(words))


def printable(words: str) -> str:
    """Words without the characters that XML cannot hold."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]", "�", words)


def text(x: float, y: float, words: str, colour: str = "ink", size: int = 13, anchor: str = "middle", more: str = "") -> str:
    """A line of text; `more` is further attributes."""
    style = f'text-anchor="{anchor}" font-size="{size}" fill="var(--bp-{colour})"{more}'
    return f'<text x="{x:g}" y="{y:g}" {style}>{escaped(words)}</text>'


def halo(x: float, y: float, words: str, colour: str, size: int = 13, more: str = "") -> str:
    """Text that stays legible over a line: paper-coloured outline first."""
    return text(x, y, words, colour, size, more=' class="halo"' + more)


def mark(key: str, before: str = "") -> str:
    """The attribute by which an explorer finds a number in a picture.

    `before` stays before the number.
    """
    return f' data-n="{escaped(key)}"' + (f' data-before="{before}"' if before else "")


def box(x: float, y: float, half_width: float, half_height: float, corner: float, line: str, more: str = "") -> str:
    """A rounded rectangle around (x, y)."""
    return (
        f'<rect x="{x - half_width:g}" y="{y - half_height:g}" width="{2 * half_width:g}" height="{2 * half_height:g}" '
        f'rx="{corner:g}" fill="var(--bp-paper)" stroke="var(--bp-{line})" stroke-width="1.5"{more}/>'
    )


def path(points: str, colour: str = "line", width: float = 1.5, more: str = "") -> str:
    """A line along SVG's path commands."""
    return f'<path d="{points}" fill="none" stroke="var(--bp-{colour})" stroke-width="{width:g}"{more}/>'


def legend(y: float, above: str, below: str | None) -> str:
    """What stands above and what below, at the foot of a picture."""
    words = text(8, y, above, "value", 12, "start")
    return words + ("" if below is None else text(136, y, below, "gradient", 12, "start"))


def drawing(width: float, height: float, description: str, parts: Iterable[str]) -> Picture:
    """The pieces as one picture, with its description for those who do not see it.

    It shrinks to 85 % of its size, no more, that its words stay legible on a phone, and scrolls
    there; in an explorer to 70 %, as the controls need the room below.
    """
    svg = (
        '<svg class="bp" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'role="img" aria-label="{escaped(description)}" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'style="max-width:100%;min-width:min(680px,var(--bp-least,0.85)*{width:g}px)">'
        f"{STYLE}{''.join(parts)}</svg>"
    )
    return Picture(svg, description)
