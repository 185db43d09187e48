import copy
import math
import pickle
import warnings
from dataclasses import replace

import numpy as np
import pytest
from helpers import says
from hypothesis import given
from hypothesis import strategies as st

from bpcourse import network
from bpcourse.beyond import remedies
from bpcourse.beyond.remedies import (
    batch_norm,
    batch_norm_vjp,
    clip_by_norm,
    dead_units,
    dropout,
    dropout_vjp,
    initialise_by,
    leaky_relu,
    leaky_relu_vjp,
    residual,
    residual_vjp,
    with_norms,
)
from bpcourse.gates import GATES
from bpcourse.layers import ACTIVATIONS
from bpcourse.numeric import check_gradient

HIDDEN = [*ACTIVATIONS, "leaky_relu"]
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


@pytest.mark.parametrize("keep", [0.2, 0.5, 1])
def test_dropout_keeps_the_share_and_the_mean(keep):
    (A,) = arrays(3, (200, 100))
    out, mask = dropout(A, keep, seed=1)
    assert set(np.unique(mask)) <= {0, 1 / keep} and (out == A * mask).all()
    share = (mask > 0).mean()
    assert abs(share - keep) <= 4 * math.sqrt(keep * (1 - keep) / A.size)
    assert (dropout(A, keep, seed=1)[1] == mask).all() and (keep == 1 or (dropout(A, keep, seed=2)[1] != mask).any())


def test_the_masks_of_a_generator_differ_from_step_to_step():
    rng, A = np.random.default_rng(0), np.ones((8, 8))
    assert (dropout(A, 0.5, rng)[1] != dropout(A, 0.5, rng)[1]).any()


@given(seeds)
def test_the_way_back_through_dropout_takes_the_same_mask(seed):
    A, dA = arrays(seed, (3, 4), (3, 4))
    dA_below = dropout_vjp(dA, dropout(A, 0.6, seed)[1])
    assert check_gradient(lambda t: (dA * dropout(t, 0.6, seed)[0]).sum(), A, dA_below, rtol=1e-5)


@pytest.mark.parametrize("keep", [0, -0.5, 1.5, math.nan])
def test_dropout_refuses_what_is_no_probability(keep):
    with pytest.raises(ValueError, match=says("keep")):
        dropout(np.ones((2, 2)), keep)


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


@pytest.mark.parametrize("hidden", [*ACTIVATIONS, "a gate of one's own"])
def test_without_remedies_it_is_the_network_of_chapter_11(hidden, monkeypatch):
    monkeypatch.setitem(GATES, "a gate of one's own", replace(GATES["sin"], name=hidden, activation=True))
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
        return np.linalg.norm(remedies.backpropagation(layers, Y, parameters, "sigmoid")["dZ1"])

    assert first(plain) < 1e-12
    assert first(with_norms(plain)) > 0.1 and first(plain, residuals=True) > 0.1


# ------------------------------------------- what is asked, as the network of chapter 11 asks it


def changed(name, x):
    return lambda p: {**p, name: x} if x is not None else {k: v for k, v in p.items() if k != name}


PARAMETERS = {
    "b1 as a row": (changed("b1", np.zeros((1, 5))), "b1"),
    "b1 that would broadcast": (changed("b1", np.zeros((1, 1))), "b1"),
    "b2 of one dimension": (changed("b2", np.zeros(5)), "b2"),
    "no b3": (changed("b3", None), "parameters"),
    "a name too many": (changed("c1", np.zeros((5, 1))), "parameters"),
    "W2 of other columns": (changed("W2", np.zeros((5, 4))), "W2"),
    "W3 of other rows": (changed("W3", np.zeros((4, 5))), "b3"),
    "W1 with NaN": (changed("W1", np.full((5, 4), np.nan)), "W1"),
    "W4 with infinity": (changed("W4", np.full((3, 5), np.inf)), "W4"),
    "W1 of one dimension": (changed("W1", np.zeros(4)), "W1"),
    "gamma1 that would broadcast": (changed("gamma1", np.ones((1, 1))), "gamma1"),
    "gamma2 of one dimension": (changed("gamma2", np.ones(5)), "gamma2"),
    "beta1 as a row": (changed("beta1", np.zeros((1, 5))), "beta1"),
    "gamma3 with NaN": (changed("gamma3", np.full((5, 1), np.nan)), "gamma3"),
    "gamma1 without beta1": (changed("beta1", None), "parameters"),
    "beta2 without gamma2": (changed("gamma2", None), "parameters"),
    "gamma of the output": (lambda p: {**p, "gamma4": np.ones((3, 1)), "beta4": np.zeros((3, 1))}, "parameters"),
    "gamma of no layer": (lambda p: {**p, "gamma9": np.ones((3, 1)), "beta9": np.zeros((3, 1))}, "parameters"),
    "one output unit": (lambda p: {**p, "W4": p["W4"][:1], "b4": p["b4"][:1]}, "output"),
    "none": (lambda p: {}, "parameters"),
}


