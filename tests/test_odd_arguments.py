"""Every public name, each of its arguments in turn replaced by each of many odd values.

A call answers rightly, or refuses with a ValueError or TypeError of the package's own, which names the argument, what
was expected and what came. What is public is found by walking the rooms, so a new name is asked without being written
down here; only the good arguments to start from have to be: see `GOOD`.
"""

import datetime
import decimal
import enum
import fractions
import functools
import importlib
import inspect
import pkgutil
import re
import signal
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import says
from matplotlib.figure import Figure

import bpcourse
from bpcourse import classroom, codegen, examples, explore, figures, graph, layers, network, practice
from bpcourse.beyond import recurrent, remedies
from bpcourse.explore import programs
from bpcourse.gates import GATES, Gate
from bpcourse.graph import Value

# ------------------------------------------------------------------------ odd values


class Hostile:
    """Whatever it is asked, it raises."""

    def _raise(self, *_):
        raise RuntimeError("hostile")

    __array__ = __repr__ = __str__ = __len__ = __iter__ = __float__ = __int__ = __index__ = __bool__ = __eq__ = _raise
    __getitem__ = __add__ = __radd__ = __mul__ = __rmul__ = __lt__ = __gt__ = __contains__ = __format__ = _raise
    __hash__ = object.__hash__


class HostileFloat(float):
    """A float that is none."""

    def __float__(self):
        raise RuntimeError("hostile")

    __repr__ = __str__ = __float__


class HostileList(list):
    """A list that cannot be read."""

    def __iter__(self):
        raise RuntimeError("hostile")

    __len__ = __repr__ = __getitem__ = __iter__


class HostileDict(dict):
    """A dict that cannot be read."""

    def __iter__(self, *_):
        raise RuntimeError("hostile")

    __len__ = __repr__ = __getitem__ = __contains__ = keys = values = items = get = __iter__


class HostileText(str):
    """A text that cannot be shown."""

    def __str__(self, *_):
        raise RuntimeError("hostile")

    __repr__ = __format__ = __len__ = __iter__ = __str__


class HostileWhole(int):
    """A whole number that is none."""

    def __int__(self, *_):
        raise RuntimeError("hostile")

    __float__ = __index__ = __repr__ = __lt__ = __le__ = __gt__ = __ge__ = __int__


class Liar(Mapping):
    """A mapping whose keys lead nowhere."""

    def __iter__(self):
        return iter(["W1", "b1"])

    def __len__(self):
        return 2

    def __getitem__(self, key):
        raise KeyError(key)


class Shapeless:
    """An array whose shape cannot be asked for."""

    @property
    def shape(self):
        raise RuntimeError("hostile")

    def __array__(self, dtype=None, copy=None):
        return np.ones((2, 3), dtype)


class Anything:
    def __init__(self, *args, **names):
        pass


class Colour(enum.Enum):
    RED = 1


class Frame:
    """As pandas' frames: no array, but it makes one."""

    def __array__(self, dtype=None, copy=None):
        return np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype)


class Tensor:
    """As PyTorch's tensors that require a gradient."""

    shape = (2, 3)

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")

    def __iter__(self):
        return iter([Tensor(), Tensor()])


