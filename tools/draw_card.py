"""The card that a shared link shows, and the icons, from the logo, the book's title and the cover's picture: `make card`.

They are drawn by Chromium and stored, so that a build needs no browser; so is the README's picture of a built page.
"""

import os
import shutil
from io import BytesIO
from pathlib import Path

import yaml
from PIL import Image
from playwright.sync_api import sync_playwright

from bpcourse.explore import OneWeight

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "_build/html/book/07-one-weight-w212.html").as_uri() + "#where-a-nudge-of-w212-goes"
STATIC = ROOT / "book" / "_theme" / "nudge" / "static"
CARD = """<meta charset="utf-8"><style>
body {{ margin: 0; padding: 44px 72px; background: #fff; color: #1d2129; font-family: system-ui, sans-serif; }}
header {{ display: flex; align-items: center; gap: 32px; }}
header svg {{ flex: none; width: 120px; }}
h1 {{ margin: 0; font-size: 68px; line-height: 1.1; letter-spacing: -0.02em; text-wrap: balance; }}
svg.bp {{ display: block; width: 720px; margin: 32px 0 0 148px; }}
</style><header>{logo}<h1>{title}</h1></header>{picture}"""
ICON = "<style>body {{ margin: 0; padding: {edge}px; background: {ground}; }} svg {{ display: block; }}</style>{logo}"


def main() -> None:
    """Draw all four."""
    title = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["title"]
    logo = (STATIC / "logo.svg").read_text(encoding="utf-8")
    pages = {"card": (1200, 630, CARD.format(logo=logo, title=title, picture=OneWeight()._picture().svg))}
    for size, edge, ground in (32, 0, "transparent"), (180, 22, "#fff"):
        pages[f"icon-{size}"] = size, size, ICON.format(edge=edge, ground=ground, logo=logo)
    with sync_playwright() as running:
        program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "google-chrome"))))
        browser = running.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for name, (width, height, html) in pages.items():
            tab = browser.new_page(viewport={"width": width, "height": height})
            tab.set_content(html)
            save(tab.screenshot(omit_background=True), STATIC / f"{name}.png")
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.goto(PAGE)
        tab.evaluate("document.fonts.ready")
        save(tab.screenshot(), ROOT / "book" / "_static" / "page.png", colours=256)
        browser.close()


def save(drawn: bytes, path: Path, colours: int = 64) -> None:
    """With few colours, so that it is light."""
    Image.open(BytesIO(drawn)).quantize(colours).save(path, optimize=True)


if __name__ == "__main__":
    main()
