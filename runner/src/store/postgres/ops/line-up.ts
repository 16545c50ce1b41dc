/**
 * Sets the limit of a job's next step, when the job comes into the queue. Then it has no slot, and a
 * vacancy must be added. `step` and `at` are SQL: the number of completed steps, and since when it waits.
 */
export function lineUp({ step = "completed_steps", at }: { step?: string; at: string }): string {
  const field = (name: string): string => `limits::json -> (${step}) ->> '${name}'`;
  return `limit_name = ${field("name")}, limit_key = ${field("key")},
    blocked_since = CASE WHEN ${field("name")} IS NOT NULL THEN ${at} END`;
}

/** Tells the next claim to look at the limits and the keys that the CTEs return. */
export function addVacancies(...ctes: readonly string[]): string {
  const rows = ctes.map(
    (cte) => `SELECT limit_name, limit_key FROM ${cte} WHERE limit_name IS NOT NULL`,
  );
  return `INSERT INTO limit_vacancies (limit_name, limit_key) ${rows.join(" UNION ALL ")}`;
}
