import type { ComponentChildren } from "preact";
import type { Status } from "../../api/schema.ts";
import { formatDuration } from "../../parts/duration-text.ts";
import { now } from "../../parts/now.ts";
import { formatCount, formatPercent, plural } from "../../parts/numbers.ts";
import { linkTo } from "../../router.ts";

export function Health({ status }: { readonly status: Status }) {
  const { threads, jobs, last24h, deliveries } = status;
  const undelivered = last24h.deliveryFailed;
  return (
    <section class="health" aria-label="Health">
      <Stat
        name="Threads"
        href={linkTo(["jobs"], { status: "running" })}
        value={`${threads.busy} of ${threads.total}`}
      >
        {threads.busy === 0 ? "idle" : threads.busy === threads.total ? "all busy" : "busy"}
      </Stat>
      <Stat
        name="Queued"
        href={linkTo(["jobs"], { status: "queued" })}
        value={formatCount(jobs.queued)}
      >
        {describeQueue(jobs)}
      </Stat>
      <Stat
        name="Failed, 24 h"
        href={linkTo(["jobs"], { status: "failed" })}
        value={formatCount(last24h.failed)}
        isBad={last24h.failed > 0}
      >
        {last24h.failed === 0 ? "none" : `of ${plural(last24h.failed + last24h.completed, "job")}`}
      </Stat>
      <Stat
        name="Delivered, 24 h"
        href={linkTo(["deliveries"])}
        value={formatCount(last24h.delivered)}
        isBad={undelivered > 0}
      >
        {describeDelivered(last24h, deliveries.pending)}
      </Stat>
    </section>
  );
}

function describeQueue({ queued, oldestQueuedAt, scheduled, waiting }: Status["jobs"]): string {
  const parts = [
    oldestQueuedAt === null
      ? ""
      : `next waits ${formatDuration(Math.max(0, now.value - Date.parse(oldestQueuedAt)))}`,
    scheduled === 0 ? "" : `${formatCount(scheduled)} scheduled`,
    waiting === 0 ? "" : `${formatCount(waiting)} for a plugin`,
  ].filter(Boolean);
  if (parts.length > 0) return parts.join(", ");
  return queued === 0 ? "nothing waits" : "about to start";
}

function describeDelivered(day: Status["last24h"], pending: number): string {
  const parts = [
    day.deliveryFailed === 0 ? "" : `${formatCount(day.deliveryFailed)} given up`,
    day.delivered === 0
      ? ""
      : `${formatPercent(day.deliveredFirstTry / day.delivered)} at the first attempt`,
    pending === 0 ? "" : `${formatCount(pending)} on their way`,
  ].filter(Boolean);
  return parts.length === 0 ? "no events yet" : parts.join(", ");
}

interface StatProps {
  readonly name: string;
  readonly value: string;
  readonly href: string;
  readonly isBad?: boolean;
  readonly children: ComponentChildren;
}

function Stat({ name, value, href, isBad = false, children }: StatProps) {
  return (
    <a class={isBad ? "card stat bad" : "card stat"} href={href}>
      <span class="k">{name}</span>
      <span class="v">{value}</span>
      <span class="s">{children}</span>
    </a>
  );
}
