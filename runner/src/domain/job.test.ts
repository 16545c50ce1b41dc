import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_EVENT_BYTES, type JobEvent } from "./event.ts";
import { begin, completeStep, fail, failStep, isPoison, type RunningJob } from "./job.ts";
import type { Transition } from "./transition.ts";
import { toJsonText } from "./json-text.ts";

const CONTEXT = { jobUrl: "http://127.0.0.1:8787/v1/jobs/job_1" };

function runningJob(over: Partial<RunningJob> = {}): RunningJob {
  return {
    id: "job_1",
    name: null,
    metadata: toJsonText({}),
    plugins: ["a", "b"].map((name) => ({ name, options: toJsonText({}) })),
    input: toJsonText({ data: "your input" }),
    priority: 0,
    runAt: 0,
    timeoutMs: null,
    createdAt: 0,
    fence: 1,
    owner: "owner_1",
    sequence: 0,
    stepAttempts: 1,
    startedAt: 1_000,
    completedSteps: [],
    ...over,
  };
}

function completed(plugin: string, over: { at?: number; output?: unknown } = {}) {
  const at = over.at ?? 2_000;
  return {
    plugin,
    metrics: { processedItems: 10, duration: 1500 },
    output: toJsonText(over.output ?? { from: plugin }),
    startedAt: at - 1500,
    endedAt: at,
  };
}

const parse = (event: JobEvent | undefined): Record<string, unknown> =>
  JSON.parse(event?.body ?? "null") as Record<string, unknown>;

