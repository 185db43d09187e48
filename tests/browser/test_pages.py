"""Every built page in Chromium, from a folder, with the network cut: once in a tab, looked at in several ways."""

import functools
import re

import pytest
from conftest import HTML, PAGES, SEVERAL, listen, served
from fontTools.ttLib import TTFont
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def opened(browser, page: str, width: int, theme: str = "light", prepare=lambda tab: None):
    """The page, and what went wrong on it while it loaded; `prepare` has the tab before the page is in it."""
    troubles = []
    context = browser.new_context(
        viewport={"width": width, "height": 800}, offline=True, color_scheme=theme, reduced_motion="reduce"
    )
    tab = context.new_page()
    listen(tab, troubles)
    prepare(tab)
    tab.goto((HTML / page).as_uri())
    tab.evaluate(LAID_OUT)
    return tab, troubles


# All of the page, not only what is near the window; a frame later it is known what scrolls sideways.
LAID_OUT = """async () => {
  document.documentElement.classList.add("whole");
  await document.fonts.ready;
  for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
}"""
FAR = "[...document.querySelectorAll('article > section > section')].at(-1).firstElementChild"


def test_what_is_far_waits_but_not_where_a_place_is_looked_for(browser):
    """At the end of a link into the page, after a reload and on paper all is laid out."""
    tab, address = browser.new_page(offline=True), (HTML / "book" / "15-when-gradients-go-wrong.html").as_uri()
    seen = f"{FAR}.checkVisibility({{ contentVisibilityAuto: true }})"
    tab.goto(address)
    assert not tab.evaluate(seen)
    tab.emulate_media(media="print")
    tab.wait_for_function(seen)
    tab.emulate_media(media="screen")
    tab.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    tab.wait_for_function(seen)
    tab.goto(address)
    tab.reload()
    tab.wait_for_function(seen)
    tab.goto("about:blank")
    tab.goto(f"{address}#main")
    tab.wait_for_function(seen)
    tab.close()


WAITING = "document.querySelectorAll('noscript').length"


@pytest.mark.parametrize(
    "look",
    [
        lambda tab: tab.keyboard.press("Tab"),
        lambda tab: tab.keyboard.press("Control+f"),
        lambda tab: tab.locator("nav.chapters .here a").last.evaluate("link => link.click()"),
        lambda tab: tab.evaluate("dispatchEvent(new Event('beforeprint'))"),
        lambda tab: tab.evaluate("document.documentElement.classList.add('whole')"),
        lambda tab: tab.reload(),
    ],
)
def test_far_fields_are_there_as_soon_as_one_may_be_looked_for(browser, look):
    tab, address = browser.new_page(offline=True), (HTML / "book" / "15-when-gradients-go-wrong.html").as_uri()
    tab.goto(address)
    assert tab.evaluate(WAITING) > 5
    look(tab)
    tab.wait_for_function(f"!{WAITING}")
    assert tab.locator("form.bp-controls").count() == 4
    tab.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_link_ends_at_its_place_whatever_comes_above_it(browser, width):
    tab, address = (
        browser.new_page(offline=True, viewport={"width": width, "height": 800}),
        HTML / "book" / "07-one-weight-w212.html",
    )
    top = "document.getElementById('the-judge').getBoundingClientRect().top"
    tab.goto(f"{address.as_uri()}#the-judge")
    tab.wait_for_timeout(300)
    assert tab.evaluate(top) == pytest.approx(64, abs=2)
    tab.goto("about:blank")
    tab.goto(address.as_uri())
    tab.locator(".here a[href$='#the-judge']").evaluate("link => link.click()")
    tab.wait_for_timeout(300)
    assert tab.evaluate(top) == pytest.approx(64, abs=2)
    tab.close()


# A step down the page, until there is none; and whose form is not there though its place is seen.
DOWN = """async () => {
  const before = scrollY;
  scrollBy({ top: 700, behavior: "instant" });
  for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
  return scrollY > before;
}"""
LATE = """() => [...document.querySelectorAll("noscript")].map(({ parentElement }) => parentElement).filter((place) =>
  place.checkVisibility({ contentVisibilityAuto: true }) && Math.abs(place.getBoundingClientRect().top) < innerHeight).length"""


