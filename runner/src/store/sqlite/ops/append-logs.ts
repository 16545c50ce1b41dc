import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function prepareAppendLogs(db: DatabaseSync): Operations["appendLogs"] {
  const find = prepare<{ seq: number }>(db, `SELECT seq FROM jobs WHERE id = ?`);
  const insert = prepare(
    db,
    `INSERT INTO logs (job, step, at, level, message, data) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  return (jobId, entries) => {
    const job = find.get(jobId);
    if (job === undefined) return;
    for (const { step, at, level, message, data } of entries) {
      insert.run(job.seq, step, at, level, message, data);
    }
  };
}
