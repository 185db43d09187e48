// XOR: a training from its start, as far as its last epoch, over a slice of the cost.
function start(root, model) {
  const { last, every, cells, levels, examples, labels, twins, starts, pairs } = SPEC, lines = pieces(root), names = Object.keys(twins);
  const ground = plot(SPEC.slice), costs = plot(SPEC.costs), edges = ground.grid(cells), half = (edges[1] - edges[0]) / 2;
  const [across, up] = pairs[0].map((name) => names.indexOf(name));
  const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / examples.length;
  const costAt = (now) => mean(examples.map(([x1, x2, y]) => loss(...now, x1, x2, y)[0]));
  let known = {};

  // Every epoch from the start; kept while only the epoch moves.
  function descend(inputs, rate) {
    if (known.inputs === inputs && known.rate === rate) return known.history;
    const history = [];
    let now = names.map((name) => inputs[name]);
    while (history.length <= last) {
      const rows = examples.map((example) => step(...now, ...example));
      history.push({ now, cost: mean(rows.map((row) => row[0])), answers: rows.map((row) => row[1]) });
      now = now.map((w, i) => w - rate * mean(rows.map((row) => row[i + 2])));
    }
    known = { inputs, rate, history };
    return history;
  }

  // Row by row, a line for each run of cells of one level; and the lowest cell.
  function slice(now) {
    const there = [...now], drawn = Array(levels.length + 1).fill("");
    let low = [Infinity, NaN, NaN];
    for (const v of edges.slice(0, -1).map((edge) => edge + half)) {
      let from = edges[0], level;
      edges.forEach((edge, i) => {
        [there[across], there[up]] = [edge + half, v];
        const cost = i < cells ? costAt(there) : 0;
        const found = i < cells ? levels.filter((bound) => cost > bound).length : -1;
        if (i < cells && cost < low[0]) low = [cost, edge + half, v];
        if (i && found !== level) {
          drawn[level] += ground.line([[from, v], [edge, v]]);
          from = edge;
        }
        level = found;
      });
    }
    drawn.forEach((line, i) => lines["level" + i].setAttribute("d", line));
    return low;
  }

  function show({ inputs, learning_rate: rate, epoch }) {
    const history = descend(inputs, rate), { now, cost, answers } = history[epoch], some = history.filter((_, i) => i % every === 0);
    const place = (numbers) => [numbers[across], numbers[up]], [low, u, v] = slice(now), begun = place(history[0].now), here = place(now);
    const curve = some.map((one, i) => [i * every, one.cost]);
    lines.walk.setAttribute("d", ground.line([...some.slice(0, Math.ceil(epoch / every)).map((one) => place(one.now)), here]));
    lines.cost.setAttribute("d", costs.line(curve));
    ground.place(lines.start, ...begun);
    ground.place(lines.now, ...here);
    costs.place(lines.point, epoch, cost);
    const apart = Math.hypot(...pairs.map(([one, other]) => now[names.indexOf(one)] - now[names.indexOf(other)]));
    return { ...Object.fromEntries(labels.map((label, i) => [label, answers[i]])), cost, apart, epoch: `${epoch}`,
      learning_rate: fixed(rate, 2), "inputs.w_111": fixed(inputs.w_111, 2), "inputs.w_121": fixed(inputs.w_121, 2),
      says: SPEC.says[apart ? "apart" : "twins"],
      told: { epoch, cost, low, "low-across": u, "low-up": v, "start-across": begun[0], "start-up": begun[1], "now-across": here[0], "now-up": here[1], course: course(curve) },
      status: `Epoch ${epoch}: cost ${brief(cost)}, hidden units apart by ${brief(apart)}, answers ${answers.map(brief).join(", ")}` };
  }

  // Two epochs a frame, on from where the reader is; all at once where less motion is wanted.
  let frame = 0;
  const stop = () => (cancelAnimationFrame(frame), (frame = 0));
  const on = () => {
    const epoch = Math.min(last, model.get("epoch") + 2);
    frame = epoch < last ? requestAnimationFrame(on) : 0;
    change({ epoch });
  };
  function train({ epoch }) {
    if (frame) return stop(), {};
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return { epoch: last };
    frame = requestAnimationFrame(on);
    return { epoch: epoch < last ? epoch : 0 };
  }
  const draw = ({ inputs }) => ({ inputs: starts[(starts.findIndex((begun) => names.every((name) => begun[name] === inputs[name])) + 1) % starts.length] });
  const { change, end } = explore(root, model, { show, actions: { train, draw, twins: () => ({ inputs: twins }) } });
  return { end: () => (stop(), end()) };
}
