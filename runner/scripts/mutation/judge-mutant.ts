/** Runs the tests for one mutant, the nearest first, until one fails. */
import { join } from "node:path";
import type { CoveringTest, Source } from "./coverage.ts";
import type { TestsOfFile } from "./messages.ts";
import type { Mutant } from "./mutants.ts";
import type { Slot } from "./slots.ts";

/** `unclear`: the tests did not end in time, and neither did they without the mutant. */
export type Outcome = "killed" | "survived" | "timeout" | "not covered" | "unclear";
type NearTest = CoveringTest & { distance: number };

/** Below this, tests run in one go. */
const FIRST_MS = 1500;

/** The tests in runs: first the nearest, then the others as long as there is time. */
function inRuns(tests: NearTest[], maxMs: number): NearTest[][] {
  const first: NearTest[] = [];
  const second: NearTest[] = [];
  let ms = 0;
  for (const test of tests) {
    ms += test.ms;
    if (ms <= FIRST_MS || test.distance === 0) first.push(test);
    else if (ms <= maxMs || second.length === 0) second.push(test);
  }
  return [first, second].filter((run) => run.length > 0);
}

export async function judgeMutant({
  slot,
  source,
  mutant,
  tests,
  maxMs,
}: {
  slot: Slot;
  source: Source;
  mutant: Mutant;
  tests: NearTest[];
  maxMs: number;
}): Promise<Outcome> {
  if (tests.length === 0) return "not covered";
  const text =
    source.text.slice(0, mutant.start) + mutant.replacement + source.text.slice(mutant.end);
  for (const run of inRuns(tests, maxMs)) {
    const byFile = Map.groupBy(run, ({ file }) => file);
    const asked: TestsOfFile[] = [...byFile].map(([file, of]) => ({
      file,
      names: of.some(({ name }) => name === null) ? null : of.flatMap(({ name }) => name ?? []),
    }));
    const sumMs = run.reduce((sum, { ms }) => sum + ms, 0);
    const longestMs = Math.max(...run.map(({ ms }) => ms));
    const runWith = async (changed: string): Promise<"passed" | "failed" | "timeout"> => {
      const response = await slot.run(
        {
          writes: [{ path: join(slot.path, source.file), text: changed }],
          tests: asked,
          bail: true,
          cover: false,
          testTimeoutMs: 5_000 + 4 * longestMs,
        },
        30_000 + 6 * sumMs,
      );
      if (response === null) return "timeout";
      const failed = response.runs.find(({ state }) => state === "failed");
      if (failed !== undefined) return /timed out/i.test(failed.message) ? "timeout" : "failed";
      return response.faults.length > 0 ? "failed" : "passed";
    };
    const result = await runWith(text);
    if (result === "failed") return "killed";
    // On a busy machine the time can be too short for the tests themselves.
    if (result === "timeout")
      return (await runWith(source.text)) === "passed" ? "timeout" : "unclear";
  }
  return "survived";
}
