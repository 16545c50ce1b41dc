import type { TraceContext } from "../../domain/trace-context.ts";
import { signatureHeader } from "../../domain/signature.ts";
import { signingSecrets, type Sealed } from "../../domain/webhook.ts";

/** The webhook's own headers. The daemon's headers (Standard Webhooks, HTTP, Trace Context) override them. */
export function toRequestHeaders(
  contents: Sealed,
  request: {
    id: string;
    body: string;
    now: number;
    userAgent: string;
    trace?: TraceContext | null;
  },
): Record<string, string> {
  const { id, body, now, trace } = request;
  const secrets = signingSecrets(contents, now);
  const timestamp = Math.floor(now / 1000);
  const headers: Record<string, string> = {
    ...contents.headers,
    "content-type": "application/json",
    "user-agent": request.userAgent,
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
  };
  if (secrets.length > 0) {
    headers["webhook-signature"] = signatureHeader(secrets, { id, timestamp, body });
  }
  if (trace) Object.assign(headers, trace);
  return headers;
}
