import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import guideExamples from "../../test/support/guide-examples.json" with { type: "json" };
import { differences, GUIDE_EVENTS, parseGuide } from "../../test/support/guide.ts";
import {
  completedEvent,
  EVENT_KINDS,
  failedEvent,
  MAX_EVENT_BYTES,
  progressEvent,
  startedEvent,
  type EventKind,
  type JobEvent,
} from "./event.ts";
import type { CompletedStep, JobSpec } from "./job-spec.ts";
import { toJsonText, type JsonText } from "./json-text.ts";

const AT = Date.parse("2026-11-23T09:30:00.000Z");
const GUIDE = new URL("../../../../shared/seed/webhook-integration-guide.md", import.meta.url);

const job: JobSpec & { startedAt: number } = {
  id: "job_1",
  name: null,
  metadata: toJsonText({ customer: 7 }),
  plugins: ["example-plugin", "next-plugin"].map((name) => ({ name, options: toJsonText({}) })),
  input: toJsonText({ data: "your input" }),
  priority: 0,
  runAt: AT,
  timeoutMs: null,
  createdAt: AT,
  startedAt: AT - 3000,
};

function step(plugin: string, output: unknown = { ok: true }): CompletedStep {
  return { plugin, metrics: { processedItems: 10, duration: 1500 }, output: toJsonText(output) };
}

const common = { job, sequence: 1, at: AT, jobUrl: "http://127.0.0.1:8787/v1/jobs/job_1" };
const completedSteps = [step("example-plugin"), step("next-plugin", { last: true })];
const failure = { code: "PLUGIN_THREW", message: "Plugin execution failed" } as const;

const BUILT: Readonly<Record<EventKind, JobEvent>> = {
  started: startedEvent(common),
  progress: progressEvent({ ...common, completedSteps: completedSteps.slice(0, 1) }),
  completed: completedEvent({ ...common, completedSteps }),
  failed: failedEvent({ ...common, completedCount: 1, failure, attempts: 1 }),
};

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into payloads freely
function payload(event: JobEvent): any {
  return JSON.parse(event.body);
}

describe("compared with the webhook integration guide", () => {
  test.each(EVENT_KINDS)("%s has every field of the guide's example with the same type", (kind) => {
    expect(differences(GUIDE_EVENTS[kind], payload(BUILT[kind]))).toEqual([]);
  });

  test("the comparison finds fields that are missing, renamed, moved or of another type", () => {
    const { progress, ...rest } = payload(BUILT.failed);
    expect(differences(GUIDE_EVENTS.failed, rest)).toEqual([
      "/progress: is undefined, but object in the guide",
    ]);
    const moved = { ...rest, ...progress, progress: { ...progress, currentPlugin: 3 } };
    expect(differences(GUIDE_EVENTS.failed, moved)).toEqual([
      "/progress/currentPlugin: is number, but string in the guide",
    ]);
  });

  test.skipIf(!existsSync(GUIDE))("the examples in this repository are those of the guide", () => {
    expect(guideExamples).toEqual(parseGuide(readFileSync(GUIDE, "utf8")));
  });
});

test("progress names the next plugin, and null after the last one", () => {
  expect(payload(BUILT.progress).progress.currentPlugin).toBe("next-plugin");
  const last = progressEvent({ ...common, completedSteps });
  expect(payload(last)).toMatchObject({
    pluginName: "next-plugin",
    progress: { completedPlugins: ["example-plugin", "next-plugin"], currentPlugin: null },
  });
});

test("completed contains the sum of processed items and the average of the plugins' durations", () => {
  const steps = [
    step("a"),
    { ...step("b"), metrics: { processedItems: 5, duration: 500, bytes: 9 } },
  ];
  expect(payload(completedEvent({ ...common, completedSteps: steps })).result).toEqual({
    metrics: [
      { a: { processedItems: 10, duration: 1500 } },
      { b: { processedItems: 5, duration: 500, bytes: 9 } },
    ],
    summary: { totalProcessed: 15, averageTime: 1000 },
    output: { ok: true },
    outputs: [{ a: { ok: true } }, { b: { ok: true } }],
    truncated: false,
  });
});

test("a plugin that runs twice has the metrics and outputs of both runs", () => {
  const twice = [step("same", 1), step("same", 2)];
  const { result } = payload(completedEvent({ ...common, completedSteps: twice }));
  expect(result.outputs).toEqual([{ same: 1 }, { same: 2 }]);
  expect(result.metrics).toHaveLength(2);
});

test("an event over 1 MiB has the job's URL but no outputs, and the same keys", () => {
  const big = completedEvent({
    ...common,
    completedSteps: [step("a", "é".repeat(MAX_EVENT_BYTES))],
  });
  const small = completedEvent({ ...common, completedSteps: [step("a")] });
  expect(payload(big).result).toMatchObject({ output: null, outputs: [], truncated: true });
  expect(Buffer.byteLength(big.body)).toBeLessThan(MAX_EVENT_BYTES);
  expect(Object.keys(payload(big).result)).toEqual(Object.keys(payload(small).result));
  expect(payload(big).jobUrl).toBe(common.jobUrl);
});

test("outputs that an event leaves out are not searched for references to files", () => {
  const linked: string[] = [];
  const linkFiles = (output: JsonText): JsonText => {
    linked.push(output);
    return output;
  };
  completedEvent({ ...common, completedSteps: [step("a", "small")], linkFiles });
  expect(linked).toEqual(['"small"']);
  const large = step("a", "x".repeat(MAX_EVENT_BYTES));
  completedEvent({ ...common, completedSteps: [large], linkFiles });
  expect(linked).toHaveLength(1);
});

test("outputs that are too long together for one string are left out and never joined", () => {
  const output = toJsonText("x".repeat(64 * MAX_EVENT_BYTES));
  const steps = Array.from({ length: 9 }, () => ({ ...step("a"), output }));
  expect(() => steps.map((each) => each.output).join("")).toThrow("Invalid string length");
  const { result } = payload(completedEvent({ ...common, completedSteps: steps }));
  expect(result).toMatchObject({ output: null, outputs: [], truncated: true });
  expect(result.metrics).toHaveLength(9);
});

test("a started event over 1 MiB has no input and is marked as truncated", () => {
  const input = toJsonText("x".repeat(MAX_EVENT_BYTES));
  const started = payload(startedEvent({ ...common, job: { ...job, input } }));
  expect(started.config).toEqual({
    input: null,
    plugins: ["example-plugin", "next-plugin"],
    truncated: true,
  });
});
