"""Every public name of the package says what it does, to which numbers, and in which chapter."""

import importlib
import inspect
import pkgutil
import re

import docstrings
import pages
import pytest

import bpcourse
from bpcourse.chain import Path

ROWS = ("practice.bank.", "practice.catalogue.")
"""Files of rows: exercises and mistakes, which the room reads for others."""
PLUGINS = ("classroom.with_",)
"""What only nbgrader and otter can load."""
MODULES = [info.name.removeprefix("bpcourse.") for info in pkgutil.walk_packages(bpcourse.__path__, "bpcourse.")]
MODULES = [module for module in MODULES if not module.startswith(ROWS + PLUGINS)]
SECTION = re.compile(r"automodule:: bpcourse\.([\w.]+)\n((?:   :.*\n)*)")
SHOWN = {match[1]: match[2] for match in SECTION.finditer((pages.ROOT / "book/api.md").read_text(encoding="utf-8"))}
PLACES = {path.stem[:2] for path in pages.CHAPTERS} | {"errata", "every", "in place"}
FORMULA = re.compile(r"[=·×/Σ∂→←≤≥√ᵀ−+^]|∘|[Tt]anh [zZ]")
SHAPE = re.compile(r"\([\w−]+, [\w, ]+\)|\(units,?\)|[Ss]hapes?\b|array|column|matri(x|ces)")
ERRORS = re.compile(r"Error|[Rr]aises as|[Ee]rrors as|Arguments and errors|Otherwise as `")
ASKS = re.compile(
    r"\braise \w+Error|\bchecks\.\w+\(|@asked\(|\b_checked_|checked_parameters|\blabels\(|\bexpect_\w+\(|\b_float64\("
)
COMPUTES = re.compile(r"gates|layers|numeric|network\.(?!questions)\w+|beyond\.(?!modes)\w+")


def own_names(module):
    """What a module defines for others: (name, object)."""
    found = importlib.import_module(f"bpcourse.{module}")
    for name, value in vars(found).items():
        if not name.startswith("_") and getattr(value, "__module__", None) == found.__name__ and callable(value):
            yield name, value


def public():
    """(module, object) for every entry of the reference."""
    for module in MODULES:
        if module != "checks" and not module.startswith("explore"):
            for name, value in own_names(module):
                yield pytest.param(module, value, id=f"{module}.{name}")
    explore = importlib.import_module("bpcourse.explore")
    for name in explore.__all__:
        yield pytest.param("explore", getattr(explore, name), id=f"explore.{name}")


PUBLIC = list(public())


def own(value):
    """The docstring and the source of a name; of a class, without its methods' docstrings."""
    return inspect.getdoc(value) or "", inspect.getsource(value)


def test_the_reference_shows_every_module_in_the_order_of_the_map():
    assert set(SHOWN) == {module for module in MODULES if module != "checks" and not module.startswith("explore.")}
    places = [bpcourse.__doc__.index(f"`{module}`") for module in SHOWN if "." not in module]
    assert places == sorted(places)


def test_the_reference_shows_each_name_once():
    """What a room only hands out is shown where it is defined; `explore` alone shows what it hands out."""
    shown = [module for module, options in SHOWN.items() if ":members:" in options]
    assert shown == [module for module in SHOWN if module == "explore" or any(own_names(module))]


def book(text):
    """What stands behind the docstring's `Book:`, or nothing."""
    found = re.search(r"Book: ([^\n]*)", text or "")
    return found and found[1]


@pytest.mark.parametrize("module, value", PUBLIC)
def test_a_docstring_begins_short_and_leads_to_its_chapter(module, value):
    text, _ = own(value)
    assert 0 < len(re.sub(r" Book: .*", "", text.splitlines()[0])) < 80, text
    place = book(text) or book(importlib.import_module(f"bpcourse.{module}").__doc__)
    assert place, "no line 'Book: chapter NN.', and none in the module"
    named = re.findall(r"\b\d\d\b|errata|every|in place", place)
    assert named and set(named) <= PLACES, place


@pytest.mark.parametrize("module, value", PUBLIC)
def test_what_asks_its_input_says_which_errors_it_raises(module, value):
    text, source = own(value)
    code = source.replace(inspect.getdoc(value) or "", "")
    if inspect.isfunction(value) and ASKS.search(code) and module != "network.questions":  # which does nothing else
        assert ERRORS.search(text), text


@pytest.mark.parametrize("module, value", [case for case in PUBLIC if COMPUTES.fullmatch(case.values[0])])
def test_what_computes_gives_its_formula_and_its_shapes(module, value):
    text, _ = own(value)
    if not inspect.isfunction(value) or value.__name__.startswith("expect_"):
        return
    assert FORMULA.search(text), text
    arrays = {"X", "Y", "Z", "A", "W", "K", "Q", "V", "P", "upstream", "parameters", "cache", "grads"}
    if arrays & set(inspect.signature(value).parameters):
        assert SHAPE.search(text), text


@pytest.mark.parametrize("text", ["Add.", "Adds a and b.\n\nBook: chapter 99."])
def test_a_poor_docstring_is_refused(text):
    def f():
        pass

    f.__doc__ = text
    with pytest.raises(AssertionError):
        test_a_docstring_begins_short_and_leads_to_its_chapter("explore", f)


@pytest.mark.parametrize(
    "name, text, chapters",
    [
        ("bpcourse.network.scalars.as_graph", "Says.", [6, 8]),
        ("bpcourse.network.scalars.as_graph", "Says. Book: chapter 05.", [5]),
        ("bpcourse.graph.Value.backward", "Says.", []),
    ],
)
def test_an_entry_leads_to_its_own_chapter_or_else_to_its_modules(name, text, chapters):
    lines = [text]
    docstrings.to_rst(None, "function", name, None, None, lines)
    assert [int(number) for number in re.findall(r":doc:`(\d+) <", "".join(lines))] == chapters


def test_what_python_says_of_a_named_tuples_fields_is_left_out():
    left_out = [name for name, value in vars(Path).items() if docstrings.without_fields(None, "", name, value, False, None)]
    assert left_out == list(Path._fields)
