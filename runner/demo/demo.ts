/**
 * `npm run demo` starts a daemon on a free port with a temporary data folder and a small endpoint,
 * and runs three jobs on real data. Exits with 0 if all expected events arrive in order.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openEndpoint, type DemoEvent } from "./endpoint.ts";
import { demoJobs, type DemoJob } from "./jobs.ts";
import { showEvent, showTable } from "./show.ts";

const DEADLINE_MS = 40_000;
const POLL_MS = 20;
const TOKEN = "demo-token-for-this-run-only";

interface Delivery {
  readonly state: string;
  readonly attemptCount: number;
}

async function startDaemon(root: string): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("../bin/playground-runner.mjs", import.meta.url))],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        ...process.env,
        PLAYGROUND_PORT: "0",
        PLAYGROUND_DATA_DIR: join(root, "data"),
        PLAYGROUND_PLUGINS_DIR: join(root, "plugins"),
        PLAYGROUND_TOKEN: TOKEN,
        PLAYGROUND_LOG_LEVEL: "error",
      },
    },
  );
  const exited = once(child, "exit");
  async function stop(): Promise<void> {
    child.kill("SIGTERM");
    await exited;
  }
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const url = /listening on (http:\/\/\S+)/.exec(line)?.[1];
    if (url !== undefined) return { url, stop };
  }
  throw new Error("The daemon exited before it was ready.");
}

async function call(url: string, body?: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} responded with status ${response.status}: ${text}`);
  return JSON.parse(text) as unknown;
}

/**
 * Waits for the final states: the daemon stores a delivery's state shortly after the event arrives.
 */
async function deliveriesOf(daemonUrl: string, jobId: string): Promise<readonly Delivery[]> {
  for (;;) {
    const page = await call(`${daemonUrl}/v1/deliveries?jobId=${jobId}`);
    const { items } = page as { items: Delivery[] };
    if (items.every(({ state }) => state === "delivered" || state === "dead")) return items;
    await setTimeout(POLL_MS);
  }
}

/**
 * Submits the jobs and prints events as they arrive, until all have arrived or the deadline has
 * passed.
 */
async function runJobs(
  daemonUrl: string,
): Promise<{ jobs: readonly DemoJob[]; arrived: DemoEvent[]; ids: string[] }> {
  const arrived: DemoEvent[] = [];
  const { promise: allArrived, resolve } = Promise.withResolvers<void>();
  let expectedCount = Number.POSITIVE_INFINITY;
  const endpoint = await openEndpoint((event, status) => {
    console.log(showEvent(event, status));
    if (status === 200) arrived.push(event);
    if (arrived.length >= expectedCount) resolve();
  });
  const deadline = new AbortController();
  void setTimeout(DEADLINE_MS, undefined, { signal: deadline.signal }).then(resolve, () => null);
  try {
    const jobs = await demoJobs(endpoint.url);
    expectedCount = jobs.reduce((sum, job) => sum + job.expected.length, 0);
    console.log(`Daemon    ${daemonUrl}\nEndpoint  ${endpoint.url}\n`);
    const ids: string[] = [];
    for (const job of jobs) {
      const accepted = await call(`${daemonUrl}/v1/jobs`, job.request);
      ids.push((accepted as { jobId: string }).jobId);
    }
    await allArrived;
    return { jobs, arrived, ids };
  } finally {
    deadline.abort();
    await endpoint.close();
  }
}

async function main(): Promise<number> {
  const root = await mkdtemp(join(tmpdir(), "playground-demo-"));
  try {
    const daemon = await startDaemon(root);
    try {
      const { jobs, arrived, ids } = await runJobs(daemon.url);
      const rows: Record<string, string>[] = [];
      let complete = true;
      for (const [index, { request, expected }] of jobs.entries()) {
        const jobId = ids[index] ?? "";
        const got = arrived.filter((event) => event.jobId === jobId).map((event) => event.status);
        const ok = got.join() === expected.join();
        complete &&= ok;
        const deliveries = await deliveriesOf(daemon.url, jobId);
        rows.push({
          job: request.name,
          delivered: got.join(" "),
          attempts: String(deliveries.reduce((sum, delivery) => sum + delivery.attemptCount, 0)),
          "as expected": ok ? "yes" : `no, expected ${expected.join(" ")}`,
        });
      }
      console.log(`\n${showTable(rows)}\n`);
      if (!complete) console.error("Not all expected events arrived in order.");
      return complete ? 0 : 1;
    } finally {
      await daemon.stop();
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

process.exitCode = await main();
