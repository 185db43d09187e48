"""Every explorer of the built pages, moved by keyboard and mouse: it shows what Python computes."""

import copy
import json
import math
import re
from typing import NamedTuple

import pytest
from conftest import HTML
from playwright.sync_api import expect
from test_pages import opened, resize
from twins import EXPLORERS, NUMBER, parsed

pytestmark = pytest.mark.browser

# ------------------------------------------------------------ an explorer in its page, moved together with its twin

READ = """root => {
  const tick = "[font-size='12'][fill*=muted]";
  const all = (selector, tell) => [...root.querySelectorAll(selector)].map(tell);
  return {
    numbers: all("[data-n]", (e) => [e.dataset.n, e.matches("input") ? e.value : e.textContent, getComputedStyle(e).visibility]),
    ranges: all("[type=range]", (e) => [e.dataset.bind, e.ariaValueText, ...[e.value, e.min, e.max, e.step].map(Number)]),
    choices: all("select", (e) => [e.dataset.bind, e.value]),
    switches: all("[type=checkbox]", (e) => [e.dataset.bind, e.checked]),
    plots: all("svg.bp", (picture) => {
      const parts = (selector, tell) => [...picture.querySelectorAll(selector)].map(tell);
      return {
        curves: parts("path[data-line]", (e) => [e.dataset.line, e.getAttribute("d")]),
        dots: parts("circle[data-line]", (e) => [e.dataset.line, Number(e.getAttribute("cx")), Number(e.getAttribute("cy"))]),
        across: parts("[text-anchor=middle]" + tick, (e) => [e.textContent, Number(e.getAttribute("x"))]),
        up: parts("[text-anchor=end]" + tick, (e) => [e.textContent, Number(e.getAttribute("y")) - 4]),
      };
    }),
    ringed: all(".bp-on", (e) => e.dataset.gate),
  };
}"""
RANGE = "e => [e.value, e.min, e.max, e.step].map(Number)"
FOCUS = f"e => (e.focus(), [document.activeElement === e, ...({RANGE})(e)])"
EDGE = """edge => {
  edge.scrollIntoView({ block: "center" });
  const place = (t) => edge.getPointAtLength(t * edge.getTotalLength()).matrixTransform(edge.getScreenCTM());
  const places = Array.from({ length: 60 }, (_, i) => place(i / 60));
  const free = places.find(({ x, y }) => document.elementFromPoint(x, y) === edge);
  return free && [free.x, free.y];
}"""
# The pictures' names, the numbers that a script keeps up to date in them, and how many of these are hidden.
SAID = """root => [...root.querySelectorAll("svg.bp")].map((picture) => {
  const marks = [...picture.querySelectorAll("[data-n]:not([font-size='12'][fill*=muted])")];
  const seen = marks.filter((e) => getComputedStyle(e).visibility === "visible");
  const numbers = seen.map((e) => e.textContent.replace(/^[^=]*[=:]|^Σ/, "").trim());
  return [picture.getAttribute("aria-label"), numbers, marks.length - seen.length];
})"""
LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789−")


def tick_number(words: str) -> float:
    """The number at a tick; of a power of ten, its exponent."""
    return parsed(words.translate(LOWERED)[2:] if re.search("[⁰¹²³⁴⁵⁶⁷⁸⁹]", words) else words)[0]


def scale(ticks):
    """Where a number stands along an axis, by its first and its last tick."""
    (low, start), *_, (high, end) = ticks
    low, high = tick_number(low), tick_number(high)
    return lambda u: start + (u - low) / (high - low) * (end - start)


