"""What several test modules share: messages, differences that can be trusted, random expressions."""

import importlib.util
import math
import re

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from bpcourse import graph
from bpcourse.graph import Value, topological_order
from bpcourse.practice.exercises import chapter

RTOL = 1e-6


def exercises_of(number: int) -> list:
    """The exercises of a chapter; none where it has no bank."""
    return chapter(number) if importlib.util.find_spec(f"bpcourse.practice.bank.c{number:02}") else []


numbers = st.integers(-2500, 2500).map(lambda i: i / 1000)
"""Points that are not needlessly tiny: −2.5 to 2.5 in thousandths."""


def says(argument: str, text: str = "") -> str:
    """A pattern for messages that name the argument, what was expected and what came."""
    return rf"(?s)^{re.escape(argument)}: expected .*{text}.*, got "


def trusted_difference(f, x: float) -> float:
    """Central difference of f: float → float; `assume`s away points where it cannot judge to RTOL."""
    h = 1e-5 * max(1.0, abs(x))
    try:
        wide, narrow = ((f(x + s) - f(x - s)) / (2 * s) for s in (h, h / 2))
        size = abs(f(x))
    except ValueError:
        assume(False)
    assume(abs(narrow) > 1e-3 * (1e-2 + size))
    assume(math.isclose(wide, narrow, rel_tol=RTOL / 5))
    return narrow


def close(a: float, b: float, rtol: float = RTOL) -> bool:
    return math.isclose(a, b, rel_tol=rtol)


def assert_gradients_match(analytic, numerical, size: float) -> None:
    """Entries that a difference can see agree to RTOL; the others are as small as they look.

    `size` is the size of the function: differences lose anything below about 1e-11 of it.
    """
    analytic, numerical = np.asarray(analytic), np.asarray(numerical)
    assert analytic.shape == numerical.shape
    floor = 1e-4 * (1 + size)
    visible = np.abs(numerical) > floor
    np.testing.assert_allclose(analytic[visible], numerical[visible], rtol=RTOL)
    assert (np.abs(analytic[~visible]) <= 1.01 * floor).all()


# One step of a random expression: m is `bpcourse.graph`, or a module with the same function names.
STEPS = {
    "add": lambda m, a, b: a + b,
    "subtract": lambda m, a, b: a - b,
    "multiply": lambda m, a, b: a * b,
    "divide": lambda m, a, b: a / (1.5 + b * b),
    "right divide": lambda m, a, b: 3 / (2 + a * a),
    "negate": lambda m, a, b: -a,
    "float left": lambda m, a, b: 2 - a,
    "float right": lambda m, a, b: a * 0.75,
    "reciprocal": lambda m, a, b: m.reciprocal(1 + a * a),
    "square": lambda m, a, b: m.square(a),
    "cube": lambda m, a, b: a**3,
    "root power": lambda m, a, b: (1 + a * a) ** -1.5,
    "sqrt": lambda m, a, b: m.sqrt(1 + a * a),
    "exp": lambda m, a, b: m.exp(m.tanh(a)),
    "log": lambda m, a, b: m.log(2 + a * a),
    "sigmoid": lambda m, a, b: m.sigmoid(a),
    "tanh": lambda m, a, b: m.tanh(a),
    "sin": lambda m, a, b: m.sin(a),
    "cos": lambda m, a, b: m.cos(a),
    "relu": lambda m, a, b: m.relu(a),
    "maximum": lambda m, a, b: m.maximum(a, b),
    "minimum": lambda m, a, b: m.minimum(a, b),
    "greater": lambda m, a, b: (a > b) * a,
    "at least": lambda m, a, b: (a >= b) * b,
}


@st.composite
def expressions(draw, most: int = 9):
    """(recipe, point): which step takes which earlier values, and where the inputs stand."""
    point = draw(st.lists(numbers, min_size=2, max_size=3))
    recipe = []
    for i in range(draw(st.integers(2, most))):
        earlier = st.integers(max(0, len(point) + i - 4), len(point) + i - 1)
        recipe.append((draw(st.sampled_from(sorted(STEPS))), draw(earlier), draw(earlier)))
    return recipe, point


def build(recipe, inputs, m=graph):
    """The last value of the recipe, from inputs that are values of m."""
    values = list(inputs)
    for step, i, j in recipe:
        values.append(STEPS[step](m, values[i], values[j]))
    return values[-1]


def build_smooth(recipe, point) -> tuple[list[Value], Value]:
    """(inputs, output) as a graph; `assume`s away kinks, large numbers and constants."""
    inputs = [Value(x, f"x{i}") for i, x in enumerate(point)]
    output = build(recipe, inputs)
    for node in topological_order(output):
        assume(abs(node.value) < 1e3)
        if node.gate is not None and node.gate.kink is not None:
            assume(abs(node.gate.kink(*[source.value for source in node.inputs])) > 1e-3)
    return inputs, output
