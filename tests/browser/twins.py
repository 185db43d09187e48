"""What Python expects every explorer of the book to show, with no help from the code that the pages run."""

import functools
import itertools
import math
import re
from typing import NamedTuple

import numpy as np

from bpcourse import network
from bpcourse.beyond import bill, recurrent
from bpcourse.codegen import count_gates, simplified
from bpcourse.examples import FOUR_FOUR_TWO, FOUR_FOUR_TWO_X, FOUR_FOUR_TWO_Y, THREE_PATHS, XOR_X, XOR_Y, add_then_multiply
from bpcourse.graph import (
    Value,
    adjoints,
    cos,
    evaluate,
    exp,
    flows,
    gradient,
    local_gradients,
    sin,
    square,
    tanh,
    topological_order,
)
from bpcourse.pictures.svg import fixed, pretty

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


class Beginning(NamedTuple):
    """A sentence of which only the beginning is known."""

    start: str

    def fits(self, text: str) -> bool:
        return text.startswith(self.start)


# ------------------------------------------------------------ what Python computes, a class for each kind


class Twin:
    """What an explorer must show: `start` is its first state, `shown` the texts by key at any state."""

    powers = ()
    """The sliders that run through powers of ten."""
    wholes = ("step",)
    """The sliders of whole numbers."""
    asks = True
    """Whether the reader is asked to predict."""

    def __init__(self, label: str, /, **start) -> None:
        self.label, self.start = label, start

    def shown(self, state) -> dict:
        raise NotImplementedError

    def spoken(self, state) -> Said:
        raise NotImplementedError

    def pressed(self, state, action: str) -> dict:
        """The traits that a button changes."""
        raise NotImplementedError

    def dots(self, state) -> dict:
        """Where the plot's dots stand, in the units of its axes; NaN where that is not sure."""
        return {}

    def curves(self, state) -> dict:
        """The points of the plot's curves, as those of the dots."""
        return {}

    def described(self, state) -> list:
        """Numbers that the pictures' names must hold: where the plot's points are."""
        return [Brief(float(x)) for point in self.dots(state).values() for x in point]

    def choices(self) -> list:
        """Lists, and what is to be chosen in each."""
        return []

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
        start = {"nudged": next(iter(inputs)), "eps": 0.1, "h": 0.1, "learning_rate": 0.1, "step": self.last}
        super().__init__(f"circuit of {order[-1].name}", inputs=inputs, **start)

    def settled(self, inputs) -> tuple[list[Value], dict[Value, float]]:
        """The graph's nodes with their values at these inputs, NaN where there is none, and its gradients."""
        order = topological_order(self.build())
        settings = {node: inputs[node.name] for node in order if node.gate is None and node.name}
        for node in order:
            try:
                node._value = evaluate(node, settings)  # the numbers of another point, in the same graph
            except ValueError:
                node._value = math.nan
        return order, adjoints(order[-1])

    def slopes(self, inputs) -> dict[str, float]:
        order, grads = self.settled(inputs)
        return {node.name: grads[node] for node in order if node.name in inputs}

    def output(self, inputs) -> float:
        return self.settled(inputs)[0][-1].value

    def shown(self, state) -> dict:
        inputs, name, eps, decimals = state["inputs"], state["nudged"], state["eps"], self.decimals
        order, grads = self.settled(inputs)
        now, moved, slope = order[-1].value, self.output({**inputs, name: inputs[name] + eps}), self.slopes(inputs)[name]
        texts = {f"inputs.{key}": Fixed(x, decimals) for key, x in inputs.items()}
        texts |= {
            **{key: Fixed(state[key], decimals) for key in ("eps", "h", "learning_rate")},
            "slope": Fixed(slope, decimals + 2),
            "predicted": Fixed(slope * eps, decimals + 2),
            "actual": Fixed(moved - now, decimals + 2, 1e-12 * (abs(moved) + abs(now))),
            "step": str(state["step"]),
            "says": self.sentences(order, grads)[state["step"]],
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
            label = f"{pretty(node.name)} = " if node.name else ""
            said.append(Said(f"Forward: {label}", tuple(Brief(x.value) for x in (*node.inputs, node))))
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

    def choices(self) -> list:
        return [("nudged", name) for name in self.start["inputs"]]

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
        inputs, step = state["inputs"], state["step"]
        if action == "nudge":
            return {"inputs": {**inputs, state["nudged"]: inputs[state["nudged"]] + state["eps"]}}
        if action in ("back", "next"):
            return {"step": max(step - 1, 0) if action == "back" else min(step + 1, self.last)}
        by = state["h"] if action == "uphill" else -state["learning_rate"]
        return {"inputs": {name: inputs[name] + by * slope for name, slope in self.slopes(inputs).items()}}

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
        for bind, key, action in (("eps", "ArrowLeft", "nudge"), ("learning_rate", "PageUp", "downhill"), ("h", "End", "uphill")):
            alive.slide(bind, key)
            alive.press(action)
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
        """Sums and activations up to the loss, as they are written, and the local gradients from column to column."""
        cache, parameters = self.forward(state["inputs"]), self.arrays(state["inputs"])
        names, locals_ = [], []
        for l in range(1, self.depth + 1):
            a, z = cache[f"A{l}"], cache[f"Z{l}"]
            softmax, letter = self.output_name == "softmax" and l == self.depth, "ŷ_" if l == self.depth else f"a_{l}"
            names += [[pretty(f"{kind}{j}") for j in range(1, len(a) + 1)] for kind in (f"z_{l}", letter)]
            if l > 1:
                locals_.append(parameters[f"W{l}"])
            if softmax and state["as_source_003"]:
                locals_.append(np.diagflat(a * (1 - a) * -z[::-1]))
            else:
                locals_.append(np.diagflat(a) - a @ a.T if softmax else np.diagflat(a * (1 - a)))
        return [*names, ["L"]], [*locals_, self.upstream(cache, state["loss"]).T]

    def paths(self, state, name: str) -> list:
        """(how its factors are written, its factors) for each path from a weight or bias to the loss."""
        names, locals_ = self.columns(state)
        cache, (array, (j, i)) = self.forward(state["inputs"]), self.spots[name]
        l = int(array[1:])
        first = cache[f"A{l - 1}"][i, 0] if array[0] == "W" else 1.0
        names, locals_ = names[2 * l - 2 :], locals_[2 * l - 2 :]
        paths = []
        for rest in itertools.product(*(range(len(column)) for column in names[1:])):
            units = [j, *rest]
            if any(self.apart(names[c], names[c + 1], units[c : c + 2]) for c in range(len(rest))):
                continue
            labels = [pretty(name), *(column[unit] for column, unit in zip(names, units))]
            factors = [first, *(step[above, below] for step, (below, above) in zip(locals_, itertools.pairwise(units)))]
            written = [f"∂{above}/∂{below}" for below, above in itertools.pairwise(labels)]
            paths.append((" · ".join(reversed(written)), factors[::-1]))
        return paths

    def apart(self, below, above, units) -> bool:
        """Whether no line leads from a sum to an activation: it is another unit's, and there is no softmax between."""
        softmax = self.output_name == "softmax" and above[0].startswith("ŷ")
        return below[0].startswith("z") and not softmax and units[0] != units[1]

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
            "title-slope": Said("PadhAI notes: " if state["as_source_003"] else f"∂L/∂{label} = ", (Fixed(g, 4),)),
            "axis": label, f"inputs.{weight}": Fixed(w, 4), "learning_rate": Fixed(rate, 4),
            "sum": Fixed(g, 6), "now": Fixed(now, 6), "new": Fixed(new, 6), "after-loss": Fixed(after, 6),
            "predicted": Fixed(-rate * g * g, 6), "actual": Fixed(after - now, 6),
        }  # fmt: skip
        texts |= {f"path{i}": "" for i in range(self.most)}
        for i, (written, factors) in enumerate(self.paths(state, weight)):
            texts[f"path{i}"] = Said(f"{written}\n= ", tuple(map(Brief, [*factors, math.prod(factors)])))
        return texts | dict.fromkeys(("low", "middle", "high"), Level())

    def choices(self) -> list:
        return [("weight", self.weights[-1]), ("loss", self.losses[-1])]

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
        """A small step, uphill where the PadhAI notes err: the point leaves its axis, and the new one may hold the start too."""
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
    """Chhabra's three methods for a·b, by hand."""

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
    """The quotients of a function in numpy's float64 and float32; a little room for the last digit of exp and sin."""

    powers = ("eps",)

    def __init__(self, f, derivative, eps: float = 1e-5) -> None:
        self.f, self.derivative = f, derivative
        super().__init__("error of a difference quotient", inputs={"x": 0.7}, eps=eps, precision="float64")

    def quotients(self, state) -> tuple:
        """The derivative, both quotients, and the rounding noise that they may have."""
        real = {"float64": np.float64, "float32": np.float32}[state["precision"]]
        x, eps = real(state["inputs"]["x"]), real(state["eps"])
        here, ahead, behind = map(self.f, (x, x + eps, x - eps))
        assert all(type(u) is real for u in (here, ahead, behind))
        exact = self.derivative(float(x))
        noise = 4 * 2.0**-53 * (1 + abs(exact))
        if real is np.float64:
            noise += 4 * 2.0**-53 * (1 + abs(float(ahead))) / float(eps)
        return exact, float((ahead - here) / eps), float((ahead - behind) / (2 * eps)), noise

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

    def heights(self, state) -> dict:
        """The errors' logarithms; NaN where an error is lost in the noise."""
        errors = self.errors(state).items()
        return {key: math.log10(error.x) if error.x > 1000 * error.noise else math.nan for key, error in errors}

    def dots(self, state) -> dict:
        return {f"{key}-dot": (math.log10(state["eps"]), height) for key, height in self.heights(state).items()}

    def curves(self, state) -> dict:
        """A point for every position of the slider."""
        places = [sixth / 6 for sixth in range(-96, 1)]
        along = [self.heights(state | {"eps": float(f"{10**u:.2e}")}) for u in places]
        return {key: [(u, heights[key]) for u, heights in zip(places, along)] for key in ("forward", "central")}

    def described(self, state) -> list:
        return [Scientific(state["eps"]), *self.errors(state).values()]

    def choices(self) -> list:
        return [("precision", "float32")]

    def spoken(self, state) -> Said:
        return Said("Step ", (Scientific(state["eps"]), *self.errors(state).values()))

    def tour(self, alive) -> None:
        for precision in ("float32", "float64"):
            alive.press("reset")
            alive.choose("precision", precision)
            alive.slide("eps", "Home")
            for key in ["PageUp"] * 10 + ["ArrowLeft"] * 5:
                alive.slide("eps", key)
            for key in ("ArrowRight", "End"):
                alive.slide("inputs.x", key)


