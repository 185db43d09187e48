// The V-curve: both quotients of a formula that was typed, their errors, and the two parts of these.
function start(root, model) {
  const { floor, ends: [few, many], menu } = SPEC, axes = plot(SPEC.plot), lines = pieces(root), box = root.querySelector("[data-bind=formula]");
  const log = (error) => (error <= 10 ** floor ? floor : Math.log10(error)), written = (u) => (u <= floor ? "0" : scientific(10 ** u));
  const steps = Array.from({ length: many - few + 1 }, (_, i) => many - i);

  // As Python's _Told.quotients: [value, error, cut off, rounding, best ε] of each.
  function quotients(at, x, [f, slope, second, third], halvings) {
    const eps = 2 ** -halvings, size = 2 ** -53 * Math.abs(f), ahead = at(x + eps)[0], behind = at(x - eps)[0];
    const told = (value, cut, rounding, best) => ({ value, error: Math.abs(value - slope), cut, rounding, best });
    [second, third] = [second, third].map(Math.abs);
    return {
      forward: told((ahead - f) / eps, (second / 2) * eps, (2 * size) / eps, second ? (4 * size / second) ** (1 / 2) : Infinity),
      central: told((ahead - behind) / (2 * eps), (third / 6) * eps ** 2, size / eps, third ? (3 * size / third) ** (1 / 3) : Infinity),
    };
  }

  function show({ inputs: { x }, formula, halvings }) {
    let at = () => [NaN, NaN, NaN, NaN], wrong = "";
    try {
      const read = postfix(formula);
      at = (x) => series(read, x);
    } catch (error) {
      wrong = `No formula yet: ${error}.`;
    }
    if (wrong) box.setAttribute("aria-invalid", "true");
    else box.removeAttribute("aria-invalid");
    const here = at(x), now = quotients(at, x, here, halvings), along = steps.map((k) => quotients(at, x, here, k));
    const places = steps.map((k) => log(2 ** -k)), place = log(2 ** -halvings), eps = scientific(2 ** -halvings);
    const told = { formula, eps }, shown = { exact: here[1], error: now.central.error };
    for (const [kind, { value, ...parts }] of Object.entries(now)) {
      const points = along.map((all, i) => [places[i], log(all[kind].error)]);
      lines[kind].setAttribute("d", axes.line(points));
      axes.place(lines[kind + "-dot"], place, log(parts.error));
      for (const part of ["cut", "rounding"]) {
        const part_ = [0, along.length - 1].map((i) => [places[i], along[i][kind][part] ? Math.log10(along[i][kind][part]) : NaN]);
        lines[`${kind}-${part}`].setAttribute("d", axes.line(part_));
      }
      shown[kind] = value;
      told[kind + "-curve"] = course(points, written, written);
      for (const part in parts) shown[`${kind}-${part}`] = scientific(parts[part]);
    }
    lines.step.setAttribute("d", axes.line([[place, floor], [place, 2]]));
    const says = wrong || (!Number.isFinite(here[1]) ? `No derivative at x = ${plain(x, 5)}.`
      : `Of the central error the larger part is ${now.central.cut > now.central.rounding ? "cut off" : "rounding"}.`);
    return { ...shown, halvings: String(halvings), "inputs.x": plain(x, 5), says, told,
      status: wrong || `Step ${eps}: forward error ${shown["forward-error"]}, central error ${shown["central-error"]}. ${says}` };
  }
  return explore(root, model, { show, actions: { take: (_, i) => ({ formula: menu[i] }) } });
}

