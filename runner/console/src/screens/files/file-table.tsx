import type { ComponentChildren } from "preact";
import { apiUrl, call } from "../../api/request.ts";
import type { File } from "../../api/schema.ts";
import { mayI } from "../../api/session.ts";
import { referenceText } from "../../files/reference.ts";
import { confirmAct } from "../../parts/confirm.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Icon } from "../../parts/icon.tsx";
import { now } from "../../parts/now.ts";
import { formatBytes } from "../../parts/numbers.ts";
import { Table } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { announce, announceFailure } from "../../parts/toasts.tsx";
import { linkTo } from "../../router.ts";

interface FileTableProps {
  readonly rows: readonly File[];
  readonly isFiltered: boolean;
  readonly onChange: () => Promise<void>;
}

export function FileTable({ rows, isFiltered, onChange }: FileTableProps) {
  if (rows.length === 0) return <NoFiles isFiltered={isFiltered} />;
  return (
    <Table
      label="Files"
      class="stacked files-table"
      rows={rows}
      keyOf={({ fileId }) => fileId}
      columns={[
        {
          title: "File",
          kind: "main",
          cell: ({ fileId, name, jobId }) => (
            <>
              <span class="name" title={name}>
                {name}
              </span>
              <span class="id">{fileId}</span>
              {jobId !== null && (
                <a class="remark muted" href={linkTo(["jobs", jobId])}>
                  written by a job
                </a>
              )}
            </>
          ),
        },
        { title: "Type", kind: "wide", cell: ({ type }) => <FileType type={type} /> },
        { title: "Size", kind: "num", cell: ({ size }) => formatBytes(size) },
        {
          title: "Stored",
          kind: "wide",
          cell: ({ createdAt }) => (
            <span class="one-line">
              <span class="unit">stored </span>
              <Time at={createdAt} />
            </span>
          ),
        },
        { title: "Kept", cell: (file) => <Kept file={file} /> },
        {
          title: <span class="off-screen">Acts</span>,
          kind: "fit",
          cell: (file) => <Acts file={file} onChange={onChange} />,
        },
      ]}
    />
  );
}

function NoFiles({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered) return <Empty title="This job has no files" />;
  return (
    <Empty title="There are no files yet">
      <p>
        A job’s input refers to an uploaded file with <code>{referenceText("file_…")}</code>. What
        plugins write is listed here, too.
      </p>
    </Empty>
  );
}

/** A sender can claim a type of any length. */
function FileType({ type }: { readonly type: string }) {
  return (
    <span class="file-type ellip muted" title={type}>
      {type}
    </span>
  );
}

/** How long it stays. What a job needs stays longer. */
function Kept({ file: { expiresAt, jobId } }: { readonly file: File }) {
  if (expiresAt === null) {
    return <Until>{jobId === null ? "until deleted" : "with its job"}</Until>;
  }
  if (Date.parse(expiresAt) < now.value) return <Until>while a job needs it</Until>;
  return (
    <Until>
      until <Time at={expiresAt} />
    </Until>
  );
}

function Until({ children }: { readonly children: ComponentChildren }) {
  return (
    <span class="muted one-line">
      <span class="unit">kept </span>
      {children}
    </span>
  );
}

interface ActsProps {
  readonly file: File;
  readonly onChange: () => Promise<void>;
}

function Acts({ file, onChange }: ActsProps) {
  const { fileId, name, url } = file;
  return (
    <span class="file-acts">
      {mayI("run") && (
        <a
          class="btn"
          aria-label={`Run a plugin with ${name}`}
          href={linkTo(["run"], { file: fileId })}
        >
          Run
        </a>
      )}
      <CopyButton text={referenceText(fileId)} what={`the reference to ${name}`} />
      <CopyButton text={url} what={`a link to ${name} that works without a token`} icon="link" />
      {/* Not the link above: PLAYGROUND_PUBLIC_URL can name an address that this browser does not reach. */}
      <a
        class="icon-btn"
        aria-label={`Download ${name}`}
        title={`Download ${name}`}
        href={apiUrl(`/v1/files/${encodeURIComponent(fileId)}/content`)}
        download
      >
        <Icon name="download" />
      </a>
      {mayI("admin") && (
        <button
          type="button"
          class="icon-btn"
          aria-label={`Delete ${name}`}
          title={`Delete ${name}`}
          onClick={() => void remove(file, onChange)}
        >
          <Icon name="trash" />
        </button>
      )}
    </span>
  );
}

async function remove({ fileId, name }: File, onChange: () => Promise<void>): Promise<void> {
  const isSure = await confirmAct({
    title: `Delete ${name}?`,
    text: "It cannot be downloaded or used in a job after that. A file that a job needs is not deleted.",
    act: "Delete",
    isDangerous: true,
  });
  if (!isSure) return;
  try {
    await call("DELETE /v1/files/{id}", { params: { id: fileId } });
    announce(`${name} is deleted.`);
  } catch (error) {
    announceFailure(error);
  }
  await onChange();
}
