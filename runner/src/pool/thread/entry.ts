/** The Piscina worker: what every plugin thread runs. Imports little, for each thread pays for it. */
import { MessageChannel, parentPort, threadId, workerData } from "node:worker_threads";
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
import { giveWay } from "./give-way.ts";
import { createOutbox } from "./outbox.ts";
import { refuseToKillTheDaemon } from "./refuse-kill.ts";
import { reportFaults } from "./report-faults.ts";
import { runStep } from "./run-step.ts";
import { watchGlobals } from "./watch-globals.ts";

if (parentPort === null) throw new Error("pool/thread/entry runs in a worker thread only");

const { port1: port, port2 } = new MessageChannel();
const sharedState: SharedState = new BigInt64Array(
  new SharedArrayBuffer(Object.keys(SHARED_STATE).length * BigInt64Array.BYTES_PER_ELEMENT),
);
parentPort.postMessage({ kind: "hello", threadId, port: port2, sharedState } satisfies Hello, [
  port2,
]);

function tell(message: ThreadMessage): void {
  port.postMessage(message);
}

port.on("message", (request: StopRequest) => {
  const step = currentStep();
  if (step?.run === request.run) step.abort.abort(new DOMException(request.reason, "AbortError"));
});

giveWay();
installPluginResolution();
const endLines = captureOutput();
refuseToKillTheDaemon();
reportFaults(tell);
const endThread = process.exit.bind(process);
const changedGlobal = watchGlobals();

export default async function runTask(task: ThreadTask): Promise<void> {
  const { run } = task;
  const settings = workerData as ThreadSettings;
  const outbox = createOutbox(
    (lines, progress) => tell({ kind: "said", run, lines, progress }),
    task.logLimitBytes,
  );
  const step: CurrentStep = { run, outbox, abort: new AbortController() };
  Atomics.store(sharedState, SHARED_STATE.begunAt, BigInt(Date.now()));
  Atomics.add(sharedState, SHARED_STATE.runs, 1n);
  Atomics.store(sharedState, SHARED_STATE.run, BigInt(run));
  try {
    const outcome = await asCurrentStep(step, async () => {
      const end = await runStep(task, step, settings);
      endLines();
      return end;
    });
    const changed = changedGlobal();
    if (changed !== null) outbox.log("warn", toWarning(task.plugin, changed));
    tell({ kind: "ended", run, ...outbox.close(), outcome });
    if (changed !== null) endThread(0);
  } catch (error) {
    // Only a plugin that replaced what this code is made of gets here.
    crash(run, error);
  }
  Atomics.store(sharedState, SHARED_STATE.run, 0n);
}

function toWarning(plugin: string, changed: string): string {
  return `Plugin "${plugin}" changed ${changed}: its thread is replaced, so that no other step sees it.`;
}

function crash(run: number, error: unknown): void {
  try {
    tell({ kind: "fault", run, failure: { code: "PLUGIN_CRASHED", message: String(error) } });
  } finally {
    endThread(1);
  }
}
