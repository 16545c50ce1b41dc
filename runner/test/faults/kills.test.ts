/** Repeated `kill -9` of the daemon and of its executors at random moments, under load and at the start. */
import { expect, test } from "vitest";
import { killAndRestart } from "./harness/kill.ts";
import type { KillPlan } from "./harness/schedule.ts";
import { runTrial, SEED } from "./harness/trial.ts";

const ROUNDS = Number(process.env["FAULT_ROUNDS"] ?? 50);
const MAX_ROUND_MS = 10_000;

test(
  "daemons and executors killed at random moments lose no job and no event, and run no completed step again",
  async () => {
    const name = "daemons and executors killed at random moments";
    const rounds = { daemon: 0, executor: 0, both: 0 };
    const { counts } = await runTrial({ name, onlyKillsInterrupt: true }, async (trial) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const plan = trial.schedule.kill(round);
        console.log(`round ${round + 1}: ${toWords(plan)}; seed ${SEED}`);
        await killAndRestart(trial, plan);
        rounds[plan.victim] += 1;
      }
      const kills = Map.groupBy(trial.ledger.kills, (what) => what);
      const killed = `${kills.get("daemon")?.length} daemons, ${kills.get("executor")?.length} executors`;
      console.log(`${JSON.stringify(rounds)} rounds killed ${killed}; seed ${SEED}`);
    });
    // Otherwise the kills interrupted nothing, and this test proves nothing.
    expect(counts.stepsInterrupted).toBeGreaterThan(0);
    expect(counts.duplicatesToTheWitness).toBeGreaterThan(0);
  },
  ROUNDS * MAX_ROUND_MS + 120_000,
);

function toWords(plan: KillPlan): string {
  const when = plan.phase === "work" ? `after ${plan.afterJobs} jobs and` : "during the start, at";
  const gap = plan.victim === "both" ? ` (gap ${plan.gapMs} ms)` : "";
  return `${plan.victim}${gap} ${when} ${plan.afterMs.toFixed(0)} ms`;
}
