import { describe, expect, test } from "vitest";
import type { BusMessage } from "../../ports/bus.ts";
import type { JobSignal } from "../../ports/job-signal.ts";
import { createDeafBus } from "../../../test/support/deaf-bus.ts";
import { connectAlone, connectTo } from "../../../test/support/test-feed.ts";

const NEVER = new AbortController().signal;

const notYet = async (): Promise<boolean> => false;

test("a listener receives only its own job's signals, until it stops", () => {
  const { signals } = connectAlone();
  const heard: string[] = [];
  const stop = signals.listen("job_1", (signal) => heard.push(signal.kind));
  signals.announce("job_2", { kind: "changed", status: "running" });
  signals.announce("job_1", { kind: "changed", status: "running" });
  stop();
  signals.announce("job_1", { kind: "changed", status: "completed" });
  expect(heard).toEqual(["changed"]);
});

test("a listener that stops during a call does not keep others from being called", () => {
  const { signals } = connectAlone();
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
  const { signals } = connectAlone();
  const progress = { fraction: 0.5, message: "half", at: 1 };
  signals.announce("job_1", { kind: "step-progress", progress });
  expect(signals.stepProgress("job_1")).toEqual(progress);
  signals.stepEnded("job_1");
  expect(signals.stepProgress("job_1")).toBeNull();
});

describe("the progress of a step elsewhere", () => {
  const progress = { fraction: 0.5, message: "half", at: 1 };

  /** A daemon that has heard of progress from another one. */
  function given() {
    const listeners = new Set<(message: BusMessage) => void>();
    const { signals } = connectTo({
      ...createDeafBus("up"),
      listen: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    });
    const hear = (signal: JobSignal): void => {
      for (const listener of listeners) listener({ kind: "job", id: "job_1", signal });
    };
    hear({ kind: "step-progress", progress });
    expect(signals.stepProgress("job_1")).toEqual(progress);
    return { signals, hear };
  }

  test("is forgotten when its daemon tells that the job has changed", () => {
    const { signals, hear } = given();
    hear({ kind: "changed", status: "running" });
    expect(signals.stepProgress("job_1")).toBeNull();
  });

  test("is forgotten when this daemon changes the job", () => {
    const { signals } = given();
    signals.announce("job_1", { kind: "changed", status: "failed" });
    expect(signals.stepProgress("job_1")).toBeNull();
  });

  test("is forgotten when the store shows that the job does not run", () => {
    const { signals } = given();
    signals.tell("job_1", { kind: "changed", status: "running" });
    expect(signals.stepProgress("job_1")).toEqual(progress);
    signals.tell("job_1", { kind: "changed", status: "queued" });
    expect(signals.stepProgress("job_1")).toBeNull();
  });

  test("stays when a step that ran here under a lost claim ends", () => {
    const { signals } = given();
    signals.stepEnded("job_1");
    expect(signals.stepProgress("job_1")).toEqual(progress);
  });
});

test("the progress of a step here stays when its job's start is told after it", () => {
  const { signals } = connectAlone();
  const progress = { fraction: 0.5, message: "half", at: 1 };
  signals.announce("job_1", { kind: "step-progress", progress });
  signals.announce("job_1", { kind: "changed", status: "running" });
  signals.tell("job_1", { kind: "changed", status: "running" });
  expect(signals.stepProgress("job_1")).toEqual(progress);
});

test.each(["completed", "failed"] as const)("waiting ends when the job is %s", async (status) => {
  const { signals } = connectAlone();
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
  await connectAlone().signals.waitForEnd("job_1", {
    isOver: async () => true,
    signal: NEVER,
  });
});

test("waiting ends when the signal aborts, before as well as during the wait", async () => {
  await connectAlone().signals.waitForEnd("job_1", {
    isOver: notYet,
    signal: AbortSignal.abort(),
  });
  const given = new AbortController();
  const waiting = connectAlone().signals.waitForEnd("job_1", {
    isOver: notYet,
    signal: given.signal,
  });
  given.abort();
  await waiting;
});

test("an end between the read and the wait is noticed", async () => {
  const look = Promise.withResolvers<boolean>();
  const { signals } = connectAlone();
  const waiting = signals.waitForEnd("job_1", { isOver: () => look.promise, signal: NEVER });
  signals.announce("job_1", { kind: "changed", status: "completed" });
  look.resolve(false);
  await waiting;
});
