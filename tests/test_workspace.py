"""The workspace computes what the readable functions compute, in arrays that it made once."""

import copy
import itertools
import math
import pickle
import sys
import tracemalloc

import numpy as np
import pytest
from helpers import says
from hypothesis import given
from hypothesis import strategies as st
from test_network import hiddens, networks, on_disk, pairs, random_labels, small

from bpcourse.network import Workspace, backpropagation, cost, forward, initialise, questions, train, update

NETS = [([4, 4, 2], 1), ([2, 16, 16, 2], 32), ([64, 128, 10], 64), ([784, 512, 512, 10], 128)]


def copies(parameters, dtype=float):
    return {name: array.astype(dtype) for name, array in parameters.items()}


def close(a, b, rtol=1e-12):
    """Equal up to rounding: relative to the size of the whole array."""
    np.testing.assert_allclose(a, b, rtol=0, atol=rtol * (1 + np.abs(b).max()))


def agrees(X, Y, parameters, hidden, output, loss, batch_size):
    """Prediction, gradients, cost and three steps, the second with fewer examples, against the readable functions."""
    mine, names = copies(parameters), (hidden, output, loss)
    workspace = Workspace(mine, batch_size, *names)
    for x, y in (X, Y), (X[:, :1], Y[:, :1]), (X, Y):
        cache = forward(x, parameters, hidden, output)
        grads = backpropagation(cache, y, parameters, *names)
        close(workspace.forward(x), cache[f"A{len(parameters) // 2}"])
        for _ in range(2):  # a second call gives the same gradients
            found = workspace.backpropagation(y)
            assert set(found) == {f"d{name}" for name in parameters}
            for name in found:
                close(found[name], grads[name])
        assert workspace.step(x, y, 0.1) == pytest.approx(cost(cache, y, loss), rel=1e-12, abs=1e-14)
        parameters = update(parameters, grads, 0.1)
        for name in parameters:
            close(mine[name], parameters[name])


@pairs
@hiddens
@given(data=st.data())
def test_it_agrees_with_the_readable_functions(hidden, output, loss, data):
    X, Y, parameters = data.draw(networks(output, loss, hidden))
    agrees(X, Y, parameters, hidden, output, loss, X.shape[1] + data.draw(st.integers(0, 3)))


@pairs
@hiddens
def test_it_agrees_where_arrays_are_cut_into_pieces(hidden, output, loss):
    X, Y, parameters = small(output, hidden, loss, sizes=(7, 60, 50, 30), examples=150, seed=3)
    agrees(X, Y, parameters, hidden, output, loss, 150)


@pairs
@pytest.mark.parametrize("logit", [30.0, 700.0, 1000.0])
def test_large_logits_are_as_the_readable_functions_have_them(output, loss, logit, recwarn):
    parameters = {"W1": np.array([[logit], [-logit], [0.5]]), "b1": np.zeros((3, 1))}
    rng = np.random.default_rng(0)
    X, Y = np.array([[1.0, -1.0, 0.01, 0.0]]), random_labels(rng, 3, 4, loss)
    agrees(X, Y, parameters, "relu", output, loss, 4)
    assert not recwarn


@pytest.mark.parametrize("columns", [np.ascontiguousarray, np.asfortranarray, lambda a: np.repeat(a, 2, 1)[:, ::2]])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_order_in_memory_will_do(columns, dtype):
    sizes = [9, 520, 4]  # so wide that float32 goes by rows
    parameters = copies(initialise(sizes, seed=1), dtype)
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(9, 12)).astype(dtype), random_labels(rng, 4, 12, "cross_entropy").astype(dtype)
    mine = {name: columns(array) for name, array in copies(parameters, dtype).items()}
    mine_too = dict(mine)
    workspace = Workspace(mine, 12)
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    for _ in range(2):
        grads = backpropagation(forward(X, parameters), Y, parameters)
        assert workspace.step(columns(X), columns(Y), 0.5) == pytest.approx(cost(forward(X, parameters), Y), rel=tolerance)
        parameters = update(parameters, grads, 0.5)
    for name in parameters:
        assert mine[name] is mine_too[name] and mine[name].dtype == dtype
        close(mine[name], parameters[name], tolerance)


