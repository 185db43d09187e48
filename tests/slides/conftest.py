"""What `make test-slides` has made, and a Chromium that reaches nothing else."""

import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tools" / "slides"), str(ROOT / "tools" / "editions"), str(ROOT / "tests" / "editions")]
from pdf import FLAGS, chromium  # noqa: E402

SLIDES, SVG = ROOT / "_build" / "slides", ROOT / "_build" / "svg"


@pytest.fixture(scope="session", autouse=True)
def made():
    if not ((SLIDES / "index.html").exists() and (SVG / "index.html").exists()):
        pytest.exit("These tests need the slides and the SVG files made: make test-slides", returncode=3)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield instance
        instance.close()


@pytest.fixture
def tab(browser):
    """A tab as large as a projector's picture; a trouble in its console, or a request to elsewhere, fails the test."""
    troubles: list[str] = []
    with browser.new_context(viewport={"width": 1280, "height": 720}, has_touch=True) as context:
        page = context.new_page()
        page.on(
            "request", lambda asked: None if asked.url.startswith(("file:", "http://slides/")) else troubles.append(asked.url)
        )
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        yield page
    assert not troubles
