"""Exercises of chapter 18, beyond networks."""

from typing import Any

import numpy as np

from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Numbers, Option, Paper

MATCHED = Derivation(
    (
        Given("z", "z", np.array([[1.0], [0.0], [2.0]]), -2, 2, 0),
        Given("y", "y", np.array([[0.0], [0.0], [1.0]])),
    ),
    (
        Step("p", "\\hat y", "softmax", {"x": "z"}),
        Step("delta", "\\delta", "output minus label", {"y": "y", "a": "p", "z": "z"}),
    ),
)

ROUNDS = Derivation(
    (
        Given("r", "r", 0.5, 1, 9, 1),
        Given("c", "c", 3.0, -5, 5, 0),
        Given("x0", "x_0", 2.0, -5, 5, 0),
        Given("u3", "u_3", 4.0, 2, 5, 0),
    ),
    (
        Step("x1", "x_1", "one round", {"r": "r", "x": "x0", "c": "c"}),
        Step("x2", "x_2", "one round", {"r": "r", "x": "x1", "c": "c"}),
        Step("x3", "x_3", "one round", {"r": "r", "x": "x2", "c": "c"}),
        Step("u2", "u_2", "upstream times local", {"u": "u3", "local": "r"}),
        Step("h3", "h_3", "share of a round", {"u": "u3", "x": "x2", "after": "x3", "down": "u2", "top": "u3"}),
        Step("u1", "u_1", "upstream times local", {"u": "u2", "local": "r"}),
        Step("h2", "h_2", "share of a round", {"u": "u2", "x": "x1", "after": "x2", "down": "u1", "top": "u3"}),
        Step("u0", "u_0", "upstream times local", {"u": "u1", "local": "r"}),
        Step("h1", "h_1", "share of a round", {"u": "u1", "x": "x0", "after": "x1", "down": "u0", "top": "u3"}),
        Step("dr", "\\partial L/\\partial r", "sum over the rounds", {"h1": "h1", "h2": "h2", "h3": "h3"}),
    ),
)

ROOT = Derivation(
    (Given("x", "x", 3.0, 2, 9, 0),),
    (
        Step("inside", "a + x", "square", {"x": "x"}),
        Step("gx", "g_x", "local gradient of sqrt", {"out": "x", "x": "inside"}),
        Step("ga", "g_a", "local gradient of sqrt", {"out": "x", "x": "inside"}),
        Step("slope", "x'", "slope of a fixed point", {"ga": "ga", "gx": "gx"}),
    ),
)

SYSTEM = Derivation(
    (
        Given("p", "A_{11}", 3.0, 5, 9, 0),
        Given("q", "A_{12}", 1.0, 1, 4, 0),
        Given("r", "A_{21}", 4.0, 1, 4, 0),
        Given("s", "A_{22}", 2.0, 5, 9, 0),
        Given("b", "b", np.array([[5.0], [8.0]]), -9, 9, 0),
        Given("dx", "dx", np.array([[1.0], [0.0]])),
    ),
    (
        Step("A", "A", "matrix of four numbers", {"p": "p", "q": "q", "r": "r", "s": "s"}),
        Step("x", "x", "solution of the system", {"A": "A", "b": "b"}),
        Step("db", "db", "solution of the transposed system", {"A": "A", "b": "dx"}),
        Step("dA", "dA", "gradient of the matrix", {"u": "db", "x": "x", "b": "b", "dx": "dx"}),
    ),
)

