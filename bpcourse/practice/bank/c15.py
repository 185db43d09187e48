"""Exercises of chapter 15, when gradients go wrong."""

import numpy as np

from bpcourse.graph import Value
from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Ladder, Numbers, Option, Paper
from bpcourse.practice.worked import of_circuit

# --------------------------------------------------------------------------- derivations


def _read_twice() -> Derivation:
    w = Value(-3, "w")
    u = (w * Value(2, "x")).named("u")
    return of_circuit((w * u).named("L"), fresh={"w": (-9, 9, 0), "x": (-9, 9, 0)})


LAYERS = Derivation(
    (Given("n", "n", 40.0, 16, 64), Given("v", "v", 0.02, 1, 9, 2), Given("r", "r", 0.6, 2, 9, 1)),
    (
        Step("factor", "\\text{factor}", "factor of a layer", {"n": "n", "v": "v", "r": "r"}),
        Step("left", "\\text{after ten layers}", "power", {"x": "factor"}, {"n": 10}),
        Step("keeps", "v_{\\text{balance}}", "variance that keeps the length", {"n": "n", "r": "r"}),
    ),
)

NORMALISED = Derivation(
    (
        Given("z", "z", np.array([[-2.0, 1.0, 1.0, 4.0]]), -9, 9),
        Given("gamma", "\\gamma", 2.0, -20, 20, 1),
        Given("g", "g", np.array([[0.3, -0.5, 0.2, 0.4]]), -9, 9, 1),
    ),
    (
        Step("mu", "\\mu", "mean of the batch", {"z": "z"}),
        Step("v", "v", "variance of the batch", {"z": "z", "mu": "mu"}),
        Step("s", "s", "sqrt", {"x": "v"}),
        Step("zhat", "\\hat z", "normalised", {"x": "z", "mu": "mu", "s": "s", "v": "v", "gamma": "gamma"}),
        Step(
            "dz",
            "\\partial L/\\partial z",
            "back through the batch norm",
            {"g": "g", "zhat": "zhat", "s": "s", "gamma": "gamma", "v": "v"},
        ),
    ),
)

TWO_STEPS = Derivation(
    (
        Given("w", "w", 0.8, -15, 15, 1),
        Given("u", "u", 0.5, -15, 15, 1),
        Given("h0", "h_0", 0.6, -9, 9, 1),
        Given("x1", "x_1", 1.0, -15, 15, 1),
        Given("x2", "x_2", -0.5, -15, 15, 1),
        Given("y", "y", 1.0),
    ),
    (
        Step("z1", "z_1", "sum of the recurrence", {"w": "w", "h": "h0", "u": "u", "x": "x1"}),
        Step("h1", "h_1", "tanh", {"x": "z1"}),
        Step(
            "z2",
            "z_2",
            "sum of the recurrence",
            {"w": "w", "h": "h1", "u": "u", "x": "x2", "older": "h0", "past": "x1", "z": "z1"},
        ),
        Step("h2", "h_2", "tanh", {"x": "z2"}),
        Step("dh2", "\\partial L/\\partial h_2", "slope of half the squared error", {"y": "y", "a": "h2"}),
        Step("slope2", "f'(z_2)", "local gradient of tanh", {"out": "h2", "x": "z2", "before": "h1"}),
        Step("dz2", "\\delta_2", "upstream times local", {"u": "dh2", "local": "slope2"}),
        Step("share2", "\\text{share}_2", "to the weight", {"u": "dz2", "a": "h1", "own": "h2", "input": "x2", "z": "z1"}),
        Step("dh1", "\\partial L/\\partial h_1", "to the left", {"u": "dz2", "w": "w", "a": "h1", "v": "u"}),
        Step("slope1", "f'(z_1)", "local gradient of tanh", {"out": "h1", "x": "z1", "before": "h0", "coming": "h2"}),
        Step("dz1", "\\delta_1", "upstream times local", {"u": "dh1", "local": "slope1"}),
        Step("share1", "\\text{share}_1", "to the weight", {"u": "dz1", "a": "h0", "own": "h1", "input": "x1"}),
        Step("dw", "\\partial L/\\partial w", "sum over time", {"g1": "share2", "g2": "share1"}),
    ),
)

