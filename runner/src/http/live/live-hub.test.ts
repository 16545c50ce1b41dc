import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createTestFeed, type TestFeed } from "../../../test/support/test-feed.ts";
import { LiveDelivery, LiveJob, LiveStatus } from "../contract/live.ts";
import type { OpenStream } from "../streams.ts";
import { createLiveHub, type LiveHub } from "./live-hub.ts";

const STATUS = LiveStatus.parse({
  version: "1.0.0",
  threads: { total: 2, busy: 0 },
  jobs: { queued: 0, running: 0, completed: 0, failed: 0 },
  deliveries: { pending: 0, failed: 0 },
  webhooks: { total: 0, off: 0, paused: 0 },
});

let feed: TestFeed;
let listening: number;
let counts: LiveStatus;
let hub: LiveHub;

beforeEach(() => {
  vi.useFakeTimers();
  feed = createTestFeed();
  listening = 0;
  counts = STATUS;
  hub = createLiveHub({
    listenToAll(listener) {
      const stop = feed.listen(listener);
      listening += 1;
      return () => {
        listening -= 1;
        stop();
      };
    },
    readStatus: async () => counts,
    now: () => Date.now(),
  });
});

afterEach(() => {
  hub.close();
  vi.useRealTimers();
});

interface Frame {
  readonly id: number;
  readonly event: string;
  readonly data: unknown;
}

interface Client {
  /** Takes what can be read now. */
  read(): Promise<Frame[]>;
  /** Whether the stream has ended, after what was read. */
  readonly hasEnded: () => boolean;
  readonly controller: AbortController;
}

function connect(lastEventId = 0, given: Partial<OpenStream> = {}): Client {
  const controller = new AbortController();
  const stream: OpenStream = {
    signal: controller.signal,
    isAllowed: () => true,
    hasRoomFor: () => true,
    ...given,
  };
  const texts = hub.stream(stream, lastEventId);
  let pending: Promise<IteratorResult<string>> | null = null;
  let hasEnded = false;

  async function read(): Promise<Frame[]> {
    const frames: Frame[] = [];
    while (!hasEnded) {
      pending ??= texts.next();
      const result = await Promise.race([pending, vi.advanceTimersByTimeAsync(0).then(() => null)]);
      if (result === null) return frames;
      pending = null;
      if (result.done === true) hasEnded = true;
      else frames.push(...parse(result.value));
    }
    return frames;
  }
  return { read, hasEnded: () => hasEnded, controller };
}

function parse(text: string): Frame[] {
  return text.split("\n\n").flatMap((block) => {
    const [, id, event, data] = /^id: (\d+)\nevent: (.+)\ndata: (.+)$/.exec(block) ?? [];
    return event === undefined ? [] : [{ id: Number(id), event, data: JSON.parse(data ?? "") }];
  });
}

const progress = (jobId: string, fraction: number): void =>
  feed.publish({
    kind: "job",
    jobId,
    change: { kind: "step-progress", progress: { fraction, message: null, at: 0 } },
  });

const changed = (jobId: string, status: "queued" | "running" | "completed"): void =>
  feed.publish({ kind: "job", jobId, change: { kind: "changed", status } });

test("a new client gets the counts, then what changes, with increasing ids", async () => {
  const client = connect();
  const [first] = await client.read();
  expect(first).toMatchObject({ event: "status", data: STATUS });
  changed("job_1", "running");
  const delivery = {
    deliveryId: "dlv_1",
    subjectId: "job_1",
    kind: "started",
    state: "delivered",
    attempts: 2,
    dueAt: null,
  } as const;
  feed.publish({ kind: "delivery", delivery });
  await vi.advanceTimersByTimeAsync(50);
  const frames = await client.read();
  expect(frames.map(({ event, id }) => [event, id - (first?.id ?? 0)])).toEqual([
    ["jobs", 1],
    ["deliveries", 2],
  ]);
  const [[job] = [], [delivered] = []] = frames.map(({ data }) => data as unknown[]);
  expect(LiveJob.parse(job)).toEqual({ jobId: "job_1", status: "running", progress: null });
  expect(LiveDelivery.parse(delivered)).toMatchObject({ jobId: "job_1", attemptCount: 2 });
});

test("a change after a quiet time is sent within 50 ms", async () => {
  const client = connect();
  await client.read();
  progress("job_1", 0.5);
  await vi.advanceTimersByTimeAsync(50);
  expect(await client.read()).toHaveLength(1);
});

