import math

import numpy as np
import pytest
from helpers import says
from hypothesis import given, settings
from hypothesis import strategies as st

from bpcourse.examples import FOUR_FOUR_TWO, FOUR_FOUR_TWO_X, FOUR_FOUR_TWO_Y
from bpcourse.layers import output_delta
from bpcourse.network import backpropagation, cost, forward, initialise
from bpcourse.numeric import DirectionsCheck, GradientCheck, check_directions, check_gradient

SHAPES = [(), (1,), (2,), (5,), (2, 3), (2, 3, 2), (40, 50)]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


def wave(x):
    return float(np.mean(np.sin(x) * (1 + np.arange(x.size).reshape(x.shape) % 7)))


def wave_gradient(x):
    x = np.asarray(x, dtype=float)
    return np.asarray(np.cos(x) * (1 + np.arange(x.size).reshape(x.shape) % 7) / x.size)


def point(shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, size=shape)


class Counting:
    def __init__(self, f):
        self.f, self.calls, self.seen = f, 0, []

    def __call__(self, x):
        self.calls += 1
        self.seen.append(x)
        return self.f(x)


# ------------------------------------------------------------- right gradients


@shapes
def test_the_right_gradient_passes_at_every_shape_and_seed(shape):
    x = point(shape)
    for seed in range(20):
        check = check_directions(wave, x, wave_gradient(x), seed=seed)
        assert check and check.passed and check.excess <= 1, check


@pytest.mark.parametrize("n", [1, 10, 1_000, 100_000])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_the_right_gradient_passes_at_many_sizes(n, scale):
    x = point(n) * scale
    assert check_directions(lambda x: float(x @ x / 2), x, x, size=float(x @ x))


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.floats(-2, 2))
def test_the_right_gradient_of_a_random_quadratic_passes(seed, n, exponent):
    rng = np.random.default_rng(seed)
    A, x = rng.normal(size=(n, n)) * 10**exponent, rng.normal(size=n)

    def f(x):
        return float(x @ A @ x)

    assert check_directions(f, x, (A + A.T) @ x, seed=seed, size=float(np.abs(x) @ np.abs(A) @ np.abs(x)))


@pytest.mark.parametrize(("hidden", "output", "loss"), [
    ("relu", "softmax", "cross_entropy"), ("tanh", "sigmoid", "binary_cross_entropy"), ("sigmoid", "softmax", "squared_error"),
])  # fmt: skip
@pytest.mark.parametrize("sizes", [(3, 4, 2), (20, 30, 10), (64, 50, 40, 10)], ids=str)
def test_backpropagation_passes_at_many_sizes(sizes, hidden, output, loss):
    f, P, grads = network_of(sizes, hidden, output, loss)
    for name in P:
        assert check_directions(lambda a: f(P | {name: a}), P[name], grads[f"d{name}"], directions=4)


def network_of(sizes, hidden="tanh", output="softmax", loss="cross_entropy", examples=5):
    rng = np.random.default_rng(7)
    P = initialise(sizes, hidden, seed=3)
    X, Y = rng.normal(size=(sizes[0], examples)), np.eye(sizes[-1])[:, rng.integers(0, sizes[-1], examples)]

    def f(parameters):
        return cost(forward(X, parameters, hidden, output), Y, loss)

    return f, P, backpropagation(forward(X, P, hidden, output), Y, P, hidden, output, loss)


def test_exact_zeros_pass():
    names = {"hidden": "sigmoid", "output": "softmax"}
    X, Y = FOUR_FOUR_TWO_X[:, None], FOUR_FOUR_TWO_Y[:, None]

    def first_row(row):
        W = FOUR_FOUR_TWO["W1"].copy()
        W[0] = row
        return cost(forward(X, FOUR_FOUR_TWO | {"W1": W}, **names), Y, "squared_error")

    for seed in range(50):
        assert check_directions(first_row, FOUR_FOUR_TWO["W1"][0], np.zeros(4), seed=seed)
    assert not check_directions(first_row, FOUR_FOUR_TWO["W1"][0], np.array([0, 1e-8, 0, 0]))


