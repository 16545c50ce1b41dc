import { call } from "../../api/request.ts";
import { mayI } from "../../api/session.ts";
import { curlCommand, n8nNode } from "../../jobs/as-code.ts";
import { confirmAct } from "../../parts/confirm.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { announce, announceFailure } from "../../parts/toasts.tsx";
import { goTo, linkTo } from "../../router.ts";
import { requestOf } from "../run/draft.ts";
import { loadDraft } from "../run/load-draft.ts";
import type { JobStory } from "./job-story.ts";

interface ActsProps {
  readonly story: JobStory;
  readonly refresh: () => Promise<void>;
}

/** What is done to a job often. */
export function Acts({ story, refresh }: ActsProps) {
  const { job } = story;
  const params = { id: job.jobId };
  const act = toAct(refresh);
  const cancel = async (): Promise<void> => {
    const isSure = await confirmAct({
      title: "Cancel this job?",
      text: "Its plugin is asked to stop, and the job ends as failed. You can retry it later.",
      act: "Cancel the job",
      dismiss: "Let it run",
      isDangerous: true,
    });
    if (isSure)
      await act(() => call("POST /v1/jobs/{id}/cancel", { params }), "The job is being cancelled.");
  };
  const retry = (from: "failed-step" | "start"): Promise<void> =>
    act(() => call("POST /v1/jobs/{id}/retry", { params, query: { from } }), "The job runs again.");
  const hasResults = job.steps.some(({ status }) => status === "completed");
  // Without its input, it cannot run again.
  const canRun = job.payloadsRemovedAt === null;
  const canRetry = job.status === "failed" && canRun;
  const failedStep = job.steps.find(({ status }) => status === "failed");
  return (
    <>
      {mayI("run") && (
        <>
          {canRun && (
            <a class="btn" href={linkTo(["run"], { job: job.jobId })}>
              Run again…
            </a>
          )}
          {job.endedAt === null && (
            <button type="button" class="btn" onClick={() => void cancel()}>
              Cancel
            </button>
          )}
          {canRetry && hasResults && (
            <button type="button" class="btn" onClick={() => void retry("start")}>
              Retry from the start
            </button>
          )}
          {canRetry && (
            <button type="button" class="btn primary" onClick={() => void retry("failed-step")}>
              {failedStep === undefined ? "Retry" : `Retry from ${failedStep.plugin}`}
            </button>
          )}
        </>
      )}
    </>
  );
}

/** The rest. On a narrow screen it comes after the job. */
export function MoreActs({ story, refresh }: ActsProps) {
  const { job, raw } = story;
  const params = { id: job.jobId };
  const act = toAct(refresh);
  const toBody = async (): Promise<string> => {
    const draft = await loadDraft(job.jobId);
    // The page has no large input, and shows no secrets of the webhook.
    const input = job.inputTruncated || job.input === null ? draft.input : raw.input;
    return requestOf({ ...draft, input, settings: { ...draft.settings, webhookUrl: "" } });
  };
  const remove = async (): Promise<void> => {
    const isSure = await confirmAct({
      title: "Delete this job?",
      text: "Its input, results, events and log are removed. This cannot be undone.",
      act: "Delete the job",
      isDangerous: true,
    });
    if (!isSure) return;
    await act(async () => {
      await call("DELETE /v1/jobs/{id}", { params });
      goTo(linkTo(["jobs"]));
    }, "The job is deleted.");
  };
  return (
    <>
      {job.endedAt !== null && mayI("admin") && (
        <button type="button" class="btn quiet" onClick={() => void remove()}>
          Delete
        </button>
      )}
      {job.payloadsRemovedAt === null && (
        <>
          <CopyButton
            class="btn"
            label="Copy as curl"
            what="the job as a curl command"
            text={async () => curlCommand(await toBody())}
          />
          <CopyButton
            class="btn"
            label="Copy for n8n"
            what="the job as an n8n node"
            text={async () => n8nNode(job.name ?? job.plugins.join(", "), await toBody())}
          />
        </>
      )}
    </>
  );
}

function toAct(refresh: () => Promise<void>) {
  return async (send: () => Promise<unknown>, done: string): Promise<void> => {
    try {
      await send();
      announce(done);
      await refresh();
    } catch (error) {
      announceFailure(error);
    }
  };
}