test("a job that changes all the time is sent at most four times a second, with its newest values", async () => {
  const client = connect();
  await client.read();
  for (let step = 1; step <= 200; step += 1) {
    progress("job_1", step / 200);
    await vi.advanceTimersByTimeAsync(10);
  }
  const frames = await client.read();
  expect(frames.length).toBeGreaterThanOrEqual(7);
  expect(frames.length).toBeLessThanOrEqual(9);
  await vi.advanceTimersByTimeAsync(250);
  expect((await client.read()).at(-1)?.data).toMatchObject([{ progress: { fraction: 1 } }]);
});

test("a job's changes in one message are those since the last one, each with its newest value", async () => {
  const client = connect();
  await client.read();
  progress("job_1", 0.5);
  feed.publish({
    kind: "job",
    jobId: "job_1",
    change: {
      kind: "changed",
      status: "failed",
      endedAt: 1,
      failure: { code: "PLUGIN_THREW", message: "x".repeat(1_000) },
    },
  });
  await vi.advanceTimersByTimeAsync(50);
  const [frame] = await client.read();
  expect(frame?.data).toEqual([
    {
      jobId: "job_1",
      progress: null,
      status: "failed",
      endedAt: "1970-01-01T00:00:00.001Z",
      error: "x".repeat(200),
      errorCode: "PLUGIN_THREW",
    },
  ]);
});

test("a message has at most 50 rows", async () => {
  const client = connect();
  await client.read();
  for (let job = 1; job <= 120; job += 1) changed(`job_${job}`, "running");
  await vi.advanceTimersByTimeAsync(50);
  expect((await client.read()).map(({ data }) => (data as unknown[]).length)).toEqual([50, 50, 20]);
});

test("the counts are sent once a second at most, and only if they have changed", async () => {
  const client = connect();
  await client.read();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await client.read()).toEqual([]);
  counts = { ...STATUS, jobs: { ...STATUS.jobs, queued: 1 } };
  await vi.advanceTimersByTimeAsync(3_000);
  expect((await client.read()).map(({ event }) => event)).toEqual(["status"]);
});

describe("a client that connects again", () => {
  test("gets what it missed, and no reset", async () => {
    const first = connect();
    const [{ id } = { id: 0 }] = await first.read();
    first.controller.abort();
    await first.read();
    changed("job_1", "running");
    await vi.advanceTimersByTimeAsync(50);
    const frames = await connect(id).read();
    expect(frames.map(({ event }) => event)).toEqual(["jobs"]);
  });

  test.each([
    ["another daemon's", () => 12],
    ["one from the future", (newest: number) => newest + 1_000],
  ])("with %s id gets a reset", async (_, toId) => {
    const [{ id } = { id: 0 }] = await connect().read();
    const frames = await connect(toId(id)).read();
    expect(frames.map(({ event }) => event)).toEqual(["reset", "status"]);
  });

  test("after the others have been away for long gets a reset, because nothing was gathered", async () => {
    const first = connect();
    const [{ id } = { id: 0 }] = await first.read();
    first.controller.abort();
    await first.read();
    expect(listening).toBe(1);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(listening).toBe(0);
    changed("job_1", "running");
    const frames = await connect(id).read();
    expect(frames.map(({ event }) => event)).toEqual(["reset", "status"]);
    expect(listening).toBe(1);
  });
});

test("nothing listens and no timer runs while no client has ever connected", () => {
  expect(listening).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test("a client that reads too slowly is cut, and one that reads is not", async () => {
  const [slow, quick] = [connect(), connect()];
  await Promise.all([slow.read(), quick.read()]);
  let read = 0;
  for (let round = 0; round < 30; round += 1) {
    for (let job = 0; job < 9_000; job += 1) changed(`job_${round}_${job}`, "running");
    await vi.advanceTimersByTimeAsync(250);
    read += (await quick.read()).length;
  }
  expect(read).toBe((30 * 9_000) / 50);
  expect(quick.hasEnded()).toBe(false);
  await slow.read();
  expect(slow.hasEnded()).toBe(true);
});

test("more changes than a client can be told about are dropped with a reset", async () => {
  const client = connect();
  await client.read();
  for (let job = 0; job <= 10_000; job += 1) changed(`job_${job}`, "running");
  await vi.advanceTimersByTimeAsync(250);
  expect((await client.read()).map(({ event }) => event)).toEqual(["reset"]);
});

test("nothing is sent after the token was removed", async () => {
  let isAllowed = true;
  const client = connect(0, { isAllowed: () => isAllowed });
  await client.read();
  isAllowed = false;
  changed("job_1", "running");
  await vi.advanceTimersByTimeAsync(50);
  expect(await client.read()).toEqual([]);
  expect(client.hasEnded()).toBe(true);
});

test("a client that the daemon has no memory for is disconnected", async () => {
  const client = connect(0, { hasRoomFor: () => false });
  await client.read();
  expect(client.hasEnded()).toBe(true);
});
