import { expect, test } from "vitest";
import { createLostAnswers } from "./lost-answers.ts";

const CALL = { caller: "n8n", tool: "greet", given: { name: "Ada" } };

test("the same call finds its job once", () => {
  const answers = createLostAnswers(() => 0);
  answers.remember(CALL, "job_1");
  expect(answers.take({ ...CALL, given: { name: "Eve" } })).toBeNull();
  expect(answers.take({ ...CALL, caller: "other" })).toBeNull();
  expect(answers.take({ ...CALL, tool: "other" })).toBeNull();
  expect(answers.take(CALL)).toBe("job_1");
  expect(answers.take(CALL)).toBeNull();
});

test("a job is forgotten after ten minutes", () => {
  let now = 0;
  const answers = createLostAnswers(() => now);
  answers.remember(CALL, "job_1");
  now = 599_999;
  answers.remember({ ...CALL, tool: "later" }, "job_2");
  now = 600_000;
  expect(answers.take(CALL)).toBeNull();
  expect(answers.take({ ...CALL, tool: "later" })).toBe("job_2");
});

test("of very many jobs, the newest are remembered", () => {
  const answers = createLostAnswers(() => 0);
  for (let at = 0; at < 1_500; at += 1) answers.remember({ ...CALL, given: at }, `job_${at}`);
  expect(answers.take({ ...CALL, given: 499 })).toBeNull();
  expect(answers.take({ ...CALL, given: 500 })).toBe("job_500");
});
