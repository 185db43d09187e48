"""Pictures in words: what a curve, a panel and a whole figure show, for readers who do not see them.

Book: every chapter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

from bpcourse.language import tr
from bpcourse.pictures.svg import COLOURS, number

HUES = {
    "value": "blue", "gradient": "orange", "path1": "green", "path2": "purple", "path3": "ochre", "path4": "violet",
    "ink": "black", "muted": "grey", "line": "grey",
}  # fmt: skip
"""What the colours of the palette are called. Book: every chapter."""

DASHES = {"-": "", "--": "dashed", "-.": "dash-dotted", ":": "dotted"}
"""What matplotlib's strokes are called. Book: every chapter."""

MOST_POINTS = 12
"""As many points or bars are told one by one; of more, the course. Book: every chapter."""

_HUES = {COLOURS[name][0]: hue for name, hue in HUES.items()}


BORDER = "\0"
"""What stands around the keys in a sentence; no name holds it. Book: every chapter."""


def slot(key: str) -> str:
    """Where a number goes into a sentence: its key between two borders. Book: every chapter."""
    return f"{BORDER}{key}{BORDER}"


def filled(sentence: str, numbers: Mapping[str, str]) -> str:
    """The sentence with the numbers at its keys; an explorer's script does the same. Book: every chapter."""
    return "".join(numbers[part] if i % 2 else part for i, part in enumerate(sentence.split(BORDER)))


def told(x: float) -> str:
    """x as the pictures print it, a dash where there is no number. Book: every chapter."""
    return number(x) if math.isfinite(x) else "–"


def short(x: float) -> str:
    """x with four significant digits, however small it is. Book: every chapter."""
    if 1e4 <= abs(x) < 1e7:
        return f"{x:.0f}".replace("-", "−")
    return re.sub(r"e([-+])0?", lambda sign: "e" + sign[1].replace("+", ""), f"{x:.4g}").replace("-", "−")


def course(points: Iterable[tuple[float, float]], x: Callable[[float], str] = number, y: Callable[[float], str] = number) -> str:
    """A curve in words: its start, the lowest and the highest point between, its end.

    "from 4 at 0, down to 0.5 at 3, up to 9 at 5"; `x` and `y` write the numbers. Points
    without a number are left out. Its twin in `explore/runtime.js` says the same.

    Book: every chapter.
    """
    known = [(u, v) for u, v in points if math.isfinite(u + v)]
    if not known:
        return tr("without a number")
    heights = [v for _, v in known]
    low, high, (_, start), (_, end) = min(heights), max(heights), known[0], known[-1]
    room = 1e-9 * (high - low)
    turns = [heights.index(v) for v, beyond in ((low, min(start, end) - low), (high, high - max(start, end))) if beyond > room]
    stops = [known[0], *(known[i] for i in sorted(turns)), known[-1]]
    told = [tr("from {y} at {x}").format(y=y(start), x=x(known[0][0]))]
    for (_, before), (u, v) in pairwise(stops):
        way = "up to {y} at {x}" if v - before > room else "down to {y} at {x}" if before - v > room else "level to {x}"
        told.append(tr(way).format(y=y(v), x=x(u)))
    return ", ".join(told)


def figure_in_words(figure: Any) -> str:
    """What a matplotlib figure shows, panel by panel.

    Of each its title, axes, curves, points, bars, cells and notes.

    Book: every chapter.
    """
    panels = [list(_panel(ax)) for ax in figure.axes]
    if any(ax.images for ax in figure.axes) and not any(ax.lines or ax.texts for ax in figure.axes):
        titles = ", ".join(ax.get_title() for ax in figure.axes if ax.images)
        return tr("images: {titles}").format(titles=titles).replace("\\$", "$")
    many = len([panel for panel in panels if panel]) > 1
    told = [
        (tr("Panel {i}: ").format(i=i) if many else "") + "; ".join(panel) for i, panel in enumerate(panels, start=1) if panel
    ]
    return " ".join(" ".join(f"{panel}." for panel in told).replace("\\$", "$").split())


def _panel(ax: Any) -> Iterator[str]:
    if ax.get_title():
        yield ax.get_title()
    if ax.axison:
        yield from (f"{tr(name)}: {told}" for name, axis in (("across", ax.xaxis), ("up", ax.yaxis)) if (told := _axis(axis)))
    else:
        yield from filter(None, [" ".join(text.get_text() for text in _notes(ax))])
    across, up = _writer(ax.xaxis), _writer(ax.yaxis)
    yield from _cells(ax, across, up)
    if ax.axison:
        yield from (_bars(bars, across) for bars in ax.containers if hasattr(bars, "patches"))
        yield from filter(None, (_line(line, ax, across, up) for line in ax.lines))
        for text in _notes(ax):
            x, y = text.xy if hasattr(text, "xy") else text.get_position()
            yield tr("“{text}” at {x}, {y}").format(text=text.get_text(), x=across(x), y=up(y))


def _axis(axis: Any) -> str:
    label, scale = axis.get_label_text(), axis.get_scale()
    return ", ".join(filter(None, [label, tr("logarithmic") if scale == "log" else ""]))


