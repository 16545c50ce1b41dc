import type { DatabaseSync } from "node:sqlite";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";
import { SELECT_DESTINATIONS, toStored, type DestinationRow } from "./destination-list.ts";

export function prepareReadHeldDestinations(db: DatabaseSync): StoreReads["heldDestinations"] {
  const findHeld = prepare<DestinationRow>(
    db,
    `${SELECT_DESTINATIONS} INDEXED BY destinations_held
     WHERE held_since IS NOT NULL AND stopped = 0 ORDER BY held_since LIMIT ?`,
  );
  const findStopped = prepare<DestinationRow>(
    db,
    `${SELECT_DESTINATIONS} INDEXED BY destinations_stopped
     WHERE stopped_since IS NOT NULL ORDER BY stopped_since LIMIT ?`,
  );
  return async ({ limit }) => [...findHeld.all(limit), ...findStopped.all(limit)].map(toStored);
}
