import type { ShownCertificate } from "../../domain/client-certificate.ts";
import type { Answer } from "../../domain/delivery.ts";
import { EVENT_KINDS } from "../../domain/event.ts";
import type { TestedEvent } from "../../engine/webhooks/test-webhook.ts";
import type { WebhookView } from "../../engine/webhooks/webhooks.ts";
import type { Webhook, WebhookTest } from "../contract/webhook.ts";
import { maskHeaders } from "./job-webhook.ts";

export function webhookView(webhook: WebhookView): Webhook {
  const { id, url, on, retries, plugins, jobName, timeoutMs, ratePerSecond } = webhook;
  const { state, reason, verifyTls } = webhook;
  return {
    id,
    url,
    headers: maskHeaders(webhook.headerNames),
    on: [...(on ?? EVENT_KINDS)],
    retries,
    plugins: plugins === null ? null : [...plugins],
    jobName,
    timeoutMs,
    verifyTls,
    clientCertificate: webhook.clientCertificate && certificateView(webhook.clientCertificate),
    ratePerSecond,
    expiresAt: toInstant(webhook.expiresAt),
    state,
    enabled: state === "active",
    reason,
    failingSince: toInstant(webhook.failingSince),
    previousSecretUntil: toInstant(webhook.previousSecretUntil),
    createdAt: new Date(webhook.createdAt).toISOString(),
    updatedAt: new Date(webhook.updatedAt).toISOString(),
  };
}

function certificateView({ validUntil, ...rest }: ShownCertificate): Webhook["clientCertificate"] {
  return { ...rest, validUntil: new Date(validUntil).toISOString() };
}

export function webhookTestView(tested: readonly TestedEvent[]): WebhookTest {
  return {
    results: tested.map(({ kind, webhookId, ok, answer, durationMs }) => ({
      event: kind,
      eventId: webhookId,
      ok,
      durationMs,
      ...answerFields(answer),
    })),
  };
}

function answerFields(answer: Answer) {
  return answer.kind === "answered"
    ? { status: answer.status, response: answer.body, error: null }
    : { status: null, response: null, error: `${answer.code}: ${answer.message}` };
}

function toInstant(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
