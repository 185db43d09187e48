"""The cover: the network that the book works on, with both paths of one weight to the loss."""

import io

import matplotlib
from matplotlib.figure import Figure
from still import AUTHOR, TITLE, VERSION

from bpcourse.examples import FOUR_FOUR_TWO
from bpcourse.figures import COLOURS, network_plan

GROUND, INK, LINE = "#10263a", "#ffffff", "#5b7287"
UNDER = "From one gate that multiplies two numbers\nto a network that reads handwriting"
PATHS = COLOURS["value"][1], COLOURS["gradient"][1]


def cover() -> bytes:
    """A PNG of 1200 by 1800 dots."""
    plan = network_plan(FOUR_FOUR_TWO, "softmax")
    figure = Figure((6, 9), facecolor=GROUND)
    write = {"color": INK, "ha": "left", "va": "top", "family": "DejaVu Sans"}
    for k, word in enumerate(TITLE.split(" ", 1)):
        figure.text(0.09, 0.92 - 0.065 * k, word, size=(34, 30)[k], weight="bold", **write)
    figure.text(0.09, 0.775, UNDER, size=13, linespacing=1.5, **write)
    figure.text(0.09, 0.07, f"{AUTHOR} · {VERSION}", size=11, **write)
    ax = figure.add_axes((0.07, 0.16, 0.86, 0.5))
    ax.set_axis_off()
    for ends in plan.edges():
        ax.plot(*zip(*map(plan.place.get, ends)), color=LINE, linewidth=1, zorder=1)
    for route, colour in zip(plan.routes("w_212"), PATHS):
        ax.plot(*zip(*map(plan.place.get, route)), color=colour, linewidth=4, zorder=2)
    ax.scatter(*zip(*plan.place.values()), s=420, color=GROUND, edgecolors=INK, linewidths=1.6, zorder=3, clip_on=False)
    ax.invert_yaxis()
    ax.set_aspect("equal")
    file = io.BytesIO()
    with matplotlib.rc_context({"savefig.dpi": 200}):
        figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()
