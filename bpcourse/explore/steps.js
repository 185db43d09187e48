// The stepper: the arrays are there, Python made them; the products of the pointed entry are computed here.
// The twin of walks.products, walks.entry and walks.placed.
const number = (factor) => factor.replace("−", "-").split("/").reduce((a, b) => a / b);
const spot = (index, at) => {
  const [, first, sign, second] = index.match(/^(\w+)(?:([+-])(\w+))?$/), of = (part) => at[part] ?? Number(part);
  return of(first) + (second === undefined ? 0 : sign === "-" ? -of(second) : of(second));
};
const sizes = (operands) => {
  const all = {};
  for (const [name, index] of operands) index.forEach((letter, axis) => {
    if (/^[a-z]$/.test(letter)) all[letter] = axis ? SPEC.arrays[name][0].length : SPEC.arrays[name].length;
  });
  return all;
};
// For each summand of a term the entries that it multiplies: [name, row, column, number].
function products([, operands], at) {
  const extent = sizes(operands);
  const free = [...new Set(operands.flatMap(([, index]) => index.flatMap((part) => part.match(/[a-z]/g) ?? [])))].filter((letter) => !(letter in at));
  let places = [at];
  for (const letter of free) places = places.flatMap((place) => Array.from({ length: extent[letter] }, (_, i) => ({ ...place, [letter]: i })));
  return places.map((place) => operands.map(([name, [row, column]]) => {
    const r = spot(row, place), c = spot(column, place);
    return [name, r, c, SPEC.arrays[name][r]?.[c]];
  })).filter((factors) => factors.every(([, , , x]) => x !== undefined));
}
function placed({ name, formulas }, row, column) {
  const height = SPEC.arrays[name].length / formulas.length, formula = formulas[Math.floor(row / height)], at = {};
  [row % height, column].forEach((place, i) => { if (/[a-z]/.test(formula.place[i])) at[formula.place[i]] = place; });
  return [formula, at];
}
const entry = ({ terms }, at) => terms.reduce((sum, term) =>
  products(term, at).reduce((all, factors) => all + number(term[0]) * factors.reduce((a, [, , , x]) => a * x, 1), sum), 0);

