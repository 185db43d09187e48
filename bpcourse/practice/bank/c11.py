"""Exercises of chapter 11, backpropagation in numpy."""

import numpy as np

from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Numbers, Option, Paper
from bpcourse.practice.worked import of_network

READ_BY_TWO = Derivation(
    (
        Given("W2", "W^2", np.array([[0.5, -1.0], [2.0, 0.4]]), -20, 20, 1),
        Given("delta2", "\\delta^2", np.array([[0.3], [-0.2]]), -9, 9, 1),
    ),
    (Step("da1", "\\partial L/\\partial a^1", "back through the weights", {"W": "W2", "delta": "delta2"}),),
)

ONE_EXAMPLE = of_network(
    {
        "W1": np.array([[1.0, 0.5], [0.5, -1.0]]),
        "b1": np.array([[0.5], [0.5]]),
        "W2": np.array([[1.0, -1.0], [0.5, 2.0]]),
        "b2": np.array([[0.2], [-0.1]]),
    },
    [1.0, 2.0],
    [1.0, 0.0],
    hidden="relu",
    loss="cross_entropy",
    matched=True,
    fresh={"x": (1, 2, 0), "W": (-8, 10, 1), "b": (-5, 9, 1)},
)
BY_HAND = Derivation(
    tuple([given._replace(low=-5) if given.name == "W1" else given for given in ONE_EXAMPLE.givens]),  # seldom are both units off
    ONE_EXAMPLE.steps,
)

ONE_LAYER_BATCH = of_network(
    {"W1": np.array([[0.5, -1.0]]), "b1": np.array([[0.2]])},
    np.array([[1.0, 2.0, -1.0], [0.5, -1.0, 1.0]]),
    np.array([[1.0, 0.0, 0.0]]),
    output="sigmoid",
    loss="binary_cross_entropy",
    matched=True,
    fresh={"x": (-20, 20, 1), "W": (-15, 15, 1), "b": (-9, 9, 1)},
)

TWO_LAYER_BATCH = of_network(
    {
        "W1": np.array([[1.0, -0.5], [0.5, 1.0]]),
        "b1": np.array([[0.5], [-1.0]]),
        "W2": np.array([[1.0, -0.5], [0.4, 1.5]]),
        "b2": np.array([[0.1], [-0.2]]),
    },
    np.array([[1.0, 2.0], [2.0, -1.0]]),
    np.array([[0.0, 1.0], [1.0, 0.0]]),
    hidden="relu",
    loss="cross_entropy",
    matched=True,
    fresh={"x": (-20, 30, 1), "W": (-10, 20, 1), "b": (-5, 9, 1)},
)

TANH_UNIT = of_network(
    {"W1": np.array([[0.8]]), "b1": np.array([[-0.3]]), "W2": np.array([[1.5]]), "b2": np.array([[0.2]])},
    [2.0],
    [1.2],
    hidden="tanh",
    output="identity",
    loss="half_squared_error",
    matched=True,
    fresh={"x": (-15, 20, 1), "W": (-15, 20, 1), "b": (-5, 5, 1)},
)


def softmax_vjp(g: np.ndarray, A: np.ndarray) -> np.ndarray:
    """Back through a softmax."""
    average = (g * A).sum(axis=0, keepdims=True)
    return A * (g - average)


