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
import { ACTIVE_KEYS, COLLECTED, createKeyLoad, KEY_PLUGINS, toItems } from "./harness/key-load.ts";

const ROUNDS = Number(process.env["FAULT_ROUNDS"] ?? 20);
const SEED = Number(process.env["FAULT_SEED"] ?? randomInt(2 ** 31));
function read(path: string, sql: string): Record<string, unknown>[] {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return db.prepare(sql).all();
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
      startDaemon({ root, plugins: KEY_PLUGINS, env: { PLAYGROUND_THREADS: "2" } });
    let daemon = await start();
    const load = createKeyLoad(random, () => daemon);
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        const answered = load.send();
        await sleep(random() * 150);
        await daemon.end("SIGKILL");
        expect(checkDatabase(path).broken).toEqual([]);
        const keys = read(path, ACTIVE_KEYS).map(({ key }) => key);
        expect(new Set(keys).size).toBe(keys.length);
        daemon = await start();
        await answered;
      }
      await until("every job to end", async () => {
        const { items } = await daemon.get("/v1/jobs?status=queued&status=running");
        return (items as unknown[]).length === 0;
      });
      expect(toItems(read(path, COLLECTED))).toEqual(load.items);
    } catch (error) {
      throw new Error(`With FAULT_SEED=${SEED}`, { cause: error });
    } finally {
      await daemon.close();
      await rm(root, { recursive: true, force: true });
    }
  },
  60_000 + ROUNDS * 15_000,
);
