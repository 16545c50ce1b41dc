/** Checks a database: the file, the references between rows, and the invariants of its data. */
import type { DatabaseSync } from "node:sqlite";
import { CannotOpen } from "../cannot-open.ts";
import type { DatabaseReport } from "../shared/database-report.ts";
import { openReader } from "./connection.ts";
import { INVARIANTS } from "./invariants.ts";
import { readMigrations, schemaVersion } from "./migrate.ts";

/** How many problems of each kind are reported. */
const MAX_PROBLEMS = 5;
/** Tables of the first schema that every later schema has. */
const KNOWN_TABLES = ["meta", "jobs", "job_specs", "events", "deliveries"];

/**
 * Checks one snapshot of the database, while a daemon runs or not. Throws `CannotOpen` if the file
 * is not a database of Playground, or its schema is newer than this program.
 */
export function checkDatabase(path: string): DatabaseReport {
  const db = openReader(path);
  try {
    db.exec("BEGIN");
    const version = recognize(db, path);
    const isOlder = version < readMigrations().length;
    const checks = [
      { sentence: "the file is intact", problems: integrityProblems(db) },
      { sentence: "every reference points to an existing row", problems: danglingReferences(db) },
      // The invariants are those of the newest schema.
      ...(isOlder ? [] : INVARIANTS).map(({ sentence, sql }) => ({
        sentence,
        problems: problemsOf(db, sql),
      })),
    ];
    return {
      schemaVersion: version,
      isOlder,
      passed: checks
        .filter(({ problems }) => problems.length === 0)
        .map(({ sentence }) => sentence),
      broken: checks.filter(({ problems }) => problems.length > 0),
    };
  } finally {
    db.close();
  }
}

/**
 * Returns the schema's version. Throws `CannotOpen` if the file is not a database of Playground, or
 * its schema is newer than this program.
 */
export function recognize(db: DatabaseSync, path: string): number {
  const version = schemaVersion(db);
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const names = new Set(tables.map(({ name }) => name));
  if (version < 1 || !KNOWN_TABLES.every((table) => names.has(table))) {
    throw new CannotOpen("STORE_UNREADABLE", `${path} is not a database of Playground.`);
  }
  const known = readMigrations().length;
  if (version > known) {
    throw new CannotOpen(
      "STORE_TOO_NEW",
      `${path} has schema version ${version}; this program supports versions up to ${known}. Use the version of Playground that wrote it, or a newer one.`,
    );
  }
  return version;
}

/** Returns what SQLite finds wrong with the file; empty if the file is intact. */
export function integrityProblems(db: DatabaseSync): string[] {
  try {
    const rows = db.prepare(`PRAGMA integrity_check(${MAX_PROBLEMS})`).all();
    return rows.map((row) => String(row["integrity_check"])).filter((result) => result !== "ok");
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function danglingReferences(db: DatabaseSync): string[] {
  return problemsOf(
    db,
    `SELECT printf('row %d of %s refers to a missing row of %s', rowid, "table", parent) AS problem
     FROM pragma_foreign_key_check`,
  );
}

function problemsOf(db: DatabaseSync, sql: string): string[] {
  try {
    const rows = db.prepare(`${sql} LIMIT ${MAX_PROBLEMS + 1}`).all();
    const problems = rows.map((row) => String(row["problem"]));
    return problems.length > MAX_PROBLEMS
      ? [...problems.slice(0, MAX_PROBLEMS), "and more"]
      : problems;
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
