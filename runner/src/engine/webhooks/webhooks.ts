/** Registers, changes and removes persistent webhooks. Each change is durable when its promise resolves. */
import { showCertificate, type ShownCertificate } from "../../domain/client-certificate.ts";
import { Refused } from "../../domain/errors.ts";
import { toSecret } from "../../domain/signature.ts";
import { withSecret } from "../../domain/webhook.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Ids } from "../../ports/ids.ts";
import type { Log } from "../../ports/log.ts";
import type { Page, Paged } from "../../ports/store/page.ts";
import type { Store } from "../../ports/store/store.ts";
import type {
  StoredWebhook,
  UpdateOutcome,
  WebhookPatch,
  WebhookWrites,
} from "../../ports/store/webhooks.ts";
import type { Messages } from "../bus/messages.ts";
import { checkUrl } from "./check-url.ts";
import type { SealedContents } from "./sealed-contents.ts";
import { toNewWebhook, toSealed, toWebhookPatch, type WebhookRequest } from "./webhook-request.ts";

const SECRET_BYTES = 32;

export interface WebhookView extends Omit<
  StoredWebhook,
  "sealed" | "identity" | "destination" | "version"
> {
  /** The headers' values are never shown. */
  readonly headerNames: readonly string[];
  readonly verifyTls: boolean;
  /** The webhook's own; null for none. */
  readonly clientCertificate: ShownCertificate | null;
  /** Until when the previous secret still signs; null when it does not. */
  readonly previousSecretUntil: number | null;
}

export interface Webhooks {
  /**
   * Registers a webhook, or changes the one with the same URL and filter. `secret` is null unless the
   * webhook is new. Throws `Refused`: BODY_INVALID, WEBHOOK_URL_REFUSED, WEBHOOK_LIMIT.
   */
  register(
    request: WebhookRequest & { url: string },
  ): Promise<{ webhook: WebhookView; created: boolean; secret: string | null }>;
  /** Throws `Refused`, as `update` and `remove` do: WEBHOOK_NOT_FOUND. */
  get(id: string): Promise<WebhookView>;
  list(page: Page): Promise<Paged<WebhookView>>;
  /** Throws `Refused` also with BODY_INVALID, WEBHOOK_URL_REFUSED and WEBHOOK_EXISTS. */
  update(
    id: string,
    request: WebhookRequest & { state?: "active" | "paused" },
  ): Promise<WebhookView>;
  remove(id: string): Promise<void>;
  /** Creates a new secret. For 24 hours the previous one signs as well. */
  rotateSecret(id: string): Promise<{ webhook: WebhookView; secret: string }>;
}

export interface WebhooksDeps {
  readonly store: WebhookWrites & Pick<Store, "webhook" | "webhooks">;
  readonly sealedContents: SealedContents;
  readonly clock: Pick<Clock, "now">;
  readonly ids: Pick<Ids, "newId" | "randomBytes">;
  readonly log: Log;
  readonly maxWebhooks: number;
  /** Why the daemon is not allowed to connect to the URL; null when it is allowed. */
  readonly urlRefusal: (url: string) => string | null;
  readonly messages: Pick<Messages, "publish">;
}