def test_far_fields_come_before_they_are_seen(browser):
    tab = browser.new_page(offline=True, viewport={"width": 390, "height": 800})
    tab.goto((HTML / "book" / "15-when-gradients-go-wrong.html").as_uri())
    far = tab.evaluate(WAITING)
    while tab.evaluate(DOWN):
        assert not tab.evaluate(LATE)
    assert tab.evaluate(WAITING) == 0 < far
    tab.close()


def test_a_far_solution_takes_the_new_numbers_of_its_exercise(browser):
    """On a very low window the exercise is near and the solution is not."""
    tab = browser.new_page(offline=True, viewport={"width": 390, "height": 60})
    tab.goto((HTML / "book" / "07-one-weight-w212.html").as_uri())
    exercise = tab.locator(".bp-practice:has(noscript)[data-exercise='07.6']")
    label = exercise.get_attribute("data-exercise")
    numbers = tab.locator(f"#sol-{label.replace('.', '-')} [data-of='{label}']")
    assert numbers.count() == 0
    tab.locator(f"[data-exercise='{label}']").evaluate("e => e.scrollIntoView()")
    fresh = tab.locator(f"[data-exercise='{label}'] [data-do=fresh]")
    fresh.wait_for(state="attached")
    book = numbers.all_text_contents()
    fresh.dispatch_event("click")
    assert len(book) > 3 and numbers.all_text_contents() != book
    tab.close()


@pytest.fixture(scope="module", params=PAGES)
def shown(browser, request):
    """A page in a tab of its own, and what goes wrong on it."""
    tab, troubles = opened(browser, request.param, 1200)
    yield tab, troubles
    tab.context.close()
    assert troubles == []


def resize(tab, width: int, height: int = 800) -> None:
    """Only where it changes, so that the page is not laid out anew for nothing."""
    size = {"width": width, "height": height}
    if tab.viewport_size != size:
        tab.set_viewport_size(size)


def look(tab, width: int, theme: str = "light", media: str = "screen") -> None:
    """Look at the same page in another way."""
    resize(tab, width)
    if not tab.evaluate("media => matchMedia(media).matches", media):  # the same medium once more styles the whole page anew
        tab.emulate_media(media=media)
    tab.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)


def test_there_is_a_page_for_every_chapter():
    assert sum(page.startswith("book/") for page in PAGES) >= 15


def test_a_page_asks_nobody_and_shows_its_mathematics(shown):
    tab, troubles = shown
    assert troubles == []
    assert tab.locator("script[type*=widget]").count() == 0, "a widget that needs a kernel is dead here"
    assert tab.locator(".math").count() == tab.locator(".math > .katex, .math > .katex-display").count()


FONTS = HTML / "_static" / "fonts"
FACES = {
    ("400", "normal"): "Regular", ("700", "normal"): "Bold", ("400", "italic"): "Italic", ("700", "italic"): "BoldItalic",
}  # fmt: skip
# The signs of each face, as the page's style has it; of spaces and what has no width, nothing is drawn.
SIGNS = """() => {
  const found = {};
  for (const formula of document.querySelectorAll(".katex-html")) {
    const texts = document.createTreeWalker(formula, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { fontFamily, fontWeight, fontStyle } = getComputedStyle(texts.currentNode.parentElement);
      const face = [fontFamily.split(",")[0], fontWeight, fontStyle].join();
      found[face] = [...new Set([...(found[face] ?? []), ...texts.currentNode.data.replace(/[\\s\\u200b]/g, "")])];
    }
  }
  return found;
}"""


@functools.cache
def drawn(face: str) -> set[str]:
    """The signs that a face's font has."""
    family, weight, style = face.split(",")
    return set(map(chr, TTFont(FONTS / f"{family.strip(chr(34))}-{FACES[weight, style]}.woff2").getBestCmap()))


