import contextlib
import copy
import gc
import inspect
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest
from helpers import RTOL, build, build_smooth, close, expressions, numbers, says, trusted_difference
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bpcourse import chain, codegen, copies, graph
from bpcourse.beyond import modes
from bpcourse.gates import GATES, Gate
from bpcourse.graph import (
    Value,
    cos,
    evaluate,
    exp,
    gradient,
    log,
    maximum,
    minimum,
    reciprocal,
    relu,
    sigmoid,
    sin,
    sqrt,
    square,
    tanh,
    topological_order,
)


def nudge(output, x):
    """output as a function of x, for differences."""
    return lambda number: evaluate(output, {x: number})


def test_add_then_multiply():
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    f = q * z
    f.backward()
    assert (q.value, f.value) == (3, -12)
    assert (x.grad, y.grad, z.grad, q.grad, f.grad) == (-4, -4, 3, -4, 1)


@pytest.fixture(autouse=True)
def _nothing_was_changed(monkeypatch):
    """So that no test hides another's: a value once changed has every later pass looked through."""
    monkeypatch.setattr(Value, "_changed", False)


@settings(max_examples=300)
@given(expressions(), st.data())
def test_backward_is_what_nudging_finds(expression, data):
    inputs, output = build_smooth(*expression)
    x = data.draw(st.sampled_from(inputs))
    numerical = trusted_difference(nudge(output, x), x.value)
    output.backward()
    assert close(x.grad, numerical)


@given(expressions())
def test_evaluate_agrees_with_building_the_graph_anew(expression):
    recipe, point = expression
    inputs, output = build_smooth(recipe, point)
    moved = [x + 0.25 for x in point]
    assert evaluate(output, dict(zip(inputs, moved))) == build(recipe, [Value(x) for x in moved]).value
    assert evaluate(output, {}) == output.value
    assert [x.value for x in inputs] == point


@given(expressions())
def test_gradient_gives_the_numbers_of_backward(expression):
    inputs, output = build_smooth(*expression)
    output.backward()
    symbols = [g.value for g in gradient(output, inputs)]
    assert symbols == pytest.approx([x.grad for x in inputs], rel=1e-11, abs=1e-11)


@settings(max_examples=200)
@given(expressions(most=6), st.data())
def test_second_derivatives_are_what_nudging_the_first_finds(expression, data):
    recipe, point = expression
    inputs, output = build_smooth(recipe, point)
    i, j = data.draw(st.integers(0, len(point) - 1)), data.draw(st.integers(0, len(point) - 1))

    def first(number):
        moved = [Value(x) for x in [*point[:j], number, *point[j + 1 :]]]
        build(recipe, moved).backward()
        return moved[i].grad

    numerical = trusted_difference(first, point[j])
    (g,) = gradient(output, [inputs[i]])
    assert close(gradient(g, [inputs[j]])[0].value, numerical)


@settings(max_examples=100)
@given(expressions(most=6), st.data())
def test_the_graph_of_a_gradient_holds_at_other_points_too(expression, data):
    recipe, point = expression
    inputs, output = build_smooth(recipe, point)
    moved = data.draw(st.lists(numbers, min_size=len(point), max_size=len(point)))
    there, output_there = build_smooth(recipe, moved)
    output_there.backward()
    for x, x_there in zip(inputs, there):
        (g,) = gradient(output, [x])
        assert evaluate(g, dict(zip(inputs, moved))) == pytest.approx(x_there.grad, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("x", [0.3, -0.7, 0.9])
def test_three_derivatives_of_exp_exp_square(x):
    """With s = x², u = eˢ, f = eᵘ the derivatives are f·u·2x and so on by the product rule."""
    v = Value(x)
    f = exp(exp(square(v)))
    (first,) = gradient(f, [v])
    (second,) = gradient(first, [v])
    (third,) = gradient(second, [v])
    u = math.exp(x * x)
    g1, g2, g3 = 2 * x * u, (2 + 4 * x * x) * u, (12 * x + 8 * x**3) * u
    F = math.exp(u)
    assert first.value == pytest.approx(F * g1, rel=1e-12)
    assert second.value == pytest.approx(F * (g1**2 + g2), rel=1e-12)
    assert third.value == pytest.approx(F * (g1**3 + 3 * g1 * g2 + g3), rel=1e-12)


def test_powers_at_zero_can_be_differentiated_to_the_end():
    x = Value(0.0)
    g = x**3
    found = []
    for _ in range(4):
        (g,) = gradient(g, [x])
        found.append(g.value)
    assert found == [0, 0, 6, 0]


@given(expressions())
def test_backward_twice_gives_the_same_numbers(expression):
    _, output = build_smooth(*expression)
    output.backward()
    once = [node.grad for node in topological_order(output)]
    output.backward()
    assert [node.grad for node in topological_order(output)] == once


def test_backward_from_another_output_replaces_the_gradients():
    x = Value(3.0)
    a, b = x * x, 5 * x
    a.backward()
    b.backward()
    assert x.grad == 5


def test_backward_from_an_input_gives_1():
    x = Value(3.0)
    x.backward()
    assert x.grad == 1


def test_gradient_leaves_grad_alone():
    x = Value(3.0)
    gradient(x * x, [x])
    assert x.grad == 0


def test_forks_add():
    x = Value(3.0)
    for f, expected in [(x * x, 6), (x + x, 2), (x - x, 0), (x / x, 0), (x * x * x, 27), (maximum(x, x), 1), (x * 2 + x * 5, 7)]:
        f.backward()
        assert x.grad == pytest.approx(expected, abs=1e-15)
        assert gradient(f, [x])[0].value == pytest.approx(expected, abs=1e-15)


OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
}


