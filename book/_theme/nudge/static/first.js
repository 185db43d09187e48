// Before the first paint: the fonts are sent for; the reader's own choice of light or dark, else the system's.
{
  // At once, before the style sheet asks for them, as a browser waits for them a while; from a folder it lends none that early.
  const fonts = location.protocol === "file:" ? "" : (document.currentScript.dataset.fonts ?? "");
  for (const href of fonts.split(" ").filter(Boolean)) {
    document.head.append(Object.assign(document.createElement("link"), { rel: "preload", as: "font", type: "font/woff2", crossOrigin: "", href }));
  }

  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try { chosen = localStorage.getItem("theme"); } catch { /* a sandboxed frame has no storage */ }
  const show = () => { document.documentElement.dataset.theme = chosen ?? (dark.matches ? "dark" : "light"); };
  dark.addEventListener("change", show);
  show();

  // A browser looks for a place in the page at the end of a link, or for the reader's old one when she comes back: see nudge.css.
  if (location.hash || performance.getEntriesByType("navigation")[0]?.type !== "navigate") document.documentElement.classList.add("whole");
}
