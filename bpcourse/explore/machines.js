// Many machines: the seconds of a step, computing and sending, as shares of those on one machine.
function start(root, model) {
  const { curve } = SPEC, axes = plot(SPEC.plot), lines = pieces(root), power = (u) => scientific(10 ** u);

  function show({ inputs }) {
    const { machines, examples, weights, bandwidth, latency } = inputs;
    const at = (n) => table(n, examples, weights, bandwidth, latency);
    const logs = (n) => {
      const [alone, computing, sending] = at(n);
      return [computing, sending, computing + sending].map((x) => (x ? Math.log10(x / alone) : NaN));
    };
    const [alone, computing, sending, speedup, limit] = at(machines), now = logs(machines), all = curve.map(logs);
    const courses = ["computing", "sending", "step"].map((key, i) => {
      const points = curve.map((n, k) => [Math.log10(n), all[k][i]]);
      lines[key].setAttribute("d", axes.line(points));
      axes.place(lines[key + "-dot"], Math.log10(machines), now[i]);
      return points;
    });
    const seconds = { alone: scientific(alone), computing: scientific(computing), sending: scientific(sending) };
    const shown = Object.fromEntries(["examples", "weights", "bandwidth", "latency"].map((name) => ["inputs." + name, scientific(inputs[name])]));
    return { ...seconds, ...shown, speedup, limit, "inputs.machines": String(machines),
      told: { machines: String(machines), steps: course(courses[2], power, power), sent: course(courses[1].slice(1), power, power) },
      status: `${machines} machines: computing ${seconds.computing} s, sending ${seconds.sending} s, a speed-up of ${plain(speedup)}` };
  }
  return explore(root, model, { show });
}
