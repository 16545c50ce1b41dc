import { call } from "../api/request.ts";
import { useResource } from "../api/resource.ts";
import { Icon } from "../parts/icon.tsx";
import { formatBytes } from "../parts/numbers.ts";

interface AttachedFileProps {
  readonly fileId: string;
  readonly onRemove: () => void;
}

/** The file that a reference stands for. */
export function AttachedFile({ fileId, onRemove }: AttachedFileProps) {
  const file = useResource(fileId, (signal) =>
    call("GET /v1/files/{id}", { params: { id: fileId }, signal }),
  );
  const now = file.loaded.value;
  const name = now.state === "ready" ? now.data.name : fileId;
  return (
    <div class="attached">
      <Icon name="file" />
      <span class="grow break">
        <b>{name}</b>{" "}
        {now.state === "ready" && <span class="muted">{formatBytes(now.data.size)}</span>}
        {now.state === "failed" && <span class="bad-text">{now.error.message}</span>}
      </span>
      <button type="button" class="icon-btn" aria-label={`Detach ${name}`} onClick={onRemove}>
        <Icon name="cross" />
      </button>
    </div>
  );
}
