/**
 * The speed of a statement with a million jobs depends on its plan, and the plan can be tested:
 * every statement must use an index, and none must sort.
 */
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { migrate } from "./migrate.ts";
import { createOperations } from "./operations.ts";
import { createReads } from "./reads.ts";

/** Allowed: scans of tables with few rows, of an index in its order, of a limited subquery, a JSON array and a pragma. */
const HARMLESS =
  /^SCAN ((job|delivery|webhook)_counts|sessions)$|^SCAN before_it$|^SCAN \(subquery-\d+\)$| USING (COVERING )?INDEX |^SCAN json_each |^SCAN pragma_/;

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
    const plans = plansOf(() => createOperations(db));
    expect(plans.length).toBeGreaterThan(20);
    expect(offences(plans)).toEqual([]);
  });

  test("that reads uses an index and sorts nothing", () => {
    const plans = plansOf(() => createReads(db));
    expect(plans.length).toBeGreaterThan(8);
    expect(offences(plans)).toEqual([]);
  });

  test.each([
    ["a claim of jobs", /jobs_ready CROSS JOIN/, /jobs USING INDEX jobs_ready/],
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
      "a look for the job that has a key",
      /FROM job_keys JOIN jobs.*WHERE identity = \?/s,
      /^SEARCH job_keys USING INDEX job_keys_identity \(identity=\?\); SEARCH jobs USING INTEGER PRIMARY KEY/,
    ],
    [
      "a look for free slots",
      /SELECT 1 FROM limit_vacancies/,
      /^COMPOUND QUERY; LEFT-MOST SUBQUERY; SEARCH limit_vacancies USING PRIMARY KEY \(limit_name>\?\); UNION ALL; SEARCH limit_states USING COVERING INDEX limit_states_to_wake \(wake_at<\?\)$/,
    ],
    [
      "giving slots to jobs with any key",
      /AND limit_name = \?1 ORDER BY/,
      /SEARCH jobs USING INDEX jobs_blocked \(limit_name=\?\)$/,
    ],
    [
      "giving slots to jobs with one key",
      /SET blocked_since = NULL.*AND limit_key = \? ORDER BY/s,
      /SEARCH jobs USING INDEX jobs_blocked \(limit_name=\? AND limit_key=\?\)$/,
    ],
    [
      "the key that is next",
      /limit_key > \?/,
      /^SEARCH limit_states USING COVERING INDEX limit_states_in_turn \(limit_name=\? AND limit_key>\?\)$/,
    ],
    [
      "counting the slots of a key that are used",
      /count\(\*\) AS used.*limit_key = \?/s,
      /SEARCH jobs USING INDEX jobs_with_slot \(limit_name=\? AND limit_key=\?\)/,
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
    ["marking scheduled jobs due", /SET due = 1/, /USING COVERING INDEX jobs_scheduled/],
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
      /SET fence = fence \+ 1, lease_owner = \?/,
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
      /deliveries USING INDEX deliveries_dead \(destination=\? AND created_at>\?\)/,
    ],
    [
      "giving up a webhook's deliveries",
      /SET state = 'dead', due_at = NULL, ended_at = \?4/,
      /^SEARCH deliveries USING INDEX deliveries_by_webhook \(webhook=\? AND rowid>\? AND rowid<\?\)/,
    ],
    [
      "moving what is due when the clock was set back",
      /SELECT id, due_at AS at FROM deliveries INDEXED BY deliveries_first/,
      /^SEARCH deliveries USING INDEX deliveries_first \(destination=\? AND due_at>\?\)$/,
    ],
    [
      "finding webhooks that expired",
      /INDEXED BY persistent_webhooks_expiring/,
      /^SEARCH persistent_webhooks USING COVERING INDEX persistent_webhooks_expiring \(expires_at<\?\)/,
    ],
    [
      "pruning jobs",
      /FROM jobs\s+WHERE ended_at < \?1/,
      /USING INDEX jobs_ended \(ended_at>\? AND ended_at<\?\)/,
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

  test("that counts the jobs before one that waits for a slot reads no others", () => {
    const plans = plansOf(() => createReads(db)).filter(({ sql }) => / AS ahead\b/.test(sql));
    expect(plans.length).toBeGreaterThan(0);
    for (const { steps } of plans) {
      const key = "SEARCH other USING INDEX jobs_blocked (limit_name=? AND limit_key=?";
      expect(steps.filter((step) => step.includes("jobs_blocked"))).toEqual([
        `${key} AND priority>?)`,
        `${key} AND priority=? AND seq<?)`,
      ]);
    }
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
});
