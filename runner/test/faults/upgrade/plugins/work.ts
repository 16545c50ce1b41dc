/** A step that writes down that it ran, and waits or fails if its options say so. */
import { setTimeout as sleep } from "node:timers/promises";
import { definePlugin } from "playground-runner/plugin";
import { isThere, tellRun } from "./_signs.ts";

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
    tellRun(job.id, step);
    log.info("begun", { step });
    metrics.add("processedItems", step + 1);
    ctx.progress(0.5, "half of it");
    while (waits && isThere("gate") && !signal.aborted) await sleep(10);
    if (signal.aborted) throw withoutStack("stopped as asked");
    if (fails === "always" || (fails === "at first" && isThere("fault"))) {
      throw withoutStack("failed as asked");
    }
    return { step, after: input };
  },
});

/** A stack would bring paths of the machine that made the data folder into the job's log. */
function withoutStack(message: string): Error {
  const error = new Error(message);
  delete error.stack;
  return error;
}
