/**
 * Mutation testing: changes one thing in a source file, runs the tests that run that code, and lists
 * the changes that no test noticed. `npm run test:mutation -- runner/src/domain/retry.ts`.
 */
import { readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cacheFolder, chooseFiles, distance, testsOf } from "./mutation/areas.ts";
import { measureCoverage, type CoveringTest, type Source } from "./mutation/coverage.ts";
import { judgeMutant, type Outcome } from "./mutation/judge-mutant.ts";
import { findMutants, type Mutant } from "./mutation/mutants.ts";
import { reportFile, reportTotal, reportUnnoticed } from "./mutation/report.ts";
import { makeSandbox } from "./mutation/sandbox.ts";
import { createSlot } from "./mutation/slots.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    // Only one mutant in so many.
    every: { type: "string", default: "1" },
    concurrency: { type: "string", default: "2" },
    // Only the first of what is left after the tests nearest to the file took this long.
    "max-seconds": { type: "string", default: "20" },
    lines: { type: "string" },
    tests: { type: "string", multiple: true },
  },
});
const root = fileURLToPath(new URL("../..", import.meta.url));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const files = chooseFiles(root, positionals);
if (files.length === 0) {
  say(`No file to mutate under ${positionals.join(", ")}.`);
  process.exit(1);
}
let firstProbe = 0;
const sources: Source[] = files.map((file) => {
  const text = readFileSync(join(root, file), "utf8");
  const mutated = findMutants(text);
  firstProbe += mutated.probes.length;
  return { file, text, ...mutated, firstProbe: firstProbe - mutated.probes.length };
});
const slots = Array.from({ length: Number(values.concurrency) }, (_, n) =>
  createSlot(
    makeSandbox(root, join(cacheFolder(root), `sandbox-${process.pid}-${n}`)),
    firstProbe + 1,
  ),
);
process.on("exit", () => {
  for (const slot of slots) {
    slot.end();
    rmSync(slot.path, { recursive: true, force: true });
  }
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const tests = values.tests ?? testsOf(root, files);
say(`${files.length} files, ${tests.length} test files. Measuring which tests run which code …`);
const covering = await measureCoverage({ root, sources, tests, slots, say });

const [from = 0, to = Infinity] = values.lines?.split("-").map(Number) ?? [];
const lineOf = (source: Source, at: number): number => source.text.slice(0, at).split("\n").length;
interface Task {
  source: Source;
  mutant: Mutant;
}
const tasks: Task[] = sources
  .flatMap((source) => source.mutants.map((mutant) => ({ source, mutant })))
  .filter((_, n) => n % Number(values.every) === 0)
  .filter(({ source, mutant }) => {
    const line = lineOf(source, mutant.start);
    return line >= from && line <= to;
  });
say(`${tasks.length} mutants.`);

/** What runs at import can be seen by every test of a file that imports it. */
function wholeFiles(source: Source): CoveringTest[] {
  const imported = new RegExp(`["/]${basename(source.file)}"`);
  return tests
    .filter((file) => imported.test(readFileSync(join(root, file), "utf8")))
    .map((file) => ({ file, name: null, ms: 1000, probes: [] }));
}

const outcomes = new Map<Mutant, Outcome>();
const left = [...tasks];
const unfinished = new Map(
  sources.map((source) => [source, tasks.filter((task) => task.source === source).length]),
);
async function work(slot: (typeof slots)[number]): Promise<void> {
  for (let task = left.shift(); task !== undefined; task = left.shift()) {
    const { source, mutant } = task;
    const near = (covering.get(source) ?? [])
      .filter(({ probes }) => mutant.probe === null || probes.includes(mutant.probe))
      .concat(mutant.probe === null ? wholeFiles(source) : [])
      .map((test) => ({ ...test, distance: distance(source.file, test.file) }))
      .toSorted((a, b) => a.distance - b.distance || a.ms - b.ms);
    const maxMs = Number(values["max-seconds"]) * 1000;
    const outcome = await judgeMutant({ slot, source, mutant, tests: near, maxMs });
    outcomes.set(mutant, outcome);
    if (outcome === "survived" || outcome === "not covered")
      say(reportUnnoticed(source, mutant, outcome));
    const count = (unfinished.get(source) ?? 0) - 1;
    unfinished.set(source, count);
    if (count === 0) say(reportFile(source, outcomes));
  }
}
await Promise.all(slots.map(work));
say(reportTotal(outcomes));
process.exit(0);
