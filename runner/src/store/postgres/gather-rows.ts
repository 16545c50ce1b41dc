/**
 * Operations that run side by side in a write group send the same statements. A statement for many rows
 * costs the server and the client little more than one for a single row.
 */
import type { Value } from "./text.ts";

type Query = (sql: string, values: readonly Value[]) => Promise<readonly PlacedRow[]>;

/** A row of the result, with the place of the given row that it belongs to, counted from 1. */
export interface PlacedRow {
  readonly place: number;
}

/** A statement with longer texts than this is sent at once, so that its copies do not fill the memory. */
const MAX_UNITS = 1024 * 1024;

interface Batch {
  /** The length of all texts, in UTF-16 units. */
  units: number;
  /** The values of all rows, by parameter. */
  readonly columns: Value[][];
  readonly rows: PromiseWithResolvers<PlacedRow[]>[];
}

/**
 * Returns a function that runs a statement for one row, together with the other rows given to the same
 * statement until all work that can go on now has. Statements are sent in the order in which they were
 * first given. The function resolves with the rows of the result that belong to the given one.
 *
 * The parameters of a statement are arrays, one for each value of a row, as in
 * `unnest($1::bigint[], …) WITH ORDINALITY AS given (…, place)`. What it returns has the row's `place`.
 */
export function createGatherRows(query: Query) {
  const waiting = new Map<string, Batch>();

  function flush(): void {
    const batches = [...waiting];
    waiting.clear();
    for (const [sql, { columns, rows }] of batches) {
      query(sql, columns).then(
        (found) => {
          const byPlace = Map.groupBy(found, ({ place }) => place);
          for (const [at, each] of rows.entries()) each.resolve(byPlace.get(at + 1) ?? []);
        },
        (error: unknown) => {
          for (const each of rows) each.reject(error);
        },
      );
    }
  }

  return (sql: string, values: readonly Value[]): Promise<PlacedRow[]> => {
    let batch = waiting.get(sql);
    if (batch === undefined) {
      // Runs when no promise is left to go on: all operations have then come as far as they can.
      if (waiting.size === 0) process.nextTick(flush);
      waiting.set(sql, (batch = { units: 0, columns: values.map(() => []), rows: [] }));
    }
    const { columns, rows } = batch;
    for (const [at, value] of values.entries()) {
      columns[at]?.push(value);
      if (typeof value === "string") batch.units += value.length;
    }
    const row = Promise.withResolvers<PlacedRow[]>();
    rows.push(row);
    if (batch.units > MAX_UNITS) flush();
    return row.promise;
  };
}
