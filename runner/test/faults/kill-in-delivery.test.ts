/** The daemon is killed while it delivers, again and again: at least once, in order, the same bytes. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createReceiver, type Received, type Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

const SEED = 20_261_123;
const ROUNDS = 3;
const JOBS_A_ROUND = 10;
/** started, progress, completed. */
const EVENTS = 3;

let root = "";
let daemon: Daemon | null = null;
let receiver: Receiver | null = null;
afterEach(async () => {
  await daemon?.close();
  await receiver?.close();
  await rm(root, { recursive: true, force: true });
});

/** Small numbers, the same at every run (a linear congruential generator). */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

test("events whose daemon is killed in mid-delivery all arrive, in order, with one id and one body", async () => {
  const random = createRandom(SEED);
  root = await mkdtemp(join(tmpdir(), "playground-kill-"));
  // Slow enough that a kill meets requests that were sent and not answered.
  const endpoint = (receiver = await createReceiver((_, response) => {
    setTimeout(() => response.end(), 5 + random(40));
  }));
  const options = {
    root,
    env: { PLAYGROUND_LOG_LEVEL: "error" },
    plugins: { echo: "async (input) => input" },
  };
  const jobIds: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const running = (daemon = await startDaemon(options));
    const before = endpoint.received.length;
    const accepted = Array.from({ length: JOBS_A_ROUND }, async () => {
      const job = await running.post("/v1/jobs", {
        plugins: ["echo"],
        input: { text: "one two three" },
        webhook: { url: endpoint.url },
      });
      jobIds.push(job.jobId as string);
    });
    await Promise.all(accepted);
    await until("deliveries under way", () => endpoint.received.length > before + random(20));
    await sleep(random(30));
    await running.end("SIGKILL");
  }
  daemon = await startDaemon(options);
  const byJob = (id: string): Received[] =>
    endpoint.received.filter(({ event }) => event.jobId === id);
  await until("every event", () =>
    jobIds.every((id) => new Set(byJob(id).map(({ event }) => event.sequence)).size === EVENTS),
  );
  for (const id of jobIds) expectAtLeastOnceInOrder(byJob(id));
  // Or the kills met nothing, and this test tells nothing.
  expect(endpoint.received.length).toBeGreaterThan(jobIds.length * EVENTS);
}, 60_000);

function expectAtLeastOnceInOrder(received: readonly Received[]): void {
  let reached = 0;
  for (const { event, body, headers } of received) {
    // Again what was not known to have arrived, or the next.
    expect([reached, reached + 1]).toContain(event.sequence);
    reached = Math.max(reached, event.sequence as number);
    const first = received.find((other) => other.event.sequence === event.sequence);
    expect(body).toBe(first?.body);
    expect(headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
  }
  expect(reached).toBe(EVENTS);
}