_SHARES = {"f": 0.8, "i": 0.3, "o": 0.6}
CELL = Derivation(
    (
        Given("c", "c_{t-1}", 1.5, -20, 20, 1),
        *[Given(name, f"{name}_t", value, 1, 9, 1) for name, value in _SHARES.items()],
        Given("g", "g_t", -0.7, -9, 9, 1),
        Given("dh", "dh_t", 0.5, -15, 15, 1),
        Given("dc", "dc_t", -0.2, -15, 15, 1),
    ),
    (
        Step("c_new", "c_t", "new memory", {"f": "f", "c": "c", "i": "i", "g": "g"}),
        Step("t", "s_t", "tanh", {"x": "c_new"}),
        Step("h", "h_t", "memory shown", {"o": "o", "t": "t", "c": "c_new"}),
        Step(
            "dc_all",
            "dc_t\\text{, whole}",
            "both shares of the memory's gradient",
            {"dc": "dc", "dh": "dh", "o": "o", "t": "t", "c": "c_new", "h": "h"},
        ),
        Step("dc_before", "dc_{t-1}", "back through a product", {"u": "dc_all", "other": "f", "own": "c", "beside": "i"}),
        Step("df", "df_t", "back through a product", {"u": "dc_all", "other": "c", "own": "f", "new": "c_new", "beside": "g"}),
        Step("dzf", "\\partial L/\\partial z_{t,f}", "back through a share's sigmoid", {"u": "df", "a": "f"}),
        Step("dg", "dg_t", "back through a product", {"u": "dc_all", "other": "i", "own": "g", "beside": "f"}),
        Step("dzg", "\\partial L/\\partial z_{t,g}", "back through the tanh", {"u": "dg", "a": "g"}),
    ),
)

CLIPPED = Derivation(
    (
        Given("dW", "dW", np.array([[2.0, -3.0]]), -60, 60, 1),
        Given("db", "db", np.array([[6.0]]), -60, 60, 1),
        Given("c", "c", 1.4, 5, 40, 1),
    ),
    (
        Step("length", "\\|g\\|", "length of all gradients", {"W": "dW", "b": "db"}),
        Step("db_clipped", "db_{\\text{clipped}}", "clipped", {"g": "db", "c": "c", "n": "length"}),
        Step("dW_clipped", "dW_{\\text{clipped}}", "clipped", {"g": "dW", "c": "c", "n": "length"}),
    ),
)

DROPPED = Derivation(
    (
        Given("a", "a", np.array([[1.2, -0.4, 2.0]]), -30, 30, 1),
        Given("kept", "\\text{kept}", np.array([[1.0, 0.0, 1.0]])),
        Given("p", "p", 0.8, 6, 9, 1),
        Given("u", "\\partial L/\\partial a_{\\text{masked}}", np.array([[0.5, 0.3, -0.6]]), -30, 30, 1),
    ),
    (
        Step("masked", "a_{\\text{masked}}", "mask applied", {"x": "a", "kept": "kept", "p": "p"}),
        Step("da", "\\partial L/\\partial a", "mask applied", {"x": "u", "kept": "kept", "p": "p", "act": "a"}),
    ),
)

PARTS = Derivation(
    (
        Given("m1", "m_1", 24.0, 10, 40),
        Given("m2", "m_2", 8.0, 2, 9),
        Given("g1", "dw_1", 0.5, -90, 90, 2),
        Given("g2", "dw_2", -1.3, -90, 90, 2),
    ),
    (Step("dw", "dw", "mean over unequal parts", {"m1": "m1", "g1": "g1", "m2": "m2", "g2": "g2"}),),
)

# --------------------------------------------------------------------------- code


def _batch_norm_vjp(dU: np.ndarray, Zhat: np.ndarray, s: np.ndarray, gamma: np.ndarray) -> np.ndarray:
    through_mean = dU.mean(axis=1, keepdims=True)
    through_scale = Zhat * (dU * Zhat).mean(axis=1, keepdims=True)
    dZ: np.ndarray = gamma / s * (dU - through_mean - through_scale)
    return dZ


