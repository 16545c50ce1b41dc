import { expect, test } from "vitest";
import { createJobSignals } from "./job-signals.ts";

const NEVER = new AbortController().signal;

const notYet = async (): Promise<boolean> => false;

test("a listener receives only its own job's signals, until it stops", () => {
  const signals = createJobSignals();
  const heard: string[] = [];
  const stop = signals.listen("job_1", (signal) => heard.push(signal.kind));
  signals.announce("job_2", { kind: "changed", status: "running" });
  signals.announce("job_1", { kind: "changed", status: "running" });
  stop();
  signals.announce("job_1", { kind: "changed", status: "completed" });
  expect(heard).toEqual(["changed"]);
});

test("a listener that stops during a call does not keep others from being called", () => {
  const signals = createJobSignals();
  const heard: string[] = [];
  const stop = signals.listen("job_1", () => {
    heard.push("a");
    stop();
  });
  signals.listen("job_1", () => void heard.push("b"));
  signals.announce("job_1", { kind: "changed", status: "running" });
  signals.announce("job_1", { kind: "changed", status: "running" });
  expect(heard).toEqual(["a", "b", "b"]);
});

test("the latest progress of a step is known until the step has ended", () => {
  const signals = createJobSignals();
  const progress = { fraction: 0.5, message: "half", at: 1 };
  signals.announce("job_1", { kind: "step-progress", progress });
  expect(signals.stepProgress("job_1")).toEqual(progress);
  signals.stepEnded("job_1");
  expect(signals.stepProgress("job_1")).toBeNull();
});

test.each(["completed", "failed"] as const)("waiting ends when the job is %s", async (status) => {
  const signals = createJobSignals();
  let ended = false;
  const waiting = signals
    .waitForEnd("job_1", { isOver: notYet, signal: NEVER })
    .then(() => (ended = true));
  signals.announce("job_1", { kind: "changed", status: "running" });
  await Promise.resolve();
  expect(ended).toBe(false);
  signals.announce("job_1", { kind: "changed", status });
  await waiting;
});

test("waiting for a job that has ended resolves immediately", async () => {
  await createJobSignals().waitForEnd("job_1", { isOver: async () => true, signal: NEVER });
});

test("waiting ends when the signal aborts, before as well as during the wait", async () => {
  await createJobSignals().waitForEnd("job_1", {
    isOver: notYet,
    signal: AbortSignal.abort(),
  });
  const given = new AbortController();
  const waiting = createJobSignals().waitForEnd("job_1", {
    isOver: notYet,
    signal: given.signal,
  });
  given.abort();
  await waiting;
});

test("an end between the read and the wait is noticed", async () => {
  const look = Promise.withResolvers<boolean>();
  const signals = createJobSignals();
  const waiting = signals.waitForEnd("job_1", { isOver: () => look.promise, signal: NEVER });
  signals.announce("job_1", { kind: "changed", status: "completed" });
  look.resolve(false);
  await waiting;
});
