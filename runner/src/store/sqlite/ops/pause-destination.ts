import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function prepareHoldLane(db: DatabaseSync): Operations["holdLane"] {
  const hold = prepare(db, `UPDATE lanes SET hold_until = ? WHERE id = ?`);
  return ({ lane, until }) => void hold.run(until, lane);
}
