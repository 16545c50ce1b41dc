import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepareJobAdmission } from "./job-admission.ts";

export function prepareSubmitJob(db: DatabaseSync): Operations["submitJob"] {
  const admission = prepareJobAdmission(db);
  return (job, { maxQueued, handOver }) => {
    const known = admission.findByKey(job.idempotency);
    if (known !== null) {
      return { kind: "duplicate", id: known.id, sameRequest: known.sameRequest };
    }
    const queued = admission.countQueued();
    if (queued >= maxQueued) return { kind: "queue-full", queued };
    const missing = admission.missingFile(job);
    if (missing !== null) return { kind: "no-file", id: missing };
    const mustWait = job.runAt > job.createdAt || (job.limits?.[0] ?? null) !== null;
    if (handOver === undefined || mustWait || admission.isOtherReady()) {
      admission.insert(job);
      return { kind: "accepted" };
    }
    admission.insert(job, handOver);
    return { kind: "accepted", claim: { jobId: job.id, fence: 1, owner: handOver.owner } };
  };
}
