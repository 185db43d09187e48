"""No equation, table, picture or line of code is wider than its column on a laptop; on a phone, what scrolls shows it.

No page is wider than its window.
"""

import pytest
from test_pages import PAGES, opened

pytestmark = pytest.mark.browser

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


def wider(browser, page: str, width: int) -> list[dict]:
    tab, _ = opened(browser, page, width)
    try:
        return tab.evaluate(WIDER)
    finally:
        tab.context.close()


@pytest.mark.parametrize("width", [1200, 1440])
@pytest.mark.parametrize("page", PAGES)
def test_nothing_scrolls_sideways_on_a_laptop(browser, page, width):
    assert [found["what"] for found in wider(browser, page, width)] == []


@pytest.mark.parametrize("page", PAGES)
def test_what_scrolls_on_a_phone_shows_that_it_does(browser, page):
    assert [found["what"] for found in wider(browser, page, 390) if not found["shaded"]] == []