class Alive:
    """An explorer in a page, and the state that Python says it must be in."""

    def __init__(self, tab, root, element, twin) -> None:
        self.tab, self.root, self.element, self.twin = tab, root, element, twin
        self.found: dict[str, object] = {}
        self.start()

    def start(self) -> None:
        self.state = copy.deepcopy(self.twin.start)

    def read(self) -> dict:
        # As one text: through Playwright each of the numbers would go by itself.
        return json.loads(self.element.evaluate(f"root => JSON.stringify(({READ})(root))"))

    def part(self, selector: str):
        """A control: found once, for it stays where it is, and a search takes as long as a move."""
        if selector not in self.found:
            self.found[selector] = self.element.query_selector(selector)
        return self.found[selector]

    def control(self, bind: str):
        return self.part(f"[data-bind='{bind}']")

    def key(self, control, key: str) -> list[float]:
        """Press a key on a control, which takes the focus; where a slider stood before."""
        focused, *stood = control.evaluate(FOCUS)
        assert focused, f"{self.twin.label}: {control} takes no focus for {key}"
        self.tab.keyboard.press(key)
        return stood

    def value(self, bind: str):
        return self.state["inputs"][bind[7:]] if bind.startswith("inputs.") else self.state[bind]

    def note(self, bind: str, value) -> None:
        if bind.startswith("inputs."):
            self.state["inputs"] = self.state["inputs"] | {bind[7:]: value}
        else:
            self.state[bind] = value

    def set(self, bind: str, value) -> None:
        self.note(bind, value)
        self.check(f"{bind} = {value}")

    def check(self, after: str) -> None:
        """All that the page shows, against Python."""
        page, shown, hidden = self.read(), self.twin.shown(self.state), self.twin.hidden(self.state)
        texts = {key: text for key, text, _ in page["numbers"]}
        told = f"{self.twin.label}, after {after}"
        for key, text, visibility in page["numbers"]:
            want = shown[key]
            assert text == want if isinstance(want, str) else want.fits(text), f"{told}: {key} shows {text!r}, expected {want}"
            assert visibility == ("hidden" if key in hidden else "visible"), f"{told}: {key}"
        for bind, spoken, place, low, high, step in page["ranges"]:
            assert spoken == texts[bind].strip(), f"{told}: {bind} is announced as {spoken!r}"
            x = math.log10(self.value(bind)) if bind in self.twin.powers else self.value(bind)
            assert not math.isfinite(x) or abs(place - min(high, max(low, x))) < 0.51 * step, f"{told}: {bind} stands at {place}"
        assert dict(page["choices"] + page["switches"]) == {key: self.state[key] for key, _ in page["choices"] + page["switches"]}
        assert page["ringed"] == self.twin.ringed(self.state), told
        dots, curves = self.twin.dots(self.state), self.twin.curves(self.state)
        for plot in page["plots"]:
            self.check_plot(plot, dots, curves, told)

    def check_plot(self, plot, dots, curves, told: str) -> None:
        """The dots and the curves, where Python is sure of them and the plot has room."""
        if not {key for key, *_ in plot["dots"] + plot["curves"]} & {*dots, *curves}:
            return
        across, up = scale(plot["across"]), scale(plot["up"])

        def check_point(place, point, which: str) -> None:
            wanted = across(point[0]), up(point[1])
            if abs(wanted[1]) < 1e4:
                assert math.dist(place, wanted) < 0.16, f"{told}: {which} is at {place}, expected {wanted}"

        for key, *place in plot["dots"]:
            if key in dots:
                check_point(place, dots[key], f"the dot {key}")
        for key, line in plot["curves"]:
            if key in curves:
                places = [tuple(map(float, place.split())) for place in re.split("[ML]", line)[1:]]
                for place, point in zip(places, curves[key], strict=True):
                    check_point(place, point, f"the curve {key}")

    def says(self, after: str) -> None:
        """The pictures' names hold every number that stands in them, as it stands there, and where their points are."""
        pictures = self.element.evaluate(SAID)
        for name, numbers, hidden in pictures:
            missing = set(filter(NUMBER.fullmatch, numbers)) - set(NUMBER.findall(name))  # an axis has a name beside its numbers
            assert not missing and (not hidden or "–" in name), f"{self.twin.label}, after {after}: {missing} not in {name!r}"
        found = [text for name, *_ in pictures for text in NUMBER.findall(name)]
        for number in self.twin.described(self.state):
            assert any(number.agrees(text) for text in found), f"{self.twin.label}, after {after}: no {number} in {pictures}"

    def push(self, bind: str, key: str) -> None:
        """Press a key on a slider: it moves as a slider does."""
        slider = self.control(bind)
        before, low, high, step = self.key(slider, key)
        after = slider.evaluate("e => Number(e.value)")
        ends = {"Home": low, "End": high, "ArrowLeft": max(low, before - step), "ArrowRight": min(high, before + step)}
        assert after > before or before == high if key == "PageUp" else math.isclose(after, ends[key], abs_tol=1e-9), (bind, key)
        if after != before:
            self.note(
                bind, float(f"{10**after:.2e}") if bind in self.twin.powers else int(after) if bind in self.twin.wholes else after
            )

    def slide(self, bind: str, key: str) -> None:
        """The same, and all follows."""
        self.push(bind, key)
        self.check(f"{key} on {bind}, now {self.value(bind)}")

    def choose(self, bind: str, value: str) -> None:
        self.control(bind).select_option(value)
        self.set(bind, value)

    def tick(self, bind: str) -> None:
        self.key(self.control(bind), "Space")
        self.set(bind, not self.state[bind])

    def press(self, action: str, key: str = "Enter") -> None:
        self.key(self.part(f"button[data-do='{action}']"), key)
        self.state |= copy.deepcopy(self.twin.start) if action == "reset" else self.twin.pressed(self.state, action)
        self.check(action)

    def click_edge(self, weight: str) -> None:
        free = self.part(f".bp-edges [data-do='pick {weight}']").evaluate(EDGE)
        assert free, f"{self.twin.label}: the line of {weight} cannot be clicked anywhere"
        self.tab.mouse.click(*free)
        self.set("weight", weight)

    def drag(self, x: int) -> None:
        """Drag the point to above the tick of x, which may be a pixel off."""
        point = self.root.locator("[data-line=point]")
        point.scroll_into_view_if_needed()
        tick = self.root.locator("svg text[text-anchor=middle]", has_text=re.compile(f"^{x}$")).bounding_box()
        start = point.bounding_box()
        self.tab.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
        self.tab.mouse.down()
        self.tab.mouse.move(tick["x"] + tick["width"] / 2, start["y"], steps=5)
        self.tab.mouse.up()
        reached = self.control("inputs.x").evaluate(RANGE)[0]
        assert abs(reached - x) < 0.02
        self.set("inputs.x", reached)


