"""The mistake clinic in Chromium: cases solved and failed, nudged, left and come back to, on any screen, with the network cut."""

import json
import re

import pytest
from conftest import HTML, listen
from playwright.sync_api import expect
from test_pages import LAID_OUT

from bpcourse.practice import clinic, damage
from bpcourse.practice.diagnosis import brief
from bpcourse.practice.exercises import Clinic, chapter

pytestmark = pytest.mark.browser
CASES = {f"19.{k}": one for k, one in enumerate(chapter(19), start=1) if isinstance(one, Clinic)}
FIVE = [*CASES][::6]
"""A fork, softmax, a hidden layer, a batch in code, attention or the like: one of each kind."""


@pytest.fixture
def opened(browser):
    """Opens a page of the book from its folder, offline; says at the end what went wrong on it."""
    contexts, troubles = [], []

    def at(name: str = "book/19-the-mistake-clinic", width: int = 390, **options):
        context = browser.new_context(viewport={"width": width, "height": 800}, offline=True, **options)
        contexts.append(context)
        tab = context.new_page()
        listen(tab, troubles, ("file:", "data:", "blob:"))
        tab.goto((HTML / f"{name}.html").as_uri())
        if options.get("java_script_enabled", True):
            tab.evaluate(LAID_OUT)
        return tab

    yield at
    for context in contexts:
        context.close()
    assert troubles == []


class Case:
    """The box of a case."""

    def __init__(self, tab, label: str):
        self.tab, self.label, self.root = tab, label, tab.locator(f'[data-exercise="{label}"]')
        self.damage, self.slider = self.root.locator(".bp-damage"), self.root.locator("[data-do=nudge]")

    def said(self, name: str):
        return self.root.locator(f'[data-name="{name}"] .bp-verdict')

    def answer(self, line: int | None = None, reason: str | None = None) -> None:
        """A line and a reason, and the button."""
        if line:
            self.root.locator(f'[type=radio][value="{line}"]').check()
        if reason:
            self.root.locator("select").select_option(reason)
        self.root.get_by_role("button", name="Check").press("Enter")


def right(label: str) -> tuple[int, str]:
    """The first bad line, and the name of the mistake."""
    one = CASES[label]
    return [line.verdict for line in clinic.lines(one)].index("bad line") + 1, one.mistake.name


def kept(tab) -> dict:
    return json.loads(tab.evaluate("localStorage.getItem('bpcourse.practice')") or "{}")


@pytest.mark.parametrize("label", FIVE)
def test_a_case_is_solved_and_the_nudge_shows_the_damage(opened, label):
    tab = opened()
    case, told = Case(tab, label), damage.damage(CASES[label])
    expect(case.damage).to_be_hidden()
    line, reason = right(label)
    case.answer(line, reason)
    expect(case.said("line")).to_contain_text("✓ Right.")
    expect(case.said("reason")).to_contain_text(f"✓ Right: {reason}.")
    expect(case.damage).to_be_visible()
    expect(case.damage.locator("q")).to_have_text(told.verdict.text)
    assert kept(tab)[label]["right"] and kept(tab)[label]["first"]
    dots = case.damage.locator("circle")
    before = dots.evaluate_all("(all) => all.map((dot) => dot.getAttribute('cy'))")
    assert len({*before}) == 1, "without a nudge all three are one point"
    case.slider.focus()
    for _ in range(7):
        tab.keyboard.press("ArrowRight")
    by = 7 * damage.REACH / damage.STEPS
    here, there = told.costs[damage.STEPS], told.costs[damage.STEPS + 7]
    sentence = case.damage.locator(".bp-nudged").inner_text()
    assert case.slider.get_attribute("aria-valuetext") == sentence
    numbers = [float(x.replace("−", "-")) for x in re.findall(r"−?\d+(?:\.\d+)?(?:e−?\d+)?", sentence)]
    wanted = [by, there, here + told.right * by, here + told.wrong * by]
    assert numbers == pytest.approx(wanted, rel=2e-4, abs=2e-5), sentence
    places = dots.evaluate_all(
        "(all) => Object.fromEntries(all.map((dot) => [dot.dataset.line, Number(dot.getAttribute('cy'))]))"
    )
    assert places["cost-dot"] != places["wrong-dot"] != places["right-dot"], "the wrong line misses the curve"


@pytest.mark.parametrize("label", FIVE)
def test_a_case_is_failed_and_each_wrong_answer_is_told_why(opened, label):
    tab = opened()
    case, one = Case(tab, label), CASES[label]
    line, reason = right(label)
    for k, told in enumerate(clinic.lines(one), start=1):
        if k != line:
            case.answer(k)
            expect(case.said("line")).to_have_text(f"✗ {clinic.about_line(told)}")
    for other in clinic.menu(one):
        if other.mistake.name != reason:
            case.answer(reason=other.mistake.name)
            expect(case.said("reason")).to_have_text(f"✗ {clinic.about_reason(other)}")
    expect(case.damage).to_be_hidden()
    entry = kept(tab)[label]
    assert not entry["right"] and not entry["first"] and len(entry["again"]) == 2
    case.root.get_by_role("link", name="Solution").click()
    expect(case.damage).to_be_visible()
    expect(tab.locator(f"#sol-{label.replace('.', '-')}")).to_contain_text(reason)


