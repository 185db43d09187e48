import contextlib
import json
import math
import shutil
import subprocess

import pytest
from helpers import build, expressions, numbers, says
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from bpcourse import examples, graph
from bpcourse.codegen import compile_python, compile_table, gate_lines, single, table_to_javascript, to_python
from bpcourse.gates import GATES
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


@given(expressions(), st.data())
def test_compiled_python_agrees_with_the_graph_at_other_points(expression, data):
    inputs, output = graph_of(*expression)
    point = data.draw(st.lists(numbers, min_size=len(inputs), max_size=len(inputs)))
    value, gradients = expected(output, inputs, point)
    assume(all(abs(x) < 1e6 for x in [value, *gradients]))
    got, slopes = compile_python(output, inputs)(*point)
    assert close(got, value)
    assert all(map(close, slopes, gradients))


@pytest.mark.skipif(shutil.which("node") is None, reason="needs a JavaScript engine: node")
@settings(max_examples=6, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(st.tuples(expressions(), st.lists(numbers, min_size=3, max_size=3)), min_size=25, max_size=25))
def test_javascript_agrees_with_python(cases):
    script, wanted = [], []
    for expression, point in cases:
        inputs, output = graph_of(*expression)
        point = point[: len(inputs)]
        source = table_to_javascript([output, *gradient(output, inputs)], inputs)
        script.append(f"(() => {{ {source} return f({', '.join(map(repr, point))}); }})()")
        wanted.append(compile_python(output, inputs)(*point))
    run = f"console.log(JSON.stringify([{', '.join(script)}]))"
    got = json.loads(subprocess.run(["node", "-e", run], capture_output=True, text=True, check=True).stdout)
    for (value, *gradients), (their_value, their_gradients) in zip(got, wanted):
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


@pytest.mark.parametrize("print_it", [to_python, lambda v, inputs: table_to_javascript([v], inputs)])
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


def test_an_input_that_does_not_matter_has_gradient_0():
    x, y = Value(3, "x"), Value(4, "y")
    assert compile_python(x * 2, [x, y])(1.0, 5.0) == (2.0, (2.0, 0.0))


def test_parameters_take_plain_distinct_names_only():
    named = [Value(1, "w_212"), Value(2, "b")]
    assert to_python(named[0] + named[1], named).startswith("def f(w_212, b):")
    for bad in ("a", "a"), ("lambda", "b"), ("ŷ", "b"), (None, "b"), ("new", "b"), ("t1", "b"):
        inputs = [Value(1, bad[0]), Value(2, bad[1])]
        assert table_to_javascript([inputs[0] * inputs[1]], inputs).startswith("function f(x1, x2)")


def test_a_long_chain_compiles_without_recursion():
    x = v = Value(0.5, "x")
    for _ in range(5000):
        v = graph.sin(v)
    v.backward()
    value, (slope,) = compile_python(v, [x])(0.5)
    assert close(value, v.value) and close(slope, x.grad)


@pytest.mark.parametrize("print_it", [to_python, compile_python])
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


@given(expression=expressions(most=25))
def test_what_runs_is_what_is_printed(expression):
    inputs, v = graph_of(*expression)
    plain: dict = {"math": math}
    exec(to_python(v, inputs), plain)
    point = [x.value for x in inputs]
    assert compile_python(v, inputs)(*point) == plain["f"](*point)
    assert compile_python(v, inputs).__code__.co_code == plain["f"].__code__.co_code


POINTS = [(-2.0, 3.0), (-2.0, -2.0), (-1.5, 0.0), (2.0, 0.5), (0.0, 2.0), (1.5, -2.5)]


@pytest.mark.parametrize(
    "make", [lambda x, n: x**n, lambda x, n: -3.0 * x**n, lambda x, n: Value(-2.0) ** n * x], ids=["x**n", "c·x**n", "c**n"]
)
def test_powers_are_printed_with_the_numbers_of_the_graph(make):
    x, n = Value(1.2, "x"), Value(2.0, "n")
    f = make(x, n)
    run, script, wanted = compile_table([f], [x, n]), table_to_javascript([f], [x, n]), []
    for point in POINTS:
        with contextlib.suppress(ValueError):  # where the graph has no value
            wanted.append((point, evaluate(f, dict(zip((x, n), point)))))
    assert len(wanted) >= 4
    for point, value in wanted:
        assert run(*point) == (value,)
    if shutil.which("node"):
        calls = ", ".join(f"f({a!r}, {b!r})[0]" for (a, b), _ in wanted)
        done = subprocess.run(["node", "-e", f"{script} console.log(JSON.stringify([{calls}]))"], capture_output=True, text=True)
        assert json.loads(done.stdout) == pytest.approx([value for _, value in wanted], rel=1e-15)


def test_inputs_and_results_are_lists_of_values_of_any_kind():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    assert to_python(x * y, (v for v in (x, y))) == to_python(x * y, [x, y])
    for call in compile_table, table_to_javascript:
        with pytest.raises(ValueError, match=says("results")):
            call([], [x])
        with pytest.raises(TypeError, match=says("results")):
            call([2.0], [x])
        with pytest.raises(TypeError, match=says("float32")):
            call([x * y], [x, y], "no")


def test_rounding_to_float32_stays_finite_or_says_so():
    assert single(0.1) == 0.10000000149011612 and single(-3) == -3
    for x, error in (1e39, ValueError), (math.nan, ValueError), ("1", TypeError):
        with pytest.raises(error, match=says("x")):
            single(x)


def test_the_lines_of_a_gate_need_a_gate_and_its_point():
    assert gate_lines(GATES["multiply"], 2.0, 3.0) == ("x * y", [], ["y", "x"])
    for bad in ("add", 1.0, 2.0), (GATES["add"], 1.0), (GATES["exp"],):
        with pytest.raises(TypeError, match=says("gate")):
            gate_lines(*bad)
