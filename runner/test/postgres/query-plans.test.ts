/**
 * The speed of a statement with a million rows depends on its plan, and the plan can be tested: no
 * statement reads a whole table, neither with empty tables nor with full ones. The plans are those of
 * the sessions' settings, made once for all values.
 */
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Store } from "../../src/ports/store/store.ts";
import { createPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import { DUE_DESTINATIONS, READY_AT } from "../../src/store/postgres/due-destinations.ts";
import { selectJob } from "../../src/store/shared/stored-job.ts";
import { openSession, type Session } from "../../src/store/postgres/session.ts";
import type { Value } from "../../src/store/postgres/text.ts";
import { call } from "../conformance/calls.ts";
import { beatAt, claim, newWebhook, register, submit } from "../conformance/given.ts";
import {
  fire,
  newSchedule,
  placeOf,
  read as readSchedule,
  save,
  slotAt,
} from "../conformance/given-schedules.ts";
import { createModelStore } from "../conformance/model/model-store.ts";
import { createRun } from "../conformance/run.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";

/** Tables that grow with the number of jobs. */
const LARGE = [
  "jobs",
  "job_specs",
  "steps",
  "events",
  "logs",
  "deliveries",
  "attempts",
  "webhooks",
  "batches",
  "batch_jobs",
  "idempotency_keys",
  "stats",
  "destinations",
  "error_groups",
  "files",
  "file_contents",
  "job_files",
  "job_tags",
  "step_attempts",
  "schedule_slots",
];
const ROWS = 20_000;
const BLOCKED = 100_000;
const KEYS = 10_000;
/** A list counts up to 1,000 jobs twice, a claim takes 500 vacancies and looks at 200 keys. */
const MAX_READ = 2_000;

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  /** Of EXPLAIN ANALYZE. */
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly Plan[];
}

let schema: Schema;
let session: Session;
const statements = new Set<string>();
/** Indexes that have an entry for every row of their table. */
let wholeIndexes: ReadonlySet<string>;

beforeAll(async () => {
  schema = await createSchema();
  const query = vi.spyOn(pg.Client.prototype, "query");
  const store = await createPostgresStore({ url: schema.url, schema: schema.name });
  // So that the tables are as in a new database: not analysed before there are rows.
  const tables = LARGE.map((table) => `ALTER TABLE ${table} SET (autovacuum_enabled = off);`);
  await schema.query(tables.join(" "));
  await useEverything(store);
  await store.close();
  for (const [config] of query.mock.calls as unknown as [
    string | { name?: string; text: string },
  ][]) {
    if (typeof config === "object" && config.name !== undefined) statements.add(config.text);
  }
  query.mockRestore();
  session = await openSession({ url: schema.url, schema: schema.name, pipeline: true });
  const used = [...LARGE, "schedules"].map(
    (table) => `TRUNCATE ${table} RESTART IDENTITY CASCADE;`,
  );
  await schema.query(used.join(" "));
  const indexes = await schema.query<{ name: string }>(
    `SELECT indexname AS name FROM pg_indexes
     WHERE schemaname = current_schema() AND indexdef NOT LIKE '%WHERE%'`,
  );
  wholeIndexes = new Set(indexes.map(({ name }) => name));
}, 240_000);

afterAll(async () => {
  await session.close();
  await schema.release();
});

