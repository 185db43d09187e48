"""Chapter 1 in German: no English is left in it, its numbers are the English ones, and what stays English is said."""

import html
import json
import re
import subprocess
import sys
from collections import Counter

import pytest
from babel.messages.pofile import read_po
from books import ROOT

from bpcourse import language

CHAPTER = "01-nudging-a-product"
ENGLISH = re.compile(
    r"\b(?:the|and|of|is|are|with|from|your|to|not|what|how|which|choose|right|wrong|step|slope|gain|nudge|move)\b", re.I
)
HIDDEN = re.compile(r'<annotation.*?</annotation>|<pre.*?</pre>|<code.*?</code>|<div class="cell_output.*?</div>', re.S)


def build(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "tools" / "translation.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    out = tmp_path_factory.mktemp("de")
    run = build("de", str(out))
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout, out / "_build" / "html"


@pytest.fixture(scope="module")
def page(german):
    return (german[1] / "book" / f"{CHAPTER}.html").read_text(encoding="utf-8")


def article(text: str) -> str:
    return re.search(r"<article.*?</article>", text, re.S)[0]


def words(text: str) -> str:
    """What is read on a page, without code and what cells print."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", HIDDEN.sub(" ", text))).split())


def labels(text: str) -> list[str]:
    """What is heard of it."""
    found = re.findall(r'(?:aria-label|aria-valuetext|title|placeholder)="([^"]*)"', text)
    return [html.unescape(label) for label in found]


def test_no_english_is_left_in_the_chapter(page):
    assert '<html lang="de"' in page
    titles = r'<div class="beside source".*?</div>'  # of what is cited; they stay as they are
    told = words(re.sub(titles, "", article(page)).replace("<noscript>", "").replace("</noscript>", ""))
    assert "Drei Zeilen zum Behalten" in told and "Übung 1.4" in told and "Den zufälligen Schritt tun" in told
    assert {m[0] for m in ENGLISH.finditer(told)} == set()
    cited = "Jasdeep Singh Chhabra.", "Andrej Karpathy."
    heard = [label for label in labels(article(page)) if not label.startswith(cited)]
    assert [label for label in heard if ENGLISH.search(label)] == []


def test_no_english_sentence_is_left_in_what_its_scripts_say(german, page):
    scripts = [german[1] / "book" / name for name in re.findall(r'<script[^>]*src="([^"?]*)', page)]
    told = "\n".join(path.read_text(encoding="utf-8") for path in scripts if path.exists())
    assert "Du sagtest, {wrong}." in told and "Gib zwei Ziffern mehr." in told and "ist kopiert." in told
    with (ROOT / "book" / "locale" / "de" / "LC_MESSAGES" / "words.po").open("rb") as file:
        catalogue = read_po(file)
    english = [m.id for m in catalogue if m.id and m.id != m.string and len(m.id.split()) > 2]
    assert [text for text in english if json.dumps(text, ensure_ascii=False)[1:-1] in told] == []


def numbers(text: str) -> Counter:
    return Counter(re.findall(r"\d+(?:\.\d+)?", text))


def test_a_translated_sentence_has_the_numbers_of_the_english_one():
    """Decimal points are kept: a reader's calculator and Python have them."""
    paths = [*(ROOT / "book" / "locale").rglob("*.po")]
    pairs = [(m.id, m.string) for path in paths for m in read_po(path.open("rb")) if m.id]
    assert len(pairs) > 500
    assert [pair for pair in pairs if numbers(pair[0]) != numbers(pair[1])] == []


SHOWN = """
import json
from bpcourse import explore
from bpcourse.practice import chapter, page
boxes = [page.box(one, f"01.{k}") for k, one in enumerate(chapter(1), start=1)]
print(json.dumps([explore.Product()._html, explore.Hill()._html, *boxes]))
"""


def test_explorers_and_boxes_show_the_numbers_of_the_english_ones(german):
    def shown(**variables: str) -> list[str]:
        run = subprocess.run([sys.executable, "-c", SHOWN], capture_output=True, text=True, env=variables, cwd=ROOT, check=True)
        return json.loads(run.stdout)

    pairs = list(zip(shown(), shown(BPCOURSE_WORDS=str(german[1].parents[1] / "words.mo")), strict=True))
    assert len(pairs) == 12
    for english, told in pairs:
        assert english != told
        assert numbers(english) == numbers(told)


def test_what_stays_english_is_listed(german):
    told, _ = german
    assert "what cells print, code, and messages of errors" in told
    assert f"  notebooks/{CHAPTER}: " in told
    assert f"  book/{CHAPTER}: " not in told and "  words: " not in told


def test_a_language_that_is_not_there_is_named():
    run = build("tlh")
    assert (run.returncode, run.stdout) == (
        2,
        "LANGUAGE: expected one of de, got 'tlh'; an empty book/locale/tlh/LC_MESSAGES/words.po begins another.\n",
    )


def test_english_costs_nothing_and_what_a_catalogue_lacks_is_noted(tmp_path):
    text = "Right."
    assert language.tr(text) is text and language.tr("") == ""
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo

    catalogue = Catalog(locale="de")
    catalogue.add("Right.", "Richtig.")
    catalogue.add("gain", "Gewinn")
    with (tmp_path / "words.mo").open("wb") as file:
        write_mo(file, catalogue)
    code = (
        "from bpcourse.language import tr, tr_script, tr_tex\n"
        "tr('Wrong.'), tr('Wrong.'), tr('a = b')\n"
        r"print(tr('Right.'), tr('Wrong.'), repr(tr('')), tr_tex('\\text{gain}_1'))"
        '\nprint(tr_script(\'say(tr("Right."), attr("Right."))\'))'
    )
    variables = {"BPCOURSE_WORDS": str(tmp_path / "words.mo"), "BPCOURSE_MISSED": str(tmp_path / "missed")}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=variables, cwd=ROOT, check=True)
    assert run.stdout == 'Richtig. Wrong. \'\' \\text{Gewinn}_1\nsay("Richtig.", attr("Right."))\n'
    assert (tmp_path / "missed").read_text(encoding="utf-8") == '["words", "Wrong."]\n'
