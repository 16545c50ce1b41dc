import { Card } from "../../parts/card.tsx";
import { JsonView } from "../../parts/json-view.tsx";
import { Time } from "../../parts/time.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { apiUrl } from "../../api/request.ts";
import { linkTo } from "../../router.ts";
import type { JobStory } from "./job-story.ts";
import { LargeValue } from "./large-value.tsx";

/** What went in and what came out, each as it is stored. */
export function Values({ story: { job, raw } }: { readonly story: JobStory }) {
  if (job.payloadsRemovedAt !== null) return <Removed job={job} metadata={raw.metadata} />;
  const path = `/v1/jobs/${encodeURIComponent(job.jobId)}`;
  const files = linkTo(["files"], { job: job.jobId });
  const last = raw.outputs.length - 1;
  const completed = job.steps
    .map((step, index) => ({ ...step, index }))
    .filter(({ status }) => status === "completed");
  // The job's output first: the others are on the way to it.
  const outputs = [
    ...completed.filter(({ index }) => index === last),
    ...completed.filter(({ index }) => index !== last),
  ];
  return (
    <>
      <Value
        title="Input"
        path={`${path}/input`}
        files={files}
        text={job.inputTruncated ? null : raw.input}
      />
      {outputs.map(({ plugin, truncated, index }) => (
        <Value
          key={index}
          title={index === last ? "Output" : `Output of ${plugin}`}
          path={`${path}/outputs/${index}`}
          files={files}
          text={truncated ? null : (raw.outputs[index] ?? "null")}
        />
      ))}
      <Metadata text={raw.metadata} />
    </>
  );
}

interface RemovedProps {
  readonly job: JobStory["job"];
  readonly metadata: string;
}

function Removed({ job, metadata }: RemovedProps) {
  return (
    <>
      <Card title="Input and output">
        <p class="body muted">
          Input, output and log were removed on <Time at={job.payloadsRemovedAt} format="full" />,
          because the job is older than <code>PLAYGROUND_RETENTION_PAYLOAD_DAYS</code> allows. It
          cannot run again.
        </p>
      </Card>
      <Metadata text={metadata} />
    </>
  );
}

function Metadata({ text }: { readonly text: string }) {
  return text === "{}" ? null : <Value title="Metadata" text={text} />;
}

interface ValueProps {
  readonly title: string;
  /** Where it can be downloaded. */
  readonly path?: string;
  /** The address of the job's files. */
  readonly files?: string;
  /** Null when it is too large for the page. */
  readonly text: string | null;
}

function Value({ title, path, files, text }: ValueProps) {
  return (
    <Card
      title={title}
      acts={
        <>
          {files !== undefined && text?.includes('"$file"') === true && (
            <a class="link" href={files}>
              Files
            </a>
          )}
          {text !== null && <CopyButton text={text} what={title.toLowerCase()} label="Copy" />}
          {path !== undefined && (
            <a class="link" href={apiUrl(path)} download>
              Download
            </a>
          )}
        </>
      }
    >
      {text === null && path !== undefined ? (
        <LargeValue path={path} />
      ) : (
        <JsonView text={text ?? "null"} />
      )}
    </Card>
  );
}
