// What all explorers share: numbers as text, controls, and the page's stand-in for a notebook's model.
// An explorer is told by two functions:
//   show(state)  → { key: number or text, … } for the elements marked data-n="key", with the status to be spoken,
//                  and under "told" what the sentences of SPEC.told say of the pictures in another way;
//   actions[name](state) → the traits that a button changes.

// The twin of bpcourse.pictures.svg.fixed.
function fixed(x, decimals = SPEC.decimals) {
  if (!Number.isFinite(x)) return "–";
  const size = Math.abs(x) < 5e-13 ? 0 : Math.abs(x);
  const small = size && size < Number(`1e-${decimals}`);
  const digits = small || size >= 1e5 ? size.toExponential(1).replace("+", "").replace("-", "−") : size.toFixed(decimals);
  return (x < 0 && size ? "−" : "\u2007") + digits;
}

const plain = (x, decimals) => fixed(x, decimals).trim();
// Four significant digits, for sentences.
const brief = (x) => !Number.isFinite(x) ? "–" : String(Math.abs(x) < 5e-13 ? 0 : Number(x.toPrecision(4))).replace("+", "").replaceAll("-", "−");
// Words and keys of numbers in turn.
const fill = (parts, numbers) => parts.map((part, i) => (!(i % 2) ? part : typeof numbers[part] === "string" ? numbers[part] : brief(numbers[part]))).join("");

// A sentence with values at its {keys}.
const filled = (sentence, values) => sentence.replace(/{(\w+)}/g, (_, key) => values[key]);

// A curve in words: the twin of bpcourse.pictures.words.course.
function course(points, x = brief, y = brief) {
  const known = points.filter(([u, v]) => Number.isFinite(u + v));
  if (!known.length) return tr("without a number");
  const heights = known.map(([, v]) => v), ends = [heights[0], heights.at(-1)], low = Math.min(...heights), high = Math.max(...heights);
  const room = 1e-9 * (high - low), turns = [[low, Math.min(...ends) - low], [high, high - Math.max(...ends)]].filter(([, beyond]) => beyond > room);
  const stops = [known[0], ...turns.map(([v]) => heights.indexOf(v)).sort((i, j) => i - j).map((i) => known[i]), known.at(-1)];
  return stops.map(([u, v], i) => {
    const rise = i && v - stops[i - 1][1];
    const way = !i ? tr("from {y} at {x}") : rise > room ? tr("up to {y} at {x}") : rise < -room ? tr("down to {y} at {x}") : tr("level to {x}");
    return filled(way, { x: x(u), y: y(v) });
  }).join(", ");
}

// A plot that Python laid out: its axes, its curves, its points.
function plot({ x, y, box: [left, top, right, bottom] }) {
  const across = (u) => left + ((u - x[0]) / (x[1] - x[0])) * (right - left);
  const up = (v) => bottom + ((v - y[0]) / (y[1] - y[0])) * (top - bottom);
  const at = (u, v) => [across(u), up(v)].map((place) => Math.max(-9e5, Math.min(9e5, place)).toFixed(1)).join(" ");
  // With a gap where a point has no number.
  const line = (points) => points.map(([u, v], i) =>
    Number.isFinite(u + v) ? (i && Number.isFinite(points[i - 1][0] + points[i - 1][1]) ? "L" : "M") + at(u, v) : "").join("");
  const grid = (count) => Array.from({ length: count + 1 }, (_, i) => x[0] + ((x[1] - x[0]) * i) / count);
  const back = (pixels) => x[0] + ((pixels - left) / (right - left)) * (x[1] - x[0]);
  const place = (dot, u, v) => {
    const [cx, cy] = at(u, v).split(" "), known = Number.isFinite(u + v);
    dot.setAttribute("visibility", known ? "visible" : "hidden");
    if (!known) return;
    dot.setAttribute("cx", cx);
    dot.setAttribute("cy", cy);
  };
  return { x, line, grid, back, place };
}

const pageModel = (state) => ({ get: (key) => state[key], set: (key, value) => void (state[key] = value), save_changes() {}, on() {}, off() {} });

