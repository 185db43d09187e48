import numpy as np
import pytest
from helpers import says
from hypothesis import given
from hypothesis import strategies as st

from bpcourse import network
from bpcourse.beyond import remedies
from bpcourse.beyond.remedies import (
    HIDDEN,
    batch_norm,
    batch_norm_vjp,
    clip_by_norm,
    dead_units,
    initialise_by,
    leaky_relu,
    leaky_relu_vjp,
    residual,
    residual_vjp,
    with_norms,
)
from bpcourse.layers import ACTIVATIONS
from bpcourse.numeric import check_gradient

seeds = st.integers(0, 10**6)


def arrays(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]


# Batch normalisation.


@given(seeds, st.integers(1, 4), st.integers(2, 6))
def test_batch_norm_gives_every_row_the_mean_beta_and_nearly_the_spread_gamma(seed, units, examples):
    Z, gamma, beta = arrays(seed, (units, examples), (units, 1), (units, 1))
    U, kept = batch_norm(Z, gamma, beta)
    v = Z.var(axis=1, keepdims=True)
    assert U.shape == kept.Z_hat.shape == Z.shape
    np.testing.assert_allclose(U.mean(axis=1, keepdims=True), beta, atol=1e-9)
    np.testing.assert_allclose(U.var(axis=1, keepdims=True), gamma**2 * v / (v + 1e-5), atol=1e-9)


@given(seeds, st.integers(1, 4), st.integers(2, 6), st.sampled_from([1e-5, 0.3]))
def test_the_way_back_through_batch_norm_passes_the_check(seed, units, examples, eps):
    Z, dU, gamma, beta = arrays(seed, *[(units, examples)] * 2, *[(units, 1)] * 2)
    Z = Z + np.arange(examples)
    dZ, dgamma, dbeta = batch_norm_vjp(dU, batch_norm(Z, gamma, beta, eps)[1])
    m, tight = examples, {"rtol": 1e-5}
    assert check_gradient(lambda t: (dU * batch_norm(t, gamma, beta, eps)[0]).sum(), Z, dZ, **tight)
    assert check_gradient(lambda t: (dU * batch_norm(Z, t, beta, eps)[0]).sum(), gamma, m * dgamma, **tight)
    assert check_gradient(lambda t: (dU * batch_norm(Z, gamma, t, eps)[0]).sum(), beta, m * dbeta, **tight)


def test_a_bias_or_a_scale_in_front_of_batch_norm_changes_nothing():
    Z, dU, gamma, beta = arrays(1, (3, 5), (3, 5), (3, 1), (3, 1))
    U, kept = batch_norm(Z, gamma, beta)
    moved, _ = batch_norm(7 * Z + 4, gamma, beta, eps=49e-5)
    np.testing.assert_allclose(moved, U, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(batch_norm_vjp(dU, kept)[0].sum(axis=1), 0, atol=1e-12)


def test_a_row_of_equal_sums_stays_finite():
    U, kept = batch_norm(np.full((1, 4), 3.0), np.ones((1, 1)), np.full((1, 1), 0.5))
    assert U.tolist() == [[0.5] * 4]
    assert np.isfinite(batch_norm_vjp(np.arange(4.0)[None], kept)[0]).all()


@pytest.mark.parametrize(
    "call, argument",
    [
        (lambda: batch_norm(np.ones(3), np.ones((3, 1)), np.ones((3, 1))), "Z"),
        (lambda: batch_norm(np.ones((3, 1)), np.ones((3, 1)), np.ones((3, 1))), "Z"),
        (lambda: batch_norm(np.ones((3, 2)), np.ones(3), np.ones((3, 1))), "gamma"),
        (lambda: batch_norm(np.ones((3, 2)), np.ones((3, 1)), np.ones((1, 3))), "beta"),
        (lambda: batch_norm([[1, np.nan]], [[1]], [[0]]), "Z"),
        (lambda: batch_norm([[1, 2]], [[1]], [[0]], eps=0), "eps"),
        (lambda: batch_norm_vjp(np.ones((1, 3)), batch_norm([[1, 2]], [[1]], [[0]])[1]), "dU"),
        (lambda: residual(np.ones((2, 3)), np.ones((3, 3))), "F"),
        (lambda: residual_vjp(np.ones((2, 3)), np.ones((3, 3))), "dA_through_F"),
        (lambda: leaky_relu_vjp(np.ones((2, 3)), np.ones((3, 3))), "dA"),
        (lambda: dead_units(np.ones(3)), "Z"),
        (lambda: dead_units(np.ones((3, 0))), "Z"),
        (lambda: initialise_by("best", [2, 3]), "rule"),
        (lambda: initialise_by("he", [2]), "sizes"),
        (lambda: with_norms({"W1": np.ones((1, 1))}), "parameters"),
        (lambda: with_norms({}), "parameters"),
        (lambda: remedies.forward(np.ones((2, 3)), initialise_by("he", [3, 4]), "relu"), "W1"),
        (lambda: remedies.forward(np.ones((3, 2)), initialise_by("he", [3, 4]), "swish"), "hidden"),
        (lambda: remedies.forward(np.full((3, 2), 1e308), initialise_by("he", [3, 4], seed=2), "relu"), "Z1"),
        (lambda: clip_by_norm({"dW1": np.ones(2)}, 0), "most"),
        (lambda: clip_by_norm({}, 1), "grads"),
        (lambda: clip_by_norm({"dW1": np.ones(2), "dZ1": np.ones(2)}, 1), "grads"),
        (lambda: clip_by_norm({"dA12": np.ones(2)}, 1), "grads"),
        (lambda: clip_by_norm({"dW1": [np.inf]}, 1), "grads['dW1']"),
    ],
)
def test_a_bad_argument_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=says(argument)):
        call()