def _writer(axis: Any) -> Callable[[float], str]:
    """How a number of an axis is written: as its tick, where ticks have names, or as a number."""
    names: dict[float, str] = {}
    if type(axis.get_major_formatter()).__name__ in ("FuncFormatter", "StrCategoryFormatter"):
        ticks = zip(axis.get_ticklocs(), axis.get_ticklabels())
        names = {float(place): " ".join(tick.get_text().split()) for place, tick in ticks}
    near = not any(name[:1].isdigit() and name.isascii() and name.replace(".", "").isdigit() for name in names.values())
    write = short if axis.get_scale() == "log" else number
    return lambda u: names.get(float(round(u) if near else u)) or write(float(u))


def _label(artist: Any) -> str:
    """What a legend calls it; one that no legend names begins with _."""
    label = str(artist.get_label())
    return label if label.startswith("_") else tr(label)


def _line(line: Any, ax: Any, across: Callable[[float], str], up: Callable[[float], str]) -> str:
    points = [(float(u), float(v)) for u, v in zip(line.get_xdata(orig=False), line.get_ydata(orig=False))]
    if not points:  # a line of the legend alone
        drawn = " ".join(
            filter(None, [tr(DASHES.get(line.get_linestyle(), "")), tr(_HUES.get(line.get_color(), "")), tr("line")])
        )
        return "" if _label(line).startswith("_") else tr("{label} is a {line}").format(label=_label(line), line=drawn)
    if points[0] > points[-1]:
        points.reverse()
    label, hue = _label(line), tr(_HUES.get(line.get_color(), ""))
    stroke = line.get_linestyle()
    look = [tr(DASHES.get(stroke, "")), hue]
    if line.get_transform() != ax.transData:
        (x, y), (end, _) = points[0], points[-1]
        kind = "line"
        course_ = tr("upright at {x}").format(x=across(x)) if x == end else tr("level at {y}").format(y=up(y))
    elif stroke not in DASHES or len(points) == 1:
        kind = "point" if len(points) == 1 else "points"
        few = ", ".join(tr("{y} at {x}").format(y=up(v), x=across(u)) for u, v in points) if len(points) <= MOST_POINTS else ""
        if few and len(points) > 1 and len({v for _, v in points}) == 1:
            few = tr("{y} at {x}").format(y=up(points[0][1]), x=", ".join(across(u) for u, _ in points))
        course_ = few or f"{len(points)}, {course(sorted(points), across, up)}"
    else:
        kind, course_ = "line", course(points, across, up)
        if len(points) == 2 and ax.get_xscale() == ax.get_yscale() == "linear":
            (x, y), (end, v) = points
            course_ += tr(", slope {slope}").format(slope=number((v - y) / (end - x))) if end != x else ""
    look_ = " ".join(filter(None, [*look, tr(kind)]))
    return f"{look_}: {course_}" if label.startswith("_") else f"{label}, {look_}: {course_}"


def _bars(bars: Any, across: Callable[[float], str]) -> str:
    label = _label(bars)
    tops = [(rect.get_x() + rect.get_width() / 2, float(rect.get_y() + rect.get_height())) for rect in bars.patches]
    few = ", ".join(f"{across(u)} {number(v)}" for u, v in tops)
    told = few if len(tops) <= MOST_POINTS else f"{len(tops)}, {course(tops)}"
    return (
        tr("bars: {bars}").format(bars=told)
        if label.startswith("_")
        else tr("bars of {label}: {bars}").format(label=label, bars=told)
    )


CELL = "cell"
"""The mark of a text in a coloured square. Book: every chapter."""


def _notes(ax: Any) -> Sequence[Any]:
    return [text for text in ax.texts if text.get_gid() != CELL and text.get_text()]


def _cells(ax: Any, across: Callable[[float], str], up: Callable[[float], str]) -> Iterator[str]:
    """The rows of coloured squares; where squares are empty, each number with its column."""
    cells = [(*text.get_position(), text) for text in ax.texts if text.get_gid() == CELL]
    if not any(text.get_text() for *_, text in cells):
        return
    gaps = not all(text.get_text() for *_, text in cells)
    ticks = ax.axison
    rows = []
    for i, (y, row) in enumerate(groupby(sorted(cells, key=lambda cell: cell[:2][::-1]), key=lambda cell: cell[1]), start=1):
        entries = [f"{_bold(text)} at {across(x)}" if gaps else _bold(text) for x, _, text in row if text.get_text()]
        rows.append(f"row {up(y) if ticks else i}: {', '.join(entries)}")
    yield "; ".join(rows)
    for patch in ax.patches:
        if not patch.get_fill() and hasattr(patch, "get_xy") and len(getattr(patch.get_xy(), "shape", ())) == 2:
            (left, top), (right, bottom) = patch.get_xy().min(axis=0), patch.get_xy().max(axis=0)
            yield f"outlined: {_span('row', top, bottom)}, {_span('column', left, right)}"


def _bold(text: Any) -> str:
    return f"{text.get_text()} bold" if text.get_weight() == "bold" else text.get_text()


def _span(what: str, low: float, high: float) -> str:
    first, last = round(low) + 1, round(high)
    return f"{what} {first}" if first == last else f"{what}s {first} to {last}"
