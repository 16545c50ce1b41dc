import { expect } from "vitest";
import type { RunningJob } from "../../../src/domain/job.ts";
import type { ClaimedDelivery } from "../../../src/ports/store/deliveries.ts";
import type { ModelClaim, ModelState } from "./state.ts";

interface Request {
  readonly owner: string;
  readonly now: number;
  readonly leaseUntil: number;
}

/** A store chooses what it hands over. The model checks that it may, and does the same. */
export function createHandOverModel(state: ModelState) {
  return {
    takeDelivery(real: ClaimedDelivery, { owner, now, leaseUntil }: Request): ModelClaim {
      const delivery = state.deliveries.find(
        (each) =>
          each.subjectId === real.subjectId &&
          each.webhookId === real.target.webhookId &&
          each.sequence === real.sequence,
      );
      if (delivery === undefined) throw new Error(`The model has no delivery ${real.id}.`);
      const destination = state.destinations.find(({ key }) => key === delivery.destinationKey);
      const isStopped = state.webhooks.some(
        ({ spec, state: is }) => spec.id === destination?.key && is !== "active",
      );
      const others = state.deliveries.filter(
        (each) =>
          each !== delivery &&
          each.destinationKey === delivery.destinationKey &&
          each.state === "due" &&
          each.lease === null &&
          (each.dueAt ?? 0) <= now,
      );
      expect(destination).toMatchObject({ ratePerSecond: null, failuresInRow: 0, probe: null });
      expect({ isStopped, others, isPaused: (destination?.pausedUntil ?? 0) > now }).toEqual({
        isStopped: false,
        others: [],
        isPaused: false,
      });
      expect(delivery).toMatchObject({ state: "due", lease: null });
      expect(real).toMatchObject({
        body: delivery.body,
        bytes: Buffer.byteLength(delivery.body),
        kind: delivery.kind,
        eventAt: delivery.eventAt,
        attempts: delivery.attempts,
        retriesUsed: delivery.retriesUsed,
        owner,
      });
      delivery.fence += 1;
      delivery.lease = { owner, until: leaseUntil };
      return { delivery, fence: delivery.fence, owner };
    },

    takeJob(id: string, { owner, now, leaseUntil }: Request): RunningJob {
      const job = state.jobs.find(({ spec }) => spec.id === id);
      if (job === undefined) throw new Error(`The model has no job ${id}.`);
      const others = state.jobs.filter(
        (each) =>
          each !== job &&
          each.status === "queued" &&
          each.waitingFor === null &&
          each.isDue &&
          (each.limit === null || each.hasSlot),
      );
      expect(others).toEqual([]);
      expect(job.limit).toBeNull();
      expect(job.spec.runAt).toBeLessThanOrEqual(now);
      Object.assign(job, { status: "running", fence: 1, stepAttempts: 1, startedAt: now });
      job.lease = { owner, until: leaseUntil };
      const { webhook: _, idempotency: __, declaredLimits: ___, ...spec } = job.spec;
      const claimed = { ...spec, fence: 1, owner, startedAt: now };
      return { ...claimed, sequence: 0, stepAttempts: 1, completedSteps: [] };
    },
  };
}
