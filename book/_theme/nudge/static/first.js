// Before the first paint: the reader's own choice of light or dark, else the system's; the fonts are sent for.
{
  const root = document.documentElement, { fonts } = document.currentScript.dataset;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try { chosen = localStorage.getItem("theme"); } catch { /* a sandboxed frame has no storage */ }
  const show = () => { root.dataset.theme = chosen ?? (dark.matches ? "dark" : "light"); };
  dark.addEventListener("change", show);
  show();

  // A browser looks for a place in the page at the end of a link, or for the reader's old one when she comes back: see nudge.css.
  if (location.hash || performance.getEntriesByType("navigation")[0]?.type !== "navigate") root.classList.add("whole");

  // From a folder a browser lends no fonts before the style sheet asks for them.
  if (fonts && location.protocol !== "file:") {
    const sent = (href) => new Promise((done) => {
      document.head.append(Object.assign(document.createElement("link"), { rel: "preload", as: "font", type: "font/woff2", crossOrigin: "", href, onload: done, onerror: done }));
    });
    const send = () => Promise.all(fonts.split(" ").map(sent));
    // A browser draws nothing while it waits for fonts that are sent for before the body, and soon Chromium draws once a second
    // only. So they are sent for with the body: the top of the page comes at once, and the text with its fonts and whole, as a table
    // of which half is read has other columns: that nothing moves, but a second late at most. Not where a place is looked for.
    const come = () => root.classList.remove("soon");
    if (root.matches(".whole")) send();
    else {
      root.classList.add("soon");
      const read = new Promise((done) => document.addEventListener("readystatechange", done, { once: true }));
      new MutationObserver((_, body) => {
        body.disconnect();
        Promise.all([send(), read]).then(come);
        setTimeout(come, 1000);
      }).observe(root, { childList: true });
    }
  }
}
