/** `npm run bench -- csv`: how many of 600 CSV files in different shapes are read right. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import plugin from "../src/plugins/csv-profile/index.ts";
import { runPlugin } from "../test/support/plugin-context.ts";
import { AXIS_NAMES, createCsvFiles, type CsvFile } from "./csv-shapes.ts";
import type { Figure } from "./figures.ts";

const FILES = 600;

interface Found {
  readonly delimiter: string;
  readonly rows: number;
  readonly columns: readonly { name: string; type: string; mean: number | null; min: unknown }[];
}

export interface CsvResult {
  readonly file: CsvFile;
  /** What is wrong, or null. */
  readonly reason: string | null;
}

export async function readCsvFiles(): Promise<CsvResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "csv-shapes-"));
  const results: CsvResult[] = [];
  try {
    for (const file of createCsvFiles(FILES)) {
      writeFileSync(join(folder, "file.csv"), file.bytes);
      const run = await runPlugin(plugin, { input: { file: "file.csv" }, filesRoot: folder }).catch(
        (error: unknown) => ({ output: error }),
      );
      results.push({ file, reason: compare(run.output, file.expected) });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

function compare(output: unknown, expected: CsvFile["expected"]): string | null {
  if (output instanceof Error) return `error: ${output.message}`;
  const { delimiter, rows, columns } = output as Found;
  // A delimiter at the end of every line is an empty column in a table without a header.
  const shown = columns.at(-1)?.type === "empty" ? columns.slice(0, -1) : columns;
  if (delimiter !== expected.delimiter) return `delimiter ${JSON.stringify(delimiter)}`;
  if (rows !== expected.rows) return `${rows} rows`;
  const names = shown.map(({ name }) => name).join("|");
  if (names !== expected.names.join("|")) return `names ${names}`;
  const types = shown.map(({ type }) => type).join("|");
  if (types !== expected.types.join("|")) return `types ${types}`;
  const mean = columns[2]?.mean ?? Number.NaN;
  if (!(Math.abs(mean - expected.mean) < 1e-6)) return `mean ${mean}`;
  return columns[3]?.min === expected.firstDay ? null : `first day ${String(columns[3]?.min)}`;
}

export async function benchCsv(): Promise<{ figures: readonly Figure[] }> {
  const results = await readCsvFiles();
  const percent = (group: readonly CsvResult[]): number =>
    (100 * group.filter(({ reason }) => reason === null).length) / group.length;
  const figures: Figure[] = [{ name: "all shapes", value: percent(results), unit: "% right" }];
  for (const axis of AXIS_NAMES) {
    for (const [value, group] of Map.groupBy(results, ({ file }) => file.shape[axis])) {
      const name = `${axis} ${JSON.stringify(value)}`;
      figures.push({ name, value: percent(group), unit: "% right" });
    }
  }
  const wrong = results.filter(({ reason }) => reason !== null);
  for (const { file, reason } of wrong.slice(0, 20)) {
    console.log(`${reason}: ${JSON.stringify(file.shape)}`);
  }
  return { figures };
}
