import { useEffect, useRef } from "preact/hooks";
import { parseExact, stringifyExact } from "../../api/exact-json.ts";
import { useResource } from "../../api/resource.ts";
import type { Job } from "../../api/schema.ts";
import { stateOf } from "../../jobs/job-state.ts";
import { mayI } from "../../api/session.ts";
import { call, callForText } from "../../api/request.ts";
import { useLive } from "../../live/stream.ts";
import { Bar } from "../../parts/bar.tsx";
import { Card } from "../../parts/card.tsx";
import { Chain } from "../../parts/chain.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Duration } from "../../parts/duration.tsx";
import { JsonView } from "../../parts/json-view.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { State } from "../../parts/state.tsx";
import { Time } from "../../parts/time.tsx";
import { now } from "../../parts/now.ts";
import { announceFailure } from "../../parts/toasts.tsx";
import { linkTo } from "../../router.ts";

const POLL_MS = 1_000;
/** The job's own page has larger values. */
const SHOWN_BYTES = 256 * 1024;

/** The job that was submitted, as it runs. */
export function Submitted({ jobId }: { readonly jobId: string }) {
  const job = useResource(jobId, async (signal) => {
    const text = await callForText("GET /v1/jobs/{id}", {
      params: { id: jobId },
      query: { maxBytes: SHOWN_BYTES },
      signal,
    });
    return parseExact(text) as Job;
  });
  useLive({
    jobs: (changed) => {
      if (changed.some((one) => one.jobId === jobId)) void job.refresh();
    },
    missed: () => void job.refresh(),
  });
  const element = useRef<HTMLDivElement>(null);
  // On a narrow screen the result is below a long form.
  useEffect(() => element.current?.scrollIntoView({ block: "nearest" }), []);
  const loaded = job.loaded.value;
  const isOver = loaded.state === "ready" && loaded.data.endedAt !== null;
  // The stream leaves out changes that follow each other quickly.
  useEffect(() => {
    if (isOver) return undefined;
    const timer = setInterval(() => void job.refresh(), POLL_MS);
    return () => clearInterval(timer);
  }, [isOver, jobId]);
  return (
    <div ref={element}>
      <Card
        title="Result"
        acts={
          <a class="link" href={linkTo(["jobs", jobId])}>
            Open the job
          </a>
        }
      >
        <Loaded of={job} what="the job">
          {(data) => <Outcome job={data} />}
        </Loaded>
      </Card>
    </div>
  );
}

function Outcome({ job }: { readonly job: Job }) {
  const state = stateOf(job, now.value);
  return (
    <div class="outcome">
      <p role="status">
        <State name={state} />{" "}
        {state === "scheduled" ? (
          <span class="muted">
            starts at <Time at={job.runAt} />
          </span>
        ) : (
          <span class="muted">
            <Duration from={job.startedAt ?? job.createdAt} to={job.endedAt} />
          </span>
        )}
      </p>
      {job.steps.length > 1 && <Chain steps={job.steps} />}
      {job.waitingFor !== null && <p class="wait-text">{job.waitingFor.detail}</p>}
      {job.progress !== null && job.endedAt === null && (
        <div>
          {job.progress.fraction !== null && (
            <Bar fraction={job.progress.fraction} label="Progress" />
          )}
          <p class="muted small">{job.progress.message}</p>
        </div>
      )}
      {job.error !== null && state !== "cancelled" && (
        <p class="error">
          <b class="mono">{job.errorCode}</b> {job.error}
        </p>
      )}
      {job.endedAt === null && mayI("run") && <Cancel jobId={job.jobId} />}
      {job.status === "completed" && <Output job={job} />}
    </div>
  );
}

function Output({ job }: { readonly job: Job }) {
  const last = job.steps.at(-1);
  if (last?.truncated === true) {
    return <p class="muted">The output is too large to show here. The job's page has it.</p>;
  }
  const text = stringifyExact(job.output);
  return (
    <section aria-label="Output">
      <div class="row-head">
        <h3>Output</h3>
        <div class="grow" />
        <CopyButton text={() => stringifyExact(job.output, 2)} what="the output" label="Copy" />
      </div>
      <JsonView text={text} />
    </section>
  );
}

function Cancel({ jobId }: { readonly jobId: string }) {
  return (
    <button
      type="button"
      class="btn"
      onClick={() =>
        void call("POST /v1/jobs/{id}/cancel", { params: { id: jobId } }).catch(announceFailure)
      }
    >
      Cancel the job
    </button>
  );
}
