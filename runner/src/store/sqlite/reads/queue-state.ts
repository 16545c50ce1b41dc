import type { DatabaseSync } from "node:sqlite";
import type { WaitingJobs } from "../../../ports/store/status.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";

/** Rows that are counted. More would hold up the main thread. */
const MAX_COUNT = 1_000;
/** Priorities, and plugins that jobs wait for. More are not looked at. */
const MAX_GROUPS = 50;
/** Above every priority. */
const HIGHEST = Number.MAX_SAFE_INTEGER;

export function prepareReadQueueState(db: DatabaseSync): StoreReads["queueState"] {
  const countScheduled = prepare<{ count: number }>(
    db,
    `SELECT count(*) AS count FROM (SELECT 1 FROM jobs INDEXED BY jobs_scheduled
       WHERE status = 'queued' AND due = 0 LIMIT ${MAX_COUNT})`,
  );
  const findReady = prepare<{ priority: number; since: number }>(
    db,
    `SELECT priority, max(created_at, run_at) AS since FROM jobs INDEXED BY jobs_ready
     WHERE status = 'queued' AND due = 1 AND waiting_since IS NULL
       AND blocked_since IS NULL AND priority < ?
     ORDER BY priority DESC, seq LIMIT 1`,
  );
  const readWaiting = prepareReadWaiting(db);

  function oldestReadyAt(): number | null {
    let oldest: number | null = null;
    let below = HIGHEST;
    for (let group = 0; group < MAX_GROUPS; group += 1) {
      const first = findReady.get(below);
      if (first === undefined) break;
      oldest = Math.min(oldest ?? first.since, first.since);
      below = first.priority;
    }
    return oldest;
  }

  return async () => ({
    scheduled: countScheduled.get()?.count ?? 0,
    oldestReadyAt: oldestReadyAt(),
    waiting: readWaiting(),
  });
}

function prepareReadWaiting(db: DatabaseSync): () => WaitingJobs[] {
  const findNext = prepare<{ on: string; since: number }>(
    db,
    `SELECT waiting_on AS "on", waiting_since AS since FROM jobs INDEXED BY jobs_waiting_since
     WHERE waiting_since IS NOT NULL AND waiting_on > ? ORDER BY waiting_on, waiting_since LIMIT 1`,
  );
  const countWaiting = prepare<{ jobs: number }>(
    db,
    `SELECT count(*) AS jobs FROM (SELECT 1 FROM jobs INDEXED BY jobs_waiting_since
       WHERE waiting_since IS NOT NULL AND waiting_on = ? LIMIT ${MAX_COUNT})`,
  );
  return () => {
    const waiting: WaitingJobs[] = [];
    let next = findNext.get("");
    while (next !== undefined && waiting.length < MAX_GROUPS) {
      const { on, since } = next;
      waiting.push({ on, since, jobs: countWaiting.get(on)?.jobs ?? 0 });
      next = findNext.get(on);
    }
    return waiting;
  };
}
