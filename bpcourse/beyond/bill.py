"""What a gradient costs: operations, products, nudges, numbers kept, keeping fewer.

`operations` counts any program, given as a graph. For the rest a network is given
by its `sizes`, inputs first: [784, 512, 10] has two layers.
N is the number of its weights, N₁ those of its first layer. Counted are the
multiplications inside the matrix products W A_below, dZ A_belowᵀ and Wᵀ dZ; left
out are a few operations a unit and an example, and dW's division by m.

Book: chapter 13.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.checks import Array
from bpcourse.doors import asked
from bpcourse.gates import GATES
from bpcourse.graph import Value, gradient, topological_order
from bpcourse.layers import activation_vjp, affine, losses, output_delta
from bpcourse.network import Cache, Parameters, checked_parameters, cost, forward, pull_back, questions


class Operations(NamedTuple):
    """What `operations` returns: how often each operation is made, by its name.

    `forward` on the way to the output, `backward` on the way back to all inputs.
    """

    forward: Counter[str]
    backward: Counter[str]


def operations(output: Value) -> Operations:
    """The operations of a program and of its gradient by every input.

    Counted are the gates of its graph, and those that `gradient` adds; a change of
    sign is none. Constants are inputs, too.

    In a program of + − × and functions of one variable, forward and backward
    together are at most four times forward, and the products alone, where there are
    only + − ×, at most three times: the theorem of chapter 13. Each quotient takes
    up to two operations more, since both its wires divide. A maximum, a minimum and
    a power with two inputs take more.

    Raises TypeError where output is not a Value, otherwise errors as `gradient`.
    """
    order = topological_order(output)
    inputs = [node for node in order if node.gate is None]
    forward = _operations(order)
    return Operations(forward, _operations(topological_order(output, *gradient(output, inputs))) - forward)


def _operations(order: Iterable[Value]) -> Counter[str]:
    names = [node.gate.name for node in order if node.gate is not None]
    return Counter(name for name in names if name != "negate")


def forward_products(sizes: Sequence[int], examples: int = 1) -> int:
    """Multiplications of a forward pass: m·N for m examples and N weights.

    Raises ValueError for fewer than two sizes, or a size or examples < 1.
    """
    return checks.whole(examples, "examples") * sum(_weights(checks.sizes(sizes)))


def backward_products(sizes: Sequence[int], examples: int = 1) -> int:
    """Multiplications of a backward pass: m·(2N − N₁).

    One a weight for dW = dZ A_belowᵀ, one for dA_below = Wᵀ dZ, which the first
    layer does not need. Errors as `forward_products`.
    """
    weights = _weights(checks.sizes(sizes))
    return checks.whole(examples, "examples") * (2 * sum(weights) - weights[0])


def numerical_products(sizes: Sequence[int], examples: int = 1, central: bool = False) -> int:
    """Multiplications of a gradient by nudging every weight and every bias.

    m·N·(P + 1) by forward differences, m·N·2P by central ones, where P is the
    number of weights and biases. Errors as `forward_products`.
    """
    sizes = checks.sizes(sizes)
    nudged = sum(_weights(sizes)) + sum(sizes[1:])
    return (2 * nudged if checks.flag(central, "central") else nudged + 1) * forward_products(sizes, examples)


def _of_a_batch(
    X: Any, Y: Any, parameters: Any, hidden: Any = "relu", output: Any = "softmax", loss: Any = "cross_entropy"
) -> tuple[Any, ...]:
    """Numbers in float64 that fit each other."""
    parameters = {name: array.astype(float) for name, array in checked_parameters(parameters).items()}
    X, parameters, *_ = questions.of_forward(checks.batch(X, "X").astype(float), parameters, hidden, output)
    outputs = np.empty((len(parameters[f"b{len(parameters) // 2}"]), X.shape[1]))
    return X, questions.labels(Y, outputs, loss, output), parameters, hidden, output, loss


def _many_nudges(
    X: Any,
    Y: Any,
    parameters: Any,
    hidden: Any = "relu",
    output: Any = "softmax",
    loss: Any = "cross_entropy",
    eps: Any = 1e-5,
    memory: Any = 2 * 2**20,
) -> tuple[Any, ...]:
    eps, memory = checks.positive(eps, "eps"), checks.whole(memory, "memory")
    return *_of_a_batch(X, Y, parameters, hidden, output, loss), eps, memory


@asked(_many_nudges)
@np.errstate(over="ignore", invalid="ignore")  # an overflow is refused by name
def numerical_gradients(
    X: Array,
    Y: Array,
    parameters: Parameters,
    hidden: str = "relu",
    output: str = "softmax",
    loss: str = "cross_entropy",
    eps: float = 1e-5,
    memory: int = 2 * 2**20,
) -> dict[str, Array]:
    """(C(w + ε) − C(w − ε)) / 2ε for every weight and bias, many nudges at a time.

    The definition and nothing else, in float64; no chain rule. Nudges of one layer
    are columns of one batch: a nudge of w_jk moves z_j by ε·a_k and leaves the
    rest of its layer and all below as it was, so only what lies above runs again.
    As many run at once as fit into `memory` bytes of arrays, at least one. X and Y
    are (units, examples); the result has `"dW1"`, `"db1"`, …, in the shapes of
    the parameters.

    Raises ValueError and TypeError as `forward` and `backpropagation`, and where
    eps or memory is not positive, eps is too small to change a weight, or a cost
    is not finite.
    """
    cache = forward(X, parameters, hidden, output)
    cost(cache, Y, loss)  # is finite
    net = _Nudged(parameters, cache, Y, loss)
    grads = {}
    for l in range(1, net.depth + 1):
        knobs = np.hstack([parameters[f"W{l}"], parameters[f"b{l}"]])
        below = np.vstack([cache[f"A{l - 1}"], np.ones(net.examples)])  # a bias reads 1
        slopes = np.empty(knobs.size)
        at_once = max(1, memory // net.bytes_a_nudge(l))
        for start in range(0, knobs.size, at_once):
            where = slice(start, min(start + at_once, knobs.size))
            j, k = np.divmod(np.arange(where.start, where.stop), knobs.shape[1])
            ahead, behind = (net.costs(l, j, _step(knobs[j, k], step)[:, None] * below[k]) for step in (eps, -eps))
            slopes[where] = (ahead - behind) / (2 * eps)
        if not np.isfinite(slopes).all():
            raise ValueError("eps: expected nudges that leave the cost finite, got an overflow")
        grads[f"dW{l}"], grads[f"db{l}"] = np.split(slopes.reshape(knobs.shape), [-1], axis=1)
    return grads


def _step(w: Array, eps: float) -> Array:
    """What w + eps really adds to w."""
    step = (w + eps) - w
    if not step.all():
        raise ValueError(f"eps: expected a step that changes w = {w[step == 0][0]:g}, got {abs(eps):g}")
    return step


class _Nudged:
    """The costs of a network, each with another weight nudged."""

    def __init__(self, parameters: Parameters, cache: Cache, Y: Array, loss: str) -> None:
        self.parameters, self.cache, self.Y, self.loss = parameters, cache, Y, loss
        self.depth, self.examples = len(parameters) // 2, Y.shape[1]

    def bytes_a_nudge(self, l: int) -> int:
        """What one nudge of layer l takes: some ten arrays of the widest layer that runs again."""
        units = [len(self.parameters[f"W{above}"]) for above in range(min(l + 1, self.depth), self.depth + 1)]
        return 10 * 8 * self.examples * (1 if self._is_alone(l) else max(units))

    def costs(self, l: int, j: Array, moves: Array) -> Array:
        """C after each move of the sum z_j of layer l, (nudges,), for moves (nudges, examples).

        Where an output unit stands for itself, only its own loss: the others' do not change.
        """
        z = self.cache[f"Z{l}"][j] + moves
        if self._is_alone(l):
            Z, Y = z.reshape(1, -1), self.Y[j].reshape(1, -1)
        else:
            Z = self._output_logits(l, j, z).reshape(len(self.Y), -1)
            Y = np.tile(self.Y, len(j)) if self.examples > 1 else self.Y
        return losses(Y, Z, self.loss, self.cache.output).reshape(z.shape).mean(axis=1)

    def _is_alone(self, l: int) -> bool:
        return l == self.depth and self.cache.output != "softmax"

    def _output_logits(self, l: int, j: Array, z: Array) -> Array:
        """The last layer's Z, (units, nudges, examples), where in layer l only the sum of unit j is another."""
        if l == self.depth:
            Z = np.repeat(self.cache[f"Z{l}"][:, None], len(j), axis=1)
            Z[j, np.arange(len(j))] = z
            return Z
        activation = GATES[self.cache.hidden]
        W = self.parameters[f"W{l + 1}"]
        Z = W[:, j, None] * (activation(z) - self.cache[f"A{l}"][j])
        Z += self.cache[f"Z{l + 1}"][:, None]
        for above in range(l + 2, self.depth + 1):
            W, b = self.parameters[f"W{above}"], self.parameters[f"b{above}"]
            Z = affine(W, activation(Z).reshape(len(Z), -1), b).reshape(len(W), *z.shape)
        return Z


