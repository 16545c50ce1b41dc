/**
 * What is true in every committed state, whatever process was killed, at any moment. Each query selects
 * the rows that contradict its sentence, with a description of each.
 */
import type { Invariant } from "../shared/invariant.ts";
import { FILE_INVARIANTS } from "./file-invariants.ts";
import { KEY_INVARIANTS } from "../shared/key-invariants.ts";
import { LIMIT_INVARIANTS } from "./limit-invariants.ts";
import { PAYLOAD_INVARIANTS } from "../shared/payload-invariants.ts";
import { SCHEDULE_INVARIANTS } from "./schedule-invariants.ts";
import { STATS_INVARIANTS } from "./stats-invariants.ts";

const OPEN = "IN ('waiting', 'due')";
const ENDED = "IN ('completed', 'failed')";

/** A row that belongs to another one, whose table has no foreign key for it. */
function belongs(
  child: string,
  { column, parent, key = "seq" }: { column: string; parent: string; key?: string },
): Invariant {
  return {
    sentence: `every ${column} in ${child} is a row of ${parent}`,
    sql: `SELECT DISTINCT ${child}.${column}::text AS problem FROM ${child}
          WHERE ${child}.${column} IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM ${parent} WHERE ${parent}.${key} = ${child}.${column})`,
  };
}

const REFERENCES: readonly Invariant[] = [
  ...[
    "job_specs",
    "steps",
    "step_attempts",
    "events",
    "logs",
    "batch_jobs",
    "webhooks",
    "deliveries",
    "files",
    "job_files",
    "job_tags",
    "job_keys",
  ].map((child) => belongs(child, { column: "job", parent: "jobs" })),
  belongs("job_files", { column: "file", parent: "files" }),
  belongs("files", { column: "sha256", parent: "file_contents", key: "sha256" }),
  belongs("file_contents", { column: "sha256", parent: "files", key: "sha256" }),
  ...["batch_jobs", "webhooks", "deliveries"].map((child) =>
    belongs(child, { column: "batch", parent: "batches" }),
  ),
  ...["persistent_webhooks", "deliveries"].map((child) =>
    belongs(child, { column: "webhook", parent: "webhooks" }),
  ),
  belongs("webhook_routes", {
    column: "webhook",
    parent: "persistent_webhooks",
    key: "webhook",
  }),
  ...["webhooks", "deliveries", "idle_spans"].map((child) =>
    belongs(child, { column: "destination", parent: "destinations", key: "id" }),
  ),
  belongs("attempts", { column: "delivery", parent: "deliveries", key: "id" }),
  belongs("jobs", { column: "error_group", parent: "error_groups", key: "id" }),
  {
    sentence: "every idempotency key stands for a job or a batch",
    sql: `SELECT format('%s %s', kind, key) AS problem FROM idempotency_keys
          WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE kind = 'job' AND id = subject_id)
            AND NOT EXISTS (SELECT 1 FROM batches WHERE kind = 'batch' AND id = subject_id)`,
  },
];

const countsOf = (kind: string, { rows, column }: { rows: string; column: string }): Invariant => ({
  sentence: `the counts of ${kind} rows are those of the table ${rows}`,
  sql: `SELECT format('%s: the count is %s, the number of rows is %s', state, counted, actual)
          AS problem
        FROM (SELECT state, sum(count) AS counted FROM counts WHERE kind = '${kind}' GROUP BY state)
            AS stored
          FULL JOIN (SELECT ${column} AS state, count(*) AS actual FROM ${rows} GROUP BY ${column})
            AS real USING (state)
        WHERE coalesce(counted, 0) <> coalesce(actual, 0)`,
});

