import type { Log } from "../../src/ports/log.ts";

/** A log of all levels, each of whose lines the test is given. */
export function createTestLog(write: (fields: object, message: string) => void = () => {}): Log {
  return { debug: write, info: write, warn: write, error: write, isLevelEnabled: () => true };
}
