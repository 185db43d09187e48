"""Random cases for a reader's function: numbers, and the derivation that it should follow.

Book: chapters 03 to 12.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.gates import GATES
from bpcourse.graph import Value
from bpcourse.layers import MATCHED
from bpcourse.network import forward
from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.rules import RULES, parts_of
from bpcourse.practice.worked import of_circuit, of_network


class Case(NamedTuple):
    """Random numbers for a function, and the derivation that it should follow.

    `results` gives the step behind each result: by its name in a dict, or in order.
    `given` are steps that the function is told, so that it makes no mistake there.

    Book: chapters 03 to 12.
    """

    derivation: Derivation
    arguments: tuple[Any, ...]
    results: Mapping[str, str]
    given: tuple[str, ...] = ()


TRIALS = 3
"""Random cases of a kind: what fits by chance in one does not in all."""

EXAMPLES = 3
"""Examples in a random batch."""

SLOPES = [name for name in GATES if name in RULES and "n" not in parts_of(RULES[name].formula)]


class Setting(NamedTuple):
    """The network that a function is for: sizes, inputs first, and kinds of layers."""

    sizes: Sequence[int]
    hidden: str
    output: str
    loss: str


def _of_network(
    rng: np.random.Generator, setting: Setting, parameters: Mapping[str, Any]
) -> tuple[tuple[Any, Any], list[Derivation]]:
    """A random batch (X, Y) for a network, and the derivations of its gradients."""
    sizes, hidden, output, loss = setting
    X, Y = rng.normal(size=(sizes[0], EXAMPLES)), rng.random((sizes[-1], EXAMPLES))
    if loss == "cross_entropy":
        Y = np.eye(sizes[-1])[:, rng.integers(sizes[-1], size=EXAMPLES)]
    elif loss == "binary_cross_entropy":
        Y = np.round(Y)
    ways = {MATCHED[output] == loss, False}  # δ is ŷ − y: a function may take that way, or the long one
    return (X, Y), [of_network(parameters, X, Y, hidden, output, loss, ETA, matched=way) for way in ways]


ETA = 0.3
"""The learning rate of random updates."""


def _parameters(rng: np.random.Generator, sizes: Sequence[int]) -> dict[str, Any]:
    shapes = [(f"{n}{l}", (sizes[l], sizes[l - 1] if n == "W" else 1)) for l in range(1, len(sizes)) for n in "Wb"]
    return {name: rng.normal(size=shape) for name, shape in shapes}


def _given(derivation: Derivation, *letters: str) -> tuple[str, ...]:
    """The steps whose names begin so."""
    return tuple([step.name for step in derivation.steps if step.name.startswith(letters)])


def _of_layers(kind: str, rng: np.random.Generator, setting: Setting) -> list[list[Case]]:
    """Cases of forward, backpropagation, gradients and update."""
    cases = []
    for _ in range(TRIALS):
        parameters = _parameters(rng, setting.sizes)
        (X, Y), ways = _of_network(rng, setting, parameters)
        right = ways[0].run(ways[0].drawn())
        grads = {f"d{name}": right[f"d{name}"] for name in parameters}
        sums = {name: name for name in right if name[0] in "ZA"}
        slopes = {name: name for name in grads}
        arguments, results, letters = {
            "forward": ((X, parameters), sums, ()),
            "backpropagation": ((forward(X, parameters, setting.hidden, setting.output), Y, parameters), slopes, ("Z", "A")),
            "gradients": ((X, Y, parameters), slopes, ()),
            "update": ((parameters, grads, ETA), {name: f"{name}_new" for name in parameters}, ("Z", "A", "d", "slope")),
        }[kind]
        cases.append([Case(way, arguments, results, _given(way, *letters)) for way in ways])
    return cases


def _of_vjp(kind: str, rng: np.random.Generator, setting: Setting) -> list[list[Case]]:
    """Cases of a layer's part: what comes back goes in, with what went forward."""
    gate, units = setting.hidden, setting.sizes[-1]
    givens, steps, arguments, results = {
        "affine_vjp": (("dZ", "A_below"), [
            Step("dW", "dW", "mean gradient of the weights", {"delta": "dZ", "a": "A_below"}),
            Step("db", "db", "mean gradient of the biases", {"delta": "dZ"}),
        ], ("dZ", "A_below"), ("dW", "db")),
        "activation_vjp": (("dA", "Z"), [
            Step("A", "A", gate, {"x": "Z"}),
            Step("slope", "f'", f"local gradient of {gate}", {"out": "A", "x": "Z"}),
            Step("dZ", "dZ", "upstream times local", {"u": "dA", "local": "slope"}),
        ], ("dA", "Z", "A"), ("dZ",)),
        "softmax_vjp": (("dA", "Z"), [
            Step("A", "A", "softmax", {"x": "Z"}),
            Step("dZ", "dZ", "back through the softmax", {"u": "dA", "a": "A", "z": "Z"}),
        ], ("dA", "A"), ("dZ",)),
    }[kind]  # fmt: skip
    cases = []
    for _ in range(TRIALS):
        numbers = [Given(name, name, rng.normal(size=(units + (name == "A_below"), EXAMPLES))) for name in givens]
        way = Derivation(tuple(numbers), tuple(steps))
        values = way.run(way.drawn())
        given = tuple([step.name for step in steps if step.name == "A"])
        cases.append([Case(way, tuple([values[name] for name in arguments]), {name: name for name in results}, given)])
    return cases


