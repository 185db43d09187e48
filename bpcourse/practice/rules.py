"""The rules by which a derivation's steps are made: one row a rule.

A rule is a formula of named parts. The formulas use only what numbers, arrays and
graph values share, so the same row gives a number here and, printed by `codegen`, the
same number in the page. The local gradients are those of the gate table.

Arrays are (units, examples), one example a column; single numbers are floats.

Book: chapters 03 to 16.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bpcourse.gates import GATES, Gate


class Rule(NamedTuple):
    """How a value is made: a formula of named parts, in LaTeX and as a function.

    The function's parameters are the parts. A step may offer more than the rule
    needs: its mistakes use them.
    """

    name: str
    tex: str
    formula: Callable[..., Any]


class Mistake(NamedTuple):
    """A wrong formula for some rules: name, LaTeX, why people make it, how to see it.

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

    def applies(self, step: Any) -> bool:
        """Whether the mistake can be made at this step."""
        return step.rule in self.rules and {*parts_of(self.formula)} <= {*step.parts, *step.constants}


UNFIT = (ValueError, IndexError, ArithmeticError, AttributeError, TypeError)
"""What a formula raises where it cannot be made: shapes do not fit, a single number has no rows, a logarithm does not exist."""


def each(gate: str | Gate, *inputs: Any) -> Any:
    """A gate entry by entry: of numbers, arrays, and arrays of graph values."""
    return _entry_by_entry(GATES[gate] if isinstance(gate, str) else gate, *inputs)


def local(gate: Gate, k: int, out: Any, *inputs: Any) -> Any:
    """The gate's local gradient for its k-th input, entry by entry."""
    return _entry_by_entry(lambda *point: 1.0 * gate.local(*point)[k], out, *inputs)


def _entry_by_entry(function: Callable[..., Any], *inputs: Any) -> Any:
    if not any(isinstance(x, np.ndarray) for x in inputs):
        return function(*inputs)
    arrays = [np.asarray(x, dtype=object) for x in inputs]  # numpy takes no graph value that stands alone
    out = np.frompyfunc(function, len(inputs), 1)(*arrays)
    return out if any(getattr(x, "dtype", None) == np.dtype(object) for x in inputs) else out.astype(float)


def softmax(z: Any) -> Any:
    """e^z_j / Σ_k e^z_k down each column."""
    e = each("exp", z)
    return e / total(e)


def rounded(x: Any, decimals: int) -> Any:
    """x to so many decimals, written with gates."""
    room = 1.5 * 2.0**52  # beside it there is no room for a fraction
    return ((x * 10.0**decimals + room) - room) / 10.0**decimals


def total(x: Any) -> Any:
    """The sum of each column, as a row; ValueError for a number, which has none."""
    if not isinstance(x, np.ndarray):
        raise ValueError(f"x: expected an array, got {x!r}")
    return x.sum(axis=0, keepdims=True)


def mean(x: Any) -> Any:
    """The mean over the examples, as a column."""
    return x.sum(axis=1, keepdims=True) / x.shape[1]


def size(x: Any) -> Any:
    """The size of a number without its sign, written with gates."""
    return each("maximum", x, -x)


def _same_number(a: Any, b: Any) -> Any:
    """[a = b] for whole numbers, written with gates: 1 − (a − b)² is 1, or not above 0."""
    return each("relu", 1 - (a - b) * (a - b))


def slid(k: Any, x: Any) -> Any:
    """Σ_u k_u x_{p+u}: a kernel, wherever all of it fits. Both are columns."""
    places = x.shape[0] - k.shape[0] + 1
    return sum(k[u] * x[u : u + places] for u in range(k.shape[0]))


def padded(x: Any, n: int) -> Any:
    """A column with n zeros at both ends."""
    zeros = np.zeros((n, 1))
    return np.concatenate([zeros, x, zeros])


def winners(x: Any) -> Any:
    """1 where an entry is as large as any, else 0."""
    entries = x.reshape(-1)
    top = entries[:1]
    for k in range(1, len(entries)):
        top = each("maximum", top, entries[k : k + 1])
    return each("at least", x, top)