# ------------------------------------------------------------ the pages


class Page(NamedTuple):
    """A page of the book in Chromium, and its explorers."""

    tab: object
    troubles: list
    explorers: list


ROOT = ".bp-explorer:not(.bp-stepper)"


def roots(tab, twins) -> list:
    all_ = tab.locator(ROOT)
    return [Alive(tab, all_.nth(i), *pair) for i, pair in enumerate(zip(all_.element_handles(), twins, strict=True))]


@pytest.fixture(scope="module", params=EXPLORERS)
def opened_page(browser, request):
    tab, troubles = opened(browser, f"book/{request.param}", 1200)
    yield Page(tab, troubles, roots(tab, EXPLORERS[request.param]))
    tab.context.close()


@pytest.fixture
def resized(opened_page):
    """The page with its explorers at their start, for a test that chooses the window; a trouble during a test fails it."""
    yield opened_page
    for alive in opened_page.explorers:
        alive.part("[data-do=reset]").evaluate("reset => reset.click()")
        alive.start()
    assert opened_page.troubles == []


@pytest.fixture
def page(resized):
    """The same on a laptop."""
    resize(resized.tab, 1200)
    return resized


def test_every_move_shows_what_python_computes(page):
    """Every slider, list, switch and button; the other explorers of the page stay as they are; Reset leads back."""
    start = [alive.read() for alive in page.explorers]
    for i, alive in enumerate(page.explorers):
        others = [other.read() for other in page.explorers[:i] + page.explorers[i + 1 :]]
        alive.check("opening")
        for bind, *_ in start[i]["ranges"]:
            for key in ("End", "ArrowLeft", "Home", "ArrowRight", "PageUp"):
                alive.slide(bind, key)
        alive.twin.tour(alive)
        assert [other.read() for other in page.explorers[:i] + page.explorers[i + 1 :]] == others
    for alive, before in zip(page.explorers, start):
        alive.press("reset")
        assert alive.read() == before


CONTROLS = "button, select, input"
FOCUSED = f"""root => {{
  const style = getComputedStyle(document.activeElement);
  const seen = [...root.querySelectorAll("{CONTROLS}")].filter((e) => e.checkVisibility());
  return [seen.indexOf(document.activeElement),
    document.activeElement.matches(":focus-visible") && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0];
}}"""


