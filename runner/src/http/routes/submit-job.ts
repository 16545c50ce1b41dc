import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Refused } from "../../domain/errors.ts";
import { hasEnded, type JobStatus } from "../../domain/job.ts";
import { DEFAULT_RETRIES } from "../../domain/retry.ts";
import type { Engine, SubmitRequest } from "../../engine/engine.ts";
import type { StoreReads, StoredJob } from "../../ports/store.ts";
import { MAX_WAIT_SECONDS, submitJob, type SubmitJob } from "../contract/jobs.ts";
import { holdSignal } from "../hold.ts";
import { mount, sendJson } from "../mount.ts";
import { acceptedJobText, jobText, type JobUrl } from "../views/job.ts";

const MAX_KEY_LENGTH = 255;

export interface SubmitJobDeps {
  readonly engine: Pick<Engine, "submit" | "waitForEnd" | "stepProgress">;
  readonly reads: Pick<StoreReads, "job">;
  readonly jobUrl: JobUrl;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

export function registerSubmitJob(app: FastifyInstance, deps: SubmitJobDeps): void {
  mount(app, submitJob, async ({ body, headers }, reply) => {
    const request = toSubmitRequest(body, parseIdempotencyKey(headers["idempotency-key"]));
    const { jobId, replayed } = await deps.engine.submit(request);
    reply.header("location", `/v1/jobs/${jobId}`);
    if (replayed) reply.header("idempotent-replayed", "true");
    const waitSeconds = parseWait(headers.prefer);
    const job =
      waitSeconds === null
        ? await (replayed ? deps.reads.job(jobId) : null)
        : await waitForJob({ jobId, waitSeconds, reply }, deps);
    if (waitSeconds !== null && job !== null && hasEnded(job.status)) {
      return sendJson(reply, jobText(job, { progress: null, jobUrl: deps.jobUrl }));
    }
    const status: JobStatus = job?.status ?? "queued";
    const plugins = request.plugins.map((plugin) => plugin.name);
    const accepted = { jobId, status, name: request.name, plugins, url: deps.jobUrl(jobId) };
    return sendJson(reply.code(202), acceptedJobText(accepted));
  });
}

async function waitForJob(
  wait: { jobId: string; waitSeconds: number; reply: FastifyReply },
  { engine, reads, closing }: SubmitJobDeps,
): Promise<StoredJob | null> {
  const { jobId, waitSeconds, reply } = wait;
  reply.header("preference-applied", `wait=${waitSeconds}`);
  await engine.waitForEnd(jobId, {
    signal: holdSignal(reply, { closing, timeoutMs: waitSeconds * 1000 }),
  });
  return reads.job(jobId);
}

function toSubmitRequest(body: SubmitJob, idempotencyKey: string | null): SubmitRequest {
  const { webhook, runAt } = body;
  return {
    plugins: body.plugins.map((plugin) =>
      typeof plugin === "string"
        ? { name: plugin, options: {} }
        : { name: plugin.name, options: plugin.options ?? {} },
    ),
    input: body.input ?? null,
    webhook: webhook
      ? {
          url: webhook.url,
          headers: webhook.headers ?? {},
          on: webhook.on ? [...new Set(webhook.on)] : null,
          retries: webhook.retries ?? DEFAULT_RETRIES,
        }
      : null,
    name: body.name ?? null,
    metadata: body.metadata ?? {},
    priority: body.priority ?? 0,
    runAt: runAt === undefined ? null : Date.parse(runAt),
    timeoutMs: body.timeoutMs ?? null,
    idempotencyKey,
  };
}

function parseIdempotencyKey(header: FastifyRequest["headers"][string]): string | null {
  if (header === undefined) return null;
  const key = String(header);
  if (key.length >= 1 && key.length <= MAX_KEY_LENGTH) return key;
  throw new Refused(
    "IDEMPOTENCY_KEY_INVALID",
    `The Idempotency-Key is ${key.length} characters long: it must be 1 to ${MAX_KEY_LENGTH}.`,
  );
}

/**
 * The seconds of `Prefer: wait=N`, cut to what is allowed; null without it. RFC 7240 §2: a
 * preference that cannot be understood is ignored.
 */
function parseWait(header: FastifyRequest["headers"][string]): number | null {
  if (header === undefined) return null;
  const [, seconds] = /(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:[,;]|$)/i.exec(String(header)) ?? [];
  return seconds === undefined ? null : Math.min(Number(seconds), MAX_WAIT_SECONDS);
}
