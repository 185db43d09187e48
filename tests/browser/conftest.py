"""A Chromium without a network, and a server of the built pages."""

import contextlib
import functools
import os
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

HTML = Path(__file__).parents[2] / "_build" / "html"
CHROMIUM = "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"
WITHOUT_WINDOWS = "chromium-headless-shell"
"""The same browser with nothing around a page to draw: all these tests take a third less."""
BUILT = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html") if "_static" not in path.parts)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]


def listen(tab, troubles: list[str], own: tuple[str, ...] = ("file:", "data:")) -> None:
    """Note what goes wrong on a tab: an address that is not the book's own, an error in the console or in a script."""
    tab.on("request", lambda request: None if request.url.startswith(own) else troubles.append(request.url))
    tab.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: troubles.append(str(error)))


def opens_from_a_folder(page: str) -> bool:
    """Not a page that leads on to another, nor the one for wrong addresses, whose own begin at the top of a host."""
    return page != "404.html" and 'http-equiv="refresh"' not in (HTML / page).read_text(encoding="utf-8").lower()


PAGES = [page for page in BUILT if opens_from_a_folder(page)]

SEVERAL = [
    "index.html", "book/03-gates-and-circuits.html", "book/07-one-weight-w212.html", "book/11-backpropagation-in-numpy.html",
    "book/practice.html", "book/glossary.html", "book/api.html", "notebooks/03-gates-and-circuits.html", "search.html",
]  # fmt: skip
EACH = [pytest.param(page, marks=[] if page in SEVERAL else pytest.mark.slow) for page in PAGES]
"""Some of each kind every time, all with `make test-browser ALL=1`: for what depends on a page's kind more than on its text."""


def program(browser: str, names: tuple[str, ...], install: str) -> str:
    """What the variable with the browser's name says, or the first of these programs that is there."""
    path = os.environ.get(browser.upper()) or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        message = f"The browser tests need {browser}: install it ({install}), or set {browser.upper()} to its program."
        pytest.exit(message, returncode=3)
    return path


def chromium(names: tuple[str, ...] = (WITHOUT_WINDOWS, *CHROMIUM)) -> str:
    return program("Chromium", names, "Debian: apt-get install chromium-headless-shell; others: Chrome or Chromium")


@pytest.fixture(scope="session")
def playwright():
    if not (HTML / "index.html").exists():
        pytest.exit("The browser tests need the built book: make book", returncode=3)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright):
    instance = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
    yield instance
    instance.close()


class Handler(SimpleHTTPRequestHandler):
    """Sends files in silence, with a word on whether they may be kept, and on what a page may do."""

    def __init__(self, *args, cache: str, policy: str, **more) -> None:
        self.cache, self.policy = cache, policy
        super().__init__(*args, **more)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", self.cache)
        if self.policy:
            self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()

    def log_message(self, *args) -> None:
        pass


@contextlib.contextmanager
def served(cache: str, policy: str = ""):
    """The address of the book on a server of its own."""
    handler = functools.partial(Handler, cache=cache, policy=policy, directory=HTML)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
