import copy
import gc
import json
import math
import pickle
import random
import re
import shutil
import subprocess

import numpy as np
import pytest
from helpers import close, numbers, says, trusted_difference
from hypothesis import assume, given
from hypothesis import strategies as st

from bpcourse import gates
from bpcourse.gates import GATES, Gate, power
from bpcourse.graph import Value

STEP_GATES = {"greater", "at least"}
POWERS = [power(n) for n in (-3, -2, -1, -0.5, 0.5, 1, 1.5, 2, 3, 4)]
ALL = [*GATES.values(), *POWERS, power(0)]
SMOOTH = [gate for gate in [*GATES.values(), *POWERS] if gate.name not in STEP_GATES]


def by_name(gates):
    return pytest.mark.parametrize("gate", gates, ids=lambda gate: gate.name)


def defined(gate, inputs):
    return gate.domain is None or gate.domain.holds(*inputs)


def away_from_kinks(gate, inputs):
    return gate.kink is None or abs(gate.kink(*inputs)) > 1e-2


def sample_points(gate, count=25):
    """Fixed points inside the domain, large ones too where float64 allows."""
    rng = random.Random(gate.name)
    spreads = [3, 3, 3, 1000 if gate.name in ("sigmoid", "tanh", "relu") else 30]
    points = []
    while len(points) < count:
        inputs = [rng.uniform(-1, 1) * rng.choice(spreads) for _ in range(gate.arity)]
        if defined(gate, inputs):
            points.append(inputs)
    return points


def test_every_gate_is_found_by_its_name():
    assert all(name == gate.name for name, gate in GATES.items())


def test_the_gates_that_choose_tell_their_kink():
    assert {g.name for g in GATES.values() if g.kink} >= {"relu", "maximum", "minimum", "greater", "at least"}


@by_name(SMOOTH)
@given(data=st.data())
def test_local_gradients_are_what_nudging_finds(gate, data):
    inputs = data.draw(st.lists(numbers, min_size=gate.arity, max_size=gate.arity))
    assume(defined(gate, inputs) and away_from_kinks(gate, inputs))
    i = data.draw(st.integers(0, gate.arity - 1))

    def nudged(x):
        return gate.compute(*inputs[:i], x, *inputs[i + 1 :])

    assume(defined(gate, [x - 1e-3 for x in inputs]))
    flat = nudged(inputs[i] + 1e-3) == nudged(inputs[i] - 1e-3)
    expected = 0 if flat else trusted_difference(nudged, inputs[i])
    locals_ = gate.local_gradients(gate.compute(*inputs), *inputs)
    assert len(locals_) == gate.arity
    assert close(locals_[i], expected)


@by_name([GATES[name] for name in sorted(STEP_GATES)])
@given(a=numbers, b=numbers)
def test_comparisons_are_0_or_1_with_gradient_0(gate, a, b):
    out = gate.compute(a, b)
    assert out in (0.0, 1.0)
    assert gate.local_gradients(out, a, b) == (0, 0)


@given(x=numbers)
def test_the_power_0_is_1_with_gradient_0(x):
    assert power(0).compute(x) == 1
    assert power(0).local_gradients(1.0, x) == (0,)


def test_choices_at_the_kink():
    assert GATES["relu"].local(0.0, 0.0) == (0,)
    assert GATES["maximum"].local(1.0, 1.0, 1.0) == (0.5, 0.5)
    assert GATES["minimum"].local(1.0, 1.0, 1.0) == (0.5, 0.5)
    assert GATES["greater"].forward(1.0, 1.0) == 0
    assert GATES["at least"].forward(1.0, 1.0) == 1


def test_maximum_and_minimum_route_the_gradient():
    assert GATES["maximum"].local(3.0, 3.0, 1.0) == (1, 0)
    assert GATES["maximum"].local(3.0, 1.0, 3.0) == (0, 1)
    assert GATES["minimum"].local(1.0, 3.0, 1.0) == (0, 1)
    assert GATES["minimum"].local(1.0, 1.0, 3.0) == (1, 0)


@by_name(ALL)
def test_the_python_template_computes_forward(gate):
    code = compile(gate.python.format("a", "b"), gate.name, "eval")
    for inputs in sample_points(gate):
        printed = eval(code, {"math": math}, dict(zip("ab", inputs)))
        assert math.isclose(printed, gate.compute(*inputs), rel_tol=1e-12), inputs


