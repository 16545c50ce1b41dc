/**
 * Sets the limit of a job's next step, when the job comes into the queue. Then it has no slot: a trigger
 * tells the next claim. `step` and `at` are SQL: the number of completed steps, and since when it waits.
 */
export function lineUp({ step = "completed_steps", at }: { step?: string; at: string }): string {
  const field = (name: string): string => `limits ->> ('$[' || ${step} || '].${name}')`;
  return `limit_name = iif(limits IS NULL, NULL, ${field("name")}),
    limit_key = iif(limits IS NULL, NULL, ${field("key")}),
    blocked_since = iif(limits IS NULL OR ${field("name")} IS NULL, NULL, ${at})`;
}
