import { expect, test } from "vitest";
import type { FileInfo } from "../../domain/file.ts";
import type { RunningJob } from "../../domain/job.ts";
import type { StepResult } from "../../domain/transition.ts";
import { toJsonText } from "../../domain/json-text.ts";
import { createFileRoom } from "./file-room.ts";
import { createJobFiles } from "./job-files.ts";

const ID = "file_01k9zr00000000000000000000";
const FILE: FileInfo = { id: ID, name: "a", type: "text/plain", size: 60, sha256: "a" };
const JOB: RunningJob = {
  id: "job_1",
  name: null,
  metadata: toJsonText({}),
  plugins: [{ name: "first", options: toJsonText({}) }],
  input: toJsonText({}),
  priority: 0,
  runAt: 0,
  timeoutMs: null,
  createdAt: 0,
  fence: 1,
  owner: "owner_1",
  sequence: 0,
  stepAttempts: 1,
  startedAt: 0,
  completedSteps: [],
};
const SIGNAL = new AbortController().signal;
const STEP = { plugin: "first", metrics: { processedItems: 1, duration: 1 } };

/** A store with the file, which has room for 100 bytes. */
function createParts() {
  const usage = { files: 1, bytes: 0 };
  const reads: string[] = [];
  const store = {
    async filesOfJob(jobId: string) {
      reads.push(jobId);
      return [FILE];
    },
    fileUsage: async () => usage,
  };
  const deps = {
    store,
    contents: { shared: null },
    room: createFileRoom({ store, filesLimit: 100 }),
    writers: { begin: () => () => {} },
    links: { url: (id: string) => `/${id}` },
    jobFilesLimit: 80,
  };
  return { usage, reads, deps };
}

function wrote(...sizes: readonly number[]): StepResult {
  const files = sizes.map((size, index) => ({ ...FILE, id: `${ID}${index}`, size }));
  const output = toJsonText({});
  return {
    ok: true,
    output,
    files,
    metrics: STEP.metrics,
    startedAt: 1,
    endedAt: 2,
    durationMs: 1,
  };
}

test("a job that can have no files reads nothing", async () => {
  const { deps, reads } = createParts();
  expect(await createJobFiles(JOB, deps).forStep()).toEqual({ filesLimitBytes: 80 });
  expect(reads).toEqual([]);
});

test.each([
  ["names a file in its input", { input: toJsonText({ deep: [{ $file: ID }] }) }],
  [
    "names a file in its options",
    { plugins: [{ name: "first", options: toJsonText({ $file: ID }) }] },
  ],
  // The output can contain only the id.
  ["goes on after a step", { completedSteps: [{ ...STEP, output: toJsonText(ID) }] }],
])("a job that %s has its files, which are read once", async (_, fields) => {
  const { deps, reads } = createParts();
  const files = createJobFiles({ ...JOB, ...fields }, deps);
  expect(await files.forStep()).toEqual({ filesLimitBytes: 80, files: [FILE] });
  expect(await files.forStep()).toMatchObject({ files: [FILE] });
  expect(reads).toEqual([JOB.id]);
  expect(files.link(toJsonText({ $file: ID }))).toBe(`{"$file":"${ID}","url":"/${ID}"}`);
});

test("what a step wrote is known to the next one, and leaves it less room", async () => {
  const { deps } = createParts();
  const files = createJobFiles(JOB, deps);
  const result = wrote(30, 20);
  expect(await files.stepEnded(result, SIGNAL)).toBe(result);
  const next = await files.forStep();
  expect(next.filesLimitBytes).toBe(30);
  expect(next.files?.map(({ size }) => size)).toEqual([30, 20]);
});

test("steps that end at the same time do not pass the limit of all files", async () => {
  const { deps, usage } = createParts();
  const [one, two] = [createJobFiles(JOB, deps), createJobFiles(JOB, deps)];
  const limits = [await one.forStep(), await two.forStep()];
  expect(limits.map(({ filesLimitBytes }) => filesLimitBytes)).toEqual([80, 80]);
  expect(await one.stepEnded(wrote(60), SIGNAL)).toMatchObject({ ok: true });
  usage.bytes = 60;
  expect(await two.stepEnded(wrote(60), SIGNAL)).toMatchObject({
    ok: false,
    failure: { code: "FILES_FULL", message: expect.stringContaining("60 bytes") as string },
  });
  // What was deleted meanwhile is free.
  usage.bytes = 40;
  expect(await two.stepEnded(wrote(60), SIGNAL)).toMatchObject({ ok: true });
});
