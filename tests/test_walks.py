"""Walks give what the package's functions return, step by step, in Python and in JavaScript; the code is the package's own."""

import inspect
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from walks import NETWORKS, WALKS, entries, layers

import bpcourse.explore
from bpcourse import network
from bpcourse.beyond import recurrent, remedies, structures
from bpcourse.explore import Steps, programs, walks
from bpcourse.explore.steps import columns, flow, readers

each = pytest.mark.parametrize("make", WALKS.values(), ids=WALKS)
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs a JavaScript engine: node")


def equal(walk, **expected):
    for name, array in expected.items():
        np.testing.assert_allclose(walk.arrays[name], array, rtol=1e-12, atol=1e-14, err_msg=name)


@pytest.mark.parametrize("kinds", NETWORKS.values(), ids=NETWORKS)
def test_a_networks_walk_is_forward_cost_and_backpropagation(kinds):
    walk = layers(*kinds)
    hidden, output, loss = kinds
    parameters = {name: walk.arrays[name] for name in ("W1", "b1", "W2", "b2")}
    cache = network.forward(walk.arrays["A0"], parameters, hidden, output)
    equal(walk, **cache, **network.backpropagation(cache, walk.arrays["Y"], parameters, hidden, output, loss))
    equal(walk, C=[[network.cost(cache, walk.arrays["Y"], loss)]])


def test_the_walks_of_structures_are_their_functions():
    walk = WALKS["recurrence"]()
    a = walk.arrays
    H = recurrent.forward(np.stack([a["x1"], a["x2"], a["x3"]]), {name: a[name] for name in ("Wh", "Wx", "b")})
    dH = np.zeros_like(H)
    dH[-1] = a["dh3"]
    grads = recurrent.backpropagation(dH, H, np.stack([a["x1"], a["x2"], a["x3"]]), {n: a[n] for n in ("Wh", "Wx", "b")})
    equal(walk, h3=H[-1], dWh=grads["dWh"], dWx=grads["dWx"], db=grads["db"], dh1=grads["dH"][1])

    walk = WALKS["LSTM"]()
    a = walk.arrays
    h, c, kept = recurrent.lstm(a["below"][2:], a["below"][:2], a["c0"], a["W"], a["b"])
    dx, dh, dc, dW, db = recurrent.lstm_vjp(a["dh1"], a["later"], kept, a["W"])
    equal(walk, h1=h, c1=c, dbelow=np.concatenate([dh, dx]), dc0=dc, dW=dW, db=db)

    walk = WALKS["batch norm"]()
    a = walk.arrays
    U, kept = remedies.batch_norm(a["Z"], a["gamma"], a["beta"])
    equal(walk, U=U, **dict(zip(("dZ", "dgamma", "dbeta"), remedies.batch_norm_vjp(a["dU"], kept))))

    walk = WALKS["convolution"]()
    a = walk.arrays
    X, K = a["X"][None, ..., None], a["K"][None, None]
    dX, dK = structures.convolve_vjp(a["dZ"][None, ..., None], X, K)
    equal(walk, Z=structures.convolve(X, K)[0, ..., 0], dX=dX[0, ..., 0], dK=dK[0, 0])

    walk = WALKS["layer norm"]()
    a = walk.arrays
    equal(walk, Y=structures.layer_norm(a["X"], a["gamma"], a["beta"]))
    equal(walk, **dict(zip(("dX", "dgamma", "dbeta"), structures.layer_norm_vjp(a["dY"], a["X"], a["gamma"]))))


@pytest.mark.parametrize("causal", [False, True])
def test_attentions_walk_is_attention(causal):
    walk = WALKS["causal attention" if causal else "attention"]()
    Q, K, V, dO = (walk.arrays[name] for name in ("Q", "K", "V", "dO"))
    equal(walk, O=structures.attention(Q, K, V, causal), P=structures.attention_weights(Q, K, causal))
    equal(walk, **dict(zip(("dQ", "dK", "dV"), structures.attention_vjp(dO, Q, K, V, causal))))


@each
def test_a_summed_entry_is_the_sum_of_its_products(make):
    walk = make()
    for step, row, column in entries(walk):
        formula, at = walks.placed(step.formulas, step.array.shape, row, column)
        if not formula.shown:
            assert walks.entry(formula, at, walk.arrays) == pytest.approx(step.array[row, column], rel=1e-12, abs=1e-12)


