import { useEffect, useRef, useState } from "preact/hooks";
import { parseExact } from "../../../api/exact-json.ts";
import { call, callForText } from "../../../api/request.ts";
import { useResource } from "../../../api/resource.ts";
import type { Plugin, Schedule } from "../../../api/schema.ts";
import { mayI } from "../../../api/session.ts";
import { Empty } from "../../../parts/empty.tsx";
import { Loaded } from "../../../parts/loaded.tsx";
import { Page } from "../../../parts/page.tsx";
import { announce } from "../../../parts/toasts.tsx";
import { goTo, linkTo } from "../../../router.ts";
import { draftOfScheduledJob, EMPTY_DRAFT, isComplete, type Draft } from "../../run/draft.ts";
import { takeOver } from "../../run/handed-draft.ts";
import { JobFields } from "../../run/job-fields.tsx";
import { ProblemNotice, toProblem, type Problem } from "../../run/problem.tsx";
import { PreviewCard, previewIssues, usePreview } from "./preview.tsx";
import { RuleFields } from "./rule-fields.tsx";
import { saveSchedule, type WholeDraft } from "./save.ts";
import {
  draftOfSchedule,
  hasRules,
  newSchedule,
  whenOf,
  type ScheduleDraft,
} from "./schedule-draft.ts";
import { WhenFields } from "./when-fields.tsx";

interface ScheduleFormProps {
  /** Of the schedule to edit. Null for a new one. */
  readonly scheduleKey: string | null;
}

/** `#/schedules?new=1` and `#/schedules/KEY?edit=1`. */
export default function ScheduleForm({ scheduleKey: key }: ScheduleFormProps) {
  const [handed] = useState(takeOver);
  const start = useResource(key ?? "", async (signal) => {
    const [{ items }, schedule] = await Promise.all([
      call("GET /v1/plugins", { signal }),
      key === null ? null : loadSchedule(key, signal),
    ]);
    return { plugins: items, schedule };
  });
  const back = linkTo(["schedules", ...(key === null ? [] : [key])]);
  useEffect(() => scrollTo(0, 0), []);
  return (
    <Page
      title={key === null ? "New schedule" : `Edit ${key}`}
      within={["Schedules", "schedules"]}
      acts={
        <a class="btn" href={back}>
          Cancel
        </a>
      }
    >
      {mayI("run") ? (
        <Loaded of={start} what="the form">
          {({ plugins, schedule }) => (
            <Form plugins={plugins} schedule={schedule} handed={handed} />
          )}
        </Loaded>
      ) : (
        <Empty title="Your token can only read">
          <p>To change schedules, log in with a token that has the scope “run” or “admin”.</p>
        </Empty>
      )}
    </Page>
  );
}

async function loadSchedule(key: string, signal: AbortSignal): Promise<Schedule> {
  const text = await callForText("GET /v1/schedules/{key}", { params: { key }, signal });
  return parseExact(text) as Schedule;
}

function begin(schedule: Schedule | null, handed: Draft | null): WholeDraft {
  if (schedule !== null) {
    return { schedule: draftOfSchedule(schedule), job: draftOfScheduledJob(schedule.job) };
  }
  const job = handed ?? EMPTY_DRAFT;
  // The schedule says when the job runs.
  return { schedule: newSchedule(), job: { ...job, settings: { ...job.settings, runAt: "" } } };
}

interface FormProps {
  readonly plugins: readonly Plugin[];
  readonly schedule: Schedule | null;
  readonly handed: Draft | null;
}

function Form({ plugins, schedule, handed }: FormProps) {
  const [first] = useState(() => begin(schedule, handed));
  const [draft, setDraft] = useState(first);
  const [refused, setRefused] = useState<{ problem: Problem; of: ScheduleDraft } | null>(null);
  const [isSending, setSending] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const preview = usePreview(whenOf(draft.schedule));

  const errorOf = (path: string): string | null => {
    const isSame = refused !== null && isUnchanged(path, refused.of, draft.schedule);
    const issues = [...previewIssues(preview), ...(isSame ? refused.problem.issues : [])];
    return issues.find((issue) => issue.path === path)?.message ?? null;
  };
  const change = (changed: Partial<ScheduleDraft>): void =>
    setDraft((now) => ({ ...now, schedule: { ...now.schedule, ...changed } }));
  const save = async (): Promise<void> => {
    setSending(true);
    try {
      const key = await saveSchedule(draft, schedule === null ? null : first);
      announce(schedule === null ? "The schedule is created." : "The schedule is saved.");
      goTo(linkTo(["schedules", key]));
    } catch (error) {
      setRefused({ problem: toProblem(error), of: draft.schedule });
    } finally {
      setSending(false);
    }
  };
  useEffect(() => {
    if (refused === null) return;
    form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [refused]);

  return (
    <form
      ref={form}
      class="run-form schedule-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <div class="stack">
        <WhenFields
          draft={draft.schedule}
          onChange={change}
          errorOf={errorOf}
          isNew={schedule === null}
        />
        <details class="card fold" open={hasRules(first.schedule)}>
          <summary>
            <h2>Rules</h2>
            <span class="faint">overlap, downtime, jitter, failures, first and last slot</span>
          </summary>
          <RuleFields draft={draft.schedule} onChange={change} errorOf={errorOf} />
        </details>
        <WebhookNotice webhook={schedule?.job.webhook ?? null} />
        <JobFields
          draft={draft.job}
          first={first.job}
          plugins={plugins}
          onChange={(job) => setDraft((now) => ({ ...now, job }))}
          isChecked={refused !== null}
          isScheduled
        />
      </div>
      <div class="stack result">
        <div class="form-acts">
          <button type="submit" class="btn primary" disabled={isSending || !isComplete(draft.job)}>
            {schedule === null ? "Create the schedule" : "Save"}
          </button>
        </div>
        {refused !== null && <ProblemNotice problem={refused.problem} />}
        <PreviewCard preview={preview} />
      </div>
    </form>
  );
}

/** What was refused is shown until its field has changed. */
function isUnchanged(path: string, before: ScheduleDraft, now: ScheduleDraft): boolean {
  const name = path.slice(1).replace(/Ms$/, "") as keyof ScheduleDraft;
  return before[name] === now[name];
}

/** The secrets of a stored webhook are not shown, so that a change cannot keep them. */
function WebhookNotice({ webhook }: Pick<Schedule["job"], "webhook">) {
  if (webhook === null) return null;
  const hasHeaders = Object.keys(webhook.headers).length > 0;
  if (!hasHeaders && !webhook.signed) return null;
  return (
    <p class="notice run-from">
      The secrets of its webhook are not shown, and stay while you do not change the webhook.
      {hasHeaders && " If you do, enter the values of its headers again."}
      {webhook.signed &&
        " If you do, its own signing secret is removed; the API can set a new one."}
    </p>
  );
}
