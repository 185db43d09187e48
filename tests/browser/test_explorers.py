"""Every explorer of the built pages, moved by keyboard and mouse: it shows what Python computes."""

import copy
import itertools
import math
import re
from typing import NamedTuple

import numpy as np
import pytest
from conftest import HTML
from test_pages import opened

from bpcourse import network
from bpcourse.examples import FOUR_FOUR_TWO, FOUR_FOUR_TWO_X, FOUR_FOUR_TWO_Y, THREE_PATHS, add_then_multiply
from bpcourse.graph import Value, adjoints, evaluate, exp, flows, local_gradients, square, topological_order
from bpcourse.svg import pretty

pytestmark = pytest.mark.browser

# ------------------------------------------------------------ numbers as the pages print them

NUMBER = re.compile(r"–|(?<![\w.])−?\d+(?:\.\d+)?(?:e−?\d+)?(?!\w)")


def parsed(text: str) -> tuple[float, float]:
    """The number that a text shows, and a unit of its last place."""
    mantissa, _, exponent = text.replace("−", "-").partition("e")
    return float(f"{mantissa}e{exponent or 0}"), 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def near(shown: float, x: float, unit: float, noise: float) -> bool:
    return abs(shown - x) <= 0.5 * unit + noise + 1e-12 * (1 + abs(x))


class Fixed(NamedTuple):
    """A number with so many decimals, or a power of ten where it is small or large."""

    x: float
    decimals: int
    noise: float = 0.0

    def fits(self, text: str) -> bool:
        return text[0] in "−\u2007–" and self.agrees(text.strip())

    def agrees(self, text: str) -> bool:
        if not math.isfinite(self.x):
            return text == "–"
        form = rf"−?(\d{{1,6}}\.\d{{{self.decimals}}}|\d\.\de−?\d+)"
        return bool(re.fullmatch(form, text)) and near(parsed(text)[0], self.x, parsed(text)[1], self.noise)


class Scientific(NamedTuple):
    """A number with three digits and a power of ten."""

    x: float
    noise: float = 0.0

    def fits(self, text: str) -> bool:
        return bool(re.fullmatch(r"0|\d\.\d\de−?\d+", text)) and near(parsed(text)[0], self.x, parsed(text)[1], self.noise)

    agrees = fits


class Brief(NamedTuple):
    """A number in a sentence: four significant digits."""

    x: float

    def agrees(self, text: str) -> bool:
        if not math.isfinite(self.x):
            return text == "–"
        unit = 10.0 ** (math.floor(math.log10(abs(self.x))) - 3) if abs(self.x) > 5e-13 else 0.0
        return text != "–" and near(parsed(text)[0], self.x, unit, 0.0)


class Said(NamedTuple):
    """A sentence: how it begins, and the numbers in what follows."""

    start: str
    numbers: tuple = ()

    def fits(self, text: str) -> bool:
        found = NUMBER.findall(text[len(self.start) :])
        return (
            text.startswith(self.start)
            and len(found) == len(self.numbers)
            and all(number.agrees(word) for number, word in zip(self.numbers, found))
        )


# ------------------------------------------------------------ what Python computes, a class for each kind


class Twin:
    """What an explorer must show: `start` is its first state, `shown` the texts by key at any state."""

    powers = ()
    """The sliders that run through powers of ten."""

    def __init__(self, label: str, **start) -> None:
        self.label, self.start = label, start

    def shown(self, state) -> dict:
        raise NotImplementedError

    def spoken(self, state) -> Said:
        raise NotImplementedError

    def pressed(self, state, action: str) -> dict:
        """The traits that a button changes."""
        raise NotImplementedError

    def dots(self, state) -> dict:
        """Where the plot's dots stand, in the units of its axes."""
        return {}

    def hidden(self, state) -> set:
        return set()

    def ringed(self, state) -> list:
        return []

    def tour(self, alive) -> None:
        """The moves that only this kind has."""
        raise NotImplementedError


