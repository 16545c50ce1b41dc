import { hasEnded, type RunningJob, type Transition } from "../../../src/domain/job.ts";
import type { Claim, NewJob, SubmitOutcome } from "../../../src/ports/store/jobs.ts";
import { restoreOrder, newDelivery } from "./deliveries.ts";
import {
  deleteUnusedDestinations,
  endProbe,
  isNeeded,
  isReapable,
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
    waitingFor: null,
    steps: [],
    events: [],
  });
  if (spec.webhook !== null) findOrCreateDestination(state, spec.webhook.destination);
}

function nextPlugin({ spec, steps }: ModelJob): string {
  return spec.plugins[steps.length]?.name ?? "";
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
        state.deliveries.every(
          (each) => each.subjectId !== spec.id || !isNeeded(each, endedBefore),
        ),
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
      plugins: readonly string[];
      waitingSinceBefore: number;
    }) {
      const { owner, limit, ahead, now, leaseUntil, plugins, waitingSinceBefore } = request;
      const isReady = (name: string) => plugins.includes(name);
      for (const job of state.jobs) {
        if (job.waitingFor !== null && isReady(job.waitingFor.on)) job.waitingFor = null;
      }
      const claimed: RunningJob[] = state.jobs
        .filter(({ waitingFor }) => waitingFor !== null && waitingFor.since <= waitingSinceBefore)
        .toSorted((a, b) => a.waitingFor!.since - b.waitingFor!.since)
        .slice(0, limit)
        .map((job) => {
          const waitedFor = job.waitingFor!;
          job.waitingFor = null;
          return { ...lease(job), waitedFor };
        });
      const ready = state.jobs
        .filter((job) => job.status === "queued" && job.waitingFor === null)
        .filter((job) => job.spec.runAt <= now)
        .toSorted((a, b) => b.spec.priority - a.spec.priority);
      let wasInterrupted = false;
      for (const job of ready) {
        if (claimed.length >= limit + ahead) break;
        const on = nextPlugin(job);
        if (!isReady(on) && now > waitingSinceBefore) {
          job.waitingFor = { kind: "plugin", on, since: now };
          continue;
        }
        wasInterrupted ||= job.stepAttempts > 0;
        if (claimed.length >= limit && wasInterrupted) break;
        const waitedFor = { kind: "plugin", on, since: now } as const;
        claimed.push({ ...lease(job), ...(!isReady(on) && { waitedFor }) });
      }
      return claimed;

      function lease(job: ModelJob): RunningJob {
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
      }
    },

    commitTransition(claim: Claim, transition: Transition): boolean {
      const job = findClaimed(claim);
      const { status, sequence, events, step, endedAt } = transition;
      if (job === undefined || hasEnded(job.status)) return false;
      if (sequence !== job.sequence + events.length) return false;
      Object.assign(job, { status, sequence, endedAt: endedAt ?? null });
      if (hasEnded(status)) Object.assign(job, { lease: null, waitingFor: null });
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
      for (const each of freed) {
        endProbe(state, each);
        each.lease = null;
      }
      for (const each of freed) restoreOrder(state, each, request.now);
      return released.length;
    },

    pruneJobs({ endedBefore, limit }: { endedBefore: number; limit: number }): number {
      pruneBatches(endedBefore, limit);
      const kept = new Set(state.batches.flatMap(({ jobIds }) => jobIds));
      const busy = new Set(
        state.deliveries
          .filter((each) => isNeeded(each, endedBefore))
          .map(({ subjectId }) => subjectId),
      );
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
