import copy
import inspect
import itertools
import json
import math
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import ipywidgets
import nbclient
import numpy as np
import pytest
import traitlets
from explorers import EXPLORERS, logarithm, neuron, three_paths
from helpers import build, expressions, numbers, says
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from ipywidgets import DOMWidget
from nbformat.v4 import new_code_cell, new_notebook

import bpcourse.explore
from bpcourse import codegen, examples, figures, graph, layers, network, numeric
from bpcourse.beyond import bill
from bpcourse.explore import (
    Bill,
    Circuit,
    Derivatives,
    DifferenceStep,
    Hill,
    Machines,
    Names,
    Network,
    OneLogit,
    OneWeight,
    Product,
    Recurrence,
    VCurve,
    Xor,
    controls,
    derivatives,
    formula,
    names,
    product,
    v_curve,
    xor,
)
from bpcourse.graph import Value, evaluate, gradient, topological_order
from bpcourse.pictures import svg

SCRIPTS = Path(bpcourse.explore.__file__).parent
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs a JavaScript engine: node")


each = pytest.mark.parametrize("make", EXPLORERS.values(), ids=EXPLORERS)


def run_in_node(*script: str):
    """What the last expression gives, through JSON."""
    *before, last = script
    text = "\n".join([*before, f"console.log(JSON.stringify({last}))"])
    return json.loads(subprocess.run(["node", "-"], input=text, capture_output=True, text=True, check=True).stdout)


def in_javascript(values) -> str:
    return f"[{', '.join(map(repr, values))}]".replace("nan", "NaN").replace("inf", "Infinity")


def close(a, b, rtol=1e-12):
    return math.isclose(a, b, rel_tol=rtol, abs_tol=rtol)


def same(a, b, rtol=1e-12):
    return set(a) == set(b) and all(close(a[name], b[name], rtol) for name in a)


def moved(explorer, by=0.1):
    """Its inputs, moved; layers, units and machines by whole numbers."""
    return {name: x + (math.ceil(by) if isinstance(explorer, Bill | Machines) else by) for name, x in explorer.inputs.items()}


# The traits follow each other.


@pytest.mark.parametrize("make", [examples.add_then_multiply, examples.sigmoid_neuron, examples.three_sigmoids])
def test_a_circuit_follows_as_its_graph_evaluates_and_runs_backward(make):
    v, rng = make(), np.random.default_rng(0)
    explorer = Circuit(v)
    nodes = {node.name: node for node in topological_order(v) if node.name}
    for _ in range(5):
        explorer.inputs = {name: x + rng.normal() for name, x in explorer.inputs.items()}
        point = {nodes[name]: x for name, x in explorer.inputs.items()}
        assert same(explorer.values, {name: evaluate(node, point) for name, node in nodes.items()})
        slopes = gradient(v, [nodes[name] for name in explorer.inputs])
        assert same(explorer.gradients, dict(zip(explorer.inputs, (evaluate(slope, point) for slope in slopes))))


@given(expressions(most=5), st.data())
def test_any_circuit_agrees_with_a_graph_built_at_the_new_point(expression, data):
    recipe, point = expression
    old, new = ([Value(x, f"x{i}") for i, x in enumerate(at)] for at in (point, [data.draw(numbers) for _ in point]))
    start, output = build(recipe, old), build(recipe, new).named("f")
    assume(all(abs(node.value) < 1e6 for v in (start, output) for node in topological_order(v)))
    inputs = [x for x in old if x in topological_order(start)]
    assume(inputs)
    output.backward()
    explorer = Circuit(start.named("f"))
    assert same(explorer.inputs, {x.name: x.value for x in inputs})
    explorer.inputs = {x.name: x.value for x in new if x.name in explorer.inputs}
    assert same(explorer.values, {**explorer.inputs, "f": output.value})
    assert same(explorer.gradients, {x.name: x.grad for x in new if x.name in explorer.inputs})


def test_a_circuit_can_leave_inputs_without_a_slider():
    v = examples.sigmoid_neuron()
    weights = [node for node in topological_order(v) if node.name in ("w1", "w2")]
    explorer = Circuit(v, inputs=weights)
    v.backward()
    assert explorer.inputs == explorer.inputs | {"w1": 2.0, "w2": -3.0}
    assert same(explorer.gradients, {w.name: w.grad for w in weights})
    assert explorer.values["x1"] == -1.0


def test_a_circuit_leaves_its_graph_as_it_is():
    v = examples.three_sigmoids()
    v.backward()
    told = [(id(node), node.value, node.grad, node.name, node.inputs) for node in topological_order(v)]
    explorer = Circuit(v)
    explorer.inputs = {name: x + 1 for name, x in explorer.inputs.items()}
    assert told == [(id(node), node.value, node.grad, node.name, node.inputs) for node in topological_order(v)]


@pytest.mark.parametrize("in_turn", [False, True])
def test_the_product_s_methods_move_as_source_002_does(in_turn):
    explorer = Product(a=-4, b=-3, h=0.01)
    explorer.inputs, explorer.seed, explorer.eps, explorer.in_turn = {"a": 2.5, "b": -1.5}, 7, 0.2, in_turn
    a, b, h, eps = 2.5, -1.5, 0.01, 0.2
    u, v = np.random.default_rng(7).random(2).round(6)
    analytical = a + h * b
    numerical = a + h * ((a + eps) * b - a * b) / eps
    moved = {
        "random": (a + h * u) * (b + h * v),
        "numerical": numerical * (b + h * (numerical if in_turn else a)),
        "analytical": analytical * (b + h * (analytical if in_turn else a)),
    }
    assert same(explorer.values, {"f": a * b, **moved})
    assert same(explorer.gradients, {"a": b, "b": a})


def test_the_product_s_derivatives_in_turn_give_what_source_002_prints():
    explorer = Product(a=-4, b=-3, h=0.01)
    explorer.in_turn = True
    assert svg.fixed(explorer.values["analytical"], 3).strip() == str(examples.PRODUCT_PRINTED["derivatives from (-4, -3)"])


def test_every_seed_draws_its_own_nudge_from_the_square():
    draws = [product.random_nudges(seed) for seed in range(product.DRAWS)]
    assert len(set(draws)) == product.DRAWS
    assert all(0 <= x < 1 for draw in draws for x in draw)


def test_one_weight_has_its_slope_before_the_nudge_and_its_values_after():
    explorer = OneWeight(w=1.5, eps=0.25)
    assert explorer.gradients == {"w": 4 * (2 * 1.5 - 5)}
    assert explorer.values == {"w": 1.75, "prediction": 3.5, "error": -1.5, "loss": 2.25}
    explorer.inputs = {"w": 2.5}
    explorer.eps = 0.0
    assert explorer.values["loss"] == explorer.gradients["w"] == 0.0


def test_a_hill_has_the_slope_of_its_curve():
    explorer = Hill()
    for x in (-0.5, 0.5, 2.0, 4.0):
        explorer.inputs = {"x": x}
        assert same(explorer.values, {"x": x, "f": 3 - 0.5 * (x - 2) ** 2})
        assert same(explorer.gradients, {"x": 2 - x})


def test_the_difference_quotients_are_those_of_the_numeric_module():
    def f(x):
        return math.exp(x[0] ** 2)

    explorer = DifferenceStep()
    for eps in (1e-1, 1e-3, 1e-5):
        explorer.inputs, explorer.eps = {"x": 0.9}, eps
        quotients = {
            "forward": numeric.forward_difference(f, [0.9], eps)[0],
            "central": numeric.central_difference(f, [0.9], eps)[0],
        }
        assert same(explorer.values, {"f": math.exp(0.81), **quotients}, rtol=1e-9)
    assert same(explorer.gradients, {"x": 1.8 * math.exp(0.81)})


def test_in_float32_every_number_of_the_quotient_is_a_float32():
    def f(x):
        return np.exp(x * x, dtype=np.float32)

    explorer = DifferenceStep()
    explorer.precision = "float32"
    for exponent in (-1, -2, -3, -5):
        explorer.eps = 10.0**exponent
        x, eps = np.float32(0.7), np.float32(10.0**exponent)
        assert close(explorer.values["forward"], float((f(x + eps) - f(x)) / eps), rtol=1e-4 / explorer.eps * 1e-3)
        assert all(float(np.float32(explorer.values[key])) == explorer.values[key] for key in ("forward", "central"))


