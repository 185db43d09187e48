import math
import tracemalloc
import warnings
from itertools import pairwise

import numpy as np
import pytest
from helpers import build, numbers, says
from hypothesis import given, settings
from hypothesis import strategies as st
from test_network import cost_of, gradients, hiddens, networks, pairs, small

from bpcourse import checks
from bpcourse.beyond.bill import (
    backward_products,
    checkpointed_gradients,
    forward_products,
    kept_numbers,
    numerical_gradients,
    numerical_products,
    operations,
)
from bpcourse.examples import four_four_two
from bpcourse.gates import GATES, power
from bpcourse.graph import Value, gradient, sin, topological_order
from bpcourse.network import backpropagation, cost, forward, initialise
from bpcourse.numeric import central_difference, check_gradient, forward_difference

shapes = st.lists(st.integers(1, 7), min_size=2, max_size=6)
batches = st.integers(1, 5)


class Ticking(np.ndarray):
    """An array that counts the multiplications of every matrix product it takes part in."""

    products = 0

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        plain = [x.view(np.ndarray) if isinstance(x, Ticking) else x for x in inputs]
        if ufunc is np.matmul:
            left, right = plain
            Ticking.products += left.shape[0] * left.shape[1] * right.shape[1]
        options = {key: value for key, value in options.items() if key != "out"}
        result = getattr(ufunc, method)(*plain, **options)
        return result.view(Ticking) if isinstance(result, np.ndarray) else result


@pytest.fixture
def ticks(monkeypatch):
    """How many multiplications by weights the package really does; its checks let Ticking arrays through."""
    monkeypatch.setattr(checks, "array", lambda x, argument: np.asanyarray(x))

    def count(action):
        Ticking.products = 0
        action()
        return Ticking.products

    return count


def ticking(sizes, examples, hidden="tanh"):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(sizes[0], examples)), rng.normal(size=(sizes[-1], examples))
    return X.view(Ticking), Y, {name: array.view(Ticking) for name, array in initialise(sizes, hidden, seed=1).items()}


REGRESSION = ("tanh", "identity", "half_squared_error")


# ---------------------------------------------------------------- any program

RING = ("add", "subtract", "multiply")
ONE_INPUT = ("negate", "reciprocal", "square", "cube", "sqrt", "exp", "log", "sigmoid", "tanh", "sin", "cos", "relu")


@st.composite
def programs(draw, steps):
    """A graph of up to 40 steps; every step may read any value before it, one value twice."""
    values = [Value(draw(numbers)) for _ in range(draw(st.integers(1, 4)))]
    for _ in range(draw(st.integers(1, 40))):
        recipe = [(draw(st.sampled_from(steps)), *[draw(st.integers(0, len(values) - 1)) for _ in "ab"])]
        try:
            values.append(build(recipe, values))
        except ValueError:
            continue  # an overflow
    return values[-1]


def both_ways(output, *names):
    """How many operations, or how many of these names, are made forward, and in all."""
    forward, backward = (sum(count[name] for name in names or count) for count in operations(output))
    return forward, forward + backward


@settings(max_examples=300)
@given(programs((*RING, *ONE_INPUT, "divide", "right divide", "greater", "at least", "root power")))
def test_a_gradient_takes_at_most_four_times_the_operations_of_its_program(output):
    try:
        forward, together = both_ways(output)
    except ValueError:
        return  # a derivative that float64 cannot hold
    assert together <= 4 * forward + 2 * operations(output).forward["divide"]


@settings(max_examples=300)
@given(programs(RING))
def test_a_gradient_takes_at_most_three_times_the_products(output):
    try:
        forward, together = both_ways(output, "multiply")
    except ValueError:
        return
    assert together <= 3 * forward


class Counting(float):
    """A float that counts its sums and products."""

    done = 0

    def __add__(self, other):
        Counting.done += 1
        return Counting(float(self) + other)

    def __mul__(self, other):
        Counting.done += 1
        return Counting(float(self) * other)


@settings(max_examples=300)
@given(programs(RING))
def test_the_count_is_what_a_sweep_with_counting_numbers_does(inner):
    """Another sweep, written here for + − × under a sine, in numbers that count."""
    try:
        output = sin(inner)
        exact = {node: g.value for node, g in zip(topological_order(inner), gradient(output, topological_order(inner)))}
    except ValueError:
        return
    Counting.done = 1  # the cosine
    grads = {inner: Counting(math.cos(inner.value))}
    for node in reversed(topological_order(inner)):
        if node.gate is None:
            continue
        (a, b), upstream = node.inputs, grads[node]
        if node.gate.name == "multiply":
            flows = (a, upstream * b.value), (b, upstream * a.value)
        else:
            flows = (a, upstream), (b, upstream if node.gate.name == "add" else Counting(-upstream))
        for source, flow in flows:
            grads[source] = grads[source] + flow if source in grads else flow
    assert Counting.done == sum(operations(output).backward.values())
    assert grads == pytest.approx(exact, rel=1e-9, abs=1e-9)


