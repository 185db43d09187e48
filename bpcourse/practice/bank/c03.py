"""Exercises of chapter 03, gates and circuits."""

from collections.abc import Sequence
from random import Random

from bpcourse.examples import add_then_multiply
from bpcourse.gates import GATES
from bpcourse.graph import Value, maximum, sigmoid
from bpcourse.practice.bank.c01 import product
from bpcourse.practice.exercises import Choice, Code, Exercise, Ladder, Numbers, Option, Paper
from bpcourse.practice.worked import of_circuit


def three_gates() -> Value:
    """f = (max(a, b) + c·d)·k."""
    a, b, c, d, k = Value(1.4, "a"), Value(-2.3, "b"), Value(3.1, "c"), Value(-1.2, "d"), Value(2.5, "k")
    return ((maximum(a, b).named("m") + (c * d).named("p")).named("s") * k).named("f")


def fork() -> Value:
    """f = (x + y)·x, where x forks."""
    x, y = Value(1.75, "x"), Value(-4.2, "y")
    return ((x + y).named("q") * x).named("f")


def neuron() -> Value:
    """a = σ(w₁x₁ + w₂x₂ + b)."""
    x1, x2 = Value(1.5, "x1"), Value(2, "x2")
    w1, w2, b = Value(0.5, "w1"), Value(-1.2, "w2"), Value(0.4, "b")
    s = ((w1 * x1).named("p1") + (w2 * x2).named("p2")).named("s")
    return sigmoid((s + b).named("z")).named("a")


INTEGERS = dict.fromkeys(("x", "y", "z"), (-9, 9, 0))
LADDER = of_circuit(add_then_multiply(), fresh=INTEGERS)
THREE = of_circuit(three_gates(), fresh=dict.fromkeys(("a", "b", "c", "d", "k"), (-49, 49, 1)))
FORK = of_circuit(fork(), fresh={"x": (-495, 495, 2), "y": (-49, 49, 1)})
NEURON = of_circuit(
    neuron(), fresh={"x1": (-20, 20, 1), "x2": (-20, 20, 1), "w1": (-12, 12, 1), "w2": (-12, 12, 1), "b": (-9, 9, 1)}
)

Tape = Sequence[tuple[str, str, str, str]]


def backward(tape: Tape, value: dict[str, float], output: str) -> list[float]:
    """The gradient of output with respect to each name of value, in order, for a tape that has run forward."""
    grad = dict.fromkeys(value, 0.0)
    grad[output] = 1.0
    for gate, a, b, out in reversed(tape):
        to_a, to_b = GATES[gate].local(value[out], value[a], value[b])
        grad[a] += grad[out] * to_a
        grad[b] += grad[out] * to_b
    return list(grad.values())


TAPES: list[Tape] = [
    [("add", "x", "y", "q"), ("multiply", "q", "z", "f")],
    [("add", "x", "y", "q"), ("multiply", "q", "x", "f")],
    [("multiply", "x", "x", "s"), ("add", "s", "x", "f")],
    [("maximum", "x", "y", "m"), ("multiply", "m", "z", "p"), ("subtract", "p", "x", "d"), ("multiply", "d", "d", "f")],
    [("multiply", "x", "y", "p"), ("add", "p", "z", "s"), ("multiply", "s", "p", "t"), ("subtract", "t", "s", "f")],
]


def backward_cases() -> list[tuple[Tape, dict[str, float], str]]:
    """Each tape at three points, with the values of its run forward."""
    draw, cases = Random(3), []
    for tape in TAPES:
        for _ in range(3):
            value = {name: draw.uniform(-3, 3) for name in ("x", "y", "z")}
            for gate, a, b, out in tape:
                value[out] = GATES[gate].compute(value[a], value[b])
            cases.append((tape, value, "f"))
    return cases


