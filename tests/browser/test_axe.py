"""All rules of axe-core on every page: light and dark, on a phone and on a laptop, with all that folds opened."""

from importlib import resources

import pytest
from conftest import PAGES
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
COLOURS = ["color-contrast", "link-in-text-block"]
"""What dark changes: the same page was asked for all else in light."""

# A formula is thousands of elements, all of one make: glyphs that screen readers are not told, and MathML beside them.
ASK = """async ([off, only]) => {
  const values = only.length ? only : axe.getRules().map((rule) => rule.ruleId).filter((rule) => !off.includes(rule));
  const where = { exclude: [".katex"] };
  const { violations } = await axe.run(where, { runOnly: { type: "rule", values }, resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.html.slice(0, 120)}`));
}"""


@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(browser, page):
    tab, _ = opened(browser, page, 1280)
    found = {}
    try:
        tab.evaluate(AXE)
        tab.evaluate(UNFOLD)
        for width in 1280, 360:
            tab.set_viewport_size({"width": width, "height": 800})
            for theme in "light", "dark":
                tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
                tab.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
                for told in tab.evaluate(ASK, [list(OFF), COLOURS if theme == "dark" else []]):
                    found.setdefault(told, []).append(f"{width} {theme}")
        tab.locator("button.menu").click()
        for told in tab.evaluate(ASK, [list(OFF), []]):
            found.setdefault(told, []).append("360, the list of chapters open")
    finally:
        tab.context.close()
    assert found == {}