def det(A: Any) -> Any:
    """The determinant of two rows of two, as a table of one entry."""
    return A[:1, :1] * A[1:, 1:] - A[:1, 1:] * A[1:, :1]


def solved(A: Any, b: Any) -> Any:
    """The solution of two equations A x = b, as a column."""
    p, q, r, s = A[:1, :1], A[:1, 1:], A[1:, :1], A[1:, 1:]
    return np.concatenate([s * b[:1] - q * b[1:], p * b[1:] - r * b[:1]]) / det(A)


# Where an array meets a single number, the array stands first: a graph value on the left takes no array.
_RULES = [
    # forward
    Rule("weighted sum", "{W} {a} + {b}", lambda W, a, b: W @ a + b),
    Rule("softmax", "\\operatorname{{softmax}}({x})", lambda x: softmax(x)),
    Rule("squared error", "\\sum ({y} - {a})^2", lambda y, a: total((y - a) * (y - a))),
    Rule("half the squared error", "\\tfrac12 \\sum ({y} - {a})^2", lambda y, a: 0.5 * total((y - a) * (y - a))),
    Rule("cross-entropy", "-\\sum {y} \\ln {a}", lambda y, a: -total(y * each("log", a))),
    Rule("binary cross-entropy", "-\\sum ({y} \\ln {a} + (1-{y}) \\ln (1-{a}))",
         lambda y, a: -total(y * each("log", a) + (1 - y) * each("log", 1 - a))),
    Rule("mean over the examples", "\\tfrac1m \\sum {L}", lambda L: L.sum() / L.shape[1]),
    Rule("one-hot", "[{classes} = {labels}]", lambda classes, labels: _same_number(classes, labels)),
    # back through the loss and the output layer
    Rule("slope of squared error", "2({a} - {y})", lambda y, a: 2 * (a - y)),
    Rule("slope of half the squared error", "{a} - {y}", lambda y, a: a - y),
    Rule("slope of cross-entropy", "-{y} / {a}", lambda y, a: (0 - y) / a),  # 0 − y: no −0
    Rule("slope of binary cross-entropy", "({a} - {y}) / ({a}(1-{a}))", lambda y, a: (a - y) / (a * (1 - a))),
    Rule("back through the softmax", "{a} \\circ ({u} - \\sum {u} \\circ {a})", lambda u, a: a * (u - total(u * a))),
    Rule("output minus label", "{a} - {y}", lambda y, a: a - y),
    # back through a layer
    Rule("upstream times local", "{u} \\cdot {local}", lambda u, local: u * local),
    Rule("back through the weights", "{W}^\\top {delta}", lambda W, delta: W.T @ delta),
    Rule("gradient of the weights", "{delta}\\,{a}^\\top", lambda delta, a: delta @ a.T),
    Rule("gradient of the biases", "{delta}", lambda delta: delta),
    Rule("mean gradient of the weights", "{delta}\\,{a}^\\top / m", lambda delta, a: delta @ a.T / delta.shape[1]),
    Rule("mean gradient of the biases", "\\tfrac1m \\sum {delta}", lambda delta: mean(delta)),
    Rule("gradient after the step", "{delta}\\,{a}^\\top", lambda delta, a: delta @ a.T),
    Rule("step downhill", "{w} - {eta}\\,{g}", lambda w, eta, g: w - g * eta),
    Rule("entry", "[{M}]_{{{row}{column}}}", lambda M, row, column: M[row - 1, column - 1]),
    Rule("entry of a column", "[{a}]_{{{row}}}", lambda a, row: a[row - 1, 0]),
    # paths, products, quotients, nudges
    Rule("sum over the paths", "{g1} + {g2}", lambda g1, g2: g1 + g2),
    Rule("product along the path", "{outer} \\cdot {inner}", lambda outer, inner: outer * inner),
    Rule("product rule", "{du}\\,{v} + {u}\\,{dv}", lambda u, v, du, dv: du * v + u * dv),
    Rule("quotient rule", "({du}\\,{v} - {u}\\,{dv}) / {v}^2", lambda u, v, du, dv: (du * v - u * dv) / (v * v)),
    Rule("central difference", "(f({x} + {eps}) - f({x} - {eps})) / 2{eps}",
         lambda f, x, eps: (f(x + eps) - f(x - eps)) / (2 * eps)),
    Rule("one nudge", "(f({x} + {eps}) - f({x})) / {eps}", lambda f, x, eps: (f(x + eps) - f(x)) / eps),
    Rule("power", "{x}^{{{n}}}", lambda x, n: x**n),
    Rule("local gradient of power", "{n}\\,{x}^{{{n}-1}}", lambda x, n: n * x ** (n - 1)),
    # chapters 01 and 02
    Rule("difference quotient", "({up} - {here}) / {eps}", lambda up, here, eps: (up - here) / eps),
    Rule("step uphill", "{x} + {h}\\,{g}", lambda x, h, g: x + h * g),
    Rule("predicted gain", "{h}\\,\\bigl(({ga})^2 + ({gb})^2\\bigr)", lambda h, ga, gb: h * (ga * ga + gb * gb)),
    Rule("miss of the prediction", "{up} - ({here} + {gain})", lambda up, here, gain: up - (here + gain)),
    Rule("slope of the hill", "{top} - {x}", lambda top, x: top - x),
    Rule("weights of two layers", "{n0} \\cdot {n1} + {n1} \\cdot {n2}", lambda n0, n1, n2: n0 * n1 + n1 * n2),
    Rule("biases of two layers", "{n1} + {n2}", lambda n1, n2: n1 + n2),
    Rule("runs to nudge every knob", "{weights} + {biases} + 1", lambda weights, biases: weights + biases + 1),
    Rule("multiplications by nudging", "{runs} \\cdot {weights}", lambda runs, weights: runs * weights),
    Rule("multiplications of backpropagation", "3\\,{weights} - {n0} \\cdot {n1}", lambda weights, n0, n1: 3 * weights - n0 * n1),
    Rule("products one by one", "{n}({n} + 1)/2", lambda n: n * (n + 1) / 2),
    Rule("products backward", "2\\,{n} - 1", lambda n: 2 * n - 1),
    # chapters 04 to 06
    Rule("predicted change", "-{eta}\\,({g})^2", lambda eta, g: -eta * g * g),
    Rule("to the left", "{u} \\cdot {w}", lambda u, w: u * w),
    Rule("to the weight", "{u} \\cdot {a}", lambda u, a: u * a),
    Rule("sum over three paths", "{g1} + {g2} + {g3}", lambda g1, g2, g3: g1 + g2 + g3),
    Rule("matrix product", "{A}\\,{B}", lambda A, B: A @ B),
    Rule("sum of one unit", "\\text{{row {row} of }} {W} \\cdot {a} + [{b}]_{{{row}}}",
         lambda W, a, b, row: W[row - 1 : row] @ a + b[row - 1 : row]),
    Rule("parameters of a layer", "{n}\\,{k} + {n}", lambda n, k: n * k + n),
    Rule("parameters of two layers", "{first} + {second}", lambda first, second: first + second),
    # chapters 07 to 09
    Rule("gradient of one weight", "[{delta}]_{{{row}}}\\,[{a}]_{{{column}}}",
         lambda delta, a, row, column: delta[row - 1, 0] * a[column - 1, 0]),
    Rule("slope of the softmax, own logit", "[{a}]_{{{row}}}\\,(1 - [{a}]_{{{row}}})",
         lambda a, row: a[row - 1, 0] * (1 - a[row - 1, 0])),
    Rule("slope of the softmax, other logit", "-[{a}]_{{{row}}}\\,[{a}]_{{{column}}}",
         lambda a, row, column: -(a[row - 1, 0] * a[column - 1, 0])),
    Rule("through one output", "[{u}]_{{{row}}} \\cdot {s}", lambda u, s, row: u[row - 1, 0] * s),
    Rule("deltas that sum to zero", "-{delta}", lambda delta: -delta),
    Rule("relative error", "|{a} - {n}| / \\max(|{a}|, |{n}|)",
         lambda a, n: size(a - n) / each("maximum", size(a), size(n))),
    Rule("multiplications forward", "{p}\\,{q} + {q}\\,{r}", lambda p, q, r: p * q + q * r),
    Rule("multiplications backward", "{p}\\,{q} + 2\\,{q}\\,{r}", lambda p, q, r: p * q + 2 * q * r),
    # chapters 10 to 12
    Rule("sum down the column", "\\sum {x}", lambda x: total(x)),
    Rule("share of the sum", "{e} / {S}", lambda e, S: e / S),
    Rule("exponentials after the largest", "e^{{{a} - {M}}} + e^{{{b} - {M}}}",
         lambda a, b, M: each("exp", a - M) + each("exp", b - M)),
    Rule("loss from the logits", "{M} + \\ln {S} - {z}", lambda M, S, z: M + each("log", S) - z),
    Rule("predicted change, all weights", "-{eta} \\sum {g}^2", lambda eta, g: -(total(g * g) * eta)),
    Rule("mean square of a sum", "{n}\\,{v}\\,{s}", lambda n, v, s: n * v * s),
    Rule("half after the ReLU", "{s}/2", lambda s: s / 2),
    # chapters 13 and 14
    Rule("weights of three layers", "{n0} \\cdot {n1} + {n1} \\cdot {n2} + {n2} \\cdot {n3}",
         lambda n0, n1, n2, n3: n0 * n1 + n1 * n2 + n2 * n3),
    Rule("products of the way back", "2\\,{N} - {n0} \\cdot {n1}", lambda N, n0, n1: 2 * N - n0 * n1),
    Rule("cost in forward passes", "({F} + {B}) / {F}", lambda F, B: (F + B) / F),
    Rule("operations of a program", "{s} + {p} + {q} + {f}", lambda s, p, q, f: s + p + q + f),
    Rule("operations with the way back, at most", "2\\,{s} + 4({p} + {q} + {f})", lambda s, p, q, f: 2 * s + 4 * (p + q + f)),
    Rule("operations in all by those of the program", "{T} / {G}", lambda T, G: T / G),
    Rule("numbers kept", "{m}\\,\\bigl({n0} + 2({n1} + {n2} + {n3})\\bigr)",
         lambda m, n0, n1, n2, n3: m * (n0 + 2 * (n1 + n2 + n3))),
    Rule("bytes of float64", "8\\,{n}", lambda n: 8 * n),
    Rule("knobs of three layers", "{N} + {n1} + {n2} + {n3}", lambda N, n1, n2, n3: N + n1 + n2 + n3),
    Rule("bill of forward differences", "{N}({P} + 1)", lambda N, P: N * (P + 1)),
    Rule("bill of central differences", "2\\,{N}\\,{P}", lambda N, P: 2 * N * P),
    Rule("ratio of two bills", "{A} / {B}", lambda A, B: A / B),
    Rule("layers of all segments", "{n}\\,{k}", lambda n, k: n * k),
    Rule("arrays with checkpoints", "{d}/{k} + 2\\,{k}", lambda d, k: d / k + 2 * k),
    Rule("layers run twice", "{d} - {k}", lambda d, k: d - k),
    Rule("best length of a segment", "\\sqrt{{{d}/2}}", lambda d: each("sqrt", d / 2)),
    Rule("fewest arrays", "2\\sqrt{{2\\,{d}}}", lambda d: 2 * each("sqrt", 2 * d)),
    Rule("slope of a doubling", "2", lambda x: 0.0 * x + 2.0),
    Rule("speed of a sum", "{va} + {vb}", lambda va, vb: va + vb),
    Rule("speed of a product", "{va}\\,{b} + {a}\\,{vb}", lambda a, b, va, vb: va * b + a * vb),
    Rule("speed of a square", "2\\,{x}\\,{v}", lambda x, v: 2 * x * v),
    Rule("doubled", "2\\,{x}", lambda x: 2 * x),
    Rule("two products added", "{a1}\\,{b1} + {a2}\\,{b2}", lambda a1, b1, a2, b2: a1 * b1 + a2 * b2),
    Rule("three products added", "{a1}\\,{b1} + {a2}\\,{b2} + {a3}\\,{b3}",
         lambda a1, b1, a2, b2, a3, b3: a1 * b1 + a2 * b2 + a3 * b3),
    Rule("Newton's step", "-{H}^{{-1}} {g}", lambda H, g: solved(H, -g)),
    # chapter 15
    Rule("factor of a layer", "\\sqrt{{{n}\\,{v}}} \\cdot {r}", lambda n, v, r: each("sqrt", n * v) * r),
    Rule("variance that keeps the length", "1 / ({n}\\,{r}^2)", lambda n, r: 1 / (n * r * r)),
    Rule("mean of the batch", "\\tfrac1m \\sum {z}", lambda z: mean(z)),
    Rule("variance of the batch", "\\tfrac1m \\sum ({z} - {mu})^2", lambda z, mu: mean((z - mu) * (z - mu))),
    Rule("back through the batch norm",
         "\\tfrac{{{gamma}}}{{{s}}} \\bigl({g} - \\overline{{{g}}} - {zhat}\\,\\overline{{{g}{zhat}}}\\bigr)",
         lambda g, zhat, s, gamma: (g - mean(g) - zhat * mean(g * zhat)) * gamma / s),
    Rule("sum of the recurrence", "{w}\\,{h} + {u}\\,{x}", lambda w, h, u, x: w * h + u * x),
    Rule("sum over time", "{g1} + {g2}", lambda g1, g2: g1 + g2),
    Rule("length of all gradients", "\\sqrt{{\\sum {W}^2 + \\sum {b}^2}}",
         lambda W, b: each("sqrt", (W * W).sum() + (b * b).sum())),
    Rule("clipped", "{g} \\cdot \\min(1, {c}/{n})", lambda g, c, n: g * each("minimum", 1, c / n)),
    Rule("new memory", "{f}\\,{c} + {i}\\,{g}", lambda f, c, i, g: f * c + i * g),
    Rule("memory shown", "{o}\\,{t}", lambda o, t: o * t),
    Rule("both shares of the memory's gradient", "{dc} + {dh}\\,{o}(1 - {t}^2)", lambda dc, dh, o, t: dc + dh * o * (1 - t * t)),
    Rule("back through a product", "{u} \\cdot {other}", lambda u, other: u * other),
    Rule("back through a share's sigmoid", "{u}\\,{a}(1 - {a})", lambda u, a: u * a * (1 - a)),
    Rule("back through the tanh", "{u}(1 - {a}^2)", lambda u, a: u * (1 - a * a)),
    Rule("mask applied", "{x} \\circ {kept} / {p}", lambda x, kept, p: x * kept / p),
    Rule("mean over unequal parts", "({m1}\\,{g1} + {m2}\\,{g2}) / ({m1} + {m2})",
         lambda m1, g1, m2, g2: (m1 * g1 + m2 * g2) / (m1 + m2)),
    # chapters 17 and 18
    # chapter 16
    Rule("cube of the best step", "3\\,{u}\\,{F} / {F3}", lambda u, F, F3: 3 * u * F / F3),
    Rule("cube root", "{x}^{{1/3}}", lambda x: x ** (1 / 3)),
    Rule("error of the series", "\\tfrac16\\,{F3}\\,{eps}^2", lambda F3, eps: F3 * eps * eps / 6),
    Rule("error of rounding", "{u}\\,{F} / {eps}", lambda u, F, eps: u * F / eps),
    Rule("central quotient", "({ahead} - {behind}) / 2{eps}", lambda ahead, behind, eps: (ahead - behind) / (2 * eps)),
    Rule("reach of a zero", "{atol} / (1 - {rtol})", lambda atol, rtol: atol / (1 - rtol)),
    Rule("reach of a wrong sign", "{atol} / (2 - {rtol})", lambda atol, rtol: atol / (2 - rtol)),
    Rule("length", "\\sqrt{{\\sum {w}^2}}", lambda w: each("sqrt", total(w * w))),
    Rule("direction of length 1", "{w} / {length}", lambda w, length: w / length),
    Rule("slope along a direction", "\\sum {g}\\,{v}", lambda g, v: (g * v).sum()),
    # chapter 17
    Rule("kernel slid over the input", "\\sum_u {k}_u\\, {x}_{{p+u}}", lambda k, x: slid(k, x)),
    Rule("gradient of the kernel", "\\sum_p {dz}_p\\, {x}_{{p+u}}", lambda dz, x: slid(dz, x)),
    Rule("gradient of the input", "\\sum_u {dz}_{{q-u}}\\, {k}_u", lambda dz, k: slid(k[::-1], padded(dz, k.shape[0] - 1))),
    Rule("shares of the winners", "{u}\\,[{X} = \\max {X}] / t", lambda u, X: u * winners(X) / winners(X).sum(keepdims=True)),
    Rule("gradient of a common bias", "\\sum {dX}", lambda dX: dX.sum()),
    Rule("gradient of the table", "{dX}\\,{H}^\\top", lambda dX, H: dX @ H.T),
    Rule("mean over the units", "\\tfrac1n \\sum {x}", lambda x: total(x) / x.shape[0]),
    Rule("variance over the units", "\\tfrac1n \\sum ({x} - {mu})^2", lambda x, mu: total((x - mu) * (x - mu)) / x.shape[0]),
    Rule("normalised", "({x} - {mu}) / {s}", lambda x, mu, s: (x - mu) / s),
    Rule("back through the normalisation",
         "\\tfrac1{s} \\bigl({g} - \\overline{{{g}}} - {xhat}\\,\\overline{{{g}{xhat}}}\\bigr)",
         lambda g, xhat, s: (g - total(g) / g.shape[0] - xhat * total(g * xhat) / g.shape[0]) / s),
    Rule("scaled by the root of d", "{r} / \\sqrt{{{d}}}", lambda r, d: r / d**0.5),
    Rule("mixture of the values", "{V}\\,{P}", lambda V, P: V @ P),
    Rule("upstream of the mixture", "{V}^\\top {dO}", lambda V, dO: V.T @ dO),
    # chapter 18
    Rule("one round", "{r}\\,{x} + {c}", lambda r, x, c: r * x + c),
    Rule("share of a round", "{u}\\,{x}", lambda u, x: u * x),
    Rule("sum over the rounds", "{h1} + {h2} + {h3}", lambda h1, h2, h3: h1 + h2 + h3),
    Rule("slope of a fixed point", "{ga} / (1 - {gx})", lambda ga, gx: ga / (1 - gx)),
    Rule("matrix of four numbers", "\\begin{{pmatrix}} {p} & {q} \\\\ {r} & {s} \\end{{pmatrix}}",
         lambda p, q, r, s: np.array([[p, q], [r, s]])),
    Rule("solution of the system", "{A}^{{-1}} {b}", lambda A, b: solved(A, b)),
    Rule("solution of the transposed system", "{A}^{{-\\top}} {b}", lambda A, b: solved(A.T, b)),
    Rule("gradient of the matrix", "-{u}\\,{x}^\\top", lambda u, x: -(u @ x.T)),
    Rule("law of growth", "{theta}\\,{x}(1 - {x})", lambda theta, x: theta * x * (1 - x)),
    Rule("Euler's step", "{x} + {tau}\\,{f}", lambda x, tau, f: x + tau * f),
    Rule("slope of the law", "{theta}(1 - 2\\,{x})", lambda theta, x: theta * (1 - 2 * x)),
    Rule("back through Euler's step", "{u} + {tau}\\,{slope}\\,{u}", lambda u, tau, slope: u + tau * slope * u),
    Rule("share of the rate", "{u}\\,{tau}\\,{x}(1 - {x})", lambda u, tau, x: u * tau * x * (1 - x)),
    Rule("mean pay", "\\sum {p}\\,{r}", lambda p, r: total(p * r)),
    Rule("gradient of the mean pay", "{p} \\circ ({r} - {J})", lambda p, r, J: p * (r - J)),
    Rule("pay of the draw", "\\sum {e}\\,{r}", lambda e, r: total(e * r)),
    Rule("slope of the logarithm of p", "{e} - {p}", lambda e, p: e - p),
    Rule("share of a draw", "({pay} - {b})\\,{slope}", lambda pay, b, slope: (pay - b) * slope),
    # chapter 20
    Rule("products of a batch", "{m} \\cdot {P}", lambda m, P: m * P),
    Rule("mean from the sums", "({S1} + {S2}) / ({m1} + {m2})", lambda S1, S2, m1, m2: (S1 + S2) / (m1 + m2)),
    Rule("sent round the ring", "2\\,({n} - 1)\\,{G} / {n}", lambda n, G: 2 * (n - 1) * G / n),
    Rule("seconds of sending", "{sent} / {beta}", lambda sent, beta: sent / beta),
    Rule("share of the work", "{T} / {n}", lambda T, n: T / n),
    Rule("computing and sending", "{c} + {s}", lambda c, s: c + s),
    Rule("speed-up", "{T} / {t}", lambda T, t: T / t),
    Rule("step with a late gradient", "{w} - {q}\\,{old}", lambda w, q, old: w - q * old),
    Rule("gradient with what was kept", "{g} + {e}", lambda g, e: g + e),
    Rule("rounded to a whole number", "\\operatorname{{round}}({v})", lambda v: rounded(v, 0)),
    Rule("error kept", "{v} - {s}", lambda v, s: v - s),
    Rule("sum of what was sent", "{s1} + {s2} + {s3}", lambda s1, s2, s3: s1 + s2 + s3),
]  # fmt: skip

