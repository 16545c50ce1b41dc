/** Makes the same change of a persistent webhook on a store and on the model. */
import { some, type CallOf } from "./calls.ts";
import { newPersistent } from "./given.ts";
import type { Caller } from "./run-limits.ts";

interface WebhookCaller extends Caller {
  /** Of those that were registered. */
  readonly webhookIds: string[];
}

export function register(
  each: CallOf<"register">,
  { store, model, now, expectSameResult, webhookIds }: WebhookCaller,
): void {
  const { on, plugins, jobName, identity, rate, lifeMs, maxWebhooks } = each;
  const expiresAt = lifeMs === null ? null : now + lifeMs;
  const filter = { on, plugins, jobName, expiresAt };
  const webhook = newPersistent({ ...filter, identity, ratePerSecond: rate, createdAt: now });
  webhookIds.push(webhook.id);
  const limits = { maxWebhooks };
  expectSameResult(store.registerWebhook(webhook, limits), model.registerWebhook(webhook, limits));
}

export function changeWebhook(
  each: CallOf<"update" | "move webhook" | "remove webhook" | "recover">,
  { store, model, now, expectSameResult, webhookIds }: WebhookCaller,
): void {
  const ids = each.kind === "recover" ? [...webhookIds, "http://a", "http://b"] : webhookIds;
  const id = some(ids, each.pick) ?? "wh_unknown";
  switch (each.kind) {
    case "remove webhook":
      return expectSameResult(store.removeWebhook(id), model.removeWebhook(id));
    case "recover": {
      const request = { destination: id, since: now - each.age, limit: each.limit, now };
      return expectSameResult(store.recoverDeliveries(request), model.recoverDeliveries(request));
    }
    case "update": {
      const { on, plugins, jobName, lifeMs } = each;
      const expiresAt = lifeMs === null ? null : now + lifeMs;
      const patch = { on, plugins, jobName, expiresAt, ratePerSecond: 3 };
      // Version 1 is stale once the webhook has been changed.
      const request = each.isFirst ? { now, version: 1 } : { now };
      return expectSameResult(
        store.updateWebhook(id, patch, request),
        model.updateWebhook(id, patch, request),
      );
    }
    case "move webhook": {
      const patch = { state: each.state, reason: each.state === "off" ? "gone" : null };
      const request = { now };
      return expectSameResult(
        store.updateWebhook(id, patch, request),
        model.updateWebhook(id, patch, request),
      );
    }
  }
}
