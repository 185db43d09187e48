"""The tape gives the numbers of `Value`, to the last bit that the order of sums allows."""

import math
import tracemalloc

import pytest
from helpers import STEPS, build, expressions, says
from hypothesis import given
from test_gates import ALL, sample_points

from bpcourse.codegen.tape import Tape
from bpcourse.gates import GATES, Domain, Gate, power
from bpcourse.graph import Value


class OnTape:
    """A place with the operators of `Value`, so that the recipes of the other tests run on a tape too."""

    def __init__(self, tape, place):
        self.tape, self.place = tape, place

    def with_(self, name, other=None, swapped=False):
        places = [self.place]
        if other is not None:
            places.append(other.place if isinstance(other, OnTape) else self.tape.input(other))
        return OnTape(self.tape, getattr(self.tape, name)(*places[:: -1 if swapped else 1]))

    def __pow__(self, n):
        return OnTape(self.tape, self.tape.apply(power(n), self.place))


def operator_(name, swapped=False):
    return lambda self, other=None: self.with_(name, other, swapped)


for symbol, name in {"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide"}.items():
    setattr(OnTape, f"__{symbol}__", operator_(name))
    setattr(OnTape, f"__r{symbol}__", operator_(name, swapped=True))
for symbol, name in {"neg": "negate", "gt": "greater", "ge": "at_least"}.items():
    setattr(OnTape, f"__{symbol}__", operator_(name))


class Functions:
    def __getattr__(self, name):
        return lambda a, b=None: a.with_(name, b)


@given(expression=expressions())
def test_the_tape_agrees_with_values(expression):
    recipe, point = expression
    inputs = [Value(x) for x in point]
    output = build(recipe, inputs)
    tape = Tape()
    places = [OnTape(tape, tape.input(x)) for x in point]
    out = build(recipe, places, Functions())
    assert tape.values[out.place] == output.value
    output.backward()
    tape.backward(out.place)
    assert [tape.grads[p.place] for p in places] == pytest.approx([x.grad for x in inputs], rel=1e-13, abs=1e-300)


def test_the_recipes_use_every_kind_of_step():
    assert {"sigmoid", "maximum", "at least", "cube"} < set(STEPS)


@pytest.mark.parametrize("gate", ALL, ids=lambda gate: gate.name)
def test_every_gate_computes_and_differentiates_as_its_row_says(gate):
    for point in sample_points(gate, 5):
        tape = Tape()
        places = [tape.input(x) for x in point]
        method = getattr(tape, gate.name.replace(" ", "_"), None)
        out = method(*places) if gate in GATES.values() else tape.apply(gate, *places)
        assert tape.values[out] == gate.compute(*point)
        tape.backward(out)
        expected = [float(x) for x in gate.local_gradients(gate.compute(*point), *point)]
        assert [tape.grads[place] for place in places] == pytest.approx(expected, rel=1e-15, abs=0)


def test_add_then_multiply():
    tape = Tape()
    x, y, z = tape.input(-2), tape.input(5), tape.input(-4)
    f = tape.multiply(tape.add(x, y), z)
    tape.backward(f)
    assert tape.values == [-2, 5, -4, 3, -12] and tape.grads == [-4, -4, 3, -4, 1]


def test_a_value_that_is_read_twice_gets_both_shares():
    tape = Tape()
    x = tape.input(3.0)
    tape.backward(tape.multiply(x, x))
    assert tape.grads[x] == 6


def test_backward_twice_and_from_the_middle():
    tape = Tape()
    x = tape.input(2.0)
    square = tape.square(x)
    cube = tape.multiply(square, x)
    for _ in range(2):
        tape.backward(cube)
        assert tape.grads == [12, 2, 1]
    tape.backward(square)
    assert tape.grads == [4, 1, 0]
    tape.backward(x)
    assert tape.grads == [1, 0, 0]


def test_a_long_chain():
    tape = Tape()
    x = out = tape.input(0.5)
    for _ in range(100_000):
        out = tape.sin(out)
    tape.backward(out)
    slope, value = 1.0, 0.5
    for _ in range(100_000):
        slope, value = slope * math.cos(value), math.sin(value)
    assert tape.values[out] == value and tape.grads[x] == pytest.approx(slope, rel=1e-9)


def test_a_node_takes_at_most_200_bytes_with_its_gradient():
    tracemalloc.start()
    try:
        tape = Tape()
        x = out = tape.input(1.0)
        for _ in range(20_000):
            out = tape.add(tape.multiply(out, x), x)
        tape.backward(out)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak / len(tape.values) <= 200


def test_backward_reads_each_line_once(monkeypatch):
    tape = Tape()
    x = tape.input(0.5)
    out = x
    for _ in range(50):
        out = tape.add(tape.multiply(out, x), x)
    read = []

    class Noted(list):
        def __reversed__(self):
            for line in list.__reversed__(self):
                read.append(line)
                yield line

    tape.left = Noted(tape.left)
    tape.backward(out)
    assert len(read) == len(tape.values) == 101


# ----------------------------------------------------------------- bad input


@pytest.mark.parametrize(("x", "error"), [("1", TypeError), (None, TypeError), (math.nan, ValueError), (-math.inf, ValueError)])
def test_an_input_is_a_finite_number(x, error):
    tape = Tape()
    with pytest.raises(error, match=says("x")):
        tape.input(x)
    assert tape.values == tape.left == []
    tape.input(3)
    assert type(tape.values[0]) is float


