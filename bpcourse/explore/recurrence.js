// The recurrence: one step's table, forward through time and back.
function start(root, model) {
  const { steps, floor, eps } = SPEC, axes = plot(SPEC.plot), lines = pieces(root);
  const log = (x) => (Math.abs(x) > 10 ** floor ? Math.log10(Math.abs(x)) : floor);
  const logs = (numbers) => numbers.map((x, i) => [i + 1, log(x)]);
  const sum = (numbers) => numbers.reduce((all, x) => all + x, 0);

  function states({ rho, x }, squash) {
    const all = [[0, 0]];
    while (all.length <= steps) all.push(tables[squash](rho, x, ...all.at(-1), 0, 0).slice(0, 2));
    return all;
  }

  function run(inputs, squash) {
    const { rho, x } = inputs, all = states(inputs, squash), norms = [], shares = [];
    let back = [1, 0];
    for (let t = steps; t > 0; t--) {
      norms.unshift(Math.hypot(...back));
      const told = tables[squash](rho, x, ...all[t - 1], ...back);
      back = told.slice(2, 4);
      shares.unshift(told[4]);
    }
    return { loss: all[steps][0], norms, shares };
  }

  function show({ inputs, squash }) {
    const { loss, norms, shares } = run(inputs, squash);
    const [ahead, behind] = [eps, -eps].map((e) => states({ ...inputs, rho: inputs.rho + e }, squash)[steps][0]);
    const factor = (norms[0] / norms[steps - 1]) ** (1 / (steps - 1));
    lines.norms.setAttribute("d", axes.line(logs(norms)));
    lines.shares.setAttribute("d", axes.line(logs(shares)));
    const power = (v) => (v <= floor ? "0" : scientific(10 ** v)), [lengths, parts] = [norms, shares].map((numbers) => course(logs(numbers), brief, power));
    axes.place(lines.first, 1, log(norms[0]));
    return { loss, first: norms[0], factor, sum: sum(shares), early: sum(shares.slice(0, Math.floor(steps / 2))),
      nudged: (ahead - behind) / (2 * eps), "inputs.rho": fixed(inputs.rho, 2), "inputs.x": fixed(inputs.x, 2),
      told: { lengths, shares: parts },
      status: `Spectral radius ${plain(inputs.rho, 2)}: the gradient at step 1 has length ${brief(norms[0])}, a factor of ${brief(factor)} a step` };
  }
  return explore(root, model, { show });
}
