/**
 * Destinations with deliveries that can be claimed, each with the earliest due time of its first attempts
 * and of its retries: one look into the index for each destination, and none at its other deliveries.
 */
export const DUE_DESTINATIONS = `WITH RECURSIVE due (destination) AS (
    (SELECT destination FROM deliveries WHERE state = 'due' AND lease_owner IS NULL
     ORDER BY destination, least(attempts, 1), due_at, id LIMIT 1)
    UNION ALL
    SELECT next.destination FROM due CROSS JOIN LATERAL (
      SELECT destination FROM deliveries
      WHERE state = 'due' AND lease_owner IS NULL AND deliveries.destination > due.destination
      ORDER BY destination, least(attempts, 1), due_at, id LIMIT 1
    ) AS next
  )`;

const earliest = (kind: 0 | 1): string => `(
    SELECT due_at FROM deliveries
    WHERE deliveries.destination = due.destination AND state = 'due' AND lease_owner IS NULL
      AND least(attempts, 1) = ${kind}
    ORDER BY due_at, id LIMIT 1
  )`;

/** In a query on `due`: null if nothing can be claimed. */
export const READY_AT = `least(${earliest(0)}, ${earliest(1)})`;

/** Joins the row of each of them. A subquery, so that it is found by its key and not by reading all. */
export const JOIN_DESTINATION = `CROSS JOIN LATERAL (
    SELECT * FROM destinations WHERE destinations.id = ready.destination OFFSET 0
  ) AS place`;
