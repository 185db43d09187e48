import math

import numpy as np
import pytest
from helpers import says
from hypothesis import given
from hypothesis import strategies as st

from bpcourse.examples import FOUR_FOUR_TWO, FOUR_FOUR_TWO_X, FOUR_FOUR_TWO_Y
from bpcourse.graph import Value
from bpcourse.network import backpropagation, cost, forward
from bpcourse.numeric import central_difference, check_directions, check_gradient, forward_difference, relative_error


def wave(x):
    return float(np.sum(np.sin(x) * np.arange(1, x.size + 1).reshape(x.shape)))


def wave_gradient(x):
    x = np.asarray(x, dtype=float)
    return np.asarray(np.cos(x) * np.arange(1, x.size + 1).reshape(x.shape))


class Counting:
    def __init__(self, f):
        self.f, self.calls = f, 0

    def __call__(self, x):
        self.calls += 1
        return self.f(x)


def answers(*numbers):
    """A function that forgets what it was asked."""
    left = iter(numbers)
    return lambda x: next(left)


SHAPES = [(), (1,), (5,), (2, 3), (2, 3, 2)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_differences_have_the_shape_of_x_and_leave_it_alone(shape):
    x = np.random.default_rng(0).normal(size=shape)
    before = x.copy()
    central, forward_ = central_difference(wave, x), forward_difference(wave, x)
    assert central.shape == forward_.shape == shape
    np.testing.assert_allclose(central, wave_gradient(x), rtol=1e-8)
    np.testing.assert_allclose(forward_, wave_gradient(x), rtol=1e-3)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_differences_call_f_as_often_as_the_book_counts(shape):
    x = np.full(shape, 0.3)
    central, ahead = Counting(wave), Counting(wave)
    central_difference(central, x)
    forward_difference(ahead, x)
    assert (central.calls, ahead.calls) == (2 * x.size, x.size + 1)


def test_the_two_formulas():
    assert central_difference(lambda x: float(x**3), 2.0, eps=0.5) == pytest.approx(12.25, rel=1e-14)
    assert forward_difference(lambda x: float(x**3), 2.0, eps=0.5) == pytest.approx(15.25, rel=1e-14)


def test_f_cannot_change_x():
    x = np.array([1.0, 2.0])

    def f(x):
        result = wave(x)
        x[:] = 99
        return result

    np.testing.assert_allclose(central_difference(f, x), wave_gradient([1.0, 2.0]), rtol=1e-8)
    np.testing.assert_allclose(forward_difference(f, x), wave_gradient([1.0, 2.0]), rtol=1e-3)
    assert x.tolist() == [1, 2]


@pytest.mark.parametrize("x", [[1, 2], np.array([1, 2], dtype="uint8"), np.float32([1, 2])], ids=lambda x: type(x).__name__)
def test_differences_compute_in_float64(x):
    result = central_difference(wave, x)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, wave_gradient([1.0, 2.0]), rtol=1e-8)


def test_relative_error():
    assert relative_error(1.0, 1.0) == 0
    assert relative_error(0.0, 0.0) == 0
    assert relative_error(1.0, 0.0) == 1
    assert relative_error(2.0, -2.0) == 2
    assert relative_error(4.0, 5.0) == pytest.approx(0.2)
    assert relative_error([1, 10, 0], [1, 9, 0]) == pytest.approx(0.1)
    assert relative_error([[1e-20]], [[2e-20]]) == pytest.approx(0.5)
    assert isinstance(relative_error([1.0], [2.0]), float)


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_relative_error_is_symmetric_and_at_most_2(a, b):
    assert relative_error(a, b) == relative_error(b, a) <= 2


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_check_accepts_the_right_gradient(shape):
    x = np.random.default_rng(1).uniform(-1, 1, size=shape)
    check = check_gradient(wave, x, wave_gradient(x))
    assert check and check.passed and check.excess <= 1
    assert str(check).startswith("passed")


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("factor", [0.999, 1.001])
def test_the_check_rejects_any_single_entry_wrong_by_a_thousandth(shape, factor):
    x = np.random.default_rng(2).uniform(-1, 1, size=shape)
    for index in np.ndindex(shape):
        wrong = wave_gradient(x)
        wrong[index] *= factor
        check = check_gradient(wave, x, wrong)
        assert not check and not check.passed and check.excess > 1
        assert check.index == index
        assert check.analytic == wrong[index]
        assert check.numerical == pytest.approx(wave_gradient(x)[index], rel=1e-7)
        assert check.relative_error == pytest.approx(1e-3, rel=2e-3)
        assert str(check).startswith("FAILED")


