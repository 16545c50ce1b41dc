import { sealedSecretRow } from "../../domain/secret-name.ts";

export interface SealedColumn {
  readonly table: string;
  /** The column that identifies a row. */
  readonly id: string;
  /** The row that a value was sealed for. */
  readonly toRow: (id: string) => string;
}

const same = (id: string): string => id;

/** Every column named `sealed`. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  { table: "webhooks", id: "id", toRow: same },
  { table: "schedules", id: "id", toRow: same },
  { table: "secrets", id: "name", toRow: sealedSecretRow },
];

/** Rows that are read at once. */
export const RESEAL_ROWS = 500;

export interface SealedRow {
  readonly seq: number;
  readonly id: string;
  readonly sealed: string;
}

export interface Resealed {
  readonly seq: number;
  readonly sealed: string;
}

export interface Resealing {
  /** Returns the new values of a column's rows, without those that are left as they are. */
  rows(rows: readonly SealedRow[], column: SealedColumn): readonly Resealed[];
  /** Of all rows so far. */
  result(): { readonly replaced: number; readonly left: readonly string[] };
}

export function createResealing(reseal: (sealed: string, row: string) => string | null): Resealing {
  const left: string[] = [];
  let replaced = 0;
  return {
    rows: (rows, { table, toRow }) =>
      rows.flatMap(({ seq, id, sealed }) => {
        const next = reseal(sealed, toRow(id));
        if (next === null) {
          left.push(`${table} ${id}`);
          return [];
        }
        replaced += 1;
        return [{ seq, sealed: next }];
      }),
    result: () => ({ replaced, left }),
  };
}
