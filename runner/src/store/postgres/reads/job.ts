import type { JsonText } from "../../../domain/json-text.ts";
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
import type { Query, Reader } from "../reader.ts";
import { readOutputs } from "./output.ts";
import { readOwnWebhook } from "./own-webhook.ts";

const FIND_SIZE = `SELECT seq,
    octet_length(input) + octet_length(plugins) + octet_length(metadata) AS bytes
  FROM jobs JOIN job_specs ON job_specs.job = jobs.seq WHERE id = $1`;

export function createReadJob({ snapshot }: Reader): StoreReads["job"] {
  return (id, bound = NO_OUTPUTS) => snapshot((query) => readJob(query, id, bound));
}

async function readJob(query: Query, id: string, bound: OutputBound): Promise<StoredJob | null> {
  const [size] = await query<{ seq: number; bytes: number }>(FIND_SIZE, [id]);
  if (size === undefined) return null;
  const steps = await query<StepRow>(`${SELECT_STEPS} WHERE job = $1 ORDER BY position DESC`, [
    size.seq,
  ]);
  bound.reserve?.(size.bytes + bytesWithin(bound, steps));
  const [[row], readOutput, webhook, newestAttempts, tags] = await Promise.all([
    query<JobRow>(`${selectJob("due")} WHERE seq = $1`, [size.seq]),
    readOutputs(query, bound, steps),
    readOwnWebhook(query, "job", size.seq),
    query<AttemptColumns>(selectAttempts("$1"), [size.seq]),
    query<{ tag: string }>(`SELECT tag FROM job_tags WHERE job = $1 ORDER BY tag`, [size.seq]),
  ]);
  if (row === undefined) return null;
  return toStoredJob(row, {
    steps: steps.map((step) => toStoredStep(step, readOutput)).toReversed(),
    newestAttempts,
    webhook,
    tags: tags.map(({ tag }) => tag),
  });
}

interface Found {
  readonly key: number;
  /** Null when the step has no output, or payloads were removed. */
  readonly bytes: number | null;
}

export function createReadJobValue(query: Query): StoreReads["jobValue"] {
  return async (id, which, reserve) => {
    const [found] =
      which === "input"
        ? await query<Found>(
            `SELECT seq AS key, CASE WHEN payloads_removed_at IS NULL THEN octet_length(input) END AS bytes
             FROM jobs JOIN job_specs ON job_specs.job = jobs.seq WHERE id = $1`,
            [id],
          )
        : await query<Found>(
            `SELECT steps.id AS key, octet_length(output) AS bytes
             FROM jobs JOIN steps ON steps.job = jobs.seq WHERE jobs.id = $1 AND position = $2`,
            [id, which],
          );
    if (found === undefined || found.bytes === null) return null;
    reserve?.(found.bytes);
    const [row] = await query<{ value: JsonText }>(
      which === "input"
        ? `SELECT input AS value FROM job_specs WHERE job = $1`
        : `SELECT output AS value FROM steps WHERE id = $1`,
      [found.key],
    );
    return row?.value ?? null;
  };
}
