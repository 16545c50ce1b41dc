import type { PluginDefinition } from "../../plugin-sdk.ts";
import type { StepLimitPause } from "../../ports/plugin-pool.ts";
import { showValue } from "../value-words.ts";

/** A longer pause is cut off: an endpoint must not stop a plugin for good. */
const MAX_PAUSE_MS = 24 * 60 * 60 * 1_000;
/** Of a step, those that take effect. */
const MAX_PAUSES = 100;

/** Throws if the plugin cannot pause this. */
export function toLimitPause(
  { name, limits }: Pick<PluginDefinition, "name" | "limits">,
  { forMs, key }: { forMs: unknown; key?: unknown },
): StepLimitPause {
  if (!limits) {
    throw new TypeError(`ctx.limit.pause has nothing to pause: plugin "${name}" has no limits`);
  }
  if (typeof forMs !== "number" || !(forMs > 0)) {
    throw new RangeError(
      `retryAfterMs is ${showValue(forMs)}: it must be a number of milliseconds above 0`,
    );
  }
  const pause = { forMs: Math.min(Math.ceil(forMs), MAX_PAUSE_MS) };
  if (!limits.perKey) {
    if (key === undefined || key === null) return { ...pause, key: null };
    throw new TypeError(`key is ${showValue(key)}: plugin "${name}" has no limits.perKey`);
  }
  if (key === undefined) return pause;
  if (key === null || typeof key === "string") return { ...pause, key };
  throw new TypeError(`key is ${showValue(key)}: it must be a text, or null for the whole limit`);
}

/** The pauses of one step: each one that takes effect is a message and a write. */
export function createLimitPauses(deps: {
  readonly send: (pause: StepLimitPause) => void;
  readonly warn: (message: string) => void;
  readonly nowMs: () => number;
}): (pause: StepLimitPause) => void {
  const ends = new Map<string | null | undefined, number>();
  let sent = 0;
  return (pause) => {
    const end = deps.nowMs() + pause.forMs;
    if (end <= (ends.get(pause.key) ?? 0)) return;
    sent += 1;
    if (sent === MAX_PAUSES + 1) {
      deps.warn(`ctx.limit.pause was called too often: a step's first ${MAX_PAUSES} pauses count.`);
    }
    if (sent > MAX_PAUSES) return;
    ends.set(pause.key, end);
    deps.send(pause);
  };
}
