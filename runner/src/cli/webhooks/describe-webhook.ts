import { EVENT_KINDS } from "../../domain/event.ts";
import type { Webhook } from "../../http/contract/webhook.ts";

export function describeEvents({ on }: Pick<Webhook, "on">): string {
  return on.length === EVENT_KINDS.length ? "all" : on.join(", ");
}

/** Whose events it gets. */
export function describeFilter({ plugins, jobName }: Pick<Webhook, "plugins" | "jobName">): string {
  const parts = [
    plugins === null ? null : `with ${plugins.join(" or ")}`,
    jobName === null ? null : `named ${jobName}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? "all" : parts.join(", ");
}
