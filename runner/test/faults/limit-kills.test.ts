/** Daemons that are killed at random moments: limits are never exceeded, and the slots of a killed daemon come back. */
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
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
import { LIMITED, LIMIT_SLOTS, noteKill, overlaps } from "./harness/limit-log.ts";

const ROUNDS = Number(process.env["FAULT_ROUNDS"] ?? 20);
const SEED = Number(process.env["FAULT_SEED"] ?? randomInt(2 ** 31));
const MAX_ROUND_MS = 10_000;
const JOBS_PER_ROUND = 12;
const KEYS = 3;

/** The keys of jobs that are running in the database. */
function runningKeys(path: string): string[] {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = db.prepare(`SELECT limit_key AS key FROM jobs WHERE status = 'running'`).all();
    return rows.map(({ key }) => String(key));
  } finally {
    db.close();
  }
}

test(
  `over ${ROUNDS} kills, no limit is exceeded and every job ends`,
  async () => {
    const root = await mkdtemp(join(tmpdir(), "limit-kills-"));
    const random = createRandom(SEED);
    const log = join(root, "steps.log");
    const path = join(root, "data", "playground.db");
    const start = (): Promise<Daemon> =>
      startDaemon({ root, plugins: { limited: LIMITED }, env: { PLAYGROUND_THREADS: "4" } });
    await writeFile(log, "");
    let daemon = await start();
    const submit = async (): Promise<void> => {
      const jobs = Array.from({ length: JOBS_PER_ROUND }, () => ({
        plugins: ["limited"],
        input: { log, key: `key-${Math.floor(random() * KEYS)}`, ms: Math.floor(random() * 40) },
      }));
      await daemon.post("/v1/batches", { jobs });
    };
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        const { size } = await stat(log);
        await submit();
        // Else most daemons would be killed before they have a limit to keep.
        await until("a step to begin", async () => (await stat(log)).size > size);
        await sleep(random() * 300);
        await daemon.end("SIGKILL");
        await noteKill(log, daemon.process.pid);
        expect(checkDatabase(path).broken).toEqual([]);
        const keys = runningKeys(path);
        expect(keys.length).toBeLessThanOrEqual(LIMIT_SLOTS);
        expect(new Set(keys).size).toBe(keys.length);
        daemon = await start();
      }
      await until(
        "every job to have ended",
        async () => {
          const { queued, running } = (await daemon.get("/v1/status")).jobs;
          return queued + running === 0;
        },
        { timeoutMs: 120_000 },
      );
      expect(overlaps(await readFile(log, "utf8"))).toEqual([]);
    } catch (error) {
      throw new Error(`Replay it with FAULT_SEED=${SEED}.\n${daemon.output().slice(-3_000)}`, {
        cause: error,
      });
    } finally {
      await daemon.close();
      await rm(root, { recursive: true });
    }
  },
  ROUNDS * MAX_ROUND_MS + 150_000,
);
