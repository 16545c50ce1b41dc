import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepareJobAdmission } from "./job-admission.ts";

export function prepareSubmitJob(db: DatabaseSync): Operations["submitJob"] {
  const admission = prepareJobAdmission(db);
  return (job, { maxQueued }) => {
    const known = admission.findByKey(job.idempotency);
    if (known !== null) {
      return { kind: "duplicate", id: known.id, sameRequest: known.sameRequest };
    }
    const queued = admission.countQueued();
    if (queued >= maxQueued) return { kind: "queue-full", queued };
    admission.insert(job);
    return { kind: "accepted" };
  };
}
