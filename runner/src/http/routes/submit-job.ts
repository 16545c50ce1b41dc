import type { FastifyInstance } from "fastify";
import { hasEnded, MAX_JOB_OUTPUT_BYTES } from "../../domain/job.ts";
import type { JobStatus } from "../../domain/job-spec.ts";
import type { Engine } from "../../engine/engine.ts";
import type { OutputBound } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";
import { submitJob } from "../contract/jobs.ts";
import { toJobRequest } from "../job-request.ts";
import { mount, sendJson } from "../mount.ts";
import { parseIdempotencyKey, parseWait } from "../parse-submit-headers.ts";
import type { Waits } from "../waits.ts";
import { acceptedJobText, jobText, type JobUrl } from "../views/job.ts";

export interface SubmitJobDeps {
  readonly engine: Pick<Engine, "submit" | "waitForEnd" | "headerNames" | "explainWait">;
  readonly reads: Pick<Store, "job">;
  readonly jobUrl: JobUrl;
  readonly waits: Waits;
}

export function registerSubmitJob(app: FastifyInstance, deps: SubmitJobDeps): void {
  const { engine, reads, jobUrl, waits } = deps;

  mount(app, submitJob, async ({ body, headers }, reply) => {
    const idempotencyKey = parseIdempotencyKey(headers["idempotency-key"]);
    const request = { ...toJobRequest(body), idempotencyKey };
    const { jobId, replayed } = await engine.submit(request);
    reply.header("location", `/v1/jobs/${jobId}`);
    if (replayed) reply.header("idempotent-replayed", "true");
    const waitSeconds = parseWait(headers.prefer);
    const waited =
      waitSeconds !== null &&
      (await waits.waitFor(reply, waitSeconds, (signal) => engine.waitForEnd(jobId, { signal })));
    const job = waited || replayed ? await reads.job(jobId, shownOf(waitSeconds)) : null;
    if (waitSeconds !== null && job !== null && hasEnded(job.status)) {
      return sendJson(reply, jobText(job, { progress: null, jobUrl, ...engine }));
    }
    const status: JobStatus = job?.status ?? "queued";
    const plugins = request.plugins.map((plugin) => plugin.name);
    const accepted = { jobId, status, name: request.name, plugins, url: jobUrl(jobId) };
    return sendJson(reply.code(202), acceptedJobText(accepted));
  });
}

/** Only a client that waits gets outputs in its response. */
function shownOf(waitSeconds: number | null): OutputBound | undefined {
  return waitSeconds === null ? undefined : { maxOutputBytes: MAX_JOB_OUTPUT_BYTES };
}