def _through_time(Wh: np.ndarray, H: np.ndarray, dh: np.ndarray) -> np.ndarray:
    dWh = np.zeros_like(Wh)
    for t in reversed(range(1, len(H))):
        dz = dh * (1 - H[t] ** 2)
        dWh = dWh + dz @ H[t - 1].T
        dh = Wh.T @ dz
    return dWh


def _normalised() -> list[tuple[np.ndarray, ...]]:
    rng = np.random.default_rng(15)
    cases: list[tuple[np.ndarray, ...]] = []
    for units, examples in ((1, 4), (3, 5), (4, 2)):
        Z, dU = rng.normal(size=(2, units, examples))
        s = Z.std(axis=1, keepdims=True)
        cases.append((dU, (Z - Z.mean(axis=1, keepdims=True)) / s, s, rng.normal(size=(units, 1))))
    return cases


def _sequences() -> list[tuple[np.ndarray, ...]]:
    rng = np.random.default_rng(15)
    cases: list[tuple[np.ndarray, ...]] = []
    for steps, units in ((1, 2), (2, 3), (6, 3)):
        cases.append(
            (rng.normal(size=(units, units)), np.tanh(rng.normal(size=(steps + 1, units, 1))), rng.normal(size=(units, 1)))
        )
    return cases


# --------------------------------------------------------------------------- exercises

