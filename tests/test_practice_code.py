"""A reader's function against the book's: what is said of it, and whether the mistake in it is found.

The bugs are written by hand, as edits of right functions; the catalogue of mistakes is not asked for them.
"""

import itertools
import linecache
import re

import nbformat
import numpy as np
import pages
import pytest
from helpers import exercises_of, says

from bpcourse import layers, network
from bpcourse.gates import GATES
from bpcourse.graph import Value
from bpcourse.numeric import central_difference
from bpcourse.practice import cases, code, diagnose
from bpcourse.practice.exercises import Code

# ------------------------------------------------------------------------ five architectures, and a few parts

TWO_TWO_ONE = """
def backpropagation(cache, Y, parameters):
    m = Y.shape[1]
    grads = {}
    dA2 = 2 * (cache["A2"] - Y)
    dZ2 = dA2 * cache["A2"] * (1 - cache["A2"])
    grads["dW2"] = dZ2 @ cache["A1"].T / m
    grads["db2"] = dZ2.mean(axis=1, keepdims=True)
    dA1 = parameters["W2"].T @ dZ2
    dZ1 = dA1 * cache["A1"] * (1 - cache["A1"])
    grads["dW1"] = dZ1 @ cache["A0"].T / m
    grads["db1"] = dZ1.mean(axis=1, keepdims=True)
    return grads
"""

FOUR_FOUR_TWO = """
def backpropagation(cache, Y, parameters):
    A0, A1, P = cache["A0"], cache["A1"], cache["A2"]
    m = Y.shape[1]
    upstream = -2 * (Y - P)
    dZ2 = P * (upstream - np.sum(upstream * P, axis=0))
    dA1 = parameters["W2"].T @ dZ2
    dZ1 = dA1 * A1 * (1 - A1)
    dW2, db2 = dZ2 @ A1.T / m, dZ2.sum(axis=1, keepdims=True) / m
    dW1, db1 = dZ1 @ A0.T / m, dZ1.sum(axis=1, keepdims=True) / m
    return {"dW2": dW2, "db2": db2, "dW1": dW1, "db1": db1}
"""

THREE_FIVE_FOUR_TWO = """
def backpropagation(cache, Y, parameters):
    grads = {}
    m = Y.shape[1]
    dZ = cache["A3"] - Y
    for l in 3, 2, 1:
        grads[f"dZ{l}"] = dZ
        grads[f"dW{l}"] = dZ @ cache[f"A{l - 1}"].T / m
        grads[f"db{l}"] = np.sum(dZ, axis=1, keepdims=True) / m
        if l > 1:
            dA = parameters[f"W{l}"].T @ dZ
            dZ = dA * (1 - cache[f"A{l - 1}"] ** 2)
    return grads
"""

TWO_THREE_ONE = """
def gradients(X, Y, parameters):
    W1, b1, W2, b2 = [parameters[name] for name in ("W1", "b1", "W2", "b2")]
    Z1 = W1 @ X + b1
    A1 = np.maximum(Z1, 0)
    prediction = W2 @ A1 + b2
    m = X.shape[1]
    dZ2 = prediction - Y
    dA1 = W2.T @ dZ2
    dZ1 = dA1 * (Z1 > 0)
    return {
        "dW1": dZ1 @ X.T / m, "db1": dZ1.mean(axis=1, keepdims=True),
        "dW2": dZ2 @ A1.T / m, "db2": dZ2.mean(axis=1, keepdims=True),
    }
"""

FOUR_FOUR_FOUR_ONE = """
def gradients(X, Y, parameters):
    A, m = [X], X.shape[1]
    for l in 1, 2, 3:
        A.append(1 / (1 + np.exp(-(parameters[f"W{l}"] @ A[-1] + parameters[f"b{l}"]))))
    dZ = A[3] - Y
    grads = {}
    for l in 3, 2, 1:
        grads[f"dW{l}"] = dZ @ A[l - 1].T / m
        grads[f"db{l}"] = dZ @ np.ones((m, 1)) / m
        if l > 1:
            slope = A[l - 1] * (1 - A[l - 1])
            dZ = parameters[f"W{l}"].T @ dZ * slope
    return grads
"""

