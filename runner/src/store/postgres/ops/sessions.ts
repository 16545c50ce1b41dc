import type { Operation } from "../change.ts";

/** Two daemons that add one at the same instant can exceed the limit by one. */
export const addSession: Operation<"addSession"> = async (
  tx,
  { id, tokenName, token, expiresAt },
  { now, maxSessions },
) => {
  await tx.query(
    `DELETE FROM sessions WHERE expires_at <= $1
       OR seq <= (SELECT seq FROM sessions ORDER BY seq DESC LIMIT 1 OFFSET $2)`,
    [now, maxSessions - 1],
  );
  await tx.query(
    `INSERT INTO sessions (id, token_name, token, expires_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (id) DO NOTHING`,
    [id, tokenName, token, expiresAt],
  );
};

export const removeSession: Operation<"removeSession"> = async (tx, id) => {
  await tx.query(`DELETE FROM sessions WHERE id = $1`, [id]);
};
