import { definePlugin } from "../../plugin-sdk.ts";
import { listAssumptions } from "./assumptions.ts";
import { Input, Options, readOptions, type OptionValues } from "./options.ts";
import { Output } from "./output.ts";
import { profileCsv, type CsvProfile } from "./profile-csv.ts";
import type { EncodingGuess } from "./source/guess-encoding.ts";
import { openText } from "./source/open-text.ts";

const SHOWN_PREAMBLE_LINES = 20;
const SHOWN_NULLS = 50;
const SHOWN_LENGTH = 200;

export default definePlugin({
  name: "csv-profile",
  version: "2.0.0",
  description:
    "Describes a CSV of any size: the number of rows, and for each column its type, nulls, distinct values, minimum, maximum, mean and most frequent values. Finds the delimiter, the header and the encoding, and reports what it assumed and which rows did not fit. Reads text, a file or a URL, plain or gzipped. `processedItems` counts rows.",
  input: Input,
  options: Options,
  output: Output,
  example: {
    input: { text: "city,inhabitants\nBerlin,3878100\nHamburg,1910160\nBerlin,\n" },
    options: { delimiter: "comma", top: 3 },
  },
  async run(input, ctx) {
    const { options, signal } = ctx;
    const known = readOptions(options);
    let guess: EncodingGuess | null = null;
    const text = await openText(input, ctx, {
      encoding: known.encoding,
      onGuess(guessed) {
        guess = guessed;
      },
    });
    let counted = 0;
    const profile = await profileCsv(text.pieces, {
      known,
      signal,
      onRows(rows) {
        ctx.metrics.add("processedItems", rows - counted);
        counted = rows;
        ctx.progress(text.fraction(), `${counted} rows`);
      },
    });
    const encoding = input.text === undefined ? text.encoding() : null;
    return profile === null
      ? emptyOutput(options, encoding)
      : toOutput(profile, options, { encoding, guess });
  },
});

function toOutput(
  { analysis, counts, misfits, skipped, table }: CsvProfile,
  options: OptionValues,
  { encoding, guess }: { encoding: string | null; guess: EncodingGuess | null },
) {
  const { delimiter, quote, escape, comment } = analysis.dialect;
  return {
    ...counts,
    delimiter,
    dialect: {
      delimiter,
      quote: quote || null,
      escape: escape || null,
      comment: comment || null,
      header: analysis.header !== null,
      encoding,
      decimal: options.decimal === "auto" ? table.conventions.decimal : options.decimal,
      dateOrder: options.dateFormat === "auto" ? table.conventions.dateOrder : options.dateFormat,
      firstLine: analysis.firstLine,
    },
    assumed: listAssumptions({ analysis, counts, misfits, skipped, table }, options, guess),
    misfits,
    skipped: {
      ...skipped,
      preamble: analysis.preamble
        .slice(0, SHOWN_PREAMBLE_LINES)
        .map((line) => line.slice(0, SHOWN_LENGTH)),
    },
    nulls: [...table.nullSpellings]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, SHOWN_NULLS)
      .map(([text, count]) => ({ text, count })),
    columns: table.columns,
  };
}

function emptyOutput({ decimal, dateFormat, header }: OptionValues, encoding: string | null) {
  return {
    rows: 0,
    raggedRows: 0,
    firstRaggedRow: null,
    quoteErrors: 0,
    delimiter: ",",
    dialect: {
      delimiter: ",",
      quote: '"',
      escape: null,
      comment: null,
      header: header ?? false,
      encoding,
      decimal: decimal === "auto" ? ("." as const) : decimal,
      dateOrder: dateFormat === "auto" ? null : dateFormat,
      firstLine: 1,
    },
    assumed: [],
    misfits: { total: 0, counts: [], listed: [] },
    skipped: { blankLines: 0, commentLines: 0, preamble: [] },
    nulls: [],
    columns: [],
  };
}
