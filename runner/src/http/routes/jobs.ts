import type { FastifyInstance, FastifyReply } from "fastify";
import { Refused } from "../../domain/errors.ts";
import { MAX_JOB_OUTPUT_BYTES } from "../../domain/job.ts";
import type { Engine } from "../../engine/engine.ts";
import type { JobFilter, OutputBound, StoredJob } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";
import { cancelJob, getJob, listJobs, retryJob } from "../contract/jobs.ts";
import { mount, sendJson } from "../mount.ts";
import { parseWait } from "../parse-submit-headers.ts";
import type { Waits } from "../waits.ts";
import { jobSummaryText, jobText, type JobUrl } from "../views/job.ts";
import { pageText } from "../views/json-fields.ts";

export interface JobsDeps {
  readonly engine: Pick<
    Engine,
    "cancel" | "retry" | "waitForEnd" | "stepProgress" | "headerNames" | "explainWait"
  >;
  readonly reads: Pick<Store, "job" | "jobs">;
  readonly jobUrl: JobUrl;
  readonly waits: Waits;
}

/** For a read of everything that a job's response shows. The last output is in it twice. */
export function jobBound(reply: FastifyReply): OutputBound {
  return {
    maxOutputBytes: MAX_JOB_OUTPUT_BYTES,
    reserve: (bytes) => reply.holdBytes(2 * bytes),
  };
}

export function jobNotFound(id: string): Refused {
  return new Refused("JOB_NOT_FOUND", `There is no job "${id}".`);
}

export function registerJobs(
  app: FastifyInstance,
  { engine, reads, jobUrl, waits }: JobsDeps,
): void {
  async function readJob(id: string, reply: FastifyReply): Promise<StoredJob> {
    const job = await reads.job(id, jobBound(reply));
    if (job === null) throw jobNotFound(id);
    return job;
  }

  async function sendJob(id: string, reply: FastifyReply): Promise<FastifyReply> {
    const job = await readJob(id, reply);
    const progress = engine.stepProgress(id);
    return sendJson(reply, jobText(job, { progress, jobUrl, ...engine }));
  }

  mount(app, listJobs, async ({ query }, reply) => {
    const { limit, cursor = null, createdAfter, createdBefore, ...same } = query;
    const filter = {
      ...same,
      ...(createdAfter === undefined ? {} : { createdAfter: Date.parse(createdAfter) }),
      ...(createdBefore === undefined ? {} : { createdBefore: Date.parse(createdBefore) }),
    } as JobFilter;
    const page = await reads.jobs(filter, { limit, cursor });
    return sendJson(
      reply,
      pageText(page, (job) => jobSummaryText(job, jobUrl)),
    );
  });

  mount(app, getJob, async ({ params, headers }, reply) => {
    const waitSeconds = parseWait(headers.prefer);
    if (waitSeconds !== null) {
      await waits.waitFor(reply, waitSeconds, (signal) => engine.waitForEnd(params.id, { signal }));
    }
    return sendJob(params.id, reply);
  });

  mount(app, cancelJob, async ({ params }, reply) => {
    // Reserves the bytes of the response before anything has changed.
    await readJob(params.id, reply);
    await engine.cancel(params.id);
    return sendJob(params.id, reply.code(202).header("location", `/v1/jobs/${params.id}`));
  });

  mount(app, retryJob, async ({ params }, reply) => {
    await readJob(params.id, reply);
    await engine.retry(params.id);
    return sendJob(params.id, reply.code(202).header("location", `/v1/jobs/${params.id}`));
  });
}