@pairs
@hiddens
def test_float32_stays_float32(hidden, output, loss):
    X, Y, parameters = small(output, hidden, loss)
    single = copies(parameters, np.float32)
    X32, Y32 = X.astype(np.float32), Y.astype(np.float32)
    workspace = Workspace(single, 6, hidden, output, loss)
    assert workspace.forward(X32).dtype == np.float32
    assert {grad.dtype for grad in workspace.backpropagation(Y32).values()} == {np.dtype(np.float32)}
    found = workspace.step(X32, Y32, 0.1)
    cache = forward(X, parameters, hidden, output)
    assert found == pytest.approx(cost(cache, Y, loss), rel=1e-5)
    stepped = update(parameters, backpropagation(cache, Y, parameters, hidden, output, loss), 0.1)
    for name in stepped:
        assert single[name].dtype == np.float32
        close(single[name], stepped[name], 1e-5)


def test_training_is_the_readable_loop():
    X, Y, start = small(sizes=(3, 8, 4), examples=50)
    trained, history = train(start, X, Y, batch_size=16, epochs=5, learning_rate=0.2, seed=3, progress=False)
    parameters, rng = start, np.random.default_rng(3)
    for _ in range(5):
        order = rng.permutation(50)
        for i in range(0, 50, 16):
            x, y = X[:, order[i : i + 16]], Y[:, order[i : i + 16]]
            parameters = update(parameters, backpropagation(forward(x, parameters), y, parameters), 0.2)
    assert history["cost"][-1] == pytest.approx(cost(forward(X, parameters), Y), rel=1e-12)
    for name in parameters:
        close(trained[name], parameters[name])


def test_training_takes_the_dtype_of_the_parameters():
    X, Y, parameters = small()
    for dtype, other in itertools.permutations([np.float32, np.float64]):
        trained = train(copies(parameters, dtype), X.astype(other), Y.astype(other), epochs=2, progress=False).parameters
        assert {array.dtype for array in trained.values()} == {np.dtype(dtype)}
    for dtype, wider in (np.float16, np.float32), (">f8", np.float64):
        trained = train(copies(parameters, dtype), X, Y, epochs=2, progress=False).parameters
        assert {array.dtype for array in trained.values()} == {np.dtype(wider)}
    mixed = copies(parameters, np.float32) | {"b1": parameters["b1"]}
    trained = train(mixed, X, Y, epochs=2, progress=False).parameters
    assert {array.dtype for array in trained.values()} == {np.dtype(float)}


# -------------------------------------------------------------------- counts


def of_size(sizes, examples, dtype, hidden="relu", output="softmax", loss="cross_entropy"):
    rng = np.random.default_rng(0)
    parameters = copies(initialise(sizes, hidden, seed=0), dtype)
    X = rng.normal(size=(sizes[0], examples)).astype(dtype)
    Y = np.eye(sizes[-1], dtype=dtype)[:, rng.integers(0, sizes[-1], examples)]
    return Workspace(parameters, examples, hidden, output, loss), X, Y