@pytest.fixture(scope="module")
def javascript_results():
    """What every gate's JavaScript gives at its sample points, from one run of node."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    rows = [f"{json.dumps(sample_points(g))}.map(([a, b]) => {g.javascript.format('a', 'b')})" for g in ALL]
    script = f"console.log(JSON.stringify([{','.join(rows)}]))"
    printed = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True).stdout
    return dict(zip([gate.name for gate in ALL], json.loads(printed), strict=True))


@by_name(ALL)
def test_the_javascript_template_computes_forward(gate, javascript_results):
    for inputs, printed in zip(sample_points(gate), javascript_results[gate.name], strict=True):
        assert math.isclose(printed, gate.compute(*inputs), rel_tol=1e-12), inputs


@by_name(ALL)
def test_local_gradients_of_values_are_those_of_floats(gate):
    for inputs in sample_points(gate):
        out = gate.compute(*inputs)
        if not away_from_kinks(gate, inputs):
            continue
        nodes = [Value(x) for x in inputs]
        with_values = gate.local(Value.apply_gate(gate, *nodes), *nodes)
        plain = [float(x.value if isinstance(x, Value) else x) for x in with_values]
        assert plain == pytest.approx([float(x) for x in gate.local(out, *inputs)], rel=1e-14, abs=0)


@pytest.mark.parametrize("name", ["relu", "maximum", "minimum"])
def test_local_gradients_of_values_are_those_of_floats_at_the_kink(name):
    gate = GATES[name]
    nodes = [Value(0.0) for _ in range(gate.arity)]
    with_values = gate.local(Value.apply_gate(gate, *nodes), *nodes)
    assert [x.value for x in with_values] == [float(x) for x in gate.local(0.0, *[0.0] * gate.arity)]


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "identity"])
def test_local_gradients_take_whole_layers(name):
    gate = GATES[name]
    Z = np.array([[-2.0, -0.5, 0.0], [0.1, 1.0, 3.0]])
    A = np.vectorize(gate.forward, otypes=[float])(Z)
    (layer,) = gate.local(A, Z)
    scalars = np.vectorize(lambda a, z: float(gate.local(a, z)[0]), otypes=[float])(A, Z)
    np.testing.assert_allclose(np.ones_like(Z) * layer, scalars, rtol=1e-15)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_local_gradients_of_choices_take_arrays(name):
    gate = GATES[name]
    a, b = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 1.0])
    for side, local in enumerate(gate.local(None, a, b)):
        assert local.tolist() == [gate.local(None, x, y)[side] for x, y in zip(a.tolist(), b.tolist())]


@pytest.mark.parametrize("x", [-1000.0, 1000.0])
def test_sigmoid_and_tanh_saturate_without_overflow(x):
    assert GATES["sigmoid"].compute(x) == (x > 0)
    assert GATES["tanh"].compute(x) == math.copysign(1, x)


@pytest.mark.parametrize("x", [-30.0, -20.0])
def test_sigmoid_keeps_its_digits_far_below_zero(x):
    assert math.isclose(GATES["sigmoid"].compute(x), math.exp(x) / (1 + math.exp(x)), rel_tol=1e-15)


@pytest.mark.parametrize(
    ("gate", "inputs"),
    [
        (GATES["divide"], (1.0, 0.0)),
        (GATES["reciprocal"], (0.0,)),
        (GATES["sqrt"], (-1.0,)),
        (GATES["log"], (0.0,)),
        (GATES["log"], (-1.0,)),
        (power(0.5), (-1.0,)),
        (power(-1), (0.0,)),
        (power(-0.5), (-1.0,)),
        (power(-0.5), (0.0,)),
    ],
    ids=str,
)
def test_a_point_outside_the_domain_is_refused(gate, inputs):
    with pytest.raises(ValueError, match=says(gate.name)):
        gate.compute(*inputs)


@pytest.mark.parametrize(("name", "inputs"), [("exp", (1000.0,)), ("multiply", (1e200, 1e200)), ("reciprocal", (1e-320,))])
def test_an_overflow_is_refused(name, inputs):
    with pytest.raises(ValueError, match=says(name, "float64")):
        GATES[name].compute(*inputs)


@pytest.mark.parametrize(("name", "x"), [("sqrt", 0.0), ("reciprocal", 1e-200), ("log", 5e-324)])
def test_an_infinite_local_gradient_is_refused(name, x):
    gate = GATES[name]
    with pytest.raises(ValueError, match=says(name, "finite local gradient")):
        gate.local_gradients(gate.compute(x), x)


@pytest.mark.parametrize("name", ["add", "maximum", "minimum", "greater", "relu", "sin", "log"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_nan_and_infinity_are_refused(name, bad):
    gate = GATES[name]
    with pytest.raises(ValueError, match=says(name)):
        gate(*[1.0, bad][-gate.arity :])


@pytest.mark.parametrize("n", [math.nan, math.inf])
def test_an_exponent_that_is_not_finite_is_refused(n):
    with pytest.raises(ValueError, match="expected"):
        power(n)


@pytest.mark.parametrize("n", ["2", None, [2]])
def test_an_exponent_that_is_no_number_is_refused(n):
    with pytest.raises(TypeError, match="expected"):
        power(n)


@pytest.mark.parametrize("inputs", [(), (1.0,), (1.0, 2.0, 3.0)])
def test_a_wrong_number_of_inputs_is_refused(inputs):
    with pytest.raises(TypeError, match=says("add")):
        GATES["add"](*inputs)


def test_gates_print_as_their_names():
    assert repr(GATES["exp"]) == "<gate exp>"
    assert repr(power(2)) == "<gate power 2>"
    assert power(2) is power(2)
    assert power(-0.5).symbol == "x⁻⁰·⁵"


# ------------------------------------------------------- whole arrays, copies, new rows


@by_name([gate for gate in GATES.values() if gate.name not in STEP_GATES])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_gate_on_arrays_is_the_gate_on_every_number(gate, dtype):
    columns = np.array([point for point in sample_points(gate) if max(map(abs, point)) < 30]).T.astype(dtype)
    whole = gate(*columns)
    one_by_one = [gate.compute(*map(float, numbers)) for numbers in columns.T]
    assert whole.dtype == dtype
    np.testing.assert_allclose(whole, one_by_one, rtol=1e-14 if dtype == np.float64 else 1e-5)


@by_name([gate for gate in SMOOTH if gate.arity == 1])
def test_local_gradients_of_any_gate_with_one_input_take_arrays(gate):
    Z = np.array([point[0] for point in sample_points(gate) if abs(point[0]) < 30])
    (local,) = gate.local(gate(Z), Z)
    expected = [float(gate.local(gate.compute(z), z)[0]) for z in Z.tolist()]
    np.testing.assert_allclose(np.ones_like(Z) * local, expected, rtol=1e-13)


def test_outside_its_domain_a_gate_on_arrays_says_where():
    with pytest.raises(ValueError, match=says("log", "x > 0")):
        GATES["log"](np.array([1.0, -2.0]))


@by_name(ALL)
def test_a_gate_is_one_and_the_same_wherever_it_is_copied_to(gate):
    assert copy.deepcopy(gate) is gate
    assert pickle.loads(pickle.dumps(gate)) is gate


def test_a_readers_own_gate_is_the_same_in_a_copied_graph():
    own = Gate("own", "?", 1, lambda x: x, lambda out, x: (1.0,), "{0}", "{0}")
    assert copy.deepcopy({"f": own(Value(2.0))})["f"].gate is own
    with pytest.raises(TypeError, match=says("pickle", "gate of the table")):
        pickle.dumps(own)


def test_powers_that_nobody_uses_are_forgotten():
    before = len(gates._POWERS)
    for n in range(2000):
        power(n + 0.123)
    gc.collect()
    assert len(gates._POWERS) <= before + 1
    x = Value(2.0)
    assert (x**7).gate is power(7) is (x**7.0).gate


@pytest.mark.parametrize(
    ("a", "b"), [(2.0, 3.0), (-2.0, 3.0), (-2.0, 2.0), (0.0, 0.0), (0.0, 2.5), (1e-3, -4.0), (-1.5, -3.0), (9.0, 0.5)]
)
def test_the_power_of_two_inputs_is_pythons(a, b):
    assert GATES["power"].compute(a, b) == a**b


@pytest.mark.parametrize(("a", "b"), [(-2.0, 0.5), (0.0, -1.0), (0.0, -0.5)])
def test_powers_that_are_none_are_refused(a, b):
    with pytest.raises(ValueError, match=says("power", "a base > 0, or a whole exponent")):
        GATES["power"].compute(a, b)


# ---------------------------------------------------------------- the fixed powers, to the letter


@pytest.fixture
def made_anew(monkeypatch):
    """No power is there yet: what a test asks for is made in it."""
    monkeypatch.setattr(gates, "_POWERS", {})


def test_a_power_says_who_it_is(made_anew):
    third = power(-3)
    assert (third.name, third.symbol, third.arity, third.exponent) == ("power -3", "x⁻³", 1, -3)
    assert third.python == third.javascript == "(({0}) ** -3.0)"
    assert (power(2.5).name, power(2.5).symbol, power(2.5).python) == ("power 2.5", "x²·⁵", "(({0}) ** 2.5)")


@pytest.mark.parametrize(
    "n, x, expected",
    [
        (-2, 0.0, "x ≠ 0 under the exponent -2"),
        (-0.5, 0.0, "x > 0 under the exponent -0.5"),
        (-0.5, -1.0, "x > 0 under the exponent -0.5"),
        (0.5, -1.0, "x ≥ 0 under the exponent 0.5"),
        (2.5, -0.5, "x ≥ 0 under the exponent 2.5"),
    ],
)
def test_a_power_says_where_it_has_no_value(made_anew, n, x, expected):
    with pytest.raises(ValueError, match=f"^{re.escape(f'power {n:g}: expected {expected}, got {x}')}$"):
        power(n)(x)


@pytest.mark.parametrize(
    "n, x, out, local",
    [
        (-2, -2.0, 0.25, 0.25),
        (-2, 0.5, 4.0, -16.0),
        (-0.5, 0.25, 2.0, -4.0),
        (0, 0.0, 1.0, 0),
        (0, -1.0, 1.0, 0),
        (0.5, 0.25, 0.5, 1.0),
        (0.5, 0.0, 0.0, None),
        (1, 0.0, 0.0, 1),
        (2, 0.0, 0.0, 0),
        (2, -3.0, 9.0, -6.0),
    ],
)
def test_a_power_has_a_value_and_a_slope_up_to_the_edge(made_anew, n, x, out, local):
    gate = power(n)
    assert gate(x) == out
    if local is None:  # the root is upright at 0
        with pytest.raises(ValueError, match="finite local gradient"):
            gate.local_gradients(out, x)
    else:
        assert gate.local_gradients(out, x) == (local,)


def test_an_exponent_is_refused_by_name():
    with pytest.raises(TypeError, match=r"^exponent: expected a number, got str "):
        power("2")


def test_a_power_of_0_does_not_move_with_its_exponent():
    assert GATES["power"].local_gradients(0.0, 0.0, 2.0) == (0.0, 0.0)


def test_inputs_are_listed_in_an_error():
    with pytest.raises(ValueError, match=r"^divide: expected a denominator other than 0, got 1\.0, 0\.0$"):
        GATES["divide"](1.0, 0.0)


@pytest.mark.parametrize(
    ("name", "whole"),
    [("reciprocal", [2, 4]), ("sqrt", [2, 9]), ("square", [200, 3]), ("sigmoid", [1, 3]), ("exp", [2, 7]), ("negate", [1, 2])],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64])
def test_a_gate_on_whole_numbers_is_the_gate_on_floats(name, whole, dtype):
    Z = np.array(whole).astype(dtype)
    np.testing.assert_array_equal(GATES[name](Z), GATES[name](Z.astype(float)))
    np.testing.assert_array_equal(GATES["divide"](Z, Z + np.ones_like(Z)), Z.astype(float) / (Z.astype(float) + 1))


@by_name([gate for gate in GATES.values() if gate.arity == 1])
def test_a_gate_takes_an_array_of_no_dimension(gate):
    assert gate(np.array(0.5)) == pytest.approx(gate.compute(0.5), rel=1e-15)


@by_name(list(GATES.values()))
def test_a_gate_on_arrays_refuses_a_wrong_number_of_inputs(gate):
    arrays = [np.full(2, 0.5)] * (gate.arity + 1)
    for wrong in (arrays, arrays[2:]) if gate.arity > 1 else (arrays,):
        with pytest.raises(TypeError, match=says(gate.name, "input")):
            gate(*wrong) if wrong else gate()
    np.testing.assert_array_equal(arrays[-1], 0.5)


def test_an_array_and_a_value_do_not_mix():
    with pytest.raises(TypeError, match=says("add")):
        GATES["add"](np.ones(2), Value(1.0))
