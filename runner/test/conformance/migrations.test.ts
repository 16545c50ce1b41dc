/** A database of every earlier schema is migrated to the newest schema and can be used. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkDatabase } from "../../src/store/sqlite/check-database.ts";
import { readMigrations } from "../../src/store/sqlite/migrate.ts";
import { createSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { schemaFixture, schemaFixtureVersions } from "../support/schema-fixtures.ts";
import { claim, completeOne, deliverAll, FIRST_PAGE, start } from "./given.ts";

/** Tables that a migration renamed. */
const RENAMED = new Map([["lanes", "destinations"]]);

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "migrations-"));
  path = join(folder, "playground.db");
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Returns the number of rows in each table. */
function countRows(): Map<string, number> {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const tables = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .all();
    return new Map(
      tables.map(({ name }) => [
        String(name),
        Number(db.prepare(`SELECT count(*) AS rows FROM ${String(name)}`).get()?.["rows"]),
      ]),
    );
  } finally {
    db.close();
  }
}

/** Returns every table, index and trigger as created, except ANALYZE's tables. */
function readSchema(file: string): unknown[] {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const sql = `SELECT type, name, tbl_name, sql FROM sqlite_schema
      WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name`;
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

test("every schema has a fixture: run scripts/make-schema-fixture.ts after adding a migration", () => {
  expect(schemaFixtureVersions()).toEqual(readMigrations().map((_, index) => index + 1));
});

describe.each(schemaFixtureVersions())("a database of schema %d", (version) => {
  beforeEach(() => writeFileSync(path, gunzipSync(readFileSync(schemaFixture(version)))));

  test("has rows in every table, and keeps them all when it is migrated", async () => {
    const before = countRows();
    expect([...before].filter(([, rows]) => rows === 0)).toEqual([]);
    const store = await createSqliteStore({ path });
    await store.close();
    const after = countRows();
    for (const [table, rows] of before) {
      const now = RENAMED.get(table) ?? table;
      expect.soft([now, after.get(now)]).toEqual([now, rows]);
    }
    expect(checkDatabase(path)).toMatchObject({
      schemaVersion: readMigrations().length,
      broken: [],
    });
  });

  test("has the schema of a new database after it is migrated", async () => {
    const fresh = join(folder, "new.db");
    for (const file of [path, fresh]) await (await createSqliteStore({ path: file })).close();
    expect(readSchema(fresh)).not.toEqual([]);
    expect(readSchema(path)).toEqual(readSchema(fresh));
  });

  test("can be used: jobs end, deliveries are made, webhooks and batches can be read", async () => {
    const store = await createSqliteStore({ path });
    const later = 2_000_000;
    await store.reap({ owner: "newest", now: later });
    const plugins = ["first", "second", "missing"];
    for (const job of await claim(store, { now: later, owner: "newest", plugins })) {
      let current = job.sequence === 0 ? await start(store, job) : job;
      while (current.completedSteps.length < current.plugins.length) {
        current = await completeOne(store, current, later);
      }
    }
    const { jobs } = await store.counts();
    expect(jobs).toMatchObject({ queued: 0, running: 0 });
    expect(jobs.completed).toBeGreaterThan(5);
    expect(await store.batchesToEnd({ limit: 10 })).toEqual(["batch_open"]);
    expect((await deliverAll(store, { now: later })).length).toBeGreaterThan(0);
    const states = (await store.webhooks(FIRST_PAGE)).items.map(({ state }) => state);
    expect(states.toSorted()).toEqual(["active", "off", "paused"]);
    for (const { id } of (await store.jobs({}, FIRST_PAGE)).items) {
      expect(await store.job(id), id).not.toBeNull();
    }
    await store.close();
    expect(checkDatabase(path).broken).toEqual([]);
  });
});
