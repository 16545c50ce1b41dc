import { parseExact } from "../../api/exact-json.ts";
import { callForText } from "../../api/request.ts";
import type { Job } from "../../api/schema.ts";
import { draftOfJob, type Draft } from "./draft.ts";

const SMALL_BYTES = 64 * 1024;

/** A job as a form, to run again. Without the outputs, which can be large and are not needed. */
export async function loadDraft(id: string, signal?: AbortSignal): Promise<Draft> {
  const options = { params: { id }, ...(signal !== undefined && { signal }) };
  const query = { maxBytes: SMALL_BYTES };
  const job = parseExact(await callForText("GET /v1/jobs/{id}", { ...options, query })) as Job;
  if (job.payloadsRemovedAt !== null) {
    throw new Error("The input of this job was removed, so that it cannot be run again.");
  }
  return job.inputTruncated
    ? draftOfJob(job, await callForText("GET /v1/jobs/{id}/input", options))
    : draftOfJob(job);
}
