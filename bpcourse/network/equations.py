"""The equations: forward, the way back, the cost, one step downhill.

What one layer computes is

    Z = W A_below + b,    A = f(Z),

and what comes back through it is chapter 09's four equations. What is asked of the
arguments stands in `questions`; here are the equations alone.

Book: chapters 09 to 11.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpcourse.checks import Array
from bpcourse.doors import asked
from bpcourse.gates import GATES
from bpcourse.layers import OUTPUTS, activation_vjp, affine, affine_vjp, losses, output_delta
from bpcourse.network import questions
from bpcourse.network.questions import Cache, Parameters


@asked(questions.of_forward)
@np.errstate(over="ignore", invalid="ignore")  # an overflow is refused by name
def forward(X: Array, parameters: Parameters, hidden: str = "relu", output: str = "softmax") -> Cache:
    """Every layer's Z = W A_below + b and A = f(Z), kept for the way back.

    X is (units, examples). hidden: sigmoid, tanh, relu, identity, or any gate that
    may be an activation; output: identity, sigmoid, softmax. The last A is the
    prediction ŷ.

    Raises ValueError where shapes do not fit, a number is not finite, the batch
    is empty or a name is unknown; TypeError where something is not an array.

    Book: chapter 11.
    """
    depth = len(parameters) // 2
    cache = Cache(hidden, output)
    cache["A0"] = A = X
    for l in range(1, depth + 1):
        cache[f"Z{l}"] = Z = affine(parameters[f"W{l}"], A, parameters[f"b{l}"])
        cache[f"A{l}"] = A = OUTPUTS[output](Z) if l == depth else GATES[hidden](Z)
    return questions.held(cache, "Z", "sums", "are X or the weights too large?")


@asked(questions.of_backpropagation)
@np.errstate(over="ignore", invalid="ignore")
def backpropagation(
    cache: Mapping[str, Array],
    Y: Array,
    parameters: Parameters,
    hidden: str = "relu",
    output: str = "softmax",
    loss: str = "cross_entropy",
) -> dict[str, Array]:
    """The gradients of a batch: `"dZ2"`, `"dW2"`, `"db2"`, `"dA1"`, `"dZ1"`, …

    It begins with dZ = ∂loss/∂Z of the output layer and goes on by `pull_back`.
    Y is (units, examples): numbers for the squared errors, 0 to 1 for
    binary_cross_entropy, columns of probabilities that sum to 1 for cross_entropy.
    Those two losses need outputs that are probabilities: sigmoid or softmax.

    Raises ValueError and TypeError as `forward`, also where Y does not fit the
    loss or the cache was made by other functions or shapes than are named here.
    """
    last = len(parameters) // 2
    dZ = output_delta(cache[f"Z{last}"], cache[f"A{last}"], Y, output, loss)
    return pull_back(dZ, cache, parameters, hidden)


@asked(questions.of_pull_back)
@np.errstate(over="ignore", invalid="ignore")
def pull_back(
    dZ: Array,
    cache: Mapping[str, Array],
    parameters: Parameters,
    hidden: str = "relu",
) -> dict[str, Array]:
    """The loop of backpropagation: from the last dZ to the first weights.

    With one column an example and m examples, for each layer

        dW = dZ A_belowᵀ / m      the mean over examples, the shape of W,
        db = Σ dZ / m             the mean over examples, the shape of b,
        dA_below = Wᵀ dZ          the sum over units that read A_below,
        dZ_below = dA_below ∘ f′(Z_below).

    dZ and dA belong to the single examples and carry no 1/m.

    Raises ValueError and TypeError as `backpropagation`.
    """
    grads = {}
    for l in range(len(parameters) // 2, 0, -1):
        A = cache[f"A{l - 1}"]
        grads[f"dZ{l}"] = dZ
        grads[f"dW{l}"], grads[f"db{l}"] = affine_vjp(dZ, A)
        if l > 1:
            grads[f"dA{l - 1}"] = dA = parameters[f"W{l}"].T @ dZ
            dZ = activation_vjp(hidden, dA, cache[f"Z{l - 1}"], A)
    hint = "are the labels or the weights too large?"
    return questions.held(grads, ("dW", "db"), "gradients", hint)


@asked(questions.of_cost)
@np.errstate(over="ignore", invalid="ignore")
def cost(cache: Mapping[str, Array], Y: Array, loss: str = "cross_entropy") -> float:
    """C, the mean over the m examples (columns) of the loss of each.

    A loss is summed over output units: squared_error is Σ(y−ŷ)²,
    half_squared_error ½Σ(y−ŷ)², binary_cross_entropy −Σ[y ln ŷ + (1−y) ln(1−ŷ)],
    cross_entropy −Σ y ln ŷ. With a cache that `forward` made the logarithms come
    from the logits and stay finite.

    Raises ValueError and TypeError as `backpropagation`.

    Book: chapters 10 and 11.
    """
    *_, Z, A = cache.values()
    return questions.held_cost(losses(Y, Z, loss, getattr(cache, "output", None), A).mean())


@asked(questions.of_update)
@np.errstate(over="ignore", invalid="ignore")
def update(parameters: Parameters, grads: Mapping[str, Array], learning_rate: float) -> dict[str, Array]:
    """One step downhill: W − η·dW and b − η·db, as new parameters.

    Raises ValueError where a gradient is missing, has another shape than its
    parameter or is not finite, where learning_rate is not a finite number ≥ 0, and
    where the step leads out of what a float can hold.

    Book: chapters 07 and 12.
    """
    stepped = {name: parameter - learning_rate * grads[f"d{name}"] for name, parameter in parameters.items()}
    return questions.held(stepped, ("W", "b"), "parameters", "is the learning rate too large?")
