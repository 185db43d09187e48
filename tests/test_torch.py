"""Our gradients against PyTorch's autograd; skipped where PyTorch is not installed."""

import inspect

import numpy as np
import pytest
from helpers import build, build_smooth, expressions
from hypothesis import given, settings
from hypothesis import strategies as st
from test_network import PAIRS, networks
from walks import WALKS

from bpcourse.graph import gradient
from bpcourse.layers import ACTIVATIONS
from bpcourse.network import as_graph, backpropagation, cost, forward

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

HIDDEN = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "identity": lambda Z: Z}
OUTPUT = {"sigmoid": torch.sigmoid, "identity": lambda Z: Z, "softmax": lambda Z: torch.softmax(Z, dim=0)}
LOSS = {
    "squared_error": lambda Y, A: (Y - A) ** 2,
    "half_squared_error": lambda Y, A: (Y - A) ** 2 / 2,
    "binary_cross_entropy": lambda Y, A: -(torch.xlogy(Y, A) + torch.xlogy(1 - Y, 1 - A)),
    "cross_entropy": lambda Y, A: -torch.xlogy(Y, A),
}


def tensors(arrays):
    return {name: torch.tensor(a, dtype=torch.float64, requires_grad=True) for name, a in arrays.items()}


def torch_cost(X, Y, leaves, hidden, output, loss):
    A = torch.tensor(X, dtype=torch.float64)
    depth = len(leaves) // 2
    for l in range(1, depth + 1):
        A = (OUTPUT[output] if l == depth else HIDDEN[hidden])(leaves[f"W{l}"] @ A + leaves[f"b{l}"])
    return LOSS[loss](torch.tensor(Y, dtype=torch.float64), A).sum() / X.shape[1]


