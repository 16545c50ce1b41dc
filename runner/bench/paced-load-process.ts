/** Load at a rate, in a process of its own: sent by the clock, whatever comes back and whenever. */
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { answerParent } from "./answer-parent.ts";

export interface PacedLoadCommand {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly ratePerSecond: number;
  readonly forMs: number;
  /** Requests that find none of them free wait for one. */
  readonly connections: number;
}

export interface PacedLoadReport {
  readonly sent: number;
  readonly accepted: number;
  readonly shed: number;
  readonly other: number;
}

/** How many requests may wait for a connection here; more would be the load's own queue, not the daemon's. */
const MAX_WAITING = 5_000;
const TICK_MS = 5;

async function run(command: PacedLoadCommand): Promise<PacedLoadReport> {
  const url = new URL(command.url);
  const pool = new Pool(url.origin, { connections: command.connections, pipelining: 1 });
  const told = { sent: 0, accepted: 0, shed: 0, other: 0 };
  let waiting = 0;
  const { path, method } = { path: url.pathname, method: "POST" as const };
  const { headers, body } = command;

  async function send(): Promise<void> {
    waiting += 1;
    try {
      const answer = await pool.request({ path, method, headers, body });
      await answer.body.dump();
      if (answer.statusCode === 202) told.accepted += 1;
      else if (answer.statusCode === 503 && answer.headers["retry-after"]) told.shed += 1;
      else told.other += 1;
    } catch {
      told.other += 1;
    } finally {
      waiting -= 1;
    }
  }

  const from = performance.now();
  const sending: Promise<void>[] = [];
  for (let passed = 0; passed < command.forMs; passed = performance.now() - from) {
    const due = Math.floor((passed / 1000) * command.ratePerSecond);
    while (told.sent < due && waiting < MAX_WAITING) {
      told.sent += 1;
      sending.push(send());
    }
    await sleep(TICK_MS);
  }
  await Promise.all(sending);
  await pool.close();
  return told;
}

answerParent(run);
