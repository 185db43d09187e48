// The bill: products of one gradient by nudging and by backpropagation, against the number of weights.
function start(root, model) {
  const { widths } = SPEC, axes = plot(SPEC.plot), lines = pieces(root);
  const count = (x) => x.toLocaleString("en"), power = (u) => scientific(10 ** u);

  function show({ inputs: { layers, units } }) {
    const [weights, knobs, backpropagation, nudging, ratio] = table(layers, units);
    const logs = (width) => {
      const [n, , swept, nudged] = table(layers, width).map(Math.log10);
      return [[n, nudged], [n, swept]];
    };
    const [above, below] = logs(units), curves = widths.map(logs);
    const [nudged, swept] = ["nudging", "backpropagation"].map((key, i) => {
      const points = curves.map((pair) => pair[i]);
      lines[key].setAttribute("d", axes.line(points));
      axes.place(lines[key + "-dot"], ...[above, below][i]);
      return course(points, power, power);
    });
    lines.gap.setAttribute("d", axes.line([below, above]));
    const counts = { weights: count(weights), knobs: count(knobs), backpropagation: count(backpropagation), nudging: count(nudging) };
    return { ...counts, ratio, "inputs.layers": String(layers), "inputs.units": String(units),
      told: { layers: String(layers), units: String(units), nudged, swept },
      status: `${layers} layers of ${units} units: nudging makes ${counts.nudging} products, backpropagation ${counts.backpropagation}, a ratio of ${plain(ratio)}` };
  }
  return explore(root, model, { show });
}
