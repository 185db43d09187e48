"""The cover on a phone and on a laptop, what stands above a chapter, and what every page says of itself."""

import re
from html import unescape

import pytest
from conftest import HTML, served
from playwright.sync_api import expect
from test_pages import opened

pytestmark = pytest.mark.browser

SCREENS = [(390, 844), (1280, 800)]
IN_VIEW = """([selector, text]) => [...document.querySelectorAll(selector)]
  .filter((e) => e.textContent.includes(text)).map((e) => {
  const { left, top, right, bottom } = e.getBoundingClientRect();
  return left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
})"""
WAYS = {"I am new": "01-nudging-a-product.html", "I know calculus": "07-one-weight-w212.html", "I teach": "teachers.html"}
WRITTEN = [path for path in sorted(HTML.rglob("*.html")) if 'http-equiv="refresh"' not in path.read_text(encoding="utf-8")]


@pytest.fixture(params=SCREENS, ids=lambda size: f"{size[0]} × {size[1]}")
def cover(browser, request):
    tab, troubles = opened(browser, "index.html", request.param[0])
    tab.set_viewport_size(dict(zip(("width", "height"), request.param, strict=True)))
    yield tab
    tab.context.close()
    assert troubles == []


def test_one_screen_says_what_the_book_is_and_lets_it_be_nudged(cover):
    for selector, text in [
        ("h1", "Backpropagation"),
        ("h1 + p", "network"),
        (".bp-explorer svg.bp", ""),
        (".bp-slider", "nudge"),
    ]:
        assert cover.evaluate(IN_VIEW, [selector, text]) == [True], selector
    assert cover.locator(".bp-predict").count() == 0


def test_one_move_shows_what_the_gradient_foretold(cover):
    def number(key: str) -> str:
        return cover.locator(f".bp-explorer svg [data-n={key}]").text_content().strip()

    before = number("loss"), number("foretold"), number("change")
    slider = cover.get_by_role("slider", name="nudge")
    box = slider.bounding_box()
    cover.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    eps = float(slider.input_value())
    assert 0.3 < eps <= 0.5
    assert number("foretold") == f"{-12 * eps:.2f}".replace("-", "−")
    assert (number("loss"), number("foretold"), number("change")) != before
    lengths = [
        abs(float(re.search("h(.*)", cover.locator(f"[data-line={key}]").get_attribute("d"))[1]))
        for key in ("foretold", "change")
    ]
    assert lengths[0] > lengths[1] > 0, "the loss bends away from its tangent"


def test_three_readers_find_a_way_in(cover):
    for words, page in WAYS.items():
        link = cover.get_by_role("link", name=words, exact=True)
        height = link.evaluate("e => e.closest('li').getBoundingClientRect().height")
        assert height >= 44
        link.click()
        expect(cover).to_have_url(re.compile(rf"/{page}$"))
        expect(cover.locator("h1")).to_have_count(1)
        cover.go_back()


def test_on_a_phone_the_first_way_in_can_be_seen_without_scrolling(browser):
    tab, _ = opened(browser, "index.html", 390)
    tab.set_viewport_size({"width": 390, "height": 844})
    assert tab.evaluate("document.querySelector('.ways').getBoundingClientRect().top") < 844
    tab.context.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_cover_and_a_chapter_s_head_fit(browser, width, theme):
    for page in "index.html", "book/18-beyond-networks.html":
        tab, _ = opened(browser, page, width, theme)
        try:
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
        finally:
            tab.context.close()


def test_a_chapter_says_its_place_above_its_title(browser):
    tab, _ = opened(browser, "book/10-output-layers.html", 1280)
    try:
        place, title = (tab.locator(selector).bounding_box() for selector in (".place", "h1"))
        assert place["y"] + place["height"] <= title["y"] and place["height"] < 120
        words = tab.locator(".place").inner_text()
        assert "chapter 10 of 20" in words and re.search(r"\d+ minutes to read, \d+ for \d+ exercises", words)
        tab.locator(".place").get_by_role("link", name="9", exact=True).click()
        expect(tab).to_have_url(re.compile("/09-the-four-equations.html$"))
        tab.go_back()
        tab.get_by_role("link", name="Notebook of this chapter").click()
        expect(tab).to_have_url(re.compile("/notebooks/10-output-layers.html$"))
        tab.locator(".place").get_by_role("link").click()
        expect(tab).to_have_url(re.compile("/book/10-output-layers.html$"))
    finally:
        tab.context.close()


def test_old_addresses_lead_to_the_cover(browser):
    with served("no-store") as address:
        context = browser.new_context()
        tab = context.new_page()
        for old in "/", "/intro.html", "/book/index.html":
            tab.goto(address + old)
            tab.wait_for_url(re.compile(r"/(index\.html)?$"))
            tab.get_by_role("slider", name="nudge").wait_for()
        context.close()


def test_every_page_has_a_title_and_a_sentence_of_its_own():
    texts = {path: path.read_text(encoding="utf-8") for path in WRITTEN}
    assert len(texts) >= 45
    titles = [
        re.findall("<title>(.*?)</title>", text.partition("</head>")[0]) for text in texts.values()
    ]  # a picture has its own
    told = {path: re.findall('<meta name="description" content="([^"]*)">', text) for path, text in texts.items()}
    assert all(len(found) == 1 for found in [*titles, *told.values()])
    sentences = [unescape(found[0]) for found in told.values()]
    assert len({found[0] for found in titles}) == len(set(sentences)) == len(texts)
    for sentence in sentences:
        assert 40 <= len(sentence) <= 160 and not re.search(r"[\\${}_^]|\bnan\b", sentence.replace("w_212", "")), sentence
        assert sentence[-1] in ".?", sentence
