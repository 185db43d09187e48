"""Exercises of chapter 08, many paths."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpcourse.examples import FOUR_FOUR_TWO, FOUR_FOUR_TWO_X, FOUR_FOUR_TWO_Y
from bpcourse.practice.bank.c07 import FRESH, LOGITS, two_paths
from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Ladder, Numbers, Option, Paper
from bpcourse.practice.worked import of_network

W131 = of_network(
    FOUR_FOUR_TWO, FOUR_FOUR_TWO_X, FOUR_FOUR_TWO_Y, hidden="sigmoid", loss="squared_error", fresh=FRESH, entries=("w_131",)
)

SLOPE = Derivation(
    (Given("z", "z", 2.1, -30, 30, 1),),
    (
        Step("a", "a", "sigmoid", {"x": "z"}),
        Step("slope", "\\sigma'(z)", "local gradient of sigmoid", {"out": "a", "x": "z"}),
    ),
)

THREE_OUTPUTS = Derivation(
    (Given("z", "z^2", np.array([[1.0], [0.5], [-0.5]]), -20, 20, 1), Given("y", "y", np.array([[0.0], [1.0], [0.0]]))),
    (
        Step("a", "\\hat y", "softmax", {"x": "z"}),
        Step("u", "\\partial L/\\partial \\hat y", "slope of squared error", {"y": "y", "a": "a"}),
        Step("delta", "\\delta^2", "back through the softmax", {"u": "u", "a": "a", "y": "y", "z": "z"}),
    ),
)

_UNIT = (
    Given("w_213", "w^2_{13}", 0.2, -9, 9, 1),
    Given("w_223", "w^2_{23}", 0.3, -9, 9, 1),
    Given("z_13", "z^1_3", 2.1, -30, 30, 1),
    Given("x_1", "x_1", 2.0, 2, 5, 0),
)
_FROM_THE_DELTAS = (
    Step("from_1", "\\text{from logit } 1", "upstream times local", {"u": "delta_21", "local": "w_213", "neighbour": "w_223"}),
    Step("from_2", "\\text{from logit } 2", "upstream times local", {"u": "delta_22", "local": "w_223", "neighbour": "w_213"}),
    Step("da", "\\partial L/\\partial a^1_3", "sum over the paths", {"g1": "from_1", "g2": "from_2"}),
    Step("a_13", "a^1_3", "sigmoid", {"x": "z_13"}),
    Step("slope", "\\sigma'(z^1_3)", "local gradient of sigmoid", {"out": "a_13", "x": "z_13"}),
    Step("delta_13", "\\delta^1_3", "upstream times local", {"u": "da", "local": "slope"}),
    Step("dw", "\\partial L/\\partial w^1_{31}", "to the weight", {"u": "delta_13", "a": "x_1", "own": "a_13"}),
)

THROUGH_THE_UNIT = Derivation(
    (Given("delta_21", "\\delta^2_1", -0.1625, -200, 200, 3), *_UNIT),
    (Step("delta_22", "\\delta^2_2", "deltas that sum to zero", {"delta": "delta_21"}), *_FROM_THE_DELTAS),
)

CROSS_ENTROPY = Derivation(
    (LOGITS, Given("y", "y", np.array([[1.0], [0.0]])), *_UNIT),
    (
        Step("a", "\\hat y", "softmax", {"x": "z"}),
        Step("u", "\\partial L/\\partial \\hat y", "slope of cross-entropy", {"y": "y", "a": "a"}),
        Step("delta", "\\delta^2", "back through the softmax", {"u": "u", "a": "a", "y": "y", "z": "z"}),
        Step("delta_21", "\\delta^2_1", "entry of a column", {"a": "delta"}, {"row": 1}),
        Step("delta_22", "\\delta^2_2", "deltas that sum to zero", {"delta": "delta_21"}),
        *_FROM_THE_DELTAS,
    ),
)

RELATIVE_ERROR = Derivation(
    (Given("a", "a", -0.0064, -99, 99, 4), Given("n", "n", 0.0032, -99, 99, 4)),
    (Step("error", "\\text{relative error}", "relative error", {"a": "a", "n": "n"}),),
)


def first_layer_gradient(x: Any, W1: Any, W2: Any, y: Any) -> Any:
    """∂L/∂W1 unit by unit: collect the deltas of the readers, then the sigmoid's slope, then the input."""
    a = 1 / (1 + np.exp(-(W1 @ x)))
    e = np.exp(W2 @ a)
    y_hat = e / e.sum()
    u = 2 * (y_hat - y)
    delta2 = y_hat * (u - (u * y_hat).sum())
    gradient = np.zeros(W1.shape)
    for j in range(len(a)):
        arrives = (delta2 * W2[:, j]).sum()
        gradient[j] = arrives * a[j] * (1 - a[j]) * x
    return gradient


