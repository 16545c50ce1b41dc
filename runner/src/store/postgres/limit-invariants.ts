import type { Invariant } from "../shared/invariant.ts";

const BLOCKED = `status = 'queued' AND due AND waiting_since IS NULL AND blocked_since IS NOT NULL`;
const WITH_SLOT = `limit_name IS NOT NULL AND blocked_since IS NULL AND ended_at IS NULL`;

export const LIMIT_INVARIANTS: readonly Invariant[] = [
  {
    sentence: "a queued job has the limit of its next step",
    sql: `SELECT format('%s is at step %s and has limit %s', id, completed_steps,
              coalesce(limit_name, 'none')) AS problem FROM jobs
          WHERE status = 'queued' AND (limit_name IS DISTINCT FROM (limits::json -> completed_steps ->> 'name')
            OR limit_key IS DISTINCT FROM (limits::json -> completed_steps ->> 'key'))`,
  },
  {
    sentence:
      "only a job with a limit waits for a slot, and one that waits for anything else has none",
    sql: `SELECT id AS problem FROM jobs
          WHERE (limit_name IS NULL) <> (limit_key IS NULL)
            OR (limit_name IS NULL AND blocked_since IS NOT NULL)
            OR (limit_name IS NOT NULL AND blocked_since IS NULL AND status = 'queued'
              AND (waiting_since IS NOT NULL OR NOT due))
            OR (limit_name IS NOT NULL AND NOT EXISTS (
              SELECT 1 FROM limits WHERE limits.name = limit_name))`,
  },
  {
    sentence: "where a job waits for a slot that is free, a claim will look",
    sql: `SELECT format('limit %s, key %s', limits.name, blocked.limit_key) AS problem
          FROM (SELECT DISTINCT limit_name, limit_key FROM jobs WHERE ${BLOCKED}) AS blocked
          JOIN limits ON limits.name = blocked.limit_name
          WHERE (concurrency IS NULL OR concurrency > (
              SELECT count(*) FROM jobs WHERE ${WITH_SLOT} AND limit_name = limits.name
            ))
            AND (key_concurrency IS NULL OR key_concurrency > (
              SELECT count(*) FROM jobs
              WHERE ${WITH_SLOT} AND limit_name = limits.name AND limit_key = blocked.limit_key
            ))
            AND NOT EXISTS (
              SELECT 1 FROM limit_vacancies WHERE limit_vacancies.limit_name = limits.name
                AND (concurrency IS NOT NULL OR limit_vacancies.limit_key = blocked.limit_key)
            )`,
  },
];
