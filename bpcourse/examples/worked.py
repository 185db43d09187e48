"""The worked examples: their inputs, what the sources print, what is exact.

Sources are named as in the book: Gupta, Rathi, Chhabra, the PadhAI notes. What a
source prints is data here; what is exact is always computed.

Book: chapters 01 to 12.
"""

from __future__ import annotations

import gzip
from importlib import resources
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks, graph
from bpcourse.graph import Value
from bpcourse.network import as_graph

PRODUCT = {"a": 4.0, "b": 3.0, "h": 0.01}
"""The product gate of Chhabra's program, and its step size. Book: chapter 01."""

PRODUCT_PRINTED = {"random from (4, 3)": 12.042, "random from (-4, -3)": 11.94, "derivatives from (-4, -3)": 12.252}
"""What Chhabra prints after one step of each method. Book: chapter 01."""


def add_then_multiply() -> Value:
    """f = q·z with q = x + y at (x, y, z) = (−2, 5, −4), from the CS231n notes. Book: chapter 03."""
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    return ((x + y).named("q") * z).named("f")


def sigmoid_neuron() -> Value:
    """a = σ(w₁x₁ + w₂x₂ + b), one neuron in five gates, from the CS231n notes. Book: chapter 03."""
    x1, x2 = Value(-1, "x1"), Value(-2, "x2")
    w1, w2, b = Value(2, "w1"), Value(-3, "w2"), Value(-3, "b")
    return graph.sigmoid((w1 * x1 + w2 * x2 + b).named("z")).named("a")


def three_sigmoids() -> Value:
    """The loss of x → ·w1 → σ → ·w2 → σ → ·w3 → σ against the label 1.

    The PadhAI notes draw the chain without numbers; these are ours.

    Book: chapter 04.
    """
    h = Value(1.5, "x")
    for i, w in enumerate((0.8, -1.2, 2.0), start=1):
        z = (Value(w, f"w{i}") * h).named(f"z{i}")
        h = graph.sigmoid(z).named("ŷ" if i == 3 else f"h{i}")
    return graph.square((Value(1, "y") - h).named("e")).named("L")


THREE_PATHS = {
    "W1": np.array([[0.4, -0.6], [0.9, 0.3]]),
    "b1": np.zeros((2, 1)),
    "W2": np.array([[0.7, -0.5], [-0.2, 0.8], [0.6, 1.1]]),
    "b2": np.zeros((3, 1)),
    "W3": np.array([[1.2, -0.7, 0.5]]),
    "b3": np.zeros((1, 1)),
}
"""A 2-2-3-1 network: w_121 has three paths to the loss, w_222 one.

The PadhAI notes draw such a network without numbers; these are ours.

Book: chapter 05.
"""


def three_paths() -> dict[str, Value]:
    """`THREE_PATHS` with sigmoid units on x = (1, 2), y = 1. Book: chapter 05."""
    return as_graph(THREE_PATHS, [1.0, 2.0], [1.0], hidden="sigmoid", output="sigmoid", loss="squared_error")


PADHAI = {
    "W1": np.array([[0.1, 0.3, 0.8, -0.4], [-0.3, -0.2, 0.5, 0.5], [-0.3, 0.0, 0.5, 0.4], [0.2, 0.5, -0.9, 0.7]]),
    "b1": np.zeros((4, 1)),
    "W2": np.array([[0.5, 0.8, 0.2, 0.4], [0.5, 0.2, 0.3, -0.5]]),
    "b2": np.zeros((2, 1)),
}
"""The parameters of the PadhAI notes' network, whose printed numbers the errata judge. Book: errata."""

PADHAI_X = np.array([2.0, 5.0, 3.0, 3.0])
"""Its one example: the input. Book: errata."""

PADHAI_Y = np.array([1.0, 0.0])
"""Its one example: the label. Book: errata."""

FOUR_FOUR_TWO = PADHAI
"""The parameters of the running example: the PadhAI notes' or, put here, others. Book: chapters 06 to 11."""

FOUR_FOUR_TWO_X = PADHAI_X
"""Its one example: the input. Book: chapters 06 to 11."""

FOUR_FOUR_TWO_Y = PADHAI_Y
"""Its one example: the label. Book: chapters 06 to 11."""


