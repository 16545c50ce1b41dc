import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Returns why a database could not be opened. SQLite itself reports only "unable to open database
 * file".
 */
export function whyNotOpened(path: string, cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  const reason =
    denial(dirname(path)) ?? (existsSync(path) ? denial(path) : "the file does not exist");
  return reason === null ? message : `${message}; ${reason}`;
}

/** Returns why this process cannot read and write the file, or null if it can. */
function denial(path: string): string | null {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return null;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return (code === "EACCES" ? ownership(path) : null) ?? message;
  }
}

/** Returns who owns the file and how to fix that, or null if the owner cannot be read. */
function ownership(path: string): string | null {
  try {
    const { uid } = statSync(path);
    const user = process.geteuid?.();
    return `${path} belongs to user ${uid}, and this process runs as user ${user}, who cannot write to it: change the owner to user ${user}, or run Playground as user ${uid}`;
  } catch {
    return null;
  }
}