def allocated(action):
    """The most bytes in use at once beyond those in use before."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        action()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


NUMPY_BUFFER = 68 * 1024  # of 8,192 numbers, through which numpy adds the column b to an array of any size


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("sizes", "examples"), [*NETS, ([300, 2000, 50], 300)], ids=str)
def test_a_step_allocates_next_to_nothing(sizes, examples, dtype):
    workspace, X, Y = of_size(sizes, examples, dtype)
    workspace.step(X, Y, 0.01)
    assert allocated(lambda: workspace.step(X, Y, 0.01)) <= NUMPY_BUFFER
    assert allocated(lambda: (workspace.forward(X), workspace.backpropagation(Y))) <= NUMPY_BUFFER


@pairs
@hiddens
def test_a_step_of_any_kind_allocates_at_most_128_kib(hidden, output, loss):
    workspace, X, Y = of_size([100, 1000, 20], 500, float, hidden, output, loss)
    workspace.step(X, Y, 0.01)
    assert allocated(lambda: workspace.step(X, Y, 0.01)) <= 128 * 1024


def test_the_readable_functions_allocate_more():
    """The measure above sees arrays."""
    _, X, Y = of_size([100, 1000, 20], 500, float)
    parameters = initialise([100, 1000, 20])
    assert allocated(lambda: backpropagation(forward(X, parameters), Y, parameters)) > 8 * 1000 * 500


def products(action):
    """How many matrix products with more than a row or a column of ones numpy's dot makes."""
    count = 0

    def profile(frame, event, function):
        nonlocal count
        if event == "c_call" and getattr(function, "__name__", "") == "dot" and function.__self__.ndim == 2:
            count += 1

    sys.setprofile(profile)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(("sizes", "examples"), NETS, ids=str)
def test_a_step_makes_the_products_that_it_must(sizes, examples):
    workspace, X, Y = of_size(sizes, examples, float)
    workspace.step(X, Y, 0.01)
    layers = len(sizes) - 1
    through_weights = layers + layers + (layers - 1)  # W A, dZ Aᵀ, Wᵀ dZ above the first layer
    sums = 1 + layers  # Σ e^z, and db of every layer
    assert products(lambda: workspace.step(X, Y, 0.01)) == through_weights + sums
    assert products(lambda: workspace.forward(X)) == layers + 1


def test_a_narrower_batch_is_new_only_once():
    workspace, X, Y = of_size([64, 128, 10], 64, float)
    workspace.step(X, Y, 0.01)
    workspace.step(X[:, :7], Y[:, :7], 0.01)
    assert allocated(lambda: workspace.step(X[:, :7], Y[:, :7], 0.01)) <= NUMPY_BUFFER


# ----------------------------------------------------------------- bad input

X, Y, P = small()

