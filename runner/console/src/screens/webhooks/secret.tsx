import type { ComponentChildren } from "preact";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Dialog } from "../../parts/dialog.tsx";

interface SecretProps {
  readonly title: string;
  readonly secret: string;
  readonly onClose: () => void;
  readonly children?: ComponentChildren;
}

/** A secret that is shown only now. */
export function Secret({ title, secret, onClose, children }: SecretProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="stack">
        {children ?? (
          <p>
            This secret signs every delivery. Give it to the receiver now: it is never shown again.
          </p>
        )}
        <p class="secret">
          <code>{secret}</code>
          <CopyButton text={secret} what="the secret" />
        </p>
        <div class="acts">
          <button type="button" class="btn primary" onClick={onClose}>
            I have copied it
          </button>
        </div>
      </div>
    </Dialog>
  );
}
