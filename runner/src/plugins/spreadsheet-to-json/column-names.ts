import { columnLetters } from "./cell-reference.ts";
import type { Cell } from "./workbook.ts";

/** The names of the columns: the header's texts, and letters where it has none. */
export function createColumnNames(header: readonly Cell[] | null) {
  const names = new Map<number, string>();
  const used = new Set<string>();
  const add = (column: number, wanted: string): string => {
    let name = wanted;
    for (let count = 2; used.has(name); count += 1) name = `${wanted} (${count})`;
    used.add(name);
    names.set(column, name);
    return name;
  };
  for (const { column, value } of header ?? []) {
    const text = String(value ?? "").trim();
    if (text !== "") add(column, text);
  }
  return {
    nameOf: (column: number): string => names.get(column) ?? add(column, columnLetters(column)),
    /** The last column of the header, or -1. */
    last: Math.max(-1, ...names.keys()),
  };
}
