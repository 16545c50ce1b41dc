import { Agent } from "undici";
import type { Answer } from "../domain/delivery.ts";
import { createGuardedConnect } from "../egress/guarded-connect.ts";
import type { EgressPolicy } from "../egress/policy.ts";
import type { Resolve } from "../egress/resolver.ts";
import type { Sender } from "../ports/sender.ts";
import { ShortLivedMap } from "../system/short-lived-map.ts";
import { Exchange } from "./post-request.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** Idle sockets are dropped before the proxies in front of endpoints drop them (Cloudflare: 30 s). */
const KEEP_ALIVE_MAX_MS = 25_000;

/** Sends with undici's Agent: 26,000 POST/s on loopback against 4,600 with `fetch`. */
export function createUndiciSender(settings: {
  connectionsPerOrigin: number;
  policy: EgressPolicy;
  resolve: Resolve;
}): Sender {
  const { policy, resolve } = settings;
  const agent = new Agent({
    connections: settings.connectionsPerOrigin,
    connect: createGuardedConnect({ policy, resolve, timeoutMs: CONNECT_TIMEOUT_MS }),
    keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
    allowH2: false,
    // One deadline covers the exchange; undici's own two would only run beside it.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const targets = createTargets();
  const abortable = createUnderWay((exchange) => exchange.abort(ABORTED));
  const recallable = createUnderWay((exchange) => exchange.recall(RECALLED));
  let lastId = 0;

  return {
    send({ url, headers, body, timeoutMs, signal, recall }) {
      if (signal.aborted) return Promise.resolve(ABORTED);
      if (recall?.aborted === true) return Promise.resolve(RECALLED);
      const target = targets.of(url);
      const underWay = [abortable.by(signal), ...(recall ? [recallable.by(recall)] : [])];
      return new Promise((resolveAnswer) => {
        lastId += 1;
        const id = lastId;
        const request = { ...target, method: "POST", headers, body } as const;
        const exchange = new Exchange(agent, request, {
          timeoutMs,
          onEnd(answer) {
            for (const exchanges of underWay) exchanges.delete(id);
            resolveAnswer(answer);
          },
        });
        for (const exchanges of underWay) exchanges.set(id, exchange);
        exchange.start();
      });
    },
    close: () => agent.destroy(),
  };
}

/** Exchanges by the signal that each is ended by; one listener for all of a signal's. */
function createUnderWay(end: (exchange: Exchange) => void): {
  by(signal: AbortSignal): ShortLivedMap<number, Exchange>;
} {
  const bySignal = new WeakMap<AbortSignal, ShortLivedMap<number, Exchange>>();
  return {
    by(signal) {
      const known = bySignal.get(signal);
      if (known !== undefined) return known;
      const exchanges = new ShortLivedMap<number, Exchange>();
      bySignal.set(signal, exchanges);
      const onAbort = (): void => {
        for (const exchange of exchanges.values()) end(exchange);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      return exchanges;
    },
  };
}

const RECALLED: Answer = { kind: "failed", code: "ABORTED", message: "the endpoint is left alone" };
const ABORTED: Answer = { kind: "failed", code: "ABORTED", message: "the daemon is stopping" };

interface Target {
  readonly origin: string;
  readonly path: string;
}

/** Parsed URLs that are kept: parsing one anew for each event costs a tenth of sending it. */
const KEPT_TARGETS = 1_000;

function createTargets(): { of(url: string): Target } {
  const kept = new Map<string, Target>();
  return {
    of(url) {
      const known = kept.get(url);
      if (known !== undefined) return known;
      const { origin, pathname, search } = new URL(url);
      const target = { origin, path: pathname + search };
      if (kept.size >= KEPT_TARGETS) kept.delete(kept.keys().next().value ?? "");
      kept.set(url, target);
      return target;
    },
  };
}