def test_the_bill_is_that_of_the_package():
    """Whose counts are measured on the matrices, in test_costs."""
    explorer = Bill()
    for depth in range(1, 13):
        for units in (1, 2, 5, 99, 1000):
            explorer.inputs = {"layers": depth, "units": units}
            sizes = [units] * (depth + 1)
            there, back, nudging = bill.forward_products(sizes), bill.backward_products(sizes), bill.numerical_products(sizes)
            assert explorer.values == {
                "weights": there, "knobs": nudging // there - 1, "backpropagation": there + back, "nudging": nudging,
                "ratio": nudging / (there + back),
            }  # fmt: skip


@needs_node
def test_the_bill_is_the_same_in_javascript():
    explorer, sizes = Bill(), [(depth, units) for depth in (1, 3, 12) for units in (1, 7, 100, 1000)]
    for (depth, units), row in zip(sizes, run_in_node(explorer._code, f"{json.dumps(sizes)}.map((s) => table(...s))")):
        explorer.inputs = {"layers": depth, "units": units}
        assert row == list(explorer.values.values())


def test_many_machines_take_the_time_that_the_chapter_counts():
    """Message by message: 2(n − 1) of them, each an n-th of the gradient; the slopes by nudging."""
    explorer = Machines(speed=2e9)
    for n, m, weights, bandwidth, latency in ((1, 256, 1e6, 1e9, 1e-5), (4, 1e3, 5e5, 1e8, 1e-3), (1000, 64, 1e9, 1e11, 1e-6)):
        explorer.inputs = {"machines": n, "examples": m, "weights": weights, "bandwidth": bandwidth, "latency": latency}
        alone = 3 * m * weights / 2e9
        sending = sum(latency + 4 * weights / n / bandwidth for _ in range(2 * (n - 1)))
        told = {"alone": alone, "computing": alone / n, "sending": sending, "speedup": alone / (alone / n + sending)}
        assert same(explorer.values, told | {"limit": m / (8 * 2e9 / (3 * bandwidth))})
        for name in ("examples", "weights", "bandwidth", "latency"):
            now = explorer.inputs
            ends = [explorer.follow(now | {name: now[name] * (1 + e)})[0]["speedup"] for e in (1e-6, -1e-6)]
            slope = explorer.gradients[name] * now[name]  # of the speed-up, by the number's relative change
            assert math.isclose((ends[0] - ends[1]) / 2e-6, slope, rel_tol=1e-5, abs_tol=1e-6 * told["speedup"])


@pytest.mark.parametrize("examples", [2, 256])
def test_without_latency_the_speed_up_goes_from_one_towards_its_limit(examples):
    """Up to it where examples are many, down to it where they are few: it is no upper bound there."""
    found = [Machines(n, examples, latency=1e-15).values["speedup"] for n in (1, 2, 8, 64, 1000)]
    limit = Machines(1, examples).values["limit"]
    assert found[0] == 1 and found == sorted(found, reverse=limit < 1)
    assert min(1, limit) < found[-1] < max(1, limit)
    assert math.isclose(found[-1], limit, rel_tol=0.02)


@needs_node
def test_many_machines_take_the_same_time_in_javascript():
    explorer, points = Machines(), [(1, 256, 1e6, 1e9, 1e-5), (7, 1e4, 3e7, 1e10, 1e-3)]
    for point, row in zip(points, run_in_node(explorer._code, f"{json.dumps(points)}.map((p) => table(...p))")):
        explorer.inputs = dict(zip(explorer.inputs, point))
        assert row == list(explorer.values.values())


def powers_of(place):
    """e^(e^(x²)) and its derivatives by hand: with h = e^(x²), y′ = 2xhy, and each factor's own derivative."""
    h, y = math.exp(place**2), math.exp(math.exp(place**2))
    second = 2 * h * y * (1 + 2 * place**2 * (1 + h))
    return [y, 2 * place * h * y, second]


def test_the_derivatives_are_those_of_the_chapter():
    explorer = Derivatives()
    for place in (0.7, -0.3):
        explorer.inputs = {"x": place}
        assert all(close(x, y) for x, y in zip(explorer.values.values(), powers_of(place)))
        assert explorer.gradients == {"x": explorer.values["f′"]}
        for order in 1, 2, 3:
            assert close(explorer.nudged(order), list(explorer.values.values())[order], rtol=1e-7)


def test_the_gates_counted_are_those_that_are_drawn():
    """All gates of each derivative, as `count_gates` has them, cleaned as `simplified` does."""
    x = Value(0.7, "x")
    functions = {"tower": graph.exp(graph.exp(graph.square(x))), "wave": graph.sin(graph.square(x)), "cube": x**3}
    explorer = Derivatives(functions)
    for explorer.function, v in functions.items():
        for explorer.clean in False, True:
            v_, counts = v, []
            for order in range(4):
                counts.append(codegen.count_gates(codegen.simplified(v_) if explorer.clean else v_))
                layout = explorer._layouts[explorer.function][explorer.clean]
                assert derivatives.drawn(layout, order, 0).count('r="13"') == counts[-1]
                (v_,) = gradient(v_, [x])
            assert explorer.gates == counts


def test_no_gate_lies_on_another_and_no_wire_passes_through_one():
    for layout in itertools.chain(*Derivatives()._layouts.values()):
        columns = {}
        for _, column, height, _, _ in layout.nodes:
            columns.setdefault(column, []).append((height, 13))
        for source, target, _, lanes in layout.wires:
            begun = layout.nodes[source][1] + 1
            assert begun + len(lanes) == layout.nodes[target][1]
            for column, height in enumerate(lanes, start=begun):
                columns.setdefault(column, []).append((height, 0))
        for standing in columns.values():
            for (upper, above), (lower, below) in itertools.pairwise(sorted(standing)):
                assert lower - upper > above + below


@needs_node
def test_a_graph_is_drawn_and_told_the_same_in_javascript():
    x = Value(2, "<&x>\"'")
    for explorer in Derivatives(), Derivatives({"f": graph.maximum(x, 1) * x - x**0.5}, span=(1, 3)):
        drawn = run_in_node(
            explorer._code,
            "SPEC.layouts.map((pair) => pair.map((one) => [0, 1, 2, 3].map((k) => [drawn(one, k), inWords(one, k)])))",
        )
        expected = [
            [[[derivatives.drawn(one, k, explorer._middle), derivatives.in_words(one, k)] for k in range(4)] for one in pair]
            for pair in explorer._layouts.values()
        ]
        assert drawn == expected


FORMULAS = {
    "2x^3 - 1/(1 + x^2)": lambda x: 2 * x**3 - 1 / (1 + x**2),
    "-x^2": lambda x: -(x**2),
    "2^-x^2": lambda x: 2 ** -(x**2),
    "e^(2x) · cos(πx)": lambda x: math.exp(2 * x) * math.cos(math.pi * x),
    "log(1+x)(x-1)": lambda x: math.log(1 + x) * (x - 1),
    "1e1x − 3,5/x/2": lambda x: 10 * x - 3.5 / x / 2,
    "sqrt(x)**3 + x^0.5": lambda x: math.sqrt(x) ** 3 + x**0.5,
    "relu(sin(x) - tanh(x)) × 3x": lambda x: max(math.sin(x) - math.tanh(x), 0) * 3 * x,
    "8÷2x": lambda x: 8 / 2 * x,
    "e sigmoid(x) - x^-2": lambda x: math.e / (1 + math.exp(-x)) - x**-2,
}


@pytest.mark.parametrize("typed", FORMULAS)
def test_a_formula_is_read_as_it_is_written(typed):
    f = FORMULAS[typed]
    for place in (0.5, 0.75, 2.0):
        x = Value(place, "x")
        assert close(formula.as_graph(typed, x).value, f(place))
    slope = numeric.central_difference(lambda x: f(float(x)), 0.75)
    assert close(VCurve(typed).gradients["x"], slope, rtol=1e-7)


WRONG_FORMULAS = {
    "": "a number, a bracket, x, e, pi or one of exp, .* got the end",
    "x +": "got the end",
    "foo(x)": "got foo",
    "sin x": "a bracket after sin, got x",
    "(x": "a bracket that closes, got the end",
    "x)": r"a sign between two numbers, got \)",
    "x 2": "a sign between two numbers, got 2",
    "x = 1": "a sign between two numbers, got =",
    "1e999x": "a number, got 1e999",
    "x.": "a sign between two numbers",
    "e + pi": "an x in it, got none",
    "__import__": "got _",
    "x" * 61: "at most 60 characters, got 61",
}


@pytest.mark.parametrize("typed", WRONG_FORMULAS)
def test_a_formula_that_cannot_be_read_is_refused_and_the_old_one_kept(typed):
    explorer = VCurve()
    with pytest.raises(ValueError, match=f"^formula: expected .*{WRONG_FORMULAS[typed]}"):
        explorer.formula = typed
    with pytest.raises(ValueError, match=r"^formula: expected"):
        VCurve(typed)
    assert explorer.formula == "e^x" and close(explorer.values["f"], math.exp(0.75))


