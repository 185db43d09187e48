import math
import warnings

import numpy as np
import pytest
from helpers import says
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bpcourse import graph
from bpcourse.beyond.structures import (
    VARIANCE_FLOOR,
    attention,
    attention_vjp,
    attention_weights,
    convolve,
    convolve_vjp,
    embed,
    embed_vjp,
    layer_norm,
    layer_norm_vjp,
    max_pool,
    max_pool_vjp,
)
from bpcourse.gates import GATES
from bpcourse.graph import Value
from bpcourse.layers import activation_vjp, relu, softmax
from bpcourse.network import one_hot
from bpcourse.numeric import central_difference, check_gradient

seeds = st.integers(0, 10**6)
few = st.integers(1, 3)


def draws(seed):
    rng = np.random.default_rng(seed)
    return lambda *shape: rng.normal(size=shape)


def assert_runs_back(f, vjp, inputs, upstream):
    """Every gradient that vjp returns is the one that nudging its input finds."""
    found = vjp(upstream, *inputs)
    for place, gradient in enumerate(found if isinstance(found, tuple) else (found,)):

        def total(x, place=place):
            return np.sum(upstream * f(*inputs[:place], x, *inputs[place + 1 :]))

        verdict = check_gradient(total, inputs[place], gradient, size=1 + np.abs(upstream).sum())
        assert verdict, (place, str(verdict))


# ------------------------------------------------------------------ convolution


@st.composite
def convolutions(draw):
    """(X, K, dZ) on one or two axes of positions."""
    window = draw(st.lists(few, min_size=1, max_size=2))
    positions = [w - 1 + draw(few) for w in window]
    outputs, channels, examples = draw(few), draw(few), draw(few)
    normal = draws(draw(seeds))
    out = [n - w + 1 for n, w in zip(positions, window)]
    return normal(channels, *positions, examples), normal(outputs, channels, *window), normal(outputs, *out, examples)


def convolve_by_loops(X, K):
    outputs, window, positions = len(K), K.shape[2:], X.shape[1:-1]
    Z = np.zeros((outputs, *(n - w + 1 for n, w in zip(positions, window)), X.shape[-1]))
    for o, *place, m in np.ndindex(Z.shape):
        for c, *u in np.ndindex(K.shape[1:]):
            Z[(o, *place, m)] += K[(o, c, *u)] * X[(c, *(p + v for p, v in zip(place, u)), m)]
    return Z


@given(convolutions())
def test_convolution_is_its_sum(case):
    X, K, dZ = case
    Z = convolve(X, K)
    assert Z.shape == dZ.shape
    np.testing.assert_allclose(Z, convolve_by_loops(X, K), rtol=1e-12, atol=1e-12)


@given(convolutions())
def test_convolution_runs_back_as_nudging_finds(case):
    X, K, dZ = case
    assert_runs_back(convolve, convolve_vjp, (X, K), dZ)


@given(seed=seeds, window=st.integers(1, 4), places=st.integers(1, 5))
def test_convolution_in_one_dimension_is_numpys(seed, window, places):
    normal = draws(seed)
    x, k, dz = normal(window + places - 1), normal(window), normal(places)
    X, K, dZ = x[None, :, None], k[None, None], dz[None, :, None]
    dX, dK = convolve_vjp(dZ, X, K)
    np.testing.assert_allclose(convolve(X, K)[0, :, 0], np.correlate(x, k, "valid"), atol=1e-12)
    np.testing.assert_allclose(dX[0, :, 0], np.convolve(dz, k, "full"), atol=1e-12)
    np.testing.assert_allclose(dK[0, 0], np.correlate(x, dz, "valid"), atol=1e-12)


def values(array):
    nodes = np.empty(np.shape(array), dtype=object)
    for i, x in np.ndenumerate(array):
        nodes[i] = Value(float(x))
    return nodes


def grads(nodes):
    return np.vectorize(lambda node: node.grad, otypes=[float])(nodes)


