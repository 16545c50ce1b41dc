/**
 * What holds in every committed state, whatever was killed when. Each query finds the rows that
 * break its sentence and tells of each in words. `OPEN` is a delivery that has not ended.
 */
import { LEAST_DUE_AT } from "./ops/destinations.ts";

export interface Invariant {
  /** What is so. */
  readonly holds: string;
  /** Selects, as `told`, what is not so. */
  readonly sql: string;
}

const OPEN = "IN ('waiting', 'due')";
const ENDED = "IN ('completed', 'failed')";

function countsAgree(
  counts: string,
  { column, rows }: { column: string; rows: string },
): Invariant {
  return {
    holds: `${counts} agrees with ${rows}`,
    sql: `SELECT printf('%s is counted %d times, and is there %d times', ${column}, count, actual)
            AS told
          FROM (SELECT ${column}, count, (
            SELECT count(*) FROM ${rows} WHERE ${rows}.${column} = ${counts}.${column}
          ) AS actual FROM ${counts}) WHERE count <> actual`,
  };
}

const COUNTS: readonly Invariant[] = [
  countsAgree("job_counts", { column: "status", rows: "jobs" }),
  countsAgree("delivery_counts", { column: "state", rows: "deliveries" }),
  countsAgree("webhook_counts", { column: "state", rows: "persistent_webhooks" }),
];

const JOBS: readonly Invariant[] = [
  {
    holds: "every job has its request",
    sql: `SELECT id AS told FROM jobs WHERE seq NOT IN (SELECT job FROM job_specs)`,
  },
  {
    holds: "a job has an end if it has ended",
    sql: `SELECT printf('%s is %s', id, status) AS told FROM jobs
          WHERE (status ${ENDED}) <> (ended_at IS NOT NULL)`,
  },
  {
    holds: "a job is leased if it is running",
    sql: `SELECT printf('%s is %s, leased by %s', id, status, coalesce(lease_owner, 'nobody')) AS told
          FROM jobs WHERE (status = 'running') <> (lease_owner IS NOT NULL)
            OR (lease_owner IS NULL) <> (lease_until IS NULL)`,
  },
  {
    holds: "a job's failure is told if it has failed",
    sql: `SELECT printf('%s is %s', id, status) AS told FROM jobs
          WHERE (status = 'failed') <> (failure_code IS NOT NULL)`,
  },
  {
    holds: "the events of a job are numbered 1, 2, 3 … up to its sequence",
    sql: `SELECT printf('%s is at %d, and has %d events up to %d', jobs.id, jobs.sequence,
            count(events.id), coalesce(max(events.sequence), 0)) AS told
          FROM jobs LEFT JOIN events ON job = seq GROUP BY seq
          HAVING count(events.id) <> jobs.sequence
            OR coalesce(max(events.sequence), 0) <> jobs.sequence
            OR coalesce(min(events.sequence), 1) <> 1`,
  },
  {
    holds: "the last event of a job that ended tells its end",
    sql: `SELECT printf('%s is %s, and its last event is %s', jobs.id, status, coalesce(kind, 'missing'))
            AS told
          FROM jobs LEFT JOIN events ON job = seq AND events.sequence = jobs.sequence
          WHERE status ${ENDED} AND kind IS NOT status`,
  },
  {
    holds: "the completed steps of a job are those it counts, in order",
    sql: `SELECT printf('%s counts %d, and has %d', jobs.id, completed_steps, count(steps.id)) AS told
          FROM jobs LEFT JOIN steps ON job = seq AND steps.status = 'completed' GROUP BY seq
          HAVING count(steps.id) <> completed_steps
            OR coalesce(max(position), -1) <> completed_steps - 1`,
  },
  {
    holds: "a completed job has completed each of its plugins",
    sql: `SELECT printf('%s completed %d of %d', id, completed_steps, json_array_length(plugins)) AS told
          FROM jobs JOIN job_specs ON job = seq
          WHERE status = 'completed' AND completed_steps <> json_array_length(plugins)`,
  },
];

const BATCHES: readonly Invariant[] = [
  {
    holds: "open_jobs of a batch counts its jobs that have not ended",
    sql: `SELECT printf('%s says %d, and has %d', id, open_jobs, actual) AS told
          FROM (SELECT id, open_jobs, (
            SELECT count(*) FROM jobs
            WHERE ended_at IS NULL AND seq IN (SELECT job FROM batch_jobs WHERE batch = batches.seq)
          ) AS actual FROM batches) WHERE open_jobs <> actual`,
  },
  {
    holds: "a batch has its callback if it has ended",
    sql: `SELECT id AS told FROM batches WHERE (ended_at IS NULL) <> (body IS NULL)`,
  },
];

