import { expect, test } from "vitest";
import type { StoredJob } from "../../ports/store/jobs.ts";
import { toResult, type ResultContext } from "./job-result.ts";

test("an output that was removed is no output of null", () => {
  const job = {
    status: "completed",
    spec: { id: "job_1", plugins: [{}] },
    steps: [{ index: 0, output: null }],
    payloadsRemovedAt: Date.parse("2026-11-30T12:00:00Z"),
  } as unknown as StoredJob;
  const [content] = toResult(job, {} as ResultContext).content;
  expect(JSON.parse((content as { text: string }).text)).toEqual({
    jobId: "job_1",
    status: "completed",
    note: "The output was removed on 2026-11-30T12:00:00.000Z. To have it, call the tool again.",
  });
});
