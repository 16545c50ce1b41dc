import { afterEach, beforeEach, expect, test } from "vitest";
import { createApi, problemOf, type Api } from "../../test/support/api.ts";
import { answered } from "../../test/support/scripted-sender.ts";
import { until } from "../../test/support/until.ts";
import type { Answer } from "../domain/delivery.ts";
import { DeliverySummary } from "./contract/deliveries.ts";
import { listDestinations } from "./contract/destinations.ts";

const ORIGIN = "http://endpoint.test";
const WEBHOOK = { url: `${ORIGIN}/hook`, on: ["completed"], retries: 0 };
const Page = listDestinations.responses[200].schema;

let api: Api;
let answer: Answer;
beforeEach(async () => {
  answer = answered(200);
  api = await createApi({ run: (step) => step.complete(), answer: () => answer });
});
afterEach(() => api.close());

async function runJobs(jobs: number): Promise<void> {
  for (let n = 0; n < jobs; n += 1) {
    await api.call("POST", "/v1/jobs", { plugins: ["first"], webhook: WEBHOOK });
    await api.world.settle();
  }
}

test("destinations are listed with what holds them, page by page", async () => {
  await api.call("POST", "/v1/webhooks", { url: `${ORIGIN}/all`, ratePerSecond: 5 });
  await runJobs(1);
  const first = await api.call("GET", "/v1/destinations?limit=1");
  expect(Page.parse(first.body)).toEqual(first.body);
  expect(first.body.items).toMatchObject([{ origin: null, ratePerSecond: 5, circuit: "closed" }]);
  const { body } = await api.call("GET", `/v1/destinations?cursor=${first.body.nextCursor}`);
  expect(Page.parse(body)).toEqual(body);
  const [origin] = body.items;
  const one = await api.call("GET", `/v1/destinations/${origin.destinationId}`);
  expect(one.body).toEqual(origin);
  const [persistent] = first.body.items;
  const ofWebhook = await api.call("GET", `/v1/destinations?webhookId=${persistent.webhookId}`);
  expect(ofWebhook.body).toEqual({ items: [persistent], nextCursor: null });
  const ofNone = await api.call("GET", "/v1/destinations?webhookId=wh_none");
  expect(ofNone.body.items).toEqual([]);
  const missing = await api.call("GET", "/v1/destinations/dst_999999");
  expect(problemOf(missing)).toMatchObject({ status: 404, code: "DESTINATION_NOT_FOUND" });
  expect(body.items).toMatchObject([
    {
      origin: ORIGIN,
      webhookId: null,
      waitingFor: null,
      heldUntil: null,
      lastError: null,
      backlog: 0,
    },
  ]);
});

test("a destination with an open circuit and its deliveries say why they wait and until when; it can be recovered", async () => {
  answer = answered(503);
  await runJobs(7);
  const held = {
    waitingFor: { kind: "circuit", since: new Date(api.world.clock.now()).toISOString() },
    heldUntil: new Date(api.world.clock.now() + 5_000).toISOString(),
    lastError: "status 503",
  };
  const { body } = await api.call("GET", "/v1/destinations");
  expect(body.items).toMatchObject([
    { origin: ORIGIN, circuit: "open", failuresInRow: 5, backlog: 2, ...held },
  ]);
  const due = (await api.call("GET", "/v1/deliveries?state=due")).body.items;
  expect(due).toMatchObject([held, held]);
  expect(DeliverySummary.parse(due[0])).toEqual(due[0]);
  const dead = (await api.call("GET", "/v1/deliveries?state=dead")).body.items;
  expect(dead[0]).toMatchObject({ waitingFor: null, heldUntil: null, lastError: null });

  answer = answered(200);
  const path = `/v1/destinations/${body.items[0].destinationId}/recover`;
  const recovered = await api.call("POST", path, { since: "2026-01-01T00:00:00Z" });
  expect(recovered.body).toEqual({ recovered: 5, more: false });
  await until(
    "all to be delivered",
    async () => (await api.world.store.counts()).deliveries.delivered === 7,
  );
  expect((await api.call("GET", "/v1/destinations")).body.items).toMatchObject([
    { circuit: "closed", waitingFor: null, lastError: null },
  ]);
});

test("deliveries of a paused webhook say that they wait for a person", async () => {
  const { body } = await api.call("POST", "/v1/webhooks", { url: WEBHOOK.url });
  await api.call("PATCH", `/v1/webhooks/${body.id}`, { state: "paused" });
  await api.submit({});
  await api.world.settle();
  const [delivery] = (await api.call("GET", "/v1/deliveries?state=due")).body.items;
  expect(delivery).toMatchObject({ waitingFor: { kind: "webhook" }, heldUntil: null });
});

test("the recovery of an unknown destination is refused", async () => {
  const since = { since: "2026-01-01T00:00:00Z" };
  const missing = await api.call("POST", "/v1/destinations/dst_999/recover", since);
  expect(problemOf(missing)).toMatchObject({ status: 404, code: "DESTINATION_NOT_FOUND" });
});

test("the deliveries of a destination are listed, and only those", async () => {
  await api.call("POST", "/v1/webhooks", { url: `${ORIGIN}/all`, on: ["completed"] });
  answer = answered(404);
  await runJobs(2);
  const { items } = (await api.call("GET", "/v1/destinations?limit=2")).body;
  const lists = items.map(({ destinationId }: { destinationId: string }) =>
    api.call("GET", `/v1/deliveries?state=dead&destinationId=${destinationId}`),
  );
  const [persistent, origin] = await Promise.all(lists);
  expect(persistent.body.items).toHaveLength(0);
  expect(origin.body.items).toHaveLength(2);
  const unknown = await api.call("GET", "/v1/deliveries?destinationId=dst_999999");
  expect(unknown.body.items).toEqual([]);
});

test("a destination has what was delivered and what failed, by the hour", async () => {
  await runJobs(2);
  answer = answered(400);
  await runJobs(1);
  const hour = 60 * 60_000;
  await api.world.runUntil(api.world.clock.now() + hour);
  answer = answered(200);
  await runJobs(1);
  const now = api.world.clock.now();
  const at = (before: number) => new Date(now - (now % hour) - before * hour).toISOString();
  const { body } = await api.call("GET", "/v1/destinations");
  expect(body.items.map(({ perHour }: { perHour: unknown }) => perHour)).toEqual([
    [
      { at: at(1), delivered: 2, failed: 1 },
      { at: at(0), delivered: 1, failed: 0 },
    ],
  ]);
});
