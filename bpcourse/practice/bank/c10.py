"""Exercises of chapter 10, output layers."""

import numpy as np

from bpcourse.graph import Value, log
from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Ladder, Numbers, Option, Paper
from bpcourse.practice.worked import of_circuit


def column(*numbers: float) -> np.ndarray:
    """Numbers one below the other."""
    return np.array(numbers, dtype=float)[:, None]


def output_layer(z: np.ndarray, y: np.ndarray, output: str, loss: str, draws: tuple[int, int, int]) -> Derivation:
    """From logits to the loss, and back to delta."""
    read = {"y": "y", "a": "a"}
    steps = [Step("a", "\\hat y", output, {"x": "z"}), Step("loss", "L", loss, read)]
    if output == "identity":
        steps.append(Step("delta", "\\delta", "output minus label", read))
    else:
        steps.append(Step("u", "\\partial L/\\partial \\hat y", f"slope of {loss}", read))
    if output == "softmax":
        steps.append(Step("delta", "\\delta", "back through the softmax", {"u": "u", **read, "z": "z"}))
    if output == "sigmoid":
        steps.append(Step("slope", "\\sigma'(z)", "local gradient of sigmoid", {"out": "a", "x": "z"}))
        steps.append(Step("delta", "\\delta", "upstream times local", {"u": "u", "local": "slope"}))
    return Derivation((Given("z", "z", z, *draws), Given("y", "y", y)), tuple(steps))


def surprise() -> Derivation:
    """f = −ln p."""
    q = log(Value(0.25, "p"))
    f = -q
    q.name, f.name = "q", "f"
    return of_circuit(f, fresh={"p": (10, 95, 2)})


HALF_SQUARED = output_layer(column(1.5, -0.5), column(0.8, 0.2), "identity", "half the squared error", (-30, 30, 1))

SURE_AND_WRONG = output_layer(column(2.2), column(0), "sigmoid", "binary cross-entropy", (20, 45, 1))

SOFTMAX = Derivation(
    (Given("z", "z", column(1.0, 2.0, -0.5), -20, 25, 1), Given("y", "y", column(0, 0, 1))),
    (
        Step("E", "E", "exp", {"x": "z"}),
        Step("S", "S", "sum down the column", {"x": "E", "z": "z"}),
        Step("a", "\\hat y", "share of the sum", {"e": "E", "S": "S", "z": "z"}),
        Step("loss", "L", "cross-entropy", {"y": "y", "a": "a"}),
        Step("u", "\\partial L/\\partial \\hat y", "slope of cross-entropy", {"y": "y", "a": "a"}),
        Step("delta", "\\delta", "back through the softmax", {"u": "u", "a": "a", "z": "z", "label": "y"}),
    ),
)

MIXED = output_layer(column(0.5, 1.5, -1.2), column(1, 0, 0), "sigmoid", "cross-entropy", (-20, 20, 1))

LARGE_LOGITS = Derivation(
    (Given("z_1", "z_1", 801.2, 8005, 8014, 1), Given("z_2", "z_2", 800.4, 7996, 8004, 1)),
    (
        Step("M", "M", "maximum", {"a": "z_1", "b": "z_2"}),
        Step("S", "S", "exponentials after the largest", {"a": "z_1", "b": "z_2", "M": "M"}),
        Step("loss", "L", "loss from the logits", {"M": "M", "S": "S", "z": "z_2", "other": "z_1"}),
    ),
)


