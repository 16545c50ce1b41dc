import type { DatabaseSync } from "node:sqlite";
import { isOpen, takeTokens } from "../../../domain/destination.ts";
import { prepare, type Statement } from "../statement.ts";

/** The due deliveries of one destination, within its limits. */
export interface Share {
  readonly destination: number;
  readonly ids: readonly number[];
  /** The destination's limits; null if nothing is due, or it has neither a rate nor an open circuit. */
  readonly limits: Limits | null;
}

export interface Limits {
  readonly isOpen: boolean;
  readonly ratePerSecond: number | null;
  readonly tokens: number | null;
  readonly refilledAt: number;
}

/** A delivery with its destination's columns, so that the usual claim needs no other statement. */
interface DueRow {
  readonly id: number;
  readonly created_at: number;
  readonly failures: number;
  readonly rate_per_second: number | null;
  readonly tokens: number | null;
  readonly refilled_at: number;
}

/** Finds the due deliveries of a destination: first attempts before retries. */
export function prepareFindDue(
  db: DatabaseSync,
): (destination: { readonly id: number; readonly limit: number }, now: number) => Share {
  const [findFirstAttempts, findRetries] = [
    ["deliveries_first", "attempts = 0"],
    ["deliveries_retries", "attempts > 0"],
  ].map(([index, condition]) =>
    prepare<DueRow>(
      db,
      `SELECT deliveries.id, created_at, failures, rate_per_second, tokens, refilled_at
       FROM destinations CROSS JOIN deliveries INDEXED BY ${index}
       WHERE destinations.id = ?1 AND wake_at <= ?2 AND destination = destinations.id AND state = 'due'
         AND lease_owner IS NULL AND ${condition} AND due_at <= ?2
       ORDER BY due_at, deliveries.id LIMIT ?3`,
    ),
  ) as [Statement<DueRow>, Statement<DueRow>];

  return ({ id: destination, limit }, now) => {
    const firstAttempts = findFirstAttempts.all(destination, now, limit);
    const left = limit - firstAttempts.length;
    const retries =
      left > 0 || isProbe(firstAttempts[0])
        ? findRetries.all(destination, now, Math.max(1, left))
        : [];
    const [head] = firstAttempts.length > 0 ? firstAttempts : retries;
    const limits = toLimits(head);
    if (limits === null) return { destination, ids: toIds([...firstAttempts, ...retries]), limits };
    const due = limits.isOpen
      ? [older(firstAttempts[0], retries[0])].flatMap((row) => row ?? [])
      : [...firstAttempts, ...retries];
    return { destination, ids: toIds(due).slice(0, tokensFor(due.length, limits, now)), limits };
  };
}

function isProbe(row: DueRow | undefined): boolean {
  return row !== undefined && isOpen({ failuresInRow: row.failures });
}

function toIds(rows: readonly DueRow[]): number[] {
  return rows.map(({ id }) => id);
}

/** The delivery of the earlier event: one that has been tried must not wait behind every new one. */
function older(a: DueRow | undefined, b: DueRow | undefined): DueRow | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const byEvent = a.created_at - b.created_at || a.id - b.id;
  return byEvent < 0 ? a : b;
}

function toLimits(row: DueRow | undefined): Limits | null {
  if (row === undefined || (row.rate_per_second === null && !isProbe(row))) return null;
  return {
    isOpen: isProbe(row),
    ratePerSecond: row.rate_per_second,
    tokens: row.tokens,
    refilledAt: row.refilled_at,
  };
}

function tokensFor(wanted: number, { ratePerSecond, ...bucket }: Limits, now: number): number {
  return ratePerSecond === null ? wanted : takeTokens(bucket, { ratePerSecond, now, wanted }).taken;
}