const JOBS: readonly Invariant[] = [
  countsOf("job", { rows: "jobs", column: "status" }),
  {
    sentence: "every job has a request",
    sql: `SELECT id AS problem FROM jobs
          WHERE NOT EXISTS (SELECT 1 FROM job_specs WHERE job = seq)`,
  },
  {
    sentence: "a job has an end time exactly when it has ended",
    sql: `SELECT format('%s is %s', id, status) AS problem FROM jobs
          WHERE (status ${ENDED}) <> (ended_at IS NOT NULL)`,
  },
  {
    sentence: "a job is claimed exactly when it is running",
    sql: `SELECT format('%s is %s, claimed by %s', id, status, coalesce(lease_owner, 'no owner'))
            AS problem
          FROM jobs WHERE (status = 'running') <> (lease_owner IS NOT NULL)
            OR (lease_owner IS NULL) <> (lease_until IS NULL)`,
  },
  {
    sentence: "only a queued job that is due waits, and says for what and since when",
    sql: `SELECT format('%s is %s, and waits for %s %s since %s', id, status, waiting_kind,
            waiting_on, waiting_since) AS problem
          FROM jobs
          WHERE (waiting_kind IS NULL) <> (waiting_since IS NULL)
            OR (waiting_on IS NULL) <> (waiting_since IS NULL)
            OR (waiting_since IS NOT NULL AND (status <> 'queued' OR NOT due))`,
  },
  {
    sentence: "a job has a failure code exactly when it has failed",
    sql: `SELECT format('%s is %s', id, status) AS problem FROM jobs
          WHERE (status = 'failed') <> (failure_code IS NOT NULL)`,
  },
  {
    sentence: "a job has the set of its plugins",
    sql: `SELECT id AS problem FROM jobs JOIN job_specs ON job = seq
          WHERE ARRAY(SELECT DISTINCT plugin COLLATE "C" FROM unnest(plugin_names) AS plugin ORDER BY 1)
            <> ARRAY(SELECT plugin FROM plugin_set_members
                 WHERE plugin_set_members.plugin_set = jobs.plugin_set ORDER BY 1)`,
  },
  {
    sentence: "only a failed job is in an error group",
    sql: `SELECT format('%s is %s', id, status) AS problem FROM jobs
          WHERE error_group IS NOT NULL AND status <> 'failed'`,
  },
  {
    sentence: "a tag has its job's time of creation",
    sql: `SELECT format('%s of %s', tag, id) AS problem FROM job_tags JOIN jobs ON seq = job
          WHERE job_tags.created_at <> jobs.created_at`,
  },
  {
    sentence: "a job's events are numbered 1, 2, 3 … up to its sequence",
    sql: `SELECT format('%s: the sequence is %s, but there are %s events up to %s', jobs.id,
              jobs.sequence, count(events.job), coalesce(max(events.sequence), 0)) AS problem
          FROM jobs LEFT JOIN events ON job = seq GROUP BY seq
          HAVING count(events.job) <> jobs.sequence
            OR coalesce(max(events.sequence), 0) <> jobs.sequence
            OR coalesce(min(events.sequence), 1) <> 1`,
  },
  {
    sentence: "an ended job's last event matches its status",
    sql: `SELECT format('%s is %s, and its last event is %s', jobs.id, status, kind) AS problem
          FROM jobs LEFT JOIN events ON job = seq AND events.sequence = jobs.sequence
          WHERE status ${ENDED} AND kind IS DISTINCT FROM status`,
  },
  {
    sentence: "a job's completed steps match its count, in order",
    sql: `SELECT format('%s: the count is %s, the number of steps is %s', jobs.id, completed_steps,
              count(steps.id)) AS problem
          FROM jobs LEFT JOIN steps ON job = seq AND steps.status = 'completed' GROUP BY seq
          HAVING count(steps.id) <> completed_steps
            OR coalesce(max(position), -1) <> completed_steps - 1`,
  },
  {
    sentence: "a job has each failed attempt that it counts",
    sql: `SELECT format('%s counts %s', id, failed_attempts) AS problem FROM jobs
          WHERE failed_attempts > (
            SELECT count(*) FROM step_attempts
            WHERE job = seq AND position = completed_steps AND NOT is_past
          )`,
  },
  {
    sentence: "a completed job has completed all of its plugins",
    sql: `SELECT format('%s completed %s of %s', id, completed_steps, cardinality(plugin_names))
            AS problem
          FROM jobs JOIN job_specs ON job = seq
          WHERE status = 'completed' AND completed_steps <> cardinality(plugin_names)`,
  },
];

const BATCHES: readonly Invariant[] = [
  {
    sentence: "a batch has the states of its jobs",
    sql: `SELECT format('%s: %s is %s, by the batch %s', batches.id, jobs.id, status, state) AS problem
          FROM batches JOIN batch_jobs ON batch = batches.seq JOIN jobs ON jobs.seq = job
          WHERE state <> CASE WHEN jobs.ended_at IS NULL THEN 'open' ELSE status END`,
  },
  {
    sentence: "a batch has a callback exactly when it has ended",
    sql: `SELECT id AS problem FROM batches WHERE (ended_at IS NULL) <> (body IS NULL)`,
  },
];

