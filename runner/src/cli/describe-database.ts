import { createReads } from "../store/sqlite/reads.ts";
import { openReader } from "../store/sqlite/connection.ts";

/** Describes what a database contains, as the end of a sentence. */
export async function describeDatabase(path: string): Promise<string> {
  const db = openReader(path);
  try {
    const { jobs, deliveries, webhooks } = await createReads(db).counts();
    return [
      `jobs: ${sum(jobs)} (${jobs.queued} queued, ${jobs.running} running)`,
      `deliveries: ${sum(deliveries)} (${deliveries.due + deliveries.waiting} not made yet)`,
      `registered webhooks: ${sum(webhooks)}`,
    ].join("; ");
  } finally {
    db.close();
  }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