GLASS = Derivation(
    (
        Given("x0", "x_0", 0.2, 1, 9, 1),
        Given("theta", "\\theta", 2.0, 1, 2, 0),
        Given("tau", "\\tau", 0.5, 1, 4, 1),
        Given("u2", "u_2", 1.0),
    ),
    (
        Step("f0", "f(x_0)", "law of growth", {"theta": "theta", "x": "x0"}),
        Step("x1", "x_1", "Euler's step", {"x": "x0", "tau": "tau", "f": "f0"}),
        Step("f1", "f(x_1)", "law of growth", {"theta": "theta", "x": "x1"}),
        Step("x2", "x_2", "Euler's step", {"x": "x1", "tau": "tau", "f": "f1", "before": "f0", "start": "x0"}),
        Step("slope1", "f'(x_1)", "slope of the law", {"theta": "theta", "x": "x1"}),
        Step("u1", "u_1", "back through Euler's step", {"u": "u2", "tau": "tau", "slope": "slope1", "theta": "theta", "other": "x0"}),
        Step("slope0", "f'(x_0)", "slope of the law", {"theta": "theta", "x": "x0"}),
        Step("u0", "u_0", "back through Euler's step", {"u": "u1", "tau": "tau", "slope": "slope0", "theta": "theta", "other": "x1"}),
        Step(
            "share1", "h_1", "share of the rate",
            {"u": "u2", "tau": "tau", "x": "x1", "down": "u1", "theta": "theta", "after": "x2"},
        ),
        Step(
            "share0", "h_0", "share of the rate",
            {"u": "u1", "tau": "tau", "x": "x0", "down": "u0", "theta": "theta", "after": "x1"},
        ),
        Step("dtheta", "\\partial L/\\partial\\theta", "sum over the paths", {"g1": "share1", "g2": "share0"}),
    ),
)  # fmt: skip

DRAW = Derivation(
    (
        Given("z", "z", np.array([[0.0], [1.0], [2.0]]), -2, 2, 0),
        Given("r", "r", np.array([[2.0], [9.0], [5.0]]), 1, 20, 0),
        Given("b", "b", 4.0, 1, 20, 0),
        Given("e", "e", np.array([[0.0], [1.0], [0.0]])),
    ),
    (
        Step("p", "p", "softmax", {"x": "z"}),
        Step("J", "J", "mean pay", {"p": "p", "r": "r"}),
        Step("exact", "\\partial J/\\partial z", "gradient of the mean pay", {"p": "p", "r": "r", "J": "J", "b": "b"}),
        Step("pay", "r_k", "pay of the draw", {"e": "e", "r": "r"}),
        Step("slope", "\\partial \\ln p_k/\\partial z", "slope of the logarithm of p", {"e": "e", "p": "p"}),
        Step("share", "\\text{share}", "share of a draw",
             {"pay": "pay", "b": "b", "slope": "slope", "r": "r", "J": "J", "e": "e"}),
    ),
)  # fmt: skip


def solve_vjp(dX: Any, A: Any, B: Any) -> tuple[Any, Any]:
    """dA and dB of the solution X of A X = B."""
    X = np.linalg.solve(A, B)
    dB = np.linalg.solve(A.T, dX)
    return -dB @ X.T, dB


def systems() -> list[tuple[Any, ...]]:
    """Random systems that have one solution, with one right side or several."""
    rng = np.random.default_rng(18)
    cases = []
    for n, sides in ((2, 1), (3, 1), (3, 2), (4, 3)):
        A = rng.normal(size=(n, n)) + 3 * np.eye(n)
        cases.append((rng.normal(size=(n, sides)), A, rng.normal(size=(n, sides))))
    return cases


