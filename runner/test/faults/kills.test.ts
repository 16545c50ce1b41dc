/** `kill -9` at random moments, the start among them, again and again under load. */
import { expect, test } from "vitest";
import { runTrial, SEED } from "./harness/trial.ts";

const ROUNDS = Number(process.env["FAULT_ROUNDS"] ?? 100);
const MOST_MS_A_ROUND = 10_000;

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
    // Or the kills met nothing, and this test tells nothing.
    expect(counts.stepsInterrupted).toBeGreaterThan(0);
    expect(counts.duplicatesToTheWitness).toBeGreaterThan(0);
  },
  ROUNDS * MOST_MS_A_ROUND + 120_000,
);
