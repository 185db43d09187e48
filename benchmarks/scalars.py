"""Scalar graphs, forward and backward: how many nodes a second.

The graph is one expression of 26 nodes, 4 inputs and 22 gates, in as many copies
as needed, the results added in pairs. It has sums, products, quotients and ReLUs,
which all contenders know. Each contender's gradients are compared with the
others' before it is timed.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from common import Action, in_turn

from bpcourse import graph
from bpcourse.codegen import Tape, compile_python
from bpcourse.graph import Value

SIZES = (26, 1000, 100_000)
Graph = tuple[Any, list[Any]]
"""(output, inputs)."""


def expression(x: Any, y: Any, z: Any, w: Any, relu: Callable[[Any], Any]) -> Any:
    """22 gates."""
    a = x * y + z
    b = relu(a) * w + x
    c = a * b - y
    d = (b + c) * (c - z)
    e = relu(d) + b * w
    f = e * a + d * z
    g = f / (x * x + y * y + w)
    return g - e


def points(copies: int) -> np.ndarray:
    """Four inputs a copy."""
    return np.random.default_rng(0).uniform(0.5, 1.5, 4 * copies)


def built(inputs: Sequence[Any], relu: Callable[[Any], Any]) -> Any:
    """The copies of the expression, added in pairs."""
    outs = [expression(*inputs[i : i + 4], relu) for i in range(0, len(inputs), 4)]
    while len(outs) > 1:
        outs = [a + b for a, b in zip(outs[::2], outs[1::2])] + outs[len(outs) - len(outs) % 2 :]
    return outs[0]


def copies_of(nodes: int) -> int:
    """How many copies make about so many nodes: 27 each, but for the first."""
    return max(1, round((nodes + 1) / 27))


# ------------------------------------------------- graphs that are built anew


def with_value(x: list[float]) -> list[float]:
    """`bpcourse.graph.Value`."""
    inputs = [Value(number) for number in x]
    built(inputs, graph.relu).backward()
    return [v.grad for v in inputs]


def with_tape(x: list[float]) -> list[float]:
    """`bpcourse.codegen.Tape`."""
    tape = Tape()
    add, subtract, multiply, divide, relu = tape.add, tape.subtract, tape.multiply, tape.divide, tape.relu

    def one(x: int, y: int, z: int, w: int) -> int:
        a = add(multiply(x, y), z)
        b = add(multiply(relu(a), w), x)
        c = subtract(multiply(a, b), y)
        d = multiply(add(b, c), subtract(c, z))
        e = add(relu(d), multiply(b, w))
        f = add(multiply(e, a), multiply(d, z))
        g = divide(f, add(add(multiply(x, x), multiply(y, y)), w))
        return subtract(g, e)

    places = [tape.input(number) for number in x]
    outs = [one(*places[i : i + 4]) for i in range(0, len(places), 4)]
    while len(outs) > 1:
        outs = [add(a, b) for a, b in zip(outs[::2], outs[1::2])] + outs[len(outs) - len(outs) % 2 :]
    tape.backward(outs[0])
    return tape.grads[: len(places)]


def with_micrograd(x: list[float]) -> list[float]:
    """Micrograd's Value; its backward recurses."""
    from micrograd.engine import Value as Micro

    inputs = [Micro(number) for number in x]
    built(inputs, lambda v: v.relu()).backward()
    return [v.grad for v in inputs]


def with_torch(x: list[float]) -> list[float]:
    """PyTorch, one tensor a number."""
    import torch

    inputs = [torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in x]
    built(inputs, torch.relu).backward()
    return [v.grad.item() for v in inputs]


# --------------------------------------- graphs that are compiled and replayed


def compiled_python(x: list[float]) -> Callable[[], Any]:
    """`bpcourse.codegen.compile_python`."""
    inputs = [Value(number) for number in x]
    f = compile_python(built(inputs, graph.relu), inputs)
    return lambda: f(*x)[1]


