/** Which tests run which code. Measured once per state of a source file and a test file, then kept. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { addProbes } from "./add-probes.ts";
import { cacheFolder } from "./areas.ts";
import type { TestRun } from "./messages.ts";
import type { Mutated } from "./mutants.ts";
import type { Slot } from "./slots.ts";

export interface Source extends Mutated {
  file: string;
  text: string;
  /** The number of its first probe among those of all files. */
  firstProbe: number;
}

export interface CoveringTest {
  file: string;
  /** Null: all tests of the file. */
  name: string | null;
  ms: number;
  /** Of one source file, from 0. */
  probes: number[];
}

/** What is kept of one test file. */
interface Kept {
  hash: string;
  sources: Record<string, { hash: string; tests: CoveringTest[] }>;
}

interface Measuring {
  root: string;
  sources: Source[];
  tests: string[];
  slots: Slot[];
  say: (line: string) => void;
}

/** Long, because others may use the machine. */
const LIMIT_MS = 30 * 60_000;

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The runs of one test file that hit a source, with the numbers of the source's own probes. */
function testsOfSource(source: Source, runs: TestRun[]): CoveringTest[] {
  return runs.flatMap(({ file, name, ms, probes, state }) => {
    const own = probes
      .map((probe) => probe - source.firstProbe)
      .filter((probe) => probe >= 0 && probe < source.probes.length);
    return own.length > 0 && state === "passed" ? [{ file, name, ms, probes: own }] : [];
  });
}

export async function measureCoverage(measuring: Measuring): Promise<Map<Source, CoveringTest[]>> {
  const { root, sources, tests, slots, say } = measuring;
  const found = new Map<Source, CoveringTest[]>(sources.map((source) => [source, []]));

  async function measure(slot: Slot, test: string): Promise<void> {
    const path = join(cacheFolder(root), "coverage", `${test}.json`);
    const hash = hashOf(readFileSync(join(root, test), "utf8"));
    const kept = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Kept) : null;
    const known: Kept = kept?.hash === hash ? kept : { hash, sources: {} };
    const isKnown = (source: Source): boolean =>
      known.sources[source.file]?.hash === hashOf(source.text);
    if (!sources.every(isKnown)) {
      for (const [source, of] of await run(slot, test))
        known.sources[source.file] = { hash: hashOf(source.text), tests: of };
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, JSON.stringify(known));
    }
    for (const source of sources)
      found.get(source)?.push(...(known.sources[source.file]?.tests ?? []));
  }

  async function run(slot: Slot, test: string): Promise<[Source, CoveringTest[]][]> {
    const writes = sources.map(({ file, text, probes, firstProbe }) => ({
      path: join(slot.path, file),
      text: addProbes(text, probes, firstProbe),
    }));
    const request = { writes, tests: [{ file: test, names: null }], testTimeoutMs: 300_000 };
    const response = await slot.run({ ...request, bail: false, cover: true }, LIMIT_MS);
    const { runs, faults } = response ?? { runs: [], faults: ["did not end"] };
    for (const fault of faults) say(`Left out: ${test}: ${fault}`);
    for (const { name, state, message } of runs)
      if (state === "failed") say(`Left out, for it fails: ${test} > ${name}: ${message}`);
    return sources.map((source) => [source, testsOfSource(source, runs)]);
  }

  const left = [...tests];
  await Promise.all(
    slots.map(async (slot) => {
      for (let test = left.shift(); test !== undefined; test = left.shift())
        await measure(slot, test);
    }),
  );
  return found;
}
