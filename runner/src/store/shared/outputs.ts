import type { JsonText } from "../../domain/json-text.ts";
import type { OutputBound } from "../../ports/store/jobs.ts";

/** An output's row and length. Databases return both without reading the output. */
export interface OutputColumns {
  readonly step: number | null;
  readonly output_bytes: number | null;
}

export type ReadOutput = (row: OutputColumns) => { output: JsonText | null; truncated: boolean };

export const NO_OUTPUTS: OutputBound = { maxOutputBytes: 0 };

/** The bytes of these rows' outputs that fit into the bound, one after the other. */
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
