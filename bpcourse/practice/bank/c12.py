"""Exercises of chapter 12, training."""

import numpy as np

from bpcourse.examples import XOR_X, XOR_Y
from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Numbers, Option, Paper
from bpcourse.practice.worked import of_network

ALL_MOVE = Derivation(
    (
        Given("g", "g", np.array([[0.6], [-0.3]]), -9, 9, 1),
        Given("eta", "\\eta", 0.2, 5, 30, 2),
    ),
    (Step("change", "\\Delta L", "predicted change, all weights", {"eta": "eta", "g": "g"}),),
)


def two_steps() -> Derivation:
    """One step of a chain of two weights and two biases, then forward again, and the next gradient."""
    first = of_network(
        {"W1": np.array([[0.5]]), "b1": np.array([[0.1]]), "W2": np.array([[1.2]]), "b2": np.array([[-0.3]])},
        [2.0],
        [1.0],
        hidden="sigmoid",
        output="identity",
        loss="half_squared_error",
        matched=True,
        eta=0.4,
        fresh={"x": (5, 20, 1), "W": (-15, 15, 1), "b": (-5, 5, 1), "eta": (2, 9, 1)},
    )

    def summed(l: int, a: str, old: str) -> dict[str, str]:
        behind = {"old_W": f"W{l}", "old_b": f"b{l}", **({"old": old} if old else {})}
        return {"W": f"W{l}_new", "a": a, "b": f"b{l}_new", **behind}

    new, below = "_{\\text{new}}", {"W_below": "W1_new", "a_below": "x", "old_b_below": "b1"}
    again = (
        Step("z1_new", f"z^1{new}", "weighted sum", summed(1, "x", "")),
        Step("a1_new", f"a^1{new}", "sigmoid", {"x": "z1_new"}),
        Step("a2_new", f"\\hat y{new}", "weighted sum", {**summed(2, "a1_new", "a1"), **below}),
        Step("loss_new", f"L{new}", "half the squared error", {"y": "y", "a": "a2_new", "old_loss": "loss"}),
        Step("delta2_new", f"\\delta^2{new}", "output minus label", {"y": "y", "a": "a2_new"}),
        Step(
            "dW2_new", f"\\partial L/\\partial W^2{new}", "gradient after the step",
            {"delta": "delta2_new", "a": "a1_new", "old": "a1", "old_delta": "delta2"},
        ),
    )  # fmt: skip
    return Derivation(first.givens, (*first.steps, *again))


XOR_STEP = of_network(
    {
        "W1": np.array([[1.0, 1.0], [-1.0, 0.5]]),
        "b1": np.array([[-0.5], [0.2]]),
        "W2": np.array([[1.0, -1.5]]),
        "b2": np.array([[0.3]]),
    },
    XOR_X,
    XOR_Y,
    hidden="tanh",
    output="sigmoid",
    loss="binary_cross_entropy",
    matched=True,
    eta=0.5,
    fresh={"W": (-15, 15, 1), "b": (-9, 9, 1), "eta": (2, 9, 1)},
)

SIZES = Derivation(
    (
        Given("n", "n", 50.0, 20, 200, 0),
        Given("v", "v", 0.03, 1, 9, 2),
        Given("s", "s", 1.2, 5, 25, 1),
    ),
    (
        Step("sum", "s_z", "mean square of a sum", {"n": "n", "v": "v", "s": "s"}),
        Step("relu", "s_a", "half after the ReLU", {"s": "sum"}),
    ),
)

ONE_HOT = Derivation(
    (
        Given("labels", "\\text{labels}", np.array([[1.0, 1.0]])),
        Given("classes", "\\text{classes}", np.array([[0.0], [1.0]])),
        Given("Z", "Z", np.array([[0.5, -1.0], [1.0, 0.4]]), -20, 20, 1),
    ),
    (
        Step("Y", "Y", "one-hot", {"classes": "classes", "labels": "labels"}),
        Step("A", "\\hat Y", "softmax", {"x": "Z"}),
        Step("losses", "L", "cross-entropy", {"y": "Y", "a": "A"}),
        Step("cost", "C", "mean over the examples", {"L": "losses"}),
        Step("dZ", "dZ", "output minus label", {"y": "Y", "a": "A"}),
        Step("db", "db", "mean gradient of the biases", {"delta": "dZ"}),
    ),
)


