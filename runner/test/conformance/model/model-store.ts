/**
 * The simplest implementation of the store's port: plain arrays, synchronous methods, no indexes. A
 * real store must return the same for any order of calls.
 */
import { SCHEDULE_STATES } from "../../../src/domain/schedule.ts";
import { DELIVERY_STATES } from "../../../src/domain/delivery.ts";
import { JOB_STATUSES } from "../../../src/domain/job-spec.ts";
import { WEBHOOK_STATES } from "../../../src/ports/store/webhooks.ts";
import { type StoreCounts } from "../../../src/ports/store/upkeep.ts";
import { createBatchModel } from "./batches.ts";
import { createDeliveryModel } from "./deliveries.ts";
import { createHandOverModel } from "./hand-over.ts";
import { createJobModel, newModelJob, refuseJobs } from "./jobs.ts";
import { createLimitModel } from "./limits.ts";
import { createPayloadModel } from "./payloads.ts";
import { createScheduleModel } from "./schedules.ts";
import { newState } from "./state.ts";
import { createWebhookModel } from "./webhooks.ts";

export type ModelStore = ReturnType<typeof createModelStore>;

export function createModelStore({ exclusive }: { exclusive: boolean }) {
  const state = newState(exclusive);
  const count = (names: readonly string[], found: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, found.filter((each) => each === name).length]));
  return {
    exclusive,
    ...createJobModel(state),
    ...createPayloadModel(state),
    ...createDeliveryModel(state),
    ...createHandOverModel(state),
    ...createWebhookModel(state),
    ...createBatchModel(state),
    ...createLimitModel(state),
    ...createScheduleModel(state, {
      refuse: (job, maxQueued) => refuseJobs(state, [job], maxQueued),
      add: (job) => newModelJob(state, job),
    }),
    jobs: () => state.jobs,
    /** The ids of the jobs that have all of the tags. */
    jobsWithTags: (tags: readonly string[]) =>
      state.jobs
        .filter(({ spec }) => tags.every((tag) => spec.tags?.includes(tag)))
        .map(({ spec }) => spec.id),
    batches: () => state.batches,
    webhooks: () => state.webhooks,
    deliveries: () => state.deliveries,
    /** The part of `queueState` that does not depend on claims. */
    waiting() {
      const waits = state.jobs.flatMap(({ waitingFor }) => waitingFor ?? []);
      return [...Map.groupBy(waits, ({ on }) => on)]
        .map(([on, all]) => ({
          on,
          jobs: all.length,
          since: Math.min(...all.map(({ since }) => since)),
        }))
        .toSorted((a, b) => (a.on < b.on ? -1 : 1));
    },
    counts: () =>
      ({
        jobs: count(
          JOB_STATUSES,
          state.jobs.map(({ status }) => status),
        ),
        deliveries: count(
          DELIVERY_STATES,
          state.deliveries.map((each) => each.state),
        ),
        webhooks: count(
          WEBHOOK_STATES,
          state.webhooks.map((each) => each.state),
        ),
        schedules: count(
          SCHEDULE_STATES,
          state.schedules.map(({ state: is, next }) =>
            is === "active" && next === null ? "ended" : is,
          ),
        ),
      }) as unknown as StoreCounts,
  };
}
