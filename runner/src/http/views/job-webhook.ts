import { EVENT_KINDS } from "../../domain/event.ts";
import { DEFAULT_TIMEOUT_MS } from "../../domain/webhook.ts";
import { toJsonText, type JsonText } from "../../domain/json-text.ts";
import type { Engine } from "../../engine/engine.ts";
import type { JobWebhook as StoredWebhook } from "../../ports/store/webhooks.ts";
import type { BatchWebhook, JobWebhook } from "../contract/job-webhook.ts";

export function maskHeaders(names: readonly string[]): Record<string, "***"> {
  return Object.fromEntries(names.map((name) => [name, "***"]));
}

export function jobWebhookText(webhook: StoredWebhook, shownOf: Engine["shownOf"]): JsonText {
  const { id, url, on, retries } = webhook;
  const timeoutMs = webhook.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const { headerNames, verifyTls } = shownOf(webhook);
  const headers = maskHeaders(headerNames);
  return toJsonText({
    id,
    url,
    headers,
    on: [...(on ?? EVENT_KINDS)],
    retries,
    timeoutMs,
    verifyTls,
  } satisfies JobWebhook);
}

export function batchWebhookText(webhook: StoredWebhook, shownOf: Engine["shownOf"]): JsonText {
  const { id, url, retries } = webhook;
  const timeoutMs = webhook.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const { headerNames, verifyTls } = shownOf(webhook);
  const headers = maskHeaders(headerNames);
  return toJsonText({ id, url, headers, retries, timeoutMs, verifyTls } satisfies BatchWebhook);
}
