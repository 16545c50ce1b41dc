import { hasEnded } from "../../../src/domain/job.ts";
import type { BatchEvent, NewBatch } from "../../../src/ports/store/batches.ts";
import type { JobWebhook } from "../../../src/ports/store/webhooks.ts";
import type { SubmitOutcome } from "../../../src/ports/store/jobs.ts";
import { newDelivery } from "./deliveries.ts";
import { newModelJob, refuseJobs } from "./jobs.ts";
import { findOrCreateDestination, findRequest, type ModelBatch, type ModelState } from "./state.ts";

export function createBatchModel(state: ModelState) {
  const find = (id: string) => state.batches.find(({ spec }) => spec.id === id);
  const haveAllEnded = ({ jobIds }: ModelBatch) =>
    jobIds.every((id) => hasEnded(state.jobs.find(({ spec }) => spec.id === id)!.status));

  function deliverCallback({ spec, webhook, callback }: ModelBatch): void {
    if (webhook === null || callback === null) return;
    const { id: subjectId } = spec;
    const { at: eventAt, body } = callback;
    const to = { webhookId: webhook.id, destinationKey: webhook.destination.key };
    const event = { sequence: 1, kind: "batch", body, eventAt } as const;
    newDelivery(state, { subjectId, jobId: null, ...to, ...event });
  }

  return {
    submitBatch(spec: NewBatch, { maxQueued }: { maxQueued: number }): SubmitOutcome {
      const key = spec.idempotency?.key;
      const known = state.batches.find((b) => key !== undefined && b.spec.idempotency?.key === key);
      if (known !== undefined) {
        const sameRequest = known.spec.idempotency?.fingerprint === spec.idempotency?.fingerprint;
        return { kind: "duplicate", id: known.spec.id, sameRequest };
      }
      const added: (typeof spec.jobs)[number][] = [];
      const jobIds: string[] = [];
      for (const job of spec.jobs) {
        const idempotency = job.idempotency;
        const stored = findRequest(state, idempotency);
        if (stored?.sameRequest === false) {
          return { kind: "duplicate", id: stored.id, sameRequest: false };
        }
        if (stored !== null) {
          jobIds.push(stored.id);
          continue;
        }
        const twin = added.find(
          (each) => idempotency !== null && each.idempotency?.key === idempotency.key,
        );
        if (twin !== undefined && twin.idempotency?.fingerprint !== idempotency?.fingerprint) {
          return { kind: "duplicate", id: twin.id, sameRequest: false };
        }
        if (twin === undefined) added.push(job);
        jobIds.push((twin ?? job).id);
      }
      const refusal = refuseJobs(state, added, maxQueued);
      if (refusal !== null) return refusal;
      for (const job of added) newModelJob(state, job);
      state.batches.push({
        spec,
        jobIds,
        webhook: spec.webhook,
        callback: null,
        payloadsRemovedAt: null,
      });
      if (spec.webhook !== null) findOrCreateDestination(state, spec.webhook.destination);
      return { kind: "accepted" };
    },

    setBatchWebhook(id: string, webhook: JobWebhook): boolean {
      const batch = find(id);
      if (batch === undefined || batch.webhook !== null) return false;
      if (batch.payloadsRemovedAt !== null) return false;
      batch.webhook = webhook;
      findOrCreateDestination(state, webhook.destination);
      deliverCallback(batch);
      return true;
    },

    endBatch(id: string, event: BatchEvent): boolean {
      const batch = find(id);
      if (batch === undefined || batch.callback !== null || !haveAllEnded(batch)) return false;
      batch.callback = event;
      deliverCallback(batch);
      return true;
    },

    batchesToEnd: () =>
      state.batches
        .filter((batch) => batch.callback === null && haveAllEnded(batch))
        .map(({ spec }) => spec.id),
  };
}
