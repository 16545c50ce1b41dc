import type { OutputTarget } from "../shared/output-target.ts";
import type { TableRow } from "./table.ts";

/** A list in the output must fit into a plugin thread of 512 MB, with its JSON text. */
export const MAX_LISTED_CELLS = 2_000_000;

export interface RowOutput {
  /** Returns false if there is no room for the row. */
  add(row: TableRow, cells: number): boolean;
  flush(): Promise<void>;
  /** Finishes the file. Returns the rows, or null if they are in a file. */
  end(): Promise<TableRow[] | null>;
  /** Removes what was written. Called in any case. */
  discard(): Promise<void>;
}

export function createList(): RowOutput {
  const rows: TableRow[] = [];
  let total = 0;
  return {
    add(row, cells) {
      total += cells;
      if (total > MAX_LISTED_CELLS) return false;
      rows.push(row);
      return true;
    },
    flush: () => Promise.resolve(),
    end: () => Promise.resolve(rows),
    discard: () => Promise.resolve(),
  };
}

/** Writes one JSON value a line. */
export async function createFile(target: OutputTarget): Promise<RowOutput> {
  const file = await target.open();
  let lines: string[] = [];
  const flush = async (): Promise<void> => {
    if (lines.length === 0) return;
    const text = lines.join("");
    lines = [];
    await file.write(text);
  };
  return {
    add(row) {
      lines.push(JSON.stringify(row), "\n");
      return true;
    },
    flush,
    async end() {
      await flush();
      await file.end();
      return null;
    },
    discard: () => file.discard(),
  };
}
