// Names: point at a weight and read its name, or turn an index and see the weight.
function start(root, model) {
  const { units, places, ends, sizes, left, top, cell: [wide, high], called } = SPEC, lines = pieces(root), weights = Object.keys(ends);
  const slider = root.querySelector('[data-bind^="inputs."]'), number = slider.nextElementSibling;
  const indices = (weight) => [...weight.slice(2)].map(Number);
  const set = (piece, attributes) => Object.entries(attributes).forEach(([name, value]) => piece.setAttribute(name, value));

  function pick(weight) {
    const [l, j, k] = indices(weight), [[x, y], [u, v]] = ends[weight].map((unit) => places[unit]);
    set(lines.edge, { d: `M${x} ${y}L${u} ${v}` });
    set(lines["from-ring"], { cx: x, cy: y });
    set(lines["to-ring"], { cx: u, cy: v });
    set(lines.from, { x, y: y + 40 });
    set(lines.to, { x: u, y: v + 40 });
    set(lines.row, { x: left[l - 1], y: top + (j - 1) * high, width: sizes[l - 1] * wide });
    set(lines.column, { x: left[l - 1] + (k - 1) * wide, height: sizes[l] * high });
    slider.dataset.bind = number.dataset.n = `inputs.${weight}`;
    slider.ariaLabel = number.ariaLabel = slider.previousElementSibling.textContent = called[weight][0];
  }

  function show({ inputs, weight }) {
    const now = table(...weights.map((name) => inputs[name])), [l, j, k] = indices(weight), names = called[weight], says = names.at(-1);
    pick(weight);
    const shown = { l: `${l}`, j: `${j}`, k: `${k}`, says, title: `= ${fixed(inputs[weight], 2)}`, [`inputs.${weight}`]: fixed(inputs[weight], 2),
      told: { book: names[0] }, status: `${names[0]} = ${plain(inputs[weight], 2)}. ${says}` };
    units.forEach((unit, i) => (shown["v" + unit] = now[i]));
    for (const name of weights) shown.told["m" + name] = plain(inputs[name], 2), shown["m" + name] = fixed(inputs[name], 2);
    names.forEach((name, i) => (shown["name" + i] = name));
    return shown;
  }

  // The index goes on by one, from its last to its first; a unit that the other layer has not got becomes its last.
  function turn({ weight }, i) {
    const at = indices(weight);
    at[i] = (at[i] % [sizes.length - 1, sizes[at[0]], sizes[at[0] - 1]][i]) + 1;
    return { weight: `w_${at[0]}${Math.min(at[1], sizes[at[0]])}${Math.min(at[2], sizes[at[0] - 1])}` };
  }
  return explore(root, model, { show, actions: { pick: (_, weight) => ({ weight }), turn } });
}