@pytest.mark.parametrize("symbol", OPERATORS)
@pytest.mark.parametrize("number", [2, 2.5, np.float64(2.5), np.float32(2.5), np.int64(3)], ids=lambda n: type(n).__name__)
def test_operators_take_numbers_on_either_side(symbol, number):
    operator = OPERATORS[symbol]
    for v, n in [(Value(1.5), number), (Value(2.5), number)]:
        for made, plain in [(operator(v, n), operator(v.value, float(n))), (operator(n, v), operator(float(n), v.value))]:
            assert isinstance(made, Value)
            assert made.value == pytest.approx(float(plain), rel=1e-15)


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**"])
def test_operators_with_a_number_have_the_gradient_of_two_values(symbol):
    operator = OPERATORS[symbol]
    a, b = Value(1.7), Value(2.3)
    both = operator(a, b)
    assert gradient(operator(a, 2.3), [a])[0].value == pytest.approx(gradient(both, [a])[0].value, rel=1e-14)
    assert gradient(operator(1.7, b), [b])[0].value == pytest.approx(gradient(both, [b])[0].value, rel=1e-14)


def test_power_of_value_and_value():
    a, b = Value(1.7), Value(2.3)
    f = a**b
    f.backward()
    assert f.value == pytest.approx(1.7**2.3, rel=1e-14)
    assert a.grad == pytest.approx(2.3 * 1.7**1.3, rel=1e-14)
    assert b.grad == pytest.approx(1.7**2.3 * math.log(1.7), rel=1e-14)


def test_a_negative_base_takes_whole_exponents():
    x = Value(-2.0)
    f = x**3
    f.backward()
    assert (f.value, x.grad) == (-8, 12)
    assert (x**-2).value == 0.25


@pytest.mark.parametrize(
    ("function", "plain"),
    [
        (exp, math.exp),
        (log, math.log),
        (sqrt, math.sqrt),
        (square, lambda x: x * x),
        (reciprocal, lambda x: 1 / x),
        (sigmoid, lambda x: 1 / (1 + math.exp(-x))),
        (tanh, math.tanh),
        (relu, lambda x: max(x, 0)),
        (sin, math.sin),
        (cos, math.cos),
        (lambda x: maximum(x, 1.0), lambda x: max(x, 1.0)),
        (lambda x: maximum(1.0, x), lambda x: max(x, 1.0)),
        (lambda x: minimum(x, 1.0), lambda x: min(x, 1.0)),
        (lambda x: -x, lambda x: -x),
    ],
)
def test_functions_compute_what_they_say(function, plain):
    for x in (0.4, 1.9):
        assert function(Value(x)).value == pytest.approx(plain(x), rel=1e-15)


@pytest.mark.parametrize("function", [exp, log, sqrt, square, reciprocal, sigmoid, tanh, relu, sin, cos])
def test_functions_of_plain_numbers_give_values(function):
    assert isinstance(function(0.4), Value)
    assert function(0.4).value == function(Value(0.4)).value


def test_values_that_are_not_reached_keep_their_gradient():
    x, y = Value(2.0), Value(3.0)
    y.grad = 7.0
    (x * x).backward()
    assert y.grad == 7
    (g,) = gradient(x * x, [y])
    assert isinstance(g, Value) and g.value == 0


def test_gradient_goes_through_inner_values():
    x = Value(2.0)
    q = x * x
    f = q * q
    assert [g.value for g in gradient(f, [q, x, f])] == [8, 32, 1]


def test_evaluate_can_set_inner_values():
    x = Value(2.0)
    q = x * x
    assert evaluate(q + 1, {q: 10}) == 11


def test_topological_order_puts_inputs_first_and_each_value_once():
    x = Value(2.0)
    f = (x * x + x) * exp(x)
    order = topological_order(f)
    assert order[-1] is f and len(order) == len(set(order)) == 5
    assert all(order.index(source) < order.index(node) for node in order for source in node.inputs)


