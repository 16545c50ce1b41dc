import type { TableName } from "../../store/shared/transfer/tables.ts";

/** What people know of what a file contains. */
const SHOWN: Readonly<Partial<Record<TableName, string>>> = {
  jobs: "jobs",
  batches: "batches",
  events: "events",
  deliveries: "deliveries",
  persistent_webhooks: "persistent webhooks",
  schedules: "schedules",
  secrets: "secrets of plugins",
  tokens: "tokens",
  files: "files",
};

export type RowCounts = Readonly<Partial<Record<TableName, number>>>;

/** As the end of a sentence. */
export function describeRows(rows: RowCounts): string {
  return Object.entries(SHOWN)
    .map(([table, words]) => `${words}: ${rows[table as TableName] ?? 0}`)
    .join("; ");
}
