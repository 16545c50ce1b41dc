/** Classifies SQLite's errors by who must act. */
import { toErrorData as toPlainErrorData, type ErrorData } from "../shared/error-data.ts";

/** Primary result codes (https://www.sqlite.org/rescode.html) of errors that can be temporary. */
const TRANSIENT_CODES: ReadonlyMap<number, string> = new Map([
  [5, "STORE_BUSY"],
  [6, "STORE_BUSY"],
  [7, "STORE_NO_MEMORY"],
  [8, "STORE_READ_ONLY"],
  [10, "STORE_IO_ERROR"],
  [13, "STORE_DISK_FULL"],
  [14, "STORE_IO_ERROR"],
]);

/** Returns the primary result code of an SQLite error, or null for any other error. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !("errcode" in error)) return null;
  return typeof error.errcode === "number" ? error.errcode & 0xff : null;
}

export function toErrorData(error: unknown): ErrorData {
  const code = TRANSIENT_CODES.get(sqliteCode(error) ?? 0);
  if (code === undefined || !(error instanceof Error)) return toPlainErrorData(error);
  return { type: "transient", code, message: `The store cannot write now: ${error.message}` };
}
