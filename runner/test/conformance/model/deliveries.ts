import { afterAttempt, isOpen, takeTokens } from "../../../src/domain/destination.ts";
import type { AttemptOutcome, Recorded } from "../../../src/ports/store/deliveries.ts";
import {
  endProbe,
  hasPayload,
  isPending,
  isValid,
  resume,
  type ModelClaim,
  type ModelDelivery,
  type ModelDestination,
  type ModelState,
} from "./state.ts";

const isFree = ({ state, lease }: ModelDelivery) => state === "due" && lease === null;

/** Makes the first open delivery of the ordering key due; later ones wait unless in flight. */
export function restoreOrder(
  state: ModelState,
  key: { jobId: string | null; webhookId: string },
  at: number,
) {
  if (key.jobId === null) return;
  const [first, ...others] = state.deliveries
    .filter(({ jobId, webhookId }) => jobId === key.jobId && webhookId === key.webhookId)
    .filter(isPending);
  if (first?.state === "waiting") Object.assign(first, { state: "due", dueAt: at });
  for (const each of others.filter(isFree)) Object.assign(each, { state: "waiting", dueAt: null });
}

export function newDelivery(
  state: ModelState,
  fields: Pick<
    ModelDelivery,
    | "subjectId"
    | "jobId"
    | "webhookId"
    | "destinationKey"
    | "sequence"
    | "kind"
    | "body"
    | "eventAt"
  >,
): void {
  state.created += 1;
  const isBatch = fields.jobId === null;
  const fresh = {
    attempts: 0,
    retriesUsed: 0,
    reason: null,
    endedAt: null,
    revivedAt: null,
    fence: 0,
    lease: null,
    order: state.created,
  };
  const place = isBatch
    ? { state: "due" as const, dueAt: fields.eventAt }
    : { state: "waiting" as const, dueAt: null };
  state.deliveries.push({ ...fields, ...fresh, ...place });
  restoreOrder(state, fields, fields.eventAt);
}

