/** What operators see and change of limits while jobs run. */
import { Refused, type Issue } from "../../domain/errors.ts";
import {
  hasKeys,
  overrideFault,
  toLimitKey,
  type LimitOverride,
} from "../../domain/plugin-limits.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import type { StoredLimit } from "../../ports/store/limits.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Messages } from "../bus/messages.ts";

export interface LimitInfo extends StoredLimit {
  /** The plugins of this daemon that have it. */
  readonly plugins: readonly string[];
}

export interface PauseRequest {
  /** Null: the whole limit. */
  readonly key: string | null;
  /** Until when, or for how long. Neither: until it is resumed. */
  readonly until: number | null;
  readonly forMs: number | null;
}

/** Each throws `Refused`: LIMIT_NOT_FOUND. `by` is the name of the request's token. */
export interface Limits {
  list(): Promise<readonly LimitInfo[]>;
  get(name: string): Promise<LimitInfo>;
  override(name: string, numbers: LimitOverride, by: string | null): Promise<LimitInfo>;
  reset(name: string, by: string | null): Promise<LimitInfo>;
  pause(name: string, request: PauseRequest, by: string | null): Promise<LimitInfo>;
  resume(name: string, key: string | null, by: string | null): Promise<LimitInfo>;
}

export function createLimits(deps: {
  readonly store: Pick<Store, "limits" | "limit" | "overrideLimit" | "pauseLimit" | "resumeLimit">;
  readonly catalog: Pick<PluginCatalog, "list">;
  readonly digest: (text: string) => string;
  readonly messages: Pick<Messages, "publish">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
}): Limits {
  const { store, catalog, digest, messages, clock, log } = deps;

  function withPlugins(limit: StoredLimit): LimitInfo {
    const plugins = catalog
      .list()
      .filter((plugin) => plugin.status === "ready" && plugin.limits?.name === limit.name)
      .map(({ name }) => name);
    return { ...limit, plugins };
  }

  async function get(name: string): Promise<LimitInfo> {
    const limit = await store.limit(name);
    if (limit === null) throw new Refused("LIMIT_NOT_FOUND", `There is no limit "${name}".`);
    return withPlugins(limit);
  }

  /** Jobs that can run now are claimed, by whichever daemon has room. */
  async function changed(name: string): Promise<LimitInfo> {
    messages.publish({ kind: "jobs" });
    return get(name);
  }

  function keyIn({ name, numbers }: LimitInfo, key: string | null): string | null {
    if (key === null) return null;
    if (hasKeys(numbers)) return toLimitKey(key, digest);
    const message = `is ${JSON.stringify(key)}: leave it out, because limit "${name}" has no perKey`;
    throw invalid({ path: "/key", message });
  }

  return {
    list: async () => (await store.limits()).map(withPlugins),
    get,
    async override(name, numbers, by) {
      const fault = overrideFault((await get(name)).declared, numbers);
      if (fault !== null) throw invalid(fault);
      await store.overrideLimit(name, numbers, { by, now: clock.now() });
      log.info({ limit: name, override: numbers, token: by }, "limit.overridden");
      return changed(name);
    },
    async reset(name, by) {
      await get(name);
      await store.overrideLimit(name, null, { by, now: clock.now() });
      log.info({ limit: name, token: by }, "limit.reset");
      return changed(name);
    },
    async pause(name, request, by) {
      const key = keyIn(await get(name), request.key);
      const now = clock.now();
      const until = request.forMs === null ? request.until : now + request.forMs;
      const isSpan = request.forMs !== null;
      await store.pauseLimit({ name, key, until, isSpan, keepsLonger: false, by, now });
      log.info({ limit: name, key, until, token: by }, "limit.paused");
      return changed(name);
    },
    async resume(name, given, by) {
      const key = keyIn(await get(name), given);
      await store.resumeLimit(name, key);
      log.info({ limit: name, key, token: by }, "limit.resumed");
      return changed(name);
    },
  };
}

function invalid(issue: Issue): Refused {
  return new Refused("BODY_INVALID", `${issue.path} ${issue.message}.`, { issues: [issue] });
}