class CircuitTwin(Twin):
    """A chapter's graph, set to the sliders' numbers, and its gradients as numbers."""

    def __init__(self, build, decimals: int) -> None:
        self.build, self.decimals = build, decimals
        order = topological_order(build())
        inputs = {node.name: node.value for node in order if node.gate is None and node.name}
        self.last = 2 + 2 * sum(node.gate is not None for node in order)
        super().__init__(f"circuit of {order[-1].name}", inputs=inputs, nudged=next(iter(inputs)), h=0.1, step=self.last)

    def settled(self, inputs) -> tuple[list[Value], dict[Value, float]]:
        """The graph's nodes with their values at these inputs, NaN where there is none, and its gradients."""
        order = topological_order(self.build())
        settings = {node: inputs[node.name] for node in order if node.gate is None and node.name}
        for node in order:
            try:
                node.value = evaluate(node, settings)
            except ValueError:
                node.value = math.nan
        return order, adjoints(order[-1])

    def slopes(self, inputs) -> dict[str, float]:
        order, grads = self.settled(inputs)
        return {node.name: grads[node] for node in order if node.name in inputs}

    def output(self, inputs) -> float:
        return self.settled(inputs)[0][-1].value

    def shown(self, state) -> dict:
        inputs, name, h, decimals = state["inputs"], state["nudged"], state["h"], self.decimals
        order, grads = self.settled(inputs)
        now, moved, slope = order[-1].value, self.output({**inputs, name: inputs[name] + h}), self.slopes(inputs)[name]
        texts = {f"inputs.{key}": Fixed(x, decimals) for key, x in inputs.items()}
        texts |= {
            "h": Fixed(h, decimals),
            "slope": Fixed(slope, decimals + 2),
            "predicted": Fixed(slope * h, decimals + 2),
            "actual": Fixed(moved - now, decimals + 2, 1e-12 * (abs(moved) + abs(now))),
            "step": self.sentences(order, grads)[state["step"]],
        }
        for place, node in enumerate(order):
            grad = Fixed(grads.get(node, 0.0), decimals)
            texts[f"v{place}"] = Fixed(node.value, decimals)
            texts[f"g{place}"] = grad if node is order[-1] else Said("Σ ", (grad,))
            for port, (_, flow) in enumerate(flows(node, grads.get(node, 0.0))):
                texts[f"f{place}.{port}"] = Fixed(flow, decimals)
        return texts

    def sentences(self, order, grads) -> list[Said]:
        """What is said at every step of the two passes."""
        gates = [node for node in order if node.gate is not None]
        said = [Said("Forward: the inputs are there, nothing is computed yet.")]
        for node in gates:
            said.append(Said(f"Forward: {pretty(node.name)} = ", tuple(Brief(x.value) for x in (*node.inputs, node))))
        said.append(Said("Backward: the output moves with itself", (Brief(1.0),)))
        arrived = {}
        for node in reversed(gates):
            numbers = []
            for (source, flow), local in zip(flows(node, grads[node]), local_gradients(node)):
                if source.gate is None and source.name is None:
                    continue
                shares = arrived.setdefault(source, [])
                shares.append(flow)
                numbers += [grads[node], local, flow]
                if 1 < len(shares) == sum(other.inputs.count(source) for other in order):
                    numbers += [*shares, grads[source]]
            said.append(Said(f"Backward, gate {node.gate.symbol}: to ", tuple(map(Brief, numbers))))
        return [*said, Said("Both passes are done.")]

    def appearance(self) -> tuple[dict, list]:
        """At which step each number comes, and the gate that each step is about."""
        order = topological_order(self.build())
        places = {node: place for place, node in enumerate(order)}
        gates = [node for node in order if node.gate is not None]
        comes = {f"v{places[node]}": step for step, node in enumerate(gates, start=1)}
        comes[f"g{places[order[-1]]}"] = len(gates) + 1
        for step, node in enumerate(reversed(gates), start=len(gates) + 2):
            for port, source in enumerate(node.inputs):
                comes[f"f{places[node]}.{port}"] = step
                if source is not order[-1]:
                    comes[f"g{places[source]}"] = step
        return comes, [[], *([str(places[node])] for node in gates), [], *([str(places[node])] for node in reversed(gates)), []]

    def hidden(self, state) -> set:
        return {key for key, step in self.appearance()[0].items() if step > state["step"]}

    def ringed(self, state) -> list:
        return self.appearance()[1][state["step"]]

    def spoken(self, state) -> Said:
        order, grads = self.settled(state["inputs"])
        slopes = [grads[node] for node in order if node.name in state["inputs"]]
        return Said(f"{order[-1].name} = ", tuple(Fixed(x, self.decimals) for x in (order[-1].value, *slopes)))

    def pressed(self, state, action) -> dict:
        inputs, h, step = state["inputs"], state["h"], state["step"]
        if action == "nudge":
            return {"inputs": {**inputs, state["nudged"]: inputs[state["nudged"]] + h}}
        if action in ("back", "next"):
            return {"step": max(step - 1, 0) if action == "back" else min(step + 1, self.last)}
        sign = 1 if action == "uphill" else -1
        return {"inputs": {name: inputs[name] + sign * h * slope for name, slope in self.slopes(inputs).items()}}

    def tour(self, alive) -> None:
        alive.press("reset")
        for name in self.start["inputs"]:
            alive.choose("nudged", name)
            alive.press("nudge", "Space")
        alive.press("uphill")
        alive.press("downhill", "Space")
        self.walk(alive)
        for action, key in (("back", "Enter"), ("next", "Space")):
            for _ in range(self.last + 1):
                alive.press(action, key)
        alive.slide("h", "End")
        alive.press("uphill")
        self.walk(alive)
        self.descend(alive)

    def descend(self, alive) -> None:
        """Many steps downhill: to numbers below 1e−6, or away beyond 1,000."""
        alive.press("reset")
        for _ in range(17):
            if max(map(abs, alive.state["inputs"].values())) < 1e3:
                alive.press("downhill")
        self.walk(alive)

    def walk(self, alive) -> None:
        """Both passes, by the range."""
        alive.slide("step", "Home")
        for _ in range(self.last):
            alive.slide("step", "ArrowRight")


