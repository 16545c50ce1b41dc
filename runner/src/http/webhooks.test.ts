import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Webhook as Verifier } from "standardwebhooks";
import { createApi, problemOf, type Api } from "../../test/support/api.ts";
import { answered, NO_ANSWER, type Sent } from "../../test/support/scripted-sender.ts";
import { until } from "../../test/support/until.ts";
import type { Answer } from "../domain/delivery.ts";
import { pageOf } from "./contract/fields.ts";
import { Recovered, Webhook, WebhookTest, WebhookWithSecret } from "./contract/webhook.ts";

const URL_A = "http://endpoint.test/a";
const URL_B = "http://endpoint.test/b";
const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const DAY_MS = 24 * 60 * 60 * 1000;

let api: Api;
let answer: (sent: Sent) => Answer;

beforeEach(async () => {
  answer = () => answered(200, { body: "ok" });
  api = await createApi({
    maxWebhooks: 3,
    run: (step) => step.complete(),
    answer: (sent) => answer(sent),
  });
});
afterEach(() => api.close());

// oxlint-disable-next-line typescript/no-explicit-any -- tests read responses without types
async function register(more: object = {}): Promise<any> {
  const { status, body } = await api.call("POST", "/v1/webhooks", { url: URL_A, ...more });
  expect(status).toBe(201);
  return body;
}

/** Runs a job and waits until all its events were sent to `count` webhooks. */
async function runJob(request: Parameters<Api["submit"]>[0] = {}): Promise<string> {
  const jobId = await api.submit(request);
  await until("its end", async () => (await api.world.job(jobId)).status === "completed");
  await api.world.settle();
  return jobId;
}

/** The signature that the `standardwebhooks` package computes for this request. */
function signature(secret: string, { headers, body }: Sent["outgoing"]): string {
  const at = new Date(Number(headers["webhook-timestamp"]) * 1000);
  return new Verifier(secret).sign(headers["webhook-id"] ?? "", at, body);
}

const sentTo = (url: string): Sent[] =>
  api.sender.sent.filter(({ outgoing }) => outgoing.url === url);

