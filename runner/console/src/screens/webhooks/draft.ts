/** The fields of the form for a webhook, and the request they stand for. */
import type { RegisterWebhook, UpdateWebhook, Webhook } from "../../api/schema.ts";
import { parseHeaders } from "../run/draft.ts";

export const KINDS = ["started", "progress", "completed", "failed"] as const;

export interface WebhookDraft {
  readonly url: string;
  readonly on: readonly string[];
  readonly jobName: string;
  /** Names separated by commas or spaces. */
  readonly plugins: string;
  /** "Name: value", one a line. Stored values are never shown, so an empty text keeps them. */
  readonly headers: string;
  readonly retries: string;
  readonly timeoutS: string;
  readonly ratePerSecond: string;
  readonly expiresAt: string;
  readonly verifyTls: boolean;
  /** PEM. Stored ones are never shown, so two empty texts keep them. */
  readonly clientCert: string;
  readonly clientKey: string;
}

export const NEW_WEBHOOK: WebhookDraft = {
  url: "",
  on: KINDS,
  jobName: "",
  plugins: "",
  headers: "",
  retries: "5",
  timeoutS: "30",
  ratePerSecond: "",
  expiresAt: "",
  verifyTls: true,
  clientCert: "",
  clientKey: "",
};

export function draftOf(webhook: Webhook): WebhookDraft {
  return {
    url: webhook.url,
    on: webhook.on,
    jobName: webhook.jobName ?? "",
    plugins: webhook.plugins?.join(", ") ?? "",
    headers: "",
    retries: String(webhook.retries),
    timeoutS: String(webhook.timeoutMs / 1_000),
    ratePerSecond: webhook.ratePerSecond === null ? "" : String(webhook.ratePerSecond),
    expiresAt: webhook.expiresAt === null ? "" : toLocal(webhook.expiresAt),
    verifyTls: webhook.verifyTls,
    clientCert: "",
    clientKey: "",
  };
}

/** Which of the values that are stored and never shown to remove. */
export interface Removed {
  readonly headers: boolean;
  readonly clientCertificate: boolean;
}

export const NOTHING_REMOVED: Removed = { headers: false, clientCertificate: false };

/** Throws Error for a header line that is not one. The daemon checks the rest. */
export function requestOf(draft: WebhookDraft, removed: Removed): RegisterWebhook {
  const headers = parseHeaders(draft.headers);
  const plugins = draft.plugins.split(/[\s,]+/).filter(Boolean);
  return {
    url: draft.url.trim(),
    on: draft.on.length === KINDS.length ? null : (draft.on as RegisterWebhook["on"] & object),
    jobName: draft.jobName.trim() === "" ? null : draft.jobName.trim(),
    plugins: plugins.length === 0 ? null : plugins,
    ...(draft.headers.trim() === "" && !removed.headers ? {} : { headers }),
    retries: Number(draft.retries),
    timeoutMs: Number(draft.timeoutS) * 1_000,
    ratePerSecond: draft.ratePerSecond.trim() === "" ? null : Number(draft.ratePerSecond),
    expiresAt: draft.expiresAt === "" ? null : new Date(draft.expiresAt).toISOString(),
    verifyTls: draft.verifyTls,
    ...certificateOf(draft, removed),
  };
}

function certificateOf(
  { clientCert: cert, clientKey: key }: WebhookDraft,
  removed: Removed,
): Pick<RegisterWebhook, "clientCertificate"> {
  if (removed.clientCertificate) return { clientCertificate: null };
  return cert.trim() === "" && key.trim() === "" ? {} : { clientCertificate: { cert, key } };
}

/** Only what was changed, so that the defaults of the rest stay defaults. */
export function changesOf(
  before: WebhookDraft,
  after: WebhookDraft,
  removed: Removed,
): UpdateWebhook {
  const old = requestOf(before, NOTHING_REMOVED);
  const changed = Object.entries(requestOf(after, removed)).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name as keyof typeof old]),
  );
  return Object.fromEntries(changed);
}

/** The text of `<input type="datetime-local">`, in the browser's zone. */
function toLocal(at: string): string {
  const ms = Date.parse(at);
  const zone = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - zone).toISOString().slice(0, 16);
}
