import { z } from "zod";
import { requireOneSource } from "../shared/one-source.ts";
import { fileSource } from "../shared/file-source.ts";
import type { KnownDialect } from "./dialect/detect-dialect.ts";
import type { KnownTable } from "./dialect/find-table.ts";
import { DATE_ORDERS } from "./profile/read-date.ts";
import type { ValueFormat } from "./profile/value-kind.ts";

const DELIMITERS: Readonly<Record<string, string>> = {
  comma: ",",
  semicolon: ";",
  tab: "\t",
  pipe: "|",
  colon: ":",
  space: " ",
  "\\t": "\t",
};

/** The spellings that pandas, R, SQL databases, Excel and numpy write for a missing value. */
const NULLS = [
  "",
  "NA",
  "N/A",
  "n/a",
  "NaN",
  "nan",
  "-nan",
  "-NaN",
  "NULL",
  "Null",
  "null",
  "(null)",
  "[NULL]",
  "None",
  "nil",
  "NIL",
  "NaT",
  "<NA>",
  "#N/A",
  "#NA",
  "#N/A N/A",
  "#NULL!",
  "\\N",
  "1.#QNAN",
  "-1.#IND",
];

const THOUSANDS = ["auto", "none", ",", ".", " ", "'"] as const;

export const Input = z
  .object({
    text: z.string().optional().describe("The CSV as text."),
    file: fileSource(
      "Path of a CSV file in the daemon's files folder, such as `in/people.csv`.",
    ).optional(),
    url: z.string().optional().describe("An http or https URL to download the CSV from."),
  })
  .superRefine(({ text, file, url }, check) => {
    // No text is a CSV without rows.
    if (text !== "" || file || url) requireOneSource({ text, file, url }, check);
  });

const mark = z.string().regex(/^(?:auto|none|[^\s\p{L}\p{N}])$/u, {
  error: ({ input }) => `${JSON.stringify(input)} must be auto, none or one punctuation character`,
});

export const Options = z.strictObject({
  delimiter: z
    .string()
    .min(1)
    .max(10)
    .refine((value) => !/[\r\n"]/.test(value), {
      error: ({ input }) =>
        `${JSON.stringify(input)} must be another text, without line ends and quotes`,
    })
    .default("auto")
    .describe(
      "The text between values, such as `;` or `||`, or one of `comma`, `semicolon`, `tab`, `pipe`, `colon`, `space`. `auto` detects it from the first rows.",
    ),
  quote: mark
    .default("auto")
    .describe("The character around values that contain the delimiter. `none`: quotes are text."),
  escape: mark
    .default("auto")
    .describe(
      "The character before a quote that is part of a value, such as `\\`. `none`: such a quote is doubled.",
    ),
  comment: z
    .string()
    .min(1)
    .max(10)
    .default("auto")
    .describe(
      "Lines that begin with this text are not rows. `auto` detects `#` above the table. `none`: there are no such lines.",
    ),
  skipRows: z
    .int()
    .min(0)
    .optional()
    .describe("How many lines are before the header. Without it, the header is searched for."),
  header: z
    .boolean()
    .optional()
    .describe(
      "Whether the table's first row has the column names. Without it, the types of the values decide.",
    ),
  encoding: z
    .string()
    .min(1)
    .max(40)
    .default("auto")
    .describe(
      "The text encoding of the file or download, such as `utf-8`, `windows-1252`, `shift_jis`, `utf-16le` or `cp850`. `auto` uses the byte order mark, then the charset of the response, then UTF-8, and guesses if the bytes are not UTF-8.",
    ),
  decimal: z
    .enum(["auto", ".", ","])
    .default("auto")
    .describe("The decimal separator in numbers. `auto` decides by all values of a column."),
  thousands: z
    .enum(THOUSANDS)
    .default("auto")
    .describe(
      "The separator between thousands. `auto`: any that is not the decimal separator. `none`: numbers with one are texts.",
    ),
  dateFormat: z
    .enum(["auto", ...DATE_ORDERS])
    .default("auto")
    .describe(
      "The order of day, month and year in dates such as `04/05/2026`. `auto` decides by all values of a column, and dates that stay ambiguous are texts.",
    ),
  top: z
    .int()
    .min(0)
    .max(100)
    .default(5)
    .describe("How many of the most frequent values to list for each column."),
  listMisfits: z
    .int()
    .min(0)
    .max(10_000)
    .default(100)
    .describe("How many of the rows that did not fit to list. All are counted."),
  nulls: z
    .array(z.string())
    .default(NULLS)
    .describe("Texts that count as a missing value. Spaces around a value are ignored."),
  nullTokens: z.array(z.string()).optional().describe("The former name of `nulls`."),
});
export type OptionValues = z.output<typeof Options>;

/** What the options say. Undefined is to be detected. */
export interface KnownCsv extends KnownDialect, KnownTable {
  readonly encoding: string | undefined;
  readonly format: ValueFormat;
  readonly nulls: ReadonlySet<string>;
  readonly top: number;
  readonly listMisfits: number;
}

export function readOptions(options: OptionValues): KnownCsv {
  const { delimiter, decimal, thousands } = options;
  if (decimal !== "auto" && decimal === thousands) {
    throw new Error(
      `thousands is ${JSON.stringify(thousands)}: it must be another character than decimal.`,
    );
  }
  const quote = toMark(options.quote);
  const escape = toMark(options.escape);
  return {
    delimiter: delimiter === "auto" ? undefined : (DELIMITERS[delimiter] ?? delimiter),
    quote,
    escape: escape !== undefined && escape === quote ? "" : escape,
    comment: toMark(options.comment),
    skipRows: options.skipRows,
    header: options.header,
    encoding: options.encoding === "auto" ? undefined : options.encoding,
    format: {
      decimal,
      thousands: thousands === "none" ? "" : thousands,
      dateFormat: options.dateFormat,
    },
    nulls: new Set((options.nullTokens ?? options.nulls).map((text) => text.trim())),
    top: options.top,
    listMisfits: options.listMisfits,
  };
}

function toMark(value: string): string | undefined {
  if (value === "auto") return undefined;
  return value === "none" ? "" : value;
}
