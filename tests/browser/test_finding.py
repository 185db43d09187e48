"""The search, the definitions of terms and the links to copy, in Chromium and in Firefox, from a folder and from a server."""

import gzip
import json
import re

import pytest
from conftest import HTML, served
from firefox import Firefox, wait_for
from playwright.sync_api import expect
from test_pages import LAID_OUT

pytestmark = pytest.mark.browser

QUERIES = {
    "w212": "book/07-one-weight-w212.html",
    "w_212": "book/07-one-weight-w212.html",
    "w^2_{12}": "book/07-one-weight-w212.html",
    "w²₁₂": "book/07-one-weight-w212.html",
    "w131": "book/08-many-paths-w131.html",
    "dZ": "book/09-the-four-equations.html",
    "dZ2": "book/notation.html",
    "softmax derivative": "book/10-output-layers.html",
    "derivative of the softmax": "book/10-output-layers.html",
    "∂L/∂z": "book/08-many-paths-w131.html#four-paths",
    "dL/dz": "book/08-many-paths-w131.html#four-paths",
    r"\frac{\partial L}{\partial z}": "book/08-many-paths-w131.html#four-paths",
    "delta": "book/glossary.html#term-delta",
    "δ": "book/glossary.html#term-delta",
    r"\delta": "book/glossary.html#term-delta",
    "e^{x^2}": "book/04-chains.html",
    "e^x^2": "book/04-chains.html",
    "W1": "book/11-backpropagation-in-numpy.html",
    "cross-entropy": "book/glossary.html#term-cross-entropy",
    "cross entropy": "book/glossary.html#term-cross-entropy",
    "pull_back": "book/api.html#bpcourse.network.equations.pull_back",
    "check_gradient": "book/api.html#bpcourse.numeric.check_gradient",
    "backpropogation": "book/glossary.html#term-backpropagation",
    "chain rule": "book/glossary.html#term-chain-rule",
    "ŷ - y": "book/10-output-layers.html",
    "y_hat": "book/07-one-weight-w212.html",
    "learning rate": "book/glossary.html#term-learning-rate",
    "-0.130377": "book/07-one-weight-w212.html",
    "vanishing gradients": "book/15-when-gradients-go-wrong.html",
    "sigmoid slope": "book/glossary.html#term-sigmoid",
    "hessian": "book/glossary.html#term-Hessian",
    "PadhAI notes": "book/errata.html",
    "jvp": "book/glossary.html#term-vector-Jacobian-product",
    "lstm": "book/15-when-gradients-go-wrong.html",
}
"""What readers type, and a place that must be among the first five."""

ANSWER = """async (query) => {
  const box = document.querySelector("form.search input"), list = document.querySelector("main .found-all");
  const type = (text) => { box.value = text; box.dispatchEvent(new Event("input", { bubbles: true })); };
  type("");
  type(query);
  for (let turn = 0; turn < 3000 && !list.firstChild; turn++) await new Promise((done) => setTimeout(done, 20));
  return [...list.querySelectorAll("li a")].map((link) => ({
    address: link.href, where: link.querySelector(".where").textContent, sentence: link.querySelector(".sentence").textContent,
    marks: [...link.querySelectorAll("mark")].map((mark) => mark.textContent),
  }));
}"""


def check_answers(answers: dict[str, list[dict]], root: str) -> None:
    """Every query has its place among the first five; every result says where it stands, is marked, and leads to an anchor."""
    missed = [query for query, found in answers.items() if not any(QUERIES[query] in one["address"] for one in found[:5])]
    assert missed == []
    pages = {}
    for query, found in answers.items():
        for one in found[:8]:
            page, _, anchor = one["address"].removeprefix(root).partition("#")
            text = pages.setdefault(page, (HTML / page).read_text(encoding="utf-8"))
            assert not anchor or f'id="{anchor}"' in text, (query, one)
            assert one["where"] and one["marks"], (query, one)


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    instance = Firefox(tmp_path_factory.mktemp("profile"))
    yield instance
    instance.close()


def addresses(name: str):
    """A page from its folder, and from a server."""
    yield (HTML / name).as_uri()
    with served("no-store") as address:
        yield f"{address}/{name}"


def test_chromium_finds_what_readers_type(tab):
    for address in addresses("search.html"):
        tab.goto(address)
        check_answers({query: tab.evaluate(ANSWER, query) for query in QUERIES}, address.removesuffix("search.html"))