def kept_numbers(sizes: Sequence[int], examples: int = 1, every: int | None = None) -> int:
    """The most numbers held at once for the way back: inputs, Z and A.

    With every=None all that `forward` keeps, m·(n₀ + 2Σn). Otherwise what
    `checkpointed_gradients` holds: A below each segment of `every` layers that is
    not done yet, and Z and A of the segment it works on. Z and A are counted as
    two also where the activation is the identity and hands on the same array.

    Raises ValueError as `forward_products`, and for every < 1.
    """
    sizes = checks.sizes(sizes)
    depth = len(sizes) - 1
    starts = _starts(depth, depth if every is None else every)
    held = [
        sum(sizes[below] for below in starts if below <= start) + 2 * sum(sizes[start + 1 : end + 1])
        for start, end in itertools.pairwise([*starts, depth])
    ]
    return checks.whole(examples, "examples") * max(held)


class Checkpointed(NamedTuple):
    """What `checkpointed_gradients` returns.

    `grads` are dW and db of every layer; `kept` is the most numbers of the
    forward pass that were held at once, `recomputed` how many layers ran twice.
    """

    grads: dict[str, Array]
    kept: int
    recomputed: int


def _in_segments(
    X: Any,
    Y: Any,
    parameters: Any,
    every: Any,
    hidden: Any = "relu",
    output: Any = "softmax",
    loss: Any = "cross_entropy",
) -> tuple[Any, ...]:
    X, parameters, *_ = questions.of_forward(X, parameters, hidden, output)
    outputs = np.empty((len(parameters[f"b{len(parameters) // 2}"]), X.shape[1]), np.result_type(X, *parameters.values()))
    return X, questions.labels(Y, outputs, loss, output), parameters, checks.whole(every, "every"), hidden, output, loss