def test_no_sign_of_a_formula_lacks_in_its_font(shown):
    """Otherwise: python tools/katex.py, which cuts the fonts anew."""
    tab, _ = shown
    signs = tab.evaluate(SIGNS)
    assert bool(signs) == bool(tab.locator(".katex-html").count())
    assert {face: lacking for face, wanted in signs.items() if (lacking := set(wanted) - drawn(face))} == {}


def test_the_formulas_of_a_page_have_more_than_four_faces(browser):
    """So the measure of the test above tells one face from another."""
    tab, _ = opened(browser, "book/05-many-paths.html", 1200)
    assert len(tab.evaluate(SIGNS)) > 4
    tab.context.close()


# What scrolls by itself when it is too wide, and the start of what it holds. A pixel is rounding.
WIDER = """() => {
  const kinds = "div.math, .wide, .bp-picture, article pre";
  const page = document.documentElement;
  return [page, ...document.querySelectorAll(kinds)]
    .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1)
    .map((e) => ({
      what: `${e.tagName}.${e.className} ${e.scrollWidth} of ${e.clientWidth}: ${e.textContent.trim().slice(0, 40)}`,
      shaded: getComputedStyle(e).backgroundImage.includes("gradient"),
    }));
}"""


# Formulas whose punctuation has gone to the next line.
TORN = """() => [...document.querySelectorAll(".together")].filter((kept) => {
  const box = kept.querySelector(".katex-html").lastElementChild.getBoundingClientRect(), range = document.createRange();
  range.selectNodeContents(kept.lastChild);
  return box.width && range.getBoundingClientRect().left < box.right - 3;
}).map((kept) => kept.textContent)"""


@pytest.mark.parametrize("width", [1200, pytest.param(1440, marks=pytest.mark.slow), 1920])
def test_nothing_scrolls_sideways_on_a_laptop(shown, width):
    """No equation, table, picture or line of code is wider than its column."""
    tab, _ = shown
    look(tab, width)
    assert [found["what"] for found in tab.evaluate(WIDER)] == []


def test_on_a_phone_the_page_fits_and_what_scrolls_shows_that_it_does(shown):
    tab, _ = shown
    look(tab, 390)
    assert [found["what"] for found in tab.evaluate(WIDER) if not found["shaded"]] == []
    assert tab.evaluate(TORN) == []
    look(tab, 360, "dark")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360


def test_pictures_follow_the_theme(browser):
    ink = "getComputedStyle(document.querySelector('svg.bp text')).fill"
    tab, _ = opened(browser, "book/03-gates-and-circuits.html", 1200, "light")
    light = tab.evaluate(ink)
    tab.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert tab.evaluate(ink) != light
    tab.context.close()


# What is dark on paper, or light ink: a sum of red, green and blue on the wrong side, each with how often it is there.
FAINT = """() => {
  const found = {}, known = {}, light = (colour) => known[colour] ??= sum(colour), sum = (colour) => {
    const [red, green, blue, seen = 1] = colour.match(/[\\d.]+/g).map(Number);
    return seen > 0.1 ? red + green + blue : NaN;
  };
  const note = (what) => (found[what] = (found[what] ?? 0) + 1);
  for (const e of document.querySelectorAll("article *")) {
    if (!e.checkVisibility()) continue;
    const style = getComputedStyle(e), told = `${e.tagName} ${e.getAttribute("class")}`;
    if (light(style.backgroundColor) < 600) note(`dark ground: ${told}`);
    const shape = e.matches("svg.bp :is(rect, circle):not(clipPath *, [data-line])") && style.fill !== "none";
    if (shape && light(style.fill) < 100) note(`dark shape: ${told}`);
    const written = [...e.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (written && light(e.closest("svg") ? style.fill : style.color) > 480) note(`light ink: ${told}`);
  }
  return found;
}"""


def test_a_page_is_printed_as_ink_on_paper(shown):
    tab, _ = shown
    look(tab, 1200, "dark")
    assert tab.evaluate(FAINT) != {}, "the measure sees a dark screen"
    for theme in "dark", "light":
        look(tab, 1200, theme, "print")
        assert tab.evaluate(FAINT) == {}


