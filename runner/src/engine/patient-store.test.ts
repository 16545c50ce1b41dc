import { expect, test } from "vitest";
import { createTestClock } from "../../test/support/test-clock.ts";
import { until } from "../../test/support/until.ts";
import type { JobWrites } from "../ports/store.ts";
import { Defect, Transient } from "../domain/errors.ts";
import { createPatientStore } from "./patient-store.ts";
import { createTestLog } from "../../test/support/test-log.ts";

function given(failures: Error[]) {
  const stop = new AbortController();
  const clock = createTestClock();
  let writes = 0;
  const write: JobWrites["releaseJobs"] = async () => {
    writes += 1;
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
  };
  const store = createPatientStore(
    {
      recordAttempt: async () => {},
      releaseDeliveries: async () => {},
      releaseJobs: write,
    },
    { clock, log: createTestLog(), signal: stop.signal },
  );
  return { store, clock, stop, writes: () => writes };
}

const full = (): Error => new Transient("STORE_DISK_FULL", "The disk is full.");

test("a release that the store cannot write is written again, later each time", async () => {
  const { store, clock, writes } = given([full(), full()]);
  const released = store.releaseJobs([]);
  for (const [after, waitMs] of [
    [1, 100],
    [2, 200],
  ] as const) {
    await until("the wait", () => clock.sleepers() === 1);
    expect(writes()).toBe(after);
    expect(clock.nextWakeAt()).toBe(clock.now() + waitMs);
    clock.moveTo(clock.now() + waitMs);
  }
  await released;
  expect(writes()).toBe(3);
});

test("a daemon that stops tries once more and waits no longer", async () => {
  const { store, clock, stop, writes } = given([full(), full(), full()]);
  const released = expect(store.releaseJobs([])).rejects.toThrow("The disk is full.");
  await until("the wait", () => clock.sleepers() === 1);
  stop.abort();
  await released;
  expect(writes()).toBe(2);
});

test("a defect is not tried again", async () => {
  const { store, writes } = given([new Defect("STORE_CLOSED", "closed")]);
  await expect(store.releaseJobs([])).rejects.toThrow("closed");
  expect(writes()).toBe(1);
});
