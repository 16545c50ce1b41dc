import {
  MAX_AHEAD,
  type WaitingFor,
  type WaitingForLimit,
  type WaitingForPlugin,
  type WaitingForRetry,
} from "../../domain/waiting-for.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import { whyUnavailable } from "./unavailable-plugin.ts";

interface Known {
  readonly catalog: Pick<PluginCatalog, "get">;
  /** The plugins of other daemons. */
  readonly elsewhere: readonly string[];
  /** Whether no other daemon can have the store open. */
  readonly isAlone: boolean;
  readonly now: number;
}

/** What a waiting job waits for now, as a sentence. */
export function explainWait(waitingFor: WaitingFor, known: Known): string {
  switch (waitingFor.kind) {
    case "plugin":
      return explainPlugin(waitingFor, known);
    case "retry":
      return explainRetry(waitingFor, known);
    case "limit":
      return explainLimit(waitingFor, known);
  }
}

function explainLimit(waiting: WaitingForLimit, { now }: Pick<Known, "now">): string {
  const { on, key, used, slots, isOfKey, pausedUntil, next } = waiting;
  const which = isOfKey && key !== "" ? ` of jobs with the key ${JSON.stringify(key)}` : "";
  const place = explainPlace(waiting);
  if (pausedUntil !== undefined) {
    const until = pausedUntil === null ? "it is resumed" : new Date(pausedUntil).toISOString();
    const what = which === "" ? "" : ` for the steps${which}`;
    return `Limit "${on}" is paused${what} until ${until}.${place}`;
  }
  if (next !== undefined) {
    const when = next.at > now ? ` at ${new Date(next.at).toISOString()}` : " now";
    return `Limit "${on}" lets steps${which} begin at a rate of ${next.rate}, and the next one begins${when}.${place}`;
  }
  const steps = `${slots} ${slots === 1 ? "step" : "steps"}${which}`;
  return `Limit "${on}" lets ${steps} run at the same time, and ${used} ${used === 1 ? "does" : "do"} now.${place}`;
}

/** Where the job is in line. The jobs of other keys are not before it. */
function explainPlace({ ahead, key }: WaitingForLimit): string {
  if (ahead === undefined) return "";
  const jobs = key === "" ? "jobs" : "jobs of its key";
  if (ahead === 0) return ` It is the next of the ${jobs} that wait.`;
  const count = ahead >= MAX_AHEAD ? "1,000 or more" : String(ahead);
  const one = key === "" ? "job waits" : "job of its key waits";
  return ahead === 1 ? ` 1 ${one} before it.` : ` ${count} ${jobs} wait before it.`;
}

function explainPlugin(
  { on: name }: WaitingForPlugin,
  { catalog, elsewhere, isAlone }: Known,
): string {
  const unavailable = whyUnavailable(catalog, name);
  if (unavailable === null) return `Plugin "${name}" can be loaded again.`;
  if (elsewhere.includes(name)) return explainElsewhere(name);
  const isMissing = unavailable.code === "PLUGIN_NOT_FOUND";
  return isMissing && !isAlone ? `No running daemon has plugin "${name}".` : unavailable.message;
}

function explainElsewhere(name: string): string {
  return `This daemon cannot load plugin "${name}". Another one can, and runs the job when it has a free thread.`;
}

function explainRetry(
  { at, failedAttempts, message }: WaitingForRetry,
  { now }: Pick<Known, "now">,
): string {
  const next = `Attempt ${failedAttempts + 1}`;
  const when = at > now ? `begins at ${new Date(at).toISOString()}` : "waits for a free thread";
  return `${next} ${when}. Attempt ${failedAttempts} failed: ${message}`;
}