describe("registering", () => {
  test("returns 201 with the webhook's defaults and a secret that verifies its deliveries", async () => {
    const { status, headers, body } = await api.call("POST", "/v1/webhooks", { url: URL_A });
    expect(status).toBe(201);
    expect(headers["location"]).toBe(`/v1/webhooks/${body.id}`);
    expect(WebhookWithSecret.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      url: URL_A,
      headers: {},
      on: ["started", "progress", "completed", "failed"],
      retries: 5,
      plugins: null,
      jobName: null,
      timeoutMs: 30_000,
      ratePerSecond: null,
      expiresAt: null,
      state: "active",
      enabled: true,
      reason: null,
      failingSince: null,
      previousSecretUntil: null,
    });
    await runJob();
    const sent = sentTo(URL_A);
    expect(sent.map(({ event }) => event.status)).toEqual(["started", "progress", "completed"]);
    for (const { outgoing } of sent) {
      expect(outgoing.headers["webhook-signature"]).toBe(signature(body.secret, outgoing));
    }
  });

  test("accepts every field", async () => {
    const request = {
      url: URL_A,
      headers: { Authorization: "Bearer s3cret" },
      on: ["failed", "completed", "failed"],
      retries: 0,
      plugins: ["not-yet-installed", "first"],
      jobName: "nightly",
      secret: SECRET,
      expiresAt: "2999-01-01T00:00:00+01:00",
      timeoutMs: 300_000,
      ratePerSecond: 0.5,
    };
    const { status, body, text } = await api.call("POST", "/v1/webhooks", request);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...request,
      headers: { Authorization: "***" },
      on: ["failed", "completed"],
      expiresAt: "2998-12-31T23:00:00.000Z",
    });
    expect(text).not.toContain("s3cret");
  });

  test("the same url and filter again updates the webhook and does not return its secret", async () => {
    const { id, secret } = await register({ on: ["completed", "failed"], plugins: ["b", "a"] });
    const again = await api.call("POST", "/v1/webhooks", {
      url: URL_A,
      on: ["failed", "completed"],
      plugins: ["a", "b"],
      retries: 1,
    });
    expect(again.status).toBe(200);
    expect(again.headers["location"]).toBe(`/v1/webhooks/${id}`);
    expect(Webhook.parse(again.body)).toEqual(again.body);
    expect(again.body).toMatchObject({ id, retries: 1, previousSecretUntil: null });
    expect(again.text).not.toContain(secret);
    const other = await register({ on: ["completed"], plugins: ["a", "b"] });
    expect(other.id).not.toBe(id);
  });

  test("all four kinds of event is the same as the default, for POST and for PATCH", async () => {
    const all = ["failed", "completed", "progress", "started"];
    const { id } = await register();
    const again = await api.call("POST", "/v1/webhooks", { url: URL_A, on: all });
    expect([again.status, again.body.id]).toEqual([200, id]);
    const other = await register({ on: ["failed"] });
    const taken = await api.call("PATCH", `/v1/webhooks/${other.id}`, { on: all });
    expect(problemOf(taken)).toMatchObject({ status: 409, code: "WEBHOOK_EXISTS" });
    await runJob();
    expect(sentTo(URL_A)).toHaveLength(3);
  });

  test("again switches on a webhook that was off", async () => {
    const { id } = await register({ on: ["completed"] });
    answer = () => answered(410);
    await runJob();
    const path = `/v1/webhooks/${id}`;
    await until("it is off", async () => (await api.call("GET", path)).body.state === "off");
    const again = await api.call("POST", "/v1/webhooks", { url: URL_A, on: ["completed"] });
    expect(again.body).toMatchObject({ id, state: "active", enabled: true, reason: null });
  });

  test("a host under make.com sets Make's rate unless the request sets another", async () => {
    const url = "https://hook.eu2.make.com/abc";
    expect((await register({ url })).ratePerSecond).toBe(25);
    expect((await register({ url, jobName: "a", ratePerSecond: 100 })).ratePerSecond).toBe(100);
    expect((await register({ url, jobName: "b", ratePerSecond: null })).ratePerSecond).toBeNull();
  });

  test("is refused over the limit and for an address that is not allowed", async () => {
    for (const jobName of ["1", "2", "3"]) await register({ jobName });
    const full = await api.call("POST", "/v1/webhooks", { url: URL_A });
    expect(problemOf(full)).toMatchObject({
      status: 409,
      code: "WEBHOOK_LIMIT",
      detail:
        "3 webhooks are registered, and the limit is 3. Remove one first. PLAYGROUND_MAX_WEBHOOKS sets the limit.",
    });
    const refused = await api.call("POST", "/v1/webhooks", { url: "http://169.254.169.254/" });
    expect(problemOf(refused)).toMatchObject({
      status: 400,
      code: "WEBHOOK_URL_REFUSED",
      issues: [{ path: "/url" }],
    });
  });
});

