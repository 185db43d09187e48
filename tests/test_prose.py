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


def numbers_in(data: object) -> Iterator[Decimal]:
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, np.ndarray):
        data = data.ravel().tolist()
    if isinstance(data, float | int):
        yield Decimal(repr(abs(data)))
    elif isinstance(data, list | tuple) and not isinstance(data, str):
        for entry in data:
            yield from numbers_in(entry)


def example_data() -> set[Decimal]:
    inputs = [getattr(examples, name) for name in dir(examples) if name.isupper()]
    printed = [line.printed for line in examples.source_003()]
    return {number for data in [*inputs, printed] for number in numbers_in(data)}


def missing(notebook) -> list[str]:
    known = pages.printed(notebook) | example_data()
    return [number for number in pages.written(notebook) if not pages.is_among(number, known)]


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


def page(prose: str, output: str):
    code = {"cell_type": "code", "metadata": {}, "source": "", "outputs": [{"output_type": "stream", "text": output}]}
    return pages.nbformat.from_dict({"cells": [{"cell_type": "markdown", "metadata": {}, "source": prose}, code], "metadata": {}})


@pytest.mark.parametrize("prose", ["it is 0.130377", "it is $-0.1304$", "and 12.252409, that is 12.25"])
def test_the_reader_accepts_computed_numbers(prose):
    assert missing(page(prose, "-0.13037671 12.252409")) == []


@pytest.mark.parametrize("prose", ["it is 0.130378", "it is $0.1305$", "it is 0.13037600", "it is 1.30377", "12.251"])
def test_the_reader_refuses_other_numbers(prose):
    assert len(missing(page(prose, "-0.13037671 12.252409"))) == 1


def test_the_taste_in_the_readme_runs_and_prints_what_it_says(capsys):
    code = "\n".join(re.findall(r"```python\n(.*?)```", (pages.ROOT / "README.md").read_text(encoding="utf-8"), re.S))
    exec(code, {})
    (said,) = re.findall(r"print.*# (.*)", code)
    assert capsys.readouterr().out.strip() == said
