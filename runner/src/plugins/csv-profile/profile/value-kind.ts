import { readDate, type DateOrder } from "./read-date.ts";
import { readNumber, type NumberFormat } from "./read-number.ts";

/**
 * The kinds of a single value. `code`: digits that are not a quantity, such as `00501` or a
 * 16-digit id. `placeholder`: `-` or `?`, which is no value in a column of numbers or dates.
 */
export const VALUE_KINDS = [
  "integer",
  "number",
  "boolean",
  "date",
  "code",
  "placeholder",
  "string",
] as const;
export type ValueKind = (typeof VALUE_KINDS)[number];

/** What a value can mean. A number and a date can have two readings. */
export interface Reading {
  readonly kind: ValueKind;
  /** The number with the decimal separator `.`, or the date with the day first. Otherwise NaN. */
  readonly first: number;
  /** The number with the decimal separator `,`, or the date with the month first. */
  readonly second: number;
  readonly unit: string;
}

export interface ValueFormat extends NumberFormat {
  readonly dateFormat: DateOrder | "auto";
}

const INTEGER = /^(?:-?(?:0|[1-9]\d{0,14})|\+[1-9]\d{0,5})$/;
const CODE = /^[+-]?\d+$/;
const BOOLEAN = /^(?:true|false)$/i;
const PLACEHOLDER = /^(?:[-–—]{1,3}|\.{1,3}|\?{1,3}|\*{1,3}|…)$/;
/** A date or a text: saves the slow expressions for numbers with units. */
const NO_NUMBER = /^\d{1,4}[-/:]\d/;
const HAS_DIGIT = /\d/;

const STRING: Reading = toReading("string");
const CODE_READING: Reading = toReading("code");
const BOOLEAN_READING: Reading = toReading("boolean");
const PLACEHOLDER_READING: Reading = toReading("placeholder");

export function readValue(value: string, format: ValueFormat): Reading {
  if (INTEGER.test(value)) return toReading("integer", Number(value), Number(value));
  if (!HAS_DIGIT.test(value)) {
    if (BOOLEAN.test(value)) return BOOLEAN_READING;
    if (PLACEHOLDER.test(value)) return PLACEHOLDER_READING;
    if (value.length > 9) return STRING;
  }
  if (CODE.test(value)) return CODE_READING;
  if (value.length > 45) return STRING;
  if (NO_NUMBER.test(value)) return toDateReading(value, format);
  const number = readNumber(value, format);
  if (number !== null) {
    const kind = number.isWhole && number.unit === "" ? "integer" : "number";
    return { kind, first: number.point, second: number.comma, unit: number.unit };
  }
  return toDateReading(value, format);
}

function toDateReading(value: string, { dateFormat }: ValueFormat): Reading {
  const date = readDate(value, dateFormat);
  return date === null ? STRING : toReading("date", date.dmy, date.mdy);
}

function toReading(kind: ValueKind, first = Number.NaN, second = Number.NaN): Reading {
  return { kind, first, second, unit: "" };
}
