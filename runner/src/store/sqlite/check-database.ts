/** Whether a database is whole: the file, its references, and the invariants of what is stored. */
import type { DatabaseSync } from "node:sqlite";
import { openReader } from "./connection.ts";
import { INVARIANTS } from "./invariants.ts";
import { readMigrations, schemaVersion } from "./migrate.ts";
import { CannotOpen } from "./store-error.ts";

/** Of each kind of problem, as many are told. */
const TOLD = 5;
/** Tables of the first schema, that every later one has. */
const KNOWN_TABLES = ["meta", "jobs", "job_specs", "events", "deliveries"];

export interface DatabaseReport {
  readonly schemaVersion: number;
  /** Sentences that were found true. */
  readonly holds: readonly string[];
  /** Each with what breaks it. */
  readonly broken: readonly { readonly holds: string; readonly told: readonly string[] }[];
}

/**
 * Reads the state as it is at one moment, beside a daemon or without one. Throws `CannotOpen` when
 * it is no database of the daemon's, or one of a newer daemon.
 */
export function checkDatabase(path: string): DatabaseReport {
  const db = openReader(path);
  try {
    db.exec("BEGIN");
    const version = recognise(db, path);
    const checks = [
      { holds: "the file is intact", told: integrityProblems(db) },
      { holds: "every reference leads to a row", told: danglingReferences(db) },
      // The sentences are those of the newest schema.
      ...(version === readMigrations().length ? INVARIANTS : []).map(({ holds, sql }) => ({
        holds,
        told: toldBy(db, sql),
      })),
    ];
    return {
      schemaVersion: version,
      holds: checks.filter(({ told }) => told.length === 0).map(({ holds }) => holds),
      broken: checks.filter(({ told }) => told.length > 0),
    };
  } finally {
    db.close();
  }
}

/** The schema's version. Throws `CannotOpen` when the file holds something else, or is newer. */
export function recognise(db: DatabaseSync, path: string): number {
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
      `${path} has schema version ${version}; this program knows versions up to ${known}. Use the one that wrote it, or a newer one.`,
    );
  }
  return version;
}

/** What SQLite finds wrong with the file; empty when it is intact. */
export function integrityProblems(db: DatabaseSync): string[] {
  try {
    const rows = db.prepare(`PRAGMA integrity_check(${TOLD})`).all();
    return rows.map((row) => String(row["integrity_check"])).filter((told) => told !== "ok");
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function danglingReferences(db: DatabaseSync): string[] {
  return toldBy(
    db,
    `SELECT printf('row %d of %s refers to no row of %s', rowid, "table", parent) AS told
     FROM pragma_foreign_key_check`,
  );
}

function toldBy(db: DatabaseSync, sql: string): string[] {
  try {
    const rows = db.prepare(`${sql} LIMIT ${TOLD + 1}`).all();
    const told = rows.map((row) => String(row["told"]));
    return told.length > TOLD ? [...told.slice(0, TOLD), "and more"] : told;
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
