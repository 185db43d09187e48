"""The pages for everybody: keyboard alone, large text, wide spacing, one's own colours, no motion, and what is spoken."""

import re

import pytest
from conftest import EACH, HTML, SEVERAL
from playwright.sync_api import expect
from test_explorers import contrast
from test_pages import LAID_OUT, look, opened

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=EACH)
def every(browser, request):
    """Each page, in one tab for all that is asked of it."""
    tab, troubles = opened(browser, request.param, 1280)
    yield tab, troubles
    tab.context.close()
    assert troubles == []


# ------------------------------------------------------------ the keyboard

# Where the focus is: which of all elements, what it is, whether it is a control or scrolls, is ringed and can be seen.
STOP = """() => {
  const e = document.activeElement;
  if (e === document.body) return null;
  const { x, y, width, height } = e.getBoundingClientRect(), style = getComputedStyle(e);
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const ringed = e.matches(":focus-visible") && (outlined || style.boxShadow !== "none");
  // One place after the other: each has the whole page looked through, and mostly the first tells.
  const seen = [[0.5, 0.5], [0.1, 0.2], [0.9, 0.8], [0.5, 0.05], [0.5, 0.95]].some(([u, v]) => {
    const over = document.elementFromPoint(x + u * width, y + v * height);
    return over && (e.contains(over) || over.contains(e) || over.closest("label")?.contains(e));
  });
  return {
    place: Array.prototype.indexOf.call(document.getElementsByTagName("*"), e),
    what: `${e.tagName.toLowerCase()} ${e.className.baseVal ?? e.className} ${e.textContent.trim().slice(0, 30)}`,
    control: e.matches("a[href], button, input, select, textarea, summary, iframe"),
    scrolls: e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight,
    ringed,
    seen,
    floats: Boolean(e.closest("header, nav")),
  };
}"""
MOST = 700


def stops(tab) -> list[dict]:
    """Every stop of the Tab key from the top of the page till it leaves the page."""
    tab.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    found = []
    for _ in range(MOST):
        tab.keyboard.press("Tab")
        stop = tab.evaluate(STOP)
        if stop is None or (found and stop["place"] == found[0]["place"]):
            return found
        found.append(stop)
    raise AssertionError(f"Tab does not leave the page after {MOST} stops, at last {found[-3:]}")


# Not the reference: its names are links by the hundred.
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("page", [page for page in SEVERAL if page != "book/api.html"])
def test_tab_goes_through_the_page_in_its_order(browser, page, width):
    """Each stop can be worked or scrolled, is ringed and in sight; no element takes the focus twice; none holds it."""
    tab, troubles = opened(browser, page, width)
    address = tab.url
    found = stops(tab)
    assert found, "no stop at all"
    assert [stop["what"] for stop in found if not (stop["control"] or stop["scrolls"])] == []
    assert [stop["what"] for stop in found if not stop["ringed"]] == []
    assert [stop["what"] for stop in found if not stop["seen"]] == []
    places = [stop["place"] for stop in found]
    assert places == sorted(places), "the order of the file"
    assert tab.url == address and troubles == []
    tab.context.close()


@pytest.mark.parametrize("page", SEVERAL)
def test_the_first_stop_leads_to_the_text(browser, page):
    tab, _ = opened(browser, page, 1280)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.getAttribute('href')") == "#main"
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert tab.evaluate(
        "Boolean(document.activeElement.closest('main')) || !document.querySelector('main a, main button, main input')"
    )
    tab.context.close()


def test_no_letter_is_a_shortcut(browser):
    """Who dictates speaks letters: none moves the focus, the page or the theme. The stroke does, with a switch."""
    tab, _ = opened(browser, "book/03-gates-and-circuits.html", 1280)
    tab.keyboard.press("Tab")
    state = "() => [document.activeElement.outerHTML, location.href, document.documentElement.dataset.theme, scrollY]"
    before = tab.evaluate(state)
    for key in "abcdefghijklmnopqrstuvwxyz0123456789?,.;'[]-=\\":
        tab.keyboard.press(key)
    assert tab.evaluate(state) == before
    tab.context.close()


def test_the_menu_of_chapters_opens_and_closes_by_keys(browser):
    tab, _ = opened(browser, "book/03-gates-and-circuits.html", 360)
    menu, first = tab.locator("button.menu"), tab.locator("nav.chapters a").first
    expect(first).not_to_be_visible()
    for close in "Enter", "Escape":
        menu.press("Enter")
        expect(first).to_be_visible()
        tab.keyboard.press("Tab")
        assert tab.evaluate("Boolean(document.activeElement.closest('nav.chapters'))"), "the list follows its button"
        if close == "Enter":
            menu.focus()
        tab.keyboard.press(close)
        expect(first).not_to_be_visible()
        expect(menu).to_be_focused()
    tab.context.close()