def test_a_constant_has_the_gradient_zero_and_no_other():
    assert check_directions(lambda x: 0.0, np.ones(3), np.zeros(3))
    assert not check_directions(lambda x: 0.0, np.ones(3), np.full(3, 1e-6))
    assert not check_directions(lambda x: float(x.sum()), np.ones(3), np.zeros(3))


# --------------------------------------------------------------------- mutants


@shapes
@pytest.mark.parametrize("wrong", [-1, 2, 0.5, 0, 1.001, 0.999, 1e200])
def test_a_wrong_factor_is_caught(shape, wrong):
    x = point(shape)
    for seed in range(5):
        check = check_directions(wave, x, wrong * wave_gradient(x), seed=seed)
        assert not check and not check.passed and check.excess > 1


@shapes
def test_one_entry_off_by_a_tenth_is_caught_wherever_it_is(shape):
    x = point(shape)
    for index in list(np.ndindex(shape))[:50]:
        wrong = wave_gradient(x)
        wrong[index] *= 1.1
        assert not check_directions(wave, x, wrong)


def mutants():
    """(name, parameter, wrong gradient) of a 6-4-4-3 network with every mistake of chapter 16."""
    rng = np.random.default_rng(7)
    kinds = {"hidden": "tanh", "output": "softmax"}
    P = initialise([6, 4, 4, 3], "tanh", seed=3)
    X, Y = rng.normal(size=(6, 5)), np.eye(3)[:, rng.integers(0, 3, 5)]
    cache = forward(X, P, **kinds)
    G = backpropagation(cache, Y, P, **kinds, loss="squared_error")

    def f(name):
        return lambda a: cost(forward(X, P | {name: a}, **kinds), Y, "squared_error")

    A1, A2, A3 = (cache[f"A{l}"] for l in (1, 2, 3))
    elementwise = 2 * (A3 - Y) * A3 * (1 - A3)
    one_wire = P["W3"][:1].T @ G["dZ3"][:1]
    not_transposed = P["W2"] @ G["dZ2"]
    one_wrong = G["dW2"].copy()
    one_wrong[2, 1] *= -1
    swapped = G["dW2"].copy()
    swapped[0, 0], swapped[0, 1] = swapped[0, 1], swapped[0, 0]
    right = [(f"right {name}", f(name), P[name], G[f"d{name}"]) for name in P]
    wrong = [
        ("factor 2", "W1", 2 * G["dW1"]),
        ("sign", "b2", -G["db2"]),
        ("dropped 1/m", "W2", 5 * G["dW2"]),
        ("missing cross paths", "W3", elementwise @ A2.T / 5),
        ("forgotten fork", "W2", (one_wire * (1 - A2**2)) @ A1.T / 5),
        ("matrix not transposed", "W1", (not_transposed * (1 - A1**2)) @ X.T / 5),
        ("gradient transposed", "W2", G["dW2"].T),
        ("slope of the activation forgotten", "W2", G["dA2"] @ A1.T / 5),
        ("output in place of slope", "W2", (G["dA2"] * A2) @ A1.T / 5),
        ("prediction minus label", "b3", (A3 - Y).mean(axis=1, keepdims=True)),
        ("one sign wrong", "W2", one_wrong),
        ("two entries swapped", "W2", swapped),
        ("last example only", "W1", G["dZ1"][:, -1:] @ X[:, -1:].T),
    ]
    return right, [(name, f(parameter), P[parameter], gradient) for name, parameter, gradient in wrong]


RIGHT, WRONG = mutants()


@pytest.mark.parametrize("case", RIGHT, ids=lambda case: case[0])
def test_both_checks_accept_what_is_right(case):
    _, f, x, gradient = case
    assert check_gradient(f, x, gradient)
    assert all(check_directions(f, x, gradient, seed=seed) for seed in range(20))


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case[0])
def test_both_checks_reject_every_planted_mistake(case):
    _, f, x, gradient = case
    assert gradient.shape == x.shape
    assert not check_gradient(f, x, gradient)
    assert not any(check_directions(f, x, gradient, directions=1, seed=seed) for seed in range(20))


