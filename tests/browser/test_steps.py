"""Every stepper walked by keyboard with the network cut: its five views show what Python computes."""

import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import HTML
from playwright.sync_api import expect

sys.path.append(str(Path(__file__).parents[1]))
from test_pages import LAID_OUT
from walks import WALKS

from bpcourse.explore import Steps
from bpcourse.explore.predict import brief
from bpcourse.explore.walks import placed, products
from bpcourse.pictures import svg

pytestmark = pytest.mark.browser

READ = """root => {
  const text = (key) => root.querySelector(`[data-n="${key}"]`).textContent;
  const tables = [...root.querySelectorAll(".bp-array")].map((table) => [table.caption.textContent,
    [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent))]);
  const used = [...root.querySelectorAll(".bp-array:not(.bp-made) .bp-used")].length;
  const states = Object.fromEntries([...root.querySelectorAll("[data-box]")].map((box) => [box.dataset.box, box.dataset.state]));
  return { head: text("head"), words: text("words"), equation: text("equation"), line: text("line"), shapes: text("shapes"),
    tables, used, states, sum: root.querySelector("[data-sum]").textContent, step: root.querySelector("select").value };
}"""


def opened(browser, path):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True, reduced_motion="reduce")
    tab, troubles = context.new_page(), []
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.goto(path.as_uri())
    tab.evaluate(LAID_OUT)
    return tab, troubles


@pytest.fixture(params=WALKS)
def stepper(browser, request, tmp_path):
    """A page with one stepper, and its walk."""
    walk = WALKS[request.param]()
    path = tmp_path / "page.html"
    path.write_text(f'<html data-theme="light"><meta charset="utf-8"><body>{Steps(walk).html()}', encoding="utf-8")
    tab, troubles = opened(browser, path)
    yield walk, tab, tab.locator(".bp-explorer")
    tab.context.close()
    assert troubles == []


def expect_step(walk, k, told, row=0, column=0):
    step = walk.steps[k]
    way = "backward" if step.name.startswith("d") else "forward"
    assert told["head"] == f"Step {k + 1} of {len(walk.steps)}, {way}: {walk.written(step.name)}."
    assert told["step"] == str(k)
    assert told["equation"] == step.equation
    assert told["line"].split("   # ") == [step.line, step.place]
    sizes = {name: "×".join(map(str, walk.arrays[name].shape)) for name in [*step.reads, step.name]}
    *read, made = [f"{walk.written(name)} {size}" for name, size in sizes.items()]
    assert told["shapes"] == f"{', '.join(read)} → {made}"
    assert [caption for caption, _ in told["tables"]] == [f"{walk.written(name)} {size}" for name, size in sizes.items()]
    for (_, shown), name in zip(told["tables"], sizes):
        assert shown == [[svg.fixed(x, 4) for x in numbers] for numbers in walk.arrays[name]]
    assert told["sum"].endswith(f" = {brief(step.array[row, column])}")
    formula, at = placed(step.formulas, step.array.shape, row, column)
    factors = [x for term in formula.terms for numbers in products(term, at, walk.arrays) for x in numbers]
    for x in factors if len(factors) <= 12 else factors[:12]:
        assert brief(x) in told["sum"]
    assert told["states"][step.name] == "now"
    later = {one.name for one in walk.steps[k + 1 :]} - {step.name}
    assert all(told["states"][name] == "later" for name in later if name in told["states"])


def test_every_step_shows_its_equation_numbers_code_place_and_shapes(stepper):
    walk, tab, root = stepper
    root.get_by_role("button", name="Next").focus()
    for k in range(len(walk.steps)):
        expect_step(walk, k, root.evaluate(READ))
        tab.keyboard.press("PageDown")
    expect_step(walk, len(walk.steps) - 1, root.evaluate(READ))  # no step behind the last
    tab.keyboard.press("Home")
    expect_step(walk, 0, root.evaluate(READ))
    tab.keyboard.press("End")
    expect_step(walk, len(walk.steps) - 1, root.evaluate(READ))
    tab.keyboard.press("PageUp")
    expect_step(walk, len(walk.steps) - 2, root.evaluate(READ))


