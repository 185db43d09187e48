"""Mistakes of gates, paths, steps and nudges.

Book: chapters 01 to 16.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpcourse.gates import GATES
from bpcourse.practice.rules import RULES, Mistake, each, local, rounded, scaled


def _rows(*names: str) -> tuple[str, ...]:
    """The rules of this start: every gate's, or every loss's."""
    return tuple([rule for rule in RULES if rule.startswith(names)])


def _local_at(name: str, part: str) -> Callable[..., Any]:
    """The local gradient of a gate at the input of its input, or at the first value of the chain."""
    gate = GATES[name]
    if part == "inner":
        return lambda inner: local(gate, 0, each(gate, inner), inner)
    return lambda start: local(gate, 0, each(gate, start), start)


# fmt: off
ROWS: list[Mistake] = [
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
    Mistake("exponent lowered twice", ("local gradient of power",), "{n}\\,{x}^{{{n}-2}}", lambda x, n: n * x ** (n - 2),
            "One power is given away as the factor, one more as the exponent's step down.",
            "The slope of x² is 2x, not 2.", "04", "Numbers first: $e^{x^2}$ at 0.7"),
    *[Mistake("outer derivative taken at x, not at f(x)", (f"local gradient of {name}",), f"g'({{{part}}})", _local_at(name, part),
              "The outer function is differentiated as if it stood alone.",
              "The outer gate sees what the inner one gives it, not x.", "04", "The rule, and its proof")
      for name in ("exp", "log", "reciprocal", "sigmoid", "tanh", "square", "sqrt", "sin", "cos") for part in ("inner", "start")],
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
    Mistake("sign of the update", ("step downhill",), "{w} + {eta}\\,{g}", lambda w, eta, g: w + scaled(eta, g),
            "The first chapters climb, so the sign is a plus there.",
            "The loss must fall: go against the gradient.", "07", "The update"),
    Mistake("learning rate forgotten", ("step downhill",), "{w} - {g}", lambda w, g: w - g,
            "In the book's example η is 1.", "Is η = 1? If not, it must show.", "07", "The update"),
    Mistake("step taken for the new weight", ("step downhill",), "-{eta}\\,{g}", lambda eta, g: scaled(-eta, g),
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
    Mistake("ε ten times too large", ("central difference",), "\\text{{with }} 10\\,{eps}",
            lambda f, x, eps: (f(x + 10 * eps) - f(x - 10 * eps)) / (20 * eps),
            "A larger nudge seems to give a clearer answer.",
            "Halve ε: the answer should hardly change.", "16", "Two errors that pull apart"),
    Mistake("ε ten times too large", ("one nudge",), "\\text{{with }} 10\\,{eps}",
            lambda f, x, eps: (f(x + 10 * eps) - f(x)) / (10 * eps),
            "A larger nudge seems to give a clearer answer.",
            "Halve ε: the answer should hardly change.", "16", "Two errors that pull apart"),
    Mistake("ε too small for the digits kept", ("one nudge",),
            "\\text{{with }} f \\text{{ to six decimals}}",
            lambda f, x, eps: (rounded(f(x + eps), 6) - rounded(f(x), 6)) / eps,
            "f is written down with six decimals, and the difference lies in the later ones.",
            "How many digits do the two values share? Those are lost.", "16", "Two errors that pull apart"),
    Mistake("ε too small for the digits kept", ("central difference",),
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
]
# fmt: on
"""The rows of the catalogue for gates, paths, steps and nudges."""
