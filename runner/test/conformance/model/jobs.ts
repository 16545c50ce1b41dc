import { hasEnded, type RunningJob } from "../../../src/domain/job.ts";
import { hasKey, isUntouched } from "../../../src/domain/job-key.ts";
import type { Transition } from "../../../src/domain/transition.ts";
import type {
  Claim,
  DeleteOutcome,
  Idempotency,
  JobWrites,
  MergeOutcome,
  NewJob,
  SubmitOutcome,
} from "../../../src/ports/store/jobs.ts";
import type { StoredLimit } from "../../../src/ports/store/limits.ts";
import type { Beat, PruneRequest } from "../../../src/ports/store/upkeep.ts";
import { ensureLimits, findFullLimit, giveSlots, lineUp } from "./limits.ts";
import { endScheduled, reopenScheduled } from "./schedules.ts";
import { restoreOrder, newDelivery } from "./deliveries.ts";
import {
  deleteUnusedDestinations,
  endProbe,
  findRequest,
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
    joined: [],
    key: spec.key ?? null,
    status: "queued",
    fence: 0,
    sequence: 0,
    stepAttempts: 0,
    startedAt: null,
    endedAt: null,
    payloadsRemovedAt: null,
    lease: null,
    waitingFor: null,
    steps: [],
    attempts: [],
    failedAttempts: 0,
    failedMs: 0,
    runAt: spec.runAt,
    isDue: spec.runAt <= spec.createdAt,
    events: [],
    limit: spec.limits?.[0] ?? null,
    hasSlot: false,
  });
  ensureLimits(state, spec.declaredLimits);
  if (spec.webhook !== null) findOrCreateDestination(state, spec.webhook.destination);
}

/** Why a new job is not accepted, or null. */
export function refuseJobs(
  state: ModelState,
  jobs: readonly NewJob[],
  maxQueued: number,
): SubmitOutcome | null {
  const queued = state.jobs.filter(({ status }) => status === "queued").length;
  if (jobs.length > 0 && queued + jobs.length > maxQueued) return { kind: "queue-full", queued };
  return findFullLimit(state, jobs);
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
    lineUp(job);
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
      const known = findRequest(state, spec.idempotency);
      if (known !== null) return { kind: "duplicate", ...known };
      const identity = spec.key?.identity;
      const last = state.jobs.find(({ key }) => key !== null && key.identity === identity);
      if (last?.key && hasKey(last.key, last, spec.createdAt)) {
        const isJoined = last.key.kind === "dedupe" && spec.idempotency !== null;
        if (isJoined && spec.idempotency !== null) last.joined.push(spec.idempotency);
        return { kind: "held", id: last.spec.id };
      }
      const refusal = refuseJobs(state, [spec], maxQueued);
      if (refusal !== null) return refusal;
      if (last?.key) last.key = { ...last.key, identity: "" };
      newModelJob(state, spec);
      return { kind: "accepted" };
    },

    mergeJob(
      id: string,
      {
        job: next,
        identity,
        now,
        idempotency,
      }: { job: NewJob; identity: string; now: number; idempotency: Idempotency | null },
    ): MergeOutcome {
      const job = state.jobs.find(({ spec }) => spec.id === id);
      if (job === undefined || job.key?.identity !== identity || !isUntouched(job)) {
        return { kind: "changed" };
      }
      if (findRequest(state, idempotency) !== null) return { kind: "changed" };
      const { id: _, createdAt: __, key: ___, idempotency: ____, ...fields } = next;
      const { createdAt, key, idempotency: own } = job.spec;
      const tags = { ...(next.tags !== undefined && { tags: next.tags }) };
      job.spec = { ...fields, ...tags, id, createdAt, idempotency: own, ...(key && { key }) };
      const isDue = next.runAt <= now;
      Object.assign(job, { runAt: next.runAt, isDue, waitingFor: null, fence: job.fence + 1 });
      ensureLimits(state, next.declaredLimits);
      lineUp(job);
      if (idempotency !== null) job.joined.push(idempotency);
      if (next.webhook !== null) findOrCreateDestination(state, next.webhook.destination);
      deleteUnusedDestinations(state);
      return { kind: "merged" };
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
      /** The limits as the store has left them, and whether it says that it has more slots to give. */
      limits: readonly StoredLimit[];
      isMore: boolean;
    }) {
      const { owner, limit, ahead, now, leaseUntil, plugins, waitingSinceBefore } = request;
      const isElsewhere = (name: string) => request.elsewhere.includes(name);
      const isReady = (name: string) => plugins.includes(name);
      for (const job of state.jobs) {
        job.isDue ||= job.status === "queued" && job.runAt <= now;
        if (job.waitingFor !== null && isReady(job.waitingFor.on)) job.waitingFor = null;
      }
      giveSlots(state, request);
      const claimed: RunningJob[] = state.jobs
        .filter(({ waitingFor }) => waitingFor !== null && waitingFor.since <= waitingSinceBefore)
        .toSorted((a, b) => a.waitingFor!.since - b.waitingFor!.since)
        .slice(0, limit)
        .flatMap((job) => {
          const waitedFor = job.waitingFor!;
          if (isElsewhere(waitedFor.on)) {
            beginWait(job, waitedFor.on);
            return [];
          }
          job.waitingFor = null;
          return [{ ...lease(job), waitedFor }];
        });
      const ready = state.jobs
        .filter((job) => job.status === "queued" && job.waitingFor === null)
        .filter((job) => job.isDue && (job.limit === null || job.hasSlot))
        .toSorted((a, b) => b.spec.priority - a.spec.priority);
      let wasInterrupted = false;
      for (const job of ready) {
        if (claimed.length >= limit + ahead) break;
        const on = nextPlugin(job);
        if (!isReady(on) && (now > waitingSinceBefore || isElsewhere(on))) {
          beginWait(job, on);
          continue;
        }
        wasInterrupted ||= job.stepAttempts > 0;
        if (claimed.length >= limit && wasInterrupted) break;
        const waitedFor = { kind: "plugin", on, since: now } as const;
        claimed.push({ ...lease(job), ...(!isReady(on) && { waitedFor }) });
      }
      return claimed;

      /** It gives back its slot. */
      function beginWait(job: ModelJob, on: string): void {
        Object.assign(job, { waitingFor: { kind: "plugin", on, since: now }, hasSlot: false });
      }

      function lease(job: ModelJob): RunningJob {
        job.status = "running";
        job.fence += 1;
        job.stepAttempts += 1;
        job.startedAt ??= now;
        job.lease = { owner, until: leaseUntil };
        const { webhook: _, idempotency: __, tags: ___, key: ____, ...own } = job.spec;
        const { declaredLimits: _____, ...spec } = own;
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
      if (endedAt !== undefined)
        endScheduled(state, job.spec.id, { schedule: transition.schedule, status, at: endedAt });
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

    requeueJob(
      claim: Claim,
      { now, from, trace }: Parameters<JobWrites["requeueJob"]>[1],
    ): boolean {
      const job = findClaimed(claim);
      if (job?.status !== "failed" || job.payloadsRemovedAt !== null) return false;
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
      if (trace !== undefined) job.spec = { ...job.spec, trace };
      const isDue = job.runAt <= now;
      const counts = { stepAttempts: 0, failedAttempts: 0, failedMs: 0 };
      Object.assign(job, { ...counts, endedAt: null, isDue });
      lineUp(job);
      reopenScheduled(state, job.spec.id);
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
