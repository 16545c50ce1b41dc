import { useState } from "preact/hooks";
import { call } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import type { File, Plugin } from "../../api/schema.ts";
import { mayI } from "../../api/session.ts";
import { referenceText } from "../../files/reference.ts";
import { Card } from "../../parts/card.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { goTo, linkTo, place } from "../../router.ts";
import { Search } from "../../shell/search.tsx";
import { draftOfPlugin, EMPTY_DRAFT, isComplete, requestOf, type Draft } from "./draft.ts";
import { handOver } from "./handed-draft.ts";
import { JobFields } from "./job-fields.tsx";
import { loadDraft } from "./load-draft.ts";
import { ProblemNotice, toProblem, type Problem } from "./problem.tsx";
import { Submitted } from "./submitted.tsx";
import { submitText } from "./submit.ts";

/** `#/run`, with `?plugin=NAME`, `?job=ID` or `?file=ID` to begin with. */
export default function Run() {
  const { query } = place.value;
  const plugin = query.get("plugin");
  const job = query.get("job");
  const fileId = query.get("file");
  const key = `${plugin} ${job} ${fileId}`;
  const start = useResource(key, async (signal) => {
    const [{ items }, draft, file] = await Promise.all([
      call("GET /v1/plugins", { signal }),
      job === null ? null : loadDraft(job, signal),
      fileId === null ? null : call("GET /v1/files/{id}", { params: { id: fileId }, signal }),
    ]);
    return { key, plugins: items, draft: begin(items, plugin, draft), job, file };
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

function begin(plugins: readonly Plugin[], name: string | null, draft: Draft | null): Draft {
  if (draft !== null) return draft;
  const plugin = plugins.find((one) => one.name === name);
  if (plugin !== undefined) return draftOfPlugin(plugin);
  return EMPTY_DRAFT;
}

interface RunFormProps {
  readonly plugins: readonly Plugin[];
  readonly draft: Draft;
  /** The earlier job that the form was filled from. */
  readonly job: string | null;
  /** What the job is to work on. */
  readonly file: File | null;
}

function RunForm({ plugins, draft: first, job, file }: RunFormProps) {
  const [draft, setDraft] = useState(first);
  const [jobId, setJobId] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isSending, setSending] = useState(false);
  const schedule = (): void => {
    handOver(draft);
    goTo(linkTo(["schedules"], { new: "1" }));
  };

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
        {file !== null && <FileNotice file={file} isUsed={mentions(draft, file)} />}
        <JobFields
          fileId={file?.fileId}
          draft={draft}
          first={first}
          plugins={plugins}
          onChange={setDraft}
          isChecked={problem !== null}
        />
      </div>
      <div class="stack result">
        <div class="form-acts">
          <button type="submit" class="btn primary" disabled={isSending || !isComplete(draft)}>
            {jobId === null ? "Run" : "Run again"}
          </button>
          <button type="button" class="btn" disabled={!isComplete(draft)} onClick={schedule}>
            Schedule…
          </button>
        </div>
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

function mentions({ input, steps }: Draft, { fileId }: File): boolean {
  return [input, ...steps.map(({ options }) => options)].some((text) => text.includes(fileId));
}

function FileNotice({ file: { fileId, name }, isUsed }: { file: File; isUsed: boolean }) {
  return (
    <p class="notice run-from">
      <span class="grow">
        {isUsed ? (
          <>
            The input refers to <b>{name}</b>.
          </>
        ) : (
          <>
            Choose a plugin for <b>{name}</b>. If its input has no place for a file, copy the
            reference into it.
          </>
        )}
      </span>
      <CopyButton text={referenceText(fileId)} what="the reference" label="Copy the reference" />
    </p>
  );
}
