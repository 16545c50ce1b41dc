import { Agent } from "undici";
import type { Answer } from "../domain/delivery.ts";
import { createGuardedConnect } from "../egress/guarded-connect.ts";
import type { EgressPolicy } from "../egress/policy.ts";
import type { Resolve } from "../egress/resolver.ts";
import type { Outgoing, Sender } from "../ports/sender.ts";
import { startExchange, type Exchange } from "./exchange.ts";

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
    // One deadline covers the exchange (below); undici's own two would only run beside it.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  function start(outgoing: Outgoing, onSend: () => void): Exchange {
    const url = new URL(outgoing.url);
    const request = {
      origin: url.origin,
      path: url.pathname + url.search,
      method: "POST",
      headers: outgoing.headers,
      body: outgoing.body,
    } as const;
    return startExchange(agent, request, onSend);
  }

  /** The last exchange; a second one when the first met an idle socket just being closed. */
  async function exchange(outgoing: Outgoing, current: { exchange: Exchange }): Promise<Answer> {
    try {
      return await current.exchange.answer;
    } catch (error) {
      if (current.exchange.hasBegun() || !isClosedReusedSocket(error)) throw error;
      current.exchange = start(outgoing, () => {});
      return current.exchange.answer;
    }
  }

  return {
    async send(outgoing) {
      const { signal, timeoutMs } = outgoing;
      if (signal.aborted) return aborted();
      let timer: NodeJS.Timeout | undefined;
      // From when it is sent: waiting for one of the connections to an origin is not the endpoint's fault.
      const startTimer = (): void => {
        timer = setTimeout(() => current.exchange.abort(TOO_LATE), timeoutMs);
      };
      const current = { exchange: start(outgoing, startTimer) };
      const onAbort = (): void => current.exchange.abort(STOPPING);
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        return await exchange(outgoing, current);
      } catch (error) {
        if (error === STOPPING) return aborted();
        if (error !== TOO_LATE) return toFailed(error);
        const message = `no complete answer within ${timeoutMs} ms`;
        return { kind: "failed", code: "TIMEOUT", message };
      } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
      }
    },
    close: () => agent.destroy(),
  };
}

const STOPPING = new Error("the daemon is stopping");
const TOO_LATE = new Error("the deadline is over");

/** A socket that has answered before. */
function isClosedReusedSocket(error: unknown): boolean {
  const { code, socket } = error as { code?: string; socket?: { bytesRead?: number } };
  return code === "UND_ERR_SOCKET" && (socket?.bytesRead ?? 0) > 0;
}

function aborted(): Answer {
  return { kind: "failed", code: "ABORTED", message: "the daemon is stopping" };
}

function toFailed(error: unknown): Answer {
  const { code, name, message } = error as Error & { code?: string };
  return { kind: "failed", code: code ?? name, message: message || name };
}
