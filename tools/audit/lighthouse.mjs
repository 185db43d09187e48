// Lighthouse, as on a phone, in one Chrome: an address comes in as a line, and goes out as a line of JSON.
import { createInterface } from "node:readline";
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const flags = JSON.parse(process.argv[2]);
const chrome = await launch({ chromeFlags: ["--headless=new", ...flags], logLevel: "silent" });
const number = (lhr, name) => lhr.audits[name].numericValue;

for await (const address of createInterface({ input: process.stdin })) {
  const { lhr } = await lighthouse(address, { port: chrome.port, output: [], logLevel: "silent" });
  const scores = Object.fromEntries(Object.values(lhr.categories).map(({ id, score }) => [id, score === null ? null : Math.round(100 * score)]));
  // What costs a score other than that of speed, by name.
  const weighty = Object.values(lhr.categories).filter(({ id }) => id !== "performance").flatMap(({ auditRefs }) => auditRefs.filter(({ weight }) => weight));
  const failed = weighty.map(({ id }) => lhr.audits[id]).filter(({ score, scoreDisplayMode }) => scoreDisplayMode === "error" || (score !== null && score < 0.9));
  console.log(JSON.stringify({
    error: lhr.runtimeError?.message,
    ...scores,
    kilobytes: lhr.audits["network-requests"].details.items.reduce((sum, { transferSize }) => sum + transferSize, 0) / 1000,
    shift: number(lhr, "cumulative-layout-shift"),
    largest: number(lhr, "largest-contentful-paint"),
    first: number(lhr, "first-contentful-paint"),
    blocked: number(lhr, "total-blocking-time"),
    machine: lhr.environment.benchmarkIndex,
    failed: failed.map(({ id }) => id),
  }));
}
await chrome.kill();
