import type { DatabaseSync } from "node:sqlite";
import type { JsonText } from "../../../domain/json-text.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";

interface Found {
  readonly key: number;
  /** Null when the step has no output, or payloads were removed. */
  readonly bytes: number | null;
}

export function prepareReadJobValue(db: DatabaseSync): StoreReads["jobValue"] {
  const findInput = prepare<Found>(
    db,
    `SELECT seq AS key, iif(payloads_removed_at IS NULL, octet_length(input), NULL) AS bytes
     FROM jobs JOIN job_specs ON job_specs.job = jobs.seq WHERE id = ?`,
  );
  const findOutput = prepare<Found>(
    db,
    `SELECT steps.id AS key, octet_length(output) AS bytes
     FROM jobs JOIN steps ON steps.job = jobs.seq WHERE jobs.id = ? AND position = ?`,
  );
  const readInput = prepare<{ value: JsonText }>(
    db,
    `SELECT input AS value FROM job_specs WHERE job = ?`,
  );
  const readOutput = prepare<{ value: JsonText }>(
    db,
    `SELECT output AS value FROM steps WHERE id = ?`,
  );
  return async (id, which, reserve) => {
    const found = which === "input" ? findInput.get(id) : findOutput.get(id, which);
    if (found === undefined || found.bytes === null) return null;
    reserve?.(found.bytes);
    const row = which === "input" ? readInput.get(found.key) : readOutput.get(found.key);
    return row?.value ?? null;
  };
}
