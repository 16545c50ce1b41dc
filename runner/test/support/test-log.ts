import type { Log } from "../../src/ports/log.ts";

/** A log that passes the lines of all levels to `write`. */
export function createTestLog(write: (fields: object, message: string) => void = () => {}): Log {
  return { debug: write, info: write, warn: write, error: write, isLevelEnabled: () => true };
}
