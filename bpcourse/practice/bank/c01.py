"""Exercises of chapter 01, nudging a product."""

from random import Random

from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Ladder, Numbers, Option, Paper

SQUARE = Derivation(
    (Given("x", "x", 3.25, 105, 495, 2),),
    (
        Step("f", "f(x)", "square", {"x": "x"}),
        Step("slope", "f'(x)", "local gradient of square", {"x": "x", "out": "f"}),
    ),
)

QUOTIENT = Derivation(
    (Given("a", "a", -3.15, -495, 495, 2), Given("eps", "\\varepsilon", 0.25)),
    (
        Step("f", "f(a)", "square", {"x": "a"}),
        Step("da", "f'(a)", "local gradient of square", {"x": "a", "out": "f"}),
        Step("quotient", "\\text{quotient}", "one nudge", {"x": "a", "eps": "eps", "slope": "da"}, {"f": lambda a: a * a}),
    ),
)


def product(a: float, b: float, h: float) -> Derivation:
    """f = ab: one trial nudge of a, the slopes, one step uphill and what it gains."""
    moves = {"h": "h", "eps": "eps"}
    return Derivation(
        (
            Given("a", "a", a, -59, 59, 1),
            Given("b", "b", b, -59, 59, 1),
            Given("eps", "\\varepsilon", 0.1),
            Given("h", "h", h),
        ),
        (
            Step("f", "f", "multiply", {"a": "a", "b": "b"}),
            Step("a_up", "a_\\text{up}", "add", {"a": "a", "b": "eps"}),
            Step("f_up", "f_\\text{up}", "multiply", {"a": "a_up", "b": "b", "eps": "eps"}),
            Step("quotient", "\\text{quotient}", "difference quotient", {"up": "f_up", "here": "f", "eps": "eps"}),
            Step("da", "\\partial f/\\partial a", "local gradient of multiply, first input", {"a": "a", "b": "b", "out": "f"}),
            Step("db", "\\partial f/\\partial b", "local gradient of multiply, second input", {"a": "a", "b": "b", "out": "f"}),
            Step("gain", "\\text{gain}", "predicted gain", {"h": "h", "ga": "da", "gb": "db"}),
            Step("a_new", "a_\\text{new}", "step uphill", {"x": "a", "g": "da", **moves}),
            Step("b_new", "b_\\text{new}", "step uphill", {"x": "b", "g": "db", "moved": "a_new", **moves}),
            Step("f_new", "f_\\text{new}", "multiply", {"a": "a_new", "b": "b_new", "old_b": "b", "here": "f", "gain": "gain"}),
            Step("miss", "\\text{miss}", "miss of the prediction", {"up": "f_new", "here": "f", "gain": "gain"}),
        ),
    )


HILL = Derivation(
    (Given("x", "x", 3.45, 105, 495, 2), Given("top", "c", 2.0, 1, 5), Given("h", "h", 0.4, 2, 19, 1)),
    (
        Step("slope", "f'(x)", "slope of the hill", {"top": "top", "x": "x"}),
        Step("x_new", "x_\\text{new}", "step uphill", {"x": "x", "h": "h", "g": "slope"}),
        Step("slope_new", "f'(x_\\text{new})", "slope of the hill", {"top": "top", "x": "x_new", "old": "x"}),
    ),
)


def step(a: float, b: float, h: float) -> tuple[float, float]:
    """One step uphill on f = a·b: the new a and the new b."""
    to_a, to_b = b, a
    return a + h * to_a, b + h * to_b


def step_cases() -> list[tuple[float, float, float]]:
    """Starts in all four quadrants, and step sizes."""
    draw = Random(1)
    return [(draw.uniform(-5, 5), draw.uniform(-5, 5), draw.choice([0.01, 0.1, 0.5])) for _ in range(20)]


