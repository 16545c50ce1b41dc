/** Daemons with schedules that are killed at random moments: every slot is decided, and none has two jobs. */
import { mkdtemp, rm } from "node:fs/promises";
import { randomInt } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { checkDatabase } from "../../src/store/sqlite/check-database.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createRandom } from "../support/random.ts";
import { createReceiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";
import { createSlotLedger } from "./harness/slot-ledger.ts";

const ROUNDS = Number(process.env["FAULT_ROUNDS"] ?? 25);
const SEED = Number(process.env["FAULT_SEED"] ?? randomInt(2 ** 31));
const MAX_ROUND_MS = 10_000;

const PLUGINS = {
  works: `async (input) => { await sleep(input.ms); return "done"; }`,
};

/** Each policy, of which the jobs of some take longer than the time between two slots. */
const SCHEDULES: Readonly<Record<string, { everyMs: number; ms: number; overlap: string }>> = {
  skip: { everyMs: 1_000, ms: 1_500, overlap: "skip" },
  buffer: { everyMs: 1_000, ms: 700, overlap: "buffer-one" },
  allow: { everyMs: 1_000, ms: 20, overlap: "allow" },
  cancel: { everyMs: 2_000, ms: 2_500, overlap: "cancel-running" },
};

test(
  `over ${ROUNDS} kills, no slot of a schedule has two jobs, and none is silently missing`,
  async () => {
    const root = await mkdtemp(join(tmpdir(), "schedule-kills-"));
    const random = createRandom(SEED);
    const everyMs = Object.fromEntries(
      Object.entries(SCHEDULES).map(([key, each]) => [key, each.everyMs]),
    );
    const ledger = createSlotLedger(everyMs);
    const receiver = await createReceiver(({ event }, response) => {
      ledger.arrive(event as Parameters<typeof ledger.arrive>[0]);
      response.end();
    });
    const start = (): Promise<Daemon> =>
      startDaemon({ root, plugins: PLUGINS, env: { PLAYGROUND_GRACE_MS: "300" } });
    let daemon = await start();
    try {
      const webhook = { url: receiver.url, on: ["started"] };
      for (const [key, { ms, ...schedule }] of Object.entries(SCHEDULES)) {
        const job = { plugins: ["works"], input: { ms }, webhook };
        await daemon.post("/v1/schedules", { key, ...schedule, catchUp: "all", job });
      }
      for (let round = 0; round < ROUNDS; round += 1) {
        // Around the instant of a slot as often as anywhere.
        const untilSlot = 1_000 - (Date.now() % 1_000);
        const isAtSlot = random() < 0.5;
        await sleep(isAtSlot ? untilSlot + random() * 30 - 5 : random() * 1_500);
        await daemon.end("SIGKILL");
        const { broken } = checkDatabase(join(root, "data", "playground.db"));
        expect(broken).toEqual([]);
        daemon = await start();
        await ledger.look(daemon);
      }
      for (const key of Object.keys(SCHEDULES)) {
        await daemon.request(`/v1/schedules/${key}/pause`, { method: "POST" });
      }
      await until(
        "every job to have ended",
        async () => {
          const { jobs } = await daemon.get("/v1/status");
          return jobs.queued + jobs.running === 0;
        },
        { timeoutMs: 60_000 },
      );
      await ledger.look(daemon);
      console.log(`${ROUNDS} kills: ${JSON.stringify(ledger.counts())}; seed ${SEED}`);
      expect(ledger.problems()).toEqual([]);
      expect(ledger.counts()["fired"]).toBeGreaterThan(ROUNDS);
      // catchUp is all: what was late was caught up, or an earlier job prevented it.
      expect(ledger.counts()["missed"]).toBeUndefined();
    } catch (error) {
      throw new Error(`Replay it with FAULT_SEED=${SEED}.\n${daemon.output().slice(-3_000)}`, {
        cause: error,
      });
    } finally {
      await daemon.close();
      await receiver.close();
      await rm(root, { recursive: true });
    }
  },
  ROUNDS * MAX_ROUND_MS + 120_000,
);