def test_every_control_is_reached_by_tab_and_shows_its_focus(page):
    for alive in page.explorers:
        controls = alive.root.locator(CONTROLS).locator("visible=true")
        order = range(controls.count())
        for keys, places in (("Tab", order), ("Shift+Tab", order[::-1])):
            controls.nth(places[0]).focus()
            reached = []
            for _ in order:
                page.tab.keyboard.press(keys)
                reached.append(alive.element.evaluate(FOCUSED))
            wanted = [[place, True] for place in places[1:]]
            assert [told for told in reached if told[0] >= 0] == wanted, f"{alive.twin.label}: {keys}"


def test_sliders_have_names_and_one_region_speaks(page):
    for alive in page.explorers:
        ranges = alive.root.locator("[type=range]")
        for i in range(ranges.count()):
            name = ranges.nth(i).evaluate("e => e.parentNode.querySelector('.bp-name').textContent")
            assert name and alive.root.get_by_role("slider", name=name, exact=True).count() == 1
            assert alive.root.get_by_role("textbox", name=name, exact=True).count() == 1
        assert alive.root.locator("output").count() == 0
        assert alive.root.locator("[role=status]").count() == 1
        assert alive.root.locator("[aria-live], [role=alert], [role=log], [role=timer], [role=marquee]").count() == 0


LISTEN = """root => {
  root.said = [];
  new MutationObserver(() => root.said.push(root.querySelector("[role=status]").textContent))
    .observe(root.querySelector("[role=status]"), { childList: true, characterData: true, subtree: true });
}"""
DEBOUNCE_MS = 500


@pytest.fixture
def clocked(browser, request):
    """A page whose clock stands still until the test moves it, so that no speed of the machine matters."""
    twins = EXPLORERS[request.param]
    tab, troubles = opened(browser, f"book/{request.param}", 1200, prepare=lambda tab: tab.clock.install(time=0))
    tab.clock.pause_at(HOUR)
    yield Page(tab, troubles, roots(tab, twins))
    tab.context.close()
    assert troubles == []


HOUR = 3600


@pytest.mark.parametrize("clocked", EXPLORERS, indirect=True)
def test_a_burst_of_moves_is_spoken_once_and_late(clocked):
    for alive in clocked.explorers:
        alive.element.evaluate(LISTEN)
        bind = next(bind for bind, _, place, _, high, step in alive.read()["ranges"] if place + 10 * step <= high)
        for _ in range(10):
            alive.push(bind, "ArrowRight")
            clocked.tab.clock.run_for(DEBOUNCE_MS)
        assert alive.element.evaluate("root => root.said") == []
        clocked.tab.clock.run_for(DEBOUNCE_MS)
        (words,) = alive.element.evaluate("root => root.said")
        assert alive.twin.spoken(alive.state).fits(words), words
        alive.says("a burst of moves")


@pytest.mark.parametrize("clocked", EXPLORERS, indirect=True)
def test_the_pictures_are_told_as_they_are_after_every_kind_of_move(clocked):
    """At the start, without and with a script, after each slider's ends, each button, each choice; a pause later, and once."""

    def rested(alive, after: str) -> None:
        clocked.tab.clock.run_for(2 * DEBOUNCE_MS)
        alive.says(after)

    for alive in clocked.explorers:
        alive.says("opening, before the script has said anything")
        rested(alive, "opening")
        start = alive.element.evaluate(SAID)
        for bind, *_ in alive.read()["ranges"]:
            for key in "End", "Home", "ArrowRight":
                alive.push(bind, key)
                rested(alive, f"{key} on {bind}")
        for bind, value in alive.twin.choices():
            alive.choose(bind, value)
            rested(alive, f"{bind} = {value}")
        alive.press("reset")
        clocked.tab.clock.run_for(2 * DEBOUNCE_MS)
        assert alive.element.evaluate(SAID) == start


def test_what_a_circuit_does_gate_by_gate_is_spoken(browser):
    tab, _ = opened(browser, "book/03-gates-and-circuits.html", 1200, prepare=lambda tab: tab.clock.install(time=0))
    tab.clock.pause_at(HOUR)
    root = tab.locator(".bp-explorer")
    for _ in range(3):
        root.locator("[data-do=back]").click()
    tab.clock.run_for(2 * DEBOUNCE_MS)
    says = root.locator(".bp-says[data-n]").text_content()
    assert says.startswith("Backward") and root.locator("[role=status]").text_content() == says
    tab.context.close()