class NetworkTwin(Twin):
    """The network in numpy: `bpcourse.network`, and the factors of each path from its arrays."""

    def __init__(self, parameters, x, y, weight: str, output: str, losses) -> None:
        self.x, self.y = (np.reshape(np.array(column, float), (-1, 1)) for column in (x, y))
        self.output_name, self.losses, self.depth = output, losses, len(parameters) // 2
        self.shapes = {name: np.shape(array) for name, array in parameters.items()}
        self.spots = self.find_spots()
        self.weights = [name for name in self.spots if name[0] == "w"]
        sizes = [len(self.x), *(self.shapes[f"W{l}"][0] for l in range(1, self.depth + 1))]
        super().__init__(
            f"network {'-'.join(map(str, sizes))}, one weight at a time",
            inputs={name: float(parameters[array][spot]) for name, (array, spot) in self.spots.items()},
            weight=weight, loss=losses[0], learning_rate=1.0, as_source_003=False,
        )  # fmt: skip
        self.most = max(len(self.paths(self.start, name)) for name in self.weights)

    def find_spots(self) -> dict:
        """Where each weight and bias stands: its array, and its place there."""
        spots = {}
        for array, shape in self.shapes.items():
            for j, i in np.ndindex(shape):
                spots[f"{array.lower()[0]}_{array[1:]}{j + 1}{i + 1 if array[0] == 'W' else ''}"] = array, (j, i)
        return spots

    def arrays(self, inputs) -> dict:
        parameters = {name: np.empty(shape) for name, shape in self.shapes.items()}
        for name, (array, spot) in self.spots.items():
            parameters[array][spot] = inputs[name]
        return parameters

    def forward(self, inputs):
        return network.forward(self.x, self.arrays(inputs), "sigmoid", self.output_name)

    def backward(self, state) -> dict:
        cache, parameters = self.forward(state["inputs"]), self.arrays(state["inputs"])
        return network.backpropagation(cache, self.y, parameters, "sigmoid", self.output_name, state["loss"])

    def loss(self, state, **changed) -> float:
        return network.cost(self.forward({**state["inputs"], **changed}), self.y, state["loss"])

    def upstream(self, cache, loss: str):
        """∂L/∂ŷ."""
        a = cache[f"A{self.depth}"]
        return {
            "squared_error": 2 * (a - self.y),
            "cross_entropy": -self.y / a,
            "binary_cross_entropy": (a - self.y) / (a * (1 - a)),
        }[loss]

    def columns(self, state) -> tuple[list, list]:
        """The units from the first layer to the loss as they are written, and the local gradients from column to column."""
        cache, parameters = self.forward(state["inputs"]), self.arrays(state["inputs"])
        softmax, depth = self.output_name == "softmax", self.depth
        names, locals_ = [], []
        for l in range(1, depth + 1):
            a, W = cache[f"A{l}"], parameters[f"W{l}"]
            letter = "ŷ_" if l == depth and not softmax else f"z_{l}" if l == depth else f"a_{l}"
            names.append([pretty(f"{letter}{j}") for j in range(1, len(a) + 1)])
            locals_.append(W if l == depth and softmax else a * (1 - a) * W)
        if softmax:
            a, z = cache[f"A{depth}"], cache[f"Z{depth}"]
            names.append([pretty(f"ŷ_{j}") for j in range(1, len(a) + 1)])
            as_source = np.diagflat(a * (1 - a) * -z[::-1])
            locals_.append(as_source if state["as_source_003"] else np.diagflat(a) - a @ a.T)
        return [*names, ["L"]], [*locals_, self.upstream(cache, state["loss"]).T]

    def paths(self, state, name: str) -> list:
        """(how its factors are written, its factors) for each path from a weight or bias to the loss."""
        names, locals_ = self.columns(state)
        cache, (array, (j, i)) = self.forward(state["inputs"]), self.spots[name]
        l = int(array[1:])
        a = cache[f"A{l}"][j, 0]
        first = 1.0 if l == self.depth and self.output_name == "softmax" else a * (1 - a)
        first *= cache[f"A{l - 1}"][i, 0] if array[0] == "W" else 1.0
        paths = []
        for rest in itertools.product(*(range(len(column)) for column in names[l:])):
            units = [j, *rest]
            labels = [pretty(name), *(column[unit] for column, unit in zip(names[l - 1 :], units))]
            factors = [first, *(step[above, below] for step, (below, above) in zip(locals_[l:], itertools.pairwise(units)))]
            written = [f"∂{above}/∂{below}" for below, above in itertools.pairwise(labels)]
            paths.append((" · ".join(reversed(written)), factors[::-1]))
        return paths

    def slope(self, state, name: str) -> float:
        if state["as_source_003"]:
            return sum(math.prod(factors) for _, factors in self.paths(state, name))
        array, spot = self.spots[name]
        return float(self.backward(state)[f"d{array}"][spot])

    def unit_texts(self, state) -> dict:
        cache, grads = self.forward(state["inputs"]), self.backward(state)
        last = f"A{self.depth}"
        numbers = {"loss": (self.loss(state), 1.0)}
        for l, letter in itertools.product(range(1, self.depth + 1), "az"):
            key = f"{letter.upper()}{l}"
            slopes = self.upstream(cache, state["loss"]) if key == last else grads[f"d{key}"]
            numbers |= {f"{letter}_{l}{j}": pair for j, pair in enumerate(zip(cache[key][:, 0], slopes[:, 0]), start=1)}
        values = {f"v{name}": Fixed(float(value), 4) for name, (value, _) in numbers.items()}
        return values | {f"g{name}": Fixed(float(slope), 4) for name, (_, slope) in numbers.items()}

    def shown(self, state) -> dict:
        weight, rate = state["weight"], state["learning_rate"]
        w, g, now = state["inputs"][weight], self.slope(state, weight), self.loss(state)
        new, label = w - rate * g, pretty(weight)
        after = self.loss(state, **{weight: new})
        texts = self.unit_texts(state) | {
            "title": Said(f"{label} = ", (Fixed(w, 4),)),
            "title-slope": Said("source 003: " if state["as_source_003"] else f"∂L/∂{label} = ", (Fixed(g, 4),)),
            "axis": label, f"inputs.{weight}": Fixed(w, 4), "learning_rate": Fixed(rate, 4),
            "sum": Fixed(g, 6), "now": Fixed(now, 6), "new": Fixed(new, 6), "after-loss": Fixed(after, 6),
            "predicted": Fixed(-rate * g * g, 6), "actual": Fixed(after - now, 6),
        }  # fmt: skip
        texts |= {f"path{i}": "" for i in range(self.most)}
        for i, (written, factors) in enumerate(self.paths(state, weight)):
            texts[f"path{i}"] = Said(f"{written} = ", tuple(map(Brief, [*factors, math.prod(factors)])))
        return texts | dict.fromkeys(("low", "middle", "high"), Level())

    def dots(self, state) -> dict:
        w, weight = state["inputs"][state["weight"]], state["weight"]
        new = w - state["learning_rate"] * self.slope(state, weight)
        return {"point": (w, self.loss(state)), "after": (new, self.loss(state, **{weight: new}))}

    def spoken(self, state) -> Said:
        shown = self.shown(state)
        return Said("Loss ", tuple(Brief(shown[key].x) for key in ("now", "sum", "actual")))

    def pressed(self, state, action) -> dict:
        inputs, rate = state["inputs"], state["learning_rate"]
        if action == "all" and not state["as_source_003"]:
            updated = network.update(self.arrays(inputs), self.backward(state), rate)
            return {"inputs": {name: float(updated[array][spot]) for name, (array, spot) in self.spots.items()}}
        moving = inputs if action == "all" else [state["weight"]]
        return {"inputs": inputs | {name: inputs[name] - rate * self.slope(state, name) for name in moving}}

    def tour(self, alive) -> None:
        for weight in self.weights:
            alive.choose("weight", weight)
        for weight in self.weights:
            alive.click_edge(weight)
        for loss in reversed(self.losses):
            alive.press("reset")
            alive.choose("loss", loss)
            self.learn(alive)
            if self.output_name == "softmax":
                alive.tick("as_source_003")
                alive.slide(f"inputs.{alive.state['weight']}", "PageUp")
                self.learn(alive)
        self.learn_wrongly(alive)

    def learn_wrongly(self, alive) -> None:
        """A small step, uphill where source 003 errs: the point leaves its axis, and the new one may hold the start too."""
        alive.press("reset")
        for key in ("Home", "ArrowRight"):
            alive.slide("learning_rate", key)
        if self.output_name == "softmax":
            alive.tick("as_source_003")
        alive.press("all")

    def learn(self, alive) -> None:
        for action, key in itertools.product(("update", "all"), ("Enter", "Space")):
            alive.press(action, key)