def test_the_graph_remembers_gates_and_inputs():
    x, y = Value(2.0, "x"), Value(3.0)
    f = x * y
    assert f.gate is GATES["multiply"] and f.inputs == (x, y)
    assert x.gate is None and x.inputs == ()


def test_repr_is_stable():
    x = Value(2, "x")
    assert repr(x) == "Value(2.0, 'x')"
    assert repr(x * 3) == "Value(6.0)"
    assert repr((x * 3).named("f")) == "Value(6.0, 'f')"
    assert repr(gradient(x * x, [x])) == "[Value(4.0)]"


def test_a_value_shows_itself_as_its_circuit():
    x = Value(2, "x")
    assert (x * 3)._repr_svg_().startswith("<svg")
    assert x.grad == 0


DEEP = """
import gc, sys
from bpcourse.graph import Value, evaluate, gradient
sys.setrecursionlimit(300)
x = Value(1.0)
v = x
for i in range(100_000):
    v = v + 0.5 if i % 2 else v * 1.0
v.backward()
(g,) = gradient(v, [x])
print(v.value, x.grad, g.value, evaluate(v, {x: 2.0}))
del v, g
gc.collect()
print("dropped")
"""


def test_a_chain_of_100_000_gates_does_not_recurse():
    done = subprocess.run([sys.executable, "-c", DEEP], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.split() == ["25001.0", "1.0", "1.0", "25002.0", "dropped"]


def test_a_deep_gradient_can_be_differentiated_again():
    x = Value(0.5)
    v = x
    for _ in range(3000):
        v = sin(v)
    (g,) = gradient(v, [x])
    (gg,) = gradient(g, [x])
    h = 1e-5
    difference = (evaluate(g, {x: 0.5 + h}) - evaluate(g, {x: 0.5 - h})) / (2 * h)
    assert gg.value == pytest.approx(difference, rel=RTOL)


@pytest.mark.parametrize("bad", ["2", None, 1j, [1.0], np.array([1.0]), Value(1.0)], ids=lambda b: type(b).__name__)
def test_a_value_is_made_of_a_number(bad):
    with pytest.raises(TypeError, match=says("x", "number")):
        Value(bad)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, np.float64("nan"), 10**400], ids=lambda b: repr(b)[:12])
def test_a_value_is_finite(bad):
    with pytest.raises(ValueError, match=says("x", "finite")):
        Value(bad)


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", ">"])
@pytest.mark.parametrize("bad", ["a", None, [1], np.ones(2), 1j], ids=lambda b: type(b).__name__)
def test_operators_refuse_what_is_no_number(operator, bad):
    for a, b in [(Value(1.0), bad), (bad, Value(1.0))]:
        with pytest.raises(TypeError, match=r"expected a number, got"):
            OPERATORS[operator](a, b)


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda x: x + math.nan, "add"),
        (lambda x: math.inf * x, "multiply"),
        (lambda x: x / 0, "divide"),
        (lambda x: 1 / (x - x), "divide"),
        (lambda x: log(x - x), "log"),
        (lambda x: log(-x), "log"),
        (lambda x: sqrt(-x), "sqrt"),
        (lambda x: reciprocal(x - x), "reciprocal"),
        (lambda x: exp(1000 * x), "exp"),
        (lambda x: (x * 1e200) * 1e200, "multiply"),
        (lambda x: (-x) ** 0.5, "power 0.5"),
        (lambda x: (x - x) ** -1, "power -1"),
        (lambda x: (-x) ** (x + 0.5), "power"),
        (lambda x: (x - x) ** -x, "power"),
        (lambda x: x**math.nan, "exponent"),
        (lambda x: 0**-x, "power"),
        (lambda x: (-2) ** (x + 0.5), "power"),
    ],
)
def test_numbers_outside_a_domain_are_refused(make, argument):
    with pytest.raises(ValueError, match=says(argument)):
        make(Value(2.0))


def test_the_square_root_has_no_gradient_at_0():
    x = Value(0.0)
    f = sqrt(x)
    with pytest.raises(ValueError, match=says("sqrt", "finite local gradient")):
        f.backward()
    with pytest.raises(ValueError, match="expected"):
        gradient(f, [x])
    assert x.grad == 0


@pytest.mark.parametrize(
    "make",
    [lambda x: reciprocal(x), lambda x: 1 / x, lambda x: log(x * 1e-120), lambda x: x * 1e250 * 1e200],
    ids=["reciprocal", "divide", "log", "product"],
)
def test_backward_refuses_gradients_that_float64_cannot_hold(make):
    x = Value(1e-200)
    f = make(x)
    with pytest.raises(ValueError, match="expected"):
        f.backward()
    assert x.grad == 0


