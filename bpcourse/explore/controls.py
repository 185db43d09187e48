"""The controls of an explorer as HTML; `runtime.js` binds them to traits by key."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from bpcourse.language import tr
from bpcourse.pictures.svg import escaped, fixed


def slider(key: str, label: str, low: float, high: float, step: float, value: float, decimals: int, shown: str = "") -> str:
    """A labelled range with its number; `shown` where the number is not the slider's own."""
    return _slider(key, label, f'min="{low:.12g}" max="{high:.12g}" step="{step:.12g}" value="{value:.12g}"',
                   shown or fixed(value, decimals))  # fmt: skip


def log_slider(key: str, label: str, low: int, high: int, step: float, value: float, shown: str) -> str:
    """A slider for a number that runs through powers of ten, 10^low to 10^high."""
    return _slider(key, label, f'min="{low}" max="{high}" step="{step!r}" value="{math.log10(value):.12g}" data-log', shown)


def counter(key: str, label: str, last: int, value: int, first: int = 0) -> str:
    """A slider for a whole number from `first` to `last`."""
    return _slider(key, label, f'min="{first}" max="{last}" step="1" value="{value}" data-whole', str(value))


def _slider(key: str, label: str, numbers: str, shown: str) -> str:
    """Name, slider, and a box to type the same number; what is in the box, the script reads."""
    name, words = escaped(key), escaped(tr(label))
    return (
        f'<div class="bp-slider"><span class="bp-name">{words}</span>'
        f'<input type="range" data-bind="{name}" aria-label="{words}" aria-valuetext="{escaped(shown.strip())}" {numbers}>'
        f'<input class="bp-num" data-n="{name}" aria-label="{words}" value="{escaped(shown)}"></div>'
    )


def readout(key: str, shown: str, style: str = "") -> str:
    """A number that the script rewrites, in a cell of fixed width."""
    return f'<span class="bp-num {style}" data-n="{escaped(key)}">{escaped(shown)}</span>'


def button(action: str, label: str) -> str:
    """A button that runs one of the explorer's actions."""
    return f'<button type="button" data-do="{escaped(action)}">{escaped(tr(label))}</button>'


def choice(key: str, label: str, options: Mapping[str, str], chosen: str, more: str = "") -> str:
    """A list of options: values of the trait, and how they read; `more` is further attributes."""
    items = "".join(
        f'<option value="{escaped(name)}"{" selected" if name == chosen else ""}>{escaped(tr(told))}</option>'
        for name, told in options.items()
    )
    words = escaped(tr(label))
    return f'<label>{words} <select data-bind="{escaped(key)}" aria-label="{words}"{more}>{items}</select></label>'


def typed(key: str, label: str, value: str, longest: int) -> str:
    """A box for a text."""
    words = escaped(tr(label))
    return (
        f'<label class="bp-typed">{words} <input type="text" data-bind="{escaped(key)}" aria-label="{words}" '
        f'value="{escaped(value)}" maxlength="{longest}" autocapitalize="off" spellcheck="false"></label>'
    )


def switch(key: str, label: str, on: bool) -> str:
    """A box to tick."""
    return f'<label><input type="checkbox" data-bind="{escaped(key)}"{" checked" if on else ""}> {escaped(tr(label))}</label>'


def row(*parts: str) -> str:
    """Controls side by side, wrapped where the page is narrow."""
    return f'<div class="bp-row">{"".join(parts)}</div>'


def sliders(*parts: str) -> str:
    """Sliders in columns."""
    return f'<div class="bp-sliders">{"".join(parts)}</div>'


def numbers(decimals: int, told: Sequence[tuple[str, str, float, str]]) -> str:
    """Readouts side by side: key, name, number and style of each."""
    parts = (f"<span>{escaped(tr(label))} {readout(key, fixed(x, decimals), style)}</span>" for key, label, x, style in told)
    return f'<div class="bp-row bp-numbers">{"".join(parts)}</div>'


def nice(x: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below x; 1 for 0."""
    if x == 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(x))
    return next(float(f"{m * power:.12g}") for m in (1, 2, 5, 10) if m * power >= x * (1 - 1e-9))


def round_range(values: Sequence[float]) -> tuple[float, float]:
    """Two round ends around losses: from 0, or closer where they hardly differ."""
    low, high = min(values), max(values)
    if low < high / 2 or high - low < 1e-9:
        return 0.0, nice(high)
    step = nice((high - low) / 2)
    while (start := step * math.floor(low / step)) + 2 * step < high:
        step = nice(1.01 * step)
    return start, start + 2 * step