CLASS = """
class Value:
    def __init__(self, data, parents=(), locals_=()):
        self.data, self.parents, self.locals_, self.grad = data, parents, locals_, 0.0

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for parent, local in zip(node.parents, node.locals_):
                parent.grad += node.grad * local
"""

SOFTMAX_VJP = """
def softmax_vjp(dA, A):
    return A * (dA - (dA * A).sum(axis=0, keepdims=True))
"""

AFFINE_VJP = """
def affine_vjp(dZ, A_below):
    m = dZ.shape[1]
    return dZ @ A_below.T / m, dZ.sum(axis=1, keepdims=True) / m
"""

MULTIPLY = """
def multiply(out, a, b):
    return b, a
"""

UPDATE = """
def update(parameters, grads, learning_rate):
    return {name: w - learning_rate * grads["d" + name] for name, w in parameters.items()}
"""

SETTINGS = {
    TWO_TWO_ONE: {"sizes": [2, 2, 1], "hidden": "sigmoid", "output": "sigmoid", "loss": "squared_error"},
    FOUR_FOUR_TWO: {"sizes": [4, 4, 2], "hidden": "sigmoid", "loss": "squared_error"},
    THREE_FIVE_FOUR_TWO: {"sizes": [3, 5, 4, 2], "hidden": "tanh"},
    TWO_THREE_ONE: {"sizes": [2, 3, 1], "hidden": "relu", "output": "identity", "loss": "half_squared_error"},
    FOUR_FOUR_FOUR_ONE: {"sizes": [4, 4, 4, 1], "hidden": "sigmoid", "output": "sigmoid", "loss": "binary_cross_entropy"},
    CLASS: {},
    SOFTMAX_VJP: {},
    AFFINE_VJP: {},
    MULTIPLY: {},
    UPDATE: {},
}

