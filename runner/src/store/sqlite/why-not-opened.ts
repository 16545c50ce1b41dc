import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Why a database could not be opened, where SQLite says no more than "unable to open database file". */
export function whyNotOpened(path: string, cause: unknown): string {
  const told = cause instanceof Error ? cause.message : String(cause);
  const reason = denial(dirname(path)) ?? (existsSync(path) ? denial(path) : "nothing is there");
  return reason === null ? told : `${told}; ${reason}`;
}

/** Null when this process may read and write it. */
function denial(path: string): string | null {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return null;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return (code === "EACCES" ? ownership(path) : null) ?? message;
  }
}

/** Null when even that cannot be seen. */
function ownership(path: string): string | null {
  try {
    const { uid } = statSync(path);
    const user = process.geteuid?.();
    const right = "give it to that user, or run this as its owner";
    return `${path} belongs to user ${uid}, and user ${user}, whose process this is, may not write to it: ${right}`;
  } catch {
    return null;
  }
}
