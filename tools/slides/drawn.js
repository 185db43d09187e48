// What the pictures of a page look like, said in each of them: colours and lines as attributes; no class, no variable, no font. Those that
// answer an exercise are left out. Called in the page; returns the SVG of each picture, its label, its words, and the places of its letters,
// which stand as <g data-letters="k">.
() => {
  const LOOKS = ["fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin"];
  const plain = (colour) => colour.replace(/color\(srgb ([\d.]+) ([\d.]+) ([\d.]+).*\)/, (_, ...parts) => `rgb(${parts.slice(0, 3).map((x) => Math.round(x * 255))})`);

  function letters(text) {
    const found = [], walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    // A letter with its accent is one; what only indents the source is none.
    for (const node of nodes) node.data = node.data.normalize("NFC").replace(/^\s*\n\s*|\s*\n\s*$/g, "");
    let k = 0;
    for (const node of nodes) {
      const look = getComputedStyle(node.parentElement);
      for (const letter of node.data) {
        if (letter !== " ") {
          const { x, y } = text.getStartPositionOfChar(k);
          const halo = look.stroke === "none" ? 0 : parseFloat(look.strokeWidth);
          found.push({ letter, x, y, turn: text.getRotationOfChar(k), size: parseFloat(look.fontSize), bold: look.fontWeight >= 600, italic: look.fontStyle !== "normal", mono: /mono/i.test(look.fontFamily), fill: plain(look.fill), halo, stroke: plain(look.stroke) });
        }
        k += letter.length;
      }
    }
    if (k !== text.getNumberOfChars()) throw new Error(`${k} letters in "${text.textContent}", of which ${text.getNumberOfChars()} are drawn`);
    return found;
  }

  document.documentElement.classList.add("whole");
  return [...document.querySelectorAll("article svg.bp:not(.exercise *)")].map((svg) => {
    const places = [];
    for (const el of [...svg.querySelectorAll("*")]) {
      if (!svg.contains(el)) continue;
      const look = getComputedStyle(el);
      if (look.display === "none" || look.visibility === "hidden" || el.tagName === "style") el.remove();
      else if (el.tagName === "text") {
        const group = document.createElementNS(svg.namespaceURI, "g");
        if (el.hasAttribute("transform")) group.setAttribute("transform", el.getAttribute("transform"));
        if (look.opacity !== "1") group.setAttribute("opacity", look.opacity);
        group.setAttribute("data-letters", places.length);
        places.push(letters(el));
        el.replaceWith(group);
      } else {
        const shape = el instanceof SVGGeometryElement || el.tagName === "use";
        if (shape) for (const name of LOOKS) el.setAttribute(name, plain(look.getPropertyValue(name)));
        if (look.opacity !== "1") el.setAttribute("opacity", look.opacity);
        for (const { name, value } of [...el.attributes]) if (value.includes("var(")) el.setAttribute(name, plain(look.getPropertyValue(name)));
        for (const { name } of [...el.attributes]) if (/^(class|style|role|tabindex|data-(?!letters)|aria-)/.test(name)) el.removeAttribute(name);
      }
    }
    const told = svg.getAttribute("aria-label");
    for (const { name } of [...svg.attributes]) if (!/^(viewBox|width|height|xmlns.*)$/.test(name)) svg.removeAttribute(name);
    const figure = svg.closest("figure[id]"), section = svg.closest("section[id]");
    return { svg: new XMLSerializer().serializeToString(svg), told, name: figure?.id ?? section?.id ?? "picture", places };
  });
}