def one_hot(labels: list[int], classes: int) -> np.ndarray:
    """Labels as columns of 0 and one 1."""
    Y = np.zeros((classes, len(labels)))
    for i in range(len(labels)):
        Y[labels[i], i] = 1
    return Y


def minibatch_epoch(
    W: np.ndarray, b: np.ndarray, X: np.ndarray, Y: np.ndarray, order: np.ndarray, size: int, eta: float
) -> tuple[np.ndarray, np.ndarray]:
    """One epoch of a softmax layer, in minibatches."""
    for start in range(0, len(order), size):
        batch = order[start : start + size]
        A = X[:, batch]
        E = np.exp(W @ A + b)
        dZ = E / E.sum(axis=0) - Y[:, batch]
        m = len(batch)
        W = W - eta * dZ @ A.T / m
        b = b - eta * dZ.sum(axis=1, keepdims=True) / m
    return W, b


def _labels() -> list[tuple[list[int], int]]:
    return [([2, 0, 1, 2], 3), ([0], 4), ([1, 1, 0], 2), ([3, 9, 0, 5, 9], 10)]


def _epochs() -> list[tuple[np.ndarray | int | float, ...]]:
    rng = np.random.default_rng(12)
    cases: list[tuple[np.ndarray | int | float, ...]] = []
    for inputs, classes, examples, size, eta in (3, 2, 8, 4, 0.5), (2, 3, 7, 3, 0.1), (4, 3, 5, 1, 0.3):
        X, labels = rng.normal(size=(inputs, examples)), rng.integers(0, classes, examples)
        W, b = rng.normal(size=(classes, inputs)), rng.normal(size=(classes, 1))
        cases.append((W, b, X, np.eye(classes)[:, labels], rng.permutation(examples), size, eta))
    return cases