BUGS = [
    (TWO_TWO_ONE, "2 * (cache", "(cache", "dW2", "factor 2 lost"),
    (TWO_TWO_ONE, '(cache["A2"] - Y)', '(Y - cache["A2"])', "dW2", "sign of the slope"),
    (TWO_TWO_ONE, 'dA2 * cache["A2"] * (1 - cache["A2"])', "dA2", "dW2", "local gradient not multiplied"),
    (TWO_TWO_ONE, 'dA1 * cache["A1"] * (1 - cache["A1"])', "dA1", "dW1", "activation's slope forgotten"),
    (TWO_TWO_ONE, 'dA1 * cache["A1"] * (1 - cache["A1"])', 'dA1 * cache["Z1"] * (1 - cache["Z1"])', "dW1",
     "slope taken at z, not at a"),
    (TWO_TWO_ONE, 'dA1 * cache["A1"] * (1 - cache["A1"])', 'dA1 * cache["A0"] * (1 - cache["A0"])', "dW1",
     "slope of the wrong layer"),
    (TWO_TWO_ONE, 'dZ2 @ cache["A1"].T / m', 'dZ2 @ cache["Z1"].T / m', "dW2", "z taken for a"),
    (TWO_TWO_ONE, "dZ2.mean(axis=1, keepdims=True)", "dZ2", "db2", "bias gradient not summed over the batch"),
    (FOUR_FOUR_TWO, "P * (upstream - np.sum(upstream * P, axis=0))", "upstream * P * (1 - P)", "dW2",
     "cross path of the softmax dropped"),
    (FOUR_FOUR_TWO, "P * (upstream - np.sum(upstream * P, axis=0))", "upstream", "dW2",
     "softmax left out on the way back"),
    (FOUR_FOUR_TWO, "-2 * (Y - P)", "-(Y - P)", "dW2", "factor 2 lost"),
    (FOUR_FOUR_TWO, "-2 * (Y - P)", "-2 * (Y - P) / len(P)", "dW2", "mean taken for sum"),
    (FOUR_FOUR_TWO, "dZ2 @ A1.T / m", "dZ2 @ A1.T", "dW2", "1/m lost"),
    (FOUR_FOUR_TWO, "dZ1.sum(axis=1, keepdims=True) / m", "dZ1.sum(axis=1, keepdims=True)", "db1", "1/m lost"),
    (FOUR_FOUR_TWO, "dZ1.sum(axis=1, keepdims=True) / m", "dZ1.mean(axis=1, keepdims=True) / m", "db1", "divided by m twice"),
    (FOUR_FOUR_TWO, "dZ1 @ A0.T / m", "A0 @ dZ1.T / m", "dW1", "transposed gradient"),
    (THREE_FIVE_FOUR_TWO, 'cache["A3"] - Y', 'Y - cache["A3"]', "dZ3", "sign of the slope"),
    (THREE_FIVE_FOUR_TWO, 'cache["A3"] - Y', '2 * (cache["A3"] - Y)', "dZ3", "factor 2 of the squared error"),
    (THREE_FIVE_FOUR_TWO, 'cache["A3"] - Y', '(cache["A3"] - Y) * cache["A3"] * (1 - cache["A3"])', "dZ3",
     "output's slope multiplied in once more"),
    (THREE_FIVE_FOUR_TWO, '(1 - cache[f"A{l - 1}"] ** 2)', '(1 - cache[f"A{l - 1}"])', "dZ2", "square lost in the slope of tanh"),
    (THREE_FIVE_FOUR_TWO, '(1 - cache[f"A{l - 1}"] ** 2)', 'cache[f"A{l - 1}"] * (1 - cache[f"A{l - 1}"])', "dZ2",
     "slope of tanh taken for the sigmoid's"),
    (THREE_FIVE_FOUR_TWO, '(1 - cache[f"A{l - 1}"] ** 2)', "1", "dZ2", "activation's slope forgotten"),
    (THREE_FIVE_FOUR_TWO, "/ m\n        grads[f\"db", "/ m / m\n        grads[f\"db", "dW3", "divided by m twice"),
    (TWO_THREE_ONE, "dA1 * (Z1 > 0)", "dA1", "dW1", "relu's slope 1 at a negative input"),
    (TWO_THREE_ONE, "dA1 * (Z1 > 0)", "dA1 * A1", "dW1", "relu's value taken for its slope"),
    (TWO_THREE_ONE, "prediction - Y", "2 * (prediction - Y)", "dW2", "factor 2 too many"),
    (TWO_THREE_ONE, "np.maximum(Z1, 0)", "Z1", "dW2", "negative numbers let through"),
    (TWO_THREE_ONE, "W1 @ X + b1", "W1 @ X", "dW2", "bias forgotten"),
    (FOUR_FOUR_FOUR_ONE, "@ dZ * slope", "@ dZ", "dW2", "activation's slope forgotten"),
    (FOUR_FOUR_FOUR_ONE, "slope = A[l - 1] * (1 - A[l - 1])", "slope = A[l - 2] * (1 - A[l - 2])", "dW2",
     "slope of the wrong layer"),
    (FOUR_FOUR_FOUR_ONE, 'parameters[f"W{l}"].T @ dZ', '(parameters[f"W{l}"] if l == 2 else parameters[f"W{l}"].T) @ dZ', "dW1",
     "transposed weight"),
    (FOUR_FOUR_FOUR_ONE, "slope = A[l - 1] * (1 - A[l - 1])", "slope = (s := 1 / (1 + np.exp(-A[l - 1]))) * (1 - s)", "dW2",
     "slope taken at a, not at z"),
    (FOUR_FOUR_FOUR_ONE, 'parameters[f"W{l}"].T @ dZ', '(parameters[f"W{l}"][:-1].T @ dZ[:-1] if l == 2 else '
     'parameters[f"W{l}"].T @ dZ)', "dW1", "a path forgotten"),
    (CLASS, "parent.grad += node.grad * local", "parent.grad = node.grad * local", "dx", "= for += at a fork"),
    (CLASS, "(other.data, self.data)", "(self.data, other.data)", "dx", "local gradients of multiply not swapped"),
    (CLASS, "+= node.grad * local", "+= local", "dx", "upstream not multiplied"),
    (CLASS, "+= node.grad * local", "+= node.grad + local", "dx", "added in place of multiplied"),
    (SOFTMAX_VJP, "A * (dA - (dA * A).sum(axis=0, keepdims=True))", "dA * A * (1 - A)", "dZ",
     "cross path of the softmax dropped"),
    (AFFINE_VJP, "A_below.T / m", "A_below.T", "dW", "1/m lost"),
    (AFFINE_VJP, "dZ.sum(axis=1, keepdims=True) / m", "dZ.mean(axis=0, keepdims=True)", "db",
     "mean over the units in place of the examples"),
    (MULTIPLY, "return b, a", "return a, b", "dx", "local gradients of multiply not swapped"),
    (UPDATE, "w - learning_rate", "w + learning_rate", "W1_new", "sign of the update"),
    (UPDATE, "w - learning_rate * grads", "w - grads", "W1_new", "learning rate forgotten"),
]  # fmt: skip
"""(right function, what stands there, what stands there by mistake, the first wrong result, the mistake)."""


