import { expect, test } from "vitest";
import { createTestClock } from "../../../test/support/test-clock.ts";
import { until } from "../../../test/support/until.ts";
import type { AttemptOutcome, DeliveryWrites, HandOver } from "../../ports/store/deliveries.ts";
import type { Store } from "../../ports/store/store.ts";
import { Defect, Transient } from "../../domain/errors.ts";
import { createStoreRetry } from "./store-retry.ts";
import { createRetryingStore } from "./retrying-store.ts";
import { createTestLog } from "../../../test/support/test-log.ts";

function given(failures: Error[]) {
  const stop = new AbortController();
  const clock = createTestClock();
  const logged: string[] = [];
  let writes = 0;
  async function write(): Promise<void> {
    writes += 1;
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
  }
  const recorded: Parameters<DeliveryWrites["recordAttempt"]>[] = [];
  const store = createRetryingStore<
    Pick<Store, "recordAttempt" | "releaseDeliveries" | "releaseJobs">
  >(
    {
      async recordAttempt(...args) {
        recorded.push(args);
        await write();
        return null;
      },
      releaseDeliveries: async () => {},
      releaseJobs: write,
    },
    createStoreRetry({
      clock,
      log: createTestLog((_, message) => logged.push(message)),
      signal: stop.signal,
    }),
  );
  const release = () => store.releaseJobs([], { countsAttempt: false });
  return { store, recorded, release, clock, stop, logged, writes: () => writes };
}

const full = (): Error => new Transient("STORE_DISK_FULL", "The disk is full.");

test("a release that the store cannot write is repeated with backoff", async () => {
  const { release, clock, writes } = given([full(), full()]);
  const released = release();
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

test("an attempt is recorded again without the room that there was at the first try", async () => {
  const { store, recorded, clock } = given([full()]);
  const outcome = {
    deliveryId: "delivery_1",
    fence: 1,
    owner: "owner_1",
    attempt: { number: 1, at: 0, durationMs: 1, status: 200, response: "", error: null },
    state: "delivered",
    dueAt: null,
    retriesUsed: 0,
    reason: null,
    succeeded: true,
    destinationOutcome: { kind: "ok" },
    maxAgeMs: 1_000,
  } satisfies AttemptOutcome;
  const room: HandOver = {
    owner: "owner_1",
    now: clock.now(),
    leaseUntil: clock.now() + 100,
    limit: 4,
    maxBytes: 1_000,
    except: [],
  };
  const written = store.recordAttempt(outcome, room);
  await until("the wait", () => clock.sleepers() === 1);
  clock.moveTo(clock.now() + 100);
  await written;
  expect(recorded).toEqual([
    [outcome, room],
    [outcome, undefined],
  ]);
});

test("a stopping daemon tries once more without waiting", async () => {
  const { release, clock, stop, writes } = given([full(), full(), full()]);
  const released = expect(release()).rejects.toThrow("The disk is full.");
  await until("the wait", () => clock.sleepers() === 1);
  stop.abort();
  await released;
  expect(writes()).toBe(2);
});

test("a write that fails with a defect is not repeated", async () => {
  const { release, writes } = given([new Defect("STORE_CLOSED", "closed")]);
  await expect(release()).rejects.toThrow("closed");
  expect(writes()).toBe(1);
});

test("the start and the end of an outage are logged once, however many writes it postpones", async () => {
  const { release, clock, logged } = given(Array.from({ length: 7 }, full));
  const released = Promise.all([release(), release(), release()]);
  for (let round = 0; round < 3; round += 1) {
    await until("the waits", () => clock.sleepers() >= 3 - 2 * Math.floor(round / 2));
    clock.moveTo(clock.now() + 5_000);
  }
  await released;
  expect(logged).toEqual(["store.writes-postponed", "store.writes-resumed"]);
});