def test_a_value_is_not_a_condition():
    x = Value(2.0)
    for ask in (lambda: bool(x), lambda: 1 if x > 1 else 0, lambda: sorted([x, Value(1.0)]), lambda: max(x, Value(1.0))):
        with pytest.raises(TypeError, match=r"expected a number where Python asks .*, got Value\("):
            ask()


@pytest.mark.parametrize("bad", [3.0, None, "f"])
def test_gradient_and_evaluate_need_a_graph(bad):
    with pytest.raises(TypeError, match=says("output", "Value")):
        gradient(bad, [])
    with pytest.raises(TypeError, match=says("output", "Value")):
        evaluate(bad, {})


def test_gradient_needs_a_list_of_values():
    x = Value(2.0)
    for bad in (x, None, 3):
        with pytest.raises(TypeError, match=says("inputs", "list of Values")):
            gradient(x, bad)
    with pytest.raises(TypeError, match=says("inputs", "Value")):
        gradient(x, [x, 2.0])


@pytest.mark.parametrize(
    ("settings_", "error"),
    [
        (lambda x: {x: "3"}, TypeError),
        (lambda x: {x: math.nan}, ValueError),
        (lambda x: {"x": 3.0}, TypeError),
        (lambda x: [x], TypeError),
        (lambda x: None, TypeError),
    ],
    ids=["text", "nan", "name for a Value", "list", "None"],
)
def test_evaluate_needs_numbers_for_values(settings_, error):
    x = Value(2.0, "x")
    with pytest.raises(error, match=says("settings")):
        evaluate(x * x, settings_(x))


def test_evaluate_refuses_a_setting_outside_a_domain():
    x = Value(2.0)
    with pytest.raises(ValueError, match=says("log")):
        evaluate(log(x), {x: -1.0})


def test_topological_order_needs_a_graph():
    with pytest.raises(TypeError, match="expected a Value"):
        topological_order(3.0)


def test_every_gate_of_the_table_works_in_a_graph():
    """Every gate of the table through the graph, at one point, against a difference."""
    for gate in graph.GATES.values():
        nodes = [Value(0.7), Value(0.4)][: gate.arity]
        out = Value.apply_gate(gate, *nodes)
        out.backward()
        for node in nodes:
            h = 1e-5
            difference = (evaluate(out, {node: node.value + h}) - evaluate(out, {node: node.value - h})) / (2 * h)
            assert node.grad == pytest.approx(difference, rel=RTOL, abs=1e-12), gate
            assert gradient(out, [node])[0].value == pytest.approx(node.grad, rel=1e-14), gate


@given(numbers, numbers)
def test_comparisons_as_gates_have_gradient_0(a, b):
    assume(a != b)
    x, y = Value(a), Value(b)
    for f, truth in [(x > y, a > b), (x < y, a < b), (x >= y, a >= b), (x <= y, a <= b)]:
        f.backward()
        assert (f.value, x.grad, y.grad) == (float(truth), 0, 0)


def test_backward_asks_each_gate_once():
    """However many paths lead through a gate: 40 forks in a row make 2⁴⁰ of them."""
    asked = []
    double = Gate("double", "+", 2, lambda a, b: a + b, lambda out, a, b: asked.append(out) or (1.0, 1.0), "", "")
    x = v = Value(0.5)
    for _ in range(40):
        v = double(v, v)
    (v * v).backward()
    assert len(asked) == 40
    assert x.grad == pytest.approx(2.0**80)


def test_a_gate_with_too_few_local_gradients_is_no_gate():
    short = Gate("short", "?", 2, lambda a, b: a + b, lambda out, a, b: (1.0,), "({0} + {1})", "({0} + {1})")
    with pytest.raises(ValueError, match="zip"):
        short(Value(1.0), Value(2.0)).backward()


# --------------------------------------------- grad is of the last output, everywhere


@settings(max_examples=60)
@given(st.lists(expressions(most=5), min_size=2, max_size=4), st.data())
def test_grad_is_of_the_last_output_whatever_ran_before(made, data):
    """Several outputs over shared inputs and shared inner values, in any order of passes."""
    inputs = [Value(x / 7 + 0.3) for x in range(3)]
    shared = inputs[0] * inputs[1] + 1
    outputs = []
    for recipe, point in made:
        try:
            outputs.append(build(recipe, [*inputs, shared][-len(point) :]))
        except ValueError:
            assume(False)
    order = data.draw(st.lists(st.sampled_from(outputs), min_size=2, max_size=5))
    try:
        for output in order:
            output.backward()
        wanted = graph.adjoints(order[-1])
    except ValueError:
        assume(False)
    for node in topological_order(*outputs, shared):
        assert node.grad == wanted.get(node, 0.0)


