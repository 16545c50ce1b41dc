import { Refused } from "../domain/errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { Ids } from "../ports/ids.ts";
import type { Log } from "../ports/log.ts";
import type { PluginCatalog } from "../ports/plugin-catalog.ts";
import type { PluginPool } from "../ports/plugin-pool.ts";
import type { Sender } from "../ports/sender.ts";
import type { Store } from "../ports/store.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { createActiveJobs } from "./active-jobs.ts";
import { cancelJob } from "./cancel-job.ts";
import { createClaimLoop } from "./claim-loop.ts";
import type { Engine } from "./engine.ts";
import { createJobSignals } from "./job-signals.ts";
import { createLeaseLoop } from "./lease-loop.ts";
import { createRelayLoop } from "./relay-loop.ts";
import { createRetentionLoop } from "./retention-loop.ts";
import { retryJob } from "./retry-job.ts";
import { submitJob } from "./submit-job.ts";

export interface EngineSettings {
  readonly maxQueued: number;
  readonly maxDeliveriesInFlight: number;
  readonly retentionMs: number;
  readonly userAgent: string;
  readonly jobUrl: (jobId: string) => string;
}

export interface EngineDeps {
  readonly store: Store;
  readonly pool: PluginPool;
  readonly catalog: PluginCatalog;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly ids: Ids;
  /** A digest of a text, equal for equal texts alone. */
  readonly digest: (text: string) => string;
  readonly telemetry: Telemetry;
  readonly log: Log;
  readonly settings: EngineSettings;
}

type Loops = ReturnType<typeof startLoops>;

export function createEngine(deps: EngineDeps): Engine {
  const { store, clock, settings } = deps;
  const owner = deps.ids.newId("owner");
  const signals = createJobSignals(store);
  let loops: Loops | null = null;
  let stopping = false;
  const wakeClaim = (): void => loops?.claim.wake();
  const wakeRelay = (): void => loops?.relay.loop.wake();
  const shared = { ...deps, signals, jobUrl: settings.jobUrl, onCommitted: wakeRelay };
  const activeJobs = createActiveJobs({
    size: deps.pool.size,
    deps: shared,
    clock,
    onRoom: wakeClaim,
  });

  function refuseWhenStopping(): void {
    if (stopping) throw new Refused("STOPPING", undefined, { retryAfterMs: 5_000 });
  }

  return {
    async submit(request) {
      refuseWhenStopping();
      const accepted = await submitJob(request, { ...deps, maxQueued: settings.maxQueued });
      wakeClaim();
      return accepted;
    },
    cancel: (jobId) => cancelJob(jobId, { ...shared, activeJobs }),
    async retry(jobId) {
      refuseWhenStopping();
      await retryJob(jobId, deps);
      signals.tell(jobId, { kind: "changed", status: "queued" });
      wakeClaim();
    },
    waitForEnd: (jobId, options) => signals.waitForEnd(jobId, options),
    listen: (jobId, listener) => signals.listen(jobId, listener),
    stepProgress: (jobId) => signals.stepProgress(jobId),
    async start() {
      // Before anything is claimed: what a daemon before this one held is free again.
      await store.reap({ owner, now: clock.now() });
      loops = startLoops({ deps, owner, activeJobs, wakeClaim });
    },
    async stop({ graceMs }) {
      stopping = true;
      if (loops === null) return;
      const { claim, relay, lease, retention } = loops;
      await Promise.all([claim.stop(), retention.stop()]);
      await activeJobs.drain({ graceMs });
      await relay.loop.stop();
      await relay.drain({ graceMs });
      await lease.stop();
    },
  };
}

function startLoops(context: {
  deps: EngineDeps;
  owner: string;
  activeJobs: ReturnType<typeof createActiveJobs>;
  wakeClaim: () => void;
}) {
  const { deps, owner, activeJobs, wakeClaim } = context;
  const { settings } = deps;
  const common = { ...deps, owner, activeJobs };
  return {
    claim: createClaimLoop(common),
    relay: createRelayLoop({
      ...common,
      deliverDeps: { ...deps, userAgent: settings.userAgent },
      maxInFlight: settings.maxDeliveriesInFlight,
    }),
    lease: createLeaseLoop({ ...common, onFreed: wakeClaim }),
    retention: createRetentionLoop({ ...deps, retentionMs: settings.retentionMs }),
  };
}
