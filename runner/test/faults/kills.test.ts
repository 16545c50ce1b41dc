/** Repeated `kill -9` under load at random moments, including during the start. */
import { expect, test } from "vitest";
import { runTrial, SEED } from "./harness/trial.ts";

const ROUNDS = Number(process.env["FAULT_ROUNDS"] ?? 100);
const MAX_ROUND_MS = 10_000;

test(
  "daemons killed at random moments lose no job and no event, and run no completed step again",
  async () => {
    const name = "daemons killed at random moments";
    const { counts } = await runTrial({ name }, async (trial) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        await trial.killAndRestart(trial.schedule.kill(round));
        if ((round + 1) % 100 === 0) console.log(`${round + 1} rounds, seed ${SEED}`);
      }
    });
    // Otherwise the kills interrupted nothing, and this test proves nothing.
    expect(counts.stepsInterrupted).toBeGreaterThan(0);
    expect(counts.duplicatesToTheWitness).toBeGreaterThan(0);
  },
  ROUNDS * MAX_ROUND_MS + 120_000,
);
