"""Errata, glossary and index: generated from data, complete, and computed."""

import itertools
import re
from collections import Counter

import pages
import pytest

from bpcourse.examples.errata import SLIPS

BOOK = pages.ROOT / "book"
CHAPTERS = [path for path in pages.CHAPTERS if path.name[0].isdigit()]
_, _WORDS = (BOOK / "glossary.md").read_text(encoding="utf-8").split(":::{glossary}")
GLOSSARY = re.findall(r"^(\S.*)\n  \S", _WORDS, re.M)


SOURCES = ["gupta2017", "rathi2018", "chhabra2017", "padhai"]


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.printed[:40])
def test_a_slip_is_one(slip):
    assert any(path.name.startswith(slip.chapter) for path in CHAPTERS)
    if slip.check is not None:
        printed, right = slip.check()
        assert abs(printed - right) > 5e-5


def test_the_exact_numbers_are_those_of_the_design():
    right = [f"{slip.check()[1]:.6g}" for slip in SLIPS if slip.source == "padhai" and slip.check]
    for number in ("0.770336", "0.176918", "-0.130377", "0.930377", "0.0971947", "0.00315936", "-0.184233", "6"):
        assert number in right


def test_what_the_printed_expressions_give():
    given = {f"{slip.check()[0]:.6g}" for slip in SLIPS if slip.check}
    assert {"0.00157968", "0.108651", "8.1", "-0.065", "-0.0651884", "-0.029", "-0.0064", "12.252", "-0.25", "2"} <= given


def test_every_slip_is_listed_source_by_source_and_chapter_by_chapter():
    counts = Counter(slip.source for slip in SLIPS)
    assert counts == {"gupta2017": 4, "rathi2018": 2, "chhabra2017": 4, "padhai": 23}
    assert [(slip.source, slip.chapter) for slip in SLIPS] == sorted(
        ((slip.source, slip.chapter) for slip in SLIPS), key=lambda place: (SOURCES.index(place[0]), place[1])
    )
    cited = re.findall(r"^\{cite\}`(\w+)`$", (BOOK / "errata.md").read_text(encoding="utf-8"), re.M)
    assert cited == SOURCES


def test_a_formula_is_quoted_with_its_sources_symbols():
    """The PadhAI notes have no upper indices and no z."""
    for slip in SLIPS:
        if slip.source == "padhai":
            assert not re.search(r"\bz_|\^2_|\^1_", slip.printed)


def linked(text: str) -> list[str]:
    return [name or word for word, name in re.findall(r"\{term\}`([^`<]*?)(?: <([^`>]*)>)?`", text)]


def test_the_glossary_is_in_order():
    assert len(GLOSSARY) >= 40
    assert sorted(GLOSSARY, key=str.lower) == GLOSSARY


@pytest.mark.parametrize("term", GLOSSARY)
def test_a_term_is_linked_once_from_the_chapter_that_first_uses_it(term):
    chapters = [path.name for path in CHAPTERS if term in linked(path.read_text(encoding="utf-8"))]
    assert len(chapters) == 1, chapters
    word = re.compile(rf"\b{re.escape(term)}s?\b", re.I)
    earlier = [path for path in CHAPTERS if path.name < chapters[0] and word.search(sentences(path))]
    assert [path.name for path in earlier] == [] or term in OTHER_SENSE


@pytest.mark.parametrize("term", GLOSSARY)
def test_in_its_chapter_the_link_stands_where_the_term_first_stands(term):
    (text,) = (text for path in CHAPTERS if term in linked(text := path.read_text(encoding="utf-8")))
    found = re.search(rf"\b{re.escape(term)}s?\b|\ue000", running(text, term), re.I)
    assert found and (found[0] == "\ue000" or term in OTHER_SENSE), found


OTHER_SENSE = {"unit", "cost"}  # chapter 1: "per unit of nudge"; chapter 2: "one run costs"


def running(text: str, term: str) -> str:
    """Running text with each link to a term as its words, and with one sign for the links to this one."""

    def words(link: re.Match) -> str:
        return "\ue000" if term in linked(link[0]) else link[1]

    return without_marks(re.sub(r"\{term\}`([^`<]*)[^`]*`", words, text))


