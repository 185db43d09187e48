"""The same network as a graph of numbers: one node a weight, a sum, an activation.

Book: chapters 06 to 08.
"""

from __future__ import annotations

from typing import Any

from bpcourse import checks
from bpcourse.gates import GATES
from bpcourse.graph import Value, exp
from bpcourse.layers import LOSSES
from bpcourse.network import questions
from bpcourse.network.equations import forward
from bpcourse.network.questions import Parameters


def as_graph(
    parameters: Parameters,
    x: Any,
    y: Any,
    hidden: str = "relu",
    output: str = "softmax",
    loss: str = "cross_entropy",
) -> dict[str, Value]:
    """z = Σ w·a + b and a = f(z) as scalar values by name, for one example.

    x and y are one example each, (units,). The names are those of the book:
    `x_1`; `w_212` and `b_21` (layer, to, from); `z_21` and `a_21` (layer,
    unit), where the last layer's a is the prediction; `y_1`; `loss`. Commas
    part the indices where there are more than 9 units or layers: `w_1,10,2`. The softmax
    is written out in exponentials, so logits must stay below 700.

    Raises ValueError and TypeError as `backpropagation`.
    """
    parameters = questions.checked_parameters(parameters)
    X, depth = checks.column(x, "x"), len(parameters) // 2
    questions.expect_units(X, "x", parameters)
    cache = forward(X, parameters, hidden, output)
    targets = questions.labels(checks.column(y, "y"), cache[f"A{depth}"], loss, output, "y")[:, 0]
    nodes: dict[str, Value] = {}

    def put(letter: str, indices: tuple[int, ...], value: Value | float) -> Value:
        name = node_name(parameters, letter, *indices)
        nodes[name] = value if isinstance(value, Value) else Value(value)
        return nodes[name].named(name)

    below = [put("x", (k,), float(v)) for k, v in enumerate(cache["A0"][:, 0], start=1)]
    for l in range(1, depth + 1):
        W, b = parameters[f"W{l}"], parameters[f"b{l}"]
        Z = []
        for j in range(1, len(W) + 1):
            products = [put("w", (l, j, k), float(W[j - 1, k - 1])) * a for k, a in enumerate(below, start=1)]
            Z.append(put("z", (l, j), sum(products[1:], products[0]) + put("b", (l, j), float(b[j - 1, 0]))))
        f = output if l == depth else hidden
        A = _softmax(Z) if f == "softmax" else [Value.apply_gate(GATES[f], z) for z in Z]
        below = [put("a", (l, j), a) for j, a in enumerate(A, start=1)]
    pairs = [(put("y", (j,), float(t)), a) for j, (t, a) in enumerate(zip(targets, below), start=1)]
    terms = [LOSSES[loss].of_values(t, a) for t, a in pairs]
    nodes["loss"] = sum(terms[1:], terms[0]).named("loss")
    return nodes


def node_name(parameters: Parameters, letter: str, *indices: int) -> str:
    """The name that `as_graph` gives to a number: `w_212` = w²₁₂, or `w_2,1,12`.

    Commas stand where a layer or a shape of a parameter is above 9.

    Raises TypeError and ValueError where parameters are no dict of arrays, letter is
    no text or an index no whole number.

    Book: chapter 06.
    """
    checks.mapping(parameters, "parameters")
    indices = tuple([checks.count(i, "indices") for i in indices])
    largest = max([len(parameters) // 2, *(max(checks.array(W, name).shape, default=1) for name, W in parameters.items())])
    return f"{checks.text(letter, 'letter')}_{(',' if largest > 9 else '').join(map(str, indices))}"


def _softmax(Z: list[Value]) -> list[Value]:
    powers = [exp(z) for z in Z]
    total = sum(powers[1:], powers[0])
    return [p / total for p in powers]