/** Random calls, and those that are not among them. */
async function useEverything(store: Store): Promise<void> {
  const run = createRun([store], createModelStore({ exclusive: false }));
  const calls = fc.sample(fc.array(call, { minLength: 60, maxLength: 60 }), {
    numRuns: 6,
    seed: 7,
  });
  for (const each of calls.flat()) await run.make(each).catch(() => {});
  await run.settled().catch(() => {});
  const page = { limit: 10, cursor: null };
  const { id } = await register(store);
  await submit(store, { webhook: newWebhook() });
  const [job] = (await store.jobs({}, page)).items;
  await store.appendLogs(job?.id ?? "", [
    { step: 0, at: 1, level: "info", message: "m", data: null },
  ]);
  await store.addStats([{ series: "hour", at: 0, key: "", counts: { a: 1 } }]);
  await store.pruneStats({ series: "hour", before: 0, limit: 5 });
  await store.giveUpOldDeliveries({ now: 1e12, maxAgeMs: 1, limit: 5 });
  await store.beat(beatAt(5, { maxGapMs: 1 }));
  await store.clearWebhooks({ now: 5 });
  await useFiles(store, job?.id ?? "");
  await useSchedules(store);
  await store.pruneBulkActs({ endedBefore: 5, limit: 5 });
  const filters = [
    { status: ["failed", "queued"] as const },
    { plugin: "first" },
    { name: "n" },
    { namePrefix: "n" },
    { idPrefix: "job_" },
    { errorGroup: "err_1" },
    { plugin: "first", namePrefix: "n", errorGroup: "err_1" },
    { tags: ["x"] },
    { meta: { "customer.id": "7" } },
    { tags: ["x", "y"], plugin: "first", status: ["failed"] as const },
  ];
  for (const filter of filters) await store.jobs(filter, page);
  await store.jobIds({}, page);
  for (const filter of [
    {},
    { jobId: job?.id ?? "" },
    { webhookId: id },
    { destinationId: "dst_1" },
    { state: "dead" as const },
    { state: "due" as const, webhookId: id },
  ]) {
    await store.deliveries(filter, page);
  }
  await Promise.all([
    store.job(job?.id ?? "", { maxOutputBytes: 1e9 }),
    store.jobValue(job?.id ?? "", "input"),
    store.jobValue(job?.id ?? "", 0),
    store.logs(job?.id ?? "", { after: 0, limit: 5 }),
    store.events(job?.id ?? "", { after: 0, limit: 5 }),
    store.delivery("dlv_1"),
    store.destinations(page),
    store.destination("dst_1"),
    store.destinationByKey("http://a"),
    store.heldDestinations({ limit: 5 }),
    store.nextDestinationDue({ except: [] }),
    store.batch("batch_1"),
    store.batches(page),
    store.errorGroups({ since: 0, limit: 5 }),
    store.stats({ series: "hour", from: 0, to: 10 }),
    store.stats({ series: "hour", from: 0, to: 10, keys: ["a"] }),
    store.queueState(),
    store.nextJobDue(),
    store.counts(),
  ]);
}

async function useSchedules(store: Store): Promise<void> {
  await save(store, "a", { overlap: "buffer-one", pauseOnFailures: 1 });
  await fire(store, "a");
  await fire(store, "a");
  await store.schedulesToDecide({ now: 5_000, limit: 5 });
  const { id } = await readSchedule(store, "a");
  await store.openScheduleJobs(id, { limit: 5 });
  const change = { passed: [], next: slotAt(9_000), now: 5_000 };
  for (const state of ["paused", "active"] as const) {
    await store.setScheduleState(placeOf(await readSchedule(store, "a")), { state, ...change });
  }
  const from = placeOf(await readSchedule(store, "a"));
  await store.saveSchedule(newSchedule("a"), { from, passed: [], now: 5_000, maxSchedules: 5 });
  await store.schedules({ limit: 10, cursor: null });
  await store.scheduleSlots(id, { limit: 10, cursor: null });
  await store.nextScheduleDue();
  await store.failingSchedules({ limit: 5 });
  await store.removeSchedule("a");
}

async function useFiles(store: Store, jobId: string): Promise<void> {
  const file = { name: "n", type: "t", size: 1, sha256: "s", createdAt: 1, expiresAt: 1 };
  for (const id of ["file_1", "file_2"]) await store.createFile({ ...file, id });
  await submit(store, { files: ["file_1"] });
  await store.deleteFile("file_2");
  await store.pruneFiles({ now: 5, limit: 5 });
  for (const filter of [{}, { jobId }]) await store.files(filter, { limit: 10, cursor: null });
  await store.file("file_1");
  await store.filesOfJob(jobId);
  await store.usedContents(["s"]);
  await store.fileUsage();
  await store.positions([jobId, "batch_1"]);
  await store.addMeta("key", "value");
  // Jobs that have ended and are not needed: what is deleted with them.
  await store.lastEndOf({ from: 0, count: 100 });
  await store.removePayloads({ now: 1e12, endedBefore: 1e12, limit: 100, after: null });
  await store.pruneJobs({ endedBefore: 1e12, limit: 100, after: null });
}

let looks = 0;

