"""Make the mistakes of the catalogue in the package, one at a time, and see that its tests catch each.

`make mutants` runs it; a mistake that no test catches is named, and the run fails. The package is copied; nothing here is
changed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Injection(NamedTuple):
    """A mistake of the catalogue in a line of a module, and the test files that should see it."""

    mistake: str
    module: str
    right: str
    wrong: str
    test: str


def _of(module: str, test: str, *rows: tuple[str, str, str]) -> list[Injection]:
    return [Injection(mistake, module, right, wrong, test) for mistake, right, wrong in rows]


INJECTIONS = [
    *_of(
        "gates.py", "test_gates.py",
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
        "graph.py", "test_graph.py",
        ("= for += at a fork", "grads[a] += upstream * to_a", "grads[a] = upstream * to_a"),
        ("upstream not multiplied", "grads[b] += upstream * to_b", "grads[b] += to_b"),
        ("local gradient not multiplied", "grads[b] += upstream * to_b", "grads[b] += upstream"),
        ("added in place of multiplied", "grads[source] += upstream * local", "grads[source] += upstream + local"),
        ("paths multiplied in place of added", "grads[source] + flow if source", "grads[source] * flow if source"),
    ),
    *_of(
        "layers.py", "test_layers.py test_network.py",
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
        ("activation's slope forgotten", "return dA * local", "return dA"),
        ("1/m lost", "dZ @ A_below.T / dZ.shape[1]", "dZ @ A_below.T"),
        ("divided by m twice", "dZ.mean(axis=1, keepdims=True)", "dZ.mean(axis=1, keepdims=True) / dZ.shape[1]"),
        ("bias gradient not summed over the batch", "dZ.mean(axis=1, keepdims=True)", "dZ[:, :1]"),
        ("mean over the units in place of the examples", "dZ.mean(axis=1, keepdims=True)", "dZ.mean(axis=0, keepdims=True)"),
        ("bias forgotten", "return W @ A_below + b", "return W @ A_below"),
    ),
    *_of(
        "network/equations.py", "test_network.py",
        ("transposed weight", 'parameters[f"W{l}"].T @ dZ',
         '(W if (W := parameters[f"W{l}"]).shape[0] == W.shape[1] else W.T) @ dZ'),
        ("a path forgotten", 'parameters[f"W{l}"].T @ dZ', 'parameters[f"W{l}"][1:].T @ dZ[1:]'),
        ("z taken for a", 'A = cache[f"A{l - 1}"]\n', 'A = cache.get(f"Z{l - 1}", cache["A0"])\n'),
        ("slope of the wrong layer", 'cache[f"Z{l - 1}"], A)', 'cache[f"Z{l - 1}"], dA)'),
        ("sum taken for mean", "A).mean())", "A).sum())"),
        ("sign of the update", "parameter - learning_rate", "parameter + learning_rate"),
        ("learning rate forgotten", "parameter - learning_rate * grads", "parameter - grads"),
        ("step taken for the new weight", "parameter - learning_rate", "-learning_rate"),
    ),
    *_of(
        "network/training.py", "test_network.py",
        ("labels by the wrong axis", "columns[labels, np.arange(len(labels))] = 1",
         "columns.ravel()[labels * 0 + np.arange(len(labels)) % columns.size] = 1"),
        ("old activation used after the step", "cache = forward(X[:, batch], current, **names)",
         "cache = forward(X[:, batch], parameters, **names)"),
    ),
    *_of(
        "numeric.py", "test_numeric.py",
        ("one-sided difference", "_moved(point, i, eps), _moved(point, i, -eps)", "_moved(point, i, eps), point"),
        ("divided by ε, not by 2ε", "result[i] = (ends[0] - ends[1]) / (2 * eps)", "result[i] = (ends[0] - ends[1]) / eps"),
        ("not divided by the nudge", "result[i] = (there - here) / eps", "result[i] = there - here"),
        ("two-sided in place of one nudge", "result[i] = (there - here) / eps",
         "result[i] = (there - _call(f, _moved(point, i, -eps))) / (2 * eps)"),
    ),
    *_of("chain.py", "test_chain.py", ("inner derivative forgotten", "math.prod(self.local_gradients, start=1.0)",
                                       "math.prod(self.local_gradients[1:], start=1.0)")),
]  # fmt: skip


def caught(injection: Injection, root: Path, made: bool = True) -> bool:
    """Whether the tests of a module fail with the mistake in it; or without, where it is not made."""
    place = root / "bpcourse" / injection.module
    source = place.read_text(encoding="utf-8")
    if made:
        place.write_text(source.replace(injection.right, injection.wrong), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        *[f"tests/{name}" for name in injection.test.split()],
    ]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(command, cwd=root, env=environment, capture_output=True).returncode == 1
    finally:
        place.write_text(source, encoding="utf-8")


def main() -> None:
    """Print a line a mistake; exit with 1 where one was not caught."""
    chosen = [one for one in INJECTIONS if not sys.argv[1:] or one.module in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "copy"
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".*", "_build", "__pycache__", "node_modules"))
        missed = [one._replace(mistake="none") for one in {one.test: one for one in chosen}.values() if caught(one, root, False)]
        for one in missed:
            print(f"tests/{one.test} fails with no mistake in {one.module}")
        for one in chosen:
            seen = caught(one, root)
            print(f"{'caught' if seen else 'MISSED'}  {one.module:22} {one.mistake}", flush=True)
            missed += [] if seen else [one]
    print(f"{len(chosen) - len(missed)} of {len(chosen)} mistakes are caught")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