def _networks() -> list[tuple[Any, ...]]:
    """Networks of several sizes, one example each."""
    random = np.random.default_rng(8)
    cases = []
    for inputs, hidden, outputs in ((4, 4, 2), (3, 5, 2), (2, 3, 3), (5, 2, 4)):
        W1, W2 = random.normal(size=(hidden, inputs)), random.normal(size=(outputs, hidden))
        cases.append((random.normal(size=inputs), W1, W2, np.eye(outputs)[random.integers(outputs)]))
    return cases


EXERCISES: list[Exercise] = [
    Choice(
        title="Runs of a check",
        text="From chapter 2: you check the 16 weights of a first layer by central differences. How many runs of the "
        "network does that take?",
        hints=(
            "How many runs does one weight take, and can two weights share one?",
            "The central difference nudges up and down; neither run is the plain one.",
            "Two runs for each weight, none to share.",
        ),
        options=(
            Option("32", "Up and down for each weight, and the run without a nudge is not needed.", True),
            Option("17", "That is the forward difference: one run for each weight, and one without a nudge, which all share."),
            Option("16", "One run a weight says where the loss is after the nudge, but not where it came from."),
            Option("33", "The run without a nudge is not in the formula: it subtracts L(w − ε), not L(w)."),
        ),
        solution="The central difference is $(L(w + \\varepsilon e_i) - L(w - \\varepsilon e_i))/2\\varepsilon$. It takes "
        "two runs for each weight, and none of them serves another weight. The forward difference takes one run for each "
        "weight and one without a nudge, which all share: 17, but it is less exact.",
    ),
    Numbers(
        title="A slope, and its digits",
        text="From chapters 3, 4 and 7: find $a = \\sigma(z)$ and the slope of the sigmoid there, both to four digits. "
        "Carry all digits to the end.",
        hints=(
            "Forward first; the slope is then one product.",
            "The slope is a(1 − a), with the a of your calculator's memory, not of your paper.",
            "Where a is near 0 or 1, one of the factors a and 1 − a is small: digits lost there are lost in the product.",
        ),
        solution="The output is $a = 1/(1 + e^{-z})$, and the slope is $a(1 - a)$. Put in the unrounded $a$: where $a$ is "
        "near 1, $1 - a$ has fewer digits than $a$, and the product has no more than it.",
        derivation=SLOPE,
        asks=("a", "slope"),
    ),
    Numbers(
        title="Deltas of three outputs",
        text="A softmax with three outputs, and the squared error, summed and without a ½. From the logits $z^2$ and the "
        "label $y$ find $\\hat y$, $\\partial L/\\partial \\hat y$ and $\\delta^2$, three numbers each, to four digits. "
        "What must the last three add up to?",
        hints=(
            "Each logit moves all three outputs, so each delta is a sum of three products.",
            "δ of a logit: its own output's share is uⱼŷⱼ(1 − ŷⱼ), each other output r brings −uᵣŷᵣŷⱼ.",
            "That is δⱼ = ŷⱼ (uⱼ − s), where s is the sum of all uᵣŷᵣ: compute s once.",
        ),
        solution="The slopes of the loss are $2(\\hat y - y)$. Each $\\delta_j$ collects from all three outputs, which "
        "gives $\\delta_j = \\hat y_j (u_j - \\sum_r u_r \\hat y_r)$: the sum is the same for all three. As a check the "
        "three deltas add up to 0, for a nudge of all logits together changes no output. ($\\circ$ multiplies entry by entry.)",
        derivation=THREE_OUTPUTS,
        asks=("a", "u", "delta"),
    ),
    Numbers(
        title="Down through one hidden unit",
        text="A hidden unit with the sum $z^1_3$ is read by two logits of a softmax of two, with the weights $w^2_{13}$ and "
        "$w^2_{23}$, and it reads the input $x_1$. You are told $\\delta^2_1$. Find $\\delta^2_2$, what each logit sends "
        "back to $a^1_3$, their sum, the slope of the sigmoid, $\\delta^1_3$ and $\\partial L/\\partial w^1_{31}$, to four "
        "digits.",
        hints=(
            "The second delta needs no new calculation: what do the deltas of a softmax layer add up to?",
            "Each delta comes back through the weight by which its logit reads the unit. Then add.",
            "δ¹₃ = (δ²₁w²₁₃ + δ²₂w²₂₃) · a¹₃(1 − a¹₃); the weight's derivative is that times x₁.",
        ),
        solution="The deltas of a softmax layer sum to 0, which gives $\\delta^2_2$. Each is multiplied by the weight "
        "through which its logit reads the unit, and the two products are added: both logits feel a nudge of $a^1_3$. The "
        "sigmoid's slope $a(1 - a)$ takes that from $a^1_3$ to $z^1_3$, and the input $x_1$ from there to the weight.",
        derivation=THROUGH_THE_UNIT,
        asks=("delta_22", "from_1", "from_2", "da", "slope", "delta_13", "dw"),
    ),
    Choice(
        title="A relative error of 1",
        text="A gradient check with $\\varepsilon = 10^{-5}$ on a loss near 0.1 reports one entry with the relative error "
        "1: your formula gives $3 \\cdot 10^{-18}$, the central difference $-2 \\cdot 10^{-12}$. All other entries agree in "
        "six digits. What do you do?",
        hints=(
            "How large is the noise of the central difference itself?",
            "A loss around 1 is rounded by about 2·10⁻¹⁶. What is left of that after the division by 2ε?",
            "Some 10⁻¹¹ cannot be told from zero. Are both numbers below?",
        ),
        options=(
            Option("Accept the entry: both numbers are zero, as far as this check can see.",
                   "Rounding of about 2·10⁻¹⁶, divided by ε, is some 10⁻¹¹. Both numbers lie below.", True),
            Option("Look for the sign error in the formula.",
                   "Below the noise of the check even the sign is noise. A wrong sign shows where numbers are larger."),
            Option("Make ε smaller, until the two agree.",
                   "A smaller ε makes the noise larger: rounding is divided by ε."),
            Option("Let the check pass every entry below 0.01.",
                   "The derivative of w131, 0.00316, would pass then with any sign. The allowance must come from the "
                   "check's own noise."),
        ),
        solution="Ask first how much the central difference can see. The loss adds up numbers around 1, so it is rounded by about "
        "$10^{-16}$, "
        "and the division by $\\varepsilon$ makes about $10^{-11}$ of that. Both numbers are smaller, so they agree: they "
        "are zero. An exact zero has a reason (here, say, equal weights to both logits), and it is worth finding it.",
    ),
    Ladder(
        title="w131, from forward to the derivative",
        text="The 4-4-2 network of chapters 7 and 8: sigmoid, then softmax, squared error without a ½, all biases 0. Find "
        "$\\partial L/\\partial w^1_{31}$, line by line, to four digits. ($\\circ$ multiplies entry by entry. Entry $j$ of "
        "${W^2}^\\top \\delta^2$ is column $j$ of $W^2$ times $\\delta^2$: the chapter's sum at $a^1_3$, for each hidden unit. With the book's numbers what stands in "
        "place of the first entry, and of that of $\\delta^1$, is a crumb of rounding: it is 0.)",
        hints=(
            "Forward first, keeping everything. Then back, layer by layer: collect first, multiply later.",
            "∂L/∂a¹ⱼ collects from both logits: δ²₁w²₁ⱼ + δ²₂w²₂ⱼ. That is column j of W².",
            "δ¹ⱼ is that times a¹ⱼ(1 − a¹ⱼ); the weight to unit 3 from input 1 gets δ¹₃ times x₁.",
        ),
        solution="Forward gives all activations. The deltas of the outputs come from the loss, through the softmax, each as "
        "a sum over both outputs. They go down through the weights: each hidden unit collects from its two readers. The "
        "sigmoid's slope makes a delta of that, and the input makes a weight's derivative of the delta. So all four paths "
        "are in it, and none was followed twice.",
        derivation=W131,
        steps=("z1", "a1", "z2", "a2", "da2", "delta2", "da1", "slope1", "delta1", "dw_131"),
        shows=("x", "y", "W1", "W2"),
    ),
    Numbers(
        title="Labels that do not sum to one",
        text="A softmax of two with the logits $z^2$, the squared error without a ½, and a label $y$ that is no choice of "
        "one class. Find $\\partial L/\\partial \\hat y$ (both), what reaches $z^2_1$ through $\\hat y_1$ and through "
        "$\\hat y_2$, and $\\delta^2_1$, to four digits. Is each path still half?",
        hints=(
            "The outputs still sum to 1. The errors no longer sum to 0.",
            "The slopes by z²₁ are ŷ₁(1 − ŷ₁) and −ŷ₁ŷ₂, as always: they do not know the label.",
            "Through output r: 2(ŷᵣ − yᵣ) times its slope by z²₁. Then add, with the signs.",
        ),
        solution="The slopes of the softmax do not know the label. What changes are the slopes of the loss: the two errors "
        "are equal and opposite only if the labels sum to 1, as the outputs do. Here they are not, so the two paths bring "
        "different amounts, and here they pull against each other. Doubling the first path would be wrong.",
        derivation=two_paths(LOGITS, [[1], [1]], Given("a_12", "a^1_2", 0.8)),
        asks=("u", "by_1", "by_2", "delta"),
        shows=("z", "y"),
    ),
    Numbers(
        title="The same weight, the other loss",
        text="Now with cross-entropy and the label $y$: a softmax of two has the logits $z^2$, and a hidden unit with the sum $z^1_3$ is read "
        "with the weights $w^2_{13}$ and $w^2_{23}$ and reads $x_1$. Find $\\delta^2$ (both), $\\partial L/\\partial a^1_3$ "
        "and $\\partial L/\\partial w^1_{31}$, to four digits.",
        hints=(
            "The loss function changes the deltas of the output layer, and nothing below.",
            "With softmax and cross-entropy, δ² is prediction minus label.",
            "(δ²₁w²₁₃ + δ²₂w²₂₃) · a¹₃(1 − a¹₃) · x₁.",
        ),
        solution="At the right class the loss has the slope $-1/\\hat y$, elsewhere 0; back through the softmax this "
        "becomes $\\delta^2 = \\hat y - y$. From there on everything is as with the squared error: collect from both "
        "logits, times the sigmoid's slope, times the input.",
        derivation=CROSS_ENTROPY,
        asks=("delta", "da", "dw"),
    ),
    Numbers(
        title="Two numbers compared",
        text="A formula gives the derivative $a$, the central difference gives $n$. Find the relative error as chapter 8 "
        "defines it, to three digits.",
        hints=(
            "By what is the difference divided, so that the units cancel?",
            "Above the line the size of a − n. Below it the larger of the two sizes.",
            "|a − n| / max(|a|, |n|). If the signs differ, the sizes add up above the line.",
        ),
        solution="Above the line stands $|a - n|$, with the signs of both numbers still in it; below it the larger of $|a|$ "
        "and $|n|$. Two numbers of opposite sign give more than 1, and never more than 2: they have no digit in common, "
        "whatever their sizes.",
        derivation=RELATIVE_ERROR,
        asks=("error",),
    ),
    Paper(
        title="Why the deltas sum to zero",
        text="Chapter 8 shows by a nudge that the deltas of a softmax layer sum to 0. Show it again from the formula "
        "$\\delta_j = \\hat y_j (u_j - \\sum_r u_r \\hat y_r)$, where $u_r = \\partial L/\\partial \\hat y_r$, for any loss "
        "and any number of outputs. Then show: a hidden unit which all outputs read with the same weight gets the gradient "
        "0.",
        hints=(
            "The sum over r is one number for all j. Give it a name.",
            "With s for that sum: δⱼ = ŷⱼuⱼ − ŷⱼs. Add over j; what do the ŷⱼ add up to?",
            "For the second part take the common weight out of the sum of δᵣw.",
        ),
        solution="""Write $s = \\sum_r u_r \\hat y_r$. It does not depend on $j$. Then

$$
\\sum_j \\delta_j = \\sum_j \\hat y_j u_j - s \\sum_j \\hat y_j .
$$

The first sum is $s$ itself, with another letter for the index. In the second the outputs add up to 1. So
$\\sum_j \\delta_j = s - s \\cdot 1 = 0$. The loss came in only through $u$, and nothing was asked of $u$.

Now let all outputs read hidden unit $k$ with the same weight $w$. What arrives there is

$$
\\frac{\\partial L}{\\partial a_k} = \\sum_j \\delta_j\\, w = w \\sum_j \\delta_j = 0 .
$$

Times the slope of the unit it stays 0, and so do the derivatives of all weights that lead to the unit. This
is the row of zeros of the 4-4-2 network.""",
    ),
    Code(
        title="The whole first layer",
        text="Write `first_layer_gradient(x, W1, W2, y)`: all derivatives of the squared error $L = \\sum_r (y_r - \\hat "
        "y_r)^2$ by the weights of the first layer, in the shape of `W1`. The hidden layer is a sigmoid, the output a "
        "softmax, and there are no biases; `x` and `y` are arrays with one index.",
        hints=(
            "Four parts: forward; the deltas of the outputs; the deltas of the hidden units; times the inputs.",
            "`delta2 = y_hat * (u - (u * y_hat).sum())` with `u = 2 * (y_hat - y)`. Hidden unit j collects with column j of `W2`.",
            "Row j of the result: `(delta2 * W2[:, j]).sum() * a[j] * (1 - a[j]) * x`.",
        ),
        solution="Forward keeps the hidden activations and the outputs. The deltas of the outputs come through the softmax "
        "from all outputs. Each hidden unit collects these deltas with *its column* of `W2`, the weights of those who read "
        "it. Times its own slope that is its delta, and times each input it is its row of the gradient.",
        stub='''def first_layer_gradient(x, W1, W2, y):
    """The derivatives of the squared error by all weights of the first layer."""
    return None
''',
        solved=first_layer_gradient,
        cases=_networks,
    ),
]  # fmt: skip