function start(root, model) {
  const { arrays, labels, steps } = SPEC, last = steps.length - 1, most = 12;
  const [picture, tables, sum] = [".bp-pictures", "[data-arrays]", "[data-sum]"].map((part) => root.querySelector(part));
  const made = (tag, text = "", ...names) => {
    const element = document.createElement(tag);
    element.textContent = text;
    element.className = names.join(" ");
    return element;
  };
  const isGradient = (name) => name[0] === "d" && name.slice(1) in arrays;
  const colour = (name) => (isGradient(name) ? "bp-gradient" : "bp-value");
  const home = (name) => (isGradient(name) ? name.slice(1) : name);
  const shape = (name) => `${arrays[name].length}×${arrays[name][0].length}`;
  const reads = (now) => (now.reads ??= [...new Set(now.formulas.flatMap(({ terms }) => terms.flatMap(([, operands]) => operands.map(([name]) => name))))]);
  // The tables of an array are made once, as read and as made; cells[name][row][column] are those that are shown.
  let shown = -1, cells = {}, lit = [];
  const kept = {};
  const once = (name, make) => (kept[make.name + name] ??= make(name));

  function matrix(name) {
    const table = made("table", "", "bp-array", colour(name));
    table.createCaption().append(made("span", labels[name]), ` ${shape(name)}`);
    const rows = arrays[name].map((numbers, row) => {
      const line = table.insertRow();
      return numbers.map((x, column) => {
        const cell = line.insertCell();
        cell.textContent = fixed(x);
        cell.ariaLabel = `row ${row + 1}, column ${column + 1}: ${plain(x)}`;
        return cell;
      });
    });
    return [table, rows];
  }

  function pointable(name) {
    const [table, rows] = matrix(name);
    for (const cell of rows.flat()) {
      const button = made("button", cell.textContent);
      button.type = "button";
      button.tabIndex = -1;
      cell.replaceChildren(button);
    }
    table.classList.add("bp-made");
    table.addEventListener("keydown", (event) => {
      const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (by && point(model.get("row") + by[0], model.get("column") + by[1])) event.preventDefault();
    });
    for (const kind of ["click", "pointerover"]) table.addEventListener(kind, ({ target }) => {
      const cell = target.closest("td");
      if (cell && (kind === "click" || matchMedia("(hover: hover)").matches)) point(cell.parentNode.rowIndex, cell.cellIndex, kind === "click");
    });
    return [table, rows];
  }

  // The arrays of a step: what it reads, and what it makes, whose entries can be pointed at.
  function lay(now) {
    cells = {};
    const laid = (make) => (name) => {
      const [table, rows] = once(name, make);
      cells[name] = rows;
      return table;
    };
    tables.replaceChildren(...reads(now).map(laid(matrix)), made("span", "→", "bp-arrow"), laid(pointable)(now.name));
  }

  function point(row, column, focus = true) {
    const array = arrays[steps[model.get("step")].name];
    if (!(row in array && column in array[0])) return false;
    explorer.change({ row, column });
    if (focus) cells[steps[model.get("step")].name][row][column].firstChild.focus();
    return true;
  }

  // The entry as a sum of products: upstream in the gradients' colour, local in the values'.
  function write(now, row, column) {
    const [formula, at] = placed(now, row, column), parts = [], used = [];
    const say = (text, name) => parts.push(name ? made("span", text, colour(name)) : text);
    const digits = ([name, , , x], first) => say(x < 0 && !first ? `(${brief(x)})` : brief(x), name);
    if (formula.shown) {
      const kept = formula.terms[0][1];
      formula.shown.split(/\w+\[[^\]]*\]/).forEach((text, i) => {
        say(text);
        if (!kept[i]) return;
        const all = products(["1", [kept[i]]], at).map(([one]) => one);
        all.forEach((one, k) => { if (k) say("; "); say(brief(one[3]), one[0]); used.push(one); });
      });
    } else {
      let count = 0;
      formula.terms.forEach((term, i) => {
        const all = products(term, at), factor = term[0].replace("−", "");
        if (!all.length) return;
        if (parts.length || term[0][0] === "−") say(`${parts.length ? " " : ""}${term[0][0] === "−" ? "−" : "+"} `);
        if (number(factor) !== 1) say(`${factor} · `);
        if (all.length > 1) say("(");
        all.forEach((factors, k) => {
          used.push(...factors);
          if (count++ >= most) return void (count === most + 1 && say(" + …"));
          if (k) say(" + ");
          factors.forEach((one, f) => { if (f) say("·"); digits(one, !k && !f && !/[·+−] $/.test(parts.at(-1))); });
        });
        if (all.length > 1) say(")");
      });
      if (!parts.length) say("0: nothing reaches it");
    }
    const x = arrays[now.name][row][column], name = arrays[now.name].length + arrays[now.name][0].length > 2 ? `${labels[now.name]} (${row + 1}, ${column + 1})` : labels[now.name];
    sum.replaceChildren(made("strong", name, colour(now.name)), " = ", ...parts, " = ", made("strong", brief(x), colour(now.name)));
    for (const cell of lit) cell.classList.remove("bp-used");
    if (lit.length) lit.at(-1).firstChild.tabIndex = -1;
    lit = [...used.map(([of, r, c]) => cells[of][r][c]), cells[now.name][row][column]];
    for (const cell of lit) cell.classList.add("bp-used");
    lit.at(-1).firstChild.tabIndex = 0;
    return `${name} = ${brief(x)}`;
  }

  const [boxes, wires] = ["box", "wire"].map((kind) => [...picture.querySelectorAll(`[data-${kind}]`)]);
  const when = Object.fromEntries(steps.map(({ name }, i) => [name, i]));
  const set = (part, state) => { if (part.state !== state) part.dataset.state = part.state = state; }; // reading the page costs
  function colourIn(now, step) {
    const read = reads(now), back = isGradient(now.name), ends = new Set(read.map(home));
    for (const box of boxes) {
      const name = box.dataset.box, done = !(when[name] > step);
      set(box, name === now.name ? "now" : read.includes(name) ? "read" : done ? "done" : "later");
    }
    for (const wire of wires) {
      const [from, to] = wire.dataset.wire.split(" ");
      set(wire, back ? (from === home(now.name) && ends.has(to) ? "back" : "") : to === now.name ? "now" : "");
    }
  }

  function show({ step, row, column }) {
    const now = steps[step], inside = { row: Math.min(row, arrays[now.name].length - 1), column: Math.min(column, arrays[now.name][0].length - 1) };
    // The list of steps knows no entry: one that the new array has not is left.
    for (const key in inside) if (model.get(key) !== inside[key]) model.set(key, inside[key]);
    ({ row, column } = inside);
    if (shown !== step) {
      shown = step;
      lay(now);
      colourIn(now, step);
    }
    const of = now.of ??= texts(now, step), said = write(now, row, column);
    return { ...of, slope: isGradient(now.name) ? arrays[now.name][row][column] : 0, status: `${of.head} ${now.equation}. ${now.words}. ${of.shapes}. ${said}` };
  }

  // What a step says, whichever entry is pointed at.
  function texts(now, step) {
    const shapes = `${reads(now).map((name) => `${labels[name]} ${shape(name)}`).join(", ")} → ${labels[now.name]} ${shape(now.name)}`;
    const head = `Step ${step + 1} of ${steps.length}, ${isGradient(now.name) ? "backward" : "forward"}: ${labels[now.name]}.`;
    return { head, words: `${now.words[0].toUpperCase()}${now.words.slice(1)}.`, equation: now.equation, line: `${now.line}   # ${now.place}`, shapes,
      told: { now: `${labels[now.name]} from ${reads(now).map((name) => labels[name]).join(", ").replace(/, ([^,]*)$/, " and $1")}` } };
  }
  const go = (to) => ({ step: Math.max(0, Math.min(last, to)) });
  const actions = { first: () => go(0), back: ({ step }) => go(step - 1), next: ({ step }) => go(step + 1), last: () => go(last) };
  const explorer = explore(root, model, { show, actions });
  root.addEventListener("keydown", (event) => {
    const to = { Home: 0, End: last, PageUp: model.get("step") - 1, PageDown: model.get("step") + 1 }[event.key];
    if (to === undefined || event.target.matches("input")) return;
    event.preventDefault();
    explorer.change(go(to));
  });
  picture.addEventListener("click", ({ target }) => {
    const box = target.closest("[data-box]"), at = steps.findIndex(({ name }) => name === box?.dataset.box);
    if (at >= 0) explorer.change(go(at));
  });
  return explorer;
}
