import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { FORMAT } from "../../store/shared/transfer/tables.ts";
import { KIND, type End } from "./archive.ts";
import { readArchive } from "./read-archive.ts";
import { writeArchive } from "./write-archive.ts";

const HEADER = {
  kind: KIND,
  format: FORMAT,
  version: "1.2.3",
  createdAt: "2026-01-01T00:00:00.000Z",
  sealed: null,
  contents: { count: 1, bytes: 300_000 },
};
const ROWS = [
  [1, null, true, 0.1, "a\nb"],
  [2, "\u2028\ud83e\udd86", false, 1e-300, '{"n":12345678901234567890}'],
  [9_007_199_254_740_991, "x".repeat(300_000), null, -0.5, ""],
];

let file: string;
const content = randomBytes(300_000);

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "playground-archive-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  file = join(folder, "made.export");
  await writeFile(join(folder, "content"), content);
  const archive = writeArchive(createWriteStream(file));
  await archive.line(HEADER);
  for (const row of ROWS) await archive.line(row);
  await archive.line({ content: "hash", size: content.length });
  await archive.bytes(createReadStream(join(folder, "content")));
  await archive.end({ rows: { jobs: 3 }, contents: 1, missing: [] });
});

async function readAll(): Promise<{ rows: unknown[]; bytes: Buffer; end: End }> {
  const archive = await readArchive(file);
  onTestFinished(() => archive.close());
  const rows = [await archive.next(), await archive.next(), await archive.next()];
  await archive.next();
  const bytes: Uint8Array[] = [];
  for await (const chunk of archive.bytes(content.length)) bytes.push(chunk);
  const end = await archive.end(await archive.next());
  return { rows, bytes: Buffer.concat(bytes), end };
}

test("rows and bytes are read as they were written", async () => {
  const { rows, bytes, end } = await readAll();
  expect(rows).toEqual(ROWS);
  expect(bytes.equals(content)).toBe(true);
  expect(end).toMatchObject({ rows: { jobs: 3 }, contents: 1, missing: [] });
});

test("a file that was cut off anywhere, or changed in any place, is refused", async () => {
  const whole = await readFile(file);
  const places = Array.from({ length: 40 }, (_, n) => Math.floor((n * (whole.length - 1)) / 39));
  for (const at of places) {
    await writeFile(file, whole.subarray(0, at));
    await expect(readAll(), `cut off at ${at}`).rejects.toThrow(/cut off|not an export/);
  }
  // The header of gzip has bytes that mean nothing.
  for (const at of places.filter((place) => place > 10)) {
    const other = Buffer.from(whole);
    other[at] = (other[at] ?? 0) ^ 0x10;
    await writeFile(file, other);
    await expect(readAll(), `changed at ${at}`).rejects.toThrow(/cut off|not an export/);
  }
});

test("a write that fails ends the archive with its error", async () => {
  const to = createWriteStream(join(file, "no-folder"));
  const archive = writeArchive(to);
  const write = async (): Promise<void> => {
    for (;;) await archive.line([randomBytes(200_000).toString("base64")]);
  };
  await expect(write()).rejects.toMatchObject({ code: "ENOTDIR" });
});
