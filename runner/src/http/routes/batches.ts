import type { FastifyInstance } from "fastify";
import { batchStatus, countJobs, MAX_BATCH_OUTPUT_BYTES } from "../../domain/batch.ts";
import { Refused } from "../../domain/errors.ts";
import type { Engine } from "../../engine/engine.ts";
import type { OutputBound } from "../../ports/store/jobs.ts";
import type { StoredBatch } from "../../ports/store/batches.ts";
import type { Store } from "../../ports/store/store.ts";
import { getBatch, setBatchWebhook, submitBatch } from "../contract/batches.ts";
import { toJobRequest, toWebhookTarget } from "../job-request.ts";
import { mount, sendJson } from "../mount.ts";
import { parseIdempotencyKey, parseWait } from "../parse-submit-headers.ts";
import type { Waits } from "../waits.ts";
import { acceptedBatchText, batchText, type BatchContext } from "../views/batch.ts";

export interface BatchesDeps {
  readonly engine: Pick<
    Engine,
    "checkBatchSize" | "submitBatch" | "waitForBatch" | "setBatchWebhook" | "headerNames"
  >;
  readonly reads: Pick<Store, "batch">;
  readonly batchUrl: BatchContext["batchUrl"];
  readonly waits: Waits;
}

const SHOWN: OutputBound = { maxOutputBytes: MAX_BATCH_OUTPUT_BYTES };

export function registerBatches(app: FastifyInstance, deps: BatchesDeps): void {
  const { engine, reads, batchUrl } = deps;
  const context = { batchUrl, headerNames: engine.headerNames };

  async function find(id: string, bound?: OutputBound): Promise<StoredBatch> {
    const batch = await reads.batch(id, bound);
    if (batch === null) throw new Refused("BATCH_NOT_FOUND", `There is no batch "${id}".`);
    return batch;
  }

  function checkSize(body: unknown): void {
    const { jobs } = (body ?? {}) as { jobs?: unknown };
    if (Array.isArray(jobs)) engine.checkBatchSize(jobs.length);
  }

  mount(app, { ...submitBatch, checkBody: checkSize }, async ({ body, headers }, reply) => {
    const { batchId, replayed } = await engine.submitBatch({
      jobs: body.jobs.map(({ idempotencyKey = null, ...job }) => ({
        ...toJobRequest(job),
        idempotencyKey,
      })),
      webhook: body.webhook === undefined ? null : toWebhookTarget(body.webhook),
      idempotencyKey: parseIdempotencyKey(headers["idempotency-key"]),
    });
    reply.header("location", `/v1/batches/${batchId}`);
    if (replayed) reply.header("idempotent-replayed", "true");
    const waitSeconds = parseWait(headers.prefer);
    if (waitSeconds !== null) {
      await deps.waits.waitFor(reply, waitSeconds, (signal) =>
        engine.waitForBatch(batchId, { signal }),
      );
    }
    const batch = await find(batchId);
    const isOver = batchStatus(countJobs(batch.jobs)) !== "running";
    return waitSeconds !== null && isOver
      ? sendJson(reply, batchText(await find(batchId, SHOWN), context))
      : sendJson(reply.code(202), acceptedBatchText(batch, context));
  });

  mount(app, getBatch, async ({ params, headers }, reply) => {
    const waitSeconds = parseWait(headers.prefer);
    if (waitSeconds !== null) {
      await deps.waits.waitFor(reply, waitSeconds, (signal) =>
        engine.waitForBatch(params.id, { signal }),
      );
    }
    return sendJson(reply, batchText(await find(params.id, SHOWN), context));
  });

  mount(app, setBatchWebhook, async ({ params, body }, reply) => {
    await engine.setBatchWebhook(params.id, toWebhookTarget(body));
    return sendJson(reply, batchText(await find(params.id, SHOWN), context));
  });
}
