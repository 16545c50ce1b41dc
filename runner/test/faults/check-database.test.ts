/** `check` finds no problem in what the store wrote, and reports what was broken afterwards. */
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

/** SQL that makes each sentence false. Foreign keys and triggers are off, or they would prevent it. */
const BREAKS: Readonly<Record<string, string | readonly string[]>> = {
  "a schedule is paused exactly when it says since when and by what":
    "UPDATE schedules SET paused_at = NULL WHERE state = 'paused'",
  "a schedule has decided no slot behind its next one":
    "UPDATE schedules SET decided_slot = next_slot + 1 WHERE key = 'nightly'",
  "a slot waits exactly when its schedule says so":
    "UPDATE schedules SET buffered_slot = NULL WHERE key = 'nightly'",
  "a slot has a job exactly when it was fired or caught up":
    "UPDATE schedule_slots SET state = 'fired' WHERE state = 'missed'",
  "a slot shows the state of its job":
    "UPDATE schedule_slots SET job_state = 'failed' WHERE job_state = 'open'",
  "a slot of a schedule has one job": `UPDATE job_specs SET schedule = (
      SELECT schedule FROM job_specs WHERE schedule IS NOT NULL
    ) WHERE job = (SELECT seq FROM jobs WHERE id = :completed)`,
  "a queued job has the limit of its next step":
    "UPDATE jobs SET limit_key = 'b' WHERE limit_key = 'a'",
  "only a job with a limit waits for a slot, and one that waits for anything else has none":
    "UPDATE jobs SET blocked_since = 1 WHERE id = :waiting",
  "where a job waits for a slot that is free, a claim will look": "DELETE FROM limit_vacancies",
  "a job's key says until when exactly if it is kept for a time":
    "UPDATE job_keys SET until_at = NULL",
  "a debounced job that waits is due by the end of its window":
    "UPDATE jobs SET run_at = 100001 WHERE id = :debounced",
  "an idempotency key stands for one job":
    "UPDATE job_specs SET idempotency_key = 'joined' WHERE job = (SELECT seq FROM jobs WHERE id = :scheduled)",
  "job_counts matches the rows of jobs":
    "UPDATE job_counts SET count = count + 1 WHERE status = 'queued'",
  "delivery_counts matches the rows of deliveries":
    "UPDATE delivery_counts SET count = 0 WHERE state = 'delivered'",
  "webhook_counts matches the rows of persistent_webhooks":
    "UPDATE webhook_counts SET count = 7 WHERE state = 'off'",
  "every job has a request":
    "DELETE FROM job_specs WHERE job = (SELECT seq FROM jobs WHERE id = :running)",
  "a job has an end time exactly when it has ended":
    "UPDATE jobs SET ended_at = NULL WHERE id = :completed",
  "a job is claimed exactly when it is running":
    "UPDATE jobs SET lease_owner = NULL WHERE id = :running",
  "only a queued job that is due waits, and says for what and since when":
    "UPDATE jobs SET waiting_kind = NULL WHERE id = :waiting",
  "a job has a failure code exactly when it has failed":
    "UPDATE jobs SET failure_code = NULL WHERE id = :failed",
  "a job has the set of its plugins":
    "UPDATE jobs SET plugin_set = (SELECT max(id) FROM plugin_sets) WHERE id = :completed",
  "only a failed job is in an error group": "UPDATE jobs SET error_group = 1 WHERE id = :completed",
  "a tag has its job's time of creation": "UPDATE job_tags SET created_at = created_at + 1",
  "a job's events are numbered 1, 2, 3 … up to its sequence":
    "DELETE FROM events WHERE sequence = 2 AND job = (SELECT seq FROM jobs WHERE id = :running)",
  "an ended job's last event matches its status":
    "UPDATE events SET kind = 'progress' WHERE kind = 'failed'",
  "a job's completed steps match its count, in order":
    "DELETE FROM steps WHERE position = 0 AND job = (SELECT seq FROM jobs WHERE id = :completed)",
  "a job has each failed attempt that it counts": "DELETE FROM step_attempts",
  "a completed job has completed all of its plugins": `UPDATE job_specs SET plugins = '[1,2,3]'
    WHERE job = (SELECT seq FROM jobs WHERE id = :completed)`,
  "open_jobs of a batch is the number of its jobs that have not ended":
    "UPDATE batches SET open_jobs = 0 WHERE id = :openBatch",
  "the numbers of a batch are those of its jobs":
    "UPDATE batches SET completed_jobs = 0 WHERE id = :endedBatch",
  "a batch has a callback exactly when it has ended":
    "UPDATE batches SET ended_at = NULL WHERE id = :endedBatch",
  "every event that a job's own webhook wants has a delivery": `DELETE FROM deliveries
    WHERE state = 'delivered' AND sequence = 2 AND webhook IN (SELECT seq FROM webhooks WHERE job IS NOT NULL)`,
  "every batch that has ended and has a webhook has a delivery":
    "DELETE FROM deliveries WHERE batch IS NOT NULL",
  "every delivery has a body": "DELETE FROM events WHERE kind = 'started'",
  "the first open delivery with an ordering key is due":
    "UPDATE deliveries SET state = 'waiting', due_at = NULL WHERE state = 'due'",
  "no later delivery with the same ordering key is due, unless it is in flight":
    "UPDATE deliveries SET state = 'due', due_at = 1 WHERE state = 'waiting'",
  "a delivery has a due time exactly when it is due, an end time exactly when it has ended, and a lease only when it is due or was given up in flight":
    "UPDATE deliveries SET ended_at = NULL WHERE state = 'dead'",
  "a delivery's attempts are numbered 1, 2, 3 … up to its count": "DELETE FROM attempts",
  "ready_at of a destination is the earliest due time of its deliveries that can be claimed":
    "UPDATE destinations SET ready_at = NULL",
  "a destination's probe is in flight, and its circuit is open":
    "UPDATE destinations SET failures = 5, probe = 999999",
  "a delivery has its webhook's destination": "UPDATE deliveries SET destination = destination + 1",
  "every destination has a webhook": "INSERT INTO destinations (key) VALUES ('http://nobody')",
  "a destination is stopped exactly when its webhook is paused or off":
    "UPDATE destinations SET stopped = 0",
  "a webhook is a job's, a batch's, persistent, or removed":
    "UPDATE webhooks SET removed = 1 WHERE id = :activeWebhook",
  "only the deliveries of a webhook that is off are being given up":
    "UPDATE persistent_webhooks SET given_up_to = 1 WHERE state = 'paused'",
  "a persistent webhook has routes unless it is off": "DELETE FROM webhook_routes",
  "stats are JSON objects under the start of their minute or hour":
    "UPDATE stats SET at = at + 1 WHERE series = 'plugin'",
  "file_usage matches the files and their contents": "UPDATE file_usage SET bytes = bytes + 1",
  "holders of a file is the number of jobs that name it": "UPDATE files SET holders = 7",
  "files with the same content have the same size":
    "UPDATE files SET size = size + 1 WHERE id = 'file_written'",
  "only a job that has ended is without payloads":
    "UPDATE jobs SET payloads_removed_at = 1 WHERE id = :running",
  "a job without payloads has no input and no output":
    "UPDATE jobs SET payloads_removed_at = 1 WHERE id = :completed",
  "a job without payloads has no logs and no files":
    "UPDATE jobs SET payloads_removed_at = 1 WHERE id = :completed",
  "an event has a body exactly if its job has payloads":
    "UPDATE events SET body = '' WHERE kind = 'started'",
  "a batch that has ended has a callback's body exactly if it has payloads":
    "UPDATE batches SET body = '' WHERE id = :endedBatch",
  "only a batch that has ended is without payloads":
    "UPDATE batches SET payloads_removed_at = 1 WHERE id = :openBatch",
  "what is without payloads has nothing to send": "UPDATE jobs SET payloads_removed_at = 1",
  "every reference points to an existing row": "DELETE FROM jobs WHERE id = :completed",
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

/** Returns a copy of the filled database, changed without foreign keys and triggers. */
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

test("a database that the store wrote, with rows in every table, has no problem", () => {
  expect(checkDatabase(original).broken).toEqual([]);
  const db = new DatabaseSync(original, { readOnly: true });
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all();
  const empty = tables.filter(
    ({ name }) => db.prepare(`SELECT 1 FROM ${String(name)} LIMIT 1`).get() === undefined,
  );
  db.close();
  // A copy has no logins.
  expect(empty).toEqual([{ name: "sessions" }]);
});

describe("the check reports what is broken:", () => {
  test("each sentence is broken by a case below", () => {
    const sentences = [
      "every reference points to an existing row",
      ...INVARIANTS.map(({ sentence }) => sentence),
    ];
    expect(Object.keys(BREAKS).toSorted()).toEqual(sentences.toSorted());
  });

  test.each(Object.entries(BREAKS))("%s", (sentence, sql) => {
    const { broken } = checkDatabase(changed(String(sql)));
    const found = broken.find((one) => one.sentence === sentence);
    expect(found?.problems.length).toBeGreaterThan(0);
    expect(found?.problems.join()).not.toMatch(/no such|syntax error/);
  });

  test("a page that was overwritten", () => {
    const path = join(folder, "page.db");
    copyFileSync(original, path);
    const file = openSync(path, "r+");
    writeSync(file, Buffer.alloc(4096, 0xaa), 0, 4096, 20 * 4096);
    closeSync(file);
    const { broken } = checkDatabase(path);
    expect(broken[0]?.sentence).toBe("the file is intact");
    expect(broken[0]?.problems.length).toBeGreaterThan(0);
  });

  test("a truncated file cannot be opened", () => {
    const path = join(folder, "short.db");
    copyFileSync(original, path);
    truncateSync(path, 100_000);
    expect(() => checkDatabase(path)).toThrow(/short\.db cannot be opened: .*malformed/);
  });
});
