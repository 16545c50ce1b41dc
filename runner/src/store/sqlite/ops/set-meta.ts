import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function prepareSetMeta(db: DatabaseSync): Operations["setMeta"] {
  const set = prepare(
    db,
    `INSERT INTO meta (key, value) VALUES (?, ?)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
  );
  return (key, value) => void set.run(key, value);
}

export function prepareAddMeta(db: DatabaseSync): Operations["addMeta"] {
  const add = prepare(
    db,
    `INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING`,
  );
  const find = prepare<{ value: string }>(db, `SELECT value FROM meta WHERE key = ?`);
  return (key, value) => {
    add.run(key, value);
    return find.get(key)?.value ?? value;
  };
}
