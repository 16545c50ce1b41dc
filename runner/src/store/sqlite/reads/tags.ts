import type { DatabaseSync } from "node:sqlite";
import { prepare } from "../statement.ts";

/** Reads the tags of the job with this key, in the order of their characters. */
export function prepareReadTags(db: DatabaseSync): (job: number) => string[] {
  const find = prepare<{ tag: string }>(db, `SELECT tag FROM job_tags WHERE job = ? ORDER BY tag`);
  return (job) => find.all(job).map(({ tag }) => tag);
}
