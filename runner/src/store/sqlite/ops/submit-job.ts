import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepareJobAdmission } from "./job-admission.ts";
import { prepareJobKeys } from "./job-keys.ts";

export function prepareSubmitJob(db: DatabaseSync): Operations["submitJob"] {
  const admission = prepareJobAdmission(db);
  const keys = prepareJobKeys(db);
  return (job, { maxQueued, handOver }) => {
    const known = admission.findByKey(job.idempotency);
    if (known !== null) {
      const { id, sameRequest, joined } = known;
      return { kind: "duplicate", id, sameRequest, ...(joined && { joined }) };
    }
    const holder = job.key === undefined ? null : keys.holder(job.key, job.createdAt);
    if (holder !== null) {
      if (job.key?.kind === "dedupe") keys.join(holder.seq, job.idempotency);
      return { kind: "held", id: holder.id };
    }
    const queued = admission.countQueued();
    if (queued >= maxQueued) return { kind: "queue-full", queued };
    const full = admission.fullLimit([job]);
    if (full !== null) return full;
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
