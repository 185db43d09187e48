"""Exercises of chapter 09, the four equations."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpcourse.graph import Value
from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Ladder, Numbers, Option, Paper
from bpcourse.practice.worked import of_circuit, of_network

TWO_TWO_TWO = {
    "W1": np.array([[0.3, -0.5], [0.8, 0.2]]),
    "b1": np.array([[0.1], [-0.4]]),
    "W2": np.array([[0.6, -0.7], [0.4, 0.9]]),
    "b2": np.array([[0.2], [-0.3]]),
}
X, Y = np.array([1.0, 2.0]), np.array([1.0, 0.0])
FRESH = {"x": (-3, 3, 0), "W": (-9, 9, 1), "b": (-5, 5, 1), "eta": (2, 9, 1)}

ONE_LAYER = of_network(TWO_TWO_TWO, X, Y, hidden="sigmoid", output="sigmoid", loss="squared_error", fresh=FRESH)
WITH_A_STEP = of_network(TWO_TWO_TWO, X, Y, hidden="sigmoid", loss="cross_entropy", matched=True, eta=0.5, fresh=FRESH)


def _add_then_multiply() -> Derivation:
    """The circuit (x + y)z."""
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    return of_circuit(((x + y).named("q") * z).named("f"), fresh=dict.fromkeys("xyz", (-9, 9, 0)))


BATCH = Derivation(
    (
        Given("dZ", "dZ^2", np.array([[0.3, -0.6, 0.2], [-0.1, 0.4, -0.5]]), -9, 9, 1),
        Given("A", "A^1", np.array([[0.8, 0.1, 0.4], [0.5, 0.9, 0.3]]), 1, 9, 1),
    ),
    (
        Step("dW", "dW^2", "mean gradient of the weights", {"delta": "dZ", "a": "A"}),
        Step("db", "db^2", "mean gradient of the biases", {"delta": "dZ"}),
    ),
)

BILL = Derivation(
    (Given("p", "n_0", 10.0, 5, 20, 0), Given("q", "n_1", 6.0, 5, 9, 0), Given("r", "n_2", 4.0, 2, 4, 0)),
    (
        Step("forward", "\\text{forward}", "multiplications forward", {"p": "p", "q": "q", "r": "r"}),
        Step("backward", "\\text{backward}", "multiplications backward", {"p": "p", "q": "q", "r": "r"}),
    ),
)


def deltas_below(dZ_next: Any, W_next: Any, A: Any) -> Any:
    """BP2 for a batch: dA = Wᵀ dZ, and dZ = dA times the sigmoid's slope, entry by entry."""
    dA = W_next.T @ dZ_next
    return dA * A * (1 - A)


def _batches() -> list[tuple[Any, ...]]:
    """Two layers and a batch; the first pair of layers has as many units above as below."""
    random = np.random.default_rng(9)
    return [
        (random.normal(size=(above, m)), random.normal(size=(above, units)), random.uniform(0.05, 0.95, (units, m)))
        for above, units, m in ((3, 3, 4), (2, 4, 1), (2, 4, 6), (5, 3, 5))
    ]


