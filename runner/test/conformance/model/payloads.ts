import { NULL_JSON } from "../../../src/domain/json-text.ts";
import type { RemovePayloadsRequest } from "../../../src/ports/store/upkeep.ts";
import { isNeeded, type ModelBatch, type ModelJob, type ModelState } from "./state.ts";

export function createPayloadModel(state: ModelState) {
  const hasNeeded = (id: string, before: number): boolean =>
    state.deliveries.some((each) => each.subjectId === id && isNeeded(each, before));

  function emptyBatches(endedBefore: number, { limit, now }: RemovePayloadsRequest) {
    const endOf = ({ callback }: ModelBatch): number => callback?.at ?? Infinity;
    const seen = state.batches
      .filter((batch) => batch.payloadsRemovedAt === null && endOf(batch) < endedBefore)
      .toSorted((a, b) => endOf(a) - endOf(b))
      .slice(0, limit);
    const old = seen.filter(({ spec }) => !hasNeeded(spec.id, endedBefore));
    for (const batch of old) batch.payloadsRemovedAt = now;
    return { removed: old.length, more: seen.length === limit };
  }

  function emptyJob(job: ModelJob, now: number): void {
    const plugins = job.spec.plugins.map(({ name }) => ({ name, options: NULL_JSON }));
    job.spec = { ...job.spec, input: NULL_JSON, plugins };
    job.steps = job.steps.map((step) => ({ ...step, output: null }));
    job.events = job.events.map((event) => ({ ...event, body: "" as typeof event.body }));
    job.payloadsRemovedAt = now;
  }

  return {
    removePayloads(request: RemovePayloadsRequest) {
      const { endedBefore, failedBefore = endedBefore, limit, now } = request;
      const batches = emptyBatches(Math.min(endedBefore, failedBefore), request);
      const before = ({ status }: ModelJob) => (status === "failed" ? failedBefore : endedBefore);
      const endOf = ({ endedAt }: ModelJob): number => endedAt ?? Infinity;
      const kept = new Set(
        state.batches
          .filter(({ payloadsRemovedAt }) => payloadsRemovedAt === null)
          .flatMap(({ jobIds }) => jobIds),
      );
      const seen = state.jobs
        .filter((job) => job.payloadsRemovedAt === null)
        .filter((job) => endOf(job) < Math.max(endedBefore, failedBefore))
        .toSorted((a, b) => endOf(a) - endOf(b))
        .slice(0, limit);
      const old = seen.filter(
        (job) =>
          endOf(job) < before(job) &&
          !kept.has(job.spec.id) &&
          !hasNeeded(job.spec.id, before(job)),
      );
      for (const job of old) emptyJob(job, now);
      return {
        jobs: old.length,
        batches: batches.removed,
        more: batches.more || seen.length === limit,
      };
    },
  };
}
