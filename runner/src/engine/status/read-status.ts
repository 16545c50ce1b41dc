import type { Facts, HeldDestination, OldCertificate } from "../../domain/problem.ts";
import { holdOf } from "../../domain/hold.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Host } from "../../ports/host.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import type { PluginPool } from "../../ports/plugin-pool.ts";
import type { StoredDestination } from "../../ports/store/destinations.ts";
import type { QueueState, WaitingJobs } from "../../ports/store/status.ts";
import type { Store } from "../../ports/store/store.ts";
import type { DaemonIdentity, StoreCounts } from "../../ports/store/upkeep.ts";
import { whyUnavailable } from "../jobs/unavailable-plugin.ts";
import type { Activity, Stats } from "../stats/read-stats.ts";
import type { WebhookCertificate } from "../upkeep/certificate-loop.ts";

/** Of each kind of thing, how many are described. Also the limit of `behind`. */
const MAX_HELD = 50;
/** The store counts no further. */
const MAX_COUNT = 1_000;

export interface EngineStatus {
  readonly startedAt: number;
  readonly now: number;
  readonly threads: { readonly total: number; readonly busy: number };
  readonly counts: StoreCounts;
  readonly queue: QueueState;
  readonly lastDay: Activity;
  readonly plugins: { readonly total: number; readonly broken: number };
  /** Destinations with an open circuit or a pause, up to 50. */
  readonly behind: number;
  readonly memory: {
    readonly daemonBytes: number;
    readonly executorBytes: number;
    readonly executorLimitBytes: number | null;
  };
  readonly database: { readonly bytes: number; readonly freeBytes: number };
  readonly diskFreeBytes: number | null;
  readonly limits: readonly Limit[];
  /** Those that share the database, also this one. */
  readonly daemons: readonly KnownDaemon[];
  readonly facts: Omit<Facts, "notReady">;
}

export interface KnownDaemon extends DaemonIdentity {
  readonly isThis: boolean;
  /** Whether it gave a sign of life in time. The others take over what the rest had. */
  readonly isUp: boolean;
  readonly plugins: readonly string[];
}

/** A limit, and how much of it is used now. */
export interface Limit {
  readonly name: string;
  readonly used: number;
  readonly max: number;
}

export interface StatusDeps {
  readonly store: Pick<
    Store,
    | "counts"
    | "queueState"
    | "daemons"
    | "heldDestinations"
    | "failingSchedules"
    | "size"
    | "webhook"
  >;
  readonly stats: Pick<Stats, "lastDay">;
  readonly pool: Pick<PluginPool, "memory">;
  readonly threads: EngineStatus["threads"];
  readonly catalog: Pick<PluginCatalog, "list" | "get">;
  /** The plugins of the other daemons. */
  readonly elsewhere: readonly string[];
  readonly owner: string;
  readonly clock: Pick<Clock, "now">;
  readonly host: Host;
  readonly startedAt: number;
  readonly deliveriesInFlight: number;
  readonly oldCertificates: readonly WebhookCertificate[];
  readonly maxQueued: number;
  readonly maxWebhooks: number;
  readonly maxInFlight: number;
}

export async function readStatus(deps: StatusDeps): Promise<EngineStatus> {
  const { store, pool, catalog, clock, host } = deps;
  const now = clock.now();
  const [counts, queue, daemons, held, failing, database, disk, lastDay] = await Promise.all([
    store.counts(),
    store.queueState(),
    store.daemons(),
    store.heldDestinations({ limit: MAX_HELD }),
    store.failingSchedules({ limit: MAX_HELD }),
    store.size(),
    host.disk(),
    deps.stats.lastDay(),
  ]);
  const plugins = catalog.list();
  const broken = plugins.filter((plugin) => plugin.status === "broken");
  const destinations = await describeHeld(held, { store, now });
  const { active, paused, off } = counts.webhooks;
  const { usedBytes, limitBytes } = pool.memory();
  return {
    startedAt: deps.startedAt,
    now,
    threads: deps.threads,
    counts,
    queue,
    lastDay,
    plugins: { total: plugins.length, broken: broken.length },
    behind: destinations.filter(({ hold }) => hold.kind !== "webhook").length,
    memory: {
      daemonBytes: host.daemonBytes(),
      executorBytes: usedBytes,
      executorLimitBytes: limitBytes,
    },
    database,
    diskFreeBytes: disk?.freeBytes ?? null,
    limits: [
      { name: "queue", used: counts.jobs.queued, max: deps.maxQueued },
      { name: "webhooks", used: active + paused + off, max: deps.maxWebhooks },
      { name: "deliveries", used: deps.deliveriesInFlight, max: deps.maxInFlight },
    ],
    daemons: daemons
      .toSorted((one, other) => one.startedAt - other.startedAt)
      .map(({ owner, until, ...daemon }) => ({
        ...daemon,
        isThis: owner === deps.owner,
        isUp: until >= now,
      })),
    facts: {
      now,
      destinations,
      oldCertificates: await stillInUse(deps.oldCertificates.slice(0, MAX_HELD), store),
      failingSchedules: failing,
      brokenPlugins: broken,
      waiting: queue.waiting.map((each) => ({ ...each, reason: reasonOf(each, deps) })),
      queue: { queued: counts.jobs.queued, max: deps.maxQueued },
      oldestReadyAt: queue.oldestReadyAt,
      executorEnds: host.executorEnds(),
      disk,
      maxCount: MAX_COUNT,
    },
  };
}

function reasonOf(
  { on }: WaitingJobs,
  { catalog, elsewhere }: Pick<StatusDeps, "elsewhere"> & { catalog: Pick<PluginCatalog, "get"> },
) {
  const failure = whyUnavailable(catalog, on);
  if (failure === null || elsewhere.includes(on)) return null;
  return failure.code === "PLUGIN_NOT_FOUND" ? "missing" : "broken";
}

/** Leaves out the webhooks that were removed or changed since the look. */
async function stillInUse(
  certificates: readonly WebhookCertificate[],
  store: Pick<Store, "webhook">,
): Promise<OldCertificate[]> {
  const found = certificates.map(async ({ webhookId, sealed, validUntil }) => {
    const webhook = await store.webhook(webhookId);
    if (webhook === null || webhook.sealed !== sealed) return [];
    return [{ webhookId, origin: originOf(webhook.url), validUntil }];
  });
  return (await Promise.all(found)).flat();
}

function originOf(url: string): string {
  return URL.parse(url)?.origin ?? url;
}

/** Leaves out the pauses that have ended. */
async function describeHeld(
  held: readonly StoredDestination[],
  { store, now }: { store: Pick<Store, "webhook">; now: number },
): Promise<HeldDestination[]> {
  const described = held.map(async (destination) => {
    const hold = holdOf(destination.health, now);
    if (hold === null) return [];
    const { id, key, isPersistent, backlog, health } = destination;
    const webhook = isPersistent ? await store.webhook(key) : null;
    // It was removed since.
    if (isPersistent && webhook === null) return [];
    const origin = webhook === null ? key : originOf(webhook.url);
    const { lastError } = health;
    return [{ id, origin, webhook, hold, lastError, backlog } satisfies HeldDestination];
  });
  return (await Promise.all(described)).flat();
}
