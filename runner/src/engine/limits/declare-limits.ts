import { mergeLimits } from "../../domain/plugin-limits.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Messages } from "../bus/messages.ts";

export interface DeclareDeps {
  readonly catalog: Pick<PluginCatalog, "list">;
  readonly store: Pick<Store, "declareLimits">;
  readonly messages: Pick<Messages, "publish">;
  readonly log: Log;
}

/**
 * Returns a function that stores the limits of the plugins if they have changed since the last call. It
 * never rejects: what could not be stored is tried again with the next call.
 */
export function createDeclareLimits({
  catalog,
  store,
  messages,
  log,
}: DeclareDeps): () => Promise<void> {
  let stored = "[]";
  return async () => {
    const declared = mergeLimits(
      catalog.list().flatMap((plugin) => (plugin.status === "ready" ? (plugin.limits ?? []) : [])),
    );
    const text = JSON.stringify(declared);
    if (text === stored) return;
    try {
      await store.declareLimits(declared);
      stored = text;
      // A limit that is higher than before lets jobs run.
      messages.publish({ kind: "jobs" });
    } catch (error) {
      log.error({ err: error }, "limits.declare-failed");
    }
  };
}
