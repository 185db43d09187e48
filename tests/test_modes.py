import math

import numpy as np
import pytest
from helpers import RTOL, build, build_smooth, close, expressions, says, trusted_difference
from hypothesis import given, settings
from hypothesis import strategies as st

from bpcourse import examples, layers
from bpcourse.beyond import modes, remedies, structures
from bpcourse.beyond.modes import count_products, forward_tangents, hessian_vector, jacobian, jvp, vjp
from bpcourse.chain import count_edges
from bpcourse.graph import Value, evaluate, exp, gradient, log, sin, sqrt, square, tanh, topological_order

weights = st.integers(-9, 9).map(float)


def source_000():
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    return [q * z, square(q)], [x, y, z], q


def layered(*widths):
    """Layers of tanh units over inputs: (outputs, inputs), no constants."""
    inputs = layer = [Value(0.1 + 0.1 * i, f"x{i}") for i in range(widths[0])]
    for width in widths[1:]:
        layer = [tanh(sum(layer[1:], layer[0] * layer[j % len(layer)])) for j in range(width)]
    return layer, inputs


def several(expression, data):
    """A smooth random graph: up to three of its values as outputs, and its inputs."""
    inputs, output = build_smooth(*expression)
    order = topological_order(output)
    chosen = data.draw(st.lists(st.sampled_from(order), min_size=1, max_size=2))
    return [*chosen, output], inputs


@settings(max_examples=200)
@given(expressions(), st.data())
def test_forward_mode_is_what_nudging_along_the_tangents_finds(expression, data):
    inputs, output = build_smooth(*expression)
    t = [data.draw(st.integers(-3, 3)) for _ in inputs]
    numerical = trusted_difference(lambda s: evaluate(output, {x: x.value + s * speed for x, speed in zip(inputs, t)}), 0.0)
    (tangent,) = jvp([output], dict(zip(inputs, t)))
    assert close(tangent, numerical)


@settings(max_examples=200)
@given(expressions(), st.data())
def test_reverse_mode_is_what_nudging_the_weighted_sum_finds(expression, data):
    outputs, inputs = several(expression, data)
    u = [data.draw(weights) for _ in outputs]
    x = data.draw(st.sampled_from(inputs))
    numerical = trusted_difference(
        lambda number: sum(w * evaluate(output, {x: number}) for w, output in zip(u, outputs)), x.value
    )
    assert close(vjp(outputs, u, inputs)[inputs.index(x)], numerical)


@given(expressions(), st.data())
def test_both_modes_find_one_jacobian_and_its_products(expression, data):
    outputs, inputs = several(expression, data)
    J = jacobian(outputs, inputs, "forward")
    assert J.shape == (len(outputs), len(inputs))
    np.testing.assert_allclose(jacobian(outputs, inputs, "reverse"), J, rtol=1e-10, atol=1e-10)
    t = [data.draw(weights) for _ in inputs]
    u = [data.draw(weights) for _ in outputs]
    size = 1 + np.abs(J).max()
    np.testing.assert_allclose(jvp(outputs, dict(zip(inputs, t))), J @ t, rtol=1e-9, atol=1e-10 * size)
    np.testing.assert_allclose(vjp(outputs, u, inputs), u @ J, rtol=1e-9, atol=1e-10 * size)


def test_the_circuit_of_source_000():
    outputs, inputs, q = source_000()
    for mode in modes.MODES:
        assert jacobian(outputs, inputs, mode).tolist() == [[-4, -4, 3], [6, 6, 0]]
    assert jvp(outputs, dict(zip(inputs, [1, 2, 3]))) == [-3, 18]
    assert vjp(outputs, [1, 10], inputs) == [56, 56, 3]
    moved = forward_tangents(outputs, {inputs[0]: 1.0})
    assert moved == {inputs[0]: 1, q: 1, outputs[0]: -4, outputs[1]: 6}


def test_an_input_that_another_one_moves_adds_its_own_tangent():
    x = Value(3, "x")
    q = square(x)
    f = q * x
    assert jvp([f], {x: 1}) == [27]
    assert jvp([f], {q: 1}) == [3]
    assert jvp([f, q], {x: 1, q: 1}) == [30, 7]
    assert jacobian([f, q], [x, q], "forward").tolist() == jacobian([f, q], [x, q], "reverse").tolist() == [[27, 3], [6, 1]]


def test_what_does_not_move_has_tangent_0():
    x, y = Value(3, "x"), Value(4, "y")
    assert jvp([square(x), y], {x: 1, Value(5): 2}) == [6, 0]
    assert jvp([x], {}) == [0]
    assert vjp([square(x)], [1], [y]) == [0]


