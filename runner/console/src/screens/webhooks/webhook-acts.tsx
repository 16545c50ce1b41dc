import { useState } from "preact/hooks";
import { call } from "../../api/request.ts";
import type { Webhook, WebhookTest } from "../../api/schema.ts";
import { confirmAct } from "../../parts/confirm.tsx";
import { announce, announceFailure } from "../../parts/toasts.tsx";
import { goTo, linkTo } from "../../router.ts";
import { Recover } from "../destinations/recover.tsx";
import { Secret } from "./secret.tsx";
import { TestResults } from "./test-results.tsx";
import { WebhookForm } from "./webhook-form.tsx";

interface WebhookActsProps {
  readonly webhook: Webhook;
  readonly onChange: () => void;
}

type Open =
  | { readonly kind: "edit" | "recover" }
  | { readonly kind: "test"; readonly test: WebhookTest | null }
  | { readonly kind: "secret"; readonly secret: string };

export function WebhookActs({ webhook, onChange }: WebhookActsProps) {
  const [open, setOpen] = useState<Open | null>(null);
  const params = { id: webhook.id };
  const close = (): void => {
    setOpen(null);
    onChange();
  };
  /** Does the act and says what the daemon refuses. */
  const act = (run: () => Promise<unknown>): void => {
    run().catch((error: unknown) => {
      setOpen(null);
      announceFailure(error);
    });
  };

  const setState = async (state: "active" | "paused"): Promise<void> => {
    await call("PATCH /v1/webhooks/{id}", { params, body: { state } });
    announce(state === "paused" ? "Paused. Events are stored." : "Resumed.");
    onChange();
  };
  const test = async (): Promise<void> => {
    setOpen({ kind: "test", test: null });
    setOpen({ kind: "test", test: await call("POST /v1/webhooks/{id}/test", { params }) });
  };
  const rotate = async (): Promise<void> => {
    const isSure = await confirmAct({
      title: "Make a new secret?",
      text: "For 24 hours, deliveries are signed with the old and the new secret. Change it at the receiver within this time.",
      act: "Make a new secret",
    });
    if (!isSure) return;
    const { secret } = await call("POST /v1/webhooks/{id}/rotate-secret", { params });
    setOpen({ kind: "secret", secret });
  };
  const remove = async (): Promise<void> => {
    const isSure = await confirmAct({
      title: "Remove this webhook?",
      text: `${webhook.url} receives no more events. Its stored deliveries, also those that wait, are removed. This cannot be undone.`,
      act: "Remove",
      isDangerous: true,
    });
    if (!isSure) return;
    await call("DELETE /v1/webhooks/{id}", { params });
    announce("The webhook is removed.");
    goTo(linkTo(["destinations"]));
  };

  return (
    <>
      <button type="button" class="btn" onClick={() => act(test)}>
        Test
      </button>
      {webhook.state === "active" ? (
        <button type="button" class="btn" onClick={() => act(async () => setState("paused"))}>
          Pause
        </button>
      ) : (
        <button
          type="button"
          class="btn primary"
          onClick={() => act(async () => setState("active"))}
        >
          Resume
        </button>
      )}
      <button type="button" class="btn" onClick={() => setOpen({ kind: "edit" })}>
        Edit
      </button>
      <button type="button" class="btn" onClick={() => setOpen({ kind: "recover" })}>
        Send failed events again…
      </button>
      <button type="button" class="btn" onClick={() => act(rotate)}>
        New secret…
      </button>
      <button type="button" class="btn bad-text" onClick={() => act(remove)}>
        Remove…
      </button>
      {open?.kind === "edit" && <WebhookForm webhook={webhook} onClose={close} />}
      {open?.kind === "test" && <TestResults test={open.test} onClose={close} />}
      {open?.kind === "secret" && (
        <Secret title="The new secret" secret={open.secret} onClose={close} />
      )}
      {open?.kind === "recover" && (
        <Recover
          target={webhook.url}
          recover={(since) => call("POST /v1/webhooks/{id}/recover", { params, body: { since } })}
          onClose={close}
        />
      )}
    </>
  );
}