BAD_BATCHES = {
    "X of other units": (X[:2], Y, ValueError, "X"),
    "X of one dimension": (X[:, 0], Y, ValueError, "X"),
    "X too wide": (np.hstack([X, X]), np.hstack([Y, Y]), ValueError, "X"),
    "X empty": (X[:, :0], Y[:, :0], ValueError, "X"),
    "X a list": (X.tolist(), Y, TypeError, "X"),
    "X of whole numbers": (np.ones((3, 6), int), Y, TypeError, "X"),
    "X float32": (X.astype(np.float32), Y, TypeError, "X"),
    "X with NaN": (np.where(X[1, 2] == X, np.nan, X), Y, ValueError, "X"),
    "X with infinity": (np.where(X[1, 2] == X, np.inf, X), Y, ValueError, "X"),
    "X with minus infinity": (np.where(X[2, 5] == X, -np.inf, X), Y, ValueError, "X"),
    "Y of fewer examples": (X, Y[:, :5], ValueError, "Y"),
    "Y of other units": (X, np.vstack([Y, Y]), ValueError, "Y"),
    "Y of one dimension": (X, Y[0], ValueError, "Y"),
    "Y a list": (X, Y.tolist(), TypeError, "Y"),
    "Y float32": (X, Y.astype(np.float32), TypeError, "Y"),
    "Y None": (X, None, TypeError, "Y"),
    "Y that sums to 3": (X, 3 * Y, ValueError, "Y"),
    "Y below 0": (X, Y - 1, ValueError, "Y"),
    "Y with NaN": (X, np.where(Y[0, 0] == Y, np.nan, Y), ValueError, "Y"),
    "Y with infinity": (X, np.where(Y[0, 0] == Y, np.inf, Y), ValueError, "Y"),
    "an overflow": (X * 1e308, Y, ValueError, "cost"),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("bad", BAD_BATCHES)
@pytest.mark.parametrize("hidden", ["relu", "tanh"])
def test_a_bad_batch_is_refused_by_name_and_the_parameters_stay(bad, hidden):
    x, y, error, argument = BAD_BATCHES[bad]
    mine = {name: 9 * array for name, array in copies(P).items()}
    before = copies(mine)
    workspace = Workspace(mine, 6, hidden)
    with pytest.raises(error, match=says(argument)):
        workspace.step(x, y, 0.1)
    for name in mine:
        np.testing.assert_array_equal(mine[name], before[name])
    with pytest.raises(error, match=says(argument)):
        workspace.forward(x)
        workspace.backpropagation(y)
    workspace.step(X, Y, 0.1)
    expected = update(before, backpropagation(forward(X, before, hidden), Y, before, hidden), 0.1)
    for name in mine:
        close(mine[name], expected[name])


def test_minus_infinity_is_refused_where_all_units_are_off():
    """−∞ of a hidden unit is 0 after its ReLU, and no number downstream tells."""
    mine = {"W1": np.full((4, 3), -0.5), "b1": np.zeros((4, 1)), "W2": np.ones((2, 4)), "b2": np.zeros((2, 1))}
    x = np.ones((3, 2))
    x[1, 1] = np.inf
    with pytest.raises(ValueError, match=says("X")):
        Workspace(mine, 2).step(x, np.eye(2), 0.1)
    assert (mine["W1"] == -0.5).all()


@pytest.mark.parametrize(
    ("rate", "error"),
    [(math.nan, ValueError), (math.inf, ValueError), (-0.1, ValueError), ("0.1", TypeError), (None, TypeError)],
)
def test_bad_learning_rates_are_refused_by_name(rate, error):
    mine = copies(P)
    workspace = Workspace(mine, 6)
    workspace.step(X, Y, 0.0)
    with pytest.raises(error, match=says("learning_rate")):
        workspace.step(X, Y, rate)
    for name in mine:
        np.testing.assert_array_equal(mine[name], P[name])


@pytest.mark.parametrize(
    ("name", "other", "error"),
    [
        ("W1", P["W1"][:3], ValueError),
        ("W1", P["W1"].T, ValueError),
        ("b2", P["b2"][:1], ValueError),
        ("W2", P["W2"].astype(np.float32), TypeError),
        ("W2", P["W2"].tolist(), TypeError),
        ("W2", None, TypeError),
        ("b1", P["b1"] * np.nan, ValueError),
    ],
)
def test_parameters_that_no_longer_fit_are_refused_by_name(name, other, error):
    mine = copies(P)
    workspace = Workspace(mine, 6)
    workspace.step(X, Y, 0.1)
    before = copies(mine)
    mine[name] = other
    with pytest.raises(error, match=rf"^({name}|{name.replace('W1', 'b1')}): expected .*, got "):
        workspace.step(X, Y, 0.1)
    mine[name] = before[name]
    workspace.step(X, Y, 0.0)
    for name in mine:
        np.testing.assert_array_equal(mine[name], before[name])


def test_all_parameters_of_another_size_are_refused():
    mine = copies(P)
    workspace = Workspace(mine, 6)
    mine.update(small(sizes=(3, 5, 2))[2])
    with pytest.raises(ValueError, match=says("W1")):
        workspace.step(X, Y, 0.1)
    mine.pop("b2")
    with pytest.raises(ValueError, match=says("parameters")):
        workspace.step(X, Y, 0.1)


def test_other_arrays_of_the_same_shape_are_taken():
    mine = copies(P)
    workspace = Workspace(mine, 6)
    workspace.step(X, Y, 0.1)
    mine |= copies(P)
    workspace.step(X, Y, 0.1)
    expected = update(P, backpropagation(forward(X, P), Y, P), 0.1)
    for name in mine:
        close(mine[name], expected[name])


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("change", "argument", "error"),
    [
        ({"W1": P["W1"].tolist()}, "W1", TypeError),
        ({"b1": P["b1"].astype(np.float32)}, "b1", TypeError),
        ({"b1": np.zeros((4, 1), int)}, "b1", TypeError),
        ({"W2": read_only(P["W2"])}, "W2", ValueError),
        ({"W2": P["W2"][:1], "b2": P["b2"][:1]}, "output", ValueError),
        ({"W2": P["W2"][:, :3]}, "W2", ValueError),
    ],
)
def test_bad_parameters_are_refused_by_name(change, argument, error):
    with pytest.raises(error, match=says(argument)):
        Workspace(copies(P) | change, 6)


