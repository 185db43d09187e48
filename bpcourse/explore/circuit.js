// A circuit: sliders, a nudge foretold and made, a step up or down, and the two passes gate by gate.
function start(root, model) {
  const { names, keys, places, appears, steps, output } = SPEC, finer = SPEC.decimals + 2;
  const gates = [...root.querySelectorAll("[data-gate]")];
  const numbers = [...root.querySelectorAll("svg [data-n]")];
  const at = (inputs) => {
    const row = table(...names.map((name) => inputs[name]));
    return Object.fromEntries(keys.map((key, i) => [key, row[i]]));
  };
  const gradient = (now, name) => now["g" + places[name]];
  const value = (now) => now["v" + output.place];

  function show({ inputs, nudged, eps, step }) {
    const now = at(inputs);
    const moved = at({ ...inputs, [nudged]: inputs[nudged] + eps });
    for (const mark of numbers) mark.style.visibility = appears[mark.dataset.n] > step ? "hidden" : "";
    for (const gate of gates) gate.classList.toggle("bp-on", Number(gate.dataset.gate) === steps[step].gate);
    const slopes = names.map((name) => `${name} ${plain(gradient(now, name))}`);
    return {
      ...now,
      slope: fixed(gradient(now, nudged), finer),
      predicted: fixed(gradient(now, nudged) * eps, finer),
      actual: fixed(value(moved) - value(now), finer),
      step: String(step),
      says: fill(steps[step].text, now),
      told: Object.fromEntries(keys.map((key) => [key, appears[key] > step ? "–" : plain(now[key])])),
      status: step < steps.length - 1 ? fill(steps[step].text, now) : `${output.name} = ${plain(value(now))}. Gradients: ${slopes.join(", ")}`,
    };
  }

  const along = (by) => (state) => {
    const now = at(state.inputs);
    return { inputs: Object.fromEntries(names.map((name) => [name, state.inputs[name] + by(state) * gradient(now, name)])) };
  };
  return explore(root, model, {
    show,
    actions: {
      nudge: ({ inputs, nudged, eps }) => ({ inputs: { ...inputs, [nudged]: inputs[nudged] + eps } }),
      uphill: along(({ h }) => h),
      downhill: along(({ learning_rate: rate }) => -rate),
      back: ({ step }) => ({ step: Math.max(step - 1, 0) }),
      next: ({ step }) => ({ step: Math.min(step + 1, steps.length - 1) }),
    },
  });
}
