import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpcourse.gates import GATES
from bpcourse.layers import (
    ACTIVATIONS,
    LOSSES,
    MATCHED,
    OUTPUTS,
    activation_vjp,
    inside,
    log_complements,
    log_probabilities,
    losses,
    output_delta,
    sigmoid,
    softmax,
    softmax_vjp,
)
from bpcourse.numeric import central_difference, check_gradient

PAIRS = [(output, loss) for output in OUTPUTS for loss in LOSSES if output != "identity" or not LOSSES[loss].probabilities]


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings(), np.errstate(over="raise", invalid="raise", divide="raise"):
        warnings.simplefilter("error")
        yield


def logits(seed, units=3, examples=4, spread=1.5):
    return np.random.default_rng(seed).normal(0, spread, (units, examples))


def labels(seed, units=3, examples=4):
    return np.random.default_rng(seed + 1).dirichlet(np.ones(units), examples).T


def loss_of_logits(Z, Y, output, loss):
    """The loss straight from its definition."""
    A = OUTPUTS[output](Z)
    return {
        "squared_error": lambda: np.sum((Y - A) ** 2),
        "half_squared_error": lambda: np.sum((Y - A) ** 2) / 2,
        "binary_cross_entropy": lambda: -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)),
        "cross_entropy": lambda: -np.sum(Y * np.log(A)),
    }[loss]()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_the_gates_entry_by_entry(name):
    Z = np.array([[-1000.0, -3.0, -0.1], [0.0, 0.2, 1000.0]])
    np.testing.assert_allclose(ACTIVATIONS[name](Z), np.vectorize(GATES[name].forward, otypes=[float])(Z), rtol=1e-15)


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(seed=st.integers(0, 10**6))
def test_activations_run_back_as_nudging_finds(name, seed):
    Z = logits(seed)
    Z[np.abs(Z) < 1e-2] = 1
    upstream = logits(seed + 1)
    dZ = activation_vjp(name, upstream, Z, ACTIVATIONS[name](Z))
    assert check_gradient(lambda Z: np.sum(upstream * ACTIVATIONS[name](Z)), Z, dZ)


@given(seed=st.integers(0, 10**6), units=st.integers(2, 5), examples=st.integers(1, 4))
def test_softmax_runs_back_through_its_full_jacobian(seed, units, examples):
    Z, upstream = logits(seed, units, examples), logits(seed + 1, units, examples)
    assert check_gradient(lambda Z: np.sum(upstream * softmax(Z)), Z, softmax_vjp(upstream, softmax(Z)))


def test_softmax_columns_sum_to_1_each_on_its_own():
    Z = logits(3, 4, 5)
    A = softmax(Z)
    np.testing.assert_allclose(A.sum(axis=0), 1, rtol=1e-15)
    for i in range(5):
        np.testing.assert_allclose(A[:, [i]], softmax(Z[:, [i]]), rtol=1e-15)
    np.testing.assert_allclose(A, np.exp(Z) / np.exp(Z).sum(axis=0), rtol=1e-14)
    np.testing.assert_allclose(softmax(Z + 500), A, rtol=1e-12)


@pytest.mark.parametrize(("output", "loss"), PAIRS)
@given(seed=st.integers(0, 10**6))
def test_output_deltas_are_what_nudging_the_logits_finds(output, loss, seed):
    Z, Y = logits(seed), labels(seed)
    delta = output_delta(Z, OUTPUTS[output](Z), Y, output, loss)
    numerical = central_difference(lambda Z: loss_of_logits(Z, Y, output, loss), Z)
    seen = np.abs(numerical) > 1e-3
    np.testing.assert_allclose(delta[seen], numerical[seen], rtol=1e-6)
    np.testing.assert_allclose(delta, numerical, atol=2e-8)


@pytest.mark.parametrize(("output", "loss"), MATCHED.items())
def test_matched_pairs_give_a_minus_y(output, loss):
    Z, Y = logits(0), labels(0)
    A = OUTPUTS[output](Z)
    np.testing.assert_array_equal(output_delta(Z, A, Y, output, loss), A - Y)


