import { toLineEnds } from "./line-ends.ts";
import type { Dialect } from "./dialect.ts";
import { createRowSplitter, type Row } from "./row-splitter.ts";

export interface Sample {
  readonly text: string;
  /** Whether the sample is the whole text. */
  readonly isWhole: boolean;
}

export const MAX_SAMPLE_ROWS = 1_000;

/** Reads the complete rows of a sample. */
export function sampleRows(sample: Sample, dialect: Dialect): Row[] {
  const rows: Row[] = [];
  const splitter = createRowSplitter(dialect, {
    onRow(row) {
      if (rows.length < MAX_SAMPLE_ROWS) rows.push({ ...row });
    },
  });
  splitter.push(toLineEnds(sample.text, dialect.newline));
  if (sample.isWhole || rows.length === 0) splitter.end();
  return rows;
}
