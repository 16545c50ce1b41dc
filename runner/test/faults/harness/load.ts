/** Clients that submit the scheduled jobs and repeat each request until it gets a 202. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Ledger } from "./ledger.ts";
import { UNSTEADY_ATTEMPTS, type EndpointName, type JobPlan, type Schedule } from "./schedule.ts";

/** Where the daemon listens. Null while none is running. */
export type Target = { readonly url: string; readonly token: string } | null;

export interface Load {
  /** Submits one more job now and returns its id. */
  submit(): Promise<string>;
  /**
   * Submits no further jobs. Resolves when every job that was begun has its 202. After `timeoutMs`,
   * the others are noted as problems.
   */
  end(timeoutMs?: number): Promise<void>;
}

const RETRY = { attempts: UNSTEADY_ATTEMPTS, backoff: { delayMs: 30 } };
const RETRY_MS = 20;
const RESPONSE_TIMEOUT_MS = 10_000;
const END_TIMEOUT_MS = 60_000;

/** Together, the `clients` keep `open` jobs open. With 0 clients there is no load. */
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
      ...(steps.some(({ kind }) => kind === "unsteady") && { retry: RETRY }),
      webhook: { url: urls[endpoint], ...(on && { on }) },
    };
  }

  /** The response, or null when none arrived completely and the request's outcome is unknown. */
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
        signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS),
      });
      // Read here, because a kill can also cut off the body.
      const text = await answer.text();
      return new Response(text, { status: answer.status });
    } catch {
      return null;
    }
  }

  async function submitJob(plan: JobPlan): Promise<string> {
    const killsBefore = ledger.kills.length;
    while (performance.now() < givesUpAt) {
      const answer = await post("/v1/jobs", toBody(plan), plan.name);
      if (answer?.status === 202) {
        const { jobId } = (await answer.json()) as { jobId: string };
        ledger.accept({ plan, killsBefore }, jobId);
        if (plan.cancelAfterMs !== null) cancelling.push(cancel(jobId, plan.cancelAfterMs));
        return jobId;
      }
      if (answer !== null && answer.status !== 503 && answer.status !== 507) {
        throw new Error(`${plan.name} got ${answer.status} ${await answer.text()}`);
      }
      await sleep(RETRY_MS);
    }
    throw new Error(`${plan.name} never got a 202`);
  }

  async function cancel(jobId: string, afterMs: number): Promise<void> {
    await sleep(afterMs);
    // Recorded before the request: the response can be lost although the job is cancelled.
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
    async end(timeoutMs = END_TIMEOUT_MS) {
      isEnding = true;
      givesUpAt = performance.now() + timeoutMs;
      await Promise.all(clients);
      await Promise.all(cancelling);
    },
  };
}
