/** Clients that submit the schedule's jobs, through any fault, until each has its 202. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Ledger } from "./ledger.ts";
import type { EndpointName, JobPlan, Schedule } from "./schedule.ts";

/** Where the daemon listens just now; null while there is none. */
export type Target = { readonly url: string; readonly token: string } | null;

export interface Load {
  /** Submits one more job now; resolves with its id. */
  submit(): Promise<string>;
  /** Takes no new job; resolves when all that were begun have their 202, or `patienceMs` later. */
  end(patienceMs?: number): Promise<void>;
}

const RETRY_MS = 20;
const ANSWER_MS = 10_000;
const PATIENCE_MS = 60_000;

/** `clients` keep `open` jobs open between them; none with 0 clients. */
export function createLoad(options: {
  schedule: Schedule;
  ledger: Ledger;
  target: () => Target;
  urls: Readonly<Record<EndpointName, string>>;
  clients: number;
  open: number;
}): Load {
  const { schedule, ledger, target, urls } = options;
  let submitted = 0;
  let isEnding = false;
  let givesUpAt = Number.POSITIVE_INFINITY;
  const cancelling: Promise<void>[] = [];

  function toBody({ name, steps, text, on, endpoint }: JobPlan): object {
    return {
      name,
      plugins: steps.map((step, index) => ({ name: "step", options: { step: index, ...step } })),
      input: { runs: ledger.runsFile, text },
      webhook: { url: urls[endpoint], ...(on && { on }) },
    };
  }

  /** The answer, or null when there was none, or none that tells what became of the request. */
  async function post(path: string, body: unknown, key: string): Promise<Response | null> {
    const daemon = target();
    if (daemon === null) return null;
    try {
      const answer = await fetch(daemon.url + path, {
        method: "POST",
        headers: {
          authorization: `Bearer ${daemon.token}`,
          "content-type": "application/json",
          "idempotency-key": key,
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      // Read here, for a kill may cut the body off as well.
      const text = await answer.text();
      return new Response(text, { status: answer.status });
    } catch {
      return null;
    }
  }

  async function submitJob(plan: JobPlan): Promise<string> {
    while (performance.now() < givesUpAt) {
      const answer = await post("/v1/jobs", toBody(plan), plan.name);
      if (answer?.status === 202) {
        const { jobId } = (await answer.json()) as { jobId: string };
        ledger.accept(plan, jobId);
        if (plan.cancelAfterMs !== null) cancelling.push(cancel(jobId, plan.cancelAfterMs));
        return jobId;
      }
      if (answer !== null && answer.status !== 503) {
        throw new Error(`${plan.name} was answered ${answer.status} ${await answer.text()}`);
      }
      await sleep(RETRY_MS);
    }
    throw new Error(`${plan.name} was never answered 202`);
  }

  async function cancel(jobId: string, afterMs: number): Promise<void> {
    await sleep(afterMs);
    // Before the request: the answer may be lost, and the job be cancelled all the same.
    ledger.cancelled(jobId);
    await post(`/v1/jobs/${jobId}/cancel`, {}, jobId);
  }

  function submit(): Promise<string> {
    submitted += 1;
    return submitJob(schedule.job(submitted));
  }

  async function client(): Promise<void> {
    while (!isEnding) {
      if (ledger.open() < options.open) await submit();
      else await sleep(5);
    }
  }

  const clients = Array.from({ length: options.clients }, () =>
    client().catch((error: unknown) => ledger.note(String(error))),
  );
  return {
    submit,
    async end(patienceMs = PATIENCE_MS) {
      isEnding = true;
      givesUpAt = performance.now() + patienceMs;
      await Promise.all(clients);
      await Promise.all(cancelling);
    },
  };
}
