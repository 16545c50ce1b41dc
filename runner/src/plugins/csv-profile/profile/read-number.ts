/** The separators to read numbers with. `auto` accepts what fits the other one. */
export interface NumberFormat {
  readonly decimal: "auto" | "." | ",";
  /** Empty if no character separates groups of digits. */
  readonly thousands: string;
}

export interface NumberReading {
  /** The number if `.` is the decimal separator. NaN if it cannot be. */
  readonly point: number;
  /** The number if `,` is the decimal separator. */
  readonly comma: number;
  /** A currency or `%`, as written. Empty if there is none. */
  readonly unit: string;
  readonly isWhole: boolean;
}

const PLAIN = /^[+-]?(?:0|[1-9]\d*)?(?:([.,])\d*)?(?:[eE][+-]?\d+)?$/;
const UNIT = "\\p{Sc}|[A-Z]{0,2}\\p{Sc}|[A-Z]{3}|[Kk][Rr]\\.?|Fr\\.|zł|Kč|Ft|лв\\.?|руб\\.?|р\\.";
const WITH_UNIT = new RegExp(
  `^(\\()?([+\\-−]?)\\s?(${UNIT})?\\s?([+\\-−]?)(\\d[\\d.,'’_\\s]*|[.,]\\d+)([eE][+-]?\\d+)?\\s?(%|‰|${UNIT})?(-)?(\\))?$`,
  "u",
);
const INFINITE = /^([+-]?)(?:inf|infinity|∞|1\.#INF)$/i;

export const CURRENCY_CODE =
  /^(?:USD|EUR|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|CZK|HUF|RUB|BRL|AUD|CAD|NZD|MXN|ZAR|TRY|KRW|SGD|HKD|ILS|RON|THB|IDR|PHP|AED|SAR|UAH|CLP|COP|ARS|EGP|NGN|KES|VND|MYR|TWD|PKR|BGN|ISK)$/;

/** Reads a number with its currency or percent sign. Returns null if the value is no number. */
export function readNumber(value: string, format: NumberFormat): NumberReading | null {
  const plain = PLAIN.exec(value);
  if (plain !== null) return readPlain(value, plain[1], format);
  const infinite = INFINITE.exec(value);
  if (infinite !== null) {
    const number = infinite[1] === "-" ? -Infinity : Infinity;
    return { point: number, comma: number, unit: "", isWhole: false };
  }
  return readWithUnit(value, format);
}

/** Reads digits with at most one separator, which stands before the fraction or the thousands. */
function readPlain(
  value: string,
  separator: string | undefined,
  format: NumberFormat,
): NumberReading | null {
  const number = Number(separator === "," ? value.replace(",", ".") : value);
  if (!Number.isFinite(number)) return null;
  if (separator === undefined) {
    return { point: number, comma: number, unit: "", isWhole: !/e/i.test(value) };
  }
  const grouped = readGrouped(value, separator, format);
  const decimal = allows(format, separator) ? number : Number.NaN;
  if (Number.isNaN(grouped) && Number.isNaN(decimal)) return null;
  const [point, comma] = separator === "." ? [decimal, grouped] : [grouped, decimal];
  return { point, comma, unit: "", isWhole: !Number.isNaN(grouped) };
}

function readWithUnit(value: string, format: NumberFormat): NumberReading | null {
  const found = WITH_UNIT.exec(value);
  if (found === null) return null;
  const [, open, signA, before, signB, digits = "", exponent = "", after, signC, close] = found;
  const signs = [signA, signB, signC, open].filter(Boolean);
  if (signs.length > 1 || (open === undefined) !== (close === undefined)) return null;
  if (before !== undefined && after !== undefined) return null;
  const unit = before ?? after ?? "";
  if (/^[A-Z]{3}$/.test(unit) && !CURRENCY_CODE.test(unit)) return null;
  const isNegative = signs.length === 1 && signs[0] !== "+";
  const core = digits.trimEnd();
  const read = (decimal: "." | ","): number => {
    if (!allows(format, decimal)) return Number.NaN;
    const number = readDigits(core, decimal, { exponent, thousands: format.thousands });
    return isNegative ? -number : number;
  };
  const point = read(".");
  const comma = read(",");
  if (!Number.isFinite(point) && !Number.isFinite(comma)) return null;
  const isWhole = exponent === "" && !/[.,]\d{0,2}$|[.,]\d{4,}$/.test(core);
  return { point, comma, unit, isWhole };
}

/** Reads `1.234` or `1,234` with its separator between thousands. */
function readGrouped(value: string, separator: string, format: NumberFormat): number {
  const decimal = separator === "." ? "," : ".";
  // A single separator stands before three digits.
  if (value.length - value.indexOf(separator) !== 4) return Number.NaN;
  if (!allows(format, decimal) || /e/i.test(value)) return Number.NaN;
  const isNegative = value.startsWith("-");
  const digits = value.startsWith("+") || isNegative ? value.slice(1) : value;
  const number = readDigits(digits, decimal, { exponent: "", thousands: format.thousands });
  return isNegative ? -number : number;
}

function allows(format: NumberFormat, decimal: string): boolean {
  return format.decimal === "auto" || format.decimal === decimal;
}

/** Reads digits with one decimal separator and groups of three, or of two as in `1,00,000`. */
function readDigits(
  digits: string,
  decimal: "." | ",",
  { exponent, thousands }: { exponent: string; thousands: string },
): number {
  const parts = digits.split(decimal);
  if (parts.length > 2) return Number.NaN;
  const [whole = "", fraction = ""] = parts;
  if (!/^\d*$/.test(fraction)) return Number.NaN;
  const separator = /\D/.exec(whole)?.[0];
  if (separator === undefined) {
    return whole.length > 1 && whole.startsWith("0")
      ? Number.NaN
      : Number(`${whole || "0"}.${fraction || "0"}${exponent}`);
  }
  const isAllowed =
    thousands === "auto" || thousands === separator || (thousands === " " && /\s/.test(separator));
  if (!isAllowed || separator === decimal) return Number.NaN;
  const groups = whole.split(separator);
  const isGrouped =
    /^[1-9]\d{0,2}$/.test(groups[0]!) &&
    /^\d{3}$/.test(groups.at(-1)!) &&
    (groups.slice(1).every((group) => /^\d{3}$/.test(group)) ||
      (separator === "," && groups.slice(1, -1).every((group) => /^\d{2}$/.test(group))));
  return isGrouped ? Number(`${groups.join("")}.${fraction || "0"}${exponent}`) : Number.NaN;
}
