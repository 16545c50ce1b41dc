/** The client certificate of a registered webhook: set, shown, replaced and removed. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createApi, problemOf, type Api } from "../../test/support/api.ts";
import { clientCertificate } from "../../test/support/client-certificates.ts";
import { answered } from "../../test/support/scripted-sender.ts";
import { Webhook } from "./contract/webhook.ts";

const URL_A = "https://endpoint.test/a";
const ONE = clientCertificate("one");
const TWO = clientCertificate("two");

let api: Api;
beforeEach(async () => {
  api = await createApi({ run: (step) => step.complete(), answer: () => answered(200) });
});
afterEach(() => api.close());

const register = (more: object = {}) =>
  api.call("POST", "/v1/webhooks", { url: URL_A, on: ["completed"], ...more });

/** Returns the certificate of the last request to an endpoint. */
async function sentWith() {
  await api.submit({ webhook: null });
  await api.world.settle();
  return api.sender.sent.at(-1)?.outgoing.clientCertificate;
}

describe("the client certificate of a webhook", () => {
  test("goes with its deliveries and its test, and only what is public is shown", async () => {
    const { status, body, text } = await register({ clientCertificate: ONE });
    expect(status).toBe(201);
    expect(body.clientCertificate).toEqual({
      subject: "O=Playground tests, CN=client one",
      issuer: "O=Playground tests, CN=Test client authority",
      validUntil: expect.stringMatching(/^2126-/),
      fingerprint256: expect.stringMatching(/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/),
    });
    expect(text).not.toContain("BEGIN");
    const shown = await api.call("GET", `/v1/webhooks/${body.id}`);
    expect(Webhook.parse(shown.body)).toEqual(shown.body);
    expect(shown.body.clientCertificate).toEqual(body.clientCertificate);
    expect(await sentWith()).toEqual(ONE);
    const before = api.sender.sent.length;
    await api.call("POST", `/v1/webhooks/${body.id}/test`);
    const tested = api.sender.sent.slice(before);
    expect(tested.map(({ outgoing }) => outgoing.clientCertificate)).toEqual([ONE]);
  });

  test("is encrypted in the database", async () => {
    const { body } = await register({ clientCertificate: ONE });
    const stored = await api.world.store.webhook(body.id);
    expect(JSON.stringify(stored)).not.toContain("BEGIN");
  });

  test("stays when other fields change, and is replaced and removed on request", async () => {
    const { body } = await register({ clientCertificate: ONE });
    const path = `/v1/webhooks/${body.id}`;
    const patched = await api.call("PATCH", path, { retries: 1, headers: { "x-key": "1" } });
    expect(patched.body.clientCertificate).toEqual(body.clientCertificate);
    await api.call("POST", `${path}/rotate-secret`);
    await register();
    expect(await sentWith()).toEqual(ONE);
    const replaced = await api.call("PATCH", path, { clientCertificate: TWO });
    expect(replaced.body.clientCertificate.subject).toContain("client two");
    expect(await sentWith()).toEqual(TWO);
    const removed = await api.call("PATCH", path, { clientCertificate: null });
    expect(removed.body).toMatchObject({ clientCertificate: null, headers: { "x-key": "***" } });
    expect(await sentWith()).toBeUndefined();
  });

  test("is given with the probe of the URL", async () => {
    const given = { url: URL_A, clientCertificate: ONE };
    const { status } = await api.call("POST", "/v1/webhooks?probe=true", given);
    expect(status).toBe(201);
    const [probe] = api.sender.sent;
    expect(probe?.outgoing).toMatchObject({ method: "OPTIONS", clientCertificate: ONE });
    const other = { ...given, clientCertificate: TWO };
    await api.call("POST", "/v1/webhooks?probe=true", other);
    expect(api.sender.sent).toHaveLength(2);
  });

  test.each([
    [{ cert: ONE.cert }, "/clientCertificate/key", /is missing|required/],
    [{ ...ONE, cert: "x" }, "/clientCertificate/cert", "must be certificates in PEM"],
    [
      { ...ONE, key: TWO.key },
      "/clientCertificate/key",
      "must be the key of the first certificate",
    ],
    [{ ...ONE, cert: ONE.cert.padEnd(32_769) }, "/clientCertificate/cert", /32768/],
    [{ ...ONE, key: ONE.key.padEnd(8_193) }, "/clientCertificate/key", /8192/],
    [{ ...ONE, passphrase: "x" }, "/clientCertificate/passphrase", /unknown|known/],
  ])(
    "is refused if it is wrong (%#), and the key is not in the answer",
    async (given, path, message) => {
      const answer = await register({ clientCertificate: given });
      const { status, code, issues } = problemOf(answer);
      expect({ status, code }).toEqual({ status: 400, code: "BODY_INVALID" });
      expect(issues?.map((issue) => issue.path)).toEqual([path]);
      expect(issues?.[0]?.message).toMatch(message);
      expect(answer.text).not.toContain("BEGIN");
    },
  );

  test("is refused if it has expired, but one that expired later stays", async () => {
    const { body } = await register({ clientCertificate: ONE });
    const path = `/v1/webhooks/${body.id}`;
    api.world.clock.moveTo(Date.parse("2127-01-01T00:00:00Z"));
    const issue = {
      path: "/clientCertificate/cert",
      message: expect.stringMatching(/^must not have expired, but was valid until 2126-/),
    };
    for (const refused of [
      await register({ clientCertificate: TWO, jobName: "new" }),
      await register({ clientCertificate: TWO }),
      await api.call("PATCH", path, { clientCertificate: TWO }),
    ]) {
      expect(problemOf(refused)).toMatchObject({ code: "BODY_INVALID", issues: [issue] });
    }
    const patched = await api.call("PATCH", path, { retries: 0 });
    expect(patched.body).toMatchObject({ retries: 0, clientCertificate: body.clientCertificate });
  });

  test("needs an https URL", async () => {
    const url = "http://endpoint.test/a";
    const issue = {
      path: "/url",
      message:
        "must be an https URL, because the webhook has a client certificate. `clientCertificate: null` removes it",
    };
    const refused = await register({ url, clientCertificate: ONE });
    expect(problemOf(refused)).toMatchObject({ code: "BODY_INVALID", issues: [issue] });
    const { body } = await register({ clientCertificate: ONE });
    const path = `/v1/webhooks/${body.id}`;
    const moved = await api.call("PATCH", path, { url });
    expect(problemOf(moved)).toMatchObject({ code: "BODY_INVALID", issues: [issue] });
    expect((await api.call("PATCH", path, { url, clientCertificate: null })).status).toBe(200);
    const late = await api.call("PATCH", path, { clientCertificate: ONE });
    expect(problemOf(late)).toMatchObject({ code: "BODY_INVALID", issues: [issue] });
  });
});