def padhai(loss: str = "squared_error") -> dict[str, Value]:
    """The PadhAI notes' network on its example, as a scalar graph by name.

    Sigmoid hidden layer, softmax output; ValueError for an unknown loss.

    Book: errata.
    """
    return as_graph(PADHAI, PADHAI_X, PADHAI_Y, hidden="sigmoid", output="softmax", loss=loss)


def four_four_two(loss: str = "squared_error") -> dict[str, Value]:
    """The 4-4-2 network on its example, as a scalar graph by name.

    Sigmoid hidden layer, softmax output; ValueError for an unknown loss.

    Book: chapters 07 and 08.
    """
    return as_graph(FOUR_FOUR_TWO, FOUR_FOUR_TWO_X, FOUR_FOUR_TWO_Y, hidden="sigmoid", output="softmax", loss=loss)


class Printed(NamedTuple):
    """A line of the PadhAI notes: a quantity, the numbers printed, ours, the verdict.

    Book: chapters 07 and 08.
    """

    quantity: str
    printed: tuple[float, ...]
    exact: tuple[float, ...]
    verdict: str


def source_003() -> list[Printed]:
    """What the PadhAI notes print of their network, beside what is exact.

    Book: chapters 07 and 08.
    """
    nodes = padhai()
    loss = nodes["loss"]
    loss.backward()
    y1, y2 = nodes["a_21"], nodes["a_22"]

    def values(*names: str) -> tuple[float, ...]:
        return tuple(nodes[name].value for name in names)

    own = tuple(graph.gradient(y, [z])[0].value for y, z in ((y1, nodes["z_21"]), (y2, nodes["z_22"])))
    h13 = nodes["a_13"].value
    w212 = nodes["w_212"]
    w131 = nodes["w_131"].grad
    return [
        Printed("z1", (2.9, 1.4, 2.1, 2.3), values("z_11", "z_12", "z_13", "z_14"), "right"),
        Printed("a1", (0.95, 0.80, 0.89, 0.91), values("a_11", "a_12", "a_13", "a_14"), "right"),
        Printed("z2", (1.66, 0.45), values("z_21", "z_22"), "right"),
        Printed("ŷ", (0.77, 0.23), (y1.value, y2.value), "right"),
        Printed("∂L/∂ŷ", (-0.46, 0.46), (y1.grad, y2.grad), "right"),
        Printed("∂ŷ1/∂z21", (-0.079,), own[:1], "wrong: a spurious factor −z22"),
        Printed("∂ŷ2/∂z22", (-0.293,), own[1:], "wrong: a spurious factor −z21"),
        Printed("∂L/∂w212", (-0.029, -0.065), (w212.grad,), "wrong: twice, in two ways"),
        Printed("w212 after η = 1", (0.865,), (w212.value - w212.grad,), "wrong: follows from −0.065"),
        Printed("a13(1−a13)", (0.0979,), (h13 * (1 - h13),), "computed from rounded inputs"),
        Printed("∂L/∂w131", (-6.4e-3,), (w131,), "wrong: sign and size"),
    ]


XOR_X = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
"""The four inputs of exclusive or, one a column. Book: chapter 12."""

XOR_Y = np.array([[0.0, 1.0, 1.0, 0.0]])
"""Their labels. Book: chapter 12."""


class Digits(NamedTuple):
    """Handwritten digits: images as columns of 64 pixels from 0 to 1, labels.

    Book: chapter 12.
    """

    X_train: np.ndarray
    labels_train: np.ndarray
    X_test: np.ndarray
    labels_test: np.ndarray


def digits(seed: Any = 0) -> Digits:
    """The UCI handwritten digits: 1,797 images of 8×8, 20 % of them held out.

    Which ones are held out is drawn from the seed. Data: E. Alpaydin and
    C. Kaynak, CC BY 4.0; `bpcourse/examples/data/README.md` names source and licence.

    Raises ValueError or TypeError where seed is no whole number ≥ 0.

    Book: chapter 12.
    """
    rng = checks.generator(seed, "seed")
    path = resources.files("bpcourse.examples") / "data" / "digits.csv.gz"
    with path.open("rb") as packed, gzip.open(packed, "rt") as rows:
        table = np.loadtxt(rows, delimiter=",")
    X, labels = table[:, :-1].T / 16, table[:, -1].astype(int)
    order = rng.permutation(len(labels))
    held_out = len(labels) // 5
    test, train = order[:held_out], order[held_out:]
    return Digits(X[:, train], labels[train], X[:, test], labels[test])
