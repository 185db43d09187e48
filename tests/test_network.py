import copy
import inspect
import math
import pickle
import re
import sys
import tracemalloc
import warnings
from itertools import pairwise

import numpy as np
import pytest
from helpers import RTOL, assert_gradients_match, says
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bpcourse import checks, explore, graph, layers, practice
from bpcourse.examples import FOUR_FOUR_TWO, FOUR_FOUR_TWO_X, FOUR_FOUR_TWO_Y, XOR_X, XOR_Y
from bpcourse.explore import programs
from bpcourse.gates import GATES, Gate
from bpcourse.graph import Value, evaluate
from bpcourse.layers import ACTIVATIONS, LOSSES, MATCHED, OUTPUTS, activation_vjp, softmax
from bpcourse.network import (
    Workspace,
    as_graph,
    backpropagation,
    cost,
    forward,
    initialise,
    node_name,
    one_hot,
    predict,
    pull_back,
    train,
    training,
    update,
)
from bpcourse.numeric import central_difference, check_gradient

PAIRS = [(output, loss) for output in OUTPUTS for loss in LOSSES if output != "identity" or not LOSSES[loss].probabilities]
pairs = pytest.mark.parametrize(("output", "loss"), PAIRS)
hiddens = pytest.mark.parametrize("hidden", ACTIVATIONS)


def random_parameters(rng, sizes):
    shapes = {}
    for l, (below, units) in enumerate(pairwise(sizes), start=1):
        shapes |= {f"W{l}": (units, below), f"b{l}": (units, 1)}
    return {name: rng.normal(0, 0.8, shape) for name, shape in shapes.items()}


def random_labels(rng, units, examples, loss):
    if loss == "cross_entropy":
        Y = rng.dirichlet(np.ones(units), examples).T
        Y[:, 0] = np.eye(units)[:, rng.integers(units)]
        return Y
    if loss == "binary_cross_entropy":
        return np.where(rng.random((units, examples)) < 0.5, rng.random((units, examples)), rng.integers(0, 2, (units, examples)))
    return rng.normal(size=(units, examples))


