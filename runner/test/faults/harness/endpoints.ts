/** Endpoints that record each event in the ledger, and respond. */
import type { ServerResponse } from "node:http";
import { createReceiver, type Received, type Receiver } from "../../support/receiver.ts";
import type { Ledger } from "./ledger.ts";
import type { EndpointName, Schedule } from "./schedule.ts";

const SLOW_RESPONSE_MS = 40;

/** A persistent webhook and its endpoint. */
export interface Endpoint {
  readonly name: string;
  readonly timeoutMs: number;
  /** Responds to a request that the ledger has recorded. */
  readonly answer: (response: ServerResponse, received: Received) => void;
}

export async function openEndpoint({
  name,
  secret = null,
  answer,
  ledger,
}: Pick<Endpoint, "name" | "answer"> & {
  secret?: string | null;
  ledger: Ledger;
}): Promise<Receiver> {
  const receiver = await createReceiver((received, response) => {
    ledger.arrive(name, received, secret);
    // The ledger has recorded it. The bodies of a long run would fill the memory.
    receiver.received.length = 0;
    answer(response, received);
  });
  return receiver;
}

/** The endpoints of the jobs' own webhooks. */
export async function openOwnEndpoints({
  schedule,
  ledger,
}: {
  schedule: Schedule;
  ledger: Ledger;
}): Promise<Record<EndpointName, Receiver>> {
  const seen = new Set<string>();
  let slowCount = 0;
  const answers: Record<EndpointName, Endpoint["answer"]> = {
    steady: (response) => void response.end(),
    slow(response) {
      slowCount += 1;
      setTimeout(() => response.end(), schedule.delayMs(slowCount, SLOW_RESPONSE_MS));
    },
    flaky(response, { headers }) {
      const id = String(headers["webhook-id"]);
      const failure = seen.has(id) ? null : schedule.failure(id);
      seen.add(id);
      if (failure === "drops the response") response.destroy();
      else response.writeHead(failure === "refuses" ? 503 : 200).end();
    },
  };
  const open = (name: EndpointName): Promise<Receiver> =>
    openEndpoint({ name, answer: answers[name], ledger });
  return { steady: await open("steady"), slow: await open("slow"), flaky: await open("flaky") };
}
