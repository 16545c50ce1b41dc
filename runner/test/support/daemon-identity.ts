import type { DaemonIdentity } from "../../src/ports/store/upkeep.ts";

/** A daemon that a test plays. */
export const DAEMON: DaemonIdentity = {
  host: "machine",
  processId: 1,
  version: "0.1.0",
  startedAt: 1,
  threads: 2,
};
