"""Exercises of chapter 13, what it costs."""

import itertools
import random

from bpcourse.graph import Value, square
from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Numbers, Option, Paper
from bpcourse.practice.worked import of_circuit

# --------------------------------------------------------------------------- derivations


def _quotient() -> Derivation:
    """A quotient, squared."""
    c = (Value(3, "a") / Value(-4, "b")).named("c")
    return of_circuit(square(c).named("L"), fresh={"a": (-9, 9, 0), "b": (-9, 9, 0)})


_LAYERS = {"n0": "n0", "n1": "n1", "n2": "n2", "n3": "n3"}
_WEIGHTS = Step("N", "N", "weights of three layers", _LAYERS)


def _sizes(*units: int) -> tuple[Given, ...]:
    """Inputs and the units of three layers."""
    return tuple([Given(f"n{l}", f"n_{l}", float(n), 2, 12) for l, n in enumerate(units)])


PRODUCTS = Derivation(
    _sizes(6, 8, 5, 3),
    (
        _WEIGHTS,
        Step("B", "B", "products of the way back", {"N": "N", **_LAYERS}),
        Step("ratio", "(F + B)/F", "cost in forward passes", {"F": "N", "B": "B"}),
    ),
)

GATES = Derivation(
    tuple([Given(name, name, float(n), 10, 90) for name, n in {"s": 60, "p": 45, "q": 5, "f": 20}.items()]),
    (
        Step("G", "G", "operations of a program", {"s": "s", "p": "p", "q": "q", "f": "f"}),
        Step("T", "T", "operations with the way back, at most", {"s": "s", "p": "p", "q": "q", "f": "f"}),
        Step("times", "T/G", "operations in all by those of the program", {"T": "T", "G": "G"}),
    ),
)

KEPT = Derivation(
    (*_sizes(10, 6, 6, 4), Given("m", "m", 32.0, 10, 90)),
    (
        Step("kept", "\\text{kept}", "numbers kept", {**_LAYERS, "m": "m"}),
        Step("bytes", "\\text{bytes}", "bytes of float64", {"n": "kept"}),
    ),
)

BILL = Derivation(
    _sizes(5, 7, 4, 2),
    (
        _WEIGHTS,
        Step("P", "P", "knobs of three layers", {"N": "N", **_LAYERS}),
        Step("ahead", "\\text{forward differences}", "bill of forward differences", {"N": "N", "P": "P"}),
        Step("both", "\\text{central differences}", "bill of central differences", {"N": "N", "P": "P"}),
        Step(
            "backprop",
            "\\text{backpropagation}",
            "multiplications of backpropagation",
            {"weights": "N", "n0": "n0", "n1": "n1", "n2": "n2"},
        ),
        Step("dearer", "\\text{ratio}", "ratio of two bills", {"A": "ahead", "B": "backprop", "C": "both", "N": "N"}),
    ),
)

SEGMENTS = Derivation(
    (Given("n", "n", 9.0, 4, 15), Given("k", "k", 8.0, 2, 12)),
    (
        Step("d", "d", "layers of all segments", {"n": "n", "k": "k"}),
        Step("arrays", "\\text{arrays}", "arrays with checkpoints", {"d": "d", "k": "k"}),
        Step("twice", "\\text{layers run twice}", "layers run twice", {"d": "d", "k": "k"}),
        Step("best", "k_{\\text{best}}", "best length of a segment", {"d": "d"}),
        Step("fewest", "\\text{arrays}_{\\text{best}}", "fewest arrays", {"d": "d"}),
    ),
)

# --------------------------------------------------------------------------- code


def _products(sizes: list[int]) -> tuple[int, int]:
    weights = [below * units for below, units in itertools.pairwise(sizes)]
    return sum(weights), 2 * sum(weights) - weights[0]  # nobody asks for the gradient of the inputs


def _most_held(depth: int, k: int) -> int:
    most = 0
    for start in range(0, depth, k):  # the segment that reads checkpoint number start // k
        checkpoints = start // k + 1
        layers = min(k, depth - start)
        most = max(most, checkpoints + 2 * layers)
    return most