KINDS: dict[str, Callable[[np.random.Generator, Setting], list[list[Case]]]] = {
    **{kind: partial(_of_layers, kind) for kind in ("forward", "backpropagation", "gradients", "update")},
    **{kind: partial(_of_vjp, kind) for kind in ("affine_vjp", "activation_vjp", "softmax_vjp")},
}
"""What a function may be like, and the cases for it."""


def of_gate(rng: np.random.Generator, name: str) -> list[list[Case]]:
    """Cases of a gate's local gradients, at points where it is defined."""
    gate = GATES[name]
    cases: list[list[Case]] = []
    while len(cases) < TRIALS * 2:
        point = rng.uniform(-2, 2, size=gate.arity).tolist()
        point = point if gate.domain is None or gate.domain.holds(*point) else [abs(x) for x in point]
        inputs = [Value(x, letter) for x, letter in zip(point, "xy")]
        out = gate(*inputs)
        slopes = {f"d{x.name}": f"d{x.name}" for x in inputs}
        cases.append([Case(of_circuit(out), (out.value, *point), slopes)])
    return cases


# ------------------------------------------------------------------- classes and modules

CIRCUITS: list[Callable[..., Any]] = [
    lambda x, y, z: x + y,
    lambda x, y, z: x * y,
    lambda x, y, z: (x + y) * z,
    lambda x, y, z: (x + y) * (x * z),
    lambda x, y, z: x * y * z + x,
    lambda x, y, z: x * x,
    lambda x, y, z: _twice(x * y, z),
    lambda x, y, z: _twice(_twice(x, y), z),
]
"""What a reader's class has to sweep: plain, with forks, with forks behind forks."""


def _twice(q: Any, z: Any) -> Any:
    return q * z + q


def of_sweep(rng: np.random.Generator, circuit: Callable[..., Any]) -> list[list[Case]]:
    """Cases of a circuit of adds and multiplies."""
    cases = []
    for _ in range(TRIALS):
        inputs = [Value(x, letter) for x, letter in zip(rng.normal(size=3).tolist(), "xyz")]
        way = of_circuit(circuit(*inputs))
        slopes = {step.name: step.name for step in way.steps if step.name in ("dx", "dy", "dz")}
        cases.append([Case(way, tuple([x.value for x in inputs]), slopes)])
    return cases


def sweep(kind: Any, circuit: Callable[..., Any], *point: float) -> dict[str, Any]:
    """The gradients that a reader's class finds in a circuit."""
    inputs = [kind(x) for x in point]
    circuit(*inputs).backward()
    return {f"d{letter}": x.grad for letter, x in zip("xyz", inputs)}


def of_module(rng: np.random.Generator, setting: Setting, module: Any) -> list[list[Case]]:
    """Cases of a module with its own weights and biases; ValueError for any other."""
    try:
        arrays = [parameter.detach().double().numpy() for parameter in module.parameters()]
        weights, biases = arrays[::2], arrays[1::2]
        parameters = {f"W{l}": W for l, W in enumerate(weights, start=1)} | {
            f"b{l}": b.reshape(len(W), 1) for l, (W, b) in enumerate(zip(weights, biases, strict=True), start=1)
        }
        sizes = checks.sizes([weights[0].shape[1], *map(len, weights)])
    except Exception:  # whatever a stranger's module does
        raise ValueError(
            f"function: expected a PyTorch module of layers with a weight and a bias each, got {checks.short(module)}"
        ) from None
    slopes = {f"d{name}": f"d{name}" for name in parameters}
    batches = [_of_network(rng, setting._replace(sizes=sizes), parameters) for _ in range(TRIALS)]
    return [[Case(way, batch, slopes) for way in ways] for batch, ways in batches]


def module_gradients(module: Any, criterion: Any, X: Any, Y: Any) -> dict[str, Any]:
    """The gradients of criterion(module(X), Y) as (units, below) and (units, 1)."""
    module = copy.deepcopy(module).double()
    tensor = next(module.parameters()).new_tensor
    criterion(module(tensor(X.T)), tensor(Y.T)).backward()
    grads = [parameter.grad.numpy() for parameter in module.parameters()]
    return {f"d{n}{k // 2 + 1}": g if n == "W" else g.reshape(-1, 1) for k, g in enumerate(grads) for n in "Wb"[k % 2]}