ODD = {
    "None": lambda: None,
    "True": lambda: True,
    "a text": lambda: "a",
    "an empty text": lambda: "",
    "bytes": lambda: b"x",
    "3": lambda: 3,
    "-1": lambda: -1,
    "0": lambda: 0,
    "1.5": lambda: 1.5,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "-inf": lambda: float("-inf"),
    "1e308": lambda: 1e308,
    "10**400": lambda: 10**400,
    "1j": lambda: 1j,
    "[]": lambda: [],
    "[1]": lambda: [1],
    "a ragged list": lambda: [[1], [1, 2]],
    "a list of texts": lambda: ["a", "b"],
    "a list of None": lambda: [None, None],
    "a masked number": lambda: np.ma.masked,
    "{}": lambda: {},
    "a dict": lambda: {"a": 1},
    "a dict by numbers": lambda: {1: None, 2.5: "x"},
    "()": lambda: (),
    "a set": lambda: {1, 2},
    "an object": object,
    "a function": lambda: lambda *args, **names: args,
    "a class": lambda: Anything,
    "a module": lambda: re,
    "a generator": lambda: (x for x in (1.0, 2.0)),
    "a range": lambda: range(3),
    "a date": lambda: datetime.date(2020, 1, 1),
    "an enum": lambda: Colour.RED,
    "Decimal": lambda: decimal.Decimal("1.5"),
    "Fraction": lambda: fractions.Fraction(3, 2),
    "a Value": lambda: Value(2.0, "v"),
    "a graph": lambda: graph.exp(Value(0.5, "x")) * Value(2.0),
    "a 0-d array": lambda: np.array(3.0),
    "an empty array": lambda: np.zeros(0),
    "0 rows of 3": lambda: np.zeros((0, 3)),
    "2×3": lambda: np.ones((2, 3)),
    "2×3×4": lambda: np.ones((2, 3, 4)),
    "uint8": lambda: np.array([[1, 2, 3], [250, 251, 255]], np.uint8),
    "int8": lambda: np.array([[-128, 127, 3], [1, 2, 3]], np.int8),
    "float16": lambda: np.array([[1, 2, 3], [4, 5, 6]], np.float16),
    "float32": lambda: np.array([[1, 2, 3], [4, 5, 6]], np.float32),
    "bool": lambda: np.array([[True, False, True], [False, True, True]]),
    "complex": lambda: np.ones((2, 3), complex),
    "texts": lambda: np.array([["a", "b", "c"]] * 2),
    "objects": lambda: np.array([[object()] * 3] * 2),
    "an array of Values": lambda: np.array([Value(1.0), Value(2.0)], object),
    "masked": lambda: np.ma.array(np.ones((2, 3)), mask=[[0, 1, 0], [0, 0, 0]]),
    "a record": lambda: np.zeros(3, [("a", float), ("b", int)]),
    "dates": lambda: np.array(["2020-01-01"] * 3, "datetime64[D]"),
    "NaN in an array": lambda: np.array([[1, 2, 3], [np.nan, 1, 2]]),
    "inf in an array": lambda: np.array([[1, 2, 3], [-np.inf, 1, 2]]),
    "huge": lambda: np.array([[1e308, -1.7e308, 1.7e308], [1.7e308, 1.7e308, 1.7e308]]),
    "tiny": lambda: np.full((2, 3), 5e-324),
    "a frame": Frame,
    "a tensor": Tensor,
    "a hostile object": Hostile,
    "a hostile float": lambda: HostileFloat(2.0),
    "a hostile list": lambda: HostileList([1.0, 2.0]),
    "a hostile dict": lambda: HostileDict(a=1.0),
    "a hostile text": lambda: HostileText("tanh"),
    "a hostile whole number": lambda: HostileWhole(2),
    "a liar": Liar,
    "a shapeless array": Shapeless,
    "...": lambda: ...,
    "a lone surrogate": lambda: "\ud800",
    "5e-324": lambda: 5e-324,
    "1×1": lambda: np.ones((1, 1)),
    "wider than float64": lambda: np.full((2, 3), np.longdouble(2) ** 2000),
    "one wide number": lambda: np.longdouble(2) ** 2000,
    "masked in a list": lambda: [np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])] * 2,
    "masked records": lambda: np.ma.zeros(3, [("a", float)]),
    "masked labels": lambda: np.ma.array([0, 1, 1], mask=[0, 1, 0]),
}

TWINS = {
    "True": lambda: 1.0,
    "3": lambda: 3.0,
    "0": lambda: 0.0,
    "-1": lambda: -1.0,
    "[1]": lambda: np.array([1.0]),
    "Fraction": lambda: 1.5,
    "a range": lambda: np.array([0.0, 1.0, 2.0]),
    "a 0-d array": lambda: 3.0,
    **{name: lambda name=name: ODD[name]().astype(float) for name in ("uint8", "int8", "float16", "float32", "bool")},
    "a frame": lambda: np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
}
"""The same numbers as plain floats: where both are taken, both give the same."""

# ------------------------------------------------------------- good arguments to start from

X, Y = np.array([[0.5, -1.0, 2.0], [1.0, 0.3, -0.7]]), np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
NET = network.initialise([2, 3, 2], "tanh", seed=0)
OF_NET = {"parameters": NET, "hidden": "tanh"}
RECURRENT = recurrent.initialise(2, 1)
SEQUENCE = np.ones((3, 1, 2))
CELL = {"x": Y, "h": [[0.5, -0.5, 1.0]], "c": [[0.1, 0.2, -1.0]], "W": np.full((4, 3), 0.3), "b": np.ones((4, 1))}
Q, K, V = np.ones((2, 3)), np.ones((2, 4)) * 0.5, np.arange(8.0).reshape(2, 4)
NORMED = remedies.with_norms(NET)
A_LADDER = next(
    f"04.{k}" for k, exercise in enumerate(practice.chapter(4), start=1) if isinstance(exercise, practice.exercises.Ladder)
)
LAST = practice.exercise(A_LADDER).derivation.step(practice.exercise(A_LADDER).steps[-1])
SQUARE = np.array([[2.0, 1.0], [0.5, -1.5]])


