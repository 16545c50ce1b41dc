/** The cells of a job's row, for every list of jobs. */
import type { JobSummary } from "../api/schema.ts";
import { Bar } from "../parts/bar.tsx";
import { Chain } from "../parts/chain.tsx";
import { Duration } from "../parts/duration.tsx";
import { formatDuration } from "../parts/duration-text.ts";
import { now } from "../parts/now.ts";
import { State } from "../parts/state.tsx";
import { Time } from "../parts/time.tsx";
import { linkTo } from "../router.ts";
import { stateOf } from "./job-state.ts";
import { Tags } from "./tags.tsx";
import { usualMs } from "./usual.ts";

type Cell = { readonly job: JobSummary };

export function JobState({ job }: Cell) {
  return <State name={stateOf(job, now.value)} />;
}

export function JobName({ job }: Cell) {
  return (
    <>
      <a class="name" href={linkTo(["jobs", job.jobId])}>
        {job.name ?? job.plugins.join(" → ")}
      </a>
      <span class="id">{job.jobId}</span>
      <Tags tags={job.tags} />
    </>
  );
}

/** The steps, and what the job does, waits for, or failed with. */
export function JobSteps({ job }: Cell) {
  return (
    <>
      <Chain steps={job.steps} />
      <JobRemark job={job} />
    </>
  );
}

function JobRemark({ job }: Cell) {
  const { progress } = job;
  switch (stateOf(job, now.value)) {
    case "failed":
      return <span class="remark bad-text mono ellip">{job.error}</span>;
    case "waiting":
      return <span class="remark wait-text">{job.waitingFor?.detail}</span>;
    case "scheduled":
      return (
        <span class="remark muted">
          starts at <Time at={job.runAt} />
        </span>
      );
    case "queued":
      return <span class="remark muted">waits for a free thread</span>;
    case "running":
      if (progress === null) return null;
      return (
        <>
          {progress.fraction !== null && (
            <Bar fraction={progress.fraction} label={`Progress of ${job.name ?? job.jobId}`} />
          )}
          {progress.message !== null && <span class="remark muted">{progress.message}</span>}
        </>
      );
    case "completed":
    case "cancelled":
      return null;
  }
}

/** From this ratio on, a duration is worth a remark. */
const SLOW = 2;
const MIN_SLOW_MS = 1_000;

/** How long it ran, or has waited, and whether that is longer than usual. */
export function JobTook({ job }: Cell) {
  if (job.startedAt === null) {
    return (
      <span class="muted">
        <Duration from={job.createdAt} to={job.endedAt} />
      </span>
    );
  }
  // A job keeps its first start when it is retried, so how long it waits is not known.
  if (job.status === "queued") return <span class="faint">–</span>;
  const end = job.endedAt === null ? now.value : Date.parse(job.endedAt);
  const ms = end - Date.parse(job.startedAt);
  const usual = usualMs(job.plugins);
  const isSlow = usual !== null && usual > 0 && ms > MIN_SLOW_MS && ms > SLOW * usual;
  return (
    <>
      {formatDuration(ms)}
      {isSlow && (
        <span class="remark wait-text" title={`Usually ${formatDuration(usual)}`}>
          {(ms / usual).toFixed(1)}× usual
        </span>
      )}
    </>
  );
}

/** One dot for each event that has deliveries. */
export function JobDeliveries({ job }: Cell) {
  const { deliveries } = job;
  if (deliveries === null || deliveries.length === 0) return <span class="faint">–</span>;
  const words = deliveries.map(({ event, state }) => `${event} ${WORDS[state]}`).join(", ");
  return (
    <span class="dots" role="img" aria-label={words} title={words}>
      {deliveries.map(({ event, state }) => (
        <i key={event} class={state} />
      ))}
    </span>
  );
}

const WORDS: Readonly<Record<NonNullable<JobSummary["deliveries"]>[number]["state"], string>> = {
  delivered: "delivered",
  pending: "not sent yet",
  retrying: "failed, will be retried",
  failed: "given up",
};
