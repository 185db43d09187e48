"""A full step of training, forward, backward and update, by contenders in turn.

ReLU networks with softmax and cross-entropy. The floor is the time of the
matrix products that no one can avoid, each with its operands and its result in
their best order in memory, the weights as they lie, into arrays made before.
Before a contender is timed its gradients are compared with the readable
functions': one step at learning rate 1 has to move every weight by its gradient.
"""

from __future__ import annotations

import importlib.util
import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from common import Action, in_turn

from bpcourse.network import Workspace, backpropagation, forward, initialise, update

NETS: list[tuple[list[int], int]] = [
    ([4, 4, 2], 1),
    ([2, 16, 16, 2], 32),
    ([64, 128, 10], 64),
    ([784, 512, 512, 10], 128),
    ([784, 2048, 2048, 10], 256),
]
RATE = 1e-6
Arrays = dict[str, np.ndarray]
Contender = tuple[Callable[[float], Any], Callable[[], Arrays]]
"""(a step at a learning rate, the parameters as they are now)."""


def name_of(sizes: list[int], examples: int) -> str:
    """784-512-512-10, 128."""
    return f"{'-'.join(map(str, sizes))}, {examples}"


def problem(sizes: list[int], examples: int, dtype: type) -> tuple[Arrays, np.ndarray, np.ndarray]:
    """(parameters, X, Y): random, the same each time."""
    rng = np.random.default_rng(1)
    parameters = {name: array.astype(dtype) for name, array in initialise(sizes, "relu", seed=0).items()}
    X = rng.normal(size=(sizes[0], examples)).astype(dtype)
    Y = np.eye(sizes[-1], dtype=dtype)[:, rng.integers(0, sizes[-1], examples)]
    return parameters, X, Y


# ----------------------------------------------------------------- the floor


def floor(sizes: list[int], examples: int, dtype: type, backward: bool = True) -> Action:
    """All products of a step, or those on the way forward, each in the order in memory that was fastest."""
    rng = np.random.default_rng(0)
    chosen = []
    for l in range(1, len(sizes)):
        W = rng.normal(size=(sizes[l], sizes[l - 1])).astype(dtype)
        A = rng.normal(size=(sizes[l - 1], examples)).astype(dtype)
        dZ = rng.normal(size=(sizes[l], examples)).astype(dtype)
        chosen.append(_fastest(W, A, free=(False, True)))
        if backward:
            chosen.append(_fastest(dZ, A.T, free=(True, True)))
        if backward and l > 1:
            chosen.append(_fastest(W.T, dZ, free=(False, True)))

    def run() -> None:
        for dot, right, out in chosen:
            dot(right, out)

    return run


def _fastest(left: np.ndarray, right: np.ndarray, free: tuple[bool, bool]) -> tuple[Any, np.ndarray, np.ndarray]:
    orders = [("C", "F") if may_change else ("K",) for may_change in free]
    ways = []
    for a, b, out in itertools.product(*orders, ("C", "F")):
        x, y = np.array(left, order=a), np.array(right, order=b)
        if out == "C":
            ways.append((x.dot, y, np.empty((len(x), y.shape[1]), x.dtype)))
        else:
            ways.append((y.T.dot, x.T, np.empty((y.shape[1], len(x)), x.dtype)))
    times = in_turn({str(i): (lambda way=way: way[0](way[1], way[2])) for i, way in enumerate(ways)}, rounds=5, sample=2e-3)
    return ways[int(min(times, key=lambda i: times[i]["best"]))]


# ------------------------------------------------------------ the contenders


def workspace(sizes: list[int], examples: int, dtype: type) -> Contender:
    """`bpcourse.network.Workspace`; X by examples, as `train` deals it."""
    parameters, X, Y = problem(sizes, examples, dtype)
    X, Y = np.asfortranarray(X), np.asfortranarray(Y)
    work = Workspace(parameters, examples)
    return (lambda rate: work.step(X, Y, rate)), lambda: parameters


def readable(sizes: list[int], examples: int, dtype: type) -> Contender:
    """`forward`, `backpropagation` and `update`, with all their questions."""
    parameters, X, Y = problem(sizes, examples, dtype)
    now = [parameters]

    def step(rate: float) -> None:
        now[0] = update(now[0], backpropagation(forward(X, now[0]), Y, now[0]), rate)

    return step, lambda: now[0]


