/** The score of spreadsheet-to-json on workbooks that another library writes. */
import { writeOds, writeXlsx } from "hucre";
import spreadsheetToJson from "../../src/plugins/spreadsheet-to-json/index.ts";
import { runPlugin } from "../../test/support/plugin-context.ts";
import { printScore, type Case } from "./score.ts";

const date = (text: string): Date => new Date(`${text}Z`);

/** A value, its number format, and what the row must have. */
const VALUES: readonly (readonly [string, string | number | boolean | Date, string?, unknown?])[] =
  [
    ["text", "Zürich 日本 😀"],
    ["markup in a text", `<a href="x">&amp;</a>`],
    ["lines and spaces", "  one\ntwo  "],
    ["text of digits", "00501"],
    ["integer", 42],
    ["negative", -0.125],
    ["the largest safe integer", 9_007_199_254_740_991],
    ["percent", 0.255, "0.0%"],
    ["currency", 12.5, '"€"#,##0.00'],
    ["true", true],
    ["false", false],
    ["date", date("2026-02-13T00:00:00"), "yyyy-mm-dd", "2026-02-13"],
    ["date and time", date("2026-02-13T10:30:15"), "yyyy-mm-dd hh:mm:ss", "2026-02-13T10:30:15"],
    ["date of 1900", date("1900-03-01T00:00:00"), "yyyy-mm-dd", "1900-03-01"],
    ["date of 9999", date("9999-12-31T00:00:00"), "yyyy-mm-dd", "9999-12-31"],
  ];

const cases = (["xlsx", "ods"] as const).flatMap((format) =>
  VALUES.map(([name, value, numFmt, wanted = value]): Case => ({
    group: format,
    name,
    async run() {
      const columns = [numFmt === undefined ? {} : { numFmt }];
      const sheets = [{ name: "S", rows: [["v"], [value]], columns }];
      const bytes = await (format === "xlsx" ? writeXlsx({ sheets }) : writeOds({ sheets }));
      const input = { base64: Buffer.from(bytes).toString("base64") };
      const { output } = await runPlugin(spreadsheetToJson, { input });
      const [row] = (output as { rows: { v: unknown }[] }).rows;
      return row?.v === wanted ? null : `is ${JSON.stringify(row?.v)}`;
    },
  })),
);

await printScore("spreadsheet-to-json", cases);