@asked(_in_segments)
@np.errstate(over="ignore", invalid="ignore")
def checkpointed_gradients(
    X: Array,
    Y: Array,
    parameters: Parameters,
    every: int,
    hidden: str = "relu",
    output: str = "softmax",
    loss: str = "cross_entropy",
) -> Checkpointed:
    """The gradients of `backpropagation`, with every k-th activation kept.

    The layers are cut into segments of `every`. Forward keeps A below each
    segment; then, from the last segment down, its layers run forward again with
    their Z and A, and backward. All layers but the last segment's run twice. At
    once there are about d/k + 2k arrays, for d layers and k = `every`, where the
    whole cache has 2d + 1. X and Y are (units, examples).

    Raises ValueError and TypeError as `forward` and `backpropagation`, and for
    every < 1. A message about a Z counts layers from the start of its segment.
    """
    depth = len(parameters) // 2
    starts = _starts(depth, every)
    segments = [_segment(parameters, start, end) for start, end in itertools.pairwise([*starts, depth])]
    checkpoints = [X]
    for layers in segments[:-1]:
        _, Z = forward(checkpoints[-1], layers, hidden, "identity").popitem()
        checkpoints.append(GATES[hidden](Z))

    cache = forward(checkpoints[-1], segments[-1], hidden, output)
    kept = _numbers([*checkpoints, *cache.values()])
    _, A = cache.popitem()
    _, Z = cache.popitem()
    back = pull_back(output_delta(Z, A, Y, output, loss), cache, segments[-1], hidden)
    grads = _of_parameters(back, starts[-1])
    for start, layers, above in zip(starts[-2::-1], segments[-2::-1], segments[::-1]):
        A, dA = checkpoints.pop(), above["W1"].T @ back["dZ1"]
        back.clear()
        cache = forward(checkpoints[-1], layers, hidden, "identity")
        kept = max(kept, _numbers([*checkpoints, A, *cache.values()]))
        _, Z = cache.popitem()
        back = pull_back(activation_vjp(hidden, dA, Z, A), cache, layers, hidden)
        grads |= _of_parameters(back, start)
    return Checkpointed(grads, kept, starts[-1])


def _weights(sizes: Sequence[int]) -> list[int]:
    """The number of weights of each layer."""
    return [below * units for below, units in itertools.pairwise(sizes)]


def _starts(depth: int, every: int) -> list[int]:
    """The layer below each segment of `every` layers: 0, k, 2k, …"""
    return list(range(0, depth, checks.whole(every, "every")))


def _segment(parameters: Parameters, start: int, end: int) -> dict[str, Array]:
    """Layers start + 1 … end as a network of its own, counted from 1."""
    return {f"{letter}{l - start}": parameters[f"{letter}{l}"] for l in range(start + 1, end + 1) for letter in "Wb"}


def _of_parameters(grads: dict[str, Array], start: int) -> dict[str, Array]:
    """The dW and db of a segment, named by their layers in the whole network."""
    return {f"{name[:2]}{int(name[2:]) + start}": grad for name, grad in grads.items() if name[:2] in ("dW", "db")}


def _numbers(arrays: Sequence[Array]) -> int:
    """How many numbers these arrays hold together, an array that comes twice counted once."""
    return sum({id(array): array.size for array in arrays}.values())
