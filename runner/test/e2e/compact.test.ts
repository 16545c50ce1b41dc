/** The command that makes the database smaller. */
import { readdirSync, statSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { checkDatabase } from "../../src/store/sqlite/check-database.ts";
import { migrate } from "../../src/store/sqlite/migrate.ts";
import { createSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { runCli, type CliRun } from "../support/cli.ts";
import { startDaemon } from "../support/daemon.ts";
import { addEndedJobs, deleteJobsBefore } from "../support/ended-jobs.ts";

const PRELOAD = fileURLToPath(new URL("../support/kill-in-compact.mjs", import.meta.url));
const JOBS = 600;
const KEPT_JOBS = 250;

/** With a database that version 0.1.0 created, of which most was deleted. */
let origin: string;
beforeAll(async () => {
  origin = await mkdtemp(join(tmpdir(), "playground-compact-"));
  const path = join(origin, "playground.db");
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = WAL");
  migrate(db);
  db.close();
  const store = await createSqliteStore({ path });
  await addEndedJobs(store, JOBS);
  await deleteJobsBefore(store, JOBS - KEPT_JOBS + 1);
  await store.close();
});
afterAll(() => rm(origin, { recursive: true, force: true }));

async function openRoot(): Promise<{ root: string; path: string }> {
  const root = await mkdtemp(join(tmpdir(), "playground-compact-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await mkdir(join(root, "data"));
  const path = join(root, "data", "playground.db");
  await copyFile(join(origin, "playground.db"), path);
  return { root, path };
}

const compact = (root: string, env: Record<string, string> = {}): Promise<CliRun> =>
  runCli(["compact", "--data-dir", join(root, "data")], { env });

function expectWhole(path: string): void {
  expect(checkDatabase(path).broken).toEqual([]);
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    expect(db.prepare("SELECT count(*) AS jobs FROM jobs").get()).toEqual({ jobs: KEPT_JOBS });
  } finally {
    db.close();
  }
}

test("compact makes the file smaller, keeps its permissions, and a daemon opens it", async () => {
  const { root, path } = await openRoot();
  await chmod(path, 0o640);
  const before = statSync(path).size;
  expect(await compact(root)).toEqual({
    code: 0,
    stderr: "",
    stdout: expect.stringMatching(/^Compacted \S+playground\.db from [\d.]+ MB to [\d.]+ MB, and/),
  });
  const { size, mode } = statSync(path);
  expect(size).toBeLessThan(before / 2);
  // oxlint-disable-next-line no-bitwise -- a mask
  expect(mode & 0o777).toBe(0o640);
  expectWhole(path);
  // The jobs have ended in 1970.
  const daemon = await startDaemon({ root, env: { PLAYGROUND_RETENTION_DAYS: "36500" } });
  onTestFinished(() => daemon.close());
  expect((await daemon.get("/v1/jobs?limit=1")).items).toHaveLength(1);
});

describe("compact refuses, and changes nothing,", () => {
  test("while a daemon has the database", async () => {
    const { root, path } = await openRoot();
    const daemon = await startDaemon({ root });
    onTestFinished(() => daemon.close());
    const { code, stderr } = await compact(root);
    expect(code).toBe(1);
    expect(stderr).toContain(`The database ${path} is in use by another daemon.`);
  });

  test("while another program has the database open", async () => {
    const { root, path } = await openRoot();
    const other = new DatabaseSync(path);
    onTestFinished(() => other.close());
    other.exec("PRAGMA journal_mode = WAL; BEGIN; SELECT count(*) FROM jobs");
    const { code, stderr } = await compact(root);
    expect(code).toBe(1);
    expect(stderr).toContain(`Another program has the database ${path} open.`);
  });

  test("with PostgreSQL, where autovacuum does it", async () => {
    const { root } = await openRoot();
    const { code, stderr } = await compact(root, {
      PLAYGROUND_DATABASE_URL: "postgres://playground@127.0.0.1/playground",
    });
    expect(code).toBe(2);
    expect(stderr).toContain("PostgreSQL's autovacuum makes the space of deleted rows free");
  });
});

describe.each(["before-copy", "while-copying", "after-copy", "before-rename", "after-rename"])(
  "compact that is killed at %s",
  (moment) => {
    test("leaves a whole database, and can be run again", async () => {
      const { root, path } = await openRoot();
      const env = { KILL_AT: moment, NODE_OPTIONS: `--import=${PRELOAD}` };
      expect((await compact(root, env)).code).toBeNull();
      expectWhole(path);
      expect(await compact(root)).toMatchObject({ code: 0, stderr: "" });
      expectWhole(path);
      expect(readdirSync(join(root, "data")).filter((name) => name.includes("compact"))).toEqual(
        [],
      );
    });
  },
);
