"""The book's plots: matplotlib in the book's colours, as pictures that follow the page.

The only module that loads matplotlib.

Book: every chapter.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import is_color_like
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.ticker import LogFormatterSciNotation

from bpcourse import checks
from bpcourse.language import TRANSLATED, tr
from bpcourse.pictures import svg, words
from bpcourse.pictures.svg import COLOURS, GRADIENT, INK, LINE, MUTED, PAPER, PATHS, VALUE, Picture, number

MOST_PANELS = 200
"""The most panels of a figure, and images of `images`: each takes some hundredths of a second."""

MOST_CELLS = 5000
"""The most cells of `cells` and of `shapes`."""

MOST_CLASSES = 100
"""The most classes of a `confusion_matrix`."""


def axes(width: float = 6.4, height: float = 3.6, columns: int = 1, rows: int = 1, **options: Any) -> tuple[Figure, Any]:
    """A figure in the book's style, and its axes: `plt.subplots` with our look.

    Raises ValueError and TypeError for a width and height that are not positive, and
    for columns and rows that are not whole or make more than `MOST_PANELS`.
    """
    width, height = checks.positive(width, "width"), checks.positive(height, "height")
    columns, rows = checks.whole(columns, "columns"), checks.whole(rows, "rows")
    if columns * rows > MOST_PANELS:
        raise ValueError(f"columns, rows: expected at most {MOST_PANELS} panels, got {columns} × {rows}")
    with matplotlib.rc_context(_PLOT_STYLE):
        return plt.subplots(rows, columns, figsize=(width, height), layout="constrained", **options)


def themed(figure: Figure, description: str) -> Picture:
    """A matplotlib figure as a picture whose colours follow the page; closes it.

    To those who do not see it, it says the description, then what its axes hold:
    see `bpcourse.pictures.words`.

    Raises TypeError where it is no figure or the description no text.
    """
    if not isinstance(figure, Figure):
        raise TypeError(f"figure: expected a matplotlib Figure, got {type(figure).__name__}")
    description = checks.text(description, "description")
    for legend in filter(None, [*figure.legends, *(ax.get_legend() for ax in figure.axes)]):
        legend.set_frame_on(False)
    if TRANSLATED:
        for text in figure.findobj(Text):
            text.set_text(tr(text.get_text()))
    description = f"{tr(description)}. {words.figure_in_words(figure)}".strip()
    _write_powers(figure)
    drawing = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "bpcourse"}):
        _lay_out_once(figure)
        figure.savefig(drawing, format="svg", transparent=True)
    plt.close(figure)
    drawn = drawing.getvalue()
    view = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn)
    assert view is not None
    # Its style is for every element, of the whole page: what it says, the group below says for its own.
    body = drawn[drawn.index("</defs>") + len("</defs>") : drawn.rindex("</svg>")]
    body = re.sub(r"\s*<!--.*?-->", "", body)  # each text once more
    for name, (light, _) in COLOURS.items():
        body = body.replace(light, f"var(--bp-{name})")
    mark = f"p{hashlib.sha256(body.encode()).hexdigest()[:8]}"  # a name begins with a letter
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', body))
    body = re.sub(r' id="([^"]+)"', lambda m: f' id="{mark}-{m[1]}"' if m[1] in used else "", body)
    body = re.sub(r'(url\(#|href="#)', rf"\g<1>{mark}-", body)
    body = re.sub(r"font: [^;\"]*?([\d.]+px)[^;\"]*", r"font-size: \1", body)
    body = re.sub(r"; font-family: [^;\"]*", "", body)
    # A place in points, of which no screen shows a hundredth.
    body = re.sub(r' (?:d|x|y)="[^"]*"', lambda place: _FINE.sub(lambda n: f"{round(float(n[0]), 2):g}", place[0]), body)
    scaled = f'<g transform="scale(1.33333)" fill="var(--bp-ink)" stroke-linejoin="round">{body}</g>'
    return svg.drawing(float(view[1]) * 4 / 3, float(view[2]) * 4 / 3, description, [scaled])


def _lay_out_once(figure: Figure) -> None:
    """Settle where all stands; else `savefig` draws the whole figure twice, the first time for its layout alone."""
    FigureCanvasSVG(figure)  # which measures texts as they will be drawn
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)


def _write_powers(figure: Figure) -> None:
    """Give all logarithmic axes numbers as `_Powers` writes them."""
    for axis in (axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)):
        scale: Any = axis.get_transform()
        major, minor = axis.get_major_formatter(), axis.get_minor_formatter()
        if type(major) is LogFormatterSciNotation:
            axis.set_major_formatter(_Powers(scale.base, major.labelOnlyBase))
        if type(minor) is LogFormatterSciNotation:
            axis.set_minor_formatter(_Powers(scale.base, minor.labelOnlyBase))


class _Powers(LogFormatterSciNotation):
    """The numbers of a logarithmic axis as text, 10⁻³; as formulas each takes a hundredth of a second and a dozen elements."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        told = super().__call__(x, pos).removeprefix(r"$\mathdefault{").removesuffix("}$").replace(r"\times", "×")
        return re.sub(r"\^\{(.*?)\}", lambda power: svg.raised(power[1]), told).replace("-", "−")


