import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { EventKind } from "../../domain/event.ts";
import { toIdentity } from "../../domain/webhook.ts";
import { migrate, readMigrations, schemaVersion } from "./migrate.ts";

describe("migrate", () => {
  let db: DatabaseSync;
  beforeEach(() => void (db = new DatabaseSync(":memory:")));
  afterEach(() => db.close());

  const first = "CREATE TABLE a (x INTEGER) STRICT;";
  const second = "ALTER TABLE a ADD COLUMN y TEXT; INSERT INTO a VALUES (1, 'y');";
  const rows = () => db.prepare("SELECT * FROM a").all();

  test("applies each migration once, in order", () => {
    migrate(db, [first]);
    migrate(db, [first, second]);
    migrate(db, [first, second]);
    expect(schemaVersion(db)).toBe(2);
    expect(rows()).toEqual([{ x: 1, y: "y" }]);
  });

  test("leaves the database as it was when a migration fails", () => {
    migrate(db, [first]);
    expect(() => migrate(db, [first, `${second} INSERT INTO nowhere VALUES (1);`])).toThrow(
      "nowhere",
    );
    expect(schemaVersion(db)).toBe(1);
    expect(rows()).toEqual([]);
    migrate(db, [first, second]);
    expect(rows()).toHaveLength(1);
  });

  test("refuses a database with a newer schema", () => {
    migrate(db, [first, second]);
    expect(() => migrate(db, [first])).toThrow(/schema version 2; .*up to 1/);
  });

  test("finds the store's own migrations, numbered without a gap", () => {
    expect(readMigrations().length).toBeGreaterThan(0);
    migrate(db);
    expect(schemaVersion(db)).toBe(readMigrations().length);
  });

  test("creates only STRICT tables", () => {
    migrate(db);
    const loose = db
      .prepare(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
                AND strict = 0 AND name NOT LIKE 'sqlite_%'`)
      .all();
    expect(loose).toEqual([]);
  });

  test("has an index for every reference, so that deleting a job scans no table", () => {
    migrate(db);
    const references = db
      .prepare(
        `SELECT tables.name AS child, keys."from" AS key FROM pragma_table_list AS tables,
           pragma_foreign_key_list(tables.name) AS keys
         WHERE tables.schema = 'main'`,
      )
      .all() as { child: string; key: string }[];
    expect(references.length).toBeGreaterThan(5);
    for (const { child, key } of references) {
      const [plan] = db
        .prepare(`EXPLAIN QUERY PLAN SELECT 1 FROM ${child} WHERE ${key} = ?`)
        .all() as { detail: string }[];
      expect(plan?.detail).toMatch(/^SEARCH/);
    }
  });
});

describe("the identities of stored webhooks", () => {
  const ALL = ["started", "progress", "completed", "failed"] as const;
  const HOOK = { url: 'http://a.test/?q="[1]', on: null, plugins: null, jobName: null };

  /** Returns the identities that the first schema stored, and those after all migrations. */
  function migrated(webhooks: readonly Parameters<typeof toIdentity>[0][]) {
    using db = new DatabaseSync(":memory:");
    migrate(db, readMigrations().slice(0, 1));
    db.exec("INSERT INTO lanes (key) VALUES ('lane')");
    const insert = db.prepare(
      "INSERT INTO webhooks (seq, id, lane, url, retries) VALUES (?1, ?1, 1, '', 0)",
    );
    const insertPersistent = db.prepare(
      `INSERT INTO persistent_webhooks (webhook, identity, timeout_ms, created_at, updated_at)
       VALUES (?, ?, 1, 0, 0)`,
    );
    const before = webhooks.map(({ url, on, plugins, jobName }) =>
      JSON.stringify([url, on?.toSorted() ?? null, plugins?.toSorted() ?? null, jobName]),
    );
    for (const [index, identity] of before.entries()) {
      insert.run(index);
      insertPersistent.run(index, identity);
    }
    migrate(db);
    const rows = db.prepare("SELECT identity FROM persistent_webhooks ORDER BY webhook").all();
    return { before, after: rows.map(({ identity }) => identity) };
  }

  test("become those that a registration computes now", () => {
    const twice: readonly EventKind[] = ["failed", "completed", "failed"];
    const webhooks = [
      HOOK,
      { ...HOOK, jobName: 'ä \u2028 \ud800 \u0000 "/\\ 🦆', on: ALL },
      { ...HOOK, on: twice },
      { ...HOOK, jobName: "b", on: [...ALL, ...ALL], plugins: ["b", "a", "b"] },
      { ...HOOK, plugins: ["started", "progress", "completed", "failed"] },
    ];
    const { before, after } = migrated(webhooks);
    expect(after).toEqual(webhooks.map(toIdentity));
    expect(after.filter((each, index) => each === before[index])).toHaveLength(2);
  });

  test("do not change if another webhook has the new identity already", () => {
    const { before, after } = migrated([{ ...HOOK, on: ALL }, HOOK]);
    expect(after).toEqual(before);
  });
});