class Level:
    """A number on the axis of the losses: its place is checked by the dots, here only that it is one."""

    def fits(self, text: str) -> bool:
        return bool(NUMBER.fullmatch(text))


class ProductTwin(Twin):
    """Source 002's three methods for a·b, by hand."""

    powers = ("h", "eps")

    def __init__(self) -> None:
        start = {"inputs": {"a": -4.0, "b": -3.0}, "h": 0.01, "eps": 0.1, "seed": 0, "in_turn": False}
        super().__init__("three ways to nudge a product", **start)

    def directions(self, state) -> dict:
        a, b, h, eps = *state["inputs"].values(), state["h"], state["eps"]
        numerical = ((a + eps) * b - a * b) / eps
        later = {method: a + h * u if state["in_turn"] else a for method, u in (("numerical", numerical), ("analytical", b))}
        c = later["numerical"]
        return {
            "random": [round(float(u), 6) for u in np.random.default_rng(state["seed"]).random(2)],
            "numerical": (numerical, (c * (b + eps) - c * b) / eps),
            "analytical": (b, later["analytical"]),
        }

    def shown(self, state) -> dict:
        a, b, h = *state["inputs"].values(), state["h"]
        texts = {
            "f": Fixed(a * b, 6), "inputs.a": Fixed(a, 4), "inputs.b": Fixed(b, 4), "seed": str(state["seed"]),
            "h": Scientific(h), "eps": Scientific(state["eps"]), "predicted": Fixed(h * (a * a + b * b), 6),
        }  # fmt: skip
        for method, (u, v) in self.directions(state).items():
            f = (a + h * u) * (b + h * v)
            numbers = {"u": Fixed(u, 4), "v": Fixed(v, 4), "f": Fixed(f, 6), "gain": Fixed(f - a * b, 6)}
            texts |= {f"{method}-{key}": number for key, number in numbers.items()}
        return texts

    def dots(self, state) -> dict:
        directions = self.directions(state)
        return {"tip": directions["analytical"], "draw": directions["random"]}

    def spoken(self, state) -> Said:
        shown = self.shown(state)
        return Said("f = ", tuple(Brief(shown[key].x) for key in ("f", "random-gain", "numerical-gain", "analytical-gain")))

    def pressed(self, state, action) -> dict:
        if action == "draw":
            return {"seed": (state["seed"] + 1) % 60}
        u, v = self.directions(state)[action.removeprefix("step ")]
        a, b, h = *state["inputs"].values(), state["h"]
        return {"inputs": {"a": a + h * u, "b": b + h * v}}

    def tour(self, alive) -> None:
        alive.press("reset")
        for _ in range(2):
            alive.press("draw", "Space")
            alive.press("draw")
            for method in ("random", "numerical", "analytical"):
                alive.press(f"step {method}")
                alive.slide("h", "PageUp")
            alive.tick("in_turn")


