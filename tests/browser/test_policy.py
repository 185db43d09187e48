"""Every page under a strict Content-Security-Policy: nothing is refused, and all that moves moves."""

import pytest
from conftest import PAGES, served
from test_pages import LAID_OUT

pytestmark = pytest.mark.browser

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'"
)
INLINE = "document.querySelectorAll('script:not([src], [type*=json]), style, [style]').length"
HANDLERS = "[...document.querySelectorAll('*')].flatMap((e) => e.getAttributeNames()).filter((name) => name.startsWith('on'))"
# Every control of an explorer, once; what its numbers and its pictures show before and after.
MOVE = """(root) => {
  const shown = () => [...root.querySelectorAll("[data-n]")].map((mark) => mark.value ?? mark.textContent).join();
  const before = shown();
  for (const control of root.querySelectorAll("select, input")) {
    if (control.type === "range") control.value = control.value === control.max ? control.min : control.max;
    else if (control.type === "checkbox") control.click();
    else if (control.matches("select")) control.selectedIndex = control.options.length - 1;
    control.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const moved = shown() !== before;
  for (const button of root.querySelectorAll("button")) button.click();
  return moved;
}"""
# One answer to an exercise, and all its buttons.
ANSWER = """(root) => {
  for (const box of root.querySelectorAll("input:not([type=radio])")) box.value = "1";
  root.querySelector("[type=radio]")?.click();
  for (const button of root.querySelectorAll("button:not([hidden])")) button.click();
  return [...root.querySelectorAll(".bp-verdict, .bp-said")].some((told) => told.textContent);
}"""


@pytest.fixture(scope="module")
def strict(browser):
    """A tab on a server that sends the policy, and what the browser refused."""
    context, refused = browser.new_context(viewport={"width": 1200, "height": 800}), []
    context.expose_binding("refused", lambda _, told: refused.append(told))
    context.add_init_script(
        "addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile, sample }) => "
        "refused([violatedDirective, blockedURI, sourceFile, sample].join(' ')), true)"
    )
    with served("max-age=60", POLICY) as address:
        yield context.new_page(), address, refused
    context.close()


@pytest.mark.parametrize("page", [*PAGES, "index.html", "search.html"])
def test_nothing_is_refused_and_all_is_alive(strict, page):
    tab, address, refused = strict
    refused.clear()
    troubles: list[str] = []
    tab.on("pageerror", trouble := lambda error: troubles.append(str(error)))
    tab.goto(f"{address}/{page}", wait_until="load")
    tab.evaluate(LAID_OUT)
    assert tab.evaluate(INLINE) == 0 and tab.evaluate(HANDLERS) == []
    for explorer in tab.locator(".bp-explorer").all():
        assert explorer.evaluate(MOVE), "an explorer does not move"
    exercise = tab.locator(".bp-practice[data-exercise]:not([data-kind=code])").first
    if exercise.count():
        assert exercise.evaluate(ANSWER), "an exercise says nothing"
    tab.wait_for_timeout(100)
    tab.remove_listener("pageerror", trouble)
    assert refused == [] and troubles == []


def test_the_browser_does_refuse_what_the_policy_forbids(strict):
    """The measure sees a style attribute and a script that a page would bring along."""
    tab, address, refused = strict
    tab.goto(f"{address}/{PAGES[0]}")
    refused.clear()
    tab.evaluate("document.querySelector('article').insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")
    tab.evaluate("document.head.append(Object.assign(document.createElement('script'), { textContent: 'one()' }))")
    tab.wait_for_timeout(100)
    assert [told.split()[0] for told in refused] == ["style-src-attr", "script-src-elem"]


def test_a_mixed_set_is_made_under_the_policy(strict):
    tab, address, refused = strict
    tab.goto(f"{address}/book/practice.html")
    refused.clear()
    tab.locator("[name=chapter]").first.check()
    tab.get_by_role("button", name="Make a set").click()
    tab.wait_for_selector(".bp-set .bp-practice")
    assert tab.locator(".bp-set .bp-practice").first.evaluate(ANSWER)
    assert refused == []
