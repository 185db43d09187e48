// What the page's own buttons do. Scripts of other files may use `nudge.copy` and `nudge.say`.
const nudge = (() => {
  const root = document.documentElement, find = (selector) => [...document.querySelectorAll(selector)];

  // Said to those who hear the page.
  const say = (words) => (document.getElementById("said").textContent = words);

  // From a page on a server without https there is no clipboard but the old way.
  async function copy(text, what) {
    try { await navigator.clipboard.writeText(text); } catch {
      const box = Object.assign(document.createElement("textarea"), { value: text, className: "heard" });
      document.body.append(box);
      box.select();
      document.execCommand("copy");
      box.remove();
    }
    say(`${what} is copied.`);
  }

  // ------------------------------------------------------------ light and dark

  const theme = document.querySelector("button.theme");
  const tell = () => theme.setAttribute("aria-pressed", String(root.dataset.theme === "dark"));
  theme.addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* kept until the page is left */ }
  });
  new MutationObserver(tell).observe(root, { attributeFilter: ["data-theme"] });
  tell();

  // ------------------------------------------------------------ the list of chapters

  const chapters = document.getElementById("chapters"), current = chapters.querySelector("[aria-current=page]");
  // On a phone it lies over the page, which must not be reached below it.
  chapters.addEventListener("toggle", ({ newState }) => {
    for (const part of find("main, body > footer")) part.inert = newState === "open";
    current?.scrollIntoView({ block: "center" });
  });
  chapters.addEventListener("click", ({ target }) => target.closest("a") && chapters.matches(":popover-open") && chapters.hidePopover());
  // Once the page is laid out, not before.
  requestAnimationFrame(() => {
    if (current && chapters.scrollHeight > chapters.clientHeight) chapters.scrollTop = current.offsetTop - chapters.clientHeight / 3;
  });

  // Which section is read.
  const links = new Map(find(".here a").map((link) => [document.getElementById(decodeURIComponent(link.hash.slice(1))), link]));
  links.delete(null);
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) target.isRead = isIntersecting;
    const last = [...links.keys()].filter((section) => section.isRead).at(-1);
    for (const [section, link] of links) link.toggleAttribute("aria-current", section === last);
  }, { rootMargin: "-30% 0% -69%" });
  for (const section of links.keys()) seen.observe(section);

  // ------------------------------------------------------------ folds and code

  // A link to what is folded opens it.
  const unfold = () => {
    let place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (; place; place = place.parentElement) if (place.tagName === "DETAILS") place.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();

  for (const code of find(".cell_input pre, [class^=highlight-]:not(.output) > .highlight > pre")) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "copy", textContent: "Copy" });
    button.setAttribute("aria-label", "Copy the code");
    button.addEventListener("click", () => copy(code.textContent, "The code"));
    code.parentNode.append(button);
  }

  // ------------------------------------------------------------ what scrolls sideways

  // It is a stop of the Tab key, so that arrow keys scroll it; what fits its place is none, as soon as it is laid out.
  const formulas = "div.math, .bp-givens li > *, .bp-worked, .bp-ask label .math, .bp-steps p";
  const kinds = { [formulas]: "Formula", ".wide, .bp-wide": "Table", ".bp-picture": "Figure", pre: "Code", ".bp-ways": "Paths", ".bp-line": "Line" };
  const sizes = new ResizeObserver((entries) => {
    const wide = entries.map(({ target: place }) => [place, place.scrollWidth > place.clientWidth + 1]);
    for (const [place, is] of wide) if (is !== place.hasAttribute("tabindex")) reach(place, is);
  });
  function reach(place, wide) {
    for (const [name, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", `${place.dataset.kind}, scrolls sideways`]]) {
      if (wide) place.setAttribute(name, value);
      else place.removeAttribute(name);
    }
  }
  for (const [selector, kind] of Object.entries(kinds)) {
    document.querySelectorAll(`main :is(${selector})`).forEach((place, i) => {
      place.dataset.kind = `${kind} ${i + 1}`;
      reach(place, true);
      sizes.observe(place);
    });
  }
  document.fonts.ready.then(() => find("[data-kind]").forEach((place) => (sizes.unobserve(place), sizes.observe(place))));

  // ------------------------------------------------------------ what is far from the window

  // See nudge.css. When the page has stood for a while and nothing else is to do, the rest is laid out, section by section.
  const idle = window.requestIdleCallback ?? setTimeout, rest = find("article > section > section");
  function layOut() {
    if (!rest.length) return root.classList.add("whole");
    rest.shift().classList.add("whole");
    idle(layOut);
  }
  addEventListener("load", () => setTimeout(idle, 15000, layOut));

  return { copy, say };
})();
