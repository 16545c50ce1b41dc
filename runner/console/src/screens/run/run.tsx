import { useState } from "preact/hooks";
import { parseExact } from "../../api/exact-json.ts";
import { ApiError, call, callForText } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import type { Job, Plugin } from "../../api/schema.ts";
import { mayI } from "../../api/session.ts";
import { Card } from "../../parts/card.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { linkTo, place } from "../../router.ts";
import { Search } from "../../shell/search.tsx";
import {
  draftOfJob,
  draftOfPlugin,
  EMPTY_STEP,
  NO_SETTINGS,
  requestOf,
  type Draft,
} from "./draft.ts";
import { JobSettings } from "./job-settings.tsx";
import { StepEditor } from "./step-editor.tsx";
import { Submitted } from "./submitted.tsx";
import { submitText } from "./submit.ts";
import { ValueEditor } from "./value-editor.tsx";

/** `#/run`, with `?plugin=NAME` or `?job=ID` to begin with. */
export default function Run() {
  const { query } = place.value;
  const plugin = query.get("plugin");
  const job = query.get("job");
  const key = `${plugin} ${job}`;
  const start = useResource(key, async (signal) => {
    const [{ items }, draft] = await Promise.all([
      call("GET /v1/plugins", { signal }),
      job === null ? null : loadJob(job, signal),
    ]);
    return { key, plugins: items, draft: begin(items, plugin, draft), job };
  });
  return (
    <Page title="Run a plugin" acts={<Search />}>
      {mayI("run") ? (
        <Loaded of={start} what="the plugins">
          {/* The one before stays until the next has loaded, so the key is the loaded one's. */}
          {({ key: loaded, ...ready }) => <RunForm key={loaded} {...ready} />}
        </Loaded>
      ) : (
        <Empty title="Your token can only read">
          <p>To run a plugin, log in with a token that has the scope “run” or “admin”.</p>
        </Empty>
      )}
    </Page>
  );
}

/** Without the outputs, which can be large and are not needed. */
async function loadJob(id: string, signal: AbortSignal): Promise<Draft> {
  const options = { params: { id }, signal };
  const query = { maxBytes: SMALL_BYTES };
  const job = parseExact(await callForText("GET /v1/jobs/{id}", { ...options, query })) as Job;
  return job.inputTruncated
    ? draftOfJob(job, await callForText("GET /v1/jobs/{id}/input", options))
    : draftOfJob(job);
}
const SMALL_BYTES = 64 * 1024;

function begin(plugins: readonly Plugin[], name: string | null, draft: Draft | null): Draft {
  if (draft !== null) return draft;
  const plugin = plugins.find((one) => one.name === name);
  if (plugin !== undefined) return draftOfPlugin(plugin);
  return { steps: [EMPTY_STEP], input: "", settings: NO_SETTINGS };
}

interface RunFormProps {
  readonly plugins: readonly Plugin[];
  readonly draft: Draft;
  /** The earlier job that the form was filled from. */
  readonly job: string | null;
}

function RunForm({ plugins, draft: first, job }: RunFormProps) {
  const [draft, setDraft] = useState(first);
  const [jobId, setJobId] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isSending, setSending] = useState(false);
  const find = (name: string): Plugin | undefined => plugins.find((one) => one.name === name);
  const [firstStep] = draft.steps;
  const plugin = find(firstStep?.plugin ?? "");
  const hasSettings = JSON.stringify(first.settings) !== JSON.stringify(NO_SETTINGS);

  const submit = async (): Promise<void> => {
    setSending(true);
    try {
      setJobId((await submitText(requestOf(draft))).jobId);
      setProblem(null);
    } catch (error) {
      setProblem(toProblem(error));
    } finally {
      setSending(false);
    }
  };

  return (
    <form
      class="run-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <div class="stack">
        {job !== null && (
          <p class="notice run-from">
            <span class="grow">
              Filled in from an earlier job.{" "}
              {first.settings.webhookHeaders !== "" &&
                "The values of its webhook headers are secret: enter them again, or remove the headers. "}
            </span>
            <a href={linkTo(["jobs", job])}>Show that job</a>
          </p>
        )}
        <Steps draft={draft} plugins={plugins} onChange={setDraft} isChecked={problem !== null} />
        {firstStep !== undefined && firstStep.plugin !== "" && (
          <Card title="Input" note={draft.steps.length > 1 ? `of ${firstStep.plugin}` : undefined}>
            <div class="body">
              <ValueEditor
                key={firstStep.plugin}
                id="input"
                what="input"
                schema={plugin?.inputSchema ?? null}
                text={draft.input}
                isChecked={problem !== null}
                onChange={(input) => setDraft({ ...draft, input })}
              />
            </div>
          </Card>
        )}
        <details class="card fold" open={hasSettings}>
          <summary>
            <h2>Job settings</h2>
            <span class="faint">name, tags, metadata, time, webhook</span>
          </summary>
          <JobSettings
            settings={draft.settings}
            onChange={(settings) => setDraft({ ...draft, settings })}
          />
        </details>
      </div>
      <div class="stack result">
        <button
          type="submit"
          class="btn primary"
          disabled={isSending || draft.steps.some((step) => step.plugin === "")}
        >
          {jobId === null ? "Run" : "Run again"}
        </button>
        {problem !== null && <ProblemNotice problem={problem} />}
        {jobId === null ? (
          <Card title="Result">
            <Empty title="Not started yet">
              <p>The progress and the output appear here.</p>
            </Empty>
          </Card>
        ) : (
          <Submitted key={jobId} jobId={jobId} />
        )}
      </div>
    </form>
  );
}

interface StepsProps {
  readonly draft: Draft;
  readonly plugins: readonly Plugin[];
  readonly onChange: (draft: Draft) => void;
  readonly isChecked: boolean;
}

function Steps({ draft, plugins, onChange, isChecked }: StepsProps) {
  const { steps } = draft;
  return (
    <Card
      title={steps.length > 1 ? "Plugins" : "Plugin"}
      note={steps.length > 1 ? "each gets the output of the one before" : undefined}
      acts={
        <button
          type="button"
          class="link"
          onClick={() => onChange({ ...draft, steps: [...steps, EMPTY_STEP] })}
        >
          Add a plugin after it
        </button>
      }
    >
      {steps.map((step, index) => (
        <StepEditor
          key={index}
          number={index}
          step={step}
          plugins={plugins}
          isChecked={isChecked}
          onChange={(changed, example) =>
            onChange({
              ...draft,
              steps: steps.map((one, at) => (at === index ? changed : one)),
              ...(index === 0 && example !== undefined ? { input: example } : {}),
            })
          }
          {...(steps.length > 1
            ? {
                onRemove: () =>
                  onChange({ ...draft, steps: steps.filter((_, at) => at !== index) }),
              }
            : {})}
        />
      ))}
    </Card>
  );
}

interface Problem {
  readonly text: string;
  readonly issues: readonly { readonly path: string; readonly message: string }[];
}

function toProblem(error: unknown): Problem {
  const text = error instanceof Error ? error.message : String(error);
  return { text, issues: error instanceof ApiError ? error.issues : [] };
}

function ProblemNotice({ problem: { text, issues } }: { readonly problem: Problem }) {
  return (
    <div class="notice refusal" role="alert">
      <p>{text}</p>
      {issues.length > 1 && (
        <ul>
          {issues.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