class RecurrenceTwin(Twin):
    """20 steps of h ← f(ρ M h + x u) and back, by `bpcourse.recurrent`; M turns, so that its spectral radius is 1."""

    steps, eps = 20, 1e-5
    M, u = np.array([[0.8, -0.6], [0.6, 0.8]]), np.array([[1.0], [0.5]])

    def __init__(self, rho: float) -> None:
        super().__init__("gradient through a recurrence", inputs={"rho": rho, "x": 0.1}, squash="none")

    def setting(self, state, nudge: float = 0.0) -> tuple:
        """The sequence, the parameters and the squashing, as `recurrent` takes them."""
        rho, x = state["inputs"]["rho"] + nudge, state["inputs"]["x"]
        parameters = {"Wh": rho * self.M, "Wx": self.u, "b": np.zeros((2, 1))}
        return np.full((self.steps, 1, 1), x), parameters, "identity" if state["squash"] == "none" else state["squash"]

    def nudged_loss(self, state, nudge: float) -> float:
        return float(recurrent.forward(*self.setting(state, nudge))[-1, 0, 0])

    def gradients(self, state) -> tuple:
        """The states, the length of ∂L/∂h_t by step, and the shares of ∂L/∂ρ."""
        setting = self.setting(state)
        H = recurrent.forward(*setting)
        dH = np.zeros_like(H)
        dH[-1, 0] = 1.0
        grads = recurrent.backpropagation(dH, H, *setting)
        return H, np.hypot(*grads["dH"][1:, :, 0].T), (grads["dWh by step"] * self.M).sum(axis=(1, 2))

    def shown(self, state) -> dict:
        H, lengths, shares = self.gradients(state)
        ulps = 100 * 2.0**-53
        nudged = (self.nudged_loss(state, self.eps) - self.nudged_loss(state, -self.eps)) / (2 * self.eps)
        noise = ulps * float(np.abs(shares).sum())
        return {
            "inputs.rho": Fixed(state["inputs"]["rho"], 2), "inputs.x": Fixed(state["inputs"]["x"], 2),
            "first": Fixed(float(lengths[0]), 6), "factor": Fixed(self.factor(lengths), 6),
            "sum": Fixed(float(shares.sum()), 6, noise), "early": Fixed(float(shares[: self.steps // 2].sum()), 6, noise),
            "nudged": Fixed(nudged, 6, ulps * float(np.abs(H).max()) / self.eps),
            "loss": Fixed(float(H[-1, 0, 0]), 6, ulps * float(np.abs(H).max())),
        }  # fmt: skip

    def factor(self, lengths) -> float:
        """The mean factor from step to step."""
        return float(lengths[0] / lengths[-1]) ** (1 / (self.steps - 1))

    def curves(self, state) -> dict:
        _, lengths, shares = self.gradients(state)
        logs = {"norms": log10_above(lengths, 1e-12), "shares": log10_above(np.abs(shares), 1e-12)}
        return {key: list(enumerate(heights, start=1)) for key, heights in logs.items()}

    def dots(self, state) -> dict:
        return {"first": self.curves(state)["norms"][0]}

    def described(self, state) -> list:
        _, lengths, _ = self.gradients(state)
        return [Scientific(float(x)) for x in (lengths[0], lengths[-1]) if x > 1e-12]

    def choices(self) -> list:
        return [("squash", "tanh")]

    def spoken(self, state) -> Said:
        _, lengths, _ = self.gradients(state)
        rho, step = Fixed(state["inputs"]["rho"], 2), Brief(1)
        return Said("Spectral radius ", (rho, step, Brief(float(lengths[0])), Brief(self.factor(lengths))))

    def tour(self, alive) -> None:
        for squash in ("tanh", "none"):
            alive.press("reset")
            alive.choose("squash", squash)
            for bind, keys in (("inputs.x", ("Home", "End")), ("inputs.rho", ("Home", "End")), ("inputs.x", ("Home",))):
                for key in keys:
                    alive.slide(bind, key)


class BillTwin(Twin):
    """The counts of `bpcourse.beyond.bill` for layers of equal width."""

    def __init__(self) -> None:
        super().__init__("bill of a gradient, by nudging and by backpropagation", inputs={"layers": 3.0, "units": 100.0})

    def counts(self, layers: float, units: float) -> tuple[int, int, int]:
        """The weights, and the products of nudging and of backpropagation."""
        sizes = [int(units)] * (int(layers) + 1)
        there = bill.forward_products(sizes)
        return there, bill.numerical_products(sizes), there + bill.backward_products(sizes)

    def shown(self, state) -> dict:
        layers, units = state["inputs"].values()
        weights, nudging, both = self.counts(layers, units)
        return {
            "inputs.layers": f"{layers:g}", "inputs.units": f"{units:g}", "weights": f"{weights:,}",
            "knobs": f"{nudging // weights - 1:,}", "nudging": f"{nudging:,}", "backpropagation": f"{both:,}",
            "ratio": Fixed(nudging / both, 1),
        }  # fmt: skip

    def curves(self, state) -> dict:
        """Both bills for every width that is drawn."""
        widths = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)
        logs = [np.log10(self.counts(state["inputs"]["layers"], width)).tolist() for width in widths]
        return {"nudging": [(n, v) for n, v, _ in logs], "backpropagation": [(n, v) for n, _, v in logs]}

    def dots(self, state) -> dict:
        weights, nudging, both = np.log10(self.counts(*state["inputs"].values())).tolist()
        return {"nudging-dot": (weights, nudging), "backpropagation-dot": (weights, both)}

    def described(self, state) -> list:
        return [self.shown(state)["ratio"], *(Brief(x) for x in state["inputs"].values())]

    def spoken(self, state) -> Said:
        shown = self.shown(state)
        begun = f"{shown['inputs.layers']} layers of {shown['inputs.units']} units: nudging makes {shown['nudging']} products, "
        return Said(f"{begun}backpropagation {shown['backpropagation']}, a ratio of ", (shown["ratio"],))

    def tour(self, alive) -> None:
        alive.press("reset")
        for bind, key in itertools.product(("inputs.layers", "inputs.units"), ("Home", "PageUp", "End")):
            alive.slide(bind, key)


class MachinesTwin(Twin):
    """The seconds of a step, message by message round the ring."""

    powers = ("inputs.examples", "inputs.weights", "inputs.bandwidth", "inputs.latency")
    wholes = ("inputs.machines",)
    speed = 1e10

    def __init__(self) -> None:
        start = {"machines": 8.0, "examples": 256.0, "weights": 1e6, "bandwidth": 1e9, "latency": 1e-5}
        super().__init__("a step of training on many machines", inputs=start)

    def seconds(self, state, machines: float | None = None) -> tuple[float, float]:
        """Of computing and of sending."""
        inputs = state["inputs"]
        n = machines or inputs["machines"]
        message = inputs["latency"] + 4 * inputs["weights"] / n / inputs["bandwidth"]
        return 3 * inputs["examples"] * inputs["weights"] / self.speed / n, 2 * (n - 1) * message

    def shown(self, state) -> dict:
        inputs = state["inputs"]
        (alone, _), (computing, sending) = self.seconds(state, 1), self.seconds(state)
        texts = {key: Scientific(inputs[key.removeprefix("inputs.")]) for key in self.powers}
        return texts | {
            "inputs.machines": f"{inputs['machines']:g}", "alone": Scientific(alone), "computing": Scientific(computing),
            "sending": Scientific(sending), "speedup": Fixed(alone / (computing + sending), 2),
            "limit": Fixed(3 * inputs["examples"] * inputs["bandwidth"] / self.speed / 8, 2),
        }  # fmt: skip

    def heights(self, state, machines: float | None = None) -> dict:
        """Logarithms of computing, sending and both, as shares of a step on one machine."""
        alone, (computing, sending) = self.seconds(state, 1)[0], self.seconds(state, machines)
        both = {"computing": computing, "sending": sending, "step": computing + sending}
        return {key: math.log10(x / alone) if x else math.nan for key, x in both.items()}

    def curves(self, state) -> dict:
        counts = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)
        along = [self.heights(state, n) for n in counts]
        points = {key: [(math.log10(n), heights[key]) for n, heights in zip(counts, along)] for key in along[0]}
        return points | {"sending": points["sending"][1:]}  # one machine sends nothing

    def dots(self, state) -> dict:
        here = math.log10(state["inputs"]["machines"])
        return {f"{key}-dot": (here, height) for key, height in self.heights(state).items()}

    def described(self, state) -> list:
        shown = self.shown(state)
        return [Brief(state["inputs"]["machines"]), shown["computing"], shown["sending"], shown["speedup"]]

    def spoken(self, state) -> Said:
        shown = self.shown(state)
        return Said(f"{shown['inputs.machines']} machines: ", (shown["computing"], shown["sending"], shown["speedup"]))

    def tour(self, alive) -> None:
        alive.press("reset")
        for bind, key in itertools.product(("inputs.machines", *self.powers), ("Home", "PageUp", "End")):
            alive.slide(bind, key)


class DerivativesTwin(Twin):
    """The derivatives by `gradient`, one after the other, their gates by `count_gates`, and nudges of each."""

    names, eps = ("f", "f′", "f″", "f‴"), 1e-5

    def __init__(self) -> None:
        self.x = x = Value(0.7, "x")
        tower, cube = exp(exp(square(x))), x**3
        functions = {"e^(e^(x²))": tower, "e^(x²)": exp(square(x)), "tanh x": tanh(x), "x³": cube, "sin x": sin(x)}
        self.orders = {name: [v] for name, v in functions.items()}
        for orders in self.orders.values():
            for _ in range(3):
                orders += gradient(orders[-1], [x])
        super().__init__("graph of a derivative", inputs={"x": 0.7}, function="e^(e^(x²))", order=1, clean=False)

    def shown(self, state) -> dict:
        x, orders = state["inputs"]["x"], self.orders[state["function"]]
        texts = {"order": f"{state['order']:g}", "inputs.x": fixed(x, 2).strip()}
        for k, v in enumerate(orders):
            if k > state["order"]:
                texts |= dict.fromkeys((f"raw{k}", f"clean{k}", f"f{k}", f"n{k}"), "")
                continue
            texts |= {f"raw{k}": f"{count_gates(v)}", f"clean{k}": f"{count_gates(simplified(v))}", f"n{k}": ""}
            texts[f"f{k}"] = Fixed(evaluate(v, {self.x: x}), 6)
            if k:
                ahead, behind = (evaluate(orders[k - 1], {self.x: x + step}) for step in (self.eps, -self.eps))
                noise = 200 * 2.0**-53 * (1 + abs(ahead)) / self.eps
                texts[f"n{k}"] = Fixed((ahead - behind) / (2 * self.eps), 6, noise)
        return texts

    def gates(self, state) -> Brief:
        return Brief(float(self.shown(state)[f"{'clean' if state['clean'] else 'raw'}{int(state['order'])}"]))

    def described(self, state) -> list:
        return [self.gates(state)]

    def choices(self) -> list:
        return [("function", name) for name in [*self.orders][1:]]

    def spoken(self, state) -> Said:
        order = int(state["order"])
        numbers = self.gates(state), self.shown(state)[f"f{order}"], Fixed(state["inputs"]["x"], 2)
        return Said(f"{self.names[order]} of {state['function']}: ", numbers)

    def pressed(self, state, action) -> dict:
        return {"order": min(state["order"] + 1, 3)}

    def tour(self, alive) -> None:
        alive.press("reset")
        for function in self.orders:
            alive.choose("function", function)
            alive.tick("clean")
            alive.slide("order", "Home")
            for key in ("Enter", "Space") * 2:
                alive.press("again", key)
            alive.slide("inputs.x", "PageUp")


# Formulas with their three derivatives, by hand.
FORMULAS = {
    "e^x": (math.exp,) * 4,
    "sin(10x)": (
        lambda x: math.sin(10 * x), lambda x: 10 * math.cos(10 * x), lambda x: -100 * math.sin(10 * x),
        lambda x: -1000 * math.cos(10 * x),
    ),
    "1000 + e^x": (lambda x: 1000 + math.exp(x), math.exp, math.exp, math.exp),
    "x^2": (lambda x: x * x, lambda x: 2 * x, lambda x: 2.0, lambda x: 0.0),
    "relu(x - 0.7)": (lambda x: max(x - 0.7, 0.0), lambda x: float(x > 0.7), lambda x: 0.0, lambda x: 0.0),
    "3·x^3 − cos(x)": (
        lambda x: 3 * (x * x * x) - math.cos(x), lambda x: 9 * x**2 + math.sin(x), lambda x: 18 * x + math.cos(x),
        lambda x: 18 - math.sin(x),
    ),
}  # fmt: skip


class VCurveTwin(Twin):
    """Quotients of the formulas and their parts; a little room for the last digit of exp and sin."""

    wrong = ("e^", "foo", "", "2 + 2")

    def __init__(self) -> None:
        super().__init__("V-curve of a formula", inputs={"x": 0.75}, formula="e^x", halvings=8)

    def parts(self, state) -> dict:
        """The derivative; of each quotient its value, its error, what is cut off, the rounding, the best ε, and the noise."""
        f, slope, second, third = FORMULAS[state["formula"]]
        x, eps, u = state["inputs"]["x"], 2.0 ** -state["halvings"], 2.0**-53
        exact, second, third, size = slope(x), abs(second(x)), abs(third(x)), abs(f(x))
        noise = 4 * u * (1 + abs(exact)) + 4 * u * (1 + size) / eps
        forward, central = (f(x + eps) - f(x)) / eps, (f(x + eps) - f(x - eps)) / (2 * eps)
        best = 2 * math.sqrt(u * size / second) if second else None, (3 * u * size / third) ** (1 / 3) if third else None
        return {
            "exact": exact,
            "forward": (forward, abs(forward - exact), second * eps / 2, 2 * u * size / eps, best[0], noise),
            "central": (central, abs(central - exact), third * eps**2 / 6, u * size / eps, best[1], noise),
        }

    def shown(self, state) -> dict:
        texts = {"halvings": f"{state['halvings']:g}", "inputs.x": fixed(state["inputs"]["x"], 5).strip()}
        kinds = [f"{kind}{part}" for kind in ("forward", "central") for part in ("", "-error", "-cut", "-rounding", "-best")]
        if state["formula"] in self.wrong:
            return texts | dict.fromkeys(["exact", *kinds], "–") | {"says": Beginning("No formula yet: expected ")}
        told = self.parts(state)
        texts["exact"] = Fixed(told.pop("exact"), 8)
        for kind, (value, error, cut, rounding, best, noise) in told.items():
            texts |= {
                kind: Fixed(value, 8, noise), f"{kind}-error": Scientific(error, noise), f"{kind}-cut": Scientific(cut),
                f"{kind}-rounding": Scientific(rounding), f"{kind}-best": Scientific(best) if best is not None else "–",
            }  # fmt: skip
        larger = "cut off" if told["central"][2] > told["central"][3] else "rounding"
        return texts | {"says": f"Of the central error the larger part is {larger}."}

    def curves(self, state) -> dict:
        """A point for every step, where the error is not lost in the noise, and the two parts, where there are any."""
        kinds = ("forward", "central")
        if state["formula"] in self.wrong:
            return {f"{kind}{part}": [] for kind in kinds for part in ("", "-cut", "-rounding")}
        steps = range(48, 0, -1)
        along = [self.parts(state | {"halvings": k}) for k in steps]
        places = [math.log10(2.0**-k) for k in steps]
        lines = {kind: [(u, self.height(told[kind])) for u, told in zip(places, along)] for kind in kinds}
        for kind, (place, part) in itertools.product(kinds, ((2, "cut"), (3, "rounding"))):
            ends = [along[i][kind][place] for i in (0, -1)]
            lines[f"{kind}-{part}"] = [(places[i], math.log10(end)) for i, end in zip((0, -1), ends)] if all(ends) else []
        return lines

    def height(self, parts: tuple) -> float:
        error, noise = parts[1], parts[-1]
        return math.log10(error) if error > 1000 * noise else math.nan

    def dots(self, state) -> dict:
        if state["formula"] in self.wrong:
            return {}
        told, place = self.parts(state), math.log10(2.0 ** -state["halvings"])
        return {f"{kind}-dot": (place, self.height(told[kind])) for kind in ("forward", "central")}

    def described(self, state) -> list:
        shown = self.shown(state)
        parts = ("forward-error", "forward-cut", "central-error", "central-rounding")
        return [Scientific(2.0 ** -state["halvings"]), *(shown[part] for part in parts)]

    def spoken(self, state) -> Said:
        shown = self.shown(state)
        return Said("Step ", (Scientific(2.0 ** -state["halvings"]), shown["forward-error"], shown["central-error"]))

    def pressed(self, state, action) -> dict:
        return {"formula": [*FORMULAS][int(action.removeprefix("take "))]}

    def tour(self, alive) -> None:
        alive.press("reset")
        for i in range(5):
            alive.press(f"take {i}", ("Enter", "Space")[i % 2])
            for bind, key in (("inputs.x", "PageUp"), ("halvings", "Home"), ("halvings", "PageUp"), ("inputs.x", "ArrowLeft")):
                alive.slide(bind, key)
        for formula in (*self.wrong, [*FORMULAS][-1]):
            alive.control("formula").fill(formula)
            alive.set("formula", formula)
            assert alive.control("formula").get_attribute("aria-invalid") == ("true" if formula in self.wrong else None)
            alive.slide("halvings", "ArrowRight")


def log10_above(x, floor: float) -> list[float]:
    return np.log10(np.maximum(x, floor)).tolist()


class OneWeightTwin(Twin):
    """L = (2w − 5)², whose slope is 4 (2w − 5)."""

    asks = False

    def __init__(self) -> None:
        super().__init__("the smallest network, one weight to nudge", inputs={"w": 1.0}, eps=0.2)

    def numbers(self, state) -> dict:
        w, eps = state["inputs"]["w"], state["eps"]
        before, error = 2 * w - 5, 2 * (w + eps) - 5
        return {
            "eps": eps, "weight": w + eps, "prediction": 2 * (w + eps), "error": error, "loss": error**2,
            "slope-weight": 4 * before, "slope-prediction": 2 * before, "slope-error": 2 * before, "slope-loss": 1.0,
            "foretold": 4 * before * eps, "change": error**2 - before**2,
        }  # fmt: skip

    def shown(self, state) -> dict:
        numbers = self.numbers(state)
        return {key: Fixed(x, 2) for key, x in numbers.items()} | {"says": self.verdict(state)}

    def verdict(self, state) -> Said:
        """By its size beside the foretold change 4 (2w − 5) ε, the rest 4 ε² is small up to a tenth."""
        numbers, eps = self.numbers(state), abs(state["eps"])
        rest, share = 4 * eps**2, abs(numbers["foretold"]) / 10
        if numbers["loss"] < 0.005:
            return Said("The prediction is right")
        if not eps:
            return Said("Move the slider")
        if math.isclose(rest, share):
            return Said("A ")
        return Said("A larger nudge" if rest > share else "A small nudge")

    def spoken(self, state) -> Said:
        numbers = self.numbers(state)
        return Said("Weight ", tuple(Fixed(numbers[key], 2) for key in ("weight", "loss", "change", "foretold")))

    def pressed(self, state, action) -> dict:
        return {"inputs": {"w": state["inputs"]["w"] + state["eps"]}, "eps": 0.0}

    def tour(self, alive) -> None:
        alive.press("reset")
        for keys in ("End",), ("Home",), ("ArrowRight", "PageUp"):
            for key in keys:
                alive.slide("eps", key)
        for _ in range(4):
            alive.slide("eps", "End")
            alive.press("keep")
            alive.press("keep", "Space")


# The weights in the marked row, in the marked column, the units in the rings, and whether the line leads from one to the other.
MARKED = """root => {
  const piece = (key) => root.querySelector(`[data-line='${key}']`);
  const middle = ({ x, y, width, height }) => [x + width / 2, y + height / 2];
  const within = ([u, v], { x, y, width, height }) => x < u && u < x + width && y < v && v < y + height;
  const names = (selector, key, tell) => [...root.querySelectorAll(selector)]
    .filter((text) => within(middle(text.getBBox()), piece(key).getBBox())).map(tell);
  const rings = ["from-ring", "to-ring"];
  const ends = rings.map((key) => ["cx", "cy"].map((name) => piece(key).getAttribute(name)).join(" "));
  return [
    ...["row", "column"].map((key) => names("[data-n^=m]", key, (text) => text.dataset.n.slice(1))),
    ...rings.map((key) => names("g[font-size='15'] > text", key, (text) => text.textContent)),
    piece("edge").getAttribute("d") === `M${ends[0]}L${ends[1]}`,
  ];
}"""


class NamesTwin(Twin):
    """The 4-4-2 network's sums in numpy, and a weight's name as each of them writes it."""

    sizes = (4, 4, 2)

    def __init__(self) -> None:
        matrices = ((l, FOUR_FOUR_TWO[f"W{l}"]) for l in (1, 2))
        inputs = {f"w_{l}{j + 1}{k + 1}": float(W[j, k]) for l, W in matrices for j, k in np.ndindex(W.shape)}
        super().__init__("names of a weight", inputs=inputs, weight="w_212")

    def sums(self, state) -> dict:
        W1, W2 = (np.array([w for name, w in state["inputs"].items() if name[2] == l]).reshape(-1, 4) for l in "12")
        z1 = W1 @ FOUR_FOUR_TWO_X
        a1 = 1 / (1 + np.exp(-z1))
        arrays = {"z_1": z1, "a_1": a1, "z_2": W2 @ a1}
        return {f"{name}{j}": float(x) for name, array in arrays.items() for j, x in enumerate(array, start=1)}

    def says(self, weight: str) -> str:
        l, j, k = map(int, weight[2:])
        below = pretty(f"x{k}" if l == 1 else f"a_1{k}")
        return f"Layer {l}, to unit {j}, from unit {k}: it multiplies {below} and goes into {pretty(f'z_{l}{j}')}."

    def shown(self, state) -> dict:
        weight, inputs = state["weight"], state["inputs"]
        l, j, k = map(int, weight[2:])
        names = [
            pretty(weight), f"{weight}, W{l}[{j - 1}, {k - 1}]", pretty(weight), f"in W{l}", pretty(f"w{l}{j}{k}"),
            pretty(f"w_{l + 1}{j}{k}"), f"weight[{j - 1}, {k - 1}] of Linear {l}", f"kernel[{k - 1}, {j - 1}] of Dense {l}",
        ]  # fmt: skip
        texts = {f"name{i}": name for i, name in enumerate(names)} | {"l": str(l), "j": str(j), "k": str(k)}
        texts |= {f"m{name}": Fixed(w, 2) for name, w in inputs.items()} | {f"inputs.{weight}": Fixed(inputs[weight], 2)}
        texts |= {f"v{name}": Fixed(x, 4) for name, x in self.sums(state).items()}
        return texts | {"says": self.says(weight), "title": Said("= ", (Fixed(inputs[weight], 2),))}

    def described(self, state) -> list:
        return [Fixed(x, 4) for x in self.sums(state).values()]

    def choices(self) -> list:
        return [("weight", "w_134"), ("weight", "w_224")]

    def spoken(self, state) -> Said:
        weight = state["weight"]
        return Said(f"{pretty(weight)} = ", (Fixed(state["inputs"][weight], 2), *(Brief(int(i)) for i in weight[2:])))

    def pressed(self, state, action) -> dict:
        at, i = [int(i) for i in state["weight"][2:]], int(action[-1])
        at[i] = 1 + at[i] % (2, self.sizes[at[0]], self.sizes[at[0] - 1])[i]
        at[1] = min(at[1], self.sizes[at[0]])
        return {"weight": "w_{}{}{}".format(*at)}

    def tour(self, alive) -> None:
        for weight in self.start["inputs"]:
            alive.choose("weight", weight)
            alive.slide(f"inputs.{weight}", "PageUp")
            l, j, k = weight[2:]
            row = [name for name in self.start["inputs"] if name.startswith(f"w_{l}{j}")]
            column = [name for name in self.start["inputs"] if name[2] == l and name[4] == k]
            ends = pretty(f"x{k}" if l == "1" else f"a_1{k}"), pretty(f"z_{l}{j}")
            assert alive.element.evaluate(MARKED) == [row, column, *([end] for end in ends), True], weight
        for weight in self.start["inputs"]:
            alive.click_edge(weight)
            other = f"w_2{min(2, int(weight[3]))}{weight[4]}"
            alive.root.locator(f"svg g:not(.bp-edges) > [data-do='pick {other}']").click()
            alive.set("weight", other)
        for turns in ("0", "1", "2", "00", "11", "2222", "0", "1111", "0", "12"):
            for i in turns:
                alive.press(f"turn {i}", "Space")
        for i in "012":
            alive.root.locator(f"svg [data-do='turn {i}']").click()
            alive.state |= self.pressed(alive.state, f"turn {i}")
            alive.check(f"a click on index {i}")


class OneLogitTwin(Twin):
    """Three losses of one logit and their deltas, by the formulas of the chapter."""

    losses = ("half_squared_error", "binary_cross_entropy", "cross_entropy")
    matching = ("identity", "half the squared error"), ("sigmoid", "binary cross-entropy"), ("softmax", "cross-entropy")

    def __init__(self) -> None:
        super().__init__("one logit under three losses", inputs={"z": 2.0}, output="sigmoid", label=0)

    def numbers(self, state, z=None) -> tuple[float, float, dict]:
        """ŷ, its slope, and (loss, delta) by loss; NaN where the output has no such loss."""
        z, label, output = state["inputs"]["z"] if z is None else z, float(state["label"]), state["output"]
        if output == "identity":
            return (
                z,
                1.0,
                dict.fromkeys(self.losses, (math.nan, math.nan)) | {self.losses[0]: ((z - label) ** 2 / 2, z - label)},
            )
        e = math.exp(z)
        a = np.array([e / (e + 1)] if output == "sigmoid" else [e / (e + 2), 1 / (e + 2), 1 / (e + 2)])
        y = np.array([label, 1 - label, 0])[: len(a)]
        along = a[0] * ((np.arange(len(a)) == 0) - a)  # how each output moves with this logit
        terms = {
            "half_squared_error": ((y - a) ** 2 / 2, a - y),
            "binary_cross_entropy": (-(y * np.log(a) + (1 - y) * np.log1p(-a)), (a - y) / (a * (1 - a))),
            "cross_entropy": (-y * np.log(a), -y / a),
        }
        return float(a[0]), float(along[0]), {loss: (float(L.sum()), float(g @ along)) for loss, (L, g) in terms.items()}

    def shown(self, state) -> dict:
        y_hat, slope, pairs = self.numbers(state)
        texts = {f"loss-{loss}": Fixed(L, 4) for loss, (L, _) in pairs.items()}
        texts |= {f"delta-{loss}": Fixed(delta, 4) for loss, (_, delta) in pairs.items()}
        return texts | {
            "y_hat": Fixed(y_hat, 4), "miss": Fixed(y_hat - state["label"], 4), "slope": Fixed(slope, 4),
            "inputs.z": Fixed(state["inputs"]["z"], 2),
            "says": f"{dict(self.matching)[state['output']]} matches: its δ is ŷ − y.",
        }  # fmt: skip

    def dots(self, state) -> dict:
        pairs, z = self.numbers(state)[2].items(), state["inputs"]["z"]
        return {f"{key}-{loss}-dot": (z, pair[i]) for loss, pair in pairs for i, key in enumerate(("loss", "delta"))}

    def curves(self, state) -> dict:
        along = [(z, self.numbers(state, z)[2]) for z in np.linspace(-8, 8, 81).tolist()]
        return {
            f"{key}-{loss}": [(z, pairs[loss][i]) for z, pairs in along if math.isfinite(pairs[loss][i])]
            for loss in self.losses
            for i, key in enumerate(("loss", "delta"))
        }

    def choices(self) -> list:
        return [("output", "identity"), ("output", "softmax")]

    def spoken(self, state) -> Said:
        y_hat, _, pairs = self.numbers(state)
        return Said("ŷ = ", tuple(map(Brief, (y_hat, y_hat - state["label"], *(delta for _, delta in pairs.values())))))

    def tour(self, alive) -> None:
        for output in ("identity", "softmax", "sigmoid"):
            alive.choose("output", output)
            for key in ("Home", "PageUp", "End"):
                alive.tick("label")
                alive.slide("inputs.z", key)


class XorTwin(Twin):
    """Training on XOR by `bpcourse.network`, and the cost over two weights with all cells in one batch."""

    wholes = ("epoch",)
    last, cells, levels = 400, 24, (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0)
    names = ("w_111", "w_112", "b_11", "w_121", "w_122", "b_12", "w_211", "w_212", "b_21")
    kinds = ("tanh", "sigmoid")

    def __init__(self) -> None:
        self.twins = dict(zip(self.names, (0.5, 0.5, 0.0) * 2 + (0.5, 0.5, 0.0)))
        starts = [network.initialise([2, 2, 1], "tanh", seed) for seed in range(8)]
        self.starts = [dict(zip(self.names, (round(x, 6) for x in self.flat(start)))) for start in starts]
        super().__init__("a network that learns XOR", inputs=self.twins, learning_rate=1.0, epoch=self.last)

    def flat(self, parameters) -> tuple:
        hidden = np.hstack([parameters["W1"], parameters["b1"]]).ravel()
        return (*hidden.tolist(), *parameters["W2"][0].tolist(), float(parameters["b2"][0, 0]))

    @functools.cache  # a few trainings, for as long as the tests run
    def history(self, start: tuple, rate: float) -> list:
        """(parameters, cost, answers) by epoch."""
        hidden = np.array(start[:6]).reshape(2, 3)
        parameters = {"W1": hidden[:, :2], "b1": hidden[:, 2:], "W2": np.array([start[6:8]]), "b2": np.array([[start[8]]])}
        history = []
        for _ in range(self.last + 1):
            cache = network.forward(XOR_X, parameters, *self.kinds)
            cost = network.cost(cache, XOR_Y, "binary_cross_entropy")
            history.append((dict(zip(self.names, self.flat(parameters))), cost, cache["A2"][0].tolist()))
            grads = network.backpropagation(cache, XOR_Y, parameters, *self.kinds, "binary_cross_entropy")
            parameters = network.update(parameters, grads, rate)
        return history

    def along(self, state) -> list:
        return self.history(tuple(state["inputs"].values()), state["learning_rate"])

    def apart(self, at) -> float:
        pairs = (("w_111", "w_121"), ("w_112", "w_122"), ("b_11", "b_12"), ("w_211", "w_212"))
        return math.hypot(*(at[one] - at[other] for one, other in pairs))

    def shown(self, state) -> dict:
        """A training at a large rate makes much of the last bit of a number: a little room."""
        at, cost, answers = self.along(state)[state["epoch"]]
        texts = {f"answer_{x:.0f}{y:.0f}": Fixed(answer, 4, 1e-6) for (x, y), answer in zip(XOR_X.T, answers)}
        texts |= {f"inputs.{name}": Fixed(state["inputs"][name], 2) for name in ("w_111", "w_121")}
        return texts | {
            "cost": Fixed(cost, 4, 1e-6), "apart": Fixed(self.apart(at), 4, 1e-6), "epoch": str(state["epoch"]),
            "learning_rate": Fixed(state["learning_rate"], 2),
            "says": Said("The hidden units differ" if self.apart(state["inputs"]) else "Twins: "),
        }  # fmt: skip

    def dots(self, state) -> dict:
        along = self.along(state)
        (begun, *_), (at, cost, _) = along[0], along[state["epoch"]]
        pairs = {"start": (begun["w_111"], begun["w_121"]), "now": (at["w_111"], at["w_121"])}
        return pairs | {"point": (float(state["epoch"]), cost)}

    def curves(self, state) -> dict:
        along, epoch = self.along(state), state["epoch"]
        walk = [(at["w_111"], at["w_121"]) for at, *_ in [*along[:epoch:4], along[epoch]]]
        return self.shades(along[epoch][0]) | {"walk": walk, "cost": [(i, along[i][1]) for i in range(0, self.last + 1, 4)]}

    def shades(self, at) -> dict:
        """For each level of the cost, the ends of its runs of cells, row by row from below."""
        edges = np.linspace(-6, 6, self.cells + 1)
        u, v = np.meshgrid(*[(edges[1:] + edges[:-1]) / 2] * 2)
        (x1, x2), y = XOR_X[:, :, None, None], XOR_Y[0, :, None, None]
        one, other = (np.tanh(w * x1 + at[f"w_1{j}2"] * x2 + at[f"b_1{j}"]) for j, w in ((1, u), (2, v)))
        z = at["w_211"] * one + at["w_212"] * other + at["b_21"]
        cost = (np.logaddexp(0, z) - y * z).mean(axis=0)
        runs = {f"level{i}": [] for i in range(len(self.levels) + 1)}
        for row, height in zip(np.searchsorted(self.levels, cost), v[:, 0]):
            for level, cells in itertools.groupby(range(self.cells), key=lambda i: row[i]):
                first, *_, last = [*cells] * 2
                runs[f"level{level}"] += [(edges[first], height), (edges[last + 1], height)]
        return runs

    def described(self, state) -> list:
        return [Brief(float(x)) for x in itertools.chain(*self.dots(state).values())]

    def spoken(self, state) -> Said:
        at, cost, answers = self.along(state)[state["epoch"]]
        return Said("Epoch ", tuple(map(Brief, (state["epoch"], cost, self.apart(at), *answers))))

    def pressed(self, state, action) -> dict:
        if action == "train":
            return {"epoch": self.last}
        if action == "twins":
            return {"inputs": self.twins}
        return {"inputs": self.starts[(self.starts.index(state["inputs"]) + 1) % 8 if state["inputs"] in self.starts else 0]}

    def tour(self, alive) -> None:
        alive.press("reset")
        for bind, key in (("inputs.w_121", "ArrowRight"), ("epoch", "Home"), ("epoch", "PageUp"), ("learning_rate", "ArrowLeft")):
            alive.slide(bind, key)
        for key in ("Enter", "Space") * 5:
            alive.press("draw", key)
        alive.press("twins")
        alive.press("train")  # at once, for the pages are opened with less motion
        alive.press("train", "Space")


# ------------------------------------------------------------ the explorers of the book


def rounded(f, u):
    """f(u) computed in float64, then in the precision of u."""
    return type(u)(f(float(u)))


def bump() -> DifferenceTwin:
    return DifferenceTwin(lambda u: rounded(math.exp, u * u), lambda x: 2 * x * math.exp(x * x))


def large_constant() -> DifferenceTwin:
    return DifferenceTwin(lambda u: 1000 + rounded(math.exp, u), math.exp)


def kink() -> DifferenceTwin:
    def f(u):
        return rounded(math.sin, 3 * u) + np.maximum(u - 0.71, 0)

    return DifferenceTwin(f, lambda x: 3 * math.cos(3 * x) + (x > 0.71), eps=0.02)


def convolution() -> Value:
    x = [Value(v, f"x{i}") for i, v in enumerate((1, 3, 2))]
    k = [Value(v, f"k{i}") for i, v in enumerate((2, -1))]
    z = [(k[0] * x[p] + k[1] * x[p + 1]).named(f"z{p}") for p in range(2)]
    return (z[0] * z[1]).named("f")


def two_rounds() -> Value:
    a, x = Value(1, "a"), Value(1, "x0")
    for k in range(1, 3):
        x = cos(a * x).named(f"x{k}")
    return x


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
    "../index.html": [OneWeightTwin()],
    "01-nudging-a-product.html": [ProductTwin(), HillTwin()],
    "02-why-not-nudge-every-weight.html": [bump()],
    "03-gates-and-circuits.html": [CircuitTwin(add_then_multiply, 2)],
    "04-chains.html": [CircuitTwin(tower, 3)],
    "05-many-paths.html": [CircuitTwin(two_ways, 2), three_paths()],
    "06-notation.html": [NamesTwin()],
    "07-one-weight-w212.html": [four_four_two("w_212")],
    "08-many-paths-w131.html": [four_four_two("w_131")],
    "10-output-layers.html": [OneLogitTwin()],
    "12-training.html": [four_four_two("w_212"), XorTwin()],
    "13-what-it-costs.html": [BillTwin()],
    "14-two-ways-to-differentiate-a-graph.html": [DerivativesTwin()],
    "15-when-gradients-go-wrong.html": [RecurrenceTwin(1.2)],
    "16-checking-gradients.html": [VCurveTwin(), large_constant(), kink()],
    "17-beyond-layers.html": [CircuitTwin(convolution, 2)],
    "18-beyond-networks.html": [CircuitTwin(two_rounds, 2)],
    "20-more-than-one-machine.html": [MachinesTwin()],
}
"""Every explorer of the book, in the order of its page, and how Python computes what it shows."""
