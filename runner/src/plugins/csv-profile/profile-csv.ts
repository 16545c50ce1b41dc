import { analyze, type Analysis } from "./dialect/analyze.ts";
import { withLineEnds } from "./dialect/line-ends.ts";
import { createRowSplitter, type Row } from "./dialect/row-splitter.ts";
import { createMisfits } from "./misfits.ts";
import { createTableProfile } from "./profile/table-profile.ts";
import type { KnownCsv } from "./options.ts";

/** The dialect is found in the first characters. The text after them is read once. */
const SAMPLE_LENGTH = 1 << 18;

export interface CsvReader {
  readonly known: KnownCsv;
  readonly signal: AbortSignal;
  onRows(rows: number): void;
}

/** Profiles a CSV text that arrives in pieces. */
export async function profileCsv(pieces: AsyncIterable<string>, reader: CsvReader) {
  const { sample, all } = await takeSample(pieces);
  const analysis = analyze(sample, reader.known);
  return analysis === null ? null : profileTable(all, analysis, reader);
}

async function takeSample(pieces: AsyncIterable<string>) {
  const iterator = pieces[Symbol.asyncIterator]();
  const taken: string[] = [];
  let length = 0;
  let isWhole = false;
  while (length < SAMPLE_LENGTH) {
    const next = await iterator.next();
    if (next.done) {
      isWhole = true;
      break;
    }
    taken.push(next.value);
    length += next.value.length;
  }
  async function* all(): AsyncGenerator<string> {
    yield* taken;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { sample: { text: taken.join(""), isWhole }, all: all() };
}

async function profileTable(pieces: AsyncIterable<string>, analysis: Analysis, reader: CsvReader) {
  const { known, signal } = reader;
  const { dialect, header, names, shape, line } = analysis;
  const { delimiter } = dialect;
  const table = createTableProfile({ names, nulls: known.nulls, format: known.format });
  const misfits = createMisfits({ limit: known.listMisfits, delimiter });
  const width = names.length;
  let rows = 0;
  let raggedRows = 0;
  let firstRaggedRow: number | null = null;
  let quoteErrors = 0;

  function isHeaderAgain({ cells }: Row): boolean {
    if (header === null || cells[0] !== header[0] || cells.length !== header.length) return false;
    return header.length > 1 && header.every((name, index) => name === cells[index]);
  }

  function addRow(row: Row): void {
    const { cells } = row;
    if (isHeaderAgain(row)) {
      misfits.add("header again", row, null);
      return;
    }
    rows += 1;
    if (cells.length !== width) {
      raggedRows += 1;
      firstRaggedRow ??= rows;
      const problem = cells.length < width ? "too few values" : "too many values";
      misfits.add(problem, row, rows);
    }
    if (row.quoteErrors > 0) {
      quoteErrors += row.quoteErrors;
      const problem = row.hasStrayQuote ? "stray quote" : "quote within a value";
      misfits.add(problem, row, rows);
    }
    table.add(cells);
  }

  const splitter = createRowSplitter(dialect, { table: shape, line, onRow: addRow });
  let before = analysis.start;
  for await (const piece of withLineEnds(pieces, dialect.newline)) {
    signal.throwIfAborted();
    const skipped = Math.min(before, piece.length);
    before -= skipped;
    if (skipped < piece.length) splitter.push(skipped > 0 ? piece.slice(skipped) : piece);
    reader.onRows(rows);
  }
  splitter.end();
  reader.onRows(rows);
  return {
    analysis,
    skipped: splitter.skipped,
    misfits: misfits.finish(),
    counts: { rows, raggedRows, firstRaggedRow, quoteErrors },
    table: table.finish(known.top),
  };
}
export type CsvProfile = NonNullable<Awaited<ReturnType<typeof profileCsv>>>;
