import type { Operation } from "../change.ts";
import { findMissingFile } from "./files.ts";
import { findByKey, insertJob, takeKey, toDuplicate } from "./job-admission.ts";
import type { KnownPluginSets } from "./plugin-set.ts";

export function createSubmitJob(known: KnownPluginSets): Operation<"submitJob"> {
  return async (tx, job, { maxQueued }) => {
    const { id, idempotency } = job;
    if (idempotency !== null) {
      const holder = await findByKey(tx, "job", idempotency.key);
      if (holder !== undefined) return toDuplicate(holder, idempotency);
    }
    const queued = tx.queued();
    if (queued >= maxQueued) return { kind: "queue-full", queued };
    const missing = await findMissingFile(tx, job.files ?? []);
    if (missing !== null) return { kind: "no-file", id: missing };
    if (idempotency !== null && !(await takeKey(tx, "job", { id, ...idempotency }))) {
      const holder = await findByKey(tx, "job", idempotency.key);
      if (holder !== undefined) return toDuplicate(holder, idempotency);
    }
    await insertJob(tx, known, job);
    return { kind: "accepted" };
  };
}
