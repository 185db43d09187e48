import json
import math
import re
import shutil
import subprocess
import warnings

import numpy as np
import pytest
import traitlets
from helpers import says
from hypothesis import given
from hypothesis import strategies as st

from bpcourse import graph
from bpcourse.beyond import recurrent
from bpcourse.beyond.recurrent import as_graph, backpropagation, forward, initialise, lstm, lstm_vjp, spectral_radius
from bpcourse.explore import Recurrence
from bpcourse.explore.recurrence import SQUASHES
from bpcourse.graph import Value
from bpcourse.numeric import central_difference, check_gradient
from bpcourse.pictures import svg

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs a JavaScript engine: node")


def problem(seed=0, units=3, inputs=2, steps=5, examples=4):
    rng = np.random.default_rng(seed)
    parameters = initialise(units, inputs, 1.1, seed)
    parameters["b"] = rng.normal(size=(units, 1))
    return rng.normal(size=(steps, inputs, examples)), rng.normal(size=(steps + 1, units, examples)), parameters


# The network.


@pytest.mark.parametrize("squash", recurrent.SQUASHES)
def test_the_states_follow_the_formula(squash):
    X, _, p = problem()
    f = np.tanh if squash == "tanh" else np.asarray
    h, H = np.zeros((3, 4)), forward(X, p, squash)
    assert H.shape == (6, 3, 4) and not H[0].any()
    for t, x in enumerate(X, start=1):
        h = f(p["Wh"] @ h + p["Wx"] @ x + p["b"])
        np.testing.assert_allclose(H[t], h, rtol=1e-12)


@pytest.mark.parametrize("squash", recurrent.SQUASHES)
@given(seed=st.integers(0, 10**6))
def test_the_gradients_through_time_pass_the_check(squash, seed):
    X, dH, p = problem(seed)
    grads = backpropagation(dH, forward(X, p, squash), X, p, squash)

    def cost(name, array):
        return (dH * forward(X, {**p, name: array}, squash)).sum() / X.shape[2]

    for name in p:
        size = 1 + np.abs(forward(X, p, squash)).max()
        verdict = check_gradient(lambda t, name=name: cost(name, t), p[name], grads[f"d{name}"], rtol=1e-5, size=size)
        assert verdict, f"{name}: {verdict}"


def test_the_gradient_of_the_shared_weight_is_the_sum_of_its_steps():
    X, dH, p = problem()
    grads = backpropagation(dH, forward(X, p), X, p)
    assert grads["dWh by step"].shape == (5, 3, 3)
    np.testing.assert_allclose(grads["dWh by step"].sum(axis=0), grads["dWh"])
    assert not grads["dWh by step"][0].any()  # h_0 = 0


@pytest.mark.parametrize("squash", recurrent.SQUASHES)
def test_numpy_agrees_with_the_scalar_graph_node_by_node(squash):
    X, _, p = problem(examples=1)
    y = np.array([0.3, -0.2, 0.5])
    H = forward(X, p, squash)
    dH = np.zeros_like(H)
    dH[-1, :, 0] = H[-1, :, 0] - y
    grads = backpropagation(dH, H, X, p, squash)
    nodes = as_graph(p, X[:, :, 0], y, squash)
    nodes["loss"].backward()
    assert math.isclose(nodes["loss"].value, ((H[-1, :, 0] - y) ** 2).sum() / 2)
    for j in range(3):
        assert math.isclose(nodes[f"b_{j + 1}"].grad, grads["db"][j, 0], rel_tol=1e-9)
        for k in range(3):
            assert math.isclose(nodes[f"wh_{j + 1},{k + 1}"].grad, grads["dWh"][j, k], rel_tol=1e-9)
        for k in range(2):
            assert math.isclose(nodes[f"wx_{j + 1},{k + 1}"].grad, grads["dWx"][j, k], rel_tol=1e-9)
        for t in range(6):
            assert math.isclose(nodes[f"h_{t},{j + 1}"].value, H[t, j, 0], rel_tol=1e-12, abs_tol=1e-12)
            assert math.isclose(nodes[f"h_{t},{j + 1}"].grad, grads["dH"][t, j, 0], rel_tol=1e-9)
    for node in nodes.values():
        assert nodes[node.name] is node