class HillTwin(Twin):
    """3 − ½(x − 2)², whose slope is 2 − x."""

    def __init__(self) -> None:
        super().__init__("point on a hill", inputs={"x": 0.5}, h=0.3)

    def numbers(self, state) -> dict:
        x, h = state["inputs"]["x"], state["h"]
        new = x + h * (2 - x)
        before, after = (3 - 0.5 * (u - 2) ** 2 for u in (x, new))
        return {
            "inputs.x": x, "h": h, "f": before, "slope": 2 - x, "move": h * (2 - x), "new": new,
            "predicted": h * (2 - x) ** 2, "actual": after - before,
        }  # fmt: skip

    def shown(self, state) -> dict:
        numbers = self.numbers(state)
        return {key: Fixed(x, 3) for key, x in numbers.items()} | {"says": self.verdict(numbers)}

    def verdict(self, numbers) -> Said:
        if not -0.6 <= numbers["inputs.x"] <= 4.6:
            return Said("The point is at ", (Fixed(numbers["inputs.x"], 3),))
        if not -0.6 <= numbers["new"] <= 4.6:
            return Said("The step leads out of the picture.")
        if abs(numbers["actual"]) < 1e-12:
            return Said("")
        return Said("Too far: " if numbers["actual"] < 0 else "The step gains height.")

    def dots(self, state) -> dict:
        numbers = self.numbers(state)
        after = numbers["f"] + numbers["actual"]
        return {"point": (numbers["inputs.x"], numbers["f"]), "next": (numbers["new"], after)}

    def spoken(self, state) -> Said:
        numbers = self.numbers(state)
        return Said("At x = ", tuple(Fixed(numbers[key], 3) for key in ("inputs.x", "slope", "actual")))

    def pressed(self, state, action) -> dict:
        return {"inputs": {"x": self.numbers(state)["new"]}}

    def tour(self, alive) -> None:
        alive.press("reset")
        for end in (4, 1, 0, 3):
            alive.drag(end)
            alive.press("step")
            alive.press("step", "Space")
        alive.slide("h", "End")
        for _ in range(4):
            alive.press("step")


class DifferenceTwin(Twin):
    """The quotients of e^(x²) in numpy's float64 and float32; a little room for the last digit of exp."""

    powers = ("eps",)

    def __init__(self) -> None:
        super().__init__("error of a difference quotient", inputs={"x": 0.7}, eps=1e-5, precision="float64")

    def quotients(self, state) -> tuple:
        """The derivative, both quotients, and the rounding noise that they may have."""
        real = {"float64": np.float64, "float32": np.float32}[state["precision"]]
        x, eps = real(state["inputs"]["x"]), real(state["eps"])

        def f(u):
            return real(np.exp(np.float64(u * u)))

        exact = 2 * float(x) * math.exp(float(x) ** 2)
        noise = 4 * 2.0**-53 * float(f(x + eps)) / float(eps) if real is np.float64 else 0.0
        return exact, float((f(x + eps) - f(x)) / eps), float((f(x + eps) - f(x - eps)) / (2 * eps)), noise

    def errors(self, state) -> dict:
        exact, forward, central, noise = self.quotients(state)
        return {"forward": Scientific(abs(forward - exact), noise), "central": Scientific(abs(central - exact), noise)}

    def shown(self, state) -> dict:
        exact, forward, central, noise = self.quotients(state)
        errors = {f"{key}-error": error for key, error in self.errors(state).items()}
        return errors | {
            "exact": Fixed(exact, 10), "forward": Fixed(forward, 10, noise), "central": Fixed(central, 10, noise),
            "eps": Scientific(state["eps"]), "inputs.x": f"{state['inputs']['x']:.2f}",
        }  # fmt: skip

    def dots(self, state) -> dict:
        sure = {key: error.x for key, error in self.errors(state).items() if error.x > 1000 * error.noise + 1e-15}
        return {f"{key}-dot": (math.log10(state["eps"]), math.log10(x)) for key, x in sure.items()}

    def spoken(self, state) -> Said:
        return Said("Step ", (Scientific(state["eps"]), *self.errors(state).values()))

    def tour(self, alive) -> None:
        for precision in ("float32", "float64"):
            alive.press("reset")
            alive.choose("precision", precision)
            alive.slide("eps", "Home")
            for key in ["PageUp"] * 10 + ["ArrowLeft"] * 5:
                alive.slide("eps", key)
            alive.slide("inputs.x", "End")


def tower() -> Value:
    return exp(exp(square(Value(0.7, "x")).named("h1")).named("h2")).named("y")


def two_ways() -> Value:
    u = Value(3, "u")
    return ((2 * u).named("s") * (u**2).named("t")).named("f")


def four_four_two(weight: str) -> NetworkTwin:
    losses = ("squared_error", "cross_entropy")
    return NetworkTwin(FOUR_FOUR_TWO, FOUR_FOUR_TWO_X, FOUR_FOUR_TWO_Y, weight, "softmax", losses)


def three_paths() -> NetworkTwin:
    return NetworkTwin(THREE_PATHS, [1, 2], [1], "w_121", "sigmoid", ("squared_error", "binary_cross_entropy"))


EXPLORERS = {
    "01-nudging-a-product.html": [ProductTwin(), HillTwin()],
    "02-why-not-nudge-every-weight.html": [DifferenceTwin()],
    "03-gates-and-circuits.html": [CircuitTwin(add_then_multiply, 2)],
    "04-chains.html": [CircuitTwin(tower, 3)],
    "05-many-paths.html": [CircuitTwin(two_ways, 2), three_paths()],
    "07-one-weight-w212.html": [four_four_two("w_212")],
    "08-many-paths-w131.html": [four_four_two("w_131")],
    "12-training.html": [four_four_two("w_212")],
}
"""Every explorer of the book, in the order of its page, and how Python computes what it shows."""

