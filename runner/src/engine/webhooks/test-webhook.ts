/** Sends a webhook one sample event of each kind it receives, immediately and outside the queue. */
import { isSuccess, type Answer } from "../../domain/delivery.ts";
import { EVENT_KINDS, type EventKind } from "../../domain/event.ts";
import { Refused } from "../../domain/errors.ts";
import { sampleEvents } from "../../domain/sample-event.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Ids } from "../../ports/ids.ts";
import type { Sender } from "../../ports/sender.ts";
import type { Store } from "../../ports/store/store.ts";
import type { SealedContents } from "./sealed-contents.ts";
import { toRequestHeaders } from "../deliveries/request-headers.ts";

export interface TestedEvent {
  readonly kind: EventKind;
  readonly webhookId: string;
  readonly ok: boolean;
  readonly answer: Answer;
  readonly durationMs: number;
}

/**
 * Stops at the first sample that gets no response, because each further one could wait for the whole
 * timeout. Throws `Refused`: WEBHOOK_NOT_FOUND.
 */
export async function testWebhook(
  id: string,
  deps: {
    store: Pick<Store, "webhook">;
    sender: Pick<Sender, "send">;
    sealedContents: Pick<SealedContents, "open">;
    clock: Pick<Clock, "now">;
    ids: Pick<Ids, "newId">;
    userAgent: string;
  },
  signal: AbortSignal,
): Promise<readonly TestedEvent[]> {
  const webhook = await deps.store.webhook(id);
  if (webhook === null) throw new Refused("WEBHOOK_NOT_FOUND", `There is no webhook "${id}".`);
  const contents = deps.sealedContents.open(webhook.sealed, id);
  const tested: TestedEvent[] = [];
  for (const event of sampleEvents(webhook.on ?? EVENT_KINDS, deps.clock.now())) {
    const now = deps.clock.now();
    const { body, kind } = event;
    const webhookId = deps.ids.newId("evt");
    const { userAgent } = deps;
    const headers = toRequestHeaders(contents, { id: webhookId, body, now, userAgent });
    const { url, timeoutMs } = webhook;
    const { verifyTls, clientCertificate } = contents;
    const tls = { verifyTls, clientCertificate };
    const answer = await deps.sender.send({ url, headers, body, timeoutMs, ...tls, signal });
    const durationMs = Math.max(0, deps.clock.now() - now);
    tested.push({ kind, webhookId, ok: isSuccess(answer), answer, durationMs });
    if (answer.kind === "failed") break;
  }
  return tested;
}
