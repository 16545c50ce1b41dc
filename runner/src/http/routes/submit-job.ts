import type { FastifyInstance, FastifyReply } from "fastify";
import { hasEnded } from "../../domain/job.ts";
import type { JobStatus } from "../../domain/job-spec.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Store } from "../../ports/store/store.ts";
import type { SubmitJob } from "../contract/job.ts";
import { submitJob } from "../contract/jobs.ts";
import { toJobRequest } from "../job-request.ts";
import { mount, sendJson } from "../mount.ts";
import { parseTrace } from "../parse-trace.ts";
import { parseIdempotencyKey, parseWait } from "../parse-submit-headers.ts";
import { forgetBody, type Waits } from "../waits.ts";
import { nullIfOverloaded } from "../response-budget.ts";
import { jobBound } from "./jobs.ts";
import {
  acceptedJobText,
  jobText,
  submittedText,
  type JobUrl,
  type JoinedFlag,
} from "../views/job.ts";

export interface SubmitJobDeps {
  readonly engine: Pick<
    Engine,
    "submit" | "waitForEnd" | "shownOf" | "explainWait" | "files" | "traceUrl"
  >;
  readonly reads: Pick<Store, "job">;
  readonly jobUrl: JobUrl;
  readonly waits: Waits;
}

export function registerSubmitJob(app: FastifyInstance, deps: SubmitJobDeps): void {
  const { engine, reads, jobUrl, waits } = deps;

  /** A separate function, because a function that waits keeps all of its variables. */
  async function submit(body: SubmitJob, reply: FastifyReply) {
    const { headers } = reply.request;
    const idempotencyKey = parseIdempotencyKey(headers["idempotency-key"]);
    const trace = parseTrace(headers, body);
    const { dedupe, debounce } = body;
    const request = {
      ...toJobRequest(body),
      idempotencyKey,
      ...(trace !== null && { trace }),
      ...(dedupe !== undefined && { dedupe }),
      ...(debounce !== undefined && { debounce }),
    };
    const { jobId, replayed, joined } = await engine.submit(request);
    reply.header("location", `/v1/jobs/${jobId}`);
    if (replayed) reply.header("idempotent-replayed", "true");
    const plugins = request.plugins.map((plugin) => plugin.name);
    const isMerged = debounce !== undefined;
    const flag: JoinedFlag = joined
      ? isMerged
        ? { debounced: true }
        : { deduplicated: true }
      : {};
    return { jobId, isKnown: replayed || joined, flag, name: request.name, plugins };
  }

  mount(app, submitJob, async (request, reply) => {
    const { jobId, isKnown, flag, name, plugins } = await submit(request.body, reply);
    forgetBody(request);
    const waitSeconds = parseWait(request.headers.prefer);
    const waited =
      waitSeconds !== null &&
      (await waits.waitFor(reply, waitSeconds, (signal) => engine.waitForEnd(jobId, { signal })));
    const isShown = waitSeconds !== null && (waited || isKnown);
    const whole = isShown ? await reads.job(jobId, jobBound(reply)).catch(nullIfOverloaded) : null;
    if (whole !== null && hasEnded(whole.status)) {
      const linked = await engine.files.linked.job(whole);
      const text = jobText(linked, { progress: null, jobUrl, ...engine });
      return sendJson(reply, submittedText(text, flag));
    }
    // Without memory for the whole job, the client gets a 202: the job is stored.
    const job = whole ?? (waited || isKnown ? await reads.job(jobId) : null);
    const status: JobStatus = job?.status ?? "queued";
    const accepted = {
      jobId,
      status,
      name: job === null ? name : job.spec.name,
      plugins,
      url: jobUrl(jobId),
      ...flag,
    };
    return sendJson(reply.code(flag.deduplicated ? 200 : 202), acceptedJobText(accepted));
  });
}
