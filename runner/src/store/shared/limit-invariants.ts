import type { Invariant } from "./invariant.ts";

const WITH_SLOT = `limit_name IS NOT NULL AND blocked_since IS NULL AND ended_at IS NULL`;
const OF_KEY = `limit_states.limit_name = limits.name AND is_key = 1
  AND limit_states.limit_key = blocked.limit_key`;
const NO_TURNS = `(key_concurrency IS NULL AND key_rate IS NULL) OR (concurrency IS NULL AND rate IS NULL)`;

/** `due` is the condition of the indexes, and `limitOf` a field of the limit of a job's next step. */
export function limitInvariants({
  due,
  limitOf,
}: {
  readonly due: string;
  readonly limitOf: (field: "name" | "key") => string;
}): readonly Invariant[] {
  const blocked = `status = 'queued' AND ${due} AND waiting_since IS NULL AND blocked_since IS NOT NULL`;
  return [
    {
      sentence: "a queued job has the limit of its next step",
      sql: `SELECT format('%s is at step %s and has limit %s', id, completed_steps,
              coalesce(limit_name, 'none')) AS problem FROM jobs
          WHERE status = 'queued' AND (limit_name IS DISTINCT FROM (${limitOf("name")})
            OR limit_key IS DISTINCT FROM (${limitOf("key")}))`,
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
          FROM (SELECT DISTINCT limit_name, limit_key FROM jobs WHERE ${blocked}) AS blocked
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
                AND limit_vacancies.limit_key = blocked.limit_key
            )
            AND NOT EXISTS (
              SELECT 1 FROM limit_states WHERE ${OF_KEY}
                AND (wake_at IS NOT NULL OR paused_at IS NOT NULL)
            )
            -- A look at the limit as a whole finds the key, unless keys take turns and it is in none.
            AND NOT (
              (${NO_TURNS} OR EXISTS (SELECT 1 FROM limit_states WHERE ${OF_KEY} AND in_turn = 1))
              AND (
                ((concurrency IS NOT NULL OR rate IS NOT NULL) AND EXISTS (
                  SELECT 1 FROM limit_vacancies WHERE limit_vacancies.limit_name = limits.name
                ))
                OR EXISTS (
                  SELECT 1 FROM limit_states WHERE limit_states.limit_name = limits.name
                    AND is_key = 0 AND (wake_at IS NOT NULL OR paused_at IS NOT NULL)
                )
              )
            )`,
    },
  ];
}
