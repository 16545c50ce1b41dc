import type { DatabaseSync } from "node:sqlite";
import type { JsonText } from "../../../domain/json-text.ts";
import type { OutputBound } from "../../../ports/store/jobs.ts";
import { prepare } from "../statement.ts";

/** An output's row and length. SQLite returns both without reading the output. */
export interface OutputColumns {
  readonly step: number | null;
  readonly output_bytes: number | null;
}

export type ReadOutput = (row: OutputColumns) => { output: JsonText | null; truncated: boolean };

export const NO_OUTPUTS: OutputBound = { maxOutputBytes: 0 };

/** The bytes of the outputs that `prepareReadOutputs` reads of these rows. */
export function bytesWithin(
  { maxOutputBytes }: OutputBound,
  rows: readonly OutputColumns[],
): number {
  let bytes = 0;
  for (const { output_bytes: size } of rows) {
    if (size !== null && bytes + size <= maxOutputBytes) bytes += size;
  }
  return bytes;
}

/** Reads outputs one after the other, and leaves out those that exceed the rest of the bound. */
export function prepareReadOutputs(db: DatabaseSync): (bound: OutputBound) => ReadOutput {
  const find = prepare<{ output: JsonText }>(db, `SELECT output FROM steps WHERE id = ?`);
  return ({ maxOutputBytes }) => {
    let left = maxOutputBytes;
    return ({ step, output_bytes: bytes }) => {
      if (step === null || bytes === null) return { output: null, truncated: false };
      if (bytes > left) return { output: null, truncated: true };
      left -= bytes;
      return { output: find.get(step)?.output ?? null, truncated: false };
    };
  };
}