@pytest.mark.parametrize("case", PARAMETERS)
@pytest.mark.parametrize("direction", ["forward", "backpropagation", "with_norms"])
def test_parameters_that_do_not_fit_are_refused_by_name(case, direction):
    X, Y, plain = problem()
    parameters = with_norms(plain)
    change, argument = PARAMETERS[case]
    if (case, direction) == ("one output unit", "with_norms"):
        return  # a regression's may have norms too
    layers, bad = remedies.forward(X, parameters), change(parameters)
    call = {
        "forward": lambda: remedies.forward(X, bad),
        "backpropagation": lambda: remedies.backpropagation(layers, Y, bad),
        "with_norms": lambda: with_norms(bad),
    }[direction]
    with pytest.raises(ValueError, match=says(argument)):
        call()


@pytest.mark.parametrize("parameters", [None, [1], "W1", {"W1": None, "b1": None}, {"W1": [["a"]], "b1": [[0]]}])
def test_parameters_of_another_kind_are_refused(parameters):
    X, Y, good = problem()
    for call in (
        lambda: remedies.forward(X, parameters),
        lambda: remedies.backpropagation(remedies.forward(X, good), Y, parameters),
        lambda: with_norms(parameters),
    ):
        with pytest.raises(TypeError, match=r"^(parameters|W1): expected .*, got "):
            call()


@pytest.mark.parametrize("made_by", HIDDEN)
@pytest.mark.parametrize("named", HIDDEN)
def test_the_way_back_is_that_of_the_way_there(made_by, named):
    X, Y, parameters = problem()
    layers = remedies.forward(X, parameters, made_by)
    assert isinstance(layers, list) and {layer.hidden for layer in layers} == {made_by}
    for again in layers, layers[:], layers.copy(), copy.copy(layers), copy.deepcopy(layers), pickle.loads(pickle.dumps(layers)):
        if made_by == named:
            assert remedies.backpropagation(again, Y, parameters, named)
        else:
            with pytest.raises(ValueError, match=says("hidden")):
                remedies.backpropagation(again, Y, parameters, named)


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        (lambda Y: Y * 0.5, "Y"),
        (lambda Y: Y - 1, "Y"),
        (lambda Y: Y + np.nan, "Y"),
        (lambda Y: Y[:, :1], "Y"),
        (lambda Y: Y.T, "Y"),
        (lambda Y: Y[0], "Y"),
    ],
)
def test_labels_are_columns_of_probabilities(change, argument):
    X, Y, parameters = problem()
    with pytest.raises(ValueError, match=says(argument)):
        remedies.backpropagation(remedies.forward(X, parameters), change(Y), parameters)


def test_layers_of_another_network_are_refused():
    X, Y, parameters = problem()
    normed = with_norms(parameters)
    layers = remedies.forward(X, parameters)
    spoilt = [layers[0]._replace(Z=layers[0].Z[:, :1]), *layers[1:]]
    unfinished = [*layers[:3], layers[3]._replace(A=layers[3].A * np.nan)]
    for bad, those, error, argument in (
        (layers[:2], parameters, TypeError, "layers"),
        ([None] * 4, parameters, TypeError, "layers"),
        (None, parameters, TypeError, "layers"),
        (spoilt, parameters, ValueError, "layers[0].Z"),
        (unfinished, parameters, ValueError, "layers[3].A"),
        (layers, normed, ValueError, "layers[0].kept"),
        (remedies.forward(X, normed), parameters, ValueError, "layers[0].kept"),
        (remedies.forward(X, initialise_by("he", [4, 6, 5, 5, 3])), parameters, ValueError, "layers[0].Z"),
    ):
        with pytest.raises(error, match=says(argument)):
            remedies.backpropagation(bad, Y, those)


@pytest.mark.parametrize("Z", [np.array([[1, 3]], "uint8"), np.array([[-128, 127]], "int8"), [[1, 3]], [[True, False]]], ids=repr)
def test_small_integers_lists_and_truth_are_numbers(Z):
    plain = np.asarray(Z, float)
    assert (leaky_relu(Z) == leaky_relu(plain)).all() and leaky_relu(Z).dtype == float
    assert (leaky_relu_vjp(Z, Z) == leaky_relu_vjp(plain, plain)).all()
    assert (residual(Z, Z) == 2 * plain).all() and (residual_vjp(Z, Z) == 2 * plain).all()
    assert (batch_norm(Z, [[1]], [[0]])[0] == batch_norm(plain, [[1.0]], [[0.0]])[0]).all()
    assert clip_by_norm({"dW1": Z}, 0.5)[0]["dW1"] == pytest.approx(clip_by_norm({"dW1": plain}, 0.5)[0]["dW1"])


# ------------------------------------------------------------------------- the edge of float64


@pytest.mark.parametrize("size", [1e100, 1e160, 1e200, 1e300])
def test_batch_norm_knows_nothing_of_the_size(size):
    Z, dU = arrays(5, (3, 6), (3, 6))
    U, kept = batch_norm(Z * size, np.ones((3, 1)), np.zeros((3, 1)))
    small, kept_small = batch_norm(Z * 1e10, np.ones((3, 1)), np.zeros((3, 1)))
    np.testing.assert_allclose(U, small, rtol=1e-12)
    np.testing.assert_allclose(kept.s / size, kept_small.s / 1e10, rtol=1e-12)
    np.testing.assert_allclose(batch_norm_vjp(dU, kept)[0] * size, batch_norm_vjp(dU, kept_small)[0] * 1e10, rtol=1e-9)