def total(x):
    return float(np.tanh(x).sum())


def xy():
    return Value(0.6, "x"), Value(1.2, "y")


def of_graph(**more):
    """v = exp(x)·y and its inputs, as the arguments that the names say."""
    x, y = xy()
    v = graph.exp(x) * y
    known = {"v": v, "output": v, "outputs": [v], "results": [v], "inputs": [x, y], "x": x, "settings": {x: 1.0}, "node": v}
    known |= {"tangents": {x: 1.0}, "upstreams": [1.0], "vector": [1.0, 2.0], "towards": [x], "order": [x, y], "upstream": 1.0}
    return {name: known[name] if value is ... else value for name, value in more.items()}


def of_cache(**more):
    return {"cache": network.forward(X, NET, "tanh"), **OF_NET, **more}


def with_tape(name):
    def good():
        tape = codegen.Tape()
        places = tape.input(0.6), tape.input(1.2)
        method = getattr(tape, name)
        gate = next(gate for gate in GATES.values() if gate.name.replace(" ", "_") == name)
        return method, dict(zip("ab", places[: gate.arity]))

    return good


def of_workspace(name, **more):
    def good():
        workspace = network.Workspace({key: array.copy() for key, array in NET.items()}, 3, "tanh")
        workspace.forward(X)
        return getattr(workspace, name), more

    return good


def of_tape(name, **more):
    def good():
        tape = codegen.Tape()
        tape.input(0.6)
        return getattr(tape, name), more

    return good


@functools.cache
def panel():
    return Figure(figsize=(1, 1)).add_axes((0, 0, 1, 1))


GATE = {name: {"x": 0.6} for name in ("exp", "log", "sqrt", "square", "reciprocal", "sigmoid", "tanh", "relu", "sin", "cos")}
LAYER = {"dA": X, "Z": X, "A": X}