def test_the_check_sees_a_thousandth_in_a_small_entry_beside_large_ones():
    scale = np.array([1.0, 1e-3, 1e3])

    def f(x):
        return float(np.sum(scale * np.sin(x)))

    x = np.array([0.5, 0.6, 0.7])
    right = scale * np.cos(x)
    assert check_gradient(f, x, right)
    for i in range(3):
        check = check_gradient(f, x, right * (1 + 1e-3 * (np.arange(3) == i)))
        assert not check and check.index == (i,)


def test_the_check_accepts_exact_zeros_and_nothing_larger():
    def f(x):
        return float(np.sin(x[0]))

    x = np.array([0.5, 0.6])
    right = np.array([math.cos(0.5), 0.0])
    assert check_gradient(f, x, right)
    check = check_gradient(f, x, right + np.array([0, 1e-6]))
    assert not check and check.index == (1,)


@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy"])
def test_the_check_copes_with_the_first_row_of_the_running_example(loss):
    """w211 = w221 makes it exactly 0; the differences leave a little noise there, and so does rounding."""
    X, Y = FOUR_FOUR_TWO_X[:, None], FOUR_FOUR_TWO_Y[:, None]
    names = {"hidden": "sigmoid", "output": "softmax"}

    def f(W1):
        return cost(forward(X, FOUR_FOUR_TWO | {"W1": W1}, **names), Y, loss)

    dW1 = backpropagation(forward(X, FOUR_FOUR_TWO, **names), Y, FOUR_FOUR_TWO, **names, loss=loss)["dW1"]
    assert (np.abs(dW1[0]) < 1e-16).all() and (np.abs(dW1[1:]) > 1e-3).all()
    assert check_gradient(f, FOUR_FOUR_TWO["W1"], dW1)
    dW1[0] = 0
    assert check_gradient(f, FOUR_FOUR_TWO["W1"], dW1)
    assert relative_error(dW1, central_difference(f, FOUR_FOUR_TWO["W1"])) == 1
    for index in np.ndindex(4, 4):
        wrong = dW1.copy()
        wrong[index] = wrong[index] * 1.001 if wrong[index] else 1e-6
        check = check_gradient(f, FOUR_FOUR_TWO["W1"], wrong)
        assert not check and check.index == index


def test_the_check_rejects_a_wrong_sign_and_a_factor_2():
    x = np.array([0.5, 0.6])
    for factor in (-1, 2, 0.5, 0):
        assert not check_gradient(wave, x, factor * wave_gradient(x))


def test_the_tolerance_of_the_check_can_be_set():
    x = np.array([0.5])
    wrong = wave_gradient(x) * 1.001
    assert check_gradient(wave, x, wrong, rtol=2e-3)
    assert not check_gradient(wave, x, wrong, rtol=5e-4)


def test_the_verdict_prints_the_worst_entry():
    check = check_gradient(lambda x: float(x.sum()), [[1.0, 2.0]], [[1.0, 1.5]])
    assert str(check) == "FAILED: worst entry at [0, 1]: analytic 1.5, numerical 1"
    assert str(check_gradient(lambda x: 2 * float(x), 1.0, 2.0)) == "passed: worst entry: analytic 2, numerical 2"


BAD_X = [
    ([], ValueError),
    ([math.nan], ValueError),
    ([math.inf], ValueError),
    ([[1, 2], [3]], ValueError),
    ("ab", TypeError),
    (None, TypeError),
    ([1j], TypeError),
    ([Value(1.0)], TypeError),
]


