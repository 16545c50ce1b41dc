/**
 * Scores the built-in plugins, one after another: `npm run corpus`, or
 * `npm run corpus -- json-query`. Exits with 1 if a case is wrong.
 */
import { readdirSync } from "node:fs";
import { printTotals } from "./score.ts";

const folder = new URL("./", import.meta.url);
const others = new Set(["corpus.ts", "score.ts"]);
const plugins = readdirSync(folder)
  .filter((file) => file.endsWith(".ts") && !others.has(file))
  .map((file) => file.slice(0, -".ts".length));
const [only] = process.argv.slice(2);

for (const plugin of plugins.filter((name) => only === undefined || name === only)) {
  await import(new URL(`${plugin}.ts`, folder).href);
}
printTotals();