COSTS = {
    "add": 2, "subtract": 2, "multiply": 4, "divide": 6, "negate": 0, "identity": 1, "reciprocal": 3, "square": 3, "sqrt": 3,
    "exp": 2, "log": 3, "sigmoid": 4, "tanh": 4, "sin": 3, "cos": 3, "relu": 3,
}  # fmt: skip


@pytest.mark.parametrize("name", [*GATES, "power 3"])
def test_one_more_gate_costs_what_the_book_says(name):
    """Of two values that other gates read, too; each result goes into a product, which costs four."""
    gate = GATES.get(name) or power(3)

    def program(gates):
        a, b = sin(Value(1.2)), sin(Value(0.9))
        product = a * b
        for _ in range(gates):
            product = product * gate(*(a, b)[: gate.arity])
        return sin(product)

    one_more = both_ways(program(3))[1] - both_ways(program(2))[1] - 4
    if name in ("power", "maximum", "minimum"):
        assert one_more > 4
    elif name in ("greater", "at least"):
        assert one_more < 4  # nothing flows back, and then the product's way to it is not gone
    else:
        assert one_more == COSTS.get(name, 4)


def test_the_four_is_reached_as_nearly_as_you_like():
    y = Value(1.0)
    for _ in range(100):
        y = y * y
    assert both_ways(y) == (100, 398)


def test_the_operations_of_the_running_example():
    counts = operations(four_four_two()["loss"])
    assert (sum(counts.forward.values()), sum(counts.backward.values())) == (62, 93)


def test_a_graph_that_is_an_input_takes_no_operation():
    assert both_ways(Value(3.0)) == (0, 0)


def test_operations_want_a_value():
    with pytest.raises(TypeError, match=says("output")):
        operations(3.0)


# ------------------------------------------------------------------ products

SIZES = pytest.mark.parametrize("sizes", [(3, 2), (1, 1), (3, 5, 4, 2), (2, 3, 3, 3, 1), (4, 1, 6)])


@SIZES
@pytest.mark.parametrize("examples", [1, 3])
def test_forward_and_backward_multiply_as_often_as_the_formulas_say(ticks, sizes, examples):
    X, Y, parameters = ticking(sizes, examples)
    cache = forward(X, parameters, *REGRESSION[:2])
    assert ticks(lambda: forward(X, parameters, *REGRESSION[:2])) == forward_products(sizes, examples)
    assert ticks(lambda: backpropagation(cache, Y, parameters, *REGRESSION)) == backward_products(sizes, examples)


@SIZES
@pytest.mark.parametrize("examples", [1, 3])
def test_nudging_multiplies_as_often_as_the_formula_says(ticks, sizes, examples):
    X, Y, parameters = ticking(sizes, examples)
    ends = np.cumsum([array.size for array in parameters.values()])[:-1]

    def f(w):
        parts = zip(parameters.items(), np.split(w, ends))
        net = {name: part.reshape(array.shape).view(Ticking) for (name, array), part in parts}
        return cost_of(X, Y, net, *REGRESSION)

    w = np.concatenate([array.view(np.ndarray).ravel() for array in parameters.values()])
    assert ticks(lambda: forward_difference(f, w)) == numerical_products(sizes, examples)
    assert ticks(lambda: central_difference(f, w)) == numerical_products(sizes, examples, central=True)


def test_the_counts_of_the_book():
    assert (forward_products([3, 5, 4, 2]), backward_products([3, 5, 4, 2])) == (43, 71)
    assert numerical_products([3, 5, 4, 2]) == 55 * 43
    assert numerical_products([3, 5, 4, 2], central=True) == 108 * 43
    assert forward_products([784, 512, 512, 10]) == 668_672
    assert backward_products([784, 512, 512, 10]) == 935_936


@given(sizes=shapes, examples=batches)
def test_a_gradient_costs_two_to_three_forward_passes(sizes, examples):
    there, back = forward_products(sizes, examples), backward_products(sizes, examples)
    assert (there + back) / there == pytest.approx(3 - sizes[0] * sizes[1] / forward_products(sizes))
    assert 2 * there <= there + back < 3 * there
    assert (there + back == 2 * there) == (len(sizes) == 2)


