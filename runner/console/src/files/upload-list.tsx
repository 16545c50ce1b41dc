import { Bar } from "../parts/bar.tsx";
import { Icon } from "../parts/icon.tsx";
import { formatBytes } from "../parts/numbers.ts";
import type { Upload, Uploads } from "./uploads.ts";

/** More would push the files off the screen. */
const SHOWN = 4;

/** The uploads that go on, with how far they are, and those that have failed, with the reason. */
export function UploadList({ uploads }: { readonly uploads: Uploads }) {
  const all = uploads.list.value;
  if (all.length === 0) return null;
  const shown = [
    ...all.filter(({ state }) => state !== "waiting"),
    ...all.filter(({ state }) => state === "waiting"),
  ].slice(0, SHOWN);
  return (
    <ul class="uploads" aria-label="Uploads">
      {shown.map((upload) => (
        <li key={upload.id}>
          <Row upload={upload} uploads={uploads} />
        </li>
      ))}
      {all.length > shown.length && (
        <li>
          <span class="grow muted">{all.length - shown.length} more</span>
          <button type="button" class="link" onClick={uploads.removeAll}>
            Cancel all
          </button>
        </li>
      )}
    </ul>
  );
}

function Row({ upload, uploads }: { readonly upload: Upload; readonly uploads: Uploads }) {
  const { id, file, state, sentBytes, error } = upload;
  const { name } = file;
  if (state === "failed") {
    return (
      <>
        <div class="upload-name" role="alert">
          <span class="name">{name}</span>
          <span class="bad-text break">{error}</span>
        </div>
        <button type="button" class="link" onClick={() => uploads.retry(id)}>
          Try again
        </button>
        <button
          type="button"
          class="icon-btn"
          aria-label={`Dismiss ${name}`}
          onClick={() => uploads.remove(id)}
        >
          <Icon name="cross" />
        </button>
      </>
    );
  }
  return (
    <>
      <div class="upload-name">
        <span class="name">{name}</span>
        <span class="muted">{describe(upload)}</span>
        {state === "sending" && (
          <Bar
            fraction={file.size === 0 ? 1 : Math.min(1, sentBytes / file.size)}
            label={`Upload of ${name}`}
          />
        )}
      </div>
      <button
        type="button"
        class="link"
        aria-label={`Cancel the upload of ${name}`}
        onClick={() => uploads.remove(id)}
      >
        Cancel
      </button>
    </>
  );
}

function describe({ file, state, sentBytes }: Upload): string {
  const size = formatBytes(file.size);
  if (state === "waiting") return `${size}, waits`;
  if (sentBytes >= file.size) return `${size} sent, the daemon stores it`;
  return `${formatBytes(sentBytes)} of ${size}`;
}