def test_an_output_that_is_an_input_or_stands_twice():
    x = Value(3, "x")
    f = square(x)
    assert jvp([x, f, f], {x: 2}) == [2, 12, 12]
    assert vjp([x, f, f], [1, 10, 100], [x, f]) == [661, 110]


def test_a_gate_that_stands_still_may_have_no_finite_derivative():
    x, y = Value(0, "x"), Value(1, "y")
    assert jvp([sqrt(x) + y], {y: 1}) == [1]
    with pytest.raises(ValueError, match=says("sqrt")):
        jvp([sqrt(x) + y], {x: 1})


@settings(max_examples=100)
@given(expressions(most=5), st.data())
def test_tangents_that_are_values_give_graphs(expression, data):
    inputs, output = build_smooth(*expression)
    x = data.draw(st.sampled_from(inputs))
    (symbol,) = jvp([output], {x: Value(1.0)})
    (first,) = gradient(output, [x])
    assert isinstance(symbol, Value)
    assert symbol.value == pytest.approx(first.value, rel=1e-10, abs=1e-10)
    (second,) = gradient(first, [x])
    assert gradient(symbol, [x])[0].value == pytest.approx(second.value, rel=1e-9, abs=1e-9)
    assert jvp([symbol], {x: 1.0})[0] == pytest.approx(second.value, rel=1e-9, abs=1e-9)


def test_the_tower_to_the_third_derivative_forward_only():
    x = Value(0.7, "x")
    y = exp(exp(square(x)))
    reverse, forward = y, y
    for _ in range(3):
        (reverse,) = gradient(reverse, [x])
        (forward,) = jvp([forward], {x: Value(1.0)})
        assert math.isclose(forward.value, reverse.value, rel_tol=1e-12)


def test_upstreams_that_are_values_give_graphs():
    outputs, inputs, _ = source_000()
    u = Value(10, "u")
    pulled = vjp(outputs, [1, u], inputs)
    assert [p.value for p in pulled] == [56, 56, 3]
    assert gradient(pulled[0], [u])[0].value == 6


@settings(max_examples=150)
@given(expressions(most=6), st.data())
def test_hessian_times_vector_is_the_difference_of_gradients(expression, data):
    recipe, point = expression
    inputs, output = build_smooth(recipe, point)
    v = [data.draw(st.integers(-3, 3)) for _ in inputs]
    i = data.draw(st.integers(0, len(inputs) - 1))

    def slope(s):
        moved = [Value(x + s * speed) for x, speed in zip(point, v)]
        build(recipe, moved).backward()
        return moved[i].grad

    assert close(hessian_vector(output, inputs, v)[i], trusted_difference(slope, 0.0), 10 * RTOL)


def test_hessian_of_the_four_four_two_network_is_symmetric():
    nodes = examples.four_four_two()
    chosen = [nodes[name] for name in ("w_111", "w_131", "w_212", "w_224")]
    columns = np.array([hessian_vector(nodes["loss"], chosen, e) for e in np.eye(4)])
    np.testing.assert_allclose(columns, columns.T, rtol=1e-10, atol=1e-14)
    assert np.abs(columns).max() > 1e-3


def products_made(monkeypatch, outputs, inputs, mode):
    """How many products with a local gradient `jacobian` makes."""
    made = []

    class Counted(float):
        def __mul__(self, other):
            made.append(other)
            return float(self) * other

        __rmul__ = __mul__

    for gate in {node.gate for node in topological_order(*outputs)} - {None}:
        counted = lambda *args, local=gate.local: tuple(map(Counted, local(*args)))  # noqa: E731
        monkeypatch.setitem(vars(gate), "local", counted)
    jacobian(outputs, inputs, mode)
    return len(made)


@pytest.mark.parametrize("mode", modes.MODES)
@pytest.mark.parametrize("widths", [(1, 3, 5), (5, 3, 1), (2, 2, 2), (4,)])
def test_products_are_counted_as_they_are_made(monkeypatch, mode, widths):
    outputs, inputs = layered(*widths)
    assert count_products(outputs, inputs, mode) == products_made(monkeypatch, outputs, inputs, mode)


def test_few_inputs_favour_forward_mode_and_few_outputs_reverse_mode():
    curve, loss = layered(1, 4, 12), layered(12, 4, 1)
    assert count_products(*curve, "forward") < count_products(*curve, "reverse")
    assert count_products(*loss, "reverse") < count_products(*loss, "forward")