function explore(root, model, { show, actions = {} }) {
  const find = (selector) => [...root.querySelectorAll(selector)];
  const marks = find("[data-n]"), controls = find("[data-bind]"), spoken = root.querySelector("[role=status]"), pictures = find("svg.bp");
  const state = () => Object.fromEntries(Object.keys(SPEC.state).map((key) => [key, model.get(key)]));
  const bound = ({ dataset: { bind } }, now) => (bind.startsWith("inputs.") ? now.inputs[bind.slice(7)] : now[bind]);
  let quiet = false, timer, latest, words, wanting;

  function refresh() {
    const now = state(), told = latest = show(now, root);
    for (const control of controls) {
      const value = bound(control, now), key = control.dataset.bind;
      const text = String("log" in control.dataset ? Math.log10(value) : value);
      if (control.type === "checkbox") control.checked = value;
      else if (control.value !== text) control.value = text; // writing costs, even what stands there
      if (control.type === "range") {
        told[key] ??= value;
        control.setAttribute("aria-valuetext", typeof told[key] === "string" ? told[key].trim() : plain(told[key]));
      }
    }
    for (const mark of marks) {
      const told_ = told[mark.dataset.n], shown = mark.tagName === "INPUT" ? "value" : "textContent";
      if (told_ === undefined) continue;
      const text = (mark.dataset.before ?? "") + (typeof told_ === "string" ? told_ : mark.dataset.before ? plain(told_) : fixed(told_));
      if (mark[shown] !== text) mark[shown] = text;
    }
    return told;
  }

  // When the sliders rest, not at each of their steps, the pictures' words follow, and what there is to say is said once.
  function rest(said) {
    words = said ?? words;
    clearTimeout(timer);
    timer = setTimeout(() => {
      const inWords = Object.fromEntries(Object.entries(latest).map(([key, x]) => [key, typeof x === "number" ? plain(x) : x]));
      Object.assign(inWords, latest.told);
      pictures.forEach((picture, i) => picture.setAttribute("aria-label", fill(SPEC.told[i], inWords)));
      if (words) spoken.textContent = words;
      words = undefined;
    }, 600);
  }

  function change(traits, note = "") {
    if (wanting) {
      delete wanting.dataset.wants;
      wanting.lastChild.removeAttribute("aria-invalid");
      wanting = undefined;
    }
    quiet = true;
    for (const [key, value] of Object.entries(traits)) model.set(key, value);
    quiet = false;
    const told = refresh();
    rest(note + told.status);
    // What has no number, outside a gate's domain, stays in the page.
    if (Object.values(told).every((x) => typeof x !== "number" || Number.isFinite(x))) model.save_changes();
  }

  const one = (key, value) => (key.startsWith("inputs.") ? { inputs: { ...model.get("inputs"), [key.slice(7)]: value } } : { [key]: value });
  const power = (exponent) => Number((10 ** exponent).toPrecision(3));

  function onInput({ target: control }) {
    if (!control.dataset.bind) return;
    const number = Number(control.value);
    change(one(control.dataset.bind, control.type === "checkbox" ? control.checked
      : control.type !== "range" && !("whole" in control.dataset) ? control.value
      : "log" in control.dataset ? power(number) : number));
  }

  // Beyond an end the end is taken, for no number the old one comes back.
  function onTyped({ target: box }) {
    if (!box.matches("input[data-n]")) return onInput({ target: box });
    const slider = box.previousSibling, row = box.parentNode;
    const [low, high] = [slider.min, slider.max].map("log" in slider.dataset ? power : Number);
    const number = typedNumber(box.value);
    const taken = Math.max(low, Math.min(high, "whole" in slider.dataset ? Math.round(number) : number));
    const wanted = "whole" in slider.dataset ? tr("a whole number from {low} to {high}") : tr("a number from {low} to {high}");
    const wants = taken === number ? "" : filled(wanted, { low: brief(low), high: brief(high) });
    change(Number.isNaN(number) ? {} : one(slider.dataset.bind, taken), wants && `${slider.ariaLabel}: ${wants}. `);
    if (!wants) return;
    wanting = row;
    row.dataset.wants = wants;
    box.setAttribute("aria-invalid", "true");
  }

  function onClick({ target }) {
    const button = target.closest("[data-do], [data-say]");
    if (!button) return;
    const { say: word } = button.dataset;
    if (word) return foretold(word);
    const [name, ...words] = button.dataset.do.split(" ");
    change(name === "reset" ? SPEC.state : actions[name](state(), ...words));
  }

  // Predict first: asked by itself on the first visit, then when the reader wants it.
  const [question, outcome] = find(".bp-predict, .bp-predicted"), at = (box, part) => box.querySelector(`[data-${part}]`);
  let asked = 0;
  function turn(asks, words = "") {
    at(question, "ask").textContent = SPEC.asks[asked][0];
    at(question, "guess").value = "";
    at(outcome, "outcome").textContent = words;
    question.hidden = !asks;
    outcome.hidden = asks;
  }
  function foretold(word) {
    const [, traits, key, because] = SPEC.asks[asked];
    let words = "";
    if (word !== "skip") change(SPEC.state);
    if (Number.isFinite(+word)) {
      const before = refresh()[key];
      change({ ...traits, inputs: { ...SPEC.state.inputs, ...traits.inputs } });
      const { value } = at(question, "guess"), size = typedNumber(value), guess = Number.isFinite(size) ? Math.abs(size) : NaN;
      words = `${judged(+word, guess, refresh()[key] - before)} ${because}`;
      if (value.trim() && Number.isNaN(guess)) words += ` ${tr("By how much, you said with no number.")}`;
      rest(words);
      asked = (asked + 1) % SPEC.asks.length;
    }
    seen(root.ariaLabel, 1);
    turn(word === "ask", words);
    (word === "ask" ? question : outcome).querySelector("button").focus();
  }
  if (question) turn(!seen(root.ariaLabel));

  const onModel = () => quiet || (refresh(), rest());
  root.addEventListener("input", onInput);
  root.addEventListener("change", onTyped);
  root.addEventListener("focusin", ({ target }) => target.matches("input[data-n]") && target.select());
  root.addEventListener("click", onClick);
  root.addEventListener("submit", (event) => event.preventDefault());
  const events = Object.keys(SPEC.state).map((key) => `change:${key}`);
  for (const event of events) model.on(event, onModel);
  refresh();
  rest(); // a notebook that is opened again is not at its start
  return { change, end: () => events.forEach((event) => model.off(event, onModel)) };
}