def test_convolution_has_the_gradients_of_its_graph():
    normal = draws(0)
    X, K, dZ = normal(2, 4, 3, 2), normal(2, 2, 2, 2), normal(2, 3, 2, 2)
    x, k = values(X), values(K)
    total = Value(0.0)
    for o, i, j, m in np.ndindex(dZ.shape):
        for c, u, v in np.ndindex(K.shape[1:]):
            total = total + float(dZ[o, i, j, m]) * k[o, c, u, v] * x[c, i + u, j + v, m]
    total.backward()
    dX, dK = convolve_vjp(dZ, X, K)
    np.testing.assert_allclose(dX, grads(x), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(dK, grads(k), rtol=1e-12, atol=1e-14)


def test_kernel_as_large_as_the_input_is_a_fully_connected_layer():
    normal = draws(1)
    X, K, dZ = normal(2, 3, 3, 4), normal(5, 2, 3, 3), normal(5, 1, 1, 4)
    W, A, D = K.reshape(5, -1), X.reshape(-1, 4), dZ.reshape(5, 4)
    dX, dK = convolve_vjp(dZ, X, K)
    np.testing.assert_allclose(convolve(X, K).reshape(5, 4), W @ A, rtol=1e-12)
    np.testing.assert_allclose(dK.reshape(5, -1), D @ A.T, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(dX.reshape(-1, 4), W.T @ D, rtol=1e-12, atol=1e-14)


# ------------------------------------------------------------------ max-pooling


@given(seed=seeds, size=few, blocks=st.lists(few, min_size=1, max_size=2), channels=few, examples=few)
def test_pooling_runs_back_as_nudging_finds(seed, size, blocks, channels, examples):
    rng = np.random.default_rng(seed)
    shape = (channels, *(size * n for n in blocks), examples)
    X = rng.permutation(math.prod(shape)).reshape(shape) / 10
    dA = rng.normal(size=(channels, *blocks, examples))
    A = max_pool(X, size)
    assert A.shape == dA.shape
    for c, *place, m in np.ndindex(A.shape):
        block = X[(c, *(slice(p * size, (p + 1) * size) for p in place), m)]
        assert A[(c, *place, m)] == block.max()
    assert_runs_back(lambda X: max_pool(X, size), lambda dA, X: max_pool_vjp(dA, X, size), (X,), dA)


@pytest.mark.parametrize(("a", "b"), [(1.0, 2.0), (2.0, 1.0), (1.5, 1.5)])
def test_pooling_two_numbers_is_the_gate_tables_maximum(a, b):
    X = np.array([[[a], [b]]])
    gate = GATES["maximum"]
    assert max_pool(X, 2).item() == gate(a, b)
    shares = max_pool_vjp([[[6.0]]], X, 2).ravel()
    np.testing.assert_array_equal(shares, 6 * np.array(gate.local_gradients(gate(a, b), a, b)))


@given(seed=seeds)
def test_pooling_pairs_is_the_gate_tables_maximum_on_arrays(seed):
    rng = np.random.default_rng(seed)
    X, dA = rng.integers(0, 3, (2, 6, 3)).astype(float), rng.normal(size=(2, 3, 3))
    pairs = X[:, ::2], X[:, 1::2]
    shares = GATES["maximum"].local(np.maximum(*pairs), *pairs)
    assert 0.5 in shares[0] or not (pairs[0] == pairs[1]).any()
    dX = max_pool_vjp(dA, X, 2)
    for start, share in enumerate(shares):
        np.testing.assert_array_equal(dX[:, start::2], share * dA)


def test_ties_share_the_upstream_equally():
    X = np.array([[[1.0, 3.0], [3.0, 3.0]]])[..., None]
    np.testing.assert_allclose(max_pool_vjp([[[[6.0]]]], X, 2)[0, :, :, 0], [[0, 2], [2, 2]])
    np.testing.assert_allclose(max_pool_vjp([[[[6.0]]]], np.zeros((1, 2, 2, 1)), 2), 1.5)


@given(seed=seeds)
def test_shares_of_a_tie_sum_to_the_upstream(seed):
    rng = np.random.default_rng(seed)
    X, dA = rng.integers(0, 3, (2, 4, 6, 3)), rng.normal(size=(2, 2, 3, 3))
    dX = max_pool_vjp(dA, X, 2)
    np.testing.assert_allclose(dX.reshape(2, 2, 2, 3, 2, 3).sum(axis=(2, 4)), dA, rtol=1e-12)


# ------------------------------------------------------------------ embedding


@given(seed=seeds, units=few, words=few, ids=st.lists(st.integers(0, 2), min_size=1, max_size=5))
def test_embedding_runs_back_as_nudging_finds(seed, units, words, ids):
    ids = np.minimum(ids, words - 1)
    normal = draws(seed)
    E, dX = normal(units, words), normal(units, len(ids))
    chosen = one_hot(ids, words)
    np.testing.assert_array_equal(embed(E, ids), E @ chosen)
    np.testing.assert_allclose(embed_vjp(dX, E, ids), dX @ chosen.T, rtol=1e-12, atol=1e-14)
    assert_runs_back(lambda E: embed(E, ids), lambda dX, E: embed_vjp(dX, E, ids), (E,), dX)


def test_a_column_read_twice_gets_both_gradients():
    E, ids, dX = np.zeros((2, 3)), [2, 0, 2], [[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]]
    assert embed_vjp(dX, E, ids).tolist() == [[2, 0, 5], [16, 0, 40]]
    lost = np.zeros((2, 3))
    lost[:, ids] += dX
    assert lost.tolist() == [[2, 0, 4], [16, 0, 32]]


# ------------------------------------------------------------------ layer normalisation


@given(seed=seeds, units=st.integers(1, 5), positions=few)
def test_layer_norm_runs_back_as_nudging_finds(seed, units, positions):
    normal = draws(seed)
    X = normal(units, positions) + np.arange(units)[:, None]
    gamma, beta, dY = normal(units, 1), normal(units, 1), normal(units, positions)

    assert_runs_back(layer_norm, lambda dY, X, gamma, beta: layer_norm_vjp(dY, X, gamma), (X, gamma, beta), dY)


@pytest.mark.parametrize("size", [1e-2, 1.0, 1e2])
def test_layer_norm_gives_mean_0_and_variance_1_up_to_the_floor(size):
    X = size * draws(3)(6, 4) + 5
    Y = layer_norm(X, np.ones((6, 1)), np.zeros((6, 1)))
    np.testing.assert_allclose(Y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(Y.var(axis=0), X.var(axis=0) / (X.var(axis=0) + VARIANCE_FLOOR), rtol=1e-10)


def test_layer_norm_gradients_know_nothing_of_the_mean_and_little_of_the_size():
    X, dY = draws(4)(5, 3), draws(5)(5, 3)
    dX, _, _ = layer_norm_vjp(dY, X, np.ones((5, 1)))
    np.testing.assert_allclose(dX.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose((dX * X).sum(axis=0), 0, atol=1e-4)


def test_layer_norm_of_equal_units_is_finite():
    X, dY = np.full((3, 2), 7.0), draws(6)(3, 2)
    gamma, beta = np.ones((3, 1)), np.full((3, 1), 2.0)
    assert (layer_norm(X, gamma, beta) == 2).all()
    dX, _, _ = layer_norm_vjp(dY, X, gamma)
    numerical = central_difference(lambda X: np.sum(dY * layer_norm(X, gamma, beta)), X, eps=1e-6)
    np.testing.assert_allclose(dX, numerical, rtol=1e-6)


# ------------------------------------------------------------------ attention


@given(seed=seeds, d=few, units=few, queries=few, keys=few)
def test_attention_runs_back_as_nudging_finds(seed, d, units, queries, keys):
    normal = draws(seed)
    Q, K, V, dO = normal(d, queries), normal(d, keys), normal(units, keys), normal(units, queries)
    assert attention(Q, K, V).shape == dO.shape
    assert_runs_back(attention, attention_vjp, (Q, K, V), dO)


def test_attention_is_the_papers_with_rows_for_columns():
    normal = draws(7)
    Q, K, V = normal(3, 4), normal(3, 5), normal(2, 5)
    rows = softmax((Q.T @ K / np.sqrt(3)).T).T
    np.testing.assert_allclose(attention(Q, K, V), (rows @ V.T).T, rtol=1e-12)
    P = attention_weights(Q, K)
    assert P.shape == (5, 4)
    np.testing.assert_allclose(P.sum(axis=0), 1, rtol=1e-14)


def test_attention_has_the_gradients_of_its_graph():
    normal = draws(8)
    Q, K, V, dO = normal(2, 2), normal(2, 3), normal(2, 3), normal(2, 2)
    q, k, v = values(Q), values(K), values(V)
    total = Value(0.0)
    for i in range(2):
        powers = [graph.exp((k[0, j] * q[0, i] + k[1, j] * q[1, i]) / math.sqrt(2)) for j in range(3)]
        for u in range(2):
            for j in range(3):
                total = total + float(dO[u, i]) * v[u, j] * powers[j] / (powers[0] + powers[1] + powers[2])
    total.backward()
    for found, nodes in zip(attention_vjp(dO, Q, K, V), (q, k, v), strict=True):
        np.testing.assert_allclose(found, grads(nodes), rtol=1e-11, atol=1e-14)


def test_self_attention_adds_its_three_gradients():
    X, dO = draws(9)(3, 4), draws(10)(3, 4)
    dX = sum(attention_vjp(dO, X, X, X))
    assert check_gradient(lambda X: np.sum(dO * attention(X, X, X)), X, dX)


def test_attention_is_quiet_at_large_scores():
    with np.errstate(all="raise", under="ignore"):
        Q, K, V = np.array([[1000.0]]), np.array([[1.0, -1.0]]), np.array([[3.0, 5.0]])
        assert attention(Q, K, V).tolist() == [[3.0]]
        assert [g.tolist() for g in attention_vjp([[1.0]], Q, K, V)] == [[[0.0]], [[0.0, 0.0]], [[1.0, 0.0]]]


# ------------------------------------------------------------------ together


@settings(max_examples=20)
@given(seeds)
def test_a_small_network_of_these_pieces_has_its_whole_gradient(seed):
    normal = draws(seed)
    X, labels = normal(1, 5, 5, 2), one_hot([0, 2], 3)
    K, W = normal(2, 1, 2, 2), normal(3, 8)

    def network(K, W):
        Z = convolve(X, K)
        A = max_pool(relu(Z), 2)
        return Z, A, softmax(W @ A.reshape(8, 2))

    Z, A, Y = network(K, W)
    assume(np.abs(Z).min() > 1e-3)
    dz = (Y - labels) / 2
    dA = max_pool_vjp((W.T @ dz).reshape(A.shape), relu(Z), 2)
    _, dK = convolve_vjp(activation_vjp("relu", dA, Z, relu(Z)), X, K)

    def cost(K, W):
        return -np.sum(labels * np.log(network(K, W)[-1])) / 2

    blocks = np.sort(relu(Z).reshape(2, 2, 2, 2, 2, 2).transpose(0, 1, 3, 5, 2, 4).reshape(-1, 4))
    assume(((blocks[:, -1] == 0) | (blocks[:, -1] - blocks[:, -2] > 1e-3)).all())
    assert check_gradient(lambda K: cost(K, W), K, dK)
    assert check_gradient(lambda W: cost(K, W), W, dz @ A.reshape(8, 2).T)


def test_structures_keep_float32():
    normal = draws(11)

    def single(*shape):
        return normal(*shape).astype("float32")

    gamma = single(3, 1)
    results = [
        convolve(single(1, 4, 2), single(2, 1, 2)),
        *convolve_vjp(single(2, 3, 2), single(1, 4, 2), single(2, 1, 2)),
        max_pool(single(1, 4, 2), 2),
        max_pool_vjp(single(1, 2, 2), single(1, 4, 2), 2),
        embed(single(3, 2), [0, 1]),
        embed_vjp(single(3, 2), single(3, 2), [0, 0]),
        layer_norm(single(3, 2), gamma, gamma),
        *layer_norm_vjp(single(3, 2), single(3, 2), gamma),
        attention(single(2, 3), single(2, 4), single(3, 4)),
        *attention_vjp(single(3, 3), single(2, 3), single(2, 4), single(3, 4)),
    ]
    assert {result.dtype for result in results} == {np.dtype("float32")}


def test_inputs_stay_as_they_are():
    normal = draws(12)
    arrays = [normal(2, 4, 3), normal(3, 2, 2), normal(3, 3, 3), normal(2, 2, 3)]
    before = [array.copy() for array in arrays]
    X, K, dZ, dA = arrays
    convolve_vjp(dZ, X, K)
    max_pool_vjp(dA, X, 2)
    for array, copy in zip(arrays, before):
        np.testing.assert_array_equal(array, copy)


def ones(*shape):
    return np.ones(shape)


@pytest.mark.parametrize(
    ("call", "argument", "text"),
    [
        (lambda: convolve(ones(4, 2), ones(1, 1, 2)), "X", "3 or more axes"),
        (lambda: convolve(ones(1, 4, 2), ones(1, 1, 2, 2)), "K", "3 axes"),
        (lambda: convolve(ones(2, 4, 2), ones(1, 1, 2)), "K", "2 channels"),
        (lambda: convolve(ones(1, 4, 2), ones(1, 1, 5)), "K", "window that fits"),
        (lambda: convolve(ones(1, 4, 4, 2), ones(1, 1, 2, 5)), "K", "window that fits"),
        (lambda: convolve(ones(1, 4, 0), ones(1, 1, 2)), "X", "at least one number"),
        (lambda: convolve(ones(1, 4, 2), [[[math.nan]]]), "K", "finite"),
        (lambda: convolve_vjp(ones(1, 4, 2), ones(1, 4, 2), ones(1, 1, 2)), "dZ", r"shape \(1, 3, 2\)"),
        (lambda: convolve_vjp(ones(1, 1, 2), ones(1, 4, 2), ones(1, 1, 2)), "dZ", r"shape \(1, 3, 2\)"),
        (lambda: max_pool(ones(4, 4), 2), "X", "3 or more axes"),
        (lambda: max_pool(ones(1, 4, 5, 1), 2), "X", "multiples of 2"),
        (lambda: max_pool(ones(1, 4, 1), 0), "size", "whole number"),
        (lambda: max_pool_vjp(ones(1, 4, 1), ones(1, 4, 1), 2), "dA", r"shape \(1, 2, 1\)"),
        (lambda: embed(ones(3), [0]), "E", "units, words"),
        (lambda: embed(ones(3, 2), [0, 2]), "ids", "0 to 1"),
        (lambda: embed(ones(3, 2), [-1]), "ids", "0 to 1"),
        (lambda: embed_vjp(ones(3, 1), ones(3, 2), [0, 1]), "dX", r"shape \(3, 2\)"),
        (lambda: layer_norm(ones(3), ones(3, 1), ones(3, 1)), "X", "units, positions"),
        (lambda: layer_norm(ones(3, 2), ones(3), ones(3, 1)), "gamma", r"shape \(3, 1\)"),
        (lambda: layer_norm(ones(3, 2), ones(3, 1), ones(1, 1)), "beta", r"shape \(3, 1\)"),
        (lambda: layer_norm_vjp(ones(3, 1), ones(3, 2), ones(3, 1)), "dY", r"shape \(3, 2\)"),
        (lambda: attention_weights(ones(2), ones(2, 3)), "Q", "units, queries"),
        (lambda: attention_weights(ones(2, 3), ones(3, 3)), "K", "2 units"),
        (lambda: attention(ones(2, 3), ones(2, 4), ones(2, 3)), "V", "4 keys"),
        (lambda: attention_vjp(ones(2, 4), ones(2, 3), ones(2, 4), ones(2, 4)), "dO", r"shape \(2, 3\)"),
    ],
)
def test_bad_input_is_named(call, argument, text):
    with pytest.raises(ValueError, match=says(argument, text)):
        call()


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: embed(ones(3, 2), [0.5]), "ids"),
        (lambda: convolve("image", ones(1, 1, 2)), "X"),
        (lambda: attention(ones(2, 3), None, ones(2, 3)), "K"),
    ],
)
def test_input_of_another_kind_is_a_type_error(call, argument):
    with pytest.raises(TypeError, match=says(argument)):
        call()


# --------------------------------------------------------------- the edge of float64


@pytest.mark.parametrize("size", [1e100, 1e160, 1e200, 1e300])
def test_layer_norm_knows_nothing_of_the_size(size):
    normal = draws(3)
    X, dY, gamma, beta = normal(4, 3), normal(4, 3), normal(4, 1), normal(4, 1)
    np.testing.assert_allclose(layer_norm(X * size, gamma, beta), layer_norm(X * 1e10, gamma, beta), rtol=1e-12)
    there, small = layer_norm_vjp(dY, X * size, gamma), layer_norm_vjp(dY, X * 1e10, gamma)
    np.testing.assert_allclose(there[0] * size, small[0] * 1e10, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(there[1], small[1], rtol=1e-9)


def test_what_overflows_is_refused_by_name():
    normal = draws(4)
    Q, K, V = normal(2, 3), normal(2, 4), normal(5, 4)
    X, kernel, big = normal(2, 6, 3), normal(2, 2, 3), 1e200
    ones = np.ones((4, 1))
    cases = {
        "KᵀQ": [lambda: attention_weights(Q * big, K * big), lambda: attention(Q * big, K * big, V),
                lambda: attention_vjp(np.ones((5, 3)), Q * big, K * big, V)],
        "dQ": [lambda: attention_vjp(np.ones((5, 3)) * big, Q, K, V * big)],
        "Z": [lambda: convolve(X * big, kernel * big)],
        "dX": [lambda: convolve_vjp(np.full((2, 4, 3), big), X, kernel * big),
               lambda: layer_norm_vjp(np.full((4, 1), 1.7e308), np.arange(4.0)[:, None], ones)],
        "dK": [lambda: convolve_vjp(np.full((2, 4, 3), big), X * big, kernel)],
        "dE": [lambda: embed_vjp(np.full((1, 2), 1.7e308), np.ones((1, 3)), [1, 1])],
        "Y": [lambda: layer_norm(np.arange(4.0)[:, None], ones * 1.7e308, ones * 1.7e308)],
    }  # fmt: skip
    for name, calls in cases.items():
        for call in calls:
            with warnings.catch_warnings(), pytest.raises(ValueError, match=rf"^{name}: expected numbers .*, got an overflow"):
                warnings.simplefilter("error")
                call()


def test_attention_at_large_values_and_finite_scores_is_right():
    Q, K, V = np.array([[1e150]]), np.array([[1e150, 2e150]]), np.array([[3e300, 5e300]])
    assert attention_weights(Q, K).tolist() == [[0], [1]] and attention(Q, K, V).tolist() == [[5e300]]


@pytest.mark.parametrize(("upstream", "call"), [
    ("dY", lambda d: layer_norm_vjp(d, np.ones((3, 4)), np.ones((3, 1)))),
    ("dX", lambda d: embed_vjp(d, np.ones((3, 5)), [0, 1, 2, 1])),
    ("dO", lambda d: attention_vjp(d, np.ones((2, 4)), np.ones((2, 5)), np.ones((3, 5)))),
])  # fmt: skip
@pytest.mark.parametrize("shape", [(), (1,), (4,), (3, 1), (1, 4), (1, 1), (4, 3)], ids=str)
def test_an_upstream_that_would_broadcast_is_refused(upstream, call, shape):
    with pytest.raises(ValueError, match=says(upstream, "shape")):
        call(np.ones(shape))