def same(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize(("output", "loss"), PAIRS)
@settings(max_examples=25)
@given(data=st.data())
def test_networks_have_the_gradients_of_torch(hidden, output, loss, data):
    X, Y, parameters = data.draw(networks(output, loss, hidden))
    leaves = tensors(parameters)
    theirs = torch_cost(X, Y, leaves, hidden, output, loss)
    theirs.backward()
    cache = forward(X, parameters, hidden, output)
    same(cost(cache, Y, loss), theirs.item())
    grads = backpropagation(cache, Y, parameters, hidden, output, loss)
    for name in parameters:
        same(grads[f"d{name}"], leaves[name].grad.numpy())


@pytest.mark.parametrize(("output", "loss"), PAIRS)
@settings(max_examples=10)
@given(data=st.data())
def test_networks_written_out_have_the_gradients_of_torch(output, loss, data):
    X, Y, parameters = data.draw(networks(output, loss, "tanh", examples=st.just(1)))
    leaves = tensors(parameters)
    torch_cost(X, Y, leaves, "tanh", output, loss).backward()
    nodes = as_graph(parameters, X[:, 0], Y[:, 0], "tanh", output, loss)
    nodes["loss"].backward()
    for l in range(1, len(parameters) // 2 + 1):
        for j, k in np.ndindex(parameters[f"W{l}"].shape):
            same(nodes[f"w_{l}{j + 1}{k + 1}"].grad, leaves[f"W{l}"].grad[j, k].item())
        for j in range(len(parameters[f"b{l}"])):
            same(nodes[f"b_{l}{j + 1}"].grad, leaves[f"b{l}"].grad[j, 0].item())


@settings(max_examples=300)
@given(expressions())
def test_expressions_have_the_gradients_of_torch(expression):
    recipe, point = expression
    inputs, output = build_smooth(recipe, point)
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
    theirs = build(recipe, leaves, torch)
    same(output.value, theirs.item())
    output.backward()
    found = torch.autograd.grad(theirs, leaves, allow_unused=True) if theirs.requires_grad else [None] * len(leaves)
    for x, grad in zip(inputs, found):
        size = 0 if grad is None else grad.item()
        assert x.grad == pytest.approx(size, rel=1e-10, abs=1e-12)


@settings(max_examples=150)
@given(expressions(most=6))
def test_expressions_have_the_second_derivatives_of_torch(expression):
    recipe, point = expression
    inputs, output = build_smooth(recipe, point)
    hessian = torch.autograd.functional.hessian(
        lambda x: build(recipe, list(x), torch) + 0 * x.sum(), torch.tensor(point, dtype=torch.float64)
    )
    for i, x in enumerate(inputs):
        (g,) = gradient(output, [x])
        for j, y in enumerate(inputs):
            assert gradient(g, [y])[0].value == pytest.approx(hessian[i, j].item(), rel=1e-9, abs=1e-11)


# ---------------------------------------------------------------------- what the steppers walk through


def torch_recurrence(x1, x2, x3, Wh, Wx, b, h0):
    h = h0
    for x in (x1, x2, x3):
        h = torch.tanh(Wh @ h + Wx @ x + b)
    return h


def torch_lstm(below, W, b, c0):
    forget, let_in, out, new = torch.chunk(W @ below + b, 4)
    c = torch.sigmoid(forget) * c0 + torch.sigmoid(let_in) * torch.tanh(new)
    return torch.sigmoid(out) * torch.tanh(c), c


def torch_attention(Q, K, V, causal=False):
    S = K.T @ Q / len(Q) ** 0.5
    if causal:
        S = S.masked_fill(torch.ones_like(S, dtype=torch.bool).tril(-1), -torch.inf)  # rows are what is read: later keys
    return V @ torch.softmax(S, dim=0)


def torch_convolution(X, K):
    return torch.nn.functional.conv2d(X[None, None], K[None, None])[0, 0]


def torch_batch_norm(Z, gamma, beta):
    return torch.nn.functional.batch_norm(Z.T, None, None, gamma[:, 0], beta[:, 0], training=True, eps=1e-5).T


def torch_layer_norm(X, gamma, beta):
    return torch.nn.functional.layer_norm(X.T, (len(X),), gamma[:, 0], beta[:, 0]).T


STRUCTURES = {
    "recurrence": (torch_recurrence, {"dh3": "h3"}),
    "LSTM": (torch_lstm, {"dh1": "h1", "later": "c1"}),
    "batch norm": (torch_batch_norm, {"dU": "U"}),
    "convolution": (torch_convolution, {"dZ": "Z"}),
    "layer norm": (torch_layer_norm, {"dY": "Y"}),
    "attention": (torch_attention, {"dO": "O"}),
    "causal attention": (lambda Q, K, V: torch_attention(Q, K, V, causal=True), {"dO": "O"}),
}

AVERAGED = {"recurrence": ("Wh", "Wx", "b"), "LSTM": ("W", "b"), "batch norm": ("gamma", "beta")}
"""What the examples of a batch share: its gradient is that of the mean loss."""


@pytest.mark.parametrize("name", STRUCTURES)
def test_the_steppers_walk_to_the_gradients_of_torch(name):
    """Where an LSTM passes on two values, each has its upstream."""
    walk, (structure, ends) = WALKS[name](), STRUCTURES[name]
    leaves = tensors({key: walk.arrays[key] for key in inspect.signature(structure).parameters if key in walk.arrays})
    made = structure(**leaves)
    made = made if isinstance(made, tuple) else (made,)
    for value, end in zip(made, ends.values()):
        same(walk.arrays[end], value.detach().numpy())
    torch.autograd.backward(made, [torch.tensor(walk.arrays[upstream]) for upstream in ends])
    compared = [key for key in leaves if f"d{key}" in walk.arrays]
    assert compared
    for key in compared:
        examples = made[0].shape[1] if key in AVERAGED.get(name, ()) else 1
        same(walk.arrays[f"d{key}"], leaves[key].grad.numpy() / examples)