def test_a_training_runs_stops_and_ends(browser):
    """From the end it begins anew; it goes on by itself, stands still at the button, and ends with the last epoch."""
    tab, troubles = opened(browser, "book/12-training.html", 1200)
    tab.emulate_media(reduced_motion="no-preference")
    root = tab.locator(".bp-explorer", has=tab.locator("[data-do=train]"))
    train, epoch = root.locator("[data-do=train]"), root.locator("[data-bind=epoch]").element_handle()
    train.press("Enter")
    tab.wait_for_function("e => e.value > 20 && e.value < 400", arg=epoch)
    train.press("Enter")
    stopped = epoch.evaluate("e => new Promise((told) => setTimeout(told, 100)).then(() => e.value)")
    assert epoch.evaluate("e => new Promise((told) => setTimeout(told, 100)).then(() => e.value)") == stopped != "400"
    train.press("Enter")
    tab.wait_for_function("e => e.value === '400'", arg=epoch)
    assert troubles == []
    tab.context.close()


SWEEP = """root => {
  const boxes = () => [root, ...root.querySelectorAll("svg.bp, button, select, input")].map((e) => {
    const { x, y, width, height } = e.getBoundingClientRect();
    return [x, y + scrollY, width, height].map((length) => length.toFixed(2)).join(" ");
  });
  const first = boxes(), jumped = [];
  for (const slider of root.querySelectorAll("[type=range]")) {
    const low = Number(slider.min), high = Number(slider.max);
    for (let i = 0; i <= 48; i++) {
      slider.value = low + (high - low) * i / 48;
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      const now = boxes(), which = now.findIndex((box, k) => box !== first[k]);
      if (which >= 0) jumped.push(`${slider.dataset.bind} = ${slider.value}: box ${which} ${first[which]} → ${now[which]}`);
    }
    root.querySelector("[data-do=reset]").click();
  }
  return jumped;
}"""


@pytest.mark.parametrize("width", [1200, 360])
def test_nothing_jumps_while_a_slider_moves(resized, width):
    resize(resized.tab, width)
    for alive in resized.explorers:
        jumped = alive.element.evaluate(SWEEP)
        assert not jumped, f"{alive.twin.label}: {len(jumped)} jumps, first {jumped[:3]}"


# What is wanted, at each place that says so, and how many boxes are told to be wrong.
WANTED = """root => [[...root.querySelectorAll("[data-wants]")].map((e) => e.dataset.wants),
  root.querySelectorAll("[aria-invalid]").length]"""


def typed(alive, bind: str, text: str) -> None:
    box = alive.part(f"input[data-n='{bind}']")
    alive.key(box, "Control+a")
    alive.tab.keyboard.insert_text(text) if text else alive.tab.keyboard.press("Delete")
    alive.tab.keyboard.press("Enter")


def test_a_number_can_be_typed_beside_every_slider(page):
    """With a point, with a comma and the minus sign of the pages: all is then as if the slider had been moved there."""
    for alive in page.explorers:
        for bind, _, _, low, high, step in alive.read()["ranges"]:
            wanted = low + step * math.floor(0.4 * (high - low) / step)
            number = (
                float(f"{10**wanted:.2e}") if bind in alive.twin.powers else int(wanted) if bind in alive.twin.wholes else wanted
            )
            for text in (f"{number:.12g}", f" {number:.12g}".replace(".", ",").replace("-", "−")):
                typed(alive, bind, text)
                alive.set(bind, number if bind in alive.twin.wholes else float(f"{number:.12g}"))
            assert alive.element.evaluate(WANTED) == [[], 0]


NO_NUMBERS = ["", " ", "abc", "1e", "--1", "1,2,3", "0x10", "NaN", "Infinity", "٣", "1 apple", "<b>", "𝟏"]
TOO_MUCH = {"1e400": 1, "-1e400": 0, "999999999": 1, "−99999999,5": 0}


