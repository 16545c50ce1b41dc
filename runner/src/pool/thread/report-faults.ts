/**
 * What kills this thread, told before it dies, with the run whose code did it: an error outside any
 * promise, a rejection nobody handles, process.exit. A timer that an ended step left behind must
 * not be held against the step that runs now, so the owner is asked, not the clock.
 */
import type { Failure } from "../../domain/errors.ts";
import type { ThreadMessage } from "../messages.ts";
import { owningStep } from "./current-step.ts";
import { errorMessage, errorReport } from "./describe-error.ts";

export function reportFaults(tell: (message: ThreadMessage) => void): void {
  let isDying = false;

  function report(failure: Failure): void {
    const step = owningStep();
    step?.outbox.flush();
    tell({ kind: "fault", run: step?.run ?? null, failure });
  }

  function die(thrown: unknown): void {
    isDying = true;
    owningStep()?.outbox.log("error", errorReport(thrown));
    report({ code: "PLUGIN_CRASHED", message: errorMessage(thrown) });
    process.exit(1);
  }

  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
  process.on("exit", (code) => {
    if (isDying) return;
    report({
      code: "PLUGIN_EXITED",
      message: `The plugin ended its thread with process.exit(${code}).`,
    });
  });
}
