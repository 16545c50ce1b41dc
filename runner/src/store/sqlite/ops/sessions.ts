import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function prepareAddSession(db: DatabaseSync): Operations["addSession"] {
  const removeExpired = prepare(db, `DELETE FROM sessions WHERE expires_at <= ?`);
  const insert = prepare(
    db,
    `INSERT INTO sessions (id, token_name, token, expires_at) VALUES (?, ?, ?, ?)`,
  );
  const removeOldest = prepare(
    db,
    `DELETE FROM sessions
     WHERE seq <= (SELECT seq FROM sessions ORDER BY seq DESC LIMIT 1 OFFSET ?)`,
  );
  return ({ id, tokenName, token, expiresAt }, { now, maxSessions }) => {
    removeExpired.run(now);
    insert.run(id, tokenName, token, expiresAt);
    removeOldest.run(maxSessions);
  };
}

export function prepareRemoveSession(db: DatabaseSync): Operations["removeSession"] {
  const remove = prepare(db, `DELETE FROM sessions WHERE id = ?`);
  return (id) => void remove.run(id);
}
