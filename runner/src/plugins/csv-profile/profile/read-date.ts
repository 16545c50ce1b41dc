export const DATE_ORDERS = ["dmy", "mdy", "ymd"] as const;
export type DateOrder = (typeof DATE_ORDERS)[number];

/** A date in ms since the epoch, in UTC if it has no time zone. NaN if the order does not fit. */
export interface DateReading {
  readonly dmy: number;
  readonly mdy: number;
}

const TIME =
  "(?:(?:[T ]|, ?| - )(\\d{1,2})(?::(\\d{2})(?::(\\d{2})(?:[.,](\\d{1,9}))?)?)?\\s?([AaPp]\\.?[Mm]\\.?)?\\s?(Z|UTC|GMT|[+-]\\d{2}(?::?\\d{2})?)?)?$";
const YEAR_FIRST = new RegExp(`^(\\d{4})([-/.])(\\d{1,2})\\2(\\d{1,2})${TIME}`);
const YEAR_LAST = new RegExp(`^(\\d{1,2})([-/.])(\\d{1,2})\\2(\\d{4}|\\d{2})${TIME}`);
const COMPACT =
  /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(?:(\d{2})(?:[.,](\d{1,9}))?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/;
const WEEKDAY = /^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,? (?=\d|[a-z])/i;
const MONTH_FIRST = new RegExp(
  `^([a-z]{3,9})\\.? (\\d{1,2})(?:st|nd|rd|th)?,? (\\d{4})${TIME}`,
  "i",
);
const DAY_FIRST = new RegExp(
  `^(\\d{1,2})(?:st|nd|rd|th)?[ -]([a-z]{3,9})\\.?,?[ -](\\d{4}|\\d{2})${TIME}`,
  "i",
);

const MONTHS = [
  "january february march april may june july august september october november december",
  "jan feb mar apr may jun jul aug sep oct nov dec",
]
  .map((names) => names.split(" "))
  .concat([["", "", "", "", "", "", "", "", "sept"]]);
const MONTH_NUMBERS = new Map(
  MONTHS.flatMap((names) => names.map((name, index): [string, number] => [name, index + 1])),
);
MONTH_NUMBERS.delete("");

/**
 * Recognizes `2026-11-23`, `23.11.2026`, `11/23/26`, `Nov 23, 2026` and `23 Nov 2026`, each with or
 * without a time and an offset. `04/05/2026` has one reading per order, `04.05.2026` only one.
 */
export function readDate(value: string, order: DateOrder | "auto"): DateReading | null {
  if (value.length < 8 || value.length > 45) return null;
  const first = value.charCodeAt(0);
  if (first > 0x39 || first < 0x30) return readNamed(value);
  const yearFirst = YEAR_FIRST.exec(value);
  if (yearFirst !== null) {
    const [, year, , month, day, ...time] = yearFirst;
    return same(dayAt(year!, Number(month), Number(day)) + timeAt(time));
  }
  const yearLast = YEAR_LAST.exec(value);
  if (yearLast !== null) return readYearLast(yearLast, order);
  const compact = COMPACT.exec(value);
  if (compact !== null) {
    const [, year, month, day, hour, minute, second, fraction, zone] = compact;
    const time = timeAt([hour, minute, second, fraction, undefined, zone]);
    return same(dayAt(year!, Number(month), Number(day)) + time);
  }
  return readNamed(value);
}

function readYearLast(found: RegExpExecArray, order: DateOrder | "auto"): DateReading | null {
  const [, a, separator, b, c, ...rest] = found;
  // `1.2.10` is a version, not a date.
  if (c!.length === 2 && (a!.length !== 2 || b!.length !== 2)) return null;
  const time = timeAt(rest);
  if (order === "ymd") {
    return c!.length === 2 ? same(dayAt(a!, Number(b), Number(c)) + time) : null;
  }
  const dmy = order === "mdy" ? Number.NaN : dayAt(c!, Number(b), Number(a)) + time;
  const mdy = order === "dmy" ? Number.NaN : dayAt(c!, Number(a), Number(b)) + time;
  if (Number.isNaN(dmy) && Number.isNaN(mdy)) return null;
  // Dates with points have the day first wherever they are in use.
  if (order === "auto" && separator === "." && !Number.isNaN(dmy)) return same(dmy);
  if (order === "mdy") return same(mdy);
  return order === "dmy" ? same(dmy) : { dmy, mdy };
}

function readNamed(value: string): DateReading | null {
  const text = value.replace(WEEKDAY, "");
  const monthFirst = MONTH_FIRST.exec(text);
  if (monthFirst !== null) {
    const [, month, day, year, ...time] = monthFirst;
    return same(dayAt(year!, monthNumber(month!), Number(day)) + timeAt(time));
  }
  const dayFirst = DAY_FIRST.exec(text);
  if (dayFirst === null) return null;
  const [, day, month, year, ...time] = dayFirst;
  return same(dayAt(year!, monthNumber(month!), Number(day)) + timeAt(time));
}

function same(at: number): DateReading | null {
  return Number.isNaN(at) ? null : { dmy: at, mdy: at };
}

function monthNumber(name: string): number {
  return MONTH_NUMBERS.get(name.toLowerCase()) ?? Number.NaN;
}

/** Returns NaN for a day that does not exist. Two digits are a year from 1969 to 2068, as in POSIX. */
function dayAt(written: string, month: number, day: number): number {
  let year = Number(written);
  if (written.length === 2) year += year < 69 ? 2000 : 1900;
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= 31)) return Number.NaN;
  if (day > 28 && day > daysIn(year, month)) return Number.NaN;
  // Date.UTC reads years below 100 as years of the 20th century.
  return year >= 100
    ? Date.UTC(year, month - 1, day)
    : new Date(0).setUTCFullYear(year, month - 1, day);
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

function timeAt([hour, minute, second, fraction, half, zone]: (string | undefined)[]): number {
  if (hour === undefined) return 0;
  if (minute === undefined && half === undefined) return Number.NaN;
  let hours = Number(hour);
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return Number.NaN;
    hours = (hours % 12) + (/^p/i.test(half) ? 12 : 0);
  }
  const minutes = Number(minute ?? 0);
  const seconds = Number(second ?? 0);
  if (hours > 24 || minutes > 59 || seconds > 60) return Number.NaN;
  if (hours === 24 && minutes + seconds > 0) return Number.NaN;
  const ms = Number(`0.${fraction ?? 0}`) * 1000;
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms - offsetOf(zone);
}

function offsetOf(zone: string | undefined): number {
  if (zone === undefined || !/^[+-]/.test(zone)) return 0;
  const minutes = zone.length > 3 ? Number(zone.slice(-2)) : 0;
  const offset = Number(zone.slice(1, 3)) * 60 + minutes;
  return (zone.startsWith("-") ? -offset : offset) * 60_000;
}