def test_every_entry_can_be_pointed_at_by_keyboard(stepper):
    walk, tab, root = stepper
    for k in {len(walk.steps) - 1, len(walk.steps) // 2}:
        root.get_by_role("combobox", name="Step").select_option(str(k))
        array = walk.steps[k].array
        root.locator(".bp-made button[tabindex='0']").focus()
        for row, column in np.ndindex(array.shape):
            expect_step(walk, k, root.evaluate(READ), row, column)
            tab.keyboard.press("ArrowRight")
            if column == array.shape[1] - 1:
                for _ in range(column):
                    tab.keyboard.press("ArrowLeft")
                tab.keyboard.press("ArrowDown")
        for _ in range(12):
            tab.keyboard.press("ArrowUp")


def test_an_entry_that_the_next_array_has_not_is_left(stepper):
    walk, tab, root = stepper
    large = max(range(len(walk.steps)), key=lambda k: walk.steps[k].array.size)
    small = min(range(len(walk.steps)), key=lambda k: walk.steps[k].array.size)
    steps = root.get_by_role("combobox", name="Step")
    steps.select_option(str(large))
    root.locator(".bp-made button").last.click()
    steps.select_option(str(small))
    rows, columns = (n - 1 for n in walk.steps[small].array.shape)
    expect_step(walk, small, root.evaluate(READ), rows, columns)
    root.locator(".bp-made button[tabindex='0']").focus()
    for _ in range(rows + columns):
        tab.keyboard.press("ArrowUp")
        tab.keyboard.press("ArrowLeft")
    expect_step(walk, small, root.evaluate(READ))


def test_a_step_is_said_as_a_sentence(stepper):
    walk, _, root = stepper
    root.get_by_role("button", name="Last").press("Enter")
    step = walk.steps[-1]
    expect(root.locator("[role=status]")).to_contain_text(f"Step {len(walk.steps)} of {len(walk.steps)}")
    said = root.locator("[role=status]").text_content()
    assert step.equation in said and brief(step.array[0, 0]) in said


def test_a_box_of_the_picture_is_a_way_to_its_step(stepper):
    walk, _, root = stepper
    root.locator(f"text[data-box='{walk.steps[-1].name}']").click()
    expect_step(walk, len(walk.steps) - 1, root.evaluate(READ))


@pytest.mark.parametrize("page", ["09", "10", "11", "15", "17"])
def test_chapters_have_their_steppers(browser, page):
    (path,) = HTML.glob(f"book/{page}-*.html")
    tab, troubles = opened(browser, path)
    steppers = tab.locator(".bp-stepper")
    assert steppers.count() == {"15": 3, "17": 3}.get(page, 1)
    for stepper in steppers.all():
        stepper.get_by_role("button", name="Last").click()
        shown = stepper.evaluate(READ)
        n = stepper.locator("select option").count()
        assert shown["head"].startswith(f"Step {n} of {n}, backward")
    assert troubles == []
    tab.context.close()


def test_the_outcome_of_a_prediction_is_the_gradient(stepper):
    walk, _, root = stepper
    (first, *_), explorer = Steps(walk)._asks(), Steps(walk)
    explorer.step = first.traits["step"]
    slope = next(iter(explorer.gradients.values()))
    assert root.locator("[data-ask]").text_content() == first.text
    root.locator("[data-say='1']").press("Enter")
    did = "rises" if slope > 0 else "falls" if slope else "stays"
    said = root.locator("[data-outcome]").text_content()
    assert f"it {did}" in said and said.endswith(first.because)
    assert brief(abs(slope)) in said or not slope


@pytest.mark.parametrize("page", ["book/10-output-layers.html", "book/15-when-gradients-go-wrong.html"])
def test_a_stepper_looks_the_same_beside_other_explorers(browser, page):
    """What explorers share stands before what is a stepper's own, whichever comes first on the page."""
    tab, troubles = opened(browser, HTML / page)
    tab.evaluate("document.documentElement.classList.add('whole')")
    entry = tab.locator(".bp-stepper .bp-made button").first
    assert entry.evaluate("button => [getComputedStyle(button).borderTopWidth, getComputedStyle(button).borderRadius]") == [
        "0px",
        "0px",
    ]
    tab.context.close()
    assert troubles == []