def test_a_value_that_the_last_output_does_not_read_has_gradient_0():
    w, u = Value(2.0), Value(5.0)
    first = w * u
    first.backward()
    (w * 3).backward()
    assert (w.grad, u.grad, first.grad) == (3, 0, 0)
    first.inputs[0].backward()
    assert (w.grad, first.grad) == (1, 0)


def test_a_pass_that_is_refused_leaves_all_gradients():
    x, y = Value(0.0), Value(2.0)
    (x * y).backward()
    f = sqrt(x) + y
    with pytest.raises(ValueError, match="expected"):
        f.backward()
    assert (x.grad, y.grad, f.grad) == (2, 0, 0)


# ------------------------------------------------------- a value that was changed


@pytest.mark.parametrize("attribute", ["value", "data"])
def test_what_was_computed_from_another_value_is_refused(attribute):
    x, y = Value(3.0, "x"), Value(4.0)
    f = x * x + y
    setattr(x, attribute, 5.0)
    for ask in (f.backward, lambda: gradient(f, [x]), lambda: graph.adjoints(f)):
        with pytest.raises(ValueError, match=says("value") + "one that was changed since"):
            ask()
    assert evaluate(f, {}) == 29
    g = x * x + y
    g.backward()
    assert (g.value, x.grad) == (29, 10)
    setattr(x, attribute, 3.0)
    f.backward()
    assert x.grad == 6


def test_a_change_deep_in_a_graph_is_found_and_one_elsewhere_is_no_matter():
    x, y = Value(0.5), Value(1.0)
    v = x
    for _ in range(50):
        v = sin(v) + y
    Value(1.0).value = 2.0
    v.backward()
    y.value = 1.25
    with pytest.raises(ValueError, match=says("value")):
        v.backward()


def test_only_an_input_can_be_changed_and_only_to_a_number():
    x = Value(3.0)
    f = x * x
    with pytest.raises(ValueError, match=says("value", "an input")):
        f.value = 1.0
    with pytest.raises(TypeError, match=says("value", "number")):
        x.value = "5"
    with pytest.raises(ValueError, match=says("value", "finite")):
        x.value += math.inf
    assert (x.value, f.value) == (3, 9)


def test_training_by_hand_as_a_reader_of_micrograd_writes_it():
    w = Value(0.0)
    for _ in range(60):
        loss = (w * 2 - 3) ** 2
        w.grad = 0.0
        loss.backward()
        w.data -= 0.1 * w.grad
    assert w.data == pytest.approx(1.5, abs=1e-12)
    assert (w - 2).relu().value == 0 and (w + 1).relu().value == relu(w + 1).value
    assert f"{w:.4f}|{w:8.1f}|{w}" == f"1.5000|     1.5|{w!r}"


# -------------------------------------------------------------------------- powers


@given(st.integers(-9, 9), st.integers(0, 9))
def test_whole_powers_are_exact(base, exponent):
    exact = float(base**exponent)
    assert (Value(base) ** Value(exponent)).value == exact
    assert (Value(base) ** exponent).value == exact
    if base > 0:
        assert (base ** Value(exponent)).value == exact


@given(st.integers(100, 4000).map(lambda i: i / 1000), numbers)
def test_powers_of_values_have_both_gradients_and_their_second(a, b):
    base, exponent = Value(a), Value(b)
    f = base**exponent
    f.backward()
    assert base.grad == pytest.approx(b * a ** (b - 1), rel=1e-13)
    assert exponent.grad == pytest.approx(a**b * math.log(a), rel=1e-13, abs=1e-300)
    (g,) = gradient(f, [exponent])
    assert gradient(g, [base])[0].value == pytest.approx(a ** (b - 1) * (1 + b * math.log(a)), rel=1e-11, abs=1e-11)


def test_a_negative_base_has_a_power_but_no_gradient_of_its_exponent():
    x, n = Value(-2.0), Value(2.0)
    f = x**n
    assert f.value == 4
    with pytest.raises(ValueError, match=says("power", "finite local gradient")):
        f.backward()
    with pytest.raises(ValueError, match=says("power", "base > 0, or a whole exponent")):
        x ** Value(0.5)
    zero = Value(0.0)
    (zero ** Value(2.0)).backward()
    assert zero.grad == 0


@pytest.mark.parametrize("base", [-2, -0.5, 0, 3])
def test_a_plain_base_has_the_powers_of_a_value(base):
    n = Value(3.0)
    assert (base**n).value == (Value(base) ** n).value == base**3
    with contextlib.nullcontext() if base >= 0 else pytest.raises(ValueError, match=says("power", "finite local gradient")):
        (base**n).backward()
        assert n.grad == pytest.approx(base**3 * math.log(base) if base else 0, rel=1e-14)