EXERCISES: list[Exercise] = [
    Numbers(
        title="A weight that is read twice",
        text="From chapter 3: $u = w \\cdot x$ and then $L = w \\cdot u$. The weight $w$ is one node, read by both gates. Find $\\partial L/\\partial u$ and "
        "$\\partial L/\\partial w$.",
        hints=(
            "How many wires leave w?",
            "Two. What comes back along them is added.",
            "Straight from L comes u. Through u comes w · x. Add them.",
        ),
        solution="A value that is read twice is a fork, and at a fork gradients add. The upper gate sends $u$ straight back to $w$ and $w$ to $u$. "
        "From there the lower gate sends $w \\cdot x$. In this chapter one weight is read at every step of a sequence, and the same sum runs over time.",
        derivation=_read_twice(),
        asks=("du", "dw"),
    ),
    Choice(
        title="A silent unit",
        text="From chapter 11: a hidden ReLU unit has a negative sum for every example of the batch. Which gradients are 0 for this reason?",
        hints=(
            "Two things are 0 for this unit: its activation and its slope.",
            "Its row of dZ is 0. Which gradients of parameters are made of that row?",
            "And which weights read its activation?",
        ),
        solution="The slope 0 makes the unit's row of $dZ$ zero, and with it its own weights' gradients and its bias's. "
        "Its activation is 0 as well, so the weights *from* it, a column one layer up, get $dZ \\cdot 0$. The other units learn on.",
        options=(
            Option(
                "Those of its own weights and bias, and of the weights that read it.",
                "Its row of $dZ$ is 0, and its activation is 0.",
                right=True,
            ),
            Option("Those of its whole layer.", "Each unit has its own slope: the others hand on what they get."),
            Option(
                "Those of its own weights, but not of its bias.", "$db$ is the mean of the same row of $dZ$, and that row is 0."
            ),
            Option(
                "None: its weights and its inputs are not 0.",
                "Upstream and inputs are there. But the slope of the ReLU, 0, is a factor between them.",
            ),
        ),
    ),
    Numbers(
        title="Ten layers down",
        text="All layers have $n$ units, the weights have mean 0 and variance $v$, and the root of the mean of $f'^2$ is $r$. By what factor does the "
        "length of $\\delta$ change in one layer, and in ten? Which variance would keep the length? Four digits each.",
        hints=(
            "The weights and the slopes each give a factor.",
            "One layer: √(n v) · r. Ten layers: ten such factors.",
            "Set n v r² = 1 and solve for v.",
        ),
        solution="Each entry of $W^\\top \\delta$ is a sum of $n$ products; on average their squares add up to $v\\|\\delta\\|^2$, and there are $n$ entries. "
        "The slopes multiply by $r$. Factors along the way multiply, so ten layers give the tenth power. The length stays where $n v r^2 = 1$.",
        derivation=LAYERS,
        asks=("factor", "left", "keeps"),
    ),
    Numbers(
        title="Batch normalisation by hand",
        text="One unit, four examples with the sums $z$; the upstream gradients at $u = \\gamma\\hat z + \\beta$ are $g$. Leave the small constant in $s$ out. "
        "Find $\\mu$, $v$, the four $\\hat z$, and the four $\\partial L/\\partial z$, to four digits.",
        hints=(
            "Forward: mean, mean of the squared distances, its root, then shift and scale.",
            "Backward there are three paths: straight, through the mean, through the scale.",
            "γ/s · (g − mean of g − ẑ · mean of g ẑ). The four results add up to 0: test it.",
        ),
        solution="The straight path brings $\\gamma g_i/s$. A nudge of $z_i$ also lifts the mean, which lowers all four: that takes the mean of $g$ away. "
        "And it changes the scale, the more the farther out $z_i$ lies: that takes $\\hat z_i$ times the mean of $g\\hat z$ away.",
        derivation=NORMALISED,
        asks=("mu", "v", "zhat", "dz"),
    ),
    Ladder(
        title="One step through time",
        text="Two steps of a recurrence with one unit: $z_t = w h_{t-1} + u x_t$ and $h_t = \\tanh z_t$, with the loss $L = \\tfrac12 (y - h_2)^2$. "
        "Go back through both steps to $\\partial L/\\partial w$. Find each line to four digits, and name the rule that makes it.",
        hints=(
            "Forward twice with the same weights, then backward twice with the same three lines.",
            "Back through a step: through the tanh, to the weight, to the left.",
            "δ₂ = ∂L/∂h₂ (1 − h₂²); its share is δ₂ h₁; ∂L/∂h₁ = w δ₂. Once more for step 1, with h₀. Then add the two shares.",
        ),
        solution="The loss sees $h_2$ only. Through the tanh comes $\\delta_2$. It is used twice: times $h_1$ it is the last step's share, times $w$ it goes one "
        "step back in time. There the same lines run again, with $h_1$ and $h_0$. The weight was one node at both steps, so its shares add.",
        derivation=TWO_STEPS,
        steps=("z1", "h1", "z2", "h2", "dh2", "slope2", "dz2", "share2", "dh1", "slope1", "dz1", "share1", "dw"),
    ),
    Numbers(
        title="An LSTM cell by hand",
        text="One unit of an LSTM; its shares $f_t$, $i_t$, $o_t$ and the new $g_t$ have been computed. $dh_t$ and a first share of $dc_t$ arrive. Find $c_t$, $h_t$, "
        "the whole of $dc_t$, then $dc_{t-1}$, and the gradients of $z_{t,f}$ and $z_{t,g}$, the sums behind $f_t$ and $g_t$. Four digits.",
        hints=(
            "Forward: keep a share, add a share, show a share.",
            "The memory forks: into h and into the next step. Both gradients add before anything goes on.",
            "dc + dh · o (1 − tanh² c); times f it goes back in time; times c_{t−1} to f, times i to g. Then f(1 − f) and 1 − g².",
        ),
        solution="The memory's gradient has two shares: one has come through the next step, the other comes through $h_t$, over the product with $o_t$ and the "
        "tanh. Their sum meets two products, each of which swaps: $f_t$ and $c_{t-1}$, $i_t$ and $g_t$. On the direct path back there is only $f_t$.",
        derivation=CELL,
        asks=("c_new", "h", "dc_all", "dc_before", "dzf", "dzg"),
    ),
    Numbers(
        title="Clip it",
        text="A layer has the gradients $dW$ and $db$, and they are all. The limit of the length is $c$. Find the length of the gradient, then $db$ and $dW$ "
        "after clipping, to four digits.",
        hints=(
            "One length for all numbers together.",
            "Square all, add, take the root. Is it above the limit?",
            "If it is, every number is multiplied by c/‖g‖; if not, nothing happens.",
        ),
        solution="The length counts all parameters' derivatives together, weights and biases. One factor shortens all of them alike, so the direction stays. "
        "A gradient that is short enough is left as it is.",
        derivation=CLIPPED,
        asks=("length", "db_clipped", "dW_clipped"),
    ),
    Numbers(
        title="Dropout, there and back",
        text="A layer's activations $a$ meet the mask: 1 stands for kept, and a unit is kept with probability $p$. Find what goes on to the next layer, and "
        "$\\partial L/\\partial a$ for the given upstream gradients, to four digits.",
        hints=(
            "What is the mask's number for a unit that is kept, and for one that is dropped?",
            "1/p and 0: then its mean is 1.",
            "Both ways multiply by the same mask: a · kept / p, and u · kept / p.",
        ),
        solution="A kept unit is multiplied by $1/p$, a dropped one by 0, so that on average nothing changes. The mask is a constant of this step. "
        "So its entries are the local gradients, and the way back multiplies by the same mask.",
        derivation=DROPPED,
        asks=("masked", "da"),
    ),
    Numbers(
        title="Two parts of a batch",
        text="A batch is too large, so it is taken in two parts of $m_1$ and $m_2$ examples. Each part has given the gradient of its own mean cost for one weight. "
        "Find the gradient of the whole batch's cost, to four digits.",
        hints=(
            "The cost is a mean over all examples.",
            "Each part counts as much as it has examples.",
            "(m₁ · first + m₂ · second) / (m₁ + m₂).",
        ),
        solution="A part's gradient is the mean over its examples, so the number of examples times that is their sum. The two sums together, over all examples, "
        "are the mean that is asked for. The plain mean of the two would be right for equal parts only.",
        derivation=PARTS,
        asks=("dw",),
    ),
    Choice(
        title="A radius above 1",
        text="A recurrence $h_t = \\tanh(W_h h_{t-1} + W_x x_t)$ has a $W_h$ with spectral radius 1.2. Does the gradient explode over 100 steps?",
        hints=(
            "Which factors does one step back have?",
            "W_hᵀ and the slopes 1 − h² of the tanh.",
            "What are these slopes where the states are large?",
        ),
        solution="A step back multiplies by $W_h^\\top$ and by $1 - h_t^2$. With states near 0 the slopes are near 1, and the radius decides. With large inputs the "
        "states go into the bends of the tanh, the slopes fall, and the gradient can vanish. It vanishes for certain if the largest singular value is below 1.",
        options=(
            Option(
                "Yes, by $1.2^{100}$: the largest eigenvalue wins.",
                "So it is without the tanh. With it, each step has the slopes $1 - h^2$ as factors, too.",
            ),
            Option(
                "Not for certain: the tanh's slopes are factors, too, and depend on the states.",
                "With input 1 the chapter's example vanishes at this very radius.",
                right=True,
            ),
            Option(
                "No: a tanh's slope is at most 1, so the gradient cannot grow.",
                "$W_h^\\top$ is a factor as well. Where the states stay near 0, it decides.",
            ),
            Option(
                "No: clipping is part of every recurrence.",
                "Clipping is done by who trains, after the gradient is there. It does not change the gradient that arrives.",
            ),
        ),
    ),
    Choice(
        title="A scale for float16",
        text="Float16 has nothing between 0 and $6.0 \\cdot 10^{-8}$, and nothing above 65,504. Your gradients lie between $2 \\cdot 10^{-9}$ and 5. "
        "By which $S$ do you scale the loss?",
        hints=(
            "Every gradient becomes S times as large.",
            "The smallest must come well above the gap, the largest must stay below the end.",
            "Work out S times 2·10⁻⁹ and S times 5 for each.",
        ),
        solution="$S = 1024$ makes $2 \\cdot 10^{-6}$ of the smallest gradient and 5,120 of the largest: both fit. The way back is linear, so dividing by $S$ at "
        "the end, in float32, gives the gradients themselves.",
        options=(
            Option("1", "That is no scaling: $2 \\cdot 10^{-9}$ becomes 0."),
            Option(
                "16", "$3.2 \\cdot 10^{-8}$ is still in the gap. It is rounded to $6.0 \\cdot 10^{-8}$, almost twice as large."
            ),
            Option("1024", "$2 \\cdot 10^{-6}$ and 5,120: both fit.", right=True),
            Option("32,768", "The small ones are safe, but 5 becomes 163,840: infinity in float16."),
        ),
    ),
    Paper(
        title="What batch normalisation does not let through",
        text="Leave the small constant out, so that the mean of $\\hat z$ is 0 and the mean of $\\hat z^2$ is 1. Show for "
        "$\\partial L/\\partial z_i = \\frac{\\gamma}{s}\\bigl(g_i - \\operatorname{mean}_k g_k - \\hat z_i \\operatorname{mean}_k (g_k \\hat z_k)\\bigr)$ that the entries of a "
        "row add up to 0, and that they still do when each is multiplied by its $\\hat z_i$. Then say without a formula why both must be so.",
        hints=(
            "Take means over i: a number that does not depend on i is its own mean.",
            "For the second, multiply by ẑᵢ first, then use that the mean of ẑ is 0 and that of ẑ² is 1.",
            "For the last part: what becomes of the outputs if all z are shifted by the same number, or all stretched by the same factor?",
        ),
        solution="Write $\\overline{x}$ for $\\operatorname{mean}_k x_k$. The mean of the bracket over $i$ is\n\n"
        "$$\n\\overline g - \\overline g - \\overline{\\hat z}\\;\\overline{g \\hat z} = 0 - 0 \\cdot \\overline{g \\hat z} = 0 ,\n$$\n\n"
        "so the entries add up to 0. Multiply the bracket by $\\hat z_i$ and take the mean:\n\n"
        "$$\n\\overline{g \\hat z} - \\overline{\\hat z}\\;\\overline g - \\overline{\\hat z^2}\\;\\overline{g \\hat z}\n"
        "= \\overline{g \\hat z} - 0 - 1 \\cdot \\overline{g \\hat z} = 0 .\n$$\n\n"
        "Why? Shift all $z_i$ by the same small number: $\\mu$ takes it away again, no output moves, and the loss does not change. But that change is "
        "the sum of the $\\partial L/\\partial z_i$, times the shift. Now stretch all distances from $\\mu$ by the same small factor, that is move each $z_i$ by a "
        "multiple of $\\hat z_i$: $s$ takes it away, and again the loss does not change. That change is the sum of the $\\partial L/\\partial z_i \\cdot \\hat z_i$, times the "
        "multiple. For the first reason a bias in front of a batch norm never learns anything.",
    ),
    Code(
        title="Back through a batch norm",
        text="Write the way back for a layer: all rows at once, a column an example. `s` and `gamma` are columns, one number a unit.",
        hints=(
            "Three paths: straight, through the mean, through the scale.",
            "The means run along the rows: `axis=1`, with `keepdims=True`.",
            "`gamma / s` times (dU less its mean, less `Zhat` times the mean of `dU * Zhat`).",
        ),
        solution="Each row is a unit with its own $\\mu$ and $s$, so the means are taken along rows. `keepdims=True` keeps them columns, and numpy spreads "
        "a column over the examples.",
        stub='def batch_norm_vjp(dU, Zhat, s, gamma):\n    """∂L/∂Z, of the shape of Zhat: (units, examples)."""\n    return None\n',
        solved=_batch_norm_vjp,
        cases=_normalised,
    ),
    Code(
        title="Back through time",
        text="A recurrence $h_t = \\tanh(W_h h_{t-1} + \\dots)$ has left its states in `H`, `H[0]` to `H[T]`, each a column. The loss reads the last one only; "
        "`dh` is its gradient there. Write the function that gives $dW_h$ for this one example.",
        hints=(
            "One loop, from the last step to the first, and one sum that grows.",
            "Through the tanh: dz = dh * (1 − H[t]²). To the weights: dz times H[t−1] transposed. To the left: Wh transposed times dz.",
            "Begin with zeros; in the loop add `dz @ H[t - 1].T`, then `dh = Wh.T @ dz`.",
        ),
        solution="The three lines of a layer run once for each step, with the same `Wh`. Its gradient is the sum of all steps' shares: `+`, where a network of "
        "layers would have a new name. `dWh = dWh + …` makes a new array each time; `+=` on one of your own would do as well.",
        stub='def through_time(Wh, H, dh):\n    """∂L/∂Wh: the sum over the steps."""\n    return None\n',
        solved=_through_time,
        cases=_sequences,
    ),
]
