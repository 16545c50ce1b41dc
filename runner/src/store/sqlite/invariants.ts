/**
 * What is true in every committed state, whatever process was killed, at any moment. Each
 * query selects the rows that contradict its sentence, with a description of each. `OPEN` selects
 * deliveries that have not ended.
 */
import type { Invariant } from "../shared/invariant.ts";
import { KEY_INVARIANTS } from "./key-invariants.ts";
import { LIMIT_INVARIANTS } from "./limit-invariants.ts";
import { PAYLOAD_INVARIANTS } from "../shared/payload-invariants.ts";
import { SCHEDULE_INVARIANTS } from "./schedule-invariants.ts";
import { STATS_INVARIANTS } from "./stats-invariants.ts";
import { EARLIEST_DUE_AT } from "./ops/destinations.ts";

const OPEN = "IN ('waiting', 'due')";
const ENDED = "IN ('completed', 'failed')";

function countsAgree(
  counts: string,
  { column, rows }: { column: string; rows: string },
): Invariant {
  return {
    sentence: `${counts} matches the rows of ${rows}`,
    sql: `SELECT printf('%s: the count is %d, the number of rows is %d', ${column}, count, actual)
            AS problem
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
    sentence: "every job has a request",
    sql: `SELECT id AS problem FROM jobs WHERE seq NOT IN (SELECT job FROM job_specs)`,
  },
  {
    sentence: "a job has an end time exactly when it has ended",
    sql: `SELECT printf('%s is %s', id, status) AS problem FROM jobs
          WHERE (status ${ENDED}) <> (ended_at IS NOT NULL)`,
  },
  {
    sentence: "a job is claimed exactly when it is running",
    sql: `SELECT printf('%s is %s, claimed by %s', id, status, coalesce(lease_owner, 'no owner'))
            AS problem
          FROM jobs WHERE (status = 'running') <> (lease_owner IS NOT NULL)
            OR (lease_owner IS NULL) <> (lease_until IS NULL)`,
  },
  {
    sentence: "only a queued job that is due waits, and says for what and since when",
    sql: `SELECT printf('%s is %s, and waits for %s %s since %s', id, status,
              coalesce(waiting_kind, 'nothing'), coalesce(waiting_on, ''),
              coalesce(waiting_since, 'no instant')) AS problem
          FROM jobs
          WHERE (waiting_kind IS NULL) <> (waiting_since IS NULL)
            OR (waiting_on IS NULL) <> (waiting_since IS NULL)
            OR (waiting_since IS NOT NULL AND (status <> 'queued' OR due = 0))`,
  },
  {
    sentence: "a job has a failure code exactly when it has failed",
    sql: `SELECT printf('%s is %s', id, status) AS problem FROM jobs
          WHERE (status = 'failed') <> (failure_code IS NOT NULL)`,
  },
  {
    sentence: "a job has the set of its plugins",
    sql: `SELECT id AS problem FROM jobs JOIN job_specs ON job = seq
          WHERE NOT EXISTS (
            SELECT 1 FROM plugin_sets WHERE plugin_sets.id = plugin_set AND names = (
              SELECT json_group_array(value)
              FROM (SELECT DISTINCT value FROM json_each(plugin_names) ORDER BY value)
            )
          ) OR EXISTS (
            SELECT 1 FROM json_each(plugin_names) WHERE NOT EXISTS (
              SELECT 1 FROM plugin_set_members
              WHERE plugin = json_each.value AND plugin_set_members.plugin_set = jobs.plugin_set
            )
          )`,
  },
  {
    sentence: "only a failed job is in an error group",
    sql: `SELECT printf('%s is %s', id, status) AS problem FROM jobs
          WHERE error_group IS NOT NULL AND status <> 'failed'`,
  },
  {
    sentence: "a tag has its job's time of creation",
    sql: `SELECT printf('%s of %s', tag, id) AS problem FROM job_tags JOIN jobs ON seq = job
          WHERE job_tags.created_at <> jobs.created_at`,
  },
  {
    sentence: "a job's events are numbered 1, 2, 3 … up to its sequence",
    sql: `SELECT printf('%s: the sequence is %d, but there are %d events up to %d',
            jobs.id, jobs.sequence, count(events.id), coalesce(max(events.sequence), 0)) AS problem
          FROM jobs LEFT JOIN events ON job = seq GROUP BY seq
          HAVING count(events.id) <> jobs.sequence
            OR coalesce(max(events.sequence), 0) <> jobs.sequence
            OR coalesce(min(events.sequence), 1) <> 1`,
  },
  {
    sentence: "an ended job's last event matches its status",
    sql: `SELECT printf('%s is %s, and its last event is %s',
            jobs.id, status, coalesce(kind, 'missing')) AS problem
          FROM jobs LEFT JOIN events ON job = seq AND events.sequence = jobs.sequence
          WHERE status ${ENDED} AND kind IS NOT status`,
  },
  {
    sentence: "a job's completed steps match its count, in order",
    sql: `SELECT printf('%s: the count is %d, the number of steps is %d',
            jobs.id, completed_steps, count(steps.id)) AS problem
          FROM jobs LEFT JOIN steps ON job = seq AND steps.status = 'completed' GROUP BY seq
          HAVING count(steps.id) <> completed_steps
            OR coalesce(max(position), -1) <> completed_steps - 1`,
  },
  {
    sentence: "a job has each failed attempt that it counts",
    sql: `SELECT printf('%s counts %d', id, failed_attempts) AS problem FROM jobs
          WHERE failed_attempts > (
            SELECT count(*) FROM step_attempts
            WHERE job = seq AND position = completed_steps AND is_past = 0
          )`,
  },
  {
    sentence: "a completed job has completed all of its plugins",
    sql: `SELECT printf('%s completed %d of %d', id, completed_steps, json_array_length(plugins))
            AS problem
          FROM jobs JOIN job_specs ON job = seq
          WHERE status = 'completed' AND completed_steps <> json_array_length(plugins)`,
  },
];

const BATCHES: readonly Invariant[] = [
  {
    sentence: "open_jobs of a batch is the number of its jobs that have not ended",
    sql: `SELECT printf('%s: open_jobs is %d, the number of jobs is %d', id, open_jobs, actual)
            AS problem
          FROM (SELECT id, open_jobs, (
            SELECT count(*) FROM jobs
            WHERE ended_at IS NULL AND seq IN (SELECT job FROM batch_jobs WHERE batch = batches.seq)
          ) AS actual FROM batches) WHERE open_jobs <> actual`,
  },
  {
    sentence: "the numbers of a batch are those of its jobs",
    sql: `SELECT printf('%s: %d of %d jobs have completed and %d have failed, by its numbers %d of %d and %d',
            id, real_completed, real_jobs, real_failed, completed_jobs, jobs, failed_jobs) AS problem
          FROM (
            SELECT batches.*, count(*) AS real_jobs,
              count(*) FILTER (WHERE status = 'completed') AS real_completed,
              count(*) FILTER (WHERE status = 'failed') AS real_failed
            FROM batches JOIN batch_jobs ON batch = batches.seq JOIN jobs ON jobs.seq = job
            GROUP BY batches.seq
          )
          WHERE (jobs, completed_jobs, failed_jobs) <> (real_jobs, real_completed, real_failed)`,
  },
  {
    sentence: "a batch has a callback exactly when it has ended",
    sql: `SELECT id AS problem FROM batches WHERE (ended_at IS NULL) <> (body IS NULL)`,
  },
];

const DELIVERIES: readonly Invariant[] = [
  {
    sentence: "every event that a job's own webhook wants has a delivery",
    sql: `SELECT printf('event %d of %s', events.sequence, jobs.id) AS problem
          FROM events JOIN jobs ON jobs.seq = events.job JOIN webhooks ON webhooks.job = events.job
          WHERE (kinds IS NULL OR EXISTS (SELECT 1 FROM json_each(kinds) WHERE value = events.kind))
            AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.job = events.job
              AND webhook = webhooks.seq AND deliveries.sequence = events.sequence)`,
  },
  {
    sentence: "every batch that has ended and has a webhook has a delivery",
    sql: `SELECT batches.id AS problem FROM batches JOIN webhooks ON webhooks.batch = batches.seq
          WHERE ended_at IS NOT NULL
            AND batches.seq NOT IN (SELECT batch FROM deliveries WHERE batch IS NOT NULL)`,
  },
  {
    sentence: "every delivery has a body",
    sql: `SELECT printf('dlv_%d', deliveries.id) AS problem FROM deliveries
            LEFT JOIN events ON events.job = deliveries.job AND events.sequence = deliveries.sequence
            LEFT JOIN batches ON batches.seq = deliveries.batch
          WHERE events.body IS NULL AND batches.body IS NULL`,
  },
  {
    sentence: "the first open delivery with an ordering key is due",
    sql: `SELECT printf('dlv_%d is waiting, but no earlier delivery is open', id)
            AS problem FROM deliveries AS waiting
          WHERE state = 'waiting' AND NOT EXISTS (
            SELECT 1 FROM deliveries AS earlier
            WHERE earlier.job = waiting.job AND earlier.webhook = waiting.webhook
              AND earlier.state ${OPEN} AND earlier.id < waiting.id)`,
  },
  {
    sentence: "no later delivery with the same ordering key is due, unless it is in flight",
    sql: `SELECT printf('dlv_%d is due, but an earlier delivery is open', id)
            AS problem FROM deliveries AS later
          WHERE state = 'due' AND lease_owner IS NULL AND EXISTS (
            SELECT 1 FROM deliveries AS earlier
            WHERE earlier.job = later.job AND earlier.webhook = later.webhook
              AND earlier.state ${OPEN} AND earlier.id < later.id)`,
  },
  {
    sentence:
      "a delivery has a due time exactly when it is due, an end time exactly when it has ended, and a lease only when it is due or was given up in flight",
    sql: `SELECT printf('dlv_%d is %s', id, state) AS problem FROM deliveries
          WHERE (state = 'due') <> (due_at IS NOT NULL)
            OR (state ${OPEN}) <> (ended_at IS NULL)
            OR (lease_owner IS NOT NULL AND state NOT IN ('due', 'dead'))
            OR (lease_owner IS NULL) <> (lease_until IS NULL)`,
  },
  {
    sentence: "a delivery's attempts are numbered 1, 2, 3 … up to its count",
    sql: `SELECT printf('dlv_%d: the count is %d, the number of attempts is %d',
            id, attempts, count(number)) AS problem
          FROM deliveries LEFT JOIN attempts ON delivery = id GROUP BY id
          HAVING count(number) <> attempts OR coalesce(max(number), 0) <> attempts`,
  },
];

const DESTINATIONS: readonly Invariant[] = [
  {
    sentence:
      "ready_at of a destination is the earliest due time of its deliveries that can be claimed",
    sql: `SELECT printf('destination "%s": ready_at is %s, the earliest due time is %s',
            key, coalesce(ready_at, 'null'), coalesce(actual, 'null')) AS problem
          FROM (SELECT key, ready_at, ${EARLIEST_DUE_AT} AS actual FROM destinations)
          WHERE ready_at IS NOT actual`,
  },
  {
    sentence: "a destination's probe is in flight, and its circuit is open",
    sql: `SELECT printf('destination "%s": the probe is dlv_%d', key, probe) AS problem
          FROM destinations
          WHERE probe IS NOT NULL AND (failures < 5 OR NOT EXISTS (
            SELECT 1 FROM deliveries
            WHERE id = probe AND deliveries.destination = destinations.id AND lease_owner IS NOT NULL))`,
  },
  {
    sentence: "a delivery has its webhook's destination",
    sql: `SELECT printf('dlv_%d', deliveries.id) AS problem FROM deliveries
            JOIN webhooks ON seq = webhook WHERE deliveries.destination <> webhooks.destination`,
  },
  {
    sentence: "every destination has a webhook",
    sql: `SELECT printf('destination "%s"', key) AS problem FROM destinations
          WHERE id NOT IN (SELECT destination FROM webhooks)`,
  },
  {
    sentence: "a destination is stopped exactly when its webhook is paused or off",
    sql: `SELECT printf('%s is %s', webhooks.id, state) AS problem
          FROM persistent_webhooks JOIN webhooks ON seq = webhook JOIN destinations ON destinations.id = destination
          WHERE stopped <> (state <> 'active')`,
  },
  {
    sentence: "a webhook is a job's, a batch's, persistent, or removed",
    sql: `SELECT id AS problem FROM webhooks
          WHERE (job IS NOT NULL) + (batch IS NOT NULL) + removed
            + (seq IN (SELECT webhook FROM persistent_webhooks)) <> 1`,
  },
  {
    sentence: "only the deliveries of a webhook that is off are being given up",
    sql: `SELECT printf('%s is %s', webhooks.id, state) AS problem
          FROM persistent_webhooks JOIN webhooks ON seq = webhook
          WHERE given_up_to IS NOT NULL AND state <> 'off'`,
  },
  {
    sentence: "a persistent webhook has routes unless it is off",
    sql: `SELECT printf('%s is %s', webhooks.id, state) AS problem
          FROM persistent_webhooks JOIN webhooks ON seq = webhook
          WHERE (state <> 'off') <> EXISTS (
            SELECT 1 FROM webhook_routes WHERE webhook_routes.webhook = seq)`,
  },
];

const FILES: readonly Invariant[] = [
  {
    sentence: "file_usage matches the files and their contents",
    sql: `SELECT printf('%d files with %d bytes, by file_usage %d with %d',
            real_files, real_bytes, files, bytes) AS problem
          FROM file_usage CROSS JOIN (
            SELECT (SELECT count(*) FROM files) AS real_files,
              (SELECT coalesce(sum(size), 0) FROM (SELECT size FROM files GROUP BY sha256)) AS real_bytes
          )
          WHERE (files, bytes) <> (real_files, real_bytes)`,
  },
  {
    sentence: "holders of a file is the number of jobs that name it",
    sql: `SELECT id AS problem FROM files
          WHERE holders <> (SELECT count(*) FROM job_files WHERE file = files.seq)`,
  },
  {
    sentence: "files with the same content have the same size",
    sql: `SELECT sha256 AS problem FROM files GROUP BY sha256 HAVING min(size) <> max(size)`,
  },
];

export const INVARIANTS: readonly Invariant[] = [
  ...COUNTS,
  ...JOBS,
  ...BATCHES,
  ...DELIVERIES,
  ...DESTINATIONS,
  ...STATS_INVARIANTS,
  ...FILES,
  ...SCHEDULE_INVARIANTS,
  ...LIMIT_INVARIANTS,
  ...KEY_INVARIANTS,
  ...PAYLOAD_INVARIANTS,
];