# --------------------------------------------------------------- copies and pickles


def flat(*outputs):
    order = topological_order(*outputs)
    place = {node: i for i, node in enumerate(order)}
    return [(n.value, n.grad, n.name, n.gate, [place[s] for s in n.inputs]) for n in order]


COPIES = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
    "python pickle": lambda x: pickle.loads(pickle._dumps(x)),
    "oldest protocol": lambda x: pickle.loads(pickle.dumps(x, 0)),
}
copied = pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)


@copied
@settings(max_examples=25)
@given(expression=expressions())
def test_a_copy_is_the_same_graph(copied, expression):
    inputs, output = build_smooth(*expression)
    output.backward()
    first, *again = copied([output, *inputs])
    assert flat(first) == flat(output)
    order = topological_order(first)
    assert all(x in order for x, old in zip(again, inputs) if old in topological_order(output))
    second = gradient(first, again)
    assert [g.value for g in second] == [g.value for g in gradient(output, inputs)]


@copied
def test_a_copy_shares_what_was_shared_and_nothing_with_the_old(copied):
    x = Value(2.0, "x")
    q = (x * x).named("q")
    for kept in {"x": x, "f": q + x, "g": q**3.5}, {"g": q**3.5, "f": q + x, "x": x}:
        new = copied(kept)
        assert new["x"] in topological_order(new["f"]) and new["x"] in topological_order(new["g"])
        assert new["x"] is not x
        new["x"].value = 5.0
        assert x.value == 2
        Value._changed = False


@pytest.mark.parametrize("copied", [COPIES["deepcopy"], COPIES["pickle"]], ids=["deepcopy", "pickle"])
def test_a_deep_graph_can_be_copied(copied):
    x = v = Value(1.0)
    for i in range(30_000):
        v = v + 0.5 if i % 2 else v * 1.0
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(200 + len(inspect.stack(0)))
        new = copied(v)
    finally:
        sys.setrecursionlimit(limit)
    new.backward()
    assert new.value == v.value and len(topological_order(new)) == len(topological_order(v))
    assert x.grad == 0


def test_a_shallow_copy_reads_the_same_inputs():
    x = Value(2.0)
    f = x * x
    other = copy.copy(f)
    assert other is not f and other.inputs == (x, x) and other.gate is f.gate


def test_a_pickle_that_fails_leaves_nothing_behind():
    odd = Gate("odd", "?", 1, lambda x: x, lambda out, x: (1.0,), "{0}", "{0}")
    x = Value(2.0)
    f = exp(odd(x * 3)) * x
    with pytest.raises(TypeError, match=says("pickle", "gate of the table")):
        pickle.dumps(f)
    gc.collect()
    assert not copies._being_written
    assert copy.deepcopy(f).value == f.value


# -------------------------------------------------------------------------- circles


def test_a_circle_made_by_hand_is_refused():
    x = Value(2.0)
    f = x * x
    g = f + x
    f.inputs = (g, x)
    for ask in (
        g.backward,
        f.backward,
        lambda: evaluate(g, {}),
        lambda: list(chain.paths(g, x)),
        lambda: chain.count_paths(g, x),
    ):
        with pytest.raises(ValueError, match=says("output", "without a circle")):
            ask()


@pytest.mark.parametrize("name", ["maximum", "minimum", "log", "add", "sqrt"])
def test_a_gate_with_inputs_too_many_or_too_few_is_refused(name):
    x = Value(2.0)
    for inputs in [(), (x,) * (GATES[name].arity + 1)]:
        with pytest.raises(TypeError, match=says(name, "input")):
            Value.apply_gate(GATES[name], *inputs)


@pytest.mark.parametrize(
    "ask",
    [
        lambda f, x: modes.jvp([f], {x: 1.0}),
        lambda f, x: modes.forward_tangents([f], {x: 1.0}),
        lambda f, x: modes.jacobian([f], [x], "forward"),
        lambda f, x: modes.vjp([f], [1.0], [x]),
        lambda f, x: list(chain.paths(f, x)),
        lambda f, x: graph.local_gradients(*f.inputs),
        lambda f, x: codegen.simplified(f, [x]),
    ],
)
def test_whoever_reads_a_graph_refuses_a_changed_input(ask):
    x = Value(3.0)
    f = exp(x * x)
    x.value = 5.0
    with pytest.raises(ValueError, match=r"^value: expected .*, got one that was changed since"):
        ask(f, x)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_a_copied_gradient_goes_with_the_next_pass_anywhere(copied):
    x = Value(3.0)
    f = x * x
    f.backward()
    (y, _) = copied(f).inputs
    assert (x.grad, y.grad) == (6.0, 6.0)
    (Value(1.0) * 2.0).backward()
    assert (x.grad, y.grad) == (0.0, 0.0)
    x.grad = 7.0
    z = copied(x)
    (Value(1.0) * 2.0).backward()
    assert (x.grad, z.grad) == (7.0, 7.0)


