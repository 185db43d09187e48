// One logit: three losses against it, and their deltas.
function start(root, model) {
  const { plots, count, asked, matched, labels } = SPEC, lines = pieces(root), losses = Object.keys(labels);
  const axes = { loss: plot(plots.loss), delta: plot(plots.delta) }, grid = axes.loss.grid(count);
  const at = (loss, z, { output, label }) => tables[output][loss]?.(z, label, 1 - label) ?? [NaN, NaN, NaN, NaN];

  function show(state) {
    const { inputs: { z }, output, label } = state, shown = {}, told = { z };
    for (const loss of losses) {
      const all = grid.map((u) => [u, at(loss, u, state)]), now = at(loss, z, state);
      Object.entries(axes).forEach(([key, { line, place }], i) => {
        const name = `${key}-${loss}`, curve = all.map(([u, row]) => [u, row[i + 1]]);
        lines[name].setAttribute("d", line(curve));
        place(lines[name + "-dot"], z, now[i + 1]);
        shown[name] = fixed(now[i + 1]);
        Object.assign(told, { [name]: now[i + 1], [name + "-course"]: course(curve) });
      });
    }
    const [y, , delta, slope] = at(matched[output], z, state);
    return { ...shown, told, y_hat: y, miss: y - label, slope, "inputs.z": fixed(z, 2), size: Math.abs(at(asked, z, state)[2]),
      says: `${labels[matched[output]]} matches: its δ is ŷ − y.`,
      status: `ŷ = ${brief(y)}, ŷ − y = ${brief(y - label)}. Deltas: ${losses.map((loss) => `${labels[loss]} ${brief(at(loss, z, state)[2])}`).join(", ")}` };
  }
  return explore(root, model, { show });
}
