/**
 * An SQL expression: whether a delivery of this row of `destinations` that becomes due would be the
 * next one to be claimed at ?1.
 */
export const IS_FREE = `(failures = 0 AND probe IS NULL AND stopped = 0 AND rate_per_second IS NULL
  AND paused_until <= ?1 AND (ready_at IS NULL OR ready_at > ?1))`;
