"""Exercises of chapter 17, beyond layers."""

from typing import Any

import numpy as np

from bpcourse.graph import Value, maximum
from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Numbers, Option, Paper
from bpcourse.practice.worked import of_circuit

ROUTED = of_circuit(
    (maximum(Value(3, "x"), Value(-1.5, "y")).named("q") * Value(-4, "z")).named("f"),
    fresh={"x": (-9, 9, 0), "y": (-9, 9, 1), "z": (-9, 9, 0)},
)

KERNEL = Derivation(
    (
        Given("x", "x", np.array([[1.0], [4.0], [2.0], [-3.0]]), -5, 5, 0),
        Given("k", "k", np.array([[2.0], [-1.0]]), -5, 5, 0),
        Given("dz", "dz", np.array([[3.0], [-2.0], [1.0]]), -5, 5, 0),
    ),
    (
        Step("z", "z", "kernel slid over the input", {"k": "k", "x": "x"}),
        Step("dk", "dk", "gradient of the kernel", {"dz": "dz", "x": "x"}),
        Step("dx", "dx", "gradient of the input", {"dz": "dz", "k": "k"}),
    ),
)

BLOCK = Derivation(
    (
        Given("X", "X", np.array([[4.0, 1.0], [4.0, 2.0]]), 1, 3, 0),
        Given("u", "dA", 6.0, -9, 9, 0),
    ),
    (
        Step("dX", "dX", "shares of the winners", {"u": "u", "X": "X"}),
        Step("db", "db", "gradient of a common bias", {"dX": "dX", "u": "u", "X": "X"}),
    ),
)

TABLE = Derivation(
    (
        Given("dX", "dX", np.array([[3.0, -1.0, 4.0, 2.0]]), -9, 9, 0),
        Given("H", "H", np.eye(3)[:, [1, 2, 1, 1]]),
    ),
    (Step("dE", "dE", "gradient of the table", {"dX": "dX", "H": "H"}),),
)

NORM = Derivation(
    (
        Given("x", "x", np.array([[1.0], [3.0], [3.0], [9.0]]), -9, 9, 0),
        Given("gamma", "\\gamma", np.array([[1.0], [2.0], [3.0], [-1.0]]), -3, 3, 0),
        Given("dy", "dy", np.array([[2.0], [1.0], [-1.0], [2.0]]), -3, 3, 0),
    ),
    (
        Step("mu", "\\mu", "mean over the units", {"x": "x"}),
        Step("v", "v", "variance over the units", {"x": "x", "mu": "mu"}),
        Step("s", "s", "sqrt", {"x": "v"}),
        Step("xhat", "\\hat x", "normalised", {"x": "x", "mu": "mu", "s": "s", "v": "v", "gamma": "gamma"}),
        Step("g", "g", "upstream times local", {"u": "dy", "local": "gamma"}),
        Step(
            "dx", "dx", "back through the normalisation",
            {"g": "g", "xhat": "xhat", "s": "s", "x": "x", "dy": "dy", "gamma": "gamma"},
        ),
    ),
)  # fmt: skip

QUERY = Derivation(
    (
        Given("r", "K^\\top q", np.array([[3.0], [1.0]]), -5, 5, 0),
        Given("V", "V", np.array([[5.0, -2.0]]), -9, 9, 0),
        Given("dO", "dO", np.array([[2.0]]), -3, 3, 0),
    ),
    (
        Step("S", "S", "scaled by the root of d", {"r": "r"}, {"d": 4}),
        Step("P", "P", "softmax", {"x": "S"}),
        Step("O", "O", "mixture of the values", {"V": "V", "P": "P"}),
        Step("dP", "dP", "upstream of the mixture", {"V": "V", "dO": "dO"}),
        Step("dS", "dS", "back through the softmax", {"u": "dP", "a": "P", "z": "S"}),
        Step("dr", "\\partial L/\\partial(K^\\top q)", "scaled by the root of d", {"r": "dS"}, {"d": 4}),
    ),
)


def convolution_vjp(dz: Any, x: Any, k: Any) -> tuple[Any, Any]:
    """dk and dx of the convolution z_p = Σ_u k_u x_{p+u}."""
    dk, dx = np.zeros(len(k)), np.zeros(len(x))
    for p in range(len(dz)):
        for u in range(len(k)):
            dk[u] += dz[p] * x[p + u]
            dx[p + u] += dz[p] * k[u]
    return dk, dx


