import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFiles } from "./files.ts";

let base: string;
let root: string;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "files-")));
  root = join(base, "files");
  mkdirSync(join(root, "in"), { recursive: true });
  writeFileSync(join(base, "secret.txt"), "secret");
  writeFileSync(join(root, "in", "a.csv"), "a\n1\n");
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

describe("paths that stay inside", () => {
  test("a relative path is resolved from the files folder", () => {
    expect(createFiles(root).resolve("in/a.csv")).toBe(join(root, "in", "a.csv"));
  });

  test("a file that does not exist yet resolves, in directories that do not exist yet", () => {
    expect(createFiles(root).resolve("out/deep/b.png")).toBe(join(root, "out", "deep", "b.png"));
  });

  test("an absolute path inside is accepted", () => {
    expect(createFiles(root).resolve(join(root, "in", "a.csv"))).toBe(join(root, "in", "a.csv"));
  });

  test("a link that stays inside is followed", () => {
    symlinkSync(join(root, "in"), join(root, "alias"));
    expect(createFiles(root).resolve("alias/a.csv")).toBe(join(root, "in", "a.csv"));
  });

  test("a name that begins with two dots is an ordinary name", () => {
    expect(createFiles(root).resolve("..a.csv")).toBe(join(root, "..a.csv"));
  });

  test("the directory can itself be a link, and is created when it is missing", () => {
    symlinkSync(root, join(base, "linked"));
    expect(createFiles(join(base, "linked")).resolve("in/a.csv")).toBe(join(root, "in", "a.csv"));
    expect(createFiles(join(base, "new")).resolve("x")).toBe(join(base, "new", "x"));
  });
});

describe("paths that lead out", () => {
  test.each([
    "../secret.txt",
    "in/../../secret.txt",
    "/etc/passwd",
    "..",
    ".",
    "in/..",
    "../files-other/x",
  ])("%s is refused, and the message shows the path", (path) => {
    expect(() => createFiles(root).resolve(path)).toThrow(JSON.stringify(path));
  });

  test("a link to a file outside is refused", () => {
    symlinkSync(join(base, "secret.txt"), join(root, "in", "b.csv"));
    expect(() => createFiles(root).resolve("in/b.csv")).toThrow("leads out of the files folder");
  });

  test("a file under a link to a directory outside is refused, whether it exists or not", () => {
    symlinkSync(base, join(root, "up"));
    expect(() => createFiles(root).resolve("up/secret.txt")).toThrow("leads out");
    expect(() => createFiles(root).resolve("up/new/file.txt")).toThrow("leads out");
  });

  test("a link without a target is refused, because writing to it would create the target", () => {
    symlinkSync(join(base, "not-there"), join(root, "dangling"));
    expect(() => createFiles(root).resolve("dangling")).toThrow("leads out");
    expect(() => createFiles(root).resolve("dangling/x")).toThrow("leads out");
  });

  test.each(["", "  ", "a\0b"])("%j is not a path", (path) => {
    expect(() => createFiles(root).resolve(path)).toThrow("must be a path");
  });

  test("no mix of names and dots leads out", () => {
    const part = fc.constantFrom("..", ".", "in", "a.csv", "x", "", "/", "secret.txt");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        try {
          return createFiles(root)
            .resolve(parts.join("/"))
            .startsWith(root + sep);
        } catch {
          return true;
        }
      }),
    );
  });
});
