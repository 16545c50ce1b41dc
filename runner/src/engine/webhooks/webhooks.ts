/** What can be done with persistent webhooks. Each act is durable when it resolves. */
import { Refused } from "../../domain/errors.ts";
import type { EventKind } from "../../domain/event.ts";
import { toSecret } from "../../domain/signature.ts";
import { DEFAULT_RETRIES } from "../../domain/retry.ts";
import {
  DEFAULT_TIMEOUT_MS,
  knownRatePerSecond,
  NOTHING_SEALED,
  toIdentity,
  withSecret,
  type Sealed,
} from "../../domain/webhook.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Ids } from "../../ports/ids.ts";
import type {
  NewWebhook,
  StoredWebhook,
  WebhookPatch,
  WebhookWrites,
} from "../../ports/store/webhooks.ts";
import type { Page, Paged } from "../../ports/store/page.ts";
import type { Store } from "../../ports/store/store.ts";
import type { SealedContents } from "./sealed-contents.ts";
import { createKeyedMutex } from "./keyed-mutex.ts";
import { checkUrl } from "./check-url.ts";

const SECRET_BYTES = 32;

/** What a request may say of a webhook; what is left out stays, or gets its default. */
export interface WebhookRequest {
  readonly url?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly on?: readonly EventKind[] | null | undefined;
  readonly retries?: number | undefined;
  readonly plugins?: readonly string[] | null | undefined;
  readonly jobName?: string | null | undefined;
  readonly timeoutMs?: number | undefined;
  readonly ratePerSecond?: number | null | undefined;
  readonly expiresAt?: number | null | undefined;
  readonly secret?: string | undefined;
}

export interface WebhookView extends Omit<StoredWebhook, "sealed" | "identity" | "destination"> {
  /** Values are never shown. */
  readonly headerNames: readonly string[];
  /** Until when the secret before the last rotation still signs; null when none does. */
  readonly previousSecretUntil: number | null;
}

export interface Webhooks {
  /** Registers, or changes the one with the same url and filter. `secret` only when it is new. */
  register(
    request: WebhookRequest & { url: string },
  ): Promise<{ webhook: WebhookView; created: boolean; secret: string | null }>;
  get(id: string): Promise<WebhookView>;
  list(page: Page): Promise<Paged<WebhookView>>;
  update(
    id: string,
    request: WebhookRequest & { state?: "active" | "paused" },
  ): Promise<WebhookView>;
  remove(id: string): Promise<void>;
  /** A new secret; the one before signs beside it for 24 hours. */
  rotateSecret(id: string): Promise<{ webhook: WebhookView; secret: string }>;
}

export interface WebhooksDeps {
  readonly store: WebhookWrites & Pick<Store, "webhook" | "webhooks">;
  readonly sealedContents: SealedContents;
  readonly clock: Pick<Clock, "now">;
  readonly ids: Pick<Ids, "newId" | "randomBytes">;
  readonly maxWebhooks: number;
  /** Why the daemon may not connect to the URL, or null. */
  readonly urlRefusal: (url: string) => string | null;
  /** Deliveries may have become due. */
  readonly onDue: () => void;
  /** The destination's hold is over as well. */
  readonly onResume: (destination: number) => void;
}

