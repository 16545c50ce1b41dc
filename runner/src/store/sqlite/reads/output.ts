import type { DatabaseSync } from "node:sqlite";
import type { JsonText } from "../../../domain/json-text.ts";
import type { OutputBound } from "../../../ports/store/jobs.ts";
import type { ReadOutput } from "../../shared/outputs.ts";
import { prepare } from "../statement.ts";

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
