/** Classifies PostgreSQL's errors by who must act. */
import pg from "pg";
import { Defect, Refused, Transient } from "../../domain/errors.ts";
import { CannotOpen } from "../cannot-open.ts";

/**
 * The code of each class or code (https://www.postgresql.org/docs/15/errcodes-appendix.html) of errors
 * that can be temporary. The longest prefix counts.
 */
const TRANSIENT_CODES: readonly (readonly [prefix: string, code: string])[] = [
  ["53100", "STORE_DISK_FULL"],
  ["53", "STORE_BUSY"],
  ["25006", "STORE_READ_ONLY"],
  ["40001", "STORE_BUSY"],
  ["40P01", "STORE_BUSY"],
  ["55P03", "STORE_BUSY"],
  ["57014", "STORE_BUSY"],
  ["58", "STORE_IO_ERROR"],
  ["08", "STORE_UNREACHABLE"],
  ["57P", "STORE_UNREACHABLE"],
  ["25P0", "STORE_UNREACHABLE"],
];

/** Another transaction was in the way: the write group succeeds when it is repeated. */
export class Conflict extends Error {
  override readonly name = "Conflict";
}

/** What the server reports as one. */
const CONFLICTS: ReadonlySet<string> = new Set(["40001", "40P01", "55P03"]);

/** The code of an error that the server has reported. */
export function sqlState(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? (error.code ?? null) : null;
}

export function isConflict(error: unknown): boolean {
  return error instanceof Conflict || CONFLICTS.has(sqlState(error) ?? "");
}

/** Whether the connection is lost, or must be given up: the server ends, or is a standby now. */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlState(error);
  if (state === null) return isOfClient(error);
  return ["08", "57P", "25006", "25P03"].some((prefix) => state.startsWith(prefix));
}

/** An error of the socket, such as EPIPE, or of `pg`, whose errors have no codes. */
function isOfClient(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof Defect || error instanceof Refused)
    return false;
  if (error instanceof Transient) return false;
  return "syscall" in error || /connection|timeout|not queryable|socket/i.test(error.message);
}

export function toError(error: unknown): Error {
  if (
    error instanceof Defect ||
    error instanceof Refused ||
    error instanceof Transient ||
    error instanceof CannotOpen
  ) {
    return error;
  }
  if (error instanceof Conflict)
    return new Transient("STORE_BUSY", error.message, { cause: error });
  const message = error instanceof Error ? error.message : String(error);
  const state = sqlState(error) ?? (isConnectionLost(error) ? "08000" : "");
  const transient = TRANSIENT_CODES.find(([prefix]) => state.startsWith(prefix))?.[1];
  return transient === undefined
    ? new Defect("STORE_FAILED", `The store failed: ${message}`, { cause: error })
    : new Transient(transient, `The database cannot be used now: ${message}`, { cause: error });
}

/** Of an open store: the server can be back soon, so that the call is repeated. */
export function toUnreachable(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof CannotOpen
    ? new Transient("STORE_UNREACHABLE", message, { cause: error })
    : toError(error);
}
