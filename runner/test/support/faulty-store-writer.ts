/**
 * The real writer thread on a slow disk: every commit takes SLOW_COMMIT_MS longer, and hangs while
 * the file HANG_COMMITS_WHILE exists. The file DIE_AT_COMMIT ends the thread at the next commit,
 * `before` or `after` it, depending on the file's content. The thread removes that file. The disk is
 * full while the file FULL_WHILE exists: SQLite cannot make the database larger than it is.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { WriterData } from "../../src/store/sqlite/change.ts";
import { openWriter } from "../../src/store/sqlite/connection.ts";
import { serveWrites } from "../../src/store/sqlite/serve-writes.ts";

const slowMs = Number(process.env["SLOW_COMMIT_MS"] ?? 0);
const hangWhile = process.env["HANG_COMMITS_WHILE"] ?? "";
const fullWhile = process.env["FULL_WHILE"] ?? "";
const dieAt = process.env["DIE_AT_COMMIT"] ?? "";
const { path } = workerData as WriterData;

/** Blocks the thread without using the processor, as an fsync does. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

serveWrites(parentPort!, () => {
  const db = openWriter(path);
  const exec = db.exec.bind(db);
  let isFull = false;
  const setFull = (now: boolean): void => {
    isFull = now;
    // SQLite does not set a limit below the size that the database has.
    exec(`PRAGMA max_page_count = ${now ? 1 : 4_294_967_294}`);
  };
  db.exec = (sql) => {
    if (sql === "BEGIN IMMEDIATE" && existsSync(fullWhile) !== isFull) setFull(!isFull);
    if (sql !== "COMMIT") return exec(sql);
    block(slowMs);
    while (existsSync(hangWhile)) block(1);
    const death = existsSync(dieAt) ? readFileSync(dieAt, "utf8") : null;
    if (death === "after") exec(sql);
    if (death !== null) {
      rmSync(dieAt);
      process.exit(70);
    }
    exec(sql);
  };
  return db;
});
