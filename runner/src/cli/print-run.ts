/** What a running plugin reports. To standard error, because standard output is the result. */
import { toPrintableLines } from "./printable.ts";

export function printLog(line: {
  readonly level: string;
  readonly message: string;
  /** As JSON text or as a value. */
  readonly data: unknown;
}): void {
  const { level, message, data } = line;
  const text = typeof data === "string" ? data : JSON.stringify(data);
  write(`${level} ${message}${data === null ? "" : ` ${text}`}`);
}

export function printProgress(progress: {
  readonly fraction: number | null;
  readonly message: string | null;
}): void {
  const { fraction, message } = progress;
  const share = fraction === null ? "" : `${Math.round(fraction * 100)} %`;
  write(`progress ${[share, message].filter(Boolean).join(" ")}`);
}

function write(text: string): void {
  process.stderr.write(`${toPrintableLines(text)}\n`);
}