def read(typed):
    try:
        return formula.postfix(typed)
    except ValueError as error:
        return str(error).removeprefix("formula: ")


@needs_node
def test_a_formula_is_read_and_computed_the_same_in_javascript():
    """Thousands of texts, most of them wrong: the same steps or the same words; what is read has Python's three derivatives."""
    rng, pieces = (
        np.random.default_rng(0),
        [*"xx23()+-*/^ .,−×·÷πé=", "e", "pi", "sin", "exp(", "log(", "relu(", "**", "1e3", "0.5"],
    )
    typed = ["".join(rng.choice(pieces, rng.integers(1, 9))) for _ in range(4000)]
    typed += [*FORMULAS, *WRONG_FORMULAS, *v_curve.MENU]
    attempt = "(t) => { try { return postfix(t); } catch (words) { return words; } }"
    explorer = VCurve()
    assert run_in_node(explorer._code, f"{json.dumps(typed)}.map({attempt})") == [read(one) for one in typed]
    good = [one for one in typed if isinstance(read(one), list)]
    places, compared = (0.75, -0.5), 0
    found = run_in_node(explorer._code, f"{json.dumps(good)}.map((t) => {json.dumps(places)}.map((x) => series(postfix(t), x)))")
    for one, rows in zip(good, found, strict=True):
        for place, row in zip(places, rows):
            x = Value(place, "x")
            try:
                expected = [v.value for v in derivatives.orders(formula.as_graph(one, x), x)]
            except ValueError:
                assert None in row, (one, place)  # JSON's NaN
                continue
            assert all(close(a, b, rtol=1e-9 * max(1, abs(a))) for a, b in zip(row, expected, strict=True)), (one, place)
            compared += 1
    assert compared > 100


def test_the_quotients_of_a_formula_are_those_of_the_numeric_module_and_their_parts_those_of_the_chapter():
    explorer, u = VCurve("sin(10x)"), 2.0**-53
    for explorer.halvings in (4, 12, 20):
        eps, x = 2.0**-explorer.halvings, 0.75
        found = explorer.quotients()
        for kind, difference in ("forward", numeric.forward_difference), ("central", numeric.central_difference):
            assert explorer.values[kind] == found[kind].value
            assert close(found[kind].value, difference(lambda x: math.sin(10 * float(x)), x, eps), rtol=1e-15 / eps)
        size, second, third = abs(math.sin(7.5)), 100 * abs(math.sin(7.5)), 1000 * abs(math.cos(7.5))
        parts = {
            "forward": (second / 2 * eps, 2 * u * size / eps, 2 * math.sqrt(u * size / second)),
            "central": (third / 6 * eps**2, u * size / eps, (3 * u * size / third) ** (1 / 3)),
        }
        for kind, expected in parts.items():
            assert all(close(a, b) for a, b in zip(found[kind][2:], expected)), kind


def test_the_error_is_what_is_cut_off_or_within_the_rounding():
    """On the right branch the part that is cut off, on the left one at most a few times the rounding."""
    explorer = VCurve()
    for explorer.formula in ("e^x", "sin(10x)", "1000 + e^x"):
        for explorer.halvings in range(1, 49):
            for kind, q in explorer.quotients().items():
                if explorer.halvings >= 8:
                    assert q.error <= 1.1 * q.cut + 3 * q.rounding, (explorer.formula, explorer.halvings, kind)
                if q.cut > 100 * q.rounding and explorer.halvings >= 8:
                    assert q.error > 0.9 * q.cut


def parameters_of(explorer, like):
    """The explorer's inputs as the network's matrices."""
    shaped = {}
    for name, matrix in like.items():
        letter, layer = name[0].lower(), name[1:]
        indices = [(j, k) if letter == "w" else (j,) for j, k in np.ndindex(np.shape(matrix))]
        numbers_ = [explorer.inputs[f"{letter}_{layer}{''.join(str(i + 1) for i in index)}"] for index in indices]
        shaped[name] = np.reshape(numbers_, np.shape(matrix))
    return shaped


def expected_of_a_network(explorer, like, x, y, output):
    parameters = parameters_of(explorer, like)
    cache = network.forward(np.reshape(x, (-1, 1)), parameters, "sigmoid", output)
    Y = np.reshape(y, (-1, 1))
    grads = network.backpropagation(cache, Y, parameters, "sigmoid", output, explorer.loss)
    slopes = {}
    for name in explorer.inputs:
        layer, *indices = (int(i) for i in name[2:])
        slopes[name] = grads[f"d{name[0].upper() if name[0] == 'w' else 'b'}{layer}"][tuple(np.array(indices) - 1)].item()
    return network.cost(cache, Y, explorer.loss), cache, slopes


CASES = {
    "4-4-2": (
        lambda loss: Network(losses=["squared_error", loss]),
        (examples.FOUR_FOUR_TWO, examples.FOUR_FOUR_TWO_X, examples.FOUR_FOUR_TWO_Y, "softmax"),
    ),
    "2-2-3-1": (three_paths, (examples.THREE_PATHS, [1, 2], [1], "sigmoid")),
}


@pytest.mark.parametrize("loss", ["squared_error", "half_squared_error", "binary_cross_entropy", "cross_entropy"])
@pytest.mark.parametrize("case", CASES)
def test_a_network_follows_as_forward_and_backpropagation_do(case, loss):
    if (case, loss) == ("2-2-3-1", "cross_entropy"):
        pytest.skip("one sigmoid unit has no columns of probabilities")
    make, about = CASES[case]
    explorer, rng = make(loss), np.random.default_rng(0)
    explorer.loss = loss
    for _ in range(3):
        explorer.inputs = {name: rng.normal() for name in explorer.inputs}
        cost, cache, slopes = expected_of_a_network(explorer, *about)
        assert close(explorer.values["loss"], cost, rtol=1e-9)
        assert same(explorer.gradients, slopes, rtol=1e-9)
        assert all(close(explorer.values[f"a_1{j}"], a) for j, (a,) in enumerate(cache["A1"], start=1))
        assert all(close(explorer.values[f"z_1{j}"], z) for j, (z,) in enumerate(cache["Z1"], start=1))


def test_source_003_s_derivative_leaves_the_gradients_right():
    explorer = Network()
    right = explorer.gradients
    explorer.as_source_003 = True
    assert explorer.gradients == right


def test_names_lead_to_the_entry_they_name():
    """What our code and the libraries call a weight, asked of numpy: row and column as PyTorch and as Keras store them."""
    explorer = Names()
    assert len(explorer.inputs) == 24
    for weight, w in explorer.inputs.items():
        told = dict(zip(names.NOTATIONS, names.called(weight), strict=True))
        ours, matrix = told["its code"].split(", ", 1)
        arrays = {name: examples.FOUR_FOUR_TWO[name] for name in ("W1", "W2")}
        assert ours == weight and eval(matrix, arrays) == w
        layer = told["PyTorch"][-1]
        stored = {"weight": arrays[f"W{layer}"], "kernel": arrays[f"W{layer}"].T}
        assert all(eval(told[library].split(" of ")[0], stored) == w for library in ("PyTorch", "Keras and Flax"))
        assert told["this book"] == told["Gupta"] == svg.pretty(weight)


def test_the_values_of_names_are_those_of_the_forward_pass():
    explorer, rng = Names(), np.random.default_rng(0)
    explorer.inputs = {name: rng.normal() for name in explorer.inputs}
    parameters = parameters_of(explorer, {"W1": np.zeros((4, 4)), "W2": np.zeros((2, 4))})
    biases = {name: examples.FOUR_FOUR_TWO[name] for name in ("b1", "b2")}
    cache = network.forward(examples.FOUR_FOUR_TWO_X.reshape(-1, 1), parameters | biases, "sigmoid", "softmax")
    arrays = {"z_1": cache["Z1"], "a_1": cache["A1"], "z_2": cache["Z2"]}
    assert same(explorer.values, {f"{name}{j}": float(x) for name, A in arrays.items() for j, x in enumerate(A[:, 0], start=1)})
    assert all(close(slope, cache[f"A{int(name[2]) - 1}"][int(name[4]) - 1, 0]) for name, slope in explorer.gradients.items())


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("output", ["identity", "sigmoid", "softmax"])
def test_one_logit_follows_as_the_layers_do(output, label):
    units = 3 if output == "softmax" else 1
    explorer, y = OneLogit(output=output, label=label), np.array([[label], [1 - label], [0]])[:units]

    def lost(Z, loss):
        if loss == "cross_entropy":  # the labels of one unit are no column that sums to 1, which `losses` asks for
            return -(y * layers.log_probabilities(Z, output)).sum()
        return layers.losses(y, Z, loss, output)[0]

    for z in (-7.5, -1.0, 0.0, 3.0, 8.0):
        explorer.inputs = {"z": z}
        Z = np.array([[z], [0.0], [0.0]])[:units]
        A = layers.OUTPUTS[output](Z)
        pairs = ["half_squared_error"] + ["binary_cross_entropy", "cross_entropy"] * (output != "identity")
        wanted = {loss: lost(Z, loss) for loss in pairs}
        slope = 1.0 if output == "identity" else A[0, 0] * (1 - A[0, 0])
        assert same(explorer.values, {"y_hat": A[0, 0], "slope": slope, **wanted}, rtol=1e-9)
        assert close(explorer.gradients["z"], A[0, 0] - label, rtol=1e-9)
        for loss in wanted:
            nudged = numeric.central_difference(lambda Z: lost(Z, loss), Z)[0, 0]
            assert math.isclose(explorer._at(loss, z)[2], nudged, rel_tol=1e-6, abs_tol=1e-8)


