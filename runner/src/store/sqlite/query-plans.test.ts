/**
 * The speed of a statement with a million jobs depends on its plan, and the plan can be tested:
 * every statement must use an index, and none must sort.
 */
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DeliveryFilter } from "../../ports/store/deliveries.ts";
import type { JobFilter } from "../../ports/store/jobs.ts";
import { migrate } from "./migrate.ts";
import { createOperations } from "./operations.ts";
import { createReads } from "./reads.ts";

/** Allowed: scans of tables with four rows, of an index in its order, of a limited subquery, and of a JSON array. */
const HARMLESS =
  /^SCAN (job|delivery|webhook)_counts$|^SCAN \(subquery-\d+\)$| USING (COVERING )?INDEX |^SCAN json_each /;

const isShift = (sql: string) => /UPDATE destinations .*paused_until \+ \?2/s.test(sql);

describe("the plan of every statement", () => {
  let db: DatabaseSync;
  let statements: string[];

  beforeEach(() => {
    db = new DatabaseSync(":memory:");
    migrate(db);
    statements = [];
    const prepare = db.prepare.bind(db);
    db.prepare = (sql, ...rest) => {
      statements.push(sql);
      return prepare(sql, ...rest);
    };
  });
  afterEach(() => db.close());

  function plansOf(prepareAll: () => unknown): { sql: string; steps: string[] }[] {
    prepareAll();
    return statements.splice(0).map((sql) => ({
      sql,
      steps: db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map((row) => String(row["detail"])),
    }));
  }

  function offences(plans: { sql: string; steps: string[] }[]): string[] {
    return plans.flatMap(({ sql, steps }) =>
      steps
        .filter(
          (step) => (step.startsWith("SCAN") && !HARMLESS.test(step)) || /TEMP B-TREE/.test(step),
        )
        .map((step) => `${step}: ${sql}`),
    );
  }

  test("that writes uses an index and sorts nothing", () => {
    // shiftDue updates every destination, so it scans the table.
    const plans = plansOf(() => createOperations(db)).filter(({ sql }) => !isShift(sql));
    expect(plans.length).toBeGreaterThan(20);
    expect(offences(plans)).toEqual([]);
  });

  test("that reads uses an index and sorts nothing", () => {
    const plans = plansOf(() => createReads(db));
    expect(plans.length).toBeGreaterThan(8);
    expect(offences(plans)).toEqual([]);
  });

  test.each([
    ["a claim of jobs", /INDEXED BY jobs_ready/, /jobs USING INDEX jobs_ready/],
    [
      "finding the jobs that wait for a plugin",
      /WHERE waiting_on = \?/,
      /^SEARCH jobs USING INDEX jobs_waiting \(waiting_on=\?\)$/,
    ],
    [
      "finding the jobs that have waited longest",
      /WHERE waiting_since <= \?/,
      /^SEARCH jobs USING INDEX jobs_waiting_longest \(waiting_since<\?\)$/,
    ],
    [
      "a check for jobs that wait",
      /WHERE waiting_since IS NOT NULL LIMIT 1/,
      /jobs_waiting_longest/,
    ],
    [
      "a claim of first attempts",
      /FROM destinations CROSS JOIN deliveries INDEXED BY deliveries_first/,
      /deliveries USING INDEX deliveries_first \(destination=\? AND due_at<\?\)/,
    ],
    [
      "a claim of retries",
      /FROM destinations CROSS JOIN deliveries INDEXED BY deliveries_retries/,
      /deliveries USING INDEX deliveries_retries \(destination=\? AND due_at<\?\)/,
    ],
    ["marking scheduled jobs due", /SET due = 1/, /USING INDEX jobs_scheduled/],
    [
      "reaping jobs",
      /UPDATE jobs .* lease_until < \?2/s,
      /USING INDEX jobs_by_status \(status=\?\)/,
    ],
    [
      "reaping deliveries",
      /UPDATE deliveries .* lease_until < \?2/s,
      /USING INDEX deliveries_leased/,
    ],
    [
      "reading claimed deliveries",
      /FROM json_each\(\?\)\s+CROSS JOIN deliveries/,
      /^SCAN json_each .*?; SEARCH deliveries USING INTEGER PRIMARY KEY/,
    ],
    [
      "reading the webhooks of claimed deliveries",
      /FROM json_each\(\?\)\s+CROSS JOIN webhooks/,
      /^SCAN json_each .*?; SEARCH webhooks USING INTEGER PRIMARY KEY/,
    ],
    [
      "storing the leases of claimed deliveries",
      /SET lease_owner = \?, lease_until = \?/,
      /^SEARCH deliveries USING INTEGER PRIMARY KEY/,
    ],
    [
      "the order in which destinations are served",
      /SET paused_until = \?, served/,
      /destinations USING INTEGER PRIMARY KEY .*deliveries USING INDEX deliveries_first \(destination=\?\).*deliveries USING INDEX deliveries_retries \(destination=\?\)/,
    ],
    [
      "finding the persistent webhooks for an event",
      /FROM webhook_routes\s+CROSS JOIN/,
      /^SEARCH webhook_routes USING PRIMARY KEY \(kind=\? AND plugin=\? AND job_name=\?\)/,
    ],
    [
      "a recovery",
      /INDEXED BY deliveries_dead/,
      /deliveries USING COVERING INDEX deliveries_dead \(destination=\? AND created_at>\?\)/,
    ],
    [
      "giving up a webhook's deliveries",
      /SET state = 'dead', reason = \?/,
      /^SEARCH deliveries USING INDEX deliveries_by_webhook \(webhook=\?\)$/,
    ],
    [
      "finding webhooks that expired",
      /INDEXED BY persistent_webhooks_expiring/,
      /^SEARCH persistent_webhooks USING COVERING INDEX persistent_webhooks_expiring \(expires_at<\?\)/,
    ],
    [
      "pruning jobs",
      /FROM jobs\s+WHERE ended_at < \?1/,
      /USING COVERING INDEX jobs_ended \(ended_at<\?\)/,
    ],
  ])("of %s uses its index", (_, sql, plan) => {
    const plans = plansOf(() => createOperations(db)).filter((each) => sql.test(each.sql));
    // Two operations can prepare the same statement.
    expect(new Set(plans.map((each) => each.sql)).size).toBe(1);
    expect(plans[0]?.steps.join("; ")).toMatch(plan);
  });

  test("of the next scheduled job reads one index in its order", () => {
    const plans = plansOf(() => createReads(db)).filter(({ sql }) => /SELECT .*run_at/.test(sql));
    const next = plans.filter(({ sql }) => /due = 0/.test(sql));
    expect(next.map(({ steps }) => steps)).toEqual([
      ["SCAN jobs USING COVERING INDEX jobs_scheduled"],
    ]);
  });

  test.each([
    [
      "the destinations that are due",
      /FROM destinations .* wake_at <= \?/s,
      ["SEARCH destinations USING INDEX destinations_ready (wake_at<?)"],
    ],
    [
      "the next destination to be due",
      /FROM destinations .* wake_at IS NOT NULL/s,
      ["SEARCH destinations USING INDEX destinations_ready (wake_at>?)"],
    ],
    ["the batches to end", /FROM batches INDEXED BY/, ["SCAN batches USING INDEX batches_to_end"]],
  ])("that reads %s reads one index in its order", (_, sql, plan) => {
    const plans = plansOf(() => createReads(db)).filter((each) => sql.test(each.sql));
    expect(plans.map(({ steps }) => steps)).toEqual([plan]);
  });

  const BY_KEY = /^SEARCH \w+ USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/;

  test.each([
    [
      "status",
      { status: "failed" },
      /^SEARCH jobs USING INDEX jobs_by_status \(status=\? AND rowid>/,
    ],
    ["name", { name: "n" }, BY_KEY],
    ["plugin", { plugin: "p" }, BY_KEY],
    ["nothing", {}, BY_KEY],
  ])(
    "of a list of jobs by %s reads one range of keys and sorts nothing",
    async (_, filter, plan) => {
      insertOne();
      const reads = createReads(db);
      statements = [];
      await reads.jobs(filter as JobFilter, { limit: 10, cursor: null });
      const plans = plansOf(() => {});
      expect(offences(plans)).toEqual([]);
      expect(plans[0]?.steps[0]).toMatch(plan);
    },
  );

  test.each([
    ["state", { state: "dead" }, BY_KEY],
    [
      "job",
      { jobId: "job_1" },
      /^SEARCH deliveries USING INDEX deliveries_by_ordering_key \(job=\?\)/,
    ],
    ["batch", { batchId: "b" }, /^SEARCH deliveries USING INDEX deliveries_by_batch \(batch=\?/],
    ["webhook", { webhookId: "wh_1" }, /^SEARCH deliveries USING INDEX deliveries_by_webhook/],
  ])("of a list of deliveries by %s reads only the rows it needs", async (_, filter, plan) => {
    insertOne();
    const reads = createReads(db);
    statements = [];
    await reads.deliveries(filter as DeliveryFilter, { limit: 10, cursor: null });
    expect(plansOf(() => {})[0]?.steps[0]).toMatch(plan);
  });

  /** Needed because a list of an empty table prepares no statement. */
  function insertOne(): void {
    db.exec(`
      INSERT INTO jobs (id, status, priority, run_at, due, created_at)
      VALUES ('job_1', 'completed', 0, 0, 1, 0);
      INSERT INTO destinations (key) VALUES ('origin');
      INSERT INTO webhooks (id, job, destination, url, retries) VALUES ('wh_1', 1, 1, 'u', 0);
      INSERT INTO deliveries (job, webhook, destination, sequence, state, created_at)
      VALUES (1, 1, 1, 1, 'dead', 0);
    `);
  }
});
