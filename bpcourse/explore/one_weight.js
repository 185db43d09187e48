// One weight: values with the nudge, gradients from before it, and the change beside what was foretold.
function start(root, model) {
  const { zero, scale, most, says } = SPEC, lines = pieces(root);
  const bar = (key, x) => lines[key].setAttribute("d", `M${zero} ${lines[key].dataset.row}h${(scale * Math.max(-most, Math.min(most, x))).toFixed(1)}`);

  function show({ inputs: { w }, eps }) {
    const [prediction, error, loss] = table(w + eps), [, , before, ...slopes] = table(w);
    const foretold = slopes[0] * eps, change = loss - before, rest = Math.abs(change - foretold);
    bar("foretold", foretold);
    bar("change", change);
    const now = says[loss < 0.005 ? "done" : !eps ? "still" : rest > 0.1 * Math.abs(foretold) ? "far" : "near"];
    const numbers = { weight: w + eps, prediction, error, loss, foretold, change,
      "slope-weight": slopes[0], "slope-prediction": slopes[1], "slope-error": slopes[2], "slope-loss": 1 };
    const told = Object.fromEntries(Object.entries(numbers).map(([key, x]) => [key, plain(x)]));
    return { ...numbers, told, says: now,
      status: `${filled(tr("Weight {weight}, loss {loss}: it changed by {change}, its gradient foretold {foretold}."), told)} ${now}` };
  }
  return explore(root, model, { show, actions: { keep: ({ inputs: { w }, eps }) => ({ inputs: { w: w + eps }, eps: 0 }) } });
}
