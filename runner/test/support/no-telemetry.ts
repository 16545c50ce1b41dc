import type { Host } from "../../src/ports/host.ts";
import type { Telemetry } from "../../src/ports/telemetry.ts";

/** Counts nothing. */
export const NO_TELEMETRY: Telemetry = {
  refused() {},
  jobsSubmitted() {},
  jobBegan() {},
  jobEnded() {},
  stepEnded() {},
  attemptEnded() {},
  deliveriesGivenUp() {},
  slotsDecided() {},
};

/** A machine that reports nothing. */
export const NO_HOST: Host = {
  name: "machine",
  processId: 1,
  version: "0.1.0",
  daemonBytes: () => 0,
  disk: async () => null,
  databaseDisk: async () => null,
  uptimeMs: () => 0,
  executorEnds: () => [],
};
