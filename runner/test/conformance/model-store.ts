/**
 * The store's port as simply as it can be said: plain arrays, every method at once, nothing indexed.
 * What a real store answers to any order of calls is compared with what this one does.
 */
import { wants } from "../../src/domain/delivery.ts";
import type { JobEvent } from "../../src/domain/event.ts";
import {
  hasEnded,
  type JobStatus,
  type RunningJob,
  type Transition,
} from "../../src/domain/job.ts";
import type { StepRecord } from "../../src/domain/job.ts";
import type { Claim, NewJob, SubmitOutcome } from "../../src/ports/store.ts";

interface Lease {
  readonly owner: string;
  readonly until: number;
}

export interface ModelJob {
  readonly spec: NewJob;
  status: JobStatus;
  fence: number;
  sequence: number;
  stepAttempts: number;
  startedAt: number | null;
  endedAt: number | null;
  lease: Lease | null;
  steps: StepRecord[];
  readonly events: JobEvent[];
  readonly line: ModelDelivery[];
}

export interface ModelDelivery {
  readonly jobId: string;
  readonly event: JobEvent;
  /** Order of making, which decides between deliveries that are due at the same instant. */
  readonly order: number;
  state: "waiting" | "due" | "delivered" | "dead";
  dueAt: number;
  attempts: number;
  lease: Lease | null;
}

interface ClaimRequest extends LeaseRequest {
  readonly ahead: number;
}

interface LeaseRequest {
  readonly owner: string;
  readonly limit: number;
  readonly now: number;
  readonly leaseUntil: number;
}

export type ModelStore = ReturnType<typeof createModelStore>;

export function createModelStore({ exclusive }: { exclusive: boolean }) {
  let jobs: ModelJob[] = [];
  let made = 0;

  const find = (id: string) => jobs.find((job) => job.spec.id === id);
  const count = (status: JobStatus) => jobs.filter((job) => job.status === status).length;
  const deliveries = () => jobs.flatMap((job) => job.line);
  const isGone = (lease: Lease | null, { owner, now }: { owner: string; now: number }) =>
    lease !== null && (lease.until < now || (exclusive && lease.owner !== owner));
  const held = ({ jobId, fence }: Claim) => {
    const job = find(jobId);
    return job?.fence === fence ? job : undefined;
  };

  function putBack(job: ModelJob): void {
    Object.assign(job, { status: "queued", lease: null, fence: job.fence + 1 });
  }

  function promote(line: readonly ModelDelivery[], at: number): void {
    const first = line.find(({ state }) => state === "waiting" || state === "due");
    if (first?.state === "waiting") Object.assign(first, { state: "due", dueAt: at });
  }

  return {
    jobs: () => jobs,
    deliveries,
    counts: () => ({
      jobs: {
        queued: count("queued"),
        running: count("running"),
        completed: count("completed"),
        failed: count("failed"),
      },
      deliveries: Object.fromEntries(
        ["waiting", "due", "delivered", "dead"].map((state) => [
          state,
          deliveries().filter((delivery) => delivery.state === state).length,
        ]),
      ),
      webhooks: { active: 0, paused: 0, off: 0 },
    }),

    submitJob(spec: NewJob, { maxQueued }: { maxQueued: number }): SubmitOutcome {
      const key = spec.idempotency?.key;
      const known = jobs.find((job) => key !== undefined && job.spec.idempotency?.key === key);
      if (known !== undefined) {
        const sameRequest = known.spec.idempotency?.fingerprint === spec.idempotency?.fingerprint;
        return { kind: "duplicate", id: known.spec.id, sameRequest };
      }
      const queued = count("queued");
      if (queued >= maxQueued) return { kind: "queue-full", queued };
      jobs.push({
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
        line: [],
      });
      return { kind: "accepted" };
    },

    claimJobs({ owner, limit, ahead, now, leaseUntil }: ClaimRequest) {
      const ready = jobs
        .filter((job) => job.status === "queued" && job.spec.runAt <= now)
        .toSorted((a, b) => b.spec.priority - a.spec.priority);
      const interrupted = ready.findIndex((job) => job.stepAttempts > 0);
      const end =
        limit + (interrupted === -1 ? ahead : Math.max(0, Math.min(ahead, interrupted - limit)));
      return ready.slice(0, end).map((job): RunningJob => {
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
      const job = held(claim);
      const { status, sequence, events, step, endedAt } = transition;
      if (job === undefined || hasEnded(job.status)) return false;
      if (sequence !== job.sequence + events.length) return false;
      Object.assign(job, { status, sequence, endedAt: endedAt ?? null });
      if (hasEnded(status)) job.lease = null;
      if (step !== undefined) job.steps.push(step);
      if (step?.status === "completed") job.stepAttempts = 1;
      job.events.push(...events);
      for (const event of events) {
        if (job.spec.webhook === null || !wants(job.spec.webhook.on, event.kind)) continue;
        made += 1;
        const fresh = { state: "waiting", dueAt: 0, attempts: 0, lease: null } as const;
        job.line.push({ jobId: job.spec.id, event, order: made, ...fresh });
        promote(job.line, event.at);
      }
      return true;
    },

    releaseJob(claim: Claim): void {
      const job = held(claim);
      if (job?.status !== "running") return;
      putBack(job);
      job.stepAttempts -= 1;
    },

    requeueJob(claim: Claim): boolean {
      const job = held(claim);
      if (job?.status !== "failed") return false;
      putBack(job);
      job.steps = job.steps.filter(({ status }) => status === "completed");
      Object.assign(job, { stepAttempts: 0, endedAt: null });
      return true;
    },

    renewLease(claim: Claim, until: number): void {
      const job = held(claim);
      if (job?.status === "running" && job.lease !== null) job.lease = { ...job.lease, until };
    },

    reap(request: { owner: string; now: number }): number {
      const gone = jobs.filter((job) => isGone(job.lease, request));
      for (const job of gone) putBack(job);
      for (const each of deliveries()) if (isGone(each.lease, request)) each.lease = null;
      return gone.length;
    },

    pruneJobs({ endedBefore, limit }: { endedBefore: number; limit: number }): number {
      const old = jobs
        .filter((job) => job.endedAt !== null && job.endedAt < endedBefore)
        .filter((job) => !job.line.some(({ state }) => state === "waiting" || state === "due"))
        .toSorted((a, b) => a.endedAt! - b.endedAt!)
        .slice(0, limit);
      jobs = jobs.filter((job) => !old.includes(job));
      return old.length;
    },

    claimDeliveries({ owner, limit, now, leaseUntil }: LeaseRequest): ModelDelivery[] {
      const due = deliveries()
        .filter(({ state, dueAt, lease }) => state === "due" && dueAt <= now && lease === null)
        .toSorted((a, b) => a.dueAt - b.dueAt || a.order - b.order)
        .slice(0, limit);
      for (const each of due) each.lease = { owner, until: leaseUntil };
      return due;
    },

    recordAttempt(
      delivery: ModelDelivery,
      outcome: { number: number; at: number; state: "due" | "delivered" | "dead"; dueAt: number },
    ): void {
      if (delivery.state !== "due" || outcome.number <= delivery.attempts) return;
      const { number: attempts, state, dueAt, at } = outcome;
      Object.assign(delivery, { attempts, state, dueAt, lease: null });
      if (state !== "due") promote(find(delivery.jobId)?.line ?? [], at);
    },

    releaseDelivery(delivery: ModelDelivery): void {
      delivery.lease = null;
    },
  };
}
