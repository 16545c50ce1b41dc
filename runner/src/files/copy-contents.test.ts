import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { copyContents } from "./copy-contents.ts";
import { createLocalContents, type LocalContents } from "./local-contents.ts";

let root: string;
let source: LocalContents;
let target: LocalContents;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "copy-contents-"));
  [source, target] = [
    createLocalContents(join(root, "from")),
    createLocalContents(join(root, "to")),
  ];
});
afterEach(() => rm(root, { recursive: true }));

const write = (contents: LocalContents, text: string) =>
  contents.write(Readable.from([Buffer.from(text)]), { check: () => undefined });

test("a content that was damaged into another one is missing, and the other stays", async () => {
  const [right, damaged] = [await write(source, "right"), await write(source, "wrong")];
  await chmod(source.pathOf(damaged.sha256), 0o600);
  await writeFile(source.pathOf(damaged.sha256), "right");
  const copied = await copyContents([right, damaged], join(root, "from"), join(root, "to"));
  expect(copied).toEqual({ copied: 1, missing: [damaged.sha256] });
  expect(await readFile(target.pathOf(right.sha256), "utf8")).toBe("right");
});
