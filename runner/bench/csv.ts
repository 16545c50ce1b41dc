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

export interface CsvScore {
  readonly files: number;
  readonly right: number;
  /** What is wrong in each other file. */
  readonly wrong: readonly { readonly file: CsvFile; readonly reason: string }[];
}

export async function scoreCsvFiles(): Promise<CsvScore> {
  const folder = mkdtempSync(join(tmpdir(), "csv-shapes-"));
  const wrong: { file: CsvFile; reason: string }[] = [];
  try {
    for (const file of createCsvFiles(FILES)) {
      writeFileSync(join(folder, "file.csv"), file.bytes);
      const run = await runPlugin(plugin, { input: { file: "file.csv" }, filesRoot: folder }).catch(
        (error: unknown) => ({ output: error }),
      );
      const reason = compare(run.output, file.expected);
      if (reason !== null) wrong.push({ file, reason });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { files: FILES, right: FILES - wrong.length, wrong };
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
  const { files, right, wrong } = await scoreCsvFiles();
  const all = createCsvFiles(files);
  const figures: Figure[] = [{ name: "all shapes", value: (100 * right) / files, unit: "% right" }];
  for (const axis of AXIS_NAMES) {
    for (const [value, group] of Map.groupBy(all, ({ shape }) => shape[axis])) {
      const bad = wrong.filter(({ file }) => file.shape[axis] === value).length;
      figures.push({
        name: `${axis} ${JSON.stringify(value)}`,
        value: (100 * (group.length - bad)) / group.length,
        unit: "% right",
      });
    }
  }
  for (const { file, reason } of wrong.slice(0, 20)) {
    console.log(`${reason}: ${JSON.stringify(file.shape)}`);
  }
  return { figures };
}
