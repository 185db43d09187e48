"""Exercises of chapter 02, why not nudge every weight."""

from collections.abc import Callable, Sequence

from bpcourse.graph import Value, square
from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Numbers, Option, Paper
from bpcourse.practice.worked import of_circuit

DOWNHILL = Derivation(
    (Given("w", "w", 1.35, -495, 495, 2), Given("eta", "\\eta", 0.2)),
    (
        Step("L", "L", "square", {"x": "w"}),
        Step("dw", "\\partial L/\\partial w", "local gradient of square", {"x": "w", "out": "L"}),
        Step("w_new", "w_\\text{new}", "step downhill", {"w": "w", "eta": "eta", "g": "dw"}),
    ),
)

BILL = Derivation(
    (Given("n0", "n_0", 3.0, 2, 5), Given("n1", "n_1", 5.0, 3, 6), Given("n2", "n_2", 2.0, 2, 3)),
    (
        Step("weights", "\\text{weights}", "weights of two layers", {"n0": "n0", "n1": "n1", "n2": "n2"}),
        Step("biases", "\\text{biases}", "biases of two layers", {"n0": "n0", "n1": "n1", "n2": "n2"}),
        Step("runs", "\\text{runs}", "runs to nudge every knob", {"weights": "weights", "biases": "biases"}),
        Step("nudging", "\\text{by nudging}", "multiplications by nudging", {"runs": "runs", "weights": "weights"}),
        Step(
            "backward",
            "\\text{by going backward}",
            "multiplications of backpropagation",
            {"weights": "weights", "n0": "n0", "n1": "n1", "n2": "n2"},
        ),
    ),
)

CUBE = Derivation(
    (Given("x", "x", 0.8, 3, 15, 1), Given("eps", "\\varepsilon", 0.2)),
    (
        Step("f", "f", "power", {"x": "x"}, {"n": 3}),
        Step("slope", "f'(x)", "local gradient of power", {"x": "x", "out": "f"}, {"n": 3}),
        Step("forward", "\\text{forward}", "one nudge", {"x": "x", "eps": "eps", "slope": "slope"}, {"f": lambda x: x * x * x}),
        Step(
            "central",
            "\\text{central}",
            "central difference",
            {"x": "x", "eps": "eps", "slope": "slope"},
            {"f": lambda x: x * x * x},
        ),
    ),
)


def three_in_a_row() -> Value:
    """L = (w₃·w₂·w₁·x − y)²."""
    x, y = Value(2, "x"), Value(1, "y")
    w1, w2, w3 = Value(1.55, "w1"), Value(-1.2, "w2"), Value(0.5, "w3")
    a2 = (w2 * (w1 * x).named("a1")).named("a2")
    return square(((w3 * a2).named("a3") - y).named("e")).named("L")


ROW = of_circuit(three_in_a_row(), fresh=dict.fromkeys(("x", "y", "w1", "w2", "w3"), (-25, 25, 1)))

PRODUCTS = Derivation(
    (Given("n", "n", 20.0, 12, 44),),
    (
        Step("one_by_one", "\\text{one by one}", "products one by one", {"n": "n"}),
        Step("backward", "\\text{backward}", "products backward", {"n": "n"}),
    ),
)


def central_differences(loss: Callable[[Sequence[float]], float], w: Sequence[float], eps: float) -> list[float]:
    """The central difference of loss(w) for each knob of the list w."""
    slopes = []
    for i in range(len(w)):
        up, down = list(w), list(w)
        up[i] += eps
        down[i] -= eps
        slopes.append((loss(up) - loss(down)) / (2 * eps))
    return slopes


def bowl(w: Sequence[float]) -> float:
    """A sum of cubes."""
    return sum((k + 1) * x * x * x + x for k, x in enumerate(w))


def row(w: Sequence[float]) -> float:
    """The squared distance of a product of squares from 1."""
    product = 1.0
    for x in w:
        product = product * x * x
    return (product - 1) ** 2


def central_cases() -> list[tuple[Callable[[Sequence[float]], float], list[float], float]]:
    """Losses of one to four knobs, curved enough that one side would show."""
    return [(loss, w, eps) for loss in (bowl, row) for w in ([0.7], [1.5, -0.5], [0.9, 1.1, -1.2, 0.8]) for eps in (0.1, 0.01)]


