import { hasEnded } from "../../../domain/job.ts";
import { openRoom } from "../../shared/hand-over.ts";
import type { Operation } from "../change.ts";
import { together } from "../together.ts";
import { emitEvents, findReceiversOf } from "./emit-events.ts";
import { endScheduledJob } from "./end-scheduled-job.ts";
import { insertFiles } from "./files.ts";
import { insertStep } from "./insert-step.ts";
import { addVacancy } from "./limits.ts";
import { endInBatches, moveJob } from "./move-job.ts";
import { retryStep } from "./retry-step.ts";

/**
 * The job, its step, its events and their deliveries. All transitions of a write group that can run at
 * the same time share the statements: one round trip to change the jobs and find who gets the events,
 * and one to store the rest.
 */
export const commitTransition: Operation<"commitTransition"> = async (tx, ...call) => {
  const [claim, transition, handOver] = call;
  if (transition.status === "queued") return retryStep(tx, claim, transition);
  const { jobId: id, owner } = claim;
  const { status, step, events, files = [] } = transition;
  const seq = tx.job(id);
  if (seq === undefined) return false;
  const [moved, received] = await together([
    moveJob(tx, claim, transition),
    findReceiversOf(tx, { job: seq, events, now: handOver?.now ?? null }),
  ]);
  if (moved === undefined) return false;
  const room = handOver === undefined ? null : openRoom(handOver);
  await together([
    insertStep(tx, seq, step),
    emitEvents(tx, { job: { seq, id, trace: moved.trace_context }, events: received }, room),
    endInBatches(tx, seq, status),
  ]);
  await insertFiles(
    tx,
    files.map((file) => ({ ...file, expiresAt: null })),
    seq,
  );
  if (hasEnded(status)) {
    const { limit, key } = moved;
    if (limit !== null) await addVacancy(tx, { name: limit, key: key ?? "" });
    await endScheduledJob(tx, id, transition);
    // A job that nobody has claimed is queued.
    tx.count({ kind: "job", state: owner === null ? "queued" : "running" }, -1);
    tx.count({ kind: "job", state: status }, 1);
  }
  return room?.result() ?? true;
};