@pytest.mark.parametrize(
    ("names", "argument"),
    [
        ({"hidden": "softmax"}, "hidden"),
        ({"output": "relu"}, "output"),
        ({"loss": "hinge"}, "loss"),
        ({"output": "identity", "loss": "cross_entropy"}, "loss"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 1.5}, "batch_size"),
    ],
)
def test_bad_names_and_sizes_are_refused(names, argument):
    with pytest.raises(ValueError, match=says(argument)):
        Workspace(**{"parameters": copies(P), "batch_size": 6} | names)
    with pytest.raises(TypeError, match=says("parameters")):
        Workspace(None, 6)


def test_backpropagation_needs_a_forward_pass_with_these_parameters():
    workspace = Workspace(copies(P), 6)
    with pytest.raises(ValueError, match=says("backpropagation")):
        workspace.backpropagation(Y)
    workspace.forward(X)
    workspace.step(X, Y, 0.1)
    with pytest.raises(ValueError, match=says("backpropagation")):
        workspace.backpropagation(Y)


def test_a_diverging_run_ends_with_a_clear_error():
    x, y, parameters = small(sizes=(3, 6, 2))
    with pytest.raises(ValueError, match=r"expected .*, got "), np.errstate(all="ignore"):
        train(parameters, x, y, output="identity", loss="squared_error", learning_rate=1e6, epochs=500, progress=False)


def test_nan_in_labels_that_are_known_is_found_all_the_same():
    mine, labels = copies(P), Y.copy()
    workspace = Workspace(mine, 6)
    workspace.step(X, labels, 0.1)
    before = copies(mine)
    labels[0, 0] = np.nan
    with pytest.raises(ValueError, match=says("Y")):
        workspace.step(X, labels, 0.1)
    workspace.forward(X)
    with pytest.raises(ValueError, match=says("Y")):
        workspace.backpropagation(labels)
    for name in mine:
        np.testing.assert_array_equal(mine[name], before[name])


def test_an_array_that_comes_again_costs_no_question(monkeypatch):
    asked = []
    labels = questions.labels
    monkeypatch.setattr(questions, "labels", lambda *arguments: asked.append(1) or labels(*arguments))
    workspace = Workspace(copies(P), 6)
    for _ in range(5):
        workspace.step(X, Y, 0.1)
    assert len(asked) == 1


# -------------------------------------------------- found by a second author


def test_a_weight_of_0_hides_no_nan():
    """BLAS may leave out 0·NaN."""
    mine = {"W1": np.zeros((1, 1)), "b1": np.zeros((1, 1))}
    workspace = Workspace(mine, 3, output="identity", loss="squared_error")
    for bad in np.nan, np.inf:
        with pytest.raises(ValueError, match=says("X")):
            workspace.step(np.array([[1.0, bad, 2.0]]), np.ones((1, 3)), 0.1)
    assert mine["W1"] == 0


def test_a_refused_forward_leaves_nothing_to_go_back_from():
    workspace = Workspace(copies(P), 6)
    workspace.forward(X)
    with pytest.raises(ValueError, match=says("X")):
        workspace.forward(np.where(X[1, 2] == X, np.nan, X))
    with pytest.raises(ValueError, match=says("backpropagation")):
        workspace.backpropagation(Y)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_prediction_is_finite():
    large = copies(P)
    large["W2"] *= 1e308
    with pytest.raises(ValueError, match=says("cost")):
        Workspace(large, 6).forward(X * 100)


