import { expect, test } from "vitest";
import { until } from "../../test/support/until.ts";
import { monotonicMs } from "./monotonic-clock.ts";
import { watchStep } from "./step-watch.ts";

const OUT_OF_MEMORY = { code: "OUT_OF_MEMORY", message: "For a test." } as const;

function watch({ pluginTimeoutMs = 60_000 } = {}) {
  const cancel = new AbortController();
  const requested: string[] = [];
  const startedAt = monotonicMs();
  const watched = watchStep({
    plugin: "slow",
    jobTimeoutMs: null,
    pluginTimeoutMs,
    graceMs: 20,
    startLimitMs: 60_000,
    isAlone: () => false,
    startedAt: () => startedAt,
    signal: cancel.signal,
    requestStop: (reason) => requested.push(reason),
  });
  return { watched, requested, cancel: () => cancel.abort("You cancelled it.") };
}

const CANCELLED = { code: "CANCELLED", message: "You cancelled it." };

test("a step that was cancelled and then exceeds a memory limit is cancelled", () => {
  const { watched, cancel } = watch();
  const { killSignal } = watched;
  cancel();
  watched.kill(OUT_OF_MEMORY);
  expect(watched.stopped).toEqual(CANCELLED);
  expect(killSignal.aborted).toBe(true);
  watched.end();
});

test("a step that timed out and is cancelled while it stops has timed out, and is asked to stop once", async () => {
  const { watched, requested, cancel } = watch({ pluginTimeoutMs: 1 });
  await until("the timeout", () => watched.stopped);
  cancel();
  expect(watched.stopped?.code).toBe("PLUGIN_TIMEOUT");
  expect(requested).toEqual([`Plugin "slow" ran longer than its timeout of 1 ms.`]);
  watched.end();
});

test("a step that was cancelled does not time out while it stops, and its thread ends after the grace period", async () => {
  const { watched, requested, cancel } = watch({ pluginTimeoutMs: 5 });
  cancel();
  await until("the thread to be ended", () => watched.killSignal.aborted);
  expect(watched.stopped).toEqual(CANCELLED);
  expect(requested).toEqual([CANCELLED.message]);
  watched.end();
});
