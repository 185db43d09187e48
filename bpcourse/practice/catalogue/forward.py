"""Mistakes of forward and the losses.

Book: chapters 03 to 12.
"""

from __future__ import annotations

import math

from bpcourse.practice.rules import RULES, Mistake, each, softmax, total

_CROSS = ("cross-entropy",)

# fmt: off
ROWS: list[Mistake] = [
    Mistake("transposed weight", ("weighted sum",), "{W}^\\top {a} + {b}", lambda W, a, b: W.T @ a + b,
            "The rows and columns of a square table are easily taken for each other.",
            "Row j of W belongs to unit j: its entries are w_j1, w_j2, ….", "06", "Why \"to\" comes before \"from\""),
    Mistake("bias forgotten", ("weighted sum",), "{W} {a}", lambda W, a: W @ a,
            "In the book's large example all biases are 0, so nobody misses them there.",
            "Set all inputs to 0: what is left must be the bias.", "06", "One unit by hand"),
    Mistake("softmax taken for sigmoid", ("sigmoid",), "\\operatorname{{softmax}}({x})", lambda x: softmax(x),
            "Both turn sums into numbers from 0 to 1.",
            "A softmax's outputs sum to 1; sigmoids owe each other nothing.", "10", "Three jobs"),
    Mistake("sigmoid taken for softmax", ("softmax",), "\\sigma({x})", lambda x: each("sigmoid", x),
            "Both turn sums into numbers from 0 to 1.",
            "A softmax's outputs sum to 1. Do yours?", "10", "Three jobs"),
    Mistake("logits shared out without the exponential", ("softmax",), "{x} / \\sum {x}", lambda x: x / total(x),
            "The shares of a whole come to mind before the exponential does.",
            "With a negative logit a share would be negative.", "10", "Softmax output, cross-entropy"),
    Mistake("negative numbers let through", ("relu",), "{x}", lambda x: x,
            "The formula max(z, 0) is read as z.", "A relu's output is never below 0.", "11", "Another activation"),
    Mistake("sign in the exponent", ("sigmoid",), "1 / (1 + e^{{{x}}})", lambda x: 1 - each("sigmoid", x),
            "The minus of e⁻ᶻ is lost.", "The sigmoid of a positive number is above one half.", "03", "A neuron is a circuit"),
    Mistake("e^(x²) read as (eˣ)²", ("exp",), "(e^{{{inner}}})^2", lambda inner: each("exp", inner) * each("exp", inner),
            "A tower of exponents is read from the bottom up.",
            "(eˣ)² is e²ˣ: at x = 3 the exponent is 6, not 9.", "04", "Numbers first: $e^{x^2}$ at 0.7"),
    Mistake("½ present where none stands", ("squared error",), "\\tfrac12 \\sum ({y} - {a})^2",
            lambda y, a: 0.5 * total((y - a) * (y - a)),
            "Many texts put a ½ before the square, for the sake of the derivative.",
            "Look at the definition: is there a ½?", "10", "Linear output, half the squared error"),
    Mistake("½ forgotten", ("half the squared error",), "\\sum ({y} - {a})^2", lambda y, a: total((y - a) * (y - a)),
            "The ½ cancels in the derivative and is then forgotten in the loss.",
            "Look at the definition: is there a ½?", "10", "Linear output, half the squared error"),
    Mistake("mean taken for sum", ("squared error", "half the squared error"), "\\tfrac1n \\sum ({y} - {a})^2",
            lambda y, a: total((y - a) * (y - a)) / y.shape[0],
            "Programs often report the mean over the outputs.",
            "The book's loss sums over the outputs; only examples are averaged.", "11", "Forward, and what to keep"),
    Mistake("log to base 10", _CROSS, "-\\sum {y} \\log_{{10}} {a}", lambda y, a: -total(y * each("log", a)) / math.log(10),
            "The key \"log\" of a pocket calculator has base 10.",
            "ln 0.1 is −2.303; log₁₀ 0.1 is −1.", "10", "Softmax output, cross-entropy"),
    Mistake("log to base 2", _CROSS, "-\\sum {y} \\log_2 {a}", lambda y, a: -total(y * each("log", a)) / math.log(2),
            "Information is often measured in bits.",
            "ln 0.5 is −0.693; log₂ 0.5 is −1.", "10", "Softmax output, cross-entropy"),
    Mistake("only the label's own term", ("binary cross-entropy",), "-\\sum {y} \\ln {a}",
            lambda y, a: -total(y * each("log", a)),
            "For a softmax this is the whole loss.",
            "A sigmoid with label 0 must pay, too: −ln(1 − ŷ).", "10", "Sigmoid output, binary cross-entropy"),
    Mistake("minus of the cross-entropy lost", _CROSS, "\\sum {y} \\ln {a}", lambda y, a: total(y * each("log", a)),
            "The logarithm's own minus is overlooked.", "A loss is never below 0 here.", "10", "Softmax output, cross-entropy"),
    Mistake("sum taken for mean", ("mean over the examples",), "\\sum {L}", lambda L: L.sum(),
            "The 1/m is a constant, and constants get lost.",
            "Give the same example twice: the cost must not change.", "09", "Many examples: why the mean"),
    Mistake("divided by m twice", ("mean over the examples",), "\\tfrac1{{m^2}} \\sum {L}",
            lambda L: L.sum() / (L.shape[1] * L.shape[1]),
            "Each of two lines takes care of the mean.",
            "Give the same example twice: the cost must not change.", "09", "Many examples: why the mean"),
    Mistake("labels by the wrong axis", ("one-hot",), "[{classes} = {labels}]^\\top",
            lambda classes, labels: RULES["one-hot"].formula(classes, labels).T,
            "Elsewhere an example is a row.", "Each column must hold one 1: one label an example.", "12", "Handwritten digits"),
]
# fmt: on
"""The rows of the catalogue for forward and the losses."""
