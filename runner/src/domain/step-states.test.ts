import { expect, test } from "vitest";
import { stepStates } from "./step-states.ts";

const job = { plugins: ["a", "b", "c"], completedSteps: 1, stepFailed: false };

test.each([
  ["queued", job, ["completed", "pending", "pending"]],
  ["running", job, ["completed", "running", "pending"]],
  ["failed", { ...job, stepFailed: true }, ["completed", "failed", "pending"]],
  ["failed", job, ["completed", "pending", "pending"]],
  ["completed", { ...job, completedSteps: 3 }, ["completed", "completed", "completed"]],
] as const)("the steps of a job that is %s", (status, fields, states) => {
  expect(stepStates({ ...fields, status })).toEqual(states);
});
