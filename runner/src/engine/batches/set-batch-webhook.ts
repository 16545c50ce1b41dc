import { Refused } from "../../domain/errors.ts";
import type { JobWebhook } from "../../ports/store/webhooks.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Messages } from "../bus/messages.ts";
import type { WebhookTarget } from "../requests.ts";
import type { SealedContents } from "../webhooks/sealed-contents.ts";
import { type SubmitDeps } from "../jobs/submit-job.ts";
import { toJobWebhook } from "../jobs/new-job.ts";
import { payloadsRemoved } from "../../domain/payloads-removed.ts";
import { checkUrl } from "../webhooks/check-url.ts";

export interface SetBatchWebhookDeps extends Pick<SubmitDeps, "urlRefusal" | "ids"> {
  readonly store: Pick<Store, "setBatchWebhook" | "batch">;
  readonly sealedContents: SealedContents;
  readonly messages: Pick<Messages, "publish">;
}

/**
 * Sets the webhook of a batch that has none. Setting the same webhook again changes nothing. Throws
 * `Refused`: BATCH_NOT_FOUND, BATCH_HAS_WEBHOOK, PAYLOADS_REMOVED, WEBHOOK_URL_REFUSED.
 */
export async function setBatchWebhook(
  batchId: string,
  target: WebhookTarget,
  deps: SetBatchWebhookDeps,
): Promise<void> {
  checkUrl(target.url, deps.urlRefusal, "/url");
  const webhook = toJobWebhook(target, deps);
  if (await deps.store.setBatchWebhook(batchId, webhook)) {
    return deps.messages.publish({ kind: "due" });
  }
  const batch = await deps.store.batch(batchId);
  if (batch === null) throw new Refused("BATCH_NOT_FOUND", `There is no batch "${batchId}".`);
  const { sealedContents } = deps;
  if (batch.webhook !== null && isSame(batch.webhook, target, sealedContents)) return;
  if (batch.webhook === null && batch.payloadsRemovedAt !== null) {
    throw payloadsRemoved(`batch "${batchId}"`, batch.payloadsRemovedAt);
  }
  throw new Refused(
    "BATCH_HAS_WEBHOOK",
    `Batch "${batchId}" already has another webhook, and a batch's webhook cannot be changed.`,
  );
}

/** Lets a client that lost the response repeat its request. */
function isSame(
  webhook: JobWebhook,
  target: WebhookTarget,
  { open }: Pick<SealedContents, "open">,
): boolean {
  const sealed = open(webhook.sealed, webhook.id);
  const { secret, verifyTls = true } = sealed;
  const stored = [webhook.url, webhook.retries, webhook.timeoutMs, secret, verifyTls];
  const { url, headers, retries } = target;
  const given = [
    url,
    retries,
    target.timeoutMs ?? null,
    target.secret ?? null,
    target.verifyTls ?? true,
  ];
  const [storedHeaders, givenHeaders] = [sealed.headers, headers].map(Object.entries);
  return JSON.stringify([stored, storedHeaders]) === JSON.stringify([given, givenHeaders]);
}
