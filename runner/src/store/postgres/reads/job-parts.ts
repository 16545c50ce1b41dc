/** Small reads about one job, or about which job is next. */
import type { JobEvent } from "../../../domain/event.ts";
import type { LogEntry } from "../../../ports/store/logs.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { toJobState, type StateRow } from "../../shared/rows.ts";
import type { Query } from "../reader.ts";

export function createReadJobState(query: Query): StoreReads["jobState"] {
  return async (id) => {
    const [row] = await query<StateRow>(
      `SELECT status, fence, lease_owner AS owner, ended_at, payloads_removed_at,
         trace_context FROM jobs WHERE id = $1`,
      [id],
    );
    return row === undefined ? null : toJobState(row);
  };
}

export function createReadEvents(query: Query): StoreReads["events"] {
  return (jobId, { after, limit }) =>
    query<JobEvent>(
      `SELECT kind, sequence, at, body FROM events
       WHERE job = (SELECT seq FROM jobs WHERE id = $1) AND sequence > $2
       ORDER BY sequence LIMIT $3`,
      [jobId, after, limit],
    );
}

export function createReadLogs(query: Query): StoreReads["logs"] {
  return (jobId, { after, limit }) =>
    query<LogEntry>(
      `SELECT id AS number, step, at, level, message, data FROM logs
       WHERE job = (SELECT seq FROM jobs WHERE id = $1) AND id > $2
       ORDER BY id LIMIT $3`,
      [jobId, after, limit],
    );
}

/** An instant in the past means that the job is due and no claim was made since. */
export function createReadNextJobDue(query: Query): StoreReads["nextJobDue"] {
  return async () => {
    const [row] = await query<{ at: number | null }>(
      `SELECT least(
         (SELECT run_at FROM jobs WHERE status = 'queued' AND NOT due ORDER BY run_at, seq LIMIT 1),
         (SELECT wake_at FROM limit_states WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT 1)
       ) AS at`,
    );
    return row?.at ?? null;
  };
}
