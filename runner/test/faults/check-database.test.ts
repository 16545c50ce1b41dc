/** `check` finds nothing in what the store wrote, and names what somebody broke in it. */
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { checkDatabase } from "../../src/store/sqlite/check-database.ts";
import { copyDatabase } from "../../src/store/sqlite/copy-database.ts";
import { INVARIANTS } from "../../src/store/sqlite/invariants.ts";
import { createSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { fillStore, type Filled } from "../support/filled-store.ts";

/** How to break each sentence, in SQL; what foreign keys and triggers would prevent is done without them. */
const BREAKS: Readonly<Record<string, string | readonly string[]>> = {
  "job_counts agrees with jobs": "UPDATE job_counts SET count = count + 1 WHERE status = 'queued'",
  "delivery_counts agrees with deliveries":
    "UPDATE delivery_counts SET count = 0 WHERE state = 'delivered'",
  "webhook_counts agrees with persistent_webhooks":
    "UPDATE webhook_counts SET count = 7 WHERE state = 'off'",
  "every job has its request":
    "DELETE FROM job_specs WHERE job = (SELECT seq FROM jobs WHERE id = :running)",
  "a job has an end if it has ended": "UPDATE jobs SET ended_at = NULL WHERE id = :completed",
  "a job is leased if it is running": "UPDATE jobs SET lease_owner = NULL WHERE id = :running",
  "a job's failure is told if it has failed":
    "UPDATE jobs SET failure_code = NULL WHERE id = :failed",
  "the events of a job are numbered 1, 2, 3 … up to its sequence":
    "DELETE FROM events WHERE sequence = 2 AND job = (SELECT seq FROM jobs WHERE id = :running)",
  "the last event of a job that ended tells its end":
    "UPDATE events SET kind = 'progress' WHERE kind = 'failed'",
  "the completed steps of a job are those it counts, in order":
    "DELETE FROM steps WHERE position = 0 AND job = (SELECT seq FROM jobs WHERE id = :completed)",
  "a completed job has completed each of its plugins": `UPDATE job_specs SET plugins = '[1,2,3]'
    WHERE job = (SELECT seq FROM jobs WHERE id = :completed)`,
  "open_jobs of a batch counts its jobs that have not ended":
    "UPDATE batches SET open_jobs = 0 WHERE id = :openBatch",
  "a batch has its callback if it has ended":
    "UPDATE batches SET ended_at = NULL WHERE id = :endedBatch",
  "every event that a job's own webhook wants has its delivery": `DELETE FROM deliveries
    WHERE state = 'delivered' AND sequence = 2 AND webhook IN (SELECT seq FROM webhooks WHERE job IS NOT NULL)`,
  "every batch that ended and has a webhook has its delivery":
    "DELETE FROM deliveries WHERE batch IS NOT NULL",
  "every delivery has what it delivers": "DELETE FROM events WHERE kind = 'started'",
  "the first delivery of a line that has not ended is due":
    "UPDATE deliveries SET state = 'waiting', due_at = NULL WHERE state = 'due'",
  "no other delivery of a line is due, but for one in flight":
    "UPDATE deliveries SET state = 'due', due_at = 1 WHERE state = 'waiting'",
  "a delivery has an instant if it is due, an end if it has ended, a lease only if it is due":
    "UPDATE deliveries SET ended_at = NULL WHERE state = 'dead'",
  "the attempts of a delivery are numbered 1, 2, 3 … up to those it counts": "DELETE FROM attempts",
  "ready_at of a destination is the earliest instant of its deliveries that can be claimed":
    "UPDATE destinations SET ready_at = NULL",
  "a delivery is in its webhook's destination":
    "UPDATE deliveries SET destination = destination + 1",
  "every destination has a webhook": "INSERT INTO destinations (key) VALUES ('http://nobody')",
  "a destination stands still if its webhook is paused or off":
    "UPDATE destinations SET stopped = 0",
  "a persistent webhook has routes unless it is off": "DELETE FROM webhook_routes",
  "every reference leads to a row": "DELETE FROM jobs WHERE id = :completed",
};

let folder: string;
let original: string;
let filled: Filled;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "check-database-"));
  const path = join(folder, "playground.db");
  const store = await createSqliteStore({ path });
  filled = await fillStore(store);
  original = join(folder, "original.db");
  await copyDatabase(path, original);
  await store.close();
});

afterAll(() => rmSync(folder, { recursive: true }));

/** A copy of the filled database, changed without anybody watching. */
function changed(sql: string): string {
  const path = join(folder, "changed.db");
  copyFileSync(original, path);
  onTestFinished(() => rmSync(path));
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  const triggers = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all();
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${String(name)}`);
  const used = Object.entries(filled).filter(([name]) => sql.includes(`:${name}`));
  const { changes } = db.prepare(sql).run(Object.fromEntries(used));
  expect(changes).toBeGreaterThan(0);
  db.close();
  return path;
}

test("nothing is wrong with what the store wrote, which has rows in every table", () => {
  expect(checkDatabase(original).broken).toEqual([]);
  const db = new DatabaseSync(original, { readOnly: true });
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all();
  const empty = tables.filter(
    ({ name }) => db.prepare(`SELECT 1 FROM ${String(name)} LIMIT 1`).get() === undefined,
  );
  db.close();
  expect(empty).toEqual([]);
});

describe("what is broken is named:", () => {
  test("every sentence has a way to break it", () => {
    const sentences = ["every reference leads to a row", ...INVARIANTS.map(({ holds }) => holds)];
    expect(Object.keys(BREAKS).toSorted()).toEqual(sentences.toSorted());
  });

  test.each(Object.entries(BREAKS))("%s", (holds, sql) => {
    const { broken } = checkDatabase(changed(String(sql)));
    const found = broken.find((one) => one.holds === holds);
    expect(found?.told.length).toBeGreaterThan(0);
    expect(found?.told.join()).not.toMatch(/no such|syntax error/);
  });

  test("a page that holds something else", () => {
    const path = join(folder, "page.db");
    copyFileSync(original, path);
    const file = openSync(path, "r+");
    writeSync(file, Buffer.alloc(4096, 0xaa), 0, 4096, 20 * 4096);
    closeSync(file);
    const { broken } = checkDatabase(path);
    expect(broken[0]?.holds).toBe("the file is intact");
    expect(broken[0]?.told.length).toBeGreaterThan(0);
  });

  test("a file that lost its end cannot be opened", () => {
    const path = join(folder, "short.db");
    copyFileSync(original, path);
    truncateSync(path, 100_000);
    expect(() => checkDatabase(path)).toThrow(/short\.db cannot be opened: .*malformed/);
  });
});
