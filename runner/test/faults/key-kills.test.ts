/**
 * A daemon that is killed at random moments while requests with keys arrive. A request without an answer is
 * sent again with its Idempotency-Key. No item that was sent is lost or doubled, and no key has two jobs.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { randomInt } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { checkDatabase } from "../../src/store/sqlite/check-database.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createRandom } from "../support/random.ts";
import { until } from "../support/until.ts";

const ROUNDS = Number(process.env["FAULT_ROUNDS"] ?? 20);
const SEED = Number(process.env["FAULT_SEED"] ?? randomInt(2 ** 31));
const REQUESTS_PER_ROUND = 12;

const PLUGINS = {
  collects: `async (input) => input.items.length`,
  works: `async (input) => { await sleep(input.ms); }`,
};

/** Keys of jobs that have not ended, of which each must have one. */
function activeKeys(path: string): string[] {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = db
      .prepare(
        `SELECT key FROM job_keys JOIN jobs ON jobs.seq = job_keys.job
         WHERE kind = 'dedupe' AND ended_at IS NULL`,
      )
      .all();
    return rows.map(({ key }) => String(key));
  } finally {
    db.close();
  }
}

/** The items in the inputs of all jobs, in their order. */
function storedItems(path: string): number[] {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = db
      .prepare(`SELECT input FROM job_specs JOIN job_keys USING (job) WHERE kind = 'debounce'`)
      .all();
    return rows
      .flatMap(({ input }) => (JSON.parse(String(input)) as { items: number[] }).items)
      .toSorted((a, b) => a - b);
  } finally {
    db.close();
  }
}

test(
  `over ${ROUNDS} kills, every item is in one job, and no key has two jobs`,
  async () => {
    const root = await mkdtemp(join(tmpdir(), "key-kills-"));
    const random = createRandom(SEED);
    const path = join(root, "data", "playground.db");
    const start = (): Promise<Daemon> =>
      startDaemon({ root, plugins: PLUGINS, env: { PLAYGROUND_THREADS: "2" } });
    let daemon = await start();
    let sent = 0;

    /** Sends a request until it is answered, whatever happens to the daemon. */
    async function submit(body: object): Promise<void> {
      sent += 1;
      const headers = {
        "content-type": "application/json",
        "idempotency-key": `request-${sent}`,
      };
      const request = { method: "POST", headers, body: JSON.stringify(body) };
      await until("the answer", async () => {
        const answer = await daemon.request("/v1/jobs", request).catch(() => null);
        return answer?.ok ? true : null;
      });
    }

    try {
      const expected: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const requests = Array.from({ length: REQUESTS_PER_ROUND }, (_, number) => {
          const key = `key-${Math.floor(random() * 2)}`;
          if (number % 3 === 0) {
            const ms = Math.floor(random() * 200);
            return { plugins: ["works"], input: { ms }, dedupe: { key, while: "active" } };
          }
          const item = expected.push(expected.length) - 1;
          const debounce = { key, delayMs: 1 + Math.floor(random() * 80), maxMs: 200 };
          return {
            plugins: ["collects"],
            input: { items: [item] },
            debounce: { ...debounce, collect: "/items" },
          };
        });
        const answered = Promise.all(requests.map(submit));
        await sleep(random() * 150);
        await daemon.end("SIGKILL");
        expect(checkDatabase(path).broken).toEqual([]);
        const keys = activeKeys(path);
        expect(new Set(keys).size).toBe(keys.length);
        daemon = await start();
        await answered;
      }
      await until("every job to end", async () => {
        const { items } = await daemon.get("/v1/jobs?status=queued&status=running");
        return (items as unknown[]).length === 0;
      });
      expect(storedItems(path)).toEqual(expected);
    } catch (error) {
      throw new Error(`With FAULT_SEED=${SEED}`, { cause: error });
    } finally {
      await daemon.close();
      await rm(root, { recursive: true, force: true });
    }
  },
  60_000 + ROUNDS * 15_000,
);
