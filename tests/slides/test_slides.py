"""Slides fit their screen, move, and say nothing that their chapter does not say."""

import re

import deck
import pypdfium2
import pytest
import yaml
from conftest import ROOT, SLIDES
from counted import NOT_TEXT, join, numbers, texts
from lxml import html
from still import HTML

PAGES = sorted(SLIDES.glob("[0-9]*.html"))
CHAPTERS = sorted(path.stem for path in HTML.glob("book/[0-9]*.html"))
# The boxes of a slide that are seen and lie, or hold what lies, beyond it or below the bar.
OUTSIDE = """() => {
  const slide = document.querySelector(".slide:target") ?? document.querySelector(".slide");
  const low = innerHeight - document.querySelector("nav").offsetHeight, wrong = [];
  for (const el of slide.querySelectorAll("*")) {
    const look = getComputedStyle(el), { left, top, right, bottom, width, height } = el.getBoundingClientRect();
    if (!el.checkVisibility() || !width || !height || look.clipPath !== "none") continue;
    if (el.closest("svg > *, .katex-mathml, aside")) continue;
    const out = left < -1 || top < -1 || right > innerWidth + 1 || bottom > low + 1;
    const cut = look.overflow !== "visible" && /^(DIV|UL|PRE|TABLE|FORM)$/.test(el.tagName)
      && (el.scrollWidth > el.clientWidth + 1 || el.scrollHeight > el.clientHeight + 1);
    if (out || cut) wrong.push(`${slide.id}: ${el.tagName}.${el.className.baseVal ?? el.className} ${out ? "out" : "cut"}`);
  }
  return wrong;
}"""
SMALL = """() => [...document.querySelectorAll(".slide h1, .words > *, .words pre, figcaption, figcaption p, .words li")]
  .filter((el) => el.checkVisibility() && parseFloat(getComputedStyle(el).fontSize) < 23.9)
  .map((el) => el.textContent.slice(0, 40))"""

STATE = "(explorer) => explorer.textContent + [...explorer.querySelectorAll('path')].map((path) => path.getAttribute('d'))"


def opened(tab, page, slide: int = 1):
    tab.goto(f"{page.as_uri()}#{slide}")
    return tab.locator(".slide").count()


def walk(tab, page):
    """Each slide of a page in turn."""
    for number in range(1, opened(tab, page) + 1):
        tab.evaluate(f"location.hash = '{number}'")
        tab.wait_for_function(f"document.activeElement.id === '{number}'")
        yield number


def shown(slide) -> set[str]:
    """The numbers of a slide, its notes too."""
    join(slide)
    return {*numbers([*texts(slide, NOT_TEXT | {"katex-html"})])}


def test_every_chapter_has_five_to_twelve_slides():
    assert [page.stem for page in PAGES] == CHAPTERS
    counts = {page.stem: len(html.parse(page).findall(".//section[@class='slide']")) for page in PAGES}
    assert not {name: count for name, count in counts.items() if not 5 <= count <= 12}


