import type { Operation } from "../change.ts";

export const addToken: Operation<"addToken"> = async (tx, token) => {
  const { name, scope, sha256, createdAt } = token;
  const added = await tx.query(
    `INSERT INTO tokens (name, scope, sha256, created_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (name) DO NOTHING RETURNING name`,
    [name, scope, sha256, createdAt],
  );
  return added.length > 0;
};

export const removeToken: Operation<"removeToken"> = async (tx, name) => {
  const removed = await tx.query(`DELETE FROM tokens WHERE name = $1 RETURNING name`, [name]);
  return removed.length > 0;
};
