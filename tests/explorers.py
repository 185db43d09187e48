"""One explorer of each kind, light to import: another process makes them, too."""

from bpcourse import examples, graph
from bpcourse.explore import (
    Bill,
    Circuit,
    Derivatives,
    DifferenceStep,
    Hill,
    Machines,
    Names,
    Network,
    OneLogit,
    OneWeight,
    Product,
    VCurve,
    Xor,
)
from bpcourse.graph import Value


def neuron():
    return Circuit(examples.sigmoid_neuron())


def logarithm():
    return Circuit((graph.log(Value(2, "x")) * Value(3, "y")).named("f"))


def three_paths(loss="squared_error"):
    return Network(examples.THREE_PATHS, [1, 2], [1], weight="w_121", hidden="sigmoid", output="sigmoid", losses=[loss])


EXPLORERS = {
    "product": Product,
    "hill": Hill,
    "one weight": OneWeight,
    "difference step": DifferenceStep,
    "circuit": lambda: Circuit(examples.add_then_multiply(), ranges={"x": (-6, 6)}),
    "circuit of a neuron": neuron,
    "network": lambda: Network(weight="w_212"),
    "network with three paths": three_paths,
    "bill": Bill,
    "machines": Machines,
    "derivatives": Derivatives,
    "v-curve": VCurve,
    "names": Names,
    "one logit": OneLogit,
    "xor": Xor,
}
