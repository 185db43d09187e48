"""All rules of axe-core on every page: light on a laptop, dark on a phone, with all that folds opened.

Width changes the layout and theme the colours, so two of the four pairs meet all of both.
"""

from importlib import resources

import pytest
from conftest import PAGES, SEVERAL
from test_pages import opened

pytestmark = pytest.mark.browser

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")

OFF = {
    "color-contrast-enhanced": "asks for 7:1, level AAA; the book promises AA: 4.5:1, which color-contrast asks",
}
"""Rules that are not asked, each with the reason. All others are: also best practices and experimental ones."""

# What a reader can open: folded blocks, hints, a ladder's blanks, the menu of chapters.
UNFOLD = """() => {
  document.querySelectorAll("details").forEach((e) => (e.open = true));
  document.querySelectorAll(".bp-hints [hidden]").forEach((e) => (e.hidden = false));
  document.querySelectorAll("[data-do=rung]").forEach((e) => {
    e.selectedIndex = 1;
    e.dispatchEvent(new Event("change", { bubbles: true }));
  });
}"""
# A formula is thousands of elements, all of one make: glyphs that screen readers are not told, and MathML beside them.
ASK = """async ([off, place]) => {
  const values = axe.getRules().map((rule) => rule.ruleId).filter((rule) => !off.includes(rule));
  const where = { include: [place], exclude: [".katex"] };
  const { violations } = await axe.run(where, { runOnly: { type: "rule", values }, resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.html.slice(0, 120)}`));
}"""


OF_A_KIND = [page for page in SEVERAL if page != "book/api.html"]
"""Asked every time; all others with `make test-browser ALL=1`, as axe takes half a minute for some."""


@pytest.mark.parametrize("page", [pytest.param(page, marks=[] if page in OF_A_KIND else pytest.mark.slow) for page in PAGES])
def test_axe_finds_nothing(browser, page):
    tab, _ = opened(browser, page, 1280)
    found = {}
    try:
        tab.evaluate(AXE)
        tab.evaluate(UNFOLD)
        for width, theme in (1280, "light"), (360, "dark"):
            tab.set_viewport_size({"width": width, "height": 800})
            tab.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            for told in tab.evaluate(ASK, [list(OFF), "html"]):
                found.setdefault(told, []).append(f"{width} {theme}")
        tab.locator("button.menu").click()
        for told in tab.evaluate(ASK, [list(OFF), "nav.chapters"]):
            found.setdefault(told, []).append("360, the list of chapters open")
    finally:
        tab.context.close()
    assert found == {}
