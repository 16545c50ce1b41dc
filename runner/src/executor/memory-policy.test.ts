import { expect, test } from "vitest";
import { memoryAction, type MemoryUser } from "./memory-policy.ts";

const LIMIT_MB = 1000;
const MIB = 1024 * 1024;

function user(options: {
  rssMb: number;
  stepMb?: number;
  isAlone?: boolean;
  isDraining?: boolean;
  actedAt?: number;
}): MemoryUser {
  const { rssMb, stepMb, isAlone = false, isDraining = isAlone, actedAt = null } = options;
  const largest = stepMb === undefined ? null : { run: 7, bytes: stepMb * MIB };
  const memory = { rss: rssMb * MIB, largest };
  return { executor: { memory: () => memory }, isAlone, isDraining, actedAt };
}

function decide(users: readonly MemoryUser[], now = 0) {
  const action = memoryAction(users, LIMIT_MB, now);
  return action && { ...action, user: users.indexOf(action.user) };
}

test("nothing happens up to the limit, which counts all executors together", () => {
  expect(decide([user({ rssMb: 600 }), user({ rssMb: 400 })])).toBeNull();
  expect(decide([user({ rssMb: 600 }), user({ rssMb: 401 })])).toMatchObject({ user: 0 });
});

test("the step that uses most of the largest executor fails", () => {
  const users = [user({ rssMb: 300, stepMb: 250 }), user({ rssMb: 800, stepMb: 500 })];
  expect(decide(users)).toMatchObject({
    kind: "fail-step",
    user: 1,
    run: 7,
    failure: { code: "OUT_OF_MEMORY", message: expect.stringContaining("used 1100 MiB") },
  });
});

test("the executor is drained if no step stands out: native code has the memory", () => {
  expect(decide([user({ rssMb: 1100, stepMb: 50 })])).toMatchObject({ kind: "drain" });
  expect(decide([user({ rssMb: 1100 })])).toMatchObject({ kind: "drain" });
});

test("a step that was failed has a second to end, and then its executor is drained", () => {
  const users = [user({ rssMb: 1100, stepMb: 500, actedAt: 0 })];
  expect(decide(users, 999)).toBeNull();
  expect(decide(users, 1000)).toMatchObject({ kind: "drain" });
});

test("a draining executor is killed only when its memory grows further", () => {
  expect(decide([user({ rssMb: 1200, isDraining: true, actedAt: 0 })], 5000)).toBeNull();
  expect(decide([user({ rssMb: 1300, isDraining: true, actedAt: 0 })], 500)).toBeNull();
  expect(decide([user({ rssMb: 1300, isDraining: true, actedAt: 0 })], 5000)).toMatchObject({
    kind: "kill",
  });
});

test("a step that has its executor to itself is the cause, whatever has allocated the memory", () => {
  expect(decide([user({ rssMb: 1100, isAlone: true })])).toMatchObject({ kind: "fail-all" });
});
