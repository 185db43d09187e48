"""The derivations of the book's circuits and networks, step by step.

Book: chapters 03 to 12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bpcourse import checks
from bpcourse.graph import Value, expect_value, topological_order
from bpcourse.layers import ACTIVATIONS, LOSSES
from bpcourse.network import backpropagation, forward
from bpcourse.practice.derivations import Derivation, Given, Step

# How other numbers are drawn, by name: (low, high, decimals) of `Given`.
Draws = Mapping[str, tuple[int, int, int]]


def of_circuit(output: Value, fresh: Draws | None = None) -> Derivation:
    """The values of a circuit, and ∂output/∂value of each, in the order of the sweep.

    An input without a name is a constant; what a gate made without one is n1, n2, …. A
    step `dx` is ∂output/∂x, `dq_dx` a local gradient; where several wires leave a
    value, `q_to_x` is what one of them brings back.

    Raises TypeError where output is not a Value or fresh no dict, ValueError where two
    values have one name.

    Book: chapters 03 to 05.
    """
    expect_value(output, "output")
    return _Circuit(output).derivation(_draws(fresh))


def _draws(fresh: Any) -> Draws:
    """How numbers are drawn, as it was given; ValueError or TypeError where it is no (low, high, decimals)."""
    for name, draw in checks.mapping({} if fresh is None else fresh, "fresh", "a dict").items():
        triple = [checks.number(x, "fresh") for x in checks.listed(draw, "fresh", "(low, high, decimals)")]
        if len(triple) != 3 or not triple[0] < triple[1] or triple[2] not in range(16) or any(x % 1 for x in triple):
            raise ValueError(
                f"fresh: expected whole numbers (low, high, decimals), low < high, got {checks.short(draw)} for {name}"
            )
    return fresh or {}


class _Circuit:
    """The names in a circuit, and the steps so far."""

    def __init__(self, output: Value) -> None:
        self.output = output
        self.order = topological_order(output)
        self.made = [node for node in self.order if node.gate is not None]
        self.inputs = [node for node in self.order if node.gate is None]
        self.names = {node: node.name or f"n{k}" for k, node in enumerate(self.made, start=1)}
        self.names.update({node: node.name or f"c{k}" for k, node in enumerate(self.inputs, start=1)})
        self.steps: list[Step] = []

    def derivation(self, fresh: Draws) -> Derivation:
        """Forward, then backward: what several wires bring is summed before it goes on."""
        for node in self.made:
            self.forward(node)
        arriving: dict[Value, list[str]] = {}
        for node in [*reversed(self.made), *self.inputs]:
            self.sum(node, arriving.get(node, []))
            for k, source in enumerate(node.inputs):
                if source.gate is not None or source.name is not None:
                    arriving.setdefault(source, []).append(self.back(node, k))
        givens = [Given(self.names[x], self.tex(x), x.value, *fresh.get(self.names[x], ())) for x in self.inputs]
        return Derivation(tuple(givens), tuple(self.steps))

    def tex(self, node: Value) -> str:
        """The symbol of a value; a constant is its number."""
        return f"{node.value:g}" if node.gate is None and node.name is None else symbol(self.names[node])

    def slope(self, of: Value, by: Value) -> str:
        """∂of/∂by."""
        return f"\\partial {self.tex(of)}/\\partial {self.tex(by)}"

    def parts(self, node: Value) -> dict[str, str]:
        """What the gate of a node reads, and what lies behind it, which a mistake may read.

        Behind a gate of one input: `inner` the input of its input, `start` the first
        value of the chain, `other` what the same gate made one layer before. Behind the
        second of two inputs: `before`, what its gate read.
        """
        sources = node.inputs
        found = dict(zip(("x",) if len(sources) == 1 else ("a", "b"), sources))
        chain = [sources[-1]]
        while len(chain[-1].inputs) == 1:
            chain.append(chain[-1].inputs[0])
        if len(sources) == 2:
            found.update(zip(["before"], chain[1:]))
        else:
            found.update(zip(["inner"], chain[1:]))
            found.update(zip(["start"], chain[2:][-1:]))
            found.update([("other", below) for below in sources[0].inputs if below.gate is node.gate])
        return {part: self.names[value] for part, value in found.items()}

    def after(self, node: Value) -> dict[str, str]:
        """What is made of the node, for a mistake to read.

        `after` by its only reader, where that has one input; `above` by the same gate, one layer on.
        """
        readers = [reader for reader in self.made if node in reader.inputs]
        found = {"after": self.names[readers[0]]} if [len(reader.inputs) for reader in readers] == [1] else {}
        again = [above for above in self.made for below in above.inputs if below in readers and above.gate is node.gate]
        return {**found, "above": self.names[again[0]]} if again else found

    def forward(self, node: Value) -> None:
        """The step that makes the node."""
        rule, constants = _gate(node)
        self.steps.append(Step(self.names[node], self.tex(node), rule, self.parts(node), constants))

    def back(self, node: Value, k: int) -> str:
        """The steps of the wire from node back to its k-th input; the name of what it brings."""
        source = node.inputs[k]
        of, by = self.names[node], self.names[source]
        again = "_again" * node.inputs[:k].count(source)
        alone = sum(reader.inputs.count(source) for reader in self.made) == 1
        whole = f"d{by}" if alone else f"{of}_to_{by}{again}"
        rule, constants = _gate(node)
        side = f", {('first', 'second')[k]} input" if len(node.inputs) == 2 else ""
        local = whole if node is self.output else f"d{of}_d{by}{again}"
        parts = {"out": of, **self.parts(node), **self.after(node)}
        last = node is self.output
        way = "\\text{straight}" if last else f"\\text{{through }} {self.tex(node)}"
        share = self.slope(self.output, source) if alone else way
        tex = share if last else self.slope(node, source)
        self.steps.append(Step(local, tex, f"local gradient of {rule}{side}", parts, constants))
        if not last:
            self.steps.append(Step(whole, share, "upstream times local", {"u": f"d{of}", "local": local}))
        return whole

    def sum(self, node: Value, flows: Sequence[str]) -> None:
        """The sum of what comes back along several wires, two at a time."""
        sofar = flows[0] if flows else ""
        for k, flow in enumerate(flows[1:], start=2):
            name = f"d{self.names[node]}" + ("" if k == len(flows) else f"_{k}")
            self.steps.append(Step(name, self.slope(self.output, node), "sum over the paths", {"g1": sofar, "g2": flow}))
            sofar = name


def _gate(node: Value) -> tuple[str, dict[str, Any]]:
    """The rule of the gate that made a node, and its exponent."""
    assert node.gate is not None
    return (node.gate.name, {}) if node.gate.exponent is None else ("power", {"n": int(node.gate.exponent)})


def symbol(name: str) -> str:
    """A name of the code in LaTeX: w_212 is w_{212}, h3 is h_{3}, ŷ is \\hat y."""
    letter = name.rstrip("0123456789_,")
    index = name[len(letter) :].strip("_")
    return letter.replace("ŷ", "\\hat y") + (f"_{{{index}}}" if index else "")


def _places(W: Any) -> list[tuple[int, ...]]:
    """The places of a matrix, counted from 1."""
    return [(j + 1, k + 1) for j, k in np.ndindex(np.shape(W))]


def _columns(x: Any, argument: str) -> Any:
    """One example or a batch as an array (units, examples)."""
    array = checks.array(x, argument)
    return checks.column(array, argument) if array.ndim == 1 else checks.batch(array, argument)


def of_network(
    parameters: Mapping[str, Any],
    X: Any,
    Y: Any,
    hidden: str = "relu",
    output: str = "softmax",
    loss: str = "cross_entropy",
    eta: float = 1.0,
    fresh: Draws | None = None,
    entries: Sequence[str] = (),
    matched: bool = False,
) -> Derivation:
    """A layered network: forward, back, a step downhill, for one example or a batch.

    The names are those of the code: z1, a1, … loss, da2, delta2, dW2, db2, da1, slope1,
    delta1, …, W1_new; of a batch Z1, A1, …, losses, cost, dA2, dZ2 and so on. `entries`
    adds single weights' gradients, w_212 as dw_212. With `matched` the output's delta
    is a − y. `fresh` tells for x, W, b and eta how other numbers are drawn: (low, high,
    decimals).

    Raises ValueError and TypeError as `backpropagation`, and for entries or fresh
    numbers that are not there.

    Book: chapters 06 to 12.
    """
    title = LOSSES[checks.choice(loss, "loss", LOSSES)].label
    X, Y = _columns(X, "X"), _columns(Y, "Y")
    backpropagation(forward(X, parameters, hidden, output), Y, parameters, hidden, output, loss)  # which asks all that is asked
    hidden = checks.choice(hidden, "hidden", ACTIVATIONS)  # a gate of one's own has no rule
    eta, matched, drawn = checks.number(eta, "eta"), checks.flag(matched, "matched"), _draws(fresh)
    depth, batch = len(parameters) // 2, X.shape[1] > 1
    x, y, z, a, da, delta, mean_ = ("X", "Y", "Z", "A", "dA", "dZ", "mean ") if batch else ("x", "y", "z", "a", "da", "delta", "")
    d, C = ("dZ", "C") if batch else ("\\delta", "L")
    givens = [Given(x, x, X, *drawn.get("x", ())), Given(y, y, Y), Given("eta", "\\eta", eta, *drawn.get("eta", ()))]
    for l in range(1, depth + 1):
        givens += [Given(f"{n}{l}", f"{n}^{l}", np.asarray(parameters[f"{n}{l}"], float), *drawn.get(n, ())) for n in ("W", "b")]
    As = [x] + [f"{a}{l}" for l in range(1, depth + 1)]
    prediction = "\\hat Y" if batch else "\\hat y"
    steps: list[Step] = []

    def add(name: str, tex: str, rule: str, **parts: str) -> None:
        steps.append(Step(name, tex, rule, parts))

    for l in range(1, depth + 1):
        add(f"{z}{l}", f"{z}^{l}", "weighted sum", W=f"W{l}", a=As[l - 1], b=f"b{l}")
        add(As[l], f"{a}^{l}" if l < depth else prediction, hidden if l < depth else output, x=f"{z}{l}")
    top = {"y": y, "a": As[depth], "z": f"{z}{depth}"}
    add("losses" if batch else "loss", "L", title, **top)
    if batch:
        add("cost", "C", "mean over the examples", L="losses")
    for l in range(depth, 0, -1):
        if l == depth and matched:
            add(f"{delta}{l}", f"{d}^{l}", "output minus label", **top)
        else:
            if l == depth:
                add(f"{da}{l}", f"\\partial L/\\partial {prediction}", f"slope of {title}", **top)
            else:
                above = {"W": f"W{l + 1}", "delta": f"{delta}{l + 1}", "dW": f"dW{l + 1}", "eta": "eta"}
                add(f"{da}{l}", f"\\partial L/\\partial {a}^{l}", "back through the weights", **above)
            if l == depth and output == "softmax":
                add(f"{delta}{l}", f"{d}^{l}", "back through the softmax", u=f"{da}{l}", **top)
            else:
                gate = output if l == depth else hidden
                add(f"slope{l}", f"f'({z}^{l})", f"local gradient of {gate}", out=As[l], x=f"{z}{l}", other=As[l - 1])
                add(f"{delta}{l}", f"{d}^{l}", "upstream times local", u=f"{da}{l}", local=f"slope{l}")
        nearby = {"own": As[l], **({"z": f"{z}{l - 1}"} if l > 1 else {})}
        for n, name, parts in (("W", "weights", {"a": As[l - 1], **nearby}), ("b", "biases", {})):
            add(f"d{n}{l}", f"\\partial {C}/\\partial {n}^{l}", f"{mean_}gradient of the {name}", delta=f"{delta}{l}", **parts)
    for l in range(1, depth + 1):
        for n in ("W", "b"):
            add(f"{n}{l}_new", f"{n}^{l}_{{\\text{{new}}}}", "step downhill", w=f"{n}{l}", eta="eta", g=f"d{n}{l}")
    known = {f"w_{l}{j}{k}" for l in range(1, depth + 1) for j, k in _places(parameters[f"W{l}"])}
    for name in checks.listed(entries, "entries", "weights"):
        l, j, k = map(int, checks.choice(name, "entries", sorted(known)).removeprefix("w_"))
        place, tex = {"row": j, "column": k}, f"\\partial {C}/\\partial w^{l}_{{{j}{k}}}"
        if batch:
            steps.append(Step(f"d{name}", tex, "entry", {"M": f"dW{l}"}, place))
        else:
            read = {"a": As[l - 1], "own": As[l], "W": f"W{l}", **({"z": f"{z}{l - 1}"} if l > 1 else {})}
            steps.append(Step(f"d{name}", tex, "gradient of one weight", {"delta": f"{delta}{l}", **read}, place))
    return Derivation(tuple(givens), tuple(steps))
