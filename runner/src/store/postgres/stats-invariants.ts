import type { Invariant } from "../shared/invariant.ts";

export const STATS_INVARIANTS: readonly Invariant[] = [
  {
    sentence: "stats are JSON objects under the start of their minute or hour",
    sql: `SELECT format('%s %s at %s: %s', series, key, at, counts) AS problem FROM stats
          WHERE at % CASE WHEN series = 'minute' THEN 60000 ELSE 3600000 END <> 0
            OR counts !~ '^\\s*\\{.*\\}\\s*$'`,
  },
];
