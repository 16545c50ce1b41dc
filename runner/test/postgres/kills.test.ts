/**
 * Two daemons on one PostgreSQL that are killed at random moments while jobs with limits, schedules and
 * keys run: what each of these promises holds for both together.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { checkDatabase } from "../../src/store/postgres/check-database.ts";
import {
  ACTIVE_KEYS,
  COLLECTED,
  createKeyLoad,
  KEY_PLUGINS,
  toItems,
} from "../faults/harness/key-load.ts";
import { LIMITED, noteKill, overlaps } from "../faults/harness/limit-log.ts";
import { createSlotLedger } from "../faults/harness/slot-ledger.ts";
import { SEED } from "../faults/harness/trial.ts";
import type { Daemon } from "../support/daemon.ts";
import { shareDatabase, urlOf } from "../support/postgres/daemons.ts";
import { createSchema } from "../support/postgres/schema.ts";
import { createRandom } from "../support/random.ts";
import { createReceiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

const ROUNDS = Number(process.env["FAULT_ROUNDS"] ?? 4);
const LIMITED_JOBS = 12;
const KEYS = 3;
/** One whose jobs overlap, and one that skips slots while its job runs. */
const SCHEDULES = {
  allow: { everyMs: 1_000, ms: 20, overlap: "allow" },
  skip: { everyMs: 1_000, ms: 1_500, overlap: "skip" },
};

test(
  `over ${ROUNDS} kills, no limit is exceeded, no slot is lost or doubled, and no request with a key`,
  async () => {
    const root = await mkdtemp(join(tmpdir(), "postgres-kills-"));
    const log = join(root, "steps.log");
    await writeFile(log, "");
    const schema = await createSchema();
    const random = createRandom(SEED);
    const shared = await shareDatabase(urlOf(schema), {
      plugins: { ...KEY_PLUGINS, limited: LIMITED },
    });
    const slots = createSlotLedger({ allow: 1_000, skip: 1_000 });
    const receiver = await createReceiver(({ event }, response) => {
      slots.arrive(event as Parameters<typeof slots.arrive>[0]);
      response.end();
    });
    let daemons: Daemon[] = [];
    const anyDaemon = (): Daemon => daemons[Math.floor(random() * daemons.length)]!;
    const load = createKeyLoad(random, anyDaemon);

    async function submitLimited(): Promise<void> {
      const jobs = Array.from({ length: LIMITED_JOBS }, () => ({
        plugins: ["limited"],
        input: { log, key: `key-${Math.floor(random() * KEYS)}`, ms: Math.floor(random() * 150) },
      }));
      await anyDaemon().post("/v1/batches", { jobs });
    }

    /** Kills one of the daemons, or all, and starts as many. */
    async function kill(count: number): Promise<void> {
      await sleep(random() * 300);
      const victims = daemons.slice(0, count);
      await Promise.all(victims.map((daemon) => daemon.end("SIGKILL")));
      for (const { process } of victims) await noteKill(log, process.pid);
      for (const victim of victims) {
        const next = await shared.start();
        daemons = [...daemons.filter((daemon) => daemon !== victim), next];
      }
    }

    try {
      daemons = [await shared.start(), await shared.start()];
      const webhook = { url: receiver.url, on: ["started"] };
      for (const [key, { ms, ...schedule }] of Object.entries(SCHEDULES)) {
        const job = { plugins: ["works"], input: { ms }, webhook };
        await anyDaemon().post("/v1/schedules", { key, ...schedule, catchUp: "all", job });
      }
      for (let round = 0; round < ROUNDS; round += 1) {
        await submitLimited();
        await Promise.all([load.send(), kill(round % 3 === 2 ? 2 : 1)]);
        const keys = (await schema.query<{ key: string }>(ACTIVE_KEYS)).map(({ key }) => key);
        expect(new Set(keys).size).toBe(keys.length);
        await slots.look(anyDaemon());
      }
      for (const key of Object.keys(SCHEDULES)) {
        await anyDaemon().request(`/v1/schedules/${key}/pause`, { method: "POST" });
      }
      await until(
        "every job to have ended",
        async () => {
          const { queued, running } = (await anyDaemon().get("/v1/status")).jobs;
          return queued + running === 0;
        },
        { timeoutMs: 60_000 },
      );
      await slots.look(anyDaemon());
      const steps = await readFile(log, "utf8");
      const count = (what: string): number => steps.split(`${what} `).length - 1;
      const interrupted = count("begin") - count("end");
      console.log(
        `${JSON.stringify({ ...slots.counts(), interrupted, items: load.items.length })}; seed ${SEED}`,
      );
      expect(overlaps(steps)).toEqual([]);
      expect(count("end")).toBeGreaterThanOrEqual(ROUNDS * LIMITED_JOBS);
      expect(toItems(await schema.query(COLLECTED))).toEqual(load.items);
      expect(slots.problems()).toEqual([]);
      expect(slots.counts()["fired"]).toBeGreaterThan(ROUNDS);
      // catchUp is all: what was late was caught up, or an earlier job prevented it.
      expect(slots.counts()["missed"]).toBeUndefined();
      const { broken } = await checkDatabase({ url: schema.url, schema: schema.name });
      expect(broken).toEqual([]);
    } catch (error) {
      throw new Error(`Replay it with FAULT_SEED=${SEED}.`, { cause: error });
    } finally {
      await shared.close();
      await receiver.close();
      await schema.release();
      await rm(root, { recursive: true });
    }
  },
  90_000 + ROUNDS * 15_000,
);
