"""What a gradient costs: multiplications, numbers kept, and keeping fewer of them.

A network is given by its `sizes`, inputs first: [784, 512, 10] has two layers.
N is the number of its weights, N₁ those of its first layer. Counted are the
multiplications inside the matrix products W A_below, dZ A_belowᵀ and Wᵀ dZ; left
out are a few operations a unit and an example, and dW's division by m.

Book: chapter 13.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks, network
from bpcourse.checks import Array
from bpcourse.layers import ACTIVATIONS, activation_vjp
from bpcourse.network import Parameters, backpropagation, forward


def forward_products(sizes: Sequence[int], examples: int = 1) -> int:
    """Multiplications of a forward pass: m·N for m examples and N weights.

    Raises ValueError for fewer than two sizes, or a size or examples < 1.

    Book: chapter 13.
    """
    return checks.whole(examples, "examples") * sum(_weights(checks.sizes(sizes)))


def backward_products(sizes: Sequence[int], examples: int = 1) -> int:
    """Multiplications of a backward pass: m·(2N − N₁).

    One a weight for dW = dZ A_belowᵀ, one for dA_below = Wᵀ dZ, which the first
    layer does not need. Errors as `forward_products`.

    Book: chapter 13.
    """
    weights = _weights(checks.sizes(sizes))
    return checks.whole(examples, "examples") * (2 * sum(weights) - weights[0])


def numerical_products(sizes: Sequence[int], examples: int = 1, central: bool = False) -> int:
    """Multiplications of a gradient by nudging every weight and every bias.

    m·N·(P + 1) by forward differences, m·N·2P by central ones, where P is the
    number of weights and biases. Errors as `forward_products`.

    Book: chapter 13.
    """
    sizes = checks.sizes(sizes)
    nudged = sum(_weights(sizes)) + sum(sizes[1:])
    return (2 * nudged if central else nudged + 1) * forward_products(sizes, examples)


def kept_numbers(sizes: Sequence[int], examples: int = 1, every: int | None = None) -> int:
    """The most numbers held at once for the way back: inputs, Z and A.

    With every=None all that `forward` keeps, m·(n₀ + 2Σn). Otherwise what
    `checkpointed_gradients` holds: A below each segment of `every` layers that is
    not done yet, and Z and A of the segment it works on. Z and A are counted as
    two also where the activation is the identity and hands on the same array.

    Raises ValueError as `forward_products`, and for every < 1.

    Book: chapter 13.
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

    Book: chapter 13.
    """

    grads: dict[str, Array]
    kept: int
    recomputed: int


def checkpointed_gradients(
    X: Any,
    Y: Any,
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

    Book: chapter 13.
    """
    every = checks.whole(every, "every")
    parameters = network.checked_parameters(parameters)
    depth = len(parameters) // 2
    starts = _starts(depth, every)
    segments = [_segment(parameters, start, end) for start, end in itertools.pairwise([*starts, depth])]
    checkpoints = [checks.batch(X, "X")]
    for layers in segments[:-1]:
        _, Z = forward(checkpoints[-1], layers, hidden, "identity").popitem()
        checkpoints.append(ACTIVATIONS[hidden](Z))

    cache = forward(checkpoints[-1], segments[-1], hidden, output)
    kept = _numbers([*checkpoints, *cache.values()])
    back = backpropagation(cache, Y, segments[-1], hidden, output, loss)
    grads = _of_parameters(back, starts[-1])
    for start, layers, above in zip(starts[-2::-1], segments[-2::-1], segments[::-1]):
        A, dA = checkpoints.pop(), above["W1"].T @ back["dZ1"]
        back.clear()
        cache = forward(checkpoints[-1], layers, hidden, "identity")
        kept = max(kept, _numbers([*checkpoints, A, *cache.values()]))
        top, Z = cache.popitem()
        dZ = activation_vjp(hidden, dA, Z, A)
        # ½Σ(ŷ − y)² of an identity output has the delta ŷ − y: with ŷ = dZ and y = 0 it is our dZ.
        cache[f"Z{top[1:]}"] = cache[top] = dZ
        back = backpropagation(cache, np.zeros_like(dZ), layers, hidden, "identity", "half_squared_error")
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