def plain_numpy(sizes: list[int], examples: int, dtype: type) -> Contender:
    """The equations in numpy, with dicts and no questions, as one would first write them."""
    parameters, X, Y = problem(sizes, examples, dtype)
    depth = len(sizes) - 1

    def step(rate: float) -> float:
        p, cache = parameters, {"A0": X}
        for l in range(1, depth + 1):
            cache[f"Z{l}"] = Z = p[f"W{l}"] @ cache[f"A{l - 1}"] + p[f"b{l}"]
            cache[f"A{l}"] = np.maximum(Z, 0)
        e = np.exp(Z - Z.max(axis=0))
        A = e / e.sum(axis=0)
        cost = -np.sum(Y * np.log(A + np.finfo(A.dtype).tiny)) / examples
        grads, dZ = {}, (A - Y) / examples
        for l in range(depth, 0, -1):
            grads[f"W{l}"] = dZ @ cache[f"A{l - 1}"].T
            grads[f"b{l}"] = dZ.sum(axis=1, keepdims=True)
            if l > 1:
                dZ = (p[f"W{l}"].T @ dZ) * (cache[f"Z{l - 1}"] > 0)
        for name, grad in grads.items():
            p[name] = p[name] - rate * grad
        return cost

    return step, lambda: parameters


def torch_eager(sizes: list[int], examples: int, dtype: type) -> Contender:
    """PyTorch: cross-entropy, `autograd.grad`, and one call that updates all parameters."""
    import torch

    leaves, cost = _torch(sizes, examples, dtype)
    for leaf in leaves.values():
        leaf.requires_grad_()
    parameters = list(leaves.values())

    def step(rate: float) -> float:
        value = cost(leaves)
        grads = torch.autograd.grad(value, parameters)
        with torch.no_grad():
            torch._foreach_sub_(parameters, grads, alpha=rate)
        return value.item()

    return step, lambda: {name: leaf.detach().numpy() for name, leaf in leaves.items()}


def torch_compiled(sizes: list[int], examples: int, dtype: type) -> Contender:
    """PyTorch: gradient and update of the same cost in one torch.compile."""
    import torch

    torch._dynamo.reset()
    leaves, cost = _torch(sizes, examples, dtype)
    now = [leaves]

    @torch.compile
    def whole(p: Any, rate: Any) -> Any:
        grads, value = torch.func.grad_and_value(cost)(p)
        return {name: p[name] - rate * grads[name] for name in p}, value

    rates = {rate: torch.tensor(rate, dtype=leaves["W1"].dtype) for rate in (RATE, 1.0)}

    def step(rate: float) -> float:
        now[0], value = whole(now[0], rates[rate])
        return value.item()

    return step, lambda: {name: leaf.numpy() for name, leaf in now[0].items()}


def _torch(sizes: list[int], examples: int, dtype: type) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    """(parameters, cost of the batch as a function of them)."""
    import torch

    arrays, X, Y = problem(sizes, examples, dtype)
    inputs, labels = torch.from_numpy(X.T.copy()), torch.from_numpy(Y.argmax(axis=0))
    depth = len(sizes) - 1
    leaves = {name: torch.from_numpy(a if name[0] == "W" else a[:, 0].copy()) for name, a in arrays.items()}

    def cost(p: Any) -> Any:
        A = inputs
        for l in range(1, depth + 1):
            Z = torch.nn.functional.linear(A, p[f"W{l}"], p[f"b{l}"])
            A = torch.relu(Z)
        return torch.nn.functional.cross_entropy(Z, labels)

    return leaves, cost


def jax_jit(sizes: list[int], examples: int, dtype: type) -> Contender:
    """JAX: the whole step in one jit, the old parameters given away."""
    import jax
    import jax.numpy as jnp

    parameters, X, Y, _, cost = jax_network(sizes, examples, dtype)

    def whole(p: Any, X: Any, Y: Any, rate: Any) -> Any:
        value, grads = jax.value_and_grad(cost)(p, X, Y)
        return jax.tree.map(lambda w, g: w - rate * g, p, grads), value

    jitted, now = jax.jit(whole, donate_argnums=0), [parameters]
    rates = {rate: jnp.asarray(rate, dtype) for rate in (RATE, 1.0)}

    def step(rate: float) -> None:
        now[0], value = jitted(now[0], X, Y, rates[rate])
        value.block_until_ready()

    return step, lambda: {name: np.array(array) for name, array in now[0].items()}


def jax_network(sizes: list[int], examples: int, dtype: type) -> tuple[Any, ...]:
    """(parameters, X, Y, logits(p, X), cost(p, X, Y)) for JAX."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    arrays, X, Y = problem(sizes, examples, dtype)

    def logits(p: Any, X: Any) -> Any:
        A = X
        for l in range(1, len(sizes)):
            Z = p[f"W{l}"] @ A + p[f"b{l}"]
            A = jax.nn.relu(Z)
        return Z

    def cost(p: Any, X: Any, Y: Any) -> Any:
        return -jnp.sum(Y * jax.nn.log_softmax(logits(p, X), axis=0)) / examples

    return {name: jnp.asarray(array) for name, array in arrays.items()}, jnp.asarray(X), jnp.asarray(Y), logits, cost


def sklearn_mlp(sizes: list[int], examples: int, dtype: type) -> Contender:
    """scikit-learn's MLPClassifier, one `partial_fit` of plain SGD."""
    from sklearn.neural_network import MLPClassifier

    if sizes[-1] == 2:
        raise LookupError("scikit-learn has one logistic unit for two classes")
    parameters, X, Y = problem(sizes, examples, dtype)
    inputs, labels = X.T.copy(), Y.argmax(axis=0)
    model = MLPClassifier(
        sizes[1:-1], solver="sgd", alpha=0, batch_size=examples, learning_rate_init=RATE, momentum=0, nesterovs_momentum=False
    )
    model.partial_fit(inputs, labels, classes=np.arange(sizes[-1]))
    for l, (W, b) in enumerate(zip(model.coefs_, model.intercepts_), start=1):
        W[...], b[...] = parameters[f"W{l}"].T, parameters[f"b{l}"][:, 0]

    def step(rate: float) -> None:
        model._optimizer.learning_rate = model._optimizer.learning_rate_init = rate
        model.partial_fit(inputs, labels)

    def now() -> Arrays:
        found = {}
        for l, (W, b) in enumerate(zip(model.coefs_, model.intercepts_), start=1):
            found |= {f"W{l}": W.T, f"b{l}": b[:, None]}
        return found

    return step, now


