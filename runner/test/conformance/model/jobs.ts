import {
  hasEnded,
  MAX_STEP_ATTEMPTS,
  type RunningJob,
  type Transition,
} from "../../../src/domain/job.ts";
import type { Claim, NewJob, SubmitOutcome } from "../../../src/ports/store/jobs.ts";
import { restoreOrder, newDelivery } from "./deliveries.ts";
import {
  deleteUnusedDestinations,
  isReapable,
  isPending,
  findOrCreateDestination,
  receiversOf,
  type ModelJob,
  type ModelState,
} from "./state.ts";

export function newModelJob(state: ModelState, spec: NewJob): void {
  state.jobs.push({
    spec,
    status: "queued",
    fence: 0,
    sequence: 0,
    stepAttempts: 0,
    startedAt: null,
    endedAt: null,
    lease: null,
    steps: [],
    events: [],
  });
  if (spec.webhook !== null) findOrCreateDestination(state, spec.webhook.destination);
}

export function createJobModel(state: ModelState) {
  const findClaimed = ({ jobId, fence }: Claim) =>
    state.jobs.find((job) => job.spec.id === jobId && job.fence === fence);

  function putBack(job: ModelJob): void {
    Object.assign(job, { status: "queued", lease: null, fence: job.fence + 1 });
    if (job.sequence === 0) job.startedAt = null;
  }

  function pruneBatches(endedBefore: number, limit: number): void {
    const old = state.batches
      .filter(({ callback }) => callback !== null && callback.at < endedBefore)
      .filter(({ spec }) =>
        state.deliveries.every((each) => each.subjectId !== spec.id || !isPending(each)),
      )
      .toSorted((a, b) => a.callback!.at - b.callback!.at)
      .slice(0, limit);
    state.batches = state.batches.filter((batch) => !old.includes(batch));
    const ids = new Set(old.map(({ spec }) => spec.id));
    state.deliveries = state.deliveries.filter(({ subjectId }) => !ids.has(subjectId));
  }

  return {
    submitJob(spec: NewJob, { maxQueued }: { maxQueued: number }): SubmitOutcome {
      const key = spec.idempotency?.key;
      const known = state.jobs.find((j) => key !== undefined && j.spec.idempotency?.key === key);
      if (known !== undefined) {
        const sameRequest = known.spec.idempotency?.fingerprint === spec.idempotency?.fingerprint;
        return { kind: "duplicate", id: known.spec.id, sameRequest };
      }
      const queued = state.jobs.filter(({ status }) => status === "queued").length;
      if (queued >= maxQueued) return { kind: "queue-full", queued };
      newModelJob(state, spec);
      return { kind: "accepted" };
    },

    claimJobs(request: {
      owner: string;
      limit: number;
      ahead: number;
      now: number;
      leaseUntil: number;
    }) {
      const { owner, limit, ahead, now, leaseUntil } = request;
      const ready = state.jobs
        .filter((job) => job.status === "queued" && job.spec.runAt <= now)
        .toSorted((a, b) => b.spec.priority - a.spec.priority);
      const interrupted = ready.findIndex((job) => job.stepAttempts > 0);
      const end =
        limit + (interrupted === -1 ? ahead : Math.max(0, Math.min(ahead, interrupted - limit)));
      const running = state.jobs.filter(({ status }) => status === "running");
      if (running.some(({ stepAttempts }) => stepAttempts === MAX_STEP_ATTEMPTS)) return [];
      const lastAttempt = ready.findIndex(
        ({ stepAttempts }) => stepAttempts === MAX_STEP_ATTEMPTS - 1,
      );
      const isAlone = lastAttempt === 0 && running.length === 0;
      const most = lastAttempt === -1 ? end : Math.min(end, isAlone ? 1 : lastAttempt);
      return ready.slice(0, most).map((job): RunningJob => {
        job.status = "running";
        job.fence += 1;
        job.stepAttempts += 1;
        job.startedAt ??= now;
        job.lease = { owner, until: leaseUntil };
        const { webhook: _, idempotency: __, ...spec } = job.spec;
        const { fence, sequence, stepAttempts, startedAt } = job;
        const completedSteps = job.steps.map(({ plugin, metrics, output }) => ({
          plugin,
          metrics: metrics!,
          output: output!,
        }));
        return { ...spec, fence, sequence, stepAttempts, startedAt, completedSteps };
      });
    },

    commitTransition(claim: Claim, transition: Transition): boolean {
      const job = findClaimed(claim);
      const { status, sequence, events, step, endedAt } = transition;
      if (job === undefined || hasEnded(job.status)) return false;
      if (sequence !== job.sequence + events.length) return false;
      Object.assign(job, { status, sequence, endedAt: endedAt ?? null });
      if (hasEnded(status)) job.lease = null;
      if (step !== undefined) job.steps.push(step);
      if (step?.status === "completed") job.stepAttempts = 1;
      job.events.push(...events);
      const { id } = job.spec;
      for (const { kind, body, at, sequence: number } of events) {
        for (const { id: webhookId, destinationKey } of receiversOf(state, job, { kind, at })) {
          const event = { sequence: number, kind, body, eventAt: at };
          newDelivery(state, { subjectId: id, jobId: id, webhookId, destinationKey, ...event });
        }
      }
      return true;
    },

    releaseJob(claim: Claim, countsAttempt: boolean): void {
      const job = findClaimed(claim);
      if (job?.status !== "running") return;
      putBack(job);
      if (!countsAttempt) job.stepAttempts -= 1;
    },

    requeueJob(claim: Claim): boolean {
      const job = findClaimed(claim);
      if (job?.status !== "failed") return false;
      putBack(job);
      job.steps = job.steps.filter(({ status }) => status === "completed");
      Object.assign(job, { stepAttempts: 0, endedAt: null });
      return true;
    },

    renewLease(claim: Claim, until: number): void {
      const job = findClaimed(claim);
      if (job?.status === "running" && job.lease !== null) job.lease = { ...job.lease, until };
    },

    reap(request: { owner: string; now: number }): number {
      const released = state.jobs.filter((job) => isReapable(state, job.lease, request));
      for (const job of released) putBack(job);
      const freed = state.deliveries.filter((each) => isReapable(state, each.lease, request));
      for (const each of freed) each.lease = null;
      for (const each of freed) restoreOrder(state, each, request.now);
      return released.length;
    },

    pruneJobs({ endedBefore, limit }: { endedBefore: number; limit: number }): number {
      pruneBatches(endedBefore, limit);
      const kept = new Set(state.batches.flatMap(({ jobIds }) => jobIds));
      const busy = new Set(state.deliveries.filter(isPending).map(({ subjectId }) => subjectId));
      const old = state.jobs
        .filter((job) => job.endedAt !== null && job.endedAt < endedBefore)
        .filter(({ spec }) => !kept.has(spec.id) && !busy.has(spec.id))
        .toSorted((a, b) => a.endedAt! - b.endedAt!)
        .slice(0, limit);
      const ids = new Set(old.map(({ spec }) => spec.id));
      state.jobs = state.jobs.filter((job) => !old.includes(job));
      state.deliveries = state.deliveries.filter(({ subjectId }) => !ids.has(subjectId));
      deleteUnusedDestinations(state);
      return old.length;
    },
  };
}
