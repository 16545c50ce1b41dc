import type { FastifyInstance, FastifyReply } from "fastify";
import type { z } from "zod";
import { batchStatus, countJobs, MAX_BATCH_OUTPUT_BYTES } from "../../domain/batch.ts";
import { MAX_ISSUES, Refused, summarize } from "../../domain/errors.ts";
import { parseTraceContext } from "../../domain/trace-context.ts";
import type { Engine } from "../../engine/engine.ts";
import type { OutputBound } from "../../ports/store/jobs.ts";
import type { StoredBatch } from "../../ports/store/batches.ts";
import type { Store } from "../../ports/store/store.ts";
import {
  getBatch,
  listBatches,
  setBatchWebhook,
  submitBatch,
  type SubmitBatch,
} from "../contract/batches.ts";
import { toJobRequest, toWebhookTarget } from "../job-request.ts";
import { mount, sendJson } from "../mount.ts";
import { parseTrace } from "../parse-trace.ts";
import { parseIdempotencyKey, parseWait } from "../parse-submit-headers.ts";
import { createProbeIfAsked } from "../probe-if-asked.ts";
import { nullIfOverloaded } from "../response-budget.ts";
import { forgetBody, type Waits } from "../waits.ts";
import {
  acceptedBatchText,
  batchSummaryText,
  batchText,
  type BatchContext,
} from "../views/batch.ts";
import { pageText } from "../views/json-fields.ts";

export interface BatchesDeps {
  readonly engine: Pick<
    Engine,
    | "checkBatchSize"
    | "submitBatch"
    | "waitForBatch"
    | "setBatchWebhook"
    | "probeWebhook"
    | "shownOf"
    | "files"
  >;
  readonly reads: Pick<Store, "batch" | "batches">;
  readonly batchUrl: BatchContext["batchUrl"];
  readonly waits: Waits;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

/** Throws `Refused`: a job of a batch cannot be another one that is there already, except by its idempotency key. */
function refuseKeys(jobs: readonly unknown[]): void {
  const issues = jobs.flatMap((job, index) => {
    if (typeof job !== "object" || job === null) return [];
    const message =
      "cannot be in a batch: submit the job with POST /v1/jobs, or give it an `idempotencyKey`";
    return ["dedupe", "debounce"]
      .filter((name) => name in job)
      .map((name) => ({ path: `/jobs/${index}/${name}`, message }));
  });
  if (issues.length === 0) return;
  const shown = issues.slice(0, MAX_ISSUES);
  throw new Refused("BODY_INVALID", `${summarize(shown, "The body")}.`, { issues: shown });
}

function shownIn(reply: FastifyReply): OutputBound {
  return { maxOutputBytes: MAX_BATCH_OUTPUT_BYTES, reserve: (bytes) => reply.holdBytes(bytes) };
}

export function registerBatches(app: FastifyInstance, deps: BatchesDeps): void {
  const { engine, reads, batchUrl } = deps;
  const context = { batchUrl, shownOf: engine.shownOf };
  const probeIfAsked = createProbeIfAsked(deps);

  async function find(id: string, bound?: OutputBound): Promise<StoredBatch> {
    const batch = await reads.batch(id, bound);
    if (batch === null) throw new Refused("BATCH_NOT_FOUND", `There is no batch "${id}".`);
    return batch;
  }

  async function sendBatch(reply: FastifyReply, batch: StoredBatch): Promise<FastifyReply> {
    return sendJson(reply, batchText(await engine.files.linked.batch(batch), context));
  }

  function checkSize(body: unknown): void {
    const { jobs } = (body ?? {}) as { jobs?: unknown };
    if (!Array.isArray(jobs)) return;
    engine.checkBatchSize(jobs.length);
    refuseKeys(jobs);
  }

  /** A separate function, because a function that waits keeps all of its variables. */
  async function submit(body: z.output<typeof SubmitBatch>, reply: FastifyReply): Promise<string> {
    const { headers } = reply.request;
    const { batchId, replayed } = await engine.submitBatch({
      jobs: body.jobs.map(({ idempotencyKey = null, ...job }) => {
        const trace = parseTraceContext(job.traceparent, job.tracestate);
        return { ...toJobRequest(job), idempotencyKey, ...(trace !== null && { trace }) };
      }),
      trace: parseTrace(headers),
      webhook: body.webhook === undefined ? null : toWebhookTarget(body.webhook),
      idempotencyKey: parseIdempotencyKey(headers["idempotency-key"]),
    });
    reply.header("location", `/v1/batches/${batchId}`);
    if (replayed) reply.header("idempotent-replayed", "true");
    return batchId;
  }

  mount(app, { ...submitBatch, checkBody: checkSize }, async (request, reply) => {
    const batchId = await submit(request.body, reply);
    forgetBody(request);
    const waitSeconds = parseWait(request.headers.prefer);
    if (waitSeconds !== null) {
      await deps.waits.waitFor(reply, waitSeconds, (signal) =>
        engine.waitForBatch(batchId, { signal }),
      );
    }
    const batch = await find(batchId);
    const isOver = batchStatus(countJobs(batch.jobs)) !== "running";
    // Without memory for the response, the client gets a 202: the batch is stored.
    const whole =
      waitSeconds !== null && isOver
        ? await find(batchId, shownIn(reply)).catch(nullIfOverloaded)
        : null;
    return whole === null
      ? sendJson(reply.code(202), acceptedBatchText(batch, context))
      : sendBatch(reply, whole);
  });

  mount(app, listBatches, async ({ query }, reply) => {
    const { limit, cursor = null } = query;
    const page = await reads.batches({ limit, cursor });
    return sendJson(
      reply,
      pageText(page, (batch) => batchSummaryText(batch, batchUrl)),
    );
  });

  mount(app, getBatch, async ({ params, headers }, reply) => {
    const waitSeconds = parseWait(headers.prefer);
    if (waitSeconds !== null) {
      await deps.waits.waitFor(reply, waitSeconds, (signal) =>
        engine.waitForBatch(params.id, { signal }),
      );
    }
    return sendBatch(reply, await find(params.id, shownIn(reply)));
  });

  mount(app, setBatchWebhook, async ({ params, query, body }, reply) => {
    await probeIfAsked({ query, body }, reply);
    // Reserves the bytes of the response before anything has changed.
    await find(params.id, shownIn(reply));
    await engine.setBatchWebhook(params.id, toWebhookTarget(body));
    return sendBatch(reply, await find(params.id, shownIn(reply)));
  });
}