def test_backpropagation_leaves_what_it_is_given():
    X, dH, p = problem()
    before = dH.copy()
    backpropagation(dH, forward(X, p), X, p)
    assert (dH == before).all()


def test_the_spectral_radius():
    assert math.isclose(spectral_radius([[0.8, -0.6], [0.6, 0.8]]), 1)
    assert math.isclose(spectral_radius([[0.5, 10], [0, -0.7]]), 0.7)
    assert math.isclose(spectral_radius(initialise(6, 2, 0.9, seed=5)["Wh"]), 0.9)


@pytest.mark.parametrize(
    "call, argument",
    [
        (lambda X, dH, p: forward(X[0], p), "X"),
        (lambda X, dH, p: forward(X[:, :1], p), "X"),
        (lambda X, dH, p: forward(X * np.nan, p), "X"),
        (lambda X, dH, p: forward(X, p, "relu"), "squash"),
        (lambda X, dH, p: forward(X, {"Wh": 1}), "parameters"),
        (lambda X, dH, p: forward(X, {**p, "Wh": np.ones((3, 2))}), "Wh"),
        (lambda X, dH, p: forward(X, {**p, "Wx": np.ones((2, 2))}), "Wx"),
        (lambda X, dH, p: forward(X, {**p, "b": np.ones(3)}), "b"),
        (lambda X, dH, p: forward(X, {**p, "Wh": np.full((3, 3), 1e200)}, "identity"), "Wh"),
        (lambda X, dH, p: backpropagation(dH[1:], forward(X, p), X, p), "dH"),
        (lambda X, dH, p: backpropagation(dH, forward(X, p)[1:], X, p), "H"),
        (lambda X, dH, p: backpropagation(dH, forward(X, p), X, p, "relu"), "squash"),
        (lambda X, dH, p: backpropagation(dH * 1e300, forward(X, p), X, {**p, "Wh": 1e5 * p["Wh"]}, "identity"), "Wh"),
        (lambda X, dH, p: as_graph(p, X[:, :, 0], [1.0]), "y"),
        (lambda X, dH, p: as_graph(p, X, [1.0] * 3), "xs"),
        (lambda X, dH, p: as_graph(p, X[:, :, 0], [1.0] * 3, "relu"), "squash"),
        (lambda X, dH, p: initialise(0, 1), "units"),
        (lambda X, dH, p: initialise(1, 1, 0), "radius"),
        (lambda X, dH, p: spectral_radius(np.ones((2, 3))), "W"),
    ],
)
def test_a_bad_argument_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=says(argument)):
        call(*problem())


def test_the_parameters_are_arrays_and_the_seed_is_whole():
    X, _, p = problem()
    with pytest.raises(TypeError, match=says("parameters")):
        forward(X, [1])
    for name in "Wh", "Wx", "b":
        for bad in None, "a", [["a"]], object():
            with pytest.raises(TypeError, match=says(name)):
                forward(X, {**p, name: bad})
    for seed, error in (-1, ValueError), (0.5, TypeError), ("a", TypeError), (None, TypeError):
        with pytest.raises(error, match=says("seed")):
            initialise(2, 1, seed=seed)


@pytest.mark.parametrize(
    "call",
    [
        lambda X, dH, p: forward(X * 1e307, {**p, "Wx": p["Wx"] * 1e4}),
        lambda X, dH, p: forward(X, {**p, "Wh": p["Wh"] * 1e300}, "identity"),
        lambda X, dH, p: backpropagation(dH * 1e307, forward(X, p, "identity"), X * 1e4, p, "identity"),
        lambda X, dH, p: initialise(5, 1, radius=1.7e308),
    ],
)
def test_what_overflows_is_refused_even_where_tanh_makes_it_finite_again(call):
    with warnings.catch_warnings(), pytest.raises(ValueError, match=r"^Wh: expected .*, got an overflow"):
        warnings.simplefilter("error")
        call(*problem())


# One step of an LSTM.


def cell_problem(seed=0, units=3, inputs=2, examples=4):
    """(x, h, c, W, b) and what a loss says of h and c of the next step."""
    rng = np.random.default_rng(seed)
    shapes = (inputs, examples), (units, examples), (units, examples), (4 * units, units + inputs), (4 * units, 1)
    return dict(zip("xhcWb", (rng.normal(size=shape) for shape in shapes))), *rng.normal(size=(2, units, examples))


