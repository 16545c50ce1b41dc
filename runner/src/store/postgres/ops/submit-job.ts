import type { Idempotency, NewJob, SubmitOutcome } from "../../../ports/store/jobs.ts";
import type { StoreWrites } from "../../../ports/store/store.ts";
import type { Operation } from "../change.ts";
import type { Transaction, Turn } from "../transaction.ts";
import { findMissingFile } from "./files.ts";
import { findFullLimit } from "./limit-queue.ts";
import { insertJob } from "./insert-job.ts";
import { findByKey, takeKey, toDuplicate } from "./job-admission.ts";
import { findHolder } from "./job-keys.ts";
import type { KnownPluginSets } from "./plugin-set.ts";

type Request = Parameters<StoreWrites["submitJob"]>[1];

export function createSubmitJob(known: KnownPluginSets): Operation<"submitJob"> {
  return async (tx, job, { maxQueued, handOver }) => {
    // Jobs have the order of their calls, also if one of them has to look something up first.
    const turn = tx.takeTurn();
    try {
      return await submit(tx, { job, maxQueued, handOver, turn });
    } finally {
      turn.done();
    }
  };

  async function submit(
    tx: Transaction,
    { job, maxQueued, handOver, turn }: Request & { readonly job: NewJob; readonly turn: Turn },
  ): Promise<SubmitOutcome> {
    const { id, idempotency } = job;
    if (idempotency !== null) {
      const holder = await findByKey(tx, "job", idempotency.key);
      if (holder !== undefined) return toDuplicate(holder, idempotency);
    }
    const last = job.key === undefined ? null : await findHolder(tx, job.key, job.createdAt);
    if (last?.hasKey) {
      // A request that is to be merged is remembered when it is.
      if (idempotency === null || job.key?.kind === "debounce")
        return { kind: "held", id: last.id };
      return joinHolder(tx, last.id, idempotency);
    }
    const queued = tx.queued();
    if (queued >= maxQueued) return { kind: "queue-full", queued };
    const full = await findFullLimit(tx, [job]);
    if (full !== null) return full;
    const missing = await findMissingFile(tx, job.files ?? []);
    if (missing !== null) return { kind: "no-file", id: missing };
    if (idempotency !== null && !(await takeKey(tx, "job", { id, ...idempotency }))) {
      const holder = await findByKey(tx, "job", idempotency.key);
      if (holder !== undefined) return toDuplicate(holder, idempotency);
    }
    const lease = handOver && { owner: handOver.owner, until: handOver.leaseUntil };
    const isHandedOver = await insertJob(tx, job, { known, turn, lease, lastWithKey: last?.seq });
    if (!isHandedOver || lease === undefined) return { kind: "accepted" };
    return { kind: "accepted", claim: { jobId: id, fence: 1, owner: lease.owner } };
  }
}

/** The idempotency key stands for the job from now on. */
async function joinHolder(
  tx: Transaction,
  id: string,
  idempotency: Idempotency,
): Promise<SubmitOutcome> {
  if (await takeKey(tx, "job", { id, ...idempotency, joined: true })) return { kind: "held", id };
  const known = await findByKey(tx, "job", idempotency.key);
  return known === undefined ? { kind: "held", id } : toDuplicate(known, idempotency);
}
