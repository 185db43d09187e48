"""Formulas in Chromium: every sign has its font, and what is copied is LaTeX."""

import pytest
from conftest import HTML
from playwright.sync_api import expect
from test_pages import opened

pytestmark = pytest.mark.browser

COPY = """() => {
  const told = {};
  document.addEventListener("copy", ({ clipboardData }) => {
    for (const type of ["text/plain", "text/html"]) told[type] = clipboardData.getData(type);
  }, { once: true });
  document.execCommand("copy");
  return told;
}"""


def test_the_first_sight_of_a_page_looks_for_no_font_in_vain(browser):
    """Each sign that a font of the book lacks is a question to the browser's other process, before anything is seen."""
    tab, _ = opened(browser, "book/07-one-weight-w212.html", 1200)
    tab.evaluate("document.fonts.ready")
    asked = tab.context.new_cdp_session(tab)
    asked.send("DOM.enable")
    asked.send("CSS.enable")
    root = asked.send("DOM.getDocument")["root"]["nodeId"]
    for selector in "h2", ".katex-mathml mi", ".katex-mathml mn":
        node = asked.send("DOM.querySelector", {"nodeId": root, "selector": f"article {selector}"})["nodeId"]
        fonts = asked.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        assert fonts and all(font["isCustomFont"] for font in fonts), (selector, fonts)
    tab.context.close()


def test_what_clings_to_a_formula_is_wrapped_once_also_in_exercises_that_stand_on_two_pages():
    for path in [*HTML.rglob("*.html"), *HTML.glob("_static/practice/*.js")]:
        told = path.read_text(encoding="utf-8").replace("\\", "")
        assert 'class="together"><span class="together"' not in told, path.name


@pytest.fixture
def tab(browser):
    tab, troubles = opened(browser, "book/07-one-weight-w212.html", 1200)
    yield tab
    tab.context.close()
    assert troubles == []


def test_a_selection_with_formulas_is_copied_as_latex(tab):
    tab.evaluate("getSelection().selectAllChildren(document.querySelector('p:has(> .math)'))")
    told = tab.evaluate(COPY)
    assert "$" in told["text/plain"] and "katex" not in told["text/plain"] and "<math" in told["text/html"]
    latex = tab.locator("p:has(> .math) annotation").first.text_content()
    assert f"${latex}$" in told["text/plain"]
    assert told["text/plain"].count(latex) == 1, "neither what is seen nor what is heard comes along"


def test_half_a_formula_is_copied_whole_and_lines_stay_lines(tab):
    tab.evaluate(
        """() => {
          const formula = document.querySelector("div.math .katex"), before = formula.closest("div.math").previousElementSibling;
          const inside = document.createTreeWalker(formula.querySelector(".katex-html"), NodeFilter.SHOW_TEXT);
          inside.nextNode();
          getSelection().setBaseAndExtent(before, 0, inside.currentNode, 1);
        }"""
    )
    told = tab.evaluate(COPY)["text/plain"]
    latex = tab.locator("div.math annotation").first.text_content().strip()
    assert told.rstrip().endswith(f"$${latex}$$") and "\n" in told.removesuffix(f"$${latex}$$")


def test_two_clicks_take_a_formula_and_what_is_copied_then_is_bare(tab):
    formula = tab.locator("p > .math .katex").first
    formula.dblclick()
    assert tab.evaluate(COPY)["text/plain"] == formula.locator("annotation").text_content()


def test_who_runs_no_script_sees_every_formula(browser):
    context = browser.new_context(java_script_enabled=False, offline=True)
    plain, (scripted, _) = context.new_page(), opened(browser, "book/15-when-gradients-go-wrong.html", 1200)
    plain.goto(scripted.url)
    seen = [tab.locator("article .math .katex-html:visible").count() for tab in (plain, scripted)]
    assert seen[0] >= seen[1] > 300
    context.close()
    scripted.context.close()


def test_a_far_formula_and_far_code_have_one_button_each_however_they_came(browser):
    tab = browser.new_page(offline=True, viewport={"width": 390, "height": 800})
    tab.goto((HTML / "book" / "15-when-gradients-go-wrong.html").as_uri())
    far = tab.locator("article > section > section").nth(4)
    assert far.locator("div.math").count() and far.locator(".cell_input .highlight").count() and far.locator(".copy").count() == 0
    far.evaluate("e => e.scrollIntoView()")
    for place, one in ("div.math", "LaTeX"), (".cell_input .highlight", "Copy"):
        expect(far.locator(f"{place} .copy").first).to_have_text(one)
    tab.keyboard.press("Tab")
    tab.evaluate("document.documentElement.classList.add('whole')")
    for place in "div.math:has(.katex)", ".cell_input .highlight":
        expect(tab.locator(f"{place} .copy")).to_have_count(tab.locator(place).count())
    tab.close()


def test_text_without_a_formula_is_copied_as_ever(tab):
    tab.evaluate("getSelection().selectAllChildren(document.querySelector('h1'))")
    assert tab.evaluate(COPY) == {"text/plain": "", "text/html": ""}, "left to the browser"


def test_a_formula_on_its_own_has_a_button_for_mouse_and_keyboard(tab):
    tab.evaluate("navigator.clipboard.writeText = async (text) => { globalThis.copied = text; }")
    button = tab.get_by_role("button", name="Copy the formula as LaTeX").first
    button.focus()
    tab.keyboard.press("Enter")
    latex = tab.locator("div.math:has(> .copy) annotation").first.text_content().strip()
    assert tab.evaluate("copied") == latex
    assert "formula" in tab.locator("#said").text_content()
