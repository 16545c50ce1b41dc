import { z } from "zod";
import { definePlugin } from "../../plugin-sdk.ts";
import { COLUMN_TYPES } from "./column-profile.ts";
import { ENCODINGS } from "./decode.ts";
import { openText } from "./open-text.ts";
import { readRows } from "./read-rows.ts";
import { createTableProfile } from "./table-profile.ts";

const DELIMITERS = { auto: undefined, comma: ",", semicolon: ";", tab: "\t", pipe: "|" } as const;
const DELIMITER_NAMES = ["auto", "comma", "semicolon", "tab", "pipe"] as const;

const Input = z
  .object({
    text: z.string().optional().describe("The CSV as text."),
    file: z
      .string()
      .optional()
      .describe("Path of a CSV file in the daemon's files folder, such as `in/people.csv`."),
    url: z.string().optional().describe("An http or https URL to download the CSV from."),
  })
  .superRefine(({ text, file, url }, check) => {
    const given = Object.entries({ text, file, url }).filter(([, value]) => value);
    if (given.length === 1 || (given.length === 0 && text === "")) return;
    const names = given.map(([name]) => name).join(" and ") || "none";
    check.addIssue(`exactly one of text, file and url is required, but the input has ${names}`);
  });

const Options = z.strictObject({
  delimiter: z
    .enum(DELIMITER_NAMES)
    .default("auto")
    .describe("The character between values. `auto` detects it from the first rows."),
  header: z.boolean().default(true).describe("Whether the first row contains the column names."),
  encoding: z
    .enum(ENCODINGS)
    .default("auto")
    .describe(
      "The text encoding of the file or download. `auto` uses the byte order mark, or UTF-8 if there is none.",
    ),
  decimal: z.enum([".", ","]).default(".").describe("The decimal separator in numbers."),
  top: z
    .int()
    .min(0)
    .max(100)
    .default(5)
    .describe("How many of the most frequent values to list for each column."),
  nullTokens: z
    .array(z.string())
    .default(["", "NA", "N/A", "NaN", "null", "NULL"])
    .describe("Texts that count as a missing value. Spaces around a value are ignored."),
});

const bound = z.union([z.number(), z.string(), z.null()]);

const Column = z.object({
  name: z
    .string()
    .describe("The name from the header, or a name such as `column 3` if there is none."),
  type: z
    .enum(COLUMN_TYPES)
    .describe(
      "The narrowest type that fits all values. Digits with a leading zero and whole numbers of more than 15 digits count as strings, because they are codes and not quantities. `mixed`: values of several types. `empty`: no values.",
    ),
  nulls: z.int().describe("Number of rows without a value."),
  distinct: z.int().describe("Number of different values, compared as text, without nulls."),
  distinctIsEstimate: z
    .boolean()
    .describe(
      "`false`: `distinct` is exact. `true`: there are too many different values to count exactly, and in 99 of 100 cases `distinct` is accurate to 2.5 %.",
    ),
  min: bound.describe(
    "The smallest number, the earliest date (as written in the CSV), or the first string in code-unit order. Null for booleans and empty columns.",
  ),
  max: bound.describe("The largest number, the latest date, or the last string. See `min`."),
  mean: z
    .number()
    .nullable()
    .describe("The arithmetic mean of a numeric column. Null for other columns."),
  mostFrequent: z
    .array(
      z.object({
        value: z
          .string()
          .describe(
            "The value as written in the CSV. A value of more than 100 characters is shortened, and a hash of it is added.",
          ),
        count: z.int().describe("Number of rows with this value."),
      }),
    )
    .describe(
      "The most frequent values, most frequent first. If `distinct` is an estimate, the list contains only values that are certainly more frequent than every value that is not counted.",
    ),
  countsMayBeLowBy: z
    .number()
    .describe(
      "`0`: the counts are exact. Otherwise the true count is between `count` and `count` + this number. With up to 20 columns this number is at most 2 × rows / 10,000.",
    ),
});

const Output = z.object({
  rows: z.int().describe("Number of data rows, without the header and blank lines."),
  raggedRows: z
    .int()
    .describe(
      "Number of rows with more or fewer values than there are columns. Missing values count as nulls, and extra values are ignored.",
    ),
  firstRaggedRow: z
    .int()
    .nullable()
    .describe(
      "Number of the first ragged row, counted from 1 without the header. Null if there is none.",
    ),
  quoteErrors: z
    .int()
    .describe("Number of values with a quote where the CSV format does not allow one."),
  delimiter: z.string().describe("The delimiter that was detected or given."),
  columns: z
    .array(Column)
    .describe("The profile of each column, in the order of the CSV. Empty if the CSV is empty."),
});

export default definePlugin({
  name: "csv-profile",
  version: "1.0.0",
  description:
    "Describes a CSV of any size: the number of rows, and for each column its type, nulls, distinct values, minimum, maximum, mean and most frequent values. Reads text, a file or a URL, plain or gzipped. `processedItems` counts rows.",
  input: Input,
  options: Options,
  output: Output,
  example: {
    input: { text: "city,inhabitants\nBerlin,3878100\nHamburg,1910160\nBerlin,\n" },
    options: { delimiter: "comma", top: 3 },
  },
  async run(input, ctx) {
    const { options, signal } = ctx;
    const text = await openText(input, ctx, options.encoding);
    const table = createTableProfile({
      hasHeader: options.header,
      nullTokens: new Set(options.nullTokens),
      decimal: options.decimal,
    });
    let counted = 0;
    const { delimiter, quoteErrors } = await readRows(text.pieces, {
      delimiter: DELIMITERS[options.delimiter],
      signal,
      onRows(rows) {
        table.add(rows);
        ctx.metrics.add("processedItems", table.rows() - counted);
        counted = table.rows();
        ctx.progress(text.fraction(), `${counted} rows`);
      },
    });
    return { quoteErrors, delimiter, ...table.finish(options.top) };
  },
});
