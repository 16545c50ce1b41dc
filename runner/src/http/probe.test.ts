import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createApi, problemOf, type Answered, type Api } from "../../test/support/api.ts";
import { answered, NO_ANSWER } from "../../test/support/scripted-sender.ts";
import type { Answer } from "../domain/delivery.ts";

const URL_A = "http://n8n.test:5678/webhook/a?trigger=1";
const HOUR_MS = 60 * 60_000;

let api: Api;
let answer: Answer;

beforeEach(async () => {
  answer = answered(404);
  api = await createApi({ answer: () => answer });
});
afterEach(() => api.close());

const register = (more: object = {}, query = "?probe=true"): Promise<Answered> =>
  api.call("POST", `/v1/webhooks${query}`, { url: URL_A, ...more });

const probes = (): string[] => api.sender.sent.map(({ outgoing }) => outgoing.url);
const failed = (code: string, message: string): Answer => ({ kind: "failed", code, message });

describe("a request with probe=true", () => {
  test("is accepted when the endpoint gives any response, and sends it an OPTIONS request", async () => {
    const headers = { Authorization: "Bearer s3cret" };
    expect((await register({ headers })).status).toBe(201);
    expect(api.sender.sent.map(({ outgoing }) => outgoing)).toMatchObject([
      {
        method: "OPTIONS",
        url: URL_A,
        body: "",
        headers: { "user-agent": expect.stringMatching(/^Playground/) },
      },
    ]);
    expect(JSON.stringify(api.sender.sent[0]?.outgoing.headers)).not.toContain("s3cret");
  });

  test.each<[string, Answer, string]>([
    ["refuses the connection", NO_ANSWER, "ECONNREFUSED: connection refused"],
    ["does not exist", failed("ENOTFOUND", "getaddrinfo n8n.test"), "ENOTFOUND: getaddrinfo"],
    ["closes the connection", failed("UND_ERR_SOCKET", "other side closed"), "other side closed"],
    [
      "redirects",
      { ...answered(301), redirectsTo: "https://n8n.test" } as Answer,
      "status 301 and redirects to https://n8n.test",
    ],
  ])("is refused when the host %s, and nothing is stored", async (_what, given, reason) => {
    answer = given;
    const refused = problemOf(await register());
    expect(refused).toMatchObject({ status: 422, code: "WEBHOOK_UNREACHABLE" });
    expect(refused.detail).toMatch(/^The webhook's URL cannot be reached at n8n\.test:5678: /);
    expect(refused.detail).toContain(reason);
    expect(refused.issues).toMatchObject([{ path: "/url" }]);
    expect((await api.call("GET", "/v1/webhooks")).body.items).toEqual([]);
  });

  test("is accepted when the endpoint takes too long for its response: it may be busy", async () => {
    answer = failed("TIMEOUT", "no complete response within 2000 ms");
    expect((await register()).status).toBe(201);
  });

  test("does not try an origin again within an hour of its response", async () => {
    await register();
    answer = NO_ANSWER;
    expect((await register({ url: "http://n8n.test:5678/other" })).status).toBe(201);
    expect(probes()).toEqual([URL_A]);
    expect((await register({ url: "http://n8n.test:5679/" })).status).toBe(422);
    expect((await register({ verifyTls: false })).status).toBe(422);
    api.world.clock.moveTo(api.world.clock.now() + HOUR_MS);
    expect((await register()).status).toBe(422);
  });

  test("is refused by the rules of egress before anything is sent", async () => {
    const refused = problemOf(await register({ url: "http://169.254.169.254/" }));
    expect(refused).toMatchObject({ code: "WEBHOOK_URL_REFUSED" });
    expect(probes()).toEqual([]);
  });

  test("sets a batch's webhook only if the URL can be reached", async () => {
    const jobs = [{ plugins: ["first"] }];
    const { body } = await api.call("POST", "/v1/batches", { jobs });
    const put = (): Promise<Answered> =>
      api.call("PUT", `/v1/batches/${body.batchId}/webhook?probe=true`, { url: URL_A });
    answer = NO_ANSWER;
    expect(problemOf(await put())).toMatchObject({ code: "WEBHOOK_UNREACHABLE" });
    expect((await api.call("GET", `/v1/batches/${body.batchId}`)).body.webhook).toBeNull();
    answer = answered(204);
    expect(await put()).toMatchObject({ status: 200, body: { webhook: { url: URL_A } } });
  });
});

test("without probe=true the endpoint is not tried", async () => {
  answer = NO_ANSWER;
  expect((await register({}, "")).status).toBe(201);
  expect(probes()).toEqual([]);
});
