// What is copied of a formula is its LaTeX. Two clicks take the whole of it, and a formula on its own has a button.
{
  const latex = (formula) => formula.querySelector("annotation").textContent.trim();
  const around = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement).closest(".katex");
  const marks = (formula) => (formula.parentElement.matches(".katex-display") ? "$$" : "$");

  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (selection.isCollapsed || !event.clipboardData) return;
    const range = selection.getRangeAt(0).cloneRange();
    const [first, last] = [range.startContainer, range.endContainer].map(around);
    if (first) range.setStartBefore(first);
    if (last) range.setEndAfter(last);
    const taken = document.createElement("div");
    taken.append(range.cloneContents());
    const formulas = [...taken.querySelectorAll(".katex")], alone = formulas.length === 1 && taken.textContent === formulas[0].textContent;
    if (!formulas.length) return;
    event.clipboardData.setData("text/html", taken.innerHTML);
    for (const formula of formulas) {
      const told = document.createElement("span"), mark = alone ? "" : marks(formula);
      told.textContent = mark + latex(formula) + mark;
      told.style.whiteSpace = "pre";
      formula.replaceWith(told);
    }
    document.body.append(taken); // only what is in the page knows where its lines end
    event.clipboardData.setData("text/plain", taken.innerText);
    taken.remove();
    event.preventDefault();
  });

  document.addEventListener("dblclick", ({ target }) => {
    const formula = target.closest(".katex");
    if (formula) getSelection().selectAllChildren(formula);
  });

  const buttons = (part) => {
    for (const formula of part.querySelectorAll("div.math > .katex-display:not(:has(+ .copy))")) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "copy", textContent: "LaTeX" });
      button.setAttribute("aria-label", "Copy the formula as LaTeX");
      button.addEventListener("click", () => nudge.copy(latex(formula), "The formula"));
      formula.after(button);
    }
  };
  buttons(document);
  document.addEventListener("come", ({ target }) => buttons(target)); // what was far: see nudge.js
}
