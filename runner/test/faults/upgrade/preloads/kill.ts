/**
 * Loaded into a daemon before its own modules (`--import`). It writes each statement that is about
 * to change the database to UPGRADE_TRACE, and kills the process before the statement whose number
 * is in UPGRADE_KILL_AT. To stop between the statements of a migration file, it runs them one by one,
 * in the daemon's own transaction.
 */
import { appendFileSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { splitSql, withoutComments } from "../split-sql.ts";

const trace = process.env["UPGRADE_TRACE"];
const killAt = Number(process.env["UPGRADE_KILL_AT"] ?? Number.POSITIVE_INFINITY);

/** A BEGIN has changed nothing yet, and a ROLLBACK leaves nothing to lose. */
const UNCHANGING =
  /^(?:select|explain|begin|rollback|pragma(?! user_version *=| journal_mode *=))\b/i;
const READING_WITH = /^with\b(?![\s\S]*\b(?:insert|update|delete|replace)\b)/i;
const CALLS = ["run", "get", "all", "iterate"] as const;

/** Per thread, which is enough because one thread makes all writes. */
let count = 0;

function isChange(sql: string): boolean {
  const text = withoutComments(sql);
  return !UNCHANGING.test(text) && !READING_WITH.test(text);
}

/** The lock file next to the database is a SQLite database too, but it does not count. */
function isPlaygrounds(db: DatabaseSync): boolean {
  return db.location()?.endsWith("/playground.db") ?? false;
}

function pass(what: string): void {
  count += 1;
  if (trace !== undefined) appendFileSync(trace, `${what.replaceAll(/\s+/g, " ").slice(0, 100)}\n`);
  if (count !== killAt) return;
  process.kill(process.pid, "SIGKILL");
  // The signal can take a moment. Run nothing more until it arrives.
  for (;;);
}

// oxlint-disable-next-line typescript/unbound-method -- called on the database, as they were
const { exec, prepare } = DatabaseSync.prototype;

/** The connections that have changes to commit. */
const changed = new WeakSet<DatabaseSync>();

function passChange(db: DatabaseSync, sql: string): void {
  changed.add(db);
  pass(sql);
}

DatabaseSync.prototype.exec = function (sql) {
  if (!isPlaygrounds(this)) return exec.call(this, sql);
  for (const statement of splitSql(sql)) {
    const isCommit = /^commit\b/i.test(statement);
    if (isCommit ? changed.has(this) : isChange(statement)) passChange(this, statement);
    exec.call(this, statement);
    if (isCommit && changed.delete(this)) pass("after the COMMIT");
  }
};

DatabaseSync.prototype.prepare = function (sql, ...options) {
  // oxlint-disable-next-line unicorn/no-this-assignment, typescript/no-this-alias -- for the statement's own calls
  const db = this;
  const statement = prepare.call(db, sql, ...options);
  if (!isChange(sql) || !isPlaygrounds(db)) return statement;
  for (const name of CALLS) {
    const call = statement[name] as (...values: unknown[]) => unknown;
    const counted = function (this: StatementSync, ...values: unknown[]): unknown {
      passChange(db, withoutComments(sql));
      return call.apply(this, values);
    };
    Object.defineProperty(statement, name, { value: counted });
  }
  return statement;
};
