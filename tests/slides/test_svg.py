"""The SVG files: all figures and equations of the book, and nothing in them that another program could show in another way."""

import re

import pytest
from conftest import SVG
from lxml import etree, html
from still import HTML

PAGES = [
    html.parse(path, html.HTMLParser(encoding="utf-8")).find(".//article")
    for path in HTML.glob("book/*.html")
    if path.stem != "index"
]
FILES = sorted(SVG.glob("*/*.svg"))


def test_there_is_a_file_for_every_figure_and_every_equation():
    # None that answers an exercise.
    picture = ".//svg[contains(concat(' ', @class, ' '), ' bp ')][not(ancestor::form[@novalidate])]"
    drawn = sum(len(page.xpath(picture)) for page in PAGES)
    set_ = sum(len(page.xpath(".//div[@class='math']")) for page in PAGES)
    assert drawn > 100 and len([*SVG.glob("figures/*.svg")]) == drawn
    assert set_ > 100 and len([*SVG.glob("equations/*.svg")]) == set_


@pytest.mark.parametrize("folder", ["figures", "equations"])
def test_a_file_needs_nothing_but_itself(folder):
    for path in SVG.glob(f"{folder}/*.svg"):
        tree = etree.parse(path)
        for el in tree.iter("*"):
            assert etree.QName(el).localname not in ("text", "tspan", "style", "script", "foreignObject", "a"), path.name
            for name, value in el.attrib.items():
                assert not re.search(r"var\(|color\(|currentColor|NaN", value) and name not in ("style", "onclick"), (
                    path.name,
                    name,
                    value,
                )
                if name.endswith("href"):
                    assert value.startswith(("#", "data:")), (path.name, value)
        assert tree.getroot().get("viewBox") and tree.getroot().find("{*}title").text, path.name


def test_names_are_readable_and_the_list_shows_all():
    assert all(re.fullmatch(r"[\w-]+\.svg", path.name) for path in FILES)
    assert (SVG / "figures" / "07-w212.svg").exists() and (SVG / "equations" / "09-bp1.svg").exists()
    shown = html.parse(SVG / "index.html").xpath("//img/@src")
    assert sorted(shown) == [path.relative_to(SVG).as_posix() for path in FILES]


def test_every_letter_of_a_figure_is_drawn():
    """As many outlines with a name's letters as its picture in the page has: an exponent, an accent are none too few."""
    page = html.parse(next(HTML.glob("book/12-*.html")), html.HTMLParser(encoding="utf-8"))
    texts = page.xpath("//figure[@id='fig-rates']//*[local-name()='svg']//*[local-name()='text']")
    letters = sum(len("".join("".join(text.itertext()).split())) for text in texts)
    tree = etree.parse(SVG / "figures" / "12-rates.svg")
    outlines = [el.get("d") for el in tree.iter("{*}path") if el.get("stroke") is None]
    assert letters > 50 and sum(d.count("Z") for d in outlines) >= letters
