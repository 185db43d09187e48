"""Exercises of chapter 06, names, shapes and matrices."""

from itertools import pairwise
from typing import Any

import numpy as np

from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Numbers, Option, Paper

# --------------------------------------------------------------------------- derivations

_STEP = Derivation(
    (
        Given("w", "w", 0.8, -20, 20, 1),
        Given("eta", "\\eta", 0.5, 1, 9, 1),
        Given("g", "\\partial L/\\partial w", -0.3, -9, 9, 1),
    ),
    (
        Step("w_new", "w_{\\text{new}}", "step downhill", {"w": "w", "eta": "eta", "g": "g"}),
        Step("change", "\\Delta L_{\\text{predicted}}", "predicted change", {"eta": "eta", "g": "g"}),
    ),
)

_PRODUCT = Derivation(
    (
        Given("A", "A", np.array([[2.0, -1.0], [3.0, 4.0]]), -5, 5),
        Given("B", "B", np.array([[1.0, 5.0], [-2.0, 3.0]]), -5, 5),
    ),
    (Step("P", "P", "matrix product", {"A": "A", "B": "B"}),),
)

_LAYER = {"W": "W", "a": "a", "b": "b"}

_UNIT = Derivation(
    (
        Given("W", "W^2", np.array([[0.5, -1.2, 0.3], [0.7, 0.4, -0.9], [-0.6, 1.1, 0.2]]), -12, 12, 1),
        Given("a", "a^1", np.array([[0.2], [0.9], [0.6]]), 1, 9, 1),
        Given("b", "b^2", np.array([[0.1], [-0.3], [0.4]]), -9, 9, 1),
    ),
    (
        Step("w", "w^2_{21}", "entry", {"M": "W"}, {"row": 2, "column": 1}),
        Step("z", "z^2_2", "sum of one unit", _LAYER, {"row": 2}),
        Step("out", "a^2_2", "sigmoid", {"x": "z"}),
    ),
)

_PARAMETERS = Derivation(
    (
        Given("n0", "n_0", 20.0, 11, 40),
        Given("n1", "n_1", 10.0, 6, 15),
        Given("n2", "n_2", 9.0, 10, 15),
    ),
    (
        Step("p1", "\\text{parameters of layer 1}", "parameters of a layer", {"n": "n1", "k": "n0"}),
        Step("p2", "\\text{parameters of layer 2}", "parameters of a layer", {"n": "n2", "k": "n1"}),
        Step(
            "all",
            "\\text{all parameters}",
            "parameters of two layers",
            {"first": "p1", "second": "p2", "n0": "n0", "n1": "n1", "n2": "n2"},
        ),
    ),
)

_BATCH = Derivation(
    (
        Given("W", "W", np.array([[0.5, -1.0], [2.0, 0.4]]), -20, 20, 1),
        Given("X", "X", np.array([[1.0, 3.0], [-2.0, 5.0]]), -5, 5),
        Given("b", "b", np.array([[0.3], [-0.7]]), -9, 9, 1),
    ),
    (Step("Z", "Z", "weighted sum", {"W": "W", "a": "X", "b": "b"}),),
)

# --------------------------------------------------------------------------- code


