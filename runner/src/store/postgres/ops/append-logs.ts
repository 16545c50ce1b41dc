import type { Operation } from "../change.ts";

export const appendLogs: Operation<"appendLogs"> = async (tx, jobId, entries) => {
  await tx.query(
    `INSERT INTO logs (job, step, at, level, message, data)
     SELECT seq, step, at, level, message, data FROM jobs
       CROSS JOIN unnest($2::integer[], $3::bigint[], $4::text[], $5::text[], $6::text[])
         WITH ORDINALITY AS line (step, at, level, message, data, number)
     WHERE id = $1 ORDER BY number`,
    [
      jobId,
      entries.map(({ step }) => step),
      entries.map(({ at }) => at),
      entries.map(({ level }) => level),
      entries.map(({ message }) => message),
      entries.map(({ data }) => data),
    ],
  );
};