def made(source, **known):
    """The function or class that a source defines last; its lines are known to tracebacks."""
    linecache.cache["<reader>"] = (len(source), None, source.splitlines(True), "<reader>")
    names = {"np": np, **known}
    exec(compile(source, "<reader>", "exec"), names)
    return list(names.values())[-1]


@pytest.mark.parametrize("source", SETTINGS)
def test_a_right_function_is_right(source):
    verdict = diagnose(made(source), **SETTINGS[source])
    assert verdict.accepted, verdict


def test_nine_of_ten_bugs_are_named():
    assert len(BUGS) >= 30
    missed = []
    for source, there, by_mistake, place, mistake in BUGS:
        assert source.count(there) >= 1, there
        verdict = diagnose(made(source.replace(there, by_mistake)), **SETTINGS[source])
        assert verdict.kind == "mistake" and verdict.place in verdict.text
        if verdict.place != place or mistake not in verdict.mistakes or len(verdict.mistakes) > 3:
            missed.append((by_mistake, verdict.place, verdict.mistakes))
    assert len(missed) <= len(BUGS) // 10, missed


def test_the_first_wrong_result_is_told_and_those_that_are_right():
    verdict = diagnose(made(FOUR_FOUR_TWO.replace("dZ1 @ A0.T / m", "dZ1 @ A0.T")), **SETTINGS[FOUR_FOUR_TWO])
    assert verdict.text.startswith("dW1: it is 3 times what it should be. It is the first that is wrong; right: dW2, db2, db1.")
    assert "Give the same batch twice" in verdict.text and "(Chapter 9.)" in verdict.text


def test_a_bug_that_is_in_no_catalogue_still_has_its_place():
    verdict = diagnose(made(FOUR_FOUR_TWO.replace("dZ1 @ A0.T / m", "dZ1 @ A0.T / m + 0.1")), **SETTINGS[FOUR_FOUR_TWO])
    assert (verdict.place, verdict.mistakes) == ("dW1", ())


def test_of_two_bugs_the_first_is_named():
    source = FOUR_FOUR_TWO.replace("-2 * (Y - P)", "-(Y - P)").replace("dZ1 @ A0.T / m", "dZ1 @ A0.T")
    verdict = diagnose(made(source), **SETTINGS[FOUR_FOUR_TWO])
    assert verdict.place == "dW2" and "factor 2 lost" in verdict.mistakes