// The twin of bpcourse.explore.formula.postfix: what to compute, in order; throws what is wrong, in words.
function postfix(formula) {
  const names = { x: "x", e: Math.E, pi: Math.PI }, signs = { "+": "add", "-": "subtract", "*": "multiply", "/": "divide" };
  const calls = Object.keys(functions), out = [], length = [...formula].length;
  if (length > SPEC.longest) throw `expected at most ${SPEC.longest} characters, got ${length}`;
  for (const [other, sign] of Object.entries({ "−": "-", "×": "*", "·": "*", "÷": "/", "π": " pi ", ",": ".", "**": "^" })) formula = formula.replaceAll(other, sign);
  const tokens = formula.match(/(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?|[a-z]+|[^ ]/gu) ?? [];
  const wrong = (expected) => { throw `expected ${expected}, got ${tokens[0] ?? "the end"}`; };
  const take = (some, expected) => (some.includes(tokens[0]) ? tokens.shift() : expected ? wrong(expected) : "");

  function atom() {
    if (/[0-9.]$/.test(tokens[0] ?? "")) {
      const number = Number(tokens[0]);
      out.push(Number.isFinite(number) ? number : wrong("a number"));
      return tokens.shift();
    }
    const name = take(Object.keys(names));
    if (name) return out.push(names[name]);
    const gate = take(calls);
    take("(", gate ? `a bracket after ${gate}` : `a number, a bracket, x, e, pi or one of ${calls.join(", ")}`);
    total();
    take(")", "a bracket that closes");
    if (gate) out.push(gate);
  }
  function factor() {
    if (take("-")) {
      factor();
      return out.push("negate");
    }
    atom();
    if (!take("^")) return;
    factor();
    out.push("power");
  }
  function product() {
    factor();
    while (["*", "/", "(", ...calls, ...Object.keys(names)].includes(tokens[0])) {
      const sign = take("*/") || "*";
      factor();
      out.push(signs[sign]);
    }
  }
  function total() {
    product();
    for (let sign; (sign = take("+-")); ) {
      product();
      out.push(signs[sign]);
    }
  }
  total();
  if (tokens.length) wrong("a sign between two numbers");
  if (!out.includes("x")) throw "expected an x in it, got none";
  return out;
}

// Numbers stay numbers; what moves with x is [f, f′, f″, f‴].
const lift = (u) => (typeof u === "number" ? [u, 0, 0, 0] : u), choose = [[1], [1, 1], [1, 2, 1], [1, 3, 3, 1]];
const entrywise = (f) => (a, b) => a.map((u, i) => f(u, b[i]));
const rules = {
  add: entrywise((u, v) => u + v), subtract: entrywise((u, v) => u - v), negate: (a) => a.map((u) => -u),
  multiply: (a, b) => choose.map((row, n) => row.reduce((sum, c, k) => sum + c * a[k] * b[n - k], 0)),
  // q · b = a, differentiated n times, says what the nth derivative of q is.
  divide: (a, b) => choose.reduce((q, row, n) => [...q, (a[n] - q.reduce((sum, u, k) => sum + row[k] * u * b[n - k], 0)) / b[0]], []),
};
// A function of u: the chain rule, three times.
for (const [name, table] of Object.entries(functions)) {
  rules[name] = ([u0, u1, u2, u3]) => {
    const [f, f1, f2, f3] = table(u0);
    return [f, f1 * u1, f2 * u1 ** 2 + f1 * u2, f3 * u1 ** 3 + 3 * f2 * u1 * u2 + f1 * u3];
  };
}
function call(name, ...operands) {
  const out = rules[name](...operands.map(lift));
  return operands.every((u) => typeof u === "number") ? out[0] : out;
}
function power(a, b) {
  if (!Number.isInteger(b) || Math.abs(b) > SPEC.highest) return call("exp", a === Math.E ? b : call("multiply", b, call("log", a)));
  let out = 1;
  for (let i = 0; i < Math.abs(b); i++) out = call("multiply", out, a);
  return b >= 0 ? out : call("divide", 1, out);
}

// Value and three derivatives of what was read, at x.
function series(read, x) {
  const stack = [];
  for (const token of read) {
    if (token === "x") stack.push([x, 1, 0, 0]);
    else if (typeof token === "number") stack.push(token);
    else if (token === "power") stack.push(power(...stack.splice(-2)));
    else stack.push(call(token, ...stack.splice(-rules[token].length)));
  }
  return lift(stack[0]);
}
