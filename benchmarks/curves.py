"""Measure the times that the figures of chapters 2 and 13 draw, and store them in `curves.json`.

The pages read the stored times, so that a build draws the same figures every time.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from common import Action, fix_threads, machine

fix_threads(1)

import time  # noqa: E402

import numpy as np  # noqa: E402

from bpcourse.beyond.bill import forward_products, numerical_products  # noqa: E402
from bpcourse.network import backpropagation, cost, forward, initialise  # noqa: E402
from bpcourse.numeric import forward_difference  # noqa: E402

STORED = Path(__file__).with_name("curves.json")
DEPTHS, WIDTHS = (1, 2, 3, 4, 6, 8, 12), (8, 16, 32, 64, 128, 256)
SMALL = [[16, units, 4] for units in (2, 5, 12, 28, 60)]
NETS = [[6, 10, 4], [24, 25, 16], [60, 100, 40], [240, 250, 160]]


def seconds(action: Action, repeats: int) -> float:
    """The shortest of some runs."""
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - started)
    return best


def one_gradient(shape: list[int]) -> dict[str, Any]:
    """Chapter 2: a gradient by nudging, timed on the first weight matrix and scaled, and by backpropagation."""
    net = initialise(shape, seed=1)
    X, Y = np.random.default_rng(0).normal(size=(shape[0], 1)), np.eye(shape[-1])[:, :1]
    knobs, first = sum(p.size for p in net.values()), net["W1"]
    nudged = seconds(lambda: forward_difference(lambda w: cost(forward(X, net | {"W1": w}), Y), first), 3)
    backward = seconds(lambda: backpropagation(forward(X, net), Y, net), 40)
    return {"knobs": knobs, "nudging": knobs / first.size * nudged, "backpropagation": backward}


def in_forward_passes(shape: list[int]) -> float:
    """Chapter 13: forward and backward in forward passes, 64 examples."""
    net, rng = initialise(shape, seed=0), np.random.default_rng(0)
    X, Y = rng.normal(size=(shape[0], 64)), np.eye(shape[-1])[:, rng.integers(0, shape[-1], 64)]
    cache, there, back = forward(X, net), float("inf"), float("inf")
    for _ in range(100):  # in turn
        there = min(there, seconds(lambda: forward(X, net), 1))
        back = min(back, seconds(lambda: backpropagation(cache, Y, net), 1))
    return (there + back) / there


def two_ways(shape: list[int]) -> dict[str, float]:
    """Chapter 13: a gradient by nudging one by one, timed on five biases and scaled, and backward."""
    net, rng = initialise(shape, seed=1), np.random.default_rng(0)
    x, y = rng.normal(size=(shape[0], 1)), rng.normal(size=(shape[-1], 1))
    few, rest, loss = net["b1"][:5], net["b1"][5:], "half_squared_error"

    def run(net: dict[str, Any]) -> Any:
        return forward(x, net, output="identity")

    def nudged(b: Any) -> float:
        return cost(run(net | {"b1": np.vstack([b, rest])}), y, loss)

    share = numerical_products(shape) / forward_products(shape) / 6
    return {
        "one by one": share * seconds(lambda: forward_difference(nudged, few), 40),
        "backpropagation": seconds(lambda: backpropagation(run(net), y, net, output="identity", loss=loss), 40),
    }


if __name__ == "__main__":
    found = {
        "machine": machine(1),
        "chapter 2": [one_gradient(shape) for shape in SMALL],
        "depths": {depth: in_forward_passes([64] * (depth + 1)) for depth in DEPTHS},
        "widths": {width: in_forward_passes([width] * 5) for width in WIDTHS},
        "nudging": [two_ways(shape) for shape in NETS],
    }
    rounded = json.loads(json.dumps(found), parse_float=lambda text: float(f"{float(text):.4g}"))
    STORED.write_text(json.dumps(rounded, indent=1) + "\n")
    print(f"stored in {STORED.name}: the times that chapters 2 and 13 draw")
