import type { DatabaseSync } from "node:sqlite";
import type { OutputBound, StoredJob } from "../../../ports/store/jobs.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { bytesWithin, NO_OUTPUTS } from "../../shared/outputs.ts";
import type { AttemptColumns } from "../../shared/rows.ts";
import {
  selectJob,
  SELECT_STEPS,
  selectAttempts,
  toStoredJob,
  toStoredStep,
  type JobRow,
  type StepRow,
} from "../../shared/stored-job.ts";
import { prepare } from "../statement.ts";
import { prepareReadOutputs } from "./output.ts";
import { prepareReadOwnWebhook } from "./own-webhook.ts";
import { inSnapshot } from "./snapshot.ts";
import { prepareReadTags } from "./tags.ts";

export function prepareReadJob(db: DatabaseSync): StoreReads["job"] {
  const findJob = prepare<JobRow>(db, `${selectJob("due = 1")} WHERE seq = ?`);
  const findSteps = prepare<StepRow>(db, `${SELECT_STEPS} WHERE job = ? ORDER BY position DESC`);
  const findAttempts = prepare<AttemptColumns>(db, selectAttempts("?"));
  const findSize = prepare<{ seq: number; bytes: number }>(
    db,
    `SELECT seq, octet_length(input) + octet_length(plugins) + octet_length(metadata) AS bytes
     FROM jobs JOIN job_specs ON job_specs.job = jobs.seq WHERE id = ?`,
  );
  const findWebhook = prepareReadOwnWebhook(db, "job");
  const readTags = prepareReadTags(db);
  const readOutputs = prepareReadOutputs(db);

  function read(id: string, bound: OutputBound): StoredJob | null {
    const size = findSize.get(id);
    if (size === undefined) return null;
    const steps = findSteps.all(size.seq);
    bound.reserve?.(size.bytes + bytesWithin(bound, steps));
    const row = findJob.get(size.seq);
    if (row === undefined) return null;
    const readOutput = readOutputs(bound);
    const lastFirst = steps.map((step) => toStoredStep(step, readOutput));
    return toStoredJob(row, {
      steps: lastFirst.toReversed(),
      newestAttempts: findAttempts.all(row.seq),
      webhook: findWebhook(row.seq),
      tags: readTags(row.seq),
    });
  }

  return async (id, bound = NO_OUTPUTS) => inSnapshot(db, () => read(id, bound));
}
