import numpy as np
import pytest

from bpcourse import examples
from bpcourse.chain import count_paths
from bpcourse.examples import PADHAI, PADHAI_X, PADHAI_Y, digits, padhai, source_003
from bpcourse.graph import gradient, topological_order
from bpcourse.network import backpropagation, cost, forward, update
from bpcourse.numeric import central_difference

NAMES = {"hidden": "sigmoid", "output": "softmax"}
X, Y = PADHAI_X[:, None], PADHAI_Y[:, None]
LOSSES = ["squared_error", "cross_entropy"]


def six_digits(expected):
    return pytest.approx(expected, rel=5e-6, abs=1e-15)


def graph_of(loss):
    nodes = padhai(loss)
    nodes["loss"].backward()
    return nodes


def arrays_of(loss):
    cache = forward(X, PADHAI, **NAMES)
    return cache, backpropagation(cache, Y, PADHAI, **NAMES, loss=loss)


def column(nodes, letter, layer, what):
    units = 4 if layer == 1 else 2
    return [getattr(nodes[f"{letter}_{layer}{j}"], what) for j in range(1, units + 1)]


def test_the_parameters_are_those_of_the_source():
    assert PADHAI_X.tolist() == [2, 5, 3, 3] and PADHAI_Y.tolist() == [1, 0]
    assert PADHAI["W1"].tolist() == [
        [0.1, 0.3, 0.8, -0.4],
        [-0.3, -0.2, 0.5, 0.5],
        [-0.3, 0, 0.5, 0.4],
        [0.2, 0.5, -0.9, 0.7],
    ]
    assert PADHAI["W2"].tolist() == [[0.5, 0.8, 0.2, 0.4], [0.5, 0.2, 0.3, -0.5]]
    assert not PADHAI["b1"].any() and not PADHAI["b2"].any()
    assert padhai()["w_212"].value == 0.8


FORWARD = {
    ("z", 1): [2.9, 1.4, 2.1, 2.3],
    ("a", 1): [0.947846, 0.802184, 0.890903, 0.908877],
    ("z", 2): [1.65740, 0.447192],
    ("a", 2): [0.770336, 0.229664],
}


@pytest.mark.parametrize(("letter", "layer"), FORWARD)
def test_the_forward_pass(letter, layer):
    expected = FORWARD[letter, layer]
    assert column(graph_of("squared_error"), letter, layer, "value") == six_digits(expected)
    assert arrays_of("squared_error")[0][f"{letter.upper()}{layer}"][:, 0].tolist() == six_digits(expected)


@pytest.mark.parametrize(("loss", "expected"), [("squared_error", 0.105491), ("cross_entropy", 0.260929)])
def test_the_loss(loss, expected):
    assert graph_of(loss)["loss"].value == six_digits(expected)
    assert cost(arrays_of(loss)[0], Y, loss) == six_digits(expected)


@pytest.mark.parametrize(
    ("loss", "w212", "w131"), [("squared_error", -0.130377, 0.00315936), ("cross_entropy", -0.184233, 0.00446443)]
)
def test_the_two_weights(loss, w212, w131):
    nodes, (_, grads) = graph_of(loss), arrays_of(loss)
    assert (nodes["w_212"].grad, nodes["w_131"].grad) == six_digits((w212, w131))
    assert (grads["dW2"][0, 1], grads["dW1"][2, 0]) == six_digits((w212, w131))
    for name, index, exact in [("W2", (0, 1), w212), ("W1", (2, 0), w131)]:

        def f(W, name=name):
            return cost(forward(X, PADHAI | {name: W}, **NAMES), Y, loss)

        assert central_difference(f, PADHAI[name])[index] == pytest.approx(exact, rel=1e-5)


def test_the_deltas():
    nodes, (_, grads) = graph_of("squared_error"), arrays_of("squared_error")
    assert column(nodes, "a", 2, "grad") == six_digits([-0.459328, 0.459328])
    for delta2 in (column(nodes, "z", 2, "grad"), grads["dZ2"][:, 0].tolist()):
        assert delta2 == six_digits([-0.162527, 0.162527])
    for delta1 in (column(nodes, "z", 1, "grad"), grads["dZ1"][:, 0].tolist()):
        assert delta1 == six_digits([0, -0.0154744, 0.00157968, -0.0121144])


def test_the_softmax_jacobian_is_full():
    nodes = padhai()
    rows = [[g.value for g in gradient(nodes[f"a_2{k}"], [nodes["z_21"], nodes["z_22"]])] for k in (1, 2)]
    assert rows[0] == six_digits([0.176918, -0.176918])
    assert rows[1] == six_digits([-0.176918, 0.176918])


def test_the_local_gradient_of_h13():
    h13 = padhai()["a_13"].value
    assert h13 * (1 - h13) == six_digits(0.0971947)


def test_the_first_row_of_dw1_is_zero():
    _, grads = arrays_of("squared_error")
    assert grads["dW1"][0].tolist() == pytest.approx([0] * 4, abs=1e-16)
    assert (np.abs(grads["dW1"][1:]) > 1e-3).all()


def test_a_step_of_eta_1():
    _, grads = arrays_of("squared_error")
    only = PADHAI["W2"].copy()
    only[0, 1] -= grads["dW2"][0, 1]
    assert only[0, 1] == six_digits(0.930377)
    assert loss_with(only[0, 1]) == six_digits(0.0896215)
    assert loss_with(0.865) == six_digits(0.0973017)
    assert update(PADHAI, grads, 1.0)["W2"][0, 1] == six_digits(0.930377)


def loss_with(w212):
    W2 = PADHAI["W2"].copy()
    W2[0, 1] = w212
    return cost(forward(X, PADHAI | {"W2": W2}, **NAMES), Y, "squared_error")


