"""Level by level or node by node: the same value and the same gradients."""

import math

import numpy as np
import pytest
from helpers import build_smooth, expressions, says
from hypothesis import given
from hypothesis import strategies as st
from test_gates import SMOOTH, sample_points

from bpcourse import graph
from bpcourse.gates import Gate
from bpcourse.graph import Value, sigmoid, topological_order
from bpcourse.levels import compile_levels
from bpcourse.network import as_graph, initialise


def agrees(v, inputs):
    f = compile_levels(v, inputs)
    value, grads = f([x.value for x in inputs])
    v.backward()
    assert value == pytest.approx(v.value, rel=1e-13, abs=1e-300)
    slopes = [x.grad for x in inputs]
    np.testing.assert_allclose(grads, slopes, rtol=1e-11, atol=1e-12 * max(1, *map(abs, slopes)))
    return f


@given(expression=expressions(), data=st.data())
def test_it_agrees_with_the_graph_at_other_points(expression, data):
    inputs, v = build_smooth(*expression)
    f = agrees(v, inputs)
    point = [x.value + data.draw(st.floats(-1e-4, 1e-4)) for x in inputs]
    moved, _ = f(point)
    assert moved == pytest.approx(graph.evaluate(v, dict(zip(inputs, point))), rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("gate", SMOOTH, ids=lambda gate: gate.name)
def test_every_gate_on_arrays(gate):
    points = sample_points(gate, 12)
    inputs = [[Value(x) for x in point] for point in points]
    outs = [gate(*xs) for xs in inputs]
    v = outs[0] * 0.5
    for i, out in enumerate(outs[1:]):
        v = v + out * (i - 3.25)
    agrees(v, [x for xs in inputs for x in xs])


@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "relu"])
def test_a_network_takes_a_few_steps_a_layer(hidden):
    rng = np.random.default_rng(1)
    parameters = initialise([12, 9, 7, 4], hidden, seed=1)
    nodes = as_graph(parameters, rng.normal(size=12), np.eye(4)[1], hidden)
    inputs = [node for name, node in nodes.items() if name[0] in "wbx"]
    f = agrees(nodes["loss"], inputs)
    assert len(topological_order(nodes["loss"])) > 400 and len(f.steps) < 25


def test_a_long_sum_is_one_step():
    xs = [Value(0.1 * i) for i in range(200)]
    v = xs[0]
    for x in xs[1:]:
        v = v + x
    f = agrees(v, xs)
    assert len(f.steps) == 1 and f.steps[0].gate is None


def test_a_sum_that_others_read_is_not_taken_apart():
    x, y, z = Value(1.5), Value(-2.0), Value(0.25)
    inner = x + y + z
    agrees(inner * inner + (inner + x + y) * sigmoid(inner), [x, y, z])
    agrees((x + y) + (x + y), [x, y])
    s = x + y
    agrees(s + s + x, [x, y])


def test_deep_and_wide():
    x, y = Value(0.4), Value(-0.7)
    deep = x
    for _ in range(1500):
        deep = graph.sin(deep * y) + x
    agrees(deep, [x, y])
    xs = [Value(math.sin(i)) for i in range(3000)]
    level = [graph.tanh(x) * y for x in xs]
    while len(level) > 1:
        level = [graph.maximum(a, b) for a, b in zip(level[::2], level[1::2])] + level[len(level) - len(level) % 2 :]
    agrees(level[0], [*xs, y])


def test_an_input_may_be_the_output_inside_or_unread():
    x, y = Value(2.0), Value(3.0)
    value, grads = compile_levels(x, [x, y])([5.0, 1.0])
    assert value == 5 and grads.tolist() == [1, 0]
    q = x * y
    value, grads = compile_levels(q * q + y, [q, y, x])([10.0, 1.0, 99.0])
    assert value == 101 and grads.tolist() == [20, 1, 0]
    value, grads = compile_levels(Value(7.0), [x])([5.0])
    assert value == 7 and grads.tolist() == [0]


def test_calls_do_not_disturb_each_other():
    x, y = Value(2.0), Value(3.0)
    f = compile_levels(x * y, [x, y])
    _, first = f([1.0, 2.0])
    _, second = f([5.0, 7.0])
    assert first.tolist() == [2, 1] and second.tolist() == [7, 5]


# ----------------------------------------------------------------- bad input


def test_bad_graphs_are_refused_by_name():
    x = Value(1.0)
    for v, inputs, error, argument in [
        (1.0, [x], TypeError, "v"),
        (x, [], ValueError, "inputs"),
        (x, x, TypeError, "inputs"),
        (x, [x, x], ValueError, "inputs"),
        (x, [x, 2.0], TypeError, "inputs"),
    ]:
        with pytest.raises(error, match=says(argument)):
            compile_levels(v, inputs)


@pytest.mark.parametrize(
    ("point", "error"),
    [([1.0], ValueError), ([[1.0, 2.0]], ValueError), (["a", "b"], TypeError), ([1.0, math.nan], ValueError), (3.0, ValueError)],
)
def test_bad_points_are_refused_by_name(point, error):
    x, y = Value(1.0), Value(2.0)
    with pytest.raises(error, match=says("x")):
        compile_levels(x / y, [x, y])(point)


def test_points_outside_a_domain_are_refused():
    x, y = Value(1.0), Value(2.0)
    f = compile_levels(graph.log(x) / y, [x, y])
    for point in [0.0, 1.0], [-1.0, 1.0], [1.0, 0.0]:
        with pytest.raises(ValueError, match=says("x")):
            f(point)
    assert f([1.0, 2.0])[1].tolist() == [0.5, 0]


# -------------------------------------------------- found by a second author


def test_gates_of_three_inputs_are_refused():
    three = Gate("three", "3", 3, lambda a, b, c: a * b * c, lambda o, a, b, c: (b * c, a * c, a * b), "({0})", "({0})")
    xs = [Value(2.0), Value(3.0), Value(4.0)]
    with pytest.raises(ValueError, match=says("v", "gates")):
        compile_levels(three(*xs), xs)


def test_finite_numbers_whose_sum_overflows_are_finite():
    x, y = Value(0.1), Value(0.2)
    value, grads = compile_levels(x * 1e308 + y * 1e308, [x, y])([0.1, 0.2])
    assert value == pytest.approx(3e307) and grads.tolist() == [1e308, 1e308]


def test_what_lies_below_a_given_value_is_not_computed():
    x = Value(4.0)
    q = graph.sqrt(x) + 1.0
    value, grads = compile_levels(q * x, [q, x])([2.0, -1.0])
    assert value == -2 and grads.tolist() == [-1, 2]


def test_a_gate_is_printed_where_the_graph_has_it():
    x = Value(1.0)
    value, grads = compile_levels(x**-2000, [x])([1.0])
    assert value == 1 and grads.tolist() == [-2000]


def test_a_refused_point_gives_the_error_and_no_warning(recwarn):
    a, b = Value(2.0), Value(1.0)
    with pytest.raises(ValueError, match=says("x")):
        compile_levels((a - b) ** 0.5, [a, b])([1.0, 2.0])
    assert not recwarn
