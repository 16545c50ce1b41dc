/**
 * `npm run bench -- csv-speed` profiles a CSV of 500 MB, each time in a process of its own:
 * csv-profile, DuckDB's SUMMARIZE and Miller's `summary`. The last two are measured if they are
 * installed: `@duckdb/node-api` in the folder that runs the bench, and `mlr` on the path.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRandom } from "../test/support/random.ts";
import type { Figure } from "./figures.ts";

const BYTES = 500e6;
const SAMPLE_MS = 50;
/** Linux counts CPU time in hundredths of a second. */
const TICK_MS = 10;
const PROCESS = fileURLToPath(new URL("csv-speed-process.ts", import.meta.url));

export async function benchCsvSpeed(): Promise<{ figures: readonly Figure[] }> {
  const folder = mkdtempSync(join(tmpdir(), "csv-speed-"));
  const path = join(folder, "orders.csv");
  const figures: Figure[] = [];
  try {
    await writeOrders(path);
    const commands: [name: string, command: string[]][] = [
      ["csv-profile", [process.execPath, PROCESS, "plugin", path]],
      ["DuckDB", [process.execPath, PROCESS, findDuckDb() ?? "", path]],
      ["Miller", ["mlr", "--icsv", "--ojson", "summary", path]],
    ];
    for (const [name, command] of commands) {
      const run = command.includes("") ? null : await measure(command);
      if (run === null) {
        console.log(`${name} is not installed.`);
        continue;
      }
      figures.push(
        { name: `${name}, time`, value: run.ms, unit: "ms" },
        { name: `${name}, CPU time`, value: run.cpuMs, unit: "ms" },
        { name: `${name}, peak memory`, value: run.peakMb, unit: "MB" },
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { figures };
}

function findDuckDb(): string | null {
  try {
    return createRequire(join(process.cwd(), "package.json")).resolve("@duckdb/node-api");
  } catch {
    return null;
  }
}

/** Semicolons, decimal commas, days first, quoted texts: what European spreadsheets export. */
async function writeOrders(path: string): Promise<void> {
  const random = createRandom(19);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  const file = createWriteStream(path);
  file.write("id;day;city;amount;note;paid\n");
  for (let id = 0, written = 0; written < BYTES;) {
    let piece = "";
    for (const end = id + 10_000; id < end; id++) {
      const day = `${two(1 + random() * 28)}.${two(1 + random() * 12)}.2024`;
      const amount = `${Math.floor(random() * 5_000)},${two(random() * 100)}`;
      piece += `${id};${day};City ${Math.floor(random() * 500)};${amount};"note ${Math.floor(random() * 1e6)}; ""quoted"" text";${random() < 0.5}\n`;
    }
    written += piece.length;
    if (!file.write(piece)) await once(file, "drain");
  }
  file.end();
  await once(file, "finish");
  console.log(`The file has ${(statSync(path).size / 1e6).toFixed(0)} MB.`);
}

interface Cost {
  readonly ms: number;
  readonly cpuMs: number;
  readonly peakMb: number;
}

/** Returns null if the command does not exist. */
async function measure([program = "", ...args]: string[]): Promise<Cost | null> {
  const startedAt = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  let peakKb = 0;
  let ticks = 0;
  const sampling = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
      ticks = Math.max(ticks, Number(stat[11]) + Number(stat[12]));
      peakKb = Math.max(peakKb, Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? 0));
    } catch {
      // The process has just ended.
    }
  }, SAMPLE_MS);
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    if (code !== 0) throw new Error(`${program} ended with code ${code}`);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return null;
    throw error;
  } finally {
    clearInterval(sampling);
  }
  return { ms: performance.now() - startedAt, cpuMs: ticks * TICK_MS, peakMb: peakKb / 1024 };
}
