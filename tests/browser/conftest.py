"""A Chromium without a network, for the built pages."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

HTML = Path(__file__).parents[2] / "_build" / "html"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]


def chromium() -> str:
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.exit(
            "The browser tests need Chromium: install it (Debian, Ubuntu: apt-get install chromium; "
            "others: Chrome or Chromium), or set CHROMIUM to its program.",
            returncode=3,
        )
    return path


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
