// A hill: a point to drag, its tangent, and where steps of size h lead: sideways, then to the curve.
function start(root, model) {
  const { name, count, reach } = SPEC, axes = plot(SPEC.plot), lines = pieces(root), drawing = root.querySelector("svg");
  const next = (x, h) => x + h * table(x)[1];

  function show({ inputs, h }) {
    const x = inputs[name], [f, slope] = table(x), to = next(x, h), after = table(to)[0];
    const walk = [[x, f]];
    for (let i = 0; i < count; i++) {
      const [u, height] = walk.at(-1), v = next(u, h);
      walk.push([v, height], [v, table(v)[0]]);
    }
    lines.walk.setAttribute("d", axes.line(walk));
    lines.tangent.setAttribute("d", axes.line([-1, 1].map((s) => [x + s * reach, f + s * reach * slope])));
    axes.place(lines.point, x, f);
    axes.place(lines.next, to, after);
    const gone = (u) => u < axes.x[0] || u > axes.x[1];
    const says = gone(x) ? filled(tr("The point is at {x}, out of the picture. Reset brings it back."), { x: plain(x) })
      : gone(to) ? tr("The step leads out of the picture.")
      : after < f - 1e-12 ? tr("Too far: the step goes uphill by the tangent, but ends lower than it began.")
      : tr("The step gains height. The dashed line leads through the next steps.");
    const [end, last] = walk.at(-1);
    return { told: { x, f, slope, new: to, after, end, last }, f, slope, move: h * slope, new: to, predicted: h * slope * slope, actual: after - f, says,
      status: filled(tr("At {name} = {x} the slope is {slope}; the step changes f by {change}"),
        { name, x: plain(x), slope: plain(slope), change: plain(after - f) }) };
  }

  const { change, end } = explore(root, model, {
    show,
    actions: { step: ({ inputs, h }) => ({ inputs: { [name]: next(inputs[name], h) } }) },
  });
  dragged(drawing, (u) => {
    const x = Math.max(axes.x[0], Math.min(axes.x[1], axes.back(u)));
    change({ inputs: { [name]: Math.round(x * 100) / 100 } });
  });
  return { end };
}

// Calls with the picture's own x where a pointer presses or drags.
function dragged(drawing, moved) {
  const tell = (event) => moved(new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse()).x);
  drawing.addEventListener("pointerdown", (event) => {
    drawing.setPointerCapture(event.pointerId);
    tell(event);
  });
  drawing.addEventListener("pointermove", (event) => drawing.hasPointerCapture(event.pointerId) && tell(event));
}
