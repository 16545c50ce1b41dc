import { expect, test } from "vitest";
import { createDeafBus } from "../../../test/support/deaf-bus.ts";
import { createTestClock } from "../../../test/support/test-clock.ts";
import { NO_HOST } from "../../../test/support/no-telemetry.ts";
import { createTestLog } from "../../../test/support/test-log.ts";
import { createBeats } from "./beat-loop.ts";

test("after a time without the store, a daemon judges no other until all had the time to beat", async () => {
  const clock = createTestClock();
  let isDown = false;
  const beats = createBeats({
    store: {
      beat: () => (isDown ? Promise.reject(new Error("no store")) : Promise.resolve([])),
    },
    bus: createDeafBus("up"),
    catalog: { readyNames: () => [] },
    clock,
    host: NO_HOST,
    pool: { size: 2 },
    log: createTestLog(),
    owner: "owner_1",
    pluginWaitMs: 5_000,
  });
  /** Beats each second, as the loop does, and tells in which seconds the daemon could judge. */
  async function judgesIn(seconds: number): Promise<boolean[]> {
    const could: boolean[] = [];
    for (let second = 0; second < seconds; second += 1) {
      await beats.beat().catch(() => {});
      could.push(beats.canJudge());
      clock.moveTo(clock.now() + 1_000);
    }
    return could;
  }
  expect(await judgesIn(5)).toEqual([false, false, false, true, true]);
  isDown = true;
  expect(await judgesIn(5)).toEqual([true, true, false, false, false]);
  isDown = false;
  expect(await judgesIn(5)).toEqual([false, false, false, true, true]);
});

test("a daemon is not heard after its machine was suspended, until it has beaten again", async () => {
  const clock = createTestClock();
  let uptimeMs = 10_000;
  const beats = createBeats({
    store: { beat: () => Promise.resolve([]) },
    bus: createDeafBus("up"),
    catalog: { readyNames: () => [] },
    clock,
    host: { ...NO_HOST, uptimeMs: () => uptimeMs },
    pool: { size: 2 },
    log: createTestLog(),
    owner: "owner_1",
    pluginWaitMs: 5_000,
  });
  expect(beats.isHeard()).toBe(false);
  await beats.beat();
  expect(beats.isHeard()).toBe(true);
  // The monotonic clock stands still meanwhile.
  uptimeMs += 60_000;
  expect(beats.isHeard()).toBe(false);
  await beats.beat();
  expect(beats.isHeard()).toBe(true);
});
