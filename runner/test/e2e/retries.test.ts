/** Steps that fail and run again, in a real daemon with real plugins. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Job } from "../../src/http/contract/job.ts";
import { dropPlugin, startDaemon, type Daemon } from "../support/daemon.ts";
import { createReceiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

let daemon: Daemon;

/** Fails until it has run as often as its input says, counted in a file of the job. */
const FLAKY = `async ({ good, how }, ctx) => {
  const file = ctx.files.resolve("count-" + ctx.job.id);
  appendFileSync(file, "x");
  const { statSync } = await import("node:fs");
  const { size: attempt } = statSync(file);
  ctx.log.info("attempt " + ctx.attempt);
  if (attempt >= good) return { attempt };
  const { DoNotRetry, RetryAfter } = await import("playground-runner/plugin");
  if (how === "never") throw new DoNotRetry("It cannot work.");
  if (how === "later") throw new Error("Wrapped.", { cause: new RetryAfter(10, "Too many requests.") });
  throw new Error("Not yet: " + attempt);
}`;

beforeAll(async () => {
  daemon = await startDaemon({ plugins: { flaky: FLAKY, replaced: "() => null" } });
});
afterAll(() => daemon.close());

const BACKOFF = { delayMs: 5, factor: 1, jitter: 0 };

async function untilEnded(jobId: string) {
  return until("the end of the job", async () => {
    const job = await daemon.get(`/v1/jobs/${jobId}`);
    return job.endedAt === null ? null : job;
  });
}

test("a flaky step is tried until it works, with one event at the end", async () => {
  const receiver = await createReceiver();
  const { jobId } = await daemon.post("/v1/jobs", {
    plugins: ["flaky"],
    input: { good: 3 },
    retry: { attempts: 5, backoff: BACKOFF },
    webhook: { url: receiver.url },
  });
  const job = await untilEnded(jobId);
  expect(job).toMatchObject({
    status: "completed",
    output: { attempt: 3 },
    retry: { attempts: 5, backoff: { ...BACKOFF, maxDelayMs: 3_600_000 } },
    steps: [
      {
        status: "completed",
        failedAttempts: [
          { error: "Not yet: 1", errorCode: "PLUGIN_THREW" },
          { error: "Not yet: 2", errorCode: "PLUGIN_THREW" },
        ],
      },
    ],
  });
  const received = await receiver.untilReceived(3);
  expect(received.map(({ event }) => event.status)).toEqual(["started", "progress", "completed"]);
  const { items } = await daemon.get(`/v1/jobs/${jobId}/logs`);
  const messages = items.map(({ message }: { message: string }) => message);
  expect(messages.filter((each: string) => each.startsWith("attempt"))).toEqual([
    "attempt 1",
    "attempt 2",
    "attempt 3",
  ]);
  await receiver.close();
});

test("a job that waits for an attempt says so", async () => {
  const { jobId } = await daemon.post("/v1/jobs", {
    plugins: ["flaky"],
    input: { good: 2 },
    retry: { attempts: 2, backoff: { delayMs: 60_000 } },
  });
  const job = await until("the wait", async () => {
    const found = await daemon.get(`/v1/jobs/${jobId}`);
    return found.waitingFor === null ? null : found;
  });
  expect(job).toMatchObject({ status: "queued", steps: [{ status: "pending" }] });
  const { items } = await daemon.get(`/v1/jobs?idPrefix=${jobId}`);
  expect(items).toMatchObject([{ attempts: 1, waitingFor: { kind: "retry" } }]);
  expect(job.waitingFor).toMatchObject({
    kind: "retry",
    on: null,
    detail: expect.stringMatching(/^Attempt 2 begins at 20.*Z\. Attempt 1 failed: Not yet: 1$/),
  });
  await daemon.post(`/v1/jobs/${jobId}/cancel`, {});
  expect(await untilEnded(jobId)).toMatchObject({ status: "failed", errorCode: "CANCELLED" });
});

test("a plugin can choose the wait, also by the cause of its error, or refuse another attempt", async () => {
  const submit = (how: string) =>
    daemon.post("/v1/jobs", {
      plugins: ["flaky"],
      input: { good: 2, how },
      retry: { attempts: 2, backoff: { delayMs: 600_000 } },
    });
  const later = await submit("later");
  const never = await submit("never");
  expect(await untilEnded(later.jobId)).toMatchObject({ status: "completed" });
  const failed = await untilEnded(never.jobId);
  expect(failed).toMatchObject({ status: "failed", error: "It cannot work." });
  expect(failed.steps).toMatchObject([{ failedAttempts: [] }]);
});

