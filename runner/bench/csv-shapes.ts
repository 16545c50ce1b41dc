/** CSV files in many shapes, each with what a profile must find. They are the same in every run. */
import { createRandom } from "../test/support/random.ts";

const AXES = {
  delimiter: [",", ";", "\t", "|", ":", "^"],
  quoting: ["needed", "all", "single", "backslash"],
  lineEnd: ["\n", "\r\n", "\r"],
  decimal: [".", ","],
  grouping: ["none", "thousands", "currency", "percent"],
  date: ["2024-MM-DD", "DD/MM/2024", "MM/DD/2024", "DD.MM.2024", "DD Mon 2024"],
  before: ["nothing", "title", "titles", "wide title", "comments", "sep"],
  header: ["names", "none"],
  encoding: ["utf-8", "utf-8 with mark", "windows-1252", "utf-16le", "utf-16be with mark"],
  flaw: ["none", "stray quote", "short rows", "delimiter at the end", "blank lines", "nulls"],
} as const;

type Axes = typeof AXES;
export type Shape = { readonly [Axis in keyof Axes]: Axes[Axis][number] };
export const AXIS_NAMES = Object.keys(AXES) as (keyof Axes)[];

export interface CsvFile {
  readonly shape: Shape;
  readonly bytes: Buffer;
  readonly expected: {
    readonly delimiter: string;
    readonly rows: number;
    readonly names: readonly string[];
    readonly types: readonly string[];
    readonly mean: number;
    readonly firstDay: string;
  };
}

const NAMES = ["item", "größe", "amount", "day", "note"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const ROWS = 24;

/** Every value of every axis is about equally frequent, in combinations that can exist. */
export function createCsvFiles(count: number): CsvFile[] {
  const random = createRandom(19);
  const files: CsvFile[] = [];
  while (files.length < count) {
    const picked = AXIS_NAMES.map((axis) => {
      const values = AXES[axis];
      return [axis, values[Math.floor(random() * values.length)]];
    });
    const shape = Object.fromEntries(picked) as Shape;
    if (canExist(shape)) files.push(createFile(shape, random));
  }
  return files;
}

function canExist(shape: Shape): boolean {
  // A stray quote is one of the kind that quotes, and a rare delimiter has no irregular rows.
  if (shape.flaw === "stray quote" && shape.quoting !== "needed") return false;
  const isRegular = shape.flaw === "none" || shape.flaw === "nulls";
  return shape.delimiter !== ":" || (isRegular && ["nothing", "sep"].includes(shape.before));
}

function createFile(shape: Shape, random: () => number): CsvFile {
  const { delimiter, lineEnd, flaw, header } = shape;
  const amounts: number[] = [];
  const days: string[] = [];
  const lines: string[] = [];
  for (let index = 0; index < ROWS; index++) {
    const amount = Math.round(random() * (shape.grouping === "thousands" ? 9e6 : 1e5)) / 100 + 0.01;
    const day = [1 + Math.floor(random() * 12), 1 + Math.floor(random() * 28)] as const;
    // A date of the 13th or later shows the order.
    const [month, date] = index === 3 ? [2, 27] : day;
    const isNull = flaw === "nulls" && index % 7 === 2;
    if (!isNull) amounts.push(amount);
    days.push(`${String(month).padStart(2, "0")}-${String(date).padStart(2, "0")}`);
    const cells = [
      `Bär ${String.fromCharCode(97 + index)}`,
      index % 5 === 0 ? `S${delimiter}${index}` : `M ${index}`,
      isNull ? "n/a" : toAmount(amount, shape),
      toDate(month, date, shape.date),
      index % 4 === 1 ? `red, green; or "blue" ${index}` : `plain ${index}`,
    ];
    lines.push(cells.map((cell) => quote(cell, shape)).join(delimiter));
  }
  if (flaw === "stray quote") lines[5] = lines[5]!.replace(/plain|red/, '"$&').replace(/""/, '"');
  if (flaw === "short rows") {
    lines[7] = lines[7]!.slice(0, lines[7]!.lastIndexOf(delimiter));
  }
  const head = header === "names" ? [NAMES.map((name) => quote(name, shape)).join(delimiter)] : [];
  const table = [...head, ...lines].map((line) =>
    flaw === "delimiter at the end" ? line + delimiter : line,
  );
  const separator = flaw === "blank lines" ? lineEnd + lineEnd : lineEnd;
  const text = [...before(shape), table.join(separator), ""].join(lineEnd);
  const names = header === "names" ? NAMES : NAMES.map((_, index) => `column ${index + 1}`);
  const [firstMonth, firstDate] = days.toSorted()[0]!.split("-").map(Number);
  return {
    shape,
    bytes: encode(text, shape.encoding),
    expected: {
      delimiter,
      rows: ROWS,
      names,
      types: ["string", "string", "number", "date", "string"],
      mean: amounts.reduce((a, b) => a + b) / amounts.length,
      firstDay: toDate(firstMonth!, firstDate!, shape.date),
    },
  };
}

function toAmount(amount: number, { decimal, grouping }: Shape): string {
  const [whole = "", fraction = ""] = amount.toFixed(2).split(".");
  const separator = decimal === "." ? "," : ".";
  const grouped =
    grouping === "thousands" ? whole.replaceAll(/\B(?=(?:\d{3})+$)/g, separator) : whole;
  const number = `${grouped}${decimal}${fraction}`;
  if (grouping === "currency") return `${number} €`;
  return grouping === "percent" ? `${number}%` : number;
}

function toDate(month: number, day: number, format: Shape["date"]): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return format
    .replace("Mon", MONTHS[month - 1]!)
    .replace("MM", two(month))
    .replace("DD", two(day));
}

function quote(cell: string, { quoting, delimiter }: Shape): string {
  const mark = quoting === "single" ? "'" : '"';
  const isNeeded = cell.includes(delimiter) || cell.includes(mark);
  if (!isNeeded && quoting !== "all" && quoting !== "single") return cell;
  const escaped = cell.replaceAll(mark, (quoting === "backslash" ? "\\" : mark) + mark);
  return mark + escaped + mark;
}

function before({ before: kind, delimiter }: Shape): string[] {
  switch (kind) {
    case "nothing":
      return [];
    case "title":
      return ["Warehouse report 2024"];
    case "titles":
      return ["Warehouse report", "", "Printed by Kim", ""];
    case "wide title":
      return [`Warehouse report${delimiter.repeat(4)}`, delimiter.repeat(4)];
    case "comments":
      return ["# Warehouse report", "# red, green; blue"];
    case "sep":
      return [`sep=${delimiter}`];
  }
}

function encode(text: string, encoding: Shape["encoding"]): Buffer {
  switch (encoding) {
    case "utf-8":
      return Buffer.from(text);
    case "utf-8 with mark":
      return Buffer.from(`\uFEFF${text}`);
    case "windows-1252":
      return Buffer.from(text.replaceAll("€", "\u0080"), "latin1");
    case "utf-16le":
      return Buffer.from(text, "utf16le");
    case "utf-16be with mark":
      return Buffer.from(`\uFEFF${text}`, "utf16le").swap16();
  }
}
