import type { DatabaseSync } from "node:sqlite";
import type { JobWebhook } from "../../../ports/store/webhooks.ts";
import { toKinds } from "../rows.ts";
import { prepare } from "../statement.ts";

interface OwnRow {
  readonly id: string;
  readonly url: string;
  readonly sealed: string | null;
  readonly kinds: string | null;
  readonly retries: number;
  readonly timeout_ms: number | null;
  readonly key: string;
  readonly rate_per_second: number | null;
}

/** Reads the webhook that was given with a job or a batch. */
export function prepareReadOwnWebhook(
  db: DatabaseSync,
  owner: "job" | "batch",
): (seq: number) => JobWebhook | null {
  const find = prepare<OwnRow>(
    db,
    `SELECT webhooks.id, url, sealed, kinds, retries, timeout_ms, key, rate_per_second
     FROM webhooks JOIN destinations ON destinations.id = destination WHERE ${owner} = ?`,
  );
  return (seq) => {
    const row = find.get(seq);
    return row === undefined
      ? null
      : {
          id: row.id,
          url: row.url,
          sealed: row.sealed,
          on: toKinds(row.kinds),
          retries: row.retries,
          timeoutMs: row.timeout_ms,
          destination: { key: row.key, ratePerSecond: row.rate_per_second },
        };
  };
}
