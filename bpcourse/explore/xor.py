"""The explorer of training: a 2-2-1 network learns XOR, over a slice of its cost."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import traitlets

from bpcourse.codegen import compile_table, table_to_javascript
from bpcourse.examples import XOR_X, XOR_Y
from bpcourse.explore import controls
from bpcourse.explore.base import UNDEFINED, Explorer, Number, not_negative, one_of
from bpcourse.explore.plot import Plot
from bpcourse.explore.predict import Ask, brief
from bpcourse.graph import Value, gradient
from bpcourse.network import Parameters, as_graph, checked_parameters, initialise
from bpcourse.pictures import svg, words
from bpcourse.pictures.words import slot

EPOCHS = 400
"""As many epochs the explorer trains. Book: chapter 12."""

FLOOR = (2 * math.log(1.5) + math.log(3)) / 4
"""No twins have a lower cost on XOR. Book: chapter 12."""

_TWINS = {"W1": np.full((2, 2), 0.5), "b1": np.zeros((2, 1)), "W2": np.full((1, 2), 0.5), "b2": np.zeros((1, 1))}
_SEEDS, _EVERY, _CELLS, _APART = 8, 4, 24, 0.3
_ACROSS, _UP = "w_111", "w_121"
_PAIRS = ((_ACROSS, _UP), ("w_112", "w_122"), ("b_11", "b_12"), ("w_211", "w_212"))
"""What the two hidden units have, one beside the other; the first pair is the slice."""
_LEVELS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0)
_EXAMPLES = [(*map(float, x), float(y)) for x, y in zip(XOR_X.T, XOR_Y[0])]
_LABELS = [f"answer_{x:.0f}{y:.0f}" for x, y, _ in _EXAMPLES]
_TOLD = (
    f"The cost, the stronger the blue the higher, over {svg.pretty(_ACROSS)} across and {svg.pretty(_UP)} up, the other "
    f"parameters as at epoch {slot('epoch')}: lowest {slot('low')} at {slot('low-across')}, {slot('low-up')}. Orange, where "
    f"training led these two: from {slot('start-across')}, {slot('start-up')} to {slot('now-across')}, {slot('now-up')}. "
    "Dashed: where both are alike.",
    f"Cost by epoch, blue: {slot('course')}; at epoch {slot('epoch')}: {slot('cost')}. Dashed: the floor of twins, "
    f"{svg.number(FLOOR)}",
)


class Epoch(NamedTuple):
    """Where training stands: the parameters, the cost, its gradient, the four answers. Book: chapter 12."""

    parameters: tuple[float, ...]
    cost: float
    slopes: tuple[float, ...]
    answers: tuple[float, ...]


class Xor(Explorer):
    """A 2-2-1 network learns XOR: its cost by epoch, its path on a slice of it.

        explore.Xor()

    The hidden units are tanh, the output a sigmoid, the loss the binary cross-entropy;
    every epoch is one step w ← w − η ∂C/∂w on all four examples, as `train` takes it.
    `inputs` are the nine parameters at the start, by default those of twins; `epoch`,
    0 to 400, is where to look. The slice is the cost as a function of w¹₁₁ and w¹₂₁
    alone. `values` has the cost, the four answers, and how far `apart` the weights of
    the two hidden units are; `gradients` those of the cost, all at this epoch.

    Raises ValueError where parameters are not those of a 2-2-1 network, the learning
    rate is below 0, epoch is not from 0 to 400, or training overflows; TypeError for
    what is no number.

    Book: chapter 12.
    """

    learning_rate = Number().tag(sync=True)
    epoch = traitlets.Int().tag(sync=True)
    script = "xor.js"

    def __init__(self, parameters: Parameters | None = None, learning_rate: float = 1.0) -> None:
        parameters = checked_parameters(_TWINS if parameters is None else parameters)
        shapes = {name: array.shape for name, array in parameters.items()}
        if shapes != {name: array.shape for name, array in _TWINS.items()}:
            raise ValueError(f"parameters: expected those of a 2-2-1 network, got shapes {shapes}")
        learning_rate = not_negative(learning_rate, "learning_rate")
        nodes = _graph(parameters)
        inputs = {name: node.value for name, node in nodes.items() if name[0] in "wb"}
        at = [nodes[name] for name in (*inputs, "x_1", "x_2", "y_1")]
        step = [nodes["loss"], nodes["a_21"], *gradient(nodes["loss"], at[: len(inputs)])]
        self._row, self._loss = compile_table(step, at), compile_table(step[:1], at)
        super().__init__(inputs, "a network that learns XOR", learning_rate=learning_rate, epoch=EPOCHS)
        slice_ = Plot((-6, 6), (-6, 6), width=340, height=324)  # cells of 11 × 11
        costs = Plot((0, 1.05 * EPOCHS), (0, 1), width=340, height=160)
        spec = {
            "decimals": 4, "slice": slice_.spec, "costs": costs.spec, "last": EPOCHS, "every": _EVERY, "cells": _CELLS,
            "levels": _LEVELS, "examples": _EXAMPLES, "labels": _LABELS, "twins": _numbers_of(_TWINS), "pairs": _PAIRS,
            "starts": [_numbers_of(initialise([2, 2, 1], "tanh", seed)) for seed in range(_SEEDS)],
            "says": _SAYS, "told": [sentence.split(words.BORDER) for sentence in _TOLD],
        }  # fmt: skip
        history = self.history()
        self.assemble(
            [self._slice(slice_, history), self._costs(costs, history)],
            self._controls(history[-1]),
            spec,
            {"step": table_to_javascript(step, at), "loss": table_to_javascript(step[:1], at)},
            self._asks(),
        )

    def _asks(self) -> list[Ask]:
        """What a start apart does to the cost in the end, and what a larger rate does."""
        w, rate, asks = self.inputs[_UP], self.learning_rate, []
        moves: list[tuple[str, dict[str, Any]]] = [
            (f"{svg.pretty(_UP)} starts at {brief(w + _APART)}, not at {brief(w)}", {"inputs": {_UP: w + _APART}}),
            (f"The learning rate is {brief(3 * rate)}, not {brief(rate)}", {"learning_rate": 3 * rate}),
        ]
        for told, traits in moves:
            try:
                values, _ = self.follow(**{**traits, "inputs": self.inputs | traits.get("inputs", {})})
            except UNDEFINED:
                continue
            because = f"The hidden units end {brief(values['apart'])} apart; twins have a floor at {brief(FLOOR)}."
            asks.append(Ask(f"{told}. What does the cost after {EPOCHS} epochs do?", traits, "cost", because))
        return asks

    @traitlets.validate("learning_rate", "epoch")
    def _valid(self, proposal: Any) -> Any:
        value, name = proposal["value"], proposal["trait"].name
        return self.tried(name, not_negative(value, name) if name == "learning_rate" else one_of(value, name, EPOCHS))

    def follow(self, inputs: Mapping[str, float], **changed: Any) -> tuple[dict[str, float], dict[str, float]]:
        """The cost, the answers and the distance of the hidden units at the epoch, and the gradient of the cost there."""
        now = self.state(inputs=inputs, **changed)
        there = self._descend(now.inputs, now.learning_rate, now.epoch)[-1]
        values = {"cost": there.cost, **dict(zip(_LABELS, there.answers)), "apart": self._apart(there)}
        return values, dict(zip(self._names, there.slopes))

    def history(self) -> list[Epoch]:
        """Every epoch of the training, from the start to the last that the explorer has."""
        return self._descend(self.inputs, self.learning_rate, EPOCHS)

    def _descend(self, inputs: Mapping[str, float], rate: float, epochs: int) -> list[Epoch]:
        history: list[Epoch] = []
        now = tuple(inputs[name] for name in self._names)
        for _ in range(epochs + 1):
            losses, answers, *slopes = zip(*(self._row(*now, *example) for example in _EXAMPLES))
            means = tuple([sum(slope) / len(_EXAMPLES) for slope in slopes])
            history.append(Epoch(now, sum(losses) / len(_EXAMPLES), means, answers))
            now = tuple([w - rate * slope for w, slope in zip(now, means)])
        return history

    def _apart(self, there: Epoch) -> float:
        """How far the weights in and out of one hidden unit are from those of the other."""
        at = dict(zip(self._names, there.parameters))
        return math.hypot(*(at[one] - at[other] for one, other in _PAIRS))

    def _cost(self, parameters: Mapping[str, float]) -> float:
        """The cost with these parameters; NaN where a gate is not defined."""
        now = [parameters[name] for name in self._names]
        try:
            return sum(self._loss(*now, *example)[0] for example in _EXAMPLES) / len(_EXAMPLES)
        except UNDEFINED:
            return math.nan

    def _slice(self, plot: Plot, history: Sequence[Epoch]) -> svg.Picture:
        """The cost over two weights, the stronger the higher, with the path on it."""
        there = dict(zip(self._names, history[-1].parameters))
        centres = [(a + b) / 2 for a, b in itertools.pairwise(plot.grid(_CELLS))]
        costs = {(u, v): self._cost({**there, _ACROSS: u, _UP: v}) for v in centres for u in centres}
        low = min((cost, u, v) for (u, v), cost in costs.items() if math.isfinite(cost))
        height = (plot.x[1] - plot.x[0]) / _CELLS
        lines = [""] * (len(_LEVELS) + 1)
        for v in centres:
            for level, run in itertools.groupby(centres, key=lambda u: sum(costs[u, v] > bound for bound in _LEVELS)):
                first, *_, last = (*run,) * 2
                lines[level] += plot.line([(first - height / 2, v), (last + height / 2, v)])
        walk = [(at[_ACROSS], at[_UP]) for at in (dict(zip(self._names, epoch.parameters)) for epoch in _some(history))]
        thick = (plot.box[3] - plot.box[1]) / _CELLS
        shades = [
            svg.path(line, "value", thick, f' data-line="level{i}" stroke-opacity="{0.1 * i:g}"') for i, line in enumerate(lines)
        ]
        ticks = {float(u): svg.number(u) for u in (-6, -3, 0, 3, 6)}
        parts = [
            plot.inside(
                *shades,
                svg.path(plot.line([(plot.x[0], plot.y[0]), (plot.x[1], plot.y[1])]), "ink", 1, ' stroke-dasharray="5 4"'),
                plot.curve("walk", walk, "gradient", 3),
                plot.dot("start", *walk[0], "ink", 4),
                plot.dot("now", *walk[-1], "gradient"),
            ),
            plot.frame(ticks, ticks, svg.pretty(_ACROSS), ""),
            svg.text(plot.box[0] - 9, plot.up(4.2), svg.pretty(_UP), "ink", 13, "end"),
        ]
        numbers = {
            "low": low[0], "low-across": low[1], "low-up": low[2], "epoch": EPOCHS, "start-across": walk[0][0],
            "start-up": walk[0][1], "now-across": walk[-1][0], "now-up": walk[-1][1],
        }  # fmt: skip
        return svg.drawing(plot.width, plot.height, words.filled(_TOLD[0], _in_words(numbers)), parts)

    def _costs(self, plot: Plot, history: Sequence[Epoch]) -> svg.Picture:
        """The cost by epoch, and where the epoch stands."""
        curve = [(i * _EVERY, epoch.cost) for i, epoch in enumerate(_some(history))]
        ticks = {float(i): str(i) for i in range(0, EPOCHS + 1, 100)}
        levels = {v: svg.number(v) for v in (0.0, 0.25, 0.5, 0.75, 1.0)}
        parts = [
            plot.frame(ticks, levels, "epoch", "cost"),
            svg.text(plot.box[2], plot.up(FLOOR) - 8, "floor of twins", "ink", 13, "end", ' class="halo"'),
            plot.inside(
                svg.path(plot.line([(u, FLOOR) for u in plot.x]), "ink", 1, ' stroke-dasharray="5 4"'),
                plot.curve("cost", curve, "value"),
                plot.dot("point", EPOCHS, history[-1].cost, "gradient"),
            ),
        ]
        told = words.filled(_TOLD[1], {"course": words.course(curve)} | _in_words({"epoch": EPOCHS, "cost": history[-1].cost}))
        return svg.drawing(plot.width, plot.height, told, parts)

    def _controls(self, there: Epoch) -> list[str]:
        sliders = []
        for name in (_ACROSS, _UP):
            w = self.inputs[name]
            sliders.append(
                controls.slider(f"inputs.{name}", f"{svg.pretty(name)} at the start", min(-3, w), max(3, w), 0.1, w, 2)
            )
        answers = [
            (label, f"{label[-2]}, {label[-1]}: label {y:g}", answer, "bp-value")
            for label, answer, (*_, y) in zip(_LABELS, there.answers, _EXAMPLES)
        ]
        told = [("cost", "cost", there.cost, "bp-value"), ("apart", "hidden units apart by", self._apart(there), "")]
        return [
            controls.row(
                controls.button("train", "Train, or stop"),
                controls.button("twins", "Twins"),
                controls.button("draw", "Another random start"),
                controls.button("reset", "Reset"),
            ),
            controls.sliders(
                controls.slider("learning_rate", "learning rate η", 0, max(3, self.learning_rate), 0.1, self.learning_rate, 2),
                controls.counter("epoch", "epoch", EPOCHS, self.epoch),
                *sliders,
            ),
            controls.numbers(4, told),
            controls.numbers(4, answers),
            f'<p class="bp-says" data-n="says">{_SAYS["twins" if self._apart(there) == 0 else "apart"]}</p>',
        ]


_SAYS = {
    "twins": "Twins: both hidden units compute the same, get the same gradient, and stay on the dashed line.",
    "apart": "The hidden units differ, and each can learn its own part.",
}


def _some(history: Sequence[Epoch]) -> Sequence[Epoch]:
    """Every fourth epoch: a curve needs no more."""
    return history[::_EVERY]


def _in_words(numbers: Mapping[str, float]) -> dict[str, str]:
    return {key: words.told(x) for key, x in numbers.items()}


def _graph(parameters: Parameters) -> dict[str, Value]:
    """The network on one example; a table gives it the others."""
    x1, x2, y = _EXAMPLES[0]
    return as_graph(parameters, [x1, x2], [y], hidden="tanh", output="sigmoid", loss="binary_cross_entropy")


def _numbers_of(parameters: Parameters) -> dict[str, float]:
    """The parameters by the names of the graph, to six digits."""
    return {name: float(f"{node.value:.6f}") for name, node in _graph(parameters).items() if name[0] in "wb"}
