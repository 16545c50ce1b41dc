import { MAX_COLUMNS, MAX_ROW, type Area } from "./workbook.ts";

/** 0 is A, 26 is AA. */
export function columnLetters(column: number): string {
  let letters = "";
  for (let rest = column + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters;
  }
  return letters;
}

/** Returns NaN if it is not the letters of a column. */
export function columnNumber(letters: string): number {
  if (!/^[A-Z]{1,3}$/i.test(letters)) return Number.NaN;
  let column = 0;
  for (const letter of letters.toUpperCase()) column = column * 26 + letter.charCodeAt(0) - 64;
  return column <= MAX_COLUMNS ? column - 1 : Number.NaN;
}

/** Reads `B3:F100`, `B:F`, `B3:F` and `B3`. Null if it is none of these. */
export function parseArea(written: string): Area | null {
  const match = /^\$?([A-Z]{1,3})\$?(\d*)(?::\$?([A-Z]{1,3})\$?(\d*))?$/i.exec(written.trim());
  if (!match) return null;
  const [, from = "", first, to, last] = match;
  if (to === undefined && !first) return null;
  const area = {
    top: first ? Number(first) : 1,
    left: columnNumber(from),
    bottom: last ? Number(last) : to === undefined ? Number(first) : MAX_ROW,
    right: columnNumber(to ?? from),
  };
  const isValid =
    area.top >= 1 && area.top <= area.bottom && area.left <= area.right && area.bottom <= MAX_ROW;
  return isValid ? area : null;
}