/** Returns what a statement reads of large tables without a condition on an index. */
async function offences(sql: string): Promise<string[]> {
  const count = Math.max(0, ...[...sql.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
  const values = Array.from({ length: count }, () => "NULL").join(", ");
  await session.run(`PREPARE looked AS ${sql}`);
  try {
    const execute = `EXECUTE looked${count === 0 ? "" : `(${values})`}`;
    const [row] = await session.query<{ "QUERY PLAN": { Plan: Plan }[] }>(
      // With a comment: a statement of the session is prepared once for each text.
      `EXPLAIN (FORMAT JSON) ${execute} /* ${(looks += 1)} */`,
    );
    const plan = row?.["QUERY PLAN"][0]?.Plan;
    return plan === undefined ? ["no plan"] : readsOf(plan).map((read) => `${read}: ${sql}`);
  } finally {
    await session.run("DEALLOCATE looked");
  }
}

function readsOf(plan: Plan): string[] {
  const table = plan["Relation Name"] ?? "";
  const index = plan["Index Name"];
  const isWhole =
    LARGE.includes(table) &&
    (plan["Node Type"] === "Seq Scan" ||
      (plan["Index Cond"] === undefined && index !== undefined && wholeIndexes.has(index)));
  return [
    ...(isWhole ? [`reads the whole table ${table}`] : []),
    ...(plan.Plans ?? []).flatMap(readsOf),
  ];
}

async function allOffences(): Promise<string[]> {
  const found: string[] = [];
  for (const sql of statements) found.push(...(await offences(sql)));
  return found;
}

async function fill(): Promise<void> {
  await schema.query(`
    INSERT INTO jobs (id, name, status, priority, run_at, due, created_at, plugin_set, ended_at)
      SELECT 'job_x' || i, 'name-' || i, CASE WHEN i % 50 = 0 THEN 'queued' ELSE 'completed' END,
        0, 0, true, i, 1, i FROM generate_series(1, ${ROWS}) AS i;
    INSERT INTO deliveries (job, webhook, destination, sequence, state, due_at, created_at)
      SELECT seq, 1, seq % 10, 1, CASE WHEN seq % 40 < 10 THEN 'due' ELSE 'delivered' END, seq, seq
      FROM jobs;
    INSERT INTO job_specs (job, plugin_names, plugins, metadata, input)
      SELECT seq, ARRAY['first'], '[]', '{}', 'null' FROM jobs;
    INSERT INTO steps (job, position, plugin, status, started_at, ended_at)
      SELECT seq, 0, 'first', 'completed', 1, 2 FROM jobs;
    INSERT INTO step_attempts (job, position, number, started_at, ended_at, failure_code, failure_message)
      SELECT seq, 0, 1, 1, 2, 'c', 'm' FROM jobs;
    INSERT INTO events (job, sequence, kind, at, body) SELECT seq, 1, 'started', 1, '{}' FROM jobs;
    INSERT INTO logs (job, step, at, level, message) SELECT seq, 0, 1, 'info', 'm' FROM jobs;
    INSERT INTO attempts (delivery, number, at, duration_ms) SELECT id, 1, 1, 1 FROM deliveries;
    INSERT INTO destinations (key) SELECT 'http://' || i FROM generate_series(1, ${ROWS}) AS i;
    INSERT INTO webhooks (id, job, destination, url, retries)
      SELECT 'wh_' || seq, seq, seq, 'http://a', 5 FROM jobs;
    INSERT INTO batches (id, created_at) SELECT 'batch_' || seq, seq FROM jobs;
    INSERT INTO batch_jobs (batch, position, job, state) SELECT seq, 0, seq, 'completed' FROM jobs;
    INSERT INTO idempotency_keys (kind, key, subject_id, fingerprint)
      SELECT 'job', 'key ' || seq, id, 'f' FROM jobs;
    INSERT INTO stats (series, at, key, counts) SELECT 'hour', seq, '', '{}' FROM jobs;
    INSERT INTO error_groups (plugin, code, message, last_seen_at)
      SELECT 'first', 'c', 'm' || seq, seq FROM jobs;
    INSERT INTO files (id, name, type, size, sha256, created_at)
      SELECT 'file_' || seq, 'n', 't', 1, 's' || seq, 1 FROM jobs;
    INSERT INTO file_contents (sha256, size) SELECT sha256, size FROM files;
    INSERT INTO job_files (job, file) SELECT seq, seq FROM jobs;
    INSERT INTO schedules (id, key, definition, job, state, created_at, updated_at)
      SELECT 'sch_' || i, 'key-' || i, '{}', '{}', 'active', 1, 1 FROM generate_series(1, 1000) AS i;
    INSERT INTO schedule_slots (schedule, slot, manual, state, due_at, decided_at, job_id, job_state)
      SELECT seq, i, false, 'fired', i, i, 'job_' || seq || '_' || i, 'completed'
      FROM schedules, generate_series(1, ${ROWS / 1000}) AS i;
    INSERT INTO job_tags (tag, created_at, job) SELECT 'x', created_at, seq FROM jobs;
    ANALYZE schedules, ${LARGE.join(", ")}`);
}

async function rowCounts(): Promise<number[]> {
  const counts = LARGE.map((table) => `SELECT count(*)::integer AS rows FROM ${table}`);
  const found = await schema.query<{ rows: number }>(counts.join(" UNION ALL "));
  return found.map(({ rows }) => rows);
}

describe("no statement reads a whole table", () => {
  test("with empty tables", async () => {
    expect(statements.size).toBeGreaterThan(100);
    expect(Math.max(...(await rowCounts()))).toBe(0);
    expect(await allOffences()).toEqual([]);
  });

  test("with full tables", async () => {
    await fill();
    expect(Math.min(...(await rowCounts()))).toBe(ROWS);
    expect(await allOffences()).toEqual([]);
  });

  test("and one that does would be found", async () => {
    const reads = [
      "SELECT * FROM steps WHERE plugin = $1",
      "SELECT count(*) FROM events WHERE kind = $1",
      "SELECT * FROM jobs WHERE lease_until < $1",
      "SELECT max(size) FROM files",
      "SELECT count(*) FROM schedule_slots WHERE job_state = $1",
    ];
    for (const sql of reads) expect(await offences(sql)).toHaveLength(1);
  });
});

/** Jobs of a limit without a free slot, which a job of it has. Each key is in turn. */
async function fillLimit(): Promise<void> {
  await schema.query(`
    INSERT INTO limits (name, concurrency, key_concurrency, served_key) VALUES ('full', 1, 1, '5');
    INSERT INTO jobs (id, status, priority, run_at, due, created_at, plugin_set, limits, limit_name,
        limit_key, blocked_since)
      SELECT 'job_l' || i, 'queued', 0, 0, true, i, 1, '[{"name":"full","key":"' || i % ${KEYS} || '"}]',
        'full', (i % ${KEYS})::text, CASE WHEN i > 0 THEN i END
      FROM generate_series(0, ${BLOCKED}) AS i;
    INSERT INTO job_specs (job, plugin_names, plugins, metadata, input)
      SELECT seq, ARRAY['first'], '[]', '{}', 'null' FROM jobs WHERE limit_name = 'full';
    INSERT INTO limit_states (limit_name, is_key, limit_key, in_turn)
      SELECT 'full', 1, i::text, 1 FROM generate_series(0, ${KEYS - 1}) AS i;
    INSERT INTO limit_vacancies (limit_name, limit_key)
      SELECT 'full', i::text FROM generate_series(0, ${KEYS - 1}) AS i;
    ANALYZE jobs, job_specs, limits, limit_states, limit_vacancies`);
}

/** Statements of an act that read many rows of jobs or limits, with the values that it gave them. */
async function longReads(act: (store: Store) => Promise<unknown>): Promise<string[]> {
  const query = vi.spyOn(pg.Client.prototype, "query");
  const store = await createPostgresStore({ url: schema.url, schema: schema.name });
  query.mockClear();
  await act(store);
  const calls = query.mock.calls as unknown as [string | { text: string; values: Value[] }][];
  const run = calls.flatMap(([config]) => (typeof config === "object" ? [config] : []));
  query.mockRestore();
  await store.close();
  const found: string[] = [];
  for (const { text: sql, values } of run) {
    const execute = values.length === 0 ? "" : `(${values.map(toLiteral).join(", ")})`;
    await session.run(`BEGIN; PREPARE looked AS ${sql}`);
    const [row] = await session.query<{ "QUERY PLAN": { Plan: Plan }[] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE looked${execute} /* ${(looks += 1)} */`,
    );
    await session.run("ROLLBACK; DEALLOCATE looked");
    for (const table of ["jobs", "limit_states", "limit_vacancies"]) {
      const rows = rowsReadOf(row?.["QUERY PLAN"][0]?.Plan, table);
      if (rows > MAX_READ) found.push(`reads ${rows} rows of ${table}: ${sql}`);
    }
  }
  return found;
}

function toLiteral(value: Value): string {
  if (value === null) return "NULL";
  const isList = typeof value === "object";
  const text = isList ? `{${value.map((each) => JSON.stringify(each)).join(",")}}` : String(value);
  return pg.escapeLiteral(text);
}

describe(`with ${BLOCKED} jobs of ${KEYS} keys that wait for a limit`, () => {
  beforeAll(fillLimit, 120_000);

  const ACTS: readonly [string, (store: Store) => Promise<unknown>][] = [
    ["a claim that finds no slot", (store) => claim(store, { now: BLOCKED })],
    [
      "a claim that gives a slot",
      async (store) => {
        await schema.query(
          `UPDATE jobs SET status = 'completed', ended_at = 1 WHERE id = 'job_l0'`,
        );
        const jobs = await claim(store, { now: BLOCKED, limit: ROWS });
        expect(jobs.filter(({ id }) => id.startsWith("job_l"))).toHaveLength(1);
      },
    ],
    ["the list of limits", (store) => store.limits()],
    ["a reap", (store) => store.reap({ owner: "owner_1", now: BLOCKED })],
  ];
  test.each(ACTS)("%s reads a bounded number of rows", async (_, act) => {
    expect(await longReads(act)).toEqual([]);
  });

  test("and one that reads more would be found", async () => {
    const other = await openSession({ url: schema.url, schema: schema.name, pipeline: true });
    const sql = `SELECT count(*) FROM jobs WHERE limit_name = $1 AND blocked_since IS NOT NULL`;
    expect(await longReads(() => other.query(sql, ["full"]))).toEqual([
      expect.stringContaining("rows of jobs"),
    ]);
    await other.close();
  });
});

test("the jobs before one that waits for a slot are counted without reading the others", async () => {
  const explained = await session.query<{ "QUERY PLAN": { Plan: Plan }[] }>(
    `EXPLAIN (FORMAT JSON) ${selectJob("due")} WHERE jobs.id = 'job_x1'`,
  );
  const conditions = conditionsOn(explained[0]?.["QUERY PLAN"][0]?.Plan, "jobs_blocked");
  expect(conditions).toEqual([
    expect.stringContaining("(priority > jobs.priority)"),
    expect.stringContaining("(seq < jobs.seq)"),
  ]);
});

function conditionsOn(plan: Plan | undefined, index: string): string[] {
  if (plan === undefined) return [];
  const own = plan["Index Name"] === index ? [plan["Index Cond"] ?? ""] : [];
  return [...own, ...(plan.Plans ?? []).flatMap((part) => conditionsOn(part, index))];
}

test("the destinations that are due are found by one look for each, not by reading what is due", async () => {
  const sql = `${DUE_DESTINATIONS} SELECT destination, ${READY_AT} AS ready_at FROM due`;
  const explained = await session.query<{ "QUERY PLAN": { Plan: Plan }[] }>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`,
  );
  const plan = explained[0]?.["QUERY PLAN"][0]?.Plan;
  // There are 5,000 deliveries that are due, to 10 destinations.
  expect(plan?.["Actual Rows"]).toBe(10);
  expect(rowsReadOf(plan, "deliveries")).toBeLessThanOrEqual(40);
});

/** The rows of a table that the parts of a plan have returned or filtered. */
function rowsReadOf(plan: Plan | undefined, table: string): number {
  if (plan === undefined) return 0;
  const { "Actual Rows": returned, "Rows Removed by Filter": filtered = 0 } = plan;
  const own = plan["Relation Name"] === table ? (returned + filtered) * plan["Actual Loops"] : 0;
  return (plan.Plans ?? []).reduce((sum, part) => sum + rowsReadOf(part, table), own);
}
