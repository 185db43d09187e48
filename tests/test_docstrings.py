"""Every public name of the package says what it does, to which numbers, and in which chapter."""

import importlib
import inspect
import pkgutil
import re

import pages
import pytest

import bpcourse

SHOWN = {match[1] for match in re.finditer(r"automodule:: bpcourse\.(\w+)", (pages.ROOT / "book/api.md").read_text())}
PLACES = {path.stem[:2] for path in pages.CHAPTERS} | {"errata", "every"}
FORMULA = re.compile(r"[=·×/Σ∂→←≤≥√ᵀ−+^]|∘")
SHAPE = re.compile(r"\([\w−]+, [\w, ]+\)|\(units,?\)|shapes?\b|array|column|matri(x|ces)")
ERRORS = re.compile(r"Error|[Rr]aises as|[Ee]rrors as|Arguments and errors")
ASKS = re.compile(r"\braise \w+Error|\bchecks\.\w+\(|\b_checked_|checked_parameters|\b_labels\(|\bexpect_value\(|\b_float64\(")
NUMERICAL = {"gates", "layers", "network", "numeric", "structures", "remedies", "recurrent", "costs"}


def public():
    """(module, name, object) of what a module defines for others."""
    for info in pkgutil.iter_modules(bpcourse.__path__):
        if info.name in {"checks", "explore"}:
            continue
        module = importlib.import_module(f"bpcourse.{info.name}")
        for name, value in vars(module).items():
            if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__ and callable(value):
                yield pytest.param(info.name, value, id=f"{info.name}.{name}")
    explore = importlib.import_module("bpcourse.explore")
    for name in explore.__all__:
        yield pytest.param("explore", getattr(explore, name), id=f"explore.{name}")


PUBLIC = list(public())


def own(value):
    """The docstring and the source of a name; of a class, without its methods' docstrings."""
    return inspect.getdoc(value) or "", inspect.getsource(value)


def test_the_reference_shows_every_module():
    modules = {info.name for info in pkgutil.iter_modules(bpcourse.__path__)} - {"checks"}
    assert modules == SHOWN


@pytest.mark.parametrize("module, value", PUBLIC)
def test_a_docstring_begins_short_and_leads_to_its_chapter(module, value):
    text, _ = own(value)
    assert 0 < len(text.splitlines()[0]) <= 90, text
    places = re.search(r"Book: ([^\n]*)", text)
    assert places, "no line 'Book: chapter NN.'"
    named = re.findall(r"\b\d\d\b|errata|every", places[1])
    assert named and set(named) <= PLACES, places[1]


@pytest.mark.parametrize("module, value", PUBLIC)
def test_what_asks_its_input_says_which_errors_it_raises(module, value):
    text, source = own(value)
    code = source.replace(inspect.getdoc(value) or "", "")
    if inspect.isfunction(value) and ASKS.search(code):
        assert ERRORS.search(text), text


@pytest.mark.parametrize("module, value", [case for case in PUBLIC if case.values[0] in NUMERICAL])
def test_what_computes_gives_its_formula_and_its_shapes(module, value):
    text, _ = own(value)
    if not inspect.isfunction(value):
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
        test_a_docstring_begins_short_and_leads_to_its_chapter("gates", f)
