"""The book's sentences against what its code computes."""

import importlib
import re
from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import pages
import pytest

from bpcourse import examples


@pytest.fixture(scope="module")
def chapters():
    return pages.executed_chapters()


def page(prose: str, output: str):
    code = {"cell_type": "code", "metadata": {}, "source": "", "outputs": [{"output_type": "stream", "text": output}]}
    return pages.nbformat.from_dict({"cells": [{"cell_type": "markdown", "metadata": {}, "source": prose}, code], "metadata": {}})


def numbers_in(data: object) -> Iterator[Decimal]:
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, np.ndarray):
        data = data.ravel().tolist()
    if isinstance(data, float | int):
        yield Decimal(repr(data))
    elif isinstance(data, list | tuple) and not isinstance(data, str):
        for entry in data:
            yield from numbers_in(entry)


RUNNING_EXAMPLE = pages.sizes(page("The 4-4-2 network", ""))


def example_data() -> set[Decimal]:
    inputs = [getattr(examples, name) for name in dir(examples) if name.isupper()]
    printed = [line.printed for line in examples.source_003()]
    return {number for data in [*inputs, printed] for number in numbers_in(data)}


def missing(notebook) -> list[str]:
    """The numbers in the prose that nothing on the page has computed. Inputs may be round; what is counted may be known."""
    results = pages.printed(notebook) | example_data()
    known = results | pages.in_code(notebook) | pages.sums(notebook) | pages.sizes(notebook) | RUNNING_EXAMPLE
    decimals = [n for n in pages.written(notebook) if not pages.is_among(n, known if digits(n) < 3 else results)]
    return decimals + [n for n in pages.counted(notebook) if not pages.is_about(n, known)]


def digits(number: str) -> int:
    return len(number.partition("e")[0].lstrip("-0.").replace(".", ""))


def test_every_number_in_a_chapter_is_computed_on_its_page(chapters):
    unknown = {name: missing(notebook) for name, notebook in chapters.items()}
    assert {name: numbers for name, numbers in unknown.items() if numbers} == {}


@pytest.mark.parametrize("path", pages.NOTEBOOKS, ids=lambda path: path.stem)
def test_every_number_in_a_notebook_is_printed_by_it(path):
    assert missing(pages.read(path)) == []


def test_the_chapters_hold_numbers_at_all(chapters):
    assert sum(len(pages.written(notebook)) for notebook in chapters.values()) > 80


@pytest.mark.parametrize("path", [*pages.CHAPTERS, *pages.NOTEBOOKS], ids=lambda path: path.name)
def test_names_of_the_package_in_the_text_exist(path):
    for name in re.findall(r"`bpcourse\.([\w.]+)", pages.prose(pages.read(path))):
        module, *attributes = name.rstrip(".").split(".")
        thing = importlib.import_module(f"bpcourse.{module}")
        for attribute in attributes:
            thing = getattr(thing, attribute)


PRINTED = "-0.13037671 12.252409 N 43 688.37 0.0064 x=-20"
RIGHT = [
    "it is $-0.130377$, or −0.1304 or -0.13",
    "12.252409, that is 12.25",
    "it is $6.4 \\times 10^{-3}$",
    "$N = 43$, from $-20$, and $43 + 43 = 86$",
    "about 690, and more than 680",
    "chapter 15, chapters 5 and 16, source 003, $w^2_{12}$, $w_{212}$, $10^{-16}$, `range(99)`, two, 3, $\\tfrac1{64}$",
    "a 3-5-4-2 network has 43 weights and 11 biases, the 4-4-2 network 24",
]
WRONG = [
    "it is 0.130377",
    "it is $0.13$",
    "it is $-12.25$",
    "it is -0.130378",
    "it is $-0.1305$",
    "it is -0.13037600",
    "it is -1.30377",
    "12.251",
    "it is $6.4 \\times 10^{-4}$",
    "$N = 44$",
    "from $20$ on",
    "it is 690",
    "about 710",
    "more than 690",
    "$43 + 43 = 87$",
    "a 3-5-4-2 network has 42 weights",
    "1,200 images",
]


@pytest.mark.parametrize("prose", RIGHT)
def test_the_reader_accepts_computed_numbers(prose):
    assert missing(page(prose, PRINTED)) == []


@pytest.mark.parametrize("prose", WRONG)
def test_the_reader_refuses_other_numbers(prose):
    assert len(missing(page(prose, PRINTED))) == 1


def test_the_taste_in_the_readme_runs_and_prints_what_it_says(capsys):
    code = "\n".join(re.findall(r"```python\n(.*?)```", (pages.ROOT / "README.md").read_text(encoding="utf-8"), re.S))
    exec(code, {})
    (said,) = re.findall(r"print.*# (.*)", code)
    assert capsys.readouterr().out.strip() == said


def test_the_readme_leaves_out_the_tests_that_make_test_leaves_out():
    readme, makefile = ((pages.ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "Makefile"))
    own = re.search(r"^OWN_TARGET := (.*)", makefile, re.M)[1].split()
    assert re.findall(r"--ignore=tests/(\w+)", readme) == own
