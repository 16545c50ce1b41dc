/** What a real daemon streams while jobs run. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { LiveDelivery, LiveJob, LiveStatus } from "../../src/http/contract/live.ts";
import { LogLine } from "../../src/http/contract/logs.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { readFrames, type StreamFrame } from "../support/event-stream.ts";
import { createReceiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

const MAX_DELAY_MS = 300;

let daemon: Daemon;

beforeAll(async () => {
  daemon = await startDaemon({
    plugins: {
      echo: `(input) => input`,
      steps: `async (input, ctx) => {
        for (const part of [0.25, 0.5, 0.75]) {
          ctx.progress(part, "part " + part);
          ctx.log.info("line " + part);
          await sleep(120);
        }
      }`,
    },
  });
});
afterAll(() => daemon.close());

interface Watched {
  readonly frames: readonly (StreamFrame & { readonly at: number })[];
  /** The rows of all messages of a kind, in order. */
  rows(event: string): readonly { readonly row: unknown; readonly at: number }[];
  readonly ended: Promise<void>;
  close(): void;
}

/** Reads a stream in the background. */
async function watch(path: string, headers: Record<string, string> = {}): Promise<Watched> {
  const controller = new AbortController();
  const response = await daemon.request(path, { headers, signal: controller.signal });
  expect(response.status).toBe(200);
  const frames: (StreamFrame & { at: number })[] = [];
  const read = async (): Promise<void> => {
    for await (const frame of readFrames(response)) frames.push({ ...frame, at: Date.now() });
  };
  const ended = read().catch(() => undefined);
  onTestFinished(() => controller.abort());
  return {
    frames,
    rows: (event) =>
      frames
        .filter((frame) => frame.event === event)
        .flatMap(({ data, at }) =>
          [JSON.parse(data) as unknown].flat().map((row) => ({ row, at })),
        ),
    ended,
    close: () => controller.abort(),
  };
}

test("a job's states, progress and deliveries are on the stream as they happen", async () => {
  const receiver = await createReceiver();
  onTestFinished(() => receiver.close());
  const stream = await watch("/v1/stream");
  await until("the counts", () => stream.rows("status").length > 0);
  LiveStatus.parse(stream.rows("status")[0]?.row);
  const webhook = { url: receiver.url };
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["steps", "echo"], webhook });
  const jobs = () =>
    stream
      .rows("jobs")
      .map(({ row, at }) => ({ ...LiveJob.parse(row), at }))
      .filter((row) => row.jobId === jobId);
  const deliveries = () => stream.rows("deliveries").map(({ row }) => LiveDelivery.parse(row));
  const end = await until(
    "the job's end",
    () => jobs().find(({ status }) => status === "completed") ?? null,
  );
  await until("its deliveries", () => deliveries().length === 4);
  // Changes within a quarter of a second are one message.
  expect(["queued", "running"]).toContain(jobs()[0]?.status);
  expect(jobs().some(({ progress }) => progress?.message?.startsWith("part"))).toBe(true);
  expect(jobs().some(({ completedSteps }) => (completedSteps ?? 0) > 0)).toBe(true);
  expect(Date.parse(end.endedAt ?? "")).toBeLessThanOrEqual(end.at);
  expect(deliveries().map(({ event, state }) => [event, state])).toEqual([
    ["started", "delivered"],
    ["progress", "delivered"],
    ["progress", "delivered"],
    ["completed", "delivered"],
  ]);
  await until("the new counts", () =>
    stream.rows("status").some(({ row }) => LiveStatus.parse(row).jobs.completed > 0),
  );
});

test("a state is on the stream at most 300 ms after it was stored", async () => {
  const stream = await watch("/v1/stream");
  await until("the counts", () => stream.frames.length > 0);
  const delays: number[] = [];
  for (let job = 0; job < 5; job += 1) {
    const { jobId } = await daemon.post("/v1/jobs", { plugins: ["echo"], input: {} });
    const end = await until("the job's end", () => {
      const rows = stream.rows("jobs").map(({ row, at }) => ({ ...LiveJob.parse(row), at }));
      return rows.find((row) => row.jobId === jobId && row.status === "completed") ?? null;
    });
    delays.push(end.at - Date.parse(end.endedAt ?? ""));
  }
  // The least of them, because other tests use the processors at the same time.
  expect(Math.min(...delays)).toBeLessThan(MAX_DELAY_MS);
});

test("a job that is submitted, cancelled or tried again is on the stream", async () => {
  const stream = await watch("/v1/stream");
  await until("the counts", () => stream.frames.length > 0);
  const runAt = new Date(Date.now() + 3_600_000).toISOString();
  const { jobs } = await daemon.post("/v1/batches", {
    jobs: [{ plugins: ["echo"], input: {}, runAt }],
  });
  const jobId = jobs[0].jobId as string;
  const statuses = () =>
    stream
      .rows("jobs")
      .map(({ row }) => LiveJob.parse(row))
      .filter((row) => row.jobId === jobId)
      .map(({ status, errorCode }) => [status, errorCode]);
  await until("the new job", () => statuses().length === 1);
  await daemon.post(`/v1/jobs/${jobId}/cancel`, undefined);
  await until("its end", () => statuses().length === 2);
  await daemon.post(`/v1/jobs/${jobId}/retry`, undefined);
  await until("the second try", () => statuses().length === 3);
  expect(statuses()).toEqual([
    ["queued", null],
    ["failed", "CANCELLED"],
    ["queued", null],
  ]);
});

test("a job's log is streamed while it runs, and the stream ends with the job", async () => {
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["steps"] });
  const stream = await watch(`/v1/jobs/${jobId}/logs/stream`);
  await stream.ended;
  const lines = stream.rows("log").map(({ row }) => LogLine.parse(row));
  expect(lines.map(({ message }) => message)).toEqual(["line 0.25", "line 0.5", "line 0.75"]);
  const delays = stream.rows("log").map(({ at }, index) => at - Date.parse(lines[index]?.at ?? ""));
  expect(Math.min(...delays)).toBeLessThan(MAX_DELAY_MS);
  expect(stream.frames.at(-1)).toMatchObject({ event: "end", data: '{"status":"completed"}' });
});

test("a client that was cut off continues where it was", async () => {
  const first = await watch("/v1/stream");
  await until("the counts", () => first.frames.length > 0);
  const lastId = first.frames.at(-1)?.id ?? "";
  first.close();
  await first.ended;
  const { jobId } = await daemon.post(
    "/v1/jobs",
    { plugins: ["echo"], input: {} },
    { prefer: "wait=30" },
  );
  const second = await watch("/v1/stream", { "last-event-id": lastId });
  await until("the missed job", () =>
    second.rows("jobs").some(({ row }) => LiveJob.parse(row).jobId === jobId),
  );
  expect(second.rows("reset")).toEqual([]);
});

test("the daemon stops at once while streams are open", async () => {
  const other = await startDaemon();
  onTestFinished(() => other.close());
  const response = await other.request("/v1/stream");
  const text = response.text();
  expect(await other.end("SIGTERM")).toBe(0);
  expect(await text).toContain("event: status");
});
