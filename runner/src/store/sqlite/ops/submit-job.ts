import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepareIntake } from "./intake.ts";

export function prepareSubmitJob(db: DatabaseSync): Operations["submitJob"] {
  const intake = prepareIntake(db);
  return (job, { maxQueued }) => {
    const known = intake.find(job.idempotency);
    if (known !== null) {
      return { kind: "duplicate", id: known.id, sameRequest: known.sameRequest };
    }
    const queued = intake.queued();
    if (queued >= maxQueued) return { kind: "queue-full", queued };
    intake.insert(job);
    return { kind: "accepted" };
  };
}
