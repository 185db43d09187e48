// The difference step: forward and central quotients against ε, in float64 and float32.
function start(root, model) {
  const { name, perDecade, floor } = SPEC, axes = plot(SPEC.plot), lines = pieces(root);
  const grid = axes.grid(-axes.x[0] * perDecade);
  const log = (error) => (error <= 10 ** floor ? floor : Math.log10(error));

  function show({ inputs, eps, precision }) {
    const small = precision === "float32", r = small ? Math.fround : Number, f = small ? single : exact;
    const x = r(inputs[name]), here = f(x)[0], slope = exact(x)[1];
    const quotients = (step) => {
      const e = r(step), ahead = f(r(x + e))[0], behind = f(r(x - e))[0];
      return [r(r(ahead - here) / e), r(r(ahead - behind) / r(2 * e))];
    };
    const errors = (step) => quotients(step).map((quotient) => Math.abs(quotient - slope));
    const power = (u) => scientific(Number((10 ** u).toPrecision(3)));
    const all = grid.map((u) => [u, errors(Number((10 ** u).toPrecision(3)))]);
    const [forward, central] = quotients(eps), now = errors(eps), at = Math.log10(eps);
    ["forward", "central"].forEach((key, i) => {
      lines[key].setAttribute("d", axes.line(all.map(([u, e]) => [u, log(e[i])])));
      axes.place(lines[key + "-dot"], at, log(now[i]));
    });
    const curves = [0, 1].map((i) => course(all.map(([u, e]) => [u, log(e[i])]), power, (v) => (v <= floor ? "0" : power(v))));
    lines.step.setAttribute("d", axes.line([[at, floor], [at, 2]]));
    return { exact: slope, forward, central, error: now[0], "forward-error": scientific(now[0]), "central-error": scientific(now[1]),
      eps: scientific(eps), [`inputs.${name}`]: plain(inputs[name], 2),
      told: { forwards: curves[0], centrals: curves[1] },
      status: `Step ${scientific(eps)}: forward error ${scientific(now[0])}, central error ${scientific(now[1])}` };
  }
  return explore(root, model, { show });
}
