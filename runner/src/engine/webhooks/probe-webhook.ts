/** Tries a webhook's URL before it is stored, for clients that wait for its events. */
import { showCertificate, type ClientCertificate } from "../../domain/client-certificate.ts";
import { describeAnswer, type Answer } from "../../domain/delivery.ts";
import { Refused } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Sender } from "../../ports/sender.ts";
import { checkUrl } from "./check-url.ts";

/** How long the endpoint has for its response, after the connection is open. */
const RESPONSE_MS = 2_000;
/** For this long, an origin that has responded is not tried again: deliveries are retried anyway. */
const KNOWN_MS = 60 * 60_000;
const MAX_KNOWN = 1_000;

export interface ProbeTarget {
  readonly url: string;
  readonly verifyTls?: boolean | undefined;
  readonly clientCertificate?: ClientCertificate | null | undefined;
}

/** Throws `Refused`: WEBHOOK_UNREACHABLE, WEBHOOK_URL_REFUSED. */
export type ProbeWebhook = (target: ProbeTarget, signal: AbortSignal) => Promise<void>;

export function createProbeWebhook({
  sender,
  clock,
  userAgent,
  urlRefusal,
}: {
  readonly sender: Pick<Sender, "send">;
  readonly clock: Pick<Clock, "now">;
  readonly userAgent: string;
  readonly urlRefusal: (url: string) => string | null;
}): ProbeWebhook {
  /** When each origin has responded, the oldest first. */
  const known = new Map<string, number>();

  function remember(key: string): void {
    known.delete(key);
    known.set(key, clock.now());
    if (known.size > MAX_KNOWN) known.delete(known.keys().next().value ?? "");
  }

  return async ({ url, verifyTls = true, clientCertificate: given }, signal) => {
    checkUrl(url, urlRefusal, "/url");
    const { origin, hostname, port, protocol } = new URL(url);
    const clientCertificate = given ?? undefined;
    const shown = clientCertificate && showCertificate(clientCertificate);
    const key = `${origin} ${verifyTls} ${shown?.fingerprint256}`;
    const respondedAt = known.get(key);
    if (respondedAt !== undefined && clock.now() - respondedAt < KNOWN_MS) return;
    const answer = await sender.send({
      method: "OPTIONS",
      url,
      headers: { "user-agent": userAgent },
      body: "",
      timeoutMs: RESPONSE_MS,
      verifyTls,
      clientCertificate,
      signal,
    });
    if (!isUnreachable(answer)) {
      if (answer.kind === "answered") remember(key);
      return;
    }
    const where = `${hostname}:${port || (protocol === "https:" ? "443" : "80")}`;
    const message = `cannot be reached at ${where}: ${describeAnswer(answer)}`;
    throw new Refused("WEBHOOK_UNREACHABLE", `The webhook's URL ${message}.`, {
      issues: [{ path: "/url", message }],
    });
  };
}

/**
 * Any response will do, except a redirect, which no delivery follows. An endpoint that takes long may
 * be busy, so that only a connection that fails counts.
 */
function isUnreachable(answer: Answer): boolean {
  if (answer.kind === "answered") return answer.redirectsTo !== undefined;
  return answer.code !== "TIMEOUT" && answer.code !== "ABORTED";
}
