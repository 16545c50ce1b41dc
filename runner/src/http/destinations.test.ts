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
