/**
 * Time that does not count for a delivery's age. It is read only for a delivery that could be too old,
 * so storing and sending events cost nothing more.
 */
import { activeMs, type IdleSpan } from "../../../domain/delivery-age.ts";
import type { Transaction } from "../transaction.ts";

/** Older spans are deleted: no delivery is open that long without being paused. */
const KEPT_MS = 366 * 24 * 60 * 60 * 1000;

interface Span {
  readonly from: number;
  readonly until: number;
}

/** `destination` is null for a span in which no daemon was up. */
export async function addIdleSpan(
  tx: Transaction,
  { destination, from, until }: Span & { readonly destination: number | null },
): Promise<void> {
  if (until <= from) return;
  await tx.query(
    `DELETE FROM idle_spans WHERE coalesce(destination, 0) = coalesce($1::bigint, 0) AND until_at < $2`,
    [destination, until - KEPT_MS],
  );
  await tx.query(`INSERT INTO idle_spans (destination, from_at, until_at) VALUES ($1, $2, $3)`, [
    destination,
    from,
    until,
  ]);
}

const FIND = `SELECT from_at AS "from", until_at AS until FROM idle_spans
  WHERE coalesce(destination, 0) = ANY ($1::bigint[]) AND until_at > $2`;

/** The time between two instants in which a daemon was up and the destination not stopped. */
export async function readActiveMs(
  tx: Transaction,
  { destination, from, until }: Span & { readonly destination: number },
): Promise<number> {
  return activeMs(from, until, await tx.query<IdleSpan>(FIND, [[0, destination], from]));
}

/** The time between two instants in which a daemon was up. */
export async function readUpMs(tx: Transaction, { from, until }: Span): Promise<number> {
  return activeMs(from, until, await tx.query<IdleSpan>(FIND, [[0], from]));
}
