"""Exercises of chapter 19, the mistake clinic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bpcourse.graph import Value
from bpcourse.practice.clinic import case
from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Clinic, Code, Exercise, Ladder, Numbers, Option, Paper
from bpcourse.practice.worked import of_circuit, of_network

# --------------------------------------------------------------------------- the right derivations


def array(*rows: Sequence[float]) -> np.ndarray:
    """Rows of numbers."""
    return np.array(rows, dtype=float)


def _fork() -> Derivation:
    """f = (x + y) x."""
    x, y = Value(3.0, "x"), Value(-5.0, "y")
    return of_circuit(((x + y).named("q") * x).named("f"), fresh={"x": (-9, 9, 0), "y": (-9, 9, 0)})


FORK = _fork()

NEURON = Derivation(
    (
        Given("x", "x", array([2.0]), 5, 25, 1),
        Given("w", "w", array([0.6]), -15, 15, 1),
        Given("y", "y", array([0.2]), 0, 9, 1),
    ),
    (
        Step("z", "z", "multiply", {"a": "w", "b": "x"}),
        Step("a", "a", "sigmoid", {"x": "z"}),
        Step("loss", "L", "squared error", {"y": "y", "a": "a"}),
        Step("u", "\\partial L/\\partial a", "slope of squared error", {"y": "y", "a": "a"}),
        Step("slope", "\\sigma'(z)", "local gradient of sigmoid", {"out": "a", "x": "z"}),
        Step("delta", "\\delta", "upstream times local", {"u": "u", "local": "slope"}),
        Step("dw", "\\partial L/\\partial w", "to the weight", {"u": "delta", "a": "x", "own": "a", "z": "z"}),
    ),
)

FRESH = {"x": (-19, 19, 1), "W": (-15, 15, 1), "b": (-5, 5, 1)}
W1, W2 = array([0.4, -0.6], [0.3, 0.8]), array([0.7, -0.2], [-0.5, 0.9])
ZEROS = np.zeros((2, 1))
EXAMPLE, LABEL = array([1.5], [-0.5]), array([1.0], [0.0])

SOFTMAX = of_network({"W1": W1, "b1": ZEROS}, EXAMPLE, LABEL, loss="squared_error", fresh=FRESH)
SIGMOID = of_network(
    {"W1": W1, "b1": ZEROS}, EXAMPLE, LABEL, output="sigmoid", loss="binary_cross_entropy", matched=True, fresh=FRESH
)
HIDDEN = of_network(
    {"W1": W1, "b1": ZEROS, "W2": W2, "b2": ZEROS}, EXAMPLE, LABEL,
    hidden="sigmoid", loss="cross_entropy", matched=True, fresh=FRESH,
)  # fmt: skip
BATCH = of_network(
    {"W1": W1, "b1": ZEROS, "W2": array([0.7, -1.2]), "b2": array([0.1])},
    array([1.5, -0.5, 0.8, 0.2], [-0.5, 1.0, 0.3, -1.4]), array([1.0, 0.0, 1.0, 0.0]),
    hidden="tanh", output="sigmoid", loss="binary_cross_entropy", eta=0.5, matched=True, fresh=FRESH,
)  # fmt: skip

TIME = Derivation(
    (
        Given("h0", "h_0", array([0.6]), -9, 9, 1),
        Given("w", "w", array([0.8]), -15, 15, 1),
        Given("y", "y", array([1.0])),
    ),
    (
        Step("z1", "z_1", "multiply", {"a": "w", "b": "h0"}),
        Step("h1", "h_1", "tanh", {"x": "z1"}),
        Step("z2", "z_2", "multiply", {"a": "w", "b": "h1"}),
        Step("h2", "h_2", "tanh", {"x": "z2"}),
        Step("loss", "L", "half the squared error", {"y": "y", "a": "h2"}),
        Step("dh2", "\\partial L/\\partial h_2", "slope of half the squared error", {"y": "y", "a": "h2"}),
        Step("dz2", "\\delta_2", "back through the tanh", {"u": "dh2", "a": "h2"}),
        Step("share2", "\\text{share}_2", "to the weight", {"u": "dz2", "a": "h1", "own": "h2", "z": "z1"}),
        Step("dh1", "\\partial L/\\partial h_1", "to the left", {"u": "dz2", "w": "w", "a": "h1"}),
        Step("dz1", "\\delta_1", "back through the tanh", {"u": "dh1", "a": "h1"}),
        Step("share1", "\\text{share}_1", "to the weight", {"u": "dz1", "a": "h0", "own": "h1"}),
        Step("dw", "\\partial L/\\partial w", "sum over time", {"g1": "share2", "g2": "share1"}),
    ),
)

NORM = Derivation(
    (
        Given("x", "x", array([1.0], [3.0], [8.0]), -9, 9),
        Given("y", "y", array([0.5], [-1.0], [1.0]), -15, 15, 1),
    ),
    (
        Step("mu", "\\mu", "mean over the units", {"x": "x"}),
        Step("v", "v", "variance over the units", {"x": "x", "mu": "mu"}),
        Step("s", "s", "sqrt", {"x": "v"}),
        Step("xhat", "\\hat x", "normalised", {"x": "x", "mu": "mu", "s": "s", "v": "v"}),
        Step("loss", "L", "half the squared error", {"y": "y", "a": "xhat"}),
        Step("g", "g", "slope of half the squared error", {"y": "y", "a": "xhat"}),
        Step("dx", "\\partial L/\\partial x", "back through the normalisation", {"g": "g", "xhat": "xhat", "s": "s", "x": "x"}),
    ),
)

ATTENTION = Derivation(
    (
        Given("q", "q", array([1.0], [-0.5]), -20, 20, 1),
        Given("K", "K", array([1.5, 0.5], [-1.0, 2.0]), -20, 20, 1),
        Given("V", "V", array([1.0, -2.0]), -20, 20, 1),
        Given("y", "y", array([0.5]), -20, 20, 1),
    ),
    (
        Step("r", "r", "matrix product", {"A": "K", "B": "q"}),
        Step("S", "S", "scaled by the root of d", {"r": "r"}, {"d": 2}),
        Step("P", "P", "softmax", {"x": "S"}),
        Step("O", "O", "mixture of the values", {"V": "V", "P": "P"}),
        Step("loss", "L", "half the squared error", {"y": "y", "a": "O"}),
        Step("dO", "dO", "slope of half the squared error", {"y": "y", "a": "O"}),
        Step("dP", "dP", "upstream of the mixture", {"V": "V", "dO": "dO"}),
        Step("dS", "dS", "back through the softmax", {"u": "dP", "a": "P", "z": "S"}),
        Step("dr", "dr", "scaled by the root of d", {"r": "dS"}, {"d": 2}),
        Step("dq", "dq", "back through the weights", {"W": "K", "delta": "dr"}),
    ),
)

# --------------------------------------------------------------------------- the cases


def ward(
    title: str, derivation: Derivation, loss: str, cases: Sequence[tuple[str, str, str, int]], code: bool = False
) -> list[Clinic]:
    """Cases of one right derivation: mistake, step, what is nudged, and seed of each."""
    return [
        case(f"{title}, case {k}", derivation, mistake, at, nudged, loss, seed, code)
        for k, (mistake, at, nudged, seed) in enumerate(cases, start=1)
    ]


CIRCUITS = ward("A fork", FORK, "f", (
    ("local gradients of multiply not swapped", "dq", "x", 4),
    ("= for += at a fork", "dx", "x", 5),
    ("paths multiplied in place of added", "dx", "x", 6),
))  # fmt: skip
CHAINS = ward("A neuron", NEURON, "loss", (
    ("slope taken at z, not at a", "slope", "w", 8),
    ("sign of the slope", "u", "w", 1),
    ("wrong end of the weight", "dw", "w", 19),
))  # fmt: skip
OUTPUTS = ward("Softmax and squared error", SOFTMAX, "loss", (
    ("a spurious factor, and a minus lost with it", "delta1", "W1", 10),
    ("cross path of the softmax dropped", "delta1", "W1", 15),
    ("softmax left out on the way back", "delta1", "W1", 2),
    ("factor 2 lost", "da1", "W1", 9),
))  # fmt: skip
PAIRS = ward("Sigmoid and its loss", SIGMOID, "loss", (
    ("squared error's delta taken", "delta1", "W1", 4),
    ("output's slope multiplied in once more", "delta1", "W1", 3),
))  # fmt: skip
LAYERS = ward("A hidden layer", HIDDEN, "loss", (
    ("transposed weight", "da1", "W1", 13),
    ("a path forgotten", "da1", "W1", 7),
    ("activation's slope forgotten", "slope1", "W1", 2),
    ("transposed gradient", "dW1", "W1", 6),
))  # fmt: skip
BATCHES = ward("A batch in code", BATCH, "cost", (
    ("1/m lost", "dW1", "W1", 2),
    ("weights updated before they were used", "dA1", "W1", 52),
    ("bias gradient not summed over the batch", "db1", "b1", 6),
    ("divided by the units, not by the examples", "dW1", "W1", 3),
), code=True)  # fmt: skip
TIMES = ward("Shared over time", TIME, "loss", (
    ("= for += at a fork", "dw", "w", 12),
    ("slope of the tanh forgotten", "dz1", "w", 26),
), code=True)  # fmt: skip
NORMS = ward("A normalisation", NORM, "loss", (
    ("statistics taken for constants", "dx", "x", 2),
    ("path through the variance forgotten", "dx", "x", 7),
))  # fmt: skip
SCORES = ward("Attention in code", ATTENTION, "loss", (
    ("cross path of the softmax dropped", "dS", "q", 5),
    ("√d forgotten", "dr", "q", 37),
    ("transposed weight", "dq", "q", 2),
), code=True)  # fmt: skip

# --------------------------------------------------------------------------- the other exercises

NUDGED = Derivation(
    (
        Given("behind", "L(w - \\varepsilon)", 0.536, 100, 900, 3),
        Given("ahead", "L(w + \\varepsilon)", 0.518, 100, 900, 3),
        Given("eps", "\\varepsilon", 0.01, 1, 5, 2),
    ),
    (Step("slope", "\\partial L/\\partial w", "central quotient", {"ahead": "ahead", "behind": "behind", "eps": "eps"}),),
)


def first_bad(values: Sequence[float], rules: Sequence[Any]) -> int:
    """The number of the first line that its rule does not give from the lines above, as they stand; 0 where all are right."""
    for k, rule in enumerate(rules):
        if abs(rule(values[:k]) - values[k]) > 1e-9:
            return k + 1
    return 0


RULES_OF_FOUR: list[Callable[[Any], float]] = [lambda v: 3.0, lambda v: v[0] - 5, lambda v: v[0] * v[1], lambda v: v[0] + v[2]]


def _claims() -> list[tuple[Any, ...]]:
    """Derivations of four lines with one of them spoiled, and the rest carried on; then none."""
    cases = []
    for spoiled in range(5):
        values: list[float] = []
        for k, rule in enumerate(RULES_OF_FOUR):
            values.append(rule(values) + (0.5 if k == spoiled else 0))
        cases.append((values, RULES_OF_FOUR))
    return cases


RECALLS: list[Exercise] = [
    Choice(
        title="A failed check",
        text="From chapter 16: a gradient check of a batch of four fails. Each entry of `dW1` is four times what the nudge finds; "
        "`db1` passes. Where do you look first?",
        hints=(
            "What is there four of?",
            "One factor for all entries is a constant that is lost or written twice.",
            "The examples are averaged: which array forgot it?",
        ),
        solution="Four examples, a factor of four in every entry: the $1/m$ of `dW1` is lost. That `db1` passes clears all that both share, `dZ1` among it.",
        options=(
            Option("at the line of `dW1`", "The line of `dW1` alone is not shared with `db1`, and a factor of m is a lost mean.", True),
            Option("at the line of `dZ1`", "`db1` reads `dZ1`, too, and passes."),
            Option("at the forward pass", "A wrong forward pass spoils more than one array, and not by one factor."),
            Option("at the step of the nudge", "A bad step spoils the digits of some entries, not all by one factor."),
        ),
    ),
    Numbers(
        title="Right first",
        text="$q = x + y$ and $f = q \\cdot x$. Two wires leave $x$. Find $\\partial f/\\partial x$.",
        hints=(
            "One wire leads straight into the product, the other through the sum.",
            "Straight the local gradient is q; through q it is x times 1.",
            "Add the two.",
        ),
        solution="Straight into the product comes $q$, through the sum $x \\cdot 1$. At a fork the two add.",
        derivation=FORK, asks=("dx",), shows=("x", "y"),
    ),
]  # fmt: skip

LAST: list[Exercise] = [
    Numbers(
        title="Let a nudge decide",
        text="A derivation claims a slope of a loss $L$ by a weight $w$. You have run the forward pass twice. What is the slope?",
        hints=(
            "How far apart are the two runs?",
            "From w − ε to w + ε it is 2ε.",
            "The loss ahead minus the loss behind, divided by twice ε.",
        ),
        solution="The difference of the two losses, divided by $2\\varepsilon$. What claims another slope has a bad line.",
        derivation=NUDGED, asks=("slope",),
    ),
    Ladder(
        title="The neuron, from worked to alone",
        text="You have seen three wrong ways through $L = (y - \\sigma(wx))^2$. Now the right one.",
        hints=(
            "Forward first: the sum, the activation.",
            "The slope of the sigmoid is made of its own output.",
            "What does the weight multiply? That is its local gradient.",
        ),
        solution="Forward, then back: the loss, the activation, the weight.",
        derivation=NEURON, steps=("z", "a", "u", "slope", "delta", "dw"), shows=("x", "w", "y"),
    ),
    Choice(
        title="The last line right, another wrong",
        text="The gradient at the end of a derivation passes a gradient check at one point. May a line above it still be wrong?",
        hints=(
            "Think of a number by which a wrong line is multiplied.",
            "What if that number is 0 at this point?",
            "A ReLU that is off, a bias that is 0, a label that is 0.",
        ),
        solution="Yes. A wrong line that is multiplied by 0 does not show. In the 4-4-2 network all biases are 0: a forward pass that forgets them changes no output there, and no gradient of a weight. Only a nudge of the bias itself would tell.",
        options=(
            Option("Yes, where its error meets a factor 0.", "At this point it does not show; at random numbers it would.", True),
            Option("No, an error in a line reaches the end.", "It does not where what follows multiplies it by 0."),
            Option("Yes, where the error is large.", "A large error shows all the more, unless it meets a 0."),
        ),
    ),
    Paper(
        title="A case of your own",
        text="Take the hidden layer's derivation. Find a mistake whose gradient has the right shape and the right signs, at the numbers "
        "of case 1, and say which nudge finds it.",
        hints=(
            "A lost factor keeps signs and shapes.",
            "Which factors in the derivation are always positive?",
            "A slope of a sigmoid lies between 0 and one quarter.",
        ),
        solution="Leave out $f'(z^1)$: every entry of $\\delta^1$ keeps its sign, since the slopes of a sigmoid are positive, and becomes "
        "at least four times as large. The loss still falls after a small step, so neither shapes nor signs nor the falling loss "
        "tell. One nudge of any entry of $W^1$ does.",
    ),
    Code(
        title="The first bad line, found by a program",
        text="Write `first_bad(values, rules)`. `values` are the numbers of a derivation as somebody claims them; `rules[k]` is a function that "
        "makes value `k` from the list of the values before it. Return the number of the first bad line, counted from 1, or 0.",
        hints=(
            "Which numbers should a rule be given: the right ones, or those that stand there?",
            "Those that stand there: so a line that only carries an error on is not blamed.",
            "Compare rules[k](values[:k]) with values[k].",
        ),
        stub="def first_bad(values, rules):\n"
        '    """The first line, counted from 1, that its rule does not give from the lines above; 0 where all are right."""\n    ...\n',
        solved=first_bad,
        cases=_claims,
        solution="Give each rule the values *as they stand*. A line below the first bad one then comes out right from what it reads, so only "
        "the line where the error enters is named.",
    ),
]  # fmt: skip

CASES = [*CIRCUITS, *CHAINS, *OUTPUTS, *PAIRS, *LAYERS, *BATCHES, *TIMES, *NORMS, *SCORES]

EXERCISES: list[Exercise] = [*RECALLS, *CASES, *LAST]
