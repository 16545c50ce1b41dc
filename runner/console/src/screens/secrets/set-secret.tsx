import { useState } from "preact/hooks";
import { call } from "../../api/request.ts";
import type { Secret } from "../../api/schema.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { FormFoot } from "../../parts/form-foot.tsx";
import { announce } from "../../parts/toasts.tsx";

interface SetSecretProps {
  /** Null for one whose name is to be entered. */
  readonly secret: Secret | null;
  readonly onClose: () => void;
}

export function SetSecret({ secret, onClose }: SetSecretProps) {
  const [typed, setTyped] = useState("");
  const [value, setValue] = useState("");
  const [isShown, setShown] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  const name = secret?.name ?? typed.trim();

  const submit = async (): Promise<void> => {
    setSending(true);
    setError(null);
    try {
      await call("PUT /v1/secrets/{name}", { params: { name }, body: { value } });
      announce(`The secret ${name} is set.`);
      onClose();
    } catch (reason) {
      setError(reason instanceof Error ? reason.message : String(reason));
    } finally {
      setSending(false);
    }
  };

  return (
    <Dialog title={titleOf(secret)} onClose={onClose}>
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (name === "") setError("The name must be given.");
          else void submit();
        }}
      >
        {secret === null && (
          <label class="field">
            Name
            <input
              class="mono"
              value={typed}
              placeholder="API_KEY"
              autocomplete="off"
              spellcheck={false}
              onInput={({ currentTarget }) => setTyped(currentTarget.value)}
            />
          </label>
        )}
        <label class="field">
          Value
          {/* A password field would join the lines of a key. */}
          <textarea
            class={isShown ? "code" : "code hidden-text"}
            rows={Math.min(8, value.split("\n").length)}
            value={value}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            onInput={({ currentTarget }) => setValue(currentTarget.value)}
          />
        </label>
        {value !== value.trim() && (
          <p class="wait-text">
            It begins or ends with a space or a line break, which are part of the value.{" "}
            <button type="button" class="link" onClick={() => setValue(value.trim())}>
              Remove them
            </button>
          </p>
        )}
        <label class="check">
          <input
            type="checkbox"
            checked={isShown}
            onChange={({ currentTarget }) => setShown(currentTarget.checked)}
          />
          Show what I enter
        </label>
        {secret?.source === "environment" && (
          <p class="muted">
            This daemon goes on with the value of <code>{secret.variable}</code>, which precedes the
            stored one.
          </p>
        )}
        <FormFoot error={error} act="Set" isSending={isSending} onClose={onClose} />
      </form>
    </Dialog>
  );
}

function titleOf(secret: Secret | null): string {
  if (secret === null) return "Set a secret";
  return secret.createdAt === null ? `Set ${secret.name}` : `Replace ${secret.name}`;
}
