"""Exercises of chapter 07, one weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpcourse.examples import FOUR_FOUR_TWO, FOUR_FOUR_TWO_X, FOUR_FOUR_TWO_Y
from bpcourse.graph import Value, sigmoid
from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Ladder, Numbers, Option, Paper
from bpcourse.practice.worked import of_circuit, of_network

FRESH = {"x": (1, 5, 0), "W": (-5, 5, 1)}
LOGITS = Given("z", "z^2", np.array([[1.2], [-0.3]]), -20, 20, 1)

W212 = of_network(
    FOUR_FOUR_TWO, FOUR_FOUR_TWO_X, FOUR_FOUR_TWO_Y, hidden="sigmoid", loss="squared_error", fresh=FRESH, entries=("w_212",)
)


def _neuron() -> Derivation:
    """One sigmoid of w·x + b."""
    w, x, b = Value(2.0, "w"), Value(-1.0, "x"), Value(0.5, "b")
    z = ((w * x).named("p") + b).named("z")
    return of_circuit(sigmoid(z).named("a"), fresh={"w": (-20, 20, 1), "x": (-2, 2, 0), "b": (-10, 10, 1)})


def _loss_of_logits() -> Derivation:
    """Softmax and squared error."""
    return Derivation(
        (LOGITS, Given("y", "y", np.array([[1.0], [0.0]]))),
        (
            Step("a", "\\hat y", "softmax", {"x": "z"}),
            Step("loss", "L", "squared error", {"y": "y", "a": "a"}),
        ),
    )


def two_paths(logits: Given, y: Any, activation: Given) -> Derivation:
    """From two logits to the derivative of a weight into the first, path by path."""
    out = {"a": "a", "z": "z"}
    slope = "\\partial \\hat y_{} / \\partial z^2_1"
    return Derivation(
        (logits, Given("y", "y", np.array(y, float)), activation),
        (
            Step("a", "\\hat y", "softmax", {"x": "z"}),
            Step("u", "\\partial L/\\partial \\hat y", "slope of squared error", {"y": "y", **out}),
            Step("own", slope.format(1), "slope of the softmax, own logit", out, {"row": 1}),
            Step("cross", slope.format(2), "slope of the softmax, other logit", out, {"row": 1, "column": 2}),
            Step("by_1", "\\text{through } \\hat y_1", "through one output", {"u": "u", "s": "own"}, {"row": 1}),
            Step("by_2", "\\text{through } \\hat y_2", "through one output", {"u": "u", "s": "cross"}, {"row": 2}),
            Step("delta", "\\delta^2_1", "sum over the paths", {"g1": "by_1", "g2": "by_2", "y": "y", "a": "a"}),
            Step("dw", "\\partial L/\\partial w^2_{12}", "upstream times local", {"u": "delta", "local": activation.name}),
        ),
    )


def _cross_entropy_step() -> Derivation:
    """The weight's derivative under cross-entropy, from the logits on, and one step."""
    return Derivation(
        (
            LOGITS,
            Given("y", "y", np.array([[1.0], [0.0]])),
            Given("a_12", "a^1_2", 0.8, 1, 9, 1),
            Given("w", "w^2_{12}", 0.8, -9, 9, 1),
            Given("eta", "\\eta", 0.5, 2, 9, 1),
        ),
        (
            Step("a", "\\hat y", "softmax", {"x": "z"}),
            Step("loss", "L", "cross-entropy", {"y": "y", "a": "a"}),
            Step("u", "\\partial L/\\partial \\hat y", "slope of cross-entropy", {"y": "y", "a": "a"}),
            Step("delta", "\\delta^2", "back through the softmax", {"u": "u", "a": "a", "y": "y", "z": "z"}),
            Step("delta_1", "\\delta^2_1", "entry of a column", {"a": "delta"}, {"row": 1}),
            Step("dw", "\\partial L/\\partial w^2_{12}", "upstream times local", {"u": "delta_1", "local": "a_12"}),
            Step("w_new", "w^2_{12,\\text{new}}", "step downhill", {"w": "w", "eta": "eta", "g": "dw"}),
        ),
    )


