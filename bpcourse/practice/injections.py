"""The catalogue's mistakes, made in the package itself: a line of a module, and a wrong one in its place.

`tools/inject.py` asks whether the package's tests catch each; `injected` loads the
package with one of them inside, beside the right one, to see what it does to a training.

Book: chapters 12 and 16, the census of bugs and the page on debugging.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import NamedTuple

from bpcourse import checks


class Injection(NamedTuple):
    """A mistake of the catalogue in a line of a module of the package."""

    mistake: str
    module: str
    right: str
    wrong: str

    def into(self, source: str) -> str:
        """The module's source with the mistake in it."""
        return source.replace(self.right, self.wrong)


def _of(module: str, *rows: tuple[str, str, str]) -> list[Injection]:
    return [Injection(mistake, module, right, wrong) for mistake, right, wrong in rows]


INJECTIONS: list[Injection] = [
    *_of(
        "gates.py",
        ("local gradients of multiply not swapped", "lambda out, a, b: (b, a),", "lambda out, a, b: (a, b),"),
        ("sign of the difference", "lambda out, a, b: (1.0, -1.0),", "lambda out, a, b: (1.0, 1.0),"),
        ("sign of the quotient", "(1 / b, -out / b)", "(1 / b, out / b)"),
        ("square of the denominator lost", "(1 / b, -out / b)", "(1 / b, -out)"),
        ("sign of the reciprocal", "(-(out * out),)", "(out * out,)"),
        ("factor of the power lost", "(2 * x,)", "(x,)"),
        ("exponent not lowered", "n * x ** (n - 1)", "n * x**n"),
        ("slope taken at z, not at a", "lambda out, x: (out * (1 - out),)", "lambda out, x: (x * (1 - x),)"),
        ("slope of tanh taken for the sigmoid's", "(1 - out * out,)", "(out * (1 - out),)"),
        ("square lost in the slope of tanh", "(1 - out * out,)", "(1 - out,)"),
        ("relu's slope 1 at a negative input", "lambda out, x: (x > 0,)", "lambda out, x: (1.0,)"),
        ("relu's value taken for its slope", "lambda out, x: (x > 0,)", "lambda out, x: (out,)"),
        ("negative numbers let through", "lambda x: max(x, 0.0)", "lambda x: x"),
        ("max sends the gradient both ways", "(0.5 * (a > b) + 0.5 * (a >= b), 0.5 * (b > a) + 0.5 * (b >= a))", "(1.0, 1.0)"),
        ("max sends the gradient to the wrong input", "(0.5 * (a > b) + 0.5 * (a >= b), 0.5 * (b > a) + 0.5 * (b >= a))",
         "(0.5 * (b > a) + 0.5 * (b >= a), 0.5 * (a > b) + 0.5 * (a >= b))"),
    ),
    *_of(
        "graph.py",
        ("= for += at a fork", "grads[a] += upstream * to_a", "grads[a] = upstream * to_a"),
        ("upstream not multiplied", "grads[b] += upstream * to_b", "grads[b] += to_b"),
        ("local gradient not multiplied", "grads[b] += upstream * to_b", "grads[b] += upstream"),
        ("added in place of multiplied", "grads[source] += upstream * local", "grads[source] += upstream + local"),
        ("paths multiplied in place of added", "grads[source] + flow if source", "grads[source] * flow if source"),
    ),
    *_of(
        "layers.py",
        ("factor 2 lost", "lambda Y, A: 2 * (A - Y),", "lambda Y, A: A - Y,"),
        ("factor 2 doubled", "lambda Y, A: 2 * (A - Y),", "lambda Y, A: 4 * (A - Y),"),
        ("sign of the slope", "return A - Y\n", "return Y - A\n"),
        ("½ forgotten", "0.5 * (Y - A) ** 2", "(Y - A) ** 2"),
        ("minus of the cross-entropy lost", "lambda Y, log_A: -(Y * log_A)", "lambda Y, log_A: Y * log_A"),
        ("only the label's own term", "-(Y * log_A + (1 - Y) * log_not_A)", "-(Y * log_A)"),
        ("minus of the logarithm lost", "lambda Y, A: -Y / A", "lambda Y, A: Y / A"),
        ("cross path of the softmax dropped", "return A * (dA - (dA * A).sum(axis=0, keepdims=True))", "return dA * A * (1 - A)"),
        ("softmax left out on the way back", "softmax_vjp(dA, A) if output", "dA if output"),
        ("output's slope multiplied in once more", "return A - Y\n", "return (A - Y) * A * (1 - A)\n"),
        ("sigmoid taken for softmax", "return e / e.sum(axis=0, keepdims=True)", "return e / (1 + e)"),
        ("softmax applied twice", "return e / e.sum(axis=0, keepdims=True)",
         "e = np.exp(e / e.sum(axis=0, keepdims=True))\n    return e / e.sum(axis=0, keepdims=True)"),
        ("label not subtracted", "return A - Y\n", "return A\n"),
        ("activation's slope forgotten", "return dA * GATES[name].slopes(A, Z)", "return dA"),
        ("1/m lost", "dZ @ A_below.T / dZ.shape[1]", "dZ @ A_below.T"),
        ("divided by m twice", "dZ.mean(axis=1, keepdims=True)", "dZ.mean(axis=1, keepdims=True) / dZ.shape[1]"),
        ("bias gradient not summed over the batch", "dZ.mean(axis=1, keepdims=True)", "dZ[:, :1]"),
        ("= for += over the examples", "dZ.mean(axis=1, keepdims=True)", "dZ[:, -1:]"),
        ("mean over the units in place of the examples", "dZ.mean(axis=1, keepdims=True)", "dZ.mean(axis=0, keepdims=True)"),
        ("bias forgotten", "return W @ A_below + b", "return W @ A_below"),
    ),
    *_of(
        "network/equations.py",
        ("transposed weight", 'parameters[f"W{l}"].T @ dZ',
         '(W if (W := parameters[f"W{l}"]).shape[0] == W.shape[1] else W.T) @ dZ'),
        ("a path forgotten", 'parameters[f"W{l}"].T @ dZ', 'parameters[f"W{l}"][1:].T @ dZ[1:]'),
        ("z taken for a", 'A = cache[f"A{l - 1}"]\n', 'A = cache.get(f"Z{l - 1}", cache["A0"])\n'),
        ("slope of the wrong layer", 'cache[f"Z{l - 1}"], A)', 'cache[f"Z{l - 1}"], dA)'),
        ("sum taken for mean", "A).mean())", "A).sum())"),
        ("sign of the update", "parameter - learning_rate", "parameter + learning_rate"),
        ("learning rate forgotten", "parameter - learning_rate * grads", "parameter - grads"),
        ("biases not updated", "parameter - learning_rate * grads", 'parameter - learning_rate * (name[0] == "W") * grads'),
        ("step taken for the new weight", "parameter - learning_rate", "-learning_rate"),
    ),
    *_of(
        "network/training.py",
        ("labels by the wrong axis", "columns[labels, np.arange(len(labels))] = 1",
         "columns.ravel()[labels * 0 + np.arange(len(labels)) % columns.size] = 1"),
        ("old activation used after the step", "cache = forward(X[:, batch], current, **names)",
         "cache = forward(X[:, batch], parameters, **names)"),
    ),
    *_of(
        "numeric.py",
        ("one-sided difference", "_moved(point, i, eps), _moved(point, i, -eps)", "_moved(point, i, eps), point"),
        ("divided by ε, not by 2ε", "result[i] = (ends[0] - ends[1]) / (2 * eps)", "result[i] = (ends[0] - ends[1]) / eps"),
        ("not divided by the nudge", "result[i] = (there - here) / eps", "result[i] = there - here"),
        ("two-sided in place of one nudge", "result[i] = (there - here) / eps",
         "result[i] = (there - _call(f, _moved(point, i, -eps))) / (2 * eps)"),
    ),
    *_of(
        "chain.py",
        ("inner derivative forgotten", "math.prod(self.local_gradients, start=1.0)",
         "math.prod(self.local_gradients[1:], start=1.0)"),
    ),
]  # fmt: skip


