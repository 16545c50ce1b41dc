import { useState } from "preact/hooks";
import { FileDrop } from "./file-drop.tsx";
import { UploadList } from "./upload-list.tsx";
import type { Uploads } from "./uploads.ts";

interface UploadBoxProps {
  readonly uploads: Uploads;
  /** The button that opens the browser's dialog. */
  readonly label: string;
  /** Whether several files can be chosen at once. */
  readonly isMany?: boolean;
  /** Whether files are kept until someone deletes them, unless the person chooses otherwise. */
  readonly isKept?: boolean;
}

/** Takes files, asks how long to keep them, and shows how far their uploads are. */
export function UploadBox({ uploads, label, isMany = false, isKept = false }: UploadBoxProps) {
  const [keep, setKeep] = useState(isKept);
  return (
    <div>
      <FileDrop label={label} isMany={isMany} onFiles={(files) => uploads.add(files, { keep })}>
        <label class="check">
          <input
            type="checkbox"
            checked={keep}
            onChange={({ currentTarget }) => setKeep(currentTarget.checked)}
          />
          Keep until deleted
        </label>
      </FileDrop>
      <UploadList uploads={uploads} />
    </div>
  );
}