const DELIVERIES: readonly Invariant[] = [
  {
    holds: "every event that a job's own webhook wants has its delivery",
    sql: `SELECT printf('event %d of %s', events.sequence, jobs.id) AS told
          FROM events JOIN jobs ON jobs.seq = events.job JOIN webhooks ON webhooks.job = events.job
          WHERE (kinds IS NULL OR EXISTS (SELECT 1 FROM json_each(kinds) WHERE value = events.kind))
            AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.job = events.job
              AND webhook = webhooks.seq AND deliveries.sequence = events.sequence)`,
  },
  {
    holds: "every batch that ended and has a webhook has its delivery",
    sql: `SELECT batches.id AS told FROM batches JOIN webhooks ON webhooks.batch = batches.seq
          WHERE ended_at IS NOT NULL
            AND batches.seq NOT IN (SELECT batch FROM deliveries WHERE batch IS NOT NULL)`,
  },
  {
    holds: "every delivery has what it delivers",
    sql: `SELECT printf('dlv_%d', deliveries.id) AS told FROM deliveries
            LEFT JOIN events ON events.job = deliveries.job AND events.sequence = deliveries.sequence
            LEFT JOIN batches ON batches.seq = deliveries.batch
          WHERE events.body IS NULL AND batches.body IS NULL`,
  },
  {
    holds: "the first delivery of a line that has not ended is due",
    sql: `SELECT printf('dlv_%d waits for nothing', id) AS told FROM deliveries AS waiting
          WHERE state = 'waiting' AND NOT EXISTS (
            SELECT 1 FROM deliveries AS earlier
            WHERE earlier.job = waiting.job AND earlier.webhook = waiting.webhook
              AND earlier.state ${OPEN} AND earlier.id < waiting.id)`,
  },
  {
    holds: "no other delivery of a line is due, but for one in flight",
    sql: `SELECT printf('dlv_%d is due behind another', id) AS told FROM deliveries AS later
          WHERE state = 'due' AND lease_owner IS NULL AND EXISTS (
            SELECT 1 FROM deliveries AS earlier
            WHERE earlier.job = later.job AND earlier.webhook = later.webhook
              AND earlier.state ${OPEN} AND earlier.id < later.id)`,
  },
  {
    holds:
      "a delivery has an instant if it is due, an end if it has ended, a lease only if it is due",
    sql: `SELECT printf('dlv_%d is %s', id, state) AS told FROM deliveries
          WHERE (state = 'due') <> (due_at IS NOT NULL)
            OR (state ${OPEN}) <> (ended_at IS NULL)
            OR (lease_owner IS NOT NULL AND state <> 'due')
            OR (lease_owner IS NULL) <> (lease_until IS NULL)`,
  },
  {
    holds: "the attempts of a delivery are numbered 1, 2, 3 … up to those it counts",
    sql: `SELECT printf('dlv_%d counts %d, and has %d', id, attempts, count(number)) AS told
          FROM deliveries LEFT JOIN attempts ON delivery = id GROUP BY id
          HAVING count(number) <> attempts OR coalesce(max(number), 0) <> attempts`,
  },
];

const DESTINATIONS: readonly Invariant[] = [
  {
    holds:
      "ready_at of a destination is the earliest instant of its deliveries that can be claimed",
    sql: `SELECT printf('destination "%s" says %s, and it is %s', key, coalesce(ready_at, 'never'),
            coalesce(actual, 'never')) AS told
          FROM (SELECT key, ready_at, ${LEAST_DUE_AT} AS actual FROM destinations)
          WHERE ready_at IS NOT actual`,
  },
  {
    holds: "a delivery is in its webhook's destination",
    sql: `SELECT printf('dlv_%d', deliveries.id) AS told FROM deliveries
            JOIN webhooks ON seq = webhook WHERE deliveries.destination <> webhooks.destination`,
  },
  {
    holds: "every destination has a webhook",
    sql: `SELECT printf('destination "%s"', key) AS told FROM destinations
          WHERE id NOT IN (SELECT destination FROM webhooks)`,
  },
  {
    holds: "a destination stands still if its webhook is paused or off",
    sql: `SELECT printf('%s is %s', webhooks.id, state) AS told
          FROM persistent_webhooks JOIN webhooks ON seq = webhook JOIN destinations ON destinations.id = destination
          WHERE stopped <> (state <> 'active')`,
  },
  {
    holds: "a persistent webhook has routes unless it is off",
    sql: `SELECT printf('%s is %s', webhooks.id, state) AS told
          FROM persistent_webhooks JOIN webhooks ON seq = webhook
          WHERE (state <> 'off') <> EXISTS (
            SELECT 1 FROM webhook_routes WHERE webhook_routes.webhook = seq)`,
  },
];

export const INVARIANTS: readonly Invariant[] = [
  ...COUNTS,
  ...JOBS,
  ...BATCHES,
  ...DELIVERIES,
  ...DESTINATIONS,
];
