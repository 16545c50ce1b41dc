/**
 * Classifies SQLite's errors by who must act, and passes them out of the writer thread as data:
 * a subclass of Error would arrive as a plain Error.
 */
import { Defect, Transient } from "../../domain/errors.ts";

/** The database cannot be used as it is. The operator must act. */
export class CannotOpen extends Error {
  override readonly name = "CannotOpen";
  readonly code: "STORE_IN_USE" | "STORE_TOO_NEW" | "STORE_UNREADABLE";

  constructor(code: CannotOpen["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface ErrorData {
  readonly type: "transient" | "defect" | "cannot-open";
  readonly code: string;
  readonly message: string;
}

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
  if (error instanceof CannotOpen) {
    return { type: "cannot-open", code: error.code, message: error.message };
  }
  if (error instanceof Transient || error instanceof Defect) {
    const type = error instanceof Transient ? "transient" : "defect";
    return { type, code: error.code, message: error.message };
  }
  const message = error instanceof Error ? error.message : String(error);
  const transient = TRANSIENT_CODES.get(sqliteCode(error) ?? 0);
  return transient === undefined
    ? { type: "defect", code: "STORE_FAILED", message: `The store failed: ${message}` }
    : { type: "transient", code: transient, message: `The store cannot write now: ${message}` };
}

export function toError({ type, code, message }: ErrorData): Error {
  switch (type) {
    case "transient":
      return new Transient(code, message);
    case "defect":
      return new Defect(code, message);
    case "cannot-open":
      return new CannotOpen(code as CannotOpen["code"], message);
  }
}