test("a failed job can be retried from its first step", async () => {
  const { jobId } = await daemon.post("/v1/jobs", {
    plugins: [{ name: "json-query", options: {} }, "flaky"],
    input: { data: { good: 2 }, expression: "$" },
  });
  expect(await untilEnded(jobId)).toMatchObject({ status: "failed" });
  const response = await daemon.request(`/v1/jobs/${jobId}/retry?from=start`, { method: "POST" });
  expect(response.status).toBe(202);
  await until("the end of the job", async () => {
    const { status } = await daemon.get(`/v1/jobs/${jobId}`);
    return status === "completed";
  });
  const { items } = await daemon.get(`/v1/jobs/${jobId}/events`);
  expect(items.map(({ status }: { status: string }) => status)).toEqual([
    "started",
    "progress",
    "failed",
    "progress",
    "progress",
    "completed",
  ]);
});

test.each([
  ["the retry of a job", (jobId: string) => daemon.post(`/v1/jobs/${jobId}/retry`, {}), "first"],
  [
    "its retry from the start",
    (jobId: string) => daemon.post(`/v1/jobs/${jobId}/retry?from=start`, {}),
    "second",
  ],
  [
    "a bulk act",
    (jobId: string) => daemon.post("/v1/bulk", { act: "retry", filter: { idPrefix: jobId } }),
    "first",
  ],
] as const)("%s runs the newest version of its plugin", async (_, retry, firstStep) => {
  const versioned = (version: string) =>
    `async (input, ctx) => {
      if (ctx.options.fails && "${version}" === "first") throw new Error("Version ${version}.");
      return { version: "${version}" };
    }`;
  const replace = async (version: string): Promise<void> => {
    await dropPlugin(daemon.pluginsDir, "replaced", versioned(version));
    await until(`version ${version}`, async () => {
      const ran = await daemon.post("/v1/jobs", { plugins: ["replaced"] }, { prefer: "wait=20" });
      return ran.output?.version === version;
    });
  };
  await replace("first");
  const { jobId } = await daemon.post("/v1/jobs", {
    plugins: ["replaced", { name: "replaced", options: { fails: true } }],
  });
  expect(await untilEnded(jobId)).toMatchObject({ status: "failed", error: "Version first." });
  await replace("second");
  await retry(jobId);
  const job = await until("the end of the retry", async () => {
    const found = await daemon.get(`/v1/jobs/${jobId}`);
    return found.status === "completed" ? found : null;
  });
  expect(job.steps).toMatchObject([
    { output: { version: firstStep } },
    { output: { version: "second" } },
  ]);
});

test("attempts count from 1 again when a client retries the job", async () => {
  const { jobId } = await daemon.post("/v1/jobs", {
    plugins: ["flaky"],
    input: { good: 4 },
    retry: { attempts: 2, backoff: BACKOFF },
  });
  const numbersOf = ({ steps }: Job) =>
    steps.map(({ attempt, failedAttempts }) => [attempt, failedAttempts.map((f) => f.attempt)]);
  expect(numbersOf(await untilEnded(jobId))).toEqual([[2, [1]]]);
  await daemon.request(`/v1/jobs/${jobId}/retry`, { method: "POST" });
  const retried = await until("the end of the job", async () => {
    const job = await daemon.get(`/v1/jobs/${jobId}`);
    return job.status === "completed" ? job : null;
  });
  expect(numbersOf(retried)).toEqual([[2, [1, 2, 1]]]);
});

test.each([
  [{ attempts: 0 }, "/retry/attempts"],
  [{ attempts: 2, backoff: { factor: 0.5 } }, "/retry/backoff/factor"],
  [{ attempts: 2, backoff: [] }, "/retry/backoff"],
  [{ attempts: 2, delayMs: 5 }, "/retry"],
])("a policy of %j is refused by its field", async (retry, path) => {
  const response = await daemon.request("/v1/jobs", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ plugins: ["flaky"], input: {}, retry }),
  });
  expect(response.status).toBe(400);
  const { issues } = (await response.json()) as { issues: { path: string }[] };
  expect(issues[0]?.path.startsWith(path)).toBe(true);
});