# At a rate of 3 the start of seed 0 overshoots so often that the last bit of a number grows to 1e-8.
@pytest.mark.parametrize("start, rate", [("twins", 1.0), ("twins", 3.0), (0, 0.5), (0, 1.0), (3, 3.0)])
def test_xor_learns_as_train_does(start, rate):
    parameters = xor._TWINS if start == "twins" else network.initialise([2, 2, 1], "tanh", start)
    kinds = {"hidden": "tanh", "output": "sigmoid", "loss": "binary_cross_entropy"}
    explorer = Xor(parameters, learning_rate=rate)
    told = network.train(
        parameters, examples.XOR_X, examples.XOR_Y, **kinds, learning_rate=rate, epochs=xor.EPOCHS, progress=False
    )
    assert np.allclose([epoch.cost for epoch in explorer.history()], told.history["cost"], rtol=1e-12, atol=1e-12)
    cache = network.forward(examples.XOR_X, told.parameters, "tanh", "sigmoid")
    grads = network.backpropagation(cache, examples.XOR_Y, told.parameters, **kinds)
    slopes = [grads["dW1"][0, 0], grads["dW2"][0, 1], grads["db1"][1, 0]]
    assert np.allclose([explorer.gradients[name] for name in ("w_111", "w_212", "b_12")], slopes, rtol=1e-9, atol=1e-12)
    assert np.allclose([explorer.values[label] for label in xor._LABELS], cache["A2"][0], rtol=1e-11)


def test_twins_stay_twins_to_the_last_bit_and_never_pass_their_floor():
    explorer = Xor()
    assert explorer.values["apart"] == 0 and all(epoch.cost > xor.FLOOR for epoch in explorer.history())
    explorer.inputs = {**explorer.inputs, "w_121": 0.8}
    assert explorer.values["apart"] > 1 and explorer.values["cost"] < 0.02


def test_the_starts_of_xor_are_those_of_initialise():
    (spec,) = re.findall(r"^const SPEC = JSON.parse\('(.*)'\);$", Xor()._code, re.M)
    for seed, start in enumerate(json.loads(spec)["starts"]):
        parameters = network.initialise([2, 2, 1], "tanh", seed)
        assert [start["w_111"], start["w_112"], start["w_121"]] == parameters["W1"].ravel()[:3].round(6).tolist()


# The traits as ipywidgets have them.


@each
def test_observers_hear_of_inputs_values_and_gradients_once(make):
    explorer, heard = make(), []
    explorer.observe(lambda change: heard.append(change["name"]), ["inputs", "values", "gradients"])
    explorer.inputs = moved(explorer)
    assert sorted(heard) == ["gradients", "inputs", "values"]


@each
def test_an_observer_of_gradients_finds_all_traits_at_the_new_point(make):
    explorer, seen = make(), []
    explorer.observe(lambda change: seen.append((explorer.inputs, explorer.follow(explorer.inputs))), "gradients")
    explorer.inputs = moved(explorer)
    ((inputs, (values, gradients)),) = seen
    assert inputs == explorer.inputs and values == explorer.values and gradients == explorer.gradients


@pytest.mark.parametrize(
    "make, trait, value",
    [
        (Product, "h", 0.5),
        (Product, "seed", 3),
        (Product, "in_turn", True),
        (DifferenceStep, "eps", 0.1),
        (DifferenceStep, "precision", "float32"),
        (Derivatives, "function", "sin x"),
        (VCurve, "formula", "x^2"),
        (VCurve, "halvings", 3),
        (Network, "loss", "cross_entropy"),
        (OneLogit, "output", "softmax"),
        (OneLogit, "label", 1),
        (Xor, "learning_rate", 0.5),
        (Xor, "epoch", 7),
    ],
)
def test_values_follow_the_other_traits(make, trait, value):
    explorer = make()
    before = dict(explorer.values)
    explorer.set_trait(trait, value)
    assert explorer.values != before
    assert explorer.values == explorer.follow(explorer.inputs)[0]


@each
@pytest.mark.parametrize("trait", ["values", "gradients"])
def test_what_follows_is_read_only(make, trait):
    explorer = make()
    before = dict(getattr(explorer, trait))
    with pytest.raises(traitlets.TraitError, match=trait):
        setattr(explorer, trait, {})
    assert getattr(explorer, trait) == before


@each
def test_an_explorer_stands_in_a_box_with_other_widgets(make):
    explorer = make()
    assert isinstance(explorer, ipywidgets.DOMWidget)
    slider = ipywidgets.FloatSlider()
    assert ipywidgets.VBox([explorer, slider]).children == (explorer, slider)


@each
def test_two_explorers_can_be_linked(make):
    first, second = make(), make()
    ipywidgets.link((first, "inputs"), (second, "inputs"))
    first.inputs = moved(first, 0.25)
    assert second.inputs == first.inputs and second.gradients == first.gradients
    second.inputs = moved(second, -0.5)
    assert first.inputs == second.inputs and first.values == second.values


def test_one_input_can_be_linked_to_a_slider():
    explorer, slider = Hill(), ipywidgets.FloatSlider(min=-1, max=5, value=0)
    there_and_back = lambda inputs: inputs["x"], lambda x: {**explorer.inputs, "x": x}
    traitlets.link((explorer, "inputs"), (slider, "value"), transform=there_and_back)
    assert slider.value == 0.5
    slider.value = 3
    assert explorer.inputs == {"x": 3.0} and explorer.gradients == {"x": -1.0}
    explorer.inputs = {"x": 1.25}
    assert slider.value == 1.25


def test_numpy_numbers_and_whole_numbers_become_floats():
    explorer = Product()
    explorer.inputs = {"a": np.float32(1.5), "b": 2}
    assert explorer.inputs == {"a": 1.5, "b": 2.0}
    assert all(type(x) is float for x in [*explorer.inputs.values(), *explorer.values.values()])


# What a notebook and a page get.


@each
def test_an_explorer_prints_the_same_every_time(make):
    assert repr(make()) == repr(make())
    assert re.fullmatch(r"<explorer: [\w ,-]+>", repr(make()))
    assert not re.search(r"0x|\d{6}", repr(make()))


