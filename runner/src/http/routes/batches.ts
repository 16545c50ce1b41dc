import type { FastifyInstance, FastifyReply } from "fastify";
import { batchStatus, countJobs } from "../../domain/batch.ts";
import { Refused } from "../../domain/errors.ts";
import type { Engine } from "../../engine/engine.ts";
import type { StoredBatch, StoreReads } from "../../ports/store.ts";
import { getBatch, setBatchWebhook, submitBatch } from "../contract/batches.ts";
import { holdSignal } from "../hold.ts";
import { toJobRequest, toWebhookTarget } from "../job-request.ts";
import { mount, sendJson } from "../mount.ts";
import { parseIdempotencyKey, parseWait } from "../parse-submit-headers.ts";
import { acceptedBatchText, batchText, type BatchContext } from "../views/batch.ts";

export interface BatchesDeps {
  readonly engine: Pick<Engine, "submitBatch" | "waitForBatch" | "setBatchWebhook" | "headerNames">;
  readonly reads: Pick<StoreReads, "batch">;
  readonly batchUrl: BatchContext["batchUrl"];
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

export function registerBatches(app: FastifyInstance, deps: BatchesDeps): void {
  const { engine, reads, batchUrl } = deps;
  const context = { batchUrl, headerNames: engine.headerNames };

  async function find(id: string): Promise<StoredBatch> {
    const batch = await reads.batch(id);
    if (batch === null) throw new Refused("BATCH_NOT_FOUND", `There is no batch "${id}".`);
    return batch;
  }

  async function wait(batchId: string, seconds: number, reply: FastifyReply): Promise<void> {
    reply.header("preference-applied", `wait=${seconds}`);
    await engine.waitForBatch(batchId, {
      signal: holdSignal(reply, { closing: deps.closing, timeoutMs: seconds * 1000 }),
    });
  }

  mount(app, submitBatch, async ({ body, headers }, reply) => {
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
    if (waitSeconds !== null) await wait(batchId, waitSeconds, reply);
    const batch = await find(batchId);
    const isOver = batchStatus(countJobs(batch.jobs)) !== "running";
    return waitSeconds !== null && isOver
      ? sendJson(reply, batchText(batch, context))
      : sendJson(reply.code(202), acceptedBatchText(batch, context));
  });

  mount(app, getBatch, async ({ params }, reply) =>
    sendJson(reply, batchText(await find(params.id), context)),
  );

  mount(app, setBatchWebhook, async ({ params, body }, reply) => {
    await engine.setBatchWebhook(params.id, toWebhookTarget(body));
    return sendJson(reply, batchText(await find(params.id), context));
  });
}
