import { hasEnded, type RunningJob } from "../../../src/domain/job.ts";
import type { Transition } from "../../../src/domain/transition.ts";
import type {
  Claim,
  DeleteOutcome,
  NewJob,
  RetryFrom,
  SubmitOutcome,
} from "../../../src/ports/store/jobs.ts";
import type { Beat, PruneRequest } from "../../../src/ports/store/upkeep.ts";
import { restoreOrder, newDelivery } from "./deliveries.ts";
import {
  deleteUnusedDestinations,
  endProbe,
  isNeeded,
  isPending,
  isReapable,
  findOrCreateDestination,
  forgetDaemons,
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
    attempts: [],
    failedAttempts: 0,
    failedMs: 0,
    runAt: spec.runAt,
    isDue: spec.runAt <= spec.createdAt,
    events: [],
  });
  if (spec.webhook !== null) findOrCreateDestination(state, spec.webhook.destination);
}

function nextPlugin({ spec, steps }: ModelJob): string {
  return spec.plugins[steps.length]?.name ?? "";
}

export function createJobModel(state: ModelState) {
  const findClaimed = ({ jobId, fence, owner }: Claim) =>
    state.jobs.find(
      (job) => job.spec.id === jobId && job.fence === fence && (job.lease?.owner ?? null) === owner,
    );

  function putBack(job: ModelJob): void {
    Object.assign(job, { status: "queued", lease: null, fence: job.fence + 1 });
    if (job.sequence === 0) job.startedAt = null;
  }

  /** Returns whether the limit ended it. */
  function pruneBatches(endedBefore: number, limit: number) {
    const seen = state.batches
      .filter(({ callback }) => callback !== null && callback.at < endedBefore)
      .toSorted((a, b) => a.callback!.at - b.callback!.at)
      .slice(0, limit);
    const old = seen.filter(({ spec }) =>
      state.deliveries.every((each) => each.subjectId !== spec.id || !isNeeded(each, endedBefore)),
    );
    state.batches = state.batches.filter((batch) => !old.includes(batch));
    const ids = new Set(old.map(({ spec }) => spec.id));
    state.deliveries = state.deliveries.filter(({ subjectId }) => !ids.has(subjectId));
    return { removed: old.length, more: seen.length === limit };
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
      elsewhere: readonly string[];
      waitingSinceBefore: number;
    }) {
      const { owner, limit, ahead, now, leaseUntil, plugins, waitingSinceBefore } = request;
      const isElsewhere = (name: string) => request.elsewhere.includes(name);
      const isReady = (name: string) => plugins.includes(name);
      for (const job of state.jobs) {
        job.isDue ||= job.status === "queued" && job.runAt <= now;
        if (job.waitingFor !== null && isReady(job.waitingFor.on)) job.waitingFor = null;
      }
      const claimed: RunningJob[] = state.jobs
        .filter(({ waitingFor }) => waitingFor !== null && waitingFor.since <= waitingSinceBefore)
        .toSorted((a, b) => a.waitingFor!.since - b.waitingFor!.since)
        .slice(0, limit)
        .flatMap((job) => {
          const waitedFor = job.waitingFor!;
          if (isElsewhere(waitedFor.on)) {
            job.waitingFor = { ...waitedFor, since: now };
            return [];
          }
          job.waitingFor = null;
          return [{ ...lease(job), waitedFor }];
        });
      const ready = state.jobs
        .filter((job) => job.status === "queued" && job.waitingFor === null)
        .filter((job) => job.isDue)
        .toSorted((a, b) => b.spec.priority - a.spec.priority);
      let wasInterrupted = false;
      for (const job of ready) {
        if (claimed.length >= limit + ahead) break;
        const on = nextPlugin(job);
        if (!isReady(on) && (now > waitingSinceBefore || isElsewhere(on))) {
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
        const { webhook: _, idempotency: __, tags: ___, ...spec } = job.spec;
        const { fence, sequence, stepAttempts, startedAt } = job;
        const completedSteps = job.steps.map(({ plugin, metrics, output }) => ({
          plugin,
          metrics: metrics!,
          output: output!,
        }));
        const { failedAttempts: count, failedMs: durationMs } = job;
        return {
          ...spec,
          runAt: job.runAt,
          fence,
          owner,
          sequence,
          stepAttempts,
          startedAt,
          completedSteps,
          ...(count > 0 && { failedAttempts: { count, durationMs } }),
        };
      }
    },

    commitTransition(claim: Claim, transition: Transition): boolean {
      const job = findClaimed(claim);
      if (job === undefined || hasEnded(job.status)) return false;
      if (transition.sequence !== job.sequence + transition.events.length) return false;
      if (transition.status === "queued") {
        if (job.status !== "running") return false;
        putBack(job);
        job.attempts.push({ ...transition.attempt, isPast: false });
        job.failedAttempts += 1;
        job.failedMs += transition.durationMs;
        Object.assign(job, { stepAttempts: 0, runAt: transition.at, isDue: false });
        return true;
      }
      const { status, sequence, events, step, endedAt } = transition;
      Object.assign(job, { status, sequence, endedAt: endedAt ?? null });
      if (hasEnded(status)) Object.assign(job, { lease: null, waitingFor: null });
      if (step !== undefined) job.steps.push(step);
      if (step?.status === "completed")
        Object.assign(job, { stepAttempts: 1, failedAttempts: 0, failedMs: 0 });
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

    requeueJob(claim: Claim, { now, from }: { now: number; from?: RetryFrom }): boolean {
      const job = findClaimed(claim);
      if (job?.status !== "failed") return false;
      putBack(job);
      for (const { index: step, startedAt, endedAt, failure } of job.steps) {
        const number = job.failedAttempts + 1;
        const attempt = { step, number, startedAt, endedAt, isPast: true };
        if (failure !== null) job.attempts.push({ ...attempt, failure });
      }
      job.steps = job.steps.filter(({ status }) => status === "completed" && from !== "start");
      const completed = job.steps.length;
      job.attempts = job.attempts.map((attempt) => ({
        ...attempt,
        isPast: attempt.isPast || attempt.step >= completed,
      }));
      if (job.startedAt !== null) job.runAt = Math.min(job.runAt, now);
      const isDue = job.runAt <= now;
      const counts = { stepAttempts: 0, failedAttempts: 0, failedMs: 0 };
      Object.assign(job, { ...counts, endedAt: null, isDue });
      return true;
    },

    /** Returns whether the claim is lost. */
    renewJob(claim: Claim, until: number): boolean {
      const job = findClaimed(claim);
      if (job?.status !== "running" || job.lease === null) return true;
      job.lease = { ...job.lease, until };
      return false;
    },

    beat({ owner, now, until, plugins }: Beat): readonly string[] {
      state.daemons.set(owner, { until, plugins });
      const others = [...state.daemons].filter(
        ([name, daemon]) => name !== owner && daemon.until >= now,
      );
      return [...new Set(others.flatMap(([, daemon]) => daemon.plugins))];
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
      forgetDaemons(state, request);
      return released.length;
    },

    deleteJob(id: string): DeleteOutcome {
      const job = state.jobs.find(({ spec }) => spec.id === id);
      if (job === undefined) return "unknown";
      if (!hasEnded(job.status)) return "not-ended";
      if (state.batches.some(({ jobIds }) => jobIds.includes(id))) return "in-batch";
      const own = state.deliveries.filter(({ jobId }) => jobId === id);
      if (own.some((each) => isPending(each) || each.lease !== null)) return "undelivered";
      state.jobs = state.jobs.filter((each) => each !== job);
      state.deliveries = state.deliveries.filter((each) => !own.includes(each));
      deleteUnusedDestinations(state);
      return "deleted";
    },

    pruneJobs({ endedBefore, failedBefore = endedBefore, limit }: PruneRequest) {
      const batches = pruneBatches(Math.min(endedBefore, failedBefore), limit);
      const before = ({ status }: ModelJob) => (status === "failed" ? failedBefore : endedBefore);
      const kept = new Set(state.batches.flatMap(({ jobIds }) => jobIds));
      const isBusy = (job: ModelJob) =>
        state.deliveries.some(
          (each) => each.subjectId === job.spec.id && isNeeded(each, before(job)),
        );
      const seen = state.jobs
        .filter((job) => job.endedAt !== null && job.endedAt < Math.max(endedBefore, failedBefore))
        .toSorted((a, b) => a.endedAt! - b.endedAt!)
        .slice(0, limit);
      const old = seen.filter(
        (job) => job.endedAt! < before(job) && !kept.has(job.spec.id) && !isBusy(job),
      );
      const ids = new Set(old.map(({ spec }) => spec.id));
      state.jobs = state.jobs.filter((job) => !old.includes(job));
      state.deliveries = state.deliveries.filter(({ subjectId }) => !ids.has(subjectId));
      deleteUnusedDestinations(state);
      return {
        jobs: old.length,
        batches: batches.removed,
        more: batches.more || seen.length === limit,
      };
    },
  };
}
