"""What the first edition had wrong: the right number, computed here without the package, stands in its chapter."""

import numpy as np
import pages
import pytest

W1 = np.array([[0.1, 0.3, 0.8, -0.4], [-0.3, -0.2, 0.5, 0.5], [-0.3, 0, 0.5, 0.4], [0.2, 0.5, -0.9, 0.7]])
W2 = np.array([[0.5, 0.8, 0.2, 0.4], [0.5, 0.2, 0.3, -0.5]])
X = np.array([2.0, 5, 3, 3])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


A1 = sigmoid(W1 @ X)
Z2 = W2 @ A1
Y_HAT = np.exp(Z2) / np.exp(Z2).sum()
SLOPE = Y_HAT[0] * Y_HAT[1]
STRAIGHT = 2 * (Y_HAT - [1, 0]) * SLOPE * W2[:, 2] * A1[2] * (1 - A1[2]) * X[0]
"""Chapter 8's two products without cross paths, through either logit."""
BENDS = np.linspace(0, 6, 60_001)
MOST = (BENDS * sigmoid(BENDS) * (1 - sigmoid(BENDS))).max()
H1 = sigmoid(0.8 * 1.5)
H2 = sigmoid(-1.2 * H1)
EQUAL = 1.0 - Y_HAT
"""What the outputs lack of the label (1, 1)."""


def in_turn(a, b, h=0.01):
    a = a + h * b
    return a * (b + h * a)


NUMBERS = [
    ("01", "at once to $-11.7512$, in turn to $-11.752391$", "-11.752391", in_turn(4, -3)),
    ("01", "by three millionths", "0.000003", in_turn(0.02, -3) - (0.02 - 0.03) * (-3 + 0.0002)),
    ("02", "31 \\cdot 24 = 744", "744", (W1.size + W2.size + 6 + 1) * (W1.size + W2.size)),
    ("02", "$72 - 16 = 56$", "56", 3 * (W1.size + W2.size) - W1.size),
    ("04", "at most $0.224/h$", "0.224", MOST),
    ("04", "brings its factor above 0.787", "0.787", MOST / H2),
    ("04", "brings its factor above 0.291", "0.291", MOST / H1),
    ("08", "$+0.00312$: positive, wrong", "0.00312", -STRAIGHT @ Z2),
    ("08", "$-0.00644164$, rounded", "-0.00644164", -STRAIGHT @ Z2[::-1]),
    ("12", "no better than $0.4774$", "0.4774", -0.75 * (np.log(1 / 3) / 3 + 2 * np.log(2 / 3) / 3)),
]


@pytest.mark.parametrize(("chapter", "phrase", "number", "value"), NUMBERS, ids=[phrase[:30] for _, phrase, *_ in NUMBERS])
def test_a_corrected_number(chapter, phrase, number, value):
    (path,) = (path for path in pages.CHAPTERS if path.name.startswith(chapter))
    assert phrase in " ".join(path.read_text(encoding="utf-8").split())
    assert f"{value:.{len(number.partition('.')[2])}f}" == number


def test_half_of_a_softmax_delta_goes_straight_only_for_labels_that_sum_to_1():
    delta = -2 * EQUAL * SLOPE * [1, -1]
    np.testing.assert_allclose(delta / delta.sum(), [-0.42, 1.42], atol=0.005)


def test_the_twins_floor_is_the_least_that_three_examples_can_lose():
    q = np.linspace(0.001, 0.999, 999)
    assert np.isclose((-2 * np.log(q) - np.log(1 - q)).min() / 4, 0.4774, atol=1e-4)
