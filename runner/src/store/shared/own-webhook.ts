import type { JobWebhook } from "../../ports/store/webhooks.ts";
import { toKinds } from "./rows.ts";

/** A webhook that was given with a job or a batch. */
export interface OwnRow {
  readonly id: string;
  readonly url: string;
  readonly sealed: string | null;
  readonly kinds: string | null;
  readonly retries: number;
  readonly timeout_ms: number | null;
  readonly key: string;
  readonly rate_per_second: number | null;
}

/** Selects `OwnRow`s. Append the conditions. */
export const SELECT_OWN = `
  SELECT webhooks.id, url, sealed, kinds, retries, timeout_ms, key, rate_per_second
  FROM webhooks JOIN destinations ON destinations.id = destination`;

export function toJobWebhook(row: OwnRow): JobWebhook {
  return {
    id: row.id,
    url: row.url,
    sealed: row.sealed,
    on: toKinds(row.kinds),
    retries: row.retries,
    timeoutMs: row.timeout_ms,
    destination: { key: row.key, ratePerSecond: row.rate_per_second },
  };
}