_FINE = re.compile(r"-?\d+\.\d{3,}")


_PLOT_STYLE: Any = {
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "normal",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.facecolor": "none",
    "figure.facecolor": PAPER,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "lines.linewidth": 2,
    "font.size": 10,
    "axes.prop_cycle": cycler(color=[VALUE, GRADIENT, *PATHS]),
}


def curve(f: Callable[[np.ndarray], np.ndarray], low: float, high: float, ylabel: str = "") -> tuple[Figure, Any]:
    """The graph of f from low to high, in the colour of values.

    Raises TypeError where f is no function of an array, ValueError unless low < high
    and f gives a finite number for each of its own.

    Book: chapter 01.
    """
    checks.function(f, "f", "an array")
    low, high = checks.span((low, high), "low, high")
    ylabel = _plain(ylabel, "ylabel")
    xs = np.linspace(low, high, 241)
    ys = checks.array(f(xs), "f")
    checks.same_shape(ys, "f", xs, "x")
    figure, ax = axes()
    ax.plot(xs, ys, color=VALUE)
    ax.set(xlabel="x", ylabel=ylabel)
    return figure, ax


def tangent(ax: Any, x: float, y: float, slope: float, reach: float, label: str = "") -> None:
    """A piece of the line through (x, y) with this slope, in the gradient's colour.

    Raises TypeError where ax are no axes or another argument no number.

    Book: chapters 01, 02, 04, 07 and 08.
    """
    _expect_axes(ax)
    x, y, slope = checks.number(x, "x"), checks.number(y, "y"), checks.number(slope, "slope")
    reach, label = checks.number(reach, "reach"), _plain(label, "label")
    with np.errstate(over="ignore", invalid="ignore"):
        ends = np.array([x - reach, x + reach])
        heights = checks.held(y + slope * (ends - x), "slope")
    ax.plot(ends, heights, color=GRADIENT, label=label or None)
    ax.plot([x], [y], "o", color=GRADIENT, markersize=7)


def cells(
    ax: Any,
    entries: Any,
    colours: Any,
    alphas: Any,
    left: float = 0.0,
    top: float = 0.0,
    gap: float = 0.0,
    weights: Any = "normal",
) -> None:
    """Coloured squares with what stands in them, rows downward from (left, top).

    `entries` are texts or numbers, (rows, columns); "" leaves a square empty. Colours,
    alphas from 0 to 1 and weights, "normal" or "bold", are one for all or a table, too.

    Raises TypeError where ax are no axes, TypeError or ValueError for entries and
    looks that are none, do not fit each other or are more than `MOST_CELLS`.
    """
    _expect_axes(ax)
    left, top, gap = checks.number(left, "left"), checks.number(top, "top"), checks.number(gap, "gap")
    told = [checks.listed(row, "entries", "texts and numbers") for row in checks.listed(entries, "entries", "rows")]
    shape = (len(told), len(told[0]) if told else 0)
    if not 0 < shape[0] * shape[1] <= MOST_CELLS:
        raise ValueError(f"entries: expected 1 to {MOST_CELLS} cells, (rows, columns), got shape {shape}")
    written = _spread(told, "entries", shape, _entry)
    looks = zip(
        _spread(colours, "colours", shape, _colour),
        _spread(alphas, "alphas", shape, _alpha),
        _spread(weights, "weights", shape, _weight),
    )
    for (r, c), entry, (colour, alpha, weight) in zip(np.ndindex(shape), written, looks, strict=True):
        if alpha:
            corner = (left + c + gap / 2, top + r + gap / 2)
            ax.add_patch(Rectangle(corner, 1 - gap, 1 - gap, color=colour, alpha=alpha, linewidth=0))
        place = left + c + 0.5, top + r + 0.5
        ax.text(*place, entry, ha="center", va="center", color=INK, weight=weight, gid=words.CELL)