describe("a registered webhook", () => {
  test("is shown with masked headers and without its secret, also in lists", async () => {
    const made = [];
    for (const jobName of ["1", "2", "3"]) {
      made.push(await register({ jobName, headers: { "X-Key": "s3cret" }, secret: SECRET }));
    }
    const { id } = made[0];
    const one = await api.call("GET", `/v1/webhooks/${id}`);
    expect(Webhook.parse(one.body)).toEqual(one.body);
    expect(one.body.headers).toEqual({ "X-Key": "***" });
    const first = await api.call("GET", "/v1/webhooks?limit=2");
    const second = await api.call("GET", `/v1/webhooks?limit=2&cursor=${first.body.nextCursor}`);
    expect(pageOf(Webhook).parse(first.body)).toEqual(first.body);
    const ids = [first, second].flatMap(({ body }) => body.items.map((item: Webhook) => item.id));
    expect(ids).toEqual(made.map((webhook) => webhook.id));
    expect(second.body.nextCursor).toBeNull();
    for (const { text } of [one, first, second]) {
      expect(text).not.toContain("s3cret");
      expect(text).not.toContain(SECRET);
    }
  });

  test("is changed by PATCH only in the given fields, and null removes a filter", async () => {
    const { id } = await register({
      jobName: "a",
      plugins: ["first"],
      on: ["failed"],
      headers: { "X-A": "1" },
    });
    const changed = await api.call("PATCH", `/v1/webhooks/${id}`, {
      url: URL_B,
      jobName: null,
      plugins: null,
      on: null,
    });
    expect(changed.status).toBe(200);
    expect(Webhook.parse(changed.body)).toEqual(changed.body);
    expect(changed.body).toMatchObject({
      id,
      url: URL_B,
      jobName: null,
      plugins: null,
      on: ["started", "progress", "completed", "failed"],
      headers: { "X-A": "***" },
    });
    await runJob();
    expect(sentTo(URL_B).map(({ outgoing }) => outgoing.headers["X-A"])).toEqual(["1", "1", "1"]);
    expect(sentTo(URL_A)).toEqual([]);
  });

  test("cannot get the URL and filter of another webhook, a refused address or the state off", async () => {
    const { id } = await register({ jobName: "a" });
    await register({ jobName: "b" });
    const taken = await api.call("PATCH", `/v1/webhooks/${id}`, { jobName: "b" });
    expect(problemOf(taken)).toMatchObject({ status: 409, code: "WEBHOOK_EXISTS" });
    const refused = await api.call("PATCH", `/v1/webhooks/${id}`, { url: "http://[ff02::1]/" });
    expect(problemOf(refused)).toMatchObject({ status: 400, code: "WEBHOOK_URL_REFUSED" });
    const off = await api.call("PATCH", `/v1/webhooks/${id}`, { state: "off" });
    expect(problemOf(off).issues).toMatchObject([{ path: "/state" }]);
    expect((await api.call("GET", `/v1/webhooks/${id}`)).body).toMatchObject({ jobName: "a" });
  });

  test("stores events while it is paused and sends them in order afterwards", async () => {
    const { id } = await register();
    const paused = await api.call("PATCH", `/v1/webhooks/${id}`, { state: "paused" });
    expect(paused.body).toMatchObject({ state: "paused", enabled: false });
    await runJob();
    expect(api.sender.sent).toEqual([]);
    await api.call("PATCH", `/v1/webhooks/${id}`, { state: "active" });
    await until("three events", () => api.sender.sent.length === 3);
    expect(api.sender.sent.map(({ event }) => event.sequence)).toEqual([1, 2, 3]);
  });

  test("that the daemon has paused says why, and is resumed by a new registration", async () => {
    const { id } = await register();
    const reason = "For 24 hours n8n has responded that the webhook is not registered.";
    const { store, clock } = api.world;
    await store.updateWebhook(id, { state: "paused", reason }, { now: clock.now() });
    await runJob();
    expect((await api.call("GET", `/v1/webhooks/${id}`)).body).toMatchObject({
      state: "paused",
      reason,
    });
    const again = await api.call("POST", "/v1/webhooks", { url: URL_A });
    expect(again.body).toMatchObject({ id, state: "active", reason: null });
    await until("three events", () => api.sender.sent.length === 3);

    await api.call("PATCH", `/v1/webhooks/${id}`, { state: "paused" });
    const byPerson = await api.call("POST", "/v1/webhooks", { url: URL_A });
    expect(byPerson.body).toMatchObject({ id, state: "paused", reason: null });
  });

  test("is removed by DELETE together with its deliveries", async () => {
    const { id } = await register();
    await api.call("PATCH", `/v1/webhooks/${id}`, { state: "paused" });
    const jobId = await runJob();
    const removed = await api.call("DELETE", `/v1/webhooks/${id}`);
    expect([removed.status, removed.text]).toEqual([204, ""]);
    expect((await api.call("GET", `/v1/deliveries?jobId=${jobId}`)).body.items).toEqual([]);
    await runJob();
    expect(api.sender.sent).toEqual([]);
  });

  test("signs with both secrets for 24 h after a rotation, and then only with the new one", async () => {
    const { id, secret: before } = await register({ on: ["completed"] });
    const rotated = await api.call("POST", `/v1/webhooks/${id}/rotate-secret`);
    expect(rotated.status).toBe(200);
    expect(WebhookWithSecret.parse(rotated.body)).toEqual(rotated.body);
    const until24h = api.world.clock.now() + DAY_MS;
    expect(rotated.body).toMatchObject({
      id,
      previousSecretUntil: new Date(until24h).toISOString(),
    });
    expect(rotated.body.secret).not.toBe(before);
    await runJob();
    api.world.clock.moveTo(until24h);
    await runJob();
    const { body } = await api.call("GET", `/v1/webhooks/${id}`);
    expect(body.previousSecretUntil).toBeNull();
    const signedWith = [[rotated.body.secret, before], [rotated.body.secret]];
    expect(api.sender.sent).toHaveLength(2);
    for (const [index, { outgoing }] of api.sender.sent.entries()) {
      const expected = signedWith[index]?.map((secret) => signature(secret, outgoing)).join(" ");
      expect(outgoing.headers["webhook-signature"]).toBe(expected);
    }
  });

  test("is off after a 410 and shows the reason, and recovers missed events when it is on again", async () => {
    const { id } = await register({ on: ["completed"] });
    const since = new Date(api.world.clock.now()).toISOString();
    answer = () => answered(410);
    await runJob();
    const off = await api.call("GET", `/v1/webhooks/${id}`);
    expect(off.body).toMatchObject({
      state: "off",
      enabled: false,
      reason: expect.stringContaining("410") as string,
    });
    const refused = await api.call("POST", `/v1/webhooks/${id}/recover`, { since });
    expect(problemOf(refused)).toMatchObject({ status: 409, code: "WEBHOOK_OFF" });
    answer = () => answered(200);
    const on = await api.call("PATCH", `/v1/webhooks/${id}`, { state: "active" });
    expect(on.body).toMatchObject({ state: "active", enabled: true, reason: null });
    const recovered = await api.call("POST", `/v1/webhooks/${id}/recover`, { since });
    expect(Recovered.parse(recovered.body)).toEqual({ recovered: 1, more: false });
    await until("the event again", () => api.sender.sent.length === 2);
    const [first, second] = api.sender.sent;
    expect(second?.outgoing.body).toBe(first?.outgoing.body);
    await api.world.settle();
    const again = await api.call("POST", `/v1/webhooks/${id}/recover`, { since });
    expect(again.body).toEqual({ recovered: 0, more: false });
  });

  test("that does not exist is refused with WEBHOOK_NOT_FOUND on every route", async () => {
    const since = "2026-11-23T00:00:00Z";
    for (const missing of [
      await api.call("GET", "/v1/webhooks/wh_none"),
      await api.call("PATCH", "/v1/webhooks/wh_none", {}),
      await api.call("DELETE", "/v1/webhooks/wh_none"),
      await api.call("POST", "/v1/webhooks/wh_none/test"),
      await api.call("POST", "/v1/webhooks/wh_none/rotate-secret"),
      await api.call("POST", "/v1/webhooks/wh_none/recover", { since }),
    ]) {
      expect(problemOf(missing)).toMatchObject({ status: 404, code: "WEBHOOK_NOT_FOUND" });
    }
  });
});

