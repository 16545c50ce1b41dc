import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { JOININGS, startTwoDaemons, type TwoDaemons } from "../../test/support/two-daemons.ts";
import { streamLogs } from "./live/log-stream.ts";
import { streamEvents } from "./sse.ts";
import type { OpenStream } from "./streams.ts";

describe.each(JOININGS)("two daemons $name", ({ buses, isDeaf, withinMs }) => {
  let daemons: TwoDaemons;
  let texts: string;
  let client: AbortController;
  beforeEach(async () => {
    daemons = await startTwoDaemons(buses());
    texts = "";
    client = new AbortController();
  });
  afterEach(async () => {
    client.abort();
    await daemons.world.close();
  });

  const stream = (): OpenStream => ({
    signal: client.signal,
    isAllowed: () => true,
    hasRoomFor: () => true,
  });

  async function read(from: AsyncGenerator<string>): Promise<void> {
    for await (const text of from) texts += text;
    texts += "(end)";
  }

  async function expectSoon(part: string): Promise<void> {
    const tookMs = await daemons.reach(part, () => texts.includes(part));
    expect(tookMs).toBeLessThanOrEqual(Math.max(withinMs, 500));
  }

  test("a job's events are streamed by the one, while it runs at the other", async () => {
    const { first, second, world, reach } = daemons;
    const jobId = await first.submit();
    const job = await world.job(jobId);
    const deps = { engine: first.engine, reads: world.store };
    void read(streamEvents({ ...stream(), jobId, job, after: 0 }, deps));
    await reach("the step", () => second.pool.begun.length === 1);
    await expectSoon("event: started");
    second.pool.begun[0]?.hooks.onProgress({ fraction: 0.5, message: "half" });
    if (!isDeaf) await expectSoon("event: step-progress");
    second.pool.begun[0]?.complete();
    await expectSoon("event: completed");
    await expectSoon("(end)");
  });

  test("a job's log is streamed by the one, while it runs at the other", async () => {
    const { first, second, world, reach } = daemons;
    const jobId = await first.submit();
    const deps = { engine: first.engine, reads: world.store };
    void read(streamLogs(stream(), { jobId, after: 0 }, deps));
    await reach("the step", () => second.pool.begun.length === 1);
    const [step] = second.pool.begun;
    step?.hooks.onLog([{ at: 1, level: "info", message: "one line", data: null }]);
    await expectSoon("one line");
    step?.complete();
    await expectSoon("event: end");
  });
});
