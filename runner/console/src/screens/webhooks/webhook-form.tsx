import { useState } from "preact/hooks";
import { ApiError, call } from "../../api/request.ts";
import type { Webhook } from "../../api/schema.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { FormFoot } from "../../parts/form-foot.tsx";
import { announce } from "../../parts/toasts.tsx";
import {
  changesOf,
  draftOf,
  NEW_WEBHOOK,
  NOTHING_REMOVED,
  requestOf,
  type WebhookDraft,
} from "./draft.ts";
import { WebhookFields } from "./webhook-fields.tsx";
import { Secret } from "./secret.tsx";

interface WebhookFormProps {
  /** The webhook to edit. Without it a new one is registered. */
  readonly webhook?: Webhook;
  readonly onClose: () => void;
}

export function WebhookForm({ webhook, onClose }: WebhookFormProps) {
  const [first] = useState(() => (webhook === undefined ? NEW_WEBHOOK : draftOf(webhook)));
  const [draft, setDraft] = useState<WebhookDraft>(first);
  const [removed, setRemoved] = useState(NOTHING_REMOVED);
  const [error, setError] = useState<string | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);

  const save = async (): Promise<void> => {
    if (webhook !== undefined) {
      const body = changesOf(first, draft, removed);
      await call("PATCH /v1/webhooks/{id}", { params: { id: webhook.id }, body });
      announce("The webhook is saved.");
      onClose();
      return;
    }
    const saved = await call("POST /v1/webhooks", { body: requestOf(draft, NOTHING_REMOVED) });
    if ("secret" in saved) setSecret(saved.secret);
    else {
      announce("This webhook was registered already. Its settings are updated.");
      onClose();
    }
  };
  const submit = async (): Promise<void> => {
    setError(null);
    setSending(true);
    try {
      await save();
    } catch (reason) {
      setError(explain(reason));
    } finally {
      setSending(false);
    }
  };

  if (secret !== null) {
    return <Secret title="The webhook is registered" secret={secret} onClose={onClose} />;
  }
  return (
    <Dialog title={webhook === undefined ? "Register a webhook" : "Edit"} onClose={onClose}>
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <WebhookFields
          draft={draft}
          onChange={setDraft}
          storedHeaders={Object.keys(webhook?.headers ?? {})}
          storedCertificate={webhook?.clientCertificate ?? null}
          removed={removed}
          onRemove={setRemoved}
        />
        <FormFoot
          error={error}
          act={webhook === undefined ? "Register" : "Save"}
          isSending={isSending}
          onClose={onClose}
        />
      </form>
    </Dialog>
  );
}

function explain(reason: unknown): string {
  if (reason instanceof ApiError || reason instanceof Error) return reason.message;
  return String(reason);
}
