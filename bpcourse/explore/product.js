// A product: random, numerical and analytical nudges side by side.
function start(root, model) {
  const axes = plot(SPEC.plot), lines = pieces(root), methods = ["random", "numerical", "analytical"];
  const product = (a, b) => table(a, b)[0];
  const slopes = {
    numerical: (a, b, eps) => [(product(a + eps, b) - product(a, b)) / eps, (product(a, b + eps) - product(a, b)) / eps],
    analytical: (a, b) => table(a, b).slice(1),
  };

  function directions(method, { inputs: { a, b }, h, eps, seed, in_turn }) {
    if (method === "random") return SPEC.draws[seed];
    const [first] = slopes[method](a, b, eps);
    return [first, slopes[method](in_turn ? a + h * first : a, b, eps)[1]];
  }

  const moved = (method, state) => {
    const [u, v] = directions(method, state), { inputs: { a, b }, h } = state;
    return { a: a + h * u, b: b + h * v };
  };

  function show(state) {
    const { inputs: { a, b }, h, eps, seed } = state, [f, da, db] = table(a, b), told = { f };
    for (const method of methods) {
      const [u, v] = directions(method, state), to = moved(method, state), reached = product(to.a, to.b);
      Object.assign(told, { [`${method}-u`]: fixed(u, 4), [`${method}-v`]: fixed(v, 4), [`${method}-f`]: reached, [`${method}-gain`]: reached - f });
    }
    const size = 20 / (Math.hypot(da, db) || 1), [u, v] = [da * size, db * size];
    lines.uphill.setAttribute("d", axes.line([[v, -u], [v + u, v - u], [u - v, u + v], [-v, u]]) + "Z");
    const tip = directions("analytical", state), draw = SPEC.draws[seed];
    lines.analytical.setAttribute("d", axes.line([[0, 0], tip]));
    lines.random.setAttribute("d", axes.line([[0, 0], draw]));
    axes.place(lines.tip, ...tip);
    axes.place(lines.draw, ...draw);
    return { ...told, told: { u: tip[0], v: tip[1], x: draw[0], y: draw[1] }, "inputs.a": fixed(a, 4), "inputs.b": fixed(b, 4), h: scientific(h), eps: scientific(eps), seed: String(seed), predicted: h * (da * da + db * db),
      status: filled(tr("f = {f}. Gains: random {random}, numerical {numerical}, analytical {analytical}"),
        { f: brief(f), ...Object.fromEntries(methods.map((method) => [method, brief(told[`${method}-gain`])])) }) };
  }
  return explore(root, model, {
    show,
    actions: {
      draw: ({ seed }) => ({ seed: (seed + 1) % SPEC.draws.length }),
      step: (state, method) => ({ inputs: moved(method, state) }),
    },
  });
}