@pytest.mark.parametrize(("bad", "error"), BAD_X, ids=repr)
def test_bad_points_are_refused_by_name(bad, error):
    with pytest.raises(error, match=says("x")):
        central_difference(wave, bad)
    with pytest.raises(error, match=says("x")):
        forward_difference(wave, bad)
    with pytest.raises(error, match=says("x")):
        check_gradient(wave, bad, [1.0])
    with pytest.raises(error, match=says("analytic")):
        check_gradient(wave, [1.0], bad)
    with pytest.raises(error, match=says("a")):
        relative_error(bad, [1.0])
    with pytest.raises(error, match=says("b")):
        relative_error([1.0], bad)


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (math.nan, ValueError),
        (math.inf, ValueError),
        (None, TypeError),
        ("1", TypeError),
        (np.ones(1), TypeError),
        (1j, TypeError),
        (Value(1.0), TypeError),
        ([[1], [1, 2]], TypeError),
    ],
    ids=repr,
)
def test_bad_results_of_f_are_refused_by_name(result, error):
    for difference in (central_difference, forward_difference):
        with pytest.raises(error, match=says("f")):
            difference(lambda x: result, [1.0])


def test_f_must_be_a_function():
    with pytest.raises(TypeError, match=says("f")):
        central_difference(3.0, [1.0])


@pytest.mark.parametrize("bad", [0, -1e-5, math.nan, math.inf])
def test_eps_must_be_positive_and_finite(bad):
    for difference in (central_difference, forward_difference):
        with pytest.raises(ValueError, match=says("eps")):
            difference(wave, [1.0], eps=bad)


@pytest.mark.parametrize("bad", ["a", None, np.ones(2)], ids=lambda b: type(b).__name__)
def test_eps_must_be_a_number(bad):
    with pytest.raises(TypeError, match=says("eps")):
        central_difference(wave, [1.0], eps=bad)


def test_eps_too_small_to_move_x_is_refused():
    """Otherwise the difference is 0 and so is every derivative."""
    with pytest.raises(ValueError, match=says("eps")):
        central_difference(wave, [1.0], eps=1e-20)


@pytest.mark.parametrize("bad", [-1, math.nan, math.inf])
def test_rtol_must_be_positive_and_finite(bad):
    with pytest.raises(ValueError, match=says("rtol")):
        check_gradient(wave, [1.0], [3.0], rtol=bad)


