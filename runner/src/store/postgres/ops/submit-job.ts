import type { NewJob, SubmitOutcome } from "../../../ports/store/jobs.ts";
import type { Operation } from "../change.ts";
import type { Transaction, Turn } from "../transaction.ts";
import { findMissingFile } from "./files.ts";
import { findByKey, insertJob, takeKey, toDuplicate } from "./job-admission.ts";
import type { KnownPluginSets } from "./plugin-set.ts";

export function createSubmitJob(known: KnownPluginSets): Operation<"submitJob"> {
  return async (tx, job, { maxQueued }) => {
    // Jobs have the order of their calls, also if one of them has to look something up first.
    const turn = tx.takeTurn();
    try {
      return await submit(tx, { job, maxQueued, turn });
    } finally {
      turn.done();
    }
  };

  async function submit(
    tx: Transaction,
    { job, maxQueued, turn }: { job: NewJob; maxQueued: number; turn: Turn },
  ): Promise<SubmitOutcome> {
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
    await insertJob(tx, job, { known, turn });
    return { kind: "accepted" };
  }
}
