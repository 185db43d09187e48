"""What is left out means the same in every room: a network of relu, softmax and cross-entropy."""

import inspect

import pytest
from test_docstrings import MODULES, own_names

from bpcourse import network

SAME = {name: inspect.signature(network.train).parameters[name].default for name in ("hidden", "output", "loss")}

OTHERWISE = {
    "examples.worked.padhai": "its network is given, and so is the loss of its notes",
    "examples.worked.four_four_two": "its network is given, and so is the loss of chapter 7",
    "explore.network.Network": "None: without parameters it is that network too; with them, as all",
    "explore.one_logit.OneLogit": "no network: one logit is one sigmoid",
    "classroom.grading.grade": "`hidden` are hidden tests",
    "classroom.grading.grade_notebook": "`hidden` are hidden tests",
    "classroom.apart.run": "`hidden` are hidden tests",
}
"""Whose defaults are their own: by name, with the reason."""


def defaults():
    """By name, what every public function, class and method takes where hidden, output or loss are left out."""
    for module in MODULES:
        for name, value in own_names(module):
            methods = vars(value).items() if inspect.isclass(value) else ()
            for path, of in [(name, value), *((f"{name}.{method}", of) for method, of in methods if method[0] != "_")]:
                if callable(of):
                    given = inspect.signature(of).parameters
                    yield f"{module}.{path}", {key: given[key].default for key in SAME.keys() & given.keys()}


DEFAULTS = {
    name: found for name, of in defaults() if (found := {key: x for key, x in of.items() if x is not inspect.Parameter.empty})
}


def test_signatures_are_found_and_exceptions_are_some():
    assert {"network.scalars.as_graph", "pictures.network.network", "practice.worked.of_network"} <= DEFAULTS.keys()
    assert [name for name in OTHERWISE if DEFAULTS[name].items() <= SAME.items()] == []


@pytest.mark.parametrize("name", sorted(DEFAULTS.keys() - OTHERWISE.keys()))
def test_a_network_is_the_same_by_default_wherever_it_is_asked_for(name):
    assert DEFAULTS[name].items() <= SAME.items()