def test_without_the_half_a_regression_is_off_by_exactly_2():
    Z, Y = logits(0), labels(0)
    np.testing.assert_array_equal(output_delta(Z, Z, Y, "identity", "squared_error"), 2 * (Z - Y))


def test_softmax_with_squared_error_is_not_a_minus_y_nor_diagonal():
    Z, Y = logits(0), labels(0)
    A = softmax(Z)
    delta = output_delta(Z, A, Y, "softmax", "squared_error")
    diagonal = 2 * (A - Y) * A * (1 - A)

    def f(Z):
        return loss_of_logits(Z, Y, "softmax", "squared_error")

    assert check_gradient(f, Z, delta)
    assert not check_gradient(f, Z, diagonal)
    assert not check_gradient(f, Z, 2 * (A - Y))


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_log_probabilities_are_the_logarithms(output):
    Z = logits(5)
    A = OUTPUTS[output](Z)
    np.testing.assert_allclose(log_probabilities(Z, output), np.log(A), rtol=1e-12)
    np.testing.assert_allclose(log_complements(Z, output), np.log(1 - A), rtol=1e-10)


def test_sigmoid_and_softmax_saturate_quietly():
    assert sigmoid(np.array([[-1000.0, 0.0, 1000.0]])).tolist() == [[0, 0.5, 1]]
    assert softmax(np.array([[1000.0, -1000.0], [-1000.0, -1000.0]])).tolist() == [[1, 0.5], [0, 0.5]]
    np.testing.assert_allclose(sigmoid(np.array([-50.0])), np.exp(-50.0), rtol=1e-14)


def test_log_probabilities_at_large_logits_are_the_logits():
    row, column = np.array([[1000.0, -1000.0]]), np.array([[1000.0], [-1000.0]])
    assert log_probabilities(row, "sigmoid").tolist() == [[0, -1000]]
    assert log_complements(row, "sigmoid").tolist() == [[-1000, 0]]
    assert log_probabilities(column, "softmax").tolist() == [[0], [-2000]]
    assert log_complements(column, "softmax").tolist() == [[-2000], [0]]


@pytest.mark.parametrize(("output", "loss"), PAIRS)
@pytest.mark.parametrize("label", [0, 1])
def test_output_deltas_at_logits_of_1000_are_the_limits(output, loss, label):
    Z = np.array([[1000.0], [-1000.0]])
    Y = np.array([[label], [1.0 - label]])
    delta = output_delta(Z, OUTPUTS[output](Z), Y, output, loss)
    wrong = 1 - label
    limit = {
        ("identity", "squared_error"): 2 * (Z - Y),
        ("identity", "half_squared_error"): Z - Y,
        ("sigmoid", "binary_cross_entropy"): [[wrong], [-wrong]],
        ("sigmoid", "cross_entropy"): [[0], [-wrong]],
        ("softmax", "binary_cross_entropy"): [[2 * wrong], [-2 * wrong]],
        ("softmax", "cross_entropy"): [[wrong], [-wrong]],
    }.get((output, loss), [[0], [0]])
    np.testing.assert_allclose(delta, limit, atol=1e-15)