EXERCISES: list[Exercise] = [
    Numbers(
        title="A step up",
        text="From chapter 1: the gate $f = ab$ takes one step of size $h$ uphill, both inputs at once. Find $\\partial "
        "f/\\partial a$, the new $a$ and the new $b$. All digits.",
        hints=(
            "What does a nudge of a do to the product while b is held still?",
            "Each input's derivative is the other input.",
            "The step adds h times the derivative; both derivatives are those of the start.",
        ),
        solution="The derivative for $a$ is $b$ and the other way round. Both are read at the start; then each input moves "
        "by $h$ times its own.",
        derivation=product(3.5, -1.25, 0.1),
        asks=("da", "a_new", "b_new"),
        shows=("a", "b", "h"),
    ),
    Choice(
        title="Why the central difference is better",
        text="From chapter 2: for a small $\\varepsilon$ the central difference is far nearer to the derivative than the forward "
        "difference. Why?",
        hints=(
            "Write f(x + ε) as a sum of powers of ε, and f(x − ε), too.",
            "Which of the terms are the same on both sides?",
            "Even powers of ε do not see its sign.",
        ),
        solution="In $f(x + \\varepsilon) - f(x - \\varepsilon)$ all terms with an even power of $\\varepsilon$ cancel, the "
        "largest error $\\tfrac12 f''\\varepsilon^2$ among them. What is left after the division is of the size of "
        "$\\varepsilon^2$.",
        options=(
            Option("It takes the mean of two runs, so rounding errors cancel.",
                   "It does not average outputs, it subtracts them; and rounding is not what makes the forward difference "
                   "bad here."),
            Option("It divides by $2\\varepsilon$, so the error is halved.",
                   "That would be a factor 2. In fact the error falls from the size of ε to that of ε²."),
            Option("It takes half the nudge on each side.", "It nudges by the whole ε on each side."),
            Option("The terms with even powers of $\\varepsilon$ are the same on both sides and cancel.",
                   "The first error that survives is of the size of ε².", right=True),
        ),
    ),
    Ladder(
        title="Two gates, forward and back",
        text="The circuit $q = x + y$, $f = qz$. Run it forward; then go back: the multiply gate's two gradients, and with "
        "them those of $x$ and $y$.",
        hints=(
            "Forward, left to right: each gate as soon as its inputs are there. Back, right to left.",
            "The upstream gradient of the add gate is what the multiply gate gives to q.",
            "Multiply swaps: q gets z, and z gets q. Add gives to each input 1 times its upstream gradient.",
        ),
        solution="Forward the two gates give $q$ and $f$. Back, the multiply gate stands at the output, so its local "
        "gradients are the gradients of $q$ and $z$. The add gate's local gradients are 1 and 1: it hands its upstream "
        "gradient on as it is.",
        derivation=LADDER,
        steps=("q", "f", "dq", "dz", "dq_dx", "dx", "dq_dy", "dy"),
        shows=("x", "y", "z"),
    ),
    Numbers(
        title="All three characters",
        text="The circuit $m = \\max(a, b)$, $p = cd$, $s = m + p$, $f = sk$. Find the gradients of $f$ with respect to $s$, "
        "$c$, $d$, $a$ and $b$. All digits.",
        hints=(
            "Run it forward first: which input wins at the max gate?",
            "Add distributes, multiply swaps, max routes.",
            "What arrives at s is k. It goes to m and to p alike; p's inputs get it times each other.",
        ),
        solution="The last gate swaps, so $s$ gets $k$. The add gate gives the same to $m$ and to $p$. The max gate hands it "
        "to the larger input and nothing to the other. The multiply gate gives each input the upstream gradient times the "
        "other input. (In the lines below $[a > b]$ is 1 if $a > b$, else 0.)",
        derivation=THREE,
        asks=("ds", "dc", "dd", "da", "db"),
    ),
    Numbers(
        title="A fork",
        text="The circuit $q = x + y$, $f = qx$: here $x$ feeds both gates. Find $\\partial f/\\partial q$, $\\partial "
        "f/\\partial y$ and $\\partial f/\\partial x$, all digits.",
        hints=(
            "How many wires leave x? Each brings something back.",
            "The wire into the multiply gate brings the other factor, q. The wire into the add gate brings what arrives at q.",
            "Add the two. As a check, f is x² + xy, so the sum must be 2x + y.",
        ),
        solution="Along its wire into the multiply gate $x$ gets the other factor, $q$. Along its wire into the add gate it "
        "gets what arrives at $q$, which is $x$. Where a value forks, its gradients add. Multiplied out $f = x^2 + xy$, and "
        "$2x + y$ agrees.",
        derivation=FORK,
        asks=("dq", "dy", "dx"),
    ),
    Numbers(
        title="Another neuron",
        text="The neuron $z = w_1 x_1 + w_2 x_2 + b$, $a = \\sigma(z)$. Find $z$, $a$, then the gradients of $a$ with "
        "respect to $z$, $b$, $x_2$ and $w_1$, to four digits.",
        hints=(
            "Forward first. The sigmoid of a negative number is below one half.",
            "The sigmoid needs only its own output for its local gradient: a(1 − a).",
            "The add gates hand that on as it is. Multiply swaps: a weight gets it times its input, an input times its weight.",
        ),
        solution="The sigmoid's local gradient is $a(1 - a)$, with its own output $a$. The add gates hand it to both "
        "products and to $b$. Then multiply swaps: $w_1$ gets it times $x_1$, and $x_2$ gets it times $w_2$.",
        derivation=NEURON,
        asks=("z", "a", "dz", "db", "dx2", "dw1"),
        shows=("x1", "x2", "w1", "w2", "b"),
    ),
    Choice(
        title="A partner of 0",
        text="A multiply gate $p = uv$ has $u = 0$ and $v = 5$, and its upstream gradient is 2. Which gradients does it pass "
        "to $u$ and $v$?",
        hints=(
            "Nudge u by 0.01. What happens to p? Then nudge v.",
            "Each input's local gradient is the other input.",
            "Upstream times local: 2 times the other input.",
        ),
        solution="Multiply swaps: $u$ gets $2 \\cdot v = 10$ and $v$ gets $2 \\cdot u = 0$. While $u$ is 0, no nudge of $v$ "
        "moves the product; but a nudge of $u$ moves it 5 times as much.",
        options=(
            Option("$u$ gets 0, $v$ gets 10",
                   "Those are 2 times its own value for each. Multiply swaps: each gets 2 times the other's."),
            Option("$u$ gets 10, $v$ gets 0", "2 times the other input: 2 · 5 and 2 · 0.", right=True),
            Option("both get 0, for the product is 0",
                   "The value of the product does not matter. Nudge u to 0.01: p goes to 0.05."),
            Option("both get 2", "That is what an add gate does: it hands its upstream gradient on as it is."),
        ),
    ),
    Choice(
        title="When may a value pass on?",
        text="The circuit $q = x + y$, $r = qz$, $s = q + r$, $f = s\\,r$. On the way back, when may $q$ hand its gradient "
        "on to $x$ and $y$?",
        hints=(
            "Draw it. How many wires leave q?",
            "q's gradient is a sum. Which gates bring its terms?",
            "One of these gates, r's, can itself only report when both of its readers have.",
        ),
        solution="Two wires leave $q$: into the gate of $r$ and into the gate of $s$. Its gradient is the sum of what both "
        "bring back, so it must wait for both. The gate of $r$ in turn waits for $s$ and $f$. The reverse of a topological "
        "order, $f, s, r, q$, takes care of all that.",
        options=(
            Option("As soon as the gate of $s$ has reported, since $s$ stands next to the output.",
                   "Then what r brings is missing from the sum, and x and y get too little."),
            Option("As soon as the gate of $r$ has reported.", "Then what s brings directly is missing from the sum."),
            Option("After the gates of $r$ and of $s$ have both reported.",
                   "Two wires leave q: its gradient is the sum of what both bring.",
                   right=True),
            Option("At once: its local gradients are 1 and 1 whatever comes.",
                   "The local gradients are known at once, but what is handed on is upstream times local, and upstream is "
                   "not known yet."),
        ),
    ),
    Paper(
        title="The divide gate",
        text="Find both local gradients of the gate $q = a/b$ from difference quotients, as the chapter does for $1/u$. Then "
        "find them a second time, from two gates in a row: a reciprocal $r = 1/b$ and a product $q = a r$. Do they agree?",
        hints=(
            "For a, hold b still: what kind of graph is a/b then?",
            "For b, bring a/(b + ε) − a/b to one denominator before you divide by ε.",
            "The second time: upstream times local. What arrives at r, and what is the local gradient of 1/b?",
        ),
        solution="For $a$, with $b$ held still:\n\n"
        "$$\\frac{1}{\\varepsilon}\\left(\\frac{a + \\varepsilon}{b} - \\frac{a}{b}\\right) = \\frac{1}{\\varepsilon} \\cdot "
        "\\frac{\\varepsilon}{b} = \\frac1b ,$$\n\n"
        "for every $\\varepsilon$. For $b$, with $a$ held still:\n\n"
        "$$\\frac{1}{\\varepsilon}\\left(\\frac{a}{b + \\varepsilon} - \\frac{a}{b}\\right) = \\frac{1}{\\varepsilon} \\cdot "
        "\\frac{ab - a(b + \\varepsilon)}{b(b + \\varepsilon)} = -\\frac{a}{b(b + \\varepsilon)} ,$$\n\n"
        "and this tends to $-a/b^2$ as $\\varepsilon$ goes to 0.\n\n"
        "The second time, the product swaps: $\\partial q/\\partial a = r = 1/b$, and what arrives at $r$ is $\\partial "
        "q/\\partial r = a$. The reciprocal's local gradient is $-1/b^2$. Upstream times local:\n\n"
        "$$\\frac{\\partial q}{\\partial b} = \\frac{\\partial q}{\\partial r} \\cdot \\frac{\\partial r}{\\partial b} = a "
        "\\cdot \\left(-\\frac{1}{b^2}\\right) = -\\frac{a}{b^2} .$$\n\n"
        "They agree. Try it at $a = 6$, $b = 2$: $b = 2.01$ gives $q = 2.985$, down by 0.015 for a nudge of 0.01, near the "
        "slope $-6/4 = -1.5$.",
    ),
    Code(
        title="The second loop",
        text="Write `backward(tape, value, output)`. The tape lists gates as `(gate, a, b, out)` and has run forward: `value` "
        "holds every value by its name. Return a list with the gradient of the output with respect to each name, in the order "
        "of `value`. As in the chapter, `GATES[gate].local` gives local gradients.",
        hints=(
            "Where does the way back start, and with which number?",
            "Every gate adds upstream times local to the gradients of its two inputs.",
            "Begin with 0 for every name and 1 for the output. Go through the tape in reverse, and use += for the forks.",
        ),
        solution="All gradients start at 0, that of the output at 1. Then the gates report in reverse: upstream times local, "
        "added with `+=` because an input may be read by several gates.",
        stub="def backward(tape, value, output):\n"
        '    """The gradient of output with respect to each name of value, in order."""\n'
        "    ...\n",
        solved=backward,
        cases=backward_cases,
    ),
]  # fmt: skip
