import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function prepareAddToken(db: DatabaseSync): Operations["addToken"] {
  const add = prepare(
    db,
    `INSERT INTO tokens (name, scope, sha256, created_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (name) DO NOTHING`,
  );
  return ({ name, scope, sha256, createdAt }) =>
    Number(add.run(name, scope, sha256, createdAt).changes) > 0;
}

export function prepareRemoveToken(db: DatabaseSync): Operations["removeToken"] {
  const remove = prepare(db, `DELETE FROM tokens WHERE name = ?`);
  return (name) => Number(remove.run(name).changes) > 0;
}
