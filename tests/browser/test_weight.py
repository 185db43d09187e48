"""What a page weighs as it opens, compressed, images left out; `python tests/browser/test_weight.py` prints a table."""

import gzip
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import FLAGS, HTML, PAGES, chromium, served
from playwright.sync_api import sync_playwright

pytestmark = pytest.mark.browser

KINDS = {".html": "html", ".css": "css", ".js": "js", ".woff2": "font"}
MOST = 250_000
LOADED = "[location.pathname, ...performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)]"


def weight(tab, address: str, page: str) -> dict[str, int]:
    """Bytes of the page and of each kind of file that it asks for before a reader does anything, as a server compresses them."""
    tab.goto(f"{address}/{page}", wait_until="networkidle")
    told = dict.fromkeys([*KINDS.values(), "other"], 0)
    for path in {urlsplit(one).path.lstrip("/") for one in tab.evaluate(LOADED)}:
        file = HTML / path
        data = file.read_bytes() if file.is_file() else b""
        told[KINDS.get(Path(path).suffix, "other")] += len(
            gzip.compress(data, 6) if file.suffix in (".html", ".css", ".js") else data
        )
    return told


@pytest.fixture(scope="module")
def page_of(browser):
    context = browser.new_context(viewport={"width": 390, "height": 800})
    with served("no-store") as address:
        yield context.new_page(), address
    context.close()


@pytest.mark.parametrize("page", [*PAGES, "search.html"])
def test_a_page_weighs_at_most_250_kb(page_of, page):
    tab, address = page_of
    told = weight(tab, address, page)
    assert told["html"] > 0 and told["css"] > 0
    assert sum(told.values()) - told["other"] <= MOST, told


def main() -> None:
    """A line a page, in KB."""
    kinds = [*KINDS.values(), "other"]
    print(f"{'page':48}" + "".join(f"{kind:>8}" for kind in [*kinds, "all"]))
    with sync_playwright() as running, served("no-store") as address:
        browser = running.chromium.launch(executable_path=chromium(), args=FLAGS)
        tab = browser.new_page(viewport={"width": 390, "height": 800})
        for page in PAGES:
            told = weight(tab, address, page)
            print(f"{page:48}" + "".join(f"{size / 1000:8.1f}" for size in [*(told[kind] for kind in kinds), sum(told.values())]))
        browser.close()


if __name__ == "__main__":
    main()
