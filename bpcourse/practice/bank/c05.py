"""Exercises of chapter 05, many paths."""

import random
from collections.abc import Sequence
from typing import Any

from bpcourse.examples import THREE_PATHS, three_paths
from bpcourse.graph import Value, sigmoid
from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Ladder, Numbers, Option, Paper
from bpcourse.practice.worked import of_circuit, of_network

# --------------------------------------------------------------------------- circuits


def _two_ways() -> Derivation:
    u = Value(3, "u")
    s, t = (u**2).named("s"), (5 - u).named("t")
    return of_circuit((s * t).named("f"), fresh={"u": (-4, 4, 0)})


def _local_and_total() -> Derivation:
    """Both are written ∂f/∂u: on the wire, and in all."""
    u = Value(4, "u")
    q = ((3 * u).named("p") + 1).named("q")
    circuit = of_circuit((q * u).named("f"), fresh={"u": (-9, 9, 0)})
    wire, total = circuit.step("f_to_u"), circuit.step("du")
    detour = {**wire.parts, "detour": total.parts["g2"]}  # offered to the mistake that takes one for the other
    wire = wire._replace(tex="\\text{on the wire}", parts=detour)
    total = total._replace(tex="\\text{in all}")
    others = [step for step in circuit.steps if step.name not in ("f_to_u", "du")]
    return Derivation(circuit.givens, (*others, wire, total))


# --------------------------------------------------------------------------- paths of the 2-2-3-1 network


def _paths(k: int, i: int, through: Sequence[int]) -> Derivation:
    """The paths of w¹_ki to the loss through units of layer 2, from the sums z on.

    The sums are the chapter's, to four decimals; x and the weights are its own.
    """
    n = three_paths()
    sums, weights = (-19, 19, 1), (-15, 15, 1)

    def z(l: int, j: int) -> Given:
        return Given(f"z_{l}{j}", f"z^{l}_{j}", round(n[f"z_{l}{j}"].value, 4), *sums)

    def w(l: int, j: int, k: int) -> Given:
        return Given(f"w_{l}{j}{k}", f"w^{l}_{{{j}{k}}}", n[f"w_{l}{j}{k}"].value, *weights)

    givens = [Given("y_1", "y", 1.0), Given(f"x_{i}", f"x_{i}", n[f"x_{i}"].value, -3, 3)]
    givens += [z(1, k), *[z(2, j) for j in through], z(3, 1)]
    givens += [*[w(2, j, k) for j in through], *[w(3, 1, j) for j in through]]
    start, wire = f"a_1{k}", f"w^1_{{{k}{i}}}"
    steps: list[Step] = []

    def add(name: str, tex: str, rule: str, **parts: str) -> None:
        steps.append(Step(name, tex, rule, parts))

    def slope(name: str, a: str, z: str, tex: str, other: str) -> None:
        add(name, tex, "local gradient of sigmoid", out=a, x=z, other=other)

    add(start, f"a^1_{k}", "sigmoid", x=f"z_1{k}")
    for j in through:
        add(f"a_2{j}", f"a^2_{j}", "sigmoid", x=f"z_2{j}")
    add("y_hat", "\\hat y", "sigmoid", x="z_31")
    add("dy_hat", "\\partial L/\\partial \\hat y", "slope of squared error", y="y_1", a="y_hat")
    slope("slope_31", "y_hat", "z_31", "\\partial \\hat y/\\partial z^3_1", f"a_2{through[0]}")
    add("dz_31", "\\partial L/\\partial z^3_1", "upstream times local", u="dy_hat", local="slope_31")
    for j in through:
        way = f"|_{j}"
        beside = {"neighbour": f"w_31{through[0]}"} if j != through[0] else {}
        add(f"da_2{j}", f"\\partial L/\\partial a^2_{j}", "to the left", u="dz_31", w=f"w_31{j}", a=f"a_2{j}", **beside)
        slope(f"slope_2{j}", f"a_2{j}", f"z_2{j}", f"\\partial a^2_{j}/\\partial z^2_{j}", start)
        add(f"dz_2{j}", f"\\partial L/\\partial z^2_{j}", "upstream times local", u=f"da_2{j}", local=f"slope_2{j}")
        add(f"back_{j}", f"\\partial L/\\partial a^1_{k}{way}", "to the left", u=f"dz_2{j}", w=f"w_2{j}{k}", a=start)
        if j == through[0]:
            slope(f"slope_1{k}", start, f"z_1{k}", f"\\partial a^1_{k}/\\partial z^1_{k}", f"a_2{j}")
        add(f"into_{j}", f"\\partial L/\\partial z^1_{k}{way}", "upstream times local", u=f"back_{j}", local=f"slope_1{k}")
        add(f"path_{j}", f"\\text{{path }} {j}", "to the weight", u=f"into_{j}", a=f"x_{i}", own=start)
    if len(through) == 3:
        shares = {f"g{m}": f"path_{j}" for m, j in enumerate(through, start=1)}
        add("total", f"\\partial L/\\partial {wire}", "sum over three paths", **shares)
    return Derivation(tuple(givens), tuple(steps))


