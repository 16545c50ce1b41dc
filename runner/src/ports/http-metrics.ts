import type { CountedLimit } from "../domain/limits.ts";
import type { RelayState } from "./telemetry.ts";
import type { StoreSize } from "./store/status.ts";
import type { StoreCounts } from "./store/upkeep.ts";

/** The HTTP server's metrics, and the text of all metrics. */
export interface HttpMetrics {
  /** `route` is the pattern, such as `/v1/jobs/:id`, so that the label has few values. */
  requestEnded(request: {
    method: string;
    route: string;
    status: number;
    durationMs: number;
  }): void;
  /** Counts something that was refused because it was over a limit. */
  refused(limit: CountedLimit): void;
  readonly contentType: string;
  /** Returns all metrics as text, including the store's counts and size and the deliveries in flight. */
  render(counts: StoreCounts, size: StoreSize, relay: RelayState): Promise<string>;
}
