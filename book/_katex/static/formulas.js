// What is copied of a formula is its LaTeX; two clicks take the whole of it.
{
  const latex = (formula) => formula.querySelector("annotation").textContent;
  const whole = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement).closest(".katex");

  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (selection.isCollapsed || !event.clipboardData) return;
    const range = selection.getRangeAt(0).cloneRange();
    const [first, last] = [range.startContainer, range.endContainer].map(whole);
    if (first) range.setStartBefore(first);
    if (last) range.setEndAfter(last);
    const taken = document.createElement("div");
    taken.append(range.cloneContents());
    const formulas = taken.querySelectorAll(".katex");
    if (!formulas.length) return;
    const html = taken.innerHTML;
    for (const formula of formulas) {
      const mark = formulas.length === 1 && taken.textContent === formula.textContent ? "" : formula.parentElement.matches(".katex-display") ? "$$" : "$";
      formula.replaceWith(mark + latex(formula) + mark);
    }
    document.body.append(taken);
    event.clipboardData.setData("text/plain", taken.innerText);
    taken.remove();
    event.clipboardData.setData("text/html", html);
    event.preventDefault();
  });

  document.addEventListener("dblclick", ({ target }) => {
    const formula = target.closest?.(".katex");
    if (formula) getSelection().selectAllChildren(formula);
  });
}
