/** Sends load at a fixed rate in a separate process, regardless of the responses. */
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { reportToParent } from "./report-to-parent.ts";

export interface PacedLoadCommand {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly ratePerSecond: number;
  readonly forMs: number;
  /** A request waits when no connection is free. */
  readonly connections: number;
}

export interface PacedLoadReport {
  readonly sent: number;
  readonly accepted: number;
  readonly shed: number;
  readonly other: number;
}

/**
 * The maximum number of requests that wait for a connection. More would measure this process's
 * queue.
 */
const MAX_WAITING = 5_000;
const TICK_MS = 5;

async function run(command: PacedLoadCommand): Promise<PacedLoadReport> {
  const url = new URL(command.url);
  const pool = new Pool(url.origin, { connections: command.connections, pipelining: 1 });
  const report = { sent: 0, accepted: 0, shed: 0, other: 0 };
  let waiting = 0;
  const { path, method } = { path: url.pathname, method: "POST" as const };
  const { headers, body } = command;

  async function send(): Promise<void> {
    waiting += 1;
    try {
      const response = await pool.request({ path, method, headers, body });
      await response.body.dump();
      if (response.statusCode === 202) report.accepted += 1;
      else if (response.statusCode === 503 && response.headers["retry-after"]) report.shed += 1;
      else report.other += 1;
    } catch {
      report.other += 1;
    } finally {
      waiting -= 1;
    }
  }

  const from = performance.now();
  const sending: Promise<void>[] = [];
  for (let passed = 0; passed < command.forMs; passed = performance.now() - from) {
    const due = Math.floor((passed / 1000) * command.ratePerSecond);
    while (report.sent < due && waiting < MAX_WAITING) {
      report.sent += 1;
      sending.push(send());
    }
    await sleep(TICK_MS);
  }
  await Promise.all(sending);
  await pool.close();
  return report;
}

reportToParent(run);