def test_what_is_no_number_of_the_slider_is_refused_kindly(page):
    """For no number the old one comes back, beyond an end the end is taken; what is wanted is said, until the next move."""
    for alive in page.explorers:
        bind, _, _, low, high, _ = alive.read()["ranges"][0]
        ends = [float(f"{10**end:.2e}") if bind in alive.twin.powers else end for end in (low, high)]
        for text in NO_NUMBERS:
            typed(alive, bind, text)
            alive.check(f"{text!r} typed at {bind}")
            (wants,), invalid = alive.element.evaluate(WANTED)
            assert re.match("a (whole )?number from ", wants) and invalid == 1, text
        for text, end in TOO_MUCH.items():
            typed(alive, bind, text)
            alive.set(bind, ends[end])
            assert len(alive.element.evaluate(WANTED)[0]) == 1
        alive.slide(bind, "ArrowRight")
        assert alive.element.evaluate(WANTED)[0] == []
        alive.press("reset")


VIEW = """root => {
  const box = (e) => e.getBoundingClientRect();
  const picture = root.querySelector(".bp-pictures"), top = document.querySelector("header.top").offsetHeight;
  return [...root.querySelectorAll("[type=range]")].map((slider) => {
    scrollTo({ top: box(root).top + scrollY - top, behavior: "instant" });
    slider.focus({ preventScroll: true });
    slider.scrollIntoView({ block: "nearest", behavior: "instant" });
    const row = box(slider.parentNode), shown = box(picture);
    const { x, y, width, height } = box(slider), over = document.elementFromPoint(x + width / 2, y + height / 2);
    const inView = (box) => box.top >= top - 1 && box.bottom <= innerHeight + 1;
    return [slider.ariaLabel, inView(row), inView(shown),
      over === slider ? "" : over?.outerHTML.slice(0, 200) ?? "nothing"];
  });
}"""


@pytest.mark.parametrize("size", [(390, 844), (1280, 800), (1366, 768), (1920, 1080)], ids=str)
def test_a_slider_and_what_it_moves_are_in_view_together(resized, size):
    """On a phone, two laptops and a wide screen: the slider that has the focus, and the whole of the pictures."""
    width, height = size
    resize(resized.tab, width, height)
    for alive in resized.explorers:
        for name, in_view, picture_in_view, over in alive.element.evaluate(VIEW):
            assert in_view and picture_in_view and not over, f"{alive.twin.label} at {size}: {name} under {over}"
    assert resized.tab.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1280, 1366, 1920])
def test_controls_stand_beside_the_picture_where_there_is_room(resized, width):
    resize(resized.tab, width)
    for alive in resized.explorers:
        picture, controls = (alive.root.locator(part).bounding_box() for part in (".bp-pictures", ".bp-controls"))
        if resized.tab.locator("body.cover").count():  # there the words of the cover stand beside both
            assert picture["y"] + picture["height"] <= controls["y"] and controls["y"] + controls["height"] <= 800
            continue
        assert picture["x"] + picture["width"] <= controls["x"], alive.twin.label
        assert picture["y"] < controls["y"] + controls["height"], alive.twin.label


SMALLEST = """root => Math.min(...[...root.querySelectorAll("svg.bp text")]
  .filter((e) => e.checkVisibility() && e.getBoundingClientRect().width)
  .map((e) => parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().d))"""


@pytest.mark.parametrize("width", [390, 1280])
def test_no_word_of_a_picture_shrinks_below_nine_pixels(resized, width):
    """On a phone and beside the controls, where wide pictures shrink most."""
    resize(resized.tab, width)
    for alive in resized.explorers:
        assert alive.element.evaluate(SMALLEST) >= 9, alive.twin.label


TARGETS = """root => [...root.querySelectorAll("button, select, input:not([type=checkbox]), label:has([type=checkbox])")]
  .filter((e) => e.checkVisibility())
  .map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect().height]).filter(([, height]) => height < 44)"""


def test_controls_are_tall_and_the_page_fits_a_phone(resized):
    resize(resized.tab, 360)
    assert resized.tab.evaluate("document.documentElement.scrollWidth") <= 360
    for alive in resized.explorers:
        assert alive.element.evaluate(TARGETS) == []