@each
def test_a_notebook_gets_the_widget_a_page_and_a_text(make):
    explorer = make()
    data, _ = explorer._repr_mimebundle_()
    view = data["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == explorer.model_id
    assert data["text/plain"] == repr(explorer)
    assert data["text/html"] == explorer.html()


@each
def test_a_page_gets_the_explorer_as_it_was_made(make):
    explorer = make()
    html = explorer.html()
    explorer.inputs = moved(explorer)
    assert explorer.html() == html


@each
def test_a_page_needs_no_network_and_no_eval(make):
    html = make().html()
    assert "://" not in html
    assert not re.search(r"\b(eval|Function|import|fetch|XMLHttpRequest)\b|@import|url\(|\bsrc=", html)


@each
def test_a_page_has_one_script_and_closes_it_once(make):
    explorer = make()
    html = explorer.html().lower()
    assert html.count("<script") == html.count("</script") == 1
    assert "</script" not in explorer._code.lower()


@each
def test_an_explorer_is_at_most_45_000_bytes(make):
    assert len(make().html().encode()) <= 45_000


def compile_errors(explorers) -> list[str]:
    """What an engine says of each explorer's module, in strict mode as modules are; nothing where it compiles."""
    modules = ["'use strict';" + explorer._esm.replace("export default", "return") for explorer in explorers]
    attempt = "(code) => { try { new Function(code); return ''; } catch (error) { return error.message; } }"
    return run_in_node(f"{json.dumps(modules)}.map({attempt})")


@needs_node
def test_every_module_compiles():
    assert compile_errors([make() for make in EXPLORERS.values()]) == [""] * len(EXPLORERS)


@needs_node
def test_any_name_of_an_input_gives_a_module_that_compiles():
    names = ["w_1", "ŷ", "x,y", "Infinity", "eval", "arguments", "debugger", "enum", "extends", "instanceof"]
    names += ["implements", "interface", "package", "private", "protected", "public", "static"]
    errors = compile_errors([Circuit(Value(1, name) * 2) for name in names])
    assert {name: error for name, error in zip(names, errors, strict=True) if error} == {}


@each
def test_a_front_end_hears_of_an_explorer_with_its_script(make, monkeypatch):
    opened, real = [], ipywidgets.Widget.open
    monkeypatch.setattr(ipywidgets.Widget, "open", lambda widget: (opened.append(widget.get_state()), real(widget)))
    explorer = make()
    (state,) = (state for state in opened if "_esm" in state)
    assert state["_esm"] == explorer._esm and "export default" in state["_esm"]
    assert state["_html"] == explorer._html and state["inputs"] == explorer.inputs


def test_another_process_makes_the_same_pages():
    print_all = "import explorers; print(*(make().html() for make in explorers.EXPLORERS.values()), sep='\\n')"
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "1", "PYTHONIOENCODING": "utf-8"}
    printed = subprocess.check_output([sys.executable, "-P", "-c", print_all], env=environment, encoding="utf-8")
    assert printed == "\n".join(make().html() for make in EXPLORERS.values()) + "\n"


@pytest.mark.parametrize("make", [lambda v: Circuit(v.named("</script>")), lambda v: Hill(v, span=(0, 3))])
def test_a_name_with_brackets_and_quotes_stays_a_name(make):
    name = "</script><b>\"&'"
    explorer = make(Value(1, name) * 2)
    assert explorer.html().count("</script") == 1
    assert "<b>" not in explorer.html()
    assert re.match(r'<div class="bp-explorer" role="group" aria-label="[^"<>]*" hidden="hidden">', explorer._html)
    assert explorer.inputs == {name: 1.0}


# Bad input is refused by name.


X, Y = Value(2, "x"), Value(3, "y")
LONG = X
for _ in range(120):
    LONG = graph.sin(LONG)

BAD_CALLS = {
    "a graph without named inputs": (lambda: Circuit(Value(1) * Value(2)), ValueError, says("v", "named input")),
    "no graph": (lambda: Circuit(3), TypeError, says("v", "Value")),
    "a graph too large to draw": (lambda: Circuit(LONG), ValueError, says("v", "120")),
    "a range upside down": (lambda: Circuit(X * Y, ranges={"x": (5, -5)}), ValueError, says("ranges['x']", "low < high")),
    "a range of one point": (lambda: Circuit(X * Y, ranges={"x": (2, 2)}), ValueError, says("ranges['x']", "low < high")),
    "a range that leaves the value out": (
        lambda: Circuit(X * Y, ranges={"y": (-5, 0)}), ValueError, says("ranges['y']", "holds 3"),
    ),
    "a range to infinity": (lambda: Circuit(X * Y, ranges={"x": (0, math.inf)}), ValueError, says("ranges['x']", "finite")),
    "a range that is a number": (lambda: Circuit(X * Y, ranges={"x": 3}), TypeError, says("ranges['x']", "pair")),
    "an unknown range": (lambda: Circuit(X * Y, ranges={"q": (0, 1)}), ValueError, says("ranges", "x, y")),
    "ranges that are no dict": (lambda: Circuit(X * Y, ranges=[3]), TypeError, says("ranges")),
    "two inputs of one name": (lambda: Circuit(X * Value(1, "x")), ValueError, says("inputs", "different")),
    "an input twice": (lambda: Circuit(X * Y, inputs=[X, X]), ValueError, says("inputs", "different")),
    "an input from elsewhere": (lambda: Circuit(X * Y, inputs=[Value(1, "z")]), ValueError, says("inputs", "named")),
    "an input that is a gate's": (lambda: Circuit(X * Y, inputs=[X * Y]), ValueError, says("inputs", "named")),
    "inputs by name": (lambda: Circuit(X * Y, inputs=["x"]), TypeError, says("inputs", "Value")),
    "one input without a list": (lambda: Circuit(X * Y, inputs=X), TypeError, says("inputs")),
    "no inputs": (lambda: Circuit(X * Y, inputs=[]), ValueError, r"(v|inputs): expected .*at least one.*, got none"),
    "a nudge of 0": (lambda: Circuit(X * Y, h=0), ValueError, says("h", "> 0")),
    "no decimals": (lambda: Circuit(X * Y, decimals=0), ValueError, says("decimals", "≥ 1")),
    "a product of NaN": (lambda: Product(a=math.nan), ValueError, says("a", "finite")),
    "a product of text": (lambda: Product(b="3"), TypeError, says("b", "number")),
    "a product's step of 0": (lambda: Product(h=0), ValueError, says("h", "> 0")),
    "a hill that is no graph": (lambda: Hill(3), TypeError, says("v", "Value")),
    "a hill of two inputs": (lambda: Hill(X * Y), ValueError, says("v", "one named input")),
    "a hill of none": (lambda: Hill(Value(1) * 2), ValueError, says("v", "one named input")),
    "a hill's span upside down": (lambda: Hill(span=(4, 0)), ValueError, says("span", "low < high")),
    "a hill's span beside the point": (lambda: Hill(span=(1, 4)), ValueError, says("span", "holds 0.5")),
    "a hill's span outside the domain": (lambda: Hill(graph.log(X), span=(-1, 4)), ValueError, says("span")),
    "a hill's step of 0": (lambda: Hill(h=0), ValueError, says("h", "> 0")),
    "quotients of two inputs": (lambda: DifferenceStep(X * Y), ValueError, says("v", "one named input")),
    "quotients upside down": (lambda: DifferenceStep(span=(1, 0)), ValueError, says("span", "low < high")),
    "quotients beside the point": (lambda: DifferenceStep(span=(1, 2)), ValueError, says("span", "holds 0.7")),
    "a difference step of 3": (lambda: DifferenceStep(eps=3), ValueError, says("eps", "1e-16 to 1")),
    "an unknown weight": (lambda: Network(weight="w_999"), ValueError, says("weight", "w_111")),
    "a bias as weight": (lambda: Network(weight="b_11"), ValueError, says("weight", "w_111")),
    "an unknown loss": (lambda: Network(losses=["hinge"]), ValueError, says("losses", "squared_error")),
    "no losses": (lambda: Network(losses=[]), ValueError, says("losses", "at least one")),
    "a loss without a list": (lambda: Network(losses="cross_entropy"), ValueError, says("losses")),
    "a network's span upside down": (lambda: Network(span=(2, -2)), ValueError, says("span", "low < high")),
    "a network's span beside a weight": (lambda: Network(span=(-0.5, 0.5)), ValueError, says("span", "holds")),
    "an unknown output": (lambda: Network(output="max"), ValueError, says("output", "softmax")),
    "an example of the wrong length": (lambda: Network(x=[1, 2]), ValueError, says("x", "4 units")),
    "half a layer": (lambda: Bill(layers=2.5), ValueError, says("layers", "1 to 12")),
    "layers without number": (lambda: Bill(layers=13), ValueError, says("layers", "1 to 12")),
    "no units": (lambda: Bill(units=0), ValueError, says("units", "1 to 1000")),
    "units in words": (lambda: Bill(units="ten"), TypeError, says("units", "number")),
    "half a machine": (lambda: Machines(machines=1.5), ValueError, says("machines", "1 to 1000")),
    "too many machines": (lambda: Machines(machines=1001), ValueError, says("machines", "1 to 1000")),
    "a line that carries nothing": (lambda: Machines(bandwidth=0), ValueError, says("bandwidth", "> 0")),
    "a message before it is sent": (lambda: Machines(latency=-1e-5), ValueError, says("latency", "> 0")),
    "machines that stand still": (lambda: Machines(speed=0), ValueError, says("speed", "> 0")),
    "examples in words": (lambda: Machines(examples="many"), TypeError, says("examples", "number")),
    "a derivative of a number": (lambda: Derivatives({"f": 3}), TypeError, says("v", "Value")),
    "a derivative of two inputs": (lambda: Derivatives({"f": X * Y}), ValueError, says("v", "one named input")),
    "no functions": (lambda: Derivatives({}), ValueError, says("functions", "at least one")),
    "a list of functions": (lambda: Derivatives([X * X]), TypeError, says("functions", "dict")),
    "a function too large to draw": (lambda: Derivatives({"f": LONG}, span=(0, 3)), ValueError, says("functions", "80")),
    "a derivative beside the point": (lambda: Derivatives(span=(1, 2)), ValueError, says("span", "holds 0.7")),
    "a formula that is no text": (lambda: VCurve(3), TypeError, says("formula", "text")),
    "a formula outside its domain": (lambda: VCurve("log(x - 1)"), ValueError, says("formula", "three derivatives")),
    "a V at NaN": (lambda: VCurve(x=math.nan), ValueError, says("x", "finite")),
    "half a halving": (lambda: VCurve(halvings=8.5), ValueError, says("halvings", "1 to 48")),
    "a name that no weight has": (lambda: Names(weight="w_231"), ValueError, says("weight", "w_111")),
    "a logit out of the picture": (lambda: OneLogit(z=9), ValueError, says("z", "-8 to 8")),
    "a logit that is text": (lambda: OneLogit(z="2"), TypeError, says("z", "number")),
    "an output without a logit": (lambda: OneLogit(output="tanh"), ValueError, says("output", "softmax")),
    "a label of 2": (lambda: OneLogit(label=2), ValueError, says("label", "0 to 1")),
    "XOR with three hidden units": (
        lambda: Xor(network.initialise([2, 3, 1])), ValueError, says("parameters", "2-2-1"),
    ),
    "XOR uphill": (lambda: Xor(learning_rate=-1), ValueError, says("learning_rate", "≥ 0")),
    "a learning rate of NaN": (lambda: Network(learning_rate=math.nan), ValueError, says("learning_rate", "finite")),
}  # fmt: skip


