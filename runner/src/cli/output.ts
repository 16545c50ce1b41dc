import { toTime, toTimeOfDay } from "./amounts.ts";
import { toPrintableLines } from "./printable.ts";
import { describeStream, type Paint } from "./terminal.ts";
import { toTable, type Column } from "./table.ts";

export interface Output {
  readonly paint: Paint;
  readonly now: number;
  /** Writes a line of the result to stdout. */
  print(text: string): void;
  printTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): void;
  /** Writes a line about the result to stderr. */
  note(text: string): void;
  /** Empty for null. */
  time(instant: string | null): string;
  /** For logs: the time of day, unless the flags ask for the whole instant. */
  clock(instant: string): string;
}

/** The terminal, or the file or program that reads the output instead. */
export function openOutput(flags: { readonly iso?: boolean; readonly utc?: boolean } = {}): Output {
  const { width, paint } = describeStream(process.stdout);
  const now = Date.now();
  const style = flags.utc ? "utc" : flags.iso ? "local" : "relative";
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  return {
    paint,
    now,
    print,
    printTable: (columns, rows) => print(toTable(columns, rows, { width, paint })),
    note: (text) => void process.stderr.write(`${toPrintableLines(text)}\n`),
    clock: (instant) =>
      style === "relative" ? toTimeOfDay(instant) : toTime(instant, { now, style }),
    time: (instant) => (instant === null ? "" : toTime(instant, { now, style })),
  };
}
