import type {
  WaitingFor,
  WaitingForLimit,
  WaitingForPlugin,
  WaitingForRetry,
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
      return explainLimit(waitingFor);
  }
}

function explainLimit({ on, key, used, slots, isOfKey }: WaitingForLimit): string {
  const which = isOfKey && key !== "" ? ` of jobs with the key ${JSON.stringify(key)}` : "";
  const steps = `${slots} ${slots === 1 ? "step" : "steps"}${which}`;
  return `Limit "${on}" lets ${steps} run at the same time, and ${used} ${used === 1 ? "does" : "do"} now.`;
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