describe("a job's events", () => {
  test("a job with two plugins emits started, progress, progress, completed", () => {
    const job = runningJob();
    const started = begin(job, 1_000, CONTEXT);
    const first = completeStep({ ...job, sequence: 1 }, completed("a"), CONTEXT);
    const second = completeStep(first.job, completed("b", { at: 4_000 }), CONTEXT);
    const events = [started, first.transition, second.transition].flatMap((t) => t?.events ?? []);

    expect(events.map((event) => [event.sequence, event.kind])).toEqual([
      [1, "started"],
      [2, "progress"],
      [3, "progress"],
      [4, "completed"],
    ]);
    expect(parse(events[1])["progress"]).toEqual({
      status: "running",
      completedPlugins: ["a"],
      currentPlugin: "b",
    });
    expect(parse(events[2])["progress"]).toMatchObject({ currentPlugin: null });
    expect(parse(events[3])).toMatchObject({
      result: {
        metrics: [
          { a: { processedItems: 10, duration: 1500 } },
          { b: { processedItems: 10, duration: 1500 } },
        ],
        summary: { totalProcessed: 20, averageTime: 1500 },
        output: { from: "b" },
        outputs: [{ a: { from: "a" } }, { b: { from: "b" } }],
        truncated: false,
      },
      summary: { duration: 3_000, completedPlugins: ["a", "b"] },
    });
    expect(second.transition).toMatchObject({ status: "completed", endedAt: 4_000, sequence: 4 });
  });

  test("the files of a step are dated by its end", () => {
    const files = [{ id: "file_1", name: "a", type: "text/plain", size: 1, sha256: "a" }];
    const { transition } = completeStep(runningJob(), { ...completed("a"), files }, CONTEXT);
    expect(transition.files).toEqual([{ ...files[0], createdAt: transition.step?.endedAt }]);
  });

  test("a plugin that runs twice keeps both metrics and outputs", () => {
    const job = runningJob({
      sequence: 1,
      plugins: ["a", "a"].map((name) => ({ name, options: toJsonText({}) })),
    });
    const first = completeStep(job, completed("a", { output: 1 }), CONTEXT);
    const second = completeStep(first.job, completed("a", { output: 2 }), CONTEXT);
    expect(parse(second.transition.events[1])).toMatchObject({
      result: { outputs: [{ a: 1 }, { a: 2 }] },
    });
  });

  test("a failed step's event has its message, its code and the job's progress", () => {
    const job = runningJob({ sequence: 2, completedSteps: [completed("a")] });
    const failure = { code: "PLUGIN_THREW", message: "Plugin execution failed" } as const;
    const transition = failStep(
      job,
      { failure, metrics: null, startedAt: 3_000, endedAt: 3_500 },
      CONTEXT,
    );
    expect(parse(transition.events[0])).toMatchObject({
      status: "failed",
      error: "Plugin execution failed",
      errorCode: "PLUGIN_THREW",
      sequence: 3,
      progress: {
        status: "failed",
        error: "Plugin execution failed",
        completedPlugins: ["a"],
        currentPlugin: "b",
      },
    });
    expect(transition).toMatchObject({ status: "failed", failure, endedAt: 3_500 });
  });

  test("a job cancelled before it began fails at its first plugin", () => {
    const failure = { code: "CANCELLED", message: "The job was cancelled." } as const;
    const transition = fail(
      runningJob(),
      { completedCount: 0, failure, at: 5, attempts: 0 },
      CONTEXT,
    );
    expect(parse(transition.events[0])).toMatchObject({
      progress: { completedPlugins: [], currentPlugin: "a" },
    });
  });

  test("a job that is claimed again does not emit its start twice", () => {
    expect(begin(runningJob({ sequence: 1 }), 9_000, CONTEXT)).toBeNull();
  });

  test("a step can be started three times, but not a fourth time", () => {
    expect([1, 2, 3, 4].map((stepAttempts) => isPoison({ stepAttempts }))).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  test("outputs over the limit are replaced by a link, and the shape stays the same", () => {
    const small = completeStep(
      runningJob({ sequence: 1, completedSteps: [completed("a")] }),
      completed("b"),
      CONTEXT,
    );
    const large = completeStep(
      runningJob({ sequence: 1, completedSteps: [completed("a")] }),
      completed("b", { output: "ä".repeat(MAX_EVENT_BYTES / 2) }),
      CONTEXT,
    );
    const whole = small.transition.events[1];
    const cut = large.transition.events[1];
    expect(Buffer.byteLength(cut?.body ?? "")).toBeLessThanOrEqual(MAX_EVENT_BYTES);
    expect(parse(cut)).toMatchObject({
      result: { truncated: true, output: null, outputs: [] },
      jobUrl: CONTEXT.jobUrl,
    });
    expect(keysOf(parse(cut))).toEqual(keysOf(parse(whole)));
  });

  test("an input over the limit is left out of the started event", () => {
    const job = runningJob({ input: toJsonText("x".repeat(MAX_EVENT_BYTES)) });
    expect(parse(begin(job, 1, CONTEXT)?.events[0])).toMatchObject({
      config: { input: null, plugins: ["a", "b"], truncated: true },
    });
  });
});

test("whatever happens to a job, its events are numbered without a gap and exactly one ends it", () => {
  const outcome = fc.oneof(fc.constant("completed"), fc.constant("failed"), fc.constant("crash"));
  fc.assert(
    fc.property(
      fc.array(outcome, { maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      (steps, n) => {
        const plugins = Array.from({ length: n }, (_, i) => ({
          name: `p${i}`,
          options: toJsonText({}),
        }));
        const events: JobEvent[] = [];
        let job = runningJob({ plugins });
        const take = (transition: Transition | null): void => {
          if (transition === null) return;
          events.push(...transition.events);
          job = { ...job, sequence: transition.sequence };
        };
        take(begin(job, 1, CONTEXT));
        let ended = false;
        for (const step of steps) {
          if (ended) break;
          if (step === "crash") {
            take(begin(job, 2, CONTEXT));
            continue;
          }
          const plugin = plugins[job.completedSteps.length]?.name ?? "";
          if (step === "completed") {
            const next = completeStep(job, completed(plugin), CONTEXT);
            take(next.transition);
            job = next.job;
            ended = next.transition.status === "completed";
          } else {
            const failure = { code: "PLUGIN_THREW", message: "x" } as const;
            take(failStep(job, { failure, metrics: null, startedAt: 1, endedAt: 2 }, CONTEXT));
            ended = true;
          }
        }
        expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => index + 1));
        expect(events.every((event) => parse(event)["sequence"] === event.sequence)).toBe(true);
        const ends = events.filter(
          (event) => event.kind === "completed" || event.kind === "failed",
        );
        expect(ends).toHaveLength(ended ? 1 : 0);
        expect(events.indexOf(ends[0] as JobEvent)).toBe(ended ? events.length - 1 : -1);
      },
    ),
  );
});

function keysOf(value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "output")
      .map(([key, inner]) => [key, keysOf(inner)]),
  );
}