def test_shapes_are_not_broadcast():
    with pytest.raises(ValueError, match=says("analytic", "shape")):
        check_gradient(wave, [1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match=says("b", "shape")):
        relative_error([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match=says("b", "shape")):
        relative_error([[1.0, 2.0]], [1.0, 2.0])


# Mistakes of f, and the edge of float64.


def drawing(scale):
    rng = np.random.default_rng(0)
    return lambda x: wave(x) + scale * rng.normal()


def remembering(x, asked=[]):
    asked.append(x)
    return wave(x) + len(asked)


DIFFERENCES = pytest.mark.parametrize("difference", [central_difference, forward_difference])
TWO_ANSWERS = says("f", "one answer to one question")


@DIFFERENCES
@pytest.mark.parametrize("f", [drawing(0.1), drawing(1e3), remembering, lambda x: float(np.random.default_rng().random())])
def test_a_function_that_gives_two_answers_is_named_as_such(difference, f):
    with pytest.raises(ValueError, match=TWO_ANSWERS):
        difference(f, np.full(3, 0.3))


@pytest.mark.parametrize("scale", [1e-7, 1e-4, 1.0])
def test_the_check_names_a_function_that_gives_two_answers_however_near_they_are(scale):
    x = np.full(3, 0.3)
    with pytest.raises(ValueError, match=TWO_ANSWERS):
        check_gradient(drawing(scale), x, wave_gradient(x))


@DIFFERENCES
def test_a_jump_is_no_crime(difference):
    """A step that is really there has its slope: it is asked once more, and gives the same."""
    assert difference(lambda x: float(x > 1), 1.0, eps=0.25) == pytest.approx(2 if difference is central_difference else 4)
    assert difference(lambda x: 1e6 * float(x), 1.0) == pytest.approx(1e6)


@DIFFERENCES
def test_a_difference_that_overflows_is_refused(difference):
    for slope, eps in (1e305, 1e-5), (1.7e308, 0.25):
        with pytest.raises(ValueError, match=r"^f: expected numbers that float64 can hold, got an overflow"):
            difference(lambda x: slope * float(np.sign(x - 1)), 1 - eps / 2, eps)
    with pytest.raises(ValueError, match=says("eps")):
        difference(float, 1.7e308, eps=1.7e308)


def test_relative_error_at_the_edge_of_float64():
    assert relative_error(1e308, -1e308) == 2
    assert relative_error(1.7e308, 0) == 1
    assert relative_error(1.7e308, -1.7e308) == 2
    assert relative_error(5e-324, 0) == 1
    assert relative_error(5e-324, -5e-324) == 2


def test_the_check_at_the_edge_of_float64_fails_or_refuses():
    check = check_gradient(lambda x: float(x), 1.0, 1.7e308)
    assert not check and math.isfinite(check.excess)
    for argument, change in ("size", {"size": 1e308, "eps": 1e-15}), ("analytic", {"analytic": 1e308, "rtol": 1e-320}):
        with pytest.raises(ValueError, match=says(argument)):
            check_gradient(**{"f": float, "x": 1.0, "analytic": 1.0, "rtol": 1e-6} | change)


# What the defaults mean.


def test_rtol_is_a_millionth_unless_another_is_given():
    x = np.array([0.5])
    assert check_gradient(wave, x, wave_gradient(x) * (1 + 0.9e-6))
    assert not check_gradient(wave, x, wave_gradient(x) * (1 + 1.2e-6))


def test_eps_is_a_hundred_thousandth_unless_another_is_given():
    seen = []

    def f(x):
        seen.append(float(x))
        return float(x)

    check_gradient(f, 0.0, 1.0)
    assert set(seen) == {0.0, 1e-5, -1e-5}


@pytest.mark.parametrize("size", [1.0, 1e3])
def test_the_noise_is_sixteen_roundings(size):
    """Of a function that is 0 everywhere an analytic gradient may be 16·2⁻⁵²·size/ε, no more and no less."""
    allowed = 16 * 2.0**-52 * size / 1e-5
    assert check_gradient(lambda x: 0.0, 1.0, 0.99 * allowed, size=size)
    assert not check_gradient(lambda x: 0.0, 1.0, 1.01 * allowed, size=size)
    assert check_gradient(lambda x: size, 1.0, 1.99 * allowed, size=size)
    assert not check_gradient(lambda x: size, 1.0, 2.01 * allowed, size=size)


@pytest.mark.parametrize("x", [np.ma.masked, np.ma.array([1.0, 2.0], mask=[0, 1]), ["1"], np.array(["1"]), np.array([object()])])
def test_no_masked_entry_and_no_text_is_taken_as_a_number(x):
    for call in central_difference, forward_difference:
        with pytest.raises((TypeError, ValueError), match=says("x")):
            call(lambda t: float(np.sum(t)), x)
    with pytest.raises((TypeError, ValueError), match=says("a")):
        relative_error(x, x)


def test_a_check_nudges_by_the_eps_that_it_is_given():
    asked = []

    def square(x):
        asked.append(float(x[0]))
        return float(x[0] ** 2)

    assert check_gradient(square, [1.0], [2.0], eps=0.25)
    assert {0.75, 1.25} <= set(asked)


# ---------------------------------------------------------------- to the letter and to the edge


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: relative_error([1.0, 2.0], [1.0]), "b: expected the shape of a, (2,), got (1,)"),
        (lambda: check_gradient(wave, [1.0], [1.0, 2.0]), "analytic: expected the shape of x, (1,), got (2,)"),
        (lambda: check_directions(wave, [1.0], [1.0, 2.0]), "analytic: expected the shape of x, (1,), got (2,)"),
        (lambda: central_difference("f", [1.0]), "f: expected a function of one array, got str"),
        (lambda: central_difference(lambda x: True, [1.0]), "f: expected a function that returns a float, got bool"),
        (lambda: central_difference(lambda x: "1", [1.0]), "f: expected a function that returns a float, got str"),
        (
            lambda: check_gradient(answers(1.0, 1.0, 1.0, 2.0), [1.0], [5.0]),
            "f: expected one answer to one question, got 1.0 and then 2.0: "
            "does f draw random numbers, or remember what it was asked?",
        ),
    ],
)
def test_what_is_said_to_a_reader(call, message):
    with pytest.raises((TypeError, ValueError)) as refused:
        call()
    assert str(refused.value) == message