class _Loader(SourceFileLoader):
    """Loads a module from its source with the mistake in it, past the compiled file of the right one."""

    def __init__(self, name: str, path: str, injection: Injection) -> None:
        super().__init__(name, path)
        self.injection = injection

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.injection.into(self.get_data(self.path).decode()), self.path, "exec")


class _Finder(MetaPathFinder):
    """Finds the one module that the mistake is made in; the others are found as always."""

    def __init__(self, injection: Injection) -> None:
        self.injection = injection
        self.name = f"bpcourse.{injection.module.removesuffix('.py').replace('/', '.')}"

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path) if fullname == self.name else None
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin, self.injection)
        return spec


def injected(mistake: str) -> ModuleType:
    """The package's `network`, loaded once more with a mistake of `INJECTIONS` in it.

    `injected("1/m lost").train(...)` trains with wrong gradients; the right package
    stays as it is. What is read behind `network`, the layers and gates, is that of the
    broken package.

    Raises ValueError for any other mistake. No other thread may import the package meanwhile.
    """
    by_name = {one.mistake: one for one in INJECTIONS}
    finder = _Finder(by_name[checks.choice(mistake, "mistake", by_name)])
    right = _taken_out()
    sys.meta_path.insert(0, finder)
    try:
        return importlib.import_module("bpcourse.network")
    finally:
        sys.meta_path.remove(finder)
        _taken_out()
        sys.modules.update(right)


def _taken_out() -> dict[str, ModuleType]:
    """The package's loaded modules, no longer known to Python, so that the next import loads them again."""
    names = [name for name in sys.modules if name.partition(".")[0] == "bpcourse"]
    return {name: sys.modules.pop(name) for name in names}
