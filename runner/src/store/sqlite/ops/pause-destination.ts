import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function preparePauseDestination(db: DatabaseSync): Operations["pauseDestination"] {
  const pause = prepare(db, `UPDATE destinations SET paused_until = ? WHERE id = ?`);
  return ({ destination, until }) => void pause.run(until, destination);
}