GOOD = {
    "numeric.central_difference": {"f": total, "x": [1.0, 2.0], "eps": 1e-5},
    "numeric.forward_difference": {"f": total, "x": [1.0, 2.0], "eps": 1e-5},
    "numeric.relative_error": {"a": X, "b": X},
    "numeric.check_gradient": {"f": total, "x": X, "analytic": X * 0 + 1, "rtol": 1e-6, "eps": 1e-5, "size": 1.0},
    "numeric.check_directions": {
        "f": total, "x": X, "analytic": X * 0 + 1, "directions": 2, "seed": 0, "rtol": 1e-6, "eps": 1e-5, "size": 1.0,
    },
    "gates.power": {"n": 3.0},
    "gates.Gate.compute": lambda: (GATES["multiply"].compute, [2.0, 3.0]),
    "gates.Gate.local_gradients": lambda: (GATES["multiply"].local_gradients, [6.0, 2.0, 3.0]),
    "gates.Gate.slopes": lambda: (GATES["sigmoid"].slopes, [X, X]),
    "graph.Value": {"x": 1.0, "name": "x"},
    "graph.Value.named": lambda: (Value(1.0).named, {"name": "x"}),
    "graph.Value.relu": lambda: (Value(1.0).relu, {}),
    "graph.Value.backward": lambda: (graph.exp(Value(1.0)).backward, {}),
    "graph.Value.apply_gate": lambda: (Value.apply_gate, [GATES["multiply"], 2.0, Value(3.0)]),
    "graph.topological_order": lambda: of_graph(output=...),
    "graph.gradient": lambda: of_graph(output=..., inputs=...),
    "graph.evaluate": lambda: of_graph(output=..., settings=...),
    "graph.adjoints": lambda: of_graph(output=..., towards=...),
    "graph.flows": lambda: of_graph(node=..., upstream=...),
    "graph.local_gradients": lambda: of_graph(node=..., symbols=False),
    "graph.expect_unchanged": lambda: of_graph(order=...),
    "graph.expect_value": lambda: of_graph(x=..., argument="x"),
    "graph.expect_values": lambda: {"x": list(xy()), "argument": "x"},
    **{f"graph.{name}": good for name, good in GATE.items()},
    **{f"graph.{name}": {"a": 0.6, "b": 1.2} for name in ("maximum", "minimum")},
    "chain.paths": lambda: (lambda v, x: list(bpcourse.chain.paths(v, x)), of_graph(v=..., x=...)),
    "chain.count_paths": lambda: of_graph(v=..., x=...),
    "chain.count_edges": lambda: of_graph(v=...),
    "layers.affine": {"W": NET["W1"], "A_below": X, "b": NET["b1"]},
    "layers.affine_vjp": {"dZ": X, "A_below": X},
    **{f"layers.{name}": {"Z": X} for name in ("sigmoid", "tanh", "relu", "identity", "softmax")},
    "layers.activation": {"name": "tanh", "argument": "hidden"},
    "layers.activation_vjp": {"name": "tanh", **LAYER},
    "layers.softmax_vjp": {"dA": X, "A": X},
    "layers.output_delta": {"Z": X, "A": layers.softmax(X), "Y": Y, "output": "softmax", "loss": "squared_error"},
    "layers.expect_loss": {"loss": "cross_entropy", "output": "softmax"},
    "layers.losses": {"Y": Y, "Z": X, "loss": "cross_entropy", "output": "softmax", "A": layers.softmax(X)},
    "layers.log_probabilities": {"Z": X, "output": "softmax"},
    "layers.log_complements": {"Z": X, "output": "softmax"},
    "layers.inside": {"A": layers.softmax(X)},
    "network.forward": {"X": X, **OF_NET, "output": "softmax"},
    "network.backpropagation": lambda: of_cache(Y=Y, output="softmax", loss="cross_entropy"),
    "network.pull_back": lambda: of_cache(dZ=X),
    "network.cost": lambda: {"cache": network.forward(X, NET, "tanh"), "Y": Y, "loss": "cross_entropy"},
    "network.update": {"parameters": NET, "grads": {f"d{name}": array for name, array in NET.items()}, "learning_rate": 0.1},
    "network.checked_parameters": {"parameters": NET},
    "network.initialise": {"sizes": [2, 3, 2], "hidden": "tanh", "seed": 0},
    "network.one_hot": {"labels": [0, 1, 1], "classes": 2},
    "network.predict": {"X": X, **OF_NET},
    "network.as_graph": {**OF_NET, "x": X[:, 0], "y": Y[:, 0], "output": "softmax", "loss": "cross_entropy"},
    "network.node_name": lambda: (network.node_name, [NET, "w", 1, 1, 2]),
    "network.Workspace": {**OF_NET, "batch_size": 3, "output": "softmax", "loss": "cross_entropy"},
    "network.Workspace.forward": of_workspace("forward", X=X),
    "network.Workspace.backpropagation": of_workspace("backpropagation", Y=Y),
    "network.Workspace.step": of_workspace("step", X=X, Y=Y, learning_rate=0.1),
    "network.train": {
        "X": X, "Y": Y, **OF_NET, "output": "softmax", "loss": "cross_entropy", "learning_rate": 0.1, "batch_size": 2,
        "epochs": 1, "until_loss": 0.1, "validation": (X, Y), "seed": 0, "progress": False, "after_epoch": None,
        "checkpoint": None, "resume": False,
    },
    **{f"codegen.{name}": lambda: of_graph(v=..., inputs=...) for name in ("to_python", "compile_python", "simplified")},
    **{f"codegen.{name}": lambda: of_graph(results=..., inputs=...) | {"float32": False}
       for name in ("compile_table", "table_to_javascript")},
    "codegen.distinct_inputs": lambda: of_graph(inputs=...),
    "codegen.gate_lines": lambda: (codegen.gate_lines, [GATES["multiply"], 2.0, 3.0]),
    "codegen.single": {"x": 0.1},
    "codegen.count_gates": lambda: of_graph(v=...),
    "codegen.rewritten": lambda: {**of_graph(outputs=...), "inputs": {}},
    "codegen.Tape": {},
    "codegen.Tape.input": of_tape("input", x=1.0),
    "codegen.Tape.apply": lambda: (of_tape("apply")()[0], [GATES["exp"], 0]),
    "codegen.Tape.backward": of_tape("backward", place=0),
    **{f"codegen.Tape.{gate.name.replace(' ', '_')}": with_tape(gate.name.replace(" ", "_")) for gate in GATES.values()},
    **{f"beyond.bill.{name}": {"sizes": [2, 3, 2], "examples": 2} for name in ("forward_products", "backward_products")},
    "beyond.bill.numerical_products": {"sizes": [2, 3, 2], "examples": 2, "central": True},
    "beyond.bill.kept_numbers": {"sizes": [2, 3, 2], "examples": 2, "every": 1},
    "beyond.bill.operations": lambda: of_graph(output=...),
    "beyond.bill.numerical_gradients": {
        "X": X, "Y": Y, **OF_NET, "output": "softmax", "loss": "cross_entropy", "eps": 1e-5, "memory": 2**20,
    },
    "beyond.bill.checkpointed_gradients": {
        "X": X, "Y": Y, **OF_NET, "every": 1, "output": "softmax", "loss": "cross_entropy",
    },
    "beyond.modes.jvp": lambda: of_graph(outputs=..., tangents=...),
    "beyond.modes.forward_tangents": lambda: of_graph(outputs=..., tangents=...),
    "beyond.modes.vjp": lambda: of_graph(outputs=..., upstreams=..., inputs=...),
    "beyond.modes.jacobian": lambda: of_graph(outputs=..., inputs=..., mode="reverse"),
    "beyond.modes.count_products": lambda: of_graph(outputs=..., inputs=..., mode="forward"),
    "beyond.modes.hessian_vector": lambda: of_graph(output=..., inputs=..., vector=...),
    "beyond.remedies.initialise_by": {"rule": "he", "sizes": [2, 3, 2], "seed": 0},
    "beyond.remedies.dead_units": {"Z": X},
    "beyond.remedies.leaky_relu": {"Z": X, "slope": 0.1},
    "beyond.remedies.leaky_relu_vjp": {"dA": X, "Z": X, "slope": 0.1},
    "beyond.remedies.dropout": {"A": X, "keep": 0.5, "seed": 0},
    "beyond.remedies.dropout_vjp": {"dA": X, "mask": X},
    "beyond.remedies.batch_norm": {"Z": X, "gamma": [[1.0], [2.0]], "beta": [[0.0], [1.0]], "eps": 1e-5},
    "beyond.remedies.batch_norm_vjp": lambda: {"dU": X, "kept": remedies.batch_norm(X, [[1.0], [2.0]], [[0.0], [1.0]])[1]},
    "beyond.remedies.standardised": {"X": X, "axis": 1, "floor": 1e-5},
    "beyond.remedies.with_norms": {"parameters": NET},
    "beyond.remedies.residual": {"A_below": X, "F": X},
    "beyond.remedies.residual_vjp": {"dA": X, "dA_through_F": X},
    "beyond.remedies.forward": {"X": X, "parameters": NORMED, "hidden": "tanh", "residuals": True},
    "beyond.remedies.backpropagation": lambda: {
        "layers": remedies.forward(X, NORMED, "tanh"), "Y": Y, "parameters": NORMED, "hidden": "tanh",
    },
    "beyond.remedies.clip_by_norm": {"grads": {"dW1": X, "db1": Y}, "most": 0.5},
    "beyond.recurrent.initialise": {"units": 2, "inputs": 1, "radius": 1.0, "seed": 0},
    "beyond.recurrent.spectral_radius": {"W": RECURRENT["Wh"]},
    "beyond.recurrent.forward": {"X": SEQUENCE, "parameters": RECURRENT, "squash": "tanh"},
    "beyond.recurrent.backpropagation": lambda: {
        "dH": np.ones((4, 2, 2)), "H": recurrent.forward(SEQUENCE, RECURRENT), "X": SEQUENCE, "parameters": RECURRENT,
        "squash": "tanh",
    },
    "beyond.recurrent.as_graph": {"parameters": RECURRENT, "xs": SEQUENCE[:, :, 0], "y": [1.0, 0.0], "squash": "tanh"},
    "beyond.recurrent.lstm": CELL,
    "beyond.recurrent.lstm_vjp": lambda: {
        "dh": [[1.0, 2.0, 0.5]], "dc": [[0.0, -1.0, 3.0]], "kept": recurrent.lstm(**CELL)[2], "W": CELL["W"],
    },
    "beyond.structures.convolve": {"X": np.ones((1, 4, 2)), "K": np.ones((2, 1, 3))},
    "beyond.structures.convolve_vjp": {"dZ": np.ones((2, 2, 2)), "X": np.ones((1, 4, 2)), "K": np.ones((2, 1, 3))},
    "beyond.structures.max_pool": {"X": np.ones((1, 4, 2)), "size": 2},
    "beyond.structures.max_pool_vjp": {"dA": np.ones((1, 2, 2)), "X": np.ones((1, 4, 2)), "size": 2},
    "beyond.structures.embed": {"E": X, "ids": [0, 2]},
    "beyond.structures.embed_vjp": {"dX": np.ones((2, 2)), "E": X, "ids": [0, 2]},
    "beyond.structures.layer_norm": {"X": X, "gamma": np.ones((2, 1)), "beta": np.ones((2, 1))},
    "beyond.structures.layer_norm_vjp": {"dY": X, "X": X, "gamma": np.ones((2, 1))},
    "beyond.structures.attention_weights": {"Q": Q, "K": K},
    "beyond.structures.attention": {"Q": Q, "K": K, "V": V},
    "beyond.structures.attention_vjp": {"dO": Q, "Q": Q, "K": K, "V": V},
    "beyond.programs.solve": {"A": SQUARE, "B": X},
    "beyond.programs.solve_vjp": {"dX": X, "A": SQUARE, "B": X},
    "beyond.programs.equilibrium": {"W": SQUARE / 4, "B": X},
    "beyond.programs.equilibrium_vjp": {"dX": X, "W": SQUARE / 4, "X": np.tanh(X)},
    **{f"examples.{name}": {} for name in ("add_then_multiply", "sigmoid_neuron", "source_003", "three_paths", "three_sigmoids")},
    "examples.digits": {"seed": 0},
    "examples.four_four_two": {"loss": "squared_error"},
    "examples.padhai": {"loss": "squared_error"},
    "figures.axes": {"width": 3.0, "height": 2.0, "columns": 1, "rows": 1},
    "figures.themed": lambda: {"figure": Figure(figsize=(1, 1)), "description": "d"},
    "figures.curve": {"f": np.sin, "low": 0.0, "high": 1.0, "ylabel": "y"},
    "figures.tangent": lambda: {"ax": panel(), "x": 0.0, "y": 0.0, "slope": 1.0, "reach": 1.0, "label": "t"},
    "figures.cells": lambda: {
        "ax": panel(), "entries": [["a", 1.0]], "colours": "red", "alphas": 0.3, "left": 0.0, "top": 0.0, "gap": 0.0,
    },
    "figures.shapes": lambda: (figures.shapes, [("W", 2, 3, "red"), "="]),
    "figures.cost_curves": {"history": {"cost": [1.0, 0.5]}},
    "figures.confusion_matrix": {"labels": [0, 1], "predicted": [0, 1], "classes": 2},
    "figures.images": {"X": np.ones((64, 2)), "titles": ["a", "b"], "columns": 2},
    "figures.circuit": lambda: of_graph(v=...) | {"gradients": True, "decimals": 3},
    "figures.picture_of": lambda: of_graph(v=...),
    "figures.wire_key": {"letter": "v", "place": 3, "port": 1},
    "figures.network": {
        **OF_NET, "x": X[:, 0], "y": Y[:, 0], "highlight": "w_111", "output": "softmax", "loss": "cross_entropy",
        "gradients": True,
    },
    "figures.network_plan": {"parameters": NET, "output": "softmax"},
    "figures.route_line": {"route": ["a", "b"], "i": 0, "count": 1, "place": {"a": (0.0, 0.0), "b": (1.0, 1.0)}},
    "figures.route_path": {"line": "M0 0", "i": 1, "more": ""},
    "figures.number": {"x": 1.5},
    "figures.pretty": {"name": "w_111"},
    "explore.Bill": {"layers": 3, "units": 100},
    "explore.Circuit": lambda: of_graph(v=..., inputs=...) | {"ranges": {"x": (0.0, 1.0)}, "eps": 0.1, "h": 0.1,
                                                              "learning_rate": 0.1, "decimals": 2},
    "explore.Derivatives": lambda: {"functions": {"f": graph.exp(xy()[0])}, "span": (0.1, 1.5)},
    "explore.DifferenceStep": lambda: {"v": graph.exp(xy()[0]), "span": (0.1, 1.5), "eps": 1e-5},
    "explore.Hill": lambda: {"v": graph.exp(xy()[0]), "span": (0.1, 1.5), "h": 0.3},
    "explore.Machines": {
        "machines": 8, "examples": 256.0, "weights": 1e6, "bandwidth": 1e9, "latency": 1e-5, "speed": 1e10,
    },
    "explore.Network": {
        "parameters": NET, "x": X[:, 0], "y": Y[:, 0], "weight": "w_111", "hidden": "tanh", "output": "softmax",
        "losses": ["cross_entropy"], "learning_rate": 1.0, "span": (-2.0, 2.0),
    },
    "explore.Names": {"weight": "w_212"},
    "explore.OneLogit": {"z": 2.0, "output": "sigmoid", "label": 1},
    "explore.OneWeight": {"w": 1.0, "eps": 0.2},
    "explore.Product": {"a": -4.0, "b": -3.0, "h": 0.01},
    "explore.Recurrence": {"rho": 1.2, "x": 0.1, "steps": 3, "squash": "none", "matrix": ((0.8, -0.6), (0.6, 0.8))},
    "explore.Steps": lambda: {"walk": programs.convolution(np.ones((3, 3)), np.ones((2, 2)), np.ones((2, 2)))},
    "explore.VCurve": {"formula": "e^x", "x": 0.75, "halvings": 8},
    "explore.Xor": {"parameters": network.initialise([2, 2, 1], "tanh", 0), "learning_rate": 1.0},
    "classroom.seed_of": {"identifier": "ada", "label": "07.4", "secret": "a secret of the teacher"},
    "practice.chapter": {"number": 4},
    "practice.exercise": {"label": "04.2"},
    "practice.check": lambda: {"label": A_LADDER, "seed": 1, "rung": 1, "rules": {LAST.name: LAST.rule}, LAST.name: 1.5},
    "practice.diagnose": lambda: {
        "function": layers.softmax_vjp, "like": "softmax_vjp", "sizes": [3, 2], "hidden": "tanh", "output": "softmax",
        "loss": "cross_entropy", "criterion": None, "seed": 0,
    },
    "practice.of_circuit": lambda: {"output": of_graph(v=...)["v"].named("v"), "fresh": {"x": (1, 9, 0)}},
    "practice.of_network": {
        **OF_NET, "X": X, "Y": Y, "output": "softmax", "loss": "cross_entropy", "eta": 0.1, "fresh": {"x": (1, 9, 0)},
        "entries": ["w_111"], "matched": True,
    },
}  # fmt: skip
"""Good arguments by public name: by keyword, or in a row; a function where they are made anew, or the call with them."""