def cases(table):
    return [pytest.param(*case, id=name) for name, case in table.items()]


@pytest.mark.parametrize("call, error, message", cases(BAD_CALLS))
def test_a_bad_argument_is_refused_by_name(call, error, message):
    with pytest.raises(error, match=message):
        call()


BAD_INPUTS = {
    "nothing": ({}, ValueError, says("inputs", "x, y")),
    "a missing name": ({"x": 1}, ValueError, says("inputs", "x, y")),
    "an unknown name": ({"x": 1, "y": 1, "z": 1}, ValueError, says("inputs", "x, y")),
    "a name that is a number": ({"x": 1, "y": 1, 3: 1}, ValueError, says("inputs", "x, y")),
    "NaN": ({"x": math.nan, "y": 1}, ValueError, says("inputs['x']", "finite")),
    "infinity": ({"x": 1, "y": -math.inf}, ValueError, says("inputs['y']", "finite")),
    "a text": ({"x": 1, "y": "1"}, TypeError, says("inputs['y']", "number")),
    "a list of numbers": ({"x": [1], "y": 1}, TypeError, says("inputs['x']", "number")),
    "a point outside the logarithm's domain": ({"x": -1, "y": 1}, ValueError, says("inputs", "every gate")),
    "the border of the logarithm's domain": ({"x": 0, "y": 1}, ValueError, says("inputs", "every gate")),
    "no dict": ([1, 2], (TypeError, traitlets.TraitError), "inputs"),
}


@pytest.mark.parametrize("inputs, error, message", cases(BAD_INPUTS))
def test_bad_inputs_are_refused_and_the_old_ones_kept(inputs, error, message):
    explorer = logarithm()
    before = explorer.inputs, explorer.values, explorer.gradients
    with pytest.raises(error, match=message):
        explorer.inputs = inputs
    assert (explorer.inputs, explorer.values, explorer.gradients) == before


def test_a_point_where_a_gate_s_output_is_too_large_is_refused():
    explorer = Circuit((Value(2, "x") * Value(3, "y")).named("f"))
    with pytest.raises(ValueError, match=says("inputs")):
        explorer.inputs = {"x": 1e200, "y": 1e200}


@pytest.mark.parametrize(
    "make, trait, value, error",
    [
        (neuron, "step", -1, ValueError),
        (neuron, "step", 1000, ValueError),
        (neuron, "nudged", "q", ValueError),
        (neuron, "h", math.nan, ValueError),
        (Product, "h", 0.0, ValueError),
        (Product, "h", -1.0, ValueError),
        (Product, "eps", 0.0, ValueError),
        (Product, "eps", math.inf, ValueError),
        (Product, "seed", -1, ValueError),
        (Product, "seed", product.DRAWS, ValueError),
        (Product, "seed", 1.5, traitlets.TraitError),
        (Hill, "h", math.nan, ValueError),
        (Hill, "h", "0.1", traitlets.TraitError),
        (DifferenceStep, "eps", 0.0, ValueError),
        (DifferenceStep, "eps", 2.0, ValueError),
        (DifferenceStep, "eps", 1e-17, ValueError),
        (DifferenceStep, "precision", "float16", ValueError),
        (Derivatives, "function", "cosh", ValueError),
        (Derivatives, "order", 4, ValueError),
        (Derivatives, "order", -1, ValueError),
        (Derivatives, "clean", "yes", traitlets.TraitError),
        (VCurve, "formula", "log(x - 1)", ValueError),
        (VCurve, "formula", 3, traitlets.TraitError),
        (VCurve, "halvings", 0, ValueError),
        (VCurve, "halvings", 49, ValueError),
        (Network, "weight", "w_999", ValueError),
        (Network, "loss", "binary_cross_entropy", ValueError),
        (Network, "learning_rate", math.inf, ValueError),
        (Names, "weight", "b_11", ValueError),
        (OneLogit, "output", "relu", ValueError),
        (OneLogit, "label", -1, ValueError),
        (Xor, "epoch", -1, ValueError),
        (Xor, "epoch", xor.EPOCHS + 1, ValueError),
        (Xor, "learning_rate", math.nan, ValueError),
    ],
)
def test_a_trait_out_of_its_place_is_refused_and_the_old_value_kept(make, trait, value, error):
    explorer = make()
    before = getattr(explorer, trait), dict(explorer.values)
    with pytest.raises(error, match=says(trait) if error is ValueError else trait):
        setattr(explorer, trait, value)
    assert (getattr(explorer, trait), explorer.values) == before


# Curves and points at the edge.


def test_the_walk_on_a_hill_may_leave_the_domain():
    assert Hill(-graph.log(Value(0.5, "x")), span=(0.1, 2), h=1).gradients == {"x": -2.0}


def test_the_curve_of_quotients_may_leave_the_domain():
    assert DifferenceStep(graph.log(Value(0.5, "x")), span=(0.1, 2)).gradients == {"x": 2.0}


def test_the_name_of_a_function_may_be_the_name_of_an_input():
    explorer = DifferenceStep(graph.exp(Value(0.7, "single")))
    explorer.precision = "float32"
    assert close(explorer.values["central"], math.exp(0.7), rtol=0.01)


def test_a_loss_that_is_0_everywhere_has_an_axis_too():
    parameters = {"W1": np.array([[0.5]]), "b1": np.zeros((1, 1))}
    explorer = Network(parameters, [0.0], [0.0], output="identity", losses=["squared_error"])
    assert explorer.values["loss"] == 0.0


def test_a_hill_has_its_ticks_inside_its_span():
    picture = Hill(graph.square(Value(2, "x")), span=(1.5, 3.5))._html
    ticks = re.findall(r'text-anchor="middle" font-size="12"[^>]*>([^<]+)<', picture)
    assert ticks == ["2", "3"]


# Numbers as text: Python and its twins in JavaScript.


def awkward_numbers() -> list[float]:
    rng = np.random.default_rng(0)
    ties = [k / 2**n for k in range(1, 60, 2) for n in (1, 3, 5, 10, 20)]
    halves = [(k + 0.5) / 10**n for k in (0, 1, 2, 9, 14, 99, 104, 99999) for n in range(9)]
    edges = [
        0.0,
        1e-13,
        4.9e-13,
        5e-13,
        1e-12,
        0.00099999,
        0.001,
        99999.9995,
        99999.5,
        1e5,
        123456.0,
        125000.0,
        1e21,
        1e300,
        5e-324,
    ]
    spread = rng.choice([-1.0, 1.0], 1500) * 10 ** rng.uniform(-14, 9, 1500)
    given_ = [*ties, *halves, *edges, *spread.tolist()]
    return [*given_, *(-x for x in given_), math.nan, math.inf, -math.inf]


