import type { DestinationSpec } from "../../../ports/store/destinations.ts";
import type { PlacedRow } from "../gather-rows.ts";
import type { Transaction } from "../transaction.ts";

interface Row extends PlacedRow {
  readonly id: number;
  readonly rate_per_second: number | null;
}

const FIND = `SELECT place, id, rate_per_second
  FROM unnest($1::text[]) WITH ORDINALITY AS given (key, place)
    JOIN destinations ON destinations.key = given.key`;

/**
 * Returns the id of the destination with this key, and sets its rate. Only what changes is written:
 * ON CONFLICT DO UPDATE would lock the row of an origin that all daemons use.
 */
export async function findOrCreateDestination(
  tx: Transaction,
  { key, ratePerSecond }: DestinationSpec,
): Promise<number> {
  const find = (): Promise<Row | undefined> => tx.row<Row>(FIND, [key]);
  let row = await find();
  if (row === undefined) {
    await tx.query(
      `INSERT INTO destinations (key, rate_per_second) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`,
      [key, ratePerSecond],
    );
    row = await find();
  }
  if (row !== undefined && row.rate_per_second !== ratePerSecond) {
    await tx.query(`UPDATE destinations SET rate_per_second = $2 WHERE id = $1`, [
      row.id,
      ratePerSecond,
    ]);
  }
  return row?.id ?? 0;
}

/** Ends a pause at `now`. */
export async function resumeDestinations(
  tx: Transaction,
  destinations: readonly number[],
  now: number,
): Promise<void> {
  await tx.query(
    `UPDATE destinations SET paused_until = least(paused_until, $2), probe = NULL
     WHERE id = ANY ($1::bigint[]) AND (paused_until > $2 OR probe IS NOT NULL)`,
    [destinations, now],
  );
}

/** For deliveries that were released: if one probed an open circuit, the next one can. */
export async function endProbes(tx: Transaction, deliveries: readonly number[]): Promise<void> {
  const ended = await tx.query<{ id: number }>(
    `UPDATE destinations SET paused_until = 0, probe = NULL
     FROM deliveries
     WHERE deliveries.id = ANY ($1::bigint[]) AND destinations.id = deliveries.destination
       AND probe = deliveries.id
     RETURNING destinations.id`,
    [deliveries],
  );
  for (const { id } of ended) tx.onCommit(() => tx.turns.wake(id));
}