# ------------------------------------------------------------------------ what is public

FACES = {
    "pictures": figures, "codegen": codegen, "network": network, "examples": examples, "explore": explore, "practice": practice,
    "classroom": classroom,
}  # fmt: skip
"""Rooms that hand out their public names."""

GROUND = {"checks", "doors", "language"}
"""What asks is not asked."""

ELSEWHERE = {"beyond.machines"}
"""It starts processes: `test_machines` asks it."""

WITH_METHODS = (Gate, Value, network.Workspace, codegen.Tape)


def is_record(value):
    """A class that keeps what it is given: a named tuple, or a dataclass."""
    return isinstance(value, type) and (issubclass(value, tuple | list | dict) or hasattr(value, "__dataclass_fields__"))


def public():
    """(name, object) of all that the rooms hold for others, and of the methods of the classes that do the work."""
    found = {}
    for info in pkgutil.walk_packages(bpcourse.__path__, "bpcourse."):
        room = info.name.removeprefix("bpcourse.")
        if room.split(".")[0] in GROUND or (room.split(".")[0] in FACES and "." in room) or room == "pictures":
            continue
        if room in ELSEWHERE:
            continue
        module = importlib.import_module(info.name)
        face = next((name for name, face in FACES.items() if face is module), None)
        for name, value in vars(module).items():
            own = name in module.__all__ if face else getattr(value, "__module__", None) == module.__name__
            if own and not name.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value)):
                found[f"{room}.{name}"] = value
    for name, value in list(found.items()):
        if value in WITH_METHODS:
            methods = {method: of for method, of in inspect.getmembers(value, callable) if not method.startswith("_")}
            found |= {f"{name}.{method}": of for method, of in methods.items() if method != "picture"}
    return {name: value for name, value in found.items() if not is_record(value)}


