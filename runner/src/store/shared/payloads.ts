/** What the retention of payloads removes, earlier than rows. */

/** Bytes that one transaction removes, unless one job has more. More would make other changes wait for it. */
const MAX_BYTES = 2 * 1024 * 1024;
/** Log lines that one transaction deletes. */
export const MAX_LOG_LINES = 1_000;

/** An event's body once it is removed. */
export const NO_BODY = "";

/**
 * Whether there is still something to send. Bodies of events and of batches' callbacks are removed earlier
 * than their deliveries.
 */
export const HAS_PAYLOAD = `(
    SELECT payloads_removed_at FROM jobs WHERE jobs.seq = deliveries.job
  ) IS NULL AND (
    SELECT payloads_removed_at FROM batches WHERE batches.seq = deliveries.batch
  ) IS NULL`;

/** The first rows, up to the one with which the bytes are reached. */
export function withinBytes<Row extends { readonly bytes: number }>(rows: readonly Row[]): Row[] {
  let bytes = 0;
  const last = rows.findIndex((row) => (bytes += row.bytes) >= MAX_BYTES);
  return rows.slice(0, last === -1 ? rows.length : last + 1);
}