def test_a_step_of_an_lstm_follows_the_formula_unit_by_unit():
    given_, _, _ = cell_problem()
    h, c, _ = lstm(**given_)
    sums = given_["W"] @ np.concatenate([given_["h"], given_["x"]]) + given_["b"]
    for j in range(3):
        for e in range(4):
            f, i, o = (1 / (1 + math.exp(-sums[block * 3 + j, e])) for block in range(3))
            memory = f * given_["c"][j, e] + i * math.tanh(sums[9 + j, e])
            assert math.isclose(c[j, e], memory) and math.isclose(h[j, e], o * math.tanh(memory))


@given(seed=st.integers(0, 10**6), units=st.integers(1, 3), inputs=st.integers(1, 3), examples=st.integers(1, 3))
def test_the_way_back_through_an_lstm_passes_the_check_for_every_input_and_weight(seed, units, inputs, examples):
    at, dh, dc = cell_problem(seed, units, inputs, examples)
    dx, dh_before, dc_before, dW, db = lstm_vjp(dh, dc, lstm(**at)[2], at["W"])

    def loss(name, array):
        h, c, _ = lstm(**{**at, name: array})
        return (dh * h).sum() + (dc * c).sum()

    for name, analytic in zip("xhcWb", (dx, dh_before, dc_before, examples * dW, examples * db)):
        verdict = check_gradient(lambda t, name=name: loss(name, t), at[name], analytic, rtol=1e-5, size=20)
        assert verdict, f"{name}: {verdict}"


def test_an_lstm_through_time_agrees_with_the_scalar_graph():
    at, _, _ = cell_problem(units=1, inputs=1, examples=1)
    W, b, xs = at["W"], at["b"], [0.3, -0.7, 1.2]
    w = [[Value(float(w)) for w in row] for row in W]
    h = c = Value(0.0)
    for x in xs:
        z = [row[0] * h + row[1] * x + float(start) for row, start in zip(w, b[:, 0])]
        c = graph.sigmoid(z[0]) * c + graph.sigmoid(z[1]) * graph.tanh(z[3])
        h = graph.sigmoid(z[2]) * graph.tanh(c)
    h.backward()

    h_t, c_t, steps = np.zeros((1, 1)), np.zeros((1, 1)), []
    for x in xs:
        h_t, c_t, kept = lstm([[x]], h_t, c_t, W, b)
        steps.append(kept)
    dh, dc, total = np.ones((1, 1)), np.zeros((1, 1)), np.zeros_like(W)
    for kept in reversed(steps):
        _, dh, dc, dW, _ = lstm_vjp(dh, dc, kept, W)
        total += dW
    np.testing.assert_allclose(h_t, h.value)
    np.testing.assert_allclose(total, [[v.grad for v in row] for row in w], rtol=1e-12)


def test_an_open_forget_gate_passes_the_gradient_of_the_memory_on_unchanged():
    at, _, dc = cell_problem()
    at["W"][:3], at["b"][:3] = 0, 1000.0
    _, _, dc_before, _, _ = lstm_vjp(np.zeros_like(dc), dc, lstm(**at)[2], at["W"])
    assert (dc_before == dc).all()


@pytest.mark.parametrize(
    "changed, argument",
    [
        ({"x": np.ones((2, 3))}, "x"),
        ({"x": np.ones(2)}, "x"),
        ({"c": np.ones((2, 4))}, "c"),
        ({"W": np.ones((12, 4))}, "W"),
        ({"W": np.ones((9, 5))}, "W"),
        ({"b": np.ones((3, 1))}, "b"),
        ({"W": np.full((12, 5), 1.7e308)}, "W"),
        ({"c": np.full((3, 4), np.nan)}, "c"),
    ],
)
def test_an_lstm_refuses_what_does_not_fit(changed, argument):
    with pytest.raises(ValueError, match=says(argument)):
        lstm(**{**cell_problem()[0], **changed})