def signals() -> list[tuple[Any, ...]]:
    """Random upstream gradients, inputs and kernels of several lengths."""
    rng = np.random.default_rng(17)
    sizes = (5, 3), (4, 1), (6, 2), (3, 3), (8, 4)
    return [(rng.normal(size=n - m + 1), rng.normal(size=n), rng.normal(size=m)) for n, m in sizes]


EXERCISES: list[Exercise] = [
    Numbers(
        title="Who gets the gradient",
        text="Chapter 3, once more: $q = \\max(x, y)$ and $f = q \\cdot z$. Find $\\partial f/\\partial x$ and $\\partial f/\\partial y$.",
        hints=(
            "Which of the two inputs does the maximum read with the factor 1?",
            "Upstream of the maximum is ∂f/∂q, which is z.",
            "The larger input gets z, the other 0.",
        ),
        solution="A maximum hands its output the larger input, so only that one moves it: the local gradients are 1 and 0. Upstream "
        "stands $\\partial f/\\partial q = z$. Upstream times local gives all of $z$ to the winner and nothing to the other.",
        derivation=ROUTED,
        asks=("dx", "dy"),
        shows=("x", "y", "z"),
    ),
    Choice(
        title="Back through a softmax",
        text="From chapter 10: a column $p = \\operatorname{softmax}(s)$ meets the upstream gradient $dp$. What arrives at $s$? (Products are entry by entry.)",
        hints=(
            "How many outputs read one logit?",
            "Every logit moves every output, since they add up to 1.",
            "The Jacobian has pᵢ([i = j] − pⱼ): add up over the outputs i.",
        ),
        solution="Logit $j$ moves output $i$ by $p_i([i = j] - p_j)$. Upstream times local, added over the outputs: "
        "$p_j\\,dp_j - p_j \\sum_i p_i\\,dp_i$. With $\\sum p\\,dp$ for the sum that is $p\\,(dp - \\sum p\\,dp)$.",
        options=(
            Option(
                "$dp \\circ p \\circ (1 - p)$",
                "That is the diagonal of the Jacobian only. The cross paths to the other outputs are dropped.",
            ),
            Option("$p \\circ (dp - \\sum p\\,dp)$", "The sum holds the cross paths: every logit moves every output.", True),
            Option("$p - dp$", "It looks like ŷ − y, but that is softmax *with* the cross-entropy, and dp is no label."),
            Option(
                "$p \\circ dp$",
                "One of its two terms: the weighted mean of dp is not taken out. These entries need not add up to 0.",
            ),
        ),
    ),
    Numbers(
        title="A kernel of two weights",
        text="A kernel of two weights slides over four inputs. Find the three outputs $z$. Then, for the upstream "
        "gradient $dz$, find $dk$ and $dx$.",
        hints=(
            "Which outputs read k₀, and beside which input? Which read x₁, and beside which weight?",
            "k₀ is read by z₀, z₁, z₂ beside x₀, x₁, x₂; k₁ beside x₁, x₂, x₃. An inner input is read by two outputs.",
            "x_q is read by z_q beside k₀ and by z_(q−1) beside k₁. The first and the last input have one reader.",
        ),
        solution="Each weight is read three times: upstream times the input beside it, added over the three outputs. The input $x_q$ is read by "
        "$z_q$ beside $k_0$ and by $z_{q-1}$ beside $k_1$: as the weight's number rises, the output's falls. That is the flip. At both ends "
        "one of the two readers is missing.",
        derivation=KERNEL,
        asks=("z", "dk", "dx"),
    ),
    Numbers(
        title="A block with equals",
        text="Max-pooling turns the block $X$ into its largest number, with the upstream gradient below. What gradients do the four numbers get, "
        "if equals share alike as in `max_pool_vjp`? All four were made by adding the same bias $b$: what does $b$ get?",
        hints=(
            "Only the largest number of the block moves the output.",
            "Count the numbers that are as large as the largest: they share the upstream gradient.",
            "Each of t equals gets the upstream over t, the others 0. The bias gets the sum.",
        ),
        solution="Numbers below the maximum do not move it and get 0. If $t$ numbers are the largest, all of them moving as one move the output "
        "as fast as one alone would. So their shares add up to the upstream gradient: $1/t$ of it each. The bias moves them all, so it gets "
        "the sum, which is the upstream gradient.",
        derivation=BLOCK,
        asks=("dX", "db"),
    ),
    Numbers(
        title="Back through a normalised column",
        text="A column $x$ of four units goes through layer normalisation with the scales $\\gamma$ (leave the small constant out), and $dy$ arrives from above. "
        "Find $s$, the column $\\hat x$ and the column $dx$. Type four digits.",
        hints=(
            "s is the root of the mean of the squares about the mean.",
            "What reaches x̂ᵢ is gᵢ = γᵢ dyᵢ. Then three paths lead to each x.",
            "dx = (g − mean of g − x̂ · mean of g x̂) / s. Check: the entries add up to 0.",
        ),
        solution="Mean and variance are read from all four numbers, so each $x_j$ has three paths: straight, through the mean, through the "
        "variance. Scale first, $g = \\gamma\\,dy$; then take out of $g$ its mean and its part along $\\hat x$, and divide by $s$. "
        "A nudge of all entries alike changes nothing, so $dx$ adds up to 0.",
        derivation=NORM,
        asks=("s", "xhat", "dx"),
    ),
    Numbers(
        title="A word that comes three times",
        text="A table $E$ of one unit and three words, numbered 0, 1, 2, is read at the words 1, 2, 1, 1. Here is what arrives at "
        "the four positions. Find $dE$, three numbers.",
        hints=(
            "Which positions read word 1? Which read word 0?",
            "A word that is read several times is a fork.",
            "Word 1 gets what arrives at positions 0, 2 and 3, added up.",
        ),
        solution="Word 0 is read nowhere, so its gradient is 0. Word 2 is read once. Word 1 is read three times: a fork adds what its "
        "three branches bring back. In numpy that is `np.add.at`; `+=` with repeated indices keeps the last one only. (In the line below $H$ has a one-hot "
        "column for each position.)",
        derivation=TABLE,
        asks=("dE",),
        shows=("dX",),
    ),
    Numbers(
        title="One query, two keys",
        text="A query of $d = 4$ units meets two keys; the products $K^\\top q$ are given, the values $V$ have one unit. Find the weights $P$, the "
        "output $O$, then back: $dS$, and what arrives at the products $K^\\top q$. Type four digits.",
        hints=(
            "Scores first: the products over √d. Then the softmax down the column.",
            "Back: dP is Vᵀ dO, one number for each key.",
            "dS = P (dP − the sum of P dP), entry by entry; then once more over √d.",
        ),
        solution="The scores are the products over $\\sqrt d$; the softmax makes weights of them, and the output mixes the values. On the way "
        "back $dP = V^\\top dO$, and the softmax takes the weighted mean out of it. The division by $\\sqrt d$ is a factor, so it comes back as a "
        "factor. The two entries of $dS$ are opposite: what one key gains the other loses.",
        derivation=QUERY,
        asks=("P", "O", "dS", "dr"),
    ),
    Choice(
        title="Three readers of one X",
        text="In self-attention $Q = W_Q X$, $K = W_K X$ and $V = W_V X$. You have $dQ$, $dK$ and $dV$. What is $dX$?",
        hints=(
            "How often is X read?",
            "Each of the three is a layer without a bias: how does chapter 9 go back through it?",
            "Three branches of a fork: add what they bring back.",
        ),
        solution="$X$ forks into three layers. Each sends back $W^\\top$ times its upstream gradient (chapter 9), and at the fork the three are "
        "added: $dX = W_Q^\\top dQ + W_K^\\top dK + W_V^\\top dV$.",
        options=(
            Option("$W_V^\\top dV$", "Through the values alone. X also decides *where* each position looks, through Q and K."),
            Option(
                "$W_Q^\\top dQ + W_K^\\top dK + W_V^\\top dV$",
                "A fork with three branches: each brings back its part, and they add.",
                True,
            ),
            Option(
                "$\\tfrac13 (W_Q^\\top dQ + W_K^\\top dK + W_V^\\top dV)$",
                "A fork adds, it does not average: nudge X, and all three move in full.",
            ),
            Option(
                "$W_Q dQ + W_K dK + W_V dV$",
                "Without the transposes. Where the weights are square the shapes even fit; a nudge tells.",
            ),
        ),
    ),
    Choice(
        title="A kernel nobody flipped",
        text="A colleague's `convolve_vjp` forgets to flip the kernel in the input's gradient. Which test finds it?",
        hints=(
            "For which kernels is the flipped one the same?",
            "Does the kernel's own gradient use the flip?",
            "The test must look at dX, and the kernel must not be the same when turned round.",
        ),
        solution="Turned round in both directions, a symmetric kernel is the same, and so is one of a single weight: there nobody notices. $dK$ "
        "has no flip in it. So check $dX$, with a kernel that is not its own mirror image: random numbers are not.",
        options=(
            Option(
                "Nudge $X$, with the kernel $(1, 2, 1)$",
                "This kernel is the same when turned round: the mistake changes nothing.",
            ),
            Option("Nudge $K$, with random numbers", "The kernel's gradient has no flip: it passes, rightly."),
            Option(
                "Nudge $X$, with a random kernel",
                "A random kernel is not its own mirror image, and dX is where the flip belongs.",
                True,
            ),
            Option("Compare the shapes of $dX$ and $X$", "Flipped or not, the shape is the same."),
        ),
    ),
    Paper(
        title="Normalising without the mean",
        text="Some networks divide a column by the root of its mean square and subtract nothing: $\\hat x_i = x_i/s$ with "
        "$s = \\sqrt{\\tfrac1n \\sum_i x_i^2}$. Given the upstream gradients $g_i$ at $\\hat x_i$, derive $\\partial L/\\partial x_j$.",
        hints=(
            "On which paths does x_j reach the loss? There is one less than in layer normalisation.",
            "x_j reads straight into x̂_j with the factor 1/s, and through s into every x̂_i.",
            "∂s/∂x_j is x_j/(n s), which is x̂_j/n. And ∂x̂_i/∂s is −x̂_i/s.",
        ),
        solution="Two ways lead from $x_j$: straight to $\\hat x_j$, and through $s$ to every $\\hat x_i$.\n\n"
        "*Straight:* $\\hat x_j = x_j/s$ has the local gradient $1/s$, so this path brings $g_j/s$.\n\n"
        "*Through $s$.* From $s^2 = \\tfrac1n \\sum_i x_i^2$ follows $2s\\,\\partial s/\\partial x_j = \\tfrac2n x_j$, so "
        "$\\partial s/\\partial x_j = x_j/(ns) = \\hat x_j/n$. And $\\hat x_i = x_i/s$ has $\\partial \\hat x_i/\\partial s = -x_i/s^2 = -\\hat x_i/s$. "
        "Everything that reads $s$, added:\n\n"
        "$$\\frac{\\partial L}{\\partial s} = -\\frac1s \\sum_i g_i \\hat x_i .$$\n\n"
        "Times $\\hat x_j/n$ this path brings $-\\tfrac1s\\, \\hat x_j\\, \\overline{g \\hat x}$, with the bar for the mean over the column.\n\n"
        "The sum of both:\n\n"
        "$$\\frac{\\partial L}{\\partial x_j} = \\frac1s \\bigl( g_j - \\hat x_j\\, \\overline{g \\hat x} \\bigr) .$$\n\n"
        "That is layer normalisation's formula without $\\overline g$: the path through the mean is gone, and so is its term. Check: "
        "$\\sum_j x_j\\, \\partial L/\\partial x_j = 0$, for growing the column changes nothing.",
    ),
    Code(
        title="Back through a convolution",
        text="Write `convolution_vjp(dz, x, k)` for $z_p = \\sum_u k_u x_{p+u}$: return $dk$ and $dx$, lists as long as $k$ and $x$. "
        "Two loops will do.",
        hints=(
            "Each product of the forward pass joins one output, one weight and one input.",
            "Go through all places p and all weights u: the product is k[u] · x[p + u], and dz[p] arrives there.",
            "It adds dz[p] · x[p + u] to dk[u], and dz[p] · k[u] to dx[p + u].",
        ),
        solution="Go through the products of the forward pass. Each one hands the upstream gradient of its output, times the other factor, to its "
        "weight and to its input, and `+=` adds up what comes. The flip comes by itself.",
        stub='def convolution_vjp(dz, x, k):\n    """dk and dx of the convolution z_p = Σ_u k_u x_{p+u}."""\n    ...\n',
        solved=convolution_vjp,
        cases=signals,
    ),
]
