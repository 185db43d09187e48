// A network: pick a weight, nudge it, follow its paths, update.
// The twin of controls.nice: 1, 2 or 5 times a power of ten.
function nice(x) {
  if (x === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(x));
  return Number((power * [1, 2, 5, 10].find((m) => m * power >= x * (1 - 1e-9))).toPrecision(12));
}

function start(root, model) {
  const { keys, labels, ends, ahead, places, beside, gap, count, called, strokes } = SPEC, lines = pieces(root), names = Object.keys(SPEC.state.inputs);
  const rows = [...root.querySelectorAll(".bp-paths li")];
  const slider = root.querySelector('[data-bind^="inputs."]'), number = slider.nextElementSibling;
  const grid = plot(SPEC.plot).grid(count), index = keys.indexOf("vloss");
  const row = (inputs, loss) => tables[loss](...names.map((name) => inputs[name]));
  const at = (inputs, loss) => {
    const numbers = row(inputs, loss);
    return Object.fromEntries(keys.map((key, i) => [key, numbers[i]]));
  };
  const lossAt = (inputs, loss) => row(inputs, loss)[index];

  // Every way from a weight to the loss: its two ends, then on and on as the lines lead.
  const onward = (way) => (ahead[way.at(-1)].length ? ahead[way.at(-1)].flatMap((next) => onward([...way, next])) : [way]);
  const routes = (name) => onward(ends[name]);

  // The factors along one way, from the loss back: above, below, local gradient.
  function factorsOf(weight, route, now, source) {
    const factors = [];
    for (let i = route.length - 1; i > 1; i--) {
      const edge = `${route[i - 1]}>${route[i]}`;
      factors.push([route[i], route[i - 1], (source ? now["m" + edge] : undefined) ?? now["l" + edge]]);
    }
    factors.push([route[1], weight, now["l" + weight]]);
    return factors;
  }
  const multiplied = (factors) => factors.reduce((all, [, , local]) => all * local, 1);

  function told(factors) {
    const read = factors.map(([above, below]) => `∂${labels[above]}/∂${labels[below]}`).join(" · ");
    return `${read}\n= ${factors.map(([, , local]) => brief(local)).join(" · ")} = ${brief(multiplied(factors))}`;
  }

  // The twin of controls.round_range.
  function roundRange(values) {
    const low = Math.min(...values), high = Math.max(...values);
    if (low < high / 2 || high - low < 1e-9) return [0, nice(high)];
    let step = nice((high - low) / 2);
    while (step * Math.floor(low / step) + 2 * step < high) step = nice(1.01 * step);
    return [step * Math.floor(low / step), step * Math.floor(low / step) + 2 * step];
  }

  const slope = (now, name, source) => !source ? now["g" + name]
    : routes(name).reduce((sum, route) => sum + multiplied(factorsOf(name, route, now, true)), 0);

  const inWords = (ways) => `${ways.length}: ${ways.map((way, i) => `${strokes[i % 4]} ${way.slice(1).map((name) => called[name] ?? name).join(", ")}`).join("; ")}`;

  function pick(weight) {
    const ways = routes(weight);
    rows.forEach((_, i) => {
      const shift = (i - (ways.length - 1) / 2) * gap;
      const line = ways[i] ? "M" + ways[i].map((unit) => `${places[unit][0]} ${places[unit][1] + shift}`).join("L") : "";
      lines["route" + i].setAttribute("d", line);
    });
    lines.beside.setAttribute("x", beside[weight][0]);
    lines.beside.setAttribute("y", beside[weight][1]);
    lines.beside.textContent = labels[weight];
    slider.dataset.bind = number.dataset.n = `inputs.${weight}`;
    slider.ariaLabel = number.ariaLabel = labels[weight];
    slider.previousElementSibling.textContent = labels[weight];
  }

  function show({ inputs, weight, loss, learning_rate: rate, as_source_003: source }) {
    const now = at(inputs, loss), w = inputs[weight], g = slope(now, weight, source);
    const moved = w - rate * g, after = lossAt({ ...inputs, [weight]: moved }, loss);
    if (slider.dataset.bind !== `inputs.${weight}`) pick(weight);
    const trial = { ...inputs };
    const curve = grid.map((u) => ((trial[weight] = u), [u, lossAt(trial, loss)]));
    // The curve, and so the axis, stands still while its own weight slides.
    const [low, high] = roundRange(curve.map(([, v]) => v)), axes = plot({ ...SPEC.plot, y: [low, high] });
    lines.loss.setAttribute("d", axes.line(curve));
    lines.tangent.setAttribute("d", axes.line(axes.x.map((u) => [u, now.vloss + g * (u - w)])));
    axes.place(lines.point, w, now.vloss);
    axes.place(lines.after, moved, after);
    const shown = { ...now, title: `${labels[weight]} = ${fixed(w)}`, "title-slope": `${source ? "PadhAI notes: " : `∂L/∂${labels[weight]} = `}${fixed(g)}`,
      axis: labels[weight], low: brief(low), middle: brief((low + high) / 2), high: brief(high), sum: fixed(g, 6), now: fixed(now.vloss, 6), new: fixed(moved, 6),
      "after-loss": fixed(after, 6), predicted: fixed(-rate * g * g, 6), actual: fixed(after - now.vloss, 6),
      status: `Loss ${brief(now.vloss)}, slope for ${labels[weight]} ${brief(g)}; the update changes the loss by ${brief(after - now.vloss)}` };
    const ways = routes(weight);
    shown.told = { weight, w: plain(w), slope: plain(g) + (source ? " by the PadhAI notes" : ""), ways: inWords(ways), curve: course(curve), u: w, loss: now.vloss, g, moved, after };
    rows.forEach((_, i) => (shown["path" + i] = ways[i] ? told(factorsOf(weight, ways[i], now, source)) : ""));
    return shown;
  }

  const step = (chosen) => ({ inputs, weight, loss, learning_rate: rate, as_source_003: source }) => {
    const now = at(inputs, loss), moving = chosen ?? [weight];
    return { inputs: { ...inputs, ...Object.fromEntries(moving.map((name) => [name, inputs[name] - rate * slope(now, name, source)])) } };
  };
  return explore(root, model, { show, actions: { pick: (_, weight) => ({ weight }), update: step(), all: step(names) } });
}
