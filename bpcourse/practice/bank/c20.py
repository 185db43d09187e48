"""Exercises of chapter 20, more than one machine."""

from typing import Any

import numpy as np

from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Numbers, Option, Paper

BATCH = Derivation(
    (
        Given("n0", "n_0", 6.0, 3, 9),
        Given("n1", "n_1", 5.0, 3, 9),
        Given("n2", "n_2", 4.0, 2, 8),
        Given("m", "m", 32.0, 20, 90),
    ),
    (
        Step("N", "N", "weights of two layers", {"n0": "n0", "n1": "n1", "n2": "n2"}),
        Step("P", "P", "multiplications of backpropagation", {"weights": "N", "n0": "n0", "n1": "n1", "n2": "n2"}),
        Step("all", "\\text{products of the batch}", "products of a batch", {"m": "m", "P": "P", "N": "N"}),
    ),
)

SHARDS = Derivation(
    (
        Given("m1", "m_1", 6.0, 5, 9),
        Given("m2", "m_2", 2.0, 2, 4),
        Given("S1", "S_1", 1.8, -60, 60, 1),
        Given("S2", "S_2", -2.6, -60, 60, 1),
        Given("w", "w", 0.7, -20, 20, 1),
        Given("eta", "\\eta", 0.5, 2, 9, 1),
    ),
    (
        Step("dw", "dw", "mean from the sums", {"S1": "S1", "S2": "S2", "m1": "m1", "m2": "m2"}),
        Step("w_new", "w_{\\text{new}}", "step downhill", {"w": "w", "eta": "eta", "g": "dw"}),
    ),
)

STEP = Derivation(
    (
        Given("n", "n", 5.0, 3, 9),
        Given("T", "T", 2.4, 11, 60, 1),
        Given("G", "G", 80.0, 20, 90),
        Given("beta", "\\beta", 250.0, 110, 400),
    ),
    (
        Step("sent", "\\text{sent}", "sent round the ring", {"n": "n", "G": "G"}),
        Step("s", "s", "seconds of sending", {"sent": "sent", "beta": "beta"}),
        Step("c", "c", "share of the work", {"T": "T", "n": "n"}),
        Step("t", "t", "computing and sending", {"c": "c", "s": "s", "n": "n"}),
        Step("speedup", "T/t", "speed-up", {"T": "T", "t": "t", "c": "c"}),
    ),
)

LATE = Derivation(
    (Given("w0", "w_0", 2.0, 1, 9), Given("q", "q", 0.8, 3, 14, 1)),
    (
        Step("w1", "w_1", "step with a late gradient", {"w": "w0", "q": "q", "old": "w0"}),
        Step("w2", "w_2", "step with a late gradient", {"w": "w1", "q": "q", "old": "w0"}),
        Step("w3", "w_3", "step with a late gradient", {"w": "w2", "q": "q", "old": "w1"}),
        Step("w4", "w_4", "step with a late gradient", {"w": "w3", "q": "q", "old": "w2"}),
    ),
)

KEPT = Derivation(
    (
        Given("g1", "g_1", 1.3, -290, 290, 2),
        Given("g2", "g_2", 0.4, -290, 290, 2),
        Given("g3", "g_3", -2.1, -290, 290, 2),
    ),
    (
        Step("s1", "s_1", "rounded to a whole number", {"v": "g1"}),
        Step("e1", "e_1", "error kept", {"v": "g1", "s": "s1"}),
        Step("v2", "v_2", "gradient with what was kept", {"g": "g2", "e": "e1"}),
        Step("s2", "s_2", "rounded to a whole number", {"v": "v2"}),
        Step("e2", "e_2", "error kept", {"v": "v2", "s": "s2", "g": "g2"}),
        Step("v3", "v_3", "gradient with what was kept", {"g": "g3", "e": "e2"}),
        Step("s3", "s_3", "rounded to a whole number", {"v": "v3"}),
        Step("e3", "e_3", "error kept", {"v": "v3", "s": "s3", "g": "g3"}),
        Step("total", "s_1 + s_2 + s_3", "sum of what was sent", {"s1": "s1", "s2": "s2", "s3": "s3"}),
    ),
)


def send_largest(gradients: Any, k: int) -> Any:
    """What is sent of each row of gradients: the k entries of largest size, of it and what was kept; the rest is kept."""
    kept = np.zeros(gradients.shape[1])
    sent = np.zeros(gradients.shape)
    for t, g in enumerate(gradients):
        v = g + kept
        largest = np.argsort(np.abs(v))[-k:]
        sent[t, largest] = v[largest]
        kept = v - sent[t]
    return sent


