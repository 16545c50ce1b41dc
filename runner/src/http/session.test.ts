import { connect, type AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createAccess, OWN_TOKEN, SESSION_MS, type Access } from "../../test/support/access.ts";
import { createBackend, problemOf, type Backend } from "../../test/support/scripted-backend.ts";
import { until } from "../../test/support/until.ts";
import { Transient } from "../domain/errors.ts";
import { VERSION } from "../version.ts";
import type { HttpSettings } from "./server.ts";

const HOST = "localhost:8787";
/** What a browser adds to the requests of the daemon's own page. */
const OWN_PAGE = { origin: `http://${HOST}`, "sec-fetch-site": "same-origin" };

let access: Access;
let backend: Backend;

async function start(settings: Partial<HttpSettings> = {}): Promise<void> {
  await backend?.app.close();
  backend = createBackend({ sessionMs: SESSION_MS, ...settings }, access.start());
}

beforeEach(async () => {
  access = await createAccess();
  await start();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await backend.app.close();
  await access.close();
});

interface Call {
  readonly method?: "GET" | "POST" | "DELETE" | "HEAD";
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly address?: string;
}

function call(url: string, { method = "GET", body, headers = {}, address }: Call = {}) {
  return backend.app.inject({
    method,
    url,
    headers: { host: HOST, ...headers },
    ...(body !== undefined && { payload: body as object }),
    ...(address !== undefined && { remoteAddress: address }),
  });
}

const logIn = (body: unknown = { token: OWN_TOKEN }, more: Omit<Call, "body"> = {}) =>
  call("/v1/session", { method: "POST", body, headers: OWN_PAGE, ...more });

function cookieOf(response: Awaited<ReturnType<typeof call>>): string {
  return String(response.headers["set-cookie"]).split(";")[0] ?? "";
}

async function loggedIn(token = OWN_TOKEN): Promise<{ cookie: string }> {
  return { cookie: cookieOf(await logIn({ token })) };
}

