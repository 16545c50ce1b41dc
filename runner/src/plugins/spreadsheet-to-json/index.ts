import type { z } from "zod";
import { definePlugin, type PluginContext } from "../../plugin-sdk.ts";
import { parseArea } from "./cell-reference.ts";
import { EXAMPLE_ODS } from "./example.ts";
import { openWorkbook } from "./open-workbook.ts";
import { Input, Options, Output } from "./options.ts";
import { MAX_LISTED_CELLS, createFile, createList, type RowOutput } from "./row-output.ts";
import { openTarget } from "../shared/output-target.ts";
import { createTable } from "./table.ts";
import { MAX_COLUMNS, MAX_ROW, type Workbook } from "./workbook.ts";

type OptionValues = z.output<typeof Options>;

const WHOLE_SHEET = { top: 1, left: 0, bottom: MAX_ROW, right: MAX_COLUMNS - 1 };

export default definePlugin({
  name: "spreadsheet-to-json",
  version: "1.0.0",
  description:
    "Reads a sheet of an Excel (xlsx) or OpenDocument (ods) workbook as JSON rows: dates as ISO 8601, the stored values of formulas, integers of any size without loss. Reads a file, a URL or base64, and writes the rows to the output or to a file with one row a line. `processedItems` counts rows.",
  input: Input,
  options: Options,
  output: Output,
  example: { input: { base64: EXAMPLE_ODS }, options: { sheet: "Orders", headerRow: 1 } },
  async run(input, ctx) {
    const workbook = await openWorkbook(input, ctx);
    try {
      const target = await openTarget(ctx.options, ctx, {
        example: "rows.jsonl",
        type: "application/x-ndjson",
      });
      const output = target === null ? createList() : await createFile(target);
      try {
        const read = await readSheet(workbook, output, ctx);
        return { ...read, ...target?.written() };
      } finally {
        await output.discard();
      }
    } finally {
      workbook.close();
    }
  },
});

async function readSheet(
  workbook: Workbook & { readonly field: string },
  output: RowOutput,
  ctx: PluginContext<OptionValues>,
) {
  const { options } = ctx;
  const area = parseArea(options.range) ?? WHOLE_SHEET;
  const { headerRow } = options;
  if (headerRow && (headerRow < area.top || headerRow > area.bottom)) {
    throw new Error(`headerRow is ${headerRow}: it must be a row of the range ${options.range}`);
  }
  const sheet = chooseSheet(workbook, options.sheet);
  const merges = options.mergedCells === "fill" ? await workbook.readMerges(sheet) : [];
  const table = createTable(
    {
      ...options,
      area,
      headerRow,
      merges,
      keepEmptyRows: options.emptyRows === "keep",
    },
    (row, cells) => output.add(row, cells),
  );
  let counted = 0;
  let reported = 0;
  await workbook.readRows(sheet, {
    onRow(row) {
      counted = row.number;
      return table.onRow(row);
    },
    async flush() {
      await output.flush();
      if (counted === reported) return;
      reported = counted;
      ctx.progress(null, `row ${counted}`);
    },
  });
  const { header, columns, rows: rowCount, emptyRows, isTruncated, ...found } = table.end();
  if (headerRow && header === null && counted > 0) {
    throw new Error(
      `headerRow is ${headerRow}: it must be a row of the sheet, which ends with row ${counted}`,
    );
  }
  const rows = await output.end();
  ctx.metrics.add("processedItems", rowCount);
  if (isTruncated) {
    const reason =
      rowCount === options.maxRows
        ? `maxRows is ${options.maxRows}`
        : `the output has room for ${MAX_LISTED_CELLS} cells. Set outputFile or outputName`;
    ctx.log.warn(`The sheet has more rows than the ${rowCount} of the result: ${reason}`);
  }
  return {
    format: workbook.format,
    sheet: workbook.sheets[sheet]!.name,
    sheets: workbook.sheets.map(({ name, hidden }) => ({ name, hidden })),
    headerRow: header,
    columns,
    rowCount,
    rows,
    file: null,
    emptyRows,
    truncated: isTruncated,
    ...found,
  };
}

function chooseSheet({ sheets, field }: Workbook & { field: string }, wanted: string): number {
  if (sheets.length === 0) throw new Error(`${field}: the workbook has no sheet with cells`);
  if (wanted === "") {
    return Math.max(
      0,
      sheets.findIndex(({ hidden }) => !hidden),
    );
  }
  const named = sheets.findIndex(({ name }) => name === wanted);
  if (named >= 0) return named;
  const number = /^\d+$/.test(wanted) ? Number(wanted) : 0;
  if (number >= 1 && number <= sheets.length) return number - 1;
  const names = sheets.slice(0, 20).map(({ name }) => JSON.stringify(name));
  throw new Error(
    `sheet is ${JSON.stringify(wanted)}: it must be one of ${names.join(", ")}${sheets.length > 20 ? ", …" : ""}, or a number from 1 to ${sheets.length}`,
  );
}
