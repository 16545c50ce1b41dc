/** Moves between the stores, in every direction, and `export` and `import` of real daemons on PostgreSQL. */
import { spawn } from "node:child_process";
import { execFileSync } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Store } from "../../src/ports/store/store.ts";
import { checkDatabase } from "../../src/store/postgres/check-database.ts";
import { createPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import type { Place } from "../../src/store/postgres/read-snapshot.ts";
import * as postgres from "../../src/store/postgres/transfer/export-database.ts";
import * as toPostgres from "../../src/store/postgres/transfer/import-database.ts";
import * as checkSqlite from "../../src/store/sqlite/check-database.ts";
import { createSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import * as sqlite from "../../src/store/sqlite/transfer/export-database.ts";
import * as toSqlite from "../../src/store/sqlite/transfer/import-database.ts";
import { submit } from "../conformance/given.ts";
import { BINARY, runCli, type CliRun } from "../support/cli.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { fillStore } from "../support/filled-store.ts";
import { createLaterReceiver, fillWithWork, MOVED_PLUGINS } from "../support/moved-work.ts";
import { SECRET_KEY, urlOf } from "../support/postgres/daemons.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";
import { addPlugin } from "../support/sealed-things.ts";
import {
  differences,
  exportedColumns,
  readTransfer,
  writeTransfer,
  type Transferred,
} from "../support/transfers.ts";
import { until } from "../support/until.ts";

/** What is made from the rest, or is of this store or of a process only. */
const NOT_EXPORTED: Readonly<Record<string, readonly string[]>> = {
  batch_jobs: ["state"],
  counts: ["kind", "state", "slot", "count"],
  daemons: ["owner", "until", "host", "process_id", "version", "started_at", "threads", "plugins"],
  file_contents: ["sha256", "size"],
  files: ["held"],
  // They are in job_specs, batches and joined_requests.
  idempotency_keys: ["kind", "key", "subject_id", "fingerprint", "joined"],
  limit_vacancies: ["id", "limit_name", "limit_key"],
  playground_schema: ["version"],
  sessions: ["seq", "id", "token_name", "token", "expires_at"],
  tokens: ["seq"],
};
/** In idempotency_keys. */
const ELSEWHERE = [
  ...["batches", "job_specs", "joined_requests"].flatMap((table) => [
    `${table}.fingerprint`,
    `${table}.idempotency_key`,
  ]),
  "joined_requests.job",
];

async function openSchema(): Promise<Schema> {
  const schema = await createSchema();
  onTestFinished(() => schema.release());
  return schema;
}

async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "playground-transfer-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A store that does not exist yet, or is empty. */
interface Subject {
  open(): Promise<Store>;
  read(): Promise<Transferred>;
  write(transfer: Transferred): Promise<void>;
  broken(): Promise<unknown>;
}

async function onSqlite(): Promise<Subject> {
  const path = join(await openFolder(), "playground.db");
  return {
    open: () => createSqliteStore({ path }),
    read: () => sqlite.exportDatabase(path, readTransfer),
    write: (transfer) => toSqlite.importDatabase(path, (target) => writeTransfer(target, transfer)),
    broken: async () => checkSqlite.checkDatabase(path).broken,
  };
}

async function onPostgres(): Promise<Subject> {
  const { url, name } = await openSchema();
  const place: Place = { url, schema: name };
  return {
    open: () => createPostgresStore(place),
    read: () => postgres.exportDatabase(place, readTransfer),
    write: (transfer) =>
      toPostgres.importDatabase(place, (target) => writeTransfer(target, transfer)),
    broken: async () => (await checkDatabase(place)).broken,
  };
}

const SUBJECTS = { SQLite: onSqlite, PostgreSQL: onPostgres };

test("every table and column is in an export, or is listed here: add a new one to `TABLES`", async () => {
  const schema = await openSchema();
  await (await createPostgresStore({ url: schema.url, schema: schema.name })).close();
  const rows = await schema.query<{ table: string; column: string }>(
    `SELECT table_name AS table, column_name AS column FROM information_schema.columns
     WHERE table_schema = current_schema()`,
  );
  const stored: Record<string, string[]> = {};
  for (const { table, column } of rows) (stored[table] ??= []).push(column);
  const listed = exportedColumns();
  for (const [table, columns] of Object.entries(NOT_EXPORTED)) {
    listed[table] = [...(listed[table] ?? []), ...columns];
  }
  expect(differences(stored, listed)).toEqual([]);
  expect(differences(listed, stored)).toEqual(ELSEWHERE);
});

describe.each(["SQLite", "PostgreSQL"] as const)("from %s", (from) => {
  test.each(["SQLite", "PostgreSQL"] as const)(
    "to %s, every row is the same, and the next daemon goes on from there",
    async (to) => {
      const [source, target] = [await SUBJECTS[from](), await SUBJECTS[to]()];
      const first = await source.open();
      await fillStore(first);
      await first.close();
      const before = await source.read();
      await target.write(before);
      const after = await target.read();
      expect(after.rows).toEqual(before.rows);
      // Each store keeps those of its own tables.
      for (const [table, last] of Object.entries(before.sequences)) {
        const now = after.sequences[table as keyof Transferred["sequences"]];
        if (now !== undefined) expect.soft([table, now]).toEqual([table, last]);
      }
      expect(await target.broken()).toEqual([]);
      const next = await target.open();
      try {
        expect(await next.reap({ owner: "owner_2", now: 300 })).toBeGreaterThan(0);
        await submit(next);
        await fillMore(next);
      } finally {
        await next.close();
      }
      expect(await target.broken()).toEqual([]);
    },
  );
});

/** Rows whose numbers the store gives. */
async function fillMore(store: Store): Promise<void> {
  await store.setSecret({ name: "OTHER_KEY", sealed: "v2:y" }, { now: 50, maxSecrets: 9 });
  const file = { id: "file_more", name: "b", type: "text/csv", size: 1, sha256: "cd".repeat(32) };
  await store.createFile({ ...file, createdAt: 20, expiresAt: 900 });
  const bulk = { act: "retry", dryRun: false, by: null, filter: {}, phase: "counting" } as const;
  const more = { cursor: null, pending: [], matched: 0, createdAt: 50 };
  await store.createBulkAct({ ...bulk, ...more, id: "bulk_more" }, { maxRunning: 9 });
}

test("rows that are long and rows that are short are read and written in slices", async () => {
  const { url, name } = await openSchema();
  const place: Place = { url, schema: name };
  const source = await onSqlite();
  const store = await source.open();
  for (let n = 0; n < 30; n += 1) await submit(store);
  await store.close();
  const before = await source.read();
  // The column `input`.
  const long = before.rows.job_specs.map((row, index) =>
    row.map((cell, at) => (at === 7 ? `"${"ä".repeat(index % 7 === 3 ? 3_000_000 : 5)}"` : cell)),
  );
  const logs = Array.from({ length: 2_500 }, (_, index) => [
    index + 1,
    1,
    0,
    index,
    "info",
    "x",
    null,
  ]);
  const rows = { ...before.rows, job_specs: long, logs };
  await toPostgres.importDatabase(place, (target) => writeTransfer(target, { ...before, rows }));
  const after = await postgres.exportDatabase(place, readTransfer);
  expect(after.rows.job_specs).toEqual(long);
  expect(after.rows.logs).toEqual(logs);
});

test("a text that PostgreSQL does not store is replaced, and JSON stays as it is", async () => {
  const target = await onPostgres();
  const source = await onSqlite();
  const store = await source.open();
  await submit(store, { name: "a\u0000b" });
  await store.close();
  const { rows, sequences } = await source.read();
  await target.write({ rows, sequences });
  const after = await target.read();
  expect(after.rows.jobs[0]?.[2]).toBe("a\ufffdb");
  expect(after.rows.job_specs).toEqual(rows.job_specs);
  expect(await target.broken()).toEqual([]);
});

describe("of real daemons", () => {
  const ENV = { PLAYGROUND_SECRET_KEY: SECRET_KEY, PLAYGROUND_LOG_LEVEL: "error" };
  type Env = Record<string, string>;
  const onSchema = (schema: Schema): Env => ({ ...ENV, PLAYGROUND_DATABASE_URL: urlOf(schema) });

  async function open(root: string, env: Env): Promise<Daemon> {
    await addPlugin(join(root, "plugins"));
    const daemon = await startDaemon({ root, plugins: MOVED_PLUGINS, env });
    onTestFinished(() => daemon.close());
    return daemon;
  }
  const command = (name: string, root: string, args: string[], env: Env): Promise<CliRun> =>
    runCli([name, ...args, "--data-dir", join(root, "data")], { env });

  test(
    "SQLite to PostgreSQL and back, with work in every state",
    { timeout: 120_000 },
    async () => {
      const [root, elsewhere, back] = [await openFolder(), await openFolder(), await openFolder()];
      const schema = await openSchema();
      const receiver = await createLaterReceiver();
      onTestFinished(() => receiver.close());
      const first = await open(root, ENV);
      const added = await command("tokens", root, ["add", "ci", "--scope", "read"], ENV);
      const work = await fillWithWork(first, { root, receiver });
      await first.end("SIGKILL");
      const file = join(root, "moved.export");
      expect(await command("export", root, [file], ENV)).toMatchObject({ code: 0, stderr: "" });
      const imported = await command("import", elsewhere, [file], onSchema(schema));
      expect(imported).toMatchObject({ code: 0, stderr: "" });
      expect(imported.stdout).toContain("No problems found in postgres://");

      receiver.open();
      const second = await open(elsewhere, onSchema(schema));
      const headers = { authorization: `Bearer ${added.stdout.trim()}` };
      const asReader = (daemon: Daemon) => daemon.request("/v1/jobs", { headers });
      expect((await asReader(second)).status).toBe(200);
      await work.expectDone(second);
      const refused = await command("import", elsewhere, [file], onSchema(schema));
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(refused.stderr).toContain("A daemon uses the database.");
      const jobs = await second.get("/v1/jobs?status=completed&limit=100");
      const during = await command("export", elsewhere, [join(back, "a.export")], onSchema(schema));
      expect(during.stdout).toContain("A daemon was up.");
      await second.end("SIGTERM");

      const again = join(back, "b.export");
      const exported = await command("export", elsewhere, [again], onSchema(schema));
      expect(exported).toMatchObject({ code: 0, stderr: "" });
      expect(exported.stdout).toContain("do not start a daemon on this database again");
      const third = await command("import", back, [again], ENV);
      expect(third).toMatchObject({ code: 0, stderr: "" });
      const last = await open(back, ENV);
      expect((await asReader(last)).status).toBe(200);
      const ids = (list: { items: { jobId: string }[] }) => list.items.map(({ jobId }) => jobId);
      expect(ids(await last.get("/v1/jobs?status=completed&limit=100"))).toEqual(ids(jobs));
      const full = await command("import", elsewhere, [again], onSchema(schema));
      expect(full).toMatchObject({ code: 1, stdout: "" });
      expect(full.stderr).toContain("is not empty: its table meta has rows. Nothing was changed.");
    },
  );

  test("an import that is killed, or fails, leaves the tables empty", async () => {
    const [root, schema] = [await openFolder(), await openSchema()];
    await (await open(root, ENV)).end("SIGTERM");
    const file = join(root, "made.export");
    await command("export", root, [file], ENV);
    const pipe = join(root, "pipe");
    execFileSync("mkfifo", [pipe]);
    const env = onSchema(schema);
    const data = join(root, "data");
    const child = spawn(process.execPath, [BINARY, "import", pipe, "--data-dir", data], {
      env: { PATH: process.env["PATH"], ...env },
    });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    const bytes = await readFile(file);
    const writer = createWriteStream(pipe);
    writer.on("error", () => {});
    writer.write(bytes.subarray(0, -20));
    await until("the import to write", async () => {
      const [held] = await schema.query(
        `SELECT 1 FROM pg_locks JOIN pg_class ON pg_class.oid = relation
         WHERE relname = 'meta' AND relnamespace = current_schema()::regnamespace
           AND mode = 'RowExclusiveLock'`,
      );
      return held;
    });
    child.kill("SIGKILL");
    await exited;
    writer.destroy();
    await until("the end of its session", async () => {
      const held = await schema.query(
        `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted
         AND ((classid::bigint << 32) | objid::bigint) = hashtextextended(current_schema(), 7031)`,
      );
      return held.length === 0;
    });
    expect(await schema.query("SELECT key FROM meta")).toEqual([]);
    const other = { ...env, PLAYGROUND_SECRET_KEY: Buffer.alloc(32, 1).toString("base64") };
    const refused = await command("import", root, [file], other);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("PLAYGROUND_SECRET_KEY is not the key of the daemon");
    expect(await command("import", root, [file], env)).toMatchObject({ code: 0, stderr: "" });
  });
});
