// Exercises alive in a page, with no kernel: the twin of diagnosis.py, and what binds it to the boxes.
// A value is { s: its shape, "4,1", "" for a number; v: its numbers, row by row }. null is a value that cannot be had.

const bpPractice = (() => {
  const exercises = {};
  const say = (key, values = {}) => BP.said[key].replace(/{(\w+)}/g, (_, name) => values[name]);
  const list = (shape) => (shape ? shape.split(",").map(Number) : []);
  const unique = (x) => [...new Set(x)];

  function add({ exercises: told, derivations, forms, mistakes }, functions) {
    for (const [label, exercise] of Object.entries(told)) {
      exercises[label] = { ...exercise, mistakes, derivation: derivations[exercise.derivation] };
      if (exercise.derivation !== undefined) Object.assign(exercises[label].derivation, { forms, functions });
    }
  }

  // ------------------------------------------------------------------ derivations.py

  // Park and Miller's numbers: every product is exact in float64.
  function drawn({ givens }, seed) {
    let state = seed;
    return Object.fromEntries(givens.map(([name, s, v, low, high, decimals]) => [name, { s, v: seed === 0 || low === undefined ? v : v.map(() => {
      state = (state * 16807) % 2147483647;
      return (low + (state % (high - low + 1)) || high) / 10 ** decimals;
    }) }]));
  }

  function before({ steps }, name) {
    const wanted = new Set([name]);
    for (const [step, , , parts] of [...steps].reverse()) if (wanted.has(step)) Object.values(parts).forEach((part) => wanted.add(part));
    return steps.filter(([step]) => wanted.has(step));
  }

  function made({ forms, functions }, k, parts, values) {
    const { parts: names, at } = forms[k], given = names.map((name) => values[parts[name]]);
    const found = at[given.map(({ s }) => s).join("|")];
    if (!found) return null;
    const v = functions[found[0]](...given.flatMap((x) => x.v));
    return v.every(Number.isFinite) ? { s: found[1], v } : null;
  }

  // The value of a name. `put` are values in the place of steps, `wrong` forms in the place of rules.
  function run(derivation, numbers, name, put = {}, wrong = {}, after = (x) => x) {
    const values = { ...numbers };
    for (const [step, , form, parts] of before(derivation, name)) {
      const value = put[step] ?? made(derivation, wrong[step] ?? form, parts, values);
      if (!value) return null;
      values[step] = step === name ? value : after(value);
    }
    return values[name];
  }

  // ------------------------------------------------------------------ diagnosis.py: what was typed

  function quoted(text) {
    const sign = text.includes("'") && !text.includes('"') ? '"' : "'";
    const told = sign + text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t") + sign;
    return told.length <= 200 ? told : `${told.slice(0, 200)} …`;
  }

  function parts(text, size) {
    text = text.trim().replace(/\s*[×x·*]\s*10\s*(?:\^|\*\*|(?=[-−–+]))\s*[({]?\s*([-−–+]?[0-9]+)[)}]?/g, "e$1");
    text = text.replace(/[−–]/g, "-").replaceAll("\u00a0", " ").replace(/([-+])\s+(?=[0-9.])/g, "$1").replace(/\s*\/\s*/g, "/");
    const pieces = text.split(/[\s;()[\]]+|,(?=\s)|,(?=$)/).filter(Boolean);
    const apart = pieces.flatMap((piece) => piece.split(",")).filter(Boolean);
    if (text.includes(".") || (pieces.length !== size && apart.length === size)) return apart;
    return pieces.map((piece) => (piece.split(",").length === 2 ? piece.replace(",", ".") : piece));
  }

  function typed(text) {
    const short = text.length <= BP.longest, got = { got: quoted(text) };
    if (short && /^[-+]?[0-9]+\/[0-9]+$/.test(text)) {
      const [above, below] = text.split("/").map(Number);
      if (below) return { value: above / below, unit: 0, digits: 15 };
    }
    if (!short || !/^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?$/i.test(text)) throw say("number", got);
    const [mantissa, exponent = "0"] = text.toLowerCase().split("e");
    const decimals = (mantissa.split(".")[1] ?? "").length;
    const value = Number(text), unit = 10 ** (Number(exponent) - decimals);
    if (!Number.isFinite(value) || !Number.isFinite(unit)) throw say("finite", got);
    return { value, unit, digits: mantissa.replace(/^[-+]+/, "").replace(".", "").replace(/^0+/, "").length };
  }

  function read(text, { s, v }) {
    const answer = parts(text, v.length).map(typed);
    if (answer.length === v.length) return answer;
    const wanted = say(v.length === 1 ? "one" : s ? "table" : "several", { size: v.length, shape: list(s).join(" × ") });
    throw say("count", { wanted, got: answer.length });
  }

  // The digits of all numbers that differ in size: so many had to be right by chance.
  const digits = (answer) =>
    unique(answer.map((x) => `${Math.abs(x.value)} ${x.digits}`)).reduce((sum, key) => sum + Number(key.split(" ")[1]), 0);
  const hits = (x, target) =>
    Math.abs(x.value - target) <= (x.value === 0 ? 1e-12 : Math.max(0.5 * x.unit * (1 + 1e-9), 1e-9 * Math.abs(target)));
  const cutOff = (x, target) =>
    Math.abs(x.value - target) < x.unit && Math.abs(x.value) <= Math.abs(target) && x.value * target > 0;
  const fits = (answer, target, cut) =>
    target !== null && target.v.length === answer.length && answer.every((x, i) => hits(x, target.v[i]) || (cut && cutOff(x, target.v[i])));
  const equal = (answer, { v }) => answer.every((x, i) => Math.abs(x.value - v[i]) <= Math.max(1e-12 * Math.abs(v[i]), 1e-15));

  // ------------------------------------------------------------------ diagnosis.py: the verdict

  const same = (a, b) => a.s === b.s && a.v.every((x, i) => Math.abs(x - b.v[i]) <= 1e-15 + 1e-9 * Math.abs(b.v[i]));

  // Each mistake at each step, then at all of its steps at once: these have no `step`.
  function causes({ derivation, mistakes: texts }, numbers, name, put = {}) {
    const right = run(derivation, numbers, name, put), single = [], always = new Map();
    for (const [step, , , , mistakes] of before(derivation, name)) {
      for (const [mistake, form] of put[step] ? [] : mistakes) {
        single.push({ mistakes: [mistake], wrong: { [step]: form }, step });
        const title = texts[mistake][0];
        if (!always.has(title)) always.set(title, { mistakes: [mistake], wrong: {} });
        always.get(title).wrong[step] ??= form;
      }
    }
    const several = [...always.values()].filter(({ wrong }) => Object.keys(wrong).length > 1);
    return [...single, ...several].map((cause) => ({ ...cause, value: run(derivation, numbers, name, put, cause.wrong) }))
      .filter(({ value }) => value && !(right && same(value, right)));
  }

  function pairs(derivation, numbers, name, all, answer) {
    const single = all.filter(({ step }) => step);
    return single.flatMap((one, i) => single.slice(i + 1).flatMap((two) => {
      if (one.step === two.step || !one.step || !two.step) return [];
      const value = run(derivation, numbers, name, {}, { ...one.wrong, ...two.wrong });
      const both = value && !same(value, one.value) && !same(value, two.value) && fits(answer, value);
      return both ? [{ mistakes: [...one.mistakes, ...two.mistakes] }] : [];
    }));
  }

  const ROUNDINGS = [["toFixed", 2], ["toFixed", 3], ["toExponential", 1], ["toExponential", 2]];
  const rounded = (how, places) => ({ s, v }) => ({ s, v: v.map((x) => Number(x[how](places))) });

  function direction(answer, { v }) {
    if (v.length > 1) {
      if (fits(answer, { v: v.map((x) => -x) })) return say("only the signs");
      const good = answer.filter((x, i) => hits(x, v[i])).length;
      return good ? say("some", { good, size: v.length }) : say("none");
    }
    const [x] = answer, [target] = v;
    if (target === 0 || x.value === 0) return say(target === 0 ? "zero" : "not zero");
    if (x.value * target < 0) return say(hits({ ...x, value: -x.value }, target) ? "only the sign" : "sign");
    const ratio = Math.abs(x.value / target), factor = Math.max(ratio, 1 / ratio);
    const far = factor < 1.01 ? "1 %" : factor < 2 ? "twice" : factor < 10 ? "ten times" : "more than ten times";
    return say(ratio > 1 ? "large" : "small", { far: say(far) });
  }

  function verdict(exercise, numbers, name, answer, own) {
    const { derivation } = exercise;
    const right = run(derivation, numbers, name), enough = digits(answer) >= 2, put = Object.keys(own).length > 0;
    const exactlyWrong = () => causes(exercise, numbers, name).some(({ value }) => fits(answer, value) && equal(answer, value));
    if (fits(answer, right, true)) return digits(answer) >= BP.pairs || equal(answer, right) || (enough && !exactlyWrong()) ? { kind: "right", text: say("right") } : { kind: "more", text: say("more") };
    if (put) {
      const follows = run(derivation, numbers, name, own);
      const rough = answer.map((x) => ({ ...x, unit: 2 * x.unit })); // she rounded what it comes from, too
      if (fits(rough, follows, true) && (enough || equal(answer, follows))) return { kind: "follows", text: say("follows") };
    }
    const found = blamed(exercise, numbers, name, answer, own, right);
    const near = answer.every((x, i) => Math.abs(x.value - right.v[i]) <= 0.05 * Math.abs(right.v[i]) + x.unit);
    if (found.kind === "mistake" || !enough || !near) return found;
    const k = BP.roundings.findIndex((_, k) => fits(answer, run(derivation, numbers, name, {}, {}, rounded(...ROUNDINGS[k]))));
    return k < 0 ? found : { kind: "rounded", text: say("rounded", { title: BP.roundings[k] }), mistakes: ["rounding in between"] };
  }

  function blamed(exercise, numbers, name, answer, own, right) {
    const { derivation, mistakes } = exercise, put = Object.keys(own).length > 0;
    const [rows, columns] = list(right.s);
    const turned = right.v.map((_, i) => right.v[(i % rows) * columns + Math.floor(i / rows)]);
    if (columns && fits(answer, { v: turned })) return { kind: "mistake", text: say("transposed"), mistakes: ["transposed"] };
    const single = [...causes(exercise, numbers, name), ...(put ? causes(exercise, numbers, name, own) : [])];
    const fitting = single.filter(({ value }) => fits(answer, value));
    const called = (found) => found.flatMap((cause) => cause.mistakes.map((k) => mistakes[k][0]));
    if (fitting.length) {
      const names = unique(called(fitting));
      const seen = unique(fitting.map((cause) => cause.mistakes[0])).map((k) => mistakes[k]).reverse();
      const told = [...new Map(seen.map((mistake) => [mistake[0], mistake])).values()].reverse();
      const each = told.map(([name, why, see, chapter]) => say("told", { name, why, see, chapter })).join(say("or"));
      if (digits(answer) >= BP.named) return { kind: "mistake", text: say("mistake", { told: each }), mistakes: names };
      const exact = equal(answer, fitting[0].value);
      if (exact && names.length <= BP.upto) return { kind: "perhaps", text: say("perhaps why", { told: each }), mistakes: names };
      return { kind: "perhaps", text: say("perhaps", { told: names.join(say("or name")) }) + (exact ? "" : say("give more")), mistakes: names };
    }
    if (digits(answer) >= BP.pairs) {
      const found = pairs(derivation, numbers, name, single, answer);
      const both = found.map((cause) => called([cause])).map(([one, two]) => (one === two ? say("twice made", { name: one }) : [one, two].join(say("and"))));
      if (both.length) return { kind: "two", text: say("two", { told: unique(both).join(say("or name")) }), mistakes: unique(called(found)) };
    }
    return { kind: "unknown", text: say("unknown", { direction: direction(answer, right) }) };
  }

  // ------------------------------------------------------------------ exercises.py

  const ACCEPTED = ["right", "follows", "rounded"];

  // A line of a clinic case and a reason, by their numbers: the twin of clinic.py.
  function marked({ lines, reasons, mistakes }, { line, reason }) {
    const found = {}, told = (key, right, values) => ({ kind: key === right ? "right" : "mistake", text: say(key, values) });
    if (line) {
      const [key, rule, source] = lines[line - 1];
      found.line = told(key, "bad line", { rule, line: source });
    }
    if (reason) {
      const [key, k, at, value] = reasons[reason - 1], [name, why, see, chapter] = mistakes[k];
      found.reason = told(key, "right reason", { name, why, see, chapter, line: at, value });
    }
    return found;
  }

  // The verdicts on answers by name, in the order of the question; `own` numbers go on.
  function check(label, answers, seed = 0, rules = {}) {
    const exercise = exercises[label], { derivation, kind, options, asks } = exercise, verdicts = {}, own = {}, typed = {};
    if (kind === "clinic") return marked(exercise, answers);
    if (kind === "choice") {
      if (!answers.choice) return {};
      const [right, why] = options[answers.choice - 1];
      return { choice: { kind: right ? "right" : "mistake", text: say(right ? "right choice" : "wrong choice", { why }), markup: true } };
    }
    const numbers = drawn(derivation, seed);
    for (const name of asks.filter((ask) => ask in answers)) {
      const right = run(derivation, numbers, name);
      let answer;
      try { answer = read(answers[name], right); } catch (text) {
        if (typeof text !== "string") throw text;
        verdicts[name] = { kind: "unreadable", text: `${text[0].toUpperCase()}${text.slice(1)}.` };
        continue;
      }
      const way = before(derivation, name).map(([step]) => step);
      let found = verdict(exercise, numbers, name, answer, own);
      if (Object.keys(typed).length && !ACCEPTED.includes(found.kind) && verdict(exercise, numbers, name, answer, typed).kind === "follows") {
        const kind = way.some((step) => step in own) ? "follows" : "rounded";
        found = { kind, text: say("rounded", { title: say("typed") }) };
      }
      if (found.kind === "follows") {
        const step = Object.entries(verdicts).findIndex(([earlier, { kind }]) => !ACCEPTED.includes(kind) && way.includes(earlier)) + 1;
        found.text = say("follows from", { step });
      }
      verdicts[name] = found;
      typed[name] = { s: right.s, v: answer.map((x) => x.value) };
      if (!ACCEPTED.includes(found.kind)) own[name] = typed[name];
    }
    for (const [name, rule] of Object.entries(rules)) {
      const right = derivation.steps.find(([step]) => step === name)[1] === rule;
      verdicts[`rule of ${name}`] = { kind: right ? "right" : "mistake", text: right ? say("right") : say("wrong rule", { rule }) };
    }
    return verdicts;
  }

  // ------------------------------------------------------------------ page.py

  function brief(x) {
    const short = Number(x.toPrecision(6));
    return short ? String(short).replace("+", "").replaceAll("-", "−") : "0";
  }

  function shown({ s, v }) {
    if (v.length === 1) return document.createTextNode(brief(v[0]));
    const span = (text) => Object.assign(document.createElement("span"), { textContent: text });
    const matrix = Object.assign(span(""), { className: "bp-matrix" }), numbers = v.map(brief), columns = list(s).at(-1);
    matrix.setAttribute("role", "img");
    matrix.setAttribute("aria-label", say("shape", { shape: list(s).join(" × "), numbers: numbers.join("; ") }));
    for (let i = 0; i < v.length; i += columns) {
      const row = span("");
      row.append(...numbers.slice(i, i + columns).map(span));
      matrix.append(row);
    }
    return matrix;
  }

  // ------------------------------------------------------------------ what is kept in the browser

  const KEY = "bpcourse.practice", DAY = 86400e3;

  // What was kept or brought in, as far as it is progress.
  function sound(text) {
    const times = (x) => Array.isArray(x) && x.every(Number.isFinite);
    const good = ([label, x]) => /^\d\d\.\d+$/.test(label) && x && Number.isFinite(x.at) && times(x.again)
      && typeof x.first === "boolean" && typeof x.right === "boolean";
    try { return Object.fromEntries(Object.entries(JSON.parse(text)).filter(good)); } catch { return {}; }
  }

  function progress() {
    try { return sound(localStorage.getItem(KEY)); } catch { return {}; }
  }

  // Answered: when, whether right at first try and now; what was missed comes again after a day and after a week.
  function note(label, right, now = Date.now()) {
    const all = progress(), old = all[label];
    const again = right ? (old?.again ?? []).filter((due) => due > now) : [now + DAY, now + 7 * DAY];
    all[label] = { at: now, first: old?.first ?? right, right, again, said: old?.said };
    keep(all);
  }

  // Of each value the first verdict: its kind, then the mistakes by name, or what was chosen. No number that was typed.
  function hear(label, verdicts, chosen) {
    const all = progress(), heard = Object.entries(verdicts).filter(([, { kind }]) => !["more", "unreadable"].includes(kind))
      .map(([name, { kind, mistakes }]) => [name, [kind, ...(mistakes ?? (kind === "mistake" && chosen[name] ? [chosen[name]] : []))]]);
    if (!all[label]) return;
    all[label].said = { ...Object.fromEntries(heard), ...all[label].said };
    keep(all);
  }

  function keep(all) {
    try { localStorage.setItem(KEY, JSON.stringify(all)); } catch { /* full, or refused: the page works without */ }
    for (const told of document.querySelectorAll(".bp-progress")) tell(told);
  }

  // ------------------------------------------------------------------ the boxes

  const SIGNS = { right: "✓", follows: "✓", rounded: "✓", perhaps: "?", more: "?", unreadable: "!" };

  function tell(told) {
    const boxes = [...document.getElementsByClassName("bp-practice")].map((root) => root.dataset.exercise).filter((label) => exercises[label]?.kind !== "code");
    const all = progress(), own = told.closest(".bp-practice").dataset.exercise;
    told.textContent = (all[own]?.right ? "✓ · " : "") + say("progress", { done: boxes.filter((label) => all[label]?.right).length, all: boxes.length });
  }

  // A live region speaks only when its text changes, so what is said again is taken away first.
  function speak(region, { kind, text, markup }) {
    const again = text && region.said === text;
    region.said = text;
    const write = () => {
      region.dataset.kind = kind;
      region.innerHTML = "";
      if (!text) return;
      region.append(Object.assign(document.createElement("span"), { textContent: `${SIGNS[kind] ?? "✗"} ` }));
      const words = document.createElement("span");
      // Only what the book itself says of an option is markup.
      words[markup ? "innerHTML" : "textContent"] = text;
      region.append(words);
    };
    if (again) {
      region.textContent = "";
      setTimeout(() => region.said === text && write(), 60);
    } else write();
  }

  // The damage of a mistake: a nudge moves three points along the loss and the two tangents.
  function nudge(root, { damage: { reach, costs, slopes, y, box: [left, top, right, bottom] }, loss }) {
    const slider = root.querySelector("[data-do=nudge]"), half = (costs.length - 1) / 2, share = slider.value / half, by = reach * share;
    const heights = [costs[half + Number(slider.value)], ...slopes.map((slope) => costs[half] + slope * by)];
    ["cost-dot", "right-dot", "wrong-dot"].forEach((name, i) => {
      const dot = root.querySelector(`[data-line=${name}]`);
      dot.setAttribute("cx", left + ((1 + share) / 2) * (right - left));
      dot.setAttribute("cy", bottom + ((heights[i] - y[0]) / (y[1] - y[0])) * (top - bottom));
    });
    const [cost, foretold, wrong] = heights.map(brief), told = say("nudged", { by: brief(by), loss, cost, right: foretold, wrong });
    slider.setAttribute("aria-valuetext", told);
    root.querySelector(".bp-nudged").textContent = told;
  }

  function bind(root) {
    const label = root.dataset.exercise, exercise = exercises[label], form = root.querySelector("form");
    if (!exercise || !form || root.dataset.bound) return;
    root.dataset.bound = "true";
    const find = (selector) => [...root.querySelectorAll(selector)];
    const asks = find("[data-name]"), spoken = root.querySelector(".bp-said");
    let seed = Number(root.dataset.seed ?? 0), hinted = 0, noted = false;

    function answered(right) {
      if (!noted || right) note(label, right);
      noted = true;
    }

    function showDamage() {
      find(".bp-damage").forEach((place) => (place.hidden = false));
    }

    function empty() {
      noted = false;
      for (const ask of asks) {
        for (const box of ask.querySelectorAll("input, select")) {
          if (box.type === "radio") box.checked = false;
          else box.value = "";
          box.removeAttribute("aria-invalid");
        }
        ask.querySelectorAll(".bp-verdict").forEach((region) => speak(region, { text: "" }));
      }
    }

    function renew(told) {
      const { derivation } = exercise, numbers = drawn(derivation, seed);
      for (const place of document.querySelectorAll(`[data-of="${label}"]`)) {
        const name = place.dataset.value, value = numbers[name] ?? run(derivation, numbers, name);
        place.replaceChildren(value ? shown(value) : "–");
      }
      empty();
      find("[data-do=book]").forEach((button) => (button.hidden = seed === 0));
      spoken.textContent = told;
    }

    function judge(event) {
      event.preventDefault();
      spoken.textContent = "";
      const open = asks.filter((ask) => !ask.querySelector(".bp-blank[hidden]"));
      if (!open.length) return void (spoken.textContent = say("no blanks"));
      const told = exercise.options || exercise.lines ? "no option" : "nothing";
      const typedIn = (ask) => ask.querySelector("input:checked, select[data-answer], input:not([type=radio])")?.value.trim() ?? "";
      const menu = (ask) => ask.querySelector("select:not([data-answer])");
      const answers = Object.fromEntries(open.map((ask) => [ask.dataset.name, typedIn(ask)]).filter(([, text]) => text));
      const rules = Object.fromEntries(open.map((ask) => [ask.dataset.name, menu(ask)?.value]).filter(([, rule]) => rule));
      const verdicts = check(label, answers, seed, rules);
      const here = document.activeElement?.closest("[data-name]");
      for (const ask of open) {
        const name = ask.dataset.name, region = ask.querySelector(".bp-verdict"), found = verdicts[name], rule = verdicts[`rule of ${name}`];
        const silent = !found && !rule && Object.keys(answers).length && ask !== here;
        let said = found ?? (silent ? { text: "" } : { kind: "unreadable", text: say(told) });
        if (found && menu(ask)) {
          const word = rule ?? { kind: "unreadable", text: say("no rule") };
          const kind = word.kind === "right" ? found.kind : SIGNS[found.kind] === "✓" ? word.kind : found.kind;
          said = { kind, text: word.kind === "right" ? found.text : `${found.text} ${word.text}` };
        }
        if (region.textContent !== `${SIGNS[said.kind] ?? "✗"} ${said.text}` || ask === here || open.length === 1) speak(region, said);
        const box = ask.querySelector("input:not([type=radio])");
        if (box) box.toggleAttribute("aria-invalid", Boolean(said.text) && SIGNS[said.kind] !== "✓");
      }
      const kinds = Object.values(verdicts).map((found) => found.kind);
      if (kinds.some((kind) => !["right", "follows", "rounded", "more", "unreadable"].includes(kind))) answered(false);
      else if (open.every((ask) => ACCEPTED.includes(verdicts[ask.dataset.name]?.kind) && (!menu(ask) || rules[ask.dataset.name]))) {
        answered(true);
        showDamage();
      }
      const named = Object.fromEntries(Object.entries(rules).map(([name, rule]) => [`rule of ${name}`, rule]));
      hear(label, verdicts, exercise.derivation ? named : answers);
    }

    const actions = {
      fresh() { seed += 1; renew(say("fresh", { k: seed })); },
      book() { seed = 0; renew(say("book")); find("[data-do=fresh]")[0].focus(); },
      hint(button) {
        const hints = find(".bp-hints li");
        if (hinted < hints.length) hints[hinted++].hidden = false;
        button.textContent = hinted < hints.length ? say("hint", { k: hinted + 1, n: hints.length }) : say("no more hints");
        button.setAttribute("aria-disabled", String(hinted === hints.length));
      },
      had() { note(label, true); spoken.textContent = say("had"); },
      missed() { note(label, false); spoken.textContent = say("missed"); },
    };
    root.addEventListener("click", ({ target }) => {
      actions[target.dataset.do]?.(target);
      // The link to a folded solution opens it.
      const id = target.closest("a")?.getAttribute("href");
      if (id?.startsWith("#sol-")) {
        document.querySelector(id).open = true;
        showDamage();
      }
    });
    root.addEventListener("input", ({ target }) => target.dataset.do === "nudge" && nudge(root, exercise));
    root.addEventListener("change", ({ target }) => {
      if (target.dataset.do !== "rung") return;
      const blanks = Number(target.value);
      asks.forEach((ask, i) => {
        const blank = i >= asks.length - blanks;
        ask.querySelector(".bp-worked").hidden = blank;
        ask.querySelector(".bp-blank").hidden = !blank;
      });
      empty();
      spoken.textContent = say("rung", { n: blanks });
    });
    form.addEventListener("submit", judge);
    find(".bp-progress").forEach(tell);
    if (exercise.damage) nudge(root, exercise);
    if (seed) renew("");
  }

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".bp-practice").forEach(bind));
  // In the book's pages the form of a far exercise comes later: see nudge.js.
  document.addEventListener("near", ({ target }) => bind(target));

  return { add, check, drawn, run, brief, shown, say, exercises, progress, sound, note, keep, bind };
})();