def _expect_axes(ax: Any) -> None:
    if not isinstance(ax, Axes):
        raise TypeError(f"ax: expected matplotlib Axes, got {type(ax).__name__}")


def _spread(look: Any, argument: str, shape: tuple[int, int], ask: Callable[[Any, str], Any]) -> list[Any]:
    """One for all cells or a table of them, as a list row by row; each is asked what it is."""
    try:
        table = np.broadcast_to(np.asarray(look, dtype=object), shape)
    except Exception:  # no table, or what a stranger's __array__ may raise
        raise ValueError(f"{argument}: expected one for all or a table of shape {shape}, got {checks.short(look)}") from None
    return [ask(x, argument) for x in table.flat]


def _entry(x: Any, argument: str) -> str:
    return _plain(x, argument) if isinstance(x, str) else number(checks.number(x, argument))


def _colour(x: Any, argument: str) -> str:
    if not isinstance(x, str) or not is_color_like(str.__str__(x)):
        raise ValueError(f"{argument}: expected a colour that matplotlib knows, got {checks.short(x)}")
    return str.__str__(x)


def _alpha(x: Any, argument: str) -> float:
    alpha = checks.number(x, argument)
    if not 0 <= alpha <= 1:
        raise ValueError(f"{argument}: expected a number from 0 to 1, got {alpha!r}")
    return alpha


def _weight(x: Any, argument: str) -> str:
    return checks.choice(x, argument, ("normal", "bold"))


def shapes(*pieces: str | tuple[str, int, int, str]) -> Figure:
    """A matrix equation as blocks of cells: signs, and (name, rows, columns, colour).

    Raises TypeError and ValueError for other pieces, and where there is no block or
    there are more than `MOST_CELLS`.

    Book: chapters 06 and 09.
    """
    pieces = tuple([_plain(piece, "pieces") if isinstance(piece, str) else _block(piece) for piece in pieces])
    blocks = [piece for piece in pieces if not isinstance(piece, str)]
    count = sum(rows * columns for _, rows, columns, _ in blocks)
    if not 1 <= count <= MOST_CELLS:
        raise ValueError(f"pieces: expected blocks of 1 to {MOST_CELLS} cells together, got {count}")
    tallest = max(rows for _, rows, _, _ in blocks)
    width = sum(0.2 + 0.5 * len(piece) if isinstance(piece, str) else max(piece[2], 2) for piece in pieces)
    figure, ax = axes(min(7.2, 0.42 * width + 0.4), 0.42 * tallest + 0.9)
    left = 0.0
    for piece in pieces:
        if isinstance(piece, str):
            room = 0.2 + 0.5 * len(piece)
            ax.text(left + room / 2, tallest / 2, piece, ha="center", va="center", fontsize=16, color=INK)
            left += room
            continue
        name, rows, columns, colour = piece
        room, top = max(columns, 2), (tallest - rows) / 2
        cells(ax, np.full((rows, columns), ""), colour, 0.4, left + (room - columns) / 2, top, gap=0.1)
        ax.text(left + room / 2, top - 0.3, f"{name}\n{rows}×{columns}", ha="center", va="bottom", color=INK)
        left += room
    ax.set(xlim=(-0.2, left + 0.2), ylim=(tallest + 0.1, -1.6))
    ax.set_aspect("equal")
    ax.axis("off")
    return figure