PUBLIC = public()

BELIEVED = {
    "gates.Gate.local_gradients": "every wire of a sweep asks it, on what `compute` let through; it passes its inputs on",
    "gates.Gate.slopes": "its arrays come from behind the door of `activation_vjp`, or from a workspace that has asked",
    "graph.flows": "a step of the sweep, which says itself what overflowed",
}
"""Called so often that they are not asked again: by name, with the reason."""

# ------------------------------------------------------------------------------ a call

HOUSE = str(Path(bpcourse.__file__).parent)
OWN_WORDS = re.compile(r"^[^:]{1,80}: expected .+, got .+", re.DOTALL)
PYTHONS_WORDS = re.compile(r"missing \d+ required|unexpected keyword argument|takes \d+ positional|multiple values for")


def good_call(name):
    """(call, arguments in a row or by name), made anew."""
    good = GOOD[name]
    good = good() if callable(good) else good
    return good if isinstance(good, tuple) else (PUBLIC[name], good)


def answered(call, arguments):
    """(answer, None), or (None, what is wrong with how it was refused); warnings are wrong, too."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return call(*arguments) if isinstance(arguments, list) else call(**arguments), None
        except (ValueError, TypeError) as error:
            if PYTHONS_WORDS.search(str(error)):
                return None, ""
            place = traceback.extract_tb(error.__traceback__)[-1]
            if not OWN_WORDS.match(str(error)):
                return None, f"{type(error).__name__}: {error} ({place.filename.removeprefix(HOUSE)}:{place.lineno})"
            return None, "" if place.filename.startswith(HOUSE) else f"raised outside: {error}"
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            place = traceback.extract_tb(error.__traceback__)[-1]
            return None, f"{type(error).__name__}: {str(error)[:150]} ({place.filename.removeprefix(HOUSE)}:{place.lineno})"


def numbers_in(answer, depth=0):
    """All numbers that an answer is made of, as far as they can be found."""
    if isinstance(answer, Value):
        yield np.asarray(answer.value)
    elif isinstance(answer, np.ndarray | float):
        if np.asarray(answer).dtype.kind == "f":
            yield np.asarray(answer)
    elif isinstance(answer, dict) and depth < 4:
        for part in answer.values():
            yield from numbers_in(part, depth + 1)
    elif isinstance(answer, list | tuple) and depth < 4:
        for part in answer:
            yield from numbers_in(part, depth + 1)


COARSE = {"float16": 0.1, "float32": 1e-4}
"""How near answers are where the numbers themselves are coarse, after some cancelling."""


def differ(one, other, label):
    ones, others = list(numbers_in(one)), list(numbers_in(other))
    if len(ones) != len(others):
        return True
    near = COARSE.get(label, 1e-9)
    return not all(
        a.shape == b.shape and np.allclose(a, b, rtol=near, atol=near * max(1, np.abs(b).max(initial=0)))
        for a, b in zip(ones, others)
    )


def spoken(name, place, label):
    return f"{name}({place} = {label})"


def faults(name):
    """What is wrong with the answers of one public name to all odd arguments."""
    _, arguments = good_call(name)
    for place in range(len(arguments)) if isinstance(arguments, list) else arguments:
        for label, odd in ODD.items():
            call, arguments = good_call(name)
            arguments = arguments.copy()
            arguments[place] = odd()
            answer, fault = answered(call, arguments)
            plt.close("all")
            if fault:
                yield f"{spoken(name, place, label)}: {fault}"
            if fault is None:
                if not all(np.isfinite(x).all() for x in numbers_in(answer)):
                    yield f"{spoken(name, place, label)}: NaN or infinity came out"
                elif label in TWINS:
                    call, arguments = good_call(name)
                    arguments = arguments.copy()
                    arguments[place] = TWINS[label]()
                    plain, refused = answered(call, arguments)
                    if refused is None and differ(answer, plain, label):
                        yield f"{spoken(name, place, label)}: another answer than to the same numbers as floats"


@pytest.fixture
def no_hang():
    """A call that does not come back is ended, and fails."""

    def end(*_):
        raise AssertionError("a call that did not come back within a minute of the processor's time")

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, 60)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)
    plt.close("all")


def test_every_public_name_has_good_arguments():
    """A new public name is asked as soon as `GOOD` has arguments that it takes: add them under its name."""
    assert set(PUBLIC) == set(GOOD), f"missing in GOOD: {set(PUBLIC) - set(GOOD)}, gone: {set(GOOD) - set(PUBLIC)}"


@pytest.mark.parametrize("name", PUBLIC)
def test_good_arguments_are_taken(name, no_hang):
    _, fault = answered(*good_call(name))
    assert fault is None, fault


@pytest.mark.parametrize("name", [name for name in PUBLIC if name not in BELIEVED])
def test_odd_arguments_are_answered_rightly_or_refused_by_name(name, no_hang):
    found = list(faults(name))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: network.one_hot([0], 10**12), "classes"),
        (lambda: network.initialise([10**6, 10**6]), "sizes"),
        (lambda: remedies.initialise_by("he", [3, 10**6, 10**6]), "sizes"),
        (lambda: recurrent.initialise(10**6, 1), "units, inputs"),
        (lambda: recurrent.initialise(2, 10**12), "units, inputs"),
        (lambda: recurrent.initialise(10**300, 1), "units"),
    ],
)
def test_what_no_memory_holds_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=says(argument)):
        call()