// A number that was typed: a comma is a point.
function typedNumber(typed) {
  const text = typed.replace(/\s/g, "").replace(",", ".").replaceAll("−", "-");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : NaN;
}

// What a reader said of a change, beside the change.
function judged(said, guess, change) {
  const did = Math.abs(change) < 1e-12 ? 0 : Math.sign(change), size = Math.abs(change);
  const ways = [tr("it falls"), tr("it stays"), tr("it rises")], way = ways[did + 1], by = did ? filled(tr(" by {size}"), { size: brief(size) }) : "";
  return said !== did ? filled(tr("A surprise: {what}. You said that {wrong}."), { what: way + by, wrong: ways[said + 1] })
    : did && Math.abs(guess - size) > 0.1 * size ? filled(tr("{way}, as you said, but{by}, not by {guess}."), { way: way[0].toUpperCase() + way.slice(1), by, guess: brief(guess) })
    : filled(tr("As you said: {what}."), { what: way + by });
}

// Whether an explorer has asked before: kept in the browser, where it keeps anything.
function seen(name, now) {
  try {
    const all = JSON.parse(localStorage["bpcourse.predict"] ?? "{}"), before = all[name];
    if (now) localStorage["bpcourse.predict"] = JSON.stringify({ ...all, [name]: now });
    return before;
  } catch {}
}

// The parts of a picture that a script redraws, by their keys.
const pieces = (root) => Object.fromEntries([...root.querySelectorAll("[data-line]")].map((piece) => [piece.dataset.line, piece]));

const scientific = (x) => (!Number.isFinite(x) ? "–" : x ? x.toExponential(2).replace("+", "").replaceAll("-", "−") : "0");
