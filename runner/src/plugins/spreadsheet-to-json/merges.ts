import type { Area, Cell } from "./workbook.ts";

/** Repeats the value of each merged area in all its cells. Rows must come in their order. */
export function createMergeFiller(merges: readonly Area[]) {
  const coming = merges.toSorted((a, b) => a.top - b.top);
  let next = 0;
  let active: { area: Area; cell: Cell | undefined }[] = [];
  return {
    fill(number: number, cells: readonly Cell[]): readonly Cell[] {
      active = active.filter(({ area }) => area.bottom >= number);
      for (; next < coming.length && coming[next]!.top <= number; next += 1) {
        const area = coming[next]!;
        const cell = cells.find(({ column }) => column === area.left);
        if (area.bottom >= number) active.push({ area, cell });
      }
      if (active.length === 0) return cells;
      const byColumn = new Map(cells.map((cell) => [cell.column, cell]));
      for (const { area, cell } of active) {
        if (!cell) continue;
        for (let column = area.left; column <= area.right; column += 1) {
          byColumn.set(column, { ...cell, column, isFormula: false });
        }
      }
      return [...byColumn.values()];
    },
    /** The last row that a merged area reaches. */
    lastRow: merges.reduce((last, { bottom }) => Math.max(last, bottom), 0),
  };
}