describe("a login", () => {
  test("with a token sets a cookie that no script can read and no other site can send", async () => {
    const response = await logIn();
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      name: null,
      scope: "admin",
      expiresAt: new Date(access.now() + SESSION_MS).toISOString(),
      version: VERSION,
      environment: null,
    });
    expect(response.headers["set-cookie"]).toMatch(
      /^playground_session_8787=[\w-]{43}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Strict$/,
    );
    expect(response.body).not.toContain(OWN_TOKEN);
  });

  test("with the key of a link works once", async () => {
    const key = access.createLoginKey();
    expect((await logIn({ key })).json()).toMatchObject({ name: null, scope: "admin" });
    expect(problemOf(await logIn({ key }))).toMatchObject({ status: 401, code: "UNAUTHORIZED" });
  });

  test("is what the session acts as", async () => {
    await start({ environment: "production" });
    const headers = await loggedIn(await access.addToken("anna", "read"));
    expect((await call("/v1/session", { headers })).json()).toMatchObject({
      name: "anna",
      scope: "read",
      environment: "production",
    });
    expect((await call("/v1/jobs", { headers })).statusCode).toBe(200);
    const refused = await call("/v1/tokens", { headers });
    expect(problemOf(refused)).toMatchObject({ status: 403, code: "INSUFFICIENT_SCOPE" });
  });

  test("starts a new session and ends that of the browser's cookie, so that none can be planted", async () => {
    const planted = `playground_session_8787=${"a".repeat(43)}`;
    const first = cookieOf(await logIn(undefined, { headers: { ...OWN_PAGE, cookie: planted } }));
    expect(first).not.toBe(planted);
    const second = cookieOf(await logIn(undefined, { headers: { ...OWN_PAGE, cookie: first } }));
    const status = async (cookie: string) =>
      (await call("/v1/session", { headers: { cookie } })).statusCode;
    expect([await status(planted), await status(first), await status(second)]).toEqual([
      401, 401, 200,
    ]);
  });

  test.each([
    [{}, "/"],
    [{ token: OWN_TOKEN, key: "x" }, "/"],
    [{ token: OWN_TOKEN, name: "x" }, "/name"],
    [{ token: [OWN_TOKEN] }, "/token"],
    [{ token: "" }, "/token"],
  ])("with %j is refused, and the answer does not repeat the token", async (body, path) => {
    const response = await logIn(body);
    const problem = problemOf(response);
    expect(problem).toMatchObject({ status: 400, code: "BODY_INVALID" });
    expect(problem.issues.map((issue) => issue.path || "/")).toContain(path);
    expect(response.body).not.toContain(OWN_TOKEN);
  });

  test.each(["cross-site", "same-site", "none"])(
    "by a page of another origin (%s) is refused, so that nobody acts under a stranger's token",
    async (site) => {
      const response = await logIn(undefined, { headers: { "sec-fetch-site": site } });
      expect(problemOf(response)).toMatchObject({ status: 403, code: "ORIGIN_REFUSED" });
      expect(response.headers["set-cookie"]).toBeUndefined();
    },
  );

  test("by a program, which says nothing about its origin, is accepted", async () => {
    expect((await logIn(undefined, { headers: {} })).statusCode).toBe(200);
  });

  test("without a token cannot send a large body, compressed or not", async () => {
    const body = JSON.stringify({ token: "x".repeat(5_000) });
    for (const [encoding, sent] of [
      ["identity", body],
      ["gzip", gzipSync(body)],
    ] as const) {
      const type = { "content-type": "application/json", "content-encoding": encoding };
      const problem = problemOf(await logIn(sent, { headers: { ...OWN_PAGE, ...type } }));
      expect(problem).toMatchObject({ status: 413, code: "BODY_TOO_LARGE" });
      expect(problem.detail).not.toContain("PLAYGROUND_BODY_LIMIT");
    }
  });

  test("does not say whether a token is unknown, removed or almost right", async () => {
    const removed = await access.addToken("old", "run");
    await access.tokenList.remove("old");
    const answers = await Promise.all(
      [removed, "x", OWN_TOKEN.slice(1), `${OWN_TOKEN}x`].map((token) => logIn({ token })),
    );
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([401, 401, 401, 401]);
    expect(answers[0]?.headers["set-cookie"]).toBeUndefined();
    expect(answers[0]?.headers["www-authenticate"]).toBe('Bearer realm="playground"');
  });
});

describe("failed logins", () => {
  async function fail(times: number, more: Omit<Call, "body"> = {}): Promise<void> {
    for (let count = 0; count < times; count += 1) await logIn({ token: "wrong" }, more);
  }

  test("are limited to ten a minute from an address, and then the right token is refused too", async () => {
    await fail(9, { address: "10.0.0.1" });
    expect((await logIn(undefined, { address: "10.0.0.1" })).statusCode).toBe(200);
    await fail(1, { address: "10.0.0.1" });
    for (const body of [
      { token: OWN_TOKEN },
      { token: "wrong" },
      { key: access.createLoginKey() },
    ]) {
      const response = await logIn(body, { address: "10.0.0.1" });
      expect(problemOf(response)).toMatchObject({ status: 429, code: "TOO_MANY_LOGINS" });
      expect(Number(response.headers["retry-after"])).toBeGreaterThan(50);
    }
    expect((await logIn(undefined, { address: "10.0.0.2" })).statusCode).toBe(200);
  });

  test("do not limit requests with a bearer token", async () => {
    await fail(11);
    const headers = { authorization: `Bearer ${OWN_TOKEN}` };
    expect((await call("/v1/jobs", { headers })).statusCode).toBe(200);
  });

  test("cannot be spread over forged X-Forwarded-For headers", async () => {
    for (let count = 0; count < 10; count += 1) {
      await fail(1, { headers: { ...OWN_PAGE, "x-forwarded-for": `10.1.1.${count}` } });
    }
    expect((await logIn()).statusCode).toBe(429);
  });

  test("count for the client that a trusted proxy names, whatever the client itself claims", async () => {
    await start({ trustedProxies: ["10.9.0.0/16"] });
    const through = (client: string, address = "10.9.0.1") => ({
      headers: { ...OWN_PAGE, "x-forwarded-for": client },
      address,
    });
    await fail(10, through("1.2.3.4, 203.0.113.7"));
    expect((await logIn(undefined, through("5.6.7.8, 203.0.113.7"))).statusCode).toBe(429);
    expect((await logIn(undefined, through("203.0.113.8"))).statusCode).toBe(200);
    expect((await logIn(undefined, through("203.0.113.7", "192.0.2.1"))).statusCode).toBe(200);
  });
});