def test_the_products_of_one_sweep_are_the_wires():
    nodes = examples.four_four_two()
    assert count_products([nodes["loss"]], [nodes["w_131"]], "reverse") == count_edges(nodes["loss"])
    x = Value(2, "x")
    assert count_products([x * x], [x], "forward") == 2


def test_a_long_chain_needs_no_recursion():
    x = v = Value(0.5, "x")
    for _ in range(5000):
        v = sin(v)
    (tangent,), (pulled,) = jvp([v], {x: 1}), vjp([v], [1], [x])
    assert math.isclose(tangent, pulled, rel_tol=1e-9) and tangent != 0
    assert count_products([v], [x], "forward") == 5000


def test_results_that_are_not_finite_are_refused():
    x = Value(1e-200, "x")
    v = log(x) * 1e150
    with pytest.raises(ValueError, match=says("jvp")):
        jvp([v], {x: 1.0})
    with pytest.raises(ValueError, match=says("vjp")):
        vjp([v], [1], [x])
    for mode in modes.MODES:
        with pytest.raises(ValueError, match=says("jacobian")):
            jacobian([v], [x], mode)
    with pytest.raises(ValueError, match=says("tangents")):
        forward_tangents([v], {x: 1e200})


def test_bad_arguments_are_refused_by_name():
    outputs, inputs, _ = source_000()
    x = inputs[0]
    for bad in outputs[0], [1.0], 3:
        for call in (
            lambda bad=bad: jvp(bad, {x: 1}),
            lambda bad=bad: vjp(bad, [1], inputs),
            lambda bad=bad: jacobian(bad, inputs),
            lambda bad=bad: count_products(bad, inputs),
            lambda bad=bad: forward_tangents(bad, {x: 1}),
        ):
            with pytest.raises(TypeError, match=says("outputs")):
                call()
        with pytest.raises(TypeError, match=says("inputs")):
            jacobian(outputs, bad)
    for empty in (lambda: jvp([], {x: 1}), lambda: vjp([], [], inputs), lambda: jacobian([], inputs)):
        with pytest.raises(ValueError, match=says("outputs")):
            empty()
    with pytest.raises(ValueError, match=says("inputs")):
        jacobian(outputs, [])
    with pytest.raises(ValueError, match=says("mode")):
        jacobian(outputs, inputs, "sideways")
    with pytest.raises(ValueError, match=says("mode")):
        count_products(outputs, inputs, "sideways")
    with pytest.raises(TypeError, match=says("tangents")):
        jvp(outputs, [1, 2, 3])
    with pytest.raises(TypeError, match=says("tangents")):
        jvp(outputs, {"x": 1})
    with pytest.raises(TypeError, match=says("tangents")):
        jvp(outputs, {x: "fast"})
    with pytest.raises(ValueError, match=says("tangents")):
        jvp(outputs, {x: math.nan})
    with pytest.raises(TypeError, match=says("upstreams")):
        vjp(outputs, 1.0, inputs)
    with pytest.raises(TypeError, match=says("upstreams")):
        vjp(outputs, ["a", "b"], inputs)
    with pytest.raises(ValueError, match=says("upstreams")):
        vjp(outputs, [1], inputs)
    with pytest.raises(TypeError, match=says("output")):
        hessian_vector(1.0, inputs, [1, 2, 3])
    with pytest.raises(ValueError, match=says("inputs")):
        hessian_vector(outputs[0], [x, x], [1, 2])
    with pytest.raises(ValueError, match=says("vector")):
        hessian_vector(outputs[0], inputs, [1, 2])
    with pytest.raises(TypeError, match=says("vector")):
        hessian_vector(outputs[0], inputs, ["a", 2, 3])


# ------------------------------------------------------ the dot-product test

X, W, B, IMAGE, KERNEL, Q, K, V, GAMMA, BETA = (
    np.random.default_rng(17).normal(size=shape)
    for shape in [(4, 3), (5, 4), (5, 1), (2, 6, 6, 2), (3, 2, 2, 2), (4, 3), (4, 2), (5, 2), (4, 1), (4, 1)]
)
IDS = [1, 0, 1, 2]


def normalised(Z=X, gamma=GAMMA, beta=BETA):
    return remedies.batch_norm(Z, gamma, beta)[0]


def normalised_back(u):
    return remedies.batch_norm_vjp(u, remedies.batch_norm(X, GAMMA, BETA)[1])