# -------------------------------------------------------------------- memory


@given(sizes=shapes, examples=batches)
def test_forward_keeps_as_many_numbers_as_the_formula_says(sizes, examples):
    cache = forward(np.ones((sizes[0], examples)), initialise(sizes, "sigmoid"), "sigmoid", "sigmoid")
    kept = sum(array.size for array in cache.values())
    assert kept == kept_numbers(sizes, examples) == kept_numbers(sizes, examples, every=len(sizes) - 1)
    assert 8 * kept == sum(array.nbytes for array in cache.values())


@given(sizes=shapes, examples=batches, every=st.integers(1, 7))
def test_checkpoints_keep_and_recompute_what_the_formulas_say(sizes, examples, every):
    X, Y = np.ones((sizes[0], examples)), np.full((sizes[-1], examples), 0.5)
    names = ("sigmoid", "sigmoid", "binary_cross_entropy")
    result = checkpointed_gradients(X, Y, initialise(sizes, "sigmoid"), every, *names)
    depth = len(sizes) - 1
    assert result.kept == kept_numbers(sizes, examples, every)
    assert result.recomputed == (math.ceil(depth / every) - 1) * every


@pytest.mark.parametrize("every", range(1, 7))
def test_recomputing_costs_at_most_one_more_forward_pass(ticks, every):
    sizes = (3, 4, 2, 5, 4, 3)
    X, Y, parameters = ticking(sizes, 3)
    taken = ticks(lambda: checkpointed_gradients(X, Y, parameters, every, *REGRESSION))
    last = (5 - 1) // every * every
    again = 3 * sum(below * units for below, units in pairwise(sizes[: last + 1]))
    assert taken == forward_products(sizes, 3) + backward_products(sizes, 3) + again


@pytest.mark.parametrize("every", [1, 4, 16])
def test_the_memory_in_use_peaks_near_the_count(every):
    X, Y, parameters = small(hidden="tanh", sizes=[8] * 65, examples=2000)
    tracemalloc.start()
    result = checkpointed_gradients(X, Y, parameters, every, "tanh")
    peak = tracemalloc.get_traced_memory()[1] / X.nbytes
    tracemalloc.stop()
    segment_gradients = 2 * every - 1
    assert result.kept / X.size + segment_gradients < peak < result.kept / X.size + segment_gradients + 6


@pytest.mark.parametrize("depth", [8, 18, 50, 64, 200])
def test_the_fewest_arrays_are_kept_near_the_square_root_of_half_the_depth(depth):
    kept = {k: kept_numbers([1] * (depth + 1), every=k) for k in range(1, depth + 1)}
    assert all(count <= depth / k + 2 * k + (k == depth) for k, count in kept.items())
    assert all(kept[k] == depth / k + 2 * k for k in kept if depth % k == 0)
    least = min(kept.values())
    root = math.sqrt(depth / 2)
    assert least <= 2 * math.sqrt(2 * depth) + 1
    assert least in (kept[math.floor(root)], kept[math.ceil(root)])


# ----------------------------------------------------------------- gradients


