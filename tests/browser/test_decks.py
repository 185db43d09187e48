"""Slides say what chapters say: after a text has changed, their pointers still lead to one place each."""

import sys

import pytest
import yaml
from conftest import HTML

TOOLS = HTML.parents[1] / "tools"
sys.path[1:1] = [str(TOOLS / "slides"), str(TOOLS / "editions")]
import deck  # noqa: E402

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("chapter", sorted(HTML.glob("book/[0-9]*.html")), ids=lambda path: path.stem[:2])
def test_a_deck_points_at_what_its_chapter_says(chapter):
    pointers = yaml.safe_load((deck.HERE / "decks" / f"{chapter.stem[:2]}.yml").read_text(encoding="utf-8"))
    assert len(deck.Chapter(chapter).slides(pointers)) == len(pointers) + 3
