"""The catalogue of mistakes: what people do in the place of a rule, and why.

A mistake is a formula that stands where a rule should. It reads what the rule reads,
or what else the step offers; where a step does not offer it, nobody can make the
mistake there. No mistake knows a number: what comes out is computed.

Book: chapters 01 to 16, under "The mistake people make here".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from bpcourse.gates import GATES
from bpcourse.practice.derivations import Step
from bpcourse.practice.rules import RULES, each, local, mean, parts_of, softmax, total


class Mistake(NamedTuple):
    """A wrong formula for some rules: its name, LaTeX, why people make it, how to see it.

    `chapter` and `section` name where the book treats it.
    """

    name: str
    rules: tuple[str, ...]
    tex: str
    formula: Callable[..., Any]
    why: str
    see: str
    chapter: str
    section: str

    def applies(self, step: Step) -> bool:
        """Whether the mistake can be made at this step."""
        return step.rule in self.rules and {*parts_of(self.formula)} <= {*step.parts, *step.constants}


def _rows(*names: str) -> tuple[str, ...]:
    """The rules of this start: every gate's, or every loss's."""
    return tuple([rule for rule in RULES if rule.startswith(names)])


def _local_at(name: str, part: str) -> Callable[..., Any]:
    """The local gradient of a gate at the input of its input, or at the first value of the chain."""
    gate = GATES[name]
    if part == "inner":
        return lambda inner: local(gate, 0, each(gate, inner), inner)
    return lambda start: local(gate, 0, each(gate, start), start)


def _no_upstream(local: Any) -> Any:
    return local


_SQUARED = ("slope of squared error",)
_HALF = ("slope of half the squared error",)
_CROSS = ("cross-entropy", "binary cross-entropy")
_MATCHED = ("output minus label",)
_SLOPES = tuple(f"local gradient of {name}" for name in ("sigmoid", "tanh", "relu"))
_WEIGHTS = ("gradient of the weights", "mean gradient of the weights")
_BIASES = ("mean gradient of the biases",)
_UPSTREAM = ("upstream times local", "product along the path")
_LEFT = ("to the left",)
_TO_WEIGHT = ("to the weight",)

# fmt: off
MISTAKES: list[Mistake] = [
    # ------------------------------------------------------------------ forward
    Mistake("transposed weight", ("weighted sum",), "{W}^\\top {a} + {b}", lambda W, a, b: W.T @ a + b,
            "The rows and columns of a square table are easily taken for each other.",
            "Row j of W belongs to unit j: its entries are w_j1, w_j2, ….", "06", "Why \"to\" comes before \"from\""),
    Mistake("bias forgotten", ("weighted sum",), "{W} {a}", lambda W, a: W @ a,
            "In the book's large example all biases are 0, so nobody misses them there.",
            "Set all inputs to 0: what is left must be the bias.", "06", "One unit by hand"),
    Mistake("softmax taken for sigmoid", ("sigmoid",), "\\operatorname{{softmax}}({x})", lambda x: softmax(x),
            "Both turn sums into numbers from 0 to 1.",
            "A softmax's outputs sum to 1; sigmoids owe each other nothing.", "10", "Three jobs"),
    Mistake("sigmoid taken for softmax", ("softmax",), "\\sigma({x})", lambda x: each("sigmoid", x),
            "Both turn sums into numbers from 0 to 1.",
            "A softmax's outputs sum to 1. Do yours?", "10", "Three jobs"),
    Mistake("logits shared out without the exponential", ("softmax",), "{x} / \\sum {x}", lambda x: x / total(x),
            "The shares of a whole come to mind before the exponential does.",
            "With a negative logit a share would be negative.", "10", "Softmax output, cross-entropy"),
    Mistake("negative numbers let through", ("relu",), "{x}", lambda x: x,
            "The formula max(z, 0) is read as z.", "A relu's output is never below 0.", "11", "Another activation"),
    Mistake("sign in the exponent", ("sigmoid",), "1 / (1 + e^{{{x}}})", lambda x: 1 - each("sigmoid", x),
            "The minus of e⁻ᶻ is lost.", "The sigmoid of a positive number is above one half.", "03", "A neuron is a circuit"),
    Mistake("e^(x²) read as (eˣ)²", ("exp",), "(e^{{{inner}}})^2", lambda inner: each("exp", inner) * each("exp", inner),
            "A tower of exponents is read from the bottom up.",
            "(eˣ)² is e²ˣ: at x = 3 the exponent is 6, not 9.", "04", "Numbers first: $e^{x^2}$ at 0.7"),
    # ------------------------------------------------------------------ losses
    Mistake("½ present where none stands", ("squared error",), "\\tfrac12 \\sum ({y} - {a})^2",
            lambda y, a: 0.5 * total((y - a) * (y - a)),
            "Many texts put a ½ before the square, for the sake of the derivative.",
            "Look at the definition: is there a ½?", "10", "Linear output, half the squared error"),
    Mistake("½ forgotten", ("half the squared error",), "\\sum ({y} - {a})^2", lambda y, a: total((y - a) * (y - a)),
            "The ½ cancels in the derivative and is then forgotten in the loss.",
            "Look at the definition: is there a ½?", "10", "Linear output, half the squared error"),
    Mistake("mean taken for sum", ("squared error", "half the squared error"), "\\tfrac1n \\sum ({y} - {a})^2",
            lambda y, a: total((y - a) * (y - a)) / y.shape[0],
            "Programs often report the mean over the outputs.",
            "The book's loss sums over the outputs; only examples are averaged.", "11", "Forward, and what to keep"),
    Mistake("log to base 10", _CROSS, "-\\sum {y} \\log_{{10}} {a}", lambda y, a: -total(y * each("log", a)) / math.log(10),
            "The key \"log\" of a pocket calculator has base 10.",
            "ln 0.1 is −2.303; log₁₀ 0.1 is −1.", "10", "Softmax output, cross-entropy"),
    Mistake("log to base 2", _CROSS, "-\\sum {y} \\log_2 {a}", lambda y, a: -total(y * each("log", a)) / math.log(2),
            "Information is often measured in bits.",
            "ln 0.5 is −0.693; log₂ 0.5 is −1.", "10", "Softmax output, cross-entropy"),
    Mistake("only the label's own term", ("binary cross-entropy",), "-\\sum {y} \\ln {a}",
            lambda y, a: -total(y * each("log", a)),
            "For a softmax this is the whole loss.",
            "A sigmoid with label 0 must pay, too: −ln(1 − ŷ).", "10", "Sigmoid output, binary cross-entropy"),
    Mistake("minus of the cross-entropy lost", _CROSS, "\\sum {y} \\ln {a}", lambda y, a: total(y * each("log", a)),
            "The logarithm's own minus is overlooked.", "A loss is never below 0 here.", "10", "Softmax output, cross-entropy"),
    Mistake("sum taken for mean", ("mean over the examples",), "\\sum {L}", lambda L: L.sum(),
            "The 1/m is a constant, and constants get lost.",
            "Give the same example twice: the cost must not change.", "09", "Many examples: why the mean"),
    Mistake("divided by m twice", ("mean over the examples",), "\\tfrac1{{m^2}} \\sum {L}",
            lambda L: L.sum() / (L.shape[1] * L.shape[1]),
            "Each of two lines takes care of the mean.",
            "Give the same example twice: the cost must not change.", "09", "Many examples: why the mean"),
    Mistake("labels by the wrong axis", ("labels in columns",), "{y}^\\top", lambda y: y.T,
            "Elsewhere an example is a row.", "Each column must hold one 1: one label an example.", "12", "Handwritten digits"),
    # ------------------------------------------------------------------ back through loss and output
    Mistake("factor 2 lost", _SQUARED, "{a} - {y}", lambda y, a: a - y,
            "With a ½ in the loss the 2 would cancel.", "The derivative of e² is 2e.", "07", "Factor by factor"),
    Mistake("factor 2 too many", _HALF, "2({a} - {y})", lambda y, a: 2 * (a - y),
            "The derivative of the square is remembered, the ½ is not.",
            "½ · 2 = 1.", "10", "Linear output, half the squared error"),
    Mistake("factor 2 doubled", _SQUARED, "4({a} - {y})", lambda y, a: 4 * (a - y),
            "The 2 is taken down once for the square and once more for the two outputs.",
            "Each output has its own square: the 2 comes once.", "07", "Factor by factor"),
    Mistake("sign of the slope", _SQUARED, "2({y} - {a})", lambda y, a: 2 * (y - a),
            "The inner derivative of y − ŷ is −1, and it is forgotten.",
            "Raise a prediction that is too low: the loss falls, so the slope is negative.", "07", "Factor by factor"),
    Mistake("sign of the slope", (*_HALF, *_MATCHED), "{y} - {a}", lambda y, a: y - a,
            "The inner derivative of y − ŷ is −1, and it is forgotten.",
            "Raise a prediction that is too low: the loss falls, so the slope is negative.", "07", "Factor by factor"),
    Mistake("minus of the logarithm lost", ("slope of cross-entropy",), "{y} / {a}", lambda y, a: y / a,
            "The loss begins with a minus, and its slope, too.",
            "Raise the probability of the right class: the loss falls.", "10", "Softmax output, cross-entropy"),
    Mistake("cross path of the softmax dropped", ("back through the softmax",), "{u} \\circ {a} \\circ (1 - {a})",
            lambda u, a: u * a * (1 - a),
            "Each output seems to depend on its own logit alone.",
            "Every logit moves every output, for they sum to 1: the other outputs' upstream counts, too.",
            "07", "Factor by factor"),
    Mistake("softmax's slope taken for the sigmoid's", ("back through the softmax",), "{u} \\circ \\sigma'({z})",
            lambda u, z: u * each("sigmoid", z) * (1 - each("sigmoid", z)),
            "The output layer's own function is mixed up with the hidden layer's.",
            "What stands in the output layer: a sigmoid or a softmax?", "10", "Softmax output, cross-entropy"),
    Mistake("a spurious factor", ("back through the softmax",), "-{z}' \\circ {u} \\circ {a} \\circ (1 - {a})",
            lambda u, a, z: u * a * (1 - a) * (z - total(z)),
            "A quotient is differentiated, and a logit is left standing as a factor.",
            "Nudge one logit by 0.001 and watch its output: the ratio is ŷ(1 − ŷ), with no logit in it.",
            "07", "What the PadhAI notes print"),
    Mistake("softmax left out on the way back", ("back through the softmax",), "{u}", lambda u: u,
            "The output seems to be the end of the network, and its function is skipped.",
            "Upstream is the slope at ŷ; δ is the slope at z.", "07", "Factor by factor"),
    Mistake("output's slope multiplied in once more", _MATCHED, "({a} - {y}) \\circ {a} \\circ (1 - {a})",
            lambda y, a: (a - y) * a * (1 - a),
            "The slope has cancelled already, but habit multiplies it in.",
            "ŷ − y is the slope at z itself, not at ŷ.", "10", "Sigmoid output, binary cross-entropy"),
    Mistake("factor 2 of the squared error", _MATCHED, "2({a} - {y})", lambda y, a: 2 * (a - y),
            "The squared error's slope is remembered.",
            "With cross-entropy nothing is squared.", "10", "Softmax output, cross-entropy"),
    # ------------------------------------------------------------------ slopes and upstream
    Mistake("activation's slope forgotten", _SLOPES, "1", lambda out: 0.0 * out + 1.0,
            "The weight is seen, the activation on the way is not.",
            "A nudge of z reaches a through the activation, and is made smaller there.", "08", "Through the hidden unit"),
    Mistake("slope taken at z, not at a", _SLOPES[:1], "{x}(1 - {x})", lambda x: x * (1 - x),
            "σ′ = σ(1 − σ) is read as z(1 − z).",
            "The slope of the sigmoid is never above ¼ and never negative.", "04", "What a sigmoid leaves of a gradient"),
    Mistake("slope taken at a, not at z", _SLOPES[:1], "\\sigma'({out})",
            lambda out: each("sigmoid", out) * (1 - each("sigmoid", out)),
            "The activation is put into σ′ once more.", "σ′(z) is a(1 − a): a has been through the sigmoid already.",
            "04", "What a sigmoid leaves of a gradient"),
    Mistake("slope of the wrong layer", _SLOPES[:1], "{other}(1 - {other})", lambda out, other: other * (1 - other) + 0.0 * out,
            "One layer's activations are taken for another's.",
            "δ of a layer takes the slope at that layer's own z.", "09", "The four equations, element by element"),
    Mistake("slope of tanh taken for the sigmoid's", _SLOPES[1:2], "{out}(1 - {out})", lambda out: out * (1 - out),
            "a(1 − a) is learnt by heart.", "At z = 0 tanh has slope 1; the sigmoid ¼.", "11", "Another activation"),
    Mistake("square lost in the slope of tanh", _SLOPES[1:2], "1 - {out}", lambda out: 1 - out,
            "1 − a² and a(1 − a) mix.", "At z = 0 and nearby the slope hardly changes: the square does that.",
            "11", "Another activation"),
    Mistake("relu's slope 1 at a negative input", _SLOPES[2:], "1", lambda x: 0.0 * x + 1.0,
            "relu is remembered as \"slope 1\".", "Below 0 a nudge of z changes nothing.", "11", "Another activation"),
    Mistake("relu's value taken for its slope", _SLOPES[2:], "{out}", lambda out: out,
            "The value and the slope are zero together.", "Above 0 relu rises one for one.", "11", "Another activation"),
    Mistake("upstream not multiplied", _UPSTREAM[:1], "{local}", _no_upstream,
            "The local gradient looks like a result.", "Double the upstream: the gradient must double.",
            "03", "Backward: upstream times local"),
    Mistake("local gradient not multiplied", _UPSTREAM[:1], "{u}", lambda u: u,
            "The gradient is handed on as if the gate only added.", "Which gate lies between? Only a sum hands on unchanged.",
            "03", "Backward: upstream times local"),
    Mistake("added in place of multiplied", _UPSTREAM[:1], "{u} + {local}", lambda u, local: u + local,
            "Paths are added, and so, by mistake, are the links of one.",
            "Along a path factors multiply; where paths meet they add.", "04", "The rule, and its proof"),
    Mistake("added in place of multiplied", _UPSTREAM[1:], "{outer} + {inner}", lambda outer, inner: outer + inner,
            "Paths are added, and so, by mistake, are the links of one.",
            "Along a path factors multiply; where paths meet they add.", "04", "The rule, and its proof"),
    Mistake("inner derivative forgotten", _UPSTREAM[1:], "{outer}", lambda outer: outer,
            "The outer derivative looks like the whole answer.",
            "Is the inside x itself? If not, its own slope must be multiplied in.", "04", "The rule, and its proof"),
    # ------------------------------------------------------------------ gates
    Mistake("local gradients of multiply not swapped", ("local gradient of multiply, first input",), "{a}", lambda a: a,
            "Each input is given its own value.", "∂(a·b)/∂a: hold b and nudge a by 1. The product grows by b.",
            "03", "What each gate does to a gradient"),
    Mistake("local gradients of multiply not swapped", ("local gradient of multiply, second input",), "{b}", lambda b: b,
            "Each input is given its own value.", "∂(a·b)/∂b: hold a and nudge b by 1. The product grows by a.",
            "03", "What each gate does to a gradient"),
    Mistake("max sends the gradient both ways", _rows("local gradient of max", "local gradient of min"), "1",
            lambda out: 0.0 * out + 1.0,
            "A sum sends it both ways, and max looks like a sum.",
            "Nudge the input that lost: the output does not move.", "03", "What each gate does to a gradient"),
    Mistake("max sends the gradient to the wrong input", ("local gradient of maximum, first input",), "[{b} > {a}]",
            lambda out, a, b: local(GATES["maximum"], 1, out, a, b),
            "Winner and loser are mixed up.", "Nudge the input that lost: the output does not move.",
            "03", "What each gate does to a gradient"),
    Mistake("max sends the gradient to the wrong input", ("local gradient of maximum, second input",), "[{a} > {b}]",
            lambda out, a, b: local(GATES["maximum"], 0, out, a, b),
            "Winner and loser are mixed up.", "Nudge the input that lost: the output does not move.",
            "03", "What each gate does to a gradient"),
    Mistake("sign of the difference", ("local gradient of subtract, second input",), "1", lambda out: 0.0 * out + 1.0,
            "The minus is overlooked.", "Raise what is taken away: the difference falls.", "03", "Local gradients"),
    Mistake("sign of the quotient", ("local gradient of divide, second input",), "{a}/{b}^2", lambda a, b: a / (b * b),
            "The minus of −a/b² is lost.", "A larger denominator makes a smaller quotient.", "03", "Local gradients"),
    Mistake("square of the denominator lost", ("local gradient of divide, second input",), "-{a}/{b}", lambda a, b: -a / b,
            "The power is not lowered far enough.", "1/b is b⁻¹: its derivative is −b⁻².", "03", "Local gradients"),
    Mistake("sign of the reciprocal", ("local gradient of reciprocal",), "1/{x}^2", lambda x: 1 / (x * x),
            "The exponent −1 comes down without its sign.", "A larger x makes a smaller 1/x.",
            "04", "Three links: $e^{e^{x^2}}$ and $1/e^{x^2}$"),
    Mistake("factor of the power lost", ("local gradient of square",), "{x}", lambda x: x,
            "The exponent goes down by one and the factor is not written.", "3² = 9, 3.01² = 9.06: the slope is 6.",
            "04", "Numbers first: $e^{x^2}$ at 0.7"),
    Mistake("factor of the power lost", ("local gradient of power",), "{x}^{{{n}-1}}", lambda x, n: x ** (n - 1),
            "The exponent goes down by one and the factor is not written.", "3² = 9, 3.01² = 9.06: the slope is 6.",
            "04", "Numbers first: $e^{x^2}$ at 0.7"),
    Mistake("exponent not lowered", ("local gradient of power",), "{n}\\,{x}^{{{n}}}", lambda x, n: n * x**n,
            "The factor is written and the exponent stays.", "The slope of x² is 2x, a straight line.",
            "04", "Numbers first: $e^{x^2}$ at 0.7"),
    *[Mistake("outer derivative taken at x, not at f(x)", (f"local gradient of {name}",), f"g'({{{part}}})", _local_at(name, part),
              "The outer function is differentiated as if it stood alone.",
              "The outer gate sees what the inner one gives it, not x.", "04", "The rule, and its proof")
      for name in ("exp", "log", "reciprocal", "sigmoid", "tanh", "square", "sqrt", "sin", "cos") for part in ("inner", "start")],
    # ------------------------------------------------------------------ paths
    Mistake("= for += at a fork", ("sum over the paths",), "{g2}", lambda g2: g2,
            "The second path's gradient overwrites the first's.",
            "Nudge the input: the output moves along both paths.", "03", "Forks add"),
    Mistake("a path forgotten", ("sum over the paths",), "{g1}", lambda g1: g1,
            "One path is seen and followed, the other is not.",
            "Count the wires that leave the value: each begins a path.", "05", "Two ways round"),
    Mistake("a path counted twice", ("sum over the paths",), "2\\,{g1} + {g2}", lambda g1, g2: 2 * g1 + g2,
            "A path is met once from above and once from below.",
            "List the paths by the nodes they pass: each once.", "05", "Two ways round"),
    Mistake("paths multiplied in place of added", ("sum over the paths",), "{g1} \\cdot {g2}", lambda g1, g2: g1 * g2,
            "The links of a path multiply, and so, by mistake, do paths.",
            "Cut one path (make it 0): the other must still count.", "05", "Two ways round"),
    # ------------------------------------------------------------------ a layer, backward
    Mistake("transposed weight", ("back through the weights",), "{W} {delta}", lambda W, delta: W @ delta,
            "Forward uses W, and the way back is written with the same W.",
            "Unit k gathers over its readers: column k of W, so row k of Wᵀ.", "09", "From elements to matrices"),
    Mistake("a path forgotten", ("back through the weights",), "{W}^\\top {delta} \\text{{ without the last unit}}",
            lambda W, delta: W[:-1].T @ delta[:-1],
            "One reader of the activation is followed, another is not.",
            "Sum over all units that read the activation.", "08", "Four paths"),
    Mistake("a path forgotten", ("back through the weights",), "{W}^\\top {delta} \\text{{ without the first unit}}",
            lambda W, delta: W[1:].T @ delta[1:],
            "One reader of the activation is followed, another is not.",
            "Sum over all units that read the activation.", "08", "Four paths"),
    Mistake("a path counted twice", ("back through the weights",), "{W}^\\top {delta} \\text{{ with the first unit twice}}",
            lambda W, delta: W.T @ delta + W[:1].T @ delta[:1],
            "A path is met once from above and once from below.",
            "Each reader counts once.", "08", "Four paths"),
    Mistake("weights updated before they were used", ("back through the weights",), "({W} - {eta}\\,{dW})^\\top {delta}",
            lambda W, delta, dW, eta: (W - eta * dW).T @ delta,
            "Each layer is updated as soon as its gradient is known.",
            "All gradients belong to the same weights: those of the forward pass.", "11", "Backward, line by line"),
    Mistake("z taken for a", _WEIGHTS, "{delta}\\,{z}^\\top", lambda delta, z: delta @ z.T / delta.shape[1],
            "Both stand in the cache, side by side.",
            "A weight multiplies an activation: that is its local gradient.", "09", "The four equations, element by element"),
    Mistake("transposed gradient", _WEIGHTS, "{a}\\,{delta}^\\top", lambda delta, a: a @ delta.T / delta.shape[1],
            "An outer product has two orders.",
            "The gradient has the shape of W: as many rows as units.", "09", "From elements to matrices"),
    Mistake("1/m lost", _WEIGHTS[1:], "{delta}\\,{a}^\\top", lambda delta, a: delta @ a.T,
            "The product sums over the examples by itself, and the mean is forgotten.",
            "Give the same batch twice: the gradient must not change.", "09", "Many examples: why the mean"),
    Mistake("divided by m twice", _WEIGHTS[1:], "{delta}\\,{a}^\\top / m^2",
            lambda delta, a: delta @ a.T / (delta.shape[1] * delta.shape[1]),
            "Both dZ and dW take care of the mean.",
            "Give the same batch twice: the gradient must not change.", "09", "Many examples: why the mean"),
    Mistake("bias gradient not summed over the batch", _BIASES, "{delta} \\text{{ of the first example}}",
            lambda delta: delta[:, :1],
            "For one example the bias's gradient is δ itself.",
            "The bias has one column, whatever the batch.", "09", "Many examples: why the mean"),
    Mistake("1/m lost", _BIASES, "\\sum {delta}", lambda delta: mean(delta) * delta.shape[1],
            "The sum over the examples is taken, the mean is forgotten.",
            "Give the same batch twice: the gradient must not change.", "09", "Many examples: why the mean"),
    Mistake("divided by m twice", _BIASES, "\\tfrac1{{m^2}} \\sum {delta}", lambda delta: mean(delta) / delta.shape[1],
            "Both dZ and db take care of the mean.",
            "Give the same batch twice: the gradient must not change.", "09", "Many examples: why the mean"),
    Mistake("transposed index", ("entry",), "[{M}]_{{{column}{row}}}", lambda M, row, column: M[column - 1, row - 1],
            "w_jk is read as \"from j to k\".", "In w_jk the first index is the unit that the weight leads to.",
            "06", "Why \"to\" comes before \"from\""),
    # ------------------------------------------------------------------ steps, rules, nudges
    Mistake("sign of the update", ("step downhill",), "{w} + {eta}\\,{g}", lambda w, eta, g: w + eta * g,
            "The first chapters climb, so the sign is a plus there.",
            "The loss must fall: go against the gradient.", "07", "The update"),
    Mistake("learning rate forgotten", ("step downhill",), "{w} - {g}", lambda w, g: w - g,
            "In the book's example η is 1.", "Is η = 1? If not, it must show.", "07", "The update"),
    Mistake("step taken for the new weight", ("step downhill",), "-{eta}\\,{g}", lambda eta, g: -eta * g,
            "The change is computed and not added.", "A small step leaves the weight near where it was.", "07", "The update"),
    Mistake("old activation used after the step", ("gradient after the step",), "{delta}\\,{old}^\\top",
            lambda delta, old: delta @ old.T,
            "The cache of the last forward pass is still there.",
            "After a step every activation has changed: forward must run again.", "12", "The loop"),
    Mistake("product rule with one term", ("product rule",), "{du}\\,{v}", lambda v, du: du * v,
            "One factor is differentiated, the other is taken for a constant.",
            "Both factors move: each gives a term.", "05", "Two ways round"),
    Mistake("product of the derivatives", ("product rule",), "{du}\\,{dv}", lambda du, dv: du * dv,
            "The derivative of a sum is the sum of derivatives, so the product seems to go the same way.",
            "Try x · x: the slope is 2x, not 1.", "05", "Two ways round"),
    Mistake("sign of the quotient", ("quotient rule",), "({du}\\,{v} + {u}\\,{dv}) / {v}^2",
            lambda u, v, du, dv: (du * v + u * dv) / (v * v),
            "The product rule's plus is taken over.", "A denominator that grows makes the quotient smaller.",
            "04", "Three links: $e^{e^{x^2}}$ and $1/e^{x^2}$"),
    Mistake("quotient the wrong way round", ("quotient rule",), "({u}\\,{dv} - {du}\\,{v}) / {v}^2",
            lambda u, v, du, dv: (u * dv - du * v) / (v * v),
            "The order of the two terms is forgotten.", "A numerator that grows makes the quotient larger.",
            "04", "Three links: $e^{e^{x^2}}$ and $1/e^{x^2}$"),
    Mistake("square of the denominator lost", ("quotient rule",), "({du}\\,{v} - {u}\\,{dv}) / {v}",
            lambda u, v, du, dv: (du * v - u * dv) / v,
            "The denominator is written once.", "Test it on u = 1: the derivative of 1/v is −v′/v².",
            "04", "Three links: $e^{e^{x^2}}$ and $1/e^{x^2}$"),
    Mistake("one-sided difference", ("central difference",), "(f({x} + {eps}) - f({x})) / {eps}",
            lambda f, x, eps: (f(x + eps) - f(x)) / eps,
            "One nudge seems enough.", "The error of one side is of the size of ε; of both sides, of ε².",
            "02", "It is not even exact"),
    Mistake("divided by ε, not by 2ε", ("central difference",), "(f({x} + {eps}) - f({x} - {eps})) / {eps}",
            lambda f, x, eps: (f(x + eps) - f(x - eps)) / eps,
            "The formula of the single nudge is taken over.",
            "From x − ε to x + ε it is 2ε.", "02", "It is not even exact"),
    Mistake("ε ten times too large", ("central difference", "one nudge"), "\\text{{with }} 10\\,{eps}",
            lambda f, x, eps: (f(x + 10 * eps) - f(x - 10 * eps)) / (20 * eps),
            "A larger nudge seems to give a clearer answer.",
            "Halve ε: the answer should hardly change.", "16", "Two errors that pull apart"),
    Mistake("ε too small for the digits kept", ("central difference", "one nudge"),
            "\\text{{with }} f \\text{{ to six decimals}}",
            lambda f, x, eps: (rounded(f(x + eps), 6) - rounded(f(x - eps), 6)) / (2 * eps),
            "f is written down with six decimals, and the difference lies in the later ones.",
            "How many digits do the two values share? Those are lost.", "16", "Two errors that pull apart"),
    Mistake("two-sided in place of one nudge", ("one nudge",), "(f({x} + {eps}) - f({x} - {eps})) / 2{eps}",
            lambda f, x, eps: (f(x + eps) - f(x - eps)) / (2 * eps),
            "The better formula is used where the plain one is asked for.",
            "One nudge needs f at x and at x + ε.", "02", "It is not even exact"),
    Mistake("not divided by the nudge", ("one nudge", "central difference"), "f({x} + {eps}) - f({x})",
            lambda f, x, eps: f(x + eps) - f(x),
            "The change is taken for the rate.", "A slope is change of output by change of input.",
            "01", "Second method: ask the gate by nudging it"),
    # ------------------------------------------------------------------ chapters 01 and 02
    # ------------------------------------------------------------------ chapters 04 to 06
    Mistake("power rule used on an exponential", ("local gradient of exp",), "{x}\\,e^{{{x}-1}}", lambda out, x: x * out / math.e,
            "The exponent comes down, as it does with xⁿ.",
            "In eˣ the x is above: the slope of eˣ at 0 is 1, not 0.", "04", "Three links"),
    Mistake("square of the denominator lost", ("local gradient of reciprocal",), "-1/{x}", lambda x: -1 / x,
            "The power is not lowered far enough.", "1/x is x⁻¹: its derivative is −x⁻².", "04", "Three links"),
    Mistake("sign of the slope", ("local gradient of negate",), "1", lambda out: 0.0 * out + 1.0,
            "The minus is taken for a part of the number.", "Raise x: −x falls.", "04", "Three links: $e^{e^{x^2}}$ and $1/e^{x^2}$"),
    Mistake("antiderivative taken for the slope", ("local gradient of reciprocal",), "\\ln {x}", lambda x: each("log", x),
            "ln x and 1/x stand side by side in the tables.", "The slope of 1/x is negative everywhere.", "04", "Three links"),
    *[Mistake("one factor of s(1 − s) lost", _SLOPES[:1], tex, formula,
              "One of the two factors looks like the slope.",
              "The slope is small at both ends: s is small at one of them, 1 − s at the other.",
              "04", "What a sigmoid leaves of a gradient")
      for tex, formula in (("{out}", lambda out: out), ("1 - {out}", lambda out: 1 - out))],
    Mistake("1 over it forgotten", ("sigmoid",), "1 + e^{{-{x}}}", lambda x: 1 + each("exp", -x),
            "What stands below the line is worked out, and the line itself is forgotten.",
            "A sigmoid lies between 0 and 1.", "03", "A neuron is a circuit"),
    Mistake("x of the power lost", ("local gradient of square",), "2", lambda out: 0.0 * out + 2.0,
            "The exponent comes down, and nothing of x is left.", "The slope of x² grows with x: at 0 it is 0.", "04", "Three links"),
    Mistake("wrong end of the weight", ("local gradient of multiply, first input",), "{after}", lambda after: after,
            "The neuron's own output is nearest at hand.",
            "What does the weight multiply? The number that comes in, not what goes out.",
            "04", "A chain with weights: three sigmoids"),
    Mistake("z taken for a", ("local gradient of multiply, first input",), "{before}", lambda before: before,
            "The sum and what the sigmoid makes of it stand side by side.",
            "What does the weight multiply? What comes out of the sigmoid.", "04", "A chain with weights: three sigmoids"),
    Mistake("sign of the predicted change", ("predicted change",), "{eta}\\,({g})^2", lambda eta, g: eta * g * g,
            "Chapter 1 climbs, so its gain is positive.",
            "Downhill the loss must fall.", "04", "A chain with weights: three sigmoids"),
    Mistake("step taken for the change of the loss", ("predicted change",), "-{eta}\\,{g}", lambda eta, g: -eta * g,
            "How far the weight moves is taken for how far the loss moves.",
            "The change of the loss is the slope times the step, and the step holds the slope already.",
            "04", "A chain with weights: three sigmoids"),
    Mistake("step size forgotten", ("predicted change",), "-({g})^2", lambda g: -g * g,
            "In the book's example η is 1.", "A step of half the size changes the loss half as much.",
            "04", "A chain with weights: three sigmoids"),
    Mistake("step size squared", ("predicted change",), "-{eta}^2({g})^2", lambda eta, g: -eta * eta * g * g,
            "The step is squared, in place of the slope.", "Slope times step: η stands in the step alone.",
            "04", "A chain with weights: three sigmoids"),
    Mistake("weight on the way forgotten", _LEFT, "{u}", lambda u: u,
            "The way from unit to unit is followed, and its wire has no number in the formula.",
            "A path's factors are weights and slopes by turns. Count both.", "05", "A weight with three paths"),
    Mistake("local gradients of multiply not swapped", _LEFT, "{u} \\cdot {a}", lambda u, a: u * a,
            "The activation is multiplied in, as for a gradient of the weight.",
            "On its way to the left the gradient meets the weight; only the weight itself gets the activation.",
            "05", "A weight with three paths"),
    Mistake("last step to the weight forgotten", _TO_WEIGHT, "{u}", lambda u: u,
            "The path seems to end at the unit's sum.",
            "A nudge of the weight is first multiplied by what the weight reads.", "05", "A weight with three paths"),
    Mistake("wrong end of the weight", _TO_WEIGHT, "{u} \\cdot {own}", lambda u, own: u * own,
            "The unit's own output is nearest at hand.",
            "What does the weight multiply? The number that comes in, not what goes out.", "05", "A weight with three paths"),
    Mistake("added in place of multiplied", _LEFT, "{u} + {w}", lambda u, w: u + w,
            "Paths are added, and so, by mistake, are the links of one.",
            "Along a path factors multiply; where paths meet they add.", "05", "Two ways round"),
    Mistake("added in place of multiplied", _TO_WEIGHT, "{u} + {a}", lambda u, a: u + a,
            "Paths are added, and so, by mistake, are the links of one.",
            "Along a path factors multiply; where paths meet they add.", "05", "Two ways round"),
    Mistake("total taken for local", ("local gradient of multiply, second input",), "{a} + {detour}", lambda a, detour: a + detour,
            "Both numbers get written ∂f/∂u.",
            "On the wire the other input is held still; in all it moves along.", "05", "The mistake people make here"),
    *[Mistake("a path forgotten", ("sum over three paths",), f"{{{one}}} + {{{two}}}", formula,
              "Two of the paths are seen, the third is not.",
              "Count the wires that leave the value: each begins a path.", "05", "A weight with three paths")
      for one, two, formula in (("g1", "g2", lambda g1, g2: g1 + g2), ("g1", "g3", lambda g1, g3: g1 + g3),
                                ("g2", "g3", lambda g2, g3: g2 + g3))],
    *[Mistake("one path taken for the whole", ("sum over three paths",), f"{{{one}}}", formula,
              "The first path that is found looks like the derivative.",
              "None of the paths is the derivative; their sum is.", "05", "A weight with three paths")
      for one, formula in (("g1", lambda g1: g1), ("g2", lambda g2: g2), ("g3", lambda g3: g3))],
    Mistake("sign of a path lost", ("sum over three paths",), "|{g1}| + |{g2}| + |{g3}|",
            lambda g1, g2, g3: sum(each("sqrt", g * g) for g in (g1, g2, g3)),
            "The sizes are added, as if every path pushed the same way.",
            "A path with a negative weight on it pulls back.", "05", "A weight with three paths"),
    Mistake("paths multiplied in place of added", ("sum over three paths",), "{g1} \\cdot {g2} \\cdot {g3}",
            lambda g1, g2, g3: g1 * g2 * g3,
            "The links of a path multiply, and so, by mistake, do paths.",
            "Cut one path (make it 0): the others must still count.", "05", "Two ways round"),
    Mistake("mean of the paths", ("sum over three paths",), "({g1} + {g2} + {g3})/3", lambda g1, g2, g3: (g1 + g2 + g3) / 3,
            "Three answers to one question are averaged.",
            "Each path moves the loss by its share, and all of them at once: they add.", "05", "A weight with three paths"),
    Mistake("bias added along the rows", ("weighted sum",), "{W} {a} + {b}^\\top",
            lambda W, a, b: W @ a + b.T.reshape(1, a.shape[1]),
            "The biases are written in a row, one under each column.",
            "A column is an example, a row a unit: the bias belongs to the unit.", "06", "The mistake people make here"),
    Mistake("columns of the left times rows of the right", ("matrix product",), "{B}\\,{A}", lambda A, B: B @ A,
            "The two factors change places.", "Row of the left factor, column of the right one: in this order.",
            "06", "A sum of products, four at a time"),
    Mistake("multiplied entry by entry", ("matrix product",), "{A} \\circ {B}", lambda A, B: A * B + 0 * (A @ B),
            "This is what the star does in numpy.", "Each entry of a matrix product is a sum.",
            "06", "A sum of products, four at a time"),
    Mistake("row times row", ("matrix product",), "{A}\\,{B}^\\top", lambda A, B: A @ B.T,
            "Both factors are read along their rows.", "Go along the row of the left factor and down the column of the right one.",
            "06", "A sum of products, four at a time"),
    Mistake("column times column", ("matrix product",), "{A}^\\top {B}", lambda A, B: A.T @ B,
            "Both factors are read down their columns.",
            "Go along the row of the left factor and down the column of the right one.",
            "06", "A sum of products, four at a time"),
    Mistake("column read for a row", ("sum of one unit",), "\\text{{column {row} of }} {W} \\cdot {a} + b_{row}",
            lambda W, a, b, row: W[:, row - 1 : row].T @ a + b[row - 1 : row],
            "The weights from a unit are taken for the weights to it.",
            "In w_jk the first index is the unit that the weight leads to: row j.", "06", "Why \"to\" comes before \"from\""),
    Mistake("counted from 0", ("sum of one unit",), "\\text{{the next row of }} {W} \\cdot {a} + b",
            lambda W, a, b, row: W[row : row + 1] @ a + b[row : row + 1],
            "Python counts from 0, the book from 1.", "Unit 1 has row 1: the topmost.", "06", "The mistake people make here"),
    Mistake("bias forgotten", ("sum of one unit",), "\\text{{row {row} of }} {W} \\cdot {a}", lambda W, a, row: W[row - 1 : row] @ a,
            "In the book's large example all biases are 0, so nobody misses them there.",
            "Set all inputs to 0: what is left must be the bias.", "06", "One unit by hand"),
    Mistake("counted from 0", ("entry",), "[{M}] \\text{{ counted from 0}}", lambda M, row, column: M[row, column],
            "Python counts from 0, the book from 1.", "w_11 stands in the corner, top left.", "06", "The mistake people make here"),
    Mistake("biases not counted", ("parameters of a layer",), "{n}\\,{k}", lambda n, k: n * k,
            "Only the lines of the picture are counted.", "Each unit has a bias as well.", "06", "The same names in the graph"),
    Mistake("one bias a layer", ("parameters of a layer",), "{n}\\,{k} + 1", lambda n, k: n * k + 1,
            "b is one letter for the layer, so it looks like one number.", "b is a column: one entry a unit.",
            "06", "The same names in the graph"),
    Mistake("biases counted at the wrong end", ("parameters of a layer",), "{n}\\,{k} + {k}", lambda n, k: n * k + k,
            "The biases are given to the units that are read.", "A bias is added where the sum is: in the unit that reads.",
            "06", "The same names in the graph"),
    Mistake("units added in place of multiplied", ("parameters of a layer",), "{n} + {k} + {n}", lambda n, k: n + k + n,
            "Units are counted, not the wires between them.", "Every unit has a wire from every unit of the layer before.",
            "06", "The same names in the graph"),
    # ------------------------------------------------------------------ chapters 13 and 14
    # ------------------------------------------------------------------ chapters 15 and 16
    # ------------------------------------------------------------------ chapters 17 and 18
]
# fmt: on
"""Every mistake. One name may stand more than once: the same mistake at another rule."""


def rounded(x: Any, decimals: int) -> Any:
    """x to so many decimals, written with gates: adding 1.5 · 2⁵² leaves no room for a fraction."""
    room = 1.5 * 2.0**52
    return ((x * 10.0**decimals + room) - room) / 10.0**decimals


def possible(step: Step) -> list[Mistake]:
    """The mistakes that can be made at a step."""
    return [mistake for mistake in MISTAKES if mistake.applies(step)]