def walks() -> list[tuple[Any, ...]]:
    """Gradients of some steps, in rows."""
    rng = np.random.default_rng(20)
    again = np.tile([[1.0, 0.3, -0.2]], (6, 1))
    return [(again, 1), *((rng.normal(size=(steps, size)), k) for steps, size, k in ((5, 4, 1), (8, 6, 2), (3, 5, 5)))]


EXERCISES: list[Exercise] = [
    Numbers(
        title="The bill of a batch",
        text="Chapter 13: a network has $n_0$ inputs, $n_1$ hidden units and $n_2$ outputs, and a batch has $m$ examples. How many weights $N$ "
        "are there? How many products take one example forward and back ($P$), and how many the batch?",
        hints=(
            "One product a weight forward. And back?",
            "Back up to two: one for the weight, one for the activation below it. Nobody asks for the gradient of the inputs.",
            "P is three times the weights, less those of the first layer. Each example costs as much.",
        ),
        solution="Forward takes one product a weight; back takes two, but one in the first layer. So $P = 3N - n_0 n_1$. Each example runs by itself, so "
        "the batch takes $m$ times as many. The number of *gradients*, one for each weight, does not grow with $m$: this chapter lives on that.",
        derivation=BATCH,
        asks=("N", "P", "all"),
    ),
    Choice(
        title="Where the mean is taken",
        text="Chapter 11: $C$ is the mean loss of $m$ examples. Where does $1/m$ stand in `backpropagation`?",
        hints=(
            "Which arrays belong to one example, and which to all?",
            "A column of dZ belongs to one example.",
            "All examples meet where the parameters' gradients are made.",
        ),
        solution="A column of $dZ$ belongs to one example, and its way back does not know the others. They meet in $dW = dZ\\,A^\\top/m$ and in $db$: "
        "a sum over the examples, divided once. That sum is what this chapter deals out to machines.",
        options=(
            Option("In every $dZ^l$", "Then each layer would divide once more: the first of three layers by m³."),
            Option(
                "In $dW^l$ and $db^l$, once each", "There the examples' shares are added, and there the sum becomes a mean.", True
            ),
            Option("In the learning rate alone", "It could stand there. But dW would be the gradient of a sum, not of C."),
        ),
    ),
    Numbers(
        title="Two sums come in",
        text="Machine 1 has $m_1$ examples, machine 2 has $m_2$. Each has added up the gradients of its own examples for one weight $w$: $S_1$ and $S_2$. "
        "Find the gradient $dw$ of the mean loss, and the weight after a step with $\\eta$. Type four digits.",
        hints=(
            "A sum over all examples is the sum of the two sums.",
            "The mean divides by the number of all examples.",
            "dw is (S₁ + S₂)/(m₁ + m₂). Then w minus η times it.",
        ),
        solution="The gradient of the whole sum of losses is $S_1 + S_2$, wherever the examples lie. Divided by *all* examples it is the gradient of the mean. "
        "Both machines take the same step with it, so both go on with the same weight.",
        derivation=SHARDS,
        asks=("dw", "w_new"),
    ),
    Numbers(
        title="Computing and sending",
        text="A step takes $T$ seconds on one machine. The gradient has $G$ megabytes, and $n$ machines send it round a ring at $\\beta$ megabytes a second. How many "
        "megabytes does each send? How long do the sending ($s$), the computing ($c$) and the step take, and what is the speed-up? Type four digits; leave out the latency.",
        hints=(
            "A message is one piece, an n-th of the gradient. How many messages does a machine send?",
            "n − 1 to add up, n − 1 to hand out.",
            "The step takes T/n and the sending. The speed-up is T over that.",
        ),
        solution="Each machine sends $2(n - 1)$ pieces of $G/n$ megabytes, at $\\beta$ megabytes a second. It computes an $n$-th of the step. The two times add, and "
        "the speed-up says how many times as fast that is as $T$: less than $n$, because of the sending.",
        derivation=STEP,
        asks=("sent", "s", "c", "t", "speedup"),
    ),
    Numbers(
        title="Four steps with late gradients",
        text="The loss is $\\tfrac12 h w^2$, and $q = \\eta h$. Each gradient is one step late: $w_{t+1} = w_t - q\\,w_{t-1}$. The first step has no older weight "
        "and uses $w_0$ itself. Find $w_1$ to $w_4$.",
        hints=(
            "The weight is the newest, the gradient that of the weight before.",
            "The second step still uses the gradient at the start.",
            "The third step uses the gradient at w₁, the fourth that at w₂.",
        ),
        solution="Each step starts from the newest weight and goes along the gradient of the one before it. The second step repeats the first, because it has "
        "not heard yet that the first was made. If $q$ is above 1, these weights swing further and further.",
        derivation=LATE,
        asks=("w1", "w2", "w3", "w4"),
    ),
    Numbers(
        title="Whole numbers only",
        text="Three gradients are sent as whole numbers: each the nearest (of two that are equally near, the even one). What the rounding leaves over is kept and added to the "
        "next gradient: $v_t = g_t + e_{t-1}$, with $e_0 = 0$, is rounded to $s_t$, and $e_t = v_t - s_t$. Find $e_1$, $s_2$, $e_2$, $s_3$, $e_3$ and the sum of all that was sent.",
        hints=(
            "First round the first gradient. What is left over?",
            "The second number to be rounded is the second gradient with what was left over.",
            "In the end the three numbers sent and the last rest add up to the three gradients.",
        ),
        solution="Each time the gradient and the old rest are added, the nearest whole number is sent, and the new rest is kept. So what was sent differs from the sum of "
        "the gradients by the last rest alone, which is at most one half.",
        derivation=KEPT,
        asks=("e1", "s2", "e2", "s3", "e3", "total"),
    ),
    Choice(
        title="More of what?",
        text="On eight machines a step spends nine tenths of its time sending. Latency hardly counts. What raises the speed-up?",
        hints=(
            "Speed-up compares with the same step on one machine.",
            "What makes computing longer, and sending not?",
            "Write computing and sending with m and N. Which of the two letters stands in both?",
        ),
        solution="Computing takes $3mN/(nr)$ seconds, sending $2\\,\\tfrac{n-1}{n} \\cdot 4N/\\beta$. The weights $N$ stand in both and cancel, and $n$ hardly changes the sending. "
        "Only the examples a step, $m$, stand in the computing alone. (Whether so large a batch still learns well is another question.)",
        options=(
            Option("A network with more weights", "Then more is computed, and as much more is sent: the ratio stays."),
            Option("More examples a step", "More is computed, and the gradient that is sent has the same size.", True),
            Option(
                "More machines", "The computing, a tenth of the step, shrinks. The nine tenths of sending even grow a little."
            ),
            Option(
                "A faster processor in each",
                "Computing gets shorter, and sending does not: its share grows, and the speed-up falls.",
            ),
        ),
    ),
    Paper(
        title="Two small steps and a large one",
        text="The loss is $\\tfrac12 h w^2$ on every batch. Compare two steps with $\\eta$ and one step with $2\\eta$, both from $w_0$. By how much do the two ends differ? "
        "Then $k$ steps with $\\eta$ and one with $k\\eta$, to the second order in $\\eta$. For which $\\eta$ does the large step move away from the minimum, while the small ones approach it?",
        hints=(
            "A step with η multiplies w by 1 − ηh.",
            "Two steps multiply by (1 − ηh)². Multiply out.",
            "A step moves away where its factor is beyond 1 in size.",
        ),
        solution="The gradient is $hw$, so a step with $\\eta$ multiplies $w$ by $1 - q$, where $q = \\eta h$.\n\n"
        "*Two steps:* $(1 - q)^2 = 1 - 2q + q^2$. *One large step:* $1 - 2q$. The ends differ by $q^2 w_0$: second order in $\\eta$.\n\n"
        "*$k$ steps:* $(1 - q)^k$ is a product of $k$ brackets. Take the 1 from all of them: 1. Take $-q$ from one: $k$ ways, together $-kq$. Take it from two: there "
        "are $k(k-1)/2$ pairs, each gives $q^2$. So\n\n"
        "$$(1 - q)^k = 1 - kq + \\tfrac12 k(k-1)\\,q^2 - \\dots$$\n\nThe ends differ by $\\tfrac12 k(k-1)\\,q^2 w_0$, and by terms with $q^3$ and more.\n\n"
        "*Where it stops:* the small steps approach the minimum while $|1 - q| < 1$, that is $0 < q < 2$. The large step does while $|1 - kq| < 1$, that is $kq < 2$. "
        "So for $2/k < q < 2$ the small steps approach the minimum and the large one moves away from it. The larger the batch, the earlier the rule ends.",
    ),
    Code(
        title="Send the largest, keep the rest",
        text="Write `send_largest(gradients, k)`. Each row of `gradients` is the gradient of a step. Add what was kept so far, send the `k` entries of largest size (others are sent "
        "as 0), and keep the rest. Return what was sent, a row for each step.",
        hints=(
            "Begin with nothing kept: a row of zeros.",
            "np.argsort(np.abs(v))[-k:] are the places of the k largest entries.",
            "Keep v less what was sent, not the gradient less what was sent.",
        ),
        solution="One row of memory is enough. Each step adds the gradient to it, sends the largest entries of the sum and keeps what is left. So nothing is lost: all rows "
        "that were sent and the last memory add up to all gradients.",
        stub='def send_largest(gradients, k):\n    """What is sent of each row: the k largest entries, the rest is kept."""\n    ...\n',
        solved=send_largest,
        cases=walks,
    ),
]
