/** One step of a scheduled job: records in the ledger that it began, then follows its options. */
import { createHash, randomUUID } from "node:crypto";
import { openSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { definePlugin } from "playground-runner/plugin";
import { UNSTEADY_ATTEMPTS, type StepKind } from "../harness/schedule.ts";

/** The input of every scheduled job. */
interface JobInput {
  /** The ledger's file. */
  readonly runs: string;
  readonly text: string;
}

interface Options {
  readonly step: number;
  readonly kind: StepKind;
  readonly ms: number;
}

/** Opened once per thread: a trial can leave no file descriptors to open it again. */
let ledger: number | null = null;

export default definePlugin({
  name: "step",
  description: "A step of the fault suite.",
  async run(input, { job, options, signal, attempt }) {
    const { runs, text } = job.input as JobInput;
    const { step, kind, ms } = options as Options;
    const from = step === 0 ? null : (input as { run: string }).run;
    const run = randomUUID();
    ledger ??= openSync(runs, "a");
    writeSync(ledger, `${JSON.stringify({ job: job.name, step, run, from, attempt })}\n`);
    await sleep(ms, undefined, { signal });
    if (kind === "unsteady" && attempt < UNSTEADY_ATTEMPTS) throw new Error("not yet");
    if (kind === "throws") throw new Error("as planned");
    if (kind === "exits") process.exit(3);
    const hoard: unknown[] = [];
    while (kind === "exhausts")
      hoard.push(Array.from({ length: 10_000 }, (_, index) => ({ index })));
    return { run, digest: createHash("sha256").update(text).digest("hex") };
  },
});