@st.composite
def networks(draw, output, loss, hidden, examples=st.integers(1, 5)):
    """(X, Y, parameters) of one to three layers, away from the kinks of relu."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    least = 2 if output == "softmax" else 1
    sizes = [*draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)), draw(st.integers(least, 4))]
    X = rng.normal(size=(sizes[0], draw(examples)))
    parameters = random_parameters(rng, sizes)
    if hidden == "relu":
        cache = forward(X, parameters, hidden, output)
        assume(all(np.abs(cache[f"Z{l}"]).min() > 1e-3 for l in range(1, len(sizes) - 1)))
    return X, random_labels(rng, sizes[-1], X.shape[1], loss), parameters


def small(output="softmax", hidden="relu", loss="cross_entropy", sizes=(3, 4, 2), examples=6, seed=0):
    rng = np.random.default_rng(seed)
    parameters = random_parameters(rng, sizes)
    X = rng.normal(size=(sizes[0], examples))
    return X, random_labels(rng, sizes[-1], examples, loss), parameters


def cost_of(X, Y, parameters, hidden, output, loss):
    return cost(forward(X, parameters, hidden, output), Y, loss)


def gradients(X, Y, parameters, hidden="relu", output="softmax", loss="cross_entropy"):
    return backpropagation(forward(X, parameters, hidden, output), Y, parameters, hidden, output, loss)


X, Y, P = small()
CACHE = forward(X, P)


# ------------------------------------------------------------------ gradients


@hiddens
@pairs
@settings(max_examples=15)
@given(data=st.data())
def test_backpropagation_is_what_nudging_every_parameter_finds(hidden, output, loss, data):
    X, Y, parameters = data.draw(networks(output, loss, hidden))
    grads = gradients(X, Y, parameters, hidden, output, loss)
    size = cost_of(X, Y, parameters, hidden, output, loss)
    for name, parameter in parameters.items():

        def f(moved, name=name):
            return cost_of(X, Y, parameters | {name: moved}, hidden, output, loss)

        assert_gradients_match(grads[f"d{name}"], central_difference(f, parameter), size)


@hiddens
@pairs
@settings(max_examples=8)
@given(data=st.data())
def test_the_graph_the_matrices_and_the_nudges_agree(hidden, output, loss, data):
    X, Y, parameters = data.draw(networks(output, loss, hidden, examples=st.just(1)))
    grads = gradients(X, Y, parameters, hidden, output, loss)
    cache = forward(X, parameters, hidden, output)
    nodes = as_graph(parameters, X[:, 0], Y[:, 0], hidden, output, loss)
    assert nodes["loss"].value == pytest.approx(cost(cache, Y, loss), rel=1e-12)
    nodes["loss"].backward()
    for l in range(1, len(parameters) // 2 + 1):
        for j, row in enumerate(parameters[f"W{l}"]):
            matrices = {f"b_{l}{j + 1}": grads[f"db{l}"][j, 0]}
            for k in range(len(row)):
                matrices[f"w_{l}{j + 1}{k + 1}"] = grads[f"dW{l}"][j, k]
            matrices[f"z_{l}{j + 1}"] = grads[f"dZ{l}"][j, 0]
            if f"dA{l}" in grads:
                matrices[f"a_{l}{j + 1}"] = grads[f"dA{l}"][j, 0]
            assert nodes[f"z_{l}{j + 1}"].value == pytest.approx(cache[f"Z{l}"][j, 0], rel=1e-12, abs=1e-14)
            assert nodes[f"a_{l}{j + 1}"].value == pytest.approx(cache[f"A{l}"][j, 0], rel=1e-12, abs=1e-14)
            for name, expected in matrices.items():
                assert nodes[name].name == name
                assert nodes[name].grad == pytest.approx(expected, rel=1e-10, abs=1e-12)
                h, node = 1e-5, nodes[name]
                up, down = (evaluate(nodes["loss"], {node: node.value + step}) for step in (h, -h))
                assert_gradients_match([node.grad], [(up - down) / (2 * h)], nodes["loss"].value)


@pairs
@settings(max_examples=20)
@given(data=st.data())
def test_the_gradient_of_a_batch_is_the_mean_of_its_examples(output, loss, data):
    X, Y, parameters = data.draw(networks(output, loss, "tanh", examples=st.integers(2, 5)))
    together = gradients(X, Y, parameters, "tanh", output, loss)
    alone = [gradients(X[:, [i]], Y[:, [i]], parameters, "tanh", output, loss) for i in range(X.shape[1])]
    for key, grad in together.items():
        single = [grads[key] for grads in alone]
        expected = np.mean(single, axis=0) if key[:2] in ("dW", "db") else np.hstack(single)
        np.testing.assert_allclose(grad, expected, rtol=1e-10, atol=1e-13)
    costs = [cost_of(X[:, [i]], Y[:, [i]], parameters, "tanh", output, loss) for i in range(X.shape[1])]
    assert cost_of(X, Y, parameters, "tanh", output, loss) == pytest.approx(np.mean(costs), rel=1e-12)


def test_repeating_a_batch_changes_no_gradient():
    once, twice = gradients(X, Y, P), gradients(np.hstack([X, X]), np.hstack([Y, Y]), P)
    for name in P:
        np.testing.assert_allclose(twice[f"d{name}"], once[f"d{name}"], rtol=1e-12)


@pairs
def test_gradients_have_the_shapes_of_what_they_belong_to(output, loss):
    X, Y, parameters = small(output, "tanh", loss, sizes=(3, 5, 4, 2))
    cache = forward(X, parameters, "tanh", output)
    grads = backpropagation(cache, Y, parameters, "tanh", output, loss)
    assert set(grads) == {f"d{key}" for key in [*parameters, *cache]} - {"dA0", "dA3"}
    for key, grad in grads.items():
        assert grad.shape == (parameters | cache)[key[1:]].shape


def test_the_four_equations():
    grads = gradients(X, Y, P, hidden="tanh")
    cache = forward(X, P, hidden="tanh")
    np.testing.assert_allclose(grads["dZ2"], cache["A2"] - Y, rtol=1e-14)
    np.testing.assert_allclose(grads["dA1"], P["W2"].T @ grads["dZ2"], rtol=1e-14)
    np.testing.assert_allclose(grads["dZ1"], grads["dA1"] * (1 - cache["A1"] ** 2), rtol=1e-14)
    np.testing.assert_allclose(grads["dW1"], grads["dZ1"] @ X.T / 6, rtol=1e-14)
    np.testing.assert_allclose(grads["db1"], grads["dZ1"].sum(axis=1, keepdims=True) / 6, rtol=1e-14)


@pytest.mark.parametrize(("output", "loss"), MATCHED.items())
def test_matched_pairs_give_a_minus_y(output, loss):
    X, Y, parameters = small(output, loss=loss)
    cache = forward(X, parameters, output=output)
    grads = backpropagation(cache, Y, parameters, output=output, loss=loss)
    np.testing.assert_array_equal(grads["dZ2"], cache["A2"] - Y)


def test_the_diagonal_formula_is_wrong_for_softmax_with_squared_error():
    X, Y, parameters = small(sizes=(3, 3), loss="squared_error")
    grads = gradients(X, Y, parameters, loss="squared_error")
    A = forward(X, parameters)["A1"]
    diagonal = 2 * (A - Y) * A * (1 - A) @ X.T / X.shape[1]

    def f(W1):
        return cost_of(X, Y, parameters | {"W1": W1}, "relu", "softmax", "squared_error")

    assert check_gradient(f, parameters["W1"], grads["dW1"])
    assert not check_gradient(f, parameters["W1"], diagonal)


def test_a_mistake_of_a_thousandth_in_any_gradient_would_be_seen():
    """The comparison that the tests above rest on, tested."""
    grads = gradients(X, Y, P)

    def f(W1):
        return cost_of(X, Y, P | {"W1": W1}, "relu", "softmax", "cross_entropy")

    numerical, size = central_difference(f, P["W1"]), f(P["W1"])
    assert_gradients_match(grads["dW1"], numerical, size)
    for index in zip(*np.nonzero(np.abs(numerical) > 1e-3)):
        wrong = grads["dW1"].copy()
        wrong[index] *= 1.001
        with pytest.raises(AssertionError):
            assert_gradients_match(wrong, numerical, size)


# ------------------------------------------------------------- forward, cost


@hiddens
@pytest.mark.parametrize("output", OUTPUTS)
def test_forward_computes_layer_by_layer(hidden, output):
    cache = forward(X, P, hidden, output)
    assert list(cache) == ["A0", "Z1", "A1", "Z2", "A2"]
    np.testing.assert_array_equal(cache["A0"], X)
    np.testing.assert_allclose(cache["Z1"], P["W1"] @ X + P["b1"], rtol=1e-14)
    np.testing.assert_allclose(cache["A1"], ACTIVATIONS[hidden](cache["Z1"]), rtol=1e-14)
    np.testing.assert_allclose(cache["Z2"], P["W2"] @ cache["A1"] + P["b2"], rtol=1e-14)
    np.testing.assert_allclose(cache["A2"], OUTPUTS[output](cache["Z2"]), rtol=1e-14)


@pairs
def test_cost_is_the_mean_over_examples_of_the_sum_over_units(output, loss):
    X, Y, parameters = small(output, loss=loss)
    cache = forward(X, parameters, output=output)
    A = cache["A2"]
    with np.errstate(invalid="ignore"):
        terms = {
            "squared_error": (Y - A) ** 2,
            "half_squared_error": (Y - A) ** 2 / 2,
            "binary_cross_entropy": -(Y * np.log(A) + (1 - Y) * np.log(1 - A)),
            "cross_entropy": -Y * np.log(A),
        }[loss]
    assert isinstance(cost(cache, Y, loss), float)
    assert cost(cache, Y, loss) == pytest.approx(terms.sum() / 6, rel=1e-12)
    assert cost(dict(cache), Y, loss) == pytest.approx(terms.sum() / 6, rel=1e-12)


def test_the_names_default_to_relu_softmax_and_cross_entropy():
    assert cost(CACHE, Y) == cost(CACHE, Y, loss="cross_entropy")
    explicit = backpropagation(CACHE, Y, P, hidden="relu", output="softmax", loss="cross_entropy")
    for key, grad in backpropagation(CACHE, Y, P).items():
        np.testing.assert_array_equal(grad, explicit[key])


def test_backpropagation_takes_a_plain_dict_as_cache():
    for key, grad in backpropagation(dict(CACHE), Y, P).items():
        np.testing.assert_array_equal(grad, gradients(X, Y, P)[key])


@pairs
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_logits_of_1000_give_finite_costs_and_gradients_without_a_warning(output, loss, label):
    parameters = {"W1": np.array([[1000.0], [-1000.0]]), "b1": np.zeros((2, 1))}
    Y = np.array([[label], [1 - label]])
    with warnings.catch_warnings(), np.errstate(over="raise", invalid="raise", divide="raise"):
        warnings.simplefilter("error")
        cache = forward([[1.0]], parameters, output=output)
        value = cost(cache, Y, loss)
        grads = backpropagation(cache, Y, parameters, output=output, loss=loss)
    assert all(np.isfinite(grad).all() for grad in grads.values())
    wrong = 1 - label
    limit = {
        ("identity", "squared_error"): ((1000 - label) ** 2 + (1000 + 1 - label) ** 2),
        ("identity", "half_squared_error"): ((1000 - label) ** 2 + (1000 + 1 - label) ** 2) / 2,
        ("sigmoid", "binary_cross_entropy"): 2000 * wrong,
        ("sigmoid", "cross_entropy"): 1000 * wrong,
        ("softmax", "binary_cross_entropy"): 4000 * wrong,
        ("softmax", "cross_entropy"): 2000 * wrong,
        ("sigmoid", "squared_error"): 2 * wrong,
        ("softmax", "squared_error"): 2 * wrong,
        ("sigmoid", "half_squared_error"): wrong,
        ("softmax", "half_squared_error"): wrong,
    }[output, loss]
    assert value == pytest.approx(limit, rel=1e-14, abs=1e-300)


@hiddens
def test_hidden_units_at_1000_stay_finite_without_a_warning(hidden):
    parameters = {"W1": np.array([[1000.0], [-1000.0]]), "b1": np.zeros((2, 1)), "W2": np.eye(2), "b2": np.zeros((2, 1))}
    with warnings.catch_warnings(), np.errstate(over="raise", invalid="raise", divide="raise"):
        warnings.simplefilter("error")
        grads = gradients([[1.0, -1.0]], np.eye(2), parameters, hidden=hidden)
    assert all(np.isfinite(grad).all() for grad in grads.values())


@hiddens
@pairs
def test_float32_stays_float32(hidden, output, loss):
    X, Y, parameters = small(output, hidden, loss)
    X32, P32 = X.astype("float32"), {name: p.astype("float32") for name, p in parameters.items()}
    cache = forward(X32, P32, hidden, output)
    grads = backpropagation(cache, Y, P32, hidden, output, loss)
    assert {a.dtype for a in [*cache.values(), *grads.values(), *update(P32, grads, 0.1).values()]} == {np.dtype("float32")}
    for key, grad in gradients(X, Y, parameters, hidden, output, loss).items():
        np.testing.assert_allclose(grads[key], grad, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("learning_rate", [0.1, np.float64(0.1), np.float32(0.1)], ids=lambda n: type(n).__name__)
def test_training_keeps_float32(learning_rate):
    P32 = {name: p.astype("float32") for name, p in P.items()}
    trained, _ = train(P32, X.astype("float32"), Y, epochs=2, learning_rate=learning_rate, progress=False)
    assert {p.dtype for p in trained.values()} == {np.dtype("float32")}


def test_no_input_is_changed():
    X, Y, parameters = small()
    arrays = [X, Y, *parameters.values()]
    before = [a.copy() for a in arrays]
    cache = forward(X, parameters)
    kept = {key: a.copy() for key, a in cache.items()}
    grads = backpropagation(cache, Y, parameters)
    held = {key: a.copy() for key, a in grads.items()}
    cost(cache, Y)
    update(parameters, grads, 0.5)
    predict(X, parameters)
    as_graph(parameters, X[:, 0], Y[:, 0])["loss"].backward()
    train(parameters, X, Y, epochs=2, batch_size=4, progress=False)
    for now, then in [*zip(arrays, before), *((cache[k], kept[k]) for k in kept), *((grads[k], held[k]) for k in held)]:
        np.testing.assert_array_equal(now, then)


def test_lists_and_whole_numbers_are_taken_too():
    parameters = {"W1": [[1, 2], [3, 4]], "b1": [[0], [1]]}
    cache = forward([[1], [1]], parameters)
    assert cache["Z1"].tolist() == [[3], [8]]
    assert backpropagation(cache, [[1], [0]], parameters)["dW1"].shape == (2, 2)
    assert update(parameters, {"dW1": [[1, 1], [1, 1]], "db1": [[2], [2]]}, 0.5)["b1"].tolist() == [[-1], [0]]


# ---------------------------------------------------------- update, initialise


def test_update_takes_one_step_downhill():
    grads = {f"d{name}": np.full(p.shape, 3.0) for name, p in P.items()}
    stepped = update(P, grads, 0.1)
    assert list(stepped) == list(P)
    for name in P:
        np.testing.assert_allclose(stepped[name], P[name] - 0.3, rtol=1e-14)
    assert cost(forward(X, update(P, gradients(X, Y, P), 0.01)), Y) < cost(CACHE, Y)


@pytest.mark.parametrize(("hidden", "gain"), [("relu", 2), ("tanh", 1), ("sigmoid", 1), ("identity", 1)])
def test_initialise_draws_weights_with_variance_by_units_below(hidden, gain):
    parameters = initialise([400, 300, 100], hidden, seed=3)
    assert {name: p.shape for name, p in parameters.items()} == {
        "W1": (300, 400),
        "b1": (300, 1),
        "W2": (100, 300),
        "b2": (100, 1),
    }
    assert not parameters["b1"].any() and not parameters["b2"].any()
    for W in (parameters["W1"], parameters["W2"]):
        assert W.var() == pytest.approx(gain / W.shape[1], rel=0.05)
        assert abs(W.mean()) < 0.05 * W.std()


def test_initialise_is_seeded():
    first, again, other = initialise([3, 2], seed=1), initialise([3, 2], seed=1), initialise([3, 2], seed=2)
    np.testing.assert_array_equal(first["W1"], again["W1"])
    assert (first["W1"] != other["W1"]).all()


# ---------------------------------------------------------------------- train


def test_an_epoch_of_one_batch_is_one_update():
    trained, history = train(P, X, Y, epochs=1, learning_rate=0.3, progress=False)
    expected = update(P, gradients(X, Y, P), 0.3)
    for name in P:
        np.testing.assert_allclose(trained[name], expected[name], rtol=1e-12)
    assert history["cost"] == pytest.approx([cost(CACHE, Y), cost(forward(X, expected), Y)], rel=1e-12)


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(None, [6]), (1, [1] * 6), (2, [2, 2, 2]), (4, [4, 2]), (5, [5, 1]), (100, [6])]
)
def test_each_epoch_deals_every_example_once_into_minibatches(monkeypatch, batch_size, sizes):
    seen = []

    def spy(cache, Y, *rest, **names):
        seen.append((cache["A0"], Y))
        return backpropagation(cache, Y, *rest, **names)

    monkeypatch.setattr(training, "backpropagation", spy)
    train(P, X, Y, epochs=3, batch_size=batch_size, progress=False)
    assert [batch.shape[1] for batch, _ in seen] == sizes * 3
    pairs_of = {tuple(x): tuple(y) for x, y in zip(X.T, Y.T)}
    orders = []
    for epoch in range(3):
        dealt = seen[epoch * len(sizes) : (epoch + 1) * len(sizes)]
        columns = [(tuple(x), tuple(y)) for batch, labels in dealt for x, y in zip(batch.T, labels.T)]
        assert dict(columns) == pairs_of and len(columns) == 6
        orders.append([x for x, _ in columns])
    assert orders[0] != orders[1]


def test_history_has_the_cost_before_and_after_every_epoch():
    validation = (X[:, :2], Y[:, :2])
    trained, history = train(P, X, Y, epochs=4, batch_size=4, validation=validation, progress=False)
    assert {key: len(costs) for key, costs in history.items()} == {"cost": 5, "validation_cost": 5}
    assert history["cost"][0] == cost(CACHE, Y)
    assert history["cost"][-1] == cost(forward(X, trained), Y)
    assert history["validation_cost"][0] == cost(forward(validation[0], P), validation[1])
    assert history["validation_cost"][-1] == cost(forward(validation[0], trained), validation[1])
    assert "validation_cost" not in train(P, X, Y, epochs=1, progress=False).history


def test_validation_data_changes_nothing_that_is_learned():
    with_, without = (train(P, X, Y, epochs=3, batch_size=2, validation=v, progress=False)[0] for v in [(X, Y), None])
    for name in P:
        np.testing.assert_array_equal(with_[name], without[name])


def test_training_stops_when_the_cost_is_low_enough():
    labels = one_hot([0, 1, 0, 1, 0, 1], 2)
    _, history = train(P, X, labels, epochs=5000, learning_rate=0.5, until_loss=0.2, progress=False)
    assert len(history["cost"]) < 5000
    assert history["cost"][-1] < 0.2 <= min(history["cost"][:-1])


def test_training_that_is_good_enough_already_does_nothing():
    trained, history = train(P, X, Y, epochs=10, until_loss=1e9, progress=False)
    assert len(history["cost"]) == 1
    for name in P:
        np.testing.assert_array_equal(trained[name], P[name])


def test_training_is_deterministic_from_its_seed():
    def run(seed):
        return train(P, X, Y, epochs=5, batch_size=2, seed=seed, progress=False)

    first, again, other = run(1), run(1), run(2)
    assert first.history == again.history != other.history
    for name in P:
        np.testing.assert_array_equal(first.parameters[name], again.parameters[name])


@pytest.mark.parametrize(("hidden", "batch_size"), [("tanh", None), ("tanh", 3), ("sigmoid", None), ("relu", None)])
def test_exclusive_or_is_learned(hidden, batch_size):
    start = initialise([2, 8, 1], hidden, seed=1)
    names = {"hidden": hidden, "output": "sigmoid"}
    before = cost(forward(XOR_X, start, **names), XOR_Y, "binary_cross_entropy")
    trained, history = train(
        start, XOR_X, XOR_Y, **names, loss="binary_cross_entropy", learning_rate=1.0, batch_size=batch_size, epochs=4000,
        until_loss=0.05, progress=False,
    )  # fmt: skip
    assert history["cost"][0] == before and history["cost"][-1] < 0.05
    np.testing.assert_array_equal(forward(XOR_X, trained, **names)["A2"] > 0.5, XOR_Y == 1)


@pairs
def test_training_lowers_the_cost_for_every_pair(output, loss):
    X, Y, parameters = small(output, "tanh", loss)
    _, history = train(
        parameters, X, Y, hidden="tanh", output=output, loss=loss, learning_rate=0.05, epochs=30, progress=False
    )  # fmt: skip
    assert all(after < before for before, after in pairwise(history["cost"]))


def test_progress_shows_a_bar(capsys):
    train(P, X, Y, epochs=3, progress=True)
    assert "3/3" in capsys.readouterr().err
    train(P, X, Y, epochs=3, progress=False)
    assert capsys.readouterr() == ("", "")


# ----------------------------------------------------------- one_hot, predict


def test_one_hot():
    assert one_hot([2, 0], 3).tolist() == [[0, 1], [0, 0], [1, 0]]
    assert one_hot(np.array([0, 0], dtype="uint8"), 1).tolist() == [[1, 1]]


def test_predict_names_the_largest_output():
    for hidden in ACTIVATIONS:
        expected = forward(X, P, hidden)["A2"].argmax(axis=0)
        assert predict(X, P, hidden).tolist() == expected.tolist()
    parameters = {"W1": np.eye(3), "b1": np.zeros((3, 1))}
    assert predict([[1, 0], [5, 0], [2, 7]], parameters).tolist() == [1, 2]


# -------------------------------------------------------------------- as_graph


def test_as_graph_names_are_those_of_the_book():
    nodes = as_graph(P, X[:, 0], Y[:, 0])
    w = [f"w_1{j}{k}" for j in range(1, 5) for k in range(1, 4)] + [f"w_2{j}{k}" for j in range(1, 3) for k in range(1, 5)]
    units = [f"{letter}_{l}{j}" for letter in "bza" for l, n in ((1, 4), (2, 2)) for j in range(1, n + 1)]
    assert set(nodes) == {"x_1", "x_2", "x_3", "y_1", "y_2", "loss", *w, *units}
    assert all(name == node.name for name, node in nodes.items())
    assert nodes["w_132"].value == P["W1"][2, 1]
    assert nodes["b_21"].value == P["b2"][0, 0]
    assert nodes["y_2"].value == Y[1, 0]


def test_as_graph_parts_indices_by_commas_in_wide_layers():
    rng = np.random.default_rng(0)
    parameters = random_parameters(rng, [2, 10, 2])
    nodes = as_graph(parameters, [1.0, 2.0], [1.0, 0.0])
    assert nodes["w_1,10,2"].value == parameters["W1"][9, 1]
    assert nodes["w_2,1,10"].value == parameters["W2"][0, 9]


@pytest.mark.parametrize(("largest", "name"), [(9, "w_1912"), (10, "w_1,9,12")])
@pytest.mark.parametrize("shape", [lambda n: (n, 2), lambda n: (2, n)], ids=["rows", "columns"])
def test_commas_part_the_indices_from_the_tenth_unit_on(shape, largest, name):
    assert node_name({"W1": np.zeros(shape(largest)), "b1": np.zeros((2, 1))}, "w", 1, 9, 12) == name


def test_commas_part_the_indices_from_the_tenth_layer_on():
    narrow = {f"{letter}{l}": [[0.0]] for l in range(1, 11) for letter in "Wb"}
    assert node_name(narrow, "z", 9, 1) == "z_9,1"
    nine = {name: entry for name, entry in narrow.items() if not name.endswith("10")}
    assert node_name(nine, "z", 9, 1) == node_name(nine | {"more": [[0.0]]}, "z", 9, 1) == "z_91"


def test_a_single_number_among_parameters_has_no_side_to_count():
    assert node_name({"W1": 3.0}, "w", 1, 1, 1) == "w_111"


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: node_name([], "w", 1), TypeError, "parameters: expected a dict of arrays, got list"),
        (lambda: node_name({"W1": "a"}, "w", 1), TypeError, "W1: expected an array of numbers, got str"),
        (lambda: node_name(P, 3, 1), TypeError, "letter: expected a text, got int 3"),
        (lambda: node_name(P, "w", "1"), TypeError, "indices: expected a number, got str '1'"),
        (lambda: node_name(P, "w", 1.5), ValueError, "indices: expected a whole number ≥ 1, got 1.5"),
    ],
)
def test_what_can_be_no_name_of_a_node_is_refused_to_the_letter(call, error, sentence):
    with pytest.raises(error) as refused:
        call()
    assert str(refused.value) == sentence


# --------------------------------------------------------------------- errors


def sans(name):
    return {key: value for key, value in P.items() if key != name}


@pytest.mark.parametrize(
    ("X", "error"),
    [
        (X[:, 0], ValueError),
        (X[None], ValueError),
        (X[:2], ValueError),
        (X[:1], ValueError),
        (X[:, :0], ValueError),
        (X[:0], ValueError),
        (X * math.nan, ValueError),
        (X * math.inf, ValueError),
        ([[1, 2], [3]], ValueError),
        (3.0, ValueError),
        ("ab", TypeError),
        (None, TypeError),
        (X + 1j, TypeError),
    ],
    ids=["1-D", "3-D", "rows", "one row", "no example", "no unit", "nan", "inf", "ragged", "number", "text", "None", "complex"],
)
def test_bad_inputs_are_refused_by_name(X, error):
    with pytest.raises(error, match=says("X")):
        forward(X, P)
    with pytest.raises(error, match=says("X")):
        predict(X, P)
    with pytest.raises(error, match=says("X")):
        train(P, X, Y, progress=False)


@pytest.mark.parametrize(
    ("change", "argument", "error"),
    [
        (P | {"b1": np.zeros(4)}, "b1", ValueError),
        (P | {"b1": np.zeros((1, 4))}, "b1", ValueError),
        (P | {"b1": np.zeros((1, 1))}, "b1", ValueError),
        (P | {"b1": np.zeros((4, 6))}, "b1", ValueError),
        (P | {"b2": 0.0}, "b2", ValueError),
        (P | {"W1": np.zeros(4)}, "W1", ValueError),
        (P | {"W1": np.zeros((0, 3))}, "W1", ValueError),
        (P | {"W2": np.zeros((2, 1))}, "W2", ValueError),
        (P | {"W2": np.zeros((4, 2))}, "b2", ValueError),
        (P | {"W1": P["W1"] * math.nan}, "W1", ValueError),
        (P | {"b2": P["b2"] * math.inf}, "b2", ValueError),
        (P | {"W1": None}, "W1", TypeError),
        (P | {"W1": "a"}, "W1", TypeError),
        (sans("b2"), "parameters", ValueError),
        (P | {"W9": P["W1"]}, "parameters", ValueError),
        ({}, "parameters", ValueError),
        (None, "parameters", TypeError),
        ([P["W1"]], "parameters", TypeError),
    ],
)
def test_bad_parameters_are_refused_by_name(change, argument, error):
    calls = [
        lambda: forward(X, change),
        lambda: backpropagation(CACHE, Y, change),
        lambda: update(change, gradients(X, Y, P), 0.1),
        lambda: predict(X, change),
        lambda: train(change, X, Y, progress=False),
        lambda: as_graph(change, X[:, 0], Y[:, 0]),
    ]
    for call in calls:
        with pytest.raises(error, match=says(argument)):
            call()


def test_softmax_of_one_unit_is_refused():
    with pytest.raises(ValueError, match=says("output", "one output unit")):
        forward(X, random_parameters(np.random.default_rng(0), [3, 1]))


@pytest.mark.parametrize(
    ("Y", "loss", "error"),
    [
        (Y[:1], "cross_entropy", ValueError),
        (Y[:1], "squared_error", ValueError),
        (Y[:, :1], "squared_error", ValueError),
        (Y[:, 0], "squared_error", ValueError),
        (Y.T, "squared_error", ValueError),
        (1.0, "squared_error", ValueError),
        (np.zeros((2, 0)), "squared_error", ValueError),
        (Y * math.nan, "squared_error", ValueError),
        (Y / 0.5, "cross_entropy", ValueError),
        (Y * 0.5, "cross_entropy", ValueError),
        (Y - 1, "binary_cross_entropy", ValueError),
        (Y + 1, "binary_cross_entropy", ValueError),
        ([0, 1, 0, 1, 0, 1], "cross_entropy", ValueError),
        (None, "squared_error", TypeError),
        ("ab", "squared_error", TypeError),
        ([[1, 2], [3]], "squared_error", ValueError),
    ],
)
def test_bad_labels_are_refused_by_name(Y, loss, error):
    with pytest.raises(error, match=says("Y")):
        backpropagation(CACHE, Y, P, loss=loss)
    with pytest.raises(error, match=says("Y")):
        cost(CACHE, Y, loss)
    with pytest.raises(error, match=says("Y")):
        train(P, X, Y, loss=loss, progress=False)


@pytest.mark.parametrize("bad", ["softmaxx", "", None, 3, ["relu"]], ids=repr)
def test_unknown_names_are_refused(bad):
    for call, argument in [
        (lambda: forward(X, P, hidden=bad), "hidden"),
        (lambda: forward(X, P, output=bad), "output"),
        (lambda: backpropagation(CACHE, Y, P, hidden=bad), "hidden"),
        (lambda: backpropagation(CACHE, Y, P, output=bad), "output"),
        (lambda: backpropagation(CACHE, Y, P, loss=bad), "loss"),
        (lambda: cost(CACHE, Y, bad), "loss"),
        (lambda: predict(X, P, hidden=bad), "hidden"),
        (lambda: initialise([2, 2], hidden=bad), "hidden"),
        (lambda: train(P, X, Y, loss=bad, progress=False), "loss"),
        (lambda: as_graph(P, X[:, 0], Y[:, 0], hidden=bad), "hidden"),
        (lambda: as_graph(P, X[:, 0], Y[:, 0], output=bad), "output"),
        (lambda: as_graph(P, X[:, 0], Y[:, 0], loss=bad), "loss"),
    ]:
        with pytest.raises((ValueError, TypeError), match=says(argument)):
            call()


def test_names_that_exist_elsewhere_are_refused_in_the_wrong_place():
    with pytest.raises(ValueError, match=says("hidden", "relu")):
        forward(X, P, hidden="softmax")
    with pytest.raises(ValueError, match=says("output", "softmax")):
        forward(X, P, output="relu")
    with pytest.raises(ValueError, match=says("hidden")):
        forward(X, P, hidden="exp")


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "cross_entropy"])
def test_pairs_that_make_no_sense_are_refused(loss):
    cache = forward(X, P, output="identity")
    for call in (
        lambda: backpropagation(cache, Y, P, output="identity", loss=loss),
        lambda: cost(cache, Y, loss),
        lambda: train(P, X, Y, output="identity", loss=loss, progress=False),
        lambda: as_graph(P, X[:, 0], Y[:, 0], output="identity", loss=loss),
    ):
        with pytest.raises(ValueError, match=says("loss", "squared_error")):
            call()


@pytest.mark.parametrize(("hidden", "output"), [("tanh", "softmax"), ("relu", "sigmoid"), ("tanh", "identity")])
def test_a_cache_made_by_other_functions_is_refused(hidden, output):
    with pytest.raises(ValueError, match=says("hidden, output", "relu")):
        backpropagation(CACHE, Y, P, hidden=hidden, output=output, loss="squared_error")


@pytest.mark.parametrize(
    ("cache", "error"),
    [
        ({}, ValueError),
        (None, TypeError),
        ([1], TypeError),
        ({key: a for key, a in CACHE.items() if key != "Z2"}, ValueError),
        (forward(X, random_parameters(np.random.default_rng(0), [3, 5, 2])), ValueError),
        (dict(CACHE) | {"A1": CACHE["A1"][:, :1]}, ValueError),
        (dict(CACHE) | {"A1": CACHE["A1"] * math.nan}, ValueError),
        (dict(CACHE) | {"Z1": "abc"}, (ValueError, TypeError)),
    ],
    ids=["empty", "None", "list", "key missing", "other network", "one column", "nan", "text"],
)
def test_bad_caches_are_refused_by_name(cache, error):
    with pytest.raises(error, match=r"^cache.*: expected .*, got "):
        backpropagation(cache, Y, P)


@pytest.mark.parametrize(
    ("cache", "error"),
    [({}, ValueError), (None, TypeError), ({"Abc": X}, ValueError), ({1: X}, (ValueError, TypeError))],
    ids=["empty", "None", "Abc", "1"],
)
def test_cost_refuses_what_forward_did_not_return(cache, error):
    with pytest.raises(error, match=says("cache")):
        cost(cache, Y)


def test_cost_of_a_plain_dict_needs_probabilities_for_a_logarithm():
    with pytest.raises(ValueError, match="expected"):
        cost({"A0": X, "A1": np.array([[5.0], [-4.0]])}, [[1.0], [0.0]], "cross_entropy")


def test_a_forward_pass_that_overflows_is_refused():
    """Otherwise NaN runs on into the cost, the gradients and the parameters."""
    large = {name: np.full_like(p, 1e200) for name, p in P.items()}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="expected"):
            forward(np.full_like(X, 1e200), large)


ONE_WEIGHT = {"W1": np.array([[10.0]]), "b1": np.zeros((1, 1))}
OVERFLOWS = {
    "a sum": (
        lambda: forward(np.array([[1e308]]), ONE_WEIGHT, output="identity"),
        "Z1: expected sums that float64 can hold, got an overflow: are X or the weights too large?",
    ),
    "a weight": (
        lambda: update(ONE_WEIGHT, {"dW1": np.array([[1e308]]), "db1": np.zeros((1, 1))}, 10),
        "W1: expected parameters that float64 can hold, got an overflow: is the learning rate too large?",
    ),
    "a bias": (
        lambda: update(ONE_WEIGHT, {"dW1": np.zeros((1, 1)), "db1": np.array([[1e308]])}, 10),
        "b1: expected parameters that float64 can hold, got an overflow: is the learning rate too large?",
    ),
}
"""Where the first overflow is named, and the whole sentence that a student reads."""


@pytest.mark.parametrize(("overflowing", "sentence"), OVERFLOWS.values(), ids=OVERFLOWS)
def test_an_overflow_is_named_where_it_happens(overflowing, sentence):
    with pytest.raises(ValueError) as raised:
        overflowing()
    assert str(raised.value) == sentence


def test_cost_takes_a_plain_dict_for_a_cache():
    made = forward(np.array([[0.2]]), ONE_WEIGHT, output="identity")
    assert cost(dict(made), np.ones((1, 1)), "squared_error") == cost(made, np.ones((1, 1)), "squared_error") == 1.0


@pytest.mark.parametrize(
    ("learning_rate", "error"),
    [(math.nan, ValueError), (math.inf, ValueError), (-0.1, ValueError), ("0.1", TypeError), (None, TypeError)],
)
def test_bad_learning_rates_are_refused_by_name(learning_rate, error):
    with pytest.raises(error, match=says("learning_rate")):
        update(P, gradients(X, Y, P), learning_rate)
    with pytest.raises(error, match=says("learning_rate")):
        train(P, X, Y, learning_rate=learning_rate, epochs=1, progress=False)


def test_bad_gradients_are_refused_by_name():
    grads = gradients(X, Y, P)
    name = "grads['dW1']"
    for bad, error in [
        (np.zeros((1, 1)), ValueError),
        (np.zeros(3), ValueError),
        (grads["dW1"].T, ValueError),
        (grads["dW1"] * math.nan, ValueError),
        (None, TypeError),
    ]:
        with pytest.raises(error, match=says(name)):
            update(P, grads | {"dW1": bad}, 0.1)
    with pytest.raises((ValueError, TypeError), match=says(name)):
        update(P, {}, 0.1)
    with pytest.raises(TypeError, match=says("grads")):
        update(P, None, 0.1)


@pytest.mark.parametrize(
    ("sizes", "error"),
    [
        ([3], ValueError),
        ([], ValueError),
        ([3, 0], ValueError),
        ([3, -1], ValueError),
        ([3, 1.5], ValueError),
        ([3, math.nan], ValueError),
        ([3, math.inf], ValueError),
        (3, TypeError),
        (None, TypeError),
        (["a", 2], (TypeError, ValueError)),
    ],
    ids=repr,
)
def test_bad_sizes_are_refused_by_name(sizes, error):
    with pytest.raises(error, match=says("sizes")):
        initialise(sizes)


def test_whole_sizes_and_counts_may_be_floats():
    assert initialise([3.0, 2.0])["W1"].shape == (2, 3)
    assert len(train(P, X, Y, epochs=2.0, batch_size=2.0, progress=False).history["cost"]) == 3


@pytest.mark.parametrize("argument", ["batch_size", "epochs"])
@pytest.mark.parametrize("bad", [0, -1, 1.5, math.nan, math.inf])
def test_bad_counts_are_refused_by_name(argument, bad):
    with pytest.raises(ValueError, match=says(argument)):
        train(P, X, Y, progress=False, **{argument: bad})


@pytest.mark.parametrize("argument", ["batch_size", "epochs", "until_loss"])
def test_text_for_a_number_is_refused_by_name(argument):
    with pytest.raises((TypeError, ValueError), match=says(argument)):
        train(P, X, Y, progress=False, **{argument: "many"})


def test_a_limit_of_nan_is_refused():
    with pytest.raises(ValueError, match=says("until_loss")):
        train(P, X, Y, epochs=1, until_loss=math.nan, progress=False)


@pytest.mark.parametrize("validation", [X, (X,), 5, (X, Y[:1]), (X[:1], Y)], ids=["X alone", "one", "number", "labels", "inputs"])
def test_bad_validation_data_is_refused_by_name(validation):
    with pytest.raises((ValueError, TypeError), match=says("validation")):
        train(P, X, Y, validation=validation, progress=False)


def test_training_labels_must_be_as_many_as_inputs():
    with pytest.raises(ValueError, match=says("Y", "6 examples")):
        train(P, X, Y[:, :4], progress=False)


@pytest.mark.parametrize(
    ("labels", "error"),
    [
        ([-1], ValueError),
        ([3], ValueError),
        ([], ValueError),
        ([[1]], ValueError),
        (1, ValueError),
        ([[1], [1, 2]], ValueError),
        ([1.0], TypeError),
        (["a"], TypeError),
        ([True], TypeError),
        (None, (TypeError, ValueError)),
    ],
    ids=repr,
)
def test_bad_class_labels_are_refused_by_name(labels, error):
    with pytest.raises(error, match=says("labels")):
        one_hot(labels, 3)


@pytest.mark.parametrize(
    ("classes", "error"), [(0, ValueError), (-1, ValueError), (2.5, (TypeError, ValueError)), ("a", TypeError), (None, TypeError)]
)
def test_bad_class_counts_are_refused_by_name(classes, error):
    with pytest.raises(error, match=says("classes")):
        one_hot([0], classes)


@pytest.mark.parametrize(
    ("x", "y", "argument"),
    [
        (X, Y[:, 0], "x"),
        (X[:, :1], Y[:, 0], "x"),
        (X[:2, 0], Y[:, 0], "x"),
        (X[:, 0] * math.nan, Y[:, 0], "x"),
        (X[:, 0], Y, "y"),
        (X[:, 0], Y[:1, 0], "y"),
        (X[:, 0], [1.0, 1.0], "y"),
    ],
)
def test_bad_examples_for_a_graph_are_refused_by_name(x, y, argument):
    with pytest.raises(ValueError, match=says(argument)):
        as_graph(P, x, y)


def test_what_is_no_number_for_a_graph_is_refused_by_name():
    with pytest.raises(TypeError, match=says("x", "numbers")):
        as_graph(P, "abc", Y[:, 0])
    with pytest.raises(TypeError, match=says("y", "numbers")):
        as_graph(P, X[:, 0], "ab")


def test_differences_of_the_cost_are_accurate_enough_for_these_tests():
    """A difference with half the step agrees: the tolerance is the analytic gradient's, not the difference's."""

    def f(W1):
        return cost_of(X, Y, P | {"W1": W1}, "relu", "softmax", "cross_entropy")

    wide, narrow = central_difference(f, P["W1"]), central_difference(f, P["W1"], eps=5e-6)
    seen = np.abs(wide) > 1e-4 * (1 + f(P["W1"]))
    np.testing.assert_allclose(wide[seen], narrow[seen], rtol=RTOL)


# ------------------------------------------------- one row in the gate table does for all


SOFTPLUS = Gate(
    "softplus", "s⁺", 1,
    lambda x: math.log1p(math.exp(-abs(x))) + max(x, 0.0),
    lambda out, x: (GATES["sigmoid"](x),),
    "(math.log1p(math.exp(-abs({0}))) + max({0}, 0.0))", "(Math.log1p(Math.exp(-Math.abs({0}))) + Math.max({0}, 0))",
)  # fmt: skip
SWISH = Gate(
    "swish", "sw", 1,
    lambda x: x * GATES["sigmoid"].forward(x),
    lambda out, x: (out + GATES["sigmoid"](x) * (1 - out),),
    "({0} / (1 + math.exp(-{0})))", "({0} / (1 + Math.exp(-{0})))", arrays=lambda Z: Z * GATES["sigmoid"](Z),
)  # fmt: skip
SINE = Gate(
    "sine", "sin", 1, math.sin, lambda out, x: (math.cos(x),), "math.sin({0})", "Math.sin({0})", arrays=np.sin
)  # fmt: skip
ELU = Gate(
    "elu", "elu", 1, lambda x: x if x > 0 else math.expm1(x), lambda out, x: (1 if x > 0 else out + 1,),
    "({0} if {0} > 0 else math.expm1({0}))", "({0} > 0 ? {0} : Math.expm1({0}))", kink=lambda x: x,
)  # fmt: skip
FOR_NUMBERS = [SINE, ELU]
"""Rows as a reader writes them first: their local gradients take no arrays, and no nodes."""


@pytest.fixture(params=[SOFTPLUS, SWISH, *FOR_NUMBERS], ids=lambda gate: gate.name)
def new_gate(request, monkeypatch):
    monkeypatch.setitem(GATES, request.param.name, request.param)
    return request.param


@pytest.mark.parametrize("output, loss", [("softmax", "cross_entropy"), ("sigmoid", "squared_error")])
def test_a_new_gate_serves_layers_graphs_training_and_the_workspace(new_gate, output, loss):
    hidden = new_gate.name
    X, Y, parameters = small(output, hidden, loss, sizes=(3, 4, 3, 2))
    grads = gradients(X, Y, parameters, hidden, output, loss)
    for name, parameter in parameters.items():
        assert check_gradient(
            lambda moved, name=name: cost_of(X, Y, parameters | {name: moved}, hidden, output, loss), parameter, grads[f"d{name}"]
        )
    one = gradients(X[:, :1], Y[:, :1], parameters, hidden, output, loss)
    nodes = as_graph(parameters, X[:, 0], Y[:, 0], hidden, output, loss)
    nodes["loss"].backward()
    assert nodes["w_132"].grad == pytest.approx(one["dW1"][2, 1], rel=1e-12)
    names = {"hidden": hidden, "output": output, "loss": loss}
    history = train(parameters, X, Y, **names, epochs=5, progress=False).history["cost"]
    assert history[-1] < history[0]
    mine = {name: array.copy() for name, array in parameters.items()}
    Workspace(mine, 6, **names).step(X, Y, 0.3)
    for name, array in update(parameters, grads, 0.3).items():
        np.testing.assert_allclose(mine[name], array, rtol=1e-12, atol=1e-14)
    single = {name: array.astype("float32") for name, array in parameters.items()}
    cache = forward(X.astype("float32"), single, hidden, output)
    back = backpropagation(cache, Y.astype("float32"), single, hidden, output, loss)
    assert {a.dtype for a in [*cache.values(), *back.values()]} == {np.dtype("float32")}
    walk = explore.Steps(programs.network(parameters, X, Y, hidden, output, loss)).walk
    np.testing.assert_allclose(walk.arrays["dZ1"], grads["dZ1"], rtol=1e-12)
    with pytest.raises(ValueError, match=says("hidden", "one of sigmoid, tanh")):
        practice.of_network(parameters, X, Y, hidden, output, loss)  # which needs a rule for each step
    assert initialise([3, 2], hidden)["W1"].shape == (2, 3) and predict(X, parameters, hidden).shape == (6,)


@pytest.mark.parametrize("gate", FOR_NUMBERS, ids=lambda gate: gate.name)
def test_a_row_for_numbers_alone_is_named_where_a_graph_of_its_derivative_is_asked_for(gate):
    x = Value(0.3, "x")
    with pytest.raises(TypeError, match=says(gate.name, "local gradients of operators and gates")):
        graph.gradient(gate(x), [x])


def test_a_row_that_has_no_slope_somewhere_is_refused_there(monkeypatch):
    root = Gate("root", "√", 1, lambda x: math.sqrt(abs(x)), lambda out, x: (math.copysign(0.5, x) / out,), "", "")
    monkeypatch.setitem(GATES, "root", root)
    Z = np.array([[-4.0], [0.0]])
    np.testing.assert_array_equal(activation_vjp("root", Z[:1], Z[:1], root(Z[:1])), [[1.0]])
    with pytest.raises(ValueError, match=says("root", "a point with a finite local gradient")):
        activation_vjp("root", Z, Z, root(Z))


# ------------------------------------------------------------ asked at the door, once


def questions_asked(action) -> int:
    """Calls of functions in checks.py, whoever makes them."""
    count = 0

    def profile(frame, event, _):
        nonlocal count
        count += event == "call" and frame.f_code.co_filename == checks.__file__

    sys.setprofile(profile)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("hidden", ["sigmoid", "relu"])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_readable_step_with_its_cost_calls_checks_at_most_ten_times(hidden, loss):
    x, y, names = FOUR_FOUR_TWO_X[:, None], FOUR_FOUR_TWO_Y[:, None], (hidden, "softmax")

    def step():
        cache = forward(x, FOUR_FOUR_TWO, *names)
        cost(cache, y, loss)
        update(FOUR_FOUR_TWO, backpropagation(cache, y, FOUR_FOUR_TWO, *names, loss), 1.0)

    assert 0 < questions_asked(step) <= 10


def test_behind_a_door_nothing_is_asked_and_outside_it_is_again():
    assert questions_asked(lambda: softmax(X)) > 0
    with pytest.raises(ValueError, match=says("Y")):
        backpropagation(CACHE, Y * math.nan, P)
    assert questions_asked(lambda: softmax(X)) > 0
    backpropagation(CACHE, Y, P)
    with pytest.raises(ValueError, match=says("Z")):
        softmax(X * math.nan)


# ------------------------------------------------------------------ the loop and its ends


def test_three_epochs_and_one_are_four():
    whole = train(P, X, Y, batch_size=4, epochs=4, seed=5, progress=False)
    rng = np.random.default_rng(5)
    first = train(P, X, Y, batch_size=4, epochs=3, seed=rng, progress=False)
    second = train(first.parameters, X, Y, batch_size=4, epochs=1, seed=rng, progress=False)
    assert first.history["cost"] + second.history["cost"][1:] == whole.history["cost"]
    for name in P:
        np.testing.assert_array_equal(second.parameters[name], whole.parameters[name])


def test_after_every_epoch_what_was_reached_can_be_stored():
    stored = []
    trained = train(P, X, Y, epochs=3, progress=False, after_epoch=lambda reached: stored.append(copy.deepcopy(reached)))
    assert [len(reached.history["cost"]) for reached in stored] == [2, 3, 4]
    assert [cost(forward(X, reached.parameters), Y) for reached in stored] == trained.history["cost"][1:]
    with pytest.raises(TypeError, match=says("after_epoch")):
        train(P, X, Y, progress=False, after_epoch=3)


@pytest.mark.parametrize("where", ["forward", "update"])
def test_what_ctrl_c_interrupts_is_kept(monkeypatch, where):
    calls = 0
    step = getattr(training, where)

    def interrupted(*args, **names):
        nonlocal calls
        calls += 1
        if calls == 9:
            raise KeyboardInterrupt
        return step(*args, **names)

    monkeypatch.setattr(training, where, interrupted)
    with pytest.warns(UserWarning, match="train: interrupted after . whole epochs"):
        parameters, history = train(P, X, Y, batch_size=3, epochs=50, validation=(X, Y), progress=False)
    assert 1 <= len(history["cost"]) < 50 and len(history["cost"]) == len(history["validation_cost"])
    monkeypatch.undo()
    assert cost(forward(X, parameters), Y) < history["cost"][0]
    with pytest.raises(ValueError, match=says("X")):
        forward(X * math.nan, parameters)  # the door asks again after an interrupt


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (1.5, TypeError), ("a", TypeError), (None, TypeError), ([], TypeError)]
)
def test_bad_seeds_are_refused_by_name(seed, error):
    for call in (lambda: initialise([2, 2], seed=seed), lambda: train(P, X, Y, seed=seed, progress=False)):
        with pytest.raises(error, match=says("seed")):
            call()


# ------------------------------------------------------------------------ odds and ends


def test_one_output_unit_predicts_0_or_1():
    x, _, parameters = small("sigmoid", loss="binary_cross_entropy", sizes=(3, 4, 1), examples=50)
    labels = predict(x, parameters)
    assert labels.tolist() == (forward(x, parameters, output="sigmoid")["A2"][0] > 0.5).astype(int).tolist()
    assert set(labels.tolist()) == {0, 1}


def test_many_classes_take_no_more_memory_than_their_columns():
    tracemalloc.start()
    try:
        assert one_hot([3], 1_000_000)[3, 0] == 1
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c)), lambda c: c.copy()])
def test_a_copied_cache_knows_its_functions(copied):
    cache = copied(CACHE)
    assert (cache.hidden, cache.output) == ("relu", "softmax") and list(cache) == list(CACHE)
    with pytest.raises(ValueError, match=says("hidden, output")):
        backpropagation(cache, Y, P, hidden="tanh")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "call",
    [
        lambda: backpropagation(forward(X, P, output="identity"), Y * 0 - 1.7e308, P, "relu", "identity", "squared_error"),
        lambda: backpropagation(forward(X * 1e150, P, output="identity"), Y * 1e300, P, "relu", "identity", "squared_error"),
        lambda: cost(forward(X, P, output="identity"), np.full((2, 6), 1.7e308), "squared_error"),
        lambda: update(P, {f"d{name}": np.full(p.shape, 1e308) for name, p in P.items()}, 100.0),
        lambda: update(P, {f"d{name}": np.full(p.shape, 2.0) for name, p in P.items()}, 1.7e308),
        lambda: forward(X * 90, {name: p * 1e307 for name, p in P.items()}, "sigmoid"),
        lambda: train(P, X, Y * 1e308, output="identity", loss="squared_error", epochs=3, progress=False),
    ],
)
def test_finite_numbers_in_give_finite_numbers_or_an_error_by_name(call):
    with pytest.raises(ValueError, match=r"expected .*, got an overflow|expected .* finite"):
        call()


masked = pytest.mark.parametrize(
    "X", [np.ma.masked_array(X, X > 1), np.ma.masked_greater(X, 0.5)[:, :6]], ids=["mask", "greater"]
)


@masked
def test_masked_entries_are_refused_by_name(X):
    for call in (lambda: forward(X, P), lambda: train(P, X, Y, progress=False), lambda: predict(X, P)):
        with pytest.raises(ValueError, match=says("X", "masked")):
            call()


def test_what_is_masked_nowhere_and_what_lies_in_a_file_are_arrays(tmp_path):
    for taken in (np.ma.masked_array(X), on_disk(tmp_path / "X", X)):
        for key, array in forward(taken, P).items():
            np.testing.assert_array_equal(array, CACHE[key])


def on_disk(path, array):
    mapped = np.memmap(path, array.dtype, "w+", shape=array.shape)
    mapped[:] = array
    return mapped


def test_the_type_of_a_strange_array_is_told():
    for odd, told in ((np.array([["a"]]), "ndarray of str"), (np.array([[None]]), "ndarray of object")):
        with pytest.raises(TypeError, match=says("X", "numbers") + told):
            forward(odd, P)


@pytest.mark.parametrize(
    "call",
    [
        lambda masked: forward([masked, masked], initialise([2, 3, 2])),
        lambda masked: layers.sigmoid([[masked, masked]]),
        lambda masked: one_hot(masked.astype(int), 4),
    ],
)
def test_masked_entries_in_lists_and_labels_are_refused_too(call):
    with pytest.raises(ValueError, match=r"masked entries, got [12] of them"):
        call(np.ma.array([0.0, 1.0, 2.0], mask=[0, 1, 0]))


def test_what_a_stranger_is_told_names_what_a_list_was_made_of():
    for strange in (["a", "b"], [None, None]):
        with pytest.raises(TypeError, match=r"got list of (str|object)"):
            layers.sigmoid(strange)


def test_numbers_wider_than_float64_are_refused_without_a_warning():
    with pytest.raises(ValueError, match=says("X", "finite")):
        forward(np.full((2, 3), np.longdouble(2) ** 2000), initialise([2, 3, 2]))


def test_a_cache_put_together_with_more_knows_its_functions():
    cache = forward([[0.5], [1.0]], initialise([2, 3, 2], "tanh"), "tanh")
    assert ((cache | {}).hidden, (cache | {}).output) == ("tanh", "softmax")


def test_what_after_epoch_stores_does_not_grow():
    kept = []
    train(initialise([2, 3, 2]), np.eye(2), np.eye(2), epochs=3, progress=False, after_epoch=kept.append)
    assert [len(training.history["cost"]) for training in kept] == [2, 3, 4]


# -------------------------------------------------------------- training, to the letter


@pytest.mark.parametrize(("hidden", "gain"), [("relu", 2), ("tanh", 1), ("sigmoid", 1), ("identity", 1)])
def test_initialise_draws_layer_after_layer_from_one_generator(hidden, gain):
    rng = np.random.default_rng(4)
    expected = [rng.normal(0, math.sqrt(gain / below), (units, below)) for below, units in ((3, 5), (5, 2))]
    parameters = initialise([3, 5, 2], hidden, 4)
    assert list(parameters) == ["W1", "b1", "W2", "b2"]
    for name, W in zip(("W1", "W2"), expected):
        np.testing.assert_array_equal(parameters[name], W)
    assert {b.dtype for b in parameters.values()} == {np.dtype("float64")}


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: initialise([3]), ValueError, "sizes: expected two or more, inputs first, got [3]"),
        (lambda: initialise([2, 2], seed=-1), ValueError, "seed: expected a whole number ≥ 0, got -1"),
        (
            lambda: initialise([2, 2], seed="a"),
            TypeError,
            "seed: expected a whole number ≥ 0 or a numpy Generator, got str 'a'",
        ),
        (
            lambda: initialise([10**12, 10**13]),
            ValueError,
            "sizes: expected less than 10⁹ numbers in an array, got 1000000000000 × 10000000000000",
        ),
        (lambda: one_hot([0], 1.5), ValueError, "classes: expected a whole number ≥ 1, got 1.5"),
        (lambda: one_hot([0, 3], 3), ValueError, "labels: expected 0 to 2, got 3"),
        (
            lambda: one_hot([0, 0], 10**15),
            ValueError,
            "classes: expected less than 10⁹ numbers in an array, got 1000000000000000 × 2",
        ),
        (lambda: train(P, X, Y, seed=-1), ValueError, "seed: expected a whole number ≥ 0, got -1"),
        (lambda: train(P, X, Y, epochs=0), ValueError, "epochs: expected a whole number ≥ 1, got 0"),
        (lambda: train(P, X, Y, batch_size=0), ValueError, "batch_size: expected a whole number ≥ 1, got 0"),
        (lambda: train(P, X, Y, learning_rate=-1), ValueError, "learning_rate: expected a number ≥ 0, got -1"),
        (lambda: train(P, X, Y, until_loss="a"), TypeError, "until_loss: expected a number, got str 'a'"),
        (lambda: train(P, X, Y, progress=1), TypeError, "progress: expected True or False, got int 1"),
        (lambda: train(P, X, Y, after_epoch=1), TypeError, "after_epoch: expected a function of a Training, got int"),
        (lambda: train(P, X, Y, validation=3), TypeError, "validation: expected a list of two arrays (X, Y), got int 3"),
        (lambda: train(P, X, Y, checkpoint=3), TypeError, "checkpoint: expected a path, got int 3"),
        (
            lambda: train(P, X, Y, resume=True),
            ValueError,
            "resume: expected a checkpoint to go on from, got checkpoint=None",
        ),
    ],
)
def test_what_is_said_of_wrong_input_to_training(call, error, sentence):
    with pytest.raises(error) as refused:
        call()
    assert str(refused.value) == sentence


def test_training_has_the_defaults_that_its_text_names():
    defaults = {name: given.default for name, given in inspect.signature(train).parameters.items()}
    assert defaults == {
        **dict.fromkeys(("parameters", "X", "Y"), inspect.Parameter.empty),
        "hidden": "relu",
        "output": "softmax",
        "loss": "cross_entropy",
        "learning_rate": 0.1,
        "batch_size": None,
        "epochs": 100,
        "until_loss": None,
        "validation": None,
        "seed": 0,
        "progress": True,
        "after_epoch": None,
        "checkpoint": None,
        "resume": False,
    }


def test_a_cost_of_just_the_limit_is_not_under_it():
    before = train(P, X, Y, epochs=1, progress=False).history["cost"][0]
    assert len(train(P, X, Y, epochs=1, until_loss=before, progress=False).history["cost"]) == 2
    assert len(train(P, X, Y, epochs=1, until_loss=math.nextafter(before, 1e9), progress=False).history["cost"]) == 1


def test_the_order_is_drawn_from_the_seed_epoch_by_epoch():
    rng, expected = np.random.default_rng(7), P
    for _ in range(2):
        order = rng.permutation(6)
        for batch in (order[:4], order[4:]):
            expected = update(expected, gradients(X[:, batch], Y[:, batch], expected), 0.2)
    trained = train(P, X, Y, epochs=2, batch_size=4, learning_rate=0.2, seed=7, progress=False).parameters
    for name in P:
        np.testing.assert_array_equal(trained[name], expected[name])


def test_the_bar_counts_epochs_and_shows_the_last_cost(capsys, tmp_path):
    file = tmp_path / "a.npz"
    history = train(P, X, Y, epochs=2, checkpoint=file).history["cost"]
    shown = capsys.readouterr().err
    assert "2/2" in shown and re.search(r"[\d?]epoch/s|s/epoch[,\]]", shown)
    assert shown.rstrip().endswith(f"cost={history[-1]:.4f}]")
    train(P, X, Y, epochs=3, checkpoint=file, resume=True)
    shown = capsys.readouterr().err
    assert "0/3" not in shown and "2/3" in shown and "3/3" in shown


def test_an_interrupt_is_told_with_the_epochs_that_are_whole_where_the_caller_stands(monkeypatch):
    """The caller stands above `train`, which stands above the loop: three frames, of which mutmut would make more."""
    told = []

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "update", interrupted)
    monkeypatch.setattr(training.warnings, "warn", lambda *said, **where: told.append((*said, where)))
    reached = train(P, X, Y, epochs=5, progress=False)
    assert told == [("train: interrupted after 0 whole epochs, what was reached is returned", {"stacklevel": 3})]
    assert reached.history["cost"] == [cost(forward(X, P), Y)]


def test_a_sum_of_0_is_no_label_1():
    labels = predict([[-1.0, 0.0, 1.0]], {"W1": [[1.0]], "b1": [[0.0]]})
    assert labels.tolist() == [0, 0, 1] and labels.dtype.kind == "i"


def test_predict_asks_for_the_activation_that_is_named():
    flat, parameters = [[-2.0]], {"W1": [[1.0]], "b1": [[0.0]], "W2": [[-1.0], [0.0]], "b2": [[0.0], [1.0]]}
    assert predict(flat, parameters).tolist() == [1]
    assert predict(flat, parameters, "identity").tolist() == [0]
    assert predict(flat, parameters, "relu").tolist() == [1]


def test_behind_the_door_the_formulas_have_the_same_defaults():
    """As one formula calls another, past the questions, which have these defaults, too."""
    names = {"hidden": "relu", "output": "softmax"}
    behind = {call: call.__wrapped__ for call in (forward, backpropagation, pull_back, cost)}
    for call, formula in behind.items():
        assert inspect.signature(formula) == inspect.signature(call)
    cache = behind[forward](X, P)
    assert (cache.hidden, cache.output) == ("relu", "softmax")
    for key, array in forward(X, P, **names).items():
        np.testing.assert_array_equal(cache[key], array)
    dZ = cache["A2"] - Y
    expected = backpropagation(cache, Y, P, **names, loss="cross_entropy")
    for found in (behind[backpropagation](cache, Y, P), behind[pull_back](dZ, cache, P)):
        for key, array in expected.items():
            np.testing.assert_array_equal(found[key], array)
    assert behind[cost](cache, Y) == cost(cache, Y, "cross_entropy")
    assert behind[cost](dict(cache), Y) == pytest.approx(cost(cache, Y, "cross_entropy"), rel=1e-12)


def test_training_does_what_its_defaults_say(capsys):
    short = train(P, X, Y, batch_size=2)
    assert "100/100" in capsys.readouterr().err
    whole = train(
        P, X, Y, hidden="relu", output="softmax", loss="cross_entropy", learning_rate=0.1, batch_size=2, epochs=100,
        until_loss=None, validation=None, seed=0, progress=False, after_epoch=None, checkpoint=None, resume=False,
    )  # fmt: skip
    assert short.history == whole.history and len(whole.history["cost"]) == 101
    for name in P:
        np.testing.assert_array_equal(short.parameters[name], whole.parameters[name])
    for name, array in initialise([3, 2]).items():
        np.testing.assert_array_equal(array, initialise([3, 2], "relu", 0)[name])
    assert predict(X, P).tolist() == predict(X, P, "relu").tolist() != predict(X, P, "identity").tolist()
