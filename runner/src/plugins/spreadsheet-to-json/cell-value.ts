import type { Cell } from "./workbook.ts";
import type { FormatKind } from "./number-format.ts";
import { serialToDate, serialToTime } from "./serial-date.ts";

type Typed = Pick<Cell, "kind" | "value">;

/** An integer that JavaScript would round stays text with all its digits. */
export function numberCell(
  written: string,
  format: FormatKind,
  { uses1904 }: { uses1904: boolean },
): Typed {
  const value = Number(written);
  if (written.trim() === "" || !Number.isFinite(value)) return textCell(written);
  if (format === "date") {
    // A date format on a number below 1 shows a time, as Excel does.
    if (value > 0 && value < 1) return { kind: "time", value: serialToTime(value) };
    const date = serialToDate(value, uses1904);
    return date === null ? { kind: "number", value } : { kind: "date", value: date };
  }
  if (format === "time") return { kind: "time", value: serialToTime(value) };
  const isRounded = /^-?\d+$/.test(written) && !Number.isSafeInteger(value);
  return isRounded ? textCell(written) : { kind: format, value };
}

export function textCell(value: string): Typed {
  return { kind: "text", value: value === "" ? null : value };
}