def slope_of_weight(a: Any, W: Any, y: Any, j: int, k: int) -> Any:
    """∂L/∂w_jk of a softmax layer with the squared error: over all outputs, for z_j moves them all."""
    e = np.exp(W @ a)
    y_hat = e / e.sum()
    total = 0.0
    for r in range(len(y)):
        own = 1.0 if r == j - 1 else 0.0
        total += -2 * (y[r] - y_hat[r]) * y_hat[r] * (own - y_hat[j - 1])
    return total * a[k - 1]


def _layers() -> list[tuple[Any, ...]]:
    """Softmax layers of two to four outputs, one weight of each."""
    random = np.random.default_rng(7)
    cases = []
    for outputs, units, j, k in ((2, 4, 1, 2), (2, 3, 2, 1), (3, 4, 2, 4), (4, 2, 4, 1)):
        a, W = random.uniform(0.1, 0.9, units), random.normal(size=(outputs, units))
        cases.append((a, W, np.eye(outputs)[random.integers(outputs)], j, k))
    return cases


EXERCISES: list[Exercise] = [
    Choice(
        title="Reading a weight's name",
        text="From chapter 6: what does $w^2_{12}$ join, and where does code keep it?",
        hints=(
            "The upper index is the layer. Which of the two lower ones comes first, to or from?",
            "w with lower index jk leads to unit j, from unit k: so z needs no transpose.",
            "The matrix has row j and column k, and Python counts from 0.",
        ),
        options=(
            Option("To output unit 1, from hidden unit 2; `W2[0, 1]`.",
                   "Layer 2, to unit 1, from unit 2: row 1, column 2, which Python counts from 0.", True),
            Option("From hidden unit 1, to output unit 2; `W2[0, 1]`.",
                   "That reads the index as \"from, to\". Row j of W belongs to the unit that the weights lead to."),
            Option("To output unit 1, from hidden unit 2; `W2[1, 2]`.",
                   "The units are right. But the book counts from 1 and Python from 0: `W2[1, 2]` is w²₂₃."),
            Option("To hidden unit 1, from input 2; `W1[0, 1]`.",
                   "The upper index is the layer: layer 1 leads to the hidden units, layer 2 to the outputs."),
        ),
        solution="The upper index 2 names the layer, the one that leads to the outputs. Of the lower indices the first is "
        "where the weight ends and the second where it starts, so that row $j$ of the matrix holds all that unit $j$ reads. "
        "Python counts rows and columns from 0.",
    ),
    Numbers(
        title="A neuron's slope",
        text="From chapters 3 and 4: a neuron computes $a = \\sigma(z)$ with $z = wx + b$. Find $a$, the slope of its "
        "sigmoid, $\\partial a/\\partial z$, and $\\partial a/\\partial w$, to four digits.",
        hints=(
            "Go forward first: the slope of a sigmoid is found from what it puts out.",
            "The slope of the sigmoid is its output times one minus its output.",
            "A nudge of w moves z by x times as much: ∂a/∂w = a(1 − a) · x.",
        ),
        solution="Forward gives $z$ and then $a = 1/(1 + e^{-z})$. The sigmoid's slope is $a(1 - a)$, with $a$ and not $z$ "
        "in it. The product $wx$ hands on what arrives times its other input, $x$.",
        derivation=_neuron(),
        asks=("a", "dz", "dw"),
    ),
    Numbers(
        title="Softmax and loss",
        text="A softmax has the two logits $z^2$, and the label is $y$. Find both outputs $\\hat y$ and the loss $L$, the "
        "squared error, summed and without a ½, to four digits.",
        hints=(
            "Each output is a share of a total. Of which total?",
            "Raise e to each logit; divide each by the sum of both.",
            "L = (y₁ − ŷ₁)² + (y₂ − ŷ₂)², with no ½ and no mean.",
        ),
        solution="Raise $e$ to each logit, add, and divide each by the total. As a check, the two outputs sum to 1, and the "
        "larger logit has the larger output. The loss is the sum of both squared errors; here they are equal, since both "
        "outputs are off by the same amount.",
        derivation=_loss_of_logits(),
        asks=("a", "loss"),
    ),
    Numbers(
        title="Two paths, one at a time",
        text="A softmax of two has the logits $z^2$; the weight $w^2_{12}$ multiplies the activation $a^1_2$; the loss is "
        "the squared error without a ½. Write down every factor of the two paths: $\\partial L/\\partial \\hat y$ (both), "
        "the two slopes of the softmax by $z^2_1$, what arrives at $z^2_1$ through each output, their sum $\\delta^2_1$, "
        "and the derivative of the weight. Four digits each.",
        hints=(
            "A nudge of z²₁ moves both outputs. Follow each to the loss.",
            "The slopes by z²₁ are ŷ₁(1 − ŷ₁) for the first output and −ŷ₁ŷ₂ for the second.",
            "Each path: the loss's slope at that output, 2(ŷ − y), times the softmax's slope. Add both, then multiply by a¹₂.",
        ),
        solution="The loss has a slope at each output, $2(\\hat y - y)$. The first output rises with its own logit, the "
        "second falls, by as much: they share a total of 1. Along a path the factors multiply; where the paths meet, at "
        "$z^2_1$, they add. Below that there is one way only, and it has the factor $a^1_2$. Whoever drops the second path "
        "gets half.",
        derivation=two_paths(LOGITS, [[1], [0]], Given("a_12", "a^1_2", 0.8, 1, 9, 1)),
        asks=("u", "own", "cross", "by_1", "by_2", "delta", "dw"),
    ),
    Choice(
        title="One look at a slope",
        text="Somebody has worked out a softmax's four slopes and shows you $\\partial \\hat y_1/\\partial z_1 < 0$ and "
        "$\\partial \\hat y_2/\\partial z_1 < 0$. Without any number: what is wrong?",
        hints=(
            "What do the outputs of a softmax always add up to?",
            "Nudge the first logit up. What one output gains the other must lose.",
            "The two slopes by one logit add up to 0, and the own one is positive.",
        ),
        options=(
            Option("The first: raising a logit raises its own output.",
                   "And the outputs share a total of 1, so the other output falls: the second sign is right.", True),
            Option("The second: raising one logit raises both outputs.",
                   "Both outputs sum to 1. They cannot both rise."),
            Option("The second: the other output does not depend on this logit, so its slope is 0.",
                   "That is true of sigmoids. Every logit stands in the softmax's denominator."),
            Option("Nothing: the signs depend on the logits.",
                   "The slopes are ŷ₁(1 − ŷ₁) and −ŷ₁ŷ₂, and outputs lie between 0 and 1: the signs are always the same."),
        ),
        solution="The outputs of a softmax sum to 1, whatever the logits, so the slopes of all of them by one logit sum to "
        "0. Two negative ones cannot. Raising a logit raises its own share, so it is the first sign that is wrong. This "
        "look takes no number; the next section tells what it would have caught.",
    ),
    Ladder(
        title="w212, from forward to the derivative",
        text="The 4-4-2 network of chapter 7: sigmoid, then softmax, squared error without a ½, all biases 0. Find "
        "$\\partial L/\\partial w^2_{12}$, line by line, to four digits. (With $u = \\partial L/\\partial \\hat y$ what arrives at "
        "$z^2_1$ is $u_1 \\hat y_1 (1 - \\hat y_1) - u_2 \\hat y_2 \\hat y_1 = \\hat y_1 \\bigl(u_1 - (u_1 \\hat y_1 + u_2 \\hat y_2)\\bigr)$, and the "
        "like at $z^2_2$. The line of $\\delta^2$ says that for both at once: $\\circ$ multiplies entry by entry, $\\sum$ runs over both "
        "outputs.)",
        hints=(
            "Forward first, keeping everything. Then back: loss, softmax, weight.",
            "δ²₁ needs both outputs, since the first logit moves both.",
            "δ²₁ = ŷ₁ (u₁ − u₁ŷ₁ − u₂ŷ₂) with u = 2(ŷ − y); the weight's derivative is δ²₁ times a¹₂.",
        ),
        solution="Forward gives all activations, and they are needed on the way back. The squared error's slope at the "
        "outputs is $2(\\hat y - y)$. Back through the softmax each logit gathers from both outputs, so each $\\delta^2_j$ "
        "is a sum over two paths. A weight's derivative is the delta of the unit that it leads to, times the activation "
        "where it starts.",
        derivation=W212,
        steps=("z1", "a1", "z2", "a2", "da2", "delta2", "dw_212"),
        shows=("x", "y", "W1", "W2"),
    ),
    Numbers(
        title="The other loss, and a step",
        text="A softmax of two, and the cross-entropy. From the logits $z^2$, the label $y$ and the activation $a^1_2$ find "
        "$\\hat y$, $L$, $\\delta^2$ (both), $\\partial L/\\partial w^2_{12}$, and the weight after one step with the rate $\\eta$, to "
        "four digits.",
        hints=(
            "Only the slope of the loss at the outputs has changed.",
            "At the right class the slope is −1/ŷ₁, at the other 0. Times the softmax's slopes much cancels.",
            "δ² is prediction minus label. The weight: δ²₁ times a¹₂; the step: minus η times that.",
        ),
        solution="The cross-entropy is $-\\ln \\hat y_1$ here: the natural logarithm of the right class's output, with a "
        "minus. Its slope is $-1/\\hat y_1$ at the first output and 0 at the second. Back through the softmax the factor "
        "$\\hat y_1$ cancels, and $\\delta^2 = \\hat y - y$ is left. The weight moves against its derivative.",
        derivation=_cross_entropy_step(),
        asks=("a", "loss", "delta", "dw", "w_new"),
    ),
    Paper(
        title="The slopes by the quotient rule",
        text="Chapter 7 finds the slopes of a softmax of two by making it a sigmoid. Do it for any number of outputs: write "
        "$S = \\sum_k e^{z_k}$ and $\\hat y_j = e^{z_j}/S$, hold all logits but $z_1$, and find $\\partial \\hat "
        "y_1/\\partial z_1$ and $\\partial \\hat y_2/\\partial z_1$. Show that the slopes of all outputs by $z_1$ sum to 0.",
        hints=(
            "How much does S move when z₁ is nudged? Only one of its terms does.",
            "∂S/∂z₁ = e^z₁. For ŷ₁ numerator and denominator move, for ŷ₂ the denominator alone.",
            "The derivative of 1/S by z₁ is −e^z₁/S². Write each quotient as a product of shares ŷ.",
        ),
        solution="""Of the terms of $S$ only $e^{z_1}$ contains $z_1$, so $\\partial S/\\partial z_1 = e^{z_1}$.

For the first output numerator and denominator move. With the product rule on
$e^{z_1} \\cdot 1/S$, and $-1/S^2$ as the slope of $1/S$,

$$
\\begin{aligned}
\\frac{\\partial \\hat y_1}{\\partial z_1}
  &= e^{z_1} \\cdot \\frac1S - e^{z_1} \\cdot \\frac{1}{S^2} \\cdot e^{z_1} \\\\
  &= \\hat y_1 - \\hat y_1^2 = \\hat y_1 (1 - \\hat y_1) .
\\end{aligned}
$$

For the second the numerator is held still, and only the denominator moves:

$$
\\frac{\\partial \\hat y_2}{\\partial z_1} = -e^{z_2} \\cdot \\frac{1}{S^2} \\cdot e^{z_1} = -\\hat y_2\\, \\hat y_1 .
$$

Every other output is like the second. The slopes of all outputs by $z_1$ add up to

$$
\\hat y_1 - \\hat y_1 (\\hat y_1 + \\hat y_2 + \\dots) = \\hat y_1 - \\hat y_1 = 0 .
$$

It must be so, for the outputs always sum to 1.""",
    ),
    Code(
        title="The derivative of any weight of the last layer",
        text="Write `slope_of_weight(a, W, y, j, k)`: the derivative of the squared error $L = \\sum_r (y_r - \\hat y_r)^2$ "
        "by the weight $w_{jk}$ of a softmax layer $\\hat y = \\operatorname{softmax}(Wa)$ with any number of outputs. The "
        "units $j$ and $k$ are counted from 1.",
        hints=(
            "One path for each output: all of them depend on the logit z of unit j.",
            "The slope of output r by logit j is ŷᵣ(1 − ŷⱼ) if r is j, and −ŷᵣŷⱼ otherwise.",
            "Sum 2(ŷᵣ − yᵣ) times that slope over all r, and multiply by the activation of unit k, a[k - 1].",
        ),
        solution="A nudge of $w_{jk}$ moves one logit, $z_j$, by $a_k$; that logit moves every output. So the function goes "
        "over all outputs, multiplies the loss's slope with the softmax's, adds up, and multiplies by the activation at the "
        "end. A single path in place of the loop looks plausible, but with two outputs and a label of one class it gives half.",
        stub='''def slope_of_weight(a, W, y, j, k):
    """The derivative of the squared error by w_jk of a softmax layer."""
    return None
''',
        solved=slope_of_weight,
        cases=_layers,
    ),
]  # fmt: skip
