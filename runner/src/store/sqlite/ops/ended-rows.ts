/** Reads rows in the order in which they ended, in slices, to remove what is not needed of them. */
import type { DatabaseSync } from "node:sqlite";
import { prepare } from "../statement.ts";

/** Open, or given up so recently that an operator can still have it sent again. */
export const needed = (before: string): string =>
  `(state IN ('waiting', 'due') OR (state = 'dead' AND deliveries.ended_at >= ${before}))`;

/** The instant before which a job must have ended. */
export const OWN_BEFORE = `CASE jobs.status WHEN 'failed' THEN ?6 ELSE ?5 END`;

/** A place in the order in which batches or jobs have ended. */
export type Place = readonly [endedAt: number, seq: number];

export const FIRST: Place = [0, 0];

export interface EndedTable {
  readonly name: string;
  readonly key: string;
  readonly endedAt: string;
  /** The values of `readEnded` begin with `?5`. */
  readonly isNeeded: string;
  /** A partial index of the rows to look at, and its condition. */
  readonly index?: { readonly name: string; readonly condition: string };
  /** The size of what is removed of a row. */
  readonly bytes?: string;
}

export interface EndedRow {
  readonly seq: number;
  readonly ended_at: number;
  readonly is_needed: 0 | 1;
  readonly bytes: number;
}

export function prepareReadEnded(db: DatabaseSync, table: EndedTable) {
  const { name, key, endedAt, isNeeded, index, bytes = "0" } = table;
  const find = prepare<EndedRow>(
    db,
    `SELECT ${key} AS seq, ${endedAt} AS ended_at, (${isNeeded}) AS is_needed, ${bytes} AS bytes
     FROM ${name} ${index === undefined ? "" : `INDEXED BY ${index.name}`}
     WHERE ${endedAt} < ?1 AND (${endedAt}, ${key}) > (?2, ?3)
       AND ${index?.condition ?? "TRUE"}
     ORDER BY ${endedAt}, ${key} LIMIT ?4`,
  );
  return (
    after: Place,
    { endedBefore, limit }: { endedBefore: number; limit: number },
    values: readonly number[] = [],
  ): readonly EndedRow[] => find.all(endedBefore, ...after, limit, ...values);
}

/** The place of the last row, or the one before if there is none. */
export function placeOf(rows: readonly EndedRow[], before: Place): Place {
  const last = rows.at(-1);
  return last === undefined ? before : [last.ended_at, last.seq];
}
