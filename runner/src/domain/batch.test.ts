import { expect, test } from "vitest";
import { batchCallback } from "./batch.ts";
import { MAX_EVENT_BYTES } from "./event.ts";

const failure = (message: string) => ({ code: "PLUGIN_THREW" as const, message });
const jobsWith = (message: string, jobs: number) =>
  Array.from({ length: jobs }, (_, n) => ({
    jobId: `job_${n}`,
    status: "failed" as const,
    failure: failure(message),
  }));
const callback = (message: string, jobs: number) =>
  JSON.parse(
    batchCallback(
      { id: "batch_1", jobs: jobsWith(message, jobs) },
      { at: 0, batchUrl: "http://daemon.test/v1/batches/batch_1" },
    ),
  ) as { counts: object; jobs: unknown[]; truncated: boolean; batchUrl: string };

test("a callback lists every job, and says that nothing is left out", () => {
  expect(callback("ü", 2)).toMatchObject({
    jobs: [{ jobId: "job_0" }, { jobId: "job_1" }],
    truncated: false,
    batchUrl: "http://daemon.test/v1/batches/batch_1",
  });
});

test("a callback over 1 MiB has the counts and a link in place of the jobs", () => {
  const message = "ü".repeat(MAX_EVENT_BYTES / 1000);
  expect(callback(message, 450)).toMatchObject({ truncated: false });
  expect(callback(message, 1_000)).toEqual({
    status: "failed",
    batchId: "batch_1",
    timestamp: "1970-01-01T00:00:00.000Z",
    counts: { total: 1_000, queued: 0, running: 0, completed: 0, failed: 1_000 },
    jobs: [],
    truncated: true,
    batchUrl: "http://daemon.test/v1/batches/batch_1",
  });
});
