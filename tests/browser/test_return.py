"""Every page in Chromium and in Firefox, loaded, loaded again, left and come back to; restored tabs.

Whatever a browser puts back, controls and numbers of an explorer agree.
"""

import pytest
from conftest import EACH, FLAGS, HTML, chromium, served
from firefox import HERE, Firefox
from test_explorers import READ
from test_pages import LAID_OUT
from twins import EXPLORERS

pytestmark = pytest.mark.browser

# ------------------------------------------------------------ places to read the book


@pytest.fixture(scope="module", params=["a folder", "a server", "a server that lets nothing be kept"])
def place(request):
    """Where the book is, as the beginning of an address."""
    if request.param == "a folder":
        yield HTML.as_uri()
        return
    with served("max-age=60" if request.param == "a server" else "no-store") as address:
        yield address


# ------------------------------------------------------------ two browsers, asked alike


class Chromium:
    """One tab of a Chromium that keeps the pages that are left, as a reader's does and Playwright's does not."""

    def __init__(self, playwright) -> None:
        kept = ["--disable-back-forward-cache"]
        self.browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS, ignore_default_args=kept)
        self.tab = self.browser.new_page()
        self.troubles: list[str] = []
        self.tab.on("console", lambda message: self.troubles.append(message.text) if message.type == "error" else None)
        self.tab.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.tab.on("request", lambda request: None if HERE.match(request.url) else self.troubles.append(request.url))
        self.go, self.reload, self.evaluate, self.close = self.tab.goto, self.tab.reload, self.tab.evaluate, self.browser.close

    def back(self) -> None:
        # A page that was kept is not loaded again.
        self.tab.go_back(wait_until="commit")
        self.tab.wait_for_function("document.readyState === 'complete'")

    def widen(self, width: int) -> None:
        self.tab.set_viewport_size({"width": width, "height": 800})


@pytest.fixture(scope="module", params=["Chromium", "Firefox"])
def visitor(request, playwright, tmp_path_factory):
    tab = Chromium(playwright) if request.param == "Chromium" else Firefox(tmp_path_factory.mktemp("firefox"))
    yield tab
    tab.close()


# ------------------------------------------------------------ what a reader does, and what she finds

STATE = f"({LAID_OUT})().then(() => [...document.querySelectorAll('.bp-explorer')].map({READ}))"
MOVE = """(() => {
  const moved = (control, kind) => control.dispatchEvent(new Event(kind, { bubbles: true }));
  for (const root of document.querySelectorAll(".bp-explorer")) {
    for (const select of root.querySelectorAll("select")) {
      select.selectedIndex = select.options.length - 1;
      moved(select, "input");
    }
    for (const box of root.querySelectorAll("[type=checkbox]")) box.click();
    for (const slider of root.querySelectorAll("[type=range]")) {
      slider.value = Number(slider.min) + 0.3 * (slider.max - slider.min);
      moved(slider, "input");
    }
    const typed = root.querySelector("input[data-n]");
    if (!typed) continue;  // a stepper has steps alone
    typed.value = "0,45";
    moved(typed, "change");
  }
})()"""
ELSEWHERE = "genindex.html"
WITH_EACH_KIND = "01", "02", "03", "06", "07", "10", "12", "15"
ONE_OF_EACH_KIND = [next(name for name in EXPLORERS if name.startswith(chapter)) for chapter in WITH_EACH_KIND]


@pytest.mark.parametrize("name", ONE_OF_EACH_KIND)
def test_after_a_return_controls_and_numbers_agree(visitor, place, name):
    """All is as it was at the start, or all as it was left: nothing in between."""
    visitor.go(f"{place}/book/{name}")
    start = visitor.evaluate(STATE)
    visitor.evaluate(MOVE)
    moved = visitor.evaluate(STATE)
    assert all(before != after for before, after in zip(start, moved, strict=True))
    visitor.reload()
    assert visitor.evaluate(STATE) == start
    visitor.evaluate(MOVE)
    visitor.go(f"{place}/{ELSEWHERE}")
    visitor.back()
    assert visitor.evaluate(STATE) in (start, moved)


# What stands on the page, and whether all of it is inside the window.
STANDS = (
    f"({LAID_OUT})().then(() => [document.title, document.body.innerText, document.documentElement.scrollWidth <= innerWidth])"
)


@pytest.mark.parametrize("page", EACH)
def test_a_page_opens_without_a_word_and_a_return_changes_nothing(visitor, page):
    """On a laptop, and after a reload on a phone; no error in the console, no question to another machine."""
    address = f"{HTML.as_uri()}/{page}"
    visitor.troubles.clear()
    visitor.widen(1200)
    visitor.go(address)
    first = visitor.evaluate(STANDS)
    visitor.go(f"{HTML.as_uri()}/{ELSEWHERE if page != ELSEWHERE else 'search.html'}")
    visitor.back()
    assert visitor.evaluate(STANDS) == first and first[-1]
    visitor.widen(360)
    phone = visitor.evaluate(STANDS)
    visitor.reload()
    assert visitor.evaluate(STANDS) == phone and phone[-1]
    assert visitor.troubles == []


# A control that agrees with the numbers changes none when it says again what it shows.
SAY_AGAIN = """document.querySelectorAll(".bp-explorer [data-bind]")
  .forEach((control) => control.dispatchEvent(new Event("input", { bubbles: true })))"""
RESTORES = {
    "browser.sessionstore.interval": 100,
    "browser.sessionstore.max_resumed_crashes": -1,
    "toolkit.startup.max_resumed_crashes": -1,
    "remote.prefs.recommended": False,
}


def test_in_a_restored_tab_controls_and_numbers_agree(tmp_path):
    """A Firefox that is ended and started again brings its tab back, and moves the lists of a page to where they were."""
    firefox = Firefox(tmp_path, **RESTORES)
    firefox.go((HTML / "book" / "07-one-weight-w212.html").as_uri())
    start = firefox.evaluate(STATE)
    firefox.evaluate(MOVE)
    assert firefox.evaluate(STATE) != start
    firefox.end_once_stored()
    firefox = Firefox(tmp_path, **RESTORES)
    try:
        firefox.find_tab("07-one-weight-w212.html")
        restored = firefox.evaluate(STATE)
        firefox.evaluate(SAY_AGAIN)
        assert firefox.evaluate(STATE) == restored
    finally:
        firefox.close()
