import { CertificateFields, type CertificateFieldsProps } from "./certificate-fields.tsx";
import { KINDS, type WebhookDraft } from "./draft.ts";

interface WebhookFieldsProps extends CertificateFieldsProps {
  /** The names of the headers that are stored. */
  readonly storedHeaders: readonly string[];
}

export function WebhookFields(props: WebhookFieldsProps) {
  const { draft, onChange } = props;
  const set = (changed: Partial<WebhookDraft>): void => onChange({ ...draft, ...changed });
  return (
    <>
      <label class="field">
        URL
        <input
          type="url"
          value={draft.url}
          autocomplete="off"
          placeholder="https://n8n.example.com/webhook/…"
          onInput={({ currentTarget }) => set({ url: currentTarget.value })}
        />
      </label>
      <fieldset class="events">
        <legend>Events</legend>
        {KINDS.map((kind) => (
          <label key={kind} class="check">
            <input
              type="checkbox"
              checked={draft.on.includes(kind)}
              onChange={({ currentTarget: { checked } }) =>
                set({
                  on: KINDS.filter((one) => (one === kind ? checked : draft.on.includes(one))),
                })
              }
            />
            {kind}
          </label>
        ))}
      </fieldset>
      <div class="pair">
        <Text
          label="Only jobs named"
          value={draft.jobName}
          placeholder="any name"
          onInput={(jobName) => set({ jobName })}
        />
        <Text
          label="Only jobs that run"
          value={draft.plugins}
          placeholder="any plugin"
          onInput={(plugins) => set({ plugins })}
        />
      </div>
      <HeaderField {...props} />
      <details class="options">
        <summary>Retries, time limit, rate, end, certificates</summary>
        <div class="pair">
          <Text
            label="Retries, at most 10"
            value={draft.retries}
            inputMode="numeric"
            onInput={(retries) => set({ retries })}
          />
          <Text
            label="Time limit in seconds"
            value={draft.timeoutS}
            inputMode="decimal"
            onInput={(timeoutS) => set({ timeoutS })}
          />
          <Text
            label="Attempts a second"
            value={draft.ratePerSecond}
            placeholder="no limit"
            inputMode="decimal"
            onInput={(ratePerSecond) => set({ ratePerSecond })}
          />
          <label class="field">
            Expires
            <input
              type="datetime-local"
              value={draft.expiresAt}
              onInput={({ currentTarget }) => set({ expiresAt: currentTarget.value })}
            />
          </label>
        </div>
        <label class="check">
          <input
            type="checkbox"
            checked={!draft.verifyTls}
            onChange={({ currentTarget: { checked } }) => set({ verifyTls: !checked })}
          />
          Accept any certificate of the endpoint (insecure)
        </label>
        <CertificateFields {...props} />
      </details>
    </>
  );
}

interface TextProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly inputMode?: "numeric" | "decimal";
  readonly onInput: (value: string) => void;
}

function Text({ label, onInput, ...rest }: TextProps) {
  return (
    <label class="field">
      {label}
      <input
        {...rest}
        autocomplete="off"
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
    </label>
  );
}

/** The values of stored headers are secret, so they can only be kept, replaced or removed. */
function HeaderField(props: WebhookFieldsProps) {
  const { draft, onChange, storedHeaders, removed, onRemove } = props;
  return (
    <>
      <label class="field">
        Headers
        <textarea
          class="code"
          rows={Math.max(1, Math.min(6, draft.headers.split("\n").length))}
          value={draft.headers}
          placeholder={
            storedHeaders.length === 0
              ? "Authorization: Bearer …"
              : `${storedHeaders.join(", ")} stay as they are`
          }
          spellcheck={false}
          disabled={removed.headers}
          onInput={({ currentTarget }) => onChange({ ...draft, headers: currentTarget.value })}
        />
      </label>
      {storedHeaders.length > 0 && (
        <label class="check">
          <input
            type="checkbox"
            checked={removed.headers}
            onChange={({ currentTarget: { checked } }) =>
              onRemove({ ...removed, headers: checked })
            }
          />
          Remove all headers
        </label>
      )}
    </>
  );
}
