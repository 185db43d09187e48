import json
import math
import re
import shutil
import subprocess

import numpy as np
import pytest
from helpers import build, expressions, numbers, says
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from bpcourse import examples, graph
from bpcourse.codegen import compile_python, to_javascript, to_numpy, to_python
from bpcourse.gates import Gate
from bpcourse.graph import Value, evaluate, exp, gradient, square


def graph_of(recipe, point):
    inputs = [Value(x, f"x{i}") for i, x in enumerate(point)]
    output = build(recipe, inputs)
    for node in graph.topological_order(output):
        assume(abs(node.value) < 1e6)
    return inputs, output


def expected(output, inputs, point):
    settings_ = dict(zip(inputs, point))
    return evaluate(output, settings_), [evaluate(g, settings_) for g in gradient(output, inputs)]


def close(a, b):
    return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)


def run_numpy(source, arrays):
    space = {"np": np}
    exec(source, space)
    return space["f"](*arrays)


@given(expressions(), st.data())
def test_compiled_python_agrees_with_the_graph_at_other_points(expression, data):
    inputs, output = graph_of(*expression)
    point = data.draw(st.lists(numbers, min_size=len(inputs), max_size=len(inputs)))
    value, gradients = expected(output, inputs, point)
    assume(all(abs(x) < 1e6 for x in [value, *gradients]))
    got, slopes = compile_python(output, inputs)(*point)
    assert close(got, value)
    assert all(map(close, slopes, gradients))


@given(expressions(), st.data())
def test_numpy_agrees_with_python_entry_by_entry(expression, data):
    inputs, output = graph_of(*expression)
    points = data.draw(st.lists(st.lists(numbers, min_size=len(inputs), max_size=len(inputs)), min_size=3, max_size=3))
    f = compile_python(output, inputs)
    value, gradients = run_numpy(to_numpy(output, inputs), np.array(points).T)
    for i, point in enumerate(points):
        one, slopes = f(*point)
        assert close(value[i], one)
        assert all(close(g[i], slope) for g, slope in zip(gradients, slopes))


@pytest.mark.skipif(shutil.which("node") is None, reason="needs a JavaScript engine: node")
@settings(max_examples=6, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(st.tuples(expressions(), st.lists(numbers, min_size=3, max_size=3)), min_size=25, max_size=25))
def test_javascript_agrees_with_python(cases):
    script, wanted = [], []
    for expression, point in cases:
        inputs, output = graph_of(*expression)
        point = point[: len(inputs)]
        script.append(f"(() => {{ {to_javascript(output, inputs)} return f({', '.join(map(repr, point))}); }})()")
        wanted.append(compile_python(output, inputs)(*point))
    run = f"console.log(JSON.stringify([{', '.join(script)}]))"
    got = json.loads(subprocess.run(["node", "-e", run], capture_output=True, text=True, check=True).stdout)
    for (value, gradients), (their_value, their_gradients) in zip(got, wanted):
        assert close(value, their_value)
        assert all(map(close, gradients, their_gradients))


def test_the_four_four_two_network_compiles_to_its_gradients():
    nodes = examples.four_four_two()
    weights = [node for name, node in nodes.items() if name.startswith("w_")]
    nodes["loss"].backward()
    value, gradients = compile_python(nodes["loss"], weights)(*[w.value for w in weights])
    assert close(value, nodes["loss"].value)
    assert all(close(g, w.grad) for g, w in zip(gradients, weights, strict=True))


def test_a_derivative_compiles_to_the_second_derivative():
    x = Value(0.7, "x")
    (first,) = gradient(exp(exp(square(x))), [x])
    (second,) = gradient(first, [x])
    value, (slope,) = compile_python(first, [x])(0.7)
    assert close(value, first.value)
    assert close(slope, second.value)


def test_equal_subexpressions_are_computed_once():
    x, y = Value(2, "x"), Value(3, "y")
    source = to_python(exp(x * y) + exp(y * x), [x, y])
    assert source.count("math.exp(") == 1


def test_the_value_and_its_derivative_share_their_lines():
    x = Value(0.5, "x")
    assert to_python(exp(x), [x]) == "def f(x):\n    t1 = math.exp(x)\n    return t1, (t1,)\n"


