"""The census of bugs: train on the digits with each mistake that can be made there, and ask the checks of chapter 16.

The mistakes are those of `practice.injections`, put into a line of the package. Each is trained five times in the first
setting where it changes anything, then every check is run on the broken code. `census.json` holds what came out, with the
seeds; the page on the census reads it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import mean, median
from types import ModuleType
from typing import Any, NamedTuple

from common import fix_threads

if __name__ == "__main__":
    fix_threads(1)  # small arrays: two threads wait for each other

import numpy as np

from bpcourse import network as right
from bpcourse.examples import digits
from bpcourse.numeric import check_gradient
from bpcourse.practice.injections import INJECTIONS, injected

STORED = Path(__file__).with_name("census.json")
SIZES, SEEDS, EPOCHS, BATCH, GOOD = [64, 32, 32, 10], [1, 2, 3, 4, 5], 30, 32, 0.9
BY_HEART = 1000
"""Steps to learn one batch by heart."""

SMALL = [6, 5, 5, 3]
"""The network whose every entry is checked: like the large one it has a square layer."""

RIGHT = "none"
"""What stands in the place of a mistake where none is made."""


class Setting(NamedTuple):
    """The kinds of layers and the loss of a training, and its learning rate."""

    hidden: str
    output: str
    loss: str
    learning_rate: float

    def kinds(self) -> dict[str, str]:
        """What `forward` is told."""
        return {"hidden": self.hidden, "output": self.output}


SETTINGS = [
    Setting("relu", "softmax", "cross_entropy", 0.2),
    Setting("sigmoid", "softmax", "squared_error", 2.0),
    Setting("tanh", "sigmoid", "binary_cross_entropy", 0.1),
    Setting("relu", "identity", "half_squared_error", 0.1),
]

DATA = digits(seed=0)


class Run(NamedTuple):
    """One training: held-out accuracy and reported cost by epoch, before the first too, and the error that ended it."""

    accuracy: list[float]
    cost: list[float]
    error: str | None

    @property
    def epochs(self) -> int | None:
        """How many epochs it takes to read nine held-out digits of ten."""
        return next((k for k, share in enumerate(self.accuracy) if share >= GOOD), None)


def trained(network: ModuleType, setting: Setting, seed: int, epochs: int = EPOCHS) -> Run:
    """Train on the digits with a network, right or broken."""
    start = right.initialise(SIZES, setting.hidden, seed)
    accuracy, costs = [], []

    def note(parameters: Any, cost: float) -> None:
        said = network.predict(DATA.X_test, parameters, setting.hidden)
        accuracy.append(float(np.mean(said == DATA.labels_test)))
        costs.append(cost)

    try:
        Y = network.one_hot(DATA.labels_train, 10)
        note(start, network.cost(network.forward(DATA.X_train, start, **setting.kinds()), Y, setting.loss))
        network.train(
            start, DATA.X_train, Y, **setting._asdict(), batch_size=BATCH, epochs=epochs, seed=seed, progress=False,
            after_epoch=lambda reached: note(reached.parameters, reached.history["cost"][-1]),
        )  # fmt: skip
    except ValueError as error:
        return Run(accuracy, costs, str(error))
    return Run(accuracy, costs, None)


# --------------------------------------------------------------------- the checks


class Case(NamedTuple):
    """Code to check: a network in a setting, on a small random example."""

    network: ModuleType
    setting: Setting
    X: Any
    Y: Any
    parameters: dict[str, Any]

    def cache_and_grads(self) -> tuple[Any, dict[str, Any]]:
        """One pass forward and one back."""
        cache = self.network.forward(self.X, self.parameters, **self.setting.kinds())
        grads = self.network.backpropagation(cache, self.Y, self.parameters, **self.setting.kinds(), loss=self.setting.loss)
        return cache, grads

    def cost(self, name: str, array: Any) -> float:
        """The cost with an array in the place of one parameter."""
        moved = self.network.forward(self.X, {**self.parameters, name: array}, **self.setting.kinds())
        return self.network.cost(moved, self.Y, self.setting.loss)


def case(network: ModuleType, setting: Setting) -> Case:
    """Seven random examples for a small network with random weights and biases."""
    rng = np.random.default_rng(14)
    parameters = right.initialise(SMALL, setting.hidden, 14)
    parameters |= {name: rng.normal(0, 0.5, b.shape) for name, b in parameters.items() if name[0] == "b"}
    X, labels = rng.normal(size=(SMALL[0], 7)), np.array([0, 1, 2, 0, 1, 2, 2])
    return Case(network, setting, X, network.one_hot(labels, SMALL[-1]), parameters)


def shapes(code: Case) -> str | None:
    """Each array has the shape that its name promises."""
    cache, grads = code.cache_and_grads()
    units = {name: (SMALL[int(name[1:])], code.X.shape[1]) for name in cache}
    wanted = units | {f"d{name}": array.shape for name, array in code.parameters.items()}
    wanted |= {f"d{name}": shape for name, shape in units.items() if f"d{name}" in grads}
    found = {name: array.shape for name, array in [*cache.items(), *grads.items()]}
    return next((f"{name}: {found[name]}, not {shape}" for name, shape in wanted.items() if found[name] != shape), None)


def _largest(gradient: Any) -> tuple[int, ...]:
    return tuple(map(int, np.unravel_index(np.abs(gradient).argmax(), gradient.shape)))


def _alone(code: Case, name: str, place: tuple[int, ...]) -> Callable[[Any], float]:
    """The cost as a function of one entry."""

    def of_entry(x: Any) -> float:
        array = code.parameters[name].copy()
        array[place] = x
        return code.cost(name, array)

    return of_entry


def signs(code: Case) -> str | None:
    """In each array, the cost rises along the entry with the largest gradient, if that is positive; and falls, if not."""
    _, grads = code.cache_and_grads()
    for name, array in code.parameters.items():
        place = _largest(grads[f"d{name}"])
        f, x, slope = _alone(code, name, place), array[place], grads[f"d{name}"][place]
        rise = f(x + 1e-4) - f(x - 1e-4)
        if rise * slope <= 0:
            return f"d{name}{list(place)}: {slope:.3g}, but the cost {'rises' if rise > 0 else 'falls'}"
    return None


def one_nudge(code: Case) -> str | None:
    """The first layer's largest derivative against one nudge."""
    _, grads = code.cache_and_grads()
    place = _largest(grads["dW1"])
    found = check_gradient(_alone(code, "W1", place), code.parameters["W1"][place], grads["dW1"][place], rtol=1e-4)
    return None if found else str(found)


