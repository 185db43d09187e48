// KaTeX on a pipe: a line { tex, displayMode } comes in, a line { html } or { error } goes out.
const katex = require("./katex.min.js"), macros = JSON.parse(process.argv[2]);
const trust = ({ command }) => command === "\\htmlClass", strict = (code) => (code === "htmlExtension" ? "ignore" : "error");

function printed({ tex, displayMode }) {
  try {
    return { html: katex.renderToString(tex, { displayMode, macros: { ...macros }, trust, strict }) };
  } catch (error) {
    return { error: error.message };
  }
}

require("readline").createInterface({ input: process.stdin })
  .on("line", (line) => process.stdout.write(`${JSON.stringify(printed(JSON.parse(line)))}\n`));