@pytest.mark.parametrize("size", [(1280, 720), (1024, 768)], ids=str)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_nothing_is_cut_off(tab, page, size):
    tab.set_viewport_size({"width": size[0], "height": size[1]})
    assert not [place for _ in walk(tab, page) for place in tab.evaluate(OUTSIDE)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_read_is_large(tab, page):
    assert not [words for _ in walk(tab, page) for words in tab.evaluate(SMALL)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_number_is_the_chapters(page):
    parser = html.HTMLParser(encoding="utf-8")
    chapter = shown(html.parse(HTML / "book" / page.name, parser).find(".//article"))
    found = {slide.get("id"): shown(slide) for slide in html.parse(page, parser).findall(".//section[@class='slide']")}
    assert found and not {number: told - chapter for number, told in found.items() if told - chapter}


@pytest.mark.parametrize("path", sorted((ROOT / "tools" / "slides" / "decks").glob("*.yml")), ids=lambda path: path.stem)
def test_a_deck_has_no_number(path):
    def words(item):
        parts = item.items() if isinstance(item, dict) else item
        return [item] if isinstance(item, str) else [word for part in parts for word in words(part)]

    said = words(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert said and not [pointer for pointer in said if re.search(r"\d", pointer) and not deck.LABEL.fullmatch(pointer)]


@pytest.mark.parametrize("page", [page for page in PAGES if page.with_suffix(".js").exists()], ids=lambda page: page.stem)
def test_explorers_move_by_the_keys_and_the_slide_stays(tab, page):
    moved = 0
    for number in walk(tab, page):
        for slider in tab.locator(f"[id='{number}'] input[type=range]").all()[:1]:
            before = tab.locator(f"[id='{number}'] .bp-explorer").evaluate(STATE)
            slider.focus()
            tab.keyboard.press("ArrowLeft")
            tab.keyboard.press("ArrowDown")
            after = tab.locator(f"[id='{number}'] .bp-explorer").evaluate(STATE)
            assert before != after and tab.evaluate("location.hash") == f"#{number}"
            assert not tab.evaluate(OUTSIDE)
            moved += 1
    assert moved or tab.locator(".bp-stepper").count()


def test_keys_turn_slides_and_the_focus_moves_with_them(tab):
    count = opened(tab, PAGES[6], 5)
    for key, number in [
        ("ArrowRight", 6),
        ("PageDown", 7),
        ("ArrowLeft", 6),
        ("PageUp", 5),
        ("End", count),
        ("ArrowRight", count),
        ("Home", 1),
        ("ArrowLeft", 1),
    ]:
        tab.keyboard.press(key)
        tab.wait_for_function(f"document.activeElement.id === '{number}'")
        assert tab.locator(".slide:visible").count() == 1
    assert tab.get_by_role("region").first.get_attribute("aria-label") == f"Slide 1 of {count}: One weight: w212"
    tab.keyboard.press("n")
    assert tab.locator("[id='1'] aside").is_visible()
    tab.get_by_role("button", name="Notes").click()
    assert not tab.locator("[id='1'] aside").is_visible()
    tab.get_by_role("link", name="Next").click()
    assert tab.evaluate("location.hash") == "#2"


def test_a_remote_turns_slides_from_a_slider_and_escape_leaves_it(tab):
    page = PAGES[6]
    number = next(k for k in walk(tab, page) if tab.locator(f"[id='{k}'] input[type=range]").count())
    tab.locator(f"[id='{number}'] input[type=range]").first.focus()
    tab.keyboard.press("Escape")
    assert tab.evaluate("document.activeElement.id") == str(number)
    tab.locator(f"[id='{number}'] input[type=range]").first.focus()
    tab.keyboard.press("PageDown")
    tab.wait_for_function(f"document.activeElement.id === '{number + 1}'")


def test_an_address_opens_a_slide_that_fits(tab):
    page = PAGES[6]
    number = next(k for k in walk(tab, page) if tab.locator(f"[id='{k}'] .bp-explorer").count())
    tab.reload()
    tab.wait_for_function(f"document.activeElement.id === '{number}'")
    assert not tab.evaluate(OUTSIDE)


def test_a_finger_turns_slides(tab):
    opened(tab, PAGES[6], 2)
    swipe = """([from, to]) => {
      const target = document.querySelector(".slide:target h1");
      for (const [kind, clientX] of [["touchstart", from], ["touchend", to]]) {
        const changedTouches = [new Touch({ identifier: 1, target, clientX, clientY: 300 })];
        const touches = kind === "touchend" ? [] : changedTouches;
        target.dispatchEvent(new TouchEvent(kind, { bubbles: true, changedTouches, touches }));
      }
    }"""
    for ends, place in ([900, 300], "#3"), ([300, 900], "#2"), ([300, 320], "#2"):
        tab.evaluate(swipe, ends)
        assert tab.evaluate("location.hash") == place


def test_dark_is_the_systems_or_the_buttons(tab):
    tab.emulate_media(color_scheme="dark")
    opened(tab, PAGES[0])
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = tab.evaluate(ground)
    tab.get_by_role("button", name="Dark").click()
    assert (dark, tab.evaluate(ground)) == ("rgb(21, 24, 29)", "rgb(255, 255, 255)")


def test_a_strict_policy_lets_all_of_it_work(tab):
    policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:"

    def answer(route):
        route.fulfill(
            path=SLIDES / route.request.url.removeprefix("http://slides/").partition("?")[0],
            headers={"Content-Security-Policy": policy},
        )

    tab.route("http://slides/**", answer)
    tab.goto(f"http://slides/{PAGES[6].name}#1")
    tab.keyboard.press("ArrowRight")
    tab.wait_for_function("document.activeElement.id === '2'")
    assert not tab.locator("[data-explorer]").count(), "an explorer has not started"


def test_a_pointer_to_nowhere_is_named():
    chapter = deck.Chapter(HTML / "book" / f"{CHAPTERS[6]}.html")
    for pointer, found in [
        ("fig-nowhere", "no such label"),
        ("output after No such words", "0 paragraphs, items and headings"),
        ("table after The judge", "no table"),
        ("No such sentence.", "0 sentences"),
        ("With two outputs", "sentences that begin so"),
    ]:
        with pytest.raises(ValueError, match=f"{CHAPTERS[6]}: '{pointer}': expected a pointer to one place, got .*{found}"):
            chapter.find(pointer)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_sheet_of_the_pdf_is_a_slide(page):
    titles = [slide.find("h1").text_content() for slide in html.parse(page).findall(".//section[@class='slide']")]
    with pypdfium2.PdfDocument(page.with_suffix(".pdf")) as pdf:
        assert len(pdf) == len(titles)
        assert {tuple(map(round, sheet.get_size())) for sheet in pdf} == {(960, 540)}
