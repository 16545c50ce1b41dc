import { toPrintable } from "./printable.ts";
import type { Color, Paint } from "./terminal.ts";
import { cutTo, padTo, widthOf } from "./text-width.ts";

const GAP = "  ";
/** A flexible column is not made narrower than this. */
const NARROWEST = 8;

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly color?: (row: Row) => Color | null;
  /** True when long texts are cut so that the table fits the terminal. Ids are never cut. */
  readonly isFlexible?: true;
}

/**
 * Aligns the columns. A column without any text is left out. Without a width, nothing is cut: the
 * reader is a program.
 */
export function toTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, paint }: { readonly width: number | null; readonly paint: Paint },
): string {
  const shown = columns
    .map((column) => ({ column, texts: rows.map((row) => toPrintable(column.text(row))) }))
    .filter(({ texts }) => texts.some((text) => text !== ""));
  const natural = shown.map(({ column, texts }) =>
    Math.max(widthOf(column.title), ...texts.map(widthOf)),
  );
  const widths = fit(
    natural,
    shown.map(({ column }) => column.isFlexible === true),
    width,
  );
  const toLine = (cells: readonly string[], colors: readonly (Color | null)[]): string =>
    cells
      .map((cell, at) => {
        const cut = cutTo(cell, widths[at] ?? 0);
        const color = colors[at] ?? null;
        const painted = color === null ? cut : paint(color, cut);
        const isLast = at === cells.length - 1;
        return isLast ? painted : painted + padTo(cut, widths[at] ?? 0).slice(cut.length);
      })
      .join(GAP)
      .trimEnd();
  const head = toLine(
    shown.map(({ column }) => column.title),
    shown.map(() => "bold"),
  );
  const lines = rows.map((row, at) =>
    toLine(
      shown.map(({ texts }) => texts[at] ?? ""),
      shown.map(({ column }) => column.color?.(row) ?? null),
    ),
  );
  return [head, ...lines].join("\n");
}

/** Takes from the widest flexible column until the table fits, or none of them can be narrower. */
function fit(
  natural: readonly number[],
  isFlexible: readonly boolean[],
  width: number | null,
): readonly number[] {
  const widths = [...natural];
  if (width === null) return widths;
  const total = (): number =>
    widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1);
  for (;;) {
    const most = Math.max(0, ...widths.filter((_, at) => isFlexible[at]));
    const at = widths.findIndex((one, index) => isFlexible[index] && one === most);
    if (total() <= width || most <= NARROWEST) return widths;
    widths[at] = most - 1;
  }
}
