import type { DueDestination } from "../../../ports/store/destinations.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { DUE_DESTINATIONS, JOIN_DESTINATION, READY_AT } from "../due-destinations.ts";
import type { Query } from "../reader.ts";
import type { Turns } from "../turns.ts";

/** Destinations that are due from `wake_at`, in the order in which they are served. */
const FIND = `${DUE_DESTINATIONS},
  waking AS (
    SELECT place.id, key, rate_per_second, failures, coalesce(turn, 0) AS turn,
      greatest(ready_at, paused_until, served_at) AS wake_at
    FROM (SELECT destination, ${READY_AT} AS ready_at FROM due) AS ready
      ${JOIN_DESTINATION}
      LEFT JOIN unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS served (id, served_at, turn)
        ON served.id = destination
    WHERE NOT stopped AND ready_at IS NOT NULL AND destination <> ALL ($4::bigint[])
  )
  SELECT * FROM waking`;

interface Row {
  readonly id: number;
  readonly key: string;
  readonly rate_per_second: number | null;
  readonly failures: number;
}

export function createReadDueDestinations(
  query: Query,
  turns: Turns,
): StoreReads["dueDestinations"] {
  return async ({ now, limit, except }) => {
    const served = turns.columns();
    const rows = await query<Row>(
      `${FIND} WHERE wake_at <= $5 ORDER BY wake_at, turn, id LIMIT $6`,
      [served.ids, served.ats, served.turns, except, now, limit],
    );
    return rows.map(({ id, key, rate_per_second: ratePerSecond, failures }): DueDestination => ({
      id,
      key,
      ratePerSecond,
      failuresInRow: failures,
    }));
  };
}

export function createReadNextDestinationDue(
  query: Query,
  turns: Turns,
): StoreReads["nextDestinationDue"] {
  return async ({ except }) => {
    const served = turns.columns();
    const [row] = await query<{ wake_at: number }>(`${FIND} ORDER BY wake_at LIMIT 1`, [
      served.ids,
      served.ats,
      served.turns,
      except,
    ]);
    return row?.wake_at ?? null;
  };
}