# ------------------------------------------------------------ an explorer in its page, moved together with its twin

READ = """root => {
  const tick = "[font-size='12'][fill*=muted]";
  const all = (selector, tell) => [...root.querySelectorAll(selector)].map(tell);
  return {
    numbers: all("[data-n]", (e) => [e.dataset.n, e.textContent, getComputedStyle(e).visibility]),
    ranges: all("[type=range]", (e) => [e.dataset.bind, e.ariaValueText, ...[e.value, e.min, e.max, e.step].map(Number)]),
    choices: all("select", (e) => [e.dataset.bind, e.value]),
    switches: all("[type=checkbox]", (e) => [e.dataset.bind, e.checked]),
    dots: all("circle[data-line]", (e) => [e.dataset.line, Number(e.getAttribute("cx")), Number(e.getAttribute("cy"))]),
    across: all("[text-anchor=middle]" + tick, (e) => [e.textContent, Number(e.getAttribute("x"))]),
    up: all("[text-anchor=end]" + tick, (e) => [e.textContent, Number(e.getAttribute("y")) - 4]),
    ringed: all(".bp-on", (e) => e.dataset.gate),
  };
}"""
RANGE = "e => [e.value, e.min, e.max, e.step].map(Number)"
EDGE = """edge => {
  edge.scrollIntoView({ block: "center" });
  const place = (t) => edge.getPointAtLength(t * edge.getTotalLength()).matrixTransform(edge.getScreenCTM());
  const places = Array.from({ length: 60 }, (_, i) => place(i / 60));
  const free = places.find(({ x, y }) => document.elementFromPoint(x, y) === edge);
  return free && [free.x, free.y];
}"""
LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789−")


def tick_number(words: str) -> float:
    """The number at a tick; of a power of ten, its exponent."""
    return parsed(words.translate(LOWERED)[2:] if re.search("[⁰¹²³⁴⁵⁶⁷⁸⁹]", words) else words)[0]


def scale(ticks):
    """Where a number stands along an axis, by its first and its last tick."""
    (low, start), *_, (high, end) = ticks
    low, high = tick_number(low), tick_number(high)
    return lambda u: start + (u - low) / (high - low) * (end - start)


class Alive:
    """An explorer in a page, and the state that Python says it must be in."""

    def __init__(self, tab, root, twin) -> None:
        self.tab, self.root, self.twin = tab, root, twin
        self.state = copy.deepcopy(twin.start)

    def read(self) -> dict:
        return self.root.evaluate(READ)

    def control(self, bind: str):
        return self.root.locator(f"[data-bind='{bind}']")

    def value(self, bind: str):
        return self.state["inputs"][bind[7:]] if bind.startswith("inputs.") else self.state[bind]

    def set(self, bind: str, value) -> None:
        if bind.startswith("inputs."):
            self.state["inputs"] = self.state["inputs"] | {bind[7:]: value}
        else:
            self.state[bind] = value
        self.check(f"{bind} = {value}")

    def check(self, after: str) -> None:
        """All that the page shows, against Python."""
        page, shown, hidden = self.read(), self.twin.shown(self.state), self.twin.hidden(self.state)
        texts = {key: text for key, text, _ in page["numbers"]}
        told = f"{self.twin.label}, after {after}"
        for key, text, visibility in page["numbers"]:
            want = shown[key]
            assert text == want if isinstance(want, str) else want.fits(text), f"{told}: {key} shows {text!r}, expected {want}"
            assert visibility == ("hidden" if key in hidden else "visible"), f"{told}: {key}"
        for bind, spoken, place, low, high, step in page["ranges"]:
            assert spoken == texts[bind].strip(), f"{told}: {bind} is announced as {spoken!r}"
            x = math.log10(self.value(bind)) if bind in self.twin.powers else self.value(bind)
            assert not math.isfinite(x) or abs(place - min(high, max(low, x))) < 0.51 * step, f"{told}: {bind} stands at {place}"
        assert dict(page["choices"] + page["switches"]) == {key: self.state[key] for key, _ in page["choices"] + page["switches"]}
        assert page["ringed"] == self.twin.ringed(self.state), told
        self.check_dots(page, told)

    def check_dots(self, page, told: str) -> None:
        wanted = self.twin.dots(self.state)
        if not wanted:
            return
        across, up = scale(page["across"]), scale(page["up"])
        for key, x, y in page["dots"]:
            if key in wanted and abs(up(wanted[key][1])) < 1e4:
                assert abs(x - across(wanted[key][0])) < 0.11 and abs(y - up(wanted[key][1])) < 0.11, f"{told}: the dot {key}"

    def slide(self, bind: str, key: str) -> None:
        """Press a key on a slider: it moves as a slider does, and all follows."""
        slider = self.control(bind)
        before, low, high, step = slider.evaluate(RANGE)
        slider.press(key)
        after = slider.evaluate("e => Number(e.value)")
        ends = {"Home": low, "End": high, "ArrowLeft": max(low, before - step), "ArrowRight": min(high, before + step)}
        assert after > before or before == high if key == "PageUp" else math.isclose(after, ends[key], abs_tol=1e-9), (bind, key)
        if after == before:
            return
        self.set(bind, float(f"{10**after:.2e}") if bind in self.twin.powers else int(after) if bind == "step" else after)

    def choose(self, bind: str, value: str) -> None:
        self.control(bind).select_option(value)
        self.set(bind, value)

    def tick(self, bind: str) -> None:
        self.control(bind).press("Space")
        self.set(bind, not self.state[bind])

    def press(self, action: str, key: str = "Enter") -> None:
        self.root.locator(f"[data-do='{action}']").press(key)
        self.state |= copy.deepcopy(self.twin.start) if action == "reset" else self.twin.pressed(self.state, action)
        self.check(action)

    def click_edge(self, weight: str) -> None:
        free = self.root.locator(f"[data-do='pick {weight}']").evaluate(EDGE)
        assert free, f"{self.twin.label}: the line of {weight} cannot be clicked anywhere"
        self.tab.mouse.click(*free)
        self.set("weight", weight)

    def drag(self, x: int) -> None:
        """Drag the point to above the tick of x, which may be a pixel off."""
        point = self.root.locator("[data-line=point]")
        point.scroll_into_view_if_needed()
        tick = self.root.locator("svg text[text-anchor=middle]", has_text=re.compile(f"^{x}$")).bounding_box()
        start = point.bounding_box()
        self.tab.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
        self.tab.mouse.down()
        self.tab.mouse.move(tick["x"] + tick["width"] / 2, start["y"], steps=5)
        self.tab.mouse.up()
        reached = self.control("inputs.x").evaluate(RANGE)[0]
        assert abs(reached - x) < 0.02
        self.set("inputs.x", reached)