# By the name of the pair and of what moves: f of that alone, its way back, and where. Means over 3 examples are made sums.
PAIRS = {
    "affine A": (lambda A: layers.affine(W, A, B), lambda u: W.T @ u, X),
    "affine W": (lambda W: layers.affine(W, X, B), lambda u: 3 * layers.affine_vjp(u, X)[0], W),
    "affine b": (lambda b: layers.affine(W, X, b), lambda u: 3 * layers.affine_vjp(u, X)[1], B),
    **{
        f"activation {name}": (f, lambda u, name=name, f=f: layers.activation_vjp(name, u, X, f(X)), X)
        for name, f in layers.ACTIVATIONS.items()
    },
    "softmax Z": (layers.softmax, lambda u: layers.softmax_vjp(u, layers.softmax(X)), X),
    "leaky_relu Z": (remedies.leaky_relu, lambda u: remedies.leaky_relu_vjp(u, X), X),
    "residual A": (lambda A: A + np.tanh(A), lambda u: remedies.residual_vjp(u, u * (1 - np.tanh(X) ** 2)), X),
    "dropout A": (
        lambda A: remedies.dropout(A, 0.5, 7)[0],
        lambda u: remedies.dropout_vjp(u, remedies.dropout(X, 0.5, 7)[1]),
        X,
    ),
    "batch_norm Z": (lambda Z: normalised(Z=Z), lambda u: normalised_back(u)[0], X),
    "batch_norm gamma": (lambda g: normalised(gamma=g), lambda u: 3 * normalised_back(u)[1], GAMMA),
    "batch_norm beta": (lambda b: normalised(beta=b), lambda u: 3 * normalised_back(u)[2], BETA),
    "convolve X": (lambda X: structures.convolve(X, KERNEL), lambda u: structures.convolve_vjp(u, IMAGE, KERNEL)[0], IMAGE),
    "convolve K": (lambda K: structures.convolve(IMAGE, K), lambda u: structures.convolve_vjp(u, IMAGE, KERNEL)[1], KERNEL),
    "max_pool X": (lambda X: structures.max_pool(X, 2), lambda u: structures.max_pool_vjp(u, IMAGE, 2), IMAGE),
    "embed E": (lambda E: structures.embed(E, IDS), lambda u: structures.embed_vjp(u, X, IDS), X),
    "layer_norm X": (lambda X: structures.layer_norm(X, GAMMA, BETA), lambda u: structures.layer_norm_vjp(u, X, GAMMA)[0], X),
    "layer_norm gamma": (lambda g: structures.layer_norm(X, g, BETA), lambda u: structures.layer_norm_vjp(u, X, GAMMA)[1], GAMMA),
    "layer_norm beta": (lambda b: structures.layer_norm(X, GAMMA, b), lambda u: structures.layer_norm_vjp(u, X, GAMMA)[2], BETA),
    "attention Q": (lambda Q: structures.attention(Q, K, V), lambda u: structures.attention_vjp(u, Q, K, V)[0], Q),
    "attention K": (lambda K: structures.attention(Q, K, V), lambda u: structures.attention_vjp(u, Q, K, V)[1], K),
    "attention V": (lambda V: structures.attention(Q, K, V), lambda u: structures.attention_vjp(u, Q, K, V)[2], V),
}


def both_sums(f, f_vjp, place, rng, eps=1e-5):
    """Σ (Jt) u by a nudge along t, and Σ t (uJ) by the way back: the same double sum of uᵢ Jᵢⱼ tⱼ."""
    t = rng.normal(size=place.shape)
    Jt = (f(place + eps * t) - f(place - eps * t)) / (2 * eps)
    u = rng.normal(size=Jt.shape)
    return np.sum(Jt * u), np.sum(t * f_vjp(u))


@pytest.mark.parametrize("name", PAIRS)
def test_every_pair_passes_the_dot_product_test(name):
    rng = np.random.default_rng(3)
    for _ in range(5):
        there, back = both_sums(*PAIRS[name], rng)
        assert back == pytest.approx(there, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("name", PAIRS)
def test_the_dot_product_test_finds_one_wrong_number(name):
    f, f_vjp, place = PAIRS[name]

    def wrong(u):
        back = f_vjp(u).copy()
        back.flat[0] += 0.01
        return back

    there, back = both_sums(f, wrong, place, np.random.default_rng(3))
    assert abs(there - back) > 1e-4


def test_no_pair_of_the_package_is_left_out():
    ways_back = {name[:-4] for room in (layers, remedies, structures) for name in vars(room) if name.endswith("_vjp")}
    assert {name.split()[0] for name in PAIRS} == ways_back
