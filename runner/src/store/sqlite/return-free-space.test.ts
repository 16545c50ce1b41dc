import { readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addEndedJobs, deleteJobsBefore } from "../../../test/support/ended-jobs.ts";
import { checkDatabase } from "./check-database.ts";
import { compactDatabase } from "./compact-database.ts";
import { openReader } from "./connection.ts";
import { migrate } from "./migrate.ts";
import { createSqliteStore } from "./sqlite-store.ts";

const JOBS = 500;
const KEPT_JOBS = 50;
const LIMIT = 64;
const PAGE = 4096;

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "free-space-"));
  path = join(folder, "playground.db");
});
afterEach(() => rm(folder, { recursive: true }));

/** A database as version 0.1.0 creates it. */
function createWithoutMode(): void {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = WAL");
  migrate(db);
  db.close();
}

/** Adds jobs and deletes 90 % of them. Returns the sizes of the file in bytes before and after. */
async function deleteMost({ returnSpace }: { returnSpace: boolean }) {
  const store = await createSqliteStore({ path });
  await addEndedJobs(store, JOBS);
  await deleteJobsBefore(store, JOBS - KEPT_JOBS + 1);
  const before = (await store.size()).bytes;
  let calls = 0;
  while (returnSpace && (await store.returnFreeSpace({ limit: LIMIT }))) calls += 1;
  const after = (await store.size()).bytes;
  const fileBytes = statSync(path).size;
  await store.close();
  return { before, after, fileBytes, calls };
}

/** What the rows need at least, in bytes. */
function neededBytes(): number {
  const db = openReader(path);
  const copy = join(folder, "needed.db");
  db.prepare("VACUUM INTO ?").run(copy);
  db.close();
  return statSync(copy).size;
}

function jobsIn(): unknown {
  const db = openReader(path);
  try {
    return db.prepare("SELECT count(*) AS jobs FROM job_specs").get()?.["jobs"];
  } finally {
    db.close();
  }
}

describe("of a new database", () => {
  test("the file shrinks to what the rest needs, a few pages at a time", async () => {
    const { before, after, fileBytes, calls } = await deleteMost({ returnSpace: true });
    const needed = neededBytes();
    expect(before).toBeGreaterThan(5 * needed);
    expect(after).toBeLessThan(1.3 * needed);
    // While the store is open: the last call has moved the WAL into the file.
    expect(fileBytes).toBe(after);
    expect(calls).toBeGreaterThan((before - after) / 4096 / LIMIT - 2);
    expect(checkDatabase(path).broken).toEqual([]);
    expect(jobsIn()).toBe(KEPT_JOBS);
  });
});

describe("of a database from before", () => {
  test("the file keeps its size and its mode", async () => {
    createWithoutMode();
    const { before, after, calls } = await deleteMost({ returnSpace: true });
    expect({ after, calls }).toEqual({ after: before, calls: 0 });
  });

  test("compactDatabase makes it small, and lets it return free space from then on", async () => {
    createWithoutMode();
    await deleteMost({ returnSpace: false });
    const needed = neededBytes();
    const seen: number[] = [];
    const { bytesBefore, bytesAfter } = await compactDatabase(path, async (bytes) => {
      seen.push(bytes);
    });
    expect(bytesBefore).toBeGreaterThan(5 * needed);
    expect(bytesAfter).toBeLessThan(1.02 * needed);
    expect(seen).toEqual([expect.closeTo(bytesAfter, -5)]);
    expect(statSync(path).size).toBe(bytesAfter);
    expect(checkDatabase(path).broken).toEqual([]);
    expect(jobsIn()).toBe(KEPT_JOBS);

    const { before, after } = await deleteMost({ returnSpace: true });
    expect(after).toBeLessThan(before / 2);
  });
});

test("compact says that a damaged database is damaged, and leaves it as it is", async () => {
  await deleteMost({ returnSpace: false });
  const bytes = readFileSync(path);
  // Not the first pages: they have the schema, without which it is no database of Playground.
  bytes.fill(0xff, 20 * PAGE, 40 * PAGE);
  writeFileSync(path, bytes);
  await expect(compactDatabase(path, async () => {})).rejects.toThrow(
    /playground\.db is damaged: .*Nothing was changed\./,
  );
  // But for the journal's mode, which is in the header of 100 bytes.
  expect(readFileSync(path).subarray(100).equals(bytes.subarray(100))).toBe(true);
});

test("a reader with an older snapshot delays the return of space, and does not prevent it", async () => {
  const store = await createSqliteStore({ path });
  await addEndedJobs(store, JOBS);
  // Otherwise the rows are in the write-ahead log only, and the file is small.
  const other = new DatabaseSync(path);
  other.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  other.close();
  const reader = openReader(path);
  reader.exec("BEGIN; SELECT count(*) FROM jobs");
  await deleteJobsBefore(store, JOBS - KEPT_JOBS + 1);
  while (await store.returnFreeSpace({ limit: LIMIT }));
  const before = statSync(path).size;
  reader.close();
  expect(await store.returnFreeSpace({ limit: LIMIT })).toBe(false);
  expect(statSync(path).size).toBeLessThan(before / 2);
  await store.close();
});