_GATE_TEX = {
    "add": ("{a} + {b}", "1", "1"),
    "subtract": ("{a} - {b}", "1", "-1"),
    "multiply": ("{a} \\cdot {b}", "{b}", "{a}"),
    "divide": ("{a} / {b}", "1/{b}", "-{a}/{b}^2"),
    "negate": ("-{x}", "-1"),
    "reciprocal": ("1/{x}", "-1/{x}^2"),
    "square": ("{x}^2", "2\\,{x}"),
    "sqrt": ("\\sqrt{{{x}}}", "1/(2\\,{out})"),
    "exp": ("e^{{{x}}}", "{out}"),
    "log": ("\\ln {x}", "1/{x}"),
    "sigmoid": ("\\sigma({x})", "{out}(1-{out})"),
    "tanh": ("\\tanh {x}", "1-{out}^2"),
    "identity": ("{x}", "1"),
    "sin": ("\\sin {x}", "\\cos {x}"),
    "cos": ("\\cos {x}", "-\\sin {x}"),
    "relu": ("\\max({x}, 0)", "[{x} > 0]"),
    "maximum": ("\\max({a}, {b})", "[{a} > {b}]", "[{b} > {a}]"),
    "minimum": ("\\min({a}, {b})", "[{a} < {b}]", "[{b} < {a}]"),
}


def _gate_rules() -> list[Rule]:
    """For each gate its output, and its local gradient for each input, from the gate's row."""
    rules = []
    for name, (out, *locals_) in _GATE_TEX.items():
        gate = GATES[name]
        if gate.arity == 1:
            rules += [
                Rule(name, out, lambda x, gate=gate: each(gate, x)),
                Rule(f"local gradient of {name}", locals_[0], lambda out, x, gate=gate: local(gate, 0, out, x)),
            ]
        else:
            rules.append(Rule(name, out, lambda a, b, gate=gate: each(gate, a, b)))
            rules += [
                Rule(f"local gradient of {name}, {side} input", tex, lambda out, a, b, gate=gate, k=k: local(gate, k, out, a, b))
                for k, (side, tex) in enumerate(zip(("first", "second"), locals_))
            ]
    return rules


RULES: dict[str, Rule] = {rule.name: rule for rule in [*_gate_rules(), *_RULES]}
"""Every rule by its name."""


@cache
def parts_of(formula: Callable[..., Any]) -> tuple[str, ...]:
    """The names of the parts that a formula needs."""
    parameters = inspect.signature(formula).parameters.values()
    return tuple([p.name for p in parameters if p.default is p.empty])