def cross_entropy_from_logits(Z: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """The cross-entropy of a softmax for each example."""
    largest = Z.max(axis=0)
    log_of_sum = largest + np.log(np.exp(Z - largest).sum(axis=0))
    return log_of_sum - (Y * Z).sum(axis=0)


def _logits_and_labels() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(10)
    cases = []
    for units, examples, size in (3, 1, 1.0), (2, 4, 3.0), (5, 3, 1.0), (4, 5, 800.0):
        Z = size * rng.normal(size=(units, examples))
        cases.append((Z, np.eye(units)[:, rng.integers(0, units, examples)]))
    return cases


EXERCISES: list[Exercise] = [
    Numbers(
        title="Through a logarithm",
        text="From chapters 3 and 7: the output of a circuit is $f = -\\ln p$. Find $\\partial f/\\partial p$, to four digits.",
        hints=(
            "Two gates: a logarithm, then a minus. Each has its local gradient.",
            "Along one path the local gradients multiply.",
            "The slope of ln p is 1/p; the minus turns its sign.",
        ),
        solution="The logarithm's local gradient is $1/p$, and the minus turns the sign of what comes back: $-\\frac1p$. "
        "It is negative: a larger probability costs less. And it is steep where $p$ is small.",
        derivation=surprise(),
        asks=("dp",),
    ),
    Choice(
        title="Who feels a nudge of a logit?",
        text="From chapter 7: the 4-4-2 network ends in a softmax of two units, and its loss is the squared error. A nudge of "
        "$w^2_{12}$ moves the logit $z^2_1$ alone. What does $\\partial L/\\partial z^2_1$ need?",
        options=(
            Option(
                "The slopes of $L$ at both outputs, $\\hat y_1$ and $\\hat y_2$.",
                "Every logit stands in the softmax's denominator. So $z^2_1$ moves both outputs, and there are two paths to add.",
                right=True,
            ),
            Option(
                "The slope of $L$ at $\\hat y_1$ alone.",
                "That is right for a sigmoid. In a softmax, $z^2_1$ stands in the denominator of $\\hat y_2$, too: "
                "nudge it and watch $\\hat y_2$ fall. Without that path the number comes out half as large.",
            ),
            Option(
                "The slope of $L$ at $\\hat y_2$ alone.",
                "The logit stands in the numerator of $\\hat y_1$, too: that path brings as much again.",
            ),
            Option(
                "Neither: the outputs sum to 1, so what one gains the other loses, and the two paths cancel.",
                "The two *moves* cancel. But the slopes of $L$ at the two outputs have opposite signs, so the two products have the same.",
            ),
        ),
        hints=(
            "Write the softmax of two units as fractions.",
            "Where does z²₁ stand: in the numerator, in the denominator, in both?",
            "Count the outputs whose fraction contains z²₁: each begins a path.",
        ),
        solution="The slopes at both. $\\hat y_1 = e^{z_1}/(e^{z_1} + e^{z_2})$ and $\\hat y_2 = e^{z_2}/(e^{z_1} + e^{z_2})$: "
        "the first logit stands in both fractions, so two paths lead from it to the loss, and paths add.",
    ),
    Numbers(
        title="Two numbers to predict",
        text="A linear output of two units, and half the squared error. Find the loss $L$ to four digits, and $\\delta$ for "
        "both units.",
        hints=(
            "With a linear output the prediction is the logit itself.",
            "L = ½ (sum of both squared misses). Its slope loses the ½.",
            "δ_j = ŷ_j − y_j.",
        ),
        solution="A linear output hands $z$ on as it is. The loss is half the sum of the squared misses. "
        "Each $z_j$ stands in one square; its derivative is $\\tfrac12 \\cdot 2 \\cdot (\\hat y_j - y_j)$, and the ½ cancels "
        "the 2.",
        derivation=HALF_SQUARED,
        asks=("loss", "delta"),
    ),
    Numbers(
        title="Sure, and wrong",
        text="A sigmoid unit with binary cross-entropy. Its label is 0. Find its output $\\hat y$, the loss, "
        "$\\partial L/\\partial \\hat y$ and $\\delta$, each to four digits.",
        hints=(
            "With the label 0 only one of the loss's two terms is left.",
            "L = −ln(1 − ŷ). Its slope at ŷ is 1/(1 − ŷ).",
            "δ is that slope times the sigmoid's slope ŷ(1 − ŷ). Something cancels.",
        ),
        solution="The label is 0, so $L = -\\ln(1 - \\hat y)$, and a larger $\\hat y$ costs more: "
        "the slope is $1/(1 - \\hat y)$, which is steep. "
        "The sigmoid is flat there, with the slope $\\hat y (1 - \\hat y)$. The product is $\\hat y$, that is $\\hat y - y$: "
        "steep times flat.",
        derivation=SURE_AND_WRONG,
        asks=("a", "loss", "u", "delta"),
    ),
    Ladder(
        title="Softmax with cross-entropy",
        text="Three classes; the label is the third. Go from the logits to $\\delta$ step by step, with no use of the formula "
        "$\\hat y - y$: the exponentials $E$, their sum $S$, the outputs, the loss, its slopes, $\\delta$, all to four digits. "
        "Then compare $\\delta$ with $\\hat y - y$.",
        hints=(
            "The loss reads one output, but every logit moves that output.",
            "Of ∂L/∂ŷ only the third entry is not 0: minus one over ŷ₃.",
            "δ_j = ŷ_j (u_j − Σ u_i ŷ_i), with u = ∂L/∂ŷ. The sum has one term: u₃ ŷ₃.",
        ),
        solution="The exponentials, divided by their sum, are the outputs. The loss is $-\\ln \\hat y_3$, so its slope is "
        "$-\\frac{1}{\\hat y_3}$ at the third output and 0 at the others. Through the softmax each $u_j$ is compared with the average of all, weighted by $\\hat y$ (chapter 8 used it; the next section proves it). Here that is "
        "$-\\frac{1}{\\hat y_3} \\cdot \\hat y_3$, minus one whatever the logits are. "
        "So $\\delta_j = \\hat y_j (0 + 1)$ for the wrong classes and $\\hat y_3 (1 - 1/\\hat y_3) = \\hat y_3 - 1$ for the "
        "right one: "
        "that is $\\hat y - y$, entry by entry.",
        derivation=SOFTMAX,
        steps=("E", "S", "a", "loss", "u", "delta"),
    ),
    Numbers(
        title="A row of sigmoids with the softmax's loss",
        text="Three sigmoid units, and the loss $-\\sum_j y_j \\ln \\hat y_j$; the label is the first class. By the recipe for any pair find "
        "$\\hat y$, the slopes $\\partial L/\\partial \\hat y$ and $\\delta$, three numbers each, to four digits. Which units get a push?",
        hints=(
            "In which of the three outputs does the loss look?",
            "The slope of the loss is −y_j/ŷ_j. A sigmoid's Jacobian has its diagonal only: ŷ_j (1 − ŷ_j).",
            "Multiply the two, unit by unit. What cancels, and what is left where y_j is 0?",
        ),
        solution="The loss reads the first output alone, so its slope is $-1/\\hat y_1$ there and 0 elsewhere. A sigmoid reads its own logit "
        "only, so nothing crosses over: $\\delta_1 = -\\frac{1}{\\hat y_1}\\, \\hat y_1 (1 - \\hat y_1) = -(1 - \\hat y_1)$, and the other two are 0. "
        "The right class is pushed up. No wrong class is ever pushed down: in a softmax the sum of 1 does that, and here there is none.",
        derivation=MIXED,
        asks=("a", "u", "delta"),
    ),
    Choice(
        title="A loss that never complains",
        text="A network ends in a softmax. Its output goes into PyTorch's `CrossEntropyLoss`, which takes logits. There are "
        "ten classes, "
        "and the network is perfectly sure and right. What does the loss say?",
        options=(
            Option(
                "About 1.46: the loss takes a second softmax, of nine zeros and a 1.",
                "The second softmax gives the right class $e^1/(e^1 + 9 e^0) = 0.232$, and $-\\ln 0.232 = 1.461$. "
                "The loss cannot fall below that, so training looks stuck, and nothing complains.",
                right=True,
            ),
            Option(
                "0: the probability of the right class is 1.",
                "It would be, if the loss took probabilities. This one takes the 1 for a logit.",
            ),
            Option(
                "2.303: ten classes, so $\\ln 10$.",
                "That is the loss of ten equal logits. Here one of them is 1 and nine are 0: a little better than even.",
            ),
            Option(
                "An error: probabilities are no logits.",
                "Any numbers can be logits, so no program can tell. That is what makes this mistake last.",
            ),
        ),
        hints=(
            "What does the loss take its input for?",
            "It applies a softmax to ten numbers: one is 1, nine are 0.",
            "The right class gets e/(e + 9). Take minus the logarithm.",
        ),
        solution="The loss applies a softmax to what it gets: $e^1$ for the right class, $e^0 = 1$ for each of the nine others. "
        "So it sees the probability $e/(e + 9) = 0.2320$ and says $-\\ln 0.2320 = 1.461$, the least that it can ever say. "
        "Hand it the logits.",
    ),
    Numbers(
        title="A loss from large logits",
        text="Two classes, softmax and cross-entropy; the label is class 2. No computer can hold $e^{z_1}$. "
        "Find $S = \\sum_k e^{z_k - M}$, where $M$ is the larger logit, and from it the loss, both to four digits.",
        hints=(
            "Take the largest logit out of the sum: what is left of each exponent is small.",
            "One of the two exponentials is e⁰, which is 1.",
            "L = M + ln S − z₂: the label's logit is subtracted.",
        ),
        solution="Every $e^{z_k}$ is $e^M e^{z_k - M}$, so $\\ln \\sum_k e^{z_k} = M + \\ln S$. The largest logit leaves a 1 "
        "in $S$, "
        "and the other less than 1. Then $-\\ln \\hat y_2 = M + \\ln S - z_2$. The large numbers meet in one difference, $M - "
        "z_2$.",
        derivation=LARGE_LOGITS,
        asks=("S", "loss"),
    ),
    Paper(
        title="A softmax with a temperature",
        text="Let $\\hat y$ be the softmax of $s_j = z_j/T$ with a fixed number $T > 0$, the *temperature*, and let the loss be the "
        "cross-entropy with a label that sums to 1. (a) Find $\\delta_j = \\partial L/\\partial z_j$. (b) Where do $\\hat y_j$ and "
        "$\\delta_j$ go as $T$ grows without bound, with $n$ classes? (c) Which multiple of the loss has the delta $\\hat y_j - y_j$?",
        hints=(
            "One link is new: from z to s. What does a nudge of one logit z touch first?",
            "∂L/∂s_j is this chapter's delta, and s_j moves by 1/T per nudge of z_j.",
            "For (b): all s_j go to 0, so all exponentials go to 1.",
        ),
        solution="(a) The loss reads $s$ through a softmax with cross-entropy, so $\\partial L/\\partial s_j = \\hat y_j - y_j$. A nudge of $z_j$ "
        "touches $s_j$ alone, with the factor $1/T$:\n\n"
        "$$\n\\delta_j = \\pd{L}{s_j} \\cdot \\pd{s_j}{z_j} = \\frac{\\hat y_j - y_j}{T} .\n$$\n\n"
        "(b) Every $s_j = z_j/T$ goes to 0 and every $e^{s_j}$ to 1, so\n\n"
        "$$\n\\begin{aligned}\n\\hat y_j &= \\frac{e^{s_j}}{\\sum_k e^{s_k}} \\longrightarrow \\frac1n , \\\\\n"
        "T \\delta_j &= \\hat y_j - y_j \\longrightarrow \\frac1n - y_j .\n\\end{aligned}\n$$\n\n"
        "So $\\delta_j$ goes to 0, like $1/T$: a network of high temperature is unsure, and learns slowly.\n\n"
        "(c) A constant factor in front of the loss stands in front of every derivative. With $T \\cdot L$ the delta is "
        "$T \\cdot (\\hat y_j - y_j)/T = \\hat y_j - y_j$.",
    ),
    Code(
        title="A loss that does not overflow",
        text="Write the cross-entropy of a softmax for each column of logits, from the logits. It must hold for logits of "
        "±1000, too. "
        "The labels in `Y` are columns with a single 1.",
        hints=(
            "Never take the exponential of a logit as it stands.",
            "Subtract each column's largest logit before the exponential, and add it again after the logarithm.",
            "largest + log(sum of exp(Z − largest)) − the label's logit, which is (Y * Z).sum(axis=0).",
        ),
        solution="`Z.max(axis=0)` has one number a column, and numpy subtracts it from every row. "
        "The label picks its logit: the sum of `Y * Z` down a column is that one logit, since all else is multiplied by 0.",
        stub='def cross_entropy_from_logits(Z, Y):\n'
        '    """The cross-entropy of a softmax for each example: shape (examples,)."""\n'
        "    return None\n",
        solved=cross_entropy_from_logits,
        cases=_logits_and_labels,
    ),
]  # fmt: skip
