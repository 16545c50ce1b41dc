import type { FastifyInstance, FastifyReply } from "fastify";
import { Refused } from "../../domain/errors.ts";
import { MAX_JOB_OUTPUT_BYTES } from "../../domain/limits.ts";
import type { JsonText } from "../../domain/json-text.ts";
import type { Engine } from "../../engine/engine.ts";
import { payloadsRemoved } from "../../domain/payloads-removed.ts";
import type { OutputBound, StoredJob } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";
import {
  cancelJob,
  deleteJob,
  getJob,
  getJobInput,
  getStepOutput,
  listJobs,
  retryJob,
} from "../contract/jobs.ts";
import { toJobFilter } from "../job-filter.ts";
import { mount, sendJson } from "../mount.ts";
import { parseTrace } from "../parse-trace.ts";
import { parseWait } from "../parse-submit-headers.ts";
import type { Waits } from "../waits.ts";
import { jobText, type JobUrl } from "../views/job.ts";
import { jobSummaryText } from "../views/job-summary.ts";
import { pageText } from "../views/json-fields.ts";

export interface JobsDeps {
  readonly engine: Pick<
    Engine,
    | "cancel"
    | "retry"
    | "deleteJob"
    | "waitForEnd"
    | "stepProgress"
    | "shownOf"
    | "explainWait"
    | "traceUrl"
    | "files"
  >;
  readonly reads: Pick<Store, "job" | "jobs" | "jobState" | "jobValue">;
  readonly jobUrl: JobUrl;
  readonly waits: Waits;
}

/** For a read of everything that a job's response shows. The last output is in it twice. */
export function jobBound(reply: FastifyReply, maxOutputBytes = MAX_JOB_OUTPUT_BYTES): OutputBound {
  return {
    maxOutputBytes,
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
  async function readJob(id: string, reply: FastifyReply, maxBytes?: number): Promise<StoredJob> {
    const job = await reads.job(id, jobBound(reply, maxBytes));
    if (job === null) throw jobNotFound(id);
    return job;
  }

  async function sendJob(
    id: string,
    reply: FastifyReply,
    maxBytes?: number,
  ): Promise<FastifyReply> {
    const job = await engine.files.linked.job(await readJob(id, reply, maxBytes));
    const progress = engine.stepProgress(id);
    const bound = maxBytes === undefined ? {} : { maxInputBytes: maxBytes };
    return sendJson(reply, jobText(job, { progress, jobUrl, ...bound, ...engine }));
  }

  /** A browser saves it, so that no value is shown as a page of the daemon's origin. */
  function sendValue(reply: FastifyReply, name: string, value: JsonText): FastifyReply {
    return sendJson(
      reply.header("content-disposition", `attachment; filename="${name}.json"`),
      value,
    );
  }

  async function whyNoValue(id: string, value: string): Promise<Refused> {
    const job = await reads.jobState(id);
    if (job === null) return jobNotFound(id);
    const { payloadsRemovedAt } = job;
    if (payloadsRemovedAt !== null) return payloadsRemoved(`job "${id}"`, payloadsRemovedAt);
    return new Refused("OUTPUT_NOT_FOUND", `Job "${id}" has no ${value}.`);
  }

  mount(app, listJobs, async ({ query }, reply) => {
    const { limit, cursor = null, ...filter } = query;
    const page = await reads.jobs(toJobFilter(filter), { limit, cursor });
    return sendJson(
      reply,
      pageText(page, (job) => jobSummaryText(job, { ...engine, jobUrl })),
    );
  });

  mount(app, getJob, async ({ params, headers, query }, reply) => {
    const waitSeconds = parseWait(headers.prefer);
    if (waitSeconds !== null) {
      await waits.waitFor(reply, waitSeconds, (signal) => engine.waitForEnd(params.id, { signal }));
    }
    return sendJob(params.id, reply, query.maxBytes);
  });

  mount(app, getJobInput, async ({ params: { id } }, reply) => {
    const value = await reads.jobValue(id, "input", (bytes) => reply.holdBytes(bytes));
    if (value === null) throw await whyNoValue(id, "input");
    return sendValue(reply, `${id}-input`, value);
  });

  mount(app, getStepOutput, async ({ params: { id, step } }, reply) => {
    const value = await reads.jobValue(id, step, (bytes) => reply.holdBytes(bytes));
    if (value !== null) {
      const linked = await engine.files.linked.output(id, value);
      return sendValue(reply, `${id}-output-${step}`, linked);
    }
    throw await whyNoValue(id, `output of step ${step}`);
  });

  mount(app, cancelJob, async ({ params }, reply) => {
    // Reserves the bytes of the response before anything has changed.
    await readJob(params.id, reply);
    await engine.cancel(params.id);
    return sendJob(params.id, reply.code(202).header("location", `/v1/jobs/${params.id}`));
  });

  mount(app, deleteJob, async (request, reply) => {
    await engine.deleteJob(request.params.id, request.caller?.name ?? null);
    return reply.code(204).send();
  });

  mount(app, retryJob, async ({ params, query, headers }, reply) => {
    await readJob(params.id, reply);
    await engine.retry(params.id, { from: query.from, trace: parseTrace(headers) });
    return sendJob(params.id, reply.code(202).header("location", `/v1/jobs/${params.id}`));
  });
}
