import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
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

  test("refuses a database from a newer version", () => {
    migrate(db, [first, second]);
    expect(() => migrate(db, [first])).toThrow(/schema version 2; .*up to 1/);
  });

  test("finds the store's own migrations, numbered without a gap", () => {
    expect(readMigrations().length).toBeGreaterThan(0);
    migrate(db);
    expect(schemaVersion(db)).toBe(readMigrations().length);
  });

  test("makes STRICT tables only", () => {
    migrate(db);
    const loose = db
      .prepare(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
                AND strict = 0 AND name NOT LIKE 'sqlite_%'`)
      .all();
    expect(loose).toEqual([]);
  });

  test("gives every reference to another table an index, so that deleting a job scans none", () => {
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
