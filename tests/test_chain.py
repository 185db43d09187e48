import math
import subprocess
import sys
import tracemalloc

import pytest
from helpers import build_smooth, expressions, says
from hypothesis import assume, given
from hypothesis import strategies as st

from bpcourse.chain import Path, count_edges, count_paths, paths
from bpcourse.examples import three_paths
from bpcourse.gates import Gate
from bpcourse.graph import Value, exp, gradient, sqrt, topological_order


@given(expressions(), st.data())
def test_the_products_of_all_paths_sum_to_the_gradient(expression, data):
    inputs, output = build_smooth(*expression)
    x = data.draw(st.sampled_from(inputs))
    assume(0 < count_paths(output, x) <= 2000)
    products = [path.product for path in paths(output, x)]
    (g,) = gradient(output, [x])
    assert math.fsum(products) == pytest.approx(g.value, rel=1e-10, abs=1e-12 * sum(map(abs, products)))


@given(expressions(), st.data())
def test_paths_are_counted_as_they_are_listed(expression, data):
    _, output = build_smooth(*expression)
    x = data.draw(st.sampled_from(topological_order(output)))
    assume(count_paths(output, x) <= 2000)
    assert count_paths(output, x) == len(list(paths(output, x)))


@given(expressions(most=6), st.data())
def test_a_path_runs_along_wires_from_x_to_v(expression, data):
    inputs, output = build_smooth(*expression)
    x = data.draw(st.sampled_from(inputs))
    assume(0 < count_paths(output, x) <= 200)
    for path in paths(output, x):
        assert path.nodes[0] is x and path.nodes[-1] is output
        assert len(path.local_gradients) == len(path.nodes) - 1
        assert path.product == math.prod(path.local_gradients)
        for lower, upper, local in zip(path.nodes, path.nodes[1:], path.local_gradients):
            values = [source.value for source in upper.inputs]
            locals_ = upper.gate.local_gradients(upper.value, *values)
            assert local in [g for source, g in zip(upper.inputs, locals_) if source is lower]


def test_the_path_through_add_then_multiply():
    x, y, z = Value(-2), Value(5), Value(-4)
    q = x + y
    f = q * z
    assert list(paths(f, x)) == [Path((x, q, f), (1.0, -4.0))]
    assert list(paths(f, z)) == [Path((z, f), (3.0,))]
    assert next(paths(f, x)).product == -4


def test_a_weight_with_three_paths_and_one_with_one():
    nodes = three_paths()
    loss = nodes["loss"]
    loss.backward()
    for name, count in [("w_121", 3), ("w_222", 1)]:
        listed = list(paths(loss, nodes[name]))
        # The square of the loss, (y − a)², reads its input once: as a power.
        assert len(listed) == count_paths(loss, nodes[name]) == count
        assert sum(path.product for path in listed) == pytest.approx(nodes[name].grad, rel=1e-12)


def test_x_times_x_has_two_paths():
    x = Value(3.0)
    f = x * x
    assert [path.local_gradients for path in paths(f, x)] == [(3.0,), (3.0,)]
    assert count_paths(f, x) == 2


def test_from_a_value_to_itself_there_is_one_path_of_no_wires():
    x = Value(3.0)
    f = exp(x)
    assert list(paths(f, f)) == [Path((f,), ())]
    assert list(paths(x, x)) == [Path((x,), ())]
    assert next(paths(f, f)).product == 1
    assert count_paths(f, f) == 1


def test_paths_end_at_an_inner_value():
    x = Value(3.0)
    q = x * x
    assert count_paths(q + q, q) == 2
    assert [path.nodes[0] is q for path in paths(q + q, q)] == [True, True]


def test_without_a_wire_there_is_no_path():
    x, y = Value(3.0), Value(4.0)
    f = x * x
    assert list(paths(f, y)) == [] and count_paths(f, y) == 0
    assert list(paths(x, f)) == [] and count_paths(x, f) == 0


def test_exponentially_many_paths_are_counted_not_listed():
    x = Value(1e-30)
    v = x
    for _ in range(200):
        v = v + v
    assert count_paths(v, x) == 2**200
    assert count_edges(v) == 400
    assert next(paths(v, x)).product == 1


