"""Predict first: what is asked before an explorer moves, and what is said afterwards."""

import re

import numpy as np
import pytest
from test_explorers import EXPLORERS
from test_pages import opened
from twins import parsed

from bpcourse import explore
from bpcourse.examples import add_then_multiply

pytestmark = pytest.mark.browser

# What each explorer's question is about, from Python's own numbers.
TOLD = {
    "Product": lambda e: e.values["f"],
    "Hill": lambda e: e.values["f"],
    "DifferenceStep": lambda e: abs(e.values["forward"] - e.gradients["x"]),
    "Network": lambda e: e.values["loss"],
    "Recurrence": lambda e: e.values["norm_1"],
    "Circuit": lambda e: e.values["f"],
    "Bill": lambda e: e.values["ratio"],
    "Machines": lambda e: e.values["speedup"],
    "Derivatives": lambda e: e.gates[e.order],
    "VCurve": lambda e: e.quotients()["central"].error,
    "Names": lambda e: e.values["z_21"],
    "OneLogit": lambda e: abs(e._at("half_squared_error", e.inputs["z"])[2]),
    "Xor": lambda e: e.values["cost"],
}


def made(name):
    if name == "Circuit":
        return explore.Circuit(add_then_multiply(), eps=0.1)
    return explore.Network(weight="w_212") if name == "Network" else getattr(explore, name)()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Of a page of one explorer of each kind."""
    path = tmp_path_factory.mktemp("predict") / "page.html"
    shown = "".join(made(name).html() for name in TOLD)
    path.write_text(f'<html data-theme="light"><meta charset="utf-8"><body>{shown}', encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def tab(browser, address):
    """That page, visited for the first time."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


@pytest.mark.parametrize("name", TOLD)
def test_the_outcome_is_what_python_computes(tab, name):
    explorer = made(name)
    root = tab.locator(".bp-explorer").nth(list(TOLD).index(name))
    start = {trait: getattr(explorer, trait) for trait in explorer._state}
    for text, traits, _, because in explorer._asks():
        assert root.locator("[data-ask]").text_content() == text
        before = TOLD[name](explorer)
        for trait, value in traits.items():
            setattr(explorer, trait, {**explorer.inputs, **value} if trait == "inputs" else value)
        change = TOLD[name](explorer) - before
        root.locator("[data-say='1']").press("Enter")
        said = root.locator("[data-outcome]").text_content()
        assert said.endswith(because)
        assert said.startswith(
            {1: "As you said: it rises", -1: "A surprise: it falls", 0: "A surprise: it stays."}[np.sign(change)]
        )
        if change:
            number, unit = parsed(re.search(r"by ([−\d.e]*\d)", said)[1])
            assert abs(number - abs(change)) <= unit + 1e-3 * abs(change)
        for trait, value in start.items():
            setattr(explorer, trait, value)
        root.locator("[data-say=ask]").press("Enter")


SAID, FAR = "As you said: it rises by 0.2512.", "It rises, as you said, but by 0.2512, not by 9."


@pytest.mark.parametrize("guess, said", [(" ", SAID), ("0,25", SAID), ("−0.25", SAID), ("9", FAR)])
def test_the_size_may_be_left_out_and_must_be_near(tab, guess, said):
    root = tab.locator(".bp-explorer").first
    root.locator("[data-guess]").fill(guess)
    root.locator("[data-say='1']").click()
    outcome = root.locator("[data-outcome]").text_content()
    assert outcome.startswith(said) and "with no number" not in outcome


@pytest.mark.parametrize("guess", ["x²", "NaN", "1e400", "9" * 10_000, "1 / 4", "<b>1</b>", "🎉"])
def test_a_size_that_is_no_number_is_not_compared_and_told(tab, guess):
    root = tab.locator(".bp-explorer").first
    root.locator("[data-guess]").fill(guess)
    root.locator("[data-say='1']").press("Enter")
    outcome = root.locator("[data-outcome]")
    assert outcome.text_content().startswith(SAID) and outcome.text_content().endswith("By how much, you said with no number.")
    assert outcome.locator("*").count() == 0
    assert tab.evaluate("document.activeElement.textContent") == "Predict first"


def test_what_was_said_wrong_is_a_surprise(tab):
    root = tab.locator(".bp-explorer").first
    for word, said in (("-1", "falls"), ("0", "stays")):
        root.locator(f"[data-say='{word}']").click()
        assert f"A surprise: it rises by 0.2512. You said that it {said}." in root.locator("[data-outcome]").text_content()
        root.locator("[data-say=ask]").click()
        root.locator("[data-say='1']").click()
        root.locator("[data-say=ask]").click()


@pytest.mark.parametrize("page", [page for page, twins in EXPLORERS.items() if all(twin.asks for twin in twins)])
def test_a_page_asks_on_the_first_visit_and_remembers(browser, page):
    tab, troubles = opened(browser, f"book/{page}", 1280)
    try:
        questions, count = tab.locator(".bp-predict:visible"), tab.locator(".bp-explorer").count()
        assert questions.count() == count >= len(EXPLORERS[page])
        while questions.count():
            questions.first.locator("[data-say=skip]").click()
        tab.reload()
        assert questions.count() == 0 and tab.locator("[data-say=ask]:visible").count() == count
        tab.locator("[data-say=ask]:visible").first.click()
        assert questions.count() == 1 and troubles == []
    finally:
        tab.context.close()