export function createWebhooks(deps: WebhooksDeps): Webhooks {
  const { store, sealedContents, clock, ids, onDue, onResume } = deps;
  // A change is made of what is there: two of one webhook at a time would lose one.
  const mutex = createKeyedMutex();

  async function find(id: string): Promise<StoredWebhook> {
    const webhook = await store.webhook(id);
    if (webhook === null) throw new Refused("WEBHOOK_NOT_FOUND", `There is no webhook "${id}".`);
    return webhook;
  }

  function toView(webhook: StoredWebhook): WebhookView {
    const { sealed, identity: _identity, destination: _destination, ...rest } = webhook;
    const { headers, previous } = sealedContents.open(sealed);
    const isPreviousValid = previous !== null && clock.now() < previous.until;
    return {
      ...rest,
      headerNames: Object.keys(headers),
      previousSecretUntil: isPreviousValid ? previous.until : null,
    };
  }

  async function change(id: string, patch: WebhookPatch): Promise<WebhookView> {
    const outcome = await store.updateWebhook(id, patch, { now: clock.now() });
    if (outcome === "taken") {
      throw new Refused(
        "WEBHOOK_EXISTS",
        `Webhook "${id}" would get the URL and filter of another webhook. Change or remove that one first.`,
      );
    }
    const webhook = await find(id);
    if (patch.state === "active") onResume(webhook.destination);
    else onDue();
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
        case "created":
          return { webhook: toView(await find(id)), created: true, secret };
        case "existing": {
          const webhook = await mutex.run(outcome.id, async () => {
            const known = await find(outcome.id);
            return change(outcome.id, { ...toPatch(known, request, deps), ...toSwitchedOn(known) });
          });
          return { webhook, created: false, secret: null };
        }
        case "limit":
          throw new Refused(
            "WEBHOOK_LIMIT",
            `${outcome.count} webhooks are registered and the limit is ${deps.maxWebhooks}. Remove some.`,
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
      return mutex.run(id, async () => {
        const patch = toPatch(await find(id), request, deps);
        return change(id, state === undefined ? patch : { ...patch, state, reason: null });
      });
    },
    async remove(id) {
      if (!(await store.removeWebhook(id))) await find(id);
    },
    async rotateSecret(id) {
      const secret = toSecret(ids.randomBytes(SECRET_BYTES));
      const webhook = await mutex.run(id, async () => {
        const { sealed } = await find(id);
        const contents = withSecret(sealedContents.open(sealed), secret, clock.now());
        return change(id, { sealed: toSealed(contents, sealedContents) });
      });
      return { webhook, secret };
    },
  };
}

/** The patch that a request asks for; the sealed part only when it changes. */
function toPatch(
  webhook: StoredWebhook,
  request: WebhookRequest,
  { sealedContents, clock }: Pick<WebhooksDeps, "sealedContents" | "clock">,
): WebhookPatch {
  const { headers, secret, ...plain } = request;
  const given = Object.fromEntries(
    Object.entries(plain).filter(([, value]) => value !== undefined),
  ) as Partial<StoredWebhook>;
  const before = sealedContents.open(webhook.sealed);
  const contents = {
    ...(secret === undefined ? before : withSecret(before, secret, clock.now())),
    headers: headers ?? before.headers,
  };
  const isSame = JSON.stringify(contents) === JSON.stringify(before);
  const identity = toIdentity({ ...webhook, ...given });
  return {
    ...toHostsRate(webhook, given),
    ...given,
    ...(isSame ? {} : { sealed: toSealed(contents, sealedContents) }),
    // An older daemon may have left two with one filter: each can be changed all the same.
    ...(identity === toIdentity(webhook) ? {} : { identity }),
  };
}

function toNewWebhook(
  request: WebhookRequest & { id: string; url: string; secret: string },
  { sealedContents, clock }: Pick<WebhooksDeps, "sealedContents" | "clock">,
): NewWebhook {
  const { id, url, secret, on = null, plugins = null, jobName = null } = request;
  const { headers = {}, ratePerSecond = knownRatePerSecond(url) } = request;
  return {
    id,
    identity: toIdentity({ url, on, plugins, jobName }),
    url,
    sealed: toSealed({ ...NOTHING_SEALED, headers, secret }, sealedContents),
    on,
    retries: request.retries ?? DEFAULT_RETRIES,
    plugins,
    jobName,
    timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    ratePerSecond,
    expiresAt: request.expiresAt ?? null,
    createdAt: clock.now(),
  };
}

/** Never null: a persistent webhook always has a secret. */
function toSealed(contents: Sealed, { seal }: Pick<SealedContents, "seal">): string {
  return seal(contents) ?? "";
}

/** A rate that came with the host goes with it; one that was asked for stays. */
function toHostsRate(
  { url: before, ratePerSecond }: StoredWebhook,
  { url }: Partial<StoredWebhook>,
): Pick<WebhookPatch, "ratePerSecond"> {
  const isHosts = url !== undefined && ratePerSecond === knownRatePerSecond(before);
  return isHosts ? { ratePerSecond: knownRatePerSecond(url) } : {};
}

/** Whoever registers wants events, also where failures had switched the webhook off. */
function toSwitchedOn({ state }: StoredWebhook): WebhookPatch {
  return state === "off" ? { state: "active", reason: null } : {};
}
