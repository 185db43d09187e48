"""What chapters draw with: circuits, networks and plots, in one place.

Values are blue and stand above a wire, gradients are orange and stand below it,
here as everywhere in the book. The drawing itself is done in `bpcourse.pictures`.

Book: every chapter.
"""

from bpcourse.pictures.circuit import LARGEST_CIRCUIT, circuit, picture_of, wire_key
from bpcourse.pictures.network import MOST_PATHS, ROUTE_GAP, NetworkPlan, network, network_plan, route_line, route_path
from bpcourse.pictures.plots import axes, cells, confusion_matrix, cost_curves, curve, images, shapes, tangent, themed
from bpcourse.pictures.svg import COLOURS, GRADIENT, INK, LINE, MUTED, PAPER, PATHS, VALUE, Picture, number, pretty

__all__ = [
    "COLOURS", "GRADIENT", "INK", "LARGEST_CIRCUIT", "LINE", "MOST_PATHS", "MUTED", "PAPER", "PATHS", "ROUTE_GAP", "VALUE",
    "NetworkPlan", "Picture", "axes", "cells", "circuit", "confusion_matrix", "cost_curves", "curve", "images",
    "network", "network_plan", "number", "picture_of", "pretty", "route_line", "route_path", "shapes", "tangent", "themed",
    "wire_key",
]  # fmt: skip
