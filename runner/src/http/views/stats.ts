import type { PluginHours, StatPoint } from "../../engine/stats/read-stats.ts";
import type { PluginStats, Stats } from "../contract/stats.ts";

const STEP_MS = 60_000;

export function statsView(points: readonly StatPoint[]): Stats {
  return {
    from: toIso(points[0]?.at ?? 0),
    to: toIso((points.at(-1)?.at ?? 0) + STEP_MS),
    stepMs: STEP_MS,
    points: points.map(({ at, ...counts }) => ({ at: toIso(at), ...counts })),
  };
}

export function pluginStatsView({ from, to, plugins }: PluginHours): PluginStats {
  return {
    from: toIso(from),
    to: toIso(to),
    plugins: plugins.map((plugin) => ({
      ...plugin,
      perHour: plugin.perHour.map(({ at, ...counts }) => ({ at: toIso(at), ...counts })),
    })),
  };
}

function toIso(instant: number): string {
  return new Date(instant).toISOString();
}