def jax_jit(x: list[float]) -> Callable[[], Any]:
    """JAX: value_and_grad in a jit, the inputs as one array."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    f, point = jax.jit(jax.value_and_grad(lambda v: built(list(v), jax.nn.relu))), jnp.asarray(x)
    return lambda: f(point)[1].block_until_ready()


HAND = """
    a{i} = x{i} * y{i} + z{i}
    r{i} = max(a{i}, 0.0)
    b{i} = r{i} * w{i} + x{i}
    c{i} = a{i} * b{i} - y{i}
    p{i} = b{i} + c{i}
    q{i} = c{i} - z{i}
    d{i} = p{i} * q{i}
    s{i} = max(d{i}, 0.0)
    e{i} = s{i} + b{i} * w{i}
    f{i} = e{i} * a{i} + d{i} * z{i}
    n{i} = x{i} * x{i} + y{i} * y{i} + w{i}
    g{i} = f{i} / n{i}
    o{i} = g{i} - e{i}"""
HAND_BACK = """
    df = 1.0 / n{i}
    dn = -g{i} / n{i}
    de = df * a{i} - 1.0
    dd = df * z{i}
    if d{i} > 0: dd += de
    dp = dd * q{i}
    dq = dd * p{i}
    dc = dp + dq
    db = de * w{i} + dp + dc * a{i}
    da = df * e{i} + dc * b{i}
    if a{i} > 0: da += db * w{i}
    dx{i} = db + da * y{i} + 2 * dn * x{i}
    dy{i} = da * x{i} - dc + 2 * dn * y{i}
    dz{i} = df * d{i} - dq + da
    dw{i} = de * b{i} + db * r{i} + dn"""


def by_hand(x: list[float]) -> Callable[[], Any]:
    """The expression and its gradient, derived and written by hand, once for each copy."""
    copies = range(len(x) // 4)
    names = ", ".join(f"{name}{i}" for i in copies for name in "xyzw")
    grads = ", ".join(f"d{name}{i}" for i in copies for name in "xyzw")
    there, back = (("".join(part.format(i=i) for i in copies)) for part in (HAND, HAND_BACK))
    source = f"def f({names}):{there}\n    out = {' + '.join(f'o{i}' for i in copies)}{back}\n    return out, ({grads})\n"
    space: dict[str, Any] = {}
    exec(source, space)
    return lambda: space["f"](*x)[1]


ANEW: dict[str, tuple[Callable[[list[float]], Any], str | None, int]] = {
    "Value": (with_value, None, 200_000),
    "Tape": (with_tape, None, 200_000),
    "micrograd": (with_micrograd, "micrograd", 200_000),
    "PyTorch": (with_torch, "torch", 200_000),
}
COMPILED: dict[str, tuple[Callable[[list[float]], Callable[[], Any]], str | None, int]] = {
    "compile_python": (compiled_python, None, 200_000),
    "by hand": (by_hand, None, 1000),
    "JAX jit": (jax_jit, "jax", 1000),
}
"""Each with the module that it needs and the largest graph that it is asked for."""


def actions(x: list[float], nodes: int, quick: bool, notes: set[str]) -> Iterator[tuple[str, Action, float | None]]:
    """(name, action, seconds to compile) of the contenders that can."""
    quickest = {"JAX jit": 26, "PyTorch": 1000, "micrograd": 1000, "compile_python": 1000}
    for table in ANEW, COMPILED:
        for name, (make, module, most) in table.items():
            if module is not None and importlib.util.find_spec(module) is None:
                notes.add(f"{name} is left out: {module} is not installed (pip install -r benchmarks/requirements.txt)")
            elif nodes > most or (quick and nodes > quickest.get(name, nodes)):
                notes.add(f"{name} is left out at {nodes:,} nodes{' of a quick run' if nodes <= most else ''}")
            elif table is ANEW:
                yield name, (lambda make=make: make(x)), None
            else:
                started = time.perf_counter()
                action = make(x)
                action()
                yield name, action, time.perf_counter() - started


def run(quick: bool) -> dict[str, Any]:
    """{"rows": [nodes, seconds of each, seconds to compile], "notes": […]}."""
    sys.setrecursionlimit(1_000_000)
    rows, notes = [], set[str]()
    for size in SIZES:
        copies = copies_of(size)
        nodes, x = 27 * copies - 1, points(copies).tolist()
        inputs = [Value(number) for number in x]
        out = built(inputs, graph.relu)
        assert nodes == len(graph.topological_order(out)), "the count of nodes"
        out.backward()
        slopes = np.array([v.grad for v in inputs])
        timed, compiling = {}, {}
        for name, action, seconds in actions(x, nodes, quick, notes):
            assert np.allclose(action(), slopes, rtol=1e-10, atol=1e-10), (name, nodes, "has other gradients")
            timed[name] = action
            if seconds is not None:
                compiling[name] = seconds
        times = in_turn(timed, rounds=5 if quick or size == SIZES[-1] else 25, sample=3e-3 if quick else 1e-2)
        rows.append({"nodes": nodes, "seconds": times, "compiling": compiling})
    return {"rows": rows, "notes": sorted(notes)}
