import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createWorld,
  HOOK,
  interceptCalls,
  REQUEST,
  type World,
} from "../../../test/support/engine.ts";

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

test("waiting for a batch, ending it and setting its webhook do not read the outputs", async () => {
  const { engine, sender } = await world.startEngine({
    run: (step) => step.complete("large"),
    intercept: (store) =>
      interceptCalls(store, async (call, name, [, bound]) => {
        if (["batch", "job"].includes(name) && bound !== undefined) {
          throw new RangeError("The outputs are larger than the memory.");
        }
        return call();
      }),
  });
  const request = { jobs: [REQUEST, REQUEST], webhook: null, idempotencyKey: null };
  const { batchId } = await engine.submitBatch(request);
  await engine.waitForBatch(batchId, { signal: AbortSignal.timeout(10_000) });
  expect((await world.store.batch(batchId))?.endedAt).not.toBeNull();
  await engine.setBatchWebhook(batchId, HOOK);
  await engine.setBatchWebhook(batchId, HOOK);
  await world.settle();
  expect(sender.sent.map(({ event }) => event)).toMatchObject([
    { batchId, status: "completed", counts: { total: 2, completed: 2 } },
  ]);
});
