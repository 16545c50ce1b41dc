/** A step that records its run, and waits or fails if its options ask for it. */
import { setTimeout as sleep } from "node:timers/promises";
import { definePlugin } from "playground-runner/plugin";
import { hasSign, recordRun } from "./_signs.ts";

interface Options {
  readonly step: number;
  readonly waits?: boolean;
  readonly fails?: "always" | "at first";
}

export default definePlugin({
  name: "work",
  description: "A step of the upgrade test.",
  async run(input, ctx) {
    const { job, log, metrics, signal } = ctx;
    const { step, waits = false, fails } = ctx.options as Options;
    recordRun(job.id, step);
    log.info("begun", { step });
    metrics.add("processedItems", step + 1);
    ctx.progress(0.5, "half of it");
    while (waits && hasSign("gate") && !signal.aborted) await sleep(10);
    if (signal.aborted) throw withoutStack("stopped as asked");
    if (fails === "always" || (fails === "at first" && hasSign("fault"))) {
      throw withoutStack("failed as asked");
    }
    return { step, after: input };
  },
});

/** With a stack, the job's log would contain paths of the machine that created the data folder. */
function withoutStack(message: string): Error {
  const error = new Error(message);
  delete error.stack;
  return error;
}
