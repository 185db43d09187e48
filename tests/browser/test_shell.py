"""What surrounds a page: the list of chapters, light and dark, copies of code, links into folds, the width of a line."""

import pytest
from playwright.sync_api import expect
from test_pages import PAGES, opened

pytestmark = pytest.mark.browser

CHAPTER = "book/07-one-weight-w212.html"


@pytest.fixture
def at(browser):
    """Opens a page; at the end nothing has gone wrong on it."""
    tabs = []

    def open_at(page: str, width: int, theme: str = "light"):
        tabs.append(opened(browser, page, width, theme))
        return tabs[-1][0]

    yield open_at
    for tab, troubles in tabs:
        tab.context.close()
        assert troubles == []


def test_on_a_phone_the_chapters_are_a_sheet(at):
    """Opened by a key, left by Escape; the page behind it is out of reach, and the focus comes back to the button."""
    tab = at(CHAPTER, 390)
    chapters, button = tab.locator("nav.chapters"), tab.get_by_role("button", name="Chapters")
    assert not chapters.is_visible()
    button.focus()
    tab.keyboard.press("Enter")
    expect(chapters).to_be_visible()
    expect(chapters.locator("[aria-current=page]")).to_be_in_viewport()
    assert tab.evaluate("document.querySelector('main').inert && document.querySelector('body > footer').inert")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.closest('nav.chapters') !== null")
    tab.keyboard.press("Escape")
    expect(chapters).to_be_hidden()
    assert tab.evaluate("document.activeElement.textContent.trim()") == "Chapters"
    assert not tab.evaluate("document.querySelector('main').inert")


@pytest.mark.parametrize("width", [1000, 1280, 1920])
def test_where_there_is_room_the_chapters_stand_beside_the_text(at, width):
    tab = at(CHAPTER, width)
    chapters, text = tab.locator("nav.chapters").bounding_box(), tab.locator("article > section > p").first.bounding_box()
    assert chapters["x"] + chapters["width"] <= text["x"]
    expect(tab.locator("nav.chapters [aria-current=page]").first).to_be_in_viewport()
    assert tab.locator("nav.chapters [aria-current=page]").inner_text().split() == ["7", "One", "weight:", "w212"]
    assert not tab.get_by_role("button", name="Chapters").is_visible()


# Links of which a part begins in a line above the one where the part before it ended.
IN_COLUMNS = """() => [...document.querySelectorAll(".here a")].filter((link) => {
  const parts = [...link.childNodes].map((part) => {
    const range = document.createRange();
    range.selectNodeContents(part);
    return [...range.getClientRects()].filter(({ width }) => width > 1);
  }).filter((rects) => rects.length);
  return parts.slice(1).some(([first], i) => first.top < parts[i].at(-1).top - 15);
}).map((link) => link.textContent)"""


def test_a_section_named_by_a_formula_stands_in_the_list_as_one_text(at):
    tab = at("book/04-chains.html", 1280)
    assert tab.locator(".here a .katex").count() > 1
    assert tab.evaluate(IN_COLUMNS) == []


def test_the_section_that_is_read_is_marked(at):
    tab = at(CHAPTER, 1280)
    tab.evaluate("document.getElementById('the-judge').scrollIntoView()")
    expect(tab.locator("nav.here [aria-current]")).to_have_text("7.4. The judge")


def test_pages_beside_this_one_are_named(at):
    tab = at(CHAPTER, 1280)
    assert "Notebook: naming things in a network" in tab.locator("nav.turn [rel=prev]").inner_text()
    assert "Notebook: one weight, w212" in tab.locator("nav.turn [rel=next]").inner_text()


def test_light_and_dark_are_chosen_and_kept(at):
    tab = at(CHAPTER, 1280)
    button = tab.locator("button.theme")
    assert button.get_attribute("aria-pressed") == "false"
    button.press("Enter")
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark" and button.get_attribute("aria-pressed") == "true"
    ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.reload()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == ground != "rgb(255, 255, 255)"


def test_code_is_copied_and_it_is_said(at):
    tab = at(CHAPTER, 1280)
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    block = tab.locator(".cell_input .highlight").first
    code = block.locator("pre").text_content()
    block.get_by_role("button", name="Copy the code").press("Enter")
    expect(tab.locator("#said")).to_have_text("The code is copied.")
    assert tab.evaluate("navigator.clipboard.readText()") == code
    assert tab.locator(".cell_output .highlight button").count() == 0


def test_a_link_into_a_fold_opens_it(at):
    tab = at(CHAPTER, 1280)
    solution = tab.locator("#sol-07-2")
    assert not solution.evaluate("e => e.open")
    tab.evaluate("location.hash = '#sol-07-2'")
    expect(solution).to_have_attribute("open", "")
    tab.evaluate("document.querySelector('#sol-07-2').open = false")
    tab.locator('[data-exercise="07.2"] a[href="#sol-07-2"]').click()
    expect(solution).to_have_attribute("open", "")


# All that a page says without a formula as one paragraph in the place of its first: how many characters a line has.
LINE = """() => {
  const all = [...document.querySelectorAll("article > section > p, article > section > section > p")], [first] = all;
  first.textContent = all.filter((p) => !p.querySelector(".math, code")).map((p) => p.textContent).join(" ");
  return first.textContent.length / (Math.round(first.offsetHeight / parseFloat(getComputedStyle(first).lineHeight)) - 0.5);
}"""


@pytest.mark.parametrize("width", [768, 1000, 1280, 1440, 1920])
def test_a_line_of_text_has_65_to_75_characters(at, width):
    assert 65 <= at("book/15-when-gradients-go-wrong.html", width).evaluate(LINE) <= 75


SEEN = """e => {
  e.scrollIntoView({ block: "center", behavior: "instant" });
  const { x, y, width, height } = e.getBoundingClientRect();
  return e.contains(document.elementFromPoint(x + width / 2, y + height / 2));
}"""


@pytest.mark.parametrize("width", [1200, 1280, 1920])
def test_a_caption_stands_in_the_margin_beside_its_picture(at, width):
    tab = at("book/03-gates-and-circuits.html", width)
    # As for a reader: sections are laid out when they come near.
    tab.evaluate("document.documentElement.classList.remove('whole')")
    figure = tab.locator("article figure:not(:has(.bp-explorer))").first
    picture, caption = figure.locator(".bp-picture").bounding_box(), figure.locator("figcaption").bounding_box()
    assert picture["x"] + picture["width"] <= caption["x"] and caption["x"] + caption["width"] <= width
    assert caption["width"] >= 220
    assert figure.locator("figcaption p").evaluate(SEEN), "and no section cuts it off"


def test_paper_has_no_controls_and_no_navigation(at):
    tab = at(CHAPTER, 1280)
    tab.emulate_media(media="print")
    for selector in ("header.top", "nav.chapters", "nav.turn", "button", "input[type=range]", "details.solution", "a.skip"):
        expect(tab.locator(f"{selector}:visible"), selector).to_have_count(0)
    assert "http" in tab.evaluate(
        "getComputedStyle(document.querySelector('a.external') ?? document.body, '::after').content"
    ) or (tab.locator("a.external").count() == 0)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_its_surroundings(at, page):
    tab = at(page, 1280)
    for selector in ("header.top", "nav.chapters", "main#main > article h1", "body > footer", "form.search"):
        assert tab.locator(selector).count() == 1, selector
