/** CONTRIBUTING.md describes the layout of the sources; these tests enforce it. Lint checks the imports. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const RUNNER = fileURLToPath(new URL("../../", import.meta.url));

/** Returns the code files in a folder of the runner. Their paths begin with the folder. */
function readFiles(folder: string): { path: string; text: string }[] {
  return readdirSync(RUNNER + folder, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(tsx?|mjs|sql)$/.test(path))
    .map((path) => `${folder}/${path}`)
    .map((path) => ({ path, text: readFileSync(RUNNER + path, "utf8") }));
}

const files = readFiles("src")
  .filter(({ path }) => !path.endsWith(".test.ts"))
  .map(({ path, text }) => ({ path: path.replace(/^src\//, ""), text }));

const lengths = files.map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }));

test("no source file has over 400 lines, and half of them have at most 60", () => {
  expect(lengths.filter(({ lines }) => lines > 400)).toEqual([]);
  const sorted = lengths.map(({ lines }) => lines).toSorted((a, b) => a - b);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(60);
});

test("the root of the sources has only the process, its parts, its settings and the plugin SDK", () => {
  const root = files.filter(({ path }) => !path.includes("/")).map(({ path }) => path);
  expect(root.toSorted()).toEqual([
    "compose.ts",
    "config.ts",
    "main.ts",
    "plugin-sdk.ts",
    "plugin-test.ts",
    "version.ts",
  ]);
});

test("only `system` reads a clock: the others are given one, or use that of `system` at the edge", () => {
  const reads = files
    .filter(({ path }) =>
      /^(domain|ports|engine|store|executor|pool|sender|egress|http)\//.test(path),
    )
    .filter(({ text }) => /\bDate\.now\b|\bperformance\.now\b|\bnew Date\(\)/.test(text))
    .map(({ path }) => path);
  // It explains why threads cannot compare `performance.now()`.
  expect(reads).toEqual(["pool/monotonic-clock.ts"]);
});

/** Words of our own that CONTRIBUTING.md's table of words replaces. */
const PRIVATE_WORDS =
  /\b(?:lanes?|patience|crews?|slate|tookIt|comeBack|letGo|bell|createBell|holdLane|mend(?:ed|s)?|anew)\b/;

/**
 * Released migrations and their tests use the schema's names from before migration 0003. `fill.ts`
 * has a job's name that released data folders contain. This file lists the words.
 */
const EXEMPT =
  /^src\/store\/sqlite\/migrations\/000[1-3]|^src\/store\/sqlite\/migrate\.test\.ts|\/migrations\.test\.ts|\/layout\.test\.ts|^scripts\/data-dir\/fill\.ts/;

test("the code and its tests use standard terms", () => {
  const found = ["src", "test", "scripts", "bench", "demo", "console/src"]
    .flatMap((folder) => readFiles(folder))
    .filter(({ path }) => !EXEMPT.test(path))
    .flatMap(({ path, text }) =>
      text.split("\n").map((line, index) => ({
        at: `${path}:${index + 1}`,
        word: PRIVATE_WORDS.exec(line)?.[0],
      })),
    )
    .filter(({ word }) => word !== undefined);
  expect(found).toEqual([]);
});
