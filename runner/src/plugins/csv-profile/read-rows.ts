import { Readable } from "node:stream";

/** Longer than any real row; an unclosed quote makes the rest of the file one row. */
const MAX_ROW_LENGTH = 4 << 20;

export interface RowReader {
  /** Left out: the one of `, ; tab |` that cuts the first rows most evenly. */
  readonly delimiter?: string | undefined;
  readonly signal: AbortSignal;
  /** Rows without the blank lines. The array is only good during the call. */
  onRows(rows: readonly (readonly string[])[]): void;
}

/**
 * Reads CSV (RFC 4180, any line ends) row by row, in constant memory. Resolves with the delimiter
 * and with how many values hold a quote where none may be. Rejects on a quote that is not closed.
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
    new Error(`row ${rowCount + 1} opens a quote (") that is not closed`);
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

/** CRLF and CR become LF: the parser knows one line end per file, and real files mix them. */
async function* withOneLineEnd(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let held = "";
  for await (const piece of pieces) {
    const text = held + piece;
    // Whether a last CR stands alone is told by the next piece.
    held = text.endsWith("\r") ? "\r" : "";
    const ready = held ? text.slice(0, -1) : text;
    if (ready !== "") yield ready.includes("\r") ? ready.replaceAll(/\r\n?/g, "\n") : ready;
  }
  if (held) yield "\n";
}
