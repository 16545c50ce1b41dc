/**
 * The kinds of a single value. `code`: digits that are not a quantity, such as `00501` or a
 * 16-digit id.
 */
export const VALUE_KINDS = ["integer", "number", "boolean", "date", "code", "string"] as const;
export type ValueKind = (typeof VALUE_KINDS)[number];

export interface Reading {
  readonly kind: ValueKind;
  /** The number, or the date in ms since the epoch (UTC if it has no time zone). Otherwise NaN. */
  readonly number: number;
}

const NUMBER = /^[+-]?(?:0|[1-9]\d*|(?=\.\d))(?:\.\d*)?(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?(?:0|[1-9]\d{0,14})$/;
const DIGITS = /^\d+$/;
const BOOLEAN = /^(?:true|false)$/i;
const NUMERIC_DATE =
  /^(\d{4})([-/])(\d{1,2})\2(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d{2}:?\d{2})?)?$/;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MONTH_FIRST = /^([a-z]{3,9})\.? (\d{1,2}),? (\d{4})$/i;
const DAY_FIRST = /^(\d{1,2})[ -]([a-z]{3,9})\.?[ -,]\s?(\d{4})$/i;

/**
 * Recognizes the dates `2026-11-23`, `2026/11/23` (both with or without a time), `Nov 23 2026` and
 * `23 Nov 2026`. `11/12/2026` is ambiguous and stays a string.
 */
export function readValue(value: string, decimal: "." | ","): Reading {
  if (INTEGER.test(value)) return { kind: "integer", number: Number(value) };
  if (DIGITS.test(value)) return { kind: "code", number: Number.NaN };
  const written = decimal === "," ? value.replace(",", ".") : value;
  if (NUMBER.test(written)) {
    const number = Number(written);
    if (Number.isFinite(number)) return { kind: "number", number };
  }
  if (BOOLEAN.test(value)) return { kind: "boolean", number: Number.NaN };
  const at = readDate(value);
  if (!Number.isNaN(at)) return { kind: "date", number: at };
  return { kind: "string", number: Number.NaN };
}

function readDate(value: string): number {
  if (value.length < 8 || value.length > 40) return Number.NaN;
  const numeric = NUMERIC_DATE.exec(value);
  if (numeric) {
    const [, year, , month, day, hour, minute, second, fraction, zone] = numeric;
    const date = dayAt(Number(year), Number(month), Number(day));
    const time = timeAt(Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0));
    return date + time + Number(`0.${fraction ?? 0}`) * 1000 - offsetOf(zone);
  }
  const [, monthA, dayA, yearA] = MONTH_FIRST.exec(value) ?? [];
  if (monthA) return dayAt(Number(yearA), monthNumber(monthA), Number(dayA));
  const [, dayB, monthB, yearB] = DAY_FIRST.exec(value) ?? [];
  if (monthB) return dayAt(Number(yearB), monthNumber(monthB), Number(dayB));
  return Number.NaN;
}

function monthNumber(name: string): number {
  return MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1;
}

/** Returns NaN for a day that does not exist. */
function dayAt(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
    ? date.getTime()
    : Number.NaN;
}

function timeAt(hour: number, minute: number, second: number): number {
  if (hour > 23 || minute > 59 || second > 60) return Number.NaN;
  return ((hour * 60 + minute) * 60 + second) * 1000;
}

function offsetOf(zone: string | undefined): number {
  if (zone === undefined || zone === "Z") return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith("-") ? -minutes : minutes) * 60_000;
}
