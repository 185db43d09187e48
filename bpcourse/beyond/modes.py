"""Two directions for the chain rule: tangents forward, upstream gradients backward.

Row i, column j of the Jacobian J is ∂output_i/∂input_j. Forward mode gets J·t for
one tangent t, reverse mode u·J for one list of upstreams u, each in a single
sweep over the graph; neither builds J. Both multiply the local gradients of the
same gate table; only the order of the products differs.

Book: chapter 14.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bpcourse import checks
from bpcourse.checks import Array
from bpcourse.graph import (
    Operand,
    Value,
    adjoints,
    expect_unchanged,
    expect_value,
    expect_values,
    gradient,
    local_gradients,
    topological_order,
)

MODES = ("forward", "reverse")


def jvp(outputs: Sequence[Value], tangents: Mapping[Value, Operand]) -> list[Any]:
    """Jacobian times tangents, Σⱼ ∂output/∂inputⱼ · tⱼ for each output: forward mode.

    How fast each output moves while the inputs move with the speeds `tangents`;
    an input that is not named stands still. Numbers; where a tangent is a Value,
    Values with graphs of their own.

    Raises TypeError where outputs is not a list of Values or tangents not a dict
    from Values to numbers; ValueError where there are no outputs, or a result is
    not finite.
    """
    outputs = _values(outputs, "outputs")
    found = _sweep(outputs, tangents)
    results = [found.get(output, 0.0) for output in outputs]
    if any(isinstance(t, Value) for t in tangents.values()):
        return [t if isinstance(t, Value) else Value(t) for t in results]
    return _finite(results, "jvp")


def vjp(outputs: Sequence[Value], upstreams: Sequence[Operand], inputs: Sequence[Value]) -> list[Any]:
    """Upstreams times Jacobian, Σᵢ uᵢ · ∂outputᵢ/∂input for each input: reverse mode.

    It is the gradient of the one number Σᵢ uᵢ·outputᵢ, and computed as that.
    Numbers; where an upstream is a Value, Values with graphs of their own.

    Raises TypeError where outputs or inputs is not a list of Values or an upstream
    no number; ValueError where there are no outputs or not one upstream for each,
    or a result is not finite.
    """
    outputs, inputs = _values(outputs, "outputs"), _values(inputs, "inputs")
    listed = checks.listed(upstreams, "upstreams", "numbers")
    weights = [u if isinstance(u, Value) else checks.number(u, "upstreams") for u in listed]
    if len(weights) != len(outputs):
        raise ValueError(f"upstreams: expected one for each of {len(outputs)} outputs, got {len(weights)}")
    pulled = outputs[0] * weights[0]
    for output, u in zip(outputs[1:], weights[1:]):
        pulled = pulled + output * u
    if any(isinstance(u, Value) for u in weights):
        return list(gradient(pulled, inputs))
    grads = adjoints(pulled)
    return _finite([grads.get(x, 0.0) for x in inputs], "vjp")


def jacobian(outputs: Sequence[Value], inputs: Sequence[Value], mode: str = "reverse") -> Array:
    """The matrix ∂output_i/∂input_j, (outputs, inputs).

    "forward" makes a sweep for each input and fills a column, "reverse" one for
    each output and fills a row.

    Raises TypeError where outputs or inputs is not a list of Values, ValueError
    where one is empty, the mode is unknown or an entry is not finite.
    """
    outputs, inputs = _values(outputs, "outputs"), _values(inputs, "inputs")
    if checks.choice(mode, "mode", MODES) == "forward":
        moved = [_sweep(outputs, {x: 1.0}) for x in inputs]
        return np.array([_finite([tangents.get(y, 0.0) for y in outputs], "jacobian") for tangents in moved]).T
    rows = [adjoints(output) for output in outputs]
    return np.array([_finite([grads.get(x, 0.0) for x in inputs], "jacobian") for grads in rows])


def count_products(outputs: Sequence[Value], inputs: Sequence[Value], mode: str = "reverse") -> int:
    """How many wires `jacobian` goes along: local products, one a wire and sweep.

    A forward sweep goes along the wires that come from its input, a reverse sweep
    along all wires below its output. Errors as `jacobian`.
    """
    outputs, inputs = _values(outputs, "outputs"), _values(inputs, "inputs")
    if checks.choice(mode, "mode", MODES) == "reverse":
        return sum(len(node.inputs) for output in outputs for node in topological_order(output))
    order = topological_order(*outputs)
    total = 0
    for x in inputs:
        moved = {x}
        for node in order:
            wires = sum(source in moved for source in node.inputs)
            if wires:
                moved.add(node)
            total += wires
    return total


def hessian_vector(output: Value, inputs: Sequence[Value], vector: Sequence[float]) -> list[float]:
    """Hessian times vector: Σⱼ ∂²output/∂inputᵢ∂inputⱼ · vⱼ for each i.

    Reverse mode builds the gradient's graph, forward mode pushes the vector
    through it: one sweep each, and no matrix.

    Raises TypeError where output is not a Value, inputs not a list of Values or an
    entry of vector no number; ValueError where there are no inputs, one stands
    twice, vector has another length, or a result is not finite.
    """
    expect_value(output, "output")
    inputs, speeds = _values(inputs, "inputs"), checks.listed(vector, "vector", "numbers")
    if len(set(inputs)) < len(inputs):
        raise ValueError(f"inputs: expected each Value once, got {inputs!r}")
    if len(speeds) != len(inputs):
        raise ValueError(f"vector: expected one number for each of {len(inputs)} inputs, got {len(speeds)}")
    return jvp(gradient(output, inputs), {x: checks.number(v, "vector") for x, v in zip(inputs, speeds)})


def forward_tangents(outputs: Sequence[Value], tangents: Mapping[Value, Operand]) -> dict[Value, Any]:
    """The tangent of every value that moves with `tangents`, from the inputs on.

    At each gate Σ local gradient · tangent, over the inputs that move; the mirror
    image of `bpcourse.graph.adjoints`. `jvp` is this sweep. Errors as there.
    """
    found = _sweep(_values(outputs, "outputs"), tangents)
    _finite([t for t in found.values() if not isinstance(t, Value)], "tangents")
    return found


def _sweep(outputs: Sequence[Value], tangents: Any) -> dict[Value, Any]:
    found: dict[Value, Any] = {}
    for x, t in checks.mapping(tangents, "tangents", "a dict from Values to numbers").items():
        expect_value(x, "tangents")
        found[x] = t if isinstance(t, Value) else checks.number(t, "tangents")
    symbols = any(isinstance(t, Value) for t in found.values())
    order = topological_order(*outputs)
    expect_unchanged(order)
    for node in order:
        if found.keys().isdisjoint(node.inputs):
            continue
        wires = zip(node.inputs, local_gradients(node, symbols), strict=True)
        for share in [local * found[source] for source, local in wires if source in found]:
            found[node] = found[node] + share if node in found else share
    return found


def _values(x: Any, argument: str) -> list[Value]:
    values = expect_values(x, argument)
    if not values:
        raise ValueError(f"{argument}: expected at least one Value, got none")
    return values


def _finite(results: list[Any], argument: str) -> list[float]:
    for x in results:
        if not math.isfinite(x):
            raise ValueError(f"{argument}: expected finite derivatives, got {x!r}")
    return [float(x) for x in results]
