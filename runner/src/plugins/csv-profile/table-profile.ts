import { createColumnProfile, type ColumnProfile } from "./column-profile.ts";

/** Limits for stored distinct values, in total and per column. A value uses about 100 bytes. */
const STORED_VALUES = 200_000;
const STORED_VALUES_PER_COLUMN = 10_000;
const MAX_COLUMNS = 2_000;

interface TableRules {
  readonly hasHeader: boolean;
  readonly nullTokens: ReadonlySet<string>;
  readonly decimal: "." | ",";
}

/** Profiles the rows and each column. The first row determines the number of columns. */
export function createTableProfile({ hasHeader, ...rules }: TableRules) {
  let names: string[] | null = null;
  let columns: ReturnType<typeof createColumnProfile>[] = [];
  let rows = 0;
  let raggedRows = 0;
  let firstRaggedRow: number | null = null;

  function begin(first: readonly string[]): void {
    if (first.length > MAX_COLUMNS) {
      throw new Error(
        `the first row has ${first.length} columns: it must have at most ${MAX_COLUMNS}. Check the option delimiter.`,
      );
    }
    names = hasHeader ? headerNames(first) : first.map((_, index) => `column ${index + 1}`);
    const capacity = Math.min(STORED_VALUES_PER_COLUMN, Math.floor(STORED_VALUES / first.length));
    columns = first.map(() => createColumnProfile({ ...rules, capacity }));
  }

  function addRow(row: readonly string[]): void {
    rows += 1;
    if (row.length !== columns.length) {
      raggedRows += 1;
      firstRaggedRow ??= rows;
    }
    for (let index = 0; index < columns.length; index++) {
      const value = row[index];
      if (value === undefined) columns[index]!.addMissing();
      else columns[index]!.add(value);
    }
  }

  return {
    add(added: readonly (readonly string[])[]): void {
      for (const row of added) {
        if (names === null) {
          begin(row);
          if (hasHeader) continue;
        }
        addRow(row);
      }
    },
    rows: () => rows,
    finish(top: number) {
      return {
        rows,
        raggedRows,
        firstRaggedRow,
        columns: columns.map((column, index): ColumnProfile & { name: string } => ({
          name: names?.[index] ?? "",
          ...column.finish(top),
        })),
      };
    },
  };
}

/** Makes the names unique: an empty one becomes `column 3`, a repeated one `price (2)`. */
function headerNames(header: readonly string[]): string[] {
  const used = new Set<string>();
  return header.map((written, index) => {
    const name = written.trim() || `column ${index + 1}`;
    let unique = name;
    for (let copy = 2; used.has(unique); copy++) unique = `${name} (${copy})`;
    used.add(unique);
    return unique;
  });
}