@pytest.mark.parametrize("print_it", [to_python, to_numpy, to_javascript])
@pytest.mark.parametrize(
    "make", [lambda x: x * 1, lambda x: 1 * x, lambda x: x + 0, lambda x: 0 + x, lambda x: x - 0, lambda x: x / 1]
)
def test_a_product_with_1_or_a_sum_with_0_is_no_line(print_it, make):
    x = Value(3, "x")
    assert " = " not in print_it(make(x), [x])
    assert compile_python(make(x), [x])(5.0) == (5.0, (1.0,))


def test_lines_that_no_result_needs_are_left_out():
    x = Value(3, "x")
    assert compile_python(exp(x) * 0 + x, [x])(2.0) == (2.0, (1.0,))
    assert "exp" not in to_python(exp(x) * 0 + x, [x])


def test_an_input_that_does_not_matter_has_gradient_0_of_the_right_shape():
    x, y = Value(3, "x"), Value(4, "y")
    value, (gx, gy) = run_numpy(to_numpy(x * 2, [x, y]), [np.array([1.0, 2.0]), np.array([5.0, 6.0])])
    assert value.tolist() == [2.0, 4.0] and gx.tolist() == [2.0, 2.0] and gy.tolist() == [0.0, 0.0]


def test_parameters_take_plain_distinct_names_only():
    named = [Value(1, "w_212"), Value(2, "b")]
    assert to_python(named[0] + named[1], named).startswith("def f(w_212, b):")
    for bad in ("a", "a"), ("lambda", "b"), ("ŷ", "b"), (None, "b"), ("new", "b"), ("t1", "b"):
        inputs = [Value(1, bad[0]), Value(2, bad[1])]
        assert to_javascript(inputs[0] * inputs[1], inputs).startswith("function f(x1, x2)")


def test_a_long_chain_compiles_without_recursion():
    x = v = Value(0.5, "x")
    for _ in range(5000):
        v = graph.sin(v)
    v.backward()
    value, (slope,) = compile_python(v, [x])(0.5)
    assert close(value, v.value) and close(slope, x.grad)


@pytest.mark.parametrize("print_it", [to_python, to_numpy, to_javascript, compile_python])
def test_bad_inputs_are_refused_by_name(print_it):
    x = Value(1, "x")
    with pytest.raises(ValueError, match=says("inputs")):
        print_it(x * 2, [])
    with pytest.raises(ValueError, match=says("inputs")):
        print_it(x * 2, [x, x])
    with pytest.raises(TypeError, match=says("inputs")):
        print_it(x * 2, x)
    with pytest.raises(TypeError, match=says("inputs")):
        print_it(x * 2, ["x"])
    with pytest.raises(TypeError, match=says("v")):
        print_it(2.0, [x])


# ------------------------------------------------------- the folded function


@given(expression=expressions(most=25), data=st.data())
def test_folding_lines_changes_no_bit(expression, data):
    inputs, v = graph_of(*expression)
    plain: dict = {"math": math}
    exec(to_python(v, inputs), plain)
    point = [x.value for x in inputs]
    assert compile_python(v, inputs)(*point) == plain["f"](*point)


def test_a_number_that_is_read_no_more_leaves_its_name_to_another():
    x = v = Value(0.2, "x")
    for _ in range(100):
        v = v * v + x
    assert compile_python(v, [x]).__code__.co_nlocals < 110  # the values on the way back need a hundred
    assert len(re.findall("^ +t", to_python(v, [x]), re.M)) > 400


def test_lines_are_folded_only_so_deep_as_python_reads():
    x = v = Value(0.3, "x")
    for i in range(3000):
        v = v * 0.99 + 1 / (2 + i)
    value, (slope,) = compile_python(v, [x])(0.3)
    v.backward()
    assert (value, slope) == (v.value, x.grad)


def test_a_template_without_brackets_of_its_own_is_folded_whole():
    minus = Gate("minus", "−", 2, lambda a, b: a - b, lambda out, a, b: (1.0, -1.0), "{0} - {1}", "{0} - {1}")
    x, y = Value(5.0, "x"), Value(2.0, "y")
    assert compile_python(minus(x, minus(x, y)), [x, y])(5.0, 2.0)[0] == 2
