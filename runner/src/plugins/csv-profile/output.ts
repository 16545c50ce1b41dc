import { z } from "zod";
import { PROBLEMS } from "./misfits.ts";
import { COLUMN_TYPES } from "./profile/column-type.ts";

const bound = z.union([z.number(), z.string(), z.null()]);

const Column = z.object({
  name: z
    .string()
    .describe("The name from the header, or a name such as `column 3` if there is none."),
  type: z
    .enum(COLUMN_TYPES)
    .describe(
      "The narrowest type that fits all values. Digits with a leading zero and whole numbers of more than 15 digits count as strings, because they are codes and not quantities. `mixed`: values of several types, or numbers with several units. `empty`: no values.",
    ),
  nulls: z.int().describe("Number of rows without a value."),
  distinct: z.int().describe("Number of different values, compared as text, without nulls."),
  distinctIsEstimate: z
    .boolean()
    .describe(
      "`false`: `distinct` is exact. `true`: there are too many different values to count exactly, and in 99 of 100 cases `distinct` is accurate to 2.5 %.",
    ),
  min: bound.describe(
    "The smallest number, the earliest date (as written in the CSV), or the first string in code-unit order. For whole numbers of more than 15 digits, the smallest one as text. Null for booleans and empty columns.",
  ),
  max: bound.describe("The largest number, the latest date, or the last string. See `min`."),
  mean: z
    .number()
    .nullable()
    .describe("The arithmetic mean of a numeric column. Null for other columns."),
  unit: z
    .string()
    .nullable()
    .describe(
      "The currency or percent sign of the numbers, as written. `12.5%` counts as 12.5. Null without one.",
    ),
  ambiguous: z
    .int()
    .describe(
      "Number of values that have another meaning with another `decimal` or `dateFormat`, such as `1,234` or `04/05/2026`. The other values of the column decide, then the other columns. If nothing decides, `assumed` says so.",
    ),
  infinite: z
    .int()
    .describe(
      "Number of values such as `inf`. They are not part of `min` and `max`, and `mean` is null.",
    ),
  kinds: z
    .object({
      integer: z.int().describe("Whole numbers."),
      number: z.int().describe("Numbers with a fraction, an exponent or a unit."),
      boolean: z.int().describe("`true` and `false`."),
      date: z.int().describe("Dates."),
      code: z.int().describe("Digits that are not a quantity, such as `00501`."),
      string: z.int().describe("Other texts."),
    })
    .describe("Number of values of each kind."),
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

const Dialect = z
  .object({
    delimiter: z.string().describe("The text between values."),
    quote: z.string().nullable().describe("The character around values. Null if there is none."),
    escape: z.string().nullable().describe("Null: a quote within a value is doubled."),
    comment: z
      .string()
      .nullable()
      .describe("What comment lines begin with. Null if there are none."),
    header: z.boolean().describe("Whether the first row has the column names."),
    encoding: z.string().nullable().describe("Null for `text`."),
    decimal: z
      .enum([".", ","])
      .describe("For values that the other values of their column leave open."),
    dateOrder: z.string().nullable().describe("As `decimal`. Null: such dates are texts."),
    firstLine: z.int().describe("The line where the table starts, counted from 1."),
  })
  .describe("How the CSV was read.");

const Misfit = z.object({
  line: z.int().describe("The row's first line in the data, counted from 1."),
  row: z
    .int()
    .nullable()
    .describe("The row's number, counted from 1 without the header. Null if it does not count."),
  problem: z.enum(PROBLEMS).describe("What does not fit."),
  values: z.int().describe("Number of values of the row."),
  text: z.string().describe("The beginning of the row."),
});

export const Output = z.object({
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
  dialect: Dialect,
  assumed: z
    .array(
      z.object({
        option: z.string().describe("The option that overrules the assumption."),
        value: z.string().describe("What is assumed."),
        reason: z.string().describe("Why."),
      }),
    )
    .describe("What was guessed, because no option says it."),
  misfits: z
    .object({
      total: z.int().describe("Number of problems in rows. A row can have two."),
      counts: z
        .array(
          z.object({
            problem: z.enum(PROBLEMS).describe("What does not fit."),
            count: z.int().describe("Number of rows with this problem."),
          }),
        )
        .describe("How often each problem occurs."),
      listed: z.array(Misfit).describe("The first ones, up to the option `listMisfits`."),
    })
    .describe("The rows that did not fit."),
  skipped: z
    .object({
      blankLines: z.int().describe("Number of blank lines."),
      commentLines: z.int().describe("Number of comment lines below the table's start."),
      preamble: z.array(z.string()).describe("The lines before the table, up to 20."),
    })
    .describe("Lines that are not rows."),
  nulls: z
    .array(
      z.object({
        text: z.string().describe("The text, without the spaces around it."),
        count: z.int().describe("Number of values with this text."),
      }),
    )
    .describe("The texts that counted as missing values, up to 50."),
  columns: z
    .array(Column)
    .describe("The profile of each column, in the order of the CSV. Empty if the CSV is empty."),
});
