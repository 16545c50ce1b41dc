/** Bodies that are refused before the engine gets them. submit-job.test.ts tests the bodies of jobs. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  AUTHORIZED,
  createBackend,
  problemOf,
  type Backend,
} from "../../test/support/scripted-backend.ts";

let backend: Backend;
beforeAll(() => void (backend = createBackend()));
afterAll(() => backend.app.close());

const HOOK = { url: "http://endpoint.test/hook" };
const JOB = { plugins: ["echo"] };

type Case = readonly [path: string, body: object, message: string];

function webhook(path: string, more: object, message: string): Case {
  return [path, { ...HOOK, ...more }, message];
}

const WEBHOOK_CASES: readonly Case[] = [
  ["/url", {}, "is missing"],
  webhook("/url", { url: "ftp://endpoint.test" }, "http or https"),
  webhook("/on", { on: [] }, "at least 1 item"),
  webhook("/on/0", { on: ["done"] }, 'is "done"'),
  webhook("/plugins", { plugins: [] }, "at least 1 item"),
  webhook("/plugins", { plugins: Array(51).fill("a") }, "at most 50 items"),
  webhook("/plugins/0", { plugins: ["Word Count"] }, "must be a plugin's name"),
  webhook("/jobName", { jobName: "" }, "at least 1 character"),
  webhook("/retries", { retries: 11 }, "at most 10"),
  webhook("/timeoutMs", { timeoutMs: 999 }, "at least 1000"),
  webhook("/timeoutMs", { timeoutMs: 300_001 }, "at most 300000"),
  webhook("/ratePerSecond", { ratePerSecond: 0.01 }, "at least 0.1"),
  webhook("/ratePerSecond", { ratePerSecond: 1001 }, "at most 1000"),
  webhook("/expiresAt", { expiresAt: "tomorrow" }, "ISO 8601 date and time"),
  webhook("/secret", { secret: "hunter2" }, 'must be "whsec_" followed by 24 to 64 bytes'),
  webhook("/secret", { secret: "whsec_aHVudGVyMg==" }, "it has 7 bytes"),
  webhook("/headers/X-Key", { headers: { "X-Key": "***" } }, "give the value itself"),
  webhook("/headers/webhook-id", { headers: { "webhook-id": "hunter2" } }, "sets itself"),
  webhook("/state", { state: "paused" }, "is not a known field"),
];

const BATCH_CASES: readonly Case[] = [
  ["/jobs", {}, "is missing"],
  ["/jobs", { jobs: [] }, "at least 1 item"],
  ["/jobs/1/plugins", { jobs: [JOB, { input: 2 }] }, "is missing"],
  ["/jobs/0/idempotencyKey", { jobs: [{ ...JOB, idempotencyKey: "" }] }, "at least 1 character"],
  ["/jobs/0/callback", { jobs: [{ ...JOB, callback: 1 }] }, "is not a known field"],
  ["/webhook/on", { jobs: [JOB], webhook: { ...HOOK, on: ["failed"] } }, "is not a known field"],
];

const CASES = [
  ...WEBHOOK_CASES.map((one) => ["POST", "/v1/webhooks", ...one] as const),
  ["PATCH", "/v1/webhooks/wh_1", "/state", { state: "off" }, 'must be "active" or "paused"'],
  ["PATCH", "/v1/webhooks/wh_1", "/secret", { secret: "hunter2" }, "24 to 64 bytes"],
  ["POST", "/v1/webhooks/wh_1/recover", "/since", { since: "yesterday" }, "ISO 8601 date and time"],
  ["POST", "/v1/webhooks/wh_1/recover", "/since", {}, "is missing"],
  ...BATCH_CASES.map((one) => ["POST", "/v1/batches", ...one] as const),
  ["PUT", "/v1/batches/batch_1/webhook", "/url", {}, "is missing"],
  [
    "PUT",
    "/v1/batches/batch_1/webhook",
    "/on",
    { ...HOOK, on: ["failed"] },
    "is not a known field",
  ],
] as const;

test.each(CASES)("%s %s refuses an invalid %s", async (method, url, path, body, message) => {
  const response = await backend.app.inject({ method, url, payload: body, headers: AUTHORIZED });
  const problem = problemOf(response);
  expect(problem).toMatchObject({ status: 400, code: "BODY_INVALID" });
  expect(problem.issues).toContainEqual({
    path,
    message: expect.stringContaining(message) as string,
  });
  expect(response.body).not.toContain("hunter2");
});
