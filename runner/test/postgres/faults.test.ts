/** Several daemons on one PostgreSQL under load, and every kind of fault. The ledger judges what happened. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { checkDatabase } from "../../src/store/postgres/check-database.ts";
import { checkLedger, type Verdict } from "../faults/harness/check-ledger.ts";
import { openEndpoint, openOwnEndpoints } from "../faults/harness/endpoints.ts";
import { createLedger, WITNESS, type Ledger } from "../faults/harness/ledger.ts";
import { createLoad } from "../faults/harness/load.ts";
import { createSchedule } from "../faults/harness/schedule.ts";
import { SEED } from "../faults/harness/trial.ts";
import type { Daemon } from "../support/daemon.ts";
import { startCluster, type Cluster } from "../support/postgres/cluster.ts";
import { shareDatabase, type SharedDaemons } from "../support/postgres/daemons.ts";
import { createRandom } from "../support/random.ts";
import { until } from "../support/until.ts";

const PLUGINS = fileURLToPath(new URL("../faults/plugins", import.meta.url));
const ROUNDS = Number(process.env["FAULT_ROUNDS"] ?? 6);
const SETTLE_MS = 60_000;
const TEST_MS = 180_000;

interface Trial {
  readonly cluster: Cluster;
  readonly ledger: Ledger;
  readonly random: () => number;
  /** Those that run. */
  readonly daemons: Daemon[];
  readonly shared: SharedDaemons;
  untilEnded(jobs: number): Promise<void>;
}

/** Starts `count` daemons under load. When `act` has ended, all jobs and deliveries must end. */
async function runTrial(count: number, act: (trial: Trial) => Promise<void>): Promise<Verdict> {
  const root = await mkdtemp(join(tmpdir(), "playground-shared-faults-"));
  const cluster = await startCluster({ durable: true });
  const shared = await shareDatabase(cluster.url, { pluginsDir: PLUGINS });
  const random = createRandom(SEED);
  const schedule = createSchedule(SEED);
  const ledger = createLedger(join(root, "runs"));
  const own = await openOwnEndpoints({ schedule, ledger });
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const witness = await openEndpoint({
    name: WITNESS,
    secret,
    answer: (response) => void response.end(),
    ledger,
  });
  try {
    const daemons: Daemon[] = [];
    for (let n = 0; n < count; n += 1) daemons.push(await shared.start());
    await daemons[0]?.post("/v1/webhooks", { url: witness.url, secret, retries: 10 });
    const load = createLoad({
      schedule,
      ledger,
      target: () => pick(daemons, random),
      urls: { steady: own.steady.url, slow: own.slow.url, flaky: own.flaky.url },
      clients: 4,
      open: 20,
    });
    const ended = (): number => ledger.accepted.size - ledger.open();
    await act({
      cluster,
      ledger,
      random,
      daemons,
      shared,
      async untilEnded(jobs) {
        const from = ended();
        await until(`${jobs} jobs to end`, () => ended() >= from + jobs);
      },
    });
    await load.end();
    await until("every job to have ended", () => ledger.open() === 0, { timeoutMs: SETTLE_MS });
    await until("every delivery to be made", () => isIdle(daemons[0]), { timeoutMs: SETTLE_MS });
    const verdict = checkLedger(ledger, [WITNESS]);
    console.log(`${JSON.stringify(verdict.counts)}; seed ${SEED}`);
    expect(verdict.problems).toEqual([]);
    const { broken } = await checkDatabase({ url: cluster.url, schema: null });
    expect(broken).toEqual([]);
    return verdict;
  } finally {
    await shared.close();
    await Promise.all([witness, ...Object.values(own)].map((each) => each.close()));
    await cluster.remove();
    await rm(root, { recursive: true });
  }
}

async function isForgotten({ daemons }: Trial, victim: Daemon | undefined): Promise<boolean> {
  const { daemons: known } = (await daemons[0]?.get("/v1/status")) ?? {};
  return !known.some(({ processId }: { processId: number }) => processId === victim?.process.pid);
}

function pick<T>(items: readonly T[], random: () => number): T | null {
  return items[Math.floor(random() * items.length)] ?? null;
}

async function isIdle(daemon: Daemon | undefined): Promise<boolean> {
  const text = (await (await daemon?.request("/metrics"))?.text()) ?? "";
  return ['jobs{status="queued"}', 'jobs{status="running"}']
    .concat('deliveries{state="waiting"}', 'deliveries{state="due"}')
    .every((series) => text.includes(`playground_${series} 0\n`));
}

test(
  "daemons that are killed lose no job and no event, and no completed step runs again",
  async () => {
    const { counts } = await runTrial(3, async (trial) => {
      const { daemons, shared, ledger } = trial;
      for (let round = 0; round < ROUNDS; round += 1) {
        await trial.untilEnded(10);
        const victims = round % 3 === 2 ? daemons.splice(0) : [daemons.shift()];
        for (const _ of victims) ledger.killed("daemon");
        await Promise.all(victims.map(async (daemon) => daemon?.end("SIGKILL")));
        for (const _ of victims) daemons.push(await shared.start());
      }
    });
    // Otherwise the kills interrupted nothing, and this test proves nothing.
    expect(counts.stepsInterrupted + counts.duplicatesToTheWitness).toBeGreaterThan(0);
  },
  TEST_MS,
);

test(
  "a server that restarts and cuts sessions off costs no job and no event",
  async () => {
    const { counts } = await runTrial(3, async (trial) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        await trial.untilEnded(10);
        await trial.cluster.stop(round % 2 === 0 ? "immediate" : "fast");
        await sleep(trial.random() * 500);
        await trial.cluster.start();
      }
    });
    // No daemon took over from another, although all had been silent: then there were three a round. A
    // daemon that gets no processor time for three seconds is taken over from all the same.
    expect(counts.stepsInterrupted).toBeLessThan(2 * ROUNDS);
  },
  TEST_MS,
);

test(
  "a daemon that is frozen does nothing wrong when it goes on",
  async () => {
    await runTrial(3, async (trial) => {
      for (const frozenMs of [1_000, 4_000, 8_000]) {
        await trial.untilEnded(10);
        const victim = trial.daemons.shift();
        victim?.process.kill("SIGSTOP");
        const frozen = sleep(frozenMs);
        // It is taken for dead after three seconds. The others go on meanwhile.
        if (frozenMs > 3_000) await until("it to be forgotten", () => isForgotten(trial, victim));
        await trial.untilEnded(10);
        await frozen;
        victim?.process.kill("SIGCONT");
        await trial.untilEnded(10);
        if (victim !== undefined) trial.daemons.push(victim);
      }
    });
  },
  TEST_MS,
);
