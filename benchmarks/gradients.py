"""What a gradient costs beside a forward pass, and beside nudging every weight."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from common import Action, in_turn
from training import NETS, Arrays, floor, jax_network, name_of, problem

from bpcourse.beyond.bill import backward_products, forward_products, numerical_gradients
from bpcourse.network import Workspace, backpropagation, cost, forward
from bpcourse.numeric import central_difference

Pair = tuple[Action, Callable[[], Arrays]]
"""(a forward pass, forward and backward with the gradients)."""


def workspace(sizes: list[int], examples: int, dtype: type) -> Pair:
    """`Workspace.forward`, and `backpropagation` after it."""
    parameters, X, Y = problem(sizes, examples, dtype)
    X, Y = np.asfortranarray(X), np.asfortranarray(Y)
    work = Workspace(parameters, examples)

    def both() -> Arrays:
        work.forward(X)
        return work.backpropagation(Y)

    return (lambda: work.forward(X)), both


def readable(sizes: list[int], examples: int, dtype: type) -> Pair:
    """`forward` and `backpropagation`."""
    parameters, X, Y = problem(sizes, examples, dtype)
    return (lambda: forward(X, parameters)), lambda: backpropagation(forward(X, parameters), Y, parameters)


def torch_eager(sizes: list[int], examples: int, dtype: type) -> Pair:
    """PyTorch: the logits without a graph; loss and `autograd.grad`."""
    import torch

    parameters, X, Y = problem(sizes, examples, dtype)
    depth = len(sizes) - 1
    leaves = {name: torch.from_numpy(array).requires_grad_() for name, array in parameters.items()}
    x, labels = torch.from_numpy(X), torch.from_numpy(Y.argmax(axis=0))

    def logits() -> Any:
        A = x
        for l in range(1, depth + 1):
            Z = leaves[f"W{l}"] @ A + leaves[f"b{l}"]
            A = torch.relu(Z)
        return Z

    def there() -> None:
        with torch.no_grad():
            torch.softmax(logits(), 0)

    def both() -> Arrays:
        loss = torch.nn.functional.cross_entropy(logits().T, labels)
        grads = torch.autograd.grad(loss, list(leaves.values()))
        return {f"d{name}": grad.numpy() for name, grad in zip(leaves, grads, strict=True)}

    return there, both


def jax_jit(sizes: list[int], examples: int, dtype: type) -> Pair:
    """JAX: the prediction in one jit, `grad` in another."""
    import jax

    parameters, X, Y, logits, cost = jax_network(sizes, examples, dtype)
    predict = jax.jit(lambda p, X: jax.nn.softmax(logits(p, X), axis=0))
    grad = jax.jit(jax.grad(cost))

    def both() -> Arrays:
        return {f"d{name}": found for name, found in jax.block_until_ready(grad(parameters, X, Y)).items()}

    return (lambda: predict(parameters, X).block_until_ready()), both


CONTENDERS: dict[str, tuple[Callable[[list[int], int, type], Pair], str | None]] = {
    "Workspace": (workspace, None),
    "bpcourse, readable": (readable, None),
    "PyTorch eager": (torch_eager, "torch"),
    "JAX jit": (jax_jit, "jax"),
}


def pairs(sizes: list[int], examples: int, dtype: type, notes: set[str]) -> Iterator[tuple[str, Pair]]:
    """Each contender that is installed, its gradients checked."""
    parameters, X, Y = problem(sizes, examples, dtype)
    double = {name: array.astype(float) for name, array in parameters.items()}
    right = backpropagation(forward(X.astype(float), double), Y.astype(float), double)
    for name, (make, module) in CONTENDERS.items():
        if module is not None and importlib.util.find_spec(module) is None:
            notes.add(f"{name} is left out: {module} is not installed (pip install -r benchmarks/requirements.txt)")
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pair = make(sizes, examples, dtype)
            found = pair[1]()
        for key in double:
            size = 1 + np.abs(right[f"d{key}"]).max()
            error = np.abs(np.asarray(found[f"d{key}"], float) - right[f"d{key}"]).max()
            assert error <= 50 * np.finfo(dtype).eps * size, (name, key, "is no gradient")
        yield name, pair


def ratios(quick: bool) -> tuple[list[dict[str, Any]], set[str]]:
    """(forward + backward) / forward of each net and contender, and of the products alone, counted and timed."""
    rows, notes = [], set[str]()
    for sizes, examples in NETS:
        for dtype in (np.float64,) if quick else (np.float64, np.float32):
            found = dict(pairs(sizes, examples, dtype, notes))
            actions = {
                "products, forward": floor(sizes, examples, dtype, backward=False),
                "products": floor(sizes, examples, dtype),
            }
            for name, (there, both) in found.items():
                actions |= {f"{name}, forward": there, name: both}
            times = in_turn(actions, rounds=7 if quick else 25, sample=3e-3 if quick else 1e-2)
            there, back = forward_products(sizes, examples), backward_products(sizes, examples)
            ratio = {name: times[name]["median"] / times[f"{name}, forward"]["median"] for name in ["products", *found]}
            rows.append(
                {
                    "net": name_of(sizes, examples),
                    "dtype": np.dtype(dtype).name,
                    "counted": (there + back) / there,
                    "ratio": ratio,
                    "seconds": times,
                }
            )
    return rows, notes


def nudging(quick: bool) -> dict[str, Any]:
    """A network of 10,000 weights, one example: nudging one weight after the other, many at once, and backpropagation."""
    sizes = [60, 100, 40]
    parameters, X, Y = problem(sizes, 1, np.float64)
    work = Workspace({name: array.copy() for name, array in parameters.items()}, 1)
    right = backpropagation(forward(X, parameters), Y, parameters)

    def workspace() -> Arrays:
        work.forward(X)
        return work.backpropagation(Y)

    def one_by_one(names: tuple[str, ...]) -> Arrays:
        return {
            f"d{name}": central_difference(lambda w, name=name: cost(forward(X, parameters | {name: w}), Y), parameters[name])
            for name in names
        }

    actions: dict[str, Callable[[], Arrays]] = {
        "backpropagation, readable": lambda: backpropagation(forward(X, parameters), Y, parameters),
        "Workspace": workspace,
        "many at once": lambda: numerical_gradients(X, Y, parameters),
        "one by one": lambda: one_by_one(("b2",) if quick else tuple(parameters)),
    }
    for name, action in actions.items():
        for key, grad in action().items():
            if key in {f"d{parameter}" for parameter in parameters}:
                assert np.allclose(grad, right[key], rtol=1e-4, atol=1e-8), (name, key)
    loop = actions.pop("one by one")
    times = in_turn(actions, rounds=7 if quick else 25, sample=3e-3)
    times |= in_turn({"one by one": loop}, rounds=2, sample=0)
    knobs = sum(array.size for array in parameters.values())
    if quick:
        times["one by one"] = {key: value * knobs / sizes[-1] for key, value in times["one by one"].items()}
    return {"net": name_of(sizes, 1), "weights": forward_products(sizes), "knobs": knobs, "seconds": times}


def run(quick: bool) -> dict[str, Any]:
    """{"ratios": […], "nudging": {…}, "notes": […]}."""
    rows, notes = ratios(quick)
    if quick:
        notes.add("one by one is timed on 40 biases and scaled to all knobs in a quick run")
    return {"ratios": rows, "nudging": nudging(quick), "notes": sorted(notes)}