SOURCE = {
    "z1": ((2.9, 1.4, 2.1, 2.3), [2.9, 1.4, 2.1, 2.3], True),
    "a1": ((0.95, 0.80, 0.89, 0.91), [0.947846, 0.802184, 0.890903, 0.908877], True),
    "z2": ((1.66, 0.45), [1.65740, 0.447192], True),
    "ŷ": ((0.77, 0.23), [0.770336, 0.229664], True),
    "∂L/∂ŷ": ((-0.46, 0.46), [-0.459328, 0.459328], True),
    "∂ŷ1/∂z21": ((-0.079,), [0.176918], False),
    "∂ŷ2/∂z22": ((-0.293,), [0.176918], False),
    "∂L/∂w212": ((-0.029, -0.065), [-0.130377], False),
    "w212 after η = 1": ((0.865,), [0.930377], False),
    "a13(1−a13)": ((0.0979,), [0.0971947], False),
    "∂L/∂w131": ((-6.4e-3,), [0.00315936], False),
}


def test_source_003_has_these_lines():
    assert [line.quantity for line in source_003()] == list(SOURCE)


@pytest.mark.parametrize("quantity", SOURCE)
def test_what_source_003_prints_and_what_is_exact(quantity):
    printed, exact, right = SOURCE[quantity]
    (line,) = [line for line in source_003() if line.quantity == quantity]
    assert line.printed == printed
    assert list(line.exact) == six_digits(exact)
    assert (line.verdict == "right") == right
    if right:
        assert list(line.printed) == pytest.approx(line.exact, abs=0.00501)
    else:
        assert all(abs(p - e) > 5e-4 for p in line.printed for e in line.exact)


def test_how_the_source_came_by_its_numbers():
    """Its derivatives of the softmax carry a factor −z of the other logit, from numbers it had rounded."""
    nodes = padhai()
    z21, z22 = nodes["z_21"].value, nodes["z_22"].value
    slope = 0.77 * 0.23
    assert -z22 * slope == pytest.approx(-0.079, abs=5e-4)
    assert -z21 * slope == pytest.approx(-0.293, abs=1e-3)
    diagonal = nodes["a_12"].value * 0.176918 * -0.459328
    assert diagonal == six_digits(-0.0651884)


def test_add_then_multiply():
    f = examples.add_then_multiply()
    f.backward()
    by_name = {node.name: (node.value, node.grad) for node in topological_order(f)}
    assert by_name == {"x": (-2, -4), "y": (5, -4), "z": (-4, 3), "q": (3, -4), "f": (-12, 1)}


def test_sigmoid_neuron():
    a = examples.sigmoid_neuron()
    a.backward()
    by_name = {node.name: node for node in topological_order(a)}
    assert by_name["z"].value == 1
    slope = a.value * (1 - a.value)
    assert slope == pytest.approx(0.196612, rel=1e-5)
    for name, factor in [("w1", -1), ("x1", 2), ("w2", -2), ("x2", -3), ("b", 1)]:
        assert by_name[name].grad == pytest.approx(factor * slope, rel=1e-12)


def test_three_sigmoids_is_one_chain():
    loss = examples.three_sigmoids()
    by_name = {node.name: node for node in topological_order(loss)}
    assert all(count_paths(loss, by_name[f"w{i}"]) == 1 for i in (1, 2, 3))
    loss.backward()
    h2, y_hat = by_name["h2"].value, by_name["ŷ"].value
    assert by_name["w3"].grad == pytest.approx(-2 * (1 - y_hat) * y_hat * (1 - y_hat) * h2, rel=1e-12)


def test_exclusive_or_is_exclusive_or():
    assert [int(a) ^ int(b) for a, b in examples.XOR_X.T] == examples.XOR_Y[0].tolist()


# --------------------------------------------------------------------- digits

DIGITS = digits()


def test_the_digits_are_1797_images_of_64_pixels_from_0_to_1():
    assert DIGITS.X_train.shape == (64, 1438) and DIGITS.X_test.shape == (64, 359)
    assert DIGITS.labels_train.shape == (1438,) and DIGITS.labels_test.shape == (359,)
    for part in (DIGITS.X_train, DIGITS.X_test):
        assert part.min() == 0 and part.max() == 1
        np.testing.assert_array_equal(part * 16, np.round(part * 16))
    for labels in (DIGITS.labels_train, DIGITS.labels_test):
        assert labels.dtype.kind == "i" and set(labels.tolist()) == set(range(10))


def rows(data):
    together = np.hstack([data.X_train, data.X_test]).T.tolist(), np.concatenate([data.labels_train, data.labels_test]).tolist()
    return sorted([*image, label] for image, label in zip(*together))


def test_every_split_deals_the_same_images_with_their_labels():
    other = digits(seed=1)
    assert rows(DIGITS) == rows(other)
    assert len({tuple(row) for row in rows(DIGITS)}) == 1797


def test_no_image_is_in_both_parts():
    assert not {tuple(x) for x in DIGITS.X_train.T} & {tuple(x) for x in DIGITS.X_test.T}


def test_the_split_is_drawn_from_the_seed():
    again, other = digits(seed=0), digits(seed=1)
    for a, b in zip(DIGITS, again):
        np.testing.assert_array_equal(a, b)
    assert (DIGITS.X_test != other.X_test).any()


def test_the_images_look_like_their_labels():
    """The nearest class mean recognises most of the held-out images, so labels and images belong together."""
    means = np.stack([DIGITS.X_train[:, DIGITS.labels_train == c].mean(axis=1) for c in range(10)])
    nearest = ((means[:, :, None] - DIGITS.X_test) ** 2).sum(axis=1).argmin(axis=0)
    assert (nearest == DIGITS.labels_test).mean() > 0.85