def test_every_mistake_of_the_softmax_is_seen_at_its_logits():
    z, y = np.array([[0.3], [-0.4], [0.9]]), np.array([[1.0], [0.0], [0.0]])
    identity = {"W1": np.eye(3), "b1": np.zeros((3, 1))}

    def f(z):
        return cost(forward(z, identity, output="softmax"), y, "squared_error")

    A = forward(z, identity, output="softmax")["A1"]
    assert check_directions(f, z, output_delta(z, A, y, "softmax", "squared_error"))
    assert not check_directions(f, z, A - y)


# ------------------------------------------- what directions see, and what not


def test_an_error_is_seen_by_its_length_beside_that_of_the_gradient():
    """Each direction has a chance of at most 0.8·rtol·|g|/|e| to miss the error e."""
    n, rtol = 400, 0.1
    g = np.ones(n)
    for ratio, missed_at_most in (2, 0.4), (10, 0.08), (100, 0.008):
        error = np.zeros(n)
        error[17] = ratio * rtol * np.linalg.norm(g)
        missed = sum(
            bool(check_directions(lambda x: float(x.sum()), np.zeros(n), g + error, 1, seed, rtol=rtol)) for seed in range(1000)
        )
        # the tolerance takes |g + e| for |g|
        assert missed / 1000 <= missed_at_most * np.linalg.norm(g + error) / np.linalg.norm(g) + 0.05


def test_more_directions_miss_less():
    x, g = np.zeros(50), np.ones(50)
    wrong = g.copy()
    wrong[3] += 1e-2 * np.linalg.norm(g)

    def misses(directions):
        return sum(bool(check_directions(lambda x: float(x.sum()), x, wrong, directions, seed, rtol=2e-2)) for seed in range(200))

    assert misses(1) > misses(2) > misses(4) > misses(16)


def test_an_error_in_a_tiny_entry_hides_behind_a_long_gradient():
    x = point(50)
    scale = np.ones(50)
    scale[7] = 1e-8

    def f(x):
        return float(scale @ np.sin(x))

    wrong = scale * np.cos(x)
    wrong[7] *= -1
    assert check_directions(f, x, wrong)
    assert not check_directions(lambda tiny: float(scale[7] * np.sin(tiny) * 1e8), x[7], wrong[7] * 1e8)


def test_the_tolerance_can_be_set():
    x = point(5)
    wrong = wave_gradient(x) * 1.001
    assert check_directions(wave, x, wrong, rtol=1e-2)
    assert not check_directions(wave, x, wrong, rtol=1e-5)


def test_size_says_how_large_the_numbers_are_that_f_adds_up():
    x = point(6)

    def f(x):
        return (1e6 + wave(x)) - 1e6

    assert not check_directions(f, x, wave_gradient(x), rtol=1e-9)
    assert check_directions(f, x, wave_gradient(x), rtol=1e-9, size=1e6)


def test_a_large_result_is_allowed_its_rounding():
    x = point(6)
    for seed in range(20):
        assert check_directions(lambda x: 1e6 + wave(x), x, wave_gradient(x), seed=seed)


# ----------------------------------------------------------------------- kinks


def test_a_kink_in_the_way_fails_and_a_smaller_step_passes():
    x = np.array([3e-6, 0.5, -0.7])

    def f(x):
        return float(np.maximum(x, 0).sum())

    assert not check_directions(f, x, x > 0, eps=1e-4)
    assert check_directions(f, x, x > 0, eps=1e-6)


def test_at_the_kink_itself_no_slope_passes():
    def f(x):
        return float(np.abs(x[0]) + x[1])

    for slope in (-1.0, 1.0):
        assert not check_directions(f, np.array([0.0, 0.0]), np.array([slope, 1.0]))


# ------------------------------------------------------------- how it is called


@pytest.mark.parametrize("directions", [1, 3, 10])
def test_two_calls_a_direction_whatever_the_size(directions):
    for n in (1, 1000):
        f = Counting(wave)
        assert check_directions(f, point(n), wave_gradient(point(n)), directions)
        assert f.calls == 2 * directions


def test_before_it_fails_it_asks_once_more():
    f = Counting(wave)
    assert not check_directions(f, point(5), np.zeros(5), 3)
    assert f.calls == 2 * 3 + 1


