// Derivatives: the graph of f, f′, f″ or f‴, its gates counted, its number beside a nudge's.
function start(root, model) {
  const { labels, gates, layouts, names, eps } = SPEC, { graph } = pieces(root);

  function show({ inputs: { x }, function: name, order, clean }) {
    const which = labels.indexOf(name), layout = layouts[which][+clean], table = tables["f" + which];
    const [here, ahead, behind] = [x, x + eps, x - eps].map(table), count = gates[which][+clean][order];
    graph.innerHTML = drawn(layout, order);
    const shown = { count, order: String(order), "inputs.x": plain(x, 2) };
    names.forEach((_, k) => {
      shown["raw" + k] = shown["clean" + k] = shown["f" + k] = shown["n" + k] = "";
      if (k > order) return;
      [shown["raw" + k], shown["clean" + k]] = gates[which].map((counts) => String(counts[k]));
      shown["f" + k] = here[k];
      if (k) shown["n" + k] = (ahead[k - 1] - behind[k - 1]) / (2 * eps);
    });
    const told = { name: names[order], function: name, kind: SPEC.kinds[+clean], gates: String(count), told: inWords(layout, order) };
    return { ...shown, told, status: `${names[order]} of ${name}: ${count} gates, ${plain(here[order])} at x = ${plain(x, 2)}` };
  }
  return explore(root, model, { show, actions: { again: ({ order }) => ({ order: Math.min(order + 1, names.length - 1) }) } });
}

// The lowest derivative that needs a node, by its bits.
const firstNeeded = (orders) => 31 - Math.clz32(orders & -orders);

// The twin of bpcourse.explore.derivatives.drawn.
function drawn([pitch, nodes, wires, outputs], order) {
  const { left, middle, radius, colours } = SPEC, needed = (node) => (node[3] >> order) & 1, f = (y) => y.toFixed(1), parts = [];
  for (const [source, target, shift, lanes] of wires) {
    if (!needed(nodes[target])) continue;
    let x = left + nodes[source][1] * pitch, y = nodes[source][2] + middle, line = `M${x} ${f(y)}`;
    for (const lane of [...lanes, nodes[target][2] + shift]) {
      const half = f(x + pitch / 2);
      x += pitch;
      line += `C${half} ${f(y)} ${half} ${f(lane + middle)} ${x} ${f(lane + middle)}`;
      y = lane + middle;
    }
    parts.push(`<path d="${line}" fill="none" stroke="var(--bp-line)" stroke-width="1.2"/>`);
  }
  nodes.forEach((node, place) => {
    if (!needed(node)) return;
    const [symbol, column, height, orders, gate] = node, x = left + column * pitch, y = height + middle;
    const colour = gate ? colours[firstNeeded(orders)] : "muted", ring = place === outputs[order];
    for (const r of [...(gate ? [radius] : []), ...(ring ? [radius + 4] : [])])
      parts.push(`<circle cx="${x}" cy="${f(y)}" r="${r}" fill="${r === radius ? "var(--bp-paper)" : "none"}" stroke="var(--bp-${colour})" stroke-width="1.5"/>`);
    const words = symbol.replace(/[&<>"']/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" })[sign]);
    parts.push(`<text x="${x}" y="${f(y + 4)}" text-anchor="middle" font-size="11" fill="var(--bp-${colour})"${gate ? "" : ' class="halo"'}>${words}</text>`);
  });
  return parts.join("");
}

// The twin of bpcourse.explore.derivatives.in_words.
function inWords([, nodes], order) {
  const gates = nodes.filter(([, , , orders, gate]) => gate && (orders >> order) & 1), counts = {};
  for (const [symbol] of gates) counts[symbol] = (counts[symbol] ?? 0) + 1;
  const told = Object.entries(counts).sort(([, a], [, b]) => b - a).map(([symbol, count]) => `${count} ${symbol}`);
  return `${told.join(", ") || "none"}; ${gates.filter(([, , , orders]) => firstNeeded(orders) === order).length} of them first needed here`;
}