def test_the_excess_is_the_difference_over_what_is_allowed():
    """With the defaults: a share of the slope and the noise, added; the size of the numbers is 1."""

    def line(x):
        return 3 * float(np.sum(x))

    def noise(f):
        return 16 * 2.0**-52 * (1 + abs(f)) / 1e-5

    assert check_gradient(line, [2.0], [3.003]).excess == pytest.approx(0.003 / (1e-6 * 3.003 + noise(6)), rel=1e-5)
    v = float(np.sign(np.random.default_rng(0).normal(size=1))[0])
    found = check_directions(line, [2.0], [3.003], directions=1)
    assert found.excess == pytest.approx(0.003 / (1e-6 * 3.003 + noise(6)), rel=1e-4)
    assert found.analytic == pytest.approx(3.003 * v)


def test_the_noise_along_a_direction_is_that_of_the_larger_end():
    """Of −9,000 and 1,000 the first is larger in size, though not in value."""
    found = check_directions(lambda x: 1e4 * float(x[0]), [-0.4], [1e4 + 1], directions=1, eps=0.5, rtol=1e-18)
    assert found.excess == pytest.approx(1 / (16 * 2.0**-52 * 9001 / 0.5 + 1e-14), rel=1e-2)


def test_ten_directions_of_seed_0_are_asked_unless_others_are_given():
    counting = Counting(wave)
    x = np.linspace(-1, 1, 5)
    found = check_directions(counting, x, 1.001 * wave_gradient(x))
    assert counting.calls == 2 * 10 + 1  # and one before it says that it failed
    assert found == check_directions(wave, x, 1.001 * wave_gradient(x), directions=10, seed=0)
    assert found != check_directions(wave, x, 1.001 * wave_gradient(x), directions=10, seed=1)


def test_half_a_failure_more_is_asked_about_too():
    """A crumb more at each call makes a slope 1.5 times what is allowed: f is to blame, not the gradient."""
    calls = iter(range(100))
    with pytest.raises(ValueError, match="one answer to one question"):
        check_gradient(lambda x: float(x[0]) - 3e-11 * next(calls), [0.5], [1.0])


@pytest.mark.parametrize(
    "here, there, eps, asked",
    [
        (0.0, 0.0101, 1e-4, False),  # the bound is √ε (1 + |here| + |there|) = 0.010101
        (0.0, 0.0102, 1e-4, True),
        (1.0, 1.0303, 1e-4, False),  # 0.030303
        (1.0, 1.0304, 1e-4, True),
        (-1.0, -0.9703, 1e-4, False),  # 0.029703
        (-1.0, -0.9702, 1e-4, True),
        (0.0, 1.0, 0.25, False),  # 1: the bound itself is no jump
    ],
)
def test_a_jump_is_asked_about_from_the_root_of_eps_on(here, there, eps, asked):
    counting = Counting(lambda x: there if x[0] > 0 else here)
    forward_difference(counting, [0.0], eps)
    assert counting.calls == 2 + asked


def test_a_step_of_one_float_is_a_step():
    assert check_directions(lambda x: float(x[0]), [1.0], [1.0], eps=2.0**-52)


@pytest.mark.parametrize("seed", range(4))
def test_a_step_may_leave_float64_on_neither_side(seed):
    with pytest.raises(ValueError, match=r"^eps: expected steps that leave x = 1.79e\+308 finite, got 1e\+307$"):
        check_directions(lambda x: 1.0, [1.79e308], [0.0], seed=seed, eps=1e307)


def test_no_warning_and_no_trap_of_numpy_comes_through():
    with np.errstate(all="raise"):
        with pytest.raises(ValueError, match=r"^analytic: "):
            check_gradient(lambda x: 1e308 * float(x[0]), [0.0], [-1e308], rtol=1e-310)
        with pytest.raises(ValueError, match=r"^analytic: "):
            check_gradient(lambda x: 1e308 * float(x[0]), [0.0], [1e308], rtol=1e-310)
        with pytest.raises(ValueError, match=r"^eps: "):
            check_directions(lambda x: 1.0, [1.79e308], [0.0], eps=1e307)
        with pytest.raises(ValueError, match=r"^analytic: "):
            check_directions(lambda x: 1.0, [1.0] * 4, [1.7e308] * 4, eps=1.0)
        with pytest.raises(ValueError, match=r"^eps: "):
            central_difference(lambda x: 1.0, [1.79e308], eps=1e307)
