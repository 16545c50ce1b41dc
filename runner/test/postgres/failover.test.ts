/** A standby that takes the place of the primary, while two daemons work. */
import { mkdtemp, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { startCluster, type Cluster } from "../support/postgres/cluster.ts";
import { shareDatabase, type SharedDaemons } from "../support/postgres/daemons.ts";
import { createReceiver, type Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

const JOBS = 20;
const TEST_MS = 120_000;

let folder: string;
let cluster: Cluster;
let shared: SharedDaemons;
let receiver: Receiver;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "playground-failover-"));
  cluster = await startCluster({ durable: true });
  receiver = await createReceiver();
}, TEST_MS);
afterEach(async () => {
  await shared?.close();
  await receiver.close();
  await cluster.remove();
  await rm(folder, { recursive: true });
});

/** Lets the daemons' address lead to a server, as a name in DNS does. */
async function lead(url: string): Promise<void> {
  const sockets = new URL(url).searchParams.get("host") ?? "";
  await symlink(sockets, join(folder, "new"));
  await rename(join(folder, "new"), join(folder, "db"));
}

/** Submits jobs at both until the signal aborts. Collects those that got a 202. */
async function submitUntil(daemons: readonly Daemon[], accepted: Set<string>, signal: AbortSignal) {
  for (let n = 0; !signal.aborted; n += 1) {
    const daemon = daemons[n % daemons.length];
    const response = await daemon
      ?.request("/v1/jobs", {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": `job-${n}` },
        body: JSON.stringify({ plugins: ["count"], input: { n }, webhook: { url: receiver.url } }),
      })
      .catch(() => null);
    if (response?.status === 202) {
      accepted.add(((await response.json()) as { jobId: string }).jobId);
    }
  }
}

test(
  "every accepted job and its events survive the promotion of a standby, in order",
  async () => {
    const standby = await cluster.addStandby();
    await lead(cluster.url);
    const url = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(join(folder, "db"))}`;
    const plugins = { count: `async (input) => ({ n: input.n })` };
    shared = await shareDatabase(url, { plugins });
    const daemons = [await shared.start(), await shared.start()];
    const isReady = async (daemon: Daemon) => (await daemon.request("/readyz")).ok;
    const accepted = new Set<string>();
    const stopping = new AbortController();
    const submitting = submitUntil(daemons, accepted, stopping.signal);
    await until("jobs are accepted", () => accepted.size >= JOBS);

    await cluster.stop("immediate");
    await lead(standby.url);
    for (const daemon of daemons) {
      await until("it knows that it has no primary", async () => !(await isReady(daemon)));
    }
    const before = accepted.size;
    await standby.promote();
    await until("jobs are accepted again", () => accepted.size >= before + JOBS);
    stopping.abort();
    await submitting;

    const sequences = (jobId: string) => [
      ...new Set(
        receiver.received
          .filter(({ event }) => event.jobId === jobId)
          .map(({ event }) => event.sequence),
      ),
    ];
    for (const jobId of accepted) {
      await until(`the events of ${jobId}`, () => sequences(jobId).length === 3);
      expect(sequences(jobId)).toEqual([1, 2, 3]);
    }
  },
  TEST_MS,
);