def _shapes() -> list[tuple[list[int]]]:
    draw = random.Random(13)
    return [([3, 5, 4, 2],), ([7, 1],), *[([draw.randint(1, 9) for _ in range(n)],) for n in (3, 5, 8)]]


def _cuts() -> list[tuple[int, int]]:
    return [(9, 3), (64, 4), (64, 5), (64, 64), (10, 1), (7, 5), (11, 4)]


# --------------------------------------------------------------------------- exercises

EXERCISES: list[Exercise] = [
    Choice(
        title="What the way back does not read",
        text="From chapter 11: $dW^l = dZ^l (A^{l-1})^\\top / m$, $dZ^l = dA^l \\circ f'(Z^l)$ and $dA^{l-1} = (W^l)^\\top dZ^l$. "
        "Which array of the forward pass does the way back never read?",
        hints=(
            "Go through the three formulas: what stands on their right sides?",
            "An activation, a sum, a weight: each is there once.",
            "What is left that the forward pass has used?",
        ),
        solution="A bias enters by an addition, and a sum's local gradient is 1 whatever its inputs are. So no gradient needs the number "
        "itself. A product's local gradient is the other input, so $W^l$ and $A^{l-1}$ must both be kept.",
        options=(
            Option("$Z^l$", "The slope of the activation is taken at $Z^l$. (Sigmoid and tanh could read it off $A^l$.)"),
            Option("$A^{l-1}$", "$dW^l$ is made of it: the gradient of a weight is upstream times what the weight multiplies."),
            Option("$W^l$", "The gradient goes down through $(W^l)^\\top$."),
            Option("$b^l$", "A sum hands its gradient on without looking at its inputs.", right=True),
        ),
    ),
    Numbers(
        title="Back through a quotient",
        text="From chapter 3: $c = a/b$ and then $L = c^2$. Find $\\partial L/\\partial c$, $\\partial L/\\partial a$ and "
        "$\\partial L/\\partial b$, to four digits.",
        hints=(
            "Upstream times local, twice.",
            "The local gradients of a/b are 1/b for a, and −a/b² for b.",
            "∂L/∂c = 2c. Times 1/b it is ∂L/∂a; times −a/b² it is ∂L/∂b.",
        ),
        solution="The square sends back $2c$. The quotient divides it by $b$ for $a$; for $b$ it multiplies by $-a/b^2$. "
        "The last two share work: $-a/b^2 = -c/b$, so $\\partial L/\\partial b$ is $-c$ times $\\partial L/\\partial a$. "
        "This chapter's table counts it so: one quotient and one product for both.",
        derivation=_quotient(),
        asks=("dc", "da", "db"),
    ),
    Numbers(
        title="Count another network",
        text="A network has $n_0$ inputs and three layers of $n_1$, $n_2$ and $n_3$ units. Count the products of its matrix products for one "
        "example: $F = N$ forward, $B$ backward, and the cost of a gradient in forward passes. Whole numbers, the last one to four digits.",
        hints=(
            "Forward: one product a weight.",
            "Backward: two for each weight, but the first layer's weights need one only.",
            "B = 2N − n₀n₁, and the cost is (F + B)/F.",
        ),
        solution="Each weight is multiplied once on the way forward. On the way back it is in two products, one for its own gradient and one "
        "for the activation that it reads. What the first layer's weights read are the inputs, whose gradient nobody asks for.",
        derivation=PRODUCTS,
        asks=("N", "B", "ratio"),
    ),
    Numbers(
        title="A program, gate by gate",
        text="A program has $s$ sums and differences, $p$ products, $q$ quotients and $f$ functions of one variable, whose derivatives take "
        "two operations each. Count its operations $G$, then with the table how many value and gradient take together at most, $T$, "
        "and $T/G$ to four digits.",
        hints=(
            "G counts every gate as one operation.",
            "Read the last column of the table: 2 for a sum, 4 for the others.",
            "T = 2s + 4(p + q + f).",
        ),
        solution="The table's last column is what a gate costs on both ways, with one addition taken off for the gradient that arrives first. "
        "A sum costs two operations, all others at most four. So the ratio lies between 2 and 4, the nearer to 2 the more sums there are. "
        "How many inputs the program has does not enter.",
        derivation=GATES,
        asks=("G", "T", "times"),
    ),
    Numbers(
        title="What a batch keeps",
        text="A network has $n_0$ inputs and three layers of $n_1$, $n_2$ and $n_3$ units, and a batch has $m$ examples. How many numbers does "
        "`forward` keep for the way back, and how many bytes are these in float64? All digits, please.",
        hints=(
            "The input, and two arrays for each layer.",
            "A Z and an A with one entry for each unit and each example.",
            "m(n₀ + 2(n₁ + n₂ + n₃)) numbers, 8 bytes each.",
        ),
        solution="Each of the three layers keeps its sums $Z$ and its activations $A$. The input is kept once, for $dW^1$ reads it. "
        "All of it is there for each example. A number in float64 has 64 bits, that is 8 bytes.",
        derivation=KEPT,
        asks=("kept", "bytes"),
    ),
    Choice(
        title="A simulation with a thousand knobs",
        text="A simulation takes 5,000 operations and reads 1,000 numbers. How many operations at most do its output and all 1,000 derivatives "
        "take together, by the cheap-gradient theorem?",
        hints=(
            "Which of the two numbers stands in the theorem?",
            "The bound is a multiple of the operations, however many inputs there are.",
            "At most 4G.",
        ),
        solution="The theorem says $4G$, whatever the number of inputs. The way back visits each gate once and spends at most three operations "
        "there; the forward pass spends one.",
        options=(
            Option("5,005,000", "That is nudging: one run for each input and one more, 1,001 · 5,000."),
            Option("20,000", "4 · 5,000, and the number of inputs does not matter.", right=True),
            Option(
                "10,000",
                "That counts one operation back for one forward. A product sends two products back and an addition with them.",
            ),
            Option("4,000", "That is four for each input. The bound counts operations of the program, not its inputs."),
        ),
    ),
    Numbers(
        title="The bill for nudging",
        text="A network has $n_0$ inputs and three layers of $n_1$, $n_2$ and $n_3$ units. Find the number $P$ of all its knobs, the products "
        "of a gradient by forward differences, by central differences and by backpropagation (with its forward pass), and how many times dearer "
        "forward differences are than backpropagation. All digits; the last one to four.",
        hints=(
            "Weights and biases are knobs; only weights cost products.",
            "Forward differences run the network P + 1 times, central differences 2P times.",
            "N(P + 1), 2NP, and 3N − n₀n₁ for both passes of backpropagation.",
        ),
        solution="Every knob needs a run of its own, and every run costs $N$ products. The run without a nudge serves all forward differences; "
        "central differences do without it, and take two for each knob. Backpropagation takes both passes, $N + (2N - n_0 n_1)$.",
        derivation=BILL,
        asks=("P", "ahead", "both", "backprop", "dearer"),
    ),
    Numbers(
        title="Cut into segments",
        text="A network of equally wide layers is cut into $n$ segments of $k$ layers. Find its depth $d$, the arrays kept at most, the layers "
        "that run twice, then the best length of a segment for this depth by the chapter's formula, and the arrays kept then. "
        "Roots to four digits, not rounded to a whole length.",
        hints=(
            "Count the checkpoints, and the arrays of one segment at work.",
            "d/k + 2k arrays. The last segment runs only once.",
            "Best is k = √(d/2), where both terms are 2k: together 2√(2d).",
        ),
        solution="A checkpoint is one array, and all wait while the last segment is at work; that one holds a $Z$ and an $A$ for each of its "
        "layers. Every layer outside the last segment runs twice. The sum $d/k + 2k$ is smallest where its terms are equal, at $k^2 = d/2$.",
        derivation=SEGMENTS,
        asks=("d", "arrays", "twice", "best", "fewest"),
    ),
    Choice(
        title="A segment with dropout",
        text="A layer inside a segment multiplies its activations by a random mask (chapter 15 calls it dropout). With checkpoints the segment "
        "runs forward twice. What must the second run do?",
        hints=(
            "What must the second run give?",
            "It must produce the numbers of the first run, every one.",
            "The loss was computed with the first mask.",
        ),
        solution="The loss was computed from the first run. Its gradient is taken at the numbers of that run, so the second must give the same "
        "ones: the mask is kept, or drawn again from the same seed.",
        options=(
            Option(
                "Draw a new mask: its mean is the same.",
                "Then parts of the gradient come from two different networks. No nudge confirms such a gradient.",
            ),
            Option(
                "Leave the mask out, as a prediction does.",
                "Then the way back goes through a network that has not made this loss.",
            ),
            Option("Use the mask of the first run.", "So the second run gives the numbers of the first.", right=True),
            Option(
                "It does not matter: the mask is no parameter.",
                "It is no parameter, but it is a factor of every activation, and of every gradient that passes.",
            ),
        ),
    ),
    Paper(
        title="Any cache",
        text="Let a layer at work keep $c$ arrays (the chapter has $c = 2$), and let $k$ divide $d$. Find the segment length $k$ that needs the "
        "fewest arrays $d/k + ck$, and how many these are. Then show that with this method a gradient always costs less than four forward passes.",
        hints=(
            "What is the product of the two terms?",
            "Of two positive numbers with a fixed product the sum is smallest when they are equal.",
            "For the second part: which layers run twice, and what does plain backpropagation cost?",
        ),
        solution="The two terms $p = d/k$ and $q = ck$ have the product $pq = cd$, whatever $k$ is. Since $(p + q)^2 = (p - q)^2 + 4pq$, and only "
        "the first term depends on $k$, the sum is smallest where $p = q$:\n\n"
        "$$\n\\begin{aligned}\n\\frac{d}{k} = ck \\quad &\\text{gives} \\quad k = \\sqrt{d/c} , \\\\\n"
        "p + q = 2ck \\quad &\\text{gives} \\quad 2c\\sqrt{d/c} = 2\\sqrt{cd} .\n\\end{aligned}\n$$\n\n"
        "With $c = 2$ it is $2\\sqrt{2d}$, as in the chapter; with $c = 1$ it is $2\\sqrt d$, which the chapter has as well.\n\n"
        "Now the price. Plain backpropagation costs $3 - N_1/N$ forward passes, which is less than 3. With checkpoints the layers outside the last "
        "segment run forward once more. They are $d - k$ of $d$ layers, so this is less than one forward pass. Together less than 4.",
    ),
    Code(
        title="The bill of any network",
        text="Write a function that counts the products of a network: forward and backward. `sizes` lists the inputs and then the units of each "
        "layer, as `[3, 5, 4, 2]`.",
        hints=(
            "Two neighbours in the list make a layer.",
            "`zip(sizes, sizes[1:])` gives them; their product is the layer's number of weights.",
            "Forward is the sum of these. Backward is twice the sum, less the first.",
        ),
        solution="`itertools.pairwise(sizes)`, or `zip(sizes, sizes[1:])`, pairs each layer with the one below. The list of products is the number of weights, layer by layer. "
        "For a network of one layer the way back costs as much as the way there.",
        stub='def products(sizes):\n    """(forward, backward): the products of one example."""\n    return None\n',
        solved=_products,
        cases=_shapes,
    ),
    Code(
        title="Held at most",
        text="Layers of equal width, `depth` of them, are cut into segments of `k`, the last one shorter if `k` does not divide. Write a "
        "function that gives the most arrays of the forward pass that are held at once.",
        hints=(
            "The segments are worked on from the last to the first; look at each of them.",
            "While a segment is at work, its own checkpoint and those before it are held.",
            "Segment number i, from 0, holds i + 1 checkpoints and two arrays for each of its layers.",
        ),
        solution="Going back, the checkpoints behind the segment at work are forgotten already. So segment $i$, counted from 0, holds $i + 1$ "
        "checkpoints and its own $Z$ and $A$. If $k$ divides the depth, the last segment holds the most, $d/k + 2k$. If not, the last but one may.",
        stub='def most_held(depth, k):\n    """Arrays held at once, at most: checkpoints, and Z and A of the segment at work."""\n    return None\n',
        solved=_most_held,
        cases=_cuts,
    ),
]
