import { DELIVERY_STATES } from "../../../domain/delivery.ts";
import { JOB_STATUSES } from "../../../domain/job-spec.ts";
import type { WaitingJobs } from "../../../ports/store/status.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import type { StoreCounts, StoredDaemon } from "../../../ports/store/upkeep.ts";
import { WEBHOOK_STATES } from "../../../ports/store/webhooks.ts";
import {
  COUNT_SCHEDULES,
  toScheduleCounts,
  type ScheduleCountRow,
} from "../../shared/schedule-counts.ts";
import { parsePluginNames } from "../../shared/plugin-names.ts";
import type { Query } from "../reader.ts";

/** Rows that are counted. */
const MAX_COUNT = 1_000;
/** Priorities, and plugins that jobs wait for. More are not looked at. */
const MAX_GROUPS = 50;

const COUNT_SCHEDULED = `SELECT count(*) AS count FROM (
    SELECT 1 FROM jobs WHERE status = 'queued' AND NOT due LIMIT ${MAX_COUNT}) AS scheduled`;

/** The first job of each priority: one look into the index for each. */
const FIND_OLDEST = `WITH RECURSIVE head (priority, since, number) AS (
    (SELECT priority, greatest(created_at, run_at), 1 FROM jobs
     WHERE status = 'queued' AND due AND waiting_since IS NULL AND blocked_since IS NULL
     ORDER BY priority DESC, seq LIMIT 1)
    UNION ALL
    SELECT next.priority, next.since, number + 1 FROM head CROSS JOIN LATERAL (
      SELECT priority, greatest(created_at, run_at) AS since FROM jobs
      WHERE status = 'queued' AND due AND waiting_since IS NULL AND blocked_since IS NULL AND jobs.priority < head.priority
      ORDER BY priority DESC, seq LIMIT 1
    ) AS next WHERE number < ${MAX_GROUPS}
  )
  SELECT min(since) AS since FROM head`;

const FIND_WAITING = `WITH RECURSIVE head (plugin, since, number) AS (
    (SELECT waiting_on, waiting_since, 1 FROM jobs WHERE waiting_since IS NOT NULL
     ORDER BY waiting_on, waiting_since LIMIT 1)
    UNION ALL
    SELECT next.waiting_on, next.waiting_since, number + 1 FROM head CROSS JOIN LATERAL (
      SELECT waiting_on, waiting_since FROM jobs
      WHERE waiting_since IS NOT NULL AND jobs.waiting_on > head.plugin
      ORDER BY waiting_on, waiting_since LIMIT 1
    ) AS next WHERE number < ${MAX_GROUPS}
  )
  SELECT plugin AS "on", since, (SELECT count(*) FROM (
      SELECT 1 FROM jobs WHERE waiting_on = plugin AND waiting_since IS NOT NULL
      LIMIT ${MAX_COUNT}) AS waiting) AS jobs
  FROM head ORDER BY plugin`;

export function createReadQueueState(query: Query): StoreReads["queueState"] {
  return async () => {
    const [[scheduled], [oldest], waiting] = await Promise.all([
      query<{ count: number }>(COUNT_SCHEDULED),
      query<{ since: number | null }>(FIND_OLDEST),
      query<WaitingJobs>(FIND_WAITING),
    ]);
    return {
      scheduled: scheduled?.count ?? 0,
      oldestReadyAt: oldest?.since ?? null,
      waiting,
    };
  };
}

export function createReadCounts(query: Query): StoreReads["counts"] {
  return async () => {
    const [rows, schedules] = await Promise.all([
      query<{ kind: string; state: string; count: number }>(
        `SELECT kind, state, sum(count)::bigint AS count FROM counts GROUP BY kind, state
         UNION ALL SELECT 'webhook', state, count(*) FROM persistent_webhooks GROUP BY state`,
      ),
      query<ScheduleCountRow>(COUNT_SCHEDULES),
    ]);
    const of = (kind: string, states: readonly string[]) =>
      Object.fromEntries(
        states.map((state) => [
          state,
          rows.find((row) => row.kind === kind && row.state === state)?.count ?? 0,
        ]),
      );
    return {
      jobs: of("job", JOB_STATUSES) as StoreCounts["jobs"],
      deliveries: of("delivery", DELIVERY_STATES) as StoreCounts["deliveries"],
      webhooks: of("webhook", WEBHOOK_STATES) as StoreCounts["webhooks"],
      schedules: toScheduleCounts(schedules),
    };
  };
}

export function createReadDaemons(query: Query): StoreReads["daemons"] {
  return async () => {
    const rows = await query<Omit<StoredDaemon, "plugins"> & { plugins: string }>(
      `SELECT owner, until, host, process_id AS "processId", version, started_at AS "startedAt",
         threads, plugins
       FROM daemons ORDER BY owner LIMIT 100`,
    );
    return rows.map((row) => ({ ...row, plugins: parsePluginNames(row.plugins) }));
  };
}

export function createReadMeta(query: Query): StoreReads["meta"] {
  return async (key) => {
    const [row] = await query<{ value: string }>(`SELECT value FROM meta WHERE key = $1`, [key]);
    return row?.value ?? null;
  };
}

/** Tables reuse the space of deleted rows, but PostgreSQL does not tell how much that is. */
export function createReadSize(query: Query): StoreReads["size"] {
  return async () => {
    const [row] = await query<{ bytes: number }>(
      `SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint AS bytes FROM pg_class
       WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'`,
    );
    return { bytes: row?.bytes ?? 0, freeBytes: 0 };
  };
}
