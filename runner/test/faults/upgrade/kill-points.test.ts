/** The statements before which the upgrade test kills daemons. */
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { chooseKillPoints } from "./kill-points.ts";
import { splitSql } from "./split-sql.ts";

const MIGRATIONS = new URL("../../../src/store/sqlite/migrations/", import.meta.url);

describe("SQL is split into statements", () => {
  test("at semicolons outside strings, names, comments and triggers", () => {
    const trigger = `CREATE TRIGGER gone AFTER DELETE ON a BEGIN
      UPDATE b SET n = CASE n WHEN 1 THEN 2 ELSE 3 END; DELETE FROM c; END;`;
    const sql = `-- First; this.\nSELECT ';', ";", [;], \`;\`; /* ; */\n${trigger}\n;SELECT 2 -- End;`;
    expect(splitSql(sql)).toEqual([`SELECT ';', ";", [;], \`;\`;`, trigger, "SELECT 2 -- End;"]);
  });

  test("that create the same schema as the whole file", () => {
    const whole = new DatabaseSync(":memory:");
    const apart = new DatabaseSync(":memory:");
    for (const file of readdirSync(MIGRATIONS).toSorted()) {
      const sql = readFileSync(new URL(file, MIGRATIONS), "utf8");
      whole.exec(sql);
      for (const statement of splitSql(sql)) {
        // `prepare` compiles only the first statement.
        expect(apart.prepare(statement).sourceSQL).toBe(statement);
        apart.exec(statement);
      }
    }
    const schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name";
    expect(apart.prepare(schema).all()).toEqual(whole.prepare(schema).all());
    whole.close();
    apart.close();
  });
});

describe("kill points", () => {
  const work = Array.from({ length: 400 }, (_, index) => `INSERT INTO a VALUES (${index})`);
  const migration = [
    ...Array.from({ length: 30 }, (_, index) => `ALTER TABLE a ADD COLUMN c${index} TEXT`),
    "PRAGMA user_version = 3",
    "COMMIT",
    "after the COMMIT",
  ];

  test("are close to each other at the start, and none is beyond what every run reaches", () => {
    const points = chooseKillPoints(work, 20);
    expect(points.slice(0, 4)).toEqual([1, 2, 4, 8]);
    expect(new Set(points).size).toBe(20);
    expect(points.at(-1)).toBe(300);
  });

  test("are mostly in migrations, from the first statement to the moment after the COMMIT", () => {
    const trace = ["PRAGMA journal_mode = WAL", ...migration, ...work];
    const points = chooseKillPoints(trace, 20);
    const end = trace.indexOf("after the COMMIT") + 1;
    const early = points.filter((point) => point <= end);
    expect(early).toHaveLength(12);
    expect(early[0]).toBe(1);
    expect(early.slice(-2)).toEqual([end - 1, end]);
    expect(new Set(points).size).toBe(20);
  });
});
