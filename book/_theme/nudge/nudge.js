// What the page's own buttons do. Scripts of other files may use `nudge.copy`, `nudge.say` and `nudge.filled`.
// The build puts the words of the book's language in the place of tr("…"): see book/_ext/one_each.py.
const nudge = (() => {
  const root = document.documentElement, find = (selector) => [...document.querySelectorAll(selector)];

  // A sentence with values at its {keys}.
  const filled = (sentence, values) => sentence.replace(/{(\w+)}/g, (_, key) => values[key]);

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
    say(filled(tr("{what} is copied."), { what }));
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

  function buttons(part) {
    for (const code of [...part.getElementsByTagName("pre")]) {
      if (later(code) || !code.matches(".cell_input pre, [class^=highlight-]:not(.output) > .highlight > pre")) continue;
      const button = Object.assign(document.createElement("button"), { type: "button", className: "copy", textContent: tr("Copy") });
      button.setAttribute("aria-label", tr("Copy the code"));
      button.addEventListener("click", () => copy(code.textContent, tr("The code")));
      code.parentNode.append(button);
    }
  }

  // ------------------------------------------------------------ what scrolls sideways

  // It is a stop of the Tab key, so that arrow keys scroll it; what fits its place is none, as soon as it is laid out.
  const formulas = "div.math, .bp-givens li > *, .bp-worked, .bp-ask label .math, .bp-steps p";
  const kinds = { [formulas]: tr("Formula"), ".wide, .bp-wide": tr("Table"), ".bp-picture": tr("Figure"), pre: tr("Code"), ".bp-ways": tr("Paths"), ".bp-line": tr("Line") };
  const sizes = new ResizeObserver((entries) => {
    const wide = entries.map(({ target: place }) => [place, place.scrollWidth > place.clientWidth]);
    for (const [place, is] of wide) if (is !== place.hasAttribute("tabindex")) reach(place, is);
  });
  function reach(place, wide) {
    for (const [name, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", filled(tr("{what}, scrolls sideways"), { what: place.dataset.kind })]]) {
      if (wide) place.setAttribute(name, value);
      else place.removeAttribute(name);
    }
  }
  const every = Object.keys(kinds).join(), counts = {};
  function watch(part) {
    for (const place of part.querySelectorAll(every)) {
      if (later(place)) continue;
      const [, kind] = Object.entries(kinds).find(([selector]) => place.matches(selector));
      counts[kind] = (counts[kind] ?? 0) + 1;
      place.dataset.kind = `${kind} ${counts[kind]}`;
      reach(place, true);
      sizes.observe(place);
    }
  }
  document.fonts.ready.then(() => find("[data-kind]").forEach((place) => (sizes.unobserve(place), sizes.observe(place))));

  // ------------------------------------------------------------ what is far from the window

  // The form of a far exercise or explorer lies in a <noscript>, and so do what a solution holds and the formulas of a far section: see
  // book/_ext/later.py. They come out when they are near, as a section gets its buttons then, and all do where one may be looked for: by
  // the Tab key or a search, at the end of a link, on paper, in a page that is laid out whole.
  const SECTION = "article > section > section", far = new Set(find(`${SECTION}, [data-explorer], .bp-practice[data-exercise], details.solution`));
  const later = (node) => far.has(node.closest(SECTION));
  const near = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => isIntersecting && come(target)), { rootMargin: "100%" });
  function come(place) {
    const section = place.closest(SECTION), formulas = section === place;
    if (!formulas && far.has(section)) come(section);
    far.delete(place);
    near.unobserve(place);
    const boxes = place.querySelectorAll(formulas ? ".math > noscript" : "noscript");
    for (const box of boxes) box.outerHTML = box.textContent;
    if (formulas || boxes.length) {
      const part = (!formulas && place.querySelector("form")) || place;
      watch(part);
      buttons(part);
      part.dispatchEvent(new Event("come", { bubbles: true }));
    }
    // The numbers of a solution change with those of its exercise.
    const solution = document.getElementById(`sol-${place.dataset.exercise?.replace(".", "-")}`);
    if (far.has(solution)) come(solution);
    place.dispatchEvent(new Event("near", { bubbles: true }));
  }
  const main = document.getElementById("main");
  watch(main);
  buttons(main);
  const all = () => far.forEach(come), allIfWhole = () => root.matches(".whole") && all();
  function whole() {
    root.classList.add("whole");
    all();
  }
  addEventListener("DOMContentLoaded", () => {
    for (const place of far) near.observe(place);
    new MutationObserver(allIfWhole).observe(root, { attributeFilter: ["class"] });
    allIfWhole();
  });
  addEventListener("keydown", ({ key }) => ["Tab", "Control", "Meta", "F3"].includes(key) && all());
  addEventListener("click", ({ target }) => {
    const link = target.closest("a");
    if (link?.hash && link.pathname === location.pathname) whole();
  });
  addEventListener("hashchange", whole);
  addEventListener("beforeprint", all);

  // See nudge.css. When the page has stood for a while and nothing else is to do, the rest is laid out, section by section.
  const idle = window.requestIdleCallback ?? setTimeout, rest = find(SECTION);
  function layOut() {
    if (!rest.length) return root.classList.add("whole");
    const section = rest.shift();
    section.classList.add("whole");
    far.forEach((place) => section.contains(place) && come(place));
    idle(layOut);
  }
  addEventListener("load", () => setTimeout(idle, 15000, layOut));

  return { copy, say, filled };
})();