@needs_node
def test_fixed_prints_the_same_in_javascript():
    xs, places = awkward_numbers(), [1, 2, 3, 4, 6, 10]
    printed = run_in_node(
        "const SPEC = { decimals: 3 };",
        (SCRIPTS / "runtime.js").read_text(encoding="utf-8"),
        f"{in_javascript(xs)}.map((x) => {places}.map((decimals) => fixed(x, decimals)))",
    )
    for x, row in zip(xs, printed, strict=True):
        assert [svg.fixed(x, decimals) for decimals in places] == row, x


@needs_node
def test_scientific_prints_the_same_in_javascript():
    xs = [x for x in awkward_numbers() if math.isfinite(x)]
    runtime = (SCRIPTS / "runtime.js").read_text(encoding="utf-8")
    printed = run_in_node("const SPEC = {};", runtime, f"{in_javascript(xs)}.map(scientific)")
    for x, text in zip(xs, printed, strict=True):
        assert svg.scientific(x) == text, x


@pytest.mark.parametrize(
    "x, decimals, text",
    [
        (0.125, 2, "\u20070.13"),
        (-0.125, 2, "−0.13"),
        (-0.0, 2, "\u20070.00"),
        (1e-13, 2, "\u20070.00"),
        (0.004, 2, "\u20074.0e−3"),
        (99999.9995, 3, "\u2007100000.000"),
        (123456, 2, "\u20071.2e5"),
        (-123456, 2, "−1.2e5"),
        (math.nan, 2, "–"),
        (math.inf, 2, "–"),
    ],
)
def test_fixed_prints_so_many_decimals(x, decimals, text):
    assert svg.fixed(x, decimals) == text


@pytest.mark.parametrize("x, text", [(0.0, "0"), (1e-5, "1.00e−5"), (-1234.5, "−1.23e3"), (1.0, "1.00e0"), (-1e-7, "−1.00e−7")])
def test_scientific_prints_three_digits(x, text):
    assert svg.scientific(x) == text


def round_numbers():
    """Sizes over many decades, and 1, 2, 5 times powers of ten with their neighbours."""
    steps = [m * 10.0**n for m in (1, 2, 5) for n in range(-12, 9)]
    return [*steps, *(x * (1 + s) for x in steps for s in (1e-12, -1e-12, 1e-6, -1e-6)), *np.geomspace(1e-12, 1e9, 500).tolist()]


@needs_node
def test_nice_is_the_same_in_javascript():
    xs = round_numbers()
    got = run_in_node((SCRIPTS / "network.js").read_text(encoding="utf-8"), f"{in_javascript(xs)}.map(nice)")
    assert got == [controls.nice(x) for x in xs]


def test_nice_is_the_next_of_1_2_and_5():
    assert [controls.nice(x) for x in (0.7, 1.0, 1.2, 3, 0.05, 0.051, 600)] == [1.0, 1.0, 2.0, 5.0, 0.05, 0.1, 1000.0]


def pairs_of_losses():
    rng = np.random.default_rng(0)
    lows = 10 ** rng.uniform(-6, 2, 600)
    return [[low, low * (1 + 10**spread)] for low, spread in zip(lows.tolist(), rng.uniform(-8, 1, 600).tolist())]


@needs_node
def test_round_range_is_the_same_in_javascript():
    script = (SCRIPTS / "network.js").read_text(encoding="utf-8")
    round_range = re.search(r"^  function roundRange\(.*?^  }$", script, re.M | re.S)
    got = run_in_node(script, round_range[0], f"{pairs_of_losses()}.map(roundRange)")
    assert [tuple(ends) for ends in got] == [controls.round_range(losses) for losses in pairs_of_losses()]


def test_a_round_range_holds_its_losses():
    for low, high in pairs_of_losses():
        bottom, top = controls.round_range([low, high])
        assert bottom <= low < high <= top * (1 + 1e-9)


# Tables: any values of one graph as a program.


def table_of(recipe, point):
    """(inputs, results): every value of the expression, its output's gradients."""
    inputs = [Value(x, f"x{i}") for i, x in enumerate(point)]
    output = build(recipe, inputs)
    results = [*topological_order(output), *gradient(output, inputs)]
    assume(all(abs(node.value) < 1e6 for node in topological_order(*results)))
    return inputs, results


@given(expressions(), st.data())
def test_a_compiled_table_agrees_with_the_graph_at_other_points(expression, data):
    inputs, results = table_of(*expression)
    point = [data.draw(numbers) for _ in inputs]
    at = dict(zip(inputs, point))
    wanted = [evaluate(result, at) for result in results]
    assume(all(abs(x) < 1e6 for x in wanted))
    got = codegen.compile_table(results, inputs)(*point)
    assert all(close(a, b) for a, b in zip(got, wanted, strict=True))


def in_float32(results, at):
    """The results where every constant's and every gate's number is rounded to float32."""
    found = dict(at)
    for node in topological_order(*results):
        if node not in found:
            exact = node.value if node.gate is None else node.gate.compute(*(found[source] for source in node.inputs))
            found[node] = float(np.float32(exact))
    return [found[result] for result in results]


@given(expressions(), st.data())
def test_a_float32_table_rounds_gate_by_gate(expression, data):
    inputs, results = table_of(*expression)
    point = [float(np.float32(data.draw(numbers))) for _ in inputs]
    wanted = in_float32(results, dict(zip(inputs, point)))
    assert list(codegen.compile_table(results, inputs, float32=True)(*point)) == wanted


def test_a_float32_table_rounds_its_constants():
    x = Value(0.7, "x")
    results = [(x * 0.1).named("f"), Value(0.3) + 0.0]
    assert codegen.compile_table(results, [x], float32=True)(0.5) == tuple(in_float32(results, {x: 0.5}))


@needs_node
@settings(max_examples=6, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(st.tuples(expressions(), st.lists(numbers, min_size=3, max_size=3)), min_size=20, max_size=20))
def test_a_table_in_javascript_agrees_with_python(cases):
    script, wanted = [], []
    for expression, point in cases:
        inputs, results = table_of(*expression)
        point = point[: len(inputs)]
        script.append(f"(() => {{ {codegen.table_to_javascript(results, inputs)} return f({', '.join(map(repr, point))}); }})()")
        wanted.append(codegen.compile_table(results, inputs)(*point))
    for got, numbers_ in zip(run_in_node(f"[{', '.join(script)}]"), wanted, strict=True):
        assert all(close(a, b) for a, b in zip(got, numbers_, strict=True))


@needs_node
def test_a_float32_table_in_javascript_gives_the_same_bits():
    x, y = Value(0.7, "x"), Value(-1.3, "y")
    v = (x * x + 0.1) / (graph.sqrt(graph.maximum(y, 0.3)) - x) - 3 * y
    results, points = [v, *gradient(v, [x, y])], np.random.default_rng(0).normal(size=(50, 2)).tolist()
    source = codegen.table_to_javascript(results, [x, y], float32=True)
    table = codegen.compile_table(results, [x, y], float32=True)
    assert run_in_node(source, f"{points}.map((point) => f(...point))") == [list(table(*point)) for point in points]


@pytest.mark.parametrize("make", [codegen.table_to_javascript, codegen.compile_table])
def test_a_table_refuses_bad_inputs_by_name(make):
    with pytest.raises(ValueError, match=says("inputs")):
        make([X * 2], [])
    with pytest.raises(ValueError, match=says("inputs")):
        make([X * 2], [X, X])


# Whatever is given, an explorer answers with an error of its own, or is right; and a refused trait leaves all as it was.

ODD = [
    *(math.nan, math.inf, -math.inf, 1e400, 1e308, -1e308, 5e-324, -1, 0, 2.5, 10**400, 99, True, np.bool_(True)),
    *(None, "", "3", "−1", b"1", 1j, [], [1], (), (1, 2, 3), {}, {"x": 1}, object(), float, np.array([1.0, 2.0]), np.array("a")),
    *((1e5, -1e5), (-1e5, 1e5), (-1e8, 1e8), (-1e308, 1e308), ("a", "b"), (None, 1), (0, math.nan), {"x": (-1e308, 1e308)}),
    np.ma.masked_array([1.0, 2.0], [True, False]),
]
MAKE = {
    Product: {},
    Hill: {},
    OneWeight: {},
    DifferenceStep: {},
    Circuit: {"v": X * Y},
    Network: {},
    Recurrence: {},
    Names: {},
    OneLogit: {},
    Xor: {},
}
ARGUMENTS = [(kind, name) for kind in MAKE for name in inspect.signature(kind.__init__).parameters if name != "self"]


def all_of(explorer) -> dict:
    return {name: copy.deepcopy(getattr(explorer, name)) for name in explorer.traits(sync=True) if name != "layout"}