@hiddens
@pairs
@settings(max_examples=10)
@given(data=st.data(), every=st.integers(1, 4))
def test_checkpointed_gradients_are_those_of_backpropagation(hidden, output, loss, data, every):
    X, Y, parameters = data.draw(networks(output, loss, hidden))
    ours = checkpointed_gradients(X, Y, parameters, every, hidden, output, loss).grads
    theirs = gradients(X, Y, parameters, hidden, output, loss)
    assert set(ours) == {f"d{name}" for name in parameters}
    for name, grad in ours.items():
        np.testing.assert_allclose(grad, theirs[name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("every", [1, 2, 3, 4, 5, 9])
@hiddens
def test_checkpointed_gradients_of_a_deep_network(hidden, every):
    X, Y, parameters = small(hidden=hidden, sizes=(3, 5, 4, 6, 2, 5, 3, 4, 4, 2), seed=3)
    ours = checkpointed_gradients(X, Y, parameters, every, hidden).grads
    theirs = gradients(X, Y, parameters, hidden)
    assert len(ours) == len(parameters)
    for name, grad in ours.items():
        assert grad.shape == parameters[name[1:]].shape
        np.testing.assert_allclose(grad, theirs[name], rtol=1e-12, atol=1e-15)


def test_checkpointed_gradients_are_what_nudging_finds():
    X, Y, parameters = small(hidden="tanh", sizes=(3, 5, 4, 3, 2))
    result = checkpointed_gradients(X, Y, parameters, 2, "tanh")
    for name, array in parameters.items():
        verdict = check_gradient(lambda w: cost(forward(X, parameters | {name: w}, "tanh"), Y), array, result.grads[f"d{name}"])
        assert verdict, f"{name}: {verdict}"


def test_a_thousand_layers_and_float32():
    X, Y, parameters = small(hidden="tanh", sizes=[3] * 1000 + [2], examples=2)
    single = {name: array.astype(np.float32) for name, array in parameters.items()}
    result = checkpointed_gradients(X.astype(np.float32), Y.astype(np.float32), single, 22, "tanh")
    assert len(result.grads) == 2000
    assert {grad.dtype for grad in result.grads.values()} == {np.dtype(np.float32)}


def test_the_input_stays_as_it_was():
    X, Y, parameters = small(sizes=(3, 4, 4, 2))
    before = [array.copy() for array in (X, Y, *parameters.values())]
    checkpointed_gradients(X, Y, parameters, 2)
    for array, copy in zip((X, Y, *parameters.values()), before):
        np.testing.assert_array_equal(array, copy)


# -------------------------------------------------------------------- errors

counts = pytest.mark.parametrize("count", [forward_products, backward_products, numerical_products, kept_numbers])


@counts
@pytest.mark.parametrize("sizes", [[3], [], [3, 0], [3, 2.5, 2], [3, -1], [math.nan, 2]])
def test_sizes_must_be_two_or_more_whole_numbers(count, sizes):
    with pytest.raises(ValueError, match=says("sizes")):
        count(sizes)


@counts
@pytest.mark.parametrize("sizes", [5, "3-2", None, ["3", "2"]])
def test_sizes_must_be_a_list_of_numbers(count, sizes):
    with pytest.raises(TypeError, match=says("sizes")):
        count(sizes)


@counts
@pytest.mark.parametrize(("examples", "error"), [(0, ValueError), (1.5, ValueError), ("two", TypeError)])
def test_examples_must_be_a_whole_number(count, examples, error):
    with pytest.raises(error, match=says("examples")):
        count([3, 2], examples)


@counts
def test_sizes_may_come_as_numpy_integers(count):
    assert count(np.array([3, 5, 2]), np.int64(4)) == count([3, 5, 2], 4)
    assert isinstance(count(np.array([3, 5, 2])), int)


@pytest.mark.parametrize(("every", "error"), [(0, ValueError), (2.5, ValueError), (-1, ValueError), (None, TypeError)])
def test_every_must_be_a_whole_number(every, error):
    with pytest.raises(error, match=says("every")):
        checkpointed_gradients(*small(), every)
    if every is not None:
        with pytest.raises(error, match=says("every")):
            kept_numbers([3, 2], every=every)


X, Y, P = small(sizes=(3, 4, 5, 2))


@pytest.mark.parametrize(
    ("argument", "change"),
    [
        ("X", {"X": X[:2]}),
        ("X", {"X": X[:, 0]}),
        ("X", {"X": np.full_like(X, np.nan)}),
        ("X", {"X": [[1, 2], [3]]}),
        ("Y", {"Y": Y[:, :3]}),
        ("Y", {"Y": Y + 1}),
        ("parameters", {"parameters": {"W1": P["W1"]}}),
        ("W3", {"parameters": P | {"W3": P["W3"][:, :3]}}),
        ("b2", {"parameters": P | {"b2": np.zeros(5)}}),
        ("hidden", {"hidden": "step"}),
        ("output", {"output": "relu"}),
        ("loss", {"loss": "hinge"}),
        ("loss", {"output": "identity"}),
    ],
)
@pytest.mark.parametrize("every", [1, 2, 3])
def test_errors_name_the_argument(argument, change, every):
    with pytest.raises(ValueError, match=says(argument)):
        checkpointed_gradients(**{"X": X, "Y": Y, "parameters": P, "every": every} | change)


@pytest.mark.parametrize(
    ("argument", "change"), [("parameters", {"parameters": [1]}), ("X", {"X": "no"}), ("W2", {"parameters": P | {"W2": "no"}})]
)
def test_wrong_types_name_the_argument(argument, change):
    with pytest.raises(TypeError, match=says(argument)):
        checkpointed_gradients(**{"X": X, "Y": Y, "parameters": P, "every": 1} | change)


# ------------------------------------------------------ nudges, many at a time


def plain_loop(X, Y, parameters, hidden, output, loss):
    """One knob after the other, the whole network for each."""
    return {
        f"d{name}": central_difference(lambda w: cost_of(X, Y, parameters | {name: w}, hidden, output, loss), array)
        for name, array in parameters.items()
    }


@pairs
@hiddens
@settings(max_examples=12)
@given(data=st.data())
def test_nudges_at_once_give_what_one_after_the_other_gives(hidden, output, loss, data):
    X, Y, parameters = data.draw(networks(output, loss, hidden))
    slow = plain_loop(X, Y, parameters, hidden, output, loss)
    for memory in 1, 3000, 2**21:
        quick = numerical_gradients(X, Y, parameters, hidden, output, loss, memory=memory)
        assert set(quick) == set(slow)
        for name in slow:
            noise = 1e-9 * (1 + abs(cost_of(X, Y, parameters, hidden, output, loss)))
            np.testing.assert_allclose(quick[name], slow[name], rtol=1e-9, atol=noise)


def test_nudges_at_once_are_the_definition_and_no_derivative():
    """At ε = 1 a difference of costs is far from the derivative, and still the same for both."""
    X, Y, parameters = small(sizes=(3, 4, 4, 2), hidden="tanh")
    quick = numerical_gradients(X, Y, parameters, "tanh", eps=1.0)
    for name, array in parameters.items():
        slow = central_difference(
            lambda w, name=name: cost_of(X, Y, parameters | {name: w}, "tanh", "softmax", "cross_entropy"), array, 1.0
        )
        np.testing.assert_allclose(quick[f"d{name}"], slow, rtol=1e-12, atol=1e-14)
    exact = gradients(X, Y, parameters, "tanh")
    assert np.abs(quick["dW1"] - exact["dW1"]).max() > 0.01


@pytest.mark.parametrize(("sizes", "examples"), [((60, 100, 40), 1), ((64, 128, 10), 16), ((20, 30, 30, 30, 5), 40)])
@pytest.mark.parametrize(("output", "loss"), [("softmax", "cross_entropy"), ("identity", "half_squared_error")])
@pytest.mark.parametrize("memory", [2**19, 2**21, 2**23])
def test_nudges_at_once_stay_within_their_memory(sizes, examples, output, loss, memory):
    X, Y, parameters = small(output, "relu", loss, sizes, examples)
    own = 8 * 8 * (sum(array.size for array in parameters.values()) + (sum(sizes) + 8) * examples)
    tracemalloc.start()
    try:
        numerical_gradients(X, Y, parameters, "relu", output, loss, memory=memory)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= memory + own


def test_bad_arguments_of_the_nudges_are_refused_by_name():
    X, Y, parameters = small()
    for names, argument, error in [
        ({"eps": 0}, "eps", ValueError),
        ({"eps": 1e-30}, "eps", ValueError),
        ({"eps": "small"}, "eps", TypeError),
        ({"memory": 0}, "memory", ValueError),
        ({"memory": None}, "memory", TypeError),
        ({"loss": "hinge"}, "loss", ValueError),
        ({"hidden": "softmax"}, "hidden", ValueError),
        ({"X": X[:2]}, "X", ValueError),
        ({"Y": Y[:, :2]}, "Y", ValueError),
        ({"Y": Y * 3}, "Y", ValueError),
        ({"parameters": None}, "parameters", TypeError),
    ]:
        with pytest.raises(error, match=says(argument)):
            numerical_gradients(**{"X": X, "Y": Y, "parameters": parameters} | names)


def overflowing():
    """(X, Y, parameters) of a regression whose outputs are too large to be squared."""
    parameters = initialise([3, 4, 2], "identity", seed=1)
    return np.full((3, 2), 1e150), np.ones((2, 2)), {**parameters, "W2": parameters["W2"] * 1e10}


@pytest.mark.parametrize("call", [
    lambda X, Y, p: numerical_gradients(X, Y, p, "identity", "identity", "squared_error"),
    lambda X, Y, p: numerical_gradients(X * 1e150, Y, p, "identity", "identity", "squared_error"),
    lambda X, Y, p: checkpointed_gradients(X * 1e150, Y, p, 1, "identity", "identity", "squared_error"),
    lambda X, Y, p: checkpointed_gradients(X, Y, {**p, "W2": p["W2"] * 1e20}, 1, "identity", "identity", "squared_error"),
    lambda X, Y, p: checkpointed_gradients(X, Y * 1.7e308, p, 1, "identity", "identity", "squared_error"),
])  # fmt: skip
def test_what_overflows_is_refused_without_a_warning(call):
    with warnings.catch_warnings(), pytest.raises(ValueError, match=r"^\w+: expected .*, got an overflow"):
        warnings.simplefilter("error")
        call(*overflowing())


def test_both_sides_are_a_flag():
    for bad in None, 1, "yes":
        with pytest.raises(TypeError, match=says("central")):
            numerical_products([3, 2], central=bad)