def test_a_list_of_gradients_is_refused():
    with pytest.raises(TypeError, match=says("grads")):
        clip_by_norm([np.ones(2)], 1)


# Leaky ReLU, residuals, dead units, clipping, first weights.


def test_a_leaky_relu_and_its_derivative():
    (Z, dA) = arrays(0, (3, 4), (3, 4))
    assert leaky_relu(np.array([-2.0, 0.0, 3.0]), 0.1).tolist() == [-0.2, 0.0, 3.0]
    for slope in 0.1, 0.3:
        assert check_gradient(lambda t, s=slope: (dA * leaky_relu(t, s)).sum(), Z, leaky_relu_vjp(dA, Z, slope))
    assert leaky_relu_vjp(np.ones((1, 1)), np.zeros((1, 1))).tolist() == [[0.0]]


def test_a_residual_passes_the_check():
    A, W, dA = arrays(0, (3, 5), (3, 3), (3, 5))
    F = np.tanh(W @ A)
    back = residual_vjp(dA, W.T @ (dA * (1 - F**2)))
    assert check_gradient(lambda t: (dA * residual(t, np.tanh(W @ t))).sum(), A, back)


def test_dead_units_never_fire():
    Z = [[-1, -2, 0], [-1, -2, 0.1], [0, 0, 0], [1, 2, 3]]
    assert dead_units(Z).tolist() == [True, False, True, False]


def test_a_dead_unit_of_the_first_layer_never_moves():
    (X,) = arrays(0, (3, 6))
    Y = network.one_hot([0, 1, 0, 1, 0, 1], 2)
    start = initialise_by("he", [3, 4, 2])
    start["b1"][2] = -100
    moved = start
    for _ in range(5):
        grads = remedies.backpropagation(remedies.forward(X, moved, "relu"), Y, moved, "relu")
        moved = network.update(moved, grads, 0.5)
    assert dead_units(remedies.forward(X, moved, "relu")[0].Z)[2]
    assert (moved["W1"][2] == start["W1"][2]).all() and (moved["W1"][[0, 1, 3]] != start["W1"][[0, 1, 3]]).any()


@given(seeds, st.floats(1e-3, 1e3))
def test_clipping_keeps_the_direction_and_bounds_the_norm_of_all_together(seed, most):
    grads = dict(zip(("dW1", "db1"), arrays(seed, (2, 3), (2, 1))))
    before = {name: grad.copy() for name, grad in grads.items()}
    clipped, norm = clip_by_norm(grads, most)
    together = np.concatenate([grad.ravel() for grad in grads.values()])
    after = np.concatenate([grad.ravel() for grad in clipped.values()])
    assert norm == pytest.approx(np.linalg.norm(together))
    np.testing.assert_allclose(after, together * min(1, most / norm), rtol=1e-12)
    assert all((grads[name] == before[name]).all() for name in grads)


