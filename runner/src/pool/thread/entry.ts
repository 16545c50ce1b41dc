/** The Piscina worker of every plugin thread. It imports little, because each thread loads it again. */
import { MessageChannel, parentPort, threadId, workerData } from "node:worker_threads";
import { monotonicMs } from "../monotonic-clock.ts";
import { installPluginResolution } from "../plugin-resolution.ts";
import {
  SHARED_STATE,
  type Hello,
  type SharedState,
  type StopRequest,
  type ThreadSettings,
  type ThreadMessage,
  type ThreadTask,
} from "../messages.ts";
import { captureOutput } from "./capture-output.ts";
import { asCurrentStep, currentStep, type CurrentStep } from "./current-step.ts";
import { lowerPriority } from "./lower-priority.ts";
import { createLogBuffer } from "./log-buffer.ts";
import { refuseKill } from "./refuse-kill.ts";
import { reportChildren } from "./report-children.ts";
import { reportFaults } from "./report-faults.ts";
import { runStep } from "./run-step.ts";
import { createStepSecrets } from "./step-secrets.ts";
import { watchGlobals } from "./watch-globals.ts";

if (parentPort === null) throw new Error("pool/thread/entry runs in a worker thread only");

const { port1: port, port2 } = new MessageChannel();
const sharedState: SharedState = new BigInt64Array(
  new SharedArrayBuffer(Object.keys(SHARED_STATE).length * BigInt64Array.BYTES_PER_ELEMENT),
);
parentPort.postMessage({ kind: "hello", threadId, port: port2, sharedState } satisfies Hello, [
  port2,
]);

function send(message: ThreadMessage): void {
  port.postMessage(message);
}

port.on("message", (request: StopRequest) => {
  const step = currentStep();
  if (step?.run === request.run) step.abort.abort(new DOMException(request.reason, "AbortError"));
});

lowerPriority();
installPluginResolution();
const endLines = captureOutput();
refuseKill();
reportChildren(send);
reportFaults(send);
const endThread = process.exit.bind(process);
const changedGlobal = watchGlobals();

export default async function runTask(task: ThreadTask): Promise<void> {
  const { run } = task;
  const settings = workerData as ThreadSettings;
  const secrets = createStepSecrets(task.secrets);
  const buffer = secrets.hideIn(
    createLogBuffer((lines, progress) => send({ kind: "update", run, lines, progress }), task),
  );
  const step: CurrentStep = { run, buffer, abort: new AbortController(), secrets };
  Atomics.store(sharedState, SHARED_STATE.startedAt, BigInt(monotonicMs()));
  Atomics.add(sharedState, SHARED_STATE.runCount, 1n);
  Atomics.store(sharedState, SHARED_STATE.run, BigInt(run));
  try {
    const outcome = await asCurrentStep(step, async () => {
      const end = await runStep(task, step, settings);
      endLines();
      return end;
    });
    const changed = changedGlobal();
    if (changed !== null) buffer.log("warn", toWarning(task.plugin, changed));
    send({ kind: "ended", run, ...buffer.close(), outcome });
    if (changed !== null) endThread(0);
  } catch (error) {
    // Reached only if a plugin replaced a function used above.
    crash(run, error);
  }
  Atomics.store(sharedState, SHARED_STATE.run, 0n);
}

function toWarning(plugin: string, changed: string): string {
  return `Plugin "${plugin}" changed ${changed}: its thread is replaced, so that no other step sees the change.`;
}

function crash(run: number, error: unknown): void {
  try {
    send({ kind: "fault", run, failure: { code: "PLUGIN_CRASHED", message: String(error) } });
  } finally {
    endThread(1);
  }
}
