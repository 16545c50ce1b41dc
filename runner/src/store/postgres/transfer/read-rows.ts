/** Reads a table row by row, with only a few megabytes of it in memory at a time. */
import type { Row } from "../../shared/transfer/tables.ts";
import type { Query } from "../reader.ts";

/** A power of two, because each number of rows is a statement of its own. */
const MAX_ROWS = 512;
const MAX_BYTES = 4 * 1024 * 1024;

export interface RowRead {
  /** Names the cursors. */
  readonly name: string;
  readonly from: string;
  /** Expressions. */
  readonly columns: readonly string[];
  /** Those of the columns that can be long. */
  readonly texts: readonly string[];
  readonly key: readonly string[];
}

interface Session {
  readonly query: Query;
  readonly run: (sql: string) => Promise<string>;
}

/**
 * In a transaction. A job's input can have 64 MB and most have a few bytes, so a second cursor is ahead, which
 * only reads how long each row is: that much is fetched together.
 */
export async function* readRows(session: Session, read: RowRead): AsyncGenerator<Row> {
  const { name, from, columns, texts, key } = read;
  const order = `FROM ${from} ORDER BY ${key.map((column) => `${name}.${column}`).join(", ")}`;
  const aliased = columns.map((column, index) => `${column} AS c${index}`);
  const size = ["0", ...texts.map((text) => `coalesce(octet_length(${text}), 0)`)].join(" + ");
  await session.run(
    `DECLARE ${name}_rows NO SCROLL CURSOR FOR SELECT ${aliased.join(", ")} ${order}`,
  );
  await session.run(`DECLARE ${name}_sizes NO SCROLL CURSOR FOR SELECT ${size} AS size ${order}`);
  for (;;) {
    const sizes = await session.query<{ size: number }>(`FETCH ${MAX_ROWS} FROM ${name}_sizes`);
    let at = 0;
    while (at < sizes.length) {
      const count = countThatFits(sizes.slice(at));
      at += count;
      const rows = await session.query<Record<string, Row[number]>>(
        `FETCH ${count} FROM ${name}_rows`,
      );
      for (const row of rows) yield columns.map((_, index) => row[`c${index}`] ?? null);
    }
    if (sizes.length < MAX_ROWS) break;
  }
  await session.run(`CLOSE ${name}_rows; CLOSE ${name}_sizes`);
}

/** At least one, whatever its size. */
function countThatFits(sizes: readonly { readonly size: number }[]): number {
  let total = 0;
  let count = 0;
  for (const { size } of sizes) {
    total += size;
    if (total > MAX_BYTES && count > 0) break;
    count += 1;
  }
  return 2 ** Math.floor(Math.log2(count));
}