EXERCISES: list[Exercise] = [
    Numbers(
        title="The slope of a square",
        text="What you bring along: for $f(x) = x^2$, find the derivative $f'(x)$ at this $x$, exactly.",
        hints=(
            "How does the area of a square grow when its sides grow a little?",
            "Along two of its sides: once x for each.",
            "The exponent comes down as a factor, and one power is left: 2 times x.",
        ),
        solution="A square whose side grows by a little grows along two sides, each of length $x$. So its area grows $2x$ "
        "times as fast as the side.",
        derivation=SQUARE,
        asks=("slope",),
    ),
    Choice(
        title="What a loop leaves behind",
        text="What does this program print?\n\n```python\ntotal = 0\nfor x in 1, 2, 3:\n    total = total + x * "
        "x\nprint(total)\n```",
        hints=(
            "Go through it on paper: one line for each x.",
            "What is total before and after each turn?",
            "Each turn adds the square of x to what is there already.",
        ),
        solution="The loop adds $1$, then $4$, then $9$ to what is there: $0 \\to 1 \\to 5 \\to 14$.",
        options=(
            Option("9",
                   "That is the last turn alone, as if `total` were overwritten. The line reads the old `total` and adds to it."),
            Option("14", "1 + 4 + 9: each turn adds one square.", right=True),
            Option("36", "That is the square of the sum 1 + 2 + 3. The line squares each x first and adds then."),
            Option("6", "That is 1 + 2 + 3. The line adds `x * x`, not `x`."),
        ),
    ),
    Numbers(
        title="Chord and tangent",
        text="Take $f(a) = a^2$. Find the derivative $f'(a)$; then nudge $a$ up by $\\varepsilon$ and find the difference "
        "quotient. All digits.",
        hints=(
            "The quotient needs f at two places: where you stand, and one nudge up.",
            "It is f(a + ε) − f(a), divided by ε. Mind the sign: up is towards larger numbers.",
            "Multiplied out it is 2a + ε; the derivative is what is left when ε goes to 0.",
        ),
        solution="The quotient is the slope of the chord from $a$ to $a + \\varepsilon$. Multiplied out it is $2a + "
        "\\varepsilon$, so it is off the derivative by just $\\varepsilon$.",
        derivation=QUOTIENT,
        asks=("da", "quotient"),
    ),
    Ladder(
        title="The product: nudge, slope, step",
        text="The gate $f = ab$. Nudge $a$ up by $\\varepsilon$ and find the quotient; find both derivatives by the rule; "
        "then move both inputs uphill at once with step size $h$. All digits.",
        hints=(
            "First a trial, undone at once; then the rule; then the real move, from where you started.",
            "Each input's derivative is the other input, and a step adds h times the derivative.",
            "The new a is a + h·b. The new b is b + h·a, with the old a.",
        ),
        solution="The trial with $\\varepsilon$ finds the slope for $a$, and the rule finds the same without a trial. Then "
        "both inputs move by $h$ times their own derivatives, taken at the start, and the product must have grown.",
        derivation=product(-4.0, -3.0, 0.01),
        steps=("f_up", "quotient", "da", "db", "a_new", "b_new", "f_new"),
        shows=("a", "b", "eps", "h"),
    ),
    Choice(
        title="Two small numbers",
        text="You climb $f(a) = a^2$ from $a = 4$: you find the slope by a trial nudge of $\\varepsilon = 0.1$, then move. "
        "Now you make $\\varepsilon$ ten times smaller and leave $h$ as it is. What changes?",
        hints=(
            "Which of the two is a trial, and which is the move?",
            "Where does ε stand in the quotient of a square, and where does h stand in the step?",
            "The quotient at 4 is 8 + ε.",
        ),
        solution="The quotient at 4 is $8 + \\varepsilon$, so it goes from 8.1 to 8.01: nearer to the slope 8. The move is "
        "$h$ times the slope, and $h$ has not changed.",
        options=(
            Option("Each move is about ten times shorter.",
                   "That is what a smaller h does. ε is a trial, and undone before the move."),
            Option("The slope that you use is nearer to the true one; the moves are nearly as long as before.",
                   "The quotient goes from 8.1 to 8.01, and the move is h times that.", right=True),
            Option("Nothing: the quotient is the same for every $\\varepsilon$.",
                   "So it is for a product with one input moving, a straight line. A square is curved: its quotient is 2a + ε."),
            Option("The prediction of what a move gains gets ten times better, because the move is smaller.",
                   "The move is as long as before. Only h decides how far you go and how much of the curve you cross."),
        ),
    ),
    Choice(
        title="Random nudges from a third start",
        text="The first method adds to $a$ and to $b$ a random amount from 0 to 0.01 each. From $(4, -3)$, which draws raise "
        "$f = ab$? (To first order; leave out the draw of two zeros.)",
        hints=(
            "What does a nudge of a alone do to f here? And one of b alone?",
            "A nudge p of a changes f by b·p; a nudge q of b changes f by a·q.",
            "With both, f changes by −3p + 4q. When is that above 0?",
        ),
        solution="A nudge $p$ of $a$ changes $f$ by $bp = -3p$, a nudge $q$ of $b$ by $aq = 4q$. Together $-3p + 4q$, which "
        "is above 0 exactly when $q > \\tfrac34 p$. The draws fill a square, and the line $q = \\tfrac34 p$ cuts it: more "
        "than half of it helps.",
        options=(
            Option("All, as from $(4, 3)$.", "Raise a alone: 4.01 · (−3) = −12.03, which is lower than −12."),
            Option("None, as from $(-4, -3)$.", "Raise b alone: 4 · (−2.99) = −11.96, which is higher than −12."),
            Option("Those in which $b$ is raised more than $a$.",
                   "These do, but so do some others: a's nudge counts with 3, b's with 4, so b may be raised a little less "
                   "than a."),
            Option("Those in which $b$ is raised by more than three quarters of what $a$ is raised by.",
                   "f changes by −3p + 4q, which is above 0 when q > ¾p.", right=True),
        ),
    ),
    Numbers(
        title="What the step gains, and what the prediction misses",
        text="The gate $f = ab$ takes one step of size $h$ uphill, both inputs at once. Find the gain that the gradient "
        "predicts, the new output, and the miss: the new output less the predicted one. All digits.",
        hints=(
            "Each input moves by h times its derivative, and f moves by the derivative times that.",
            "So the gain is h times the sum of the squares of both derivatives. The new output is the product of the new inputs.",
            "The predicted output is f + gain. What is left over must be h²ab.",
        ),
        solution="The gain is made of squares: each input's derivative counts once in the move and once in what the move "
        "does. Multiply the new inputs for the true output. What the prediction misses is $h^2 ab$, the one term with two "
        "$h$.",
        derivation=product(2.5, -1.5, 0.1),
        asks=("gain", "f_new", "miss"),
        shows=("a", "b", "h"),
    ),
    Numbers(
        title="One step on the hill",
        text="On the hill $f(x) = 3 - \\tfrac12 (x - c)^2$ you stand at $x$ and take one step uphill with step size $h$. "
        "Find the slope where you stand, where you land, and the slope there. All digits.",
        hints=(
            "On which side of the top c do you stand? The slope's sign must lead you there.",
            "The slope is c − x, and the step is x + h·slope.",
            "Each step multiplies the distance from the top, and so the slope, by 1 − h: a check.",
        ),
        solution="The slope is $c - x$: it points to the top from either side. The step adds $h$ times it. The slope at the "
        "new place must be $1 - h$ times the old one, which checks the whole.",
        derivation=HILL,
        asks=("slope", "x_new", "slope_new"),
    ),
    Paper(
        title="How large may the step be?",
        text="A hill of another curvature: $f(x) = 3 - \\tfrac{k}{2}(x - c)^2$ with some $k > 0$. For which step sizes $h$ "
        "does a step $x + h f'(x)$ end higher than it began, from every $x \\ne c$? Which $h$ lands on the top at once?",
        hints=(
            "Follow the distance from the top, x − c. What does one step make of it?",
            "The slope is −k(x − c), so the new distance is (1 − hk)(x − c).",
            "Higher means nearer to the top: 1 − hk must lie between −1 and 1.",
        ),
        solution="The derivative of $(x - c)^2$ is $2(x - c)$, so\n\n"
        "$$f'(x) = -\\tfrac{k}{2} \\cdot 2(x - c) = -k(x - c) .$$\n\n"
        "One step turns the distance $x - c$ into\n\n"
        "$$x + h f'(x) - c = (x - c) - hk(x - c) = (1 - hk)(x - c) .$$\n\n"
        "The height is $3$ less $\\tfrac{k}{2}$ times the square of the distance. So the step ends higher exactly when the "
        "distance has shrunk in size:\n\n"
        "$$-1 < 1 - hk < 1, \\qquad\\text{that is}\\qquad 0 < h < \\frac{2}{k} .$$\n\n"
        "It lands on the top when $1 - hk = 0$, at $h = 1/k$. For the chapter's hill $k = 1$: the bound is 2. For one twice "
        "as sharply curved $k = 2$: the bound is 1.",
    ),
    Code(
        title="Both at once",
        text="Write `step(a, b, h)`: one step of size $h$ uphill on $f = ab$, both inputs at once. It returns the new $a$ "
        "and the new $b$.",
        hints=(
            "Which numbers must be known before anything moves?",
            "The derivative for a is b, the one for b is a: both at the start.",
            "Give the old values two names of their own, or return both sums in one line.",
        ),
        solution="Both derivatives are read at the start, before either input has changed. Writing `a = a + h * b` first "
        "would let the second line read the new $a$.",
        stub='def step(a, b, h):\n    """One step uphill on f = a·b: the new a and the new b."""\n    ...\n',
        solved=step,
        cases=step_cases,
    ),
]  # fmt: skip
