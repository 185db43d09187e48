// Slides are turned by their addresses, which the style sheet shows: what is here are keys, touch, notes and the way the focus goes.
{
  const slides = [...document.querySelectorAll(".slide")], root = document.documentElement;
  const [back, next] = document.querySelectorAll("nav a"), buttons = document.querySelectorAll("nav button");
  const here = () => Math.max(0, slides.findIndex(({ id }) => id === location.hash.slice(1)));
  const go = (k) => { location.hash = slides[Math.max(0, Math.min(k, slides.length - 1))].id; };

  // An explorer's controls are as large as its slide has room for, beside the picture or, if that is flat, below it.
  const sizes = [1, 0.92, 0.84, 0.76, 0.68, 0.6].flatMap((size) => [[size, false], [size, true]]);
  function fits(explorer) {
    const room = explorer.getBoundingClientRect();
    return [...explorer.querySelectorAll(".bp-controls *")].every((el) => {
      if (!el.checkVisibility()) return true;
      const { left, top, right, bottom } = el.getBoundingClientRect(), { overflowX } = getComputedStyle(el);
      return left >= room.left - 1 && top >= room.top - 1 && right <= room.right + 1 && bottom <= room.bottom + 1
        && (overflowX === "visible" || el.tagName !== "DIV" || el.scrollWidth <= el.clientWidth + 1);
    });
  }
  function fit(explorer) {
    const flat = [...explorer.querySelectorAll("svg.bp")].every(({ viewBox: { baseVal } }) => baseVal.width > 2 * baseVal.height);
    for (const [size, below] of sizes) {
      if (below && !flat) continue;
      explorer.classList.toggle("below", below);
      explorer.querySelector(".bp-controls").style.zoom = size;
      if (fits(explorer)) return;
    }
  }
  const fitHere = () => slides[here()].querySelectorAll(".bp-explorer").forEach(fit);
  addEventListener("resize", fitHere);

  function arrive() {
    const k = here();
    fitHere();
    back.href = `#${Math.max(k, 1)}`;
    next.href = `#${Math.min(k + 2, slides.length)}`;
    slides[k].focus({ preventScroll: true });
  }
  addEventListener("hashchange", arrive);
  addEventListener("load", arrive);  // from here on the slide of the address is the one that is seen

  const does = {
    notes: () => document.body.classList.toggle("notes"),
    dark: () => (root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark") === "dark",
  };
  const press = (button) => button.setAttribute("aria-pressed", String(does[button.dataset.do]()));
  for (const button of buttons) button.addEventListener("click", () => press(button));

  const turns = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 };
  addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    // A slider and a field have their arrows; the keys of a presenter's remote turn slides from everywhere.
    if (target.closest("input, select, textarea") && !key.startsWith("Page")) return key === "Escape" && slides[here()].focus();
    if (key in turns) go(here() + turns[key]);
    else if (key === "Home") go(0);
    else if (key === "End") go(slides.length);
    else if (key === "n") press(buttons[0]);
    else return;
    event.preventDefault();
  });

  // A finger that moves sideways, but for what moves itself.
  let from;
  addEventListener("touchstart", ({ touches, target }) => { from = touches.length > 1 || target.closest(".bp-explorer") ? undefined : touches[0]; });
  addEventListener("touchend", ({ changedTouches: [to] }) => {
    const across = from ? to.clientX - from.clientX : 0;
    if (Math.abs(across) > 60 && Math.abs(across) > 2 * Math.abs(to.clientY - from.clientY)) go(here() - Math.sign(across));
  });

  for (const place of document.querySelectorAll("[data-explorer]")) place.dispatchEvent(new Event("near"));
  if (root.dataset.theme === "dark") buttons[1].setAttribute("aria-pressed", "true");
}
