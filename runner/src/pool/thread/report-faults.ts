/**
 * Reports what kills this thread before it dies: an error outside any promise, an unhandled
 * rejection, process.exit. The report names the run whose code caused it. That is not always the
 * current run: an ended step's timer must not fail the step that runs now.
 */
import type { Failure } from "../../domain/errors.ts";
import type { ThreadMessage } from "../messages.ts";
import { owningStep } from "./current-step.ts";
import { errorMessage, errorReport } from "./describe-error.ts";

export function reportFaults(send: (message: ThreadMessage) => void): void {
  let isDying = false;

  function report(failure: Failure): void {
    const step = owningStep();
    step?.buffer.flush();
    send({ kind: "fault", run: step?.run ?? null, failure });
  }

  function die(thrown: unknown): void {
    isDying = true;
    const step = owningStep();
    step?.buffer.log("error", errorReport(thrown));
    const message = errorMessage(thrown, step?.secrets.hide);
    report({ code: "PLUGIN_CRASHED", message });
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