def test_no_mistake_is_looked_for_where_the_function_is_told():
    setting = cases.Setting([3, 4, 2], "tanh", "softmax", "cross_entropy")
    for kind, letters in ("backpropagation", "ZA"), ("update", "ZAd"):
        (case, *_), *_ = cases.KINDS[kind](np.random.default_rng(0), setting)
        steps = {step for made in code._makeable(case, list(case.results.values())) for step in made}
        assert steps and not [step for step in steps if step[0] in letters and step[1:2].isdigit()]


@pytest.mark.parametrize("name", cases.SLOPES)
def test_the_gate_tables_own_local_gradients_are_right(name):
    assert diagnose(GATES[name].local, name).accepted


@pytest.mark.parametrize("hidden", layers.ACTIVATIONS)
def test_the_packages_own_functions_are_right(hidden):
    setting = {"sizes": [3, 4, 2], "hidden": hidden}
    for output, loss in ("softmax", "squared_error"), ("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy"):
        kinds = {"hidden": hidden, "output": output}

        def backpropagation(cache, Y, parameters):
            return network.backpropagation(cache, Y, parameters, **kinds, loss=loss)

        def gradients(X, Y, parameters):
            return backpropagation(network.forward(X, parameters, **kinds), Y, parameters)

        def forward(X, parameters):
            return network.forward(X, parameters, **kinds)

        for function in backpropagation, gradients, forward, network.update:
            assert diagnose(function, **setting, output=output, loss=loss).accepted
    assert diagnose(lambda dA, Z, A: layers.activation_vjp(hidden, dA, Z, A), "activation_vjp", hidden=hidden).accepted
    assert diagnose(layers.softmax_vjp).accepted and diagnose(layers.affine_vjp).accepted
    assert diagnose(Value).accepted


def test_central_differences_agree_with_what_is_taken_for_right():
    rng = np.random.default_rng(1)
    for output, loss in ("softmax", "squared_error"), ("identity", "half_squared_error"):
        setting = cases.Setting([3, 4, 2], "tanh", output, loss)
        for case, *_ in cases.KINDS["gradients"](rng, setting):
            X, Y, parameters = case.arguments
            right = case.derivation.run(case.derivation.drawn())
            for name in parameters:

                def cost(W, name=name):
                    return network.cost(network.forward(X, {**parameters, name: W}, "tanh", output), Y, loss)

                np.testing.assert_allclose(right[f"d{name}"], central_difference(cost, parameters[name]), rtol=1e-5, atol=1e-8)


# ------------------------------------------------------------------------ what a function may do wrong otherwise