@pytest.mark.parametrize(
    ("make", "x", "name"),
    [(sqrt, 0.0, "sqrt"), (log, 5e-324, "log"), (reciprocal, 1e-300, "reciprocal"), (lambda x: x**0.5, 0.0, "power 0.5")],
)
def test_gradient_names_the_gate_that_the_reader_wrote(make, x, name):
    at = Value(x)
    with pytest.raises(ValueError, match=says(name, "finite local gradient")):
        gradient(make(at), [at])


# ----------------------------------------------------------- what is said, to the letter


def circle():
    x = Value(2.0)
    f = x * x
    f.inputs = (f + x, x)
    return f.inputs[0]


def changed():
    x = Value(3.0)
    f = x * x
    x.value = 4.0
    return f


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda x: Value("2"), TypeError, "x: expected a number, got str '2'"),
        (lambda x: Value(math.inf), ValueError, "x: expected a finite number, got inf"),
        (lambda x: Value(1.0, 3), TypeError, "name: expected a text, got int 3"),
        (lambda x: x.named(3), TypeError, "name: expected a text, got int 3"),
        (
            bool,
            TypeError,
            "expected a number where Python asks 'is it true?', got Value(2.0, 'x'): compare its .value, or use "
            "bpcourse.graph.maximum, minimum or relu",
        ),
        (
            lambda x: setattr(x * x, "value", 1.0),
            ValueError,
            "value: expected an input, whose value may be changed, got what <gate multiply> made",
        ),
        (lambda x: setattr(x, "value", "a"), TypeError, "value: expected a number, got str 'a'"),
        (lambda x: setattr(x, "grad", "a"), TypeError, "grad: expected a number, got str 'a'"),
        (lambda x: x + "a", TypeError, "add: expected a number, got str 'a'"),
        (lambda x: Value.apply_gate("add", x, x), TypeError, "gate: expected a Gate, got str 'add'"),
        (lambda x: Value.apply_gate("add", x, "a"), TypeError, "gate: expected a number, got str 'a'"),
        (lambda x: x ** "a", TypeError, "exponent: expected a number, got str 'a'"),
        (lambda x: "a" ** x, TypeError, "power: expected a number, got str 'a'"),
        (lambda x: 0**-x, ValueError, "power: expected a base > 0, or a whole exponent, got 0.0, -2.0"),
        (
            lambda x: (Value(1e-200, "tiny") * 1e250 * 1e200).backward(),
            ValueError,
            "backward: expected finite gradients, got inf at Value(1e-200, 'tiny')",
        ),
        (lambda x: topological_order(3.0), TypeError, "output: expected a Value, got float 3.0"),
        (lambda x: topological_order(x, 3.0), TypeError, "output: expected a Value, got float 3.0"),
        (
            lambda x: topological_order(circle()),
            ValueError,
            "output: expected a graph without a circle, got Value(6.0), which depends on itself",
        ),
        (lambda x: gradient(3.0, []), TypeError, "output: expected a Value, got float 3.0"),
        (lambda x: gradient(3.0, 3), TypeError, "output: expected a Value, got float 3.0"),
        (lambda x: gradient(x, 3), TypeError, "inputs: expected a list of Values, got int 3"),
        (lambda x: gradient(x, [3]), TypeError, "inputs: expected a Value, got int 3"),
        (lambda x: evaluate(x, [1]), TypeError, "settings: expected a dict from Values to numbers, got list"),
        (lambda x: evaluate(x, {"x": 1.0}), TypeError, "settings: expected a Value, got str 'x'"),
        (lambda x: evaluate(x, {x: "a"}), TypeError, "settings: expected a number, got str 'a'"),
        (lambda x: graph.adjoints(x, 3), TypeError, "towards: expected a list of Values, got int 3"),
        (lambda x: graph.adjoints(x, [3]), TypeError, "towards: expected a Value, got int 3"),
        (lambda x: graph.local_gradients(3), TypeError, "node: expected a Value, got int 3"),
        (lambda x: graph.local_gradients(x * x, 1), TypeError, "symbols: expected True or False, got int 1"),
        (lambda x: graph.local_gradients(x, 1), TypeError, "symbols: expected True or False, got int 1"),
        (lambda x: graph.flows(3, 1.0), TypeError, "node: expected a Value, got int 3"),
        (
            lambda x: changed().backward(),
            ValueError,
            "value: expected the inputs from which Value(9.0) was computed, got one that was changed since: compute the "
            "output again, or use evaluate",
        ),
    ],
)
def test_what_is_said_of_wrong_input(call, error, sentence):
    with pytest.raises(error) as refused:
        call(Value(2.0, "x"))
    assert str(refused.value) == sentence


