/** Requests with keys of jobs, each sent with its Idempotency-Key until it is answered. */
import type { Daemon } from "../../support/daemon.ts";
import { until } from "../../support/until.ts";

const REQUESTS = 12;

export const KEY_PLUGINS = {
  collects: `async (input) => input.items.length`,
  works: `async (input) => { await sleep(input.ms); }`,
};

/** Keys of jobs that have not ended, of which each must have one. */
export const ACTIVE_KEYS = `SELECT key FROM job_keys JOIN jobs ON jobs.seq = job_keys.job
  WHERE kind = 'dedupe' AND ended_at IS NULL`;

/** The inputs of the jobs that requests were merged into. */
export const COLLECTED = `SELECT input FROM job_specs JOIN job_keys USING (job) WHERE kind = 'debounce'`;

/** The items in the inputs of all jobs, in their order. */
export function toItems(rows: readonly { readonly input?: unknown }[]): number[] {
  return rows
    .flatMap(({ input }) => (JSON.parse(String(input)) as { items: number[] }).items)
    .toSorted((a, b) => a - b);
}

export interface KeyLoad {
  /** Sends some requests at the same time. Resolves when each has its answer. */
  send(): Promise<void>;
  /** The items that were sent, each once. */
  readonly items: readonly number[];
}

/** `target` is asked for each attempt, since the daemon of the last one can have been killed. */
export function createKeyLoad(random: () => number, target: () => Daemon): KeyLoad {
  const items: number[] = [];
  let sent = 0;

  async function submit(body: object): Promise<void> {
    sent += 1;
    const headers = { "content-type": "application/json", "idempotency-key": `request-${sent}` };
    const request = { method: "POST", headers, body: JSON.stringify(body) };
    await until("the answer", async () => {
      const answer = await target()
        .request("/v1/jobs", request)
        .catch(() => null);
      return answer?.ok ? true : null;
    });
  }

  function toRequest(number: number): object {
    const key = `key-${Math.floor(random() * 2)}`;
    if (number % 3 === 0) {
      const ms = Math.floor(random() * 200);
      return { plugins: ["works"], input: { ms }, dedupe: { key, while: "active" } };
    }
    const item = items.push(items.length) - 1;
    const debounce = { key, delayMs: 1 + Math.floor(random() * 80), maxMs: 200 };
    return {
      plugins: ["collects"],
      input: { items: [item] },
      debounce: { ...debounce, collect: "/items" },
    };
  }

  return {
    items,
    async send() {
      const requests = Array.from({ length: REQUESTS }, (_, number) => toRequest(number));
      await Promise.all(requests.map(submit));
    },
  };
}