def _predictions(parameters: dict[str, Any], X: Any) -> Any:
    A = X
    for layer in range(1, len(parameters) // 2 + 1):
        Z = parameters[f"W{layer}"] @ A + parameters[f"b{layer}"]
        A = 1 / (1 + np.exp(-Z))
    return A


def _networks() -> list[tuple[Any, ...]]:
    """One to three layers; square ones with as many examples as units, where a wrong shape goes through."""
    rng = np.random.default_rng(6)
    cases: list[tuple[Any, ...]] = []
    for sizes, m in (((3, 2), 1), ((3, 4, 2), 5), ((2, 2), 2), ((3, 3, 3, 3), 3), ((4, 3, 1), 2)):
        parameters: dict[str, Any] = {}
        for layer, (k, n) in enumerate(pairwise(sizes), start=1):
            parameters |= {f"W{layer}": rng.normal(size=(n, k)), f"b{layer}": rng.normal(size=(n, 1))}
        cases.append((parameters, rng.normal(size=(sizes[0], m))))
    return cases


# --------------------------------------------------------------------------- exercises

EXERCISES: list[Exercise] = [
    Choice(
        title="One path becomes two",
        text="From chapter 5: in the 2-2-3-1 network $w^2_{22}$ has one path to the loss. Now the last layer gets a second "
        "unit, and the loss "
        "reads both outputs. How is $\\partial L/\\partial w^2_{22}$ found?",
        hints=(
            "Which units read unit 2 of layer 2 now?",
            "Both output units do, so the path parts at a²₂.",
            "What is done along a path, and what where paths meet?",
        ),
        solution="Unit 2 of layer 2 now feeds two units, so from $a^2_2$ there are two paths to the loss. Along each the local "
        "gradients multiply, and the "
        "two products are added. What lies before the fork, $a^2_2(1 - a^2_2)\\,a^1_2$, is common to both and can be taken out "
        "of the sum.",
        options=(
            Option(
                "As before: the new unit has weights of its own",
                "Its weights are new, but it reads a²₂: a nudge of w²₂₂ moves it, too.",
            ),
            Option(
                "The products of the two paths are added", "Two ways side by side: multiply along each, then add.", right=True
            ),
            Option(
                "The products of the two paths are multiplied",
                "Links of one path multiply. Cut one of two paths, and the other still counts.",
            ),
            Option("The mean of the two products is taken", "The two paths act at the same time, each with its full share."),
        ),
    ),
    Numbers(
        title="One step, and what it should bring",
        text="From chapter 4: a weight $w$ has the slope $\\partial L/\\partial w$. Take one step downhill of size $\\eta$. "
        "Find the new weight, and the "
        "change of the loss that the slope predicts.",
        hints=(
            "Downhill is against the slope.",
            "The step is −η · ∂L/∂w. Add it to w.",
            "The predicted change is slope times step.",
        ),
        solution="The step is $-\\eta\\,\\partial L/\\partial w$: against the slope, so a negative slope makes the weight "
        "larger. The predicted change "
        "is slope times step, $-\\eta\\,(\\partial L/\\partial w)^2$, and never positive.",
        derivation=_STEP,
        asks=("w_new", "change"),
    ),
    Numbers(
        title="One product of matrices",
        text="Find the product $P = A\\,B$, all four entries, row by row.",
        hints=(
            "Each entry of the product is a sum of products.",
            "Row 1, column 1: go along row 1 of A and down column 1 of B.",
            "Row j, column k: first entry of row j of A times first of column k of B, plus second times second.",
        ),
        solution="Row $j$, column $k$ of the product is row $j$ of $A$ times column $k$ of $B$: multiply entry by entry and add "
        "up. Each column of $B$ is "
        "treated by itself, and makes one column of the product. With two square matrices every wrong way has a fitting shape, "
        "too, so the "
        "shapes give no warning here.",
        derivation=_PRODUCT,
        asks=("P",),
    ),
    Choice(
        title="From the name to the program",
        text="The weights of layer 2 stand in the array `W2`, row $j$ for unit $j$. Which entry is $w^2_{31}$?",
        hints=(
            "The upper number is the layer. What do the two lower ones say?",
            "To unit 3, from unit 1: so which row, which column?",
            "Python counts rows and columns from 0.",
        ),
        solution="$w^2_{31}$ leads to unit 3 from unit 1, so it stands in row 3, column 1. Python counts from 0, so both "
        "numbers go down by one.",
        options=(
            Option(
                "`W2[3, 1]`", "Row 3, column 1, but counted from 1. Python counts from 0: this is the fourth row, second column."
            ),
            Option("`W2[2, 0]`", "Row 3, column 1, both counted from 0.", right=True),
            Option("`W2[0, 2]`", "Here the index is read as from 3 to 1. The first index is the unit that the weight leads to."),
            Option(
                "`W2[1, 2]`",
                "The layer is in the name of the array already; these would be its number and the first index, both less one.",
            ),
        ),
    ),
    Numbers(
        title="Which weight leads where",
        text="A layer has the weights $W^2$ and the biases $b^2$, and reads the activations $a^1$. Find $w^2_{21}$, then the "
        "sum $z^2_2$ and the activation "
        "$a^2_2 = \\sigma(z^2_2)$, the last to four digits.",
        hints=(
            "The first lower index is the unit that the weight leads to.",
            "Unit 2 has row 2 of the weights, and its own bias.",
            "z²₂ = w²₂₁a¹₁ + w²₂₂a¹₂ + w²₂₃a¹₃ + b²₂; then 1/(1 + e⁻ᶻ).",
        ),
        solution="Row $j$ belongs to unit $j$: it holds what this unit makes of each number that it reads. So $w^2_{21}$ stands "
        "in row 2, column 1, and "
        "$z^2_2$ is row 2 times the column $a^1$, plus the second bias. The activation is the sigmoid of that sum.",
        derivation=_UNIT,
        asks=("w", "z", "out"),
    ),
    Choice(
        title="The shapes of a layer",
        text="A layer of 5 units reads 3 inputs. A batch of 100 examples goes through. What are the shapes of $W$, $b$ and $Z$ "
        "in this book?",
        hints=(
            "A row belongs to a unit, a column to an example.",
            "Z = WX + b, and X is (3, 100). What must stand before it?",
            "In (p × q)(q × r) the inner numbers vanish; the bias is one column for all examples.",
        ),
        solution="$X$ has the shape (3, 100), units by examples. $Z$ has 5 units and the same examples, (5, 100). So $W$ must "
        "be (5, 3): the inner 3 vanishes. "
        "Its shape is (to, from). The bias has one entry a unit, in a column, (5, 1), and numpy adds it to every column.",
        options=(
            Option(
                "(3, 5), (5, 1), (5, 100)",
                "(3, 5) times (3, 100) has no meaning: 5 and 3 meet. This W is (from, to), as Keras stores it.",
            ),
            Option(
                "(5, 3), (5,), (5, 100)",
                "A bias of shape (5,) is added along the rows: it asks for 5 examples, and gives each its own bias.",
            ),
            Option(
                "(5, 3), (5, 1), (100, 5)",
                "In this book a column is an example. (100, 5) is what a library with examples in rows computes.",
            ),
            Option("(5, 3), (5, 1), (5, 100)", "To by from, a column of biases, units by examples.", right=True),
        ),
    ),
    Numbers(
        title="How many parameters?",
        text="A network has $n_0$ inputs and two layers, of $n_1$ and $n_2$ units. How many weights and biases has layer 1, how "
        "many layer 2, and how many "
        "the network?",
        hints=(
            "Which of the three sizes have weights that lead into them?",
            "A layer has a weight for each pair of units and a bias for each of its own units.",
            "Layer 1 has n₁ · n₀ + n₁, layer 2 has n₂ · n₁ + n₂.",
        ),
        solution="Each unit of a layer has one weight from every unit before it, and one bias: $n_l\\,n_{l-1} + n_l$ for layer "
        "$l$. The inputs compute nothing, so "
        "they have neither weights nor biases. The network has the sum of its two layers.",
        derivation=_PARAMETERS,
        asks=("p1", "p2", "all"),
    ),
    Numbers(
        title="Two examples at once",
        text="A layer of two units reads a batch of two examples, one a column. Find $Z = W X + b$, all four entries, row by "
        "row.",
        hints=(
            "Each column of X goes through the layer by itself.",
            "Row j of W times column i of X is the sum of unit j for example i.",
            "Add the first bias to both entries of the first row, the second to both of the second row.",
        ),
        solution="Take the first column of $X$, one example, and multiply each row of $W$ with it: this is the first column of "
        "$W X$. The second example makes the second "
        "column. The bias belongs to the unit, so $b_j$ goes to the whole row $j$. With as many examples as units a bias laid "
        "along the rows would fit as well, "
        "and be wrong.",
        derivation=_BATCH,
        asks=("Z",),
    ),
    Paper(
        title="Two layers that are one",
        text="A network has two layers and no activation function: $Z^1 = W^1 X + b^1$ and $Z^2 = W^2 Z^1 + b^2$, with $n_0$ "
        "inputs, $n_1$ and $n_2$ units and $m$ "
        "examples. (a) Write the shape under every matrix. (b) Show that one layer, $Z^2 = W X + b$, computes the same; give "
        "$W$ and $b$ and "
        "check their shapes. (c) What is $w_{jk}$ in terms of the weights of the two layers, and which paths of chapter 5 does "
        "it add up?",
        hints=(
            "Put the first equation into the second.",
            "A product may be multiplied out: W²(W¹X + b¹) = W²W¹X + W²b¹. The order of the factors stays.",
            "Entry row j, column k of W²W¹ is a sum over the units of layer 1.",
        ),
        solution="(a) $X$ is $(n_0, m)$; $W^1$ is $(n_1, n_0)$ and $b^1$ is $(n_1, 1)$, so $Z^1$ is $(n_1, m)$; $W^2$ is $(n_2, "
        "n_1)$ and $b^2$ is $(n_2, 1)$, so "
        "$Z^2$ is $(n_2, m)$.\n\n"
        "(b) Put the first equation into the second and multiply out:\n\n"
        "$$Z^2 = W^2 (W^1 X + b^1) + b^2 = (W^2 W^1)\\,X + (W^2 b^1 + b^2) .$$\n\n"
        "So $W = W^2 W^1$ and $b = W^2 b^1 + b^2$. The shapes fit: $(n_2, n_1)(n_1, n_0)$ gives $(n_2, n_0)$, and $(n_2, "
        "n_1)(n_1, 1)$ gives $(n_2, 1)$. "
        "(Each column of the batch gets $b^1$, so each gets $W^2 b^1$.)\n\n"
        "(c) Row $j$ of $W^2$ times column $k$ of $W^1$ is\n\n"
        "$$w_{jk} = \\sum_r w^2_{jr}\\, w^1_{rk} .$$\n\n"
        "Each term is one path from input $k$ through unit $r$ of layer 1 to unit $j$ of layer 2: multiply along the path, add "
        "over all paths. A product of "
        "matrices is a sum over paths. And without an activation function a second layer adds nothing that one layer could not "
        "do.",
    ),
    Code(
        title="A batch through a network",
        text="Write a function that runs a batch through a network of sigmoid layers. `parameters` holds `W1`, `b1`, `W2`, `b2` "
        "and so on, `X` one example a column; "
        "the function returns the activations of the last layer.",
        hints=(
            "Every layer does the same with the activations of the layer before.",
            "Z = W @ A + b, then A is the sigmoid of every entry of Z.",
            'Begin with A = X. There are len(parameters) // 2 layers; the weights of the l-th are parameters[f"W{l}"].',
        ),
        solution="The inputs count as activations of layer 0, so one loop treats all layers alike: $Z^l = W^l A^{l-1} + b^l$, "
        "then the sigmoid of every entry. "
        "`@` is the product of matrices; `*` would go entry by entry. The bias is a column, and numpy adds it to every column "
        "of the product.",
        stub='def predictions(parameters, X):\n    """The last layer\'s activations, one column an example."""\n    ...\n',
        solved=_predictions,
        cases=_networks,
    ),
]
