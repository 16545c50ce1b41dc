import type { StoredWebhook, WebhookState } from "../../ports/store/webhooks.ts";
import { toKinds } from "./rows.ts";

export interface PersistentRow {
  readonly seq: number;
  readonly destination: number;
  readonly id: string;
  readonly identity: string;
  readonly state: WebhookState;
  readonly reason: string | null;
  readonly failing_since: number | null;
  readonly url: string;
  readonly sealed: string;
  readonly kinds: string | null;
  readonly retries: number;
  readonly plugins: string | null;
  readonly job_name: string | null;
  readonly timeout_ms: number;
  readonly rate_per_second: number | null;
  readonly expires_at: number | null;
  readonly version: number;
  readonly created_at: number;
  readonly updated_at: number;
}

/** Selects `PersistentRow`s. Append the conditions. */
export const SELECT_PERSISTENT = `
  SELECT seq, destination, webhooks.id, identity, state, reason, failing_since, url, sealed, kinds,
    retries, plugins, job_name, persistent_webhooks.timeout_ms, rate_per_second, expires_at, version,
    created_at, updated_at
  FROM persistent_webhooks
    JOIN webhooks ON seq = webhook
    JOIN destinations ON destinations.id = destination`;

export function toStoredWebhook(row: PersistentRow): StoredWebhook {
  return {
    id: row.id,
    identity: row.identity,
    destination: row.destination,
    state: row.state,
    reason: row.reason,
    failingSince: row.failing_since,
    url: row.url,
    sealed: row.sealed,
    on: toKinds(row.kinds),
    retries: row.retries,
    plugins: row.plugins === null ? null : (JSON.parse(row.plugins) as string[]),
    jobName: row.job_name,
    timeoutMs: row.timeout_ms,
    ratePerSecond: row.rate_per_second,
    expiresAt: row.expires_at,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