# --------------------------------------------------------------------------- code

Wire = tuple[str, str, float]


def _gradient_from_wires(wires: Sequence[Wire], start: str, end: str) -> float:
    grad = {end: 1.0}
    for source, target, local in reversed(wires):
        grad[source] = grad.get(source, 0.0) + local * grad.get(target, 0.0)
    return grad.get(start, 0.0)


def _graphs() -> list[tuple[Any, ...]]:
    """A chain, a fork, a double wire, a node off the way, and random graphs."""
    draw = random.Random(5)
    graphs: list[tuple[Any, ...]] = [
        ([("x", "h", 2.0), ("h", "y", -3.0)], "x", "y"),
        ([("u", "s", 2.0), ("u", "t", 6.0), ("s", "f", 9.0), ("t", "f", 6.0)], "u", "f"),
        ([("v", "p", 1.0), ("v", "p", 1.0), ("p", "f", 1.0), ("p", "f", 1.0)], "v", "f"),
        ([("a", "b", 2.0), ("a", "c", 5.0), ("b", "f", 3.0), ("f", "g", 7.0)], "a", "f"),
    ]
    for size in 5, 6, 7, 8:
        names = "abcdefgh"[:size]
        pairs = [(i, j) for i in range(size) for j in range(i + 1, size) if draw.random() < 0.6]
        wires = [(names[i], names[j], round(draw.uniform(-2, 2), 2)) for i, j in pairs]
        graphs.append((wires, names[0], names[-1]))
    return graphs


# --------------------------------------------------------------------------- exercises

