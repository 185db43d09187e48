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

  function show({ inputs, nudged, h, step }) {
    const now = at(inputs);
    const moved = at({ ...inputs, [nudged]: inputs[nudged] + h });
    for (const mark of numbers) mark.style.visibility = appears[mark.dataset.n] > step ? "hidden" : "";
    for (const gate of gates) gate.classList.toggle("bp-on", Number(gate.dataset.gate) === steps[step].gate);
    const slopes = names.map((name) => `${name} ${plain(gradient(now, name))}`);
    return {
      ...now,
      slope: fixed(gradient(now, nudged), finer),
      predicted: fixed(gradient(now, nudged) * h, finer),
      actual: fixed(value(moved) - value(now), finer),
      step: fill(steps[step].text, now),
      status: `${output.name} = ${plain(value(now))}. Gradients: ${slopes.join(", ")}`,
    };
  }

  const along = (sign) => ({ inputs, h }) => {
    const now = at(inputs);
    return { inputs: Object.fromEntries(names.map((name) => [name, inputs[name] + sign * h * gradient(now, name)])) };
  };
  return explore(root, model, {
    show,
    actions: {
      nudge: ({ inputs, nudged, h }) => ({ inputs: { ...inputs, [nudged]: inputs[nudged] + h } }),
      uphill: along(1),
      downhill: along(-1),
      back: ({ step }) => ({ step: Math.max(step - 1, 0) }),
      next: ({ step }) => ({ step: Math.min(step + 1, steps.length - 1) }),
    },
  });
}
