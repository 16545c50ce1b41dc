/** The process that runs the floor's plugins, in two threads with one task each. */
import { Piscina } from "piscina";
import type { CountedWords } from "./count-words.ts";
import { COUNT_WORDS, oncePerTick } from "./parts.ts";

export interface FloorTask {
  readonly run: number;
  readonly input: string;
}

export interface FloorResult {
  readonly run: number;
  readonly output: string;
}

const threads = new Piscina({ filename: COUNT_WORDS, minThreads: 2, maxThreads: 2 });
let results: FloorResult[] = [];
const schedule = oncePerTick(() => {
  process.send?.(results);
  results = [];
});

async function run({ run: number, input }: FloorTask): Promise<void> {
  const output = (await threads.run(JSON.parse(input))) as CountedWords;
  results.push({ run: number, output: JSON.stringify(output) });
  schedule();
}

process.on("message", (tasks: readonly FloorTask[]) => {
  for (const task of tasks) void run(task);
});
process.on("disconnect", () => process.exit());
process.send?.([]);