def test_a_learning_rate_that_is_changed_in_place_counts():
    mine, expected, rate = copies(P), P, np.array(0.1)
    workspace = Workspace(mine, 6)
    for _ in range(2):
        workspace.step(X, Y, rate)
        expected = update(expected, backpropagation(forward(X, expected), Y, expected), float(rate))
        rate *= 0.5
    for name in mine:
        close(mine[name], expected[name])
    with pytest.raises(TypeError, match=says("learning_rate")):
        workspace.step(X, Y, np.array([0.1, 0.2]))


def test_arrays_from_a_pickle_are_arrays():
    mine = pickle.loads(pickle.dumps(copies(P)))
    workspace = Workspace(mine, 6)
    workspace.step(pickle.loads(pickle.dumps(X)), pickle.loads(pickle.dumps(Y)), 0.1)
    expected = update(P, backpropagation(forward(X, P), Y, P), 0.1)
    for name in mine:
        close(mine[name], expected[name])


def test_sums_whose_squares_or_sum_overflow_are_sums():
    x = X * 1e160
    assert Workspace(copies(P), 6, "tanh").step(x, Y, 0.0) == pytest.approx(cost(forward(x, P, "tanh"), Y), rel=1e-12)
    huge = P | {"W1": np.full((4, 3), 6e307), "b1": np.zeros((4, 1))}
    x = np.eye(3, 6)
    assert Workspace(copies(huge), 6, "tanh").step(x, Y, 0.0) == pytest.approx(cost(forward(x, huge, "tanh"), Y), rel=1e-12)
    out = Workspace({"W1": np.ones((1, 1)), "b1": np.zeros((1, 1))}, 1, output="identity", loss="half_squared_error")
    out.forward(np.ones((1, 1)))
    assert out.backpropagation(np.full((1, 1), 1e160))["dW1"] == -1e160


def test_an_added_layer_and_shared_memory_are_refused():
    mine = copies(P)
    workspace = Workspace(mine, 6)
    mine |= {"W3": np.eye(2), "b3": np.zeros((2, 1))}
    with pytest.raises(ValueError, match=r"expected .*, got "):
        workspace.step(X, Y, 0.1)
    W = np.eye(3)
    with pytest.raises(ValueError, match=says("W2")):
        Workspace({"W1": W, "b1": np.zeros((3, 1)), "W2": W, "b2": np.zeros((3, 1))}, 6)


def test_only_plain_arrays_of_float32_and_float64_are_taken():
    with pytest.raises(TypeError, match=says("X")):
        Workspace(copies(P), 6).step(np.ma.masked_array(X), Y, 0.1)
    for dtype in np.float16, ">f8":
        with pytest.raises(TypeError, match=says("W1")):
            Workspace(copies(P, dtype), 6)


def test_a_bad_learning_rate_is_refused_though_nothing_is_trained():
    with pytest.raises(TypeError, match=says("learning_rate")):
        train(P, X, Y, learning_rate="a", until_loss=1e9, progress=False)


# ---------------------------------------------- copies, files, shared memory, infinities


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda w: pickle.loads(pickle.dumps(w))], ids=["deepcopy", "pickle"])
@pytest.mark.parametrize("used", ["step", "forward", "not at all"])
def test_a_copy_trains_on_with_arrays_of_its_own(copied, used):
    workspace = Workspace(copies(P), 6)
    if used == "step":
        workspace.step(X, Y, 0.5)
    elif used == "forward":
        workspace.forward(X)
    other = copied(workspace)
    costs = [[w.step(X, Y, 0.5) for _ in range(5)] for w in (workspace, other)]
    assert costs[0] == costs[1] and costs[0][-1] < costs[0][0]
    for name in P:
        np.testing.assert_array_equal(workspace.parameters[name], other.parameters[name])
        assert not np.shares_memory(workspace.parameters[name], other.parameters[name])