# ------------------------------------------------------------ the pages


class Page(NamedTuple):
    """A page of the book in Chromium, and its explorers."""

    tab: object
    troubles: list
    explorers: list


def roots(tab, twins) -> list:
    return [Alive(tab, tab.locator(".bp-explorer").nth(i), twin) for i, twin in enumerate(twins)]


@pytest.fixture(scope="module", params=EXPLORERS)
def opened_page(browser, request):
    tab, troubles = opened(browser, f"book/{request.param}", 1200)
    yield tab, troubles, EXPLORERS[request.param]
    tab.context.close()


@pytest.fixture
def page(opened_page):
    """The page with its explorers at their start; a trouble during a test fails it."""
    tab, troubles, twins = opened_page
    yield Page(tab, troubles, roots(tab, twins))
    for reset in tab.locator(".bp-explorer [data-do=reset]").all():
        reset.click()
    tab.set_viewport_size({"width": 1200, "height": 800})
    assert troubles == []


def test_every_move_shows_what_python_computes(page):
    """Every slider, list, switch and button; the other explorers of the page stay as they are; Reset leads back."""
    start = [alive.read() for alive in page.explorers]
    for i, alive in enumerate(page.explorers):
        others = [other.read() for other in page.explorers[:i] + page.explorers[i + 1 :]]
        alive.check("opening")
        for bind, *_ in start[i]["ranges"]:
            for key in ("End", "ArrowLeft", "Home", "ArrowRight", "PageUp"):
                alive.slide(bind, key)
        alive.twin.tour(alive)
        assert [other.read() for other in page.explorers[:i] + page.explorers[i + 1 :]] == others
    for alive, before in zip(page.explorers, start):
        alive.press("reset")
        assert alive.read() == before


CONTROLS = "button, select, input"
FOCUSED = f"""root => {{
  const style = getComputedStyle(document.activeElement);
  return [[...root.querySelectorAll("{CONTROLS}")].indexOf(document.activeElement),
    document.activeElement.matches(":focus-visible") && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0];
}}"""


def test_every_control_is_reached_by_tab_and_shows_its_focus(page):
    for alive in page.explorers:
        controls = alive.root.locator(CONTROLS)
        order = range(controls.count())
        for keys, places in (("Tab", order), ("Shift+Tab", order[::-1])):
            controls.nth(places[0]).focus()
            reached = []
            for _ in order:
                page.tab.keyboard.press(keys)
                reached.append(alive.root.evaluate(FOCUSED))
            wanted = [[place, True] for place in places[1:]]
            assert [told for told in reached if told[0] >= 0] == wanted, f"{alive.twin.label}: {keys}"


def test_sliders_have_names_and_one_region_speaks(page):
    for alive in page.explorers:
        ranges = alive.root.locator("[type=range]")
        for i in range(ranges.count()):
            name = ranges.nth(i).evaluate("e => e.closest('label').querySelector('.bp-name').textContent")
            assert name and alive.root.get_by_role("slider", name=name, exact=True).count() == 1
        assert alive.root.locator("output").count() == 0
        assert alive.root.locator("[role=status]").count() == 1
        assert alive.root.locator("[aria-live], [role=alert], [role=log], [role=timer], [role=marquee]").count() == 0


LISTEN = """root => {
  root.said = [];
  root.addEventListener("input", () => (root.moved = performance.now()));
  new MutationObserver(() => root.said.push(performance.now() - root.moved))
    .observe(root.querySelector("[role=status]"), { childList: true, characterData: true, subtree: true });
}"""
DEBOUNCE_MS = 500


def test_a_burst_of_moves_is_spoken_once_and_late(page):
    for alive in page.explorers:
        alive.root.evaluate(LISTEN)
        bind = alive.read()["ranges"][0][0]
        for _ in range(10):
            alive.slide(bind, "ArrowRight")
        assert alive.root.evaluate("root => root.said") == []
    page.tab.wait_for_timeout(2 * DEBOUNCE_MS)
    for alive in page.explorers:
        said = alive.root.evaluate("root => root.said")
        words = alive.root.locator("[role=status]").text_content()
        assert len(said) == 1 and said[0] >= DEBOUNCE_MS, f"{alive.twin.label}: {said}"
        assert alive.twin.spoken(alive.state).fits(words), words
        assert alive.root.locator("svg[role=img]").first.get_attribute("aria-label") == words


