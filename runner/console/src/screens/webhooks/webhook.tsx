import { useState } from "preact/hooks";
import { call } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import type { Destination, Webhook } from "../../api/schema.ts";
import { mayI } from "../../api/session.ts";
import { useRefresh } from "../../live/use-refresh.ts";
import { Card } from "../../parts/card.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { formatDuration } from "../../parts/duration-text.ts";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { Time } from "../../parts/time.tsx";
import { toShortReason } from "../../parts/short-reason.ts";
import type { ScreenProps } from "../../screen.ts";
import { RecentDeliveries } from "../deliveries/recent.tsx";
import { backlogOf, HoldState, rateOf } from "../destinations/hold.tsx";
import { SuccessBars } from "../destinations/success-bars.tsx";
import { HoldNotice } from "../destinations/hold-notice.tsx";
import { describeFilter, WebhookState } from "./describe.tsx";
import { WebhookActs } from "./webhook-acts.tsx";

interface Both {
  readonly webhook: Webhook;
  /** Undefined until something was sent. */
  readonly destination: Destination | undefined;
}

/** A registered webhook: its settings, how well it is reached, and what was sent. */
export default function OneWebhook({ id }: ScreenProps) {
  const both = useResource(id, async (signal): Promise<Both> => {
    const [webhook, { items }] = await Promise.all([
      call("GET /v1/webhooks/{id}", { params: { id }, signal }),
      call("GET /v1/destinations", { query: { webhookId: id }, signal }),
    ]);
    return { webhook, destination: items[0] };
  });
  // What the acts change, the list of deliveries shows.
  const [acts, setActs] = useState(0);
  useRefresh(both.refresh, ["deliveries"]);
  const now = both.loaded.value;
  const webhook = now.state === "ready" ? now.data.webhook : null;
  return (
    <Page
      title={webhook?.url ?? id}
      within={["Destinations", "destinations"]}
      mark={webhook !== null && <WebhookState webhook={webhook} />}
      acts={
        webhook !== null && mayI("admin") ? (
          <WebhookActs
            webhook={webhook}
            onChange={() => {
              void both.refresh();
              setActs((count) => count + 1);
            }}
          />
        ) : (
          <></>
        )
      }
    >
      <Loaded of={both} what="the webhook">
        {(data) => (
          <div class="stack">
            {data.webhook.state === "active" && data.destination?.waitingFor != null ? (
              <HoldNotice destination={data.destination} />
            ) : (
              <StateNotice webhook={data.webhook} />
            )}
            <Settings {...data} />
            <RecentDeliveries key={acts} filter={{ webhookId: id }} />
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function StateNotice({ webhook: { state, reason, failingSince } }: { readonly webhook: Webhook }) {
  if (state === "off") {
    return (
      <p class="notice">
        <span class="grow">
          The daemon switched this webhook off. {toShortReason(reason)} New events are not sent to
          it. Resume it, then send its failed events again.
        </span>
      </p>
    );
  }
  if (state === "paused") {
    return (
      <p class="notice wait">
        <span class="grow">
          {reason === null ? "Paused" : `The daemon paused this webhook. ${reason} Its`}
          {reason === null && ": "} events are stored, and sent when you resume it.
        </span>
      </p>
    );
  }
  if (failingSince === null) return null;
  return (
    <p class="notice wait">
      <span class="grow">
        Every attempt since <Time at={failingSince} /> has failed.
      </span>
    </p>
  );
}

function Settings({ webhook, destination }: Both) {
  const headers = Object.keys(webhook.headers);
  return (
    <Card
      title="Webhook"
      note={<span class="id">{webhook.id}</span>}
      acts={<CopyId {...webhook} />}
    >
      {destination !== undefined && (
        <div class="body">
          <SuccessBars perHour={destination.perHour} />
        </div>
      )}
      <Facts>
        <Fact name="Receives">{describeFilter(webhook)}</Fact>
        <Fact name="Sending">
          {destination === undefined ? "nothing yet" : <HoldState destination={destination} />}
        </Fact>
        <Fact name="Waiting">{destination === undefined ? 0 : backlogOf(destination)}</Fact>
        <Fact name="Rate">{rateOf(webhook.ratePerSecond)}</Fact>
        <Fact name="Retries">{webhook.retries}</Fact>
        <Fact name="Time limit">{formatDuration(webhook.timeoutMs)}</Fact>
        {!webhook.verifyTls && (
          <Fact name="Certificate">
            <span class="bad-text">not checked</span>
          </Fact>
        )}
        {webhook.clientCertificate !== null && (
          <ClientCertificate certificate={webhook.clientCertificate} />
        )}
        <Fact name="Headers">
          {headers.length === 0 ? "none" : <code>{headers.join(", ")}</code>}
        </Fact>
        {webhook.expiresAt !== null && (
          <Fact name="Expires">
            <Time at={webhook.expiresAt} format="full" />
          </Fact>
        )}
        {webhook.previousSecretUntil !== null && (
          <Fact name="Old secret signs until">
            <Time at={webhook.previousSecretUntil} />
          </Fact>
        )}
        <Fact name="Registered">
          <Time at={webhook.createdAt} />
        </Fact>
      </Facts>
    </Card>
  );
}

const SOON_MS = 14 * 24 * 60 * 60_000;

function ClientCertificate({
  certificate: { subject, issuer, validUntil, fingerprint256 },
}: {
  readonly certificate: NonNullable<Webhook["clientCertificate"]>;
}) {
  const leftMs = Date.parse(validUntil) - Date.now();
  const end = leftMs < 0 ? "expired" : "expires";
  return (
    <Fact name="Client certificate">
      <span title={`Issued by ${issuer}. SHA-256: ${fingerprint256}`}>{subject}</span>
      <span class={leftMs < SOON_MS ? "remark bad-text" : "remark muted"}>
        {end} <Time at={validUntil} format="full" />
      </span>
    </Fact>
  );
}

function CopyId({ id }: { readonly id: string }) {
  return <CopyButton text={id} what="the webhook's id" />;
}
