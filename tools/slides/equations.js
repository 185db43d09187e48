// Each line of the input is a formula in TeX as JSON; each line of the output is its SVG as JSON, letters as paths.
const { mathjax } = require("mathjax-full/js/mathjax.js");
const { TeX } = require("mathjax-full/js/input/tex.js");
const { SVG } = require("mathjax-full/js/output/svg.js");
const { liteAdaptor } = require("mathjax-full/js/adaptors/liteAdaptor.js");
const { RegisterHTMLHandler } = require("mathjax-full/js/handlers/html.js");
require("mathjax-full/js/input/tex/AllPackages.js");

const adaptor = liteAdaptor();
RegisterHTMLHandler(adaptor);
const formatError = (_, error) => { throw error; };
const document = mathjax.document("", { InputJax: new TeX({ packages: ["base", "ams"], formatError }), OutputJax: new SVG({ fontCache: "none" }) });

for (const line of require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const whole = document.convert(JSON.parse(line), { display: true });
  console.log(JSON.stringify(adaptor.innerHTML(whole)));
}
