"""Errata, glossary and index: generated from data, complete, and computed."""

import re

import pages
import pytest

from bpcourse.examples.errata import SLIPS

BOOK = pages.ROOT / "book"
CHAPTERS = [path for path in pages.CHAPTERS if path.name[0].isdigit()]
GLOSSARY = re.findall(r"^(\S.*)\n  \S", (BOOK / "glossary.md").read_text(encoding="utf-8"), re.M)


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.printed[:40])
def test_a_slip_is_one(slip):
    printed, right = slip.check()
    assert abs(printed - right) > 1e-4
    assert any(path.name.startswith(slip.chapter) for path in CHAPTERS)


def test_the_exact_numbers_are_those_of_the_design():
    right = [f"{slip.check()[1]:.6g}" for slip in SLIPS if slip.source == "003"]
    for number in ("0.770336", "0.176918", "-0.130377", "0.930377", "0.0971947", "0.00315936"):
        assert number in right


def test_what_the_printed_expressions_give():
    given = {f"{slip.check()[0]:.6g}" for slip in SLIPS}
    assert {"0.00157968", "0.108651", "8.1", "-0.065", "-0.029", "-0.0064", "12.252"} <= given


def test_every_slip_of_the_table_of_source_003_is_listed():
    assert len(SLIPS) == 22
    assert [slip.source for slip in SLIPS] == sorted(slip.source for slip in SLIPS)


def linked(text: str) -> list[str]:
    return [name or word for word, name in re.findall(r"\{term\}`([^`<]*?)(?: <([^`>]*)>)?`", text)]


def test_the_glossary_is_in_order():
    assert len(GLOSSARY) >= 40
    assert sorted(GLOSSARY, key=str.lower) == GLOSSARY


@pytest.mark.parametrize("term", GLOSSARY)
def test_a_term_is_linked_once_from_the_chapter_that_first_uses_it(term):
    chapters = [path.name for path in CHAPTERS if term in linked(path.read_text(encoding="utf-8"))]
    assert len(chapters) == 1, chapters
    word = re.compile(rf"\b{re.escape(term)}\b", re.I)
    earlier = [path for path in CHAPTERS if path.name < chapters[0] and word.search(sentences(path))]
    assert [path.name for path in earlier] == [] or term in OTHER_SENSE


OTHER_SENSE = {"unit"}  # chapter 1: "per unit of nudge"


def sentences(path) -> str:
    """A chapter's running text: no code, formulas, headings, captions, links or roles."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\A---\n.*?\n---\n|^`{3,}.*?^`{3,}|^:{3,}.*?^:{3,}|\$\$.*?\$\$", " ", text, flags=re.S | re.M)
    return re.sub(r"\{[a-z:]+\}`[^`]*`|`[^`]*`|\$[^$]*\$|^#.*$|\]\([^)]*\)", " ", text, flags=re.M)
