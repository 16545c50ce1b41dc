import { mkdirSync, mkdtempSync, rmSync, utimesSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { stampTree } from "./stamps.ts";

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), "stamps-"))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
}

test("files near the top have stamps, however many files a subfolder contains", async () => {
  for (let n = 0; n < 20; n += 1) put(`assets/${n}.csv`, "a");
  put("zeta.mjs", "1");
  const before = await stampTree(dir, 5);
  expect(before.isOverLimit).toBe(true);
  put("zeta.mjs", "12");
  const changed = await stampTree(dir, 5);
  expect(changed.text).not.toBe(before.text);
  put("new.mjs", "1");
  expect((await stampTree(dir, 5)).text).not.toBe(changed.text);
  expect((await stampTree(dir, 100)).isOverLimit).toBe(false);
});

test("a change that keeps the size and the modification time changes the stamp", async () => {
  put("a.mjs", "1");
  const { atime, mtime } = statSync(join(dir, "a.mjs"));
  const before = await stampTree(dir);
  put("a.mjs", "2");
  utimesSync(join(dir, "a.mjs"), atime, mtime);
  expect((await stampTree(dir)).text).not.toBe(before.text);
});

test("the end of an installation changes the stamp, and other files in node_modules do not", async () => {
  put("p/node_modules/one/i.js", "1");
  put("p/node_modules/.package-lock.json", "{}");
  const before = await stampTree(dir);
  put("p/node_modules/one/i.js", "22");
  expect(await stampTree(dir)).toEqual(before);
  put("p/node_modules/.package-lock.json", "{ }");
  expect((await stampTree(dir)).text).not.toBe(before.text);
});
