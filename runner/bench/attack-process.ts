/** Runs all attacks at the same time in a separate process. */
import { setTimeout as sleep } from "node:timers/promises";
import { ATTACKS, type Outcome, type Target } from "./abuse/attacks.ts";
import { reportToParent } from "./report-to-parent.ts";

export interface AttackCommand {
  readonly target: Target;
  readonly forMs: number;
}

/** How often each attack had each outcome. */
export type AttackReport = Readonly<Record<string, Readonly<Record<Outcome, number>>>>;

async function attack({ target, forMs }: AttackCommand): Promise<AttackReport> {
  const over = AbortSignal.timeout(forMs);
  const report: Record<string, Record<Outcome, number>> = {};
  const clients: Promise<void>[] = [];
  for (const [name, { clients: count, pauseMs, act }] of Object.entries(ATTACKS)) {
    const outcomes: Record<Outcome, number> = (report[name] = {});
    const loop = async (): Promise<void> => {
      // They do not start in the same millisecond.
      await sleep(Math.random() * 1_000);
      while (!over.aborted) {
        const outcome = await act(target, over);
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        await sleep(pauseMs);
      }
    };
    for (let n = 0; n < count; n += 1) clients.push(loop());
  }
  await Promise.all(clients);
  return report;
}

reportToParent(attack);
