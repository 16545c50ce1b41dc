import type { Job } from "../../api/schema.ts";
import { stateOf } from "../../jobs/job-state.ts";
import { Tags } from "../../jobs/tags.tsx";
import { usualMs } from "../../jobs/usual.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Duration } from "../../parts/duration.tsx";
import { formatDuration } from "../../parts/duration-text.ts";
import { now } from "../../parts/now.ts";
import { plural } from "../../parts/numbers.ts";
import { Time } from "../../parts/time.tsx";
import { status } from "../../api/status.ts";
import { linkTo } from "../../router.ts";

/** What one wants to know first, in a line, and why the job waits or has failed. */
export function Facts({ job }: { readonly job: Job }) {
  const usual = usualMs(job.plugins);
  const source = sourceOf(job.metadata);
  return (
    <>
      <div class="facts">
        <span class="with-copy">
          <code class="muted">{job.jobId}</code>
          <CopyButton text={job.jobId} what="the job's id" />
        </span>
        <span>
          submitted{" "}
          <b>
            <Time at={job.createdAt} />
          </b>{" "}
          <span class="faint">
            <Time at={job.createdAt} format="ago" />
          </span>
        </span>
        {job.startedAt !== null && job.status !== "queued" && (
          <span>
            {job.endedAt === null ? "running for" : "took"}{" "}
            <b>
              <Duration from={job.startedAt} to={job.endedAt} />
            </b>
            {usual !== null && <span class="faint"> usual {formatDuration(usual)}</span>}
          </span>
        )}
        {source !== null && (
          <span>
            from <b>{source}</b>
          </span>
        )}
        {job.priority !== 0 && (
          <span>
            priority <b>{job.priority}</b>
          </span>
        )}
        {job.dedupe !== null && (
          <span>
            dedupe key <b>{job.dedupe.key}</b>
          </span>
        )}
        {job.debounce !== null && (
          <span>
            debounce key <b>{job.debounce.key}</b>
            {job.debounce.merged > 0 && (
              <span class="faint"> {plural(job.debounce.merged + 1, "request", "requests")}</span>
            )}
          </span>
        )}
        <TraceLink job={job} />
        <Tags tags={job.tags} />
        {job.timeoutMs !== null && (
          <span>
            time limit <b>{formatDuration(job.timeoutMs)}</b>
          </span>
        )}
      </div>
      <Why job={job} />
    </>
  );
}

function LimitLink({ waitingFor }: Pick<Job, "waitingFor">) {
  if (waitingFor?.kind !== "limit") return null;
  return (
    <a class="link" href={linkTo(["limits"], { name: waitingFor.on })}>
      See the limit
    </a>
  );
}

function TraceLink({ job: { traceId, traceUrl } }: { readonly job: Job }) {
  if (traceId === null) return null;
  return (
    <span class="with-copy">
      <span>
        trace{" "}
        {traceUrl === null ? (
          <code class="muted">{traceId}</code>
        ) : (
          <a class="link" href={traceUrl} target="_blank" rel="noreferrer">
            {traceId}
          </a>
        )}
      </span>
      <CopyButton text={traceId} what="the trace's id" />
    </span>
  );
}

/** Our n8n nodes name the workflow in the metadata. */
function sourceOf(metadata: Job["metadata"]): string | null {
  const workflow = metadata["workflow"] ?? metadata["workflowName"];
  return typeof workflow === "string" ? `workflow “${workflow}”` : null;
}

function Why({ job }: { readonly job: Job }) {
  switch (stateOf(job, now.value)) {
    case "waiting":
      return (
        <p class="notice wait why">
          <span>
            Waiting since <Time at={job.waitingFor?.since ?? null} />: {job.waitingFor?.detail}{" "}
            <LimitLink waitingFor={job.waitingFor} />
          </span>
        </p>
      );
    case "scheduled":
      return (
        <p class="why muted">
          It starts at <Time at={job.runAt} format="full" />, in{" "}
          {formatDuration(Date.parse(job.runAt) - now.value)}.
          {job.debounce !== null && " Until then, another request with its key can put it off."}
        </p>
      );
    case "queued":
      return <p class="why muted">{describeQueue()}</p>;
    case "failed":
      return (
        <div class="notice why">
          <span class="grow">
            <b>{job.errorCode}</b> <span class="error-text">{job.error}</span>
          </span>
          <CopyButton text={job.error ?? ""} what="the error" label="Copy" />
        </div>
      );
    case "running":
    case "completed":
    case "cancelled":
      return null;
  }
}

function describeQueue(): string {
  const known = status.value;
  if (known === null) return "It waits for a free thread.";
  const { threads, jobs } = known;
  if (threads.busy < threads.total) return "It waits for a thread, and starts in a moment.";
  return `It waits for a free thread: all ${threads.total} are busy, and ${plural(jobs.queued, "job is", "jobs are")} queued.`;
}