@each
@needs_node
def test_the_page_computes_every_entry_of_every_step(make):
    walk = make()
    code = Steps(walk)._code
    all_entries = """steps => steps.flatMap((step) => SPEC.arrays[step.name].flatMap((row_, row) => row_.map((x, column) => {
      const [formula, at] = placed(step, row, column);
      return formula.shown ? x : entry(formula, at);
    })))"""
    script = f"{code}\nconsole.log(JSON.stringify(({all_entries})(SPEC.steps)));"
    told = json.loads(subprocess.run(["node", "-"], input=script, capture_output=True, text=True, check=True).stdout)
    np.testing.assert_allclose(told, [step.array[row, column] for step, row, column in entries(walk)], rtol=1e-12, atol=1e-12)


@each
def test_every_line_of_code_stands_in_the_file_that_is_named(make):
    root = Path(bpcourse.explore.__file__).parents[2]
    for step in make().steps:
        assert step.line in (root / step.place).read_text(encoding="utf-8")


@each
def test_a_step_reads_only_what_is_there(make):
    walk = make()
    there = {*walk.given, *walk.asides}
    for step in walk.steps:
        assert set(step.reads) <= there
        there.add(step.name)


@each
def test_the_picture_has_a_box_for_every_array_and_wires_that_run_to_the_right(make):
    walk = make()
    at, picture = columns(walk), flow(walk).svg
    for name, of in readers(walk).items():
        assert all(at[one] < at[name] for one in of)
        assert all(f'data-wire="{one} {name}"' in picture for one in of)
    for step in walk.steps:
        assert f'data-box="{step.name}"' in picture


@each
def test_no_wire_of_the_picture_runs_behind_a_box(make):
    picture = flow(make()).svg
    boxes = re.findall(r'<g data-box="(\w+)"><rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', picture)
    for way, *ends in re.findall(r'<path d="([^"]*)"[^>]* data-wire="(\w+) (\w+)"', picture):
        points = np.array(re.findall(r"[\d.]+", way), float).reshape(4, 2)
        t = np.linspace(0, 1, 101)[:, None]
        x, y = ((1 - t) ** 3 * points[0] + 3 * t * (1 - t) ** 2 * points[1] + 3 * t**2 * (1 - t) * points[2] + t**3 * points[3]).T
        for name, *place in boxes:
            left, top, width, height = map(float, place)
            inside = (left < x) & (x < left + width) & (top < y) & (y < top + height)
            assert name in ends or not inside.any(), f"{ends[0]} to {ends[1]} behind {name}"


def test_a_stepper_tells_values_forward_and_gradients_back():
    stepper = Steps(layers("sigmoid", "softmax", "cross_entropy"))
    assert stepper.values["Z1[0,0]"] == stepper.walk.arrays["Z1"][0, 0] and stepper.gradients == {}
    stepper.row, stepper.column = 2, 1
    stepper.step = len(stepper.walk.steps) - 1
    assert (stepper.row, stepper.column) == (2, 0), "the entry that is pointed at stays inside the array"
    assert stepper.gradients["db1[2,0]"] == stepper.walk.arrays["db1"][2, 0] and stepper.values == {}


@pytest.mark.parametrize(("trait", "value"), [("step", 12), ("step", -1), ("row", 3), ("column", 3)])
def test_a_stepper_refuses_what_lies_beyond(trait, value):
    stepper = Steps(layers("sigmoid", "softmax", "cross_entropy"))
    with pytest.raises(ValueError, match=f"{trait}: expected 0 to"):
        setattr(stepper, trait, value)
    assert getattr(stepper, trait) == 0


def test_a_stepper_refuses_what_is_no_walk_and_what_is_too_large_to_show():
    with pytest.raises(TypeError, match="walk: expected a Walk, got"):
        Steps(3)
    large = network.initialise([11, 2, 2], seed=0)
    with pytest.raises(ValueError, match=r"walk: expected arrays of at most 10 rows and columns, got A0 of shape \(11, 1\)"):
        Steps(programs.network(large, np.zeros((11, 1)), np.eye(2)[:, :1]))


def test_arguments_that_do_not_fit_are_refused_by_their_functions():
    parameters = network.initialise([4, 3, 2], seed=1)
    with pytest.raises(ValueError, match="X: expected"):
        programs.network(parameters, np.zeros((3, 1)), np.eye(2)[:, :1])
    with pytest.raises(ValueError, match="Y: expected"):
        programs.network(parameters, np.zeros((4, 1)), np.eye(3)[:, :1])
    with pytest.raises(ValueError, match="K: expected"):
        programs.attention(np.zeros((2, 3)), np.zeros((3, 3)), np.zeros((2, 3)), np.zeros((2, 3)))


def test_a_line_of_code_is_the_one_that_holds_the_piece():
    line, place = walks.source_line(network.update, "learning_rate *")
    assert line in inspect.getsource(network.update) and place == "bpcourse/network/equations.py"
    with pytest.raises(ValueError, match="expected one line of update that holds 'no such piece', got 0"):
        walks.source_line(network.update, "no such piece")