COLOURS = """root => {
  const ground = (e) => {
    const colour = getComputedStyle(e).backgroundColor;
    return colour === "rgba(0, 0, 0, 0)" && e.parentElement ? ground(e.parentElement) : colour;
  };
  const written = (e) => e.tagName === "SELECT" || [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  return [...root.querySelectorAll("*")].filter((e) => e.tagName !== "OPTION" && written(e))
    .map((e) => [e.textContent, getComputedStyle(e)[e.tagName === "text" ? "fill" : "color"], ground(e)]);
}"""


def luminance(colour: str) -> float:
    """WCAG's relative luminance of an opaque colour."""
    assert re.fullmatch(r"rgb\(\d+, \d+, \d+\)", colour), colour
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(colour: str, ground: str) -> float:
    dark, light = sorted([luminance(colour), luminance(ground)])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_and_numbers_stand_out(page, theme):
    page.tab.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    for alive in page.explorers:
        coloured = alive.element.evaluate(COLOURS)
        assert len(coloured) > 10
        faint = [told for told in coloured if contrast(*told[1:]) < 4.5]
        assert faint == [], f"{alive.twin.label}, {theme}"
    page.tab.evaluate("document.documentElement.dataset.theme = 'light'")


def assert_a_picture_without_controls(tab, twins) -> None:
    for alive in roots(tab, twins):
        pictures = alive.root.locator("svg.bp")
        assert pictures.count() and all(picture.is_visible() for picture in pictures.all())
        expect(alive.root.locator(".bp-controls")).to_have_css("display", "none")


def test_print_has_the_picture_alone(page):
    page.tab.emulate_media(media="print")
    assert_a_picture_without_controls(page.tab, [alive.twin for alive in page.explorers])
    page.tab.emulate_media(media="screen")


@pytest.mark.parametrize("name", EXPLORERS)
def test_without_javascript_there_is_the_picture(browser, name):
    context = browser.new_context(java_script_enabled=False, offline=True)
    tab = context.new_page()
    tab.goto((HTML / "book" / name).as_uri())
    assert_a_picture_without_controls(tab, EXPLORERS[name])
    context.close()


# ------------------------------------------------------------ the files

WRITTEN = re.compile(r'<div class="(bp-explorer[^"]*)".*?<div role="status"></div></div>', re.DOTALL)
SCRIPTS = re.compile(r'<script defer src="(?:\.\./)?(_static/inline/\w+\.js)"></script>')
NUMBERED = re.compile(r'<(?:text|span)[^>]* data-n="([^"]+)"[^>]*>([^<]*)</|<input[^>]* data-n="([^"]+)"[^>]* value="([^"]*)"')


def written(name: str) -> list[tuple[str, str]]:
    """The explorers as they stand in the file of a page, each with its script."""
    page = (HTML / "book" / name).read_text(encoding="utf-8")
    (file,) = SCRIPTS.findall(page)
    scripts = (HTML / file).read_text(encoding="utf-8").split(".addEventListener('near', ")[1:]
    return [(root[0], script) for root, script in zip(WRITTEN.finditer(page), scripts, strict=True) if root[1] == "bp-explorer"]


def test_every_explorer_of_the_book_is_in_the_table():
    found = {}
    for path in [HTML / "index.html", *sorted((HTML / "book").glob("*.html"))]:
        labels = re.findall(r'class="bp-explorer"[^>]* aria-label="([^"]*)"', path.read_text(encoding="utf-8"))
        if labels:
            found[path.name if path.parent.name == "book" else f"../{path.name}"] = labels
    assert found == {name: [twin.label for twin in twins] for name, twins in EXPLORERS.items()}


@pytest.mark.parametrize("name", EXPLORERS)
def test_the_file_has_the_first_picture_before_any_script(name):
    for (html, _), twin in zip(written(name), EXPLORERS[name], strict=True):
        shown = twin.shown(twin.start)
        found = [(key or bind, text or typed) for key, text, bind, typed in NUMBERED.findall(html)]
        assert len(found) >= len(twin.start["inputs"])
        for key, text in found:
            want = shown[key]
            assert text.strip() == want if isinstance(want, str) else want.fits(text), f"{key}: {text!r}"


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_is_small_and_its_script_plain(name):
    for (html, script), twin in zip(written(name), EXPLORERS[name], strict=True):
        assert len((html + script).encode()) <= 41_000, twin.label
        code = script.replace("http://www.w3.org/2000/svg", "")
        assert not any(word in code for word in ("eval(", "new Function", "http")), twin.label
