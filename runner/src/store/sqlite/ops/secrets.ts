import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function prepareSetSecret(db: DatabaseSync): Operations["setSecret"] {
  const change = prepare(
    db,
    `UPDATE secrets SET sealed = ?, version = version + 1, updated_at = ? WHERE name = ?`,
  );
  const count = prepare<{ count: number }>(db, `SELECT count(*) AS count FROM secrets`);
  const insert = prepare(
    db,
    `INSERT INTO secrets (name, sealed, created_at, updated_at) VALUES (?, ?, ?, ?)`,
  );
  return ({ name, sealed }, { now, maxSecrets }) => {
    if (Number(change.run(sealed, now, name).changes) > 0) return "changed";
    if ((count.get()?.count ?? 0) >= maxSecrets) return "limit";
    insert.run(name, sealed, now, now);
    return "created";
  };
}

export function prepareRemoveSecret(db: DatabaseSync): Operations["removeSecret"] {
  const remove = prepare(db, `DELETE FROM secrets WHERE name = ?`);
  return (name) => Number(remove.run(name).changes) > 0;
}