def test_the_way_back_of_an_lstm_refuses_what_does_not_fit():
    at, dh, dc = cell_problem()
    W, kept = at["W"], lstm(**at)[2]
    for call, argument in [
        (lambda: lstm_vjp(dh[1:], dc, kept, W), "dh"),
        (lambda: lstm_vjp(dh, dc[:, 1:], kept, W), "dc"),
        (lambda: lstm_vjp(dh, dc, kept, W[1:]), "W"),
        (lambda: lstm_vjp(dh, dc, kept._replace(gates=kept.gates[1:]), W), "kept.gates"),
        (lambda: lstm_vjp(dh, 1e308 * np.ones((3, 4)), kept, 1e300 * W), "dh|dx"),
    ]:
        with pytest.raises(ValueError, match=says(argument) if "|" not in argument else rf"^({argument}): "):
            call()
    with pytest.raises(TypeError, match=says("kept")):
        lstm_vjp(dh, dc, tuple(kept), W)


# The explorer.


def in_numpy(rho, x, squash, steps=20, matrix=((0.8, -0.6), (0.6, 0.8))):
    """What the explorer should say, by `bpcourse.recurrent`."""
    M = np.array(matrix) / spectral_radius(matrix)
    parameters = {"Wh": rho * M, "Wx": np.array([[1.0], [0.5]]), "b": np.zeros((2, 1))}
    X, squash = np.full((steps, 1, 1), x), "tanh" if squash == "tanh" else "identity"
    H = forward(X, parameters, squash)
    dH = np.zeros_like(H)
    dH[-1, 0] = 1
    grads = backpropagation(dH, H, X, parameters, squash)
    shares = [(step * M).sum() for step in grads["dWh by step"]]
    slope_x = grads["dWx"][:, 0] @ [1, 0.5] / x if x else None
    return H[-1, 0, 0], np.linalg.norm(grads["dH"][1:, :, 0], axis=1), shares, slope_x


@pytest.mark.parametrize("squash", SQUASHES)
@pytest.mark.parametrize("rho, x", [(0.0, 0.3), (0.6, 0.1), (1.0, 1.5), (1.4, 0.02), (1.4, -0.7)])
def test_the_explorer_follows_the_recurrent_network(squash, rho, x):
    explorer = Recurrence(squash=squash)
    explorer.inputs = {"rho": rho, "x": x}
    loss, norms, shares, slope_x = in_numpy(rho, x, squash)
    run = explorer.run()
    np.testing.assert_allclose(run.norms, norms, rtol=1e-9)
    np.testing.assert_allclose(run.shares, shares, rtol=1e-9, atol=1e-12)
    assert explorer.values == pytest.approx({"L": loss, "norm_1": norms[0], "norm_20": 1.0})
    assert explorer.gradients == pytest.approx({"rho": sum(shares), "x": slope_x}, rel=1e-9)


@pytest.mark.parametrize("squash", SQUASHES)
def test_its_gradients_are_those_of_nudging(squash):
    explorer = Recurrence(rho=1.1, x=0.2, squash=squash)
    for name, at in explorer.inputs.items():
        nudged = float(central_difference(lambda t, name=name: explorer.run(**{name: float(t)}).loss, at))
        assert explorer.gradients[name] == pytest.approx(nudged, rel=1e-6)


def test_without_squashing_a_rotation_multiplies_the_length_by_rho():
    for rho in 0.5, 1.0, 1.3:
        np.testing.assert_allclose(Recurrence(rho=rho).run().norms, rho ** np.arange(19.0, -1, -1), rtol=1e-9)


def test_any_matrix_is_scaled_to_the_spectral_radius_1():
    matrix = ((1.0, 30.0), (0.0, 2.0))
    explorer = Recurrence(rho=0.7, x=0.3, steps=7, matrix=matrix)
    _, norms, shares, _ = in_numpy(0.7, 0.3, "none", 7, matrix)
    np.testing.assert_allclose(explorer.run().norms, norms, rtol=1e-9)
    assert explorer.values["norm_7"] == 1 and explorer.gradients["rho"] == pytest.approx(sum(shares))


def test_observers_hear_when_the_squashing_changes():
    explorer, heard = Recurrence(rho=1.5, x=0.5), []
    explorer.observe(heard.append, "gradients")
    explorer.squash = "tanh"
    assert len(heard) == 1 and explorer.gradients == Recurrence(rho=1.5, x=0.5, squash="tanh").gradients
    with pytest.raises(traitlets.TraitError):
        explorer.gradients = {}