describe("a request with a session cookie", () => {
  const act = (headers: Record<string, string>, body: unknown = { plugins: ["echo"] }) =>
    call("/v1/jobs", { method: "POST", body, headers });

  test.each([
    ["the daemon's own page", OWN_PAGE],
    ["an old browser, which sends only Origin,", { origin: `http://${HOST}` }],
  ])("of %s acts", async (_, headers) => {
    expect((await act({ ...(await loggedIn()), ...headers })).statusCode).toBe(202);
  });

  test.each([
    ["a page of another site", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
    ["a page on another port", { origin: "http://localhost:3000", "sec-fetch-site": "same-site" }],
    ["a page that hides its origin", { origin: "null", "sec-fetch-site": "cross-site" }],
    ["a form that claims the host", { origin: `http://${HOST}`, "sec-fetch-site": "cross-site" }],
    ["another port without Origin", { "sec-fetch-site": "same-site" }],
    ["an address that was typed in", { "sec-fetch-site": "none" }],
    ["something that says nothing", {}],
  ])("of %s changes nothing", async (_, headers) => {
    const refused = await act({ ...(await loggedIn()), ...headers });
    expect(problemOf(refused)).toMatchObject({ status: 403, code: "ORIGIN_REFUSED" });
    expect(backend.submitted).toEqual([]);
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])(
    "and a body of type %s, which a form can send, changes nothing",
    async (type) => {
      const headers = { ...(await loggedIn()), ...OWN_PAGE, "content-type": type };
      const refused = await act(headers, '{"plugins":["echo"]}');
      expect(problemOf(refused)).toMatchObject({ status: 415 });
      expect(backend.submitted).toEqual([]);
    },
  );

  test("for a host name that was rebound is refused", async () => {
    const headers = { ...(await loggedIn()), host: "evil.example:8787" };
    expect(problemOf(await call("/v1/session", { headers })).code).toBe("HOST_REFUSED");
    const login = await logIn(undefined, { headers: { host: "evil.example:8787" } });
    expect(problemOf(login).code).toBe("HOST_REFUSED");
  });

  test("reads without saying where it comes from, and the browser keeps nothing of it", async () => {
    const headers = await loggedIn();
    for (const url of ["/v1/jobs", "/docs", "/v1/session"]) {
      const response = await call(url, { headers });
      expect([response.statusCode, response.headers["cache-control"]]).toEqual([200, "no-store"]);
    }
  });

  test.each([
    ["an unknown id", `playground_session_8787=${"a".repeat(43)}`],
    ["the token in place of an id", `playground_session_8787=${OWN_TOKEN}`],
    ["no id", "playground_session_8787="],
    ["no value", "playground_session_8787"],
    ["another daemon's name", `playground_session_8788=${"a".repeat(43)}`],
  ])("with %s is refused, and no browser asks for a password", async (_, cookie) => {
    const response = await call("/v1/session", { headers: { cookie } });
    expect(problemOf(response)).toMatchObject({ status: 401, code: "UNAUTHORIZED" });
    expect(response.headers["www-authenticate"]).toBe('Bearer realm="playground"');
  });

  test("among other cookies, and beside a cookie with an old session, is found", async () => {
    const { cookie } = await loggedIn();
    const old = `playground_session_8787=${"a".repeat(43)}`;
    for (const sent of [`theme=dark; ${cookie}; x=y`, `${old}; ${cookie}`, `${cookie};${old}`]) {
      expect((await call("/v1/session", { headers: { cookie: sent } })).statusCode).toBe(200);
    }
  });

  test("to a daemon on another port of the machine has that daemon's cookie", async () => {
    const { cookie } = await loggedIn();
    const headers = { cookie, host: "localhost:9999" };
    expect((await call("/v1/session", { headers })).statusCode).toBe(401);
  });

  test("uses the bearer token if it has both, and needs no origin then", async () => {
    const headers = await loggedIn();
    const token = await access.addToken("ci", "run");
    const both = { ...headers, authorization: `Bearer ${token}` };
    expect((await call("/v1/session", { headers: both })).json()).toMatchObject({ name: "ci" });
    expect((await act(both)).statusCode).toBe(202);
    const wrong = { ...headers, authorization: "Bearer wrong" };
    expect((await call("/v1/session", { headers: wrong })).statusCode).toBe(401);
  });

  test("passes a proxy that adds its own HTTP Basic password", async () => {
    const headers = { ...(await loggedIn()), authorization: "Basic dXNlcjpwYXNz" };
    expect((await call("/v1/session", { headers })).statusCode).toBe(200);
  });
});

describe("the cookie", () => {
  const publicUrl = "https://jobs.example.com/playground";
  const behind = { host: "127.0.0.1:8787", "sec-fetch-site": "same-origin" };

  test.each([
    ["https://jobs.example.com", "Path=/playground/", true],
    ["http://127.0.0.1:8787", "Path=/", false],
  ])("for a browser at %s has %s, and Secure: %s", async (origin, path, isSecure) => {
    await start({ publicUrl });
    const response = await logIn(undefined, { headers: { ...behind, origin } });
    const cookie = String(response.headers["set-cookie"]).split("; ");
    expect(cookie).toContain(path);
    expect(cookie.includes("Secure")).toBe(isSecure);
  });

  test("is for HTTPS if the public URL is, when the client says no origin", async () => {
    await start({ publicUrl });
    const response = await logIn(undefined, { headers: { host: "jobs.example.com" } });
    expect(response.headers["set-cookie"]).toMatch(/Path=\/playground\/; .*; Secure$/);
  });

  test.each(["x-forwarded-host", "x-forwarded-proto", "x-forwarded-prefix", "forwarded"])(
    "and the host guard ignore a hostile %s",
    async (name) => {
      await start({ trustedProxies: ["127.0.0.1"] });
      const headers = { ...OWN_PAGE, [name]: "evil.example" };
      const response = await logIn(undefined, { headers });
      expect(response.statusCode).toBe(200);
      expect(JSON.stringify([response.headers, response.body])).not.toContain("evil");
      const docs = await call("/docs", {
        headers: { accept: "text/html", [name]: "evil.example" },
      });
      expect(docs.headers.location).toBe("/#/login?next=docs");
    },
  );
});

describe("a session ends", () => {
  test("with a logout, at once and for every copy of the cookie", async () => {
    const headers = await loggedIn();
    const response = await call("/v1/session", {
      method: "DELETE",
      headers: { ...headers, ...OWN_PAGE },
    });
    expect(response.statusCode).toBe(204);
    expect(response.headers["set-cookie"]).toMatch(
      /^playground_session_8787=; Path=\/; Max-Age=0;/,
    );
    expect((await call("/v1/session", { headers })).statusCode).toBe(401);
  });

  test("not with a logout by another site's page", async () => {
    const headers = await loggedIn();
    const forged = { ...headers, "sec-fetch-site": "cross-site" };
    expect((await call("/v1/session", { method: "DELETE", headers: forged })).statusCode).toBe(403);
    expect((await call("/v1/session", { headers })).statusCode).toBe(200);
  });

  test("after its lifetime, and not with a restart", async () => {
    const headers = await loggedIn();
    await start();
    expect((await call("/v1/session", { headers })).statusCode).toBe(200);
    access.pass(SESSION_MS);
    const { detail } = problemOf(await call("/v1/session", { headers }));
    expect(detail).toContain("Log in again.");
  });

  test.each(["its token is removed", "it is closed"])(
    "and its event stream, when %s",
    async (why) => {
      const token = await access.addToken("anna", "run");
      const headers = await loggedIn(token);
      const id = backend.addJob();
      await backend.app.listen({ host: "127.0.0.1", port: 0 });
      const { port } = backend.app.server.address() as AddressInfo;
      const socket = connect(port, "127.0.0.1");
      let received = "";
      let hasEnded = false;
      socket.on("data", (chunk: Buffer) => void (received += chunk.toString()));
      socket.on("close", () => void (hasEnded = true));
      socket.write(
        `GET /v1/jobs/${id}/events HTTP/1.1\r\nHost: ${HOST}\r\nAccept: text/event-stream\r\nCookie: ${headers.cookie}\r\nConnection: close\r\n\r\n`,
      );
      await until("the stream is open", () => backend.listenerCount(id) === 1);
      backend.addEvent(id, "started");
      await until("the first event", () => received.includes("event: started"));
      if (why === "it is closed") {
        await call("/v1/session", { method: "DELETE", headers: { ...headers, ...OWN_PAGE } });
      } else await access.tokenList.remove("anna");
      backend.addEvent(id, "completed");
      await until("the stream ends", () => hasEnded);
      expect(received).not.toContain("event: completed");
      socket.destroy();
    },
  );
});

test("a browser without a session that opens a page is sent to the login, and back", async () => {
  const response = await call("/docs", { headers: { accept: "text/html" } });
  expect(response.statusCode).toBe(303);
  expect(response.headers).toMatchObject({ location: "/#/login?next=docs", vary: "accept" });
  expect((await call("/docs")).statusCode).toBe(401);
  await start({ publicUrl: "https://example.com/playground" });
  const behind = await call("/docs", { headers: { accept: "text/html" } });
  expect(behind.headers.location).toBe("/playground/#/login?next=docs");
});

test("the log tells who logged in and out and acted, from where, and contains no secret", async () => {
  const token = await access.addToken("anna", "run");
  const response = await logIn({ token });
  const { cookie } = { cookie: cookieOf(response) };
  const id = backend.addJob();
  await call(`/v1/jobs/${id}/cancel`, { method: "POST", headers: { cookie, ...OWN_PAGE } });
  await call("/v1/session", { method: "DELETE", headers: { cookie, ...OWN_PAGE } });
  const lines = backend.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toMatchObject([
    { level: 30, route: "/v1/session", method: "POST", token: "anna", address: "127.0.0.1" },
    { level: 30, route: "/v1/jobs/:id/cancel", token: "anna", session: true, params: { id } },
    { level: 30, route: "/v1/session", method: "DELETE", token: "anna", session: true },
  ]);
  expect(backend.logLines.join("")).not.toContain(token);
  expect(backend.logLines.join("")).not.toContain(cookie.split("=")[1]);
});

describe("a session that another daemon has opened just now", () => {
  /** The daemon learns of the session when the look has ended. */
  async function openElsewhere(look: () => Promise<void>): Promise<{ cookie: string }> {
    const session = await loggedIn();
    const get = access.stored.get.bind(access.stored);
    let isKnown = false;
    vi.spyOn(access.stored, "get").mockImplementation((id) => (isKnown ? get(id) : undefined));
    vi.spyOn(access.stored, "look").mockImplementation(() =>
      isKnown ? null : look().then(() => void (isKnown = true)),
    );
    return session;
  }

  test("is looked for before its first request is refused", async () => {
    const headers = await openElsewhere(async () => {});
    expect((await call("/v1/session", { headers })).statusCode).toBe(200);
    expect((await call("/v1/session", { headers })).statusCode).toBe(200);
  });

  test("is not refused for good while the store cannot be read", async () => {
    const headers = await openElsewhere(() =>
      Promise.reject(new Transient("STORE_UNREACHABLE", "The store cannot be reached.")),
    );
    const response = await call("/v1/session", { headers });
    expect([response.statusCode, problemOf(response).code]).toEqual([503, "UNAVAILABLE"]);
  });

  test("is not looked for when the request has a token", async () => {
    let looks = 0;
    const headers = await openElsewhere(async () => void (looks += 1));
    const authorization = `Bearer ${OWN_TOKEN}`;
    expect((await call("/v1/tokens", { headers: { ...headers, authorization } })).statusCode).toBe(
      200,
    );
    expect(looks).toBe(0);
  });
});