@pytest.mark.parametrize("noise", [1e-6, 1.0])
def test_a_function_that_gives_two_answers_is_named_as_such(noise):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=says("f", "one answer to one question")):
        check_directions(lambda x: wave(x) + noise * rng.normal(), point(5), wave_gradient(point(5)))


@pytest.mark.parametrize(("change", "argument"), [
    ({"x": [1.7e308, 1.0], "eps": 1.7e308}, "eps"), ({"eps": 1e-300}, "eps"), ({"size": 1e308, "eps": 1.5e-15}, "size"),
    ({"analytic": [1.7e308, 1.7e308], "rtol": 1e-300}, "analytic"),
    ({"f": lambda x: 1e308 * float(np.sign(x[0] - 1))}, "analytic"),
])  # fmt: skip
def test_what_overflows_on_the_way_is_refused_by_name(change, argument):
    with pytest.raises(ValueError, match=says(argument)):
        check_directions(**{"f": lambda x: float(x.sum()), "x": [1.0, 2.0], "analytic": [1.0, 1.0]} | change)


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (1.5, TypeError), ("a", TypeError), (None, TypeError), (True, TypeError)]
)
def test_a_seed_is_a_whole_number(seed, error):
    with pytest.raises(error, match=says("seed")):
        check_directions(wave, point(3), point(3), seed=seed)


def test_the_steps_have_the_length_eps_and_lie_on_both_sides():
    x, f = point((3, 4)), Counting(wave)
    check_directions(f, x, wave_gradient(x), directions=5, eps=1e-3)
    assert len(f.seen) == 10
    for ahead, behind in zip(f.seen[::2], f.seen[1::2]):
        np.testing.assert_allclose(ahead - x, x - behind, rtol=1e-9)
        assert np.linalg.norm(ahead - x) == pytest.approx(1e-3, rel=1e-9)
    first, second = f.seen[0] - x, f.seen[2] - x
    assert abs(np.sum(first * second)) < 0.9e-6


def test_the_directions_come_from_the_seed():
    x = point(4)
    once, again, other = (check_directions(wave, x, np.ones(4), seed=seed) for seed in (1, 1, 2))
    assert once == again != other


def test_the_verdict_names_the_worst_direction():
    x, g = point(5), np.ones(5)
    checks = [check_directions(wave, x, g, directions=k) for k in range(1, 7)]
    worst = max(checks, key=lambda check: check.excess)
    assert checks[-1] == worst
    assert isinstance(worst, GradientCheck)
    (k,) = worst.index
    assert 0 <= k < 6 and checks[k] == worst
    np.testing.assert_allclose(
        [worst.relative_error], [abs(worst.analytic - worst.numerical) / max(abs(worst.analytic), abs(worst.numerical))]
    )


def test_the_slopes_are_along_the_step():
    """In one dimension the direction is 1 or −1."""
    check = check_directions(lambda x: 3 * float(x[0]), [1.0], [2.0])
    assert (abs(check.analytic), abs(check.numerical)) == pytest.approx((2, 3))
    assert str(check).startswith("FAILED: worst direction ")
    shown = DirectionsCheck(True, (4,), 1.5, 1.25, 0.5)
    assert str(shown) == "passed: worst direction 4: analytic 1.5, numerical 1.25"


@pytest.mark.parametrize("x", [[1, 2], np.array([1, 2], dtype="uint8"), np.float32([1, 2])], ids=lambda x: type(x).__name__)
def test_directions_compute_in_float64(x):
    assert check_directions(wave, x, wave_gradient([1.0, 2.0]), rtol=1e-6)


def test_f_cannot_change_x_or_the_gradient():
    x, g = point(4), wave_gradient(point(4))
    before = x.copy(), g.copy()

    def f(x):
        result = wave(x)
        x[:] = 99
        return result

    assert check_directions(f, x, g)
    np.testing.assert_array_equal((x, g), before)


