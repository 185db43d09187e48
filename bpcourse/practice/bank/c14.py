"""Exercises of chapter 14, two ways to differentiate a graph."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bpcourse.graph import Value, exp
from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Numbers, Option, Paper
from bpcourse.practice.worked import of_circuit

# --------------------------------------------------------------------------- derivations


def _twice_from_x() -> Derivation:
    """y = x·e^x: x forks."""
    x = Value(-0.5, "x")
    return of_circuit((x * exp(x).named("h")).named("y"), fresh={"x": (-20, 15, 1)})


SECOND = Derivation(
    (Given("x", "x", 0.4, -12, 12, 1),),
    (
        Step("h", "h", "square", {"x": "x"}),
        Step("y", "y", "exp", {"x": "h", "inner": "x"}),
        Step("slope", "h'", "local gradient of square", {"x": "x", "out": "h"}),
        Step("first", "y'", "product along the path", {"outer": "y", "inner": "slope"}),
        Step("two", "h''", "slope of a doubling", {"x": "x"}),
        Step("second", "y''", "product rule", {"u": "slope", "du": "two", "v": "y", "dv": "first", "first": "first"}),
    ),
)

DUAL = Derivation(
    (
        Given("a", "a", 3.0, -6, 6),
        Given("va", "\\dot a", -1.0, -15, 15, 1),
        Given("b", "b", -2.0, -6, 6),
        Given("vb", "\\dot b", 2.0, -15, 15, 1),
    ),
    (
        Step("q", "q", "multiply", {"a": "a", "b": "b"}),
        Step("vq", "\\dot q", "speed of a product", {"a": "a", "va": "va", "b": "b", "vb": "vb"}),
        Step("r", "r", "add", {"a": "q", "b": "a"}),
        Step("vr", "\\dot r", "speed of a sum", {"va": "vq", "vb": "va", "value": "a"}),
        Step("s", "s", "square", {"x": "r"}),
        Step("vs", "\\dot s", "speed of a square", {"x": "r", "v": "vr"}),
    ),
)

_SPEEDS = tuple([Given(f"t{x}", f"t_{x}", value, -4, 4) for x, value in {"x": 1.0, "y": 2.0, "z": -3.0}.items()])
DOT_PRODUCTS = Derivation(
    (
        *[Given(name, name, value, -6, 6) for name, value in {"x": 2.0, "y": 1.0, "z": -4.0}.items()],
        *_SPEEDS,
        Given("uf", "u_f", 2.0, -4, 4),
        Given("ug", "u_g", -1.0, -4, 4),
    ),
    (
        Step("q", "q", "add", {"a": "x", "b": "y"}),
        Step("f", "f", "multiply", {"a": "q", "b": "z"}),
        Step("g", "g", "square", {"x": "q"}),
        Step("vq", "\\dot q", "speed of a sum", {"va": "tx", "vb": "ty"}),
        Step("vf", "\\dot f", "speed of a product", {"a": "q", "va": "vq", "b": "z", "vb": "tz"}),
        Step("vg", "\\dot g", "speed of a square", {"x": "q", "v": "vq"}),
        Step("weighed", "Jt \\cdot u", "two products added", {"a1": "vf", "b1": "uf", "a2": "vg", "b2": "ug"}),
        Step("through_f", "\\text{through } f", "back through a product", {"u": "uf", "other": "z", "own": "q"}),
        Step("slope", "\\partial g/\\partial q", "local gradient of square", {"x": "q", "out": "g"}),
        Step("through_g", "\\text{through } g", "upstream times local", {"u": "ug", "local": "slope"}),
        Step("dq", "\\bar q", "sum over the paths", {"g1": "through_f", "g2": "through_g"}),
        Step("dz", "\\bar z", "back through a product", {"u": "uf", "other": "q", "own": "z", "wrong": "ug"}),
        Step(
            "pulled",
            "t \\cdot uJ",
            "three products added",
            {"a1": "dq", "b1": "tx", "a2": "dq", "b2": "ty", "a3": "dz", "b3": "tz"},
        ),
    ),
)

HESSIAN_VECTOR = Derivation(
    (
        Given("w1", "w_1", 3.0, -6, 6),
        Given("w2", "w_2", -2.0, -6, 6),
        Given("v1", "v_1", 0.5, -15, 15, 1),
        Given("v2", "v_2", 4.0, -15, 15, 1),
    ),
    (
        Step("p", "p", "multiply", {"a": "w1", "b": "w2"}),
        Step("g1", "g_1", "doubled", {"x": "p"}),
        Step("g2", "g_2", "square", {"x": "w1"}),
        Step("vp", "\\dot p", "speed of a product", {"a": "w1", "va": "v1", "b": "w2", "vb": "v2"}),
        Step("hv1", "\\dot g_1", "doubled", {"x": "vp", "g": "g1", "along": "v1"}),
        Step("hv2", "\\dot g_2", "speed of a square", {"x": "w1", "v": "v1", "g": "g2", "along": "v2"}),
    ),
)

NEWTON = Derivation(
    (
        Given("g", "g", np.array([[1.5], [-0.6]]), -30, 30, 1),
        Given("p", "H_{11}", 2.0, 16, 50, 1),
        Given("q", "H_{12}", 1.0, -15, 15, 1),
        Given("s", "H_{22}", 3.5, 16, 50, 1),
    ),
    (
        Step("H", "H", "matrix of four numbers", {"p": "p", "q": "q", "r": "q", "s": "s"}),
        Step("d", "d", "Newton's step", {"H": "H", "g": "g"}),
    ),
)

# --------------------------------------------------------------------------- code


def _polynomial(coefficients: Sequence[float], x: float) -> tuple[float, float]:
    value, speed = 0.0, 0.0
    for c in coefficients:
        # value·x + c: the product rule first, while value is still the old one
        speed = speed * x + value
        value = value * x + c
    return value, speed


def _tested(
    f: Callable[[Any], Any], f_vjp: Callable[[Any, Any], Any], x: np.ndarray, t: np.ndarray, u: np.ndarray, eps: float
) -> tuple[float, float]:
    Jt = (f(x + eps * t) - f(x - eps * t)) / (2 * eps)
    return float(np.sum(Jt * u)), float(np.sum(t * f_vjp(u, x)))


def _coefficients() -> list[tuple[list[float], float]]:
    draw = random.Random(14)
    some: list[tuple[list[float], float]] = [([], 2.0), ([5.0], 2.0), ([1.0, 0.0, 0.0], 3.0)]
    return some + [([float(draw.randint(-4, 4)) for _ in range(n)], round(draw.uniform(-2, 2), 1)) for n in (3, 4, 6)]


_TABLE = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]])


def _linear(x: np.ndarray) -> np.ndarray:
    out: np.ndarray = _TABLE @ x
    return out


def _linear_vjp(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    back: np.ndarray = _TABLE.T @ u
    return back


def _squares(x: np.ndarray) -> np.ndarray:
    return x * x


def _squares_vjp(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    return 2 * x * u


def _squares_wrong(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    return x * u


def _pairs() -> list[tuple[Any, ...]]:
    rng = np.random.default_rng(14)
    cases: list[tuple[Any, ...]] = []
    for f, f_vjp, n in ((_linear, _linear_vjp, 2), (_squares, _squares_vjp, 3), (_squares, _squares_wrong, 3)):
        x, t, u = (rng.normal(size=(rows, 4)) for rows in (3, 3, n))
        cases.append((f, f_vjp, x, t, u, 1e-3))
    return cases


# --------------------------------------------------------------------------- exercises

EXERCISES: list[Exercise] = [
    Choice(
        title="Which entry?",
        text="From chapter 10: three logits $z_1, z_2, z_3$ go through a softmax to $a_1, a_2, a_3$. Which entry of the Jacobian says how "
        "$a_2$ follows $z_1$, and what is it?",
        hints=(
            "A Jacobian has a row for each output.",
            "Row 2, column 1. Now: raise z₁, and where does a₂ go?",
            "Off the diagonal the softmax has −aᵢaⱼ.",
        ),
        solution="A row belongs to an output and a column to an input, so it is $J_{21}$. A larger $z_1$ takes a greater share, and $a_2$ "
        "falls: $J_{21} = -a_2 a_1$. This Jacobian is symmetric, others are not: here only the number is the same as $J_{12}$.",
        options=(
            Option("$J_{21} = -a_2 a_1$", "Row of the output, column of the input; and the shares compete.", right=True),
            Option(
                "$J_{12} = -a_1 a_2$",
                "The number is right, the place is not: rows are outputs. In most Jacobians this would be another number.",
            ),
            Option("$J_{21} = a_2(1 - a_2)$", "That is a logit's effect on its own output, on the diagonal."),
            Option("$J_{21} = 0$", "That would be a sigmoid for each output. A softmax's outputs share a sum."),
        ),
    ),
    Numbers(
        title="Two ways from x",
        text="From chapter 5: $y = x \\cdot e^x$, where $x$ is read twice. Find $h = e^x$, $y$ and $dy/dx$, to four digits.",
        hints=(
            "How many wires leave x?",
            "Two paths: straight into the product, and through the exponential.",
            "Straight: e^x. Through the exponential: x · e^x. Add them.",
        ),
        solution="The wire straight into the product brings back the other factor, $e^x$. The path through exp brings $x$, times the slope "
        "$e^x$. They are added, and the sum is the product rule: $e^x + x e^x$. Dual numbers will find it without a way back.",
        derivation=_twice_from_x(),
        asks=("h", "y", "dx"),
    ),
    Numbers(
        title="A second derivative by hand",
        text="$y = e^{x^2}$. Find $y$, $y'$ and $y''$, to four digits.",
        hints=(
            "First y′, by the chain rule, as a product of two factors. Then differentiate that product.",
            "y′ = 2x · y. In the product rule, the slope of 2x is 2, and that of y is y′, which you have.",
            "y″ = 2 · y + 2x · y′.",
        ),
        solution="The chain rule gives $y' = 2x\\,y$: the graph of $y$ with one product more. This product has two factors that move with $x$. "
        "The product rule gives $y'' = 2y + 2x\\,y'$, and $y'$ is a number that stands there already. A graph shares it; "
        "written out it is $2e^{x^2} + 4x^2 e^{x^2}$.",
        derivation=SECOND,
        asks=("y", "first", "second"),
    ),
    Numbers(
        title="Dual numbers by hand",
        text="Two inputs move: $a + \\dot a\\,\\varepsilon$ and $b + \\dot b\\,\\varepsilon$. Compute $q = a \\cdot b$, then $r = q + a$, then "
        "$s = r^2$, each with its speed. Answer in the order value, speed, to four digits.",
        hints=(
            "Carry a pair from line to line. No way back is needed.",
            "The product's speed is the product rule; the sum's speed is the sum of the speeds.",
            "q̇ = ȧ b + a ḃ; ṙ = q̇ + ȧ, for a is read a second time; ṡ = 2r ṙ.",
        ),
        solution="Each line uses the pairs of the lines above. That $a$ is read twice needs no care: in both places it brings its speed with it. "
        "The last speed is how fast $s$ moves when both inputs move at once.",
        derivation=DUAL,
        asks=("q", "vq", "r", "vr", "s", "vs"),
    ),
    Numbers(
        title="A dot-product test by hand",
        text="The chapter's circuit $f = (x + y)\\,z$ and $g = (x + y)^2$, with $q = x + y$. The inputs move with $t$; the outputs are weighed "
        "with $u$. Find $\\dot f$, $\\dot g$ and their weighed sum $Jt \\cdot u$; then, pulling $u$ back, $\\bar q$, $\\bar z$ and "
        "$t \\cdot uJ$, the gradients of the three inputs weighed with $t$. All digits.",
        hints=(
            "Forward: the speed of q first. Backward: q is read twice, so two paths are added there.",
            "ḟ = q̇ z + q t_z and ġ = 2q q̇. Backward q gets u_f z + u_g 2q, and z gets u_f q.",
            "x and y both get what q gets. The two sums must be equal: if they are not, one of your lines is wrong.",
        ),
        solution="Forward mode adds over the wires that lead *to* a node, reverse mode over those that leave it. A sum hands its gradient on, so "
        "$\\bar x = \\bar y = \\bar q$. The two sums agree, for both are $\\sum_{i,j} u_i J_{ij} t_j$, grouped in two ways.",
        derivation=DOT_PRODUCTS,
        asks=("vf", "vg", "weighed", "dq", "dz", "pulled"),
    ),
    Choice(
        title="From which side?",
        text="A simulation reads 3 settings and gives the temperature at 200 places. You want the whole Jacobian, without nudging. "
        "How do you get it with the fewest sweeps?",
        hints=(
            "What does one forward sweep give, and what one reverse sweep?",
            "Forward: a column, how everything follows one input. Reverse: a row.",
            "The Jacobian is 200 × 3. Has it fewer rows or fewer columns?",
        ),
        solution="The Jacobian has 200 rows and 3 columns. A forward sweep gives a column, a reverse sweep a row. Three forward sweeps are enough, "
        "and forward mode keeps no values for later.",
        options=(
            Option("With 3 forward sweeps.", "One for each input: three columns.", right=True),
            Option(
                "With 1 reverse sweep.",
                "One reverse sweep gives $uJ$, one row or one mixture of rows. It is enough for *one* output, as a loss is.",
            ),
            Option("With 200 reverse sweeps.", "That gives the Jacobian, row by row. The other side has fewer."),
            Option(
                "With 200 forward sweeps.",
                "A forward sweep moves an input, and there are three of them: all 200 outputs follow in each sweep.",
            ),
        ),
    ),
    Numbers(
        title="Hessian times vector, without the Hessian",
        text="$L = w_1^2 w_2$ has the gradient $g_1 = 2 w_1 w_2$ and $g_2 = w_1^2$. Find both at the given place. Then let the weights move with the "
        "speeds $v_1$ and $v_2$, and find the speeds $\\dot g_1$ and $\\dot g_2$, that is $Hv$. Four digits.",
        hints=(
            "Forward mode on the two formulas of the gradient.",
            "g₁ is twice a product of two numbers that both move. g₂ is a square.",
            "ġ₁ = 2(v₁ w₂ + w₁ v₂), ġ₂ = 2w₁ v₁.",
        ),
        solution="The gradient's entries are numbers made by gates, so they have speeds like any others. The product $p = w_1 w_2$ moves by the product "
        "rule, and the 2 stays in front. As a test, write the Hessian down: its rows are $2w_2, 2w_1$ and $2w_1, 0$. Times $v$ it gives the same.",
        derivation=HESSIAN_VECTOR,
        asks=("g1", "g2", "hv1", "hv2"),
    ),
    Numbers(
        title="One Newton's step",
        text="At some place a loss of two weights has the gradient $g$ and the Hessian $H$ below; $H_{21}$ is $H_{12}$. Find Newton's step $d$, two numbers to four digits.",
        hints=(
            "After the step the gradient is about g + H d, and it should be 0.",
            "Two equations with two unknowns: H₁₁ d₁ + H₁₂ d₂ = −g₁, and H₂₁ d₁ + H₂₂ d₂ = −g₂.",
            "Divide by D = H₁₁ H₂₂ − H₁₂ H₂₁: d₁ = (−g₁ H₂₂ + g₂ H₁₂)/D, d₂ = (−g₂ H₁₁ + g₁ H₂₁)/D.",
        ),
        solution="If the weights move by $d$, the gradient changes by $Hd$. It should become 0, so $Hd = -g$ is solved. Off the diagonal stands how "
        "the move of one weight changes the other's gradient. So the two equations must be solved together. (In the last line $H^{-1} g$ is the "
        "solution of $Hx = g$.)",
        derivation=NEWTON,
        asks=("d",),
        shows=("g", "p", "q", "s"),
    ),
    Choice(
        title="One factor taken out",
        text="$y = x^2$ and $y' = 2x$ are nodes of a graph. Someone computes $L = y \\cdot c$, where $c$ is `float(y')`, a plain number. At $x = 5$, "
        "what does `gradient(L, [x])` give, and what would it give with $y'$ itself?",
        hints=(
            "What is the product rule, and which of its terms needs the graph of y′?",
            "With the number, only y moves: slope of y times c.",
            "With the node: y′ · y′ + y · y″, and y″ is 2.",
        ),
        solution="With the node, both factors move: $y' y' + y\\,y'' = 100 + 50$. The plain number does not move, so the second term is lost. The value "
        "of $L$ is 250 both times, so only a nudge tells.",
        options=(
            Option(
                "100, and 150 with the node.",
                "The number $c$ is a constant: the term $y\\,y''$ is lost, and no error is raised.",
                right=True,
            ),
            Option(
                "150 both times: the values of $L$ are the same.",
                "The values are. But a plain number has no wire to $x$, so it cannot follow.",
            ),
            Option("0, and 100 with the node.", "$y$ is still a node, and it moves. Only the second factor has left the graph."),
            Option(
                "50, and 150 with the node.",
                "The wrong term is lost: what is constant is $y'$, so $y\\,y''$ is missing, not $y'y'$.",
            ),
        ),
    ),
    Paper(
        title="Dual numbers divide",
        text="Derive from $\\varepsilon^2 = 0$ alone, for $b \\ne 0$: what is $\\dfrac{a + \\dot a\\,\\varepsilon}{b + \\dot b\\,\\varepsilon}$, as a dual number? "
        "Then derive $(a + \\dot a\\,\\varepsilon)^n$ for $n = 1, 2, 3, \\dots$ Which rules of calculus are these?",
        hints=(
            "Make the denominator a plain number.",
            "Multiply above and below by b − ḃε: below, (b + ḃε)(b − ḃε) = b² − ḃ²ε² = b².",
            "For the power: suppose that it holds for n, and multiply once more by a + ȧε.",
        ),
        solution="Multiply above and below by $b - \\dot b\\,\\varepsilon$:\n\n"
        "$$\n\\begin{aligned}\n"
        "\\frac{a + \\dot a\\,\\varepsilon}{b + \\dot b\\,\\varepsilon}\n"
        "&= \\frac{(a + \\dot a\\,\\varepsilon)(b - \\dot b\\,\\varepsilon)}{(b + \\dot b\\,\\varepsilon)(b - \\dot b\\,\\varepsilon)} \\\\\n"
        "&= \\frac{ab + (\\dot a\\,b - a\\,\\dot b)\\,\\varepsilon - \\dot a\\,\\dot b\\,\\varepsilon^2}{b^2 - \\dot b^2 \\varepsilon^2}\n"
        " = \\frac ab + \\frac{\\dot a\\,b - a\\,\\dot b}{b^2}\\,\\varepsilon .\n"
        "\\end{aligned}\n$$\n\n"
        "What stands before $\\varepsilon$ is the quotient rule.\n\n"
        "For the power, $n = 1$ is clear: $a + \\dot a\\,\\varepsilon = a^1 + 1 \\cdot a^0\\,\\dot a\\,\\varepsilon$. Suppose that "
        "$(a + \\dot a\\,\\varepsilon)^n = a^n + n a^{n-1} \\dot a\\,\\varepsilon$. Then\n\n"
        "$$\n(a^n + n a^{n-1} \\dot a\\,\\varepsilon)(a + \\dot a\\,\\varepsilon)\n"
        "= a^{n+1} + (n a^{n-1} a + a^n)\\,\\dot a\\,\\varepsilon\n= a^{n+1} + (n + 1)\\,a^n\\,\\dot a\\,\\varepsilon ,\n$$\n\n"
        "so it holds for $n + 1$, and thus for all: the power rule, with the inner speed $\\dot a$ as the chain rule wants it.",
    ),
    Code(
        title="A polynomial and its slope in one pass",
        text="A polynomial is given by its coefficients, the highest power first. Horner's loop computes it: begin with 0, and for each coefficient "
        "multiply by $x$ and add the coefficient. Carry the speed along in the same loop, $x$ moving with speed 1, and return value and derivative.",
        hints=(
            "Forward mode: each line of the loop gets a second line for the speed.",
            "value · x + c has the speed (speed of value) · x + value · 1.",
            "`speed = speed * x + value` comes before `value = value * x + c`.",
        ),
        solution="In `value * x + c` the first factor moves with `speed`, the second with 1, and the coefficient stands still. "
        "The speed's line needs the old value, so it stands first. No power is computed, no list is kept, and there is no way back.",
        stub='def polynomial(coefficients, x):\n    """(value, derivative) at x; the highest power comes first."""\n    return None\n',
        solved=_polynomial,
        cases=_coefficients,
    ),
    Code(
        title="The test for any pair",
        text="Write the dot-product test. `f(x)` is a function of arrays and `f_vjp(u, x)` its way back. Nudge all inputs at once along $t$ to both "
        "sides, by $\\varepsilon$ = `eps`, and return the two numbers $Jt \\cdot u$ and $t \\cdot uJ$.",
        hints=(
            "Jt is how the outputs move when the inputs move along t.",
            "A central difference along t: f at x + eps t, less f at x − eps t, over 2 eps.",
            "np.sum of an entry-by-entry product is the dot product, whatever the shape.",
        ),
        solution="One nudge along $t$ costs two calls of `f`, however many inputs there are. `f_vjp` is called once. The third case of the check "
        "has a wrong way back: there your two numbers must differ.",
        stub='def dot_product_test(f, f_vjp, x, t, u, eps):\n    """(Jt · u, t · uJ): equal, if f_vjp is the way back of f."""\n    return None\n',
        solved=_tested,
        cases=_pairs,
    ),
]
