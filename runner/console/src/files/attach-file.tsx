import { createContext } from "preact";
import { createPortal } from "preact/compat";
import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import { call } from "../api/request.ts";
import { useResource } from "../api/resource.ts";
import type { File } from "../api/schema.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Icon } from "../parts/icon.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { formatBytes } from "../parts/numbers.ts";
import { Time } from "../parts/time.tsx";
import { UploadBox } from "./upload-box.tsx";
import { createUploads } from "./uploads.ts";

/** Whether an upload is kept unless someone says otherwise: a schedule needs its files for longer than a job. */
export const KeepsFiles = createContext(false);

const NEWEST = 20;

interface AttachFileProps {
  readonly onChoose: (file: File) => void;
  /** Names the place for screen readers, such as "as file". */
  readonly to?: string;
}

/** A button that uploads a file, or takes one that is stored already. */
export function AttachFile({ onChoose, to }: AttachFileProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="link attach" onClick={() => setOpen(true)}>
        <Icon name="upload" /> Attach a file
        {to !== undefined && <span class="off-screen"> {to}</span>}
      </button>
      {isOpen &&
        // Outside the form, which the Enter key in a checkbox would submit.
        createPortal(
          <Chooser
            onClose={() => setOpen(false)}
            onChoose={(file) => {
              setOpen(false);
              onChoose(file);
            }}
          />,
          document.body,
        )}
    </>
  );
}

interface ChooserProps {
  readonly onChoose: (file: File) => void;
  readonly onClose: () => void;
}

function Chooser({ onChoose, onClose }: ChooserProps) {
  const isKept = useContext(KeepsFiles);
  const uploads = useMemo(() => createUploads(onChoose), []);
  useEffect(() => uploads.removeAll, [uploads]);
  const newest = useResource("newest files", (signal) =>
    call("GET /v1/files", { query: { limit: NEWEST }, signal }),
  );
  return (
    <Dialog title="Attach a file" onClose={onClose}>
      <div class="stack">
        <UploadBox uploads={uploads} label="Choose a file" isKept={isKept} />
        <Loaded of={newest} what="the files">
          {({ items }) =>
            items.length > 0 && (
              <section aria-label="Newest files">
                <h3>Or take one of the newest</h3>
                <ul class="choose-file">
                  {items.map((file) => (
                    <li key={file.fileId}>
                      <button type="button" onClick={() => onChoose(file)}>
                        <span class="ellip">{file.name}</span>
                        <span class="muted small one-line">
                          {formatBytes(file.size)}, <Time at={file.createdAt} format="ago" />
                        </span>
                      </button>
                    </li>
                  ))}
                </ul>
              </section>
            )
          }
        </Loaded>
        <div class="acts">
          <button type="button" class="btn" onClick={onClose}>
            Cancel
          </button>
        </div>
      </div>
    </Dialog>
  );
}