@pytest.mark.parametrize(
    "call, error, argument",
    [
        (lambda: Recurrence(matrix=[[1, 2, 3]]), ValueError, "matrix"),
        (lambda: Recurrence(matrix=[[0, 1], [0, 0]]), ValueError, "matrix"),
        (lambda: Recurrence(matrix=[[1, np.nan], [0, 0]]), ValueError, "matrix"),
        (lambda: Recurrence(matrix="M"), TypeError, "matrix"),
        (lambda: Recurrence(steps=1), ValueError, "steps"),
        (lambda: Recurrence(steps=61), ValueError, "steps"),
        (lambda: Recurrence(steps=2.5), ValueError, "steps"),
        (lambda: Recurrence(squash="relu"), ValueError, "squash"),
        (lambda: Recurrence(rho="1"), TypeError, "rho"),
        (lambda: Recurrence(x=math.inf), ValueError, "x"),
        (lambda: Recurrence(rho=-1), ValueError, "inputs"),
        (lambda: Recurrence(rho=1e200), ValueError, "inputs"),
    ],
)
def test_the_explorer_refuses_a_bad_argument_by_name(call, error, argument):
    with pytest.raises(error, match=says(argument)):
        call()


def test_bad_inputs_are_refused_and_the_old_ones_kept():
    explorer = Recurrence()
    for inputs in {"rho": -0.1, "x": 1}, {"rho": math.nan, "x": 1}, {"rho": 1}, {"rho": 1e300, "x": 1}:
        with pytest.raises(ValueError, match=r"^inputs"):
            explorer.inputs = inputs
        assert explorer.inputs == {"rho": 1.2, "x": 0.1}
    with pytest.raises(ValueError, match=says("squash")):
        explorer.squash = "sin"
    assert explorer.squash == "none"


def test_a_page_is_small_and_needs_no_network():
    page = Recurrence().html()
    assert len(page.encode()) <= 40_000
    assert not re.search(r"https?://(?!www\.w3\.org)|\beval\(|new Function", page)
    assert Recurrence().html() == page


def test_the_readouts_are_what_the_script_rewrites():
    shown = set(re.findall(r'data-n="([^"]+)"', Recurrence().html()))
    assert shown == {"inputs.rho", "inputs.x", "first", "factor", "sum", "nudged", "early", "loss"}


def javascript(explorer):
    """The script's own `show` at the explorer's traits, without a browser."""
    stub = """
    const drawn = {};
    const piece = (line) => ({ dataset: { line }, setAttribute: (key, value) => (drawn[line + "." + key] = value) });
    const root = {
      querySelectorAll: (what) => (what === "[data-line]" ? ["norms", "shares", "first"].map(piece) : []),
      querySelector: () => ({ setAttribute() {} }), addEventListener() {},
    };
    let shown;
    const explore = (_, __, { show }) => (shown = show);
    """
    now = json.dumps({"inputs": explorer.inputs, "squash": explorer.squash})
    code = explorer._code.replace("function explore(", "function binding(")
    script = code + stub + f"start(root, {{}});\nconsole.log(JSON.stringify([shown({now}), drawn]));"
    return json.loads(subprocess.run(["node", "-"], input=script, capture_output=True, text=True, check=True).stdout)


@needs_node
@pytest.mark.parametrize("squash", SQUASHES)
@pytest.mark.parametrize("rho, x", [(0.0, 0.3), (0.3, 1.0), (1.2, 0.1), (1.6, 2.0), (1.0, 0.0)])
def test_the_script_shows_what_python_shows(squash, rho, x):
    explorer = Recurrence(rho=rho, x=x, squash=squash)
    told, drawn = javascript(explorer)
    for key, number in explorer._numbers().items():
        assert told[key] == pytest.approx(number, rel=1e-9, abs=1e-12), key
    assert told["inputs.rho"] == svg.fixed(rho, 2)
    html = explorer.html()
    for key in "norms", "shares":
        (line,) = re.findall(rf'<path d="([^"]+)"[^>]*data-line="{key}"', html)
        points, ours = (np.array(re.findall(r"[-\d.]+", text), float) for text in (line, drawn[f"{key}.d"]))
        np.testing.assert_allclose(ours, points, atol=0.11)
    (dot,) = re.findall(r'data-line="first" cx="([\d.]+)" cy="([\d.]+)"', html)
    assert [drawn["first.cx"], drawn["first.cy"]] == list(dot)