export function createDeliveryModel(state: ModelState) {
  const inDestination = (destination: ModelDestination) =>
    state.deliveries
      .filter(({ destinationKey }) => destinationKey === destination.key)
      .filter(isFree);
  const isStopped = ({ key }: ModelDestination) =>
    state.webhooks.some(({ spec, state: is }) => spec.id === key && is !== "active");

  function wakeAt(destination: ModelDestination): number | null {
    const instants = inDestination(destination).map(({ dueAt }) => dueAt ?? 0);
    if (instants.length === 0 || isStopped(destination)) return null;
    return Math.max(Math.min(...instants), destination.pausedUntil);
  }

  const wakeUps = () =>
    state.destinations
      .map((destination) => ({ destination, at: wakeAt(destination) }))
      .filter((each): each is { destination: ModelDestination; at: number } => each.at !== null)
      .toSorted(
        (a, b) =>
          a.at - b.at ||
          a.destination.served - b.destination.served ||
          a.destination.number - b.destination.number,
      );

  function claimDestination(
    destination: ModelDestination,
    { limit, now }: { limit: number; now: number },
  ) {
    const due = inDestination(destination)
      .filter(({ dueAt }) => (dueAt ?? 0) <= now)
      .toSorted((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0) || a.order - b.order);
    const firstAttempts = due.filter(({ attempts }) => attempts === 0);
    const retries = due.filter(({ attempts }) => attempts > 0);
    if (!isOpen(destination)) return [...firstAttempts, ...retries].slice(0, limit);
    return [...firstAttempts.slice(0, 1), ...retries.slice(0, 1)]
      .toSorted((a, b) => a.eventAt - b.eventAt || a.order - b.order)
      .slice(0, Math.min(1, limit));
  }

  function take(destination: ModelDestination, wanted: number, now: number) {
    const { ratePerSecond, bucket } = destination;
    if (ratePerSecond === null) return { taken: wanted, bucket, nextAt: now };
    return takeTokens(bucket, { ratePerSecond, now, wanted });
  }

  function recordHealth(delivery: ModelDelivery, { attempt, destinationOutcome }: AttemptOutcome) {
    const destination = state.destinations.find(({ key }) => key === delivery.destinationKey);
    if (destination === undefined) return null;
    const { key, failuresInRow, pausedUntil } = destination;
    const before = { failuresInRow, pausedUntil };
    const isSuccess = ["ok", "slow"].includes(destinationOutcome.kind);
    const isProbe = destination.probe === delivery || (destination.probe !== null && isSuccess);
    const now = Math.floor(attempt.at + attempt.durationMs);
    const after = afterAttempt(before, destinationOutcome, { now, isProbe });
    Object.assign(destination, after, isProbe ? { probe: null } : {});
    const isNews =
      destinationOutcome.kind === "failed" ||
      (destinationOutcome.kind !== "neutral" && (failuresInRow > 0 || isProbe));
    return isNews ? { destination: { key, before, after }, tooOld: null, webhook: null } : null;
  }

  return {
    dueDestinations: ({
      now,
      limit,
      except,
    }: {
      now: number;
      limit: number;
      except: readonly string[];
    }) =>
      wakeUps()
        .filter(({ destination, at }) => at <= now && !except.includes(destination.key))
        .slice(0, limit)
        .map(({ destination: { key, ratePerSecond, failuresInRow } }) => ({
          key,
          ratePerSecond,
          failuresInRow,
        })),

    nextDestinationDue: ({ except }: { except: readonly string[] }) =>
      wakeUps().find(({ destination }) => !except.includes(destination.key))?.at ?? null,

    claimDeliveries(request: {
      owner: string;
      destinations: readonly { key: string; limit: number }[];
      now: number;
      leaseUntil: number;
      maxBytes: number;
    }): ModelClaim[] {
      const { owner, now, leaseUntil, maxBytes } = request;
      const claimed: ModelClaim[] = [];
      let bytes = 0;
      for (const { key, limit } of request.destinations) {
        const destination = state.destinations.find((each) => each.key === key);
        const at = destination === undefined ? null : wakeAt(destination);
        if (destination === undefined || at === null || at > now) continue;
        const candidates = claimDestination(destination, { limit, now });
        const due = candidates.slice(0, take(destination, candidates.length, now).taken);
        if (due.length === 0) {
          if (candidates.length > 0) destination.pausedUntil = take(destination, 0, now).nextAt;
          continue;
        }
        let count = 0;
        for (const each of due) {
          if (bytes + Buffer.byteLength(each.body) > maxBytes && claimed.length > 0) break;
          bytes += Buffer.byteLength(each.body);
          count += 1;
          each.fence += 1;
          each.lease = { owner, until: leaseUntil };
          claimed.push({ delivery: each, fence: each.fence, owner });
        }
        if (count === 0) break;
        state.served += 1;
        const { bucket, nextAt } = take(destination, count, now);
        Object.assign(destination, { served: state.served, bucket, pausedUntil: nextAt });
        if (isOpen(destination)) {
          destination.probe = due[0] ?? null;
          destination.pausedUntil = Math.max(leaseUntil, nextAt);
        }
        if (count < due.length) break;
      }
      return claimed;
    },

    recordAttempt(claim: ModelClaim, outcome: AttemptOutcome): Recorded {
      const { attempt, succeeded, retriesUsed, reason } = outcome;
      const { delivery, fence } = claim;
      if (!isValid(claim, state)) {
        const isStored =
          state.deliveries.includes(delivery) &&
          delivery.fence === fence &&
          delivery.lease === null &&
          attempt.number <= delivery.attempts;
        return isStored ? null : "lost";
      }
      const webhook = state.webhooks.find(({ spec }) => spec.id === delivery.webhookId);
      if (webhook !== undefined && succeeded !== null) {
        webhook.failingSince = succeeded ? null : (webhook.failingSince ?? attempt.at);
      }
      delivery.attempts = attempt.number;
      const effects = recordHealth(delivery, outcome);
      delivery.lease = null;
      if (delivery.state !== "due" && outcome.state !== "delivered") return effects;
      const dueAt = outcome.state === "due" ? outcome.dueAt : null;
      const endedAt = dueAt === null ? Math.floor(attempt.at + attempt.durationMs) : null;
      const next = { state: outcome.state, dueAt, retriesUsed, reason, endedAt };
      Object.assign(delivery, next);
      restoreOrder(state, delivery, attempt.at);
      return effects;
    },

    releaseDelivery(claim: ModelClaim): void {
      if (!isValid(claim, state)) return;
      const { delivery } = claim;
      endProbe(state, delivery);
      delivery.lease = null;
      restoreOrder(state, delivery, 0);
    },

    /** Returns whether the claim is lost. */
    renewDelivery(claim: ModelClaim, until: number): boolean {
      if (!isValid(claim, state)) return true;
      const { delivery, owner } = claim;
      delivery.lease = { owner, until };
      const probed = state.destinations.find(({ probe }) => probe === delivery);
      if (probed !== undefined) probed.pausedUntil = Math.max(probed.pausedUntil, until);
      return false;
    },

    redeliver(delivery: ModelDelivery, now: number): boolean {
      const { jobId, webhookId } = delivery;
      const before = state.deliveries
        .slice(0, state.deliveries.indexOf(delivery))
        .filter((each) => jobId !== null && each.jobId === jobId && each.webhookId === webhookId);
      if (!state.deliveries.includes(delivery) || delivery.lease !== null) return false;
      if (before.some(isPending) || isOff(state, webhookId)) return false;
      if (!hasPayload(state, delivery)) return false;
      delivery.revivedAt = now;
      if (delivery.state === "due") delivery.dueAt = Math.min(delivery.dueAt ?? now, now);
      else {
        const retriesUsed = retriesOf(state, delivery);
        Object.assign(delivery, {
          state: "due",
          dueAt: now,
          reason: null,
          endedAt: null,
          retriesUsed,
        });
      }
      restoreOrder(state, delivery, now);
      resume(state, delivery.destinationKey, now);
      return true;
    },

    /** Returns the numbers of deliveries and of destinations. */
    redeliverJob(id: string, { failedBy, now }: { failedBy: number; now: number }) {
      if (!state.jobs.some(({ spec }) => spec.id === id)) return null;
      const dead = state.deliveries.filter(
        (each) =>
          each.jobId === id &&
          each.state === "dead" &&
          each.lease === null &&
          (each.endedAt ?? 0) <= failedBy &&
          !isOff(state, each.webhookId) &&
          hasPayload(state, each),
      );
      for (const each of dead) {
        const again = { state: "waiting", dueAt: null, reason: null, endedAt: null };
        Object.assign(each, { ...again, retriesUsed: 0, revivedAt: now });
      }
      for (const each of dead) restoreOrder(state, each, now);
      const keys = new Set(dead.map(({ destinationKey }) => destinationKey));
      for (const key of keys) resume(state, key, now);
      return [dead.length, keys.size];
    },

    recoverDeliveries(request: { destination: string; since: number; limit: number; now: number }) {
      const { destination, since, limit, now } = request;
      if (isOff(state, destination)) return { recovered: 0, more: false };
      const own = state.deliveries.filter(
        (each) =>
          each.destinationKey === destination && each.eventAt >= since && each.revivedAt !== now,
      );
      const dead = own
        .filter((each) => each.state === "dead" && hasPayload(state, each))
        .toSorted((a, b) => a.eventAt - b.eventAt || a.order - b.order)
        .slice(0, limit);
      const late = own
        .filter((each) => isFree(each) && each.attempts > 0 && (each.dueAt ?? 0) > now)
        .toSorted((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0) || a.order - b.order)
        .slice(0, limit - dead.length);
      for (const each of dead) {
        const dueAt = each.jobId === null ? now : null;
        const again = each.jobId === null ? "due" : "waiting";
        Object.assign(each, {
          state: again,
          dueAt,
          reason: null,
          endedAt: null,
          retriesUsed: 0,
          revivedAt: now,
          lease: null,
        });
      }
      for (const each of late) Object.assign(each, { dueAt: now, revivedAt: now });
      for (const each of dead) restoreOrder(state, each, now);
      resume(state, destination, now);
      const recovered = dead.length + late.length;
      return { recovered, more: recovered === limit };
    },

    shiftDue({ now, byMs }: { now: number; byMs: number }): void {
      for (const each of state.deliveries) {
        if (each.state === "due" && (each.dueAt ?? 0) > now) each.dueAt = (each.dueAt ?? 0) + byMs;
      }
      for (const job of state.jobs) {
        const { key } = job;
        if (key !== null && (key.until ?? 0) > now) {
          job.key = { ...key, until: (key.until ?? 0) + byMs };
          const isWaiting = job.status === "queued" && !job.isDue && job.failedAttempts === 0;
          if (key.kind === "debounce" && isWaiting) job.runAt += byMs;
        }
        const isRetrying = job.status === "queued" && job.failedAttempts > 0 && !job.isDue;
        if (isRetrying && job.runAt > now) job.runAt += byMs;
        if (job.waitingFor === null || job.waitingFor.since <= now) continue;
        job.waitingFor = { ...job.waitingFor, since: job.waitingFor.since + byMs };
      }
      for (const destination of state.destinations) shiftDestination(destination, { now, byMs });
      for (const { pauses } of state.limits.values()) {
        for (const [key, pause] of pauses) {
          const { until, isSpan } = pause;
          if (until !== null && isSpan && until > now)
            pauses.set(key, { ...pause, until: until + byMs });
        }
      }
    },
  };
}

function shiftDestination(destination: ModelDestination, by: { now: number; byMs: number }): void {
  const shifted = (at: number) => (at > by.now ? at + by.byMs : at);
  const { pausedUntil, bucket } = destination;
  destination.pausedUntil = shifted(pausedUntil);
  destination.bucket = { ...bucket, refilledAt: shifted(bucket.refilledAt) };
}

function retriesOf(state: ModelState, { webhookId, jobId, subjectId }: ModelDelivery): number {
  const own = state.jobs.find(({ spec }) => spec.id === jobId)?.spec.webhook;
  const candidates = [
    own,
    state.batches.find(({ spec }) => spec.id === subjectId)?.webhook,
    state.webhooks.find(({ spec }) => spec.id === webhookId)?.spec,
  ];
  return candidates.find((each) => each?.id === webhookId)?.retries ?? 0;
}

function isOff(state: ModelState, webhookId: string): boolean {
  return state.webhooks.some(({ spec, state: is }) => spec.id === webhookId && is === "off");
}