SWEEP = """root => {
  const boxes = () => [root, ...root.querySelectorAll("svg.bp, button, select, input")].map((e) => {
    const { x, y, width, height } = e.getBoundingClientRect();
    return [x, y + scrollY, width, height].map((length) => length.toFixed(2)).join(" ");
  });
  const first = boxes(), jumped = [];
  for (const slider of root.querySelectorAll("[type=range]")) {
    const low = Number(slider.min), high = Number(slider.max);
    for (let i = 0; i <= 48; i++) {
      slider.value = low + (high - low) * i / 48;
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      const now = boxes(), which = now.findIndex((box, k) => box !== first[k]);
      if (which >= 0) jumped.push(`${slider.dataset.bind} = ${slider.value}: box ${which} ${first[which]} → ${now[which]}`);
    }
    root.querySelector("[data-do=reset]").click();
  }
  return jumped;
}"""


@pytest.mark.parametrize("width", [1200, 360])
def test_nothing_jumps_while_a_slider_moves(page, width):
    page.tab.set_viewport_size({"width": width, "height": 800})
    for alive in page.explorers:
        jumped = alive.root.evaluate(SWEEP)
        assert not jumped, f"{alive.twin.label}: {len(jumped)} jumps, first {jumped[:3]}"


TARGETS = """root => [...root.querySelectorAll("button, select, [type=range], label:has([type=checkbox])")]
  .map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect().height]).filter(([, height]) => height < 44)"""


def test_controls_are_tall_and_the_page_fits_a_phone(page):
    page.tab.set_viewport_size({"width": 360, "height": 800})
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= 360
    for alive in page.explorers:
        assert alive.root.evaluate(TARGETS) == []


COLOURS = """root => {
  const ground = (e) => {
    const colour = getComputedStyle(e).backgroundColor;
    return colour === "rgba(0, 0, 0, 0)" && e.parentElement ? ground(e.parentElement) : colour;
  };
  const written = (e) => e.tagName === "SELECT" || [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  return [...root.querySelectorAll("*")].filter((e) => e.tagName !== "OPTION" && written(e))
    .map((e) => [e.textContent, getComputedStyle(e)[e.tagName === "text" ? "fill" : "color"], ground(e)]);
}"""


def luminance(colour: str) -> float:
    """WCAG's relative luminance of an opaque colour."""
    assert re.fullmatch(r"rgb\(\d+, \d+, \d+\)", colour), colour
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(colour: str, ground: str) -> float:
    dark, light = sorted([luminance(colour), luminance(ground)])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_and_numbers_stand_out(page, theme):
    page.tab.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    for alive in page.explorers:
        coloured = alive.root.evaluate(COLOURS)
        assert len(coloured) > 10
        faint = [told for told in coloured if contrast(*told[1:]) < 4.5]
        assert faint == [], f"{alive.twin.label}, {theme}"
    page.tab.evaluate("document.documentElement.dataset.theme = 'light'")


def assert_a_picture_without_controls(tab, twins) -> None:
    for alive in roots(tab, twins):
        pictures = alive.root.locator("svg.bp")
        assert pictures.count() and all(picture.is_visible() for picture in pictures.all())
        assert alive.root.locator(".bp-controls").evaluate("e => getComputedStyle(e).display") == "none"


def test_print_has_the_picture_alone(page):
    page.tab.emulate_media(media="print")
    assert_a_picture_without_controls(page.tab, [alive.twin for alive in page.explorers])
    page.tab.emulate_media(media="screen")


@pytest.mark.parametrize("name", EXPLORERS)
def test_without_javascript_there_is_the_picture(browser, name):
    context = browser.new_context(java_script_enabled=False, offline=True)
    tab = context.new_page()
    tab.goto((HTML / "book" / name).as_uri())
    assert_a_picture_without_controls(tab, EXPLORERS[name])
    context.close()


# ------------------------------------------------------------ the files

EXPLORER = re.compile(r'<style>\.bp-explorer\{.*?<div class="bp-explorer".*?<script type="module">(.*?)</script>', re.DOTALL)
NUMBERED = re.compile(r'<text[^>]* data-n="([^"]+)"[^>]*>([^<]*)</text>')


def written(name: str) -> list[re.Match]:
    """The explorers as they stand in the file of a page."""
    return list(EXPLORER.finditer((HTML / "book" / name).read_text(encoding="utf-8")))


def test_every_explorer_of_the_book_is_in_the_table():
    found = {}
    for path in sorted((HTML / "book").glob("*.html")):
        labels = re.findall(r'class="bp-explorer"[^>]* aria-label="([^"]*)"', path.read_text(encoding="utf-8"))
        if labels:
            found[path.name] = labels
    assert found == {name: [twin.label for twin in twins] for name, twins in EXPLORERS.items()}


@pytest.mark.parametrize("name", EXPLORERS)
def test_the_file_has_the_first_picture_before_any_script(name):
    for match, twin in zip(written(name), EXPLORERS[name], strict=True):
        shown = twin.shown(twin.start)
        for key, text in NUMBERED.findall(match[0].partition("<script")[0]):
            assert text == shown[key] if isinstance(shown[key], str) else shown[key].fits(text), f"{key}: {text!r}"


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_is_small_and_its_script_plain(name):
    for match, twin in zip(written(name), EXPLORERS[name], strict=True):
        assert len(match[0].encode()) <= 40_000, twin.label
        script = match[1].replace("http://www.w3.org/2000/svg", "")
        assert not any(word in script for word in ("eval(", "new Function", "http")), twin.label
