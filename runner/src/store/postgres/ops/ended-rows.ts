/** Reads rows in the order in which they ended, in slices, to remove what is not needed of them. */
import type { Transaction } from "../transaction.ts";

/** Open, or given up so recently that an operator can still have it sent again. */
export const needed = (before: string): string =>
  `(state IN ('waiting', 'due') OR (state = 'dead' AND deliveries.ended_at >= ${before}))`;

/** The instant before which a job must have ended. */
export const OWN_BEFORE = `CASE jobs.status WHEN 'failed' THEN $6::bigint ELSE $5::bigint END`;

/** EXISTS that looks once for each row. PostgreSQL can turn EXISTS itself into a read of the whole table. */
export function exists(from: string): string {
  return `coalesce((SELECT true ${from} LIMIT 1), false)`;
}

/** A place in the order in which batches or jobs have ended. */
export type Place = readonly [endedAt: number, seq: number];

export const FIRST: Place = [0, 0];

export interface EndedTable {
  readonly name: string;
  readonly key: string;
  readonly endedAt: string;
  /** The `values` of `readEnded` begin with `$5`. */
  readonly isNeeded: string;
  /** The condition of a partial index of the rows to look at. */
  readonly condition?: string;
  /** The size of what is removed of a row. */
  readonly bytes?: string;
}

export interface EndedRow {
  readonly seq: number;
  readonly ended_at: number;
  readonly is_needed: boolean;
  readonly bytes: number;
}

export interface EndedRequest {
  readonly after: Place;
  readonly endedBefore: number;
  readonly limit: number;
  readonly values?: readonly number[];
}

export function readEnded(
  tx: Transaction,
  { name, key, endedAt, isNeeded, condition = "true", bytes = "0" }: EndedTable,
  { after, endedBefore, limit, values = [] }: EndedRequest,
): Promise<EndedRow[]> {
  return tx.query<EndedRow>(
    `SELECT ${key} AS seq, ${endedAt} AS ended_at, (${isNeeded}) AS is_needed, ${bytes} AS bytes
     FROM ${name}
     WHERE ${endedAt} < $1 AND (${endedAt}, ${key}) > ($2, $3) AND ${condition}
     ORDER BY ${endedAt}, ${key} LIMIT $4`,
    [endedBefore, ...after, limit, ...values],
  );
}

/** The keys of the rows that are not needed. */
export function oldOf(rows: readonly EndedRow[]): number[] {
  return rows.filter((row) => !row.is_needed).map(({ seq }) => seq);
}

/** The place of the last row, or the one before if there is none. */
export function placeOf(rows: readonly EndedRow[], before: Place): Place {
  const last = rows.at(-1);
  return last === undefined ? before : [last.ended_at, last.seq];
}
