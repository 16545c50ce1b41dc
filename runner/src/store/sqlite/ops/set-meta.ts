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
