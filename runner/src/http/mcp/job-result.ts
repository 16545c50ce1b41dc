/** What a client's model reads of a job. */
import type { CallToolResult } from "@modelcontextprotocol/server";
import { hasEnded } from "../../domain/job.ts";
import type { Engine } from "../../engine/engine.ts";
import type { StoredJob } from "../../ports/store/jobs.ts";
import { progressView, type JobUrl } from "../views/job.ts";

/** A longer output is left out: clients cut results at about 25,000 tokens. In bytes of UTF-8. */
export const MAX_OUTPUT_BYTES = 100_000;

export interface ResultContext {
  readonly engine: Pick<Engine, "stepProgress" | "explainWait">;
  readonly jobUrl: JobUrl;
}

/**
 * A completed job's output, as its exact JSON text; a failed job's error; or how far the job is, with
 * what to do next. The job was read with `MAX_OUTPUT_BYTES`.
 */
export function toResult(job: StoredJob, context: ResultContext): CallToolResult {
  if (!hasEnded(job.status)) return text(describe(job, context));
  if (job.status === "failed") {
    const why = job.failure === null ? "" : `: ${job.failure.message} (${job.failure.code})`;
    return failure(`The job ${job.spec.id} failed${why}`);
  }
  if (job.payloadsRemovedAt !== null) {
    return text({
      jobId: job.spec.id,
      status: job.status,
      note: `The output was removed on ${new Date(job.payloadsRemovedAt).toISOString()}. To have it, call the tool again.`,
    });
  }
  const last = job.steps.find(({ index }) => index === job.spec.plugins.length - 1);
  if (last?.truncated === true) {
    const url = `${context.jobUrl(job.spec.id)}/outputs/${last.index}`;
    return text({
      jobId: job.spec.id,
      status: job.status,
      note: `The output is over ${MAX_OUTPUT_BYTES} bytes and is left out. It can be downloaded from ${url} with the token. To see a part of it, call the tool for less.`,
    });
  }
  return { content: [{ type: "text", text: last?.output ?? "null" }] };
}

function describe(job: StoredJob, { engine, jobUrl }: ResultContext) {
  const { id } = job.spec;
  const progress = engine.stepProgress(id);
  return {
    jobId: id,
    status: job.status,
    ...(progress !== null && { progress: progressView(progress) }),
    ...(job.waitingFor !== null && { waitingFor: engine.explainWait(job.waitingFor) }),
    url: jobUrl(id),
    next: "The job has not ended. Call wait_job with this jobId to get its output.",
  };
}

export function text(value: unknown): CallToolResult {
  return { content: [{ type: "text", text: JSON.stringify(value) }] };
}

/** An error that the model can read and act on. */
export function failure(message: string): CallToolResult {
  return { isError: true, content: [{ type: "text", text: message }] };
}