@pytest.mark.parametrize(("dtype", "gap"), [("float64", 60.0), ("float32", 30.0)])
def test_softmax_with_binary_cross_entropy_is_right_where_probabilities_round_to_1(dtype, gap):
    """Loss −ln a₂ − ln(1−a₁) − ln(1−a₃) with a₁ → 1 and a₃ ≪ a₂: by hand (2, −2, 0)."""
    Z = np.array([[0.0], [-gap], [-gap - 20]], dtype=dtype)
    Y = np.array([[0.0], [1.0], [0.0]], dtype=dtype)
    delta = output_delta(Z, softmax(Z), Y, "softmax", "binary_cross_entropy")
    np.testing.assert_allclose(delta, [[2], [-2], [0]], atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inside_moves_only_0_and_1(dtype):
    A = np.array([0, 0.25, 1], dtype=dtype)
    moved = inside(A)
    assert moved.dtype == dtype and moved[1] == 0.25
    assert 0 < moved[0] < 1e-6 and 1 - 1e-6 < moved[2] < 1


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_layers_keep_float32(output, loss):
    Z, Y = logits(0).astype("float32"), labels(0).astype("float32")
    A = OUTPUTS[output](Z)
    assert A.dtype == output_delta(Z, A, Y, output, loss).dtype == np.float32
    if output != "identity":
        assert log_probabilities(Z, output).dtype == log_complements(Z, output).dtype == np.float32


@pytest.mark.parametrize(
    "call",
    [
        softmax_vjp,
        lambda a, b: activation_vjp("tanh", a, b, b),
        lambda a, b: output_delta(b, b, a, "softmax", "cross_entropy"),
    ],
)
def test_shapes_that_numpy_would_broadcast_are_refused(call):
    with pytest.raises(ValueError, match=r"expected the shape of A, \(2, 3\), got \(1, 3\)"):
        call(np.ones((1, 3)), np.full((2, 3), 0.5))


def test_unknown_names_are_refused_here_too():
    A = np.full((2, 1), 0.5)
    with pytest.raises(ValueError, match="name: expected one of"):
        activation_vjp("step", A, A, A)
    with pytest.raises(ValueError, match="loss: expected one of"):
        output_delta(A, A, A, "softmax", "hinge")


@pytest.mark.parametrize(
    "Y, loss", [([[1.0], [1.0]], "cross_entropy"), ([[0.5], [0.4]], "cross_entropy"), ([[2.0], [-1.0]], "binary_cross_entropy")]
)
def test_output_delta_refuses_labels_that_the_loss_cannot_have(Y, loss):
    """A − Y is the slope of cross-entropy after a softmax only where the labels sum to 1."""
    Z = np.zeros((2, 1))
    with pytest.raises(ValueError, match="Y: expected"):
        output_delta(Z, softmax(Z), np.array(Y), "softmax", loss)


# ---------------------------------------------------------------- losses, and what is said


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_losses_are_those_of_the_definition(output, loss, given):
    Z, Y = logits(3), labels(3)
    A = OUTPUTS[output](Z) if given else None
    expected = [loss_of_logits(Z[:, i : i + 1], Y[:, i : i + 1], output, loss) for i in range(Z.shape[1])]
    np.testing.assert_allclose(losses(Y, Z, loss, output, A), expected, rtol=1e-12)


def test_an_output_that_is_given_is_taken_as_it_is():
    """Not made anew from the logits."""
    Y = np.array([[1.0], [0.0]])
    assert losses(Y, np.zeros((2, 1)), "squared_error", "sigmoid", np.array([[0.9], [0.2]])).tolist() == pytest.approx([0.05])


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "cross_entropy"])
def test_without_an_output_layer_logarithms_are_those_of_the_output(loss):
    Z, Y = logits(4), labels(4)
    A = softmax(Z)
    expected = [loss_of_logits(Z[:, i : i + 1], Y[:, i : i + 1], "softmax", loss) for i in range(Z.shape[1])]
    np.testing.assert_allclose(losses(Y, Z, loss, None, A), expected, rtol=1e-12)


def test_a_loss_that_overflows_is_refused_and_no_trap_springs():
    huge = np.full((1, 1), 1e200)
    with pytest.raises(ValueError, match=r"^L: expected"):
        losses(np.zeros((1, 1)), huge, "squared_error", "identity")


def test_columns_of_very_different_size_do_not_disturb_each_other():
    Z = np.array([[1000.0, -1000.0], [999.0, -1001.0]])
    one = log_probabilities(Z[:, :1], "softmax")
    np.testing.assert_allclose(log_probabilities(Z, "softmax"), np.hstack([one, one]), rtol=1e-9)


