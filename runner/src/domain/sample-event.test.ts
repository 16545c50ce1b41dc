import { describe, expect, test } from "vitest";
import { differences, GUIDE_EVENTS } from "../../test/support/guide.ts";
import { EVENT_KINDS, type EventKind, type JobEvent } from "./event.ts";
import { begin, completeStep, failStep, type RunningJob } from "./job.ts";
import { toJsonText } from "./json-text.ts";
import { sampleEvents } from "./sample-event.ts";

const AT = Date.parse("2026-11-23T09:30:00.000Z");

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into payloads freely
const payload = (event: JobEvent | undefined): any => JSON.parse(event?.body ?? "null");

/** The events of an ordinary job. */
function realEvents(): Readonly<Record<EventKind, JobEvent | undefined>> {
  const context = { jobUrl: "http://127.0.0.1:8787/v1/jobs/job_1" };
  const job: RunningJob = {
    id: "job_1",
    name: "real",
    metadata: toJsonText({ source: "shop" }),
    plugins: ["a", "b"].map((name) => ({ name, options: toJsonText({}) })),
    input: toJsonText({ text: "x" }),
    priority: 0,
    runAt: AT,
    timeoutMs: null,
    schedule: { id: "sch_1", key: "nightly", slot: AT, previousSlot: AT },
    createdAt: AT,
    fence: 1,
    owner: "owner_1",
    sequence: 0,
    stepAttempts: 1,
    startedAt: AT,
    completedSteps: [],
  };
  const done = (plugin: string) => ({
    plugin,
    metrics: { processedItems: 1, duration: 1 },
    output: toJsonText({ rows: 1 }),
    startedAt: AT,
    endedAt: AT,
  });
  const first = completeStep({ ...job, sequence: 1 }, done("a"), context);
  const failure = { code: "PLUGIN_THREW", message: "no" } as const;
  const events = [
    begin(job, AT, context),
    first.transition,
    completeStep(first.job, done("b"), context).transition,
    failStep(first.job, { failure, metrics: null, startedAt: AT, endedAt: AT }, context),
  ].flatMap((transition) => transition?.events ?? []);
  const of = (kind: EventKind) => events.find((event) => event.kind === kind);
  return Object.fromEntries(EVENT_KINDS.map((kind) => [kind, of(kind)])) as Record<
    EventKind,
    JobEvent | undefined
  >;
}

/** Every key with the type of its value, at every depth. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (value === null || typeof value !== "object") return value === null ? null : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shape(each)]));
}

describe.each(EVENT_KINDS)("the sample of %s", (kind) => {
  const [sample] = sampleEvents([kind], AT);

  test("has the keys of a real event with the same types and order, and `test: true`", () => {
    const { test: mark, ...rest } = payload(sample);
    expect(mark).toBe(true);
    const real = payload(realEvents()[kind]);
    // The payloads have the plugins' names as keys.
    const named = JSON.stringify(shape(rest))
      .replaceAll('"csv-profile"', '"a"')
      .replaceAll('"json-query"', '"b"');
    expect(named).toBe(JSON.stringify(shape(real)));
  });

  test("has every field of the guide's example with the same type", () => {
    expect(differences(GUIDE_EVENTS[kind], payload(sample))).toEqual([]);
  });

  test("has no empty list and no null, because Make could not derive a structure from them", () => {
    const text = JSON.stringify(payload(sample));
    expect(text).not.toContain("[]");
    expect(text).not.toContain("null");
  });
});

test("samples have the requested kinds in the requested order", () => {
  const kinds = ["failed", "started"] as const;
  expect(sampleEvents(kinds, AT).map((event) => event.kind)).toEqual(["failed", "started"]);
});