@pytest.mark.parametrize("make", [lambda x: x * 3, lambda x: 3 / x, lambda x: exp(x), lambda x: x**2], ids="*/e²")
def test_what_a_gate_made_has_no_name_before_it_is_given_one(make):
    made = make(Value(2.0, "x"))
    assert made.name is None
    assert made.named("f") is made and made.name == "f"
    assert made.named(None).name is None


def test_numbers_flow_back_by_default_and_values_where_they_are_asked_for():
    x, y = Value(2.0), Value(3.0)
    f = x * y
    assert [type(d) for d in graph.local_gradients(f)] == [float, float]
    assert graph.local_gradients(f, symbols=True) == (y, x)
    assert graph.flows(f, 10.0) == [(x, 30.0), (y, 20.0)]
    ((source, flow),) = graph.flows(f, 10.0, {y})
    assert source is y and isinstance(flow, Value) and flow.value == 20
    assert graph.flows(f, 10.0, set()) == []
    assert graph.local_gradients(x) == graph.local_gradients(x, symbols=True) == ()


def test_a_gradient_has_no_gate_for_a_factor_of_0_or_1_and_one_for_minus_1():
    x, y = Value(2.0), Value(3.0)
    (once,) = gradient(x + y, [x])
    assert once.gate is None and once.value == 1
    (through,) = gradient((x + 0.0) * y, [x])
    assert through is y
    (against,) = gradient((1.0 - x) * y, [x])
    assert against.gate is GATES["negate"] and against.inputs == (y,) and against.value == -3
    (never,) = gradient((x > 1.0) * y, [x])
    assert never.gate is None and never.value == 0
    (twice,) = gradient(x * 2.0 * y, [x])
    assert twice.gate is GATES["multiply"] and twice.value == 6


def test_the_nodes_between_are_all_that_a_gradient_visits():
    x, y = Value(2.0), Value(3.0)
    q, r = x * x, y * y
    f = q + r
    assert set(graph.adjoints(f, [x])) == {f, q, x}
    assert set(graph.adjoints(f, [y, q])) == {f, q, r, y}
    assert set(graph.adjoints(f)) == set(topological_order(f))
    assert graph.adjoints(f) == {f: 1.0, q: 1.0, r: 1.0, x: 4.0, y: 6.0}
    assert set(graph.adjoints(f, [Value(1.0)])) == {f}


def test_a_gate_of_three_inputs_hands_back_to_each():
    sum_of_three = Gate("sum", "+", 3, lambda a, b, c: a + 2 * b + 3 * c, lambda out, a, b, c: (1.0, 2.0, 3.0), "", "")
    a, b = Value(1.0), Value(2.0)
    sum_of_three(a, b, a).backward()
    assert (a.grad, b.grad) == (4, 2)
    short = Gate("short", "?", 3, lambda a, b, c: a, lambda out, a, b, c: (1.0, 2.0), "", "")
    with pytest.raises(ValueError, match="zip"):
        short(a, b, a).backward()
    with pytest.raises(ValueError, match="zip"):
        graph.flows(short(a, b, a), 1.0)


def test_the_first_gradient_that_is_not_finite_is_kept_from_all():
    x = Value(1e-200, "x")
    y = Value(1.0, "y")
    (x * y).backward()
    with pytest.raises(ValueError, match=r"^backward: expected finite gradients, got inf at Value\(1e-200, 'x'\)$"):
        (x * 1e250 * 1e200 + y).backward()
    assert (x.grad, y.grad) == (1, 1e-200)


def test_numbers_run_back_without_the_careful_second_look(monkeypatch):
    def looked(*_):
        raise AssertionError("a second look")

    three = Gate("sum", "+", 3, lambda a, b, c: a + b + c, lambda out, a, b, c: (1.0, 1.0, 1.0), "", "")
    x, y = Value(2.0), Value(3.0)
    f = three(exp(x), x * y, y) - x
    monkeypatch.setattr(graph, "flows", looked)
    f.backward()
    assert (x.grad, y.grad) == (pytest.approx(math.exp(2) + 2), 3)
    with pytest.raises(AssertionError, match="a second look"):
        sqrt(Value(0.0)).backward()


def test_a_circle_below_the_output_is_refused_too():
    for output in (circle(), circle() * 2.0, exp(circle() + 1.0)):
        with pytest.raises(ValueError, match=says("output", "without a circle")):
            topological_order(output)


def test_outputs_that_another_depends_on_come_once():
    x = Value(2.0)
    q = x * x
    f = q + x
    order = [x, q, f]
    for outputs in ((f,), (f, q), (f, x, q), (f, f), (q, f), (x, q, f, x)):
        assert topological_order(*outputs) == order
