/** The Piscina worker: what every plugin thread runs. Imports little, for each thread pays for it. */
import { MessageChannel, parentPort, threadId, workerData } from "node:worker_threads";
import { installPluginResolution } from "../plugin-resolution.ts";
import {
  SLATE,
  type Hello,
  type StopRequest,
  type ThreadSettings,
  type ThreadNews,
  type ThreadResult,
  type ThreadTask,
} from "../messages.ts";
import { captureOutput } from "./capture-output.ts";
import { asCurrentStep, currentStep, type CurrentStep } from "./current-step.ts";
import { createOutbox } from "./outbox.ts";
import { reportFaults } from "./report-faults.ts";
import { runStep } from "./run-step.ts";

if (parentPort === null) throw new Error("pool/thread/entry runs in a worker thread only");

const { port1: port, port2 } = new MessageChannel();
const slate = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
parentPort.postMessage({ kind: "hello", threadId, port: port2, slate } satisfies Hello, [port2]);

function tell(news: ThreadNews): void {
  port.postMessage(news);
}

port.on("message", (request: StopRequest) => {
  const step = currentStep();
  if (step?.run === request.run) step.abort.abort(new DOMException(request.reason, "AbortError"));
});

installPluginResolution();
captureOutput();
reportFaults(tell);

export default async function run(task: ThreadTask): Promise<ThreadResult> {
  const outbox = createOutbox((lines, progress) =>
    tell({ kind: "news", run: task.run, lines, progress }),
  );
  const step: CurrentStep = { run: task.run, outbox, abort: new AbortController() };
  slate[SLATE.steps] = (slate[SLATE.steps] ?? 0) + 1;
  Atomics.store(slate, SLATE.run, task.run);
  const outcome = await asCurrentStep(step, () =>
    runStep(task, step, workerData as ThreadSettings),
  );
  Atomics.store(slate, SLATE.run, 0);
  return { outcome, lines: outbox.close(), sentNews: outbox.sentNews };
}