# ------------------------------------------------------------ large text and wide spacing

# The words of the page; what notes in the margin say has a popover or a link where there is no margin.
SHOWN = """() => {
  const notes = [...document.querySelectorAll(".beside")];
  for (const note of notes) note.style.setProperty("display", "none", "important");
  const words = document.querySelector("main").innerText.replace(/\\s+/g, "");
  for (const note of notes) note.style.removeProperty("display");
  return words;
}"""
SPACING = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; } svg * { letter-spacing: normal !important; word-spacing: normal !important; }"""
# Words that are cut off: their box hides what goes beyond it, sideways or down.
CUT = """() => [...document.querySelectorAll("body *")].filter((e) => {
  if (!e.checkVisibility() || !e.innerText?.trim()) return false;
  if (e.closest("svg, [aria-hidden=true], .math") || getComputedStyle(e).clipPath !== "none") return false;
  const { overflowX, overflowY } = getComputedStyle(e), hides = (overflow) => ["hidden", "clip"].includes(overflow);
  return (hides(overflowX) && e.scrollWidth > e.clientWidth + 1) || (hides(overflowY) && e.scrollHeight > e.clientHeight + 1);
}).map((e) => `${e.tagName}.${e.className}: ${e.innerText.slice(0, 40)}`)"""
SIDEWAYS = "document.documentElement.scrollWidth"


def test_nothing_is_lost_at_200_and_400_percent(every):
    """At 1280 pixels: as 640 and 320. The same words, no way sideways, nothing cut off."""
    tab, _ = every
    look(tab, 1280)
    words = tab.evaluate(SHOWN)
    for width in 640, 320:
        look(tab, width)
        assert tab.evaluate(SIDEWAYS) <= width
        assert tab.evaluate(SHOWN) == words
        assert tab.evaluate(CUT) == []


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("page", SEVERAL)
def test_nothing_is_cut_off_with_wide_spacing(browser, page, width):
    tab, _ = opened(browser, page, width)
    tab.add_style_tag(content=SPACING)
    assert tab.evaluate(CUT) == []
    assert tab.evaluate(SIDEWAYS) <= width
    tab.context.close()


# ------------------------------------------------------------ one's own colours, no motion


@pytest.fixture
def forced(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True, forced_colors="active")
    yield context.new_page()
    context.close()


BOXES = "main :is(button, select, input:not([type=range], [type=checkbox], [type=radio]))"
# Words and lines of pictures, with their colours and that of the ground; the edges of controls.
PAINTED = """(boxes) => {
  const probe = document.body.appendChild(document.createElement("div"));
  probe.style.cssText = "forced-color-adjust: none; background: Canvas";
  const ground = getComputedStyle(probe).backgroundColor;
  probe.remove();
  const of = (e, what) => [`${e.tagName} ${e.textContent.slice(0, 20)}`, getComputedStyle(e)[what]];
  return {
    ground,
    words: [...document.querySelectorAll("svg.bp text")].filter((e) => e.textContent.trim()).map((e) => of(e, "fill")),
    lines: [...document.querySelectorAll("svg.bp :is(path, rect, circle):not(clipPath *, defs *)")]
      .map((e) => of(e, "stroke")).filter(([, colour]) => colour.startsWith("rgb(")),
    edges: [...document.querySelectorAll(boxes)].filter((e) => e.checkVisibility())
      .map((e) => [e.outerHTML.slice(0, 60), getComputedStyle(e).borderTopWidth, getComputedStyle(e).borderTopStyle]),
  };
}"""


@pytest.mark.parametrize(
    "page", ["book/03-gates-and-circuits.html", "book/07-one-weight-w212.html", "book/10-output-layers.html"]
)
def test_pictures_and_controls_are_seen_in_forced_colours(forced, page):
    forced.goto((HTML / page).as_uri())
    painted = forced.evaluate(PAINTED, BOXES)
    assert len(painted["words"]) > 10 and len(painted["lines"]) > 10 and painted["edges"]
    assert [told for told in painted["words"] if contrast(told[1], painted["ground"]) < 4.5] == []
    assert [told for told in painted["lines"] if contrast(told[1], painted["ground"]) < 3 and told[1] != painted["ground"]] == []
    assert [told for told in painted["edges"] if told[1] == "0px" or told[2] == "none"] == []


def test_the_gate_at_work_is_told_by_its_stroke_not_by_colour_alone(forced):
    forced.goto((HTML / "book/03-gates-and-circuits.html").as_uri())
    forced.evaluate(LAID_OUT)
    root = forced.locator(".bp-explorer")
    for _ in range(2):
        root.locator("[data-do=back]").click()
    widths = root.locator("[data-gate]").evaluate_all(
        "all => all.map((e) => [e.matches('.bp-on'), parseFloat(getComputedStyle(e).strokeWidth)])"
    )
    assert {width > 3 for on, width in widths if on} == {True} and {width > 3 for on, width in widths if not on} == {False}


@pytest.mark.parametrize("page", SEVERAL)
def test_less_motion_is_no_motion(browser, page):
    tab, _ = opened(browser, page, 1280)
    moving = """() => [...document.querySelectorAll("*")].filter((e) => {
      const style = getComputedStyle(e), times = `${style.transitionDuration},${style.animationDuration}`.split(",");
      return style.scrollBehavior === "smooth" || times.some((time) => parseFloat(time) > 0.01);
    }).map((e) => e.outerHTML.slice(0, 80))"""
    assert tab.evaluate(moving) == []
    assert tab.evaluate("document.getAnimations().length") == 0
    tab.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", ["book/03-gates-and-circuits.html", "book/07-one-weight-w212.html", "book/practice.html"])
def test_lines_and_controls_stand_out(browser, page, theme):
    """Three to one for the edges of controls and the strokes of pictures that carry meaning."""
    tab, _ = opened(browser, page, 1280, theme)
    found = tab.evaluate(
        """(boxes) => {
      const ground = (e) => {
        const colour = getComputedStyle(e).backgroundColor;
        return (colour === "rgba(0, 0, 0, 0)" && e.parentElement) ? ground(e.parentElement) : colour;
      };
      const seen = (e) => e.checkVisibility();
      const edges = [...document.querySelectorAll(boxes)].filter(seen)
        .map((e) => [e.outerHTML.slice(0, 60), getComputedStyle(e).borderTopColor, ground(e.parentElement)]);
      const strokes = [...document.querySelectorAll("main svg.bp :is(path, rect, circle)[stroke^=var]")]
        .filter(seen).map((e) => [e.outerHTML.slice(0, 60), getComputedStyle(e).stroke, ground(e)]);
      return [...edges, ...strokes];
    }""",
        BOXES,
    )
    assert found and [told for told in found if contrast(*told[1:]) < 3] == []
    tab.context.close()


# ------------------------------------------------------------ what is spoken

FIGURES = """() => [...document.querySelectorAll("main svg.bp")].map((picture) => {
  const texts = [...picture.querySelectorAll("text")], words = (some) => some.map((e) => e.textContent.trim());
  return {
    name: picture.getAttribute("aria-label"), role: picture.getAttribute("role"),
    texts: words(texts.filter((e) => getComputedStyle(e).visibility === "visible")),
    coloured: words(texts.filter((e) => /value|gradient/.test(e.getAttribute("fill") ?? e.parentNode.getAttribute("fill")))),
    plot: Boolean(picture.querySelector("g[transform='scale(1.33333)']")),
  };
})"""
NUMBER = re.compile(r"(?<![\w.])−?\d+(?:\.\d+)?(?:e−?\d+)?(?![\w.]\d)")


def test_every_figure_of_the_book_is_told(every):
    """Its name has each value and gradient that stands in it; of a plot, the words of its axes, its legend and its notes."""
    tab, _ = every
    look(tab, 1280)
    for figure in tab.evaluate(FIGURES):
        name = figure["name"]
        assert figure["role"] == "img" and len(name) > 40, name
        if figure["plot"]:
            texts = [re.sub(r"\s", "", text) for text in figure["texts"]]
            words = [text for text in texts if text and not re.fullmatch(r"[−\d.,×e⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", text)]
            squeezed = re.sub(r"\s", "", name)
            assert [text for text in words if text not in squeezed] == []
        else:
            seen = {number for text in figure["coloured"] for number in NUMBER.findall(text.rpartition("=")[2])}
            assert seen <= set(NUMBER.findall(name)), f"{seen} not all in {name!r}"


def test_no_image_of_text(every):
    """No picture but those that are drawn from numbers; each image has a text, or is said to be empty of meaning."""
    tab, _ = every
    images = tab.locator("img").evaluate_all("all => all.map((e) => [e.getAttribute('src'), e.hasAttribute('alt')])")
    assert [source for source, told in images if not told] == []


def test_values_and_gradients_are_told_apart_without_colour(every):
    """Where a picture has gradients, it says which of its numbers they are: below, in words, or by a name with ∂."""
    tab, _ = every
    for figure in tab.evaluate(FIGURES):
        if not figure["plot"] and "gradient" in figure["name"].lower():
            signs = [text for text in figure["texts"] if "gradient" in text or "∂" in text]
            assert signs or figure["name"].startswith("Moves of a and b"), figure["name"]