def hips_autograd(sizes: list[int], examples: int, dtype: type) -> Contender:
    """HIPS autograd: the cost in its numpy, `value_and_grad`, and an update by hand."""
    import autograd
    import autograd.numpy as anp

    parameters, X, Y = problem(sizes, examples, dtype)
    depth = len(sizes) - 1

    def cost(p: Any) -> Any:
        A = X
        for l in range(1, depth + 1):
            Z = anp.dot(p[f"W{l}"], A) + p[f"b{l}"]
            A = anp.maximum(Z, 0)
        top = anp.max(Z, axis=0)
        return -anp.sum(Y * (Z - top - anp.log(anp.sum(anp.exp(Z - top), axis=0)))) / examples

    both = autograd.value_and_grad(cost)

    def step(rate: float) -> None:
        _, grads = both(parameters)
        for name, grad in grads.items():
            parameters[name] = parameters[name] - dtype(rate) * grad

    return step, lambda: parameters


CONTENDERS: dict[str, tuple[Callable[[list[int], int, type], Contender], str | None]] = {
    "Workspace": (workspace, None),
    "bpcourse, readable": (readable, None),
    "plain numpy": (plain_numpy, None),
    "PyTorch eager": (torch_eager, "torch"),
    "torch.compile": (torch_compiled, "torch"),
    "JAX jit": (jax_jit, "jax"),
    "scikit-learn": (sklearn_mlp, "sklearn"),
    "HIPS autograd": (hips_autograd, "autograd"),
}
"""Each with the module that it needs. To add one, add a row."""


def checked(contender: Contender, sizes: list[int], examples: int, dtype: type) -> None:
    """AssertionError unless a step at learning rate 1 moves the parameters by their gradients."""
    step, now = contender
    before = {name: np.array(array, float).reshape(len(array), -1) for name, array in now().items()}
    _, X, Y = problem(sizes, examples, dtype)
    grads = backpropagation(forward(X.astype(float), before), Y.astype(float), before)
    step(1.0)
    for name, array in now().items():
        size = np.abs(grads[f"d{name}"]).max() + np.abs(before[name]).max() + 1
        moved = before[name] - np.asarray(array, float).reshape(before[name].shape)
        assert np.abs(moved - grads[f"d{name}"]).max() <= 50 * np.finfo(dtype).eps * size, (name, "is no gradient")
    for name, array in now().items():
        assert array.dtype == dtype, (name, array.dtype)


def contenders(sizes: list[int], examples: int, dtype: type, quick: bool, notes: set[str]) -> Iterator[tuple[str, Action]]:
    """(name, one step) of each contender that is installed, checked; what is left out goes into the notes."""
    for name, (make, module) in CONTENDERS.items():
        if module is not None and importlib.util.find_spec(module) is None:
            notes.add(f"{name} is left out: {module} is not installed (pip install -r benchmarks/requirements.txt)")
        elif quick and name == "torch.compile":
            notes.add("torch.compile is left out of a quick run: it takes minutes to compile")
        else:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    contender = make(sizes, examples, dtype)
                    checked(contender, sizes, examples, dtype)
                yield name, lambda step=contender[0]: step(RATE)
            except LookupError as reason:
                notes.add(f"{name} is left out of {name_of(sizes, examples)}: {reason}")


def run(quick: bool) -> dict[str, Any]:
    """{"rows": [net, dtype, floor and contenders in seconds], "notes": […]}."""
    rows, notes = [], set[str]()
    for sizes, examples in NETS:
        for dtype in np.float64, np.float32:
            actions = {"floor": floor(sizes, examples, dtype), **dict(contenders(sizes, examples, dtype, quick, notes))}
            times = in_turn(actions, rounds=7 if quick else 25, sample=3e-3 if quick else 2e-2)
            rows.append({"net": name_of(sizes, examples), "dtype": np.dtype(dtype).name, "seconds": times})
    return {"rows": rows, "notes": sorted(notes)}