describe("a test of a webhook", () => {
  test("sends a marked sample of each kind immediately and returns the responses", async () => {
    const { id } = await register({ on: ["failed", "started"] });
    await api.call("PATCH", `/v1/webhooks/${id}`, { state: "paused" });
    answer = ({ event }) => answered(event.status === "failed" ? 500 : 200, { body: "seen" });
    const tested = await api.call("POST", `/v1/webhooks/${id}/test`);
    expect(tested.status).toBe(200);
    expect(WebhookTest.parse(tested.body)).toEqual(tested.body);
    expect(tested.body.results).toMatchObject([
      { event: "failed", ok: false, status: 500, response: "seen", error: null },
      { event: "started", ok: true, status: 200, response: "seen", error: null },
    ]);
    expect(api.sender.sent.map(({ event }) => [event.status, event.test])).toEqual([
      ["failed", true],
      ["started", true],
    ]);
    const ids = api.sender.sent.map(({ outgoing }) => outgoing.headers["webhook-id"]);
    expect(tested.body.results.map((result: { eventId: string }) => result.eventId)).toEqual(ids);
  });

  test("ends after the first sample without a response", async () => {
    const { id } = await register();
    answer = () => NO_ANSWER;
    const { body } = await api.call("POST", `/v1/webhooks/${id}/test`);
    expect(WebhookTest.parse(body).results).toMatchObject([
      { event: "started", ok: false, status: null, response: null },
    ]);
    expect(body.results[0].error).toContain("ECONNREFUSED");
  });
});

