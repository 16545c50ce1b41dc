/** Posts one body many times, `concurrency` requests in parallel, in a separate process. */
import { Pool } from "undici";
import { reportToParent } from "./report-to-parent.ts";

export interface LoadCommand {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly count: number;
  readonly concurrency: number;
}

export interface LoadReport {
  readonly firstAt: number;
  readonly lastAt: number;
  /** Milliseconds per request, in no particular order. */
  readonly latencies: readonly number[];
  readonly refused: number;
}

const now = (): number => performance.timeOrigin + performance.now();

async function run(command: LoadCommand): Promise<LoadReport> {
  const url = new URL(command.url);
  const pool = new Pool(url.origin, { connections: command.concurrency, pipelining: 1 });
  const latencies: number[] = [];
  let sent = 0;
  let refused = 0;
  const firstAt = now();
  async function client(): Promise<void> {
    while (sent < command.count) {
      sent += 1;
      const from = performance.now();
      const response = await pool.request({
        path: url.pathname,
        method: "POST",
        headers: command.headers,
        body: command.body,
      });
      await response.body.dump();
      latencies.push(performance.now() - from);
      if (response.statusCode >= 300) refused += 1;
    }
  }
  await Promise.all(Array.from({ length: command.concurrency }, client));
  const lastAt = now();
  await pool.close();
  return { firstAt, lastAt, latencies, refused };
}

reportToParent(run);
