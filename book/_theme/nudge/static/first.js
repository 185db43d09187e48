// Before the first paint: the reader's own choice of light or dark, else the system's; and the fonts are sent for.
{
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try { chosen = localStorage.getItem("theme"); } catch { /* a sandboxed frame has no storage */ }
  const show = () => { document.documentElement.dataset.theme = chosen ?? (dark.matches ? "dark" : "light"); };
  dark.addEventListener("change", show);
  show();
  // From a folder browsers load no font ahead.
  if (location.protocol !== "file:") for (const name of ["source-serif-4", "source-serif-4-italic"]) {
    const href = new URL(`fonts/${name}.woff2`, document.currentScript.src);
    document.head.append(Object.assign(document.createElement("link"), { rel: "preload", as: "font", type: "font/woff2", crossOrigin: "", href }));
  }
}