ODD_FUNCTIONS = [
    ("    ...\n", "returns nothing yet"),
    ("    return None\n", "returns nothing yet"),
    ("    return dA @ A\n", "raised ValueError: .*line 3: return dA @ A"),
    ("    return A.nothing\n", "raised AttributeError: .*line 3: return A.nothing"),
    ("    return A * (dA - (dA * A).sum(axis=0))[:, 0]\n", "raised ValueError|expected shape"),
    ("    return (A * (dA - (dA * A).sum(axis=0))).T\n", "that is the transpose"),
    ("    return (A * (dA - (dA * A).sum(axis=0)))[0]\n", r"expected shape \(2, 3\), got \(3,\)"),
    ("    return 'dZ'\n", "expected numbers, got str"),
    ("    return dA / 0\n", "NaN or infinity"),
    ("    return 1, 2\n", "should return dZ"),
    ("    return {'dA': A}\n", "has no dZ"),
    ("    A *= dA - (dA * A).sum(axis=0)\n    return A\n", "changes what it was given"),
    ("    raise RuntimeError\n", "raised RuntimeError: no message .line 3"),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("body, told", ODD_FUNCTIONS)
def test_what_a_function_does_is_told_not_raised(body, told):
    verdict = diagnose(made("\ndef softmax_vjp(dA, A):\n" + body))
    assert not verdict.accepted and re.search(told, verdict.text), verdict


def test_a_function_of_other_arguments_is_told():
    assert "called with 2 argument(s), but: too many" in diagnose(made("\ndef softmax_vjp(dA):\n    return dA\n")).text


@pytest.mark.parametrize(
    "call, argument",
    [
        (lambda: diagnose(3), "function"),
        (lambda: diagnose(lambda x: x), "like"),
        (lambda: diagnose(abs, "backprop"), "like"),
        (lambda: diagnose(abs, "forward", hidden="softmax"), "hidden"),
        (lambda: diagnose(abs, "forward", output="relu"), "output"),
        (lambda: diagnose(abs, "forward", loss="mse"), "loss"),
        (lambda: diagnose(abs, "forward", sizes=[3]), "sizes"),
        (lambda: diagnose(abs, "forward", sizes=[2, 10**9]), "sizes"),
        (lambda: diagnose(abs, "forward", seed=-1), "seed"),
        (lambda: diagnose(abs, "module"), "criterion"),
        (lambda: diagnose(abs, "module", criterion=abs), "function"),
    ],
)
def test_what_is_none_of_these_is_refused_by_name(call, argument):
    with pytest.raises((ValueError, TypeError), match=says(argument)):
        call()


# ------------------------------------------------------------------------ exercises in code

ROTATE = Code(
    title="t",
    text="t",
    hints=(),
    stub="def step(W, b):\n    ...",
    solved=lambda W, b: {"W": W - 0.1 * W, "pair": (float(b[0, 0]), W > 0), "word": "down"},
    cases=lambda: [(np.array([[1.0, -2.0, 3.0]]), np.array([[4.0]]))],
)


@pytest.mark.parametrize(
    "body, told",
    [
        ("return {'W': 0.9 * W, 'pair': (b[0, 0], W > 0), 'word': 'down'}", "^Right on every case"),
        ("...", "^The function returns nothing yet. Fill in the stub"),
        ("return W", "expected a dict with 'W', 'pair', 'word', got ndarray"),
        ("return {'W': W}", "'pair', 'word' is missing"),
        ("return {'W': 0.9 * W, 'pair': 4, 'word': 'down'}", "expected 2 values, got int"),
        ("return {'W': 0.9 * W, 'pair': (4,), 'word': 'down'}", "expected 2 values, got 1"),
        ("return {'W': 0.9 * W.T, 'pair': (4, W > 0), 'word': 'down'}", "^Not right yet.* W: that is the transpose"),
        ("return {'W': 0.9 * W[0], 'pair': (4, W > 0), 'word': 'down'}", r"W: expected shape \(1, 3\), got \(3,\)"),
        ("return {'W': -0.9 * W, 'pair': (4, W > 0), 'word': 'down'}", "W: the size is right, the sign is not"),
        ("return {'W': 1.8 * W, 'pair': (4, W > 0), 'word': 'down'}", "W: it is 2 times what it should be"),
        ("return {'W': W - 0.1, 'pair': (4, W > 0), 'word': 'down'}", "W: 1 of 3 numbers are right"),
        ("return {'W': 0.9 * W, 'pair': (5, W > 0), 'word': 'down'}", "value 1 of pair: it is 1.25 times"),
        ("return {'W': 0.9 * W, 'pair': (4, W < 0), 'word': 'down'}", "value 2 of pair: 0 of 3"),
        ("return {'W': 0.9 * W, 'pair': (4, W > 0), 'word': 'up'}", "word: it is not what it should be"),
        ("W -= 0.1 * W\n    return {'W': W, 'pair': (4.0, W > 0), 'word': 'down'}", "changes what it was given"),
        ("return 1 / 0", r"raised ZeroDivisionError: division by zero \(line 2: return 1 / 0\)"),
        ("return np.linalg.inv(W)", r"raised LinAlgError: .* \(line 2: return np.linalg.inv"),
        ("return layers.softmax('W')", r"raised TypeError: Z: expected .* \(line 2: return layers"),
    ],
)
def test_what_is_said_of_a_function(body, told):
    function = made(f"def step(W, b):\n    {body}", layers=layers)
    assert re.search(told, code.check_code(ROTATE, function).text)


def test_what_is_no_function_is_refused_by_name():
    with pytest.raises(TypeError, match=says("answer")):
        code.check_code(ROTATE, 3)


# ------------------------------------------------------------------------ PyTorch


def test_a_module_of_pytorch_is_asked_for_its_gradients():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    setting = {"like": "module", "loss": "squared_error"}

    def of(*sizes, activation=torch.nn.Sigmoid, last=lambda: torch.nn.Softmax(dim=1)):
        layers_ = [(torch.nn.Linear(a, b), activation()) for a, b in itertools.pairwise(sizes)]
        return torch.nn.Sequential(*[part for pair in layers_ for part in pair][:-1], last())

    def mean_over_examples(predictions, labels):
        return ((predictions - labels) ** 2).sum(dim=1).mean()

    class Sigmoid(torch.autograd.Function):
        @staticmethod
        def forward(context, z):
            return torch.sigmoid(z)

        @staticmethod
        def backward(context, upstream):
            return upstream  # and no slope

    class Handed(torch.nn.Module):
        def forward(self, z):
            return Sigmoid.apply(z)

    net = of(3, 4, 2)
    assert diagnose(net, criterion=mean_over_examples, **setting).accepted
    assert net[0].weight.grad is None and net[0].weight.dtype == torch.float32  # the reader's module stays as it was
    bugs = {
        "1/m lost": (net, lambda p, y: ((p - y) ** 2).sum()),
        "mean taken for sum": (net, torch.nn.MSELoss()),
        "factor 2 lost": (net, lambda p, y: ((p - y) ** 2).sum(dim=1).mean() / 2),
        "activation's slope forgotten": (of(3, 4, 2, activation=Handed), mean_over_examples),
    }
    for mistake, (module, criterion) in bugs.items():
        assert mistake in diagnose(module, criterion=criterion, **setting).mistakes, mistake
    with pytest.raises(ValueError, match=says("function")):
        diagnose(torch.nn.Linear(2, 2, bias=False), criterion=mean_over_examples, **setting)


# ------------------------------------------------------------------------ stubs in the notebooks

ASKED = re.compile(r'^check\("(\d\d\.\d+)", (?:my_)?(\w+)\)$', re.MULTILINE)
NOTEBOOKS = {path.stem[:2]: nbformat.read(path, 4) for path in sorted((pages.ROOT / "notebooks").glob("*.ipynb"))}


@pytest.mark.parametrize("number", [int(number) for number in NOTEBOOKS])
def test_a_notebook_holds_the_stubs_of_its_chapter_and_their_folded_solutions(number):
    cells = NOTEBOOKS[f"{number:02}"].cells
    asked = [(cell, match) for cell in cells if cell.cell_type == "code" for match in ASKED.finditer(cell.source)]
    exercises = {f"{number:02}.{k}": e for k, e in enumerate(exercises_of(number), start=1) if isinstance(e, Code)}
    assert [match[1] for _, match in asked] == list(exercises)
    for cell, match in asked:
        solution = cells[cells.index(cell) + 1]
        stub = cell.source.replace("def my_", "def ").replace("from bpcourse.practice import check\n\n\n", "")
        assert stub.startswith(exercises[match[1]].stub.rstrip()) and f"def {match[2]}(" in stub
        assert "returns nothing yet. Fill in the stub" in cell.outputs[-1].data["text/plain"]
        assert f'exercise("{match[1]}").solved' in solution.source and "hide-cell" in solution.metadata.tags
        assert solution.metadata.jupyter == {"source_hidden": True, "outputs_hidden": True}
        assert solution.outputs[-1].data["text/plain"] == "Right on every case."


@pytest.mark.parametrize("number", range(1, 9))
def test_what_repeats_the_chapter_is_folded(number):
    cells = NOTEBOOKS[f"{number:02}"].cells
    folded = [cell for cell in cells if "hide-input" in cell.metadata.get("tags", []) and cell.metadata.jupyter.source_hidden]
    assert folded and all(cell.cell_type == "code" for cell in folded)
