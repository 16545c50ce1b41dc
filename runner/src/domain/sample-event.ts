/**
 * Sample events of an invented job, built like real ones. They test a webhook and show Make the
 * structure of the payloads.
 */
import type { EventKind, JobEvent } from "./event.ts";
import { begin, completeStep, failStep, type RunningJob } from "./job.ts";
import { toJsonText, type JsonText } from "./json-text.ts";

const CONTEXT = { jobUrl: "http://127.0.0.1:8787/v1/jobs/job_sample" };

function sampleJob(at: number): RunningJob {
  return {
    id: "job_sample",
    name: "sample",
    metadata: toJsonText({ source: "test" }),
    plugins: ["csv-profile", "json-query"].map((name) => ({ name, options: toJsonText({}) })),
    input: toJsonText({ text: "city,population\nBerlin,3878100\n" }),
    priority: 0,
    runAt: at - 3_000,
    timeoutMs: null,
    schedule: {
      id: "sch_sample",
      key: "sample",
      slot: at - 3_000,
      previousSlot: at - 24 * 60 * 60_000 - 3_000,
    },
    createdAt: at - 3_000,
    fence: 1,
    owner: "owner_1",
    sequence: 0,
    stepAttempts: 1,
    startedAt: at - 3_000,
    completedSteps: [],
  };
}

/** One event of each requested kind, in the order given. They have `test: true` in addition. */
export function sampleEvents(kinds: readonly EventKind[], at: number): readonly JobEvent[] {
  const job = sampleJob(at);
  const started = begin(job, at, CONTEXT);
  const step = (plugin: string, output: unknown) => ({
    plugin,
    metrics: { processedItems: 1, duration: 1_500 },
    output: toJsonText(output),
    startedAt: at - 1_500,
    endedAt: at,
  });
  const first = completeStep({ ...job, sequence: 1 }, step("csv-profile", { rows: 1 }), CONTEXT);
  const last = completeStep(first.job, step("json-query", { rows: 1 }), CONTEXT);
  const failure = { code: "PLUGIN_THREW", message: "Plugin execution failed" } as const;
  const timing = { startedAt: at - 1_500, endedAt: at };
  const failed = failStep(first.job, { failure, metrics: null, ...timing }, CONTEXT);
  const all = [started, first.transition, last.transition, failed].flatMap((t) => t?.events ?? []);
  return kinds.flatMap((kind) => {
    const event = all.find((each) => each.kind === kind);
    return event === undefined ? [] : [{ ...event, body: withTestMark(event.body) }];
  });
}

function withTestMark(body: JsonText): JsonText {
  return `${body.slice(0, -1)},"test":true}` as JsonText;
}