EXERCISES: list[Exercise] = [
    Numbers(
        title="The slope that comes back later",
        text="Chapter 10: a softmax with the cross-entropy, and the label is the third class. Find $\\hat y$ and "
        "$\\delta = \\partial L/\\partial z$. Type four digits.",
        hints=(
            "First the softmax: exponentials, over their sum.",
            "With the cross-entropy the way back through loss and softmax is short.",
            "δ is ŷ − y, and y has its 1 at the third place.",
        ),
        solution="The loss is $-\\ln \\hat y_3$. Through the logarithm and the softmax its slope at $z_j$ is $\\hat y_j - y_j$: the prediction, less 1 at "
        "the label. With the sign turned it is the slope of $\\ln \\hat y_3$, which this chapter needs for its dice.",
        derivation=MATCHED,
        asks=("p", "delta"),
        shows=("z",),
    ),
    Choice(
        title="Forward with W, and back",
        text="Chapter 9: forward is $z = W a$, and $\\delta = \\partial L/\\partial z$ has arrived. What does $a$ get?",
        hints=(
            "Which units read activation k, and with which weights?",
            "Unit j reads it with w_jk. Add over j.",
            "The sum runs down a column of W: which table has the columns of W as its rows?",
        ),
        solution="Activation $k$ is read by every unit $j$ with the weight $w_{jk}$, so it gets $\\sum_j w_{jk}\\,\\delta_j$. That runs down column $k$ of $W$, which "
        "is row $k$ of $W^\\top$: the answer is $W^\\top \\delta$. This chapter finds the same pattern for a *solver*.",
        options=(
            Option("$W \\delta$", "Row k of W holds the weights *into* unit k. What reads activation k stands in column k."),
            Option(
                "$W^{-1} \\delta$",
                "Backward does not undo the forward pass. It asks what a nudge would do, and needs no inverse.",
            ),
            Option("$\\delta\\, a^\\top$", "That is the gradient of W, not of a."),
            Option("$W^\\top \\delta$", "Each unit j that reads the activation brings back w_jk δ_j, and they add.", True),
        ),
    ),
    Numbers(
        title="Three rounds of a loop",
        text="A loop has run three times: $x_t = r\\,x_{t-1} + c$. What arrives at $x_3$ is $u_3$, and $u_t$ is the gradient at $x_t$. "
        "Find $x_3$, the gradient $u_0$ at $x_0$, and the gradient of $r$.",
        hints=(
            "r is read in every round: a fork with three branches.",
            "Walk back: what arrives at x_(t−1) is r times what arrives at x_t.",
            "Round t brings r the share u_t · x_(t−1). Add the three.",
        ),
        solution="The loop unrolls into three gates in a row. On the way back each round hands on $r$ times what it got. And each round reads $r$ beside the "
        "$x$ that it started from, so it brings back $u_t\\,x_{t-1}$. A weight that is used again is a fork, so the three shares are added.",
        derivation=ROUNDS,
        asks=("x3", "u0", "dr"),
    ),
    Numbers(
        title="Roots inside roots",
        text="The rounds $x \\leftarrow \\sqrt{a + x}$ settle at the $x$ below (so $a + x = x^2$). Write $g(x, a) = \\sqrt{a + x}$. Find $g_x$, and how the "
        "resting place moves with $a$: $x' = dx/da$. Type four digits.",
        hints=(
            "At rest the equation x = √(a + x) holds. Nudge a: both sides move alike.",
            "The slope of a root is 1 over twice the root, and here the root is x.",
            "x′ = g_a / (1 − g_x). Here g_a and g_x are the same number.",
        ),
        solution="Both sides of $x = \\sqrt{a + x}$ move alike, and the right side reads $a$ along two paths: straight, and through $x$. So "
        "$x' = g_x x' + g_a$, and $x' = g_a/(1 - g_x)$. Both slopes are $1/(2x)$, so $x' = 1/(2x - 1)$. No round has to be kept.",
        derivation=ROOT,
        asks=("gx", "slope"),
    ),
    Numbers(
        title="Back through a solve",
        text="$A$ is a two by two matrix, $Ax = b$, and the loss is $L = x_1$, so that $dx = (1, 0)$. Find $x$, $db$ and $dA$ (row by row). Type four digits.",
        hints=(
            "The way back is one more solve. With which matrix?",
            "db is the solution of Aᵀ u = dx.",
            "Row i, column j of dA is −uᵢ xⱼ.",
        ),
        solution="$Ax = b$ stays true while $A$ and $b$ move. So a nudge of $b$ reaches $x$ through a solve, and the way back is a solve with "
        "the transpose: $A^\\top u = dx$ gives $db = u$. Each entry $A_{ij}$ stands beside $x_j$ on the left side, in equation $i$, "
        "so $dA_{ij} = -u_i x_j$.",
        derivation=SYSTEM,
        asks=("x", "db", "dA"),
        shows=("p", "q", "r", "s", "b"),
    ),
    Numbers(
        title="Two steps of growth",
        text="Yeast grows by Euler's steps, $x_{n+1} = x_n + \\tau\\,\\theta\\,x_n(1 - x_n)$. After two steps the loss is $L = x_2$. "
        "Find $x_1$, $x_2$, the gradient $u_1$ at $x_1$, and $\\partial L/\\partial\\theta$. Type four digits.",
        hints=(
            "Two paths lead from x₁ to x₂: straight, and through the law.",
            "The law's slope is θ(1 − 2x), so u₁ = u₂ + τ θ(1 − 2x₁) u₂, with u₂ = 1.",
            "Each step brings θ the share u · τ · x(1 − x), with the u at the state that the step made.",
        ),
        solution="A step adds to what it read, so $x_1$ reaches $x_2$ straight and through the law: $u_1 = 1 + \\tau\\,\\theta(1 - 2x_1)$. The rate is read in both "
        "steps. The last one brings $\\tau\\,x_1(1 - x_1)$; what the first one changes passes through the last, so it brings $u_1\\,\\tau\\,x_0(1 - x_0)$. Add.",
        derivation=GLASS,
        asks=("x1", "x2", "u1", "dtheta"),
        shows=("x0", "theta", "tau"),
    ),
    Numbers(
        title="One draw from three machines",
        text="Machine $k$ is chosen with the probability $p_k$ of a softmax of $z$, and pays $r_k$. Find the mean pay $J$ and its gradient. Then machine 2 is "
        "drawn: what is this draw's share of the estimate, with the baseline $b$? Type four digits.",
        hints=(
            "First the probabilities. The mean pay weighs each pay with its probability.",
            "The gradient of the mean has the entries p_j (r_j − J).",
            "The draw's share is (r₂ − b) times the slopes of ln p₂: 1 − p₂ at the second place, −p_j at the others.",
        ),
        solution="The mean pay is $\\sum_k p_k r_k$, and the softmax's slopes give $p_j(r_j - J)$. The draw knows one pay only: it takes $(r_k - b)$ times the "
        "slopes of $\\ln p_k$, which are $[k = j] - p_j$. No factor $p_k$ stands there: the drawing itself brings it in, for a likely machine is "
        "drawn often. Over many draws the mean of these shares is the gradient. (In the lines below $e$ has its 1 at the machine drawn.)",
        derivation=DRAW,
        asks=("J", "exact", "share"),
        shows=("z", "r", "b"),
    ),
    Choice(
        title="A nudge across the edge",
        text="The ball of this chapter starts with a speed at which a little more makes one round more. The graph says that the way grows by about 2.4 "
        "metres for each unit of speed; the central difference says more than 50,000. Which is right?",
        hints=(
            "What does each of them look at?",
            "The graph holds the rounds that did run. The nudge runs the program twice: how many rounds each?",
            "The way jumps by a metre between the two ends.",
        ),
        solution="The graph repeats the rounds that ran, so it gives the slope of the piece where we stand. The nudge compares two runs with different numbers "
        "of rounds: a metre over $2\\varepsilon$. The way really jumps there, so both say what is so, and neither tells the other's story.",
        options=(
            Option(
                "The graph; the difference is rounding",
                "Rounding would be near 10⁻¹¹ here. The two runs really end a metre apart.",
            ),
            Option(
                "Both: slope of a piece, and a jump",
                "The graph gives the slope where we stand, the nudge has crossed an edge. Count the rounds at both ends.",
                True,
            ),
            Option(
                "The difference; `backward` forgot the question in the loop",
                "A comparison has the derivative 0 on both sides of its edge: there is nothing to forget.",
            ),
            Option("Neither: a loop has no derivative", "On each piece the way is a straight line in v, and has a slope."),
        ),
    ),
    Choice(
        title="The judge of a draw",
        text="You want to check a score-function gradient. What do you nudge?",
        hints=(
            "Say first which function f is.",
            "One draw jumps or stays. What about the mean over all draws?",
            "With three machines the mean can be written down.",
        ),
        solution="The estimate aims at the gradient of the *mean*. Where the mean can be written down, nudge that, and compare it with the average of many "
        "draws, which strays by its typical error. A draw itself either stays or jumps when it is nudged, and fresh draws differ by their noise.",
        options=(
            Option(
                "The average of 1,000 fresh draws at each end",
                "Their noise, perhaps 0.1, is divided by 2ε: thousands, and all of it noise.",
            ),
            Option(
                "The average of the same 1,000 draws at each end", "Nothing changes until one draw jumps: 0, or a jump over 2ε."
            ),
            Option(
                "The mean, written with the probabilities",
                "That is the function whose gradient the draws estimate, and it is smooth.",
                True,
            ),
            Option("The pay of the machine drawn", "A pay is a given number: it does not depend on z at all."),
        ),
    ),
    Paper(
        title="One unit that feeds itself",
        text="A single unit rests at $x = \\tanh(wx + b)$. Write $s = 1 - x^2$. Derive $dx/dw$ by the rule of a fixed point, then once more "
        "by the rounds: let each round hand on what it got, and add up. Where is the answer not to be trusted?",
        hints=(
            "Here g(x, w) = tanh(wx + b). Find g_x and g_w first.",
            "The slope of the tanh is s; inside stand wx, read by x with the factor w and by w with the factor x.",
            "g_x = s w and g_w = s x. The rounds give g_w (1 + g_x + g_x² + …).",
        ),
        solution="*By the equation.* With $g(x, w) = \\tanh(wx + b)$ the slope of the tanh at the resting place is $s = 1 - x^2$. Inside stands $wx + b$: $x$ moves it with the "
        "factor $w$, $w$ with the factor $x$. So $g_x = s w$ and $g_w = s x$. Both sides of $x = g(x, w)$ move alike:\n\n"
        "$$x' = g_x x' + g_w, \\qquad x' = \\frac{s x}{1 - s w} .$$\n\n"
        "*By the rounds.* At rest every round sees the same slopes. A nudge of $w$ puts $g_w$ into each round, and what a round has got is handed on with the factor "
        "$g_x$. The last round's own nudge counts once, the one before $g_x$ times, the one before that $g_x^2$ times:\n\n"
        "$$x' = g_w\\,(1 + g_x + g_x^2 + \\dots) .$$\n\n"
        "Call the bracket $S$. Then $S = 1 + g_x S$, so $S = 1/(1 - g_x)$ where the sum settles, that is for $|s w| < 1$. Both ways agree.\n\n"
        "*Where not.* The formula needs $s w \\ne 1$: there the equation does not say how $x$ moves. And where $|s w| > 1$ the rounds do not settle: a program that stopped after some "
        "rounds is not at rest, and its state does not obey the equation.",
    ),
    Code(
        title="Back through a solver",
        text="Write `solve_vjp(dX, A, B)`: $X$ solves $AX = B$, and $dX$ has arrived. Return $dA$ and $dB$. The columns of $B$ are examples. "
        "`np.linalg.solve(A, B)` solves.",
        hints=(
            "The equation is enough: no step of the solver is needed.",
            "dB is the solution of a system with the transpose of A.",
            "dA is minus dB times Xᵀ; the product adds over the columns.",
        ),
        solution="Solve forward for $X$ and back for $dB$, with $A^\\top$. Each entry of $A$ stands beside an entry of $X$ on the left side of the equation, where "
        "$dB$ stands on the right: so $dA = -dB\\,X^\\top$. The product adds over the columns.",
        stub='def solve_vjp(dX, A, B):\n    """dA and dB of the solution X of A X = B."""\n    ...\n',
        solved=solve_vjp,
        cases=systems,
    ),
]
