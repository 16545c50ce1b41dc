import { hash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { submit } from "../../../../test/conformance/given.ts";
import { fillStore, type Filled } from "../../../../test/support/filled-store.ts";
import {
  differences,
  exportedColumns,
  readTransfer,
  writeTransfer,
  type Transferred,
} from "../../../../test/support/transfers.ts";
import { FORMAT, TABLE_NAMES, TABLES } from "../../shared/transfer/tables.ts";
import { checkDatabase } from "../check-database.ts";
import { migrate } from "../migrate.ts";
import { createSqliteStore } from "../sqlite-store.ts";
import { exportDatabase } from "./export-database.ts";
import { importDatabase } from "./import-database.ts";

/** What is made from the rest, or is of this store or of a process only. */
const NOT_EXPORTED = {
  batches: ["open_jobs", "jobs", "completed_jobs", "failed_jobs"],
  daemons: ["owner", "until", "host", "process_id", "version", "started_at", "threads", "plugins"],
  delivery_counts: ["state", "count"],
  destinations: ["ready_at", "served", "wake_at"],
  events: ["id"],
  file_usage: ["id", "files", "bytes"],
  files: ["holders"],
  job_counts: ["status", "count"],
  limit_vacancies: ["limit_name", "limit_key"],
  sessions: ["seq", "id", "token_name", "token", "expires_at"],
  webhook_counts: ["state", "count"],
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "playground-transfer-"));
  onTestFinished(() => rm(folder, { recursive: true }));
});

async function fill(path: string): Promise<Filled> {
  const store = await createSqliteStore({ path });
  const filled = await fillStore(store);
  await store.close();
  return filled;
}

const read = (path: string): Promise<Transferred> => exportDatabase(path, readTransfer);

test("every table and column is in an export, or is listed here: add a new one to `TABLES`", () => {
  const db = new DatabaseSync(":memory:");
  migrate(db);
  const rows = db
    .prepare(
      `SELECT tables.name AS "table", columns.name AS column
       FROM sqlite_schema AS tables JOIN pragma_table_xinfo(tables.name) AS columns
       WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'`,
    )
    .all() as { table: string; column: string }[];
  db.close();
  const stored: Record<string, string[]> = {};
  for (const { table, column } of rows) (stored[table] ??= []).push(column);
  const { tokens: _, ...exported } = exportedColumns();
  const listed = { ...exported };
  for (const [table, columns] of Object.entries(NOT_EXPORTED)) {
    listed[table] = [...(listed[table] ?? []), ...columns];
  }
  expect(differences(stored, listed)).toEqual([]);
  expect(differences(listed, stored)).toEqual([]);
});

test("a change of the tables of an export raises its format", () => {
  expect([FORMAT, hash("sha256", JSON.stringify(TABLES)).slice(0, 8)]).toEqual([1, "9963dc51"]);
});

test("an imported database has the rows of the exported one, and goes on from there", async () => {
  const [from, to] = [join(folder, "from.db"), join(folder, "to.db")];
  await fill(from);
  const before = await read(from);
  const empty = TABLE_NAMES.filter((table) => before.rows[table].length === 0);
  expect(empty).toEqual(["tokens"]);
  await importDatabase(to, (target) => writeTransfer(target, before));
  expect(await read(to)).toEqual(before);
  expect(checkDatabase(to)).toMatchObject({ isOlder: false, broken: [] });
  const store = await createSqliteStore({ path: to });
  onTestFinished(() => store.close());
  expect(await store.reap({ owner: "owner_2", now: 300 })).toBeGreaterThan(0);
  await submit(store);
  expect(checkDatabase(to).broken).toEqual([]);
});

test("a number that was given to a row that is gone is not given again", async () => {
  const [from, to] = [join(folder, "from.db"), join(folder, "to.db")];
  await fill(from);
  const given = await read(from);
  const last = given.sequences.deliveries ?? 0;
  const rows = { ...given.rows, deliveries: [], attempts: [], destinations: [] };
  const bare = {
    ...rows,
    webhooks: [],
    persistent_webhooks: [],
    webhook_routes: [],
    idle_spans: [],
  };
  await importDatabase(to, (target) => writeTransfer(target, { ...given, rows: bare }));
  expect(last).toBeGreaterThan(1);
  expect((await read(to)).sequences.deliveries).toBe(last);
});

test("a claim ends with the export, so that the next daemon frees what it finds claimed", async () => {
  const path = join(folder, "from.db");
  await fill(path);
  const { jobs } = (await read(path)).rows;
  const columns = Object.keys(TABLES.jobs.columns);
  const [owner, until] = [columns.indexOf("lease_owner"), columns.indexOf("lease_until")];
  const claimed = jobs.filter((row) => row[owner] !== null);
  expect(claimed.length).toBeGreaterThan(0);
  expect(new Set(claimed.map((row) => row[until]))).toEqual(new Set([0]));
});

test("an import that fails leaves no file, and a database is never replaced", async () => {
  const [from, to] = [join(folder, "from.db"), join(folder, "to.db")];
  await fill(from);
  const { rows, sequences } = await read(from);
  const dangling = { rows: { ...rows, jobs: [] }, sequences };
  await expect(importDatabase(to, (target) => writeTransfer(target, dangling))).rejects.toThrow(
    /FOREIGN KEY/,
  );
  expect([existsSync(to), existsSync(`${to}.import`)]).toEqual([false, false]);
  await expect(importDatabase(from, async () => {})).rejects.toThrow(/exists. Nothing was changed/);
  await writeFile(`${to}-wal`, "left by a database that was removed");
  await expect(importDatabase(to, async () => {})).rejects.toThrow(/-wal exists/);
});