def faults(ask) -> list[str]:
    """What is wrong with the answers to all odd values, each named by its place in the row and its kind."""
    found = []
    for i, odd in enumerate(ODD):
        try:
            ask(odd)
        except Exception as error:
            found.append(f"{i}-{type(odd).__name__}: {type(error).__name__}: {error}")
    return found


@pytest.mark.parametrize("kind, name", ARGUMENTS, ids=lambda told: getattr(told, "__name__", told))
def test_an_odd_argument_is_taken_right_or_refused(kind, name):
    def ask(odd):
        try:
            explorer = kind(**{**MAKE[kind], name: odd})
        except (ValueError, TypeError) as error:
            assert ": expected" in str(error) and not isinstance(error.__cause__, AttributeError), error
            return
        numbers_ = [*explorer.inputs.values(), *explorer.values.values(), *explorer.gradients.values()]
        assert all(type(x) is float and math.isfinite(x) for x in numbers_)
        assert len(explorer.html()) < 60_000 and "nan" not in explorer._html and "NaN" not in explorer._html

    assert faults(ask) == []


TRAITS = [
    (kind, name)
    for kind in MAKE
    for name in sorted(kind(**MAKE[kind]).traits(sync=True))
    if not name.startswith("_") and name not in DOMWidget.class_traits() and name not in ("values", "gradients")
]


@pytest.mark.parametrize("kind, name", TRAITS, ids=lambda told: getattr(told, "__name__", told))
def test_an_odd_trait_is_taken_right_or_leaves_all_as_it_was(kind, name):
    fresh = []  # an explorer that has refused all so far is as it was

    def ask(odd):
        explorer = fresh.pop() if fresh else kind(**MAKE[kind])
        heard, before = [], all_of(explorer)
        explorer.observe(heard.append)
        try:
            setattr(explorer, name, odd)
        except (ValueError, TypeError, traitlets.TraitError) as error:
            assert name in str(error)
            assert all_of(explorer) == before and heard == []
            explorer.unobserve(heard.append)
            fresh.append(explorer)
            return
        values, gradients = explorer.follow(explorer.inputs)
        assert (explorer.values, explorer.gradients) == (values, gradients)
        assert all(map(math.isfinite, [*values.values(), *gradients.values()]))

    assert faults(ask) == []


def certain():
    """A network that is as sure as float64 can be, of what is wrong."""
    parameters = {"W1": np.array([[1.0]]), "b1": np.zeros((1, 1))}
    explorer = Network(parameters, [1.0], [0.0], output="sigmoid", losses=["squared_error", "binary_cross_entropy"])
    explorer.inputs = {"w_111": 800.0, "b_11": 0.0}
    return explorer


REFUSED_TOGETHER = {
    "a step that leaves the domain": (lambda: DifferenceStep(graph.log(Value(0.5, "x")), span=(0.1, 2)), "eps", 0.9),
    "a precision that has no such number": (
        lambda: DifferenceStep(graph.exp(Value(90, "x")), span=(1, 100)), "precision", "float32",
    ),
    "a recurrence that overflows without tanh": (lambda: Recurrence(rho=1e30, squash="tanh"), "squash", "none"),
    "a loss that is infinite": (certain, "loss", "binary_cross_entropy"),
    "a step of h that overflows": (lambda: Product(a=1e150, b=1e150), "h", 1e300),
}  # fmt: skip


@pytest.mark.parametrize("make, name, value", cases(REFUSED_TOGETHER))
def test_a_trait_with_which_a_number_is_missing_leaves_all_as_it_was(make, name, value):
    explorer, heard = make(), []
    explorer.observe(heard.append)
    before = all_of(explorer)
    with pytest.raises(ValueError, match=says(name)):
        setattr(explorer, name, value)
    assert all_of(explorer) == before and heard == []


def test_the_defaults_of_the_network_are_those_of_the_package():
    rng = np.random.default_rng(1)
    parameters, x, y = network.initialise([3, 4, 2], seed=1), rng.normal(size=3), [1.0, 0.0]
    explorer = Network(parameters, x, y, span=(-9, 9))
    nodes = network.as_graph(parameters, x, y)
    slopes = gradient(nodes["loss"], [nodes[name] for name in explorer.inputs])
    assert close(explorer.values["loss"], nodes["loss"].value)
    assert same(explorer.gradients, {name: slope.value for name, slope in zip(explorer.inputs, slopes)})
    assert (Network().loss, explorer.loss) == ("squared_error", "cross_entropy")


def test_in_a_circuit_the_three_steps_are_three_traits():
    explorer = Circuit(X * Y, eps=0.2, h=0.3, learning_rate=0.4)
    assert (explorer.eps, explorer.h, explorer.learning_rate) == (0.2, 0.3, 0.4)
    words = re.findall(r'class="bp-name">([^<]*)<', explorer._html)
    assert words == ["x", "y", "by ε", "step size h", "learning rate η", "Gate by gate"]


@pytest.mark.parametrize("span", [(-1e5, 1e5), (-1e100, 1e100), (0.4, 0.6), (0.5, 0.5 + 1e-9)])
def test_a_hill_of_any_width_has_a_few_ticks(span):
    picture = Hill(span=span)._html
    assert len(picture) < 8_000
    assert 1 <= len(re.findall(r'text-anchor="middle" font-size="12"', picture)) <= 12


ODD_NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"]
ODD_NAMES += ["{v0}", "${x}", "`", "'", "\\", "a b", "Σ", "0", "-", "x\ny"]


@needs_node
def test_any_name_keeps_its_number_in_the_script():
    explorers, asked = {}, []
    for name in ODD_NAMES:
        for explorer in (Circuit(Value(1.5, name) * 2), Hill(graph.square(Value(1.5, name)), span=(0, 3))):
            (spec,) = re.findall(r"^const SPEC = .*$", explorer._code, re.M)
            explorers[type(explorer).__name__, name] = explorer
            asked.append(f"(() => {{ {spec} return SPEC.state.inputs[{json.dumps(name)}]; }})()")
    told = zip(run_in_node(f"[{', '.join(asked)}]"), compile_errors(explorers.values()), strict=True)
    assert dict(zip(explorers, told, strict=True)) == dict.fromkeys(explorers, (1.5, ""))


@pytest.mark.parametrize("name", ["a\x00b", "a\x01b", "a\rb", "a\x7fb", "a\ud800b"])
def test_a_name_that_no_page_can_hold_is_refused(name):
    with pytest.raises(ValueError, match=says("inputs")):
        Circuit(Value(1, name) * 2)


# A notebook that is not trusted shows a sentence: what its front end leaves of the HTML is hidden but for that.


class Untrusted(HTMLParser):
    """The text that is seen where scripts, styles and SVG are taken out and what is marked hidden is hidden."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen, self.open = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes) -> None:
        if tag not in ("input", "br", "hr"):
            kept = dict(attributes) if tag not in ("svg", "g", "path", "text", "rect", "circle") else {}
            self.open.append((tag, tag in ("script", "style") or bool(kept.get("hidden"))))
        assert tag not in ("input", "button", "select") or any(hidden for _, hidden in self.open), "a control that nothing moves"

    def handle_endtag(self, tag) -> None:
        while self.open.pop()[0] != tag:
            pass

    def handle_data(self, data) -> None:
        if data.strip() and not any(hidden for _, hidden in self.open):
            self.seen.append(data.strip())


@each
def test_a_notebook_that_is_not_trusted_shows_a_sentence(make):
    explorer = make()
    (sentence,) = Untrusted(explorer.html()).seen
    assert sentence == f"An explorer, {explorer._told}: trust this notebook or run the cell again to see it."


def test_a_picture_in_a_notebook_that_is_not_trusted_is_a_sentence():
    picture = figures.circuit(examples.add_then_multiply())
    (sentence,) = Untrusted(picture._repr_html_()).seen
    assert sentence.startswith(f"A picture, {picture.description}: ")


def test_without_anybody_to_move_it_an_explorer_is_its_page_alone():
    """What nbconvert --execute runs is asked for files; it stores the page that needs no kernel."""
    cells = [new_code_cell("from bpcourse import explore"), new_code_cell("explore.Hill()")]
    done = nbclient.execute(new_notebook(cells=cells))
    assert set(done.cells[1].outputs[0]["data"]) == {"text/plain", "text/html"}


def test_a_span_where_the_loss_overflows_is_refused_by_name():
    parameters = network.initialise([2, 3, 2], "tanh", seed=0)
    with pytest.raises(ValueError, match=r"span: expected a range where the loss has a value everywhere"):
        bpcourse.explore.Network(parameters, [1, 2], [0, 1], span=(-1e5, 1e5))
