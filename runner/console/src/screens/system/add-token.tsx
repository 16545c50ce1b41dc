import { useState } from "preact/hooks";
import { call } from "../../api/request.ts";
import type { Token } from "../../api/schema.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { FormFoot } from "../../parts/form-foot.tsx";
import { Secret } from "../webhooks/secret.tsx";
import { SCOPES } from "./scopes.ts";

type Scope = Token["scope"];

export function AddToken({ onClose }: { readonly onClose: () => void }) {
  const [name, setName] = useState("");
  const [scope, setScope] = useState<Scope>("run");
  const [error, setError] = useState<string | null>(null);
  const [token, setToken] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);

  const submit = async (): Promise<void> => {
    setSending(true);
    setError(null);
    try {
      setToken((await call("POST /v1/tokens", { body: { name: name.trim(), scope } })).token);
    } catch (reason) {
      setError(reason instanceof Error ? reason.message : String(reason));
    } finally {
      setSending(false);
    }
  };

  if (token !== null) {
    return (
      <Secret title={`The token ${name.trim()}`} secret={token} onClose={onClose}>
        <p>Copy it now: the daemon stores only its digest, so it is never shown again.</p>
      </Secret>
    );
  }
  return (
    <Dialog title="Add a token" onClose={onClose}>
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <label class="field">
          Name
          <input
            value={name}
            placeholder="n8n"
            autocomplete="off"
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
        </label>
        <fieldset class="scopes">
          <legend>It can</legend>
          {(Object.keys(SCOPES) as Scope[]).map((one) => (
            <label key={one} class="check">
              <input
                type="radio"
                name="scope"
                checked={scope === one}
                onChange={() => setScope(one)}
              />
              <span>
                <b>{one}</b> <span class="muted">{SCOPES[one]}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <FormFoot error={error} act="Add" isSending={isSending} onClose={onClose} />
      </form>
    </Dialog>
  );
}
