/** How long jobs usually take: the medians of their plugins over the last day. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { call } from "../api/request.ts";

const RELOAD_MS = 60_000;

const medians = signal<ReadonlyMap<string, number>>(new Map());
let loadedAt = 0;

async function load(): Promise<void> {
  if (Date.now() - loadedAt < RELOAD_MS) return;
  loadedAt = Date.now();
  try {
    const { plugins } = await call("GET /v1/plugin-stats", { query: { hours: 24 } });
    medians.value = new Map(plugins.map(({ name, medianMs }) => [name, medianMs ?? 0]));
  } catch {
    // Without the medians, durations are shown alone.
  }
}

export function useUsual(): void {
  useEffect(() => {
    void load();
    const timer = setInterval(() => void load(), RELOAD_MS);
    return () => clearInterval(timer);
  }, []);
}

/** Null when a plugin has not run in the last day. */
export function usualMs(plugins: readonly string[]): number | null {
  let sum = 0;
  for (const plugin of plugins) {
    const median = medians.value.get(plugin);
    if (median === undefined) return null;
    sum += median;
  }
  return sum;
}
