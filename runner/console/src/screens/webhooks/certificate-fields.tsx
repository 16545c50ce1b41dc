import type { Webhook } from "../../api/schema.ts";
import type { Removed, WebhookDraft } from "./draft.ts";

export interface CertificateFieldsProps {
  readonly draft: WebhookDraft;
  readonly onChange: (draft: WebhookDraft) => void;
  readonly storedCertificate: Webhook["clientCertificate"];
  readonly removed: Removed;
  readonly onRemove: (removed: Removed) => void;
}

/** The stored key is secret, so a certificate can only be kept, replaced or removed. */
export function CertificateFields(props: CertificateFieldsProps) {
  const { draft, onChange, storedCertificate: stored, removed, onRemove } = props;
  const isRemoved = removed.clientCertificate;
  return (
    <>
      <Pem
        label="Client certificate, for an endpoint that asks for one"
        value={draft.clientCert}
        placeholder={
          stored === null ? "-----BEGIN CERTIFICATE-----" : `${stored.subject} stays as it is`
        }
        disabled={isRemoved}
        onInput={(clientCert) => onChange({ ...draft, clientCert })}
      />
      <Pem
        label="Its private key, without a passphrase"
        value={draft.clientKey}
        placeholder={stored === null ? "-----BEGIN PRIVATE KEY-----" : "stays as it is"}
        disabled={isRemoved}
        onInput={(clientKey) => onChange({ ...draft, clientKey })}
      />
      {stored !== null && (
        <label class="check">
          <input
            type="checkbox"
            checked={isRemoved}
            onChange={({ currentTarget: { checked } }) =>
              onRemove({ ...removed, clientCertificate: checked })
            }
          />
          Remove the client certificate
        </label>
      )}
    </>
  );
}

interface PemProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder: string;
  readonly disabled: boolean;
  readonly onInput: (value: string) => void;
}

function Pem({ label, onInput, ...rest }: PemProps) {
  return (
    <label class="field">
      {label}
      <textarea
        {...rest}
        class="code"
        rows={2}
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
    </label>
  );
}