def test_firefox_finds_what_readers_type(firefox):
    for address in addresses("search.html"):
        firefox.go(address)
        answers = {query: firefox.evaluate(f"({ANSWER})({json.dumps(query)})") for query in QUERIES}
        check_answers(answers, address.removesuffix("search.html"))


POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'"
)


@pytest.fixture
def tab(browser):
    """An empty tab on a laptop; nothing may go wrong in it."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page, troubles = context.new_page(), []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    yield page
    context.close()
    assert troubles == []


def strict(tab) -> None:
    """Let every answer of a server carry the strict policy."""

    def answer(route) -> None:
        response = route.fetch()
        route.fulfill(response=response, headers=response.headers | {"content-security-policy": POLICY})

    tab.route("http://**", answer)


CHAPTER = "book/07-one-weight-w212.html"


def test_the_index_is_asked_for_by_the_first_search_and_is_small(tab):
    asked = []
    tab.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    with served("no-store") as address:
        strict(tab)
        tab.goto(f"{address}/{CHAPTER}")
        tab.keyboard.press("/")
        assert "find-index.js" not in asked and "searchindex.js" not in asked
        tab.keyboard.type("w212")
        expect(tab.locator(".search .found li a").first).to_contain_text("One weight: w212")
        tab.keyboard.type(" z")
        assert asked.count("find-index.js") == 1
    assert len(gzip.compress((HTML / "_static" / "find-index.js").read_bytes(), 6)) <= 190_000
    assert not (HTML / "searchindex.js").exists()


def test_the_box_is_used_with_the_keyboard_alone(tab):
    tab.goto((HTML / CHAPTER).as_uri())
    box, panel, links = tab.locator(".search input"), tab.locator(".search .found"), tab.locator(".search .found li a")
    tab.keyboard.press("/")
    expect(box).to_be_focused()
    tab.keyboard.type("delta")
    expect(links.first).to_contain_text("Glossary › delta")
    expect(tab.locator("#said")).to_contain_text(re.compile(r"\d+ places"))
    tab.keyboard.press("ArrowDown")
    expect(links.first).to_be_focused()
    tab.keyboard.press("ArrowDown")
    expect(links.nth(1)).to_be_focused()
    tab.keyboard.press("ArrowUp")
    tab.keyboard.press("ArrowUp")
    expect(box).to_be_focused()
    tab.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(box).to_be_focused()
    tab.keyboard.press("ArrowDown")
    expect(panel).to_be_visible()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/glossary.html#term-delta")


def test_enter_leads_to_the_page_of_all_results(tab):
    tab.goto((HTML / CHAPTER).as_uri())
    tab.locator(".search input").fill("softmax")
    tab.locator(".search input").press("Enter")
    tab.wait_for_url("**/search.html?q=softmax")
    expect(tab.locator("main .found-all li").nth(20)).to_be_attached()
    assert tab.locator("input[type=search]").count() == 1
    assert tab.locator(".search input").input_value() == "softmax"


def test_what_the_book_does_not_hold_is_said(tab):
    tab.goto((HTML / "search.html").as_uri())
    tab.locator(".search input").fill("xylophone")
    expect(tab.locator(".found-all")).to_have_text("Nothing in the book holds “xylophone”.")
    tab.locator(".search input").fill("backpropogation")
    expect(tab.locator(".found-all p")).to_contain_text("shown is “backpropagation”")
    tab.locator(".search input").fill("hochreiter digits")
    expect(tab.locator(".found-all p")).to_contain_text("No place holds all of it")


def test_what_is_typed_is_text(tab):
    tab.goto((HTML / "search.html").as_uri())
    tab.locator(".search input").fill("<img src=x onerror=alert(1)> \\ [ ( * ∂/ __proto__ constructor")
    expect(tab.locator(".found-all")).not_to_be_empty()
    assert tab.locator(".found-all img").count() == 0


def test_the_stroke_can_be_turned_off(tab):
    """WCAG 2.1.4: a key by itself does something only as long as the reader wants it."""
    with served("no-store") as address:
        tab.goto(f"{address}/search.html")
        tab.locator("input[name=stroke]").uncheck()
        tab.goto(f"{address}/{CHAPTER}")
        tab.keyboard.press("/")
        expect(tab.locator(".search input")).not_to_be_focused()
        tab.goto("about:blank")  # before the server goes, so that no picture is left to come


@pytest.mark.parametrize("width", [360, 768])
def test_results_fit_a_phone(browser, width):
    context = browser.new_context(viewport={"width": width, "height": 640}, has_touch=True, is_mobile=True)
    tab = context.new_page()
    tab.goto((HTML / CHAPTER).as_uri())
    tab.locator(".search input").tap()
    tab.keyboard.type("softmax derivative")
    expect(tab.locator(".search .found li").first).to_be_visible()
    left, right, scroll = tab.evaluate(
        "(({left, right}) => [left, right, document.documentElement.scrollWidth])"
        "(document.querySelector('.search .found').getBoundingClientRect())"
    )
    assert left >= 0 and right <= width and scroll <= width
    context.close()


# ------------------------------------------------------------ terms


def definition(tab, anchor: str) -> str:
    """What the glossary says, from its own page."""
    told = re.search(
        rf'<dt id="{anchor}">.*?</dt>\s*<dd>(.*?)</dd>', (HTML / "book/glossary.html").read_text(encoding="utf-8"), re.S
    )[1]
    return tab.evaluate(
        "(html) => { const e = document.createElement('div'); e.innerHTML = html; return e.textContent.trim(); }", told
    )


def test_a_term_shows_the_glossarys_words_on_hover_and_on_focus(tab):
    tab.set_viewport_size({"width": 1000, "height": 800})
    tab.goto((HTML / CHAPTER).as_uri())
    link, box = tab.locator("a[href$='#term-logits']"), tab.locator("#def-logits")
    assert link.get_attribute("aria-describedby") == "def-logits"
    expect(box).to_be_hidden()
    link.hover()
    expect(box).to_be_visible()
    assert " ".join(box.text_content().split()) == " ".join(definition(tab, "term-logits").split())
    box.hover()
    tab.wait_for_timeout(400)
    expect(box).to_be_visible()
    tab.keyboard.press("Escape")
    expect(box).to_be_hidden()
    tab.mouse.move(0, 0)
    tab.evaluate("document.querySelector(\"a[href$='#term-logits']\").closest('p').previousElementSibling.scrollIntoView()")
    link.focus()
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Tab")
    expect(link).to_be_focused()
    expect(box).to_be_visible()
    tab.keyboard.press("Tab")
    expect(box).to_be_hidden()


def test_a_tap_shows_a_definition_and_a_second_one_follows_the_link(browser):
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    tab = context.new_page()
    tab.goto((HTML / CHAPTER).as_uri())
    link, box = tab.locator("a[href$='#term-logits']"), tab.locator("#def-logits")
    link.tap()
    expect(box).to_be_visible()
    left, right = tab.evaluate(
        "(({left, right}) => [left, right])(document.querySelector('#def-logits').getBoundingClientRect())"
    )
    assert left >= 0 and right <= 390
    tab.locator("h1").tap()
    expect(box).to_be_hidden()
    link.tap()
    expect(box).to_be_visible()
    link.tap()
    tab.wait_for_url("**/glossary.html#term-logits")
    context.close()


def test_firefox_shows_definitions_too(firefox):
    firefox.widen(1000)
    firefox.go((HTML / CHAPTER).as_uri())
    place = "document.querySelector('a[href$=\"#term-logits\"]')"
    firefox.evaluate(f"void {place}.scrollIntoView({{ block: 'center' }})")
    x, y = firefox.evaluate(f"(({{ x, y, width, height }}) => [x + width / 2, y + height / 2])({place}.getBoundingClientRect())")
    move = {"type": "pointerMove", "x": round(x), "y": round(y)}
    mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": [move]}
    firefox.ask("input.performActions", context=firefox.tab, actions=[mouse])
    wait_for(lambda: firefox.evaluate("document.querySelector('#def-logits').matches(':popover-open')"), "no definition")


# ------------------------------------------------------------ notes in the margin

# What a note pushes down, and what it lies upon.
MOVED = """() => {
  const notes = [...document.querySelectorAll(".beside")];
  const others = [...document.querySelectorAll("article section > :not(.beside)")];
  const tops = () => others.map((e) => e.getBoundingClientRect().top + scrollY);
  const within = tops();
  for (const note of notes) note.style.setProperty("display", "none", "important");
  const without = tops();
  for (const note of notes) note.style.removeProperty("display");
  return others.filter((_, i) => Math.abs(within[i] - without[i]) > 1).map((e) => e.textContent.trim().slice(0, 50));
}"""
LAIN_UPON = """() => {
  const crossed = [], notes = [...document.querySelectorAll(".beside")];
  const boxes = notes.map((note) => [note, note.getBoundingClientRect()]);
  const others = "p, li, figcaption, .eqno, .bp-explorer, .cell, .wide, .katex-html, .beside";
  for (const e of document.querySelectorAll(`article :is(${others})`)) {
    const r = e.getBoundingClientRect();
    for (const [note, n] of boxes)
      if (!note.contains(e) && r.width && n.width && r.left < n.right && n.left < r.right && r.top < n.bottom && n.top < r.bottom)
        crossed.push([note.textContent.trim().slice(0, 50), e.textContent.trim().slice(0, 50)]);
  }
  return crossed;
}"""
# A box that scrolls, if only by a pixel of a formula, must take the focus; a note has no need to scroll.
SCROLLS = """() => [...document.querySelectorAll(".beside")]
  .filter((e) => getComputedStyle(e).overflow !== "visible").map((e) => e.id)"""
CHAPTERS = sorted(HTML.glob("book/*.html"))
WITH_NOTES = [path.relative_to(HTML) for path in CHAPTERS if '"definition beside"' in path.read_text("utf-8")]


@pytest.mark.parametrize("page", WITH_NOTES, ids=lambda page: page.stem)
def test_notes_in_the_margin_move_nothing_and_lie_upon_nothing(tab, page):
    tab.goto((HTML / page).as_uri())
    tab.evaluate(LAID_OUT)
    for width in (1280, 1920):
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.locator(".beside").first.is_visible()
        assert tab.evaluate(MOVED) == []
        assert tab.evaluate(LAIN_UPON) == []
        assert tab.evaluate(SCROLLS) == []
    tab.set_viewport_size({"width": 1200, "height": 900})
    assert not tab.locator(".beside").first.is_visible()


def test_a_term_whose_definition_stands_in_the_margin_points_at_it(tab):
    tab.set_viewport_size({"width": 1280, "height": 800})
    tab.goto((HTML / CHAPTER).as_uri())
    note = tab.locator(".definition.beside").first
    link = tab.locator(f"a[aria-describedby={note.get_attribute('id')}]").first
    link.scroll_into_view_if_needed()
    expect(note).to_be_visible()
    assert note.get_attribute("data-term") in note.evaluate("e => getComputedStyle(e, '::before').content")
    link.hover()
    expect(note).to_have_attribute("data-told", "")
    assert not note.evaluate("e => e.matches(':popover-open')")
    tab.mouse.move(0, 0)
    expect(note).not_to_have_attribute("data-told", "")


# ------------------------------------------------------------ links to copy

PLACES = "article :is(section[id] > :is(h1, h2, h3, h4, h5), figure[id], div.math[id], div.exercise[id])"
WITHOUT = """() => [...document.querySelectorAll("PLACES")]
  .map((e) => e.matches("h1, h2, h3, h4, h5") ? [e, e.parentElement] : [e, e])
  .filter(([e, holder]) => {
    const link = e.querySelector("a.headerlink");
    return !link || !link.ariaLabel || !document.getElementById(decodeURIComponent(link.hash.slice(1)));
  }).map(([e, holder]) => holder.id)""".replace("PLACES", PLACES)


@pytest.mark.parametrize(
    "page", [CHAPTER, "book/10-output-layers.html", "book/glossary.html", "notebooks/07-one-weight-w212.html"]
)
def test_headings_figures_and_equations_have_links_to_copy(tab, page):
    tab.goto((HTML / page).as_uri())
    assert tab.evaluate(WITHOUT) == []
    assert tab.locator("a.headerlink").count() > 3


def test_a_link_is_copied_and_said(tab):
    with served("no-store") as address:
        tab.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        strict(tab)
        tab.goto(f"{address}/{CHAPTER}")
        tab.locator("#factor-by-factor > h2 a.headerlink").click()
        expect(tab.locator("#said")).to_have_text("The link is copied.")
        assert tab.evaluate("navigator.clipboard.readText()") == f"{address}/{CHAPTER}#factor-by-factor"
        expect(tab).to_have_url(f"{address}/{CHAPTER}#factor-by-factor")


def test_without_a_clipboard_it_is_a_plain_link(tab):
    tab.add_init_script("delete Navigator.prototype.clipboard")
    tab.goto((HTML / CHAPTER).as_uri())
    tab.locator("#fig-w212 a.headerlink").click()
    expect(tab).to_have_url(re.compile("#fig-w212$"))
