import type { JsonText } from "../../../domain/json-text.ts";
import type { OutputBound } from "../../../ports/store/jobs.ts";
import type { OutputColumns, ReadOutput } from "../../shared/outputs.ts";
import type { Query } from "../reader.ts";

/**
 * Reads the outputs that fit one after the other into the bound. The others are left out and not read.
 */
export async function readOutputs(
  query: Query,
  { maxOutputBytes }: OutputBound,
  rows: readonly OutputColumns[],
): Promise<ReadOutput> {
  const fitting: number[] = [];
  let left = maxOutputBytes;
  for (const { step, output_bytes: bytes } of rows) {
    if (step === null || bytes === null || bytes > left) continue;
    left -= bytes;
    fitting.push(step);
  }
  const found =
    fitting.length === 0
      ? []
      : await query<{ id: number; output: JsonText }>(
          `SELECT id, output FROM steps WHERE id = ANY ($1::bigint[])`,
          [fitting],
        );
  const outputOf = new Map(found.map(({ id, output }) => [id, output]));
  return ({ step, output_bytes: bytes }) => {
    if (step === null || bytes === null) return { output: null, truncated: false };
    const output = outputOf.get(step) ?? null;
    return { output, truncated: output === null };
  };
}
