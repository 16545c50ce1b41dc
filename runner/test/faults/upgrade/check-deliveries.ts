/** Deliveries after an upgrade, and what reached the endpoints. */
import { createHmac } from "node:crypto";
import { expect } from "vitest";
import type {
  DeliveryView,
  EventView,
  JobView,
  Manifest,
  State,
  WebhookView,
} from "../../support/data-dir-fixtures.ts";
import type { Received } from "../../support/receiver.ts";
import { hasEnded } from "./check-jobs.ts";

/** One event for one webhook. */
type Target = Pick<DeliveryView, "webhookId" | "jobId" | "batchId" | "sequence">;

const toText = ({ webhookId, jobId, batchId, sequence }: Target): string =>
  `event ${sequence} of ${jobId ?? batchId} to ${webhookId}`;

const isOver = ({ state }: DeliveryView): boolean => state === "delivered" || state === "dead";

/** While an endpoint's Retry-After has not passed, its deliveries do not change. */
export function checkThrottled(before: Manifest, deliveries: readonly DeliveryView[]): void {
  const throttled = before.deliveries.filter(({ webhookId }) =>
    before.throttled.includes(webhookId),
  );
  expect(throttled.length).toBeGreaterThan(0);
  const byId = new Map(deliveries.map((delivery) => [delivery.deliveryId, delivery]));
  for (const was of throttled) expect(byId.get(was.deliveryId)).toMatchObject(was);
}

/** No delivery is lost, each open one is delivered, and each new event and callback has one per webhook. */
export function checkDeliveries(before: Manifest, after: State): void {
  const known = new Map(before.deliveries.map((delivery) => [delivery.deliveryId, delivery]));
  const found = new Set(after.deliveries.map(({ deliveryId }) => deliveryId));
  expect([...known.keys()].filter((id) => !found.has(id))).toEqual([]);
  const added: DeliveryView[] = [];
  for (const is of after.deliveries) {
    const was = known.get(is.deliveryId);
    if (was === undefined) added.push(is);
    else if (isOver(was)) expect(is).toMatchObject(was);
    else {
      const { deliveryId, eventId, jobId, batchId, webhookId, url, sequence, event } = was;
      const same = { deliveryId, eventId, jobId, batchId, webhookId, url, sequence, event };
      expect(is).toMatchObject(same);
      expect(is.attempts.slice(0, was.attempts.length)).toMatchObject(was.attempts);
    }
    if (was === undefined || !isOver(was)) expect(is.state, toText(is)).toBe("delivered");
  }
  const targets = [...targetsOfNewEvents(before, after), ...targetsOfNewCallbacks(before, after)];
  expect(added.map(toText).toSorted()).toEqual(targets.map(toText).toSorted());
}

function targetsOfNewEvents(before: Manifest, after: State): Target[] {
  return after.jobs.flatMap(({ job, events }, index) =>
    events.slice(before.jobs[index]?.events.length).flatMap((event) => {
      const webhooks = before.webhooks.filter((webhook) => wants(webhook, job, event));
      const own = job.webhook?.on.includes(event.status) ? [job.webhook] : [];
      return [...webhooks, ...own].map(({ id }) => ({
        webhookId: id,
        jobId: job.jobId,
        batchId: null,
        sequence: event.sequence,
      }));
    }),
  );
}

function wants({ state, on, plugins, jobName }: WebhookView, job: JobView, event: EventView) {
  return (
    state !== "off" &&
    on.includes(event.status) &&
    (plugins ?? job.plugins).some((plugin) => job.plugins.includes(plugin)) &&
    (jobName ?? job.name) === job.name
  );
}

function targetsOfNewCallbacks(before: Manifest, after: State): Target[] {
  return after.batches.flatMap(({ batchId, webhook }, index) =>
    webhook === null || before.batches[index]?.endedAt !== null
      ? []
      : [{ webhookId: webhook.id, jobId: null, batchId, sequence: 1 }],
  );
}

/** Exactly the due deliveries arrived: in order, signed, and with the same body in every attempt. */
export function checkArrivals(before: Manifest, after: State, received: readonly Received[]): void {
  const overBefore = new Set(before.deliveries.filter(isOver).map(({ deliveryId }) => deliveryId));
  const arrivals = Map.groupBy(received, ({ path, headers }) =>
    toPlace(path, headers["webhook-id"]),
  );
  const last = new Map<string, number>();
  const due = after.deliveries.filter(({ deliveryId }) => !overBefore.has(deliveryId));
  const placeOf = new Map(due.map((delivery) => [placeFor(delivery), delivery]));
  for (const [place, times] of arrivals) {
    const delivery = placeOf.get(place);
    if (delivery === undefined)
      throw new Error(`No delivery is due to ${place}, but this arrived: ${times[0]?.body}`);
    for (const one of times) checkArrival(delivery, one, { before, after });
    // A delivery arrives twice if the kill came before its attempt was stored.
    expect(times.length, toText(delivery)).toBeLessThanOrEqual(2);
    expect(new Set(times.map(({ body }) => body)).size, toText(delivery)).toBe(1);
  }
  expect([...placeOf.keys()].filter((place) => !arrivals.has(place))).toEqual([]);
  // Every webhook must have received something, so that every secret is checked.
  const reached = new Set(due.map(({ webhookId }) => webhookId));
  const silent = before.webhooks.filter(({ id, state }) => state !== "off" && !reached.has(id));
  expect(silent).toEqual([]);
  for (const { path, headers } of received) {
    const delivery = placeOf.get(toPlace(path, headers["webhook-id"]));
    const key = `${delivery?.jobId ?? delivery?.batchId} ${delivery?.webhookId}`;
    const sequence = delivery?.sequence ?? 0;
    expect(sequence, `events to ${key}`).toBeGreaterThanOrEqual(last.get(key) ?? 0);
    last.set(key, sequence);
  }
}

const toPlace = (path: string, eventId: unknown): string => `${path} ${String(eventId)}`;
const placeFor = ({ url, eventId }: DeliveryView): string =>
  toPlace(new URL(url).pathname, eventId);

function checkArrival(
  delivery: DeliveryView,
  { headers, body, event }: Received,
  { before, after }: { before: Manifest; after: State },
): void {
  const { webhookId, jobId, batchId, sequence } = delivery;
  const sealed = before.sealed[webhookId];
  if (sealed === undefined) throw new Error(`The manifest has no headers for ${webhookId}.`);
  for (const [name, value] of Object.entries(sealed.headers)) {
    expect(headers[name.toLowerCase()], `${name} to ${webhookId}`).toBe(value);
  }
  const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
  const signatures = sealed.secrets.map((secret) => {
    const key = Buffer.from(secret.replace("whsec_", ""), "base64");
    return `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
  });
  expect((headers["webhook-signature"] as string | undefined)?.split(" ") ?? []).toEqual(
    signatures,
  );
  if (batchId !== null) {
    const batch = after.batches.find((one) => one.batchId === batchId);
    const jobs = batch?.jobs.map((job) => ({ jobId: job.jobId }));
    expect(event).toMatchObject({ batchId, status: batch?.status, jobs });
  } else {
    const { job, events } = after.jobs.find((one) => one.job.jobId === jobId) ?? {};
    expect(job !== undefined && hasEnded(job)).toBe(true);
    expect(event).toEqual(events?.[sequence - 1]);
  }
}