def sentences(path) -> str:
    """A chapter's running text: no code, formulas, headings, captions, links or roles."""
    return without_marks(path.read_text(encoding="utf-8"))


def without_marks(text: str) -> str:
    text = re.sub(r"\A---\n.*?\n---\n|^`{3,}.*?^`{3,}|^:{3,}.*?^:{3,}|\$\$.*?\$\$", " ", text, flags=re.S | re.M)
    return re.sub(r"\{[a-z:]+\}`[^`]*`|`[^`]*`|\$[^$]*\$|^#.*$|\]\([^)]*\)", " ", text, flags=re.M)


def test_every_work_is_cited_and_every_citation_is_a_work():
    """What no page cites is not printed: the list holds cited works only."""
    works = re.findall(r"^@\w+\{(\w+),", (BOOK / "references.bib").read_text(encoding="utf-8"), re.M)
    texts = [path.read_text(encoding="utf-8") for path in (*pages.CHAPTERS, *pages.NOTEBOOKS)] + [slip.right for slip in SLIPS]
    cited = {key.strip() for text in texts for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text) for key in keys.split(",")}
    assert cited == set(works)


def test_a_printed_title_keeps_the_names_in_it():
    """The list prints titles of articles in small letters, but for what stands in braces."""
    titles = re.findall(
        r"@(?!book)\w+\{.*?^  title = \{(.*?)\},$", (BOOK / "references.bib").read_text(encoding="utf-8"), re.S | re.M
    )
    for title in titles:
        bare = re.sub(r"\{[^{}]*\}", " ", title)
        assert not NAMES.search(bare), title


NAMES = re.compile(
    r"PyTorch|Torch\b|torch\.|Matlab|Python|JAX|jax\.|TensorFlow|Autograd|autodidact:|micrograd:|ImageNet|Taylor|Hessian|Bayes\b|LSTM|RNN|SGD|DNN|Netzen"
)


# ------------------------------------------------------------------- accessibility

NUMBERS = """
1.1.1 1.2.1 1.2.2 1.2.3 1.2.4+ 1.2.5+ 1.3.1 1.3.2 1.3.3 1.3.4+ 1.3.5+ 1.4.1
1.4.2 1.4.3+ 1.4.4+ 1.4.5+ 1.4.10+ 1.4.11+ 1.4.12+ 1.4.13+
2.1.1 2.1.2 2.1.4 2.2.1 2.2.2 2.3.1 2.4.1 2.4.2 2.4.3 2.4.4 2.4.5+ 2.4.6+ 2.4.7+ 2.4.11+ 2.5.1 2.5.2 2.5.3 2.5.4 2.5.7+ 2.5.8+
3.1.1 3.1.2+ 3.2.1 3.2.2 3.2.3+ 3.2.4+ 3.2.6 3.3.1 3.3.2 3.3.3+ 3.3.4+ 3.3.7 3.3.8+ 4.1.2 4.1.3+
"""
CRITERIA = NUMBERS.split()
"""WCAG 2.2, levels A and AA (+)."""


def test_the_report_has_every_criterion_with_its_level_and_names_tests_that_are_there():
    page = (BOOK / "accessibility.md").read_text(encoding="utf-8")
    rows = re.findall(r'^    \("(\d\.\d\.\d+) [^"]*", "(A+)", (MET|PART|NONE),', page, re.M)
    assert [number + "+" * (level == "AA") for number, level, _ in rows] == CRITERIA
    written = "\n".join(path.read_text(encoding="utf-8") for path in (pages.ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", page))
    assert len(named) > 15 and named <= set(re.findall(r"^def (test_\w+)", written, re.M))
    # What is said to be met or met in part says how; what is not met is said.
    assert all("Not met" in page.partition(number)[2].partition('("')[0] for number, _, result in rows if result == "PART")


@pytest.mark.parametrize("path", pages.CHAPTERS, ids=lambda path: path.stem)
def test_every_column_of_a_table_has_a_heading(path):
    lines = re.sub(r"`[^`]*`|\$[^$]*\$", "x", path.read_text(encoding="utf-8")).splitlines()
    heads = [head for head, rule in itertools.pairwise(lines) if re.fullmatch(r"\|[-:| ]+\|", rule)]
    assert [head for head in heads if not all(cell.strip() for cell in head.strip("|").split("|"))] == []
