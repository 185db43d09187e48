"""How long a slider's move or a stepper's key takes in the built pages, and what each explorer adds to its page.

The processor is slowed down four times, as a small laptop or a phone would be.
"""

import re
import runpy
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles

from common import table
from playwright.sync_api import Browser, Page, sync_playwright

BROWSER = runpy.run_path(str(Path(__file__).parents[1] / "tests" / "browser" / "conftest.py"))
BOOK: Path = BROWSER["HTML"] / "book"
PAGE = BOOK / "07-one-weight-w212.html"
SLOWDOWN, WARM_UP, EVENTS, KEYS_PRESSED = 4, 50, 500, 200
GOALS = {"median": 4, "p99": 16}
MOST_BYTES = 40_000

MEASURE = """async ([count, layout]) => {
  const root = document.querySelector(".bp-explorer"), svg = root.querySelector("svg");
  const slider = root.querySelector('input[data-bind^="inputs."]');
  const low = Number(slider.min), steps = Math.round((slider.max - low) / slider.step), times = [];
  root.scrollIntoView();
  for (let i = 0; i < count; i++) {
    slider.value = low + ((37 * i) % (steps + 1)) * slider.step;
    const event = new Event("input", { bubbles: true }), begun = performance.now();
    slider.dispatchEvent(event);
    if (layout) svg.getBoundingClientRect();
    times.push(performance.now() - begun);
    await new Promise(requestAnimationFrame);
  }
  return times;
}"""
"""Moves of the slider, each a frame after the last; milliseconds from the event to the new numbers."""

KEYS = """async ([selector, index, count]) => {
  const root = document.querySelectorAll(selector)[index], last = root.querySelectorAll("select option").length - 1, times = [];
  root.scrollIntoView();
  for (let i = 0; i < count; i++) {
    const key = i % (last + 1) ? "PageDown" : "Home", begun = performance.now();
    root.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    times.push(performance.now() - begun);
    await new Promise(requestAnimationFrame);
  }
  return times;
}"""
"""A stepper walked over and over, each key a frame after the last; milliseconds from the key to the new step."""

EXPLORER = re.compile(
    r'<div class="bp-explorer[^>]*data-explorer="(\w+)"[^>]*aria-label="([^"]*)".*?<div role="status"></div></div>', re.S
)
SCRIPTS = re.compile(r"_static/inline/\w+\.js")
TASK = re.compile(r"^(?=document\.querySelector\(|queueMicrotask\()", re.M)
"""Where a script of a page begins, in the one file that holds them."""


def slowed_down(browser: Browser, path: Path) -> Page:
    """The page with all its explorers at work, then the processor slowed down by SLOWDOWN."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(path.as_uri())
    page.evaluate("document.documentElement.classList.add('whole')")
    page.locator(".bp-explorer .bp-controls").last.wait_for()
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    return page


def moves() -> dict[str, list[float]]:
    """Milliseconds of each move after the warm-up, without and with the layout forced."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER["chromium"](), args=BROWSER["FLAGS"])
        page = slowed_down(browser, PAGE)
        times = {name: page.evaluate(MEASURE, [WARM_UP + EVENTS, name == "with layout"]) for name in ("handler", "with layout")}
        browser.close()
    return {name: measured[WARM_UP:] for name, measured in times.items()}


def walks() -> Iterator[tuple[str, list[float]]]:
    """(page and number of the stepper, milliseconds of each key) after the warm-up, for every stepper of the book."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER["chromium"](), args=BROWSER["FLAGS"])
        for path in sorted(BOOK.glob("*.html")):
            for index in range(path.read_text(encoding="utf-8").count('class="bp-explorer bp-stepper"')):
                page = slowed_down(browser, path)
                times = page.evaluate(KEYS, [".bp-stepper", index, WARM_UP + KEYS_PRESSED])
                page.close()
                yield f"{path.stem}, stepper {index + 1}", times[WARM_UP:]
        browser.close()


def summary(times: Sequence[float]) -> dict[str, float]:
    """The median, the 99th percentile and the largest."""
    return {"median": median(times), "p99": quantiles(times, n=100)[98], "max": float(max(times))}


def explorers() -> Iterator[tuple[str, str, int]]:
    """(page, explorer, bytes) for each explorer of the chapters: its picture, its controls, its script."""
    for page in sorted(BOOK.glob("*.html")):
        text = page.read_text(encoding="utf-8")
        tasks = [task for name in SCRIPTS.findall(text) for task in TASK.split((BOOK.parent / name).read_text(encoding="utf-8"))]
        for found in EXPLORER.finditer(text):
            own = next(task for task in tasks if f'[data-explorer="{found[1]}"]' in task.partition("\n")[0])
            yield page.stem, found[2], len(found[0].encode()) + len(own.encode())


def main() -> None:
    """Print the tables."""
    measured = {name: summary(times) for name, times in [*moves().items(), *walks()]}
    rows = [[name, *(f"{time:.1f}" for time in found.values())] for name, found in measured.items()]
    rows.append(["goal", *(f"≤ {GOALS[name]}" if name in GOALS else "" for name in ("median", "p99", "max"))])
    print(
        f"{PAGE.stem}: {EVENTS} moves of the weight's slider; steppers: {KEYS_PRESSED} keys; processor {SLOWDOWN} times slower\n"
    )
    print(table(["milliseconds", "median", "p99", "max"], rows))
    print("\nBytes that each explorer adds to its page\n")
    added = [[f"{page}: {name}", size] for page, name, size in explorers()]
    print(table(["explorer", "bytes"], [*added, ["goal", f"≤ {MOST_BYTES}"]]))


if __name__ == "__main__":
    main()
