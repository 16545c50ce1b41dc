import { openReader } from "../store/sqlite/connection.ts";
import { prepareCountWork, type WorkCounts } from "../store/sqlite/reads/counts.ts";

/** Describes what a database of any schema contains, as the end of a sentence. */
export async function describeDatabase(path: string): Promise<string> {
  const db = openReader(path);
  try {
    return describeCounts(prepareCountWork(db)());
  } finally {
    db.close();
  }
}

export function describeCounts({ jobs, deliveries, webhooks }: WorkCounts): string {
  return [
    `jobs: ${sum(jobs)} (${jobs.queued} queued, ${jobs.running} running)`,
    `deliveries: ${sum(deliveries)} (${deliveries.due + deliveries.waiting} pending)`,
    `persistent webhooks: ${sum(webhooks)}`,
  ].join("; ");
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
