import type { Invariant } from "./invariant.ts";

export const KEY_INVARIANTS: readonly Invariant[] = [
  {
    sentence: "a job's key says until when exactly if it is kept for a time",
    sql: `SELECT format('%s: %s', key, span) AS problem FROM job_keys
          WHERE (kind = 'debounce' OR span = 'ttl') <> (until_at IS NOT NULL)`,
  },
  {
    sentence: "a debounced job that waits is due by the end of its window",
    sql: `SELECT format('%s is due at %s, and its window ends at %s', id, run_at, until_at) AS problem
          FROM job_keys JOIN jobs ON jobs.seq = job_keys.job
          WHERE kind = 'debounce' AND status = 'queued' AND sequence = 0 AND run_at > until_at`,
  },
];