EXERCISES: list[Exercise] = [
    Numbers(
        title="What a step must gain",
        text="From chapters 1 and 4: two weights have the derivatives $g$, and both move at once, by $-\\eta\\, g$. "
        "By how much will the loss change, as far as the slopes tell? Give $\\Delta L$ to four digits.",
        hints=(
            "The effect of a move is the move times the slope.",
            "A weight moves by −ηg, and its slope is g.",
            "ΔL = −η (g₁² + g₂²).",
        ),
        solution="Each weight moves by $-\\eta g_k$, and each unit of that move changes the loss by $g_k$: "
        "the effect is $-\\eta g_k^2$, never above 0. The effects of both moves add. Slopes alone say so; "
        "with a large $\\eta$ the loss bends away from it.",
        derivation=ALL_MOVE,
        asks=("change",),
    ),
    Choice(
        title="Before anything is learned",
        text="From chapter 10: a new network with ten softmax outputs and the cross-entropy knows nothing, and gives every "
        "class the same "
        "probability. What is its cost?",
        options=(
            Option(
                "2.303",
                "Each class gets 0.1, and $-\\ln 0.1 = \\ln 10 = 2.303$, whatever the labels are. "
                "A first cost far above that says that the weights start too large.",
                right=True,
            ),
            Option(
                "1",
                "That is $-\\log_{10} 0.1$. The book's logarithm is $\\ln$, with base $e$.",
            ),
            Option(
                "0.9",
                "That is the probability that is missing at the right class. The cross-entropy takes minus the *logarithm* of "
                "the one that is there.",
            ),
            Option(
                "23.03",
                "One logarithm for each class: but only the label's class stands in the loss; all other $y_j$ are 0.",
            ),
        ),
        hints=(
            "What probability does each of ten classes get?",
            "The loss is minus the logarithm of the right class's probability.",
            "−ln(1/10) is ln 10, with the natural logarithm.",
        ),
        solution="Ten equal probabilities are 0.1 each. The label picks one, and $-\\ln 0.1 = 2.303$. "
        "All examples cost the same, so the mean does as well. Compare every first cost with it.",
    ),
    Numbers(
        title="One step, and the next gradient",
        text="A chain: one input, one sigmoid unit, one linear output, half the squared error. Find the loss and the new "
        "weights $W^1$ and $W^2$ "
        "after one step (the biases move, too). Run forward again: what is the loss now, "
        "and what is $\\partial L/\\partial W^2$ now? All to four digits.",
        hints=(
            "Find all four gradients first, with the old weights. Only then move anything.",
            "After the step every number is another one: z¹, a¹, ŷ, δ² are computed anew.",
            "The last one is δ² a¹, both from the second forward pass.",
        ),
        solution="All gradients belong to the weights of the first forward pass, so $\\delta^1$ uses the old $W^2$. "
        "Then both weights and both biases take $-\\eta$ times their gradient. "
        "The second forward pass gives a new $a^1$ and a new $\\hat y$, and the loss is smaller. "
        "The next gradient is $\\delta^2 a^1$ with these new numbers: the old ones are about the old place.",
        derivation=two_steps(),
        asks=("loss", "W1_new", "W2_new", "loss_new", "dW2_new"),
        shows=("x", "W1", "b1", "W2", "b2", "y", "eta"),
    ),
    Numbers(
        title="A step of XOR",
        text="Two tanh units and a sigmoid output with binary cross-entropy; the batch is XOR's four examples. "
        "Find the four outputs, the cost, $dW^2$, $db^2$ and the new $W^2$, to four digits.",
        hints=(
            "Four columns: for each, two hidden sums, two tanh, one output.",
            "dZ² = A² − Y. dW² = dZ² (A¹)ᵀ / 4: for each hidden unit the four products, averaged.",
            "The new W² is W² − η dW². db² is the mean of dZ² along its row.",
        ),
        solution="The hidden sums of the four inputs are $b$, $w_2 + b$, $w_1 + b$ and $w_1 + w_2 + b$. Forward goes on "
        "column by column. "
        "The pair is matched, so $dZ^2 = A^2 - Y$: negative where the label is 1. "
        "Each entry of $dW^2$ is the mean, over four examples, of delta times activation. Then the step, against it.",
        derivation=XOR_STEP,
        asks=("A2", "cost", "dW2", "db2", "W2_new"),
        shows=("X", "Y", "W1", "b1", "W2", "b2", "eta"),
    ),
    Choice(
        title="All weights zero",
        text="A 2-3-1 network with tanh units and a sigmoid output starts with all weights and biases 0. It is trained on "
        "XOR, all four "
        "examples at once. What happens?",
        options=(
            Option(
                "Nothing, ever: all gradients are 0.",
                "$A^1 = 0$, so $dW^2 = 0$. $W^2 = 0$, so nothing goes down. "
                "And $\\hat y$ is one half for all, so the deltas are $\\frac12, -\\frac12, -\\frac12, \\frac12$: $db^2$, "
                "their mean, is 0.",
                right=True,
            ),
            Option(
                "$W^2$ learns first, then $W^1$.",
                "$dW^2$ is delta times activation, and every activation is $\\tanh 0 = 0$.",
            ),
            Option(
                "It learns, but the three units stay equal.",
                "They do stay equal; but with *zero* weights no gradient reaches them at all. Equal weights other than 0 "
                "would move.",
            ),
            Option(
                "$W^1$ learns first: it reads the inputs, which are not 0.",
                "$dW^1 = dZ^1 X^\\top / m$, and $dZ^1$ comes down through $W^2 = 0$.",
            ),
        ),
        hints=(
            "What are the activations, and the outputs?",
            "dW² needs an activation, dZ¹ needs a weight above it.",
            "Only db² is left: the mean of ŷ − y over four examples.",
        ),
        solution="Zeros stop the gradient at both places: at $dW^2$ through the activations, at $dZ^1$ through $W^2$. "
        "What is left is $db^2$, the mean of $\\hat y - y$. XOR has as many ones as zeros, so it is 0, too: "
        "the network stands on a flat place, and stays.",
    ),
    Numbers(
        title="How large is a sum?",
        text="A unit adds up $n$ products. Its inputs have the mean square $s$, its weights the mean square $v$ and random "
        "signs. "
        "What is the mean square $s_z$ of the sum, and $s_a$ after a ReLU? Four digits.",
        hints=(
            "Products of mixed signs partly cancel; the squares stay.",
            "The mean square of one product is v · s. There are n of them.",
            "The ReLU turns one half of the sums into 0.",
        ),
        solution="In the square of the sum the mixed products average out, and $n$ squares are left, each $v s$ on average: "
        "$s_z = n v s$. "
        "Half of the sums are negative, and the ReLU makes 0 of them, so half of the mean square is left. "
        "With $v$ at $2/n$ it would come out as $s$ again: neither growing nor fading from layer to layer.",
        derivation=SIZES,
        asks=("sum", "relu"),
    ),
    Numbers(
        title="Labels in columns",
        text="Two classes, numbered 0 and 1. The logits $Z$ of two images are given, and the labels. Write the one-hot $Y$, "
        "row by row; then find the cost of softmax with cross-entropy, and $db$, to four digits.",
        hints=(
            "A column is an image, a row is a class.",
            "Label 1 puts its 1 into the second row, since classes are counted from 0.",
            "Softmax down each column; the cost is the mean of −ln of the label's entry; db is the mean of ŷ − y along each row.",
        ),
        solution="Each column of $Y$ has one 1, in the row of its label. The softmax works down each column, too, "
        "and the label picks the entry whose logarithm counts. $dZ$ is the difference of the two tables, and $db$ its mean "
        "along each row. "
        "With as many images as classes a transposed $Y$ fits without an error, and everything after it is wrong.",
        derivation=ONE_HOT,
        asks=("Y", "cost", "db"),
    ),
    Choice(
        title="What does the network say?",
        text="`A` holds the softmax's outputs for 359 images of ten digits: its shape is (10, 359). Which line gives the "
        "network's answers?",
        options=(
            Option(
                "`np.argmax(A, axis=0)`",
                "It goes down each column, along axis 0, and says in which row the largest number stands: 359 digits.",
                right=True,
            ),
            Option(
                "`np.argmax(A, axis=1)`",
                "It goes along each row: for each digit the number of the image that looks most like it. Ten numbers, not 359.",
            ),
            Option(
                "`np.max(A, axis=0)`",
                "This is how sure the network is, not of what: the largest probability, not its place.",
            ),
            Option(
                "`np.argmax(A)`",
                "Without an axis the whole table is one long list: one number comes out, up to 3,589.",
            ),
        ),
        hints=(
            "Which shape must the answer have?",
            "A column is an image. Along which axis does one go through its ten entries?",
            "The place of the largest entry is wanted, not its size.",
        ),
        solution="An image is a column, and its ten probabilities stand one below the other, along axis 0. "
        "`argmax` gives the place of the largest, counted from 0, which is the digit itself.",
    ),
    Choice(
        title="The cost rises",
        text="Training starts, and the cost rises from the first step on. With a learning rate a hundred times as small it "
        "rises, too, "
        "more slowly. What is the likeliest mistake?",
        options=(
            Option(
                "The sign of the update.",
                "However small a step, it leads uphill. A right gradient with a small enough step always leads down.",
                right=True,
            ),
            Option(
                "The learning rate is too large.",
                "Then the small one would have helped. A step too far is cured by a shorter one.",
            ),
            Option(
                "All weights start equal.",
                "Twins learn less than they could, but their cost falls.",
            ),
            Option(
                "The $1/m$ is forgotten.",
                "That makes each step $m$ times as long. A learning rate a hundred times as small would make up for most of "
                "it, and it leads downhill.",
            ),
        ),
        hints=(
            "What does a shorter step change, and what not?",
            "For a small step the change of the cost is nearly −η times the squared length of the gradient.",
            "Which of these mistakes turns the direction round?",
        ),
        solution="For a small enough step the cost changes by about $-\\eta$ times the sum of all squared derivatives, so it "
        "must fall. "
        "If it rises however small $\\eta$ is, the step goes with the gradient and not against it, or the gradient itself has "
        "the wrong sign.",
    ),
    Paper(
        title="Why twins stay twins",
        text="Two hidden units of a network with one hidden layer start with equal rows of weights in $W^1$, equal biases, "
        "and equal columns of weights out in $W^2$. "
        "Show that they are still equal after any number of steps.",
        hints=(
            "Show it for one step; the next step begins the same way.",
            "Call the twins 1 and 2. Go forward: are their z and a equal?",
            "Go backward: δ¹ is (column of W² times δ²) times the slope. Then BP4 and BP3.",
        ),
        solution="Call the twins 1 and 2, and take one example. They start with $w^1_{1k} = w^1_{2k}$ for every input $k$, "
        "$b^1_1 = b^1_2$, "
        "and $w^2_{r1} = w^2_{r2}$ for every unit $r$ above.\n\n"
        "$$\n\\begin{aligned}\n"
        "z^1_1 &= \\sum_k w^1_{1k} x_k + b^1_1 = \\sum_k w^1_{2k} x_k + b^1_2 = z^1_2 , \\\\\n"
        "a^1_1 &= f(z^1_1) = f(z^1_2) = a^1_2 , \\\\\n"
        "\\delta^1_1 &= f'(z^1_1) \\sum_r w^2_{r1} \\delta^2_r = f'(z^1_2) \\sum_r w^2_{r2} \\delta^2_r = \\delta^1_2 , \\\\\n"
        "\\pd{L}{w^1_{1k}} &= \\delta^1_1 x_k = \\delta^1_2 x_k = \\pd{L}{w^1_{2k}} , \\\\\n"
        "\\pd{L}{b^1_1} &= \\delta^1_1 = \\delta^1_2 = \\pd{L}{b^1_2} , \\\\\n"
        "\\pd{L}{w^2_{r1}} &= \\delta^2_r a^1_1 = \\delta^2_r a^1_2 = \\pd{L}{w^2_{r2}} .\n"
        "\\end{aligned}\n$$\n\n"
        "The first two lines are forward, the third is BP2, then come BP4 and BP3 of layer 1 and BP4 of layer 2. "
        "All this holds for every example, so it holds for the means over a batch. "
        "Equal parameters get equal gradients, so after the step $w - \\eta\\,\\partial C/\\partial w$ they are equal again, "
        "and the next step begins as this one did.",
    ),
    Code(
        title="One-hot labels",
        text="Write `one_hot`: a list of labels, counted from 0, becomes a table with a column for each label and a row for "
        "each class.",
        hints=(
            "Begin with zeros of the right shape.",
            "A row for each class, a column for each label: shape `(classes, len(labels))`.",
            "For label number i, put a 1 into row `labels[i]`, column i.",
        ),
        solution="Begin with zeros, (classes, examples), and put one 1 into each column, in the row that the label names. "
        "Labels count from 0, and so do numpy's rows.",
        stub='def one_hot(labels, classes):\n    """Columns of 0 and one 1: shape (classes, len(labels))."""\n    return None\n',
        solved=one_hot,
        cases=_labels,
    ),
    Code(
        title="One epoch in minibatches",
        text="A single layer with softmax and cross-entropy: logistic regression. Write one epoch: take the examples in the "
        "given order, "
        "`size` at a time, and make a step for each minibatch. Return the new `W` and `b`. The last minibatch may be smaller.",
        hints=(
            "A loop over the places 0, size, 2·size, … of `order`.",
            "`X[:, order[start:start + size]]` are the columns of one minibatch.",
            "dZ = softmax(W X + b) − Y with the present W and b; then both move by −η times their mean gradients, over this "
            "minibatch.",
        ),
        solution="Each minibatch goes forward with the weights that the one before has left. "
        "The mean is over the columns that are really there, which are fewer in the last minibatch. "
        "`W = W - …` makes a new array; `W -= …` would change the caller's.",
        stub='def minibatch_epoch(W, b, X, Y, order, size, eta):\n'
        '    """(W, b) after one step for each minibatch of `size` columns, in this order."""\n'
        "    return None\n",
        solved=minibatch_epoch,
        cases=_epochs,
    ),
]  # fmt: skip