def test_clipping_leaves_zeros_and_survives_huge_gradients():
    assert clip_by_norm({"dW1": np.zeros(3)}, 1)[0]["dW1"].tolist() == [0, 0, 0]
    clipped, norm = clip_by_norm({"dW1": np.array([3e200, 4e200])}, 10)
    assert norm == pytest.approx(5e200) and clipped["dW1"] == pytest.approx([6, 8])


@pytest.mark.parametrize("rule, variance", [("small", 0.0025), ("xavier", 2 / 500), ("he", 2 / 300)])
def test_the_weights_have_the_variance_of_their_rule(rule, variance):
    parameters = initialise_by(rule, [300, 200], seed=4)
    assert parameters["W1"].var() == pytest.approx(variance, rel=0.03)
    assert not parameters["b1"].any()
    assert (parameters["W1"] == initialise_by(rule, [300, 200], seed=4)["W1"]).all()


def test_he_is_what_the_network_begins_with_for_relu():
    ours, theirs = initialise_by("he", [5, 4, 3], seed=2), network.initialise([5, 4, 3], "relu", seed=2)
    assert all(np.allclose(ours[name], theirs[name], rtol=1e-12) for name in theirs)


# The deep network.


def problem(seed=0):
    (X,) = arrays(seed, (4, 7))
    return X, network.one_hot(np.arange(7) % 3, 3), initialise_by("xavier", [4, 5, 5, 5, 3], seed)


@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_without_remedies_it_is_the_network_of_chapter_11(hidden):
    X, Y, parameters = problem()
    layers = remedies.forward(X, parameters, hidden)
    cache = network.forward(X, parameters, hidden)
    np.testing.assert_allclose(layers[-1].A, cache["A4"], rtol=1e-12)
    ours, theirs = remedies.backpropagation(layers, Y, parameters, hidden), network.backpropagation(cache, Y, parameters, hidden)
    for name, grad in ours.items():
        np.testing.assert_allclose(grad, theirs[name], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("residuals", [False, True])
@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_every_gradient_of_the_deep_network_passes_the_check(hidden, normalise, residuals):
    X, Y, parameters = problem(3)
    if normalise:
        parameters = with_norms(parameters)
        for name in parameters:
            if name.startswith(("gamma", "beta")):
                parameters[name] = parameters[name] + 0.1 * np.arange(5)[:, None]
    grads = remedies.backpropagation(remedies.forward(X, parameters, hidden, residuals), Y, parameters, hidden)
    assert {f"d{name}" for name in parameters} <= set(grads)

    def cost(name, array):
        A = remedies.forward(X, {**parameters, name: array}, hidden, residuals)[-1].A
        return -(Y * np.log(A)).sum() / X.shape[1]

    for name in parameters:
        assert check_gradient(lambda t, name=name: cost(name, t), parameters[name], grads[f"d{name}"], rtol=1e-5), name


def test_only_layers_as_wide_as_the_one_below_add_their_input():
    X, _, parameters = problem()
    layers = remedies.forward(X, parameters, "tanh", residuals=True)
    assert [layer.added for layer in layers] == [False, True, True, False]
    np.testing.assert_allclose(layers[1].A, layers[0].A + np.tanh(layers[1].Z))
    square = remedies.forward(X, initialise_by("xavier", [4, 4, 4]), "tanh", residuals=True)
    assert [layer.added for layer in square] == [True, False]


def test_labels_of_another_shape_are_refused():
    X, Y, parameters = problem()
    with pytest.raises(ValueError, match=says("Y")):
        remedies.backpropagation(remedies.forward(X, parameters), Y[:, :3], parameters)
    with pytest.raises(ValueError, match=says("hidden")):
        remedies.backpropagation(remedies.forward(X, parameters), Y, parameters, "swish")


def test_thirty_sigmoids_vanish_and_both_cures_bring_the_gradient_back():
    (X,) = arrays(0, (32, 64))
    Y = network.one_hot(np.arange(64) % 10, 10)
    plain = initialise_by("xavier", [32] * 30 + [10], seed=1)

    def first(parameters, residuals=False):
        layers = remedies.forward(X, parameters, "sigmoid", residuals)
        return np.linalg.norm(remedies.backpropagation(layers, Y, parameters)["dZ1"])

    assert first(plain) < 1e-12
    assert first(with_norms(plain)) > 0.1 and first(plain, residuals=True) > 0.1