EXERCISES: list[Exercise] = [
    Numbers(
        title="One step downhill",
        text="From chapter 1: the loss $L = w^2$ is to fall. Find its derivative at $w$ and the new weight after one step "
        "with learning rate $\\eta$, exactly.",
        hints=(
            "Up or down? A loss is to become smaller.",
            "The derivative of a square is twice what is squared.",
            "The step is subtracted: w less η times the derivative.",
        ),
        solution="The derivative says which way is up. A loss must fall, so the step goes against it: subtract $\\eta$ times the "
        "derivative.",
        derivation=DOWNHILL,
        asks=("dw", "w_new"),
    ),
    Choice(
        title="A quotient that does not depend on ε",
        text="From chapter 1: for $f = ab$ the difference quotient for $a$ is the same for every $\\varepsilon$. Why?",
        hints=(
            "Hold b still and draw f against a. What does the graph look like?",
            "What do chord and tangent have to do with each other there?",
            "Multiply out (a + ε)b − ab.",
        ),
        solution="With $b$ held still, $f = ba$ is a straight line with slope $b$. A chord of a straight line lies on it, so "
        "every chord has the slope of the line: $\\bigl((a + \\varepsilon)b - ab\\bigr)/\\varepsilon = b$.",
        options=(
            Option("Because the $\\varepsilon$ that we tried were small.",
                   "Try ε = 100 at (4, 3): (104 · 3 − 12)/100 is 3 all the same."),
            Option("Because every quotient is equal to the derivative.",
                   "Only its limit is. For a² the quotient is 2a + ε, and depends on ε."),
            Option("Because $f$ is a straight line as long as only $a$ moves.",
                   "Chord and line have the same slope, b.", right=True),
            Option("Because $a$ and $b$ may change places.",
                   "That ab = ba says that the rule for b looks like the rule for a. It says nothing about ε."),
        ),
    ),
    Numbers(
        title="Two bills",
        text="A network has $n_0$ inputs, $n_1$ hidden units and $n_2$ outputs; each unit reads all units of the layer "
        "before it and has a bias. Count its weights and its biases; the runs that the forward difference needs for all "
        "knobs; the multiplications of these runs; and those of one run forward with one sweep backward, where the first "
        "layer hands nothing on. Type whole numbers without a comma for the thousands.",
        hints=(
            "A weight stands on a line, a bias in a unit. Inputs are given: they have neither.",
            "Runs: one for each knob, and one to compare with. Each run takes one multiplication for each weight.",
            "Backward: three multiplications for each weight, less one for each weight of the first layer.",
        ),
        solution="Every unit reads the whole layer before it, so weights are products of neighbouring sizes. All knobs are "
        "nudged, weights and biases, and there is one run to compare with. But a run multiplies only by weights. Going "
        "backward costs a product for the run, one for the derivative, one for handing on; the first layer has nobody to "
        "hand on to.",
        derivation=BILL,
        asks=("weights", "biases", "runs", "nudging", "backward"),
    ),
    Numbers(
        title="One side and both sides",
        text="Take $f(x) = x^3$. Find its derivative $f'(x)$, then the forward difference and the central difference with this "
        "$\\varepsilon$. All digits.",
        hints=(
            "The derivative of x³ is 3x². The two quotients must come near it, one of them nearer.",
            "Forward: f at x + ε less f at x, divided by ε. Central: f at x + ε less f at x − ε, divided by 2ε.",
            "Multiplied out, the forward quotient is 3x² + 3xε + ε², the central one 3x² + ε².",
        ),
        solution="Multiply out the cubes. The term $3x\\varepsilon^2$ is the same on both sides, so it cancels in the "
        "central difference and stays in the forward one, as an error of $3x\\varepsilon$. What both keep is "
        "$\\varepsilon^2$.",
        derivation=CUBE,
        asks=("slope", "forward", "central"),
    ),
    Numbers(
        title="Three weights in a row",
        text="The row of {numref}`fig-three-weights` with other numbers: $a_1 = w_1 x$, $a_2 = w_2 a_1$, $a_3 = w_3 a_2$, $e "
        "= a_3 - y$, $L = e^2$. Run it forward; then find, from the end, how much $L$ moves per unit of nudge to $a_3$, to "
        "$a_2$, to $w_2$ and to $w_1$. All digits.",
        hints=(
            "Start with the run forward: a₁, a₂, a₃, e. Then begin at L, and take one station after the other.",
            "A nudge of a₃ moves L by 2e. A nudge of a₂ moves a₃ by w₃ times as much.",
            "Write down the number at a₂: for w₂ multiply it by a₁, for w₁ by w₂ and by x.",
        ),
        solution="Every station multiplies by its own factor. The number at $a_2$ is needed twice, for $w_2$ and for $w_1$, "
        "so it is written down once: that is what going backward saves.",
        derivation=ROW,
        asks=("da3", "da2", "dw2", "dw1"),
    ),
    Choice(
        title="Many outputs, one input",
        text="A program has one input and a million outputs, and you want the derivative of every output. Which way is cheap?",
        hints=(
            "What do these million derivatives share?",
            "Going backward starts at one output. How often would it have to start?",
            "Going forward starts at one input.",
        ),
        solution="A sweep backward answers: how does *one* output move with every input? Here it would have to run a million "
        "times. All chains share their beginning, so one sweep forward from the input does it.",
        options=(
            Option("One sweep backward, as always.", "A backward sweep starts at one output: it would take a million of them."),
            Option("One sweep forward from the input.",
                   "All chains share their beginning, so its numbers are found once.", right=True),
            Option("Nudging each output in turn.", "An output is what is measured. One can only nudge what goes in."),
            Option("None: a million derivatives cost a million runs.",
                   "They share their beginning; one run forward can carry all of them."),
        ),
    ),
    Choice(
        title="A difference step that is too small",
        text="You check a derivative by a forward difference, with numbers of about 16 digits (float64). With "
        "$\\varepsilon = 10^{-6}$ it is right to six digits, with $\\varepsilon = 10^{-13}$ to three. What has happened, and what helps?",
        hints=(
            "How many digits do f(x) and f(x + ε) share?",
            "Both values are rounded at about the sixteenth digit. What does dividing by ε do to that?",
            "One gap between neighbouring numbers is about 2 · 10⁻¹⁶. Divide it by 10⁻¹³.",
        ),
        solution="Both values of $f$ are rounded, each by about $10^{-16}$ of its size. The difference keeps that error, and "
        "dividing by $10^{-13}$ makes it $10^{-3}$. A larger $\\varepsilon$ divides it less.",
        options=(
            Option("The formula's own error has grown; take $\\varepsilon$ smaller still.",
                   "The formula's error is about ε times the curvature over 2: it shrinks with ε. What grows is the rounding."),
            Option("The rounding of both values is divided by a tiny $\\varepsilon$; take a larger $\\varepsilon$.",
                   "10⁻¹⁶ divided by 10⁻¹³ is 10⁻³: the digits are lost.", right=True),
            Option("The rounding grew; float32 would round less.", "float32 keeps 7 digits in place of 16: it rounds far more."),
            Option("The rounding grew; the central difference with the same $\\varepsilon$ cures it.",
                   "It lessens the formula's error, but subtracts two rounded numbers as well and divides by 2ε: no digit "
                   "comes back."),
        ),
    ),
    Numbers(
        title="A longer row",
        text="A row of $n$ weights, with $\\partial L/\\partial a_n$ given. How many products do the $n$ derivatives need, "
        "each by itself? And how many going backward, with each station's number written down?",
        hints=(
            "The last weight needs one product. What about the one before it?",
            "One by one it is 1 + 2 + … up to n.",
            "Backward each station takes two products, one for its weight and one to move on; one station need not move on.",
        ),
        solution="One by one, the weight that is $k$ places from the end needs $k$ products, and $1 + 2 + \\dots + n$ is "
        "$n/2$ pairs of $n + 1$. Backward each station takes one product for its weight and one to move on, but the first "
        "has nowhere to go.",
        derivation=PRODUCTS,
        asks=("one_by_one", "backward"),
    ),
    Paper(
        title="Both differences of a fourth power",
        text="For $f(x) = x^4$ work out the forward and the central difference, and say how large the error of each is when "
        "$\\varepsilon$ is small. Use $(x + \\varepsilon)^4 = x^4 + 4x^3\\varepsilon + 6x^2\\varepsilon^2 + 4x\\varepsilon^3 + "
        "\\varepsilon^4$. Which terms cancel in the central difference, and why?",
        hints=(
            "Write down (x − ε)⁴ as well: put −ε in the place of ε.",
            "Terms with an even power of ε are the same for both. What does subtracting do to them?",
            "Divide by ε the one time, by 2ε the other, and compare with 4x³.",
        ),
        solution="With $-\\varepsilon$ in the place of $\\varepsilon$,\n\n"
        "$$(x - \\varepsilon)^4 = x^4 - 4x^3\\varepsilon + 6x^2\\varepsilon^2 - 4x\\varepsilon^3 + \\varepsilon^4 .$$\n\n"
        "Forward, $x^4$ cancels and one $\\varepsilon$ is divided out:\n\n"
        "$$\\frac{(x + \\varepsilon)^4 - x^4}{\\varepsilon} = 4x^3 + 6x^2\\varepsilon + 4x\\varepsilon^2 + \\varepsilon^3 "
        ".$$\n\n"
        "Central, the terms with an even power of $\\varepsilon$ are the same on both sides and cancel; those with an odd "
        "power change their sign, so they double, and $2\\varepsilon$ divides them:\n\n"
        "$$\\frac{(x + \\varepsilon)^4 - (x - \\varepsilon)^4}{2\\varepsilon} = \\frac{8x^3\\varepsilon + "
        "8x\\varepsilon^3}{2\\varepsilon} = 4x^3 + 4x\\varepsilon^2 .$$\n\n"
        "The derivative is $4x^3$. So for small $\\varepsilon$ the forward error is about $6x^2\\varepsilon$, and the "
        "central error is $4x\\varepsilon^2$. The general formulas say the same: $\\tfrac12 f''\\varepsilon$ with $f'' = "
        "12x^2$, and $\\tfrac16 f'''\\varepsilon^2$ with $f''' = 24x$.",
    ),
    Code(
        title="The judge",
        text="Write `central_differences(loss, w, eps)`: a list with the central difference of `loss(w)` for each knob of "
        "the list `w`.",
        hints=(
            "The chapter's loop nudges one knob and puts it back. What must be different here?",
            "Each knob needs two runs, one up and one down, and no run at w itself.",
            "The distance between the two places is 2ε.",
        ),
        solution="Each knob is nudged up once and down once, in copies of the list, so that nothing need be put back. The "
        "two places are $2\\varepsilon$ apart.",
        stub="def central_differences(loss, w, eps):\n"
        '    """The central difference of loss(w) for each knob of the list w."""\n'
        "    ...\n",
        solved=central_differences,
        cases=central_cases,
    ),
]  # fmt: skip
