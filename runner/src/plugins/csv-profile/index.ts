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
    text: z.string().optional().describe("The CSV itself."),
    file: z
      .string()
      .optional()
      .describe("A CSV file in the daemon's files folder, such as `in/people.csv`."),
    url: z.string().optional().describe("Where to download the CSV from, by http or https."),
  })
  .superRefine(({ text, file, url }, check) => {
    const given = Object.entries({ text, file, url }).filter(([, value]) => value);
    if (given.length === 1 || (given.length === 0 && text === "")) return;
    const names = given.map(([name]) => name).join(" and ") || "none";
    check.addIssue(`give exactly one of text, file and url; given: ${names}`);
  });

const Options = z.strictObject({
  delimiter: z
    .enum(DELIMITER_NAMES)
    .default("auto")
    .describe("What separates the values. `auto` looks at the first rows."),
  header: z.boolean().default(true).describe("Whether the first row holds the columns' names."),
  encoding: z
    .enum(ENCODINGS)
    .default("auto")
    .describe(
      "How a file or download is encoded. `auto` goes by the byte order mark and is UTF-8 without one.",
    ),
  decimal: z.enum([".", ","]).default(".").describe("The decimal separator of numbers."),
  top: z
    .int()
    .min(0)
    .max(100)
    .default(5)
    .describe("How many of the most frequent values to list per column."),
  nullTokens: z
    .array(z.string())
    .default(["", "NA", "N/A", "NaN", "null", "NULL"])
    .describe("Values that mean that there is no value, compared without the spaces around them."),
});

const bound = z.union([z.number(), z.string(), z.null()]);

const Column = z.object({
  name: z.string().describe("From the header; `column 3` where there is none."),
  type: z
    .enum(COLUMN_TYPES)
    .describe(
      "The narrowest type that all values have. Digits with a leading zero or more than 15 of them are a string: they are codes, not quantities. `mixed` has values of several types, `empty` has none.",
    ),
  nulls: z.int().describe("Rows without a value."),
  distinct: z
    .int()
    .describe("How many different values there are, as they are written, nulls left out."),
  distinctIsEstimate: z
    .boolean()
    .describe(
      "False: `distinct` is exact. True: there are too many to keep, and `distinct` is within 2.5 % in 99 of 100 cases.",
    ),
  min: bound.describe(
    "The smallest number, the earliest date as it is written, or the first string in code-unit order; null for booleans.",
  ),
  max: bound.describe("The largest, as with `min`."),
  mean: z.number().nullable().describe("The mean of a numeric column, else null."),
  mostFrequent: z
    .array(
      z.object({
        value: z
          .string()
          .describe("The value as written; one over 100 characters is cut, with a hash of it."),
        count: z.int().describe("How many rows have it."),
      }),
    )
    .describe(
      "Most frequent first. Where distinct is an estimate, only values that are certain to beat every value that was not kept.",
    ),
  countsMayBeLowBy: z
    .number()
    .describe(
      "0: the counts are exact. Else a true count is from `count` to `count` + this number, which is at most 2 · rows / 10 000 up to 20 columns.",
    ),
});

const Output = z.object({
  rows: z.int().describe("Rows of data; the header and blank lines are not counted."),
  raggedRows: z
    .int()
    .describe(
      "Rows with more or fewer values than there are columns. Missing ones count as nulls, surplus ones are ignored.",
    ),
  firstRaggedRow: z.int().nullable().describe("The number of the first such row of data, or null."),
  quoteErrors: z.int().describe("Values in which a quote stands where the format allows none."),
  delimiter: z.string().describe("The separator that was found or given."),
  columns: z.array(Column).describe("One per column, in their order. None when the CSV is empty."),
});

export default definePlugin({
  name: "csv-profile",
  version: "1.0.0",
  description:
    "Describes a CSV of any size: the number of rows, and for each column its type, nulls, distinct values, minimum, maximum, mean and most frequent values. Takes text, a file or a URL, gzipped or not. `processedItems` counts rows.",
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
