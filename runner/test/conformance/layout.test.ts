/** CONTRIBUTING.md describes the layout of the sources; these tests keep it so. Lint checks the imports. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SOURCE = fileURLToPath(new URL("../../src/", import.meta.url));

const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.(ts|sql)$/.test(path) && !path.endsWith(".test.ts"))
  .map((path) => ({ path, text: readFileSync(SOURCE + path, "utf8") }));

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
    "version.ts",
  ]);
});

/** Words of our own that CONTRIBUTING.md's table of words replaces. */
const PRIVATE_WORDS =
  /\b(?:lanes?|patience|crews?|slate|tookIt|comeBack|letGo|bell|createBell|holdLane)\b/;

/** What the schema was called before migration 0003. */
const RELEASED = /^store\/sqlite\/migrations\/000[1-3]/;

test("the sources use the field's words", () => {
  const found = files
    .filter(({ path }) => !RELEASED.test(path))
    .flatMap(({ path, text }) =>
      text.split("\n").map((line, index) => ({
        at: `${path}:${index + 1}`,
        word: PRIVATE_WORDS.exec(line)?.[0],
      })),
    )
    .filter(({ word }) => word !== undefined);
  expect(found).toEqual([]);
});
