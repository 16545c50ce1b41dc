import type { Operation } from "../change.ts";

/** Two daemons that set new secrets at the same instant can exceed the limit by one. */
export const setSecret: Operation<"setSecret"> = async (
  tx,
  { name, sealed },
  { now, maxSecrets },
) => {
  const [row] = await tx.query<{ version: number }>(
    `INSERT INTO secrets (name, sealed, created_at, updated_at)
     SELECT $1, $2, $3, $3 WHERE (SELECT count(*) FROM secrets WHERE name <> $1) < $4
     ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, version = secrets.version + 1,
       updated_at = excluded.updated_at
     RETURNING version`,
    [name, sealed, now, maxSecrets],
  );
  if (row === undefined) return "limit";
  return row.version === 1 ? "created" : "changed";
};

export const removeSecret: Operation<"removeSecret"> = async (tx, name) => {
  const removed = await tx.query(`DELETE FROM secrets WHERE name = $1 RETURNING name`, [name]);
  return removed.length > 0;
};
