import { call } from "../../api/request.ts";
import { formatCount, plural } from "../../parts/numbers.ts";

/** How many jobs of a plugin wait for it. `isMore`: there may be more than were looked at. */
export interface WaitingJobs {
  readonly count: number;
  readonly isMore: boolean;
}

/** The jobs that are looked at, for each plugin. */
const LOOKED_AT = 100;

/** By the plugin's name. Plugins for which no job waits are left out. */
export async function countWaiting(
  plugins: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, WaitingJobs>> {
  const counts = await Promise.all(
    plugins.map(async (plugin) => {
      const query = { status: "queued", plugin, limit: LOOKED_AT } as const;
      const { items, nextCursor } = await call("GET /v1/jobs", { query, signal });
      const count = items.filter(({ waitingFor }) => waitingFor?.kind === "plugin").length;
      return [plugin, { count, isMore: nextCursor !== null }] as const;
    }),
  );
  return new Map(counts.filter(([, { count }]) => count > 0));
}

/** "1 job waits", "100 or more jobs wait". */
export function describeWaiting({ count, isMore }: WaitingJobs): string {
  return isMore
    ? `${formatCount(count)} or more jobs wait`
    : plural(count, "job waits", "jobs wait");
}
