"""A small book with exercises of all kinds, its own bank in the place of chapter 18's; as an extension it brings the bank."""

import sys
import types
from pathlib import Path

import yaml
from books import CODE, ROOT, Book, cell

from bpcourse.examples import FOUR_FOUR_TWO, FOUR_FOUR_TWO_X, FOUR_FOUR_TWO_Y
from bpcourse.graph import Value
from bpcourse.practice.derivations import Derivation, Given, Step
from bpcourse.practice.exercises import Choice, Code, Exercise, Ladder, Numbers, Option, Paper
from bpcourse.practice.worked import of_circuit, of_network


def _circuit() -> Derivation:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = (x + y).named("q")
    return of_circuit((q * z).named("f"), fresh={"x": (-5, 5, 0), "y": (-9, 9, 0), "z": (-9, 9, 0)})


CIRCUIT = _circuit()
NETWORK = of_network(
    FOUR_FOUR_TWO, FOUR_FOUR_TWO_X, FOUR_FOUR_TWO_Y, hidden="sigmoid", loss="squared_error",
    fresh={"x": (1, 5, 0), "W": (-9, 9, 1)}, entries=("w_212",),
)  # fmt: skip
BATCH = of_network(
    {"W1": [[0.2, -0.4], [0.5, 0.3]], "b1": [[0.1], [0.2]], "W2": [[0.7, -0.6]], "b2": [[0.3]]},
    [[1.0, 2.0, -1.0], [0.5, -1.5, 2.0]], [[1.0, 0.0, 1.0]],
    hidden="tanh", output="sigmoid", loss="binary_cross_entropy", fresh={"x": (-20, 20, 1), "W": (-9, 9, 1), "b": (-5, 5, 1)},
)  # fmt: skip
NUDGE = Derivation(
    (Given("f", "f", lambda x: x * x * x), Given("x", "x", 1.5, 5, 30, 1), Given("eps", "\\varepsilon", 0.25, 1, 4, 2)),
    (Step("slope", "s", "central difference", {"f": "f", "x": "x", "eps": "eps"}),),
)
EXERCISES: list[Exercise] = [
    Numbers(title="A product of a sum", text="Find $q$, $f$ and $\\partial f/\\partial x$.",
            hints=("Which gate comes last?", "δ goes back along the wires.", "The sum hands it on."),
            derivation=CIRCUIT, asks=("q", "f", "dx"), solution="First the *sum*."),
    Choice(title="A slope", text="What is the slope of $x^2$ at 3?", hints=("Nudge it.",), solution="$2x$ is 6.",
           options=(Option("$6$", "The slope is $2x$.", True), Option("$9$", "That is $x^2$ itself."),
                    Option("`3` & <b>", "The factor is lost."))),
    Ladder(title="From worked to alone", text="Go through it.", hints=("One gate after the other.",), solution="Step by step.",
           derivation=CIRCUIT, steps=("q", "f", "dq", "dx", "dz")),
    Paper(title="On paper", text=f"Derive $a = b$ from ${' + '.join(20 * 'a')} = b$.",
          hints=("Begin.",), solution="$$a = b$$\n\nDone."),
    Code(title="In code", text="Write `f`.", hints=("Return x.",), stub='def f(x):\n    """The same."""\n    ...\n',
         solved=lambda x: x, cases=lambda: [(1,)], solution="It gives back what it gets."),
    Numbers(title="The network", text="Find $z^1$, $\\hat y$ and the gradient.", hints=(), derivation=NETWORK,
            asks=("z1", "a2", "dw_212"), shows=("x", "y", "W1", "W2")),
    Numbers(title="With its rule", text="Find $q$.", hints=(), derivation=CIRCUIT, asks=("q",), rules=True),
    Numbers(title="A batch", text="Find all.", hints=(), derivation=BATCH, asks=("cost", "dZ2", "dW1", "db1", "W2_new")),
    Numbers(title="A nudge", text="Find the slope of $x^3$.", hints=(), derivation=NUDGE, asks=("slope",)),
]  # fmt: skip
"""Numbers, Choice, Ladder, Paper, Code, and Numbers of arrays, of rules, of a batch, of a function."""


def exercises() -> dict[str, Exercise]:
    """The exercises by their labels."""
    return {f"18.{k}": one for k, one in enumerate(EXERCISES, start=1)}


def bank() -> types.ModuleType:
    """The module that stands for chapter 18's bank."""
    module = types.ModuleType("bpcourse.practice.bank.c18")
    module.EXERCISES = EXERCISES
    return module


def book(folder: Path) -> Book:
    """The book's pages, not built yet."""
    blocks = "\n\n".join(f"```{{practice}} 18.{k}\n```" for k in range(1, len(EXERCISES) + 1))
    links = "See {ref}`ex-18-2`, {numref}`ex-18-3` and {ref}`sol-18-2`."
    pages = {
        "index": "# A book\n",
        "07-one": f"{CODE}# One weight\n\n{cell('import time; time.time_ns()')}\n```{{practice}} 07.1\n```\n",
        "18-own": f"# Own exercises\n\nText first.\n\n{blocks}\n\n{links}\n",
        "list": "# All exercises\n\n```{practice-list}\n```\n",
        "mixed": "# Practice\n\n```{practice-mixed}\n```\n",
    }
    made = Book(folder, pages)
    config = yaml.safe_load((folder / "_config.yml").read_text(encoding="utf-8"))
    own = {"practice_book": str(ROOT / "tests")}
    config["sphinx"]["local_extensions"] = own | config["sphinx"]["local_extensions"]
    config["sphinx"]["config"]["extensions"].insert(0, "practice_book")
    made.write("_config.yml", yaml.safe_dump(config, sort_keys=False))
    return made


def setup(app: object) -> dict[str, bool]:
    """As an extension: before the others, so that they find the bank."""
    sys.modules["bpcourse.practice.bank.c18"] = bank()
    return {"parallel_read_safe": True, "parallel_write_safe": True}