HALF = np.full((2, 1), 0.5)
NAMES = ", ".join(gate.name for gate in GATES.values() if gate.arity == 1 and gate.activation)
ONE_OF = "expected one of identity, sigmoid, softmax, got"


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: activation_vjp("step", HALF, HALF, HALF), f"name: expected one of {NAMES}, got 'step'"),
        (lambda: output_delta(HALF, HALF, HALF, "step", "cross_entropy"), f"output: {ONE_OF} 'step'"),
        (lambda: losses(HALF, HALF, "cross_entropy", "step"), f"output: {ONE_OF} 'step'"),
        (lambda: losses(HALF, HALF, "cross_entropy", 3), f"output: {ONE_OF} 3"),
        (
            lambda: losses(HALF, HALF, "hinge", "softmax"),
            f"loss: expected one of {', '.join(LOSSES)}, got 'hinge'",
        ),
        (
            lambda: losses(HALF, HALF, "cross_entropy", "identity"),
            "loss: expected squared_error or half_squared_error with output 'identity', got 'cross_entropy'",
        ),
        (
            lambda: output_delta(HALF, HALF, HALF, "identity", "cross_entropy"),
            "loss: expected squared_error or half_squared_error with output 'identity', got 'cross_entropy'",
        ),
        (
            lambda: losses(HALF, HALF, "cross_entropy", None),
            "A: expected the output where no output layer is named, got None",
        ),
        (lambda: losses(HALF[:1], HALF, "squared_error", "sigmoid"), "Y: expected the shape of Z, (2, 1), got (1, 1)"),
        (lambda: losses(HALF[:1], HALF, "squared_error", "sigmoid", HALF), "Y: expected the shape of A, (2, 1), got (1, 1)"),
        (lambda: losses(HALF, HALF[:1], "squared_error", "sigmoid", HALF), "Z: expected the shape of A, (2, 1), got (1, 1)"),
        (
            lambda: output_delta(
                np.zeros((4, 1)), HALF.repeat(2, 0), [[0.0], [1.0], [2.0], [-1.0]], "sigmoid", "binary_cross_entropy"
            ),
            "Y: expected labels from 0 to 1 for binary_cross_entropy, got 2",
        ),
        (
            lambda: losses(10 * HALF, HALF, "cross_entropy", "softmax"),
            "Y: expected labels from 0 to 1 for cross_entropy, got 5",
        ),
        (
            lambda: losses(2 * HALF, HALF, "cross_entropy", None, HALF),
            "Y: expected columns that sum to 1 for cross_entropy, got a sum of 2",
        ),
        (
            lambda: output_delta(HALF, HALF, [[-0.5], [1.0]], "sigmoid", "binary_cross_entropy"),
            "Y: expected labels from 0 to 1 for binary_cross_entropy, got -0.5",
        ),
        (
            lambda: output_delta(np.zeros((2, 2)), np.full((2, 2), 0.5), [[0.1, 0.7], [0.1, 0.8]], "softmax", "cross_entropy"),
            "Y: expected columns that sum to 1 for cross_entropy, got a sum of 0.2",
        ),
        (
            lambda: output_delta(np.zeros((2, 2)), np.full((2, 2), 0.5), [[0.3, 0.9], [0.2, 1.0]], "softmax", "cross_entropy"),
            "Y: expected columns that sum to 1 for cross_entropy, got a sum of 1.9",
        ),
        (lambda: log_probabilities([1.0], "softmax"), "Z: expected 2 dimensions (units, examples), got shape (1,)"),
        (lambda: log_complements(HALF, "identity"), "output: expected one of sigmoid, softmax, got 'identity'"),
    ],
)
def test_what_is_said_of_wrong_input(call, message):
    with pytest.raises(ValueError) as refused:
        call()
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: log_complements([[1.0]], "softmax"), "ln(1 − A)"),
        (lambda: losses([[1.0]], [[2.0]], "binary_cross_entropy", "softmax"), "L"),
        (lambda: losses([[0.0]], [[1e200]], "squared_error", "identity"), "L"),
    ],
)
def test_a_logarithm_of_nothing_and_a_square_too_large_are_named(call, name):
    with pytest.raises(ValueError) as refused:
        call()
    assert str(refused.value) == f"{name}: expected numbers that float64 can hold, got an overflow"
