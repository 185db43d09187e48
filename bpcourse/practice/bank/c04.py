"""Exercises of chapter 04, chains."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from bpcourse.examples import three_sigmoids
from bpcourse.graph import Value, exp, reciprocal, sigmoid, square
from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Ladder, Numbers, Option, Paper
from bpcourse.practice.worked import of_circuit

# --------------------------------------------------------------------------- circuits

_TENTHS = (-12, 12, 1)


def _two_products() -> Derivation:
    q = (Value(-2, "x") * Value(5, "y")).named("q")
    whole = (-9, 9, 0)
    return of_circuit((q * Value(3, "z")).named("f"), fresh={"x": whole, "y": whole, "z": whole})


def _inverse_square() -> Derivation:
    return of_circuit(reciprocal(square(Value(0.8, "x")).named("h1")).named("y"), fresh={"x": (-20, 20, 1)})


def _tower() -> Derivation:
    h2 = exp(square(Value(0.9, "x")).named("h1")).named("h2")
    return of_circuit(exp(h2).named("y"), fresh={"x": _TENTHS})


def _squared_exponential() -> Derivation:
    h2 = exp(reciprocal(Value(1.6, "x")).named("h1")).named("h2")
    return of_circuit(square(h2).named("y"), fresh={"x": (4, 40, 1)})


def _two_neurons() -> Derivation:
    """Two neurons in a row, their loss, and one step of both weights."""
    h1 = sigmoid((Value(1.2, "w1") * Value(0.5, "x")).named("z1")).named("h1")
    prediction = sigmoid((Value(-0.7, "w2") * h1).named("z2")).named("ŷ")
    loss = square((Value(1, "y") - prediction).named("e")).named("L")
    draws = {"x": (-20, 20, 1), "w1": _TENTHS, "w2": _TENTHS}
    chain = of_circuit(loss, fresh=draws)
    steps = (
        Step("w1_new", "w_{1,\\text{new}}", "step downhill", {"w": "w1", "eta": "eta", "g": "dw1"}),
        Step("change", "\\Delta L_{\\text{predicted}}", "predicted change", {"eta": "eta", "g": "dw1"}),
    )
    return Derivation((*chain.givens, Given("eta", "\\eta", 2.0, 1, 5)), (*chain.steps, *steps))


# --------------------------------------------------------------------------- code

Link = tuple[Callable[[float], float], Callable[[float], float]]


def _slope_of_chain(links: Sequence[Link], x: float) -> float:
    product = 1.0
    for f, slope in links:
        product = slope(x) * product  # at the value that arrives here
        x = f(x)
    return product


def _double(x: float) -> float:
    return 2 * x


def _squared(x: float) -> float:
    return x * x


def _inverse(x: float) -> float:
    return 1 / x


def _slope_of_inverse(x: float) -> float:
    return -1 / x**2


_LINKS: list[Link] = [(_squared, _double), (math.exp, math.exp), (math.sin, math.cos), (_inverse, _slope_of_inverse)]


def _chains() -> list[tuple[Any, ...]]:
    """The empty chain, each link alone, then chains of two and three."""
    draw = random.Random(4)
    chains: list[list[Link]] = [[], *[[link] for link in _LINKS], [_LINKS[0], _LINKS[1]], [_LINKS[0], _LINKS[1], _LINKS[3]]]
    chains += [draw.sample(_LINKS[:3], 3) for _ in range(4)]
    return [(chain, round(draw.uniform(0.3, 1.1), 2)) for chain in chains]


# --------------------------------------------------------------------------- exercises

EXERCISES: list[Exercise] = [
    Numbers(
        title="Two products in a row",
        text="From chapter 3: two multiply gates, $q = x \\cdot y$ and then $f = q \\cdot z$. Find $\\partial f/\\partial q$, "
        "and with it "
        "$\\partial f/\\partial x$.",
        hints=(
            "What does a multiply gate do to a gradient?",
            "It swaps: each input gets the upstream gradient times the other input.",
            "∂f/∂q is z. The gate of q then hands on ∂f/∂q · y to x.",
        ),
        solution="Multiply swaps: $q$ gets the other input of its gate, $z$. That number is upstream for the first gate, which "
        "swaps "
        "again: $x$ gets the upstream times $y$. One gate after the other, and the factors multiply: this chapter makes a rule "
        "of it.",
        derivation=_two_products(),
        asks=("dq", "dx"),
    ),
    Choice(
        title="A thousand knobs",
        text="From chapter 2: a network has a thousand weights and biases. How many forward runs does it take to get all slopes "
        "of its loss "
        "by nudging each knob once, upward?",
        hints=(
            "What is compared with what?",
            "Each knob's nudged loss is compared with the loss at w itself.",
            "One run for each knob, and one more that they all share.",
        ),
        solution="Each knob needs a run of its own, since only one thing may be nudged at a time. The loss at $w$ itself is the "
        "same for "
        "all, so it is computed once: $N + 1$ runs. Going backward takes one run and one sweep, however many knobs there are.",
        options=(
            Option("1,000", "The nudged runs are counted; the run without a nudge, from which all are measured, is not."),
            Option("1,001", "One run for each knob, and one at w itself, which all share.", right=True),
            Option(
                "2,000", "That many it takes with a nudge to both sides. Upward alone, the second run is the same for all knobs."
            ),
            Option(
                "2",
                "That is about what backpropagation costs, one run forward and one sweep back. Nudging cannot share its runs.",
            ),
        ),
    ),
    Numbers(
        title="One over a square",
        text="The chain $h_1 = x^2$, $y = 1/h_1$. Find the slope of the outer gate, $\\partial y/\\partial h_1$, and the slope "
        "of the chain, "
        "$\\partial y/\\partial x$, each to four digits.",
        hints=(
            "Write h₁ down with its value first.",
            "The reciprocal's local gradient is −1/h₁², taken at what arrives there.",
            "Multiply it by the local gradient of the square, 2x.",
        ),
        solution="Forward first, for the outer slope is taken at $h_1$, not at $x$. A nudge of $x$ is scaled by $2x$, then by "
        "$-1/h_1^2$, so "
        "the two multiply. In letters it is $-\\frac{1}{x^4} \\cdot 2x = -2/x^3$, which is what the power rule says of $x^{-2}$.",
        derivation=_inverse_square(),
        asks=("dh1", "dx"),
    ),
    Ladder(
        title="The tower, link by link",
        text="The chain $h_1 = x^2$, $h_2 = e^{h_1}$, $y = e^{h_2}$. Find each line to four digits, and name the rule that "
        "makes it.",
        hints=(
            "Forward first: every local gradient needs a value from there.",
            "exp's local gradient is its own output; the square's is twice its input.",
            "Backward: ∂y/∂h₂ is y. Multiply by h₂ to get ∂y/∂h₁, then by 2x to get ∂y/∂x.",
        ),
        solution="The values are found from left to right, the gradients from right to left. Each exp gate multiplies by its "
        "own output, "
        "the square by $2x$: $\\partial y/\\partial x = y \\cdot h_2 \\cdot 2x$. There are three gates, so there are three "
        "factors.",
        derivation=_tower(),
        steps=("h1", "h2", "y", "dh2", "dh2_dh1", "dh1", "dh1_dx", "dx"),
    ),
    Choice(
        title="Ten neurons at their best",
        text="Ten sigmoid neurons stand in a row. Every weight is 4, and biases hold every sum $z$ at 0. By what does the "
        "gradient change from "
        "the last output to the input of the first neuron?",
        hints=(
            "Each neuron is two gates, a product and a sigmoid.",
            "To the left, one neuron multiplies by its weight and by the sigmoid's slope at its z.",
            "At z = 0 the slope is at its largest, a quarter.",
        ),
        solution="Through one neuron to the left the gradient is multiplied by $w\\,\\sigma'(z)$. At $z = 0$ the slope is "
        "$\\tfrac14$, so with "
        "a weight of 4 the factor is 1, ten times over. Without the biases the sums could not stay at 0: the weight itself "
        "would drive them "
        "away.",
        options=(
            Option(
                "It is divided by $4^{10}$",
                "The ten slopes are there, the ten weights are not: a neuron is two gates, two factors.",
            ),
            Option("It is multiplied by $4^{10}$", "The weights are there, the slopes of the sigmoids are not."),
            Option("It stays as it is", "Each neuron multiplies by 4 · ¼ = 1.", right=True),
            Option("It is multiplied by 10", "Ten factors of 1 were added. Along a chain they multiply."),
        ),
    ),
    Ladder(
        title="Three sigmoids in a row",
        text="The chain $z_1 = w_1 x$, $h_1 = \\sigma(z_1)$, $z_2 = w_2 h_1$, $h_2 = \\sigma(z_2)$, $z_3 = w_3 h_2$, $\\hat y = "
        "\\sigma(z_3)$ "
        "with the error $e = y - \\hat y$ and the loss $L = e^2$. Find each line to four digits, and name the rule that makes "
        "it.",
        hints=(
            "Three rows of one shape: through the sigmoid, to the weight, to the left.",
            "Through a sigmoid: times s(1 − s) of its own output s. To the weight: times what the weight multiplies. To the "
            "left: times the weight.",
            "∂L/∂ŷ is −2(y − ŷ); ∂L/∂z₃ is that times ŷ(1 − ŷ); ∂L/∂w₃ is that times h₂, ∂L/∂h₂ that times w₃. Then again, one "
            "layer down.",
        ),
        solution="Backward each line uses the one above. The loss gives $-2(y - \\hat y)$. Each sigmoid multiplies by the slope "
        "at its own output, "
        "and each multiply gate swaps: the weight gets the number from the left, the number from the left gets the weight.",
        derivation=of_circuit(
            three_sigmoids(), fresh={"x": (-20, 20, 1), "w1": (-15, 15, 1), "w2": (-15, 15, 1), "w3": (-20, 20, 1)}
        ),
        steps=("h1", "h2", "ŷ", "dŷ", "dŷ_dz3", "dz3", "dw3", "dh2", "dh2_dz2", "dz2", "dw2", "dh1", "dh1_dz1", "dz1", "dw1"),
    ),
    Numbers(
        title="Two neurons and one step",
        text="Two neurons in a row, $h_1 = \\sigma(w_1 x)$ and $\\hat y = \\sigma(w_2 h_1)$, with the loss $L = (y - \\hat "
        "y)^2$. Find the "
        "prediction, the slopes of the loss for both weights, then $w_1$ after one step downhill of size $\\eta$, and by how "
        "much the loss should "
        "change for this step of $w_1$ alone. Four digits each.",
        hints=(
            "Forward, then backward: through the sigmoid, to the weight, to the left.",
            "∂L/∂z₂ = −2(y − ŷ) · ŷ(1 − ŷ). From it both slopes can be had: one gate away is w₂, three gates away w₁.",
            "∂L/∂w₁ = ∂L/∂z₂ · w₂ · h₁(1 − h₁) · x. The step is −η times that, and the predicted change is slope times step.",
        ),
        solution="$\\partial L/\\partial z_2$ is worked out once and used twice: times $h_1$ it is the slope for $w_2$, times "
        "$w_2$ it goes on to "
        "the left. There it passes the first sigmoid and meets $x$. Downhill means minus: the weight moves by "
        "$-\\eta\\,\\partial L/\\partial w_1$, and "
        "the loss by slope times step, $-\\eta\\,(\\partial L/\\partial w_1)^2$, which is never positive.",
        derivation=_two_neurons(),
        asks=("ŷ", "dw2", "dw1", "w1_new", "change"),
    ),
    Numbers(
        title="Three links in another order",
        text="The chain $h_1 = 1/x$, $h_2 = e^{h_1}$, $y = h_2^2$. Find $\\partial y/\\partial x$ to four digits.",
        hints=(
            "Three gates, so three factors, each at the value that arrived there.",
            "Compute h₁ and h₂ first. The square's factor is twice its input, exp's is its output, the reciprocal's is −1/x².",
            "With h₁ = 1/x and h₂ = e^h₁ the product is 2h₂ · h₂ · (−1/x²).",
        ),
        solution="From the right: the square gives $2h_2$, at $h_2$; exp gives its output $h_2$; the reciprocal gives $-1/x^2$. "
        "Another way to see "
        "it: $y = e^{2/x}$, whose slope is $e^{2/x} \\cdot (-2/x^2)$, the same.",
        derivation=_squared_exponential(),
        asks=("dx",),
    ),
    Paper(
        title="Two rules from one",
        text="Derive with the chain rule alone. (a) The slope of $\\ln x$ for $x > 0$ is $1/x$: differentiate both sides of "
        "$e^{\\ln x} = x$; you may "
        "take for granted that $\\ln$ has a slope. (b) The slope of $1/f(x)$, where $f(x) \\ne 0$, is $-f'(x)/f(x)^2$. Say for "
        "each factor where it "
        "is taken.",
        hints=(
            "Each side is a chain. What are its links?",
            "(a) The inner gate is ln, the outer one is exp, whose slope is its own output.",
            "(b) The inner gate is f, the outer one the reciprocal, with the slope −1/h² at h = f(x).",
        ),
        solution="(a) Let $h = \\ln x$ and $y = e^h$. The chain rule gives\n\n"
        "$$\\frac{dy}{dx} = \\frac{dy}{dh} \\cdot \\frac{dh}{dx} = e^h \\cdot \\ln'(x) .$$\n\n"
        "The outer slope is taken at $h = \\ln x$, where it is $e^{\\ln x} = x$. So $dy/dx = x \\cdot \\ln'(x)$. But $y = x$ "
        "for every $x > 0$, and the "
        "slope of that is 1. The two are equal, $x \\cdot \\ln'(x) = 1$, hence $\\ln'(x) = 1/x$.\n\n"
        "(b) Let $h = f(x)$ and $y = 1/h$. Then\n\n"
        "$$\\frac{dy}{dx} = \\frac{dy}{dh} \\cdot \\frac{dh}{dx} = -\\frac{1}{h^2} \\cdot f'(x) = -\\frac{f'(x)}{f(x)^2} ,$$\n\n"
        "the outer slope taken at $h = f(x)$, the inner one at $x$. With $f(x) = e^{x^2}$ it is the chapter's second chain: "
        "$-2x\\,e^{x^2}/(e^{x^2})^2 = -2x/e^{x^2}$.",
    ),
    Code(
        title="Any chain's slope",
        text="Write a function that differentiates a chain of any length. Each link is a pair, a function and its slope, and "
        "the first link reads $x$.",
        hints=(
            "One loop does both: it carries the value along, and the product of the slopes.",
            "The slope of a link is taken at the value that arrives there, so use it before you move on.",
            "Begin with product = 1; for each link multiply by slope(x), then replace x by f(x).",
        ),
        solution="The product can be built from the left just as well: numbers may be multiplied in any order. What matters is "
        "where each slope is "
        "taken: at the value that the links before it have made. An empty chain hands its nudge on unchanged, so its slope is 1.",
        stub='def slope_of_chain(links, x):\n    """The derivative at x of the chain of links (f, slope), the first one '
        'first."""\n    ...\n',
        solved=_slope_of_chain,
        cases=_chains,
    ),
]
