import type { LimitName } from "../domain/limits.ts";
import type { RelayState } from "./telemetry.ts";
import type { StoreCounts } from "./store/upkeep.ts";

/** What the server tells of itself, and asks for. */
export interface HttpMetrics {
  /** `route` is the pattern, such as `/v1/jobs/:id`, so that there are few. */
  requestEnded(request: {
    method: string;
    route: string;
    status: number;
    durationMs: number;
  }): void;
  /** Something was over a limit. */
  refused(limit: LimitName): void;
  readonly contentType: string;
  /** All metrics as text, with what the store holds and what is on its way just now. */
  render(counts: StoreCounts, relay: RelayState): Promise<string>;
}