def test_equal_sums_are_as_equal_when_they_are_large():
    U, kept = batch_norm(np.full((1, 4), 2.0**660), [[1.0]], [[0.5]])
    assert U.tolist() == [[0.5] * 4] and kept.s[0, 0] == pytest.approx(math.sqrt(1e-5))


def test_scaling_by_a_power_of_two_rounds_nothing():
    (Z,) = arrays(2, (4, 9))
    centred = Z - Z.mean(axis=1, keepdims=True)
    s = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
    for size in 1.0, 64.0, 1000.0:
        X_hat, root = remedies.standardised(Z * size, 1, 1e-5 * size**2)
        if math.frexp(size)[0] == 0.5:
            assert (X_hat == centred / s).all() and (root == s * size).all()
    assert remedies._power_of_two(np.array([0.0, 1e-300, 1, 1.9, 2, 1000, 1.7e308])).tolist() == [1, 1, 1, 1, 2, 512, 2.0**1023]


@pytest.mark.parametrize("most", [1e-300, 1.0, 10.0, 1e300])
@pytest.mark.parametrize("size", [1e-300, 1e200, 1.7e308])
def test_clipping_is_right_at_every_size(size, most):
    grads = {"dW1": np.array([[size, -size]]), "db1": np.array([[size], [0.0]])}
    clipped, norm = clip_by_norm(grads, most)
    expected = min(size, most / math.sqrt(3))
    assert clipped["dW1"].tolist() == pytest.approx([pytest.approx([expected, -expected])])
    assert clipped["db1"].ravel().tolist() == pytest.approx([expected, 0])
    assert norm == pytest.approx(size * math.sqrt(3))
    assert clipped["dW1"] is not grads["dW1"]


def test_clipping_keeps_float32():
    clipped, _ = clip_by_norm({"dW1": np.full((2, 2), 3e38, np.float32)}, 1.0)
    assert clipped["dW1"].dtype == np.float32 and clipped["dW1"] == pytest.approx(np.full((2, 2), 0.5))


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: leaky_relu([[-1e308]], 1e10), "A"),
        (lambda: leaky_relu_vjp([[1e308]], [[-1.0]], 1e10), "dZ"),
        (lambda: residual([[1.7e308]], [[1.7e308]]), "A"),
        (lambda: residual_vjp([[1.7e308]], [[1.7e308]]), "dA_below"),
        (lambda: batch_norm([[1.7e308, 1.7e308]], [[1.0]], [[0.0]]), "U"),
        (lambda: batch_norm([[1.0, 2.0]], [[1.7e308]], [[1.7e308]]), "U"),
        (lambda: batch_norm_vjp([[1.7e308, 1.7e308]], batch_norm([[1.0, 2.0]], [[1e10]], [[0.0]])[1]), "dZ"),
    ],
)
def test_what_overflows_is_refused_by_name(call, argument):
    with warnings.catch_warnings(), pytest.raises(ValueError, match=rf"^{argument}: expected numbers .*, got an overflow"):
        warnings.simplefilter("error")
        call()


def test_what_overflows_on_the_way_up_is_refused_though_a_sigmoid_would_hide_it():
    X, _, parameters = problem()
    normed = with_norms(parameters)
    huge = {**normed, "gamma2": normed["gamma2"] * 1.7e308}
    with pytest.raises(ValueError, match=r"^U2: expected sums that float64 can hold, got an overflow"):
        remedies.forward(X, huge)
    with pytest.raises(ValueError, match=r"^[ZA]\d: expected sums that float64 can hold, got an overflow"):
        remedies.forward(X, {**parameters, "b2": parameters["b2"] + 1e308, "b3": parameters["b3"] + 1e308}, "identity", True)


def test_gradients_that_overflow_are_refused():
    X, Y, parameters = problem()
    layers = remedies.forward(X, parameters, "identity")
    huge = {**parameters, "W2": parameters["W2"] * 1e200, "W3": parameters["W3"] * 1e200}
    with pytest.raises(ValueError, match=r"^d.*: expected gradients that float64 can hold, got an overflow"):
        remedies.backpropagation(list(layers), Y, huge, "identity")


@pytest.mark.parametrize("added", ["yes", True])
def test_what_was_added_is_a_hidden_layer_as_wide_as_the_one_below(added):
    X, Y, parameters = np.ones((2, 3)), np.eye(2)[:, [0, 1, 0]], initialise_by("he", [2, 4, 2])
    layers = [layer._replace(added=added) for layer in remedies.forward(X, parameters, "tanh")]
    with pytest.raises((ValueError, TypeError), match=r"layers\[0\]\.added: expected"):
        remedies.backpropagation(layers, Y, parameters, "tanh")
