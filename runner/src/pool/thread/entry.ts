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
import { asCurrentStep, callingEnv, currentStep, type CurrentStep } from "./current-step.ts";
import { createLimitPauses } from "./limit-pause.ts";
import { lowerPriority } from "./lower-priority.ts";
import { createLogBuffer } from "./log-buffer.ts";
import { installPluginEnv, undeclaredWarning } from "./plugin-env.ts";
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

const settings = workerData as ThreadSettings;
/** The undeclared variables that a step of this thread was warned about, after the plugin's name. */
const warned = new Set<string>();

lowerPriority();
installPluginResolution();
const endLines = captureOutput();
refuseKill();
reportChildren(send);
reportFaults(send);
const endThread = process.exit.bind(process);
const pluginEnv = installPluginEnv(callingEnv, settings);
const changedGlobal = watchGlobals(pluginEnv);

export default async function runTask(task: ThreadTask): Promise<void> {
  const { run } = task;
  const secrets = createStepSecrets(task.secrets);
  const buffer = secrets.hideIn(
    createLogBuffer((lines, progress) => send({ kind: "update", run, lines, progress }), task),
  );
  const env = { declared: task.env, undeclared: new Set<string>() };
  const pauseLimit = createLimitPauses({
    send: (pause) => send({ kind: "pause-limit", run, pause }),
    warn: (message) => buffer.log("warn", message),
    nowMs: monotonicMs,
  });
  const abort = new AbortController();
  const step: CurrentStep = { run, buffer, abort, secrets, env, pauseLimit };
  Atomics.store(sharedState, SHARED_STATE.startedAt, BigInt(monotonicMs()));
  Atomics.add(sharedState, SHARED_STATE.runCount, 1n);
  Atomics.store(sharedState, SHARED_STATE.run, BigInt(run));
  try {
    const outcome = await asCurrentStep(step, async () => {
      const end = await runStep(task, step, settings);
      endLines();
      return end;
    });
    warnOfUndeclared(task.plugin, step);
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

/** A module reads a variable when it is first imported: once per thread is as often as each step can be told. */
function warnOfUndeclared(plugin: string, { env, buffer }: CurrentStep): void {
  const names = [...env.undeclared].filter((name) => !warned.has(`${plugin} ${name}`));
  if (names.length === 0) return;
  for (const name of names) warned.add(`${plugin} ${name}`);
  buffer.log("warn", undeclaredWarning(plugin, names, settings));
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
