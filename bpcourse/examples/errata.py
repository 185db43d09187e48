"""The slips of the four sources: as printed, as it should be, and a computed check.

Book: errata.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bpcourse.examples import (
    FOUR_FOUR_TWO,
    FOUR_FOUR_TWO_X,
    FOUR_FOUR_TWO_Y,
    PRODUCT,
    PRODUCT_PRINTED,
    add_then_multiply,
    four_four_two,
    source_003,
)
from bpcourse.graph import Value, evaluate, exp, gradient, square, topological_order
from bpcourse.network import backpropagation, forward
from bpcourse.numeric import central_difference


class Slip(NamedTuple):
    """One slip: source, chapter, the line as printed, the right one, and the check.

    `check()` returns two numbers: what the printed line gives, and what is right,
    the second found by another way than the printed line's.
    """

    source: str
    chapter: str
    printed: str
    right: str
    check: Callable[[], tuple[float, float]]


def _ignored_upstream() -> tuple[float, float]:
    f = add_then_multiply()
    nodes = {node.name: node for node in topological_order(f)}
    q, x = nodes["q"], nodes["x"]
    (local,) = gradient(q, [x])
    return local.value, _nudged(f, x)


def _reversed_local() -> tuple[float, float]:
    f = add_then_multiply()
    q = next(node for node in topological_order(f) if node.name == "q")
    return 1 / gradient(f, [q])[0].value, f.inputs[1].value


def _of_the_parameter() -> tuple[float, float]:
    nodes = four_four_two()
    w = nodes["w_212"]
    return gradient(w, [w])[0].value, _nudged(nodes["loss"], w)


def _unstated_mean() -> tuple[float, float]:
    X, Y = (np.tile(column[:, None], (1, 2)) for column in (FOUR_FOUR_TWO_X, FOUR_FOUR_TWO_Y))
    names = {"hidden": "sigmoid", "output": "softmax"}
    cache = forward(X, FOUR_FOUR_TWO, **names)
    dZ = backpropagation(cache, Y, FOUR_FOUR_TWO, **names, loss="cross_entropy")["dZ2"]

    def cost_at(logit: np.ndarray) -> float:
        Z = cache["Z2"].copy()
        Z[0, 0] = logit
        return float(-np.log((np.exp(Z) / np.exp(Z).sum(axis=0))[0]).mean())

    return float(dZ[0, 0]), float(central_difference(cost_at, cache["Z2"][0, 0]))


def _missing_half() -> tuple[float, float]:
    a, y = 0.75, 1.0
    return a - y, float(central_difference(lambda t: float((y - t) ** 2), a))


def _missing_limit() -> tuple[float, float]:
    a, h = 4.0, 0.1
    return ((a + h) ** 2 - a**2) / h, float(central_difference(lambda t: float(t * t), a))


def _one_letter() -> tuple[float, float]:
    a, b, h = 4.0, 3.0, 1.0
    return a * b + h * (a * a + b * b), (a + h * b) * (b + h * a)


def _in_turn() -> tuple[float, float]:
    a, b, h = -PRODUCT["a"], -PRODUCT["b"], PRODUCT["h"]
    return PRODUCT_PRINTED["derivatives from (-4, -3)"], (a + h * b) * (b + h * a)


def _tower_left_side() -> tuple[float, float]:
    x = Value(0.7, "x")
    inner = exp(square(x))
    return gradient(inner, [x])[0].value, _nudged(exp(inner), x)


def _uphill_bias() -> tuple[float, float]:
    nodes = four_four_two()
    loss, b = nodes["loss"], nodes["b_21"]
    (slope,) = gradient(loss, [b])
    return evaluate(loss, {b: b.value + slope.value}), evaluate(loss, {b: b.value - slope.value})


def _neighbours_slope() -> tuple[float, float]:
    nodes = four_four_two()
    return gradient(nodes["loss"], [nodes["w_121"]])[0].value, _nudged(nodes["loss"], nodes["w_122"])


def _label_for_prediction() -> tuple[float, float]:
    nodes = four_four_two()
    loss = nodes["loss"]
    return gradient(loss, [nodes["y_1"]])[0].value, _nudged(loss, nodes["a_21"])


def _softmax_middle() -> tuple[float, float]:
    nodes = four_four_two()
    z1, z2 = nodes["z_21"].value, nodes["z_22"].value
    return math.exp(-z1) / (math.exp(-z1) + math.exp(z2)), nodes["a_21"].value


def _three_products() -> tuple[float, float]:
    nodes = four_four_two()
    products = [nodes[f"w_21{k}"].value * nodes[f"a_1{k}"].value for k in (1, 2, 3, 4)]
    return sum(products[:3]), nodes["z_21"].value


def _one_path_each() -> tuple[float, float]:
    nodes = four_four_two()
    loss, w = nodes["loss"], nodes["w_131"]
    share = 0.0
    for output, logit in ("a_21", "z_21"), ("a_22", "z_22"):
        chain = (loss, output), (nodes[output], logit), (nodes[logit], "w_131")
        share += math.prod(gradient(v, [nodes[name]])[0].value for v, name in chain)
    return share, _nudged(loss, w)


def _printed(quantity: str, which: int = 0) -> Callable[[], tuple[float, float]]:
    """A line of the table `source_003`: what it prints, and what is exact."""

    def check() -> tuple[float, float]:
        line = next(line for line in source_003() if line.quantity == quantity)
        return line.printed[which], line.exact[0]

    return check


def _nudged(output: Value, x: Value) -> float:
    return float(central_difference(lambda t: evaluate(output, {x: float(t)}), x.value))


SLIPS: list[Slip] = [
    Slip("000", "03", "the value of $\\partial f/\\partial q$ is “not useful”",
         "It is the upstream gradient of the gate that made $q$; without it only the local gradient is left.",
         _ignored_upstream),
    Slip("000", "03", "the “local gradient of its inputs with respect to its output”",
         "Of its output with respect to its inputs: at $f = qz$ it is $\\partial f/\\partial q = z$.",
         _reversed_local),
    Slip("001", "02", "partial derivatives “of the parameters”",
         "Of the cost with respect to the parameters. A parameter's own derivative is 1.",
         _of_the_parameter),
    Slip("001", "09", "`dZ` and `dA` without $1/m$, `dW` and `db` with it, unstated",
         "`dZ` and `dA` belong to single examples: the cost's own derivative with respect to $z$ is `dZ`$/m$. Here $m = 2$.",
         _unstated_mean),
    Slip("001", "10", "$dZ = A - Y$ for regression",
         "Right for ½ of the squared error; for the squared error itself it is $2(A - Y)$. Here $a = 0.75$, $y = 1$.",
         _missing_half),
    Slip("002", "01", "$\\frac{\\partial f}{\\partial a} = \\frac{f(a + h, b) - f(a, b)}{h}$",
         "The limit for $h \\to 0$. For a product the quotient is exact; for $a^2$ at 4 with $h = 0.1$ it is not.",
         _missing_limit),
    Slip("002", "01", "$h$ for the difference step and for the step size",
         "Two jobs, two letters. A quotient with $h = 1$ is exact here; a step with $h = 1$ from $(4, 3)$ misses.",
         _one_letter),
    Slip("002", "01", "`a=a+h*b`, then `b=b+h*a`; 12.252",
         "All derivatives at one point, then all moves. The printed program lets `b` read the new `a`.",
         _in_turn),
    Slip("003", "04", "$\\frac{de^{x^2}}{dx} = \\dots = 2xe^{x^2}e^{e^{x^2}}$",
         "The left side is $\\frac{d}{dx}e^{e^{x^2}}$. Here at $x = 0.7$.",
         _tower_left_side),
    Slip("003", "12", "$b_i = b_i + \\eta\\,\\Delta b_i$",
         "Minus, as for the weights. The loss after one step of $b^2_1$ with $\\eta = 1$, each way; it begins at 0.105491.",
         _uphill_bias),
    Slip("003", "12", "$w_{112} = w_{112} - \\eta\\,\\Delta w_{111}$",
         "$\\Delta w_{112}$. Our numbers are those of the neighbours $w^1_{21}$ and $w^1_{22}$.",
         _neighbours_slope),
    Slip("003", "07", "$\\frac{\\partial L}{\\partial \\hat y_1} = \\frac{\\partial}{\\partial y_1}[\\dots]$",
         "$\\partial/\\partial \\hat y_1$: the label $y_1$ is a constant. The other derivative has the other sign.",
         _label_for_prediction),
    Slip("003", "07", "$\\hat y_1 = \\dots = \\frac{e^{-z_1}}{e^{-z_1} + e^{z_2}} = \\dots$",
         "$\\frac{1}{1 + e^{z_2 - z_1}}$, after division by $e^{z_1}$.",
         _softmax_middle),
    Slip("003", "07", "“three” products in $z^2_1$",
         "Four, one for each hidden unit.",
         _three_products),
    Slip("003", "07", "$\\frac{\\partial \\hat y_1}{\\partial z_1} = \\hat y_1(1 - \\hat y_1)(-z_2) = -0.079$",
         "$\\hat y_1(1 - \\hat y_1)$: the factor $-z^2_2$ should be 1.",
         _printed("∂ŷ1/∂z21")),
    Slip("003", "08", "$\\frac{\\partial \\hat y_2}{\\partial z_2} = -0.293$",
         "$\\hat y_2(1 - \\hat y_2)$: the factor $-z^2_1$ should be 1.",
         _printed("∂ŷ2/∂z22")),
    Slip("003", "07", "$\\partial L/\\partial w_{212} = -0.029$",
         "Both paths, without the factor. The product that is printed before it is $+0.029$.",
         _printed("∂L/∂w212")),
    Slip("003", "07", "$-0.065$, used in the update of $w_{212}$",
         "Twice that: the path through $\\hat y_2$ counts too.",
         _printed("∂L/∂w212", 1)),
    Slip("003", "07", "$w_{212} = 0.865$ after the step",
         "With the derivative of the loss as it is defined.",
         _printed("w212 after η = 1")),
    Slip("003", "08", "$h_{13}(1 - h_{13}) = 0.0979$",
         "From the rounded $0.89$; all digits give the other number.",
         _printed("a13(1−a13)")),
    Slip("003", "08", "$\\partial L/\\partial w_{131}$ in symbols: one path for each output",
         "Each logit moves both outputs: four paths. The two give half of it.",
         _one_path_each),
    Slip("003", "08", "$\\partial L/\\partial w_{131} = -6.4 \\cdot 10^{-3}$",
         "Four paths, without the factors. The sign is the other one.",
         _printed("∂L/∂w131")),
]  # fmt: skip
"""Every slip that the book names, in the order of the sources."""
