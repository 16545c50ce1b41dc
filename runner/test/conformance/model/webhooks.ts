import type {
  NewWebhook,
  RegisterOutcome,
  UpdateOutcome,
  WebhookPatch,
} from "../../../src/ports/store/webhooks.ts";
import {
  deleteUnusedDestinations,
  isPending,
  resume,
  findOrCreateDestination,
  type ModelState,
  type ModelWebhook,
} from "./state.ts";

export function createWebhookModel(state: ModelState) {
  const find = (id: string) => state.webhooks.find(({ spec }) => spec.id === id);

  function remove(gone: readonly ModelWebhook[]): void {
    const ids = new Set(gone.map(({ spec }) => spec.id));
    state.webhooks = state.webhooks.filter(({ spec }) => !ids.has(spec.id));
    state.deliveries = state.deliveries.filter(({ webhookId }) => !ids.has(webhookId));
    deleteUnusedDestinations(state);
  }

  return {
    registerWebhook(spec: NewWebhook, { maxWebhooks }: { maxWebhooks: number }): RegisterOutcome {
      const known = state.webhooks.find((each) => each.spec.identity === spec.identity);
      if (known !== undefined) return { kind: "existing", id: known.spec.id };
      const count = state.webhooks.length;
      if (count >= maxWebhooks) return { kind: "limit", count };
      const fresh = { state: "active", reason: null, failingSince: null, version: 1 } as const;
      state.webhooks.push({ spec, ...fresh });
      findOrCreateDestination(state, { key: spec.id, ratePerSecond: spec.ratePerSecond });
      return { kind: "created" };
    },

    updateWebhook(
      id: string,
      patch: WebhookPatch,
      { now, version }: { now: number; version?: number },
    ): UpdateOutcome {
      const webhook = find(id);
      if (webhook === undefined) return "missing";
      if (version !== undefined && version !== webhook.version) return "stale";
      webhook.version += 1;
      const { state: next = webhook.state, reason = webhook.reason, ...spec } = patch;
      webhook.spec = { ...webhook.spec, ...spec };
      webhook.state = next;
      webhook.reason = next === "off" ? reason : null;
      findOrCreateDestination(state, { key: id, ratePerSecond: webhook.spec.ratePerSecond });
      if (patch.state === "active") {
        webhook.failingSince = null;
        resume(state, id, now);
      }
      if (patch.state === "off") {
        const queued = state.deliveries.filter((each) => each.webhookId === id && isPending(each));
        const given = {
          state: "dead",
          dueAt: null,
          endedAt: now,
          reason: patch.reason,
        };
        for (const each of queued) Object.assign(each, given);
      }
      return "updated";
    },

    removeWebhook(id: string): boolean {
      const webhook = find(id);
      if (webhook === undefined) return false;
      remove([webhook]);
      return true;
    },

    pruneWebhooks({ now, limit }: { now: number; limit: number }): number {
      const isBusy = (id: string) =>
        state.deliveries.some((each) => each.webhookId === id && isPending(each));
      const old = state.webhooks
        .filter(({ spec }) => spec.expiresAt !== null && spec.expiresAt < now && !isBusy(spec.id))
        .toSorted((a, b) => a.spec.expiresAt! - b.spec.expiresAt!)
        .slice(0, limit);
      remove(old);
      return old.length;
    },
  };
}