def gradients(code: Case) -> str | None:
    """Every entry of every array against nudges."""
    _, grads = code.cache_and_grads()
    for name, array in code.parameters.items():
        found = check_gradient(lambda x, name=name: code.cost(name, x), array, grads[f"d{name}"])
        if not found:
            return f"d{name}: {found}"
    return None


def dot_products(code: Case) -> str | None:
    """From the parameters to the last sums: ⟨Jt, u⟩ = m ⟨t, pull_back(u)⟩, with Jt from a nudge along t."""
    rng = np.random.default_rng(41)
    t = {name: rng.normal(size=array.shape) for name, array in code.parameters.items()}
    last = f"Z{len(SMALL) - 1}"

    def sums(eps: float) -> Any:
        moved = {name: array + eps * t[name] for name, array in code.parameters.items()}
        return code.network.forward(code.X, moved, **code.setting.kinds())[last]

    u = rng.normal(size=(SMALL[-1], code.X.shape[1]))
    cache, _ = code.cache_and_grads()
    back = code.network.pull_back(u, cache, code.parameters, code.setting.hidden)
    forth = float(np.sum((sums(1e-5) - sums(-1e-5)) / 2e-5 * u))
    along = code.X.shape[1] * sum(float(np.sum(t[name] * back[f"d{name}"])) for name in t)
    return None if abs(forth - along) <= 1e-6 * max(abs(forth), abs(along)) else f"⟨Jt, u⟩ = {forth:.6g}, ⟨t, Jᵀu⟩ = {along:.6g}"


def one_batch(code: Case) -> str | None:
    """Ten images are learned by heart: all are read, at a tenth of the cost before."""
    setting, few = code.setting, slice(0, 10)
    X, labels = DATA.X_train[:, few], DATA.labels_train[few]
    start = right.initialise(SIZES, setting.hidden, 1)
    names = setting._asdict() | {"progress": False}
    reached = code.network.train(start, X, code.network.one_hot(labels, 10), epochs=BY_HEART, **names)
    before, after = reached.history["cost"][0], reached.history["cost"][-1]
    read = int(np.sum(code.network.predict(X, reached.parameters, setting.hidden) == labels))
    return (
        None if read == len(labels) and after < before / 10 else f"{read} of {len(labels)} read, cost {before:.3g} to {after:.3g}"
    )


