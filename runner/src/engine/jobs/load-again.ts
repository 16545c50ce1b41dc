import { isPluginUnavailable } from "../../domain/job.ts";
import type { StepResult } from "../../domain/transition.ts";
import type { Clock } from "../../ports/clock.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";

/**
 * How often a step is run whose thread cannot load the plugin, although the catalog can. The second
 * run has new threads: a deployment can have ended in the meantime.
 */
const MAX_LOADS = 2;

export interface LoadAgain {
  /** Whether the plugin is read again before the result counts. Counts the loads of one step. */
  wants(result: StepResult): boolean;
  /** Reads the plugins again. Ends early when the signal aborts. */
  recheck(signal: AbortSignal): Promise<void>;
}

export function createLoadAgain(deps: {
  readonly catalog: Pick<PluginCatalog, "recheck">;
  readonly clock: Pick<Clock, "sleep">;
  readonly isReady: () => boolean;
}): LoadAgain {
  let loads = 0;
  return {
    wants(result) {
      if (!isPluginUnavailable(result)) {
        loads = 0;
        return false;
      }
      loads += 1;
      return loads < MAX_LOADS || !deps.isReady();
    },
    async recheck(signal) {
      await Promise.race([deps.catalog.recheck(), deps.clock.sleep(null, { signal })]);
    },
  };
}
