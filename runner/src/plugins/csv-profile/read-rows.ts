import { Readable } from "node:stream";

/** Longer than any real row. An unclosed quote would turn the rest of the file into one row. */
const MAX_ROW_LENGTH = 4 << 20;

export interface RowReader {
  /** Default: the one of `, ; tab |` that splits the first rows most evenly. */
  readonly delimiter?: string | undefined;
  readonly signal: AbortSignal;
  /** Receives rows without blank lines. The array is valid only during the call. */
  onRows(rows: readonly (readonly string[])[]): void;
}

/**
 * Reads CSV (RFC 4180, any line endings) row by row in constant memory. Resolves with the delimiter
 * and the number of values with a misplaced quote. Rejects if a quote is not closed.
 */
export async function readRows(
  pieces: AsyncIterable<string>,
  reader: RowReader,
): Promise<{ delimiter: string; quoteErrors: number }> {
  const { default: Papa } = await import("papaparse");
  let fed = 0;
  let rowCount = 0;
  let delimiter = reader.delimiter ?? ",";
  let quoteErrors = 0;
  async function* counted(): AsyncGenerator<string> {
    for await (const piece of withOneLineEnd(pieces)) {
      reader.signal.throwIfAborted();
      fed += piece.length;
      yield piece;
    }
  }
  const text = Readable.from(counted());
  const unclosed = (): Error =>
    new Error(`row ${rowCount + 1} opens a quote (") that is never closed`);
  try {
    await new Promise<void>((resolve, reject) => {
      Papa.parse<string[], NodeJS.ReadableStream>(text, {
        ...(reader.delimiter === undefined
          ? { delimitersToGuess: [",", ";", "\t", "|"] }
          : { delimiter: reader.delimiter }),
        newline: "\n",
        skipEmptyLines: true,
        chunk({ data, errors, meta }) {
          delimiter = meta.delimiter;
          if (errors.some((error) => error.code === "MissingQuotes")) throw unclosed();
          quoteErrors += errors.filter((error) => error.type === "Quotes").length;
          reader.onRows(data);
          rowCount += data.length;
          if (fed - meta.cursor > MAX_ROW_LENGTH) throw unclosed();
        },
        complete: () => resolve(),
        error: reject,
      });
    });
  } finally {
    text.destroy();
  }
  return { delimiter, quoteErrors };
}

/**
 * Converts CRLF and CR to LF: the parser expects one line ending per file, but real files mix them.
 */
async function* withOneLineEnd(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let held = "";
  for await (const piece of pieces) {
    const text = held + piece;
    // A CR at the end can be half of a CRLF: the next piece decides.
    held = text.endsWith("\r") ? "\r" : "";
    const ready = held ? text.slice(0, -1) : text;
    if (ready !== "") yield ready.includes("\r") ? ready.replaceAll(/\r\n?/g, "\n") : ready;
  }
  if (held) yield "\n";
}