CHECKS: dict[str, Callable[[Case], str | None]] = {
    "shapes": shapes,
    "signs": signs,
    "one nudge": one_nudge,
    "gradient check": gradients,
    "dot products": dot_products,
    "one batch": one_batch,
}
"""What is asked of the code, by name: each answers with what is wrong, or with nothing."""


def asked(check: Callable[[Case], str | None], network: ModuleType, setting: Setting) -> str | None:
    """What a check says of a network; where the code stops with an error, that."""
    try:
        return check(case(network, setting))
    except (ValueError, IndexError) as error:
        return f"stops: {error}"


def watching(runs: list[Run]) -> str | None:
    """The cost is never below 0, ends under half of the first, and has not climbed back by a tenth of it."""
    for run in runs:
        first, last, lowest = run.cost[0], run.cost[-1], min(run.cost)
        if run.error:
            return f"stops: {run.error}"
        if lowest < 0:
            return f"a cost of {lowest:.3g}"
        if last > first / 2 or last > lowest + first / 10:
            return f"from {first:.3g} to {last:.3g}, lowest {lowest:.3g}"
    return None


# --------------------------------------------------------------------- the census


@cache
def trained_right(setting: Setting) -> list[Run]:
    """The five trainings without a mistake."""
    return [trained(right, setting, seed) for seed in SEEDS]


def outcome(runs: list[Run], without: list[Run]) -> str:
    """Whether five trainings stop, fail, learn worse or learn, beside those without a mistake.

    One fails that never reads nine digits of ten. Five learn worse that end a point of a hundred lower in the mean, or
    need half as many epochs more to the nine of ten, in the median.
    """
    if any(run.error for run in runs):
        return "stops"
    if any(run.epochs is None for run in runs):
        return "fails"
    lost = mean(run.accuracy[-1] for run in without) - mean(run.accuracy[-1] for run in runs)
    longer = median(run.epochs or 0 for run in runs) > 1.5 * median(run.epochs or 0 for run in without)
    return "learns worse" if lost > 0.01 or longer else "learns"


def row(mistake: str, network: ModuleType, setting: Setting) -> dict[str, Any]:
    """What a mistake does to five trainings in a setting, and what each check says of it."""
    runs = trained_right(setting) if network is right else [trained(network, setting, seed) for seed in SEEDS]
    return {
        "mistake": mistake,
        "setting": setting._asdict(),
        "accuracy": [round(run.accuracy[-1], 4) for run in runs],
        "cost": [float(f"{run.cost[-1]:.4g}") for run in runs],
        "epochs": [run.epochs for run in runs],
        "errors": [run.error for run in runs],
        "outcome": outcome(runs, trained_right(setting)),
        "said": {**{name: asked(check, network, setting) for name, check in CHECKS.items()}, "loss": watching(runs)},
    }


def setting_of(network: ModuleType) -> Setting | None:
    """The first setting in which a broken network trains otherwise than the right one; None where it does in none."""
    return next((s for s in SETTINGS if trained(network, s, 1, epochs=1) != trained(right, s, 1, epochs=1)), None)


def census() -> dict[str, Any]:
    """Every mistake that changes a training on the digits, and the right code in every setting."""
    rows = [row(RIGHT, right, setting) for setting in SETTINGS]
    untouched = []
    for injection in INJECTIONS:
        broken = injected(injection.mistake)
        setting = setting_of(broken)
        if setting is None:
            untouched.append(injection.mistake)
        else:
            rows.append(row(injection.mistake, broken, setting))
            print(f"{rows[-1]['outcome']:13} {injection.mistake}", flush=True)
    plan = {"sizes": SIZES, "seeds": SEEDS, "epochs": EPOCHS, "batch": BATCH, "good": GOOD, "by_heart": BY_HEART}
    return {**plan, "rows": rows, "untouched": untouched}


if __name__ == "__main__":
    STORED.write_text(json.dumps(census(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
