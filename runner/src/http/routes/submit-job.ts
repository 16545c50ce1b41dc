import type { FastifyInstance, FastifyReply } from "fastify";
import { hasEnded, MAX_JOB_OUTPUT_BYTES, type JobStatus } from "../../domain/job.ts";
import type { Engine } from "../../engine/engine.ts";
import type { StoreReads, StoredJob } from "../../ports/store.ts";
import { submitJob } from "../contract/jobs.ts";
import { toJobRequest } from "../job-request.ts";
import { mount, sendJson } from "../mount.ts";
import { parseIdempotencyKey, parseWait } from "../parse-submit-headers.ts";
import type { Waits } from "../waits.ts";
import { acceptedJobText, jobText, type JobUrl } from "../views/job.ts";

export interface SubmitJobDeps {
  readonly engine: Pick<Engine, "submit" | "waitForEnd" | "headerNames">;
  readonly reads: Pick<StoreReads, "job">;
  readonly jobUrl: JobUrl;
  readonly waits: Waits;
}

export function registerSubmitJob(app: FastifyInstance, deps: SubmitJobDeps): void {
  const { engine, reads, jobUrl } = deps;

  mount(app, submitJob, async ({ body, headers }, reply) => {
    const idempotencyKey = parseIdempotencyKey(headers["idempotency-key"]);
    const request = { ...toJobRequest(body), idempotencyKey };
    const { jobId, replayed } = await engine.submit(request);
    reply.header("location", `/v1/jobs/${jobId}`);
    if (replayed) reply.header("idempotent-replayed", "true");
    const waitSeconds = parseWait(headers.prefer);
    const job =
      waitSeconds === null
        ? await (replayed ? reads.job(jobId) : null)
        : await waitForJob({ jobId, waitSeconds, reply }, deps);
    if (waitSeconds !== null && job !== null && hasEnded(job.status)) {
      const { headerNames } = engine;
      return sendJson(reply, jobText(job, { progress: null, jobUrl, headerNames }));
    }
    const status: JobStatus = job?.status ?? "queued";
    const plugins = request.plugins.map((plugin) => plugin.name);
    const accepted = { jobId, status, name: request.name, plugins, url: jobUrl(jobId) };
    return sendJson(reply.code(202), acceptedJobText(accepted));
  });
}

/** The job after the wait; null when there was none. */
async function waitForJob(
  wait: { jobId: string; waitSeconds: number; reply: FastifyReply },
  { engine, reads, waits }: SubmitJobDeps,
): Promise<StoredJob | null> {
  const { jobId, waitSeconds, reply } = wait;
  const waited = await waits.hold(reply, waitSeconds, (signal) =>
    engine.waitForEnd(jobId, { signal }),
  );
  return waited ? reads.job(jobId, { maxOutputBytes: MAX_JOB_OUTPUT_BYTES }) : null;
}