def test_edges_are_the_wires_into_gates():
    x, y = Value(1.0), Value(2.0)
    assert count_edges(x) == 0
    assert count_edges(x + y) == 2
    assert count_edges(exp((x + y) * (x + y))) == 1 + 2 + 2 + 2
    q = x + y
    assert count_edges(exp(q * q)) == 1 + 2 + 2


def test_a_path_avoids_gates_beside_it():
    """√0 has no local gradient, but no path from y comes along it."""
    x, y = Value(0.0), Value(4.0)
    assert [path.product for path in paths(sqrt(x) + sqrt(y), y)] == [0.25]


DEEP = """
import sys
from bpcourse.chain import count_edges, count_paths, paths
from bpcourse.graph import Value
sys.setrecursionlimit(300)
x = v = Value(1.0)
for _ in range(20_000):
    v = v * 1.0
(path,) = paths(v, x)
print(count_paths(v, x), count_edges(v), len(path.nodes), path.product)
"""


def test_deep_chains_do_not_recurse():
    done = subprocess.run([sys.executable, "-c", DEEP], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.split() == ["1", "40000", "20001", "1.0"]


def test_only_values_have_paths():
    x = Value(1.0)
    for function in (count_paths, lambda v, x: list(paths(v, x))):
        with pytest.raises(TypeError, match=says("v", "Value")):
            function(3.0, x)
        with pytest.raises(TypeError, match=says("x", "Value")):
            function(x, "x")
    with pytest.raises(TypeError, match=says("v", "Value")):
        count_edges(None)


def test_a_product_meets_the_ends_of_float64_on_the_way_but_not_at_its_own_end():
    def product(*factors):
        return Path((Value(1.0),) * (len(factors) + 1), factors).product

    assert product(1e200, 1e200, 1e-300) == pytest.approx(1e100)
    assert product(1e-200, 1e-200, 1e300) == pytest.approx(1e-100)
    assert product(0.0, 1e200, 1e200) == 0 and product(-3.0, 0.5) == -1.5 and product() == 1
    with pytest.raises(ValueError, match=says("product", "finite")):
        product(1e200, -1e200)


@given(st.lists(st.floats(-1e9, 1e9).filter(lambda x: x == 0 or abs(x) > 1e-9), max_size=8))
def test_an_ordinary_product_is_the_ordinary_product(factors):
    assert Path((), tuple(factors)).product == math.prod(factors, start=1.0)


@pytest.mark.parametrize("ask", [count_paths, lambda v, x: list(paths(v, x)), lambda v, x: count_edges(v)])
def test_a_hand_made_circle_is_refused(ask):
    x = Value(1.0, "x")
    v = exp(x)
    w = v * x
    v.inputs = (w,)
    with pytest.raises(ValueError, match="without a circle"):
        ask(w, x)


def test_counting_a_deep_graph_takes_no_memory_out_of_proportion():
    """All counts of 20,000 doublings together would take 25 MB; the graph itself is not counted."""
    x = v = Value(0.0)
    for _ in range(20_000):
        v = v + v
    tracemalloc.start()
    try:
        assert count_paths(v, x) == 2**20_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12e6


def test_once_an_input_was_changed_every_graph_is_looked_through(monkeypatch):
    monkeypatch.setattr(Value, "_changed", False)  # and back to it at the end
    x, y = Value(2.0), Value(3.0)
    f = x * y + x
    x.value = 5.0
    for towards in (x, y):
        with pytest.raises(ValueError, match=says("value") + "one that was changed since"):
            list(paths(f, towards))
    g = x * y + x
    assert (count_paths(g, x), count_paths(g, y)) == (2, 1)
    assert sorted(path.product for path in paths(g, x)) == [1, 3]


def test_a_gate_with_too_few_local_gradients_has_no_paths():
    short = Gate("short", "?", 2, lambda a, b: a + b, lambda out, a, b: (1.0,), "({0} + {1})", "({0} + {1})")
    x = Value(1.0)
    with pytest.raises(ValueError, match="zip"):
        list(paths(short(x, Value(2.0)), x))
