"""Exercises of chapter 16, checking gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np

from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Numbers, Option, Paper
from bpcourse.practice.rules import each


def exponential(x: Any) -> Any:
    """eˣ, of numbers and of graph values."""
    return each("exp", x)


QUOTIENT = Derivation(
    (
        Given("f", "f", exponential),
        Given("x", "x", 1.0, 1, 20, 1),
        Given("eps", "\\varepsilon", 0.1, 1, 4, 1),
    ),
    (
        Step("slope", "f'(x)", "exp", {"x": "x"}),
        Step("quotient", "q", "central difference", {"f": "f", "x": "x", "eps": "eps", "slope": "slope"}),
    ),
)

BEST_STEP = Derivation(
    (
        Given("u", "u", 1e-8, 1, 9, 8),
        Given("F", "|f|", 5.0, 1, 9, 0),
        Given("F3", "|f'''|", 6.0, 1, 9, 0),
    ),
    (
        Step("cube", "c", "cube of the best step", {"u": "u", "F": "F", "F3": "F3"}),
        Step("eps", "\\varepsilon", "cube root", {"x": "cube", "u": "u", "F": "F", "F3": "F3"}),
        Step("series", "\\text{series}", "error of the series", {"F3": "F3", "eps": "eps"}),
        Step("rounding", "\\text{rounding}", "error of rounding", {"u": "u", "F": "F", "eps": "eps", "series": "series"}),
        Step("E", "E", "add", {"a": "series", "b": "rounding"}),
    ),
)

KINK = Derivation(
    (
        Given("d", "d", 0.004, -9, 9, 3),
        Given("eps", "\\varepsilon", 0.01),
    ),
    (
        Step("up", "x_+", "add", {"a": "d", "b": "eps"}),
        Step("down", "x_-", "subtract", {"a": "d", "b": "eps"}),
        Step("ahead", "f_+", "relu", {"x": "up"}),
        Step("behind", "f_-", "relu", {"x": "down"}),
        Step("here", "f_0", "relu", {"x": "d"}),
        Step("slope", "f'(d)", "local gradient of relu", {"out": "here", "x": "d"}),
        Step(
            "quotient", "q", "central quotient",
            {"ahead": "ahead", "behind": "behind", "here": "here", "eps": "eps", "slope": "slope", "d": "d"},
        ),
        Step("off", "\\text{off by}", "subtract", {"a": "quotient", "b": "slope"}),
    ),
)  # fmt: skip

ALLOWANCE = Derivation(
    (
        Given("atol", "\\text{atol}", 0.06, 1, 9, 2),
        Given("rtol", "\\text{rtol}", 0.4, 1, 5, 1),
    ),
    (
        Step("zero", "|n|_{\\text{zero}}", "reach of a zero", {"atol": "atol", "rtol": "rtol"}),
        Step("sign", "|n|_{\\text{sign}}", "reach of a wrong sign", {"atol": "atol", "rtol": "rtol"}),
    ),
)

DIRECTION = Derivation(
    (
        Given("g", "g", np.array([[4.0], [-3.0], [-2.5]]), -9, 9, 1),
        Given("w", "w", np.array([[2.0], [3.0], [-6.0]]), -5, 5, 0),
    ),
    (
        Step("length", "|w|", "length", {"w": "w"}),
        Step("v", "v", "direction of length 1", {"w": "w", "length": "length"}),
        Step("slope", "g \\cdot v", "slope along a direction", {"g": "g", "v": "v"}),
    ),
)


def gap_along(f: Callable[..., float], x: Any, g: Any, w: Any, eps: float) -> float:
    """g · v minus the central difference of f along v, which is w scaled to length 1."""
    v = w / np.sqrt(np.sum(w**2))
    nudged = (f(x + eps * v) - f(x - eps * v)) / (2 * eps)
    return float(np.sum(g * v) - nudged)


def sum_of_squares(x: Any) -> float:
    """A function to check: its gradient is 2x."""
    return float(np.sum(x**2))


def sum_of_waves(x: Any) -> float:
    """A function to check: its gradient is cos x."""
    return float(np.sum(np.sin(x)))


def directions() -> list[tuple[Any, ...]]:
    """Right and wrong gradients of two functions, and random directions of any length."""
    rng = np.random.default_rng(16)
    cases: list[tuple[Any, ...]] = []
    for f, gradient in ((sum_of_squares, lambda x: 2 * x), (sum_of_waves, np.cos)):
        for factor in (1.0, 1.5, -1.0):
            x, w = rng.normal(size=(2, 4))
            cases.append((f, x, factor * gradient(x), 3 * w, 1e-3))
    return cases


EXERCISES: list[Exercise] = [
    Numbers(
        title="One quotient by hand",
        text="The judge since chapter 2. Let $f(x) = e^x$. What does the *central* difference give at this $x$ with this step? "
        "Type six digits.",
        hints=(
            "Two values of f are needed, one on each side of x.",
            "Take f at x + ε and at x − ε. How far apart are these two points?",
            "The quotient is (f(x + ε) − f(x − ε)) / 2ε, with f = eˣ.",
        ),
        solution="The central difference reads $f$ at both ends, $x + \\varepsilon$ and $x - \\varepsilon$. These lie $2\\varepsilon$ "
        "apart, so that is what the change is divided by. The quotient is a little above the derivative $e^x$: by about "
        "$\\tfrac16 f''' \\varepsilon^2$, and here $f''' = e^x$ as well.",
        derivation=QUOTIENT,
        asks=("quotient",),
        shows=("x", "eps"),
    ),
    Choice(
        title="What the deltas of a softmax add up to",
        text="From chapter 8: a network ends in a softmax. Its output deltas are $\\delta_j = \\partial L/\\partial z_j$ for the logits $z_j$. What is their sum?",
        hints=(
            "Nudge all logits at once, by the same amount.",
            "What does the softmax do when the same number is added to all logits?",
            'The slope along "all logits alike" is the sum of the deltas.',
        ),
        solution="Add the same number to all logits: every $e^{z_j}$ grows by the same factor, the factor cancels in the fraction, and "
        "the predictions stay. So the loss stays, too. Its slope in that direction is the sum of the deltas, so the sum is 0, for "
        "every loss.",
        options=(
            Option("0, for every loss", "Equal nudges to all logits change no prediction, so they change no loss.", True),
            Option("1, for every loss", "The *predictions* add up to 1. The deltas are slopes; those of ŷ − y add up to 1 − 1."),
            Option(
                "0 with the cross-entropy only",
                "With the cross-entropy it is easily seen, for δ = ŷ − y. But a softmax does not notice equal nudges, whatever loss follows.",
            ),
            Option(
                "The loss", "A sum of slopes is a slope: along the direction in which all logits rise alike. A loss is a height."
            ),
        ),
    ),
    Numbers(
        title="The bottom of the V",
        text="A computer rounds with the unit roundoff $u$. Near $x$ the function and its third derivative have the sizes below. Find "
        "the best central step $\\varepsilon$; what the series and what the rounding cost there; and both together, $E$. Type four digits.",
        hints=(
            "At the bottom the derivative of E with respect to ε is 0.",
            "That says ε³ = 3u|f| / |f‴|.",
            "The series costs |f‴|ε²/6, the rounding u|f|/ε. Check: one of them is twice the other.",
        ),
        solution="The rounding falls with $\\varepsilon$ and the series' error rises. At the bottom the two *slopes* cancel, and that is "
        "not where the two terms are equal: the rounding is twice the series' error there. Together they make "
        "$\\tfrac12 |f'''|\\,\\varepsilon^2$.",
        derivation=BEST_STEP,
        asks=("eps", "series", "rounding", "E"),
    ),
    Numbers(
        title="A slope of neither side",
        text="A ReLU has its input at $d$, nearer to 0 than the step. What does the central difference give, and how far is it from "
        "the derivative at $d$ (with its sign: quotient minus derivative)?",
        hints=(
            "Where do the two ends lie: left or right of 0?",
            "Only the end ahead counts: behind, the ReLU gives 0.",
            "The quotient is (d + ε) / 2ε. The derivative is 1 where d > 0, else 0.",
        ),
        solution="The end ahead lies right of the kink, the end behind left of it, where the ReLU is 0. So the quotient mixes slope 0 "
        "and slope 1. It is neither, and it is right only once $\\varepsilon$ is no larger than $|d|$: both ends lie on one side then.",
        derivation=KINK,
        asks=("quotient", "off"),
        shows=("d", "eps"),
    ),
    Numbers(
        title="What an allowance lets through",
        text="A check accepts a claim $a$ where $|a - n| \\le \\text{atol} + \\text{rtol} \\cdot |n|$, and $n$ is the nudged number. "
        "Up to which $|n|$ does the claim 0 pass? And up to which $|n|$ does $-n$ pass? Type four digits.",
        hints=(
            "Put the claim into the rule: how far is it from n?",
            "The claim 0 is off by |n|; the claim −n is off by 2|n|.",
            "Solve |n| = atol + rtol|n|, and 2|n| = atol + rtol|n|, for |n|.",
        ),
        solution="A claim of 0 is off by $|n|$, so it passes while $|n| \\le \\text{atol} + \\text{rtol}\\,|n|$. Bring $\\text{rtol}\\,|n|$ to the "
        "left: $|n| \\le \\text{atol}/(1 - \\text{rtol})$. The wrong sign is off by $2|n|$, so there it is $2 - \\text{rtol}$.",
        derivation=ALLOWANCE,
        asks=("zero", "sign"),
    ),
    Numbers(
        title="A slope along a direction",
        text="The gradient of $f$ is $g$. Walk along $w$, scaled to a direction $v$ of length 1. What is the length of $w$, and what "
        "slope must the two runs of $f$ find along $v$? Type four digits.",
        hints=(
            "The length of a list is the root of the sum of its squares.",
            "Divide w by its length: that is v.",
            "The slope is g₁v₁ + g₂v₂ + g₃v₃: one path for each entry.",
        ),
        solution="The number $t$ in $f(x + tv)$ feeds every entry of $x$, entry $i$ with the factor $v_i$. Each entry is a path, and paths "
        "are added: $g \\cdot v$. Had $w$ not been scaled, a longer $w$ would find a larger slope at the same place.",
        derivation=DIRECTION,
        asks=("length", "slope"),
    ),
    Choice(
        title="A failed check",
        text="At one weight of a ReLU network the backward pass says 1.00. The central difference says 0.70 with $\\varepsilon = 10^{-5}$ "
        "and 1.00 with $\\varepsilon = 10^{-6}$. What do you do?",
        hints=(
            "On smooth ground, how much does a ten times smaller step change a quotient?",
            "A quotient that jumps has lost something from between its two ends.",
            "Which gate has a place where its slope changes at once?",
        ),
        solution="On smooth ground a smaller $\\varepsilon$ hardly changes the quotient. Here it jumps, so a kink lies within the wider step "
        "and outside the narrower one. Count the kinks between the two ends to be sure, and check at another point.",
        options=(
            Option(
                "Search the backward pass for a lost factor 0.7",
                "A wrong derivation is wrong for every ε. Here the *nudge* changed its mind, not the backward pass.",
            ),
            Option(
                "Count the kinks between the two ends, then move the point",
                "A jump of the quotient means that a kink lies inside the wider step. The derivation may well be right.",
                True,
            ),
            Option("Raise the tolerance to a half", "Then nearly every mistake passes, and this one point still tells nothing."),
            Option(
                "Take ε = 10⁻¹² to be safe",
                "There the rounding u|f|/ε is near 10⁻⁴ and larger: the left branch of the V. The kink needs another point, not another digit.",
            ),
        ),
    ),
    Choice(
        title="What a falling cost proves",
        text="You take one small step against your gradient, and the cost falls. Which of these mistakes *cannot* be in the gradient?",
        hints=(
            "The cost falls along every direction that has a downhill part.",
            "A gradient that is too long, or lacks some paths, still points downhill, roughly.",
            "Which mistake turns downhill into uphill?",
        ),
        solution="A step lowers the cost whenever it has a part that goes downhill. Twice the gradient, $m$ times the gradient, a gradient "
        "without its cross paths and one with a single wrong sign among many all have. Only what points uphill is found out.",
        options=(
            Option(
                "A lost 1/m",
                "The gradient is m times too long and points the same way: the cost falls, if the step is small enough.",
            ),
            Option(
                "A cross path of the softmax dropped",
                "Most of the gradient is still there, and the cost falls. Chapter 7 trains happily with it.",
            ),
            Option(
                "The sign of the whole gradient",
                "Then the step goes uphill, and the cost rises. It is one of the few mistakes that this judge sees.",
                True,
            ),
            Option("One wrong sign among sixteen entries", "Fifteen entries go downhill and carry the sixteenth along."),
        ),
    ),
    Paper(
        title="The best step for a second derivative",
        text="The quotient $\\bigl(f(x + \\varepsilon) - 2f(x) + f(x - \\varepsilon)\\bigr)/\\varepsilon^2$ approximates $f''$. Derive the error "
        "that the series leaves and a bound for the error of rounding, then the best step and the error there. Write $f''''$ for the fourth derivative.",
        hints=(
            "Write the series for f(x + ε) and f(x − ε) up to the fourth derivative, and add them.",
            "The odd terms cancel. For the rounding: f is read once at each end and counts twice in the middle.",
            "E = 4u|f|/ε² + |f⁗|ε²/12. Set its derivative to 0.",
        ),
        solution="Add the two series; the odd terms cancel:\n\n"
        "$$f(x+\\varepsilon) + f(x-\\varepsilon) = 2f + f''\\varepsilon^2 + \\tfrac1{12} f''''\\varepsilon^4 + \\dots$$\n\n"
        "Take away $2f$ and divide by $\\varepsilon^2$: the quotient is $f'' + \\tfrac1{12} f'''' \\varepsilon^2 + \\dots$, so the series leaves "
        "$\\tfrac1{12}|f''''|\\,\\varepsilon^2$.\n\n"
        "Each value is off by at most $u|f|$. The middle one counts twice, so the sum is off by at most $4u|f|$, and the quotient by "
        "$4u|f|/\\varepsilon^2$.\n\n"
        "Together\n\n"
        "$$E = \\frac{4u|f|}{\\varepsilon^2} + \\frac{|f''''|\\,\\varepsilon^2}{12}, \\qquad "
        "E' = -\\frac{8u|f|}{\\varepsilon^3} + \\frac{|f''''|\\,\\varepsilon}{6} = 0 .$$\n\n"
        "Multiply by $\\varepsilon^3$: $\\varepsilon^4 = 48u|f|/|f''''|$, so $\\varepsilon = (48u|f|/|f''''|)^{1/4}$. At the bottom the two terms are "
        "equal, since $4u|f| = \\tfrac1{12}|f''''|\\,\\varepsilon^4$. So $E = \\tfrac16|f''''|\\,\\varepsilon^2 = 2\\sqrt{u|f||f''''|/3}$.\n\n"
        "Where all sizes are near 1 the best step in float64 is about $3 \\cdot 10^{-4}$, and the error about "
        "$u^{1/2}$: half of the digits are lost.",
    ),
    Code(
        title="One direction for all weights",
        text="Write `gap_along(f, x, g, w, eps)`: scale $w$ to a direction $v$ of length 1, and return a difference: the slope "
        "$g \\cdot v$ that the claimed gradient $g$ promises, minus the central difference of $f$ along $v$.",
        hints=(
            "Two runs of f do it: one ahead along v, one behind.",
            "v is w over the root of the sum of its squares.",
            "The difference is (f(x + eps·v) − f(x − eps·v)) / (2·eps), for all entries at once.",
        ),
        solution="Scale first, then walk: `x + eps * v` moves every entry at once. What comes back is one number, near 0 for a right "
        "gradient; for a wrong one it is the error times the direction.",
        stub='def gap_along(f, x, g, w, eps):\n    """g · v minus the central difference of f along v, which is w scaled to length 1."""\n    ...\n',
        solved=gap_along,
        cases=directions,
    ),
]