export function createWebhooks(deps: WebhooksDeps): Webhooks {
  const { store, sealedContents, clock, ids, messages, log } = deps;

  async function find(id: string): Promise<StoredWebhook> {
    const webhook = await store.webhook(id);
    if (webhook === null) throw new Refused("WEBHOOK_NOT_FOUND", `There is no webhook "${id}".`);
    return webhook;
  }

  const toView = (webhook: StoredWebhook): WebhookView => viewOf(webhook, deps);

  /** Builds the patch again if another change came first: of two concurrent changes none is lost. */
  async function change(
    id: string,
    toPatch: (webhook: StoredWebhook) => WebhookPatch,
  ): Promise<WebhookView> {
    let outcome: UpdateOutcome;
    let patch: WebhookPatch;
    do {
      const before = await find(id);
      patch = toPatch(before);
      const { version } = before;
      outcome = await store.updateWebhook(id, patch, { now: clock.now(), version });
    } while (outcome === "stale");
    if (outcome === "taken") {
      throw new Refused(
        "WEBHOOK_EXISTS",
        `Webhook "${id}" cannot have the URL and filter of another webhook. Change or remove the other one first.`,
      );
    }
    const webhook = await find(id);
    const isResumed = patch.state === "active";
    messages.publish(
      isResumed ? { kind: "resumed", destination: webhook.destination } : { kind: "due" },
    );
    return toView(webhook);
  }

  return {
    async register(request) {
      checkUrl(request.url, deps.urlRefusal, "/url");
      const secret = request.secret ?? toSecret(ids.randomBytes(SECRET_BYTES));
      const id = ids.newId("wh");
      const outcome = await store.registerWebhook(toNewWebhook({ ...request, id, secret }, deps), {
        maxWebhooks: deps.maxWebhooks,
      });
      switch (outcome.kind) {
        case "created": {
          const webhook = toView(await find(id));
          warnOfTls(webhook, log);
          return { webhook, created: true, secret };
        }
        case "existing": {
          const webhook = await change(outcome.id, (known) => ({
            ...toWebhookPatch(known, request, deps),
            ...switchedOn(known),
          }));
          warnOfTls(webhook, log);
          return { webhook, created: false, secret: null };
        }
        case "limit":
          throw new Refused(
            "WEBHOOK_LIMIT",
            `${outcome.count} webhooks are registered, and the limit is ${deps.maxWebhooks}. Remove one first.`,
          );
      }
    },
    get: async (id) => toView(await find(id)),
    async list(page) {
      const { items, nextCursor } = await store.webhooks(page);
      return { items: items.map(toView), nextCursor };
    },
    async update(id, { state, ...request }) {
      if (request.url !== undefined) checkUrl(request.url, deps.urlRefusal, "/url");
      const webhook = await change(id, (before) => ({
        ...toWebhookPatch(before, request, deps),
        ...(state === undefined ? {} : { state, reason: null }),
      }));
      if (request.verifyTls !== undefined) warnOfTls(webhook, log);
      return webhook;
    },
    async remove(id) {
      if (!(await store.removeWebhook(id))) await find(id);
      messages.publish({ kind: "webhook-off" });
    },
    async rotateSecret(id) {
      const secret = toSecret(ids.randomBytes(SECRET_BYTES));
      const webhook = await change(id, ({ sealed }) => {
        const contents = withSecret(sealedContents.open(sealed, id), secret, clock.now());
        return { sealed: toSealed(contents, id, sealedContents) };
      });
      return { webhook, secret };
    },
  };
}

/** A client that registers wants events, even if failures have switched the webhook off or paused it. */
function switchedOn({ state, reason }: StoredWebhook): WebhookPatch {
  const isByDaemon = state === "off" || (state === "paused" && reason !== null);
  return isByDaemon ? { state: "active", reason: null } : {};
}

function viewOf(
  webhook: StoredWebhook,
  { sealedContents, clock }: Pick<WebhooksDeps, "sealedContents" | "clock">,
): WebhookView {
  const { sealed, identity: _identity, destination: _destination, version: _, ...rest } = webhook;
  const contents = sealedContents.open(sealed, webhook.id);
  const { headers, previous, verifyTls = true, clientCertificate } = contents;
  const isPreviousValid = previous !== null && clock.now() < previous.until;
  return {
    ...rest,
    headerNames: Object.keys(headers),
    verifyTls,
    clientCertificate: clientCertificate ? showCertificate(clientCertificate) : null,
    previousSecretUntil: isPreviousValid ? previous.until : null,
  };
}

function warnOfTls({ id: webhookId, url, verifyTls }: WebhookView, log: Log): void {
  if (!verifyTls) log.warn({ webhookId, url }, "webhook.certificate-not-checked");
}