def _block(piece: Any) -> tuple[str, int, int, str]:
    parts = checks.listed(piece, "pieces", "signs and (name, rows, columns, colour)")
    if len(parts) != 4:
        raise TypeError(f"pieces: expected signs and (name, rows, columns, colour), got {checks.short(piece)}")
    name, rows, columns, colour = parts
    return _plain(name, "pieces"), checks.whole(rows, "pieces"), checks.whole(columns, "pieces"), _colour(colour, "pieces")


_HISTORY = {"cost": "training", "validation_cost": "held out"}


def cost_curves(history: Mapping[str, Sequence[float]]) -> Figure:
    """A training's cost by epoch, one line a set of examples, on a logarithmic scale.

    Raises TypeError where history is no dict of texts and lists, ValueError where it
    is empty or a cost is no finite number.

    Book: chapter 12.
    """
    sets = checks.mapping(history, "history", "a dict of lists").items()
    lines = {_plain(_HISTORY.get(key, key), "history"): _costs(costs) for key, costs in sets}
    if not lines:
        raise ValueError("history: expected the costs of at least one set, got none")
    figure, ax = axes(5, 3.2)
    for (label, costs), style, colour in zip(lines.items(), itertools.cycle(["-", "--"]), itertools.cycle([VALUE, PATHS[1]])):
        ax.plot(range(len(costs)), costs, style, color=colour, label=label)
    ax.set(xlabel="epoch", ylabel="cost", yscale="log")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()
    return figure


def _costs(x: Any) -> np.ndarray:
    costs = checks.array(x, "history")
    if costs.ndim != 1:
        raise ValueError(f"history: expected a list of numbers for each set, got shape {costs.shape}")
    return costs


def confusion_matrix(labels: Any, predicted: Any, classes: int = 10) -> tuple[Figure, np.ndarray]:
    """How often label i (row) was taken for j (column): its picture, and the counts.

    Raises TypeError and ValueError for labels that are not 0 … classes − 1, and for
    more than `MOST_CLASSES`.

    Book: chapter 12.
    """
    classes = checks.whole(classes, "classes")
    if classes > MOST_CLASSES:
        raise ValueError(f"classes: expected at most {MOST_CLASSES} to draw, got {classes}")
    labels = checks.labels(labels, "labels", classes)
    predicted = checks.labels(predicted, "predicted", classes)
    if labels.shape != predicted.shape:
        raise ValueError(f"predicted: expected one for each of {len(labels)} labels, got {len(predicted)}")
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (labels, predicted), 1)
    figure, ax = axes(5.2, 4.8)
    right, some = np.eye(classes, dtype=bool), counts > 0
    alphas = np.where(right, 0.15 + 0.6 * counts / counts.max(), 0.3) * some
    cells(ax, np.where(some, counts.astype(str), ""), np.where(right, VALUE, PATHS[1]), alphas, -0.5, -0.5)
    ax.set(xlim=(-0.5, classes - 0.5), ylim=(classes - 0.5, -0.5), xlabel="the network says", ylabel="the label")
    ax.set_xticks(range(classes))
    ax.set_yticks(range(classes))
    ax.set_aspect("equal")
    return figure, counts


def images(X: Any, titles: Sequence[str], columns: int = 8) -> Figure:
    """8×8 images, one a column of X, each with a title.

    Raises ValueError where X is not (64, examples), the titles do not fit or there are
    more than `MOST_PANELS`; TypeError where titles are no list of texts.

    Book: chapter 12.
    """
    X, columns = checks.batch(X, "X"), checks.whole(columns, "columns")
    titles = [_plain(title, "titles") for title in checks.listed(titles, "titles", "texts")]
    if X.shape != (64, len(titles)):
        raise ValueError(f"X: expected (64, {len(titles)}), a column for each title, got shape {X.shape}")
    rows = -(-len(titles) // columns)
    figure, grid = axes(6.8, 1.12 * rows, columns, rows, squeeze=False)
    for ax in grid.flat:
        ax.axis("off")
    for ax, pixels, title in zip(grid.flat, X.T, titles):
        ax.imshow(pixels.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set_title(title, fontsize=9)
    return figure


def _plain(text: Any, argument: str) -> str:
    """Words as matplotlib draws them, with no $ taken for a formula's."""
    return svg.printable(checks.text(text, argument)).replace("$", r"\$")