const DELIVERIES: readonly Invariant[] = [
  countsOf("delivery", { rows: "deliveries", column: "state" }),
  {
    sentence: "every event that a job's own webhook wants has a delivery",
    sql: `SELECT format('event %s of %s', events.sequence, jobs.id) AS problem
          FROM events JOIN jobs ON jobs.seq = events.job JOIN webhooks ON webhooks.job = events.job
          WHERE (kinds IS NULL OR position('"' || events.kind || '"' IN kinds) > 0)
            AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.job = events.job
              AND webhook = webhooks.seq AND deliveries.sequence = events.sequence)`,
  },
  {
    sentence: "every batch that has ended and has a webhook has a delivery",
    sql: `SELECT batches.id AS problem FROM batches JOIN webhooks ON webhooks.batch = batches.seq
          WHERE ended_at IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.batch = batches.seq)`,
  },
  {
    sentence: "every delivery has a body",
    sql: `SELECT format('dlv_%s', deliveries.id) AS problem FROM deliveries
            LEFT JOIN events ON events.job = deliveries.job AND events.sequence = deliveries.sequence
            LEFT JOIN batches ON batches.seq = deliveries.batch
          WHERE events.body IS NULL AND batches.body IS NULL`,
  },
  {
    sentence: "the first open delivery with an ordering key is due",
    sql: `SELECT format('dlv_%s is waiting, but no earlier delivery is open', id)
            AS problem FROM deliveries AS waiting
          WHERE state = 'waiting' AND NOT EXISTS (
            SELECT 1 FROM deliveries AS earlier
            WHERE earlier.job = waiting.job AND earlier.webhook = waiting.webhook
              AND earlier.state ${OPEN} AND earlier.id < waiting.id)`,
  },
  {
    sentence: "no later delivery with the same ordering key is due, unless it is in flight",
    sql: `SELECT format('dlv_%s is due, but an earlier delivery is open', id)
            AS problem FROM deliveries AS later
          WHERE state = 'due' AND lease_owner IS NULL AND EXISTS (
            SELECT 1 FROM deliveries AS earlier
            WHERE earlier.job = later.job AND earlier.webhook = later.webhook
              AND earlier.state ${OPEN} AND earlier.id < later.id)`,
  },
  {
    sentence:
      "a delivery has a due time exactly when it is due, an end time exactly when it has ended, and a lease only when it is due or was given up in flight",
    sql: `SELECT format('dlv_%s is %s', id, state) AS problem FROM deliveries
          WHERE (state = 'due') <> (due_at IS NOT NULL)
            OR (state ${OPEN}) <> (ended_at IS NULL)
            OR (lease_owner IS NOT NULL AND state NOT IN ('due', 'dead'))
            OR (lease_owner IS NULL) <> (lease_until IS NULL)`,
  },
  {
    sentence: "a delivery's attempts are numbered 1, 2, 3 … up to its count",
    sql: `SELECT format('dlv_%s: the count is %s, the number of attempts is %s', id, attempts,
              count(number)) AS problem
          FROM deliveries LEFT JOIN attempts ON delivery = id GROUP BY id
          HAVING count(number) <> attempts OR coalesce(max(number), 0) <> attempts`,
  },
  {
    sentence: "the deliveries of one ordering key are in the order of their events",
    sql: `SELECT format('dlv_%s of event %s is before dlv_%s of event %s', a.id, a.sequence, b.id,
              b.sequence) AS problem
          FROM deliveries AS a JOIN deliveries AS b
            ON a.job = b.job AND a.webhook = b.webhook AND a.id < b.id
          WHERE a.sequence >= b.sequence`,
  },
];

const DESTINATIONS: readonly Invariant[] = [
  {
    sentence: "a destination's probe is in flight, and its circuit is open",
    sql: `SELECT format('destination "%s": the probe is dlv_%s', key, probe) AS problem
          FROM destinations
          WHERE probe IS NOT NULL AND (failures < 5 OR NOT EXISTS (
            SELECT 1 FROM deliveries WHERE id = probe
              AND deliveries.destination = destinations.id AND lease_owner IS NOT NULL))`,
  },
  {
    sentence: "a delivery has its webhook's destination",
    sql: `SELECT format('dlv_%s', deliveries.id) AS problem FROM deliveries
            JOIN webhooks ON seq = webhook WHERE deliveries.destination <> webhooks.destination`,
  },
  {
    sentence: "every destination has a webhook",
    sql: `SELECT format('destination "%s"', key) AS problem FROM destinations
          WHERE NOT EXISTS (SELECT 1 FROM webhooks WHERE destination = destinations.id)`,
  },
  {
    sentence: "a destination is stopped exactly when its webhook is paused or off",
    sql: `SELECT format('%s is %s', webhooks.id, state) AS problem
          FROM persistent_webhooks JOIN webhooks ON seq = webhook
            JOIN destinations ON destinations.id = destination
          WHERE stopped <> (state <> 'active')`,
  },
  {
    sentence: "a webhook is a job's, a batch's, persistent, or removed",
    sql: `SELECT id AS problem FROM webhooks
          WHERE num_nonnulls(job, batch) + removed::integer + (
            SELECT count(*) FROM persistent_webhooks WHERE webhook = seq) <> 1`,
  },
  {
    sentence: "only the deliveries of a webhook that is off are being given up",
    sql: `SELECT format('%s is %s', webhooks.id, state) AS problem
          FROM persistent_webhooks JOIN webhooks ON seq = webhook
          WHERE given_up_to IS NOT NULL AND state <> 'off'`,
  },
  {
    sentence: "a persistent webhook has routes unless it is off",
    sql: `SELECT format('%s is %s', webhooks.id, state) AS problem
          FROM persistent_webhooks JOIN webhooks ON seq = webhook
          WHERE (state <> 'off') <> EXISTS (
            SELECT 1 FROM webhook_routes WHERE webhook_routes.webhook = seq)`,
  },
];

export const INVARIANTS: readonly Invariant[] = [
  ...REFERENCES,
  ...JOBS,
  ...BATCHES,
  ...DELIVERIES,
  ...DESTINATIONS,
  ...STATS_INVARIANTS,
  ...FILE_INVARIANTS,
  ...SCHEDULE_INVARIANTS,
  ...LIMIT_INVARIANTS,
  ...KEY_INVARIANTS,
  ...PAYLOAD_INVARIANTS,
];
