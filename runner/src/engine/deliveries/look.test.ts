/** No time passes in these tests: only a wake-up can lead to the next claim. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Answer } from "../../domain/delivery.ts";
import { Defect } from "../../domain/errors.ts";
import {
  createWorld,
  HOOK,
  interceptCalls,
  type EngineScript,
  type World,
} from "../../../test/support/engine.ts";
import { holdReplies } from "../../../test/support/held-replies.ts";
import { joinLocally } from "../../../test/support/join-locally.ts";
import { answered } from "../../../test/support/scripted-sender.ts";
import { startTwoDaemons } from "../../../test/support/two-daemons.ts";

let world: World;
/** The answers of the attempts, in their order. */
let answers: ((answer: Answer) => void)[];
beforeEach(async () => {
  world = await createWorld();
  answers = [];
});
afterEach(() => world.close());

const SCRIPT: EngineScript = {
  run: (step) => step.complete(),
  answer: () => new Promise((resolve) => answers.push(resolve)),
};
const hookAt = (endpoint: number) => ({
  ...HOOK,
  url: `http://${endpoint}.test/`,
  on: ["completed"] as const,
});

async function answer(attempt: number): Promise<void> {
  answers[attempt]?.(answered(200));
  await world.settle();
}

test("an endpoint that has answered gets its next event before the outcome is stored", async () => {
  const records = holdReplies("recordAttempt");
  const { submit } = await world.startEngine({ ...SCRIPT, ...records });
  records.hold();
  for (let n = 0; n < 3; n += 1) {
    await submit({ webhook: hookAt(1) });
    await world.settle();
  }
  expect(answers).toHaveLength(2);
  await answer(0);
  expect(answers).toHaveLength(3);
  records.release();
});

test("an attempt whose outcome cannot be stored leaves its room to the next", async () => {
  let isBroken = true;
  const { submit } = await world.startEngine({
    ...SCRIPT,
    maxDeliveriesInFlight: 1,
    intercept: (store) =>
      interceptCalls(store, async (call, name) => {
        if (name === "recordAttempt" && isBroken) throw new Defect("STORE_CLOSED", "closed");
        return call();
      }),
  });
  await submit({ webhook: hookAt(1) });
  await submit({ webhook: hookAt(2) });
  await world.settle();
  expect(answers).toHaveLength(1);
  await answer(0);
  expect(answers).toHaveLength(2);
  isBroken = false;
});

test("room that was kept for a write that hands nothing over is used at once", async () => {
  await world.close();
  const transitions = holdReplies("commitTransition");
  const daemons = await startTwoDaemons(joinLocally(2), {
    first: { run: (step) => step.complete(), threads: 8, maxDeliveriesInFlight: 0 },
    // Its step does not end, so that nothing else wakes the loop.
    second: { ...SCRIPT, ...transitions, run: () => {}, maxDeliveriesInFlight: 8 },
  });
  world = daemons.world;
  transitions.hold();
  await daemons.second.submit();
  for (let n = 0; n < 8; n += 1) await daemons.first.submit({ webhook: hookAt(n) });
  await world.settle();
  expect(answers).toHaveLength(4);
  transitions.release();
  await world.settle();
  expect(answers).toHaveLength(8);
});
