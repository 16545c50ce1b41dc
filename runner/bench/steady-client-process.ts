/**
 * A well-behaved client in a separate process: it submits jobs at a fixed rate, sends a refused one
 * again as `Retry-After` says, and receives an event for each.
 */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { quantile } from "./figures.ts";
import { reportToParent } from "./report-to-parent.ts";

export interface SteadyCommand {
  /** Where jobs are submitted. */
  readonly url: string;
  readonly token: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly ratePerSecond: number;
  readonly forMs: number;
  /** How long to wait for the last events after that. */
  readonly settleMs: number;
}

export interface SteadyReport {
  readonly sent: number;
  readonly accepted: number;
  /** Jobs that completed, and whose event arrived, within `forMs`. */
  readonly inTime: number;
  /** Jobs that failed. */
  readonly failed: number;
  /** Accepted jobs without an event. */
  readonly lost: number;
  /** How often each status or error was the response to a submission. */
  readonly responses: Readonly<Record<string, number>>;
  /** From the first attempt to submit the job until its event, in ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const RETRY_MS = 1_000;

async function run(command: SteadyCommand): Promise<SteadyReport> {
  const { url, token, ratePerSecond, forMs, settleMs } = command;
  const agent = new Agent({ connections: 64, headersTimeout: 30_000, bodyTimeout: 30_000 });
  const endsOf = new Map<string, { at: number; status: string }>();
  const server = createServer((incoming, response) => {
    let text = "";
    incoming.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    incoming.on("end", () => {
      response.end();
      const { jobId, status } = JSON.parse(text) as { jobId: string; status: string };
      if (!endsOf.has(jobId)) endsOf.set(jobId, { at: performance.now(), status });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const webhook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const body = JSON.stringify({
    ...command.body,
    webhook: { url: webhook, on: ["completed", "failed"] },
  });

  const responses: Record<string, number> = {};
  const startOf = new Map<string, number>();
  const from = performance.now();
  let sent = 0;

  async function submit(): Promise<void> {
    const startedAt = performance.now();
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "idempotency-key": randomUUID(),
    };
    while (performance.now() - from < forMs + settleMs / 2) {
      let outcome = "";
      let waitMs = RETRY_MS;
      try {
        const response = await request(url, { method: "POST", headers, body, dispatcher: agent });
        outcome = String(response.statusCode);
        const text = await response.body.text();
        if (outcome === "202" || outcome === "200") {
          startOf.set((JSON.parse(text) as { jobId: string }).jobId, startedAt);
        }
        waitMs = 1_000 * Number(response.headers["retry-after"] ?? RETRY_MS / 1_000);
      } catch (error) {
        outcome = (error as NodeJS.ErrnoException).code ?? String(error);
      }
      responses[outcome] = (responses[outcome] ?? 0) + 1;
      if (/^[24]/.test(outcome)) return;
      await sleep(waitMs);
    }
  }

  const sending: Promise<void>[] = [];
  for (let passed = 0; passed < forMs; passed = performance.now() - from) {
    for (const due = Math.floor((passed / 1_000) * ratePerSecond); sent < due; sent += 1) {
      sending.push(submit());
    }
    await sleep(5);
  }
  const endAt = performance.now();
  await Promise.all(sending);
  const isMissing = (jobId: string): boolean => !endsOf.has(jobId);
  while (performance.now() - endAt < settleMs && [...startOf.keys()].some(isMissing)) {
    await sleep(50);
  }
  server.closeAllConnections();
  server.close();
  await agent.close();

  const ends = [...endsOf.values()];
  const times = [...startOf].flatMap(([jobId, startedAt]) => {
    const end = endsOf.get(jobId);
    return end === undefined ? [] : [end.at - startedAt];
  });
  return {
    sent,
    accepted: startOf.size,
    inTime: ends.filter(({ at, status }) => at <= endAt && status === "completed").length,
    failed: ends.filter(({ status }) => status === "failed").length,
    lost: [...startOf.keys()].filter(isMissing).length,
    responses,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
  };
}

reportToParent(run);