describe("deliveries", () => {
  test("have the webhook-id as their event id, and can be sent again", async () => {
    const { id: webhookId } = await register({ on: ["completed"] });
    const jobId = await runJob();
    const { body } = await api.call("GET", `/v1/deliveries?webhookId=${webhookId}`);
    const [delivery] = body.items;
    const headers = api.sender.sent[0]?.outgoing.headers;
    expect(delivery).toMatchObject({ jobId, batchId: null, webhookId, event: "completed" });
    expect(delivery.deliveryId).toMatch(/^dlv_/);
    expect(delivery.eventId).toBe(headers?.["webhook-id"]);

    const path = `/v1/deliveries/${delivery.deliveryId}`;
    await until(
      "the attempt",
      async () => (await api.call("GET", path)).body.state === "delivered",
    );
    const again = await api.call("POST", `${path}/redeliver`);
    expect(again.status).toBe(202);
    expect(again.headers["location"]).toBe(path);
    expect(again.body).toMatchObject({ deliveryId: delivery.deliveryId, attemptCount: 1 });
    await until("a second attempt", async () => {
      const { attempts, state } = (await api.call("GET", path)).body;
      return attempts.length === 2 && state === "delivered";
    });
    const ids = api.sender.sent.map(({ outgoing }) => outgoing.headers["webhook-id"]);
    expect(ids).toEqual([delivery.eventId, delivery.eventId]);
  });

  test("that wait for an earlier one or do not exist are not sent again", async () => {
    const { id } = await register();
    await api.call("PATCH", `/v1/webhooks/${id}`, { state: "paused" });
    await runJob();
    const { body } = await api.call("GET", "/v1/deliveries?state=waiting");
    const [{ deliveryId }] = body.items;
    const behind = await api.call("POST", `/v1/deliveries/${deliveryId}/redeliver`);
    expect(problemOf(behind)).toMatchObject({ status: 409, code: "DELIVERY_NOT_RESENDABLE" });
    const missing = await api.call("POST", "/v1/deliveries/dlv_999/redeliver");
    expect(problemOf(missing)).toMatchObject({ status: 404, code: "DELIVERY_NOT_FOUND" });
  });
});

test("a job shows its own webhook's headers masked", async () => {
  const webhook = { url: URL_A, headers: { Authorization: "Bearer s3cret" } };
  const posted = await api.call("POST", "/v1/jobs", { plugins: ["first"], webhook });
  const job = await api.call("GET", `/v1/jobs/${posted.body.jobId}`);
  expect(job.body.webhook).toMatchObject({ url: URL_A, headers: { Authorization: "***" } });
  expect(job.text).not.toContain("s3cret");
});

test("a job's own webhook can have a secret, which signs its deliveries, and a timeout", async () => {
  const webhook = { url: URL_A, secret: SECRET, timeoutMs: 2_500 };
  const posted = await api.call("POST", "/v1/jobs", { plugins: ["first"], webhook });
  await until("its events", () => sentTo(URL_A).length === 3);
  for (const { outgoing } of sentTo(URL_A)) {
    expect(outgoing.headers["webhook-signature"]).toBe(signature(SECRET, outgoing));
    expect(outgoing.timeoutMs).toBe(2_500);
  }
  const job = await api.call("GET", `/v1/jobs/${posted.body.jobId}`);
  expect(job.body.webhook).toMatchObject({ url: URL_A, timeoutMs: 2_500 });
  expect(job.text).not.toContain(SECRET);
});

test("a batch's webhook can have both too, and an invalid secret is refused", async () => {
  const webhook = { url: URL_B, secret: SECRET, timeoutMs: 2_500 };
  await api.call("POST", "/v1/batches", { jobs: [{ plugins: ["first"] }], webhook });
  await until("the callback", () => sentTo(URL_B).length === 1);
  const [{ outgoing }] = sentTo(URL_B) as [Sent];
  expect(outgoing.headers["webhook-signature"]).toBe(signature(SECRET, outgoing));
  expect(outgoing.timeoutMs).toBe(2_500);
  const short = { plugins: ["first"], webhook: { url: URL_A, secret: "whsec_c2hvcnQ=" } };
  const refused = await api.call("POST", "/v1/jobs", short);
  expect(problemOf(refused)).toMatchObject({ status: 400, code: "BODY_INVALID" });
});