EXERCISES: list[Exercise] = [
    Numbers(
        title="The slope of one sigmoid",
        text="From chapters 3 and 4: find $a = \\sigma(z)$ and the slope $\\partial a/\\partial z$, each to four digits.",
        hints=(
            "The slope can be had from the output alone.",
            "σ′ is s(1 − s), where s is the output.",
            "a = 1/(1 + e⁻ᶻ). Then multiply a by what is missing to 1.",
        ),
        solution="The output first: $\\sigma(z) = 1/(1 + e^{-z})$. The slope is $a\\,(1 - a)$, with the output and not with "
        "$z$. It is never above a "
        "quarter and never negative. The paths of this chapter's network pass such factors.",
        derivation=of_circuit(sigmoid(Value(-1.2, "z")).named("a"), fresh={"z": (-30, 30, 1)}),
        asks=("a", "dz"),
    ),
    Choice(
        title="What a max gate sends back",
        text="From chapter 3: a max gate reads $a = 2$ and $b = 5$. The upstream gradient is 7. What do $a$ and $b$ get?",
        hints=(
            "What does the output do when a is nudged? When b is?",
            "The output is the larger input.",
            "Only the input that is the output can move it.",
        ),
        solution="The output is $b$. So a small nudge of $b$ moves the output one for one, and a small nudge of $a$ does "
        "nothing: the gate sends "
        "the whole upstream gradient to $b$. Paths through the other input have a factor 0.",
        options=(
            Option("$a$ gets 7, $b$ gets 7", "This is the add gate. Nudge a from 2 to 2.01: the larger input is still 5."),
            Option("$a$ gets 7, $b$ gets 0", "Winner and loser are mixed up: the output is 5, which is b."),
            Option("$a$ gets 0, $b$ gets 7", "Max routes: all of it to the larger input.", right=True),
            Option("$a$ gets 35, $b$ gets 14", "This is the multiply gate, which swaps."),
        ),
    ),
    Numbers(
        title="Two ways from u",
        text="The value $u$ feeds two gates, $s = u^2$ and $t = 5 - u$, and $f = s \\cdot t$. Find what comes back to $u$ "
        "through $t$, what comes "
        "back through $s$, and $\\partial f/\\partial u$.",
        hints=(
            "Two paths. Multiply along each, then put them together.",
            "Through t: from u to t the factor is −1, from t to f it is s. Through s: 2u, then t.",
            "Add the two, with their signs.",
        ),
        solution="Each path is a chain. Through $t$ the factors are $-1$ and $s$: raise what is taken away, and the difference "
        "falls; and the "
        "product swaps. Through $s$ they are $2u$ and $t$. Side by side the paths add. Check: $f = 5u^2 - u^3$ has the slope "
        "$10u - 3u^2$.",
        derivation=_two_ways(),
        asks=("t_to_u", "s_to_u", "du"),
        shows=("u",),
    ),
    Ladder(
        title="One path of three",
        text="The second path of $w^1_{21}$ in the 2-2-3-1 network, from the loss back: through $z^3_1$, $a^2_2$, $z^2_2$, "
        "$a^1_2$ and $z^1_2$. The "
        "units are sigmoids, the loss is $L = (y - \\hat y)^2$. Find each line to four digits, and name the rule that makes it. "
        "(The mark $|_2$ says: by path 2 alone.)",
        hints=(
            "The path has a start, a middle and an end. Each step on it is one factor.",
            "Out of a sigmoid unit: times a(1 − a). Into a unit: times the weight on the way. At the very start: times x₁.",
            "∂L/∂z³₁ is −2(y − ŷ) · ŷ(1 − ŷ). Then times w³₁₂, a²₂(1 − a²₂), w²₂₂, a¹₂(1 − a¹₂) and x₁, in this order.",
        ),
        solution="Follow the path backward and multiply: the loss's slope, the slope of the last sigmoid, the weight, the slope "
        "of the middle "
        "sigmoid, the weight, the slope of the first sigmoid, and at last what $w^1_{21}$ multiplies, which is $x_1$. This is "
        "one path's share, "
        "not yet the derivative.",
        derivation=_paths(2, 1, (2,)),
        steps=(
            "a_12",
            "a_22",
            "y_hat",
            "dy_hat",
            "slope_31",
            "dz_31",
            "da_22",
            "slope_22",
            "dz_22",
            "back_2",
            "slope_12",
            "into_2",
            "path_2",
        ),
    ),
    Choice(
        title="Count the paths",
        text="A 3-4-5-2 network has sigmoid units in all layers, and its loss reads both outputs. How many paths lead from one "
        "weight of its first "
        "layer to the loss?",
        hints=(
            "Where does the weight end, and what reads that unit?",
            "From unit to unit, one layer at a time: how many ways to go on?",
            "The weight ends in one unit of the first layer; from there each layer offers as many ways as it has units.",
        ),
        solution="The weight ends in one unit of the first layer. From it a path may pick any of 5 units of the second layer, "
        "and from each of them any "
        "of 2 outputs. Choices one behind the other multiply: $5 \\cdot 2 = 10$. Every output leads on to the loss by one way.",
        options=(
            Option("7", "5 + 2: ways one behind the other multiply, only ways side by side add."),
            Option("40", "4 · 5 · 2 is the count for an input. A weight of the first layer leads to one unit of it only."),
            Option("10", "5 units in the second layer, and 2 outputs from each.", right=True),
            Option("5", "Both outputs enter the loss, so each path parts once more at the end."),
        ),
    ),
    Numbers(
        title="Three paths, one derivative",
        text="The weight $w^1_{12}$ of the 2-2-3-1 network leads to unit 1 from input 2. With the sums $z$ and the weights "
        "given, find "
        "$\\partial L/\\partial z^3_1$, the share of each path (path $j$ goes through unit $j$ of layer 2), and $\\partial "
        "L/\\partial w^1_{12}$. "
        "Four digits each. The units are sigmoids, the loss is $L = (y - \\hat y)^2$.",
        hints=(
            "All three paths have the same end and the same start. Work these out once.",
            "The end is −2(y − ŷ) · ŷ(1 − ŷ). The start is a¹₁(1 − a¹₁) · x₂.",
            "The middle of path j is w³₁ⱼ · a²ⱼ(1 − a²ⱼ) · w²ⱼ₁. Multiply end, middle and start, then add the three shares.",
        ),
        solution="The end $\\partial L/\\partial z^3_1$ and the start $a^1_1(1 - a^1_1)\\,x_2$ belong to all three paths, so "
        "they are worked out "
        "once. Only the middle differs: $w^3_{1j}\\,a^2_j(1 - a^2_j)\\,w^2_{j1}$. A middle with one negative weight turns the "
        "sign of its share. None of "
        "the shares is the derivative; their sum is. (In the lines below $|_j$ says: by path $j$ alone.)",
        derivation=_paths(1, 2, (1, 2, 3)),
        asks=("dz_31", "path_1", "path_2", "path_3", "total"),
    ),
    Numbers(
        title="On the wire, and in all",
        text="The value $u$ feeds $q = 3u + 1$ and the product $f = q \\cdot u$. Find $\\partial f/\\partial u$ twice: on the "
        "wire from $u$ straight "
        "into the product, with $q$ held still, and in all.",
        hints=(
            "What is held still, and what may move along?",
            "On the wire it is the product's local gradient: the other input.",
            "In all there is a second path, through q: times u, then times 3.",
        ),
        solution="On the wire, $q$ is held still, so the product's local gradient is its other input, $q$. In all, a nudge of "
        "$u$ moves $q$, too: "
        "by $3$ per nudge, and the product passes that on times $u$. So the total gradient is $q + 3u$. Check: $f = 3u^2 + u$ "
        "has the slope $6u + 1$.",
        derivation=_local_and_total(),
        asks=("f_to_u", "du"),
        shows=("u",),
    ),
    Numbers(
        title="A single path, from the inputs on",
        text="In the 2-2-3-1 network of this chapter, with sigmoid units, all biases 0 and the loss $L = (y - \\hat y)^2$, find "
        "the "
        "prediction and "
        "$\\partial L/\\partial w^2_{31}$, each to four digits.",
        hints=(
            "Which unit does w²₃₁ lead to, and from which?",
            "To unit 3 of layer 2, from unit 1 of layer 1. One path leads on, through z³₁.",
            "−2(y − ŷ) · ŷ(1 − ŷ) · w³₁₃ · a²₃(1 − a²₃) · a¹₁. All a's come from a run forward.",
        ),
        solution="Forward first, all units, for $\\hat y$ reads them all. Then one path, five factors: the slope of the loss, "
        "the slope of the last "
        "sigmoid, $w^3_{13}$, the slope $a^2_3(1 - a^2_3)$, and what the weight multiplies, $a^1_1$. (The lines below "
        "go back a layer at a time, as chapters 6 and 9 will: $\\delta^l$ is the column of all "
        "$\\partial L/\\partial z^l_j$; $W a$ is the column of a layer's sums, one for each row of $W$, and $W^\\top \\delta$ "
        "sums over each column of $W$ instead; $\\circ$ multiplies two columns entry by entry. Our path needs the third "
        "of $\\delta^2$ and the last line.)",
        derivation=of_network(
            THREE_PATHS,
            [1.0, 2.0],
            [1.0],
            hidden="sigmoid",
            output="sigmoid",
            loss="squared_error",
            fresh={"x": (-3, 3, 0), "W": (-12, 12, 1)},
            entries=("w_231",),
        ),
        asks=("a3", "dw_231"),
        shows=("x", "y", "W1", "W2", "W3"),
    ),
    Paper(
        title="The product rule is two paths",
        text="Let $u = g(x)$ and $v = h(x)$. (a) Draw the circuit of $f = u \\cdot v$, list its paths from $x$, and read the "
        "product rule off. (b) Do the "
        "same for $f = u/v$. (c) How many paths are there for $f = u \\cdot v \\cdot w$ with $w = k(x)$, and what is its "
        "derivative?",
        hints=(
            "x feeds two gates, and their outputs meet again.",
            "Along each path: the slope of g or h, times the local gradient of the gate where they meet.",
            "A division has the local gradients 1/v and −u/v². For three factors draw two multiply gates.",
        ),
        solution="(a) There are two paths. Through $u$: from $x$ to $u$ the factor is $g'(x)$, from $u$ to $f$ it is the other "
        "input, $v$. Through $v$: "
        "$h'(x)$, then $u$. Multiply along each path, add over both:\n\n"
        "$$\\frac{df}{dx} = g'(x)\\,v + u\\,h'(x) .$$\n\n"
        "(b) The same two paths, with the local gradients of a division, $1/v$ for the upper and $-u/v^2$ for the lower "
        "input:\n\n"
        "$$\\frac{df}{dx} = g'(x) \\cdot \\frac1v + h'(x) \\cdot \\Bigl(-\\frac{u}{v^2}\\Bigr) = \\frac{g'(x)\\,v - "
        "u\\,h'(x)}{v^2} .$$\n\n"
        "(c) Let $q = u \\cdot v$ and $f = q \\cdot w$. The paths go through $u$, through $v$ and through $w$: three. The first "
        "two pass $q$, where they "
        "meet the factor $w$; the third enters the last gate at once, where its factor is $q = uv$:\n\n"
        "$$\\frac{df}{dx} = g'(x)\\,v\\,w + u\\,h'(x)\\,w + u\\,v\\,k'(x) .$$\n\n"
        "Each term has the slope of one factor and the values of the others.",
    ),
    Code(
        title="All paths, none listed",
        text="Write a function that gets the wires of a graph and returns $\\partial\\,\\text{end}/\\partial\\,\\text{start}$, "
        "the sum over all paths, without "
        "listing one. Each wire is (from, to, local gradient); the wires into a node stand before those out of it.",
        hints=(
            "Keep one number for each node: the gradient of the end by that node.",
            "Begin with 1 at the end and go through the wires from the last to the first.",
            "Each wire adds local · grad[to] to grad[from]. A node that nothing has reached has the gradient 0.",
        ),
        solution="This is the rule of the chapter, $S(n) = \\sum g_{n \\to m}\\,S(m)$, one wire at a time. In reverse order the "
        "sum of a node is complete "
        "before any wire into it asks for it. A fork adds, so it must be `+`, not a plain assignment. What does not lead to the "
        "end keeps 0.",
        stub='def gradient_from_wires(wires, start, end):\n    """The sum over all paths from start to end of the products of '
        'local gradients."""\n    ...\n',
        solved=_gradient_from_wires,
        cases=_graphs,
    ),
]
