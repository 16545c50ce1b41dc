import type { Invariant } from "../shared/invariant.ts";

export const STATS_INVARIANTS: readonly Invariant[] = [
  {
    sentence: "stats are JSON objects under the start of their minute or hour",
    sql: `SELECT printf('%s %s at %d: %s', series, key, at, counts) AS problem FROM stats
          WHERE at % iif(series = 'minute', 60000, 3600000) <> 0
            OR iif(json_valid(counts), json_type(counts), '') <> 'object'`,
  },
];