def affine_vjp(dZ: np.ndarray, A_below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of a layer's weights and biases."""
    m = dZ.shape[1]
    dW = dZ @ A_below.T / m
    db = dZ.sum(axis=1, keepdims=True) / m
    return dW, db


def backpropagation(
    X: np.ndarray, Y: np.ndarray, W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray
) -> dict[str, np.ndarray]:
    """Forward and back through two layers."""
    Z1 = W1 @ X + b1
    A1 = np.maximum(Z1, 0)
    Z2 = W2 @ A1 + b2
    E = np.exp(Z2 - Z2.max(axis=0))
    A2 = E / E.sum(axis=0)
    m = X.shape[1]
    dZ2 = A2 - Y
    dZ1 = (W2.T @ dZ2) * (Z1 > 0)
    return {
        "dW2": dZ2 @ A1.T / m,
        "db2": dZ2.sum(axis=1, keepdims=True) / m,
        "dW1": dZ1 @ X.T / m,
        "db1": dZ1.sum(axis=1, keepdims=True) / m,
    }


SIZES = ((3, 4, 2, 5), (2, 5, 3, 1), (4, 3, 3, 6))
"""Units below, hidden units, outputs, examples: all different where they can be, so that a transpose does not fit."""


def _upstreams_and_outputs() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(11)
    cases = []
    for _, _, units, examples in SIZES:
        E = np.exp(rng.normal(size=(units, examples)))
        cases.append((rng.normal(size=(units, examples)), E / E.sum(axis=0)))
    return cases


def _deltas_and_activations() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(11)
    return [(rng.normal(size=(units, examples)), rng.normal(size=(below, examples))) for below, units, _, examples in SIZES]


def _networks() -> list[tuple[np.ndarray, ...]]:
    rng = np.random.default_rng(11)
    cases = []
    for inputs, hidden, outputs, examples in SIZES:
        X = rng.normal(size=(inputs, examples))
        Y = np.eye(outputs)[:, rng.integers(0, outputs, examples)]
        shapes = (hidden, inputs), (hidden, 1), (outputs, hidden), (outputs, 1)
        cases.append((X, Y, *[rng.normal(size=shape) for shape in shapes]))
    return cases


EXERCISES: list[Exercise] = [
    Numbers(
        title="Read by two",
        text="From chapters 8 and 9: two hidden units are read by two units above, through $W^2$; the deltas there are $\\delta^2$. Find $\\partial L/\\partial a^1$, two "
        "numbers, "
        "to four digits.",
        hints=(
            "Each hidden unit gathers over all units that read it.",
            "Hidden unit 1 is read through column 1 of W²: one weight from each unit above.",
            "∂L/∂a¹₁ = w²₁₁ δ²₁ + w²₂₁ δ²₂, and the like with column 2.",
        ),
        solution="An activation moves every sum that reads it, and paths add. Unit $k$ is read through column $k$ of $W^2$, "
        "so the column is multiplied with $\\delta^2$: all at once, $(W^2)^\\top \\delta^2$.",
        derivation=READ_BY_TWO,
        asks=("da1",),
    ),
    Choice(
        title="Which shape?",
        text="From chapters 6 and 9: a layer of 5 units reads 3 units below. A batch of 6 examples passes through it. "
        "Which shapes have $dZ$, $dW$ and $db$?",
        options=(
            Option(
                "$dZ$ (5, 6), $dW$ (5, 3), $db$ (5, 1).",
                "A gradient has the shape of what it is the gradient of. The examples are summed over in $dW$ and $db$.",
                right=True,
            ),
            Option(
                "$dZ$ (5, 6), $dW$ (3, 5), $db$ (5, 1).",
                "$W$ has a row for each of its own units: (5, 3), and $dW$ with it. (3, 5) comes out of the product the other "
                "way round, "
                "$A\\,dZ^\\top$.",
            ),
            Option(
                "$dZ$ (5, 6), $dW$ (5, 3), $db$ (5, 6).",
                "One column an example is right for $dZ$. But all examples share one bias a unit: the sum over the columns is "
                "missing.",
            ),
            Option(
                "$dZ$ (6, 5), $dW$ (5, 3), $db$ (1, 5).",
                "In this book a column is an example and a row is a unit. Many programs have it the other way round.",
            ),
        ),
        hints=(
            "A gradient has the shape of what it is the gradient of.",
            "W has a row for each of its units and a column for each unit below.",
            "The number of examples stands in Z, not in W or b.",
        ),
        solution="$Z$ has a row a unit and a column an example: (5, 6). $W$ is (5, 3), to before from, and $b$ is a column of 5. "
        "The gradients have the same shapes. In $dW = dZ A^\\top / m$, (5, 6) meets (6, 3), and the examples vanish.",
    ),
    Numbers(
        title="Another network by hand",
        text="Two inputs, two ReLU units, two softmax outputs with cross-entropy, one example. The biases are not 0. "
        "Find $\\hat y$, $\\delta^2$, $dW^2$, $\\partial L/\\partial a^1$, $\\delta^1$ and $dW^1$, in this order, row by row, "
        "to four digits.",
        hints=(
            "Forward first: which hidden unit is off?",
            "δ² = ŷ − y. Then dW² = δ² (a¹)ᵀ, and ∂L/∂a¹ = (W²)ᵀ δ².",
            "δ¹ is ∂L/∂a¹ where z¹ > 0, and 0 where the unit is off. dW¹ = δ¹ xᵀ.",
        ),
        solution="Forward goes through both layers, and the ReLU turns negative sums into 0. Backward begins with $\\delta^2 "
        "= \\hat y - y$. "
        "BP4 makes $dW^2$ of it: row $j$, column $k$ is $\\delta^2_j a^1_k$, so the column of a unit that is off is 0. "
        "BP2 goes down: the transpose of $W^2$, then the slopes of the ReLU, 1 or 0. BP4 again, now with the inputs.",
        derivation=BY_HAND,
        asks=("a2", "delta2", "dW2", "da1", "delta1", "dW1"),
        shows=("x", "W1", "b1", "W2", "b2", "y"),
    ),
    Numbers(
        title="Three examples, one layer",
        text="A layer with one sigmoid unit and binary cross-entropy; the batch has three examples, one a column. "
        "Find the outputs $\\hat Y = A^1$, the cost $C$, $dW^1$ and $db^1$, to four digits.",
        hints=(
            "Column by column: three sums, three outputs, three losses. The cost is their mean.",
            "dZ = A − Y, one number an example.",
            "dW = dZ Xᵀ / m: for each input the three products dZ times input, added, divided by 3. db is the mean of dZ.",
        ),
        solution="Every column goes forward by itself; the bias is the same for all. The cost is the mean of three losses. "
        "The pair is matched, so $dZ = A - Y$. The product $dZ\\,X^\\top$ adds up what the three examples want of each weight, "
        "and $1/m$ makes the mean of it. $db$ is the mean of $dZ$ along its row.",
        derivation=ONE_LAYER_BATCH,
        asks=("A1", "cost", "dW1", "db1"),
        shows=("X", "Y", "W1", "b1"),
    ),
    Choice(
        title="Where is the mistake?",
        text="A network of four layers, ReLU and softmax with cross-entropy. The check passes for $W^4$, $b^4$ and $W^3$, $b^3$. "
        "It fails for $W^2$, $b^2$ and $W^1$, $b^1$. Where do you look first?",
        options=(
            Option(
                "At the lines that make $dZ^2$ of $dZ^3$.",
                "$dW^3$ and $db^3$ are right, so $dZ^3$ is. $dZ^2$ is the first thing that can be wrong, and everything below "
                "inherits it.",
                right=True,
            ),
            Option(
                "At the lines that make $dW^2$ and $db^2$ of $dZ^2$.",
                "A mistake there would leave $dW^1$ and $db^1$ right: they are made from $dZ^1$, not from $dW^2$.",
            ),
            Option(
                "At the first layer: there the error is farthest from the output.",
                "Gradients are made from above to below. What is wrong in layer 1 cannot disturb layer 2.",
            ),
            Option(
                "At $dZ^4 = A^4 - Y$: everything comes from it.",
                "If it were wrong, $dW^4$ and $db^4$ would be, too.",
            ),
        ),
        hints=(
            "In which order are the gradients made?",
            "Which deltas must be right if dW³ and db³ are?",
            "Both gradients of layer 2 are wrong, and all below: what do they share?",
        ),
        solution="Backward goes down. $dW^3$ and $db^3$ are made of $dZ^3$, so $dZ^3$ is right. "
        "All that fails is made of $dZ^2$. So the mistake is between: in $(W^3)^\\top dZ^3$, or in the ReLU's slopes of layer 2.",
    ),
    Numbers(
        title="A tanh unit",
        text="One input, one tanh unit, one linear output, half the squared error. "
        "Find $a^1$, $\\partial L/\\partial a^1$, $\\delta^1$ and $\\partial L/\\partial w^1_{11}$, to four digits.",
        hints=(
            "δ² = ŷ − y, for a linear output with half the squared error.",
            "The slope of tanh is read off the activation: 1 − a².",
            "∂L/∂a¹ is δ² times the upper weight. Times 1 − a² of the hidden unit it is δ¹; times x that is the weight's gradient.",
        ),
        solution="Forward gives $a^1 = \\tanh z^1$ and a linear $\\hat y$. Backward: $\\delta^2 = \\hat y - y$, times the "
        "weight, "
        "gives $\\partial L/\\partial a^1$. Through the tanh it is multiplied by $1 - (a^1)^2$, never above 1. "
        "The weight multiplies $x$, so its gradient is $\\delta^1 x$.",
        derivation=TANH_UNIT,
        asks=("a1", "da1", "delta1", "dW1"),
        shows=("x", "W1", "b1", "W2", "b2", "y"),
    ),
    Numbers(
        title="Two examples, two layers",
        text="Two inputs, two ReLU units, two softmax outputs with cross-entropy, and a batch of two examples. "
        "Find $dZ^2$, $dW^2$, $db^2$, $dZ^1$, $dW^1$ and $db^1$, row by row, to four digits.",
        hints=(
            "Two forward passes, side by side: a column each.",
            "dZ² = A² − Y. Each of its columns sums to 0: test it.",
            "dW = dZ Aᵀ / 2 with the A below, db = the mean along each row of dZ, and dZ¹ = (W²)ᵀ dZ² where Z¹ > 0.",
        ),
        solution="Each column of $dZ$ belongs to one example, and no mean is taken there. "
        "The mean comes with the parameters, which all examples share: $dW = dZ A^\\top / m$ adds the outer products of both "
        "columns, "
        "$db$ adds the columns themselves, and both are divided by $m$, here two. "
        "The ReLU's slopes are looked up at each $z$: a unit may be on for one example and off for the other.",
        derivation=TWO_LAYER_BATCH,
        asks=("dZ2", "dW2", "db2", "dZ1", "dW1", "db1"),
        shows=("X", "W1", "b1", "W2", "b2", "Y"),
    ),
    Paper(
        title="The slope of tanh, from its exponentials",
        text="Show that the derivative of $\\tanh z = (e^z - e^{-z})/(e^z + e^{-z})$ is $1 - \\tanh^2 z$. Then write the line of "
        "`backward` that goes through a tanh, with no call of `np.tanh`.",
        hints=(
            "A quotient: call the numerator u and the denominator v.",
            "The derivative of u is v, and that of v is u. The minus of −z does it.",
            "(u′v − u v′)/v² = (v² − u²)/v².",
        ),
        solution="Let $u = e^z - e^{-z}$ and $v = e^z + e^{-z}$. The inner slope of $e^{-z}$ is $-1$, so\n\n"
        "$$\n\\begin{aligned}\n"
        "u' &= e^z + e^{-z} = v , \\\\\n"
        "v' &= e^z - e^{-z} = u , \\\\\n"
        "\\frac{d}{dz} \\frac{u}{v} &= u' \\cdot \\frac1v - u \\cdot \\frac{v'}{v^2} = \\frac{v}{v} - \\frac{u^2}{v^2} \\\\\n"
        " &= 1 - \\Bigl(\\frac{u}{v}\\Bigr)^2 = 1 - \\tanh^2 z .\n"
        "\\end{aligned}\n$$\n\n"
        "The third line takes the numerator's path and the denominator's, and adds them. "
        "The forward pass has kept $A = \\tanh Z$, so the backward line reads `dZ = dA * (1 - A ** 2)`.",
    ),
    Code(
        title="Back through a softmax",
        text="Write the function of chapter 10 that takes $\\partial L/\\partial \\hat y$ and the softmax's output, and "
        "returns $dZ$. "
        "It works on a batch, a column an example, and never builds a Jacobian.",
        hints=(
            "Each entry is compared with an average down its own column.",
            "The average of g, weighted by A, is the sum of `g * A` down the column.",
            "`A * (g - average)`. Use `axis=0` and `keepdims=True`.",
        ),
        solution="Down each column the average of `g`, weighted by the outputs, is one number. "
        "`keepdims=True` keeps it a row of such numbers, one an example, so that numpy subtracts it from the right column.",
        stub='def softmax_vjp(g, A):\n    """dZ from g = ∂L/∂A; both of shape (units, examples)."""\n    return None\n',
        solved=softmax_vjp,
        cases=_upstreams_and_outputs,
    ),
    Code(
        title="The gradients of a layer's parameters",
        text="Write BP4 and BP3 for a batch: from $dZ$ and the activations below to $dW$ and $db$, means over the examples.",
        hints=(
            "The sum over the examples is inside a matrix product.",
            "dW has the shape of W: as many rows as dZ, as many columns as A_below has rows.",
            "`dZ @ A_below.T / m`, and the sum of `dZ` along axis 1, with `keepdims=True`, over m.",
        ),
        solution="`dZ @ A_below.T` multiplies each delta with each activation below and adds over the examples. "
        "The bias is added to every example, so its deltas are added along the row. Both become means with `/ m`, "
        "where `m` is the number of columns.",
        stub='def affine_vjp(dZ, A_below):\n    """(dW, db) of the cost, a mean over the examples."""\n    return None\n',
        solved=affine_vjp,
        cases=_deltas_and_activations,
    ),
    Code(
        title="Backpropagation of two layers",
        text="A ReLU layer, then a softmax layer with cross-entropy. Write forward and backward for a batch, and return the "
        "four gradients "
        "in a dictionary: `dW2`, `db2`, `dW1`, `db1`.",
        hints=(
            "Forward first, and keep Z1 and A1.",
            "Softmax with cross-entropy: `dZ2 = A2 - Y`. Then down: `(W2.T @ dZ2) * (Z1 > 0)`.",
            "For each layer `dW = dZ @ A.T / m` with the `A` below (`A1`, then `X`), and `db` the mean along each row.",
        ),
        solution="Forward keeps what backward reads: `Z1` for the slopes, `A1` for `dW2`. "
        "Backward starts with `A2 - Y` and goes down through the transpose and the slopes. "
        "Each layer's two gradients are made from its own `dZ`, and from what the layer reads.",
        stub='def backpropagation(X, Y, W1, b1, W2, b2):\n'
        '    """{"dW2": …, "db2": …, "dW1": …, "db1": …} of a ReLU and a softmax layer."""\n'
        "    return None\n",
        solved=backpropagation,
        cases=_networks,
    ),
]  # fmt: skip
