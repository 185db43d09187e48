"""The slips of the four sources: as printed, as it should be, and a computed check.

They are in the sources' own symbols, where a is a weighted sum in the PadhAI notes.

Book: errata.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bpcourse.examples import (
    PADHAI,
    PADHAI_X,
    PADHAI_Y,
    PRODUCT,
    PRODUCT_PRINTED,
    add_then_multiply,
    padhai,
    source_003,
)
from bpcourse.graph import Value, evaluate, exp, gradient, square, topological_order
from bpcourse.network import backpropagation, forward
from bpcourse.numeric import central_difference


class Slip(NamedTuple):
    """One slip: source, chapter, the line as printed, the right one, and the check.

    `check()` returns two numbers: what the printed line gives, and what is right,
    the second found by another way than the printed line's; `names` says what
    they are. A slip of words alone has no check.
    """

    source: str
    chapter: str
    printed: str
    right: str
    check: Callable[[], tuple[float, float]] | None
    names: tuple[str, str] = ("as printed", "right")


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


def _unstated_mean() -> tuple[float, float]:
    X, Y = (np.tile(column[:, None], (1, 2)) for column in (PADHAI_X, PADHAI_Y))
    names = {"hidden": "sigmoid", "output": "softmax"}
    cache = forward(X, PADHAI, **names)
    dZ = backpropagation(cache, Y, PADHAI, **names, loss="cross_entropy")["dZ2"]

    def cost_at(logit: np.ndarray) -> float:
        Z = cache["Z2"].copy()
        Z[0, 0] = logit
        return float(-np.log((np.exp(Z) / np.exp(Z).sum(axis=0))[0]).mean())

    return float(dZ[0, 0]), float(central_difference(cost_at, cache["Z2"][0, 0]))


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
    nodes = padhai()
    loss, b = nodes["loss"], nodes["b_21"]
    (slope,) = gradient(loss, [b])
    return evaluate(loss, {b: b.value + slope.value}), evaluate(loss, {b: b.value - slope.value})


def _neighbours_slope() -> tuple[float, float]:
    nodes = padhai()
    return gradient(nodes["loss"], [nodes["w_121"]])[0].value, _nudged(nodes["loss"], nodes["w_122"])


def _label_for_prediction() -> tuple[float, float]:
    nodes = padhai()
    loss = nodes["loss"]
    return gradient(loss, [nodes["y_1"]])[0].value, _nudged(loss, nodes["a_21"])


def _softmax_middle() -> tuple[float, float]:
    nodes = padhai()
    z1, z2 = nodes["z_21"].value, nodes["z_22"].value
    return math.exp(-z1) / (math.exp(-z1) + math.exp(z2)), nodes["a_21"].value


def _three_products() -> tuple[float, float]:
    nodes = padhai()
    products = [nodes[f"w_21{k}"].value * nodes[f"a_1{k}"].value for k in (1, 2, 3, 4)]
    return sum(products[:3]), nodes["z_21"].value


def _one_path_each() -> tuple[float, float]:
    nodes = padhai()
    loss, w = nodes["loss"], nodes["w_131"]
    share = 0.0
    for output, logit in ("a_21", "z_21"), ("a_22", "z_22"):
        chain = (loss, output), (nodes[output], logit), (nodes[logit], "w_131")
        share += math.prod(gradient(v, [nodes[name]])[0].value for v, name in chain)
    return share, _nudged(loss, w)


def _turned_sensitivity() -> tuple[float, float]:
    f = add_then_multiply()
    x = next(node for node in topological_order(f) if node.name == "x")
    slope = _nudged(f, x)
    return 1 / slope, slope


def _two_passes() -> tuple[float, float]:
    W1, W2 = PADHAI["W1"], PADHAI["W2"]
    there = W1.size + W2.size
    back = W1.size + W2.size + W2.size  # dW1, dW2 and dA1
    return 2.0, (there + back) / there


def _entry_by_entry() -> tuple[float, float]:
    nodes = padhai("cross_entropy")
    loss, output, logit = nodes["loss"], nodes["a_22"], nodes["z_22"]
    printed = gradient(loss, [output])[0].value * gradient(output, [logit])[0].value
    return printed + 0.0, _nudged(loss, logit)


def _lower_hill() -> tuple[float, float]:
    x = -1.5
    for _ in range(10_000):
        x += 0.01 * (-4 * x**3 + 4 * x + 0.5)
    heights = [-(t**4) + 2 * t**2 + 0.5 * t for t in (x, *np.linspace(-2, 2, 4001))]
    return heights[0], max(heights)


def _loss_for_its_derivative() -> tuple[float, float]:
    nodes = padhai()
    return nodes["loss"].value, _nudged(nodes["loss"], nodes["a_21"])


def _straight_path() -> tuple[float, float]:
    nodes = padhai()
    chain = ("loss", "a_21"), ("a_21", "z_21"), ("z_21", "w_212")
    return math.prod(gradient(nodes[v], [nodes[x]])[0].value for v, x in chain), _nudged(nodes["loss"], nodes["w_212"])


def _sign_of_a_product() -> tuple[float, float]:
    return -0.029, (-0.46) * (-0.079) * 0.80


def _cut_off() -> tuple[float, float]:
    return -6.4e-3, (-0.46 * -0.079 * 0.20 + 0.46 * -0.293 * 0.3) * 0.0979 * 2


def _two_formulas() -> tuple[float, float]:
    return -6.4e-3, _one_path_each()[0]


def _biases() -> tuple[float, float]:
    return 2.0, float(sum(PADHAI[name].size for name in ("b1", "b2")))


def _two_losses() -> tuple[float, float]:
    squared, crossed = padhai("squared_error"), padhai("cross_entropy")
    return _nudged(squared["loss"], squared["w_212"]), _nudged(crossed["loss"], crossed["w_212"])


def _printed(quantity: str, which: int = 0) -> Callable[[], tuple[float, float]]:
    """A line of the table `source_003`: what it prints, and what is exact."""

    def check() -> tuple[float, float]:
        line = next(line for line in source_003() if line.quantity == quantity)
        return line.printed[which], line.exact[0]

    return check


def _nudged(output: Value, x: Value) -> float:
    return float(central_difference(lambda t: evaluate(output, {x: float(t)}), x.value))


SLIPS: list[Slip] = [
    Slip("gupta2017", "03", "“the value of ∂f/∂q is not useful”",
         "It is the upstream gradient of the gate that made q, and without it only that gate's local gradient is left. The "
         "article uses it three "
         "sentences later, and its 1\\* -4 = -4 is right. The sentence comes from the CS231n notes {cite}`cs231n`.",
         _ignored_upstream, ("without it", "with it, by a nudge of x")),
    Slip("gupta2017", "03", "“the sensitivity of the variables `x,y,z` on `f`”",
         "The sensitivity of f to x, y and z. This sentence, too, is that of the CS231n notes.",
         _turned_sensitivity, ("x on f", "f to x")),
    Slip("gupta2017", "03", "“the local gradient of its inputs with respect to its output value”",
         "Of its output with respect to its inputs: at f = qz it is ∂f/∂q = z. So it once stood in the CS231n notes, which have "
         "since turned it round.",
         _reversed_local, ("q with respect to f", "f with respect to q")),
    Slip("gupta2017", "13", "“roughly the same as making just two forward passes”",
         "Nielsen's count {cite}`nielsen2015`, and he says “roughly”. It reckons the way back as one pass; counted in "
         "multiplications the whole lies between two "
         "and three. Here for the 4-4-2 network.",
         _two_passes, ("as printed", "counted")),
    Slip("rathi2018", "09", '`grads["dZ" + str(L)]= cache["A" + str(L)] - Y` without $1/m$, `dW` and `db` with it',
         "The program is right. What it does not say is that its `dZ` belongs to single examples: the derivative of the cost is "
         "`dZ`$/m$. Here $m = 2$.",
         _unstated_mean, ("`dZ`", "derivative of the cost")),
    Slip("rathi2018", "10", "“for any output layer activation function … just like in the general case”",
         "For any that works entry by entry. A softmax's outputs read all its sums, and need the whole Jacobian. Here the 4-4-2 "
         "network with cross-entropy, "
         "the sum of its second output.",
         _entry_by_entry, ("entry by entry", "by a nudge")),
    Slip("chhabra2017", "01", "$\\frac{\\partial f}{\\partial a} = \\frac{f((a + h), b) - f(a, b)}{h}$",
         "The limit for $h \\to 0$. For a product the quotient is exact; for $a^2$ at 4 with $h = 0.1$ it is not.",
         _missing_limit, ("quotient", "limit")),
    Slip("chhabra2017", "01", "$h$ in the quotient, and $h$ in $a = a + h * \\frac{\\partial f}{\\partial a}$",
         "Two jobs, two letters. A quotient with $h = 1$ is exact here; a step with $h = 1$ from $(4, 3)$ does not end where "
         "the derivatives say.",
         _one_letter, ("as the derivatives say", "where it ends")),
    Slip("chhabra2017", "01", "`a=a+h*b`, then `b=b+h*a`; “12.252”",
         "The formulas above it move both inputs by the derivatives at one point. The program lets `b` read the new `a`; what "
         "it prints is right for "
         "the program. Both climb.",
         _in_turn, ("in turn", "at once")),
    Slip("chhabra2017", "01", "“It fails for some poorly defined convex functions”",
         "A walk uphill ends on a top near by, which need not be the highest. That takes several tops; a convex function, "
         "which bends upward, has none. Here $-x^4 + 2x^2 + \\frac{x}{2}$ from $x = -1.5$.",
         _lower_hill, ("reached", "highest")),
    Slip("padhai", "04", "$\\frac{de^{x^2}}{dx} = \\dots = 2xe^{x^2} e^{e^{x^2}}$",
         "The left side is $\\frac{de^{e^{x^2}}}{dx}$, as in the line above it. The first factor, "
         "$\\frac{de^{x^2}}{de^{x^2}}$, lacks the same $e$. Here at $x = 0.7$.",
         _tower_left_side, ("left side", "right side")),
    Slip("padhai", "05", "“we will focused on w_{22}”, “with respect to w_{22}”",
         "$w_{222}$, as in the formulas beside it.",
         None),
    Slip("padhai", "06", "$b = \\begin{bmatrix} 0 & 0 \\end{bmatrix}$",
         "The network has four biases in its first layer and two in its second. All are 0, so no number changes.",
         _biases, ("entries", "biases")),
    Slip("padhai", "06", "$w_{212}$: “last 2 represents that it connecting 2nd neuron of the second layer”",
         "The 2nd unit of the hidden layer, which is the first of the two layers that have weights. The formula for $a_{21}$ "
         "has it right: "
         "$w_{212}$ stands before $h_{12}$.",
         None),
    Slip("padhai", "07", "“$L(w, b)$ Cross-entropy loss function”",
         "The examples use the squared error. Either will do, but the derivatives differ. Here both for $w_{212}$.",
         _two_losses, ("squared error", "cross-entropy")),
    Slip("padhai", "07", "$\\frac{\\partial L}{\\partial \\hat{y}_1} = \\sum_{i=1}^2 (y_i - \\hat{y}_i)^2$",
         "The right side is $L$ itself, not yet its derivative.",
         _loss_for_its_derivative, ("right side", "left side")),
    Slip("padhai", "07", "$\\frac{\\partial L}{\\partial \\hat{y}_1} = \\frac{\\partial}{\\partial y_1} [(y_1 - \\hat{y}_1)^2 + "
         "(y_2 - \\hat{y}_2)^2]$",
         "$\\frac{\\partial}{\\partial \\hat{y}_1}$: the label $y_1$ is a constant. The derivative with respect to it has the "
         "other sign.",
         _label_for_prediction),
    Slip("padhai", "07", "$\\hat{y}_1 = \\left(\\frac{e^{-a_{21}}}{e^{-a_{21}} + e^{a_{22}}} \\right) = \\frac{1}{1 + "
         "e^{-(a_{21} - a_{22})}}$",
         "After multiplication by $e^{-a_{21}}$ the middle is $\\frac{1}{1 + e^{a_{22} - a_{21}}}$, as on the right.",
         _softmax_middle, ("middle", "right side")),
    Slip("padhai", "07", "“a21 is written as below the some of these 3 products”",
         "Four, one for each hidden unit, as in the formula above it.",
         _three_products, ("three", "four")),
    Slip("padhai", "07", "$\\frac{\\partial \\hat{y}_1}{\\partial a_{21}} = \\hat{y}_1 * (1 - \\hat{y}_1)(-a_{22}) = -0.079$",
         "$\\hat{y}_1 * (1 - \\hat{y}_1)$: the factor $-a_{22}$ should be 1.",
         _printed("∂ŷ1/∂z21")),
    Slip("padhai", "07", "$(-0.46) * (-0.079) * (0.80) = -0.029$",
         "Two minus signs make a plus.",
         _sign_of_a_product, ("as printed", "multiplied")),
    Slip("padhai", "07", "$\\frac{\\partial L}{\\partial w_{212}} = \\dots = -0.029$",
         "With both paths, and without the factor.",
         _printed("∂L/∂w212")),
    Slip("padhai", "07", "$\\frac{\\partial L}{\\partial w_{212}} = \\dots = \\left(\\frac{\\partial L}{\\partial \\hat{y}_1} "
         "\\right) \\cdot \\left(\\frac{\\partial "
         "\\hat{y}_1}{\\partial a_{21}} \\right) \\cdot \\left(\\frac{\\partial a_{21}}{\\partial w_{212}} \\right)$",
         "One of two paths: $a_{21}$ moves $\\hat{y}_2$ as well.",
         _straight_path, ("one path", "both, by a nudge")),
    Slip("padhai", "07", "$w_{212} = 0.8 - (1) * (-0.065)$",
         "Not the $-0.029$ of the line before, nor the derivative, which is twice as large.",
         _printed("∂L/∂w212", 1)),
    Slip("padhai", "07", "$w_{212} = 0.865$",
         "With the derivative of the loss as it is defined.",
         _printed("w212 after η = 1")),
    Slip("padhai", "08", "$\\frac{\\partial \\hat{y}_2}{\\partial a_{22}} = \\hat{y}_2 * (1 - \\hat{y}_2) * (-a_{21}) = -0.293$",
         "$\\hat{y}_2 * (1 - \\hat{y}_2)$: the factor $-a_{21}$ should be 1.",
         _printed("∂ŷ2/∂z22")),
    Slip("padhai", "08", "$h_{13} * (1 - h_{13}) = 0.0979$",
         "From the rounded $0.89$; all digits give the other number.",
         _printed("a13(1−a13)")),
    Slip("padhai", "08", "$\\frac{\\partial L}{\\partial w_{131}} = (-2(y_1 - \\hat{y}_1) * \\hat{y}_1(1 - \\hat{y}_1) * "
         "w_{213} + -2(y_2 - \\hat{y}_2) * "
         "\\hat{y}_2(1 - \\hat{y}_2) * w_{223}) * h_{13}(1 - h_{13}) * x_1$",
         "Each sum moves both outputs, so there are four paths. The two that stand here give half of it.",
         _one_path_each, ("two paths", "four, by a nudge")),
    Slip("padhai", "08", "the same formula, $= (-0.46 * -0.079 * 0.20 + 0.46 * -0.293 * 0.3) * 0.0979 * 2$",
         "The formula has no factors $-a_{22}$ and $-a_{21}$; the numbers put in for it have them.",
         _two_formulas, ("as printed", "the formula")),
    Slip("padhai", "08", "$(-0.46 * -0.079 * 0.20 + 0.46 * -0.293 * 0.3) * 0.0979 * 2 = -6.4 \\times 10^{-3}$",
         "Rounded to two digits it is $-6.5 \\times 10^{-3}$. The 4 may come from a calculation with all digits.",
         _cut_off, ("as printed", "multiplied")),
    Slip("padhai", "08", "$\\frac{\\partial L}{\\partial w_{131}} = \\dots = -6.4 \\times 10^{-3}$",
         "With four paths, and without the factors. The sign is the other one.",
         _printed("∂L/∂w131")),
    Slip("padhai", "12", "$b_i = b_i + \\eta \\Delta^{b_i}$",
         "Minus, as for the weights. Here the loss after one step of the first output's bias with $\\eta = 1$; it begins at "
         "0.105491.",
         _uphill_bias, ("plus", "minus")),
    Slip("padhai", "12", "$w_{112} = w_{112} - \\eta \\Delta w_{111}$",
         "$\\Delta w_{112}$. Here the derivatives by $w_{121}$ and $w_{122}$, since in the 4-4-2 network those by $w_{111}$ and "
         "$w_{112}$ are both 0.",
         _neighbours_slope, ("the neighbour's", "its own")),
]  # fmt: skip
"""Every slip of the sources that we know of, source by source, by chapter."""
