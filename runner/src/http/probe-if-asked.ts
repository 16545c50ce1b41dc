import type { FastifyReply } from "fastify";
import type { Engine } from "../engine/engine.ts";
import type { ProbeTarget } from "../engine/webhooks/probe-webhook.ts";
import { requireStillAllowed } from "./auth.ts";
import type { ProbeQuery } from "./contract/probe-query.ts";
import { createWaitSignal } from "./wait-signal.ts";

/** Enough for a connection that times out, and for the response after it. */
const PROBE_MS = 13_000;

interface ProbeRequest {
  readonly query: ProbeQuery;
  readonly body: ProbeTarget;
}

/** Refuses a request with `probe=true` if the daemon cannot reach the URL in it. */
export function createProbeIfAsked(deps: {
  readonly engine: Pick<Engine, "probeWebhook">;
  readonly closing: AbortSignal;
}): (request: ProbeRequest, reply: FastifyReply) => Promise<void> {
  return async ({ query, body }, reply) => {
    if (query.probe !== "true") return;
    const signal = createWaitSignal(reply, { closing: deps.closing, timeoutMs: PROBE_MS });
    await deps.engine.probeWebhook(body, signal);
    requireStillAllowed(reply);
  };
}