def test_large_entries_move_by_what_float64_can_hold():
    """Near 3e4 a step of 1e-5/√3 is rounded; the slope is taken along the rounded step."""
    x = np.array([30_001.7, -29_998.3, 0.1])
    slope = np.array([2.0, -3.0, 5.0])

    def f(x):
        return float(slope @ (x - [30_001.7, -29_998.3, 0.1]))

    for seed in range(20):
        assert check_directions(f, x, slope, seed=seed, rtol=1e-9)


# ---------------------------------------------------------------------- errors


@pytest.mark.parametrize(("bad", "error"), [
    ([], ValueError), ([math.nan], ValueError), ([math.inf], ValueError), ([[1, 2], [3]], ValueError),
    ("ab", TypeError), (None, TypeError), ([1j], TypeError),
], ids=repr)  # fmt: skip
def test_bad_points_and_gradients_are_refused_by_name(bad, error):
    with pytest.raises(error, match=says("x")):
        check_directions(wave, bad, [1.0])
    with pytest.raises(error, match=says("analytic")):
        check_directions(wave, [1.0], bad)


def test_shapes_are_not_broadcast():
    for wrong in ([1.0], [[1.0, 2.0]]):
        with pytest.raises(ValueError, match=says("analytic", "shape")):
            check_directions(wave, [1.0, 2.0], wrong)


@pytest.mark.parametrize(
    ("result", "error"), [(math.nan, ValueError), (math.inf, ValueError), (None, TypeError), ([1.0], TypeError)]
)
def test_bad_results_of_f_are_refused_by_name(result, error):
    with pytest.raises(error, match=says("f")):
        check_directions(lambda x: result, [1.0], [1.0])


def test_f_must_be_a_function():
    with pytest.raises(TypeError, match=says("f")):
        check_directions(3.0, [1.0], [1.0])


@pytest.mark.parametrize("argument", ["directions", "rtol", "eps", "size"])
@pytest.mark.parametrize(
    ("bad", "error"), [(0, ValueError), (-1, ValueError), (math.nan, ValueError), ("a", TypeError), (None, TypeError)]
)
def test_bad_numbers_are_refused_by_name(argument, bad, error):
    with pytest.raises(error, match=says(argument)):
        check_directions(wave, [1.0], [1.0], **{argument: bad})


def test_directions_are_whole_and_rtol_is_below_1():
    with pytest.raises(ValueError, match=says("directions", "whole")):
        check_directions(wave, [1.0], [1.0], directions=2.5)
    with pytest.raises(ValueError, match=says("rtol")):
        check_directions(wave, [1.0], [1.0], rtol=1)


def test_a_step_that_leaves_an_entry_where_it_is_is_refused():
    """Otherwise a wrong derivative of that entry would pass unseen."""
    with pytest.raises(ValueError, match=says("eps", "change x = 1e\\+12")):
        check_directions(wave, [1.0, 1e12], [1.0, 1.0])
    with pytest.raises(ValueError, match=says("eps")):
        check_directions(wave, [-1.0], [1.0], eps=1e-20)
    check_directions(wave, [1.0], [1.0], eps=1e-10)


def test_a_step_is_shared_out_among_the_entries():
    x = np.ones(10_000)
    x[3] = -1e7
    with pytest.raises(ValueError, match=says("eps", "√10000 that change x = 1e\\+07")):
        check_directions(wave, x, wave_gradient(x), eps=1e-7)
    check_directions(wave, x, wave_gradient(x), eps=1e-6)


@pytest.mark.parametrize(
    "check", [check_gradient, lambda *given, **names: check_directions(*given, directions=1, seed=0, **names)]
)
def test_an_excess_of_just_1_is_allowed_and_asks_no_second_time(check):
    """All numbers are powers of 2: rtol lets half of the slope pass, the noise the other half."""
    asked = []
    steps = {"rtol": 0.5, "eps": 2.0**-17, "size": 2.0**30}
    verdict = check(lambda x: asked.append(x) or 0.0, [0.0], [1.0], **steps)
    assert (verdict.passed, verdict.excess) == (True, 1.0)
    calls = len(asked)
    assert not check(lambda x: asked.append(x) or 0.0, [0.0], [1.0], **steps | {"size": 2.0**29})
    assert len(asked) == 2 * calls + 1