def test_nothing_and_half_an_answer_are_told(opened):
    tab = opened()
    case = Case(tab, FIVE[0])
    case.answer()
    for name in "line", "reason":
        expect(case.said(name)).to_have_text("! Choose one first.")
    line, reason = right(FIVE[0])
    case.answer(line)
    expect(case.said("line")).to_contain_text("✓ Right.")
    expect(case.damage).to_be_hidden()
    assert kept(tab) == {}
    case.answer(reason=reason)
    expect(case.damage).to_be_visible()


def test_a_case_is_done_by_keyboard_alone(opened):
    tab = opened(width=1280)
    case, keys = Case(tab, FIVE[0]), tab.keyboard
    line, reason = right(FIVE[0])
    case.root.locator("[type=radio]").first.focus()
    keys.press("Space")
    for _ in range(line - 1):
        keys.press("ArrowDown")
    keys.press("Tab")
    assert tab.evaluate("document.activeElement.tagName") == "SELECT"
    keys.type(reason)
    keys.press("Tab")
    keys.press("Tab")
    case.root.get_by_role("button", name="Check").focus()
    keys.press("Enter")
    expect(case.damage).to_be_visible()
    assert case.root.locator("fieldset legend").inner_text() == "The first bad line"


def test_what_was_solved_is_known_after_a_reload_and_after_back(opened):
    tab = opened()
    for label in FIVE[:2]:
        Case(tab, label).answer(*right(label))
    told = Case(tab, FIVE[0]).root.locator(".bp-progress")
    expect(told).to_have_text(re.compile(r"^✓ · 2 of \d+ done$"))
    tab.reload()
    expect(told).to_have_text(re.compile(r"^✓ · 2 of \d+ done$"))
    tab.goto((HTML / "book/16-checking-gradients.html").as_uri())
    tab.go_back()
    expect(told).to_have_text(re.compile(r"^✓ · 2 of \d+ done$"))
    expect(Case(tab, FIVE[3]).root.locator(".bp-progress")).to_have_text(re.compile(r"^2 of \d+ done$"))


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_clinic_fits_and_can_be_touched(opened, width, scheme):
    tab = opened(width=width, color_scheme=scheme)
    tab.evaluate("document.documentElement.classList.add('whole')")
    expect(tab.locator(".bp-damage")).to_have_count(len(CASES))
    tab.evaluate("document.querySelectorAll('.bp-damage').forEach((place) => (place.hidden = false))")
    assert tab.locator(".bp-damage:visible").count() == len(CASES)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    small = tab.evaluate(
        """() => [...document.querySelectorAll("[data-kind=clinic] :is(button, select, input[type=range], .bp-option)")]
          .map((e) => e.getBoundingClientRect()).filter(({ width, height }) => width < 44 || height < 44).length"""
    )
    assert small == 0
    for svg in tab.locator(".bp-damage svg.bp").all():
        assert svg.bounding_box()["width"] <= width


def test_curves_keep_apart_where_a_reader_has_set_colours(opened):
    tab = opened(forced_colors="active")
    case = Case(tab, FIVE[0])
    case.answer(*right(FIVE[0]))
    strokes = case.damage.locator("[data-line]:not(circle)").evaluate_all(
        "(all) => all.map((line) => [getComputedStyle(line).stroke, line.getAttribute('stroke-dasharray')])"
    )
    assert len({dash for _, dash in strokes}) == 3 and not any("rgba(0, 0, 0, 0)" in colour for colour, _ in strokes)


def test_without_a_script_lines_and_solutions_stand(opened):
    tab = opened(java_script_enabled=False)
    case = Case(tab, FIVE[0])
    assert case.root.locator("[type=radio]").count() == len(clinic.lines(CASES[FIVE[0]]))
    expect(case.damage).to_be_hidden()
    tab.locator(f"#sol-{FIVE[0].replace('.', '-')} > summary").click()
    assert right(FIVE[0])[1] in tab.locator(f"#sol-{FIVE[0].replace('.', '-')}").inner_text()


def test_the_case_of_the_notebook_is_alive_in_its_page(opened):
    tab = opened("notebooks/19-the-mistake-clinic")
    root = tab.locator("[data-alone]")
    radios = root.locator("[type=radio]")
    for k in range(radios.count()):
        radios.nth(k).check()
        root.get_by_role("button", name="Check").press("Enter")
        tab.wait_for_timeout(100)
        if "✓" in root.locator('[data-name="line"] .bp-verdict').inner_text():
            break
    root.locator("select").select_option("activation's slope forgotten")
    root.get_by_role("button", name="Check").press("Enter")
    expect(root.locator(".bp-damage")).to_be_visible()
    start = root.locator(".bp-nudged").inner_text()
    root.locator("[data-do=nudge]").press("ArrowRight")
    assert brief(damage.REACH / damage.STEPS) in root.locator(".bp-nudged").inner_text() != start
