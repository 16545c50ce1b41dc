import { z } from "zod";
import { requireOneSource } from "../shared/one-source.ts";
import { fileSource } from "../shared/file-source.ts";
import { OutputLocation, outputName } from "../shared/output-target.ts";
import { parseArea } from "./cell-reference.ts";

export const Input = z
  .object({
    file: fileSource(
      "Path of an xlsx or ods workbook in the daemon's files folder, such as `in/a.xlsx`.",
    ).optional(),
    url: z
      .string()
      .optional()
      .describe("An http or https URL to download the workbook from. It can have up to 100 MiB."),
    base64: z.string().optional().describe("The workbook in base64, for small workbooks."),
  })
  .superRefine(({ file, url, base64 }, check) => requireOneSource({ file, url, base64 }, check));

export const Options = z.strictObject({
  sheet: z
    .string()
    .default("")
    .describe(
      "Name of the sheet, or its number, such as `2`. A name comes first. If empty, the first sheet that is not hidden.",
    ),
  headerRow: z
    .int()
    .min(0)
    .max(1_048_576)
    .optional()
    .describe(
      "Number of the row with the column names, counted from 1 as in the spreadsheet. 0: there are no names, and columns are named `A`, `B`, `C`. If not set, the first row that is not empty.",
    ),
  range: z
    .string()
    .default("")
    .refine((written) => written.trim() === "" || parseArea(written) !== null, {
      error: ({ input }) =>
        `range is ${JSON.stringify(input)}: it must be a range such as "B3:F100" or "B:F"`,
    })
    .describe(
      "The cells to read, such as `B3:F100`, `B:F` or `B3:F`. If empty, all. The header is in it.",
    ),
  rowsAs: z
    .enum(["objects", "arrays"])
    .default("objects")
    .describe("`objects`: each row has the names of the columns. `arrays`: only the values."),
  maxRows: z
    .int()
    .min(1)
    .max(1_048_576)
    .default(100_000)
    .describe(
      "The most rows of the result, without the header. `truncated` reports if more exist.",
    ),
  emptyRows: z
    .enum(["skip", "keep"])
    .default("skip")
    .describe(
      "`skip`: rows without a value are left out and counted. `keep`: they are rows of nulls.",
    ),
  mergedCells: z
    .enum(["first", "fill"])
    .default("first")
    .describe(
      "`first`: only the first cell of a merged area has its value. `fill`: all its cells have it. `fill` reads an xlsx sheet twice.",
    ),
  outputFile: z
    .string()
    .optional()
    .describe(
      "Path in the files folder to write the rows to, such as `out/rows.jsonl`, one JSON value a line. An existing file is replaced. If empty, the rows are in the output.",
    ),
  outputName: outputName("rows.jsonl"),
});

const count = z.int();

export const Output = z.object({
  format: z.enum(["xlsx", "ods"]).describe("Format of the workbook."),
  sheet: z.string().describe("Name of the sheet that was read."),
  sheets: z
    .array(
      z.object({
        name: z.string().describe("Name of the sheet."),
        hidden: z.boolean().describe("Whether the sheet is hidden."),
      }),
    )
    .describe("All sheets of the workbook."),
  headerRow: count.nullable().describe("Number of the row with the names. Null if there is none."),
  columns: z
    .array(
      z.object({
        name: z.string().describe("Name of the column in the rows."),
        column: z.string().describe("Letters of the column, such as `AB`."),
        kinds: z
          .record(z.string(), count)
          .describe(
            "How many cells are `text`, `number`, `percent`, `currency`, `date`, `time`, `boolean` and `error`.",
          ),
      }),
    )
    .describe("The columns of the result."),
  rowCount: count.describe("Number of rows of the result."),
  rows: z.array(z.unknown()).nullable().describe("The rows. Null if they were written to a file."),
  file: OutputLocation.nullable().describe(
    "Path of the rows in the files folder, or a reference to it. Null if none.",
  ),
  emptyRows: count.describe("Number of empty rows between and below the others."),
  truncated: z
    .boolean()
    .describe("Whether the sheet has more rows than `maxRows` or the output has room for."),
  formulas: z
    .object({
      total: count.describe("Number of cells with a formula."),
      withoutValue: count.describe(
        "How many of them have no stored value, because no spreadsheet program calculated them. They are null.",
      ),
    })
    .describe("Formulas. A row has the value that the spreadsheet program stored."),
  errors: z
    .object({
      total: count.describe("Number of cells with an error. They are null in the rows."),
      listed: z
        .array(
          z.object({
            cell: z.string().describe("The cell, such as `B7`."),
            error: z.string().describe("The error, such as `#N/A`."),
          }),
        )
        .describe("The first 20."),
    })
    .describe("Cells with an error, such as `#DIV/0!`."),
});