@pytest.mark.parametrize(
    ("place", "error"), [(-1, ValueError), (2, ValueError), (0.0, TypeError), ("a", TypeError), (None, TypeError)]
)
def test_a_place_is_on_the_tape(place, error):
    tape = Tape()
    a, _ = tape.input(1.0), tape.input(2.0)
    for action in (
        lambda: tape.add(a, place),
        lambda: tape.multiply(place, a),
        lambda: tape.exp(place),
        lambda: tape.apply(power(3), place),
        lambda: tape.backward(place),
    ):
        with pytest.raises(error, match=says("place")):
            action()
    assert len(tape.values) == len(tape.left) == len(tape.right_local) == 2


@pytest.mark.parametrize(
    ("name", "inputs", "argument"),
    [
        ("divide", (1.0, 0.0), "divide"),
        ("log", (0.0,), "log"),
        ("log", (-1.0,), "log"),
        ("sqrt", (-1.0,), "sqrt"),
        ("reciprocal", (0.0,), "reciprocal"),
        ("exp", (1000.0,), "exp"),
        ("multiply", (1e200, 1e200), "multiply"),
        ("add", (1.7e308, 1.7e308), "add"),
    ],
)
def test_a_gate_without_an_output_is_refused_and_writes_nothing(name, inputs, argument):
    tape = Tape()
    places = [tape.input(x) for x in inputs]
    with pytest.raises(ValueError, match=says(argument)):
        getattr(tape, name)(*places)
    assert len(tape.values) == len(tape.left) == len(tape.right) == len(inputs)


def test_the_square_root_at_0_has_an_output_but_no_gradient():
    tape = Tape()
    x, y = tape.input(0.0), tape.input(3.0)
    root = tape.sqrt(x)
    assert tape.values[root] == 0
    tape.backward(tape.multiply(y, y))
    assert tape.grads[y] == 6
    kept = tape.grads
    with pytest.raises(ValueError, match=says("backward")):
        tape.backward(root)
    assert tape.grads is kept


@pytest.mark.parametrize(("name", "x"), [("sqrt", 0.0), ("log", 1e-320), ("reciprocal", 1e-200), ("sqrt", 1e-320)])
def test_a_place_without_a_finite_slope_is_refused_as_value_refuses_it(name, x):
    """0·√x at 0: no gradient comes so far, and yet there is none."""

    def on_values():
        a = Value(x)
        Value(0.0) * GATES[name](a) + 3 * a
        return (Value(0.0) * GATES[name](a) + 3 * a).backward()

    tape = Tape()
    a, zero, three = tape.input(x), tape.input(0.0), tape.input(3.0)
    steep = getattr(tape, name)(a)
    beside = tape.multiply(three, a)
    out = tape.add(tape.multiply(zero, steep), beside)
    finite = name == "sqrt" and x > 0
    for backward in on_values, lambda: tape.backward(out):
        if finite:
            backward()
        else:
            with pytest.raises(ValueError, match=r"expected .*finite local gradient"):
                backward()
    tape.backward(beside)
    assert tape.grads[a] == 3


@pytest.mark.parametrize(("a", "b"), [(-2.0, 3.0), (-2.0, -2.0), (2.0, 0.5), (0.0, 2.0), (0.0, 0.0), (1.5, -2.5)])
def test_a_power_of_two_places_is_that_of_two_values(a, b):
    tape = Tape()
    out = tape.power(tape.input(a), tape.input(b))
    x, n = Value(a), Value(b)
    v = x**n
    assert tape.values[out] == v.value == a**b
    try:
        v.backward()
    except ValueError:
        with pytest.raises(ValueError, match=says("backward")):
            tape.backward(out)
    else:
        tape.backward(out)
        assert tape.grads[:2] == [x.grad, n.grad]


@pytest.mark.parametrize(("a", "b"), [(-8.0, 1 / 3), (0.0, -1.0), (10.0, 400.0)])
def test_a_power_that_is_no_number_is_refused_and_writes_nothing(a, b):
    tape = Tape()
    places = tape.input(a), tape.input(b)
    with pytest.raises(ValueError, match=says("power")):
        tape.power(*places)
    assert len(tape.values) == len(tape.right_local) == 2


def test_apply_takes_any_gate_of_one_or_two_inputs():
    half = Gate(
        "half", "½", 1, lambda x: x / 2, lambda out, x: (0.5,), "({0} / 2)", "({0} / 2)", domain=Domain("x ≥ 0", lambda x: x >= 0)
    )
    tape = Tape()
    x = tape.input(3.0)
    tape.backward(tape.apply(half, x))
    assert tape.values[-1] == 1.5 and tape.grads[x] == 0.5
    with pytest.raises(ValueError, match=says("places")):
        tape.apply(half, x, x)
    three = Gate("three", "3", 3, lambda a, b, c: a, lambda out, a, b, c: (1.0, 0.0, 0.0), "{0}", "{0}")
    with pytest.raises(ValueError, match=says("places")):
        tape.apply(three, x, x, x)
    with pytest.raises(TypeError, match=says("gate")):
        tape.apply("half", x)
    for gate in tape.add, tape.maximum, tape.at_least:
        with pytest.raises(TypeError, match=says("place")):
            gate(slice(0, 1), slice(0, 1))
    with pytest.raises(ValueError, match=says("half", "x ≥ 0")):
        tape.apply(half, tape.input(-1.0))
