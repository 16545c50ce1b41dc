const dueOf = (kind: 0 | 1, now: string): string => `EXISTS (
    SELECT 1 FROM deliveries
    WHERE deliveries.destination = destinations.id AND state = 'due' AND lease_owner IS NULL
      AND least(attempts, 1) = ${kind} AND due_at <= ${now}
  )`;

/**
 * An SQL expression: whether a delivery of this row of `destinations` that becomes due would be the next
 * one to be claimed. `now` is SQL; if it is NULL, the expression is not true.
 */
export function isFree(now: string): string {
  return `(failures = 0 AND probe IS NULL AND NOT stopped AND rate_per_second IS NULL
    AND paused_until <= ${now} AND NOT ${dueOf(0, now)} AND NOT ${dueOf(1, now)})`;
}
