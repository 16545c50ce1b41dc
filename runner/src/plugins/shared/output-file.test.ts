import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { messageWithCauses } from "../../domain/message-with-causes.ts";
import { createFiles } from "../../pool/files.ts";
import { resolveOutput, type OutputFile } from "./output-file.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "playground-output-"));
  await writeFile(join(folder, "old.txt"), "old");
});
afterEach(() => rm(folder, { recursive: true }));

const output = (outputFile: string): Promise<OutputFile> =>
  resolveOutput(outputFile, createFiles(folder), "report.txt");
const read = (name: string): Promise<string> => readFile(join(folder, name), "utf8");

test("the file is replaced as a whole, and its folders are made", async () => {
  await (await output("old.txt")).write("new");
  await (
    await output("a/b.txt")
  ).writeStream(Readable.from(["1", "2"]), new AbortController().signal);
  expect([await read("old.txt"), await read("a/b.txt")]).toEqual(["new", "12"]);
});

test("parts become the file when they have ended", async () => {
  const parts = await (await output("old.txt")).open();
  await parts.write("ne");
  await parts.write("w");
  expect(await read("old.txt")).toBe("old");
  await parts.end();
  await parts.discard();
  expect(await read("old.txt")).toBe("new");
  expect(await readdir(folder)).toEqual(["old.txt"]);
});

test("the old file stays if the new one is not finished", async () => {
  const parts = await (await output("old.txt")).open();
  await parts.write("new");
  await parts.discard();
  const stalled = new Readable({ read: () => {} });
  const abort = new AbortController();
  const written = (await output("old.txt")).writeStream(stalled, abort.signal);
  stalled.push("new");
  abort.abort();
  await expect(written).rejects.toThrow("aborted");
  expect(await read("old.txt")).toBe("old");
  expect(await readdir(folder)).toEqual(["old.txt"]);
});

test.each([
  ["folder", /^outputFile is "folder": it is a folder\. .* such as "folder\/report\.txt"$/],
  ["new/", /^outputFile is "new\/": it is a folder\. .* such as "new\/report\.txt"$/],
  ["old.txt/new.txt", /^outputFile is "old\.txt\/new\.txt": /],
  ["../x", /^outputFile is "\.\.\/x": it leads out(?!.* file is )/],
])("%s is refused with the name of the field", async (outputFile, message) => {
  if (outputFile === "folder") await mkdir(join(folder, outputFile));
  const failed: unknown = await output(outputFile).catch((error: unknown) => error);
  expect(messageWithCauses(failed as Error)).toMatch(message);
});
