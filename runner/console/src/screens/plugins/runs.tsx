import type { PluginStats } from "../../api/schema.ts";
import { formatDuration } from "../../parts/duration-text.ts";
import { MiniBars } from "../../parts/mini-bars.tsx";
import { formatCount, formatPercent, plural } from "../../parts/numbers.ts";
import { formatTime } from "../../preferences/time-zone.ts";

export type PluginRuns = PluginStats["plugins"][number];

const HOUR_MS = 3_600_000;

interface RunBarsProps {
  readonly runs: PluginRuns;
  readonly stats: PluginStats;
}

/** How often the plugin ran and failed, hour by hour. */
export function RunBars({ runs, stats }: RunBarsProps) {
  const found = new Map(runs.perHour.map((hour) => [Date.parse(hour.at), hour]));
  const first = Math.floor(Date.parse(stats.from) / HOUR_MS) * HOUR_MS;
  const count = Math.max(1, Math.ceil((Date.parse(stats.to) - first) / HOUR_MS));
  const bars = Array.from({ length: count }, (_, index) => {
    const at = first + index * HOUR_MS;
    const { runs: total = 0, failed = 0 } = found.get(at) ?? {};
    const time = formatTime(new Date(at), "short");
    return { total, failed, label: `${time}: ${plural(total, "run")}, ${failed} failed` };
  });
  return (
    <MiniBars bars={bars} label={`${plural(runs.runs, "run")}, ${runs.failed} failed, by hour`} />
  );
}

export function RunCount({ runs }: { readonly runs: PluginRuns | undefined }) {
  if (runs === undefined || runs.runs === 0) return <span class="faint">none</span>;
  return (
    <>
      {formatCount(runs.runs)}
      {runs.failed > 0 && (
        <span class="remark bad-text">
          {formatCount(runs.failed)} failed, {formatPercent(runs.failed / runs.runs)}
        </span>
      )}
    </>
  );
}

export function formatMs(ms: number | null | undefined): string {
  return ms == null ? "–" : formatDuration(ms);
}