EXERCISES: list[Exercise] = [
    Choice(
        title="The shape of a batch",
        text="From chapter 6: a batch of 5 examples goes through a 4-3-2 network. Which shape has $Z^2$?",
        hints=(
            "What does a row stand for in this book, and what a column?",
            "Shapes are (units, examples). How many units has layer 2?",
            "Layer 2 is the last one. Its rows are its units; the batch gives the columns.",
        ),
        options=(
            Option("(2, 5)", "Two output units, one column for each example.", True),
            Option("(5, 2)", "That is the shape in rows, as in PyTorch. In this book an example is a column."),
            Option("(3, 5)", "Those are the units of layer 1. The inputs do not count as a layer, so layer 2 is the output."),
            Option("(2, 3)", "That is the shape of W²: to two units, from three. A batch has a column for each example."),
        ),
        solution="Layers are counted by their weights: layer 2 is the one with the outputs. A batch has a row for each unit "
        "and a column for each example, and $W^2 A^1$ is $(2 \\times 3)(3 \\times 5) = 2 \\times 5$.",
    ),
    Numbers(
        title="A sum and a product",
        text="From chapter 3: $f = (x + y)\\,z$, with $q = x + y$. Find $\\partial f/\\partial z$, $\\partial f/\\partial "
        "q$ and $\\partial f/\\partial x$ by going backward. The numbers are whole.",
        hints=(
            "The product comes last, so it comes first on the way back.",
            "A product hands each input what the other one is; a sum hands on what arrives.",
            "∂f/∂z is q, ∂f/∂q is z, and x gets what q got.",
        ),
        solution="Go forward to find $q$. Then backward: the product gives $z$ the value of $q$ and $q$ the value of $z$. "
        "The sum hands on unchanged what arrives at it, so $x$ gets the same as $q$. A layer is made of the "
        "same two gates: each weight sits in a product, each bias in a sum.",
        derivation=_add_then_multiply(),
        asks=("dz", "dq", "dx"),
    ),
    Ladder(
        title="The four equations, line by line",
        text="A 2-2-2 network, sigmoid in both layers, with biases; the loss is the squared error, summed and without a ½. "
        "Find $\\partial L/\\partial b^1$ and $\\partial L/\\partial W^1$ by BP1 to BP4, to four digits (matrices row by "
        "row).",
        hints=(
            "Forward, then the deltas from the top down, then read off.",
            "BP1: each output has its own slope, so δ² is 2(ŷ − y) times ŷ(1 − ŷ). BP2: down by the columns of W², times "
            "a¹(1 − a¹).",
            "BP3: the bias's derivative is δ¹. BP4: row j, column k of the weights' is δ¹ⱼ xₖ.",
        ),
        solution="Forward keeps every $z$ and $a$. BP1: the outputs work elementwise, so each delta has one term, the "
        "loss's slope times the sigmoid's. BP2: each hidden unit gathers the deltas of its readers through the weights by "
        "which *they* read it, a column of $W^2$, then multiplies by its own slope. BP3 and BP4 read off: the delta is the "
        "bias's derivative, and delta times input the weight's.",
        derivation=ONE_LAYER,
        steps=("z1", "a1", "z2", "a2", "da2", "slope2", "delta2", "da1", "slope1", "delta1", "db1", "dW1"),
        shows=("x", "y", "W1", "b1", "W2", "b2"),
    ),
    Choice(
        title="A unit that says nothing",
        text="For one example a hidden unit has the activation exactly 0, though its activation function is not flat there. "
        "Which derivatives does that make 0 by itself?",
        hints=(
            "In which of the four equations does an activation stand as a factor?",
            "BP4 has the activation of the unit where the weight starts.",
            "The weights that start at the unit. The delta of the unit itself has no such factor.",
        ),
        options=(
            Option("Those of the weights that lead from the unit to the layer above.",
                   "BP4: δ of the reader times the activation of the unit, which is 0.", True),
            Option("Those of the weights that lead to the unit.",
                   "BP4 for those has the unit's delta and the activations of the layer below. The unit's own activation is "
                   "not in it."),
            Option("That of the unit's bias.",
                   "BP3: it is the whole delta, and BP2 has the slope f′(z) in it, not the activation."),
            Option("All that have to do with the unit.",
                   "Only what multiplies the activation becomes 0. The unit can still learn to say something."),
        ),
        solution="Look for the activation among the factors. BP4 has the activation of the unit where a weight starts, so "
        "the weights that read this unit get 0. The unit's own delta is $\\sum_r w_{rj} \\delta_r \\cdot f'(z_j)$: no "
        "activation in it. So its bias and the weights that lead to it may well move.",
    ),
    Numbers(
        title="A batch of three",
        text="The deltas of three examples stand as columns in $dZ^2$, the activations of the layer below in $A^1$. Find "
        "$dW^2$ (four numbers, row by row) and $db^2$ (two), the derivatives of the *cost*, to four digits.",
        hints=(
            "A weight serves all examples. What does the cost do with their losses?",
            "Row j of dZ² times row k of A¹, added up over the examples. And then the mean.",
            "dW² = dZ²(A¹)ᵀ/3, and db² is the mean of each row of dZ².",
        ),
        solution="For each example the derivative of $w_{jk}$ is $\\delta_j a_k$ (BP4), and of the bias $\\delta_j$ (BP3). "
        "The cost is the mean of the losses, so its derivatives are the means of these. Row $j$ of $dZ$ times column $k$ of "
        "$A^\\top$ adds up over the examples; dividing by their number makes the mean.",
        derivation=BATCH,
        asks=("dW", "db"),
    ),
    Numbers(
        title="Down, and then the step",
        text="A 2-2-2 network with a sigmoid layer, a softmax output and the cross-entropy, so that $\\delta^2 = \\hat y - "
        "y$. Find $\\delta^2$, $\\partial L/\\partial a^1$, $\\delta^1$ (two numbers each) and the new $W^1$ after one step "
        "with the rate $\\eta$ (row by row), to four digits.",
        hints=(
            "Finish all derivatives before you change any weight.",
            "Down: column j of W² times δ², then times a¹(1 − a¹).",
            "The step: each entry of W¹ minus η δ¹ⱼ xₖ, with the W² of the forward pass in δ¹.",
        ),
        solution="Forward, then $\\delta^2 = \\hat y - y$. BP2 needs the $W^2$ with which the forward pass was made, and "
        "its *transpose*: with two units in both layers $W^2 \\delta^2$ would have the right shape and the wrong numbers. "
        "Only when all derivatives are there does the step change the weights.",
        derivation=WITH_A_STEP,
        asks=("delta2", "da1", "delta1", "W1_new"),
        shows=("x", "y", "W1", "b1", "W2", "b2", "eta"),
    ),
    Choice(
        title="Slow learning",
        text="A network of your own learns, but far too slowly. A gradient check says that every weight's derivative is "
        "smaller than the numerical one, all by the same factor: the number $m$ of examples in the batch. What is the "
        "likely cause?",
        hints=(
            "Which lines of the batch form know m at all?",
            "The 1/m belongs in one place: in dW and db, or else in dZ of the last layer.",
            "It was put into both.",
        ),
        options=(
            Option("$dZ^L$ is divided by $m$, and $dW$ and $db$ once more.",
                   "The mean is taken twice, so all is too small by the factor m. Choose one of the two places.", True),
            Option("$dA^{l-1} = (W^l)^\\top dZ^l$ should be divided by $m$, and is not.",
                   "Column by column dA belongs to single losses: no 1/m there. And that would make them too large."),
            Option("The sigmoid's slope is taken at $a$ and not at $z$.",
                   "That gives another factor at each unit and each layer, not one and the same, and none that knows the "
                   "batch."),
            Option("The learning rate is too small.",
                   "The learning rate is in the step, not in the gradient; the check does not see it."),
        ),
        solution="An error with one factor for all weights comes from a place that all of them pass. Only the mean knows "
        "$m$. If $dZ^L$ carries the $1/m$ already, it comes down to every layer with it, and $dW = dZ A^\\top$ must not "
        "divide again. Training alone would not show it: it looks like a small learning rate.",
    ),
    Numbers(
        title="The bill of one gradient",
        text="A network has the layer sizes $n_0$, $n_1$ and $n_2$. How many multiplications does one example take forward, "
        "and how many backward, as chapter 9 counts them (products with weights and for weights; whatever is done once a "
        "unit is left out)? The numbers are whole.",
        hints=(
            "Forward each weight multiplies once.",
            "Backward each weight gets its own derivative, and hands a delta on: is anybody below the first layer who asks "
            "for it?",
            "Forward n₀n₁ + n₁n₂. Backward the same, and n₁n₂ once more.",
        ),
        solution="Forward each weight multiplies one activation: $n_0 n_1 + n_1 n_2$. Backward each weight's derivative is "
        "one product, delta times activation, and in every layer but the first each weight also carries a delta down. "
        "Biases cost no multiplication in either direction.",
        derivation=BILL,
        asks=("forward", "backward"),
    ),
    Paper(
        title="A layer with a bypass",
        text="In a *residual* layer each unit adds what stands in the same place below: $a^l_j = f(z^l_j) + a^{l-1}_j$, "
        "with $z^l = W^l a^{l-1} + b^l$. Layers $l$ and $l - 1$ have equally many units. Let $g^l_j = \\partial L/\\partial "
        "a^l_j$ be known. Find $\\delta^l_j$, the derivatives of the weights and biases, and $g^{l-1}_k$. Ask in each line "
        "what a nudge touches first.",
        hints=(
            "Draw unit j: the wire from below forks. Where does each branch go?",
            "A nudge of z touches only f(z), so δ is as in BP2. A nudge of the activation below touches all sums, and one "
            "unit directly.",
            "Two kinds of paths lead up from it: through the weights, and the bypass with the factor 1.",
        ),
        solution="""**The delta.** A nudge of $z^l_j$ touches only $f(z^l_j)$, and with it $a^l_j$, which
moves by $f'(z^l_j)$ times as much. The other summand, $a^{l-1}_j$, is held still. So

$$
\\delta^l_j = g^l_j\\, f'(z^l_j) .
$$

**Biases and weights.** They touch only $z^l_j$, as in every layer, so BP3 and BP4 stand as they are:

$$
\\frac{\\partial L}{\\partial b^l_j} = \\delta^l_j, \\qquad \\frac{\\partial L}{\\partial w^l_{jk}} = \\delta^l_j\\, a^{l-1}_k .
$$

**One layer down.** A nudge of $a^{l-1}_k$ touches every sum $z^l_j$, with the factor $w^l_{jk}$, and
it touches $a^l_k$ directly, with the factor 1. Paths add:

$$
g^{l-1}_k = \\sum_j w^l_{jk}\\, \\delta^l_j + g^l_k , \\qquad \\text{in one line} \\quad g^{l-1} = (W^l)^\\top \\delta^l + g^l .
$$

The second term has no slope and no weight in it: whatever the layer does, its gradient comes down in full.
Chapter 15 makes use of it.""",
    ),
    Code(
        title="One layer down",
        text="Write `deltas_below(dZ_next, W_next, A)`: the deltas $dZ^l$ of a sigmoid layer for a batch, from the deltas "
        "$dZ^{l+1}$ of the layer above, its weights $W^{l+1}$ and the layer's own activations $A^l$. All are arrays with an "
        "example in each column.",
        hints=(
            "It is BP2 for all units and all examples at once: two lines.",
            "First dA: which of W and its transpose fits the shapes if the layers have different sizes?",
            "`dA = W_next.T @ dZ_next`, and then `dA * A * (1 - A)`, entry by entry.",
        ),
        solution="The gradient of the activations is $dA^l = (W^{l+1})^\\top dZ^{l+1}$: a unit gathers from its readers, so "
        "it needs its column of the weights. Each entry is then multiplied by the sigmoid's slope at its own place, $A(1 - "
        "A)$. There is no $1/m$ here: the columns belong to single losses.",
        stub='''def deltas_below(dZ_next, W_next, A):
    """The deltas of a sigmoid layer, from those of the layer above."""
    return None
''',
        solved=deltas_below,
        cases=_batches,
    ),
]  # fmt: skip
