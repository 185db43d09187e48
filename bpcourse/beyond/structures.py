"""Convolution, pooling, embedding, layer norm, attention: there and back.

Every structure is a pair. `f(X, …)` computes it; `f_vjp(upstream, X, …)` takes
the gradient of its output and what else it needs, and returns the gradients of
the inputs, in their order, each in the shape of its input.

The first axis is units (channels of an image), then come positions. Convolution
and pooling read batches, with examples as the last axis; embedding and attention
read one sequence, (units, positions). A weight that is used in many places gets
the sum over all of them, examples too: for the mean over a batch, put 1/m into
the upstream gradient.

Book: chapter 17.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bpcourse import checks
from bpcourse.beyond.remedies import standardised
from bpcourse.checks import Array
from bpcourse.doors import asked
from bpcourse.layers import softmax, softmax_vjp

VARIANCE_FLOOR = 1e-5
"""What `layer_norm` adds to a variance, so that equal units give no division by 0."""

# ------------------------------------------------------------ convolution, pooling


def _image_and_kernel(X: Any, K: Any) -> tuple[Array, Array]:
    X, K = _image(X), checks.array(K, "K")
    if K.ndim != X.ndim:
        raise ValueError(f"K: expected {X.ndim} axes (outputs, channels, window…), as X has, got shape {K.shape}")
    if K.shape[1] != len(X):
        raise ValueError(f"K: expected {len(X)} channels on its second axis, as X has, got shape {K.shape}")
    if any(w > n for w, n in zip(K.shape[2:], X.shape[1:-1])):
        raise ValueError(f"K: expected a window that fits into X's positions {X.shape[1:-1]}, got {K.shape[2:]}")
    return X, K


def _image(X: Any) -> Array:
    X = checks.array(X, "X")
    if X.ndim < 3:
        raise ValueError(f"X: expected 3 or more axes (channels, positions…, examples), got shape {X.shape}")
    return X


def _convolved(dZ: Any, X: Any, K: Any) -> tuple[Array, ...]:
    X, K = _image_and_kernel(X, K)
    positions = [n - w + 1 for n, w in zip(X.shape[1:-1], K.shape[2:])]
    return _fitting(dZ, "dZ", (len(K), *positions, X.shape[-1])), X, K


def _in_blocks(X: Any, size: Any) -> tuple[Array, int]:
    X, size = _image(X), checks.whole(size, "size")
    if any(n % size for n in X.shape[1:-1]):
        raise ValueError(f"X: expected positions that are multiples of {size}, got shape {X.shape}")
    return X, size


def _pooled(dA: Any, X: Any, size: Any) -> tuple[Any, ...]:
    X, size = _in_blocks(X, size)
    return _fitting(dA, "dA", (len(X), *(n // size for n in X.shape[1:-1]), X.shape[-1])), X, size


def _fitting(x: Any, argument: str, shape: tuple[int, ...]) -> Array:
    array = checks.array(x, argument)
    if array.shape != shape:
        raise ValueError(f"{argument}: expected shape {shape}, got {array.shape}")
    return array


@asked(_image_and_kernel, "Z")
def convolve(X: Array, K: Array) -> Array:
    """z_o,p = Σ_c Σ_u K_o,c,u · x_c,p+u: a kernel slides over the positions.

    Shapes: X (channels, positions…, examples), K (outputs, channels, window…)
    with as many axes as X; Z (outputs, positions − window + 1…, examples). One
    axis of positions makes it one-dimensional, two make it an image's. The
    kernel is not flipped, and nothing is padded.

    Raises ValueError where the axes or the channels do not fit, the window is
    larger than the input, or an array is empty or not finite, also the result;
    TypeError where one is not made of numbers.
    """
    return _slide(X, K)


@asked(_convolved, "dX", "dK")
def convolve_vjp(dZ: Array, X: Array, K: Array) -> tuple[Array, Array]:
    """(dX, dK): a full convolution with the flipped kernel, and a correlation.

    dx_c,q = Σ_o Σ_u dz_o,q−u · K_o,c,u, with dz = 0 outside its positions;
    dK_o,c,u = Σ_p dz_o,p · x_c,p+u, summed over the examples too. Both are again
    what `convolve` does: the first on dZ inside a border of zeros, the second
    with dZ as the kernel.

    Raises ValueError where dZ has not the shape of Z, otherwise as `convolve`.
    """
    bordered = np.pad(dZ, [(0, 0), *((w - 1, w - 1) for w in K.shape[2:]), (0, 0)])
    flipped = np.flip(K, axis=tuple(range(2, K.ndim))).swapaxes(0, 1)
    dK = _slide(X.swapaxes(0, -1), np.moveaxis(dZ, -1, 1))
    return _slide(bordered, flipped), np.moveaxis(dK, -1, 1)


@asked(_in_blocks)
def max_pool(X: Array, size: int) -> Array:
    """The largest number of each block: `size` positions, size×size in an image.

    a_c,p = max x_c,q over the positions q of block p; blocks do not overlap.
    Shapes: X (channels, positions…, examples), each number of positions a multiple
    of size; the result has the shape (channels, positions / size…, examples).

    Raises ValueError where X has fewer than 3 axes, a side is no multiple of
    size, or size < 1; otherwise as `convolve`.
    """
    blocks, inside = _blocks(X, size)
    return blocks.max(axis=inside)


@asked(_pooled)
def max_pool_vjp(dA: Array, X: Array, size: int) -> Array:
    """dX: each block's upstream goes to its largest number, to nothing else.

    dx_c,q = da_c,p/t where x_c,q is one of the t largest of its block p, else 0.
    Numbers that tie for the largest share it equally; for two of them these are
    the local gradients of the gate table's maximum. Shapes: dA as `max_pool`
    returns, dX as X.

    Raises ValueError where dA has not that shape, otherwise as `max_pool`.
    """
    blocks, inside = _blocks(X, size)
    wins = blocks == blocks.max(axis=inside, keepdims=True)
    share = np.expand_dims(dA, inside) / wins.sum(axis=inside, keepdims=True, dtype=dA.dtype)
    return (wins * share).reshape(X.shape)


def _slide(X: Array, K: Array) -> Array:
    places, window = tuple(range(1, X.ndim - 1)), K.shape[2:]
    windows = sliding_window_view(X, window, axis=places)
    return np.tensordot(K, windows, axes=(range(1, K.ndim), (0, *range(X.ndim, windows.ndim))))


def _blocks(X: Array, size: int) -> tuple[Array, tuple[int, ...]]:
    """X with every axis of positions split in two, and the axes inside the blocks."""
    sides = X.shape[1:-1]
    split = [part for n in sides for part in (n // size, size)]
    return X.reshape(len(X), *split, X.shape[-1]), tuple(range(2, 2 + 2 * len(sides), 2))


# ----------------------------------------------------------- embedding, layer norm


def _words(E: Any, ids: Any) -> tuple[Array, Array]:
    E = _table(E, "E", "words")
    return E, checks.labels(ids, "ids", E.shape[1])


def _embedded(dX: Any, E: Any, ids: Any) -> tuple[Array, ...]:
    E, ids = _words(E, ids)
    return _fitting(dX, "dX", (len(E), len(ids))), E, ids


def _columns(X: Any, gamma: Any, beta: Any) -> tuple[Array, ...]:
    X = _table(X, "X", "positions")
    return X, _fitting(gamma, "gamma", (len(X), 1)), _fitting(beta, "beta", (len(X), 1))


def _columns_and_upstream(dY: Any, X: Any, gamma: Any) -> tuple[Array, ...]:
    X = _table(X, "X", "positions")
    gamma = _fitting(gamma, "gamma", (len(X), 1))
    return _fitting(dY, "dY", X.shape), X, gamma


def _table(x: Any, argument: str, columns: str) -> Array:
    table = checks.array(x, argument)
    if table.ndim != 2:
        raise ValueError(f"{argument}: expected 2 axes (units, {columns}), got shape {table.shape}")
    return table


@asked(_words)
def embed(E: Array, ids: Array) -> Array:
    """Column ids[p] of the table E at position p: E times one-hot columns.

    Shapes: E (units, words), ids (positions,), whole numbers 0 … words − 1;
    result (units, positions).

    Raises ValueError where E is no table or an id is out of range, TypeError
    where ids are not whole numbers.
    """
    return E[:, ids]


@asked(_embedded, "dE")
def embed_vjp(dX: Array, E: Array, ids: Array) -> Array:
    """dE: each position's upstream is added to the column that it read.

    dE_i = Σ_p dX_p over the positions p with ids[p] = i: a column read twice gets
    both, one that nobody read gets 0. So dE is dX times the one-hot columns
    transposed. Shapes: dX (units, positions), dE as E.

    Raises ValueError where dX has not the shape of `embed`'s result, otherwise
    as `embed`.
    """
    dE = np.zeros_like(E)
    np.add.at(dE.T, ids, dX.T)
    return dE


@asked(_columns, "Y")
def layer_norm(X: Array, gamma: Array, beta: Array) -> Array:
    """γ ∘ x̂ + β with x̂ = (x − μ)/√(v + ϵ): each column to mean 0, variance 1.

    μ and v are mean and variance over the units of one column; ϵ is
    `VARIANCE_FLOOR`. Shapes: X (units, positions), γ and β (units, 1).

    Raises ValueError where X has not two axes or gamma and beta do not fit;
    otherwise as `convolve`.

    Book: chapter 17; Ba, Kiros and Hinton (2016).
    """
    X_hat, _ = standardised(X, 0, VARIANCE_FLOOR)
    return gamma * X_hat + beta


@asked(_columns_and_upstream, "dX", "dgamma", "dbeta")
def layer_norm_vjp(dY: Array, X: Array, gamma: Array) -> tuple[Array, Array, Array]:
    """(dX, dgamma, dbeta), with dX by three paths: direct, through μ, through v.

    With g = γ ∘ dY and means over the units of a column,

        dX = (g − mean(g) − x̂ ∘ mean(g ∘ x̂)) / √(v + ϵ),

    dgamma = Σ dY ∘ x̂ and dbeta = Σ dY over the positions. Shapes: dY and dX as
    X, dgamma and dbeta (units, 1).

    Raises ValueError where dY has not the shape of X, otherwise as `layer_norm`.
    """
    X_hat, root = standardised(X, 0, VARIANCE_FLOOR)
    g = gamma * dY
    dX = (g - _mean(g) - X_hat * _mean(g * X_hat)) / root
    return dX, (dY * X_hat).sum(axis=1, keepdims=True), dY.sum(axis=1, keepdims=True)


def _mean(X: Array) -> Array:
    return X.mean(axis=0, keepdims=True)


# ------------------------------------------------------------------------ attention


def _queries_and_keys(Q: Any, K: Any, causal: Any = False) -> tuple[Any, ...]:
    Q, K = _table(Q, "Q", "queries"), _table(K, "K", "keys")
    if len(K) != len(Q):
        raise ValueError(f"K: expected {len(Q)} units (rows), as Q has, got shape {K.shape}")
    return Q, K, checks.flag(causal, "causal")


def _queries_keys_and_values(Q: Any, K: Any, V: Any, causal: Any = False) -> tuple[Any, ...]:
    Q, K, causal = _queries_and_keys(Q, K, causal)
    V = _table(V, "V", "keys")
    if V.shape[1] != K.shape[1]:
        raise ValueError(f"V: expected {K.shape[1]} keys (columns), as K has, got shape {V.shape}")
    return Q, K, V, causal


def _attended(dO: Any, Q: Any, K: Any, V: Any, causal: Any = False) -> tuple[Any, ...]:
    Q, K, V, causal = _queries_keys_and_values(Q, K, V, causal)
    return _fitting(dO, "dO", (len(V), Q.shape[1])), Q, K, V, causal


@asked(_queries_and_keys)
@np.errstate(over="ignore", invalid="ignore")  # an overflow is refused by name
def attention_weights(Q: Array, K: Array, causal: bool = False) -> Array:
    """P = softmax(KᵀQ/√d), down each column: how much a query heeds each key.

    With `causal` a query heeds no key that stands later than itself: there P is 0.
    Shapes: Q (d, queries), K (d, keys), P (keys, queries); columns sum to 1.

    Raises ValueError where Q or K has not two axes, their units differ or KᵀQ
    overflows, TypeError where causal is not True or False; otherwise as `convolve`.

    Book: chapter 17; Vaswani et al. (2017), with queries as columns.
    """
    S = checks.held(K.T @ Q / math.sqrt(len(Q)), "KᵀQ")
    later = np.tri(len(S), S.shape[1], k=-1) == 1
    return softmax(np.where(causal & later, -np.inf, S))


@asked(_queries_keys_and_values, "O")
def attention(Q: Array, K: Array, V: Array, causal: bool = False) -> Array:
    """O = V P with P = softmax(KᵀQ/√d): for each query, a mean of the values.

    `causal` as in `attention_weights`. Shapes: Q (d, queries), K (d, keys), V (units, keys), O (units, queries).

    Raises ValueError where V has not a column for each key, otherwise as
    `attention_weights`.

    Book: chapter 17; Vaswani et al. (2017), with queries as columns.
    """
    return V @ attention_weights(Q, K, causal)


@asked(_attended, "dQ", "dK", "dV")
def attention_vjp(dO: Array, Q: Array, K: Array, V: Array, causal: bool = False) -> tuple[Array, Array, Array]:
    """(dQ, dK, dV): back through V P, the softmax, and KᵀQ/√d.

        dV = dO Pᵀ               (units, keys)
        dP = Vᵀ dO               (keys, queries)
        dS = P ∘ (dP − Σ dP∘P)   (keys, queries), the sum down each column
        dQ = K dS/√d             (d, queries)
        dK = Q dSᵀ/√d            (d, keys)

    A causal mask changes no line: where P is 0, dS is 0. Where one array feeds two of Q, K
    and V, add their gradients.

    Raises ValueError where dO has not the shape of O, otherwise as `attention`.
    """
    P = attention_weights(Q, K, causal)
    dS = softmax_vjp(V.T @ dO, P) / math.sqrt(len(Q))
    return K @ dS, Q @ dS.T, dO @ P.T