# How many fonts were there when the class of first.js went.
WAITED = """
  new MutationObserver(() => {
    if (document.documentElement?.matches(".soon")) window.waited ??= true;
    else if (window.waited === true) {
      const files = performance.getEntriesByType("resource").filter(({ responseStatus }) => responseStatus === 200);
      window.waited = files.filter(({ name }) => name.endsWith("woff2")).length;
    }
  }).observe(document, { attributes: true, childList: true, subtree: true });
"""
NO_SECOND_ENDS = "setTimeout = () => {}"
ON_SHOW = "[...document.querySelectorAll('.home, main')].map((part) => part.checkVisibility())"


@pytest.mark.parametrize("fonts", ["come", "fail", "stay away"])
def test_the_text_waits_for_its_fonts_a_second_at_most(browser, fonts):
    with served("no-store") as address:
        tab = browser.new_page()
        tab.add_init_script(WAITED)
        held = r"book\.js$" if fonts == "come" else r"woff2$|book\.js$"  # so the page is never done
        tab.route(re.compile(held), lambda route: None)
        if fonts == "fail":
            tab.route("**/*.woff2", lambda route: route.abort())
        if fonts != "stay away":
            tab.add_init_script(NO_SECOND_ENDS)
        tab.goto(f"{address}/book/03-gates-and-circuits.html", wait_until="commit")
        # Not until the text is seen: on a busy machine it is, for a script that asks, before the style sheet hides it.
        tab.wait_for_function("typeof window.waited === 'number'", timeout=30_000)
        expect(tab.locator("main h1")).to_be_visible()
        assert tab.evaluate("window.waited") == (4 if fonts == "come" else 0)
        tab.evaluate("document.documentElement.classList.add('soon')")
        assert tab.evaluate(ON_SHOW) == [True, False], "meanwhile the top of the page is there"
        tab.close()


MOVED = """
  window.moved = 0;
  new PerformanceObserver((list) => { for (const { value } of list.getEntries()) window.moved += value; })
    .observe({ type: "layout-shift", buffered: true });
"""


@pytest.mark.parametrize("page", [*SEVERAL, "book/notation.html", "book/errata.html", "book/debugging-by-gradients.html"])
@pytest.mark.parametrize("width", [412, 1280])
def test_nothing_moves_while_a_page_loads(browser, page, width):
    with served("no-store") as address:
        tab = browser.new_page(viewport={"width": width, "height": 823})
        tab.add_init_script(MOVED + NO_SECOND_ENDS)  # on a busy machine fonts may take longer
        tab.goto(f"{address}/{page}")
        tab.evaluate("async () => { for (let i = 0; i < 20; i++) await new Promise(requestAnimationFrame); }")
        assert tab.evaluate("window.moved") <= 0.01
        tab.close()


def test_in_a_sandboxed_frame_the_page_is_alive(browser):
    """Where localStorage is refused: the button for light and dark works, and so does a slider."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, color_scheme="light")
    tab, troubles = context.new_page(), []
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    with served("no-store") as address:
        page = f"{address}/book/03-gates-and-circuits.html"
        tab.set_content(f'<iframe sandbox="allow-scripts" src="{page}" width="1300" height="900"></iframe>')
        frame = tab.frame_locator("iframe")
        frame.locator("button.theme").click()
        expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
        frame.locator(".bp-explorer").first.scroll_into_view_if_needed()
        frame.get_by_role("slider", name="x", exact=True).press("End")
        expect(frame.locator("svg [data-n=v0]").first).to_have_text("\u20076.00")
        context.close()
    assert troubles == []


def test_nothing_slides_for_a_reader_who_asked_for_less_motion(browser):
    """The theme's navigation goes away at once where a page becomes narrow; the other tests need no waiting for it."""
    tab, _ = opened(browser, PAGES[-1], 1200)
    try:
        for width in (390, 1366):
            tab.set_viewport_size({"width": width, "height": 800})
            assert tab.evaluate("[document.getAnimations().length, document.documentElement.scrollWidth]") == [0, width]
    finally:
        tab.context.close()