def test_a_shallow_copy_trains_the_same_parameters():
    workspace = Workspace(copies(P), 6)
    workspace.step(X, Y, 0.5)
    other = copy.copy(workspace)
    costs = [w.step(X, Y, 0.5) for w in (workspace, other, workspace, other)]
    assert costs == sorted(costs, reverse=True) and len(set(costs)) == 4


def test_arrays_that_lie_in_a_file_are_taken(tmp_path):
    x, y = on_disk(tmp_path / "X", X), on_disk(tmp_path / "Y", Y)
    mine, theirs = copies(P), copies(P)
    assert [Workspace(mine, 6).step(x, y, 0.5), cost(forward(x, mine), y)] == [
        Workspace(theirs, 6).step(X, Y, 0.5),
        cost(forward(X, theirs), Y),
    ]
    x[1, 2] = np.nan
    with pytest.raises(ValueError, match=says("X")):
        Workspace(mine, 6).step(x, y, 0.5)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize("name", ["W1", "b1", "W2", "b2"])
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("kinds", [("softmax", "cross_entropy"), ("sigmoid", "squared_error"), ("softmax", "squared_error")])
def test_a_parameter_that_is_not_finite_is_refused_at_the_next_step(hidden, name, bad, kinds):
    mine = copies(P)
    workspace = Workspace(mine, 6, hidden, *kinds)
    workspace.step(X, Y, 0.1)
    mine[name][0, 0] = bad  # as a step whose gradient overflowed would leave it
    for ask in (lambda: workspace.step(X, Y, 0.1), lambda: workspace.forward(X)):
        with pytest.raises(ValueError, match=says(name)):
            ask()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_gradients_that_overflow_are_seen_at_the_next_step():
    mine = {"W1": np.full((2, 2), 0.5), "b1": np.zeros((2, 1)), "W2": np.full((1, 2), 1e-3), "b2": np.zeros((1, 1))}
    workspace = Workspace(mine, 2, "sigmoid", "identity", "half_squared_error")
    x, y = np.full((2, 2), 1e-2), np.full((1, 2), 1e150)
    workspace.step(x, y, 1e300)
    assert not all(np.isfinite(array).all() for array in mine.values())
    with pytest.raises(ValueError, match=r"^[Wb]\d: expected finite numbers, got NaN or infinity"):
        workspace.step(x, y, 1e300)


@pytest.mark.parametrize("where", ["a parameter", "a view of one", "its own output"])
def test_inputs_and_labels_in_memory_that_a_pass_writes_to_are_refused(where):
    mine = {"W1": np.array([[0.6, 0.4], [0.3, 0.7]]), "b1": np.zeros((2, 1))}
    workspace = Workspace(mine, 2, output="sigmoid", loss="squared_error")
    shared = {"a parameter": mine["W1"], "a view of one": mine["W1"].T[:, ::-1], "its own output": workspace.forward(np.eye(2))}
    before = mine["W1"].copy()
    with pytest.raises(ValueError, match=says("X", "of its own")):
        workspace.step(shared[where], np.eye(2), 0.1)
    with pytest.raises(ValueError, match=says("Y", "of its own")):
        workspace.step(np.eye(2), shared[where], 0.1)
    np.testing.assert_array_equal(mine["W1"], before)


def test_gradients_of_the_workspace_are_no_inputs():
    square = {"W1": np.full((2, 2), 0.1), "b1": np.zeros((2, 1))}
    workspace = Workspace(square, 2)
    workspace.forward(np.eye(2))
    grads = workspace.backpropagation(np.eye(2))
    with pytest.raises(ValueError, match=r"^X: expected .*, got memory that is shared with dW1"):
        workspace.step(grads["dW1"], np.eye(2), 0.1)


def test_a_batch_that_no_memory_holds_is_refused_by_name():
    with pytest.raises(ValueError, match=says("batch_size")):
        Workspace(copies(P), 10**15)
